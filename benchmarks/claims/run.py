"""One multi-task network against three single ones on the lessons' shop: claims, measured.

Run as `python benchmarks/claims/run.py`; it needs no download. Each finished row is written to
results.json beside this file, and is not made again by the next run with the same settings.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from time import process_time

import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from mtl_course import (
    baselines,
    calibration,
    capacity,
    catalogue,
    datasets,
    gains,
    intervals,
    losses,
    metrics,
    networks,
    retrieval,
    shop,
    training,
)
from mtl_course.interactions import Interactions, only_tasks, take
from mtl_course.results import read_results, write_results
from mtl_course.shop import Shop

RESULTS = Path(__file__).with_name("results.json")
TAGS = datasets.COMPLETE_JOURNEY_TAGS
TASKS = ("purchase", "quantity", *TAGS)
GROUPS = {  # which tasks share a network; the one is chosen last, beside the three
    "three": (("purchase",), ("quantity",), TAGS),
    "three small": (("purchase",), ("quantity",), TAGS),
    "one": (TASKS,),
}
SETTINGS = {
    "windows": "chosen: trained on 2 from 1, judged on 3; then trained on 3 from 1-2, tested on 4",
    "core": {"min_items": 5, "min_users": 90},
    "inputs": "user, item, the pair's history, the household's log baskets by category",
    "dim": 16,
    "hidden": 32,
    "dim_small": 5,  # of three networks that are together as large as the one
    "batch_size": 4096,
    "epochs": 1,  # with a cosine schedule down to a learning rate of 0
    "tag_steps": [
        25,
        100,
        400,
    ],  # of the network of tags alone, each on all who told; one is chosen
    "tellers": 400,  # tagged households that tell; 100 more choose, the others judge
    "choosers": 100,
    "learning_rates": [0.005, 0.01, 0.02, 0.04],  # each with each decay of the embeddings,
    "embedding_decays": [0.01, 0.03, 0.1],  # chosen by AP, by RMSE, by the tags' mean AUC;
    "weightings": [  # the one also with each of these, by the mean gain on the chosen three
        [0.6, 0.3, 0.034, 0.033, 0.033],  # purchase, quantity, each tag
        [0.4, 0.5, 0.034, 0.033, 0.033],
        [0.6, 0.391, 0.003, 0.003, 0.003],
        [0.2, 0.2, 0.2, 0.2, 0.2],
    ],
    "choosing_seed": 100,  # which is none of the table's
    "choosing_users": 5,  # every so many-th household of window 3
    "bins": 20,  # of the calibration
    "k": 10,
    "interval_seeds": 10,
    "few_tellers": [50, 100, 200],  # of the learning curves, whose last points have them all
    "few_users": [75, 230, 700],
    "draws": 400,  # of households, each with
    "seed_draws": 5,  # so many of seeds
}
DIRECTIONS = {"purchase": True, "quantity": False, TAGS[0]: True}  # of the metrics of a choice
KINDS = ("plain", "training", "households", "steps", "labels", "interval")


@dataclass(frozen=True)
class Recipe:
    """How one network is trained."""

    learning_rate: float
    embedding_decay: float
    weights: tuple[float, ...]  # of its tasks
    epochs: int


@dataclass(frozen=True)
class Material:
    """The shop, and which tagged households may do what."""

    core: Shop
    tellers: Tensor
    choosers: Tensor
    judges: Tensor

    def log(self, target: int, n_tellers: int = SETTINGS["tellers"]) -> Interactions:
        """Window `target` from those before; the first `n_tellers` have their tags observed."""
        log = only_tasks(shop.panel(self.core, target, range(1, target)), TASKS)
        told = torch.zeros(log.n_users, dtype=torch.bool)
        told[self.tellers[:n_tellers]] = True
        observed = log.observed.clone()
        observed[:, 2:] &= told[log.user][:, None]
        return replace(log, observed=observed)

    def habits(self, windows: Sequence[int]) -> Tensor:
        return shop.habits(self.core, windows)

    def tags(self) -> Tensor:
        return torch.tensor(self.core.users[list(TAGS)].to_numpy(dtype="float32"))


class TagsAlone(nn.Module):
    """The single task of the tags: the user's side of `networks.SharedBottom`, and its heads."""

    def __init__(self, n_users: int, dim: int, habits: Tensor) -> None:
        super().__init__()
        whole = networks.SharedBottom(
            n_users, 1, 4, dim=dim, hidden=2, n_tags=3, user_features=habits
        )
        self.user_embedding, self.user_side = whole.user_embedding, whole.user_side
        self.tag_heads = whole.tag_heads
        self.register_buffer("user_features", habits)

    def forward(self, user: Tensor, _item: Tensor, _history: Tensor | None = None) -> Tensor:
        u = self.user_embedding(user) + self.user_side(self.user_features[user])
        return self.tag_heads(u)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        rest = [*self.user_side.parameters(), *self.tag_heads.parameters()]
        table = {"params": [self.user_embedding.weight], "weight_decay": embedding_decay}
        return [table, {"params": rest, "weight_decay": 0.0}]


