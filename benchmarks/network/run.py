"""The network of lesson 03 at full size: every household, every row, against what it has to beat.

Run as `python benchmarks/network/run.py`.
"""

import argparse
from collections.abc import Sequence
from time import process_time

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor
from tqdm.auto import tqdm

from mtl_course import (
    baselines,
    datasets,
    factorization,
    losses,
    metrics,
    neighborhood,
    networks,
    shop,
    training,
)
from mtl_course.interactions import Interactions, only_tasks, with_scores
from mtl_course.scalarization import weighted_sum

ALS = {"dim": 64, "regularization": 30.0, "alpha": 1.0, "iterations": 10}
DIM, HIDDEN, EMBEDDING_DECAY = 8, 32, 0.3
LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 8192, 3
WEIGHTS = torch.tensor([0.7, 0.3])  # of purchase and quantity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    n_seeds = parser.parse_args().seeds

    torch.set_num_threads(1)
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
    print(f"{len(core.users):,} households x {len(core.items)} items; torch {torch.__version__}")
    for title, target in (("validation", 3), ("test", 4)):
        print_table(core, title, target, n_seeds)


def print_table(core: shop.Shop, title: str, target: int, n_seeds: int) -> None:
    """Trains on the window before `target`, judges all rows of `target`."""
    train, _ = with_inputs(core, target - 1)
    judged, als = with_inputs(core, target)
    bought, novel = judged.labels[:, 0], judged.novel
    print(
        f"\n{title}: {len(train):,} rows of window {target - 1} train, "
        f"{len(judged):,} of window {target} judge ({int(novel.sum()):,} novel pairs)"
    )
    print(f"{'AP of purchase':28s}{'all':>8s}{'novel':>8s}{'CPU seconds':>13s}")
    print(f"{'chance':28s}{bought.mean():8.4f}{bought[novel].mean():8.4f}")

    known = shop.baskets(core, range(1, target))
    print_row("own frequency", baselines.own_frequency(known)[judged.user, judged.item], judged)
    print_row("ALS", als[judged.user, judged.item], judged)
    start = process_time()
    boosted = boosting_scores(train, judged)
    print_row("gradient boosting", boosted, judged, process_time() - start)
    for seed in range(n_seeds):
        start = process_time()
        model = trained(train, seed)
        seconds = process_time() - start
        with torch.no_grad():
            scores = model.eval()(*judged.inputs)[:, 0]
        print_row(f"the network, seed {seed}", scores, judged, seconds)


def print_row(
    name: str, scores: Tensor, judged: Interactions, seconds: float | None = None
) -> None:
    bought, novel = judged.labels[:, 0], judged.novel
    everywhere = metrics.average_precision(scores, bought)
    on_novel = metrics.average_precision(scores[novel], bought[novel])
    print(f"{name:28s}{everywhere:8.4f}{on_novel:8.4f}", end="")
    print("" if seconds is None else f"{seconds:13.1f}")


def with_inputs(core: shop.Shop, target: int) -> tuple[Interactions, Tensor]:
    """The rows of `target`, each with its pair's history and three scores, and the scores of ALS.

    All inputs come from the windows before `target`.
    """
    history = range(1, target)
    log = only_tasks(shop.panel(core, target, history), ("purchase", "quantity"))
    found = collaborative_scores(shop.baskets(core, history), len(history))
    for scores in found:
        log = with_scores(log, scores)
    return log, found[0]


def collaborative_scores(counts: Tensor, n_windows: int) -> Sequence[Tensor]:
    """ALS, item neighbours, user neighbours: each [users, items]."""
    taken, often = (counts > 0).float(), counts.log1p()
    factors = factorization.fit_als(often, **ALS, generator=torch.Generator().manual_seed(0))
    near_items = neighborhood.item_neighbors(taken, k=20, shrinkage=0.0)
    near_users = neighborhood.user_neighbors(often, k=50, shrinkage=0.0)
    return (
        factors.user @ factors.item.T,
        neighborhood.predict_from_item_neighbors(taken, near_items) / n_windows,
        neighborhood.predict_from_user_neighbors(often, near_users) / n_windows,
    )


def boosting_scores(train: Interactions, judged: Interactions) -> Tensor:
    """scikit-learn's trees, at their own settings, on the inputs of the network but the ids."""
    trees = HistGradientBoostingClassifier(random_state=0)
    trees.fit(train.history.numpy(), train.labels[:, 0].numpy())
    return torch.from_numpy(trees.decision_function(judged.history.numpy()))


def trained(train: Interactions, seed: int) -> networks.SharedBottom:
    torch.manual_seed(seed)
    model = networks.SharedBottom(
        train.n_users,
        train.n_items,
        len(train.tasks),
        dim=DIM,
        hidden=HIDDEN,
        n_history=train.n_history,
    )
    groups = model.parameter_groups(embedding_decay=EMBEDDING_DECAY)
    optimizer = torch.optim.Adam(groups, lr=LEARNING_RATE, fused=True)
    n_steps = EPOCHS * (1 + (len(train) - 1) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    steps = training.training_steps(
        model,
        train,
        losses.task_losses,
        lambda found: weighted_sum(found, WEIGHTS).backward(),
        optimizer,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        generator=torch.Generator().manual_seed(seed),
    )
    for _ in tqdm(steps, total=n_steps, desc=f"seed {seed}", leave=False):
        schedule.step()
    return model


if __name__ == "__main__":
    main()
