from dataclasses import replace

import pandas as pd
import pytest
import torch

from mtl_course import briefs, datasets, shop
from mtl_course.briefs import CAPSTONE, Budget


@pytest.fixture(scope="module")
def journey():
    return datasets.load_complete_journey()


def test_the_open_shop_ends_before_the_hidden_window_and_hides_the_judges_tags(journey):
    opened, judges = briefs.open_shop(journey, CAPSTONE), briefs.tag_judges(journey, CAPSTONE)
    tags = list(journey.tags)

    assert shop.n_windows(opened) == 3
    assert len(opened.log) == (journey.log["window"] < 4).sum()
    pd.testing.assert_frame_equal(opened.items, journey.items)
    assert opened.users.loc[judges.numpy(), tags].isna().all().all()
    rest = [user for user in range(len(journey.users)) if user not in set(judges.tolist())]
    pd.testing.assert_frame_equal(opened.users.loc[rest], journey.users.loc[rest])


def test_the_judges_are_a_quarter_of_the_tagged_the_same_every_time(journey):
    judges = briefs.tag_judges(journey, CAPSTONE)
    tagged = journey.users[list(journey.tags)].notna().all(axis=1)

    assert len(judges) == round(tagged.sum() / 4) == 200
    assert tagged[judges.numpy()].all()
    assert judges.tolist() == sorted(set(judges.tolist()))
    assert torch.equal(judges, briefs.tag_judges(journey, CAPSTONE))


def test_opening_spoils_nothing_of_the_whole_shop(journey):
    before = journey.users.copy()
    briefs.open_shop(journey, CAPSTONE)
    pd.testing.assert_frame_equal(journey.users, before)
    assert shop.n_windows(journey) == 4


def test_only_the_last_window_can_be_hidden(journey):
    short = replace(journey, log=journey.log[journey.log["window"] < 4])
    with pytest.raises(ValueError, match="last, 4; 'Complete Journey' ends with window 3"):
        briefs.open_shop(short, CAPSTONE)


def test_steps_are_counted_once_for_each_network():
    purse = Budget(100, {})
    assert list(briefs.counted(purse, 3, "a")(range(10))) == list(range(10))
    assert list(briefs.counted(purse, 1, "b")(range(5))) == list(range(5))
    assert purse.spent == {"a": 30, "b": 5}
    assert briefs.steps_left(purse) == 65
    assert briefs.steps_left(briefs.budget(CAPSTONE)) == CAPSTONE.steps


def test_the_same_training_again_costs_nothing_and_is_never_refused():
    purse = Budget(40, {})
    for _ in range(3):
        list(briefs.counted(purse, 3, "a")(range(10)))
    assert briefs.steps_left(purse) == 10


def test_a_training_that_is_too_long_is_refused_before_its_first_step():
    purse = Budget(40, {})
    list(briefs.counted(purse, 3, "a")(range(10)))
    with pytest.raises(ValueError, match="2 networks of 6 steps need 12 steps; 10 of 40 are left"):
        next(iter(briefs.counted(purse, 2, "b")(range(6))))
    assert purse.spent == {"a": 30}
    list(briefs.counted(purse, 2, "c")(range(5)))  # exactly what is left
    assert briefs.steps_left(purse) == 0


def test_what_is_interrupted_costs_what_it_made():
    purse = Budget(100, {})
    for step in briefs.counted(purse, 2, "a")(range(10)):
        if step == 3:
            break
    assert purse.spent == {"a": 8}
    list(briefs.counted(purse, 2, "a")(range(10)))  # begun anew
    assert purse.spent == {"a": 20}