def prepared() -> Material:
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], **SETTINGS["core"])
    tags = torch.tensor(core.users[list(TAGS)].to_numpy(dtype="float32"))
    known = (~tags.isnan().any(dim=1)).nonzero()[:, 0]
    known = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(0))]
    n_told, n_choosing = SETTINGS["tellers"], SETTINGS["choosers"]
    return Material(core, *known.tensor_split([n_told, n_told + n_choosing]))


def new_model(net: str, tasks: tuple[str, ...], log: Interactions, habits: Tensor) -> nn.Module:
    dim, hidden = SETTINGS["dim"], SETTINGS["hidden"]
    if net == "three small":
        dim, hidden = SETTINGS["dim_small"], SETTINGS["hidden"] // 2
    if tasks == TAGS:
        return TagsAlone(log.n_users, dim, habits)
    return networks.SharedBottom(
        log.n_users,
        log.n_items,
        len(tasks),
        dim=dim,
        hidden=hidden,
        n_history=log.n_history,
        n_tags=sum(task in TAGS for task in tasks),
        user_features=habits,
    )


def rows_for(log: Interactions, tasks: tuple[str, ...]) -> Interactions:
    """What a network of `tasks` learns from; for tags alone one row of each household that told."""
    log = only_tasks(log, tasks)
    return take(log, log.observed.all(dim=1) & (log.item == 0)) if tasks == TAGS else log


def trained(
    net: str,
    log: Interactions,
    habits: Tensor,
    seed: int,
    recipe: Recipe,
    *,
    tasks: tuple[str, ...],
    watch: Callable[[int, nn.Module], None] | None = None,
) -> nn.Module:
    """A network of `tasks`; one that is watched keeps its learning rate to the end."""
    rows = rows_for(log, tasks)
    torch.manual_seed(seed)
    model = new_model(net, tasks, log, habits)
    groups = model.parameter_groups(embedding_decay=recipe.embedding_decay)
    adam = torch.optim.Adam(groups, lr=recipe.learning_rate, fused=True)
    n_steps = recipe.epochs * -(-len(rows) // SETTINGS["batch_size"])
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, n_steps)
    weights = torch.tensor(recipe.weights)
    for step in training.training_steps(
        model,
        rows,
        losses.task_losses,
        lambda found: (weights @ found).backward(),
        adam,
        epochs=recipe.epochs,
        batch_size=SETTINGS["batch_size"],
        generator=torch.Generator().manual_seed(seed),
    ):
        if watch is None:
            cosine.step()
        else:
            watch(step.step + 1, model)
    return model


@torch.no_grad()
def logits_of(model: nn.Module, log: Interactions, habits: Tensor) -> Tensor:
    """Of every row, with what is known of the household by then."""
    before, model.user_features = model.user_features, habits
    parts = torch.arange(len(log)).split(65_536)
    said = torch.cat([model(*take(log, rows).inputs) for rows in parts])
    model.user_features = before
    return said


