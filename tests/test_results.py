import json
from pathlib import Path

import pytest

from mtl_course import results

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
STORED = sorted(BENCHMARKS.glob("**/results.json"))
MADE_WITH = {"settings": {"rate": 0.1, "rows": []}, "data": "abc"}
ROWS = [{"seed": 0, "auc": 0.5}, {"seed": 1, "auc": None}]


@pytest.mark.parametrize("path", STORED, ids=lambda path: str(path.parent.relative_to(BENCHMARKS)))
def test_what_is_stored_is_written_again_to_the_letter(path, tmp_path):
    stored = json.loads(path.read_text(encoding="utf-8"))
    again = tmp_path / "results.json"
    results.write_results(again, stored)
    assert again.read_bytes() == path.read_bytes()


def test_rows_are_read_again_if_they_were_made_with_the_same(tmp_path):
    path = tmp_path / "results.json"
    begun = results.read_results(path, MADE_WITH, torch="2.13", chosen={})
    assert begun == {**MADE_WITH, "torch": "2.13", "chosen": {}, "rows": []}
    begun["rows"] += ROWS
    results.write_results(path, begun)

    found = results.read_results(path, MADE_WITH, torch="another", chosen={})
    assert (found["rows"], found["torch"]) == (ROWS, "2.13")
    assert found["settings"] == MADE_WITH["settings"]  # whose own `rows` are no table
    assert found["sha256"] == results.digest(ROWS)
    assert results.read_results(path, {**MADE_WITH, "data": "abd"})["rows"] == []


def test_a_row_takes_a_line_and_a_changed_one_changes_the_digest(tmp_path):
    path = tmp_path / "results.json"
    results.write_results(path, {"rows": ROWS})
    assert '  {"seed": 0, "auc": 0.5},' in path.read_text(encoding="utf-8").splitlines()
    assert results.digest(ROWS) != results.digest([{"seed": 0, "auc": 0.6}, ROWS[1]])
    assert results.digest(ROWS) != results.digest(ROWS[::-1])


def test_an_interruption_leaves_the_old_rows_whole(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    results.write_results(path, {"rows": ROWS})
    before = path.read_bytes()

    def interrupted(draft: Path, text: str, encoding: str) -> None:
        draft.write_bytes(text[:20].encode(encoding))
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.write_results(path, {"rows": ROWS[:1]})
    assert path.read_bytes() == before
