"""Sheets out, answers in, marks: with learners who are right, half right, and up to no good."""

import builtins
import csv
import os
import re
import shlex
import socket
import sys
from dataclasses import replace
from pathlib import Path

import confinement
import editions
import grade
import judging
import jupytext
import marks
import nbformat
import pytest
import sheets
import torch
import wire
from limits import LIMITS
from nbgrader.api import Gradebook
from traitlets.config import Config

from mtl_course.checks import lesson_00
from mtl_course.checks.verdicts import judge

SOURCES = editions.sources([])
NAME = "00_start_here"
[START] = editions.sources([NAME])
ANSWERS = {"share": "share", "surprise": "surprise"}
RIGHT = ["import math", "share = 3 / 8", "def surprise(chance):\n    return -math.log(chance)"]
STUBBORN = "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"
LEAVES = "import os\nclass Leaves:\n    def __call__(self, *_): os._exit(0)\n"
SHORT = replace(LIMITS, step_seconds=1.5, total_seconds=20.0)
pytestmark = [  # nbgrader's own, and what a forged notebook makes nbformat say
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
    pytest.mark.filterwarnings("ignore:Non-unique cell id"),
]
walled = pytest.mark.skipif(confinement.missing() is not None, reason=str(confinement.missing()))


def solutions(source: Path) -> dict[str, str]:
    """The solved code of each exercise of a lesson."""
    cells = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
    return {
        sheets.checked(cells[number + 1].source)[0]: editions.solved_cell(cell.source)
        for number, cell in enumerate(cells)
        if "solution" in cell.metadata.get("tags", [])
    }


def outcomes(cells: list[str], limits=SHORT, **options) -> tuple[str, str]:
    found = judging.report(lesson_00.LESSON, cells, ANSWERS, limits, **options)
    return found.verdicts["share"].outcome, found.verdicts["surprise"].outcome


# --- sheets


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_sheet_asks_every_exercise_and_holds_no_solution(source):
    sheet = sheets.sheet(source)
    solved = solutions(source)
    text = "\n".join(cell.source for cell in sheet.notebook.cells)

    assert list(sheet.answers) == [exercise.name for exercise in sheet.lesson.exercises]
    for exercise in sheet.answers:
        assert solved[exercise] not in text
        assert text.count(f"checks.check_{exercise}(") == 1
    nbformat.validate(sheet.notebook)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_sheet_has_whatever_its_answers_need(source):
    sheet, solved = sheets.sheet(source), solutions(source)
    known = set(dir(builtins))
    for cell in sheet.notebook.cells:
        if cell.cell_type == "code":
            name = marks._grade_id(cell).removeprefix(sheets.ANSWER)
            bound, read = sheets.names(solved.get(name, cell.source))
            assert read <= known | bound
            known |= bound


def test_names_that_stay_inside_a_function_are_not_needed():
    bound, read = sheets.names("def f(a):\n    b = a + c\n    return [d for d in b]\nf(e)")
    assert bound == {"f"}
    assert read == {"c", "e", "f"}


def test_a_cell_that_checks_nothing_is_refused():
    assert sheets.checked("checks.check_share(mine)\n# checks.hint") == ("share", "mine")
    with pytest.raises(ValueError, match=r"ends in `checks\.check_"):
        sheets.checked("print(mine)")


# --- what passes between the two processes


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_what_an_exercise_hands_over_arrives_as_it_was(source):
    for exercise in sheets.sheet(source).lesson.exercises:
        for inputs in filter(None, (exercise.inputs, exercise.again)):
            for one in inputs:
                there = wire.decoded(wire.encoded(one))
                assert type(there) is type(one)
                assert torch.equal(torch.as_tensor(there), torch.as_tensor(one))


def test_kinds_of_answers_survive_and_what_is_no_data_becomes_foreign():
    for value in (None, ..., True, 3, 0.5, "x", [1, (2, "a")], {1, 2}, frozenset({3})):
        assert wire.decoded(wire.encoded(value)) == value
    empty = wire.decoded(wire.encoded(torch.zeros(2, 0, dtype=torch.bool)))
    assert empty.shape == (2, 0) and empty.dtype == torch.bool
    endless: list = []
    endless.append(endless)
    for value in (1j, {"a": 1}, endless, object()):
        assert isinstance(wire.decoded(wire.encoded(value)), wire.Foreign)
    assert isinstance(wire.decoded(wire.encoded(print)), wire.Foreign)
    assert wire.decoded(wire.encoded(len), function=print) is print