def alone(tasks: tuple[str, ...]) -> tuple[float, ...]:
    return (1 / len(tasks),) * len(tasks)


def chosen_recipes(
    net: str, material: Material, rivals: list[float]
) -> list[list[dict[str, object]]]:
    """What was tried on windows 2 and 3, for each network; the best comes first.

    Args:
        rivals: AP, RMSE and AUC of the chosen single networks, which the one is to beat.
    """
    train, later = material.log(2), material.log(3)
    few = take(later, later.user % SETTINGS["choosing_users"] == 0)
    habits, found = material.habits([1]), []
    for tasks in GROUPS[net]:
        weightings = SETTINGS["weightings"] if net == "one" else [alone(tasks)]
        epochs = SETTINGS["tag_steps"] if tasks == TAGS else [SETTINGS["epochs"]]
        grid = (SETTINGS["learning_rates"], SETTINGS["embedding_decays"], weightings, epochs)
        tried = []
        for rate, decay, weights, n_epochs in product(*grid):
            recipe = Recipe(rate, decay, tuple(weights), n_epochs)
            model = trained(net, train, habits, SETTINGS["choosing_seed"], recipe, tasks=tasks)
            metric = held_out(model, few, material, tasks)
            directions = [larger for task, larger in DIRECTIONS.items() if task in tasks]
            against = rivals if net == "one" else [1.0] * len(metric)
            score = gains.multitask_gain(
                torch.tensor(metric), torch.tensor(against), larger_is_better=directions
            )
            tried.append(
                {
                    "recipe": [rate, decay, list(weights), n_epochs],
                    "metrics": [round(one, 5) for one in metric],
                    "score": round(float(score), 5),
                }
            )
            print(net, tried[-1], flush=True)
        found.append(sorted(tried, key=lambda one: -one["score"]))
    return found


def held_out(
    model: nn.Module, log: Interactions, material: Material, tasks: tuple[str, ...]
) -> list[float]:
    """AP of purchase and RMSE of quantity on `log`, and the tags' mean AUC on the choosers."""
    habits, found = material.habits([1, 2]), []
    said = logits_of(model, only_tasks(log, tasks), habits) if tasks != TAGS else None
    if "purchase" in tasks:
        found.append(metrics.average_precision(said[:, 0], log.labels[:, 0]))
    if "quantity" in tasks:
        amounts = said[:, tasks.index("quantity")].sigmoid()
        judged = log.labels[:, 1], log.observed[:, 1], log.scales[1]
        found.append(metrics.rmse(amounts, *judged))
    if TAGS[0] in tasks:
        logits, wanted = tag_logits(model, material.choosers, habits), material.tags()
        wanted = wanted[material.choosers]
        found.append(sum(metrics.auc(logits[:, t], wanted[:, t]) for t in range(3)) / 3)
    return found


@torch.no_grad()
def tag_logits(model: nn.Module, users: Tensor, habits: Tensor) -> Tensor:
    return model.tag_heads(model.user_embedding(users) + model.user_side(habits[users]))


@dataclass(frozen=True)
class Said:
    """What a network, or three, say of the test: logits of the pairs and of all users' tags."""

    pairs: Tensor  # [n, 2]
    tags: Tensor  # [users, 3]


def finished(
    net: str, material: Material, train: Interactions, test: Interactions, seed: int, recipes
) -> tuple[Said, int, float]:
    """What the trained networks say of `test`, their parameters, and the training's CPU seconds."""
    known, later = material.habits([1, 2]), material.habits([1, 2, 3])
    everybody = torch.arange(test.n_users)
    pairs, tags, size, seconds = [], None, 0, 0.0
    for tasks, recipe in zip(GROUPS[net], recipes, strict=True):
        start = process_time()
        model = trained(net, train, known, seed, recipe, tasks=tasks)
        seconds += process_time() - start
        size += capacity.count_parameters(model)
        if tasks != TAGS:
            n_pairs = sum(task not in TAGS for task in tasks)
            pairs.append(logits_of(model, test, later)[:, :n_pairs])
        if TAGS[0] in tasks:
            tags = tag_logits(model, everybody, later)
    return Said(torch.cat(pairs, dim=1), tags), size, seconds


