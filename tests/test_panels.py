import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from mtl_course import panels

JS_TESTS = Path(__file__).parent / "js"
VIEWS = ["tradeoff", "settings", "training", "gates", "simplex", "scores", "session", "worlds"]
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node, which runs the page code's tests, is not installed"
)


@needs_node
def test_the_page_code_passes_its_own_tests():
    files = sorted(map(str, JS_TESTS.glob("*.test.mjs")))
    assert files
    run = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


@needs_node
@pytest.mark.parametrize("view", VIEWS)
def test_the_joined_page_code_is_one_module_that_loads(view, tmp_path):
    module = tmp_path / "panel.mjs"
    module.write_text(panels.page_module(view), encoding="utf-8")
    code = f"import panel from {module.as_uri()!r}; console.log(typeof panel.render);"
    run = subprocess.run(
        ["node", "--input-type=module", "-e", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert run.stdout.strip() == "function", run.stderr


@pytest.mark.parametrize("view", VIEWS)
def test_page_code_asks_for_nothing_from_anywhere(view):
    code = panels.page_module(view)
    assert not re.search(r"^\s*import\b|import\(|fetch\(|XMLHttpRequest", code, re.MULTILINE)
    addresses = set(re.findall(r"https?://[^\"'\s]+", code + panels.style_sheet()))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, not a place
    assert "url(" not in panels.style_sheet()


def test_numbers_go_to_the_page_as_little_endian_float32_in_row_major_order():
    # 1.5 is 0x3fc00000 and -2 is 0xc0000000; the transpose is not contiguous
    assert panels.float32_bytes(torch.tensor([[1.5], [-2.0]]).T) == bytes.fromhex(
        "0000c03f" + "000000c0"
    )


def test_a_setting_snaps_to_the_nearest_of_unequally_spaced_ones():
    assert [panels.nearest("factors", wanted, [4, 8, 16, 64]) for wanted in (4, 7, 30, 64)] == [
        0,
        1,
        2,
        3,
    ]


@pytest.mark.parametrize("wanted", [float("nan"), -0.01, 1.01, float("inf")])
def test_a_setting_outside_the_slider_is_refused_with_its_value(wanted):
    with pytest.raises(ValueError, match=rf"`alpha` must lie between 0 and 1; found {wanted:g}\."):
        panels.nearest("alpha", wanted, [0.0, 0.5, 1.0])


def test_a_stand_in_shows_names_as_text_and_not_as_html():
    table = panels.stand_in("milk & <b>", ["a<b"], [["1"], ["<i>"]])
    assert "<th>a&lt;b</th>" in table and "<td>&lt;i&gt;</td>" in table
    assert "milk &amp; &lt;b&gt;" in table
    assert table.count("<tr>") == 3
