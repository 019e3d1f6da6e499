"""Exact lists against an index of the items, and what an update of a household costs.

Run as `python benchmarks/retrieval/run.py`, on the shop of the lessons; it needs no download. Each
finished size is written to results.json beside this file.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import torch
from torch import Tensor

from mtl_course import datasets, factorization, indexing, retrieval, shop
from mtl_course.factorization import Factors
from mtl_course.results import write_results

RESULTS = Path(__file__).with_name("results.json")
K = 10
SETTINGS = {
    "als": {"dim": 32, "regularization": 30.0, "alpha": 1.0, "iterations": 10},  # windows 1 to 3
    "real_cores": {"705": 90, "1251": 20},  # items: households that an item needs at least
    "simulated_items": [1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000],
    "jitter": 0.3,  # a simulated item is a real one's vector moved by so many standard deviations
    "households": 200,  # asked for their lists one at a time
    "rounds": 5,  # the fastest round counts: others work on this machine, too
    "expansions": [10, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],  # up to the number of items
    "connectivity": 16,
    "building_expansion": 128,
    "updates": 2000,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=10**6, help="leave out larger simulations")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    stored = read()
    for min_users in SETTINGS["real_cores"].values():
        core = core_of(min_users)
        counts, factors = factorized(core)
        if min_users == 90:
            real, owned = factors, counts
        measure(stored, "real", factors.user, factors.item)
    stored["session"] = session(owned, real)
    save(stored)
    for n_items in SETTINGS["simulated_items"]:
        if n_items <= chosen.largest:
            measure(stored, "simulated", real.user, simulated(real.item, n_items))


def core_of(min_users: int) -> shop.Shop:
    whole = datasets.load_complete_journey()
    return shop.k_core(whole, [1, 2], min_items=5, min_users=min_users)


def factorized(core: shop.Shop) -> tuple[Tensor, Factors]:
    counts = shop.baskets(core, [1, 2, 3]).log1p()
    generator = torch.Generator().manual_seed(0)
    return counts, factorization.fit_als(counts, **SETTINGS["als"], generator=generator)


def simulated(item: Tensor, n_items: int) -> Tensor:
    generator = torch.Generator().manual_seed(n_items)
    like = torch.randint(len(item), (n_items,), generator=generator)
    moved = torch.randn(n_items, item.shape[1], generator=generator) * item.std(dim=0)
    return item[like] + SETTINGS["jitter"] * moved


def measure(stored: dict, kind: str, user: Tensor, item: Tensor) -> None:
    """Adds the rows of one size, unless they are there."""
    if any((row["kind"], row["items"]) == (kind, len(item)) for row in stored["rows"]):
        return
    size = {"kind": kind, "items": len(item)}
    drawn = torch.randperm(len(user), generator=torch.Generator().manual_seed(0))
    some = user[drawn[: SETTINGS["households"]]]
    wanted = retrieval.top_k_of_embeddings(some, item, K)
    best = worth(some, item, wanted)
    start = process_time()
    index = indexing.build_index(
        item, connectivity=SETTINGS["connectivity"], expansion=SETTINGS["building_expansion"]
    )
    build = process_time() - start
    size |= {"build_cpu_s": round(build, 2)}
    size |= {"vectors_mb": round(item.numel() * 4 / 1e6, 2)}
    size |= {"graph_mb": round(index.graph.serialized_length / 1e6, 2)}
    calls = {None: lambda one: retrieval.top_k_of_embeddings(one, item, K)}
    for view in (view for view in SETTINGS["expansions"] if view <= len(item)):
        calls[view] = lambda one, view=view: indexing.search_index(index, one, K, expansion=view)
    # in turn, so that whatever else the machine does meets all of them
    rounds = [[cost(call, some) for call in calls.values()] for _ in range(SETTINGS["rounds"])]
    for place, (view, call) in enumerate(calls.items()):
        cpu, clock = (min(each[place][which] for each in rounds) for which in (0, 1))
        found = call(some)
        recall = (found[:, :, None] == wanted[:, None]).any(dim=1).float().mean().item()
        method = "exact" if view is None else "index"
        row = {"method": method, "expansion": view, "recall_at_10": round(recall, 4)}
        row |= {"score_kept": round((worth(some, item, found) / best).mean().item(), 4)}
        stored["rows"].append(size | row | {"cpu_ms": round(cpu, 4), "wall_ms": round(clock, 4)})
        print(stored["rows"][-1], flush=True)
    save(stored)


def worth(user: Tensor, item: Tensor, lists: Tensor) -> Tensor:
    """The mean score of each household's list."""
    return torch.einsum("ud,ukd->uk", user, item[lists]).mean(dim=1)


def cost(call: Callable[[Tensor], Tensor], users: Tensor) -> tuple[float, float]:
    """Milliseconds for one household, the median over `users`: of the processor, of the clock."""
    spent = []
    for one in users.split(1):
        start, began = process_time(), perf_counter()
        call(one)
        spent.append((1000 * (process_time() - start), 1000 * (perf_counter() - began)))
    return median(cpu for cpu, _ in spent), median(clock for _, clock in spent)


def session(counts: Tensor, factors: Factors) -> dict[str, float]:
    """Milliseconds from one more basket to the new list: fold-in, then exact top 10 of the rest."""
    als = {name: SETTINGS["als"][name] for name in ("regularization", "alpha")}
    generator = torch.Generator().manual_seed(0)
    users = torch.randint(len(counts), (SETTINGS["updates"],), generator=generator)
    items = torch.randint(counts.shape[1], (SETTINGS["updates"],), generator=generator)
    cpu, clock = [], []
    for user, item in zip(users, items, strict=True):
        start, began = process_time(), perf_counter()
        row = counts[user][None].clone()
        row[0, item] = (row[0, item].exp() + 1).log()
        vector = factorization.fold_in(row, factors.item, **als)
        retrieval.top_k_of_embeddings(vector, factors.item, K, row > 0)
        cpu.append(1000 * (process_time() - start))
        clock.append(1000 * (perf_counter() - began))
    found = {}
    for name, spent in (("cpu", cpu), ("wall", clock)):
        ordered = torch.tensor(spent).sort().values
        for share in (50, 99):
            found[f"{name}_ms_p{share}"] = round(ordered[len(ordered) * share // 100].item(), 3)
    print(found, flush=True)
    return found


def read() -> dict:
    if not RESULTS.is_file():
        return {"settings": SETTINGS, "rows": []}
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    if stored["settings"] != SETTINGS:
        raise SystemExit(f"`{RESULTS}` was made with other settings: move it away first.")
    return stored


def save(stored: dict) -> None:
    stored["rows"].sort(key=lambda row: (row["kind"], row["items"]))
    stored["torch"] = torch.__version__
    write_results(RESULTS, stored)


if __name__ == "__main__":
    main()
