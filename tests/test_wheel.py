import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LOADED = """
import sys
from pathlib import Path

import mtl_course
from mtl_course import datasets

assert Path(mtl_course.__file__).is_relative_to(sys.prefix), mtl_course.__file__
print(len(datasets.load_complete_journey().log), datasets.verify_complete_journey())
print([len(datasets.load_results(name)) > 0 for name in sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An environment that holds the course's wheel, and what the course needs from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--quiet"]
    build = [*pip, "wheel", "--no-build-isolation", *offline, "--wheel-dir", folder, PROJECT]
    subprocess.run(build, check=True, cwd=folder)
    venv.create(folder / "env")
    python = folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (wheel,) = folder.glob("mtl_course-*.whl")
    subprocess.run([*pip, "--python", python, "install", *offline, wheel], check=True, cwd=folder)
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    # a folder named in a .pth file is searched last, and its own .pth files are left alone:
    # so the course comes from the wheel
    here = sysconfig.get_path("purelib")
    (Path(packages) / "the_rest.pth").write_text(f"{here}\n", encoding="utf-8")
    pages = Path("share", "jupyter", "labextensions")  # found by prefix alone, not by .pth
    (folder / "env" / pages).symlink_to(sys.prefix / pages, target_is_directory=True)
    return python


def test_the_installed_wheel_finds_its_data_far_from_the_sources(elsewhere, tmp_path):
    stored = [path.parent.name for path in PROJECT.glob("benchmarks/*/results.json")]
    command = [elsewhere, "-c", LOADED, *stored]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["695468 []", str([True] * len(stored))]


def test_the_installed_wheel_examines_itself(elsewhere, tmp_path):
    command = [elsewhere, "-m", "mtl_course.doctor"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "FAIL" not in ran.stdout, ran.stdout
    assert "PASS" in ran.stdout, ran.stderr
