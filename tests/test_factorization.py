"""Factorisation against the normal equations, `implicit`, Surprise and planted tastes."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mtl_course import factorization, metrics

ALS = {"regularization": 0.5, "alpha": 2.0}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_counts(n_users: int = 40, n_items: int = 25) -> torch.Tensor:
    """Counts of 0 to 4, three cells in four empty; user 3 and item 5 have none."""
    counts = torch.randint(5, (n_users, n_items), generator=seeded(0)).double()
    counts[torch.rand(n_users, n_items, generator=seeded(1)) < 0.7] = 0
    counts[3], counts[:, 5] = 0, 0
    return counts


def some_factors(counts: torch.Tensor, dim: int = 10) -> factorization.Factors:
    found = factorization.random_factors(*counts.shape, dim=dim, generator=seeded(2))
    return factorization.Factors(found.user.double(), found.item.double())


def test_one_factor_is_solved_by_hand():
    counts, fixed = torch.tensor([[3.0, 0.0]]), torch.tensor([[2.0], [1.0]])
    found = factorization.fold_in(counts, fixed, regularization=1.0, alpha=2.0)
    # confidence 7 and 1: (7 * 2 * 1) / (7 * 2 * 2 + 1 * 1 * 1 + regularization 1)
    assert_close(found, torch.tensor([[14 / 30]]))


@pytest.mark.parametrize("dim", [1, 7, 8, 19])
def test_fold_in_equals_the_normal_equations_solved_user_by_user(dim):
    counts = some_counts()
    fixed = torch.randn(25, dim, generator=seeded(3), dtype=torch.float64)
    found = factorization.fold_in(counts, fixed, **ALS)

    for u in range(len(counts)):
        confidence = torch.diag(1 + 2.0 * counts[u])
        normal = fixed.T @ confidence @ fixed + 0.5 * torch.eye(dim)
        wanted = torch.linalg.solve(normal, fixed.T @ confidence @ (counts[u] > 0).double())
        assert_close(found[u], wanted)


def test_a_user_without_a_purchase_gets_zero_factors():
    counts = some_counts()
    found = factorization.fold_in(counts, some_factors(counts).item, **ALS)
    assert (found[3] == 0).all()
    assert (found[4] != 0).any()


def test_many_users_are_solved_as_a_few_are():
    counts = some_counts(n_users=1200)  # more than one block of rows
    fixed = some_factors(counts).item
    found = factorization.fold_in(counts, fixed, **ALS)
    assert_close(found[1000:1100], factorization.fold_in(counts[1000:1100], fixed, **ALS))


def test_no_half_iteration_raises_the_loss():
    counts = some_counts()
    factors = some_factors(counts)
    losses = [factorization.als_loss(counts, factors, **ALS)]

    for _ in range(5):
        user = factorization.fold_in(counts, factors.item, **ALS)
        losses.append(factorization.als_loss(counts, factors._replace(user=user), **ALS))
        item = factorization.fold_in(counts.T, user, **ALS)
        factors = factorization.Factors(user, item)
        losses.append(factorization.als_loss(counts, factors, **ALS))

    assert all(after <= before for before, after in pairwise(losses))
    assert losses[-1] < 0.8 * losses[0]


def test_the_loss_is_hand_worked():
    counts = torch.tensor([[1.0, 0.0]])
    factors = factorization.Factors(torch.tensor([[2.0]]), torch.tensor([[1.0], [0.5]]))
    # 3 * (1 - 2)^2 + 1 * (0 - 1)^2 + 0.5 * (4 + 1 + 0.25)
    assert factorization.als_loss(counts, factors, **ALS).item() == pytest.approx(4 + 2.625)


def test_folding_in_a_user_of_the_last_iteration_gives_that_user_back():
    counts = some_counts()
    before, after = list(
        factorization.als_iterations(counts, some_factors(counts), **ALS, iterations=2)
    )
    assert_close(factorization.fold_in(counts[7:8], before.item, **ALS), after.user[7:8])


def test_a_fit_is_the_last_iteration_and_the_seed_decides_it():
    counts = some_counts().float()
    start = factorization.random_factors(40, 25, dim=4, generator=seeded(9))
    *_, last = factorization.als_iterations(counts, start, **ALS, iterations=3)

    for seed, same in ((9, True), (10, False)):
        found = factorization.fit_als(counts, dim=4, **ALS, iterations=3, generator=seeded(seed))
        assert torch.equal(found.user, last.user) == same


def test_als_agrees_with_implicit():
    from implicit.cpu import als
    from scipy.sparse import csr_matrix

    counts = some_counts()
    start = some_factors(counts)
    *_, found = factorization.als_iterations(counts, start, **ALS, iterations=5)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the threads of BLAS
        model = als.AlternatingLeastSquares(
            factors=10, regularization=0.5, iterations=5, use_cg=False, dtype=np.float64
        )
        model.user_factors, model.item_factors = start.user.numpy(), start.item.numpy()
        # implicit takes the confidence itself, 1 + alpha * count, where there is a purchase
        confidence = torch.where(counts > 0, 1 + 2.0 * counts, 0)
        model.fit(csr_matrix(confidence.numpy()), show_progress=False)

    wanted = torch.from_numpy(model.user_factors @ model.item_factors.T)
    assert_close(found.user @ found.item.T, wanted, rtol=0, atol=1e-9)


def surprise_svd(ratings: torch.Tensor, **settings):
    """Surprise's SVD fitted to (user, item, stars) rows, and the same rows in its own numbers."""
    import pandas as pd
    import surprise

    frame = pd.DataFrame(ratings.numpy(), columns=["user", "item", "rating"])
    data = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5)))
    rows = data.build_full_trainset()
    return surprise.SVD(**settings).fit(rows), list(rows.all_ratings())