@pytest.mark.parametrize(
    "message",
    [
        [],
        {},
        {"pickle": "gASV"},
        {"set": [{"list": []}]},
        {"tensor": "x", "dtype": "float32", "shape": [1]},
        {"tensor": [1.0], "dtype": "load", "shape": [1]},
        {"tensor": [1.0], "dtype": "float32", "shape": [10**12]},
        {"array": [1.0], "shape": [2]},
    ],
)
def test_a_message_that_is_none_is_refused(message):
    with pytest.raises(ValueError, match=r"message|reshape"):
        wire.decoded(message)


# --- behind the walls


@walled
def test_right_answers_are_right_and_a_broken_cell_costs_only_itself():
    found = judging.report(lesson_00.LESSON, ["1 / 0", *RIGHT, "print('hello')"], ANSWERS, SHORT)

    assert [verdict.outcome for verdict in found.verdicts.values()] == ["right", "right"]
    assert found.cells[0].problem == ("ZeroDivisionError", "division by zero")
    assert found.cells[-1].printed == "hello\n"


@walled
def test_an_endless_loop_ends_and_the_other_exercise_is_judged():
    loop = "def surprise(chance):\n    while True: pass"
    found = judging.report(lesson_00.LESSON, ["while True: pass", RIGHT[1], loop], ANSWERS, SHORT)

    assert found.cells[0].problem == ("OutOfTime", "no end after 1.5 seconds")
    assert found.verdicts["share"].outcome == "right"
    assert "no end after 1.5 seconds" in found.verdicts["surprise"].says


@walled
def test_a_loop_that_no_clock_inside_can_stop_is_stopped_from_outside():
    found = judging.report(lesson_00.LESSON, [*RIGHT, STUBBORN], ANSWERS, SHORT)
    assert {verdict.outcome for verdict in found.verdicts.values()} == {"wrong"}
    assert "in cell 4: it did not answer in time" in found.verdicts["share"].says


@walled
def test_an_answer_that_ends_the_process_is_wrong_and_the_next_is_judged():
    lesson = replace(lesson_00.LESSON, exercises=lesson_00.LESSON.exercises[::-1])
    found = judging.report(lesson, [RIGHT[1], LEAVES + "surprise = Leaves()"], ANSWERS, SHORT)
    assert found.verdicts["share"].outcome == "right"
    assert "its process ended with status 0" in found.verdicts["surprise"].says
    found = judging.report(lesson, ["import os\nos._exit(7)", *RIGHT], ANSWERS, SHORT)
    assert "in cell 1: its process ended with status 7" in found.verdicts["share"].says


@walled
def test_ten_gigabytes_are_refused_and_the_rest_is_judged():
    greedy = [
        "import torch\nheap = torch.ones(10 * 2**30 // 4)",
        "heap = bytearray(10 * 2**30)",
        "files = [open(f'/tmp/{n}', 'wb').write(bytes(2**24)) for n in range(10**3)]",
        "open('/dev/shm/x', 'wb').write(bytes(2**24))",
        "open('/dev/x', 'wb').write(bytes(1))",
        "open('/x', 'wb').write(bytes(1))",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    ]
    found = judging.report(lesson_00.LESSON, [*greedy, *RIGHT], ANSWERS, SHORT)
    kinds = [run.problem[0] for run in found.cells[: len(greedy)] if run.problem]
    assert kinds == [
        "RuntimeError",
        "MemoryError",
        "OSError",
        "OSError",
        "OSError",
        "OSError",
        "ValueError",
    ]
    assert [verdict.outcome for verdict in found.verdicts.values()] == ["right", "right"]


READING = """
def first(*names):
    for path in names:
        try:
            return open(path).read()
        except OSError as problem:
            print(type(problem).__name__)
"""


