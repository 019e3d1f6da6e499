"""Losses: one number per task, moved by what was observed and by nothing else."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal, localcontext
from math import log

import pytest
import torch
from torch.nn.functional import binary_cross_entropy
from torch.testing import assert_close

from mtl_course import losses, metrics, networks, simulation
from mtl_course.interactions import Interactions, minibatches, only_tasks, take
from mtl_course.scalarization import weighted_sum


@pytest.fixture
def four_pairs() -> Interactions:
    """Four pairs, two purchases; the quantity is known only where there was a purchase."""
    return Interactions(
        user=torch.tensor([0, 0, 1, 2]),
        item=torch.tensor([0, 1, 0, 1]),
        labels=torch.tensor([[1.0, 0.75], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        observed=torch.tensor([[True, True], [True, True], [True, False], [True, False]]),
        tasks=("purchase", "quantity"),
        n_users=3,
        n_items=2,
    )


@pytest.fixture
def four_impressions() -> Interactions:
    """Two clicks, one conversion; each conversion is observed, the unclicked ones' too."""
    return Interactions(
        user=torch.tensor([0, 0, 1, 2]),
        item=torch.tensor([0, 1, 0, 1]),
        labels=torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        observed=torch.ones(4, 2, dtype=torch.bool),
        tasks=("click", "conversion"),
        n_users=3,
        n_items=2,
        propensity=torch.tensor([0.5, 1.0, 0.25, 0.125]),
    )


def test_losses_worked_by_hand(four_pairs):
    # sigmoid(log 3) = 3/4. Purchase: two rows pay -log(3/4), two pay -log(1/4).
    # Quantity, two rows observed: 0.75 pays -3/4 log(3/4) - 1/4 log(1/4), 0 pays -log(1/4).
    logits = torch.full((4, 2), log(3))

    found = losses.task_losses(logits, four_pairs)

    purchase = (2 * log(4 / 3) + 2 * log(4)) / 4
    quantity = (0.75 * log(4 / 3) + 0.25 * log(4) + log(4)) / 2
    assert_close(found, torch.tensor([purchase, quantity]))


def test_losses_equal_pytorchs_own_on_the_observed_rows():
    generator = torch.Generator().manual_seed(0)
    batch = _random_batch(200, generator)
    logits = 3 * torch.randn(200, 3, generator=generator)

    found = losses.task_losses(logits, batch)

    for task in range(3):
        seen = batch.observed[:, task]
        probabilities = logits[seen, task].double().sigmoid()
        expected = binary_cross_entropy(probabilities, batch.labels[seen, task].double())
        assert_close(found[task].double(), expected, rtol=1e-5, atol=0)


def test_a_label_nobody_could_observe_cannot_move_a_loss(four_pairs):
    logits = torch.tensor([[0.5, -1.0], [2.0, 3.0], [0.0, 1.0], [-1.0, 4.0]])
    unseen = ~four_pairs.observed
    flipped = replace(four_pairs, labels=torch.where(unseen, 1.0, four_pairs.labels))

    assert_close(losses.task_losses(logits, four_pairs), losses.task_losses(logits, flipped))


def test_an_unobserved_label_sends_no_gradient_even_from_an_infinite_logit(four_pairs):
    logits = torch.zeros(4, 2)
    logits[2, 1] = torch.inf
    logits.requires_grad_()

    found = losses.task_losses(logits, four_pairs)
    found.sum().backward()

    assert found.isfinite().all()
    assert (logits.grad[~four_pairs.observed] == 0).all()


def test_a_task_without_an_observed_label_costs_nothing_and_sends_no_gradient(four_pairs):
    logits = torch.ones(2, 2, requires_grad=True)
    batch = take(four_pairs, torch.tensor([2, 3]))  # no purchase, so no quantity

    found = losses.task_losses(logits, batch)
    found.sum().backward()

    assert found[1] == 0
    assert (logits.grad[:, 1] == 0).all()
    assert (logits.grad[:, 0] > 0).all()


