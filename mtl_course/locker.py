"""The learner's own folder, outside the course: JSON records, kept whole or not at all."""

import hashlib
import json
import os
import re
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

HOME = "MTL_COURSE_HOME"  # the environment variable that names another folder
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")  # no path, and the same file where letter case is lost


def folder() -> Path:
    """Where the records lie: the folder that MTL_COURSE_HOME names, else the user's data folder.

    Nothing is made before the first record is written.
    """
    named = os.environ.get(HOME)
    return Path(named) if named else platformdirs.user_data_path("mtl_course", appauthor=False)


def read(name: str) -> dict[str, Any] | None:
    """The record of that name, or None if there is none that can be read.

    What lies there and is no record is copied aside, and a warning says where to: the next `write`
    takes its place, and nothing is lost.

    Raises:
        ValueError: a name that is no file's, or a folder that refuses to be read.
    """
    path = _path(name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise _refusal(path, "read", problem) from problem
    try:
        record = json.loads(raw.decode("utf-8"))
    except ValueError:  # neither JSON nor text, or cut off
        record = None
    if isinstance(record, dict):
        return record
    aside = path.with_name(f"{name}.broken-{hashlib.sha256(raw).hexdigest()[:8]}.json")
    _replace(aside, raw)
    warnings.warn(
        f"`{path}` must hold one JSON object; found {len(raw):,} bytes that are none. They are "
        f"kept in {aside.name} beside it, and a new record is begun.",
        stacklevel=2,
    )
    return None


def write(name: str, record: Mapping[str, Any]) -> Path:
    """Keeps the record under that name, in place of what was there, and returns its file.

    Whoever reads at the same time finds the old record or the new one, never a part of one; of two
    who write at the same time, the later one's record stays. An interruption leaves the old one.

    Raises:
        ValueError: a name that is no file's, a record that JSON does not know, or a folder that
            refuses to be written to.
    """
    path = _path(name)
    try:
        text = json.dumps(dict(record), indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise ValueError(
            f"A record holds text, numbers, lists and the like, as JSON does; of '{name}' it says: "
            f"{problem}."
        ) from problem
    _replace(path, f"{text}\n".encode())
    return path


def _path(name: str) -> Path:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"`name` must be small letters, digits, - and _, to name a file; found '{name}'."
        )
    return folder() / f"{name}.json"


def _replace(path: Path, raw: bytes) -> None:
    """Written beside `path` under a name of its own, then moved in its place in one step."""
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".partial", dir=path.parent)
        with open(number, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())  # on the disk before its name is, should the power fail
        os.replace(draft, path)
        draft = None
    except OSError as problem:
        raise _refusal(path, "written", problem) from problem
    finally:
        if draft is not None:
            Path(draft).unlink(missing_ok=True)


def _refusal(path: Path, done: str, problem: OSError) -> ValueError:
    return ValueError(
        f"`{path}` cannot be {done}: {problem.strerror or problem}. Mend that, or let the "
        f"environment variable {HOME} name a folder that is yours, and restart the kernel."
    )