def measured(said: Said, test: Interactions, material: Material) -> dict[str, float]:
    label, new = test.labels[:, 0], test.novel
    report = metrics.ranking_report(said.pairs[:, 0], test, task="purchase", k=SETTINGS["k"])
    seen, scale = test.observed[:, 1], test.scales[1]
    quantity = metrics.rmse(said.pairs[:, 1].sigmoid(), test.labels[:, 1], seen, scale)
    curve = calibration.reliability_curve(
        said.pairs[:, 0].sigmoid(), label, n_bins=SETTINGS["bins"]
    )
    judges, tags = material.judges, material.tags()
    auc = [metrics.auc(said.tags[judges, t], tags[judges, t]) for t in range(len(TAGS))]
    return {
        "ap_all": report.all_items.average_precision,
        "ap_novel": report.novel_items.average_precision,
        "auc_pooled": report.all_items.auc,
        "auc_household": report.all_items.user_auc.mean,
        "ap_household": report.all_items.user_average_precision.mean,
        "ndcg_household": report.all_items.ndcg.mean,
        "auc_pooled_novel": report.novel_items.auc,
        "auc_household_novel": report.novel_items.user_auc.mean,
        "rmse_quantity": quantity,
        **{f"auc_{tag}": one for tag, one in zip(TAGS, auc, strict=True)},
        "auc_tags": sum(auc) / len(auc),
        "calibration_error": calibration.expected_calibration_error(curve),
        **lists_of(
            said.pairs[:, 0].view(-1, test.n_items), label.view(-1, test.n_items), new, material
        ),
    }


def lists_of(scores: Tensor, bought: Tensor, new: Tensor, material: Material) -> dict[str, float]:
    """How much of the catalogue the lists show, and how popular that is against what was bought."""
    popularity = (shop.baskets(material.core, [1, 2, 3]) > 0).float().mean(dim=0)
    known, found = ~new.view_as(bought), {}
    for name, left_out, taken in (("all", None, bought), ("novel", known, bought * ~known)):
        lists = retrieval.top_k(scores, SETTINGS["k"], left_out)
        usual = catalogue.taken_popularity(taken, popularity)
        found[f"coverage_{name}"] = catalogue.coverage(lists, bought.shape[1])
        found[f"popularity_{name}"] = catalogue.mean_popularity(lists, popularity) / usual
    return found


def plain_rows(material: Material, test: Interactions) -> list[dict[str, object]]:
    """Chance, and scores that need no network."""
    counts, pair = shop.baskets(material.core, [1, 2, 3]), (test.user, test.item)
    train = material.log(3)
    seen = train.observed[:, 1]
    usual = train.labels[seen, 1].mean().logit().expand(len(test))
    taken = torch.zeros(2, test.n_items)
    taken[0].index_add_(0, train.item[seen], train.labels[seen, 1])
    taken[1].index_add_(0, train.item[seen], torch.ones(int(seen.sum())))
    by_item = ((taken[0] + usual.sigmoid()[0]) / (taken[1] + 1)).logit()[test.item]
    luck = torch.rand(len(test), generator=torch.Generator().manual_seed(0))
    no_tags = torch.zeros(test.n_users, len(TAGS))
    regressed = regression(material, SETTINGS["tellers"])
    busy = baselines.popularity_times_activity(counts)[pair]
    own = baselines.own_frequency(counts)[pair]
    found = []
    for name, score, quantity, tags in (
        ("chance", luck, usual, no_tags),
        ("popularity × activity", busy, by_item, regressed),
        ("own frequency", own, by_item, regressed),
    ):
        said = Said(torch.stack([score, quantity], dim=1), tags)
        row = measured(said, test, material)
        del row["calibration_error"]  # a score is no probability
        found.append({"kind": "plain", "net": name, **rounded(row)})
    return found