def test_gradient_descent_rating_by_rating_agrees_with_surprise():
    rated = (torch.rand(30, 20, generator=seeded(4)) < 0.4).nonzero()
    stars = torch.randint(1, 6, (len(rated), 1), generator=seeded(5))
    settings = {"n_factors": 6, "n_epochs": 8, "lr_all": 0.02, "reg_all": 0.1}
    wanted, rows = surprise_svd(torch.cat([rated, stars], dim=1), random_state=3, **settings)
    user, item, rating = (torch.tensor(column) for column in zip(*rows, strict=True))
    rating = rating.double()

    model = factorization.MatrixFactorization(30, 20, dim=6, mean=float(rating.mean())).double()
    start = np.random.RandomState(3)  # as Surprise draws: first the users, then the items
    model.user_embedding.data = torch.from_numpy(start.normal(0, 0.1, (30, 6)))
    model.item_embedding.data = torch.from_numpy(start.normal(0, 0.1, (20, 6)))
    met = list(
        factorization.sgd_epochs(
            model, user, item, rating, learning_rate=0.02, regularization=0.1, epochs=8
        )
    )

    assert_close(model.user_embedding.data, torch.from_numpy(wanted.pu), rtol=0, atol=1e-9)
    assert_close(model.item_embedding.data, torch.from_numpy(wanted.qi), rtol=0, atol=1e-9)
    assert_close(model.user_bias.data, torch.from_numpy(wanted.bu), rtol=0, atol=1e-9)
    assert_close(model.item_bias.data, torch.from_numpy(wanted.bi), rtol=0, atol=1e-9)
    assert met == sorted(met, reverse=True)


def test_waves_keep_every_row_after_the_earlier_rows_of_its_user_and_its_item():
    user = torch.randint(9, (200,), generator=seeded(6))
    item = torch.randint(7, (200,), generator=seeded(7))
    waves = factorization.independent_waves(user, item)
    wave = torch.empty(200, dtype=torch.long)
    for number, rows in enumerate(waves):
        wave[rows] = number

    assert torch.cat(waves).sort().values.tolist() == list(range(200))
    for later in range(200):
        shares = (user[:later] == user[later]) | (item[:later] == item[later])
        assert (wave[:later][shares] < wave[later]).all()


def test_the_output_is_hand_worked():
    model = factorization.MatrixFactorization(2, 2, dim=2, mean=3.5)
    model.user_bias.data = torch.tensor([0.0, 0.5])
    model.item_bias.data = torch.tensor([-1.0, 0.0])
    model.user_embedding.data = torch.tensor([[9.0, 9.0], [1.0, 2.0]])
    model.item_embedding.data = torch.tensor([[3.0, -1.0], [9.0, 9.0]])
    found = model(torch.tensor([1]), torch.tensor([0]))
    assert_close(found, torch.tensor([[3.5 + 0.5 - 1.0 + 3.0 - 2.0]]))


def test_both_factorisations_find_planted_tastes():
    taste = torch.randint(3, (120,), generator=seeded(11))
    kind = torch.randint(3, (60,), generator=seeded(12))
    chance = torch.where(taste[:, None] == kind, 0.4, 0.05)
    bought = torch.bernoulli(chance, generator=seeded(13))
    again = torch.bernoulli(chance, generator=seeded(14)).flatten()

    als = factorization.fit_als(
        bought, dim=4, regularization=5.0, alpha=1.0, iterations=10, generator=seeded(15)
    )
    torch.manual_seed(0)
    model = factorization.MatrixFactorization(120, 60, dim=4)
    user, item = torch.ones_like(bought).nonzero(as_tuple=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=1e-3)
    for _ in range(100):
        logits = model(user, item)[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, bought.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    oracle = metrics.auc(chance.flatten(), again)
    for scores in ((als.user @ als.item.T).flatten(), model(user, item)[:, 0]):
        assert 0.65 < metrics.auc(scores, again) < oracle < 0.85  # chance is .5


def test_evidence_that_least_squares_cannot_weigh_is_refused():
    counts = some_counts()

    def refused(match: str, **changed):
        settings = {"counts": counts, "iterations": 1, **ALS, **changed}
        with pytest.raises(ValueError, match=match):
            list(factorization.als_iterations(start=some_factors(counts), **settings))

    refused(r"`counts` must be finite and 0 or more; found -1\.", counts=counts - 1)
    refused(r"`counts` must be finite and 0 or more; found inf\.", counts=counts / 0)
    refused(r"`regularization` must be above 0; found 0\.0\.", regularization=0.0)
    refused(r"`alpha` must be 0 or more; found -1\.0\.", alpha=-1.0)
    refused(r"`iterations` must be 1 or more; found 0\.", iterations=0)