def test_logits_far_out_cost_their_own_size_and_stay_finite(four_pairs):
    # at +-200 the sigmoid rounds to 0 or 1; a wrong answer there costs 200 nats, a right one none
    found = losses.task_losses(torch.full((4, 2), 200.0), four_pairs)
    # quantity: a label of 3/4 pays a quarter of 200, a label of 0 pays all of it
    assert_close(found, torch.tensor([100.0, 125.0]))


def test_many_models_at_once_have_the_losses_of_each_alone():
    generator = torch.Generator().manual_seed(0)
    batch = _random_batch(50, generator)
    logits = torch.randn(5, 50, 3, generator=generator)

    found = torch.func.vmap(lambda one: losses.task_losses(one, batch))(logits)

    assert_close(found, torch.stack([losses.task_losses(one, batch) for one in logits]))


# --- the funnel -------------------------------------------------------------------------------


def test_entire_space_losses_worked_by_hand(four_impressions):
    # sigmoid(log 3) = 3/4, so ctr = 3/4 and ctcvr = 3/4 * 1/2 = 3/8.
    # Click: two rows pay -log(3/4), two -log(1/4). Both: one pays -log(3/8), three -log(5/8).
    logits = torch.tensor([[log(3), 0.0]]).expand(4, 2)

    found = losses.entire_space_losses(logits, four_impressions)

    click = (2 * log(4 / 3) + 2 * log(4)) / 4
    both = (log(8 / 3) + 3 * log(8 / 5)) / 4
    assert_close(found, torch.tensor([click, both]))


def test_the_clicks_loss_is_that_of_task_losses_and_the_plain_product_gives_the_others():
    batch = _random_funnel(200)
    logits = 3 * torch.randn(200, 2, generator=torch.Generator().manual_seed(1))

    found = losses.entire_space_losses(logits, batch)

    assert_close(found[0], losses.task_losses(logits, batch)[0])
    ctcvr = logits.double().sigmoid().prod(dim=1)
    expected = binary_cross_entropy(ctcvr, batch.labels[:, 1].double())
    assert_close(found[1].double(), expected, rtol=1e-5, atol=0)


def test_it_stays_exact_where_the_plain_product_rounds_to_one(four_impressions):
    found = losses.entire_space_losses(torch.full((4, 2), 40.0), four_impressions)
    # 1 - p is 2 exp(-40) there, and three of the four impressions did not convert
    assert_close(found[1], torch.tensor(3 / 4 * (40 - log(2))))


FAR = [-100.0, -40.0, -5.0, 0.0, 5.0, 40.0, 100.0]


@pytest.mark.parametrize("converted", [0.0, 1.0])
@pytest.mark.parametrize("cvr", FAR)
@pytest.mark.parametrize("ctr", FAR)
def test_the_loss_of_both_and_its_gradient_are_exact_at_both_ends(ctr, cvr, converted):
    expected, in_ctr, in_cvr = _exact_loss_of_both(ctr, cvr, converted)

    for dtype, digits in ((torch.float64, 1e-13), (torch.float32, 3e-5)):
        logits = torch.tensor([[ctr, cvr]], dtype=dtype, requires_grad=True)
        found = losses.entire_space_losses(logits, _one_impression(converted, dtype))[1]
        found.backward()

        # log-odds of 200 are good to 1e-5 in float32, and what is made of them by exp is as well
        assert float(found.detach()) == pytest.approx(expected, rel=digits, abs=1e-40)
        assert logits.grad[0].tolist() == pytest.approx([in_ctr, in_cvr], rel=digits, abs=1e-40)


def test_without_a_click_there_is_no_conversion_whether_that_is_marked_observed_or_not():
    everywhere = _random_funnel(100)
    clicked = everywhere.labels[:, 0].bool()
    after_a_click = replace(
        everywhere,
        labels=torch.stack(
            [everywhere.labels[:, 0], everywhere.labels[:, 1].where(clicked, 1.0)], 1
        ),
        observed=torch.stack([everywhere.observed[:, 0], clicked], dim=1),
    )  # a label that was not observed means nothing
    logits = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))

    found = losses.entire_space_losses(logits, after_a_click)

    assert_close(found, losses.entire_space_losses(logits, everywhere))
    assert (losses.task_losses(logits, after_a_click) != found)[1]


