"""What a long computation has found, stored row by row: read again, or written whole or not at all.

A file holds the rows, what they were made with, and the SHA-256 of the rows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """The SHA-256 of rows, whatever the order of their columns and the layout of their file.

    Example:
        >>> digest([{"seed": 0, "auc": 0.5}]) == digest([{"auc": 0.5, "seed": 0}])
        True
    """
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode("utf-8")).hexdigest()


def read_results(path: Path, made_with: Mapping[str, Any], **empty: Any) -> dict[str, Any]:
    """What `path` holds, if it was made with exactly that; else `made_with`, `empty` and no rows.

    Args:
        made_with: what decides the figures, by the file's keys: settings, hashes of the data.
        empty: further parts of a file that is begun.
    """
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if {key: stored.get(key) for key in made_with} == made_with:
        return stored
    return {**made_with, **empty, "rows": []}


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Store `results` with the digest of their rows; an interruption leaves the old file as it was.

    A list of records takes one line a record, so that two versions can be compared by eye.
    """
    results["sha256"] = digest(results["rows"])
    tables = {key: value for key, value in results.items() if _is_table(value)}
    text = json.dumps({**results, **{key: [] for key in tables}}, indent=1)
    for key, records in tables.items():
        lines = ",\n".join(f"  {json.dumps(record)}" for record in records)
        text = text.replace(f'\n "{key}": []', f'\n "{key}": [\n{lines}\n ]')
    draft = path.with_suffix(".partial")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
