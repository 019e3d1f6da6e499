"""A folder of exported pages, which replaces the one before it whole or not at all."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

MOST_BYTES = 1_500_000  # of one page


def refuse_other_folders(into: Path, mark: str) -> None:
    """Raises ValueError if `into` is there and has no file `mark`: it may be somebody's work."""
    if into.exists() and not (into / mark).is_file():
        raise ValueError(
            f"`--into` must name what an earlier export made, or nothing yet; found a folder "
            f"without {mark}: {into}."
        )


def replace(into: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes the files, names with folders in them allowed, and says where they are.

    Raises:
        ValueError: a file is too heavy; what was there before stays.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f"{into.name}-") as folder:
        fresh, old = Path(folder, "fresh"), Path(folder, "old")
        for name, text in files.items():
            size = len(text.encode())
            if size > MOST_BYTES:
                raise ValueError(f"{name} must stay under {MOST_BYTES} bytes; found {size}.")
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_text(text, encoding="utf-8", newline="\n")
        if into.exists():
            into.rename(old)
        try:
            fresh.rename(into)
        except OSError:
            if old.exists():
                old.rename(into)
            raise
    return sorted(path for path in into.rglob("*") if path.is_file())