def test_a_click_whose_conversion_nobody_saw_tells_of_the_click_alone(four_impressions):
    unseen = four_impressions.observed.clone()
    unseen[0, 1] = False  # clicked, and its label of 1 means nothing now
    unseen[2, 0] = False  # not known to be clicked, known not to be converted
    unseen[3] = False  # nothing is known
    batch = replace(four_impressions, observed=unseen)
    logits = torch.tensor([[log(3), 0.0], [log(3), 0.0], [log(3), 0.0], [5.0, 5.0]])

    found = losses.entire_space_losses(logits, batch)

    # click: rows 0 and 1, both clicked; both: rows 1 and 2, neither converted
    assert_close(found, torch.tensor([log(4 / 3), log(8 / 5)]))


def test_a_batch_in_which_nothing_is_known_of_a_stage_costs_nothing(four_impressions):
    unseen = four_impressions.observed.clone()
    unseen[:, 1] = False
    batch = take(replace(four_impressions, observed=unseen), torch.tensor([0, 1]))

    found = losses.entire_space_losses(torch.zeros(2, 2), batch)

    assert_close(found, torch.tensor([log(2), 0.0]))  # both were clicked, who knows what then


def test_ctcvr_is_the_product_of_both_probabilities_and_moves_both_logits():
    logits = torch.tensor([[0.0, 0.0], [log(3), log(4)], [-50.0, 60.0]], requires_grad=True)

    found = losses.ctcvr_logits(logits)
    found.sum().backward()

    # 1/2 * 1/2 against 3/4: log(1/3). 3/4 * 4/5 = 3/5 against 2/5: log(3/2).
    assert_close(found, torch.tensor([-log(3), log(1.5), -50.0]))
    assert (logits.grad >= 0).all() and (logits.grad[:2] > 0.1).all()


def test_a_network_trained_on_the_entire_space_lands_between_chance_and_the_oracle():
    generator = torch.Generator().manual_seed(0)
    world = simulation.random_world(
        generator, agreement=0.5, n_users=60, n_items=30, cold_share=0.0
    )
    log_ = only_tasks(simulation.show(world, 10_000, generator), ("click", "purchase"))
    test = only_tasks(simulation.show(world, 10_000, generator), ("click", "purchase"))
    torch.manual_seed(0)
    model = networks.SharedBottom(60, 30, 2, dim=6, hidden=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, fused=True)
    for _ in range(3):
        for batch in minibatches(losses.checked_funnel(log_), 256, generator):
            found = losses.entire_space_losses(model(*batch.inputs), batch)
            optimizer.zero_grad()
            weighted_sum(found, torch.ones(2)).backward()
            optimizer.step()

    with torch.no_grad():
        learned = losses.ctcvr_logits(model(*test.inputs))
    oracle = simulation.true_probabilities(world, test.user, test.item)[:, 1]
    bought = test.labels[:, 1]
    auc = [metrics.auc(scores, bought) for scores in (learned, oracle)]
    assert 0.75 < auc[0] < auc[1] - 0.002
    assert abs(learned.sigmoid().mean() - oracle.mean()) < 0.03


def test_a_funnel_comes_back_as_it_was_and_one_that_leaks_is_refused(four_impressions):
    assert losses.checked_funnel(four_impressions) is four_impressions
    # a label of 1 that was not observed means nothing
    stray = replace(four_impressions, labels=four_impressions.labels.clone())
    stray.labels[2, 1] = 1.0
    unseen = stray.observed.clone()
    unseen[2, 1] = False
    losses.checked_funnel(replace(stray, observed=unseen))

    message = r"found 1 of 4 rows with 'conversion' and without 'click', the first of them row 2\."
    with pytest.raises(ValueError, match=message):
        losses.checked_funnel(stray)
    with pytest.raises(ValueError, match=r"found 1 of 4 rows .* row 1\. Is the order of `tasks`"):
        losses.checked_funnel(only_tasks(four_impressions, ("conversion", "click")))