def regression(material: Material, n: int) -> Tensor:
    """Logistic regression of each tag on the habits, learned from `n` households: [users, tags]."""
    habits, tags = material.habits([1, 2, 3]).numpy(), material.tags()
    told = material.tellers[:n]
    scores = []
    for t in range(len(TAGS)):
        model = LogisticRegression(max_iter=1000).fit(habits[told], tags[told, t])
        scores.append(torch.tensor(model.decision_function(habits)).float())
    return torch.stack(scores, dim=1)


def steps_rows(material: Material, seed: int, recipes: dict) -> list[dict[str, object]]:
    """Held-out losses of purchase and quantity on window 3, every ten steps of window 2."""
    train, later = material.log(2), material.log(3)
    drawn = torch.randperm(len(later), generator=torch.Generator().manual_seed(0))[:20_000]
    few, habits = take(later, drawn), material.habits([1, 2])
    found = []
    for net in ("one", "three"):
        for tasks, recipe in zip(GROUPS[net], recipes[net], strict=True):
            pairs = tuple(task for task in tasks if task not in TAGS)
            if not pairs:
                continue
            judge = only_tasks(few, pairs)
            curve = []

            def watch(step, model, judge=judge, pairs=pairs, curve=curve):
                if step % 10 == 0:
                    said = logits_of(model, judge, habits)[:, : len(pairs)]
                    curve.append(losses.task_losses(said, judge).tolist())

            trained(net, train, material.habits([1]), seed, recipe, tasks=tasks, watch=watch)
            for t, task in enumerate(pairs):
                values = [round(one[t], 5) for one in curve]
                found.append(
                    {
                        "kind": "steps",
                        "net": net,
                        "seed": seed,
                        "task": task,
                        "every": 10,
                        "losses": values,
                    }
                )
    return found


def labels_rows(
    material: Material,
    seed: int,
    recipes: dict[str, list[Recipe]],
    test: Interactions,
    whole: list[dict[str, object]],
) -> list[dict[str, object]]:
    """Mean AUC of the tags by households that told, and AP of purchase by households that train.

    Args:
        whole: the rows of the trainings that had all labels, which are the last points.
    """
    found, later, known = [], material.habits([1, 2, 3]), material.habits([1, 2])
    tags, judges = material.tags(), material.judges

    def add(net: str, task: str, size: int, value: float) -> None:
        row = {"kind": "labels", "net": net, "seed": seed, "task": task, "size": size}
        found.append({**row, "value": round(value, 5)})

    for n, net in product(SETTINGS["few_tellers"], ("one", "three")):
        tasks, recipe = GROUPS[net][-1], recipes[net][-1]
        model = trained(net, material.log(3, n), known, seed, recipe, tasks=tasks)
        logits = tag_logits(model, judges, later)
        add(net, "tags", n, sum(metrics.auc(logits[:, t], tags[judges, t]) for t in range(3)) / 3)
    for n in [*SETTINGS["few_tellers"], SETTINGS["tellers"]] if seed == 0 else ():
        logits = regression(material, n)[judges]
        auc = [metrics.auc(logits[:, t], tags[judges, t]) for t in range(3)]
        add("regression", "tags", n, sum(auc) / 3)
    train = material.log(3)
    order = torch.randperm(train.n_users, generator=torch.Generator().manual_seed(2))
    place = order.argsort()[train.user]
    for n, net in product(SETTINGS["few_users"], ("one", "three")):
        tasks, recipe = GROUPS[net][0], recipes[net][0]
        model = trained(net, take(train, place < n), known, seed, recipe, tasks=tasks)
        said = logits_of(model, test, later)[:, 0]
        add(net, "purchase", n, metrics.average_precision(said, test.labels[:, 0]))
    for row in whole:
        if row["seed"] == seed and row["net"] != "three small":
            add(row["net"], "tags", SETTINGS["tellers"], row["auc_tags"])
            add(row["net"], "purchase", train.n_users, row["ap_all"])
    return found


