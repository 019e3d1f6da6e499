"""The import contracts of pyproject.toml hold, and each of them can fail."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError

from mtl_course import pareto

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def lint_imports(folder):
    done = subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, encoding="utf-8"
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path):
    """A copy of the package and of its contracts, to break."""
    leave = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(ROOT / "mtl_course", tmp_path / "mtl_course", ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def append(path, line):
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def test_the_contracts_are_kept():
    status, text = lint_imports(ROOT)

    assert status == 0, text
    assert "Contracts: 2 kept, 0 broken." in text


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("attic", "", "mtl_course.attic"),  # a module without a room
        ("losses", "from mtl_course import training", "data flows one way BROKEN"),  # upwards
        ("losses", "from mtl_course import metrics", "data flows one way BROKEN"),  # sideways
        ("metrics", "import matplotlib", "only the classroom touches the screen BROKEN"),
        ("training", "import ipywidgets", "only the classroom touches the screen BROKEN"),
        ("checks/verdicts", "import anywidget", "only the classroom touches the screen BROKEN"),
    ],
)
def test_a_broken_contract_fails(copy, module, line, complaint):
    append(copy / "mtl_course" / f"{module}.py", line)
    status, text = lint_imports(copy)

    assert status == 1
    assert complaint in text


def test_every_package_that_is_imported_is_asked_for():
    asked = {re.match(r"[\w-]+", line)[0] for line in PROJECT["project"]["dependencies"]}
    imported = set()
    for path in (ROOT / "mtl_course").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    packages = metadata.packages_distributions()
    foreign = imported - set(sys.stdlib_module_names) - {"mtl_course"}

    assert "torch" in foreign
    missing = [name for name in foreign if not asked & {p.lower() for p in packages[name]}]
    assert not missing


def test_the_shapes_of_a_signature_are_checked_in_tests():
    """Red without --jaxtyping-packages in pyproject.toml, which no other test would miss."""
    with pytest.raises(TypeCheckError, match="points"):
        pareto.non_dominated(torch.zeros(3))