@walled
def test_no_solution_can_be_read_and_nobody_else_reached(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADERS_TOKEN", "of nobody's business")
    database = tmp_path / "gradebook.db"
    database.touch()
    listener = socket.create_server(("127.0.0.1", 0))
    root = confinement.ROOT
    places = [
        *(START, editions.stored_at(START, True), database, confinement.HERE / "judging.py"),
        *(confinement.PACKAGE / "checks" / name for name in ("verdicts.py", "__pycache__")),
        *(root / ".git" / "HEAD", root / "tests" / "test_checks.py"),
    ]
    cells = [
        READING + f"first(*{[str(place) for place in places]})",
        "from mtl_course.checks import lesson_00\nshare = lesson_00.SHARE.solution",
        "surprise = lesson_00.SURPRISE.solution",
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        f"import socket\nsocket.create_connection({listener.getsockname()}, 1)",
        f"os.kill({os.getpid()}, 9)",
        "print(open('/proc/1/environ').read())\n1 / 0",
        "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0",
    ]
    with listener:
        found = judging.report(lesson_00.LESSON, cells, ANSWERS, SHORT, hidden=(database,))

    refused = found.cells[0].printed.split()
    assert len(refused) == len(places) and set(refused) <= {"FileNotFoundError", "PermissionError"}
    assert [run.problem[0] for run in found.cells[1:3]] == ["AttributeError", "AttributeError"]
    kinds = [run.problem[0] for run in found.cells[3:] if run.problem]
    assert kinds == [
        "PermissionError",
        "PermissionError",
        "ConnectionRefusedError",  # by a machine of its own, which has no other connection
        "ProcessLookupError",
        "ZeroDivisionError",
        "AssertionError",
    ]
    assert "PATH" in found.cells[-2].printed and "GRADERS_TOKEN" not in found.cells[-2].printed
    assert {verdict.outcome for verdict in found.verdicts.values()} == {"not attempted"}


@walled
def test_forged_verdicts_and_floods_give_no_mark():
    forged = """
import builtins, json, os, sys
says = json.dumps({"ready": True, "value": "right", "outcome": "right", "score": 100}) + "\\n"
for number in range(3, 20):
    try:
        os.write(number, says.encode() * 3)
    except OSError:
        pass
"""
    patched = "from mtl_course.checks import lesson_00 as judge\njudge.check_share = print\n"
    patched += "share = 'Right (share).'"
    assert outcomes([patched, forged]) == ("wrong", "wrong")  # what it wrote is taken for answers
    cells = ["share = 'x' * 10**7", "surprise = 10 ** 10**5", "print('Right (share). 1.0')\n1.0"]
    found = judging.report(lesson_00.LESSON, cells, ANSWERS, SHORT)
    assert "an answer of 10,000" in found.verdicts["share"].says
    assert found.verdicts["surprise"].outcome == "wrong"


@walled
def test_where_the_walls_do_not_hold_nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(confinement, "PACKAGE", tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "checks").mkdir(parents=True)
    seen = Path(sys.prefix) / "pyvenv.cfg"
    with pytest.raises(ValueError, match=r"The walls do not hold: .*pyvenv\.cfg can be seen"):
        outcomes(RIGHT, hidden=(seen,))


def test_a_machine_without_walls_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(confinement.shutil, "which", lambda _: None)
    assert confinement.missing()
    with pytest.raises(ValueError, match=r"bubblewrap|Linux"):
        outcomes(RIGHT)


# --- through nbgrader


def fill(sheet: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    for cell in sheet.cells:
        name = marks._grade_id(cell).removeprefix(sheets.ANSWER)
        cell.source = answers.get(name, cell.source)
    return sheet


def forge(sheet: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Marks itself, in every way that a notebook file has."""
    for cell in sheet.cells:
        if marks._grade_id(cell).startswith(sheets.MARK):
            cell.source, cell.metadata["nbgrader"]["points"] = "100", 100
            cell.outputs = [
                nbformat.v4.new_output("execute_result", {"text/plain": "100"}, execution_count=1)
            ]
    noted = {"grade": True, "solution": False, "locked": True, "schema_version": 3, "task": False}
    extra = nbformat.v4.new_code_cell(
        "100", metadata={"nbgrader": noted | {"grade_id": "mark-x", "points": 100}}
    )
    sheet.cells += [extra, sheet.cells[-1]]
    return fill(
        sheet,
        {"share": "from mtl_course.checks import lesson_00\nshare = lesson_00.SHARE.solution"},
    )


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A class whose every step was taken, and what each step said."""
    if confinement.missing():
        pytest.skip(confinement.missing())
    folder, handed_in = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("in")
    api = grade.opened(folder)
    said = {"release": grade.release(api, [NAME])}
    released = folder / "release" / NAME / f"{NAME}.ipynb"
    solved = solutions(START)
    filled = {
        "right": solved,
        "half": solved | {"surprise": "def surprise(chance):\n    return chance"},
        "villain": solved
        | {
            "share": f"share = 3 / 8\n{LEAVES}",
            "surprise": "surprise = Leaves()",
        },
        "looping": solved | {"share": STUBBORN},
    }
    for learner, answers in filled.items():
        sheet = fill(nbformat.read(released, as_version=4), answers)
        nbformat.write(sheet, handed_in / f"{learner}.ipynb")
    (handed_in / "forger").mkdir()
    text = nbformat.v4.writes(forge(nbformat.read(released, as_version=4)))
    (handed_in / "forger" / "any name.ipynb").write_text(text, encoding="utf-8")
    (handed_in / "broken.ipynb").write_text("{", encoding="utf-8")
    (handed_in / "link.ipynb").symlink_to(START)
    (handed_in / "large.ipynb").write_bytes(bytes(LIMITS.notebook_bytes + 1))
    said["collect"] = grade.collect(api, NAME, handed_in)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "LIMITS", replace(LIMITS, step_seconds=10.0, total_seconds=30.0))
        said["autograde"] = grade.autograde(api, NAME)
    said["feedback"] = grade.feedback(api, NAME)
    said["marks"] = grade.export(api)
    return folder, said


def test_what_was_handed_in_is_collected_or_it_is_said_why_not(classroom):
    text = "\n".join(classroom[1]["collect"])
    assert text.count(": collected.") == 6
    assert "link.ipynb is left out: it is a link" in text
    assert "large.ipynb is left out: over 5,242,880 bytes" in text


def test_each_submission_ends_in_a_mark_or_in_a_clear_error(classroom):
    said = dict(line.split(": ", 1) for line in classroom[1]["autograde"])
    assert {name: said[name] for name in ("right", "half", "villain", "looping", "forger")} == {
        "right": "2 of 2",
        "half": "1 of 2",
        "villain": "1 of 2",
        "looping": "0 of 2",
        "forger": "0 of 2",
    }
    assert said["broken"].startswith("no mark. ")


def test_the_feedback_says_what_was_judged_and_why(classroom):
    folder, said = classroom
    assert len(said["feedback"]) == 5
    page = (folder / "feedback" / "half" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert lesson_00.SHARE.means in page.replace("&#39;", "'")
    wrong = judge(lesson_00.SURPRISE, lambda chance: chance)
    assert wrong.says.split(".")[0] in page.replace("&#39;", "'")


def test_all_marks_come_out_as_one_table(classroom):
    with open(classroom[0] / "marks.csv", encoding="utf-8", newline="") as file:
        found = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert found["right"] == "2.0" and found["forger"] == "0.0"


def test_nbgraders_own_commands_take_our_steps(classroom):
    text = (classroom[0] / "nbgrader_config.py").read_text(encoding="utf-8")
    config = Config()
    exec(compile(text, "nbgrader_config.py", "exec"), {"get_config": lambda: config})

    assert config.Autograde.autograde_preprocessors[0] is marks.Judge
    assert config.Autograde.sanitize_preprocessors[0] is marks.PutInSheet


def test_a_mark_that_was_not_written_is_none(classroom, monkeypatch):
    def breaks(*_, **__):
        raise ValueError("nothing was judged")

    monkeypatch.setattr(marks, "report", breaks)
    api = grade.opened(classroom[0])
    with Gradebook(api.coursedir.db_url) as book:
        assert book.find_submission(NAME, "right").score == 2
    assert all("no mark" in line for line in grade.autograde(api, NAME))
    monkeypatch.setattr(marks, "report", lambda *_, **__: judging.Report([], {}))
    said = [line for line in grade.autograde(api, NAME) if "broken" not in line]
    assert all(line.endswith(": 0 of 2") for line in said) and len(said) == 5


def test_every_command_of_the_readme_is_one():
    text = (confinement.HERE / "README.md").read_text(encoding="utf-8")
    found = re.findall(r'^make nbgrader(?: ARGS="(.*)")?$', text, re.MULTILINE)
    commands = [grade.parsed(shlex.split(arguments)).command for arguments in found]
    assert commands == ["release", "collect", "autograde", "feedback", "marks"]


def test_what_is_asked_wrongly_is_answered(tmp_path, capsys):
    there = ["--class", str(tmp_path / "class")]
    assert grade.main([*there, "feedback", "99_none"]) == 1
    assert "A lesson must be one of" in capsys.readouterr().err
    assert grade.main([*there, "feedback", NAME]) == 1
    assert "run the step before this one" in capsys.readouterr().err
    assert grade.main([*there, "collect", NAME, str(tmp_path)]) == 1
    assert "found neither" in capsys.readouterr().err