MEASURES = {  # larger is better?
    "ap_all": True,
    "ap_novel": True,
    "auc_pooled": True,
    "ap_household": True,
    "rmse_quantity": False,
    **{f"auc_{tag}": True for tag in TAGS},
    "auc_tags": True,
}
DM_TASKS = ("ap_all", "rmse_quantity", "auc_tags")


def redrawn(said: Said, test: Interactions, material: Material, times: Tensor) -> Tensor:
    """Each measure in each draw of households, [measures, draws]."""
    label, new = test.labels[:, 0], test.novel
    every = intervals.redrawn_ranking(said.pairs[:, 0], label, test.user, times)
    novel = intervals.redrawn_ranking(said.pairs[new, 0], label[new], test.user[new], times)
    lists = metrics.ranked_lists(said.pairs[:, 0], label, test.user)
    own = torch.zeros(test.n_users)
    own[: len(lists.lengths)] = metrics.average_precision_per_user(lists).nan_to_num()
    came = torch.zeros(test.n_users)
    came[test.user.unique()] = 1.0
    weights = times.float()
    seen, scale = test.observed[:, 1], test.scales[1]
    squared = (said.pairs[seen, 1].sigmoid() - test.labels[seen, 1]).square()
    per_user = torch.zeros(2, test.n_users)
    per_user[0].index_add_(0, test.user[seen], squared)
    per_user[1].index_add_(0, test.user[seen], torch.ones(int(seen.sum())))
    rmse = (scale.high - scale.low) * ((weights @ per_user[0]) / (weights @ per_user[1])).sqrt()
    judges, tags = material.judges, material.tags()
    auc = [
        intervals.redrawn_ranking(said.tags[judges, t], tags[judges, t], judges, times).auc
        for t in range(len(TAGS))
    ]
    household = (weights @ own) / (weights @ came)
    by_measure = [
        every.average_precision,
        novel.average_precision,
        every.auc,
        household,
        rmse,
        *auc,
    ]
    return torch.stack([*by_measure, torch.stack(auc).mean(dim=0)])


def interval_rows(saids: dict, test: Interactions, material: Material) -> list[dict[str, object]]:
    """The gain of the one network on the three, with households and seeds drawn again."""
    generator = torch.Generator().manual_seed(0)
    times = intervals.draw_times(test.n_users, draws=SETTINGS["draws"], generator=generator)
    times = torch.cat([torch.ones_like(times[:1]), times])  # the first draw: everybody, once
    drawn = {
        net: torch.stack([redrawn(one, test, material, times) for one in of_seeds])
        for net, of_seeds in saids.items()
    }  # [seeds, measures, draws]
    n_seeds = len(drawn["one"])
    n_picks = SETTINGS["draws"] * SETTINGS["seed_draws"]
    picked = torch.randint(n_seeds, (n_picks, n_seeds), generator=generator)
    household_draw = 1 + torch.arange(n_picks) % SETTINGS["draws"]
    # each draw of households meets seeds drawn anew, the same for both rivals; first the real ones
    means = {
        net: torch.stack(
            [one[:, :, 0].mean(dim=0)]
            + [
                one[seeds, :, d].mean(dim=0)
                for seeds, d in zip(picked, household_draw, strict=True)
            ]
        )
        for net, one in drawn.items()
    }  # [1 + picks, measures]
    directions, found = list(MEASURES.values()), []
    sign = torch.tensor([1.0 if larger else -1.0 for larger in directions])
    parts = [list(MEASURES).index(task) for task in DM_TASKS]
    for rival in means.keys() - {"one"}:
        gap = sign * (means["one"] - means[rival])
        dm = gains.multitask_gain(
            means["one"][:, parts],
            means[rival][:, parts],
            larger_is_better=[directions[m] for m in parts],
        )
        for measure, values in zip([*MEASURES, "multitask_gain"], [*gap.T, dm], strict=True):
            found.append(row_of(rival, measure, values))
    return sorted(found, key=lambda row: row["net"])