@pytest.mark.parametrize("tasks", [("click",), ("click", "conversion", "return")])
def test_a_funnel_of_other_than_two_stages_is_refused(four_impressions, tasks):
    columns = torch.zeros(4, len(tasks))
    batch = replace(four_impressions, labels=columns, observed=columns == 0, tasks=tasks)

    for call in (
        lambda: losses.entire_space_losses(columns, batch),
        lambda: losses.checked_funnel(batch),
    ):
        with pytest.raises(ValueError, match=rf"needs 2 tasks, .* found {len(tasks)}: \('click',"):
            call()


# --- weights by propensity --------------------------------------------------------------------


def test_ips_and_snips_losses_worked_by_hand(four_impressions):
    # every bce is log 2; weights 2, 1, 4 and 8. The conversion of rows 1 and 3 was not observed.
    seen = torch.tensor([[True, True], [True, False], [True, True], [True, False]])
    logits = torch.tensor([[log(3), 0.0]]).expand(4, 2)
    batch = replace(four_impressions, observed=seen)

    ips = losses.ips_losses(logits, batch)
    snips = losses.snips_losses(logits, batch)

    # click: -log(3/4) with weights 2 and 1, -log(1/4) with weights 4 and 8; conversion: 2 and 4
    click = 3 * log(4 / 3) + 12 * log(4)
    assert_close(ips, torch.tensor([click / 4, 6 * log(2) / 4]))
    assert_close(snips, torch.tensor([click / 15, log(2)]))


def test_with_equal_propensities_snips_is_the_plain_loss_and_ips_too_if_all_was_observed():
    batch = _random_batch(100, torch.Generator().manual_seed(0))
    logits = torch.randn(100, 3, generator=torch.Generator().manual_seed(1))
    sure = replace(batch, propensity=torch.ones(100), observed=torch.ones_like(batch.observed))
    tenth = replace(batch, propensity=torch.full((100,), 0.1))

    assert_close(losses.ips_losses(logits, sure), losses.task_losses(logits, sure))
    assert_close(losses.snips_losses(logits, tenth), losses.task_losses(logits, batch))


def test_over_many_selections_ips_is_the_loss_over_all_rows_and_the_plain_loss_is_not():
    # rows that are easy to predict are observed nine times as often as the others
    generator = torch.Generator().manual_seed(0)
    everything = _random_batch(400, generator)
    everything = replace(everything, observed=torch.ones_like(everything.observed))
    logits = torch.where(everything.labels > 0.5, 2.0, -2.0)
    logits[::2] *= -1
    propensity = torch.where(torch.arange(400) % 2 == 0, 0.1, 0.9)
    truth = losses.task_losses(logits, everything)

    found = []
    for _ in range(300):
        seen = torch.rand(400, generator=generator) < propensity
        batch = replace(everything, propensity=propensity, observed=seen[:, None].expand(400, 3))
        ways = (losses.ips_losses, losses.snips_losses, losses.task_losses)
        found.append(torch.stack([way(logits, batch) for way in ways]))

    found = torch.stack(found)  # [draws, ways, tasks]
    ips, snips, plain = found.mean(dim=0)
    assert (ips - truth).abs().max() < 0.02  # about 3 standard errors
    assert (snips - truth).abs().max() < 0.02
    assert (plain < truth - 0.3).all()
    assert (found.std(dim=0)[1] < found.std(dim=0)[0]).all()  # self-normalised: calmer


def test_a_factor_common_to_all_propensities_moves_ips_and_not_snips(four_impressions):
    logits = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    rarer = replace(four_impressions, propensity=four_impressions.propensity / 10)

    ips = losses.ips_losses(logits, rarer)

    assert_close(ips, 10 * losses.ips_losses(logits, four_impressions))
    snips = losses.snips_losses(logits, rarer)
    assert_close(snips, losses.snips_losses(logits, four_impressions))


