import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import platformdirs
import pytest

from mtl_course import locker

HAMMER = """
import sys
from mtl_course import locker

for turn in range(150):
    locker.write("shared", {"from": sys.argv[1], "values": [turn] * 2000})
    found = locker.read("shared")
    assert len(set(found["values"])) == 1 and len(found["values"]) == 2000, found
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A locker of its own, not made yet."""
    path = tmp_path / "deep" / "home"
    monkeypatch.setenv("MTL_COURSE_HOME", str(path))
    return path


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_is_the_one_that_is_named_or_the_users_own(home, monkeypatch):
    assert locker.folder() == home
    own = platformdirs.user_data_path("mtl_course", appauthor=False)
    assert own.is_absolute() and own.name == "mtl_course"
    monkeypatch.setenv("MTL_COURSE_HOME", "")
    assert locker.folder() == own
    monkeypatch.delenv("MTL_COURSE_HOME")
    assert locker.folder() == own


def test_the_tests_and_what_they_start_keep_out_of_the_users_folder():
    own = platformdirs.user_data_path("mtl_course", appauthor=False)
    assert not locker.folder().is_relative_to(own)
    print_folder = "from mtl_course import locker; print(locker.folder())"
    started = subprocess.run(
        [sys.executable, "-c", print_folder], capture_output=True, text=True, check=True
    )
    assert started.stdout.strip() == str(locker.folder())


def test_what_was_written_is_read_and_nothing_lies_beside_it(home):
    assert locker.read("progress") is None
    assert not home.exists()  # reading makes nothing
    record = {"lesson 1": "right", "Größe": [1, 2.5, None, True], "deep": {"a": {}}}

    assert locker.write("progress", record) == home / "progress.json"
    assert locker.read("progress") == record
    locker.write("progress", {"lesson 1": "wrong"})
    assert locker.read("progress") == {"lesson 1": "wrong"}
    assert locker.read("another") is None
    assert files(home) == ["progress.json"]


@pytest.mark.parametrize(
    "raw", [b"", b'{"a": 1', b"[1, 2]", b"null", b"\xff\xfe\x00", b"7"], ids=repr
)
def test_a_broken_file_is_copied_aside_and_said(home, raw):
    home.mkdir(parents=True)
    path = home / "progress.json"
    path.write_bytes(raw)

    with pytest.warns(UserWarning, match="must hold one JSON object.*kept in progress.broken-"):
        assert locker.read("progress") is None

    (aside,) = home.glob("progress.broken-*.json")
    assert aside.read_bytes() == raw
    locker.write("progress", {"a": 2})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert locker.read("progress") == {"a": 2}
    assert aside.read_bytes() == raw


def test_two_broken_files_are_both_kept(home):
    home.mkdir(parents=True)
    for raw in (b"one", b"two", b"one"):
        (home / "progress.json").write_bytes(raw)
        with pytest.warns(UserWarning):
            locker.read("progress")
    assert sorted(path.read_bytes() for path in home.glob("*.broken-*")) == [b"one", b"two"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interruption_leaves_the_old_record_and_no_draft(home, monkeypatch, moment, problem):
    locker.write("progress", {"old": 1})

    def interrupted(*_):
        raise problem

    monkeypatch.setattr(os, moment, interrupted)
    with pytest.raises((KeyboardInterrupt, ValueError)) as caught:
        locker.write("progress", {"new": 2})
    if caught.type is ValueError:
        assert "cannot be written: No space left on device." in str(caught.value)
    assert locker.read("progress") == {"old": 1}
    assert files(home) == ["progress.json"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("MTL_COURSE_HOME", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"cannot be written: .+\. .* MTL_COURSE_HOME name a"):
        locker.write("progress", {})
    assert (tmp_path / "file").read_text("utf-8") == "not a folder"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="No folder refuses root; Windows knows no mode."
)
def test_a_folder_that_refuses_is_a_sentence(home):
    locker.write("progress", {"old": 1})
    home.chmod(0o500)
    try:
        with pytest.raises(ValueError, match="cannot be written: Permission denied"):
            locker.write("progress", {})
        assert locker.read("progress") == {"old": 1}
    finally:
        home.chmod(0o700)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("done", "use"), [("read", locker.read), ("written", None)])
def test_a_refusal_by_the_system_is_a_sentence(monkeypatch, done, use):
    locker.write("progress", {"old": 1})

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    monkeypatch.setattr(locker.tempfile, "mkstemp", refused)
    with pytest.raises(ValueError, match=f"cannot be {done}: Permission denied"):
        (use or (lambda name: locker.write(name, {})))("progress")


@pytest.mark.parametrize(
    "name", ["", "../progress", "a/b", "Progress", ".hidden", "a.json", "con:"]
)
def test_a_name_is_no_path(home, name):
    for use in (locker.read, lambda name: locker.write(name, {})):
        with pytest.raises(ValueError, match="small letters, digits"):
            use(name)
    assert not home.exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()], ids=["nan", "set", "object"])
def test_what_json_does_not_know_is_refused_and_the_old_stays(value):
    locker.write("progress", {"old": 1})
    with pytest.raises(ValueError, match="as JSON does; of 'progress' it says"):
        locker.write("progress", {"new": value})
    assert locker.read("progress") == {"old": 1}


def test_two_processes_never_meet_half_a_record(home):
    hammers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", HAMMER, name], stderr=subprocess.PIPE
        )
        for name in ("one", "two")
    ]
    said = [hammer.communicate(timeout=60)[1].decode() for hammer in hammers]

    assert [hammer.returncode for hammer in hammers] == [0, 0], said
    assert files(home) == ["shared.json"]
    assert json.loads((home / "shared.json").read_text("utf-8"))["values"] == [149] * 2000