def row_of(rival: str, measure: str, values: Tensor) -> dict[str, object]:
    """The gain, above 0 where the one network is better, and its interval from all other draws."""
    low, high = intervals.middle(values[1:])
    found = rounded({"value": float(values[0]), "low": low, "high": high})
    return {"kind": "interval", "net": rival, "measure": measure, **found}


def rounded(row: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in row.items()}


def household_gains(ours: Said, theirs: Said, test: Interactions) -> list[int]:
    """Each household's gain in average precision, in ten-thousandths, in the order of the test."""
    ap = [
        metrics.average_precision_per_user(
            metrics.ranked_lists(one.pairs[:, 0], test.labels[:, 0], test.user)
        )[test.user.unique()]
        for one in (ours, theirs)
    ]
    return (10_000 * (ap[0] - ap[1])).round().int().tolist()


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    made_with = {"settings": SETTINGS, "data": {"SHA256SUMS": datasets.complete_journey_digest()}}
    return read_results(RESULTS, made_with, torch=torch.__version__, chosen={})


def recipes_of(results: dict, net: str) -> list[Recipe]:
    found = []
    for tried in results["chosen"][net]:
        rate, decay, weights, epochs = tried[0]["recipe"]
        found.append(Recipe(rate, decay, tuple(weights), epochs))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--few", type=int, default=5, help="seeds of the curves")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    results, material = read(), prepared()
    for net in GROUPS:
        if net not in results["chosen"]:
            best = [tried[0]["metrics"][0] for tried in results["chosen"].get("three", [])]
            results["chosen"][net] = chosen_recipes(net, material, best)
            write_results(RESULTS, results)
    recipes = {net: recipes_of(results, net) for net in GROUPS}

    def add(rows: list[dict[str, object]]) -> None:
        results["rows"] += rows
        results["rows"].sort(key=lambda row: KINDS.index(row["kind"]))
        write_results(RESULTS, results)
        print(
            [{k: v for k, v in row.items() if k not in ("losses", "gain")} for row in rows[:2]],
            flush=True,
        )

    def of_kind(kind: str) -> list[dict[str, object]]:
        return [row for row in results["rows"] if row["kind"] == kind]

    def done(kind: str) -> set[int]:
        return {row.get("seed") for row in of_kind(kind)}

    train, test = material.log(3), material.log(4)
    if not done("plain"):
        add(plain_rows(material, test))
    saids: dict[str, list[Said]] = {"one": [], "three": []}
    missing = set(range(chosen.seeds)) - done("training")
    again = bool(missing) or not done("interval")  # the draws need what every network says
    for seed in range(chosen.seeds) if again else ():
        rows, of_seed = [], {}
        for net in GROUPS if seed in missing else ("one", "three"):
            of_seed[net], size, seconds = finished(net, material, train, test, seed, recipes[net])
            if net in saids and seed < SETTINGS["interval_seeds"]:
                saids[net].append(of_seed[net])
            if seed in missing:
                row = {"kind": "training", "net": net, "seed": seed, "parameters": size}
                row["recipes"] = [list(vars(recipe).values()) for recipe in recipes[net]]
                row |= {
                    "cpu_seconds": round(seconds, 2),
                    **rounded(measured(of_seed[net], test, material)),
                }
                rows.append(row)
        if seed in missing:
            gain = household_gains(of_seed["one"], of_seed["three"], test)
            add([*rows, {"kind": "households", "net": "three", "seed": seed, "gain": gain}])
    if again:
        results["rows"] = [row for row in results["rows"] if row["kind"] != "interval"]
        add(interval_rows(saids, test, material))
    for seed in sorted(set(range(chosen.few)) - done("steps")):
        add(steps_rows(material, seed, recipes))
    for seed in sorted(set(range(chosen.few)) - done("labels")):
        add(labels_rows(material, seed, recipes, test, of_kind("training")))
    table = pd.DataFrame([row for row in results["rows"] if row["kind"] == "interval"])
    print(table.drop(columns="kind").to_string(index=False))


if __name__ == "__main__":
    main()