@pytest.mark.parametrize("way", [losses.ips_losses, losses.snips_losses])
def test_a_weighted_loss_of_what_nobody_observed_is_zero_even_from_an_infinite_logit(
    four_impressions, way
):
    logits = torch.zeros(4, 2)
    logits[:, 1] = torch.inf
    logits.requires_grad_()
    seen = four_impressions.observed.clone()
    seen[:, 1] = False

    found = way(logits, replace(four_impressions, observed=seen))
    found.sum().backward()

    assert found[1] == 0 and found[0] > 0
    assert (logits.grad[:, 1] == 0).all()


@pytest.mark.parametrize("way", [losses.ips_losses, losses.snips_losses])
def test_a_batch_without_propensities_is_refused_with_the_remedy(four_pairs, way):
    with pytest.raises(ValueError, match=r"found `propensity` None\. .*replace\(log, propensity="):
        way(torch.zeros(4, 2), four_pairs)


@pytest.mark.parametrize(
    "way", [losses.entire_space_losses, losses.ips_losses, losses.snips_losses]
)
def test_many_networks_on_minibatches_of_their_own_have_the_losses_of_each_alone(way):
    log_ = _random_funnel(60)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(60, (5, 20), generator=generator)
    logits = torch.randn(5, 20, 2, generator=generator)

    found = torch.func.vmap(lambda one, its: way(one, take(log_, its)))(logits, rows)

    pairs = zip(logits, rows, strict=True)
    assert_close(found, torch.stack([way(one, take(log_, its)) for one, its in pairs]))


def test_importing_losses_loads_no_screen_and_no_tables():
    code = (
        "import sys, mtl_course.losses;"
        "print([name for name in ('matplotlib', 'ipywidgets', 'IPython', 'anywidget', 'pandas',"
        " 'sklearn', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    assert found.stdout.strip() == "[]"


def _random_batch(n: int, generator: torch.Generator) -> Interactions:
    return Interactions(
        user=torch.randint(9, (n,), generator=generator),
        item=torch.randint(7, (n,), generator=generator),
        labels=torch.rand(n, 3, generator=generator),
        observed=torch.rand(n, 3, generator=generator) < 0.6,
        tasks=("purchase", "quantity", "any_kids"),
        n_users=9,
        n_items=7,
    )


def _random_funnel(n: int) -> Interactions:
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(n, 2, generator=generator) < 0.5).float().cumprod(dim=1)
    return Interactions(
        user=torch.randint(9, (n,), generator=generator),
        item=torch.randint(7, (n,), generator=generator),
        labels=labels,
        observed=torch.ones(n, 2, dtype=torch.bool),
        tasks=("click", "conversion"),
        n_users=9,
        n_items=7,
        propensity=0.1 + 0.9 * torch.rand(n, generator=generator),
    )


def _one_impression(converted: float, dtype: torch.dtype) -> Interactions:
    return Interactions(
        user=torch.tensor([0]),
        item=torch.tensor([0]),
        labels=torch.tensor([[1.0, converted]], dtype=dtype),
        observed=torch.tensor([[True, True]]),
        tasks=("click", "conversion"),
        n_users=1,
        n_items=1,
    )


def _exact_loss_of_both(ctr: float, cvr: float, converted: float) -> tuple[float, float, float]:
    """-log p or -log(1 - p) of p = ctr * cvr and its two derivatives, with 200 digits."""
    with localcontext() as context:
        context.prec = 200
        a, b = Decimal(ctr), Decimal(cvr)
        not_clicked, not_converted = 1 / (1 + a.exp()), 1 / (1 + b.exp())
        p = (1 - not_clicked) * (1 - not_converted)
        if converted:  # d log p / da = 1 - ctr
            return float(-p.ln()), float(-not_clicked), float(-not_converted)
        odds = p / (1 - p)
        return float(-(1 - p).ln()), float(odds * not_clicked), float(odds * not_converted)
