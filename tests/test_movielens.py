"""MovieLens-100K: the loader by hand, and three published rows from our own rooms."""

from pathlib import Path

import pytest
import torch

from mtl_course import datasets, metrics, movielens
from mtl_course.interactions import take

ROOT = Path(__file__).parents[1]


@pytest.fixture
def by_hand(monkeypatch):
    """Three users and two films, as the files write them; a title is not in ASCII."""
    files = {
        "u.data": b"3\t1\t5\t881250949\n1\t2\t1\t881250948\n",
        "u.user": b"1|24|M|technician|85711\n2|53|F|other|94043\n3|23|F|writer|T8H1N\n",
        "u.item": b'1|Nikita "x" (1990)|01-Jan-1990||u|0\n2|Caf\xe9 (1991)|01-Jan-1991||u|1\n',
    }
    monkeypatch.setattr(movielens, "contents", lambda *_: files)
    return datasets.load_movielens()


def test_the_files_count_from_one_and_the_labels_from_zero(by_hand):
    log = by_hand.ratings

    assert [log.user.tolist(), log.item.tolist()] == [[2, 0], [0, 1]]
    assert log.labels[:, 0].tolist() == [1.0, 0.0]  # five stars, one star
    assert (log.n_users, log.n_items, log.tasks) == (3, 2, ("rating",))
    assert by_hand.time.tolist() == [881250949, 881250948]
    assert by_hand.female.tolist() == [0.0, 1.0, 1.0]
    assert by_hand.age.tolist() == [24.0, 53.0, 23.0]
    assert by_hand.occupations == ("technician", "other", "writer")
    assert by_hand.titles == ('Nikita "x" (1990)', "Café (1991)")


# --- Surprise's README at 2381fb1: five folds, default settings -------------------------------
# Random folds let a rating be predicted from what its user rated later: they leak time. They are
# what was published, and no estimate of what a shop would see.

PUBLISHED = {"BaselineOnly": (0.944, 0.748), "SVD": (0.934, 0.737), "KNNBaseline": (0.931, 0.733)}
NEAR = 0.003


@pytest.fixture(scope="module")
def movies():
    return datasets.load_movielens()


@pytest.fixture(scope="module")
def benchmark(load_script):
    """Where the methods stand, and the ways to split."""
    return load_script(ROOT / "benchmarks/movielens/run.py")


@pytest.mark.published
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_row_comes_out_of_five_folds(benchmark, movies, name):
    found = []
    for seed, (trained_on, asked_for) in enumerate(benchmark.random_folds(movies)):
        log, asked = take(movies.ratings, trained_on), take(movies.ratings, asked_for)
        said = benchmark.METHODS[name](log, asked, seed).clamp(1, 5)
        seen, scale = asked.observed[:, 0], asked.scales[0]
        rmse = metrics.rmse((said.float() - 1) / 4, asked.labels[:, 0], seen, scale)
        assert abs(rmse - benchmark.errors(said, asked)["rmse"]) < 1e-4
        found.append((rmse, float((said - benchmark.stars(asked)).abs().mean())))

    for ours, theirs in zip(torch.tensor(found).mean(dim=0).tolist(), PUBLISHED[name], strict=True):
        assert abs(ours - theirs) < NEAR, (name, ours, theirs)


@pytest.mark.published
def test_a_split_by_time_is_harder_than_the_random_folds(benchmark, movies):
    [(trained_on, asked_for)] = benchmark.one_date(movies)
    log, later = take(movies.ratings, trained_on), take(movies.ratings, asked_for)

    error = benchmark.errors(benchmark.by_biases(log, later, 0), later)["rmse"]

    assert abs(error - 1.030) < 0.005  # .944 in the folds
    newcomers = set(later.user.tolist()) - set(log.user.tolist())
    assert len(newcomers) == 192  # whom the folds know, too
