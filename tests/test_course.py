import pytest

import course


@pytest.fixture
def ran(monkeypatch):
    """The command lines that a command of course.py would run; each of them succeeds."""
    lines = []

    def run(command, **variables):
        lines.append((" ".join(map(str, command)), variables))
        return 0

    monkeypatch.setattr(course, "run", run)
    monkeypatch.setattr(course.sys, "platform", "linux")
    monkeypatch.setattr(course, "make_environment", lambda wanted: lines.append((wanted, {})))
    monkeypatch.setattr(course, "fetch_parts", lambda: lines.append(("parts", {})))
    return lines


def found(monkeypatch, **places):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(course.shutil, "which", lambda name: places.get(name.replace("-", "_")))


def test_jupyterlab_listens_on_this_machine_alone(ran):
    course.lab(["--no-browser"])

    assert ran[0] == ("lab", {})
    assert "jupyterlab --ServerApp.ip=127.0.0.1 " in ran[1][0]
    assert ran[1][0].endswith(" --no-browser")


def test_only_root_may_need_to_say_so(ran, monkeypatch):
    for root in (True, False):
        monkeypatch.setattr(course, "is_root", lambda root=root: root)
        course.lab([])
    assert ["allow-root" in line for line, _ in ran] == [False, True, False, False]


def test_the_tests_are_told_where_the_browser_is(ran, monkeypatch):
    found(monkeypatch, google_chrome="/opt/chrome", node="/usr/bin/node", bwrap="/usr/bin/bwrap")
    course.test(["-x"])

    assert ran[0] == ("test", {})
    assert ran[1][0].endswith("-m pytest -x")
    assert ran[1][1] == {"CHROMIUM": "/opt/chrome"}


@pytest.mark.parametrize("npm", [None, "/usr/bin/npm"])
def test_what_pages_are_made_of_is_fetched_before_the_tests_where_npm_is(ran, monkeypatch, npm):
    found(monkeypatch, google_chrome="/opt/chrome", node="/usr/bin/node", npm=npm)
    course.test([])
    assert [line for line, _ in ran].count("parts") == (npm is not None)


@pytest.mark.parametrize("what", ["book", "slides"])
def test_pages_are_written_after_their_parts_are_there(ran, what):
    course.COMMANDS[what](["00_start_here"])
    assert [line for line, _ in ran[:2]] == ["lab", "parts"]
    assert ran[2][0].endswith(f"{what}.py 00_start_here")


def test_a_browser_that_is_named_is_the_one(monkeypatch):
    found(monkeypatch, chromium="/usr/bin/chromium")
    assert course.browser() == "/usr/bin/chromium"
    monkeypatch.setenv("CHROMIUM", "/my/own")
    assert course.browser() == "/my/own"


def test_root_on_debian_gets_what_is_missing(ran, monkeypatch):
    found(monkeypatch, node="/usr/bin/node", npm="/usr/bin/npm", apt_get="/usr/bin/apt-get")
    monkeypatch.setattr(course, "is_root", lambda: True)
    course.test([])

    assert [line for line, _ in ran[1:3]] == [
        "apt-get update",
        "apt-get install --yes --no-install-recommends chromium bubblewrap",
    ]


@pytest.mark.parametrize(("root", "apt"), [(False, "/usr/bin/apt-get"), (True, None)])
def test_anybody_else_is_told_what_is_missing(ran, monkeypatch, capsys, root, apt):
    found(monkeypatch, apt_get=apt)
    monkeypatch.setattr(course, "is_root", lambda: root)
    course.test([])

    assert [line for line, _ in ran if "apt-get" in line] == []
    assert "need chromium and nodejs and npm and bubblewrap: install" in capsys.readouterr().out


@pytest.mark.usefixtures("ran")
def test_lint_runs_all_three_and_fails_where_one_fails(monkeypatch):
    for failing in range(3):
        statuses = [int(one == failing) for one in range(3)]
        lines = []
        monkeypatch.setattr(
            course, "run", lambda command, s=statuses, lines=lines: lines.append(command) or s.pop()
        )
        assert course.lint([]) == 1
        assert len(lines) == 3


def test_drift_is_the_build_that_only_looks(ran):
    course.drift(["00_start_here"])
    assert ran[-1][0].endswith("build.py --check 00_start_here")


def test_the_grader_gets_its_packages_and_its_walls(ran, monkeypatch):
    found(monkeypatch, apt_get="/usr/bin/apt-get")
    monkeypatch.setattr(course, "is_root", lambda: True)
    course.nbgrader(["marks"])

    assert ran[0] == ("grade", {})
    assert ran[2][0].endswith("bubblewrap")
    assert ran[3][0].endswith("grade.py marks")
    assert ran[3][1] == {"PYTHONPATH": str(course.NOTEBOOKS)}


def test_clean_removes_what_is_made_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    for made in (".venv/bin", "build", "tests/browser/__pycache__", "notebooks/.ipynb_checkpoints"):
        (tmp_path / made).mkdir(parents=True)
    (tmp_path / "tests" / "test_x.py").touch()

    assert course.clean([]) == 0
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["notebooks", "tests", "tests/browser", "tests/test_x.py"]


def test_help_names_every_command(capsys):
    course.show_help([])
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in course.COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        (["--port=9000"], "-m jupyterhub --config {}/jupyterhub_config.py --port=9000"),
        (["--measure", "2"], " {}/trial.py 2"),
    ],
)
def test_the_hub_finds_what_was_fetched_for_it(ran, monkeypatch, arguments, end):
    monkeypatch.setattr(course, "fetch_hub", lambda: ran.append(("hub", {})))
    course.hub(arguments)

    assert [line for line, _ in ran[:2]] == ["lab", "hub"]
    assert ran[2][0].endswith(end.format(course.ROOT / "deploy"))
    assert set(ran[2][1]) == {"PYTHONPATH", "JUPYTER_CONFIG_PATH"}
