"""What a newcomer's first command relies on: one list of dependencies, and all that repeats it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from requirements import lock

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
TESTS = PROJECT["optional-dependencies"]["test"]
GROUPS = PYPROJECT["dependency-groups"]
CONDA = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}  # other names of the same
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


def wanted(lines):
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


def pins(*files):
    """What the files pin, line by line, without the hashes."""
    text = "".join((ROOT / "requirements" / file).read_text(encoding="utf-8") for file in files)
    return [Requirement(line) for line in re.findall(r"^[a-z][^\\\n]*", text, re.MULTILINE)]


def pinned_for(environment):
    """The one version of each package that such a machine gets."""
    versions = {}
    for pin in pins("lab.txt", "grade.txt", "test.txt", "torch.txt"):
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in versions, f"{pin.name} is pinned twice for {environment}"
            versions[pin.name] = Version(str(pin.specifier).removeprefix("=="))
    return versions


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_dependency_is_pinned_once_within_its_range(python, system):
    versions = pinned_for(
        {
            "python_version": python,
            "python_full_version": f"{python}.7",
            "sys_platform": system,
            "platform_system": SYSTEMS[system],
            "os_name": "nt" if system == "win32" else "posix",
        }
    )
    asked = wanted([*PROJECT["dependencies"], *TESTS, *GROUPS["build"], *GROUPS["torch"]])
    assert len(asked) > 30
    outside = [
        f"{one} is pinned to {versions.get(name)}"
        for name, one in asked.items()
        if name not in versions or not one.specifier.contains(versions[name])
    ]
    assert not outside


def test_what_is_pinned_is_all_that_is_needed_and_no_more():
    versions = pinned_for({})
    todo = wanted([*PROJECT["dependencies"], *TESTS, *GROUPS["build"], *GROUPS["torch"]])
    stack, seen = [(name, "") for name in todo], set()
    stack += [(name, extra) for name, one in todo.items() for extra in one.extras]
    while stack:
        name, extra = stack.pop()
        assert name in versions, f"{name} is needed and not pinned"
        seen.add((name, extra))
        for one in map(Requirement, metadata.requires(name) or []):
            needed = canonicalize_name(one.name)
            if one.marker is not None and not one.marker.evaluate({"extra": extra}):
                continue
            if name == "torch" and needed.startswith(("nvidia", "cuda", "triton")):
                continue  # what only its CUDA builds ask for
            assert one.specifier.contains(versions[needed]), f"{name} needs {one}"
            stack += {(needed, more) for more in ("", *one.extras)} - seen
    assert {name for name, _ in seen} == set(versions)


def test_every_pin_has_hashes_and_no_address():
    for file in ("lab.txt", "grade.txt", "test.txt"):
        text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
        blocks = [pin[0] for pin in lock.PIN.finditer(text)]
        assert text == lock.HEADER + "".join(blocks)  # nothing else: no option, host or folder
        assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\n", block) for block in blocks)
        assert "torch==" not in text


def test_the_parts_pins_are_beside_each_other():
    parts = ("lab.txt", "grade.txt", "test.txt")
    lab, grade, tests = ({pin.name for pin in pins(file)} for file in parts)

    assert not (lab & grade or lab & tests or grade & tests)
    assert {"jupyterlab", "hatchling", "sympy"} <= lab
    assert {"nbgrader", "notebook", "sqlalchemy"} <= grade
    assert {"pytest", "nbval", "playwright"} <= tests
    assert set(PROJECT["optional-dependencies"]["grade"]) <= set(TESTS)


def test_what_each_build_of_torch_asks_for_is_listed():
    asked = wanted(line for line in metadata.requires("torch") if "extra ==" not in line)
    asked = {name for name in asked if not name.startswith(("nvidia", "cuda", "triton"))}
    assert asked == set(wanted(GROUPS["torch"]))


def test_conda_gets_the_same_ranges_under_its_own_names():
    recipe = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *lines, by_pip = recipe["dependencies"]
    # conda writes `python>=3.11,<3.14` where PEP 508 does, so one parser reads both
    found = {one.name: one.specifier for one in map(Requirement, lines)}

    assert recipe["channels"] == ["conda-forge"]
    assert by_pip == {"pip": ["-e ."]}
    assert str(found.pop("pip")) == ""
    assert found.pop("python") == Requirement(f"python{PROJECT['requires-python']}").specifier
    asked = {
        CONDA.get(name, name): one.specifier
        for name, one in wanted([*PROJECT["dependencies"], *TESTS]).items()
    }
    assert {name: asked.get(name) for name in found} == found
    core = {"jupyterlab", "pytorch-cpu", "matplotlib-base", "ipywidgets", "pandas", "nbval"}
    assert core <= set(found)


def test_the_supported_pythons_are_stated_once_and_meant_everywhere():
    from requirements import environment

    oldest, newest = environment.OLDEST, environment.NEWEST
    assert PROJECT["requires-python"] == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    assert f"{oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}" == environment.RANGE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names of the files in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("mtl_course/static", "mtl_course/static"),
        (
            "share/jupyter/lab/settings/overrides.d",
            "mtl_course-0.1.0.data/data/share/jupyter/lab/settings/overrides.d",
        ),
        (
            "datasets/complete-journey",
            "mtl_course-0.1.0.data/data/share/mtl_course/datasets/complete-journey",
        ),
    ],
)
def test_the_wheel_carries_what_is_not_python(wheel, folder, place):
    files = [path.name for path in (ROOT / folder).iterdir() if path.is_file()]

    assert files
    assert {f"{place}/{file}" for file in files} <= wheel


def test_the_wheel_carries_both_licences_and_nothing_of_the_checkout(wheel):
    inside = {name.partition("/")[0] for name in wheel}

    assert {
        f"mtl_course-0.1.0.dist-info/licenses/{x}" for x in ("LICENSE", "LICENSE-text")
    } <= wheel
    assert inside == {"mtl_course", "mtl_course-0.1.0.data", "mtl_course-0.1.0.dist-info"}
    assert not [name for name in wheel if "__pycache__" in name]


def test_an_editable_install_puts_the_settings_where_jupyterlab_reads_them():
    name = "share/jupyter/lab/settings/overrides.d/course.json"
    assert (Path(sys.prefix) / name).read_bytes() == (ROOT / name).read_bytes()
