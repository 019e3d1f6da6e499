"""A lesson without its data, cell by cell, in IPython's own shell."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

LOOK = """
from mtl_course import absence
if found:
    films = 3
else:
    print("Put it there.")
    absence.let_cells_rest(get_ipython().input_transformers_cleanup)
"""


@pytest.fixture
def shell():
    made = InteractiveShell()
    made.user_ns["found"] = False
    made.user_ns["get_ipython"] = lambda: made
    return made


def ran(shell, cell):
    """Runs a cell as a notebook does; it must not fail."""
    done = shell.run_cell(cell)
    done.raise_error()
    return done.result


def test_the_cells_below_do_nothing_and_do_not_fail(shell, capsys):
    ran(shell, LOOK)

    assert ran(shell, "print(films)") is None
    assert ran(shell, "1 + 1") is None
    assert capsys.readouterr().out == "Put it there.\n"


def test_the_cell_that_looks_wakes_the_others_once_it_finds(shell, capsys):
    ran(shell, LOOK)
    ran(shell, LOOK)  # still nothing there
    ran(shell, "films = 4")
    assert ran(shell, "films") is None
    assert capsys.readouterr().out.count("Put it there.") == 2

    shell.user_ns["found"] = True
    ran(shell, LOOK)

    assert ran(shell, "films") == 3
    assert ran(shell, "films + 1") == 4


def test_with_the_data_every_cell_runs(shell):
    shell.user_ns["found"] = True
    ran(shell, LOOK)

    assert ran(shell, "films + 1") == 4
