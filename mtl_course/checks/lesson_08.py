"""Judges the exercises of lesson 08: a mixture, a gate that keeps to its own, a paired interval."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

OUTPUTS = torch.tensor(
    [[[2.0, 0.0], [-1.0, 3.0], [0.5, 1.0]], [[1.0, 4.0], [0.0, -2.0], [3.0, 1.0]]]
)
LOGITS = torch.tensor([[[0.0, 1.0, -1.0], [2.0, 0.0, 0.5]], [[1.0, 0.0, 0.0], [-1.0, 1.5, 0.0]]])
FLAT = torch.tensor([[1.0, 0.5, -1.0, 0.0, 2.0], [0.0, -0.5, 1.5, 1.0, 0.5]])  # [tasks, experts]
ALLOWED = torch.tensor([[True, True, False, False, True], [False, False, True, True, True]])
OURS = torch.tensor([0.512, 0.498, 0.507, 0.521, 0.503])
THEIRS = torch.tensor([0.505, 0.494, 0.501, 0.512, 0.499])
T_FIVE = 2.776  # 97.5 % point of Student's t with 4 degrees of freedom


def masked(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    return logits.masked_fill(~allowed, -torch.inf).softmax(dim=1)


MIX = Exercise(
    name="mix",
    expects="a tensor [n, tasks, hidden]",
    solution=lambda outputs, logits: logits.softmax(dim=2) @ outputs,
    means="Every task hears all experts, each by its own weights, and by others for every pair.",
    mistakes=(
        Mistake(
            lambda outputs, logits: logits @ outputs,
            "The weights are not weights yet: a softmax over the experts makes them sum to 1.",
        ),
        Mistake(
            lambda outputs, logits: logits.softmax(dim=1) @ outputs,
            "That softmax runs over the tasks. A task's weights over the experts sum to 1: dim=2.",
        ),
        Mistake(
            lambda outputs, logits: logits.softmax(dim=0) @ outputs,
            "That softmax runs over the rows of the batch. It belongs over the experts: dim=2.",
        ),
        Mistake(
            lambda outputs, logits: torch.full_like(logits, 1 / logits.shape[2]) @ outputs,
            "That is the plain mean of the experts: the gate has no say.",
        ),
        Mistake(
            lambda outputs, logits: outputs.gather(
                1, logits.argmax(dim=2)[:, :, None].expand(-1, -1, outputs.shape[2])
            ),
            "That picks the one best expert, as a gate at temperature 0 does. Mix them all.",
        ),
        Mistake(
            lambda outputs, logits: logits.exp() @ outputs,
            "Divide by the sum over the experts: the weights of a task must add up to 1.",
        ),
    ),
    hints=(
        "First weights that sum to 1 over the experts, then a weighted sum over the experts.",
        "`logits.softmax(dim=2)` is [n, tasks, experts], `outputs` is [n, experts, hidden].",
        "return logits.softmax(dim=2) @ ...",
    ),
    inputs=(OUTPUTS, LOGITS),
    again=(OUTPUTS, LOGITS.flip(0)),
)
KEEP = Exercise(
    name="keep",
    expects="a tensor [tasks, experts] whose rows sum to 1",
    solution=masked,
    means="The other task's experts weigh 0, and the rest sums to 1: this is a gate of CGC.",
    mistakes=(
        Mistake(
            lambda logits, allowed: logits.softmax(dim=1) * allowed,
            "What you took away is missing: the rows no longer sum to 1. Mask before the softmax.",
        ),
        Mistake(
            lambda logits, allowed: (logits * allowed).softmax(dim=1),
            "A logit of 0 is no ban: exp(0) = 1. Which logit has an exp of 0?",
        ),
        Mistake(
            lambda logits, _: logits.softmax(dim=1),
            "Nothing is masked: each task still hears the other's experts.",
        ),
        Mistake(
            lambda logits, allowed: masked(logits, ~allowed),
            "The mask is turned round: `allowed` is True where a task may listen.",
        ),
        Mistake(
            lambda logits, allowed: logits.masked_fill(~allowed, -torch.inf).softmax(dim=0),
            "That softmax runs over the tasks. It belongs over the experts: dim=1.",
        ),
        Mistake(
            lambda _, allowed: allowed / allowed.sum(dim=1, keepdim=True),
            "Those are even weights over the allowed experts: the logits have no say.",
        ),
    ),
    hints=(
        "exp(-inf) is 0: which logits should be -inf before the softmax?",
        "`logits.masked_fill(where, -torch.inf)` puts it where `where` is True.",
        "return logits.masked_fill(~allowed, ...).softmax(dim=1)",
    ),
    inputs=(FLAT, ALLOWED),
    again=(FLAT, ALLOWED.flip(0)),
)
HALF = Exercise(
    name="half",
    expects="one number: half the width of the interval",
    solution=lambda ours, theirs, t: t * (ours - theirs).std() / len(ours) ** 0.5,
    means=(
        "0.006 ± 0.003: the difference is sure. Seed 1 is poor for both, and a pair forgets that."
    ),
    mistakes=(
        Mistake(
            lambda ours, theirs, t: t * (ours.var() + theirs.var()).sqrt() / len(ours) ** 0.5,
            "That takes the runs for strangers. Subtract seed by seed first: luck they share goes.",
        ),
        Mistake(
            lambda ours, theirs, t: t * (ours.std() - theirs.std()) / len(ours) ** 0.5,
            "Spreads do not subtract. Take the spread of the differences.",
        ),
        Mistake(
            lambda ours, theirs, t: t * (ours - theirs).std(),
            "That is for one more seed. For the mean of n seeds, divide by the root of n.",
        ),
        Mistake(
            lambda ours, theirs, t: t * (ours - theirs).std() / len(ours),
            "Divide by the root of n, not by n.",
        ),
        Mistake(
            lambda ours, theirs, _: (ours - theirs).std() / len(ours) ** 0.5,
            "That is the standard error. Times t makes it an interval at 95 %.",
        ),
        Mistake(
            lambda ours, theirs, t: 2 * t * (ours - theirs).std() / len(ours) ** 0.5,
            "That is the whole width. Asked for is half of it.",
        ),
    ),
    hints=(
        "One difference for each seed; what is the spread of those?",
        "Half the width is t · s / √n, s the standard deviation of the differences.",
        "return t * (ours - theirs).std() / ...",
    ),
    alike=lambda expected, found: abs(float(found) - float(expected)) < 1e-5,
    inputs=(OURS, THEIRS, T_FIVE),
    again=(OURS[:4], THEIRS[:4].flip(0), 2 * T_FIVE),
)
LESSON = Lesson("08", "Who shares what", (MIX, KEEP, HALF))
hint, progress = LESSON.hint, LESSON.progress


def check_mix(answer: object) -> None:
    """Judges the function that mixes the experts' outputs by each task's gate."""
    LESSON.announce(MIX, answer)


def check_keep(answer: object) -> None:
    """Judges the function that keeps each task's gate to its own and the shared experts."""
    LESSON.announce(KEEP, answer)


def check_half(answer: object) -> None:
    """Judges the function that gives half the width of an interval paired by seed."""
    LESSON.announce(HALF, answer)
