import pytest
import torch
from torch.testing import assert_close

from mtl_course import gains

OURS = torch.tensor([0.55, 0.90, 0.57])  # AP, RMSE, AUC
THEIRS = torch.tensor([0.50, 1.00, 0.60])
BETTER = (True, False, True)


def test_gains_by_hand():
    found = gains.relative_gains(OURS, THEIRS, larger_is_better=BETTER)
    # 0.05 / 0.50; an RMSE lower by 0.1 of 1; 0.03 / 0.60 lost
    assert_close(found, torch.tensor([0.10, 0.10, -0.05]))


def test_their_mean_is_the_multitask_gain():
    found = gains.multitask_gain(OURS, THEIRS, larger_is_better=BETTER)
    assert_close(found, torch.tensor(0.05))


def test_a_metric_in_another_unit_gains_as_much():
    cents = torch.tensor([1.0, 100.0, 1.0])
    one, other = (
        gains.multitask_gain(OURS * unit, THEIRS * unit, larger_is_better=BETTER)
        for unit in (torch.ones(3), cents)
    )
    assert_close(one, other)


def test_many_draws_at_once_are_each_alone():
    ours, theirs = torch.stack([OURS, THEIRS, OURS]), torch.stack([THEIRS, OURS, OURS])
    found = gains.multitask_gain(ours, theirs, larger_is_better=BETTER)
    alone = [
        gains.multitask_gain(one, other, larger_is_better=BETTER)
        for one, other in zip(ours, theirs, strict=True)
    ]
    assert_close(found, torch.stack(alone))
    assert found[2] == 0


def test_each_task_needs_its_direction():
    with pytest.raises(ValueError, match="each of 3 tasks; found 2"):
        gains.relative_gains(OURS, THEIRS, larger_is_better=(True, False))


@pytest.mark.parametrize(("theirs", "found"), [(0.0, "0"), (-1.0, "-1"), (float("nan"), "-inf")])
def test_a_share_of_nothing_is_refused(theirs, found):
    with pytest.raises(ValueError, match=f"above 0; found {found}"):
        gains.relative_gains(OURS, torch.tensor([0.5, 1.0, theirs]), larger_is_better=BETTER)
