"""Files of published data sets: found or fetched, and verified before anybody reads them."""

import gzip
import hashlib
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

PLACE = "MTL_COURSE_DATA"  # names a folder that holds one folder for each data set


class Member(NamedTuple):
    """One file of a data set that its publisher gives to everybody, but that we may not ship."""

    name: str  # of the file in the data set's folder
    sha256: str  # of its content, after unpacking where the name ends in .gz
    urls: tuple[str, ...]  # of the file itself, or of a .zip that has it; tried in this order


def contents(folder: str, members: tuple[Member, ...]) -> dict[str, bytes]:
    """The content of each member by its name, unpacked and verified.

    A member is looked for in the folder `folder` of the place that the environment variable
    MTL_COURSE_DATA names, then in the user's cache, and then it is downloaded into that cache.

    Raises:
        ValueError: a member is not to be had, or the file in MTL_COURSE_DATA is not the published
            one.
    """
    return {member.name: _content(folder, member) for member in members}


def cache() -> Path:
    """The folder of this user into which data sets are downloaded."""
    import pooch  # here: who reads what the course ships fetches nothing

    return Path(pooch.os_cache("mtl_course"))


def _content(folder: str, member: Member) -> bytes:
    place = os.environ.get(PLACE)
    given = Path(place) / folder / member.name if place else None
    if given is not None and given.is_file():
        return _verified(member, given.read_bytes(), given)
    faults = []
    for url in member.urls:
        try:
            return _fetched(member, url, cache() / folder)
        except (OSError, ValueError) as fault:  # among the former: no network, no such page
            faults.append(f"{url}: {fault}")
    raise ValueError(
        f"'{folder}/{member.name}' must lie in the folder that {PLACE} names (found "
        f"{place or 'no such variable'}) or be downloaded: connect to the network and call again, "
        f"or put it there ({'; '.join(faults)})."
    )


def _fetched(member: Member, url: str, folder: Path) -> bytes:
    import pooch

    packed = url.endswith(".zip")
    pooch.get_logger().setLevel("WARNING")  # else it proposes to store the hash of what it fetched
    # what is in the file is verified below, so the hash of the file itself need not be known
    path = Path(pooch.retrieve(url, None, url.rpartition("/")[2], folder, progressbar=True))
    try:
        raw = _unzipped(path, member.name) if packed else path.read_bytes()
        return _verified(member, raw, path)
    except ValueError:
        path.unlink()  # a page of apology, or a spoilt file: the next call fetches it anew
        raise


def _unzipped(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [entry for entry in archive.namelist() if Path(entry).name == name]
            return archive.read((inside or [name])[0])
    except (zipfile.BadZipFile, KeyError) as fault:
        raise ValueError(f"`{path}` must be a .zip that holds {name}; found {fault}.") from None


def _verified(member: Member, raw: bytes, path: Path) -> bytes:
    try:
        content = gzip.decompress(raw) if member.name.endswith(".gz") else raw
    except (OSError, EOFError) as fault:
        raise ValueError(f"`{path}` must be a .gz file; found: {fault}.") from None
    found = hashlib.sha256(content).hexdigest()
    if found != member.sha256:
        raise ValueError(
            f"`{path}` must hold {member.name} with the SHA-256 {member.sha256[:12]}…; found "
            f"{found[:12]}… in {len(content):,} bytes. Delete it, and the next call fetches it."
        )
    return content
