import importlib
import pkgutil

import pytest
import torch

from mtl_course import checks
from mtl_course.checks import lesson_05, lesson_08, lesson_11
from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, judge, same_members, same_text, within

LESSONS = [
    importlib.import_module(f"mtl_course.checks.{module.name}")
    for module in pkgutil.iter_modules(checks.__path__)
    if module.name.startswith(("lesson_", "case_"))
]
EXERCISES = [
    pytest.param(exercise, id=f"{lesson.__name__.rpartition('.')[2]}-{exercise.name}")
    for lesson in LESSONS
    for exercise in lesson.LESSON.exercises
]


class Hostile:
    """Raises at whatever a judge may try on it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __repr__(self):
        raise RuntimeError("repr")

    __array__ = __float__ = __len__ = __bool__ = __iter__ = __hash__ = __repr__


def throws(*_):
    raise KeyError("a learner's slip")


def leaves(*_):
    raise SystemExit(3)


HOSTILE = [
    "seven twelfths",
    "",
    b"0.58",
    True,
    float("nan"),
    float("inf"),
    10**400,
    1j,
    [],
    {},
    {"density": 0.5},
    [[1, 2], [3]],
    torch.zeros(0),
    torch.full((3, 4, 5), float("nan")),
    torch.ones(2, requires_grad=True),
    object,
    throws,
    leaves,
    lambda: 1,
    lambda *_: ...,
    lambda *_: None,
    lambda *_: Hostile(),
    Hostile(),
]

DENSITY = Exercise(
    name="density",
    expects="a number between 0 and 1",
    solution=7 / 12,
    means="Seven of twelve cells are filled.",
    mistakes=(
        Mistake(5 / 12, "That is the share of empty cells."),
        Mistake(58.3, "That is a percentage.", recognised=lambda found: 1 < found <= 100),
    ),
    hints=("Count.", "Count the filled cells.", "Seven of twelve."),
)
DOUBLE = Exercise(
    name="double",
    expects="a tensor of the same length",
    solution=lambda values: values * 2,
    means="Doubled.",
    mistakes=(Mistake(lambda values: values**2, "That is the square."),),
    hints=("a", "b", "c"),
    inputs=(torch.tensor([1.0, 3.0]),),
    again=(torch.tensor([5.0]),),
)


def test_there_are_lessons_to_judge():
    assert len(LESSONS) >= 1
    assert all(lesson.LESSON.exercises for lesson in LESSONS)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_is_not_an_attempt(exercise):
    assert judge(exercise, ...).outcome == "not attempted"
    assert judge(exercise, None).outcome == "not attempted"
    if exercise.inputs is not None:
        assert judge(exercise, lambda *_: ...).outcome == "not attempted"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_is_right(exercise):
    assert judge(exercise, exercise.solution) == ("right", exercise.means)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_known_mistake_is_told_in_its_own_words(exercise):
    told = [judge(exercise, mistake.example) for mistake in exercise.mistakes]
    assert told == [("wrong", mistake.says) for mistake in exercise.mistakes]
    assert len(set(told)) == len(told) >= 3


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_answer_to_one_example_is_not_a_rule(exercise):
    if exercise.inputs is not None:
        memorised = exercise.solution(*exercise.inputs)
        verdict = judge(exercise, lambda *_: memorised)
        assert verdict.outcome == "wrong"
        assert "not for another" in verdict.says


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_answer_raises_and_none_of_these_is_right(exercise, capsys):
    for answer in HOSTILE:
        Lesson("99", "Any", (exercise,)).announce(exercise, answer)
        assert not capsys.readouterr().out.startswith("Right")


@pytest.mark.parametrize("exercise", EXERCISES)
def test_three_different_hints_help(exercise):
    assert len(set(exercise.hints)) == 3
    assert all(len(hint) > 10 for hint in exercise.hints)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.__name__.rpartition(".")[2])
def test_a_lesson_has_a_check_a_hint_and_the_progress_of_each_exercise(lesson, capsys):
    for exercise in lesson.LESSON.exercises:
        check = getattr(lesson, f"check_{exercise.name}")
        check(exercise.solution)
        assert exercise.means in capsys.readouterr().out
        for number in (1, 2, 3):
            lesson.hint(exercise.name, number)
            assert exercise.hints[number - 1] in capsys.readouterr().out
    lesson.progress()
    assert capsys.readouterr().out.count("right") == len(lesson.LESSON.exercises)


def test_a_number_may_come_as_a_tensor_or_rounded():
    assert judge(DENSITY, 0.58).outcome == "right"
    assert judge(DENSITY, torch.tensor(7 / 12)).outcome == "right"
    assert judge(DENSITY, torch.tensor([7 / 12])).outcome == "wrong"  # a list of one number


def test_an_unknown_mistake_is_shown_with_what_was_expected():
    assert judge(DENSITY, 0.9).says == "Expected a number between 0 and 1; found 0.9."
    assert judge(DENSITY, "x" * 100).says.endswith("xxx....")


def test_a_range_of_answers_can_share_a_mistake():
    assert judge(DENSITY, 41).says == "That is a percentage."


def test_a_function_is_called_and_its_slips_are_told():
    assert judge(DOUBLE, lambda values: values + values).outcome == "right"
    assert judge(DOUBLE, lambda values: values * values).says == "That is the square."
    assert "without parentheses" in judge(DOUBLE, torch.tensor([2.0, 6.0])).says
    assert "returned None" in judge(DOUBLE, lambda _: None).says
    assert 'KeyError: "a learner\'s slip"' in judge(DOUBLE, throws).says
    assert "SystemExit" in judge(DOUBLE, leaves).says


def test_a_second_example_is_shown_with_what_it_should_give():
    says = judge(DOUBLE, lambda _: torch.tensor([2.0, 6.0])).says
    assert "Called with tensor([5.]) it should return tensor([10.])." in says


def test_what_goes_wrong_on_the_second_example_is_told():
    def rigid(values):
        return torch.stack([2 * values[0], 2 * values[1]])

    says = judge(DOUBLE, rigid).says
    assert "not for another" in says
    assert "IndexError" in says
    says = judge(DOUBLE, lambda values: values.where(values == 3, values * 2) + values % 5 % 2).says
    assert says.startswith("Expected a tensor")


def test_a_number_that_both_examples_share_is_no_way_around():
    fuse, follow = lesson_11.FUSE, lesson_11.NEXT
    assert judge(fuse, lambda s, _: fuse.solution(s, lesson_11.WEIGHTS)).outcome == "wrong"
    for relevance in (0.5, 0.7, 0.75, 1.0):
        hard_coded = lambda s, a, c, _, r=relevance: follow.solution(s, a, c, r)  # noqa: E731
        assert judge(follow, hard_coded).outcome == "wrong"
    half = lambda ours, theirs, t: t * (ours - theirs).std() / 5**0.5  # noqa: E731
    assert judge(lesson_08.HALF, half).outcome == "wrong"
    same = lesson_05.SAME
    assert judge(same, lambda w, _: same.solution(w, lesson_05.SCALES)).outcome == "wrong"


def test_a_function_that_spoils_its_input_spoils_a_copy():
    judge(DOUBLE, lambda values: values.mul_(5))
    assert DOUBLE.inputs[0].tolist() == [1.0, 3.0]


def test_comparisons_know_shape_order_and_case():
    assert within(0.1)([1, 2], torch.tensor([1.05, 2.0]))
    assert not within(0.1)([1, 2], [[1, 2]])
    assert not within(0.1)(0.0, float("nan"))
    assert same_members(("a", "b"), ["b", "a"])
    assert not same_members(("a", "b"), ["a", "b", "b"])
    assert same_text("Milk", " milk ")


def test_a_hint_for_something_that_cannot_even_be_printed(capsys):
    Lesson("99", "Any", (DENSITY,)).hint(Hostile(), Hostile())
    assert "something of type Hostile that cannot be printed" in capsys.readouterr().out


def test_an_interrupt_is_not_swallowed():
    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(DOUBLE, interrupted)


@pytest.mark.parametrize(
    ("name", "number", "says"),
    [
        ("density", 2, "Hint 2 of 3 (density). Count the filled cells."),
        ("density", 3, "The solution is in this lesson's notebook in solutions/."),
        ("dense", 1, "There is no exercise 'dense' in this lesson; there are: density, double."),
        ("density", 4, "Hints go from 1 to 3; found 4."),
        ("density", "two", "Hints go from 1 to 3; found 'two'."),
        ("density", torch.ones(2), "Hints go from 1 to 3"),
    ],
)
def test_a_hint_is_given_or_what_there_is_is_said(name, number, says, capsys):
    Lesson("99", "Any", (DENSITY, DOUBLE)).hint(name, number)
    assert says in capsys.readouterr().out
