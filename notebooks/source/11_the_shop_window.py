# %% [markdown]
# # 11. The shop window
#
# You turn a network's outputs into lists, change them while they are served, and serve a second
# platform.
#
# **45 minutes.** Prerequisites: lessons 3 and 4.
#
# **You will be able to**
#
# * weigh tasks after the training, and say what a list gains and loses;
# * choose between an exact search and an index;
# * update a list at a click;
# * decide what two platforms should share.

# %%
import pandas as pd
import torch

from mtl_course import (
    baselines,
    datasets,
    factorization,
    indexing,
    losses,
    metrics,
    networks,
    reranking,
    retrieval,
    shop,
    simulation,
    training,
    widgets,
)
from mtl_course.checks import lesson_11 as checks
from mtl_course.interactions import only_tasks, take, without_history

torch.set_num_threads(1)

# %% tags=["parameters"]
seeds = (0, 1, 2)
share = 0.3  # of window 3's rows, drawn at random, that train the networks
n_judges = 500  # households of window 4 whose lists are judged
k = 10  # length of a list
world_seed, platform_seeds = 0, (0, 1, 2, 3, 4)

# %% [markdown]
# ## Warm-up: one list from two scores
#
# Bread, cola and soap are bought with probability 0.8, 0.5 and 0.3; if bought, *quantity* is 0.1,
# 0.6 and 0.5 on its scale to 1. With weights 0.7 and 0.3 bread scores 0.7 · 0.8 + 0.3 · 0.1 = 0.59.


# %%
def best(scores, k):  # the k best, of equal scores the lower item first
    return sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:k]


toy = torch.tensor([[0.8, 0.1], [0.5, 0.6], [0.3, 0.5]])  # [items, tasks]
fused = [toy @ weights for weights in torch.tensor([[0.7, 0.3], [0.3, 0.7]])]
print([best(one.tolist(), 3) for one in fused])

# %%
# hand-over: these are `fuse_probabilities` and `top_k`, for many users at once
by_room = reranking.fuse_probabilities(toy[None], torch.tensor([0.3, 0.7]))
torch.testing.assert_close(by_room[0], fused[1])
assert retrieval.top_k(by_room, 3)[0].tolist() == best(fused[1].tolist(), 3)

# %% [markdown]
# ## From logits to a list
#
# A network with the pair's history trains on window 3, and so does lesson 3's additive blueprint.
# Window 4 judges. The weights act after the training.

# %%
core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
tasks, n_items = ("purchase", "quantity"), len(core.items)
_, window_3, window_4 = (only_tasks(log, tasks) for log in shop.split_by_time(core))
drawn = torch.randperm(len(window_3), generator=torch.Generator().manual_seed(0))
train = take(window_3, drawn[: round(share * len(drawn))])
judges = torch.randperm(len(core.users), generator=torch.Generator().manual_seed(1))[:n_judges]
test = take(window_4, torch.isin(window_4.user, judges))
users = test.user.view(-1, n_items)[:, 0]  # [judges]: those who came in window 4
owned = ~test.novel.view(-1, n_items)  # [judges, items]: bought in windows 1 to 3
names = core.items["name"].astype(object).to_numpy()


# %%
def probabilities(new_network, log, test, weights, seeds, **settings):  # [points, seeds, n, tasks]
    sweep = training.sweep_weights(
        new_network,
        log,
        take(test, torch.arange(500)),  # for curves that are not looked at
        weights=torch.tensor(weights),
        seeds=seeds,
        task_losses=losses.task_losses,
        progress=iter,
        **settings,
    )
    return training.sweep_logits(new_network(), sweep, test).sigmoid()


# %%
sizes = (train.n_users, n_items, 2)
settings = {"checkpoints": [450], "batch_size": 1024, "learning_rate": 0.01}
said = probabilities(
    lambda: networks.SharedBottom(*sizes, dim=8, hidden=32, n_history=5),
    train,
    test,
    [[0.7, 0.3]],
    seeds,
    parameter_groups=lambda model: model.parameter_groups(embedding_decay=0.3),
    **settings,
)[0].unflatten(1, (-1, n_items))  # [seeds, judges, items, tasks]
blind = [without_history(log) for log in (train, test)]
blueprint = probabilities(
    lambda: networks.AdditiveBlueprint(*sizes, dim=8), *blind, [[0.7, 0.3]], seeds[:1], **settings
)[0, 0, :, 0].view(-1, n_items)
pd.DataFrame(names[retrieval.top_k(said[0, :3, :, 0], 5).T.numpy()], columns=users[:3].tolist())

# %% [markdown]
# ## Weights in the shop window
#
# A *hit* is a listed item that the household bought in window 4.
#
# **Predict.** All weight moves to quantity. The ten items hold … A. more units. B. more hits. C.
# neither.

# %% tags=["nbval-ignore-output"]
window = widgets.explore_scores(
    said[0, :4],
    tasks,
    [f"household {user}" for user in users[:4].tolist()],
    names.tolist(),
    weights=(0.5, 0.5),
    k=k,
    owned=owned[:4],
    look_for="Which items stay in the list whatever the weights?",
)
window

# %% [markdown]
# *Without a kernel:* household 7's list begins with milk for purchase alone, with yogurt for
# quantity alone.
#
# More ways of *fusion*: the *product*, and *reciprocal ranks*, which add 1 / (60 + rank) over the
# tasks and never ask how large a score is.


# %%
bought = test.labels[:, 0].view(-1, n_items)  # [judges, items]
units, half = shop.units(core, [4])[users], torch.tensor([0.5, 0.5])


def worth(scores):  # [4, judges]: hits and units among ten, then among ten novel ones
    lists = [retrieval.top_k(scores, k, left_out) for left_out in (None, owned)]
    return torch.stack([t.gather(1, one).sum(dim=1) for one in lists for t in (bought, units)])


ways = {
    "purchase": lambda p: p[..., 0],
    "quantity": lambda p: p[..., 1],
    "half and half": lambda p: reranking.fuse_probabilities(p, half),
    "product": lambda p: p[..., 0] * p[..., 1],
    "reciprocal ranks": lambda p: reranking.fuse_ranks(p, half),
}
found = torch.stack([torch.stack([worth(way(p)) for p in said]) for way in ways.values()])

# %%
own = baselines.own_frequency(shop.baskets(core, [1, 2, 3]))[users]
luck = torch.rand(own.shape, generator=torch.Generator().manual_seed(0))
table = torch.stack([*(worth(one).mean(dim=1) for one in (luck, own)), *found.mean(dim=(1, 3))])
table = pd.DataFrame(table.double(), ["chance", "own frequency", *ways])
table.columns = ("hits", "units", "novel hits", "novel units")
table.round({"hits": 1, "units": 0, "novel hits": 1, "novel units": 0})

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# A: about 4.5 units more than purchase alone, and 0.9 hits fewer. Half and half has as many units
# for 0.1 hits. On novel items fusing brings nothing. Purchase alone is level with own frequency.
#
# **What these numbers do not show:** an effect. The households bought this without having seen any
# list. A gain on a log is a reason for an experiment, not its result.
#
# </details>
#
# ## Less of the same, and lists of one's own
#
# For *diversity*, *maximal marginal relevance* takes the item with the highest relevance · score −
# (1 − relevance) · its highest cosine (of ALS vectors) with those in the list.
#
# **Predict.** Three departments become four. Lost hits of seven: A. about one. B. about four.

# %%
counts, solver = shop.baskets(core, [1, 2, 3]), {"regularization": 30.0, "alpha": 1.0}
start = torch.Generator().manual_seed(0)
factors = factorization.fit_als(counts.log1p(), dim=32, iterations=10, generator=start, **solver)
unit = torch.nn.functional.normalize(factors.item, dim=1)

# %%
department, diverse = core.items["department"].to_numpy(), {}
for relevance in (1.0, 0.8, 0.5):
    lists = reranking.diverse_top_k(said[0, ..., 0], unit @ unit.T, k, relevance=relevance)
    kinds = sum(len(set(row)) for row in department[lists.numpy()]) / len(lists)
    diverse[relevance] = (bought.gather(1, lists).sum(dim=1).mean().item(), kinds)
pd.DataFrame(diverse, ("hits", "departments")).T.round(1)

# %% [markdown]
# How far apart are two households' lists? The *Jaccard index* is the number of items in both over
# the number in either; below, 1 − Jaccard, the mean of all pairs.


# %%
def apart(lists):  # [users, k] -> mean over pairs of users
    member = torch.zeros(len(lists), n_items).scatter(1, lists, 1.0)
    both = member @ member.T
    jaccard, n = both / (2 * k - both), len(lists)
    return 1 - (jaccard.sum().item() - n) / (n * (n - 1))


rankings = {"blueprint": blueprint, "network": said[0, ..., 0], "own frequency": own, "luck": luck}
distances = {
    name: [apart(retrieval.top_k(scores, k, left_out)) for left_out in (None, owned)]
    for name, scores in rankings.items()
}
pd.DataFrame(distances, ("all items", "new items only")).T.round(2)

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# A: the fourth department costs about one hit, a quarter of a department hardly any.
#
# The blueprint has one list. Leave out what was bought, and even its lists differ, without any
# taste. Luck differs most: different is not better.
#
# </details>
#
# ## Look at everything, or walk?
#
# *Approximate search* follows links between near vectors (an HNSW index), and misses some; *recall*
# is the share of the true ten that it finds. The table is stored (`benchmarks/retrieval`): CPU
# milliseconds for a list; 705 and 1,251 items are real.
#
# **Predict.** For our 705 items the index is … A. faster. B. slower.

# %%
vectors, index = factors.user[users], indexing.build_index(factors.item)
exact = retrieval.top_k_of_embeddings(vectors, factors.item, k)
for view in (10, 128):  # items kept in view on the way
    walked = indexing.search_index(index, vectors, k, expansion=view)
    recall = (walked[:, :, None] == exact[:, None]).any(dim=1).float().mean()
    print(f"{view} in view: recall about {recall:.1f}")

# %%
stored = datasets.load_results("retrieval")
looked_at = stored.query("method == 'exact'").set_index("items").sort_index()
good = stored.query("method == 'index' and recall_at_10 >= 0.95").groupby("items").first()
columns = {"exact": looked_at["cpu_ms"].round(1), "index": good["cpu_ms"].round(1)}
columns |= {"in view": good["expansion"], "to build, s": looked_at["build_cpu_s"].round()}
pd.DataFrame(columns)

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# B. The two cross between 10,000 and 30,000 items. At a million, a look at everything takes 11 ms;
# finding 95 % takes the index 7, after five minutes of building. With 512 in view it takes 1.3 ms
# and finds 61 %; its lists score 97 % as high. The simulated items crowd around real ones;
# elsewhere it may miss fewer.
#
# </details>
#
# ## While they shop
#
# ALS finds a household's vector by one small equation, with the items' vectors held still:
# *fold-in*. It can be solved again at every click.

# %%
row = counts[users[0]].log1p()  # [items]
weighed = factors.item.T * (1 + row)
left = weighed @ factors.item + solver["regularization"] * torch.eye(32)
vector = torch.linalg.solve(left, weighed @ (row > 0).float())
folded = factorization.fold_in(row[None], factors.item, **solver)[0]
torch.testing.assert_close(vector, folded, rtol=1e-3, atol=1e-4)  # hand-over


# %% tags=["nbval-ignore-output"]
def update(baskets):  # a household's baskets with each item -> its scores
    vector = factorization.fold_in(baskets.log1p()[None], factors.item, **solver)
    return (vector @ factors.item.T)[0] + 1e-3 * popular  # nothing known: the popular ones


popular = (counts > 0).float().mean(dim=0)
session = widgets.explore_session(
    update,
    torch.cat([torch.zeros(1, n_items), counts[users[:2]]]),
    ["a newcomer", *(f"household {user}" for user in users[:2].tolist())],
    names.tolist(),
    click=0.3,
    k=k,
    look_for="How many purchases turn a newcomer's popular list into one of their own?",
)
session

# %% [markdown]
# *Without a kernel:* a newcomer sees what is popular. One purchase of soft drinks brings beer into
# the list and potato chips to the second place.
#
# Of 2,000 updates, 99 % took less than 1 ms; on a busy machine, 14.
#
# ## Two platforms
#
# A simulated shop has an app and a web site; items appeal differently there. 30 % of the users are
# *new on the web*: only their app rows train. *Separate* learns from web rows alone; *pooled* is
# not told the *platform*; *heads* has tasks for each platform on a shared bottom.
#
# **Predict.** Who gains most from sharing? A. Users new on the web. B. Users known there.


# %%
from dataclasses import replace


def simulated_logs(difference):  # 1: platforms differ as by default
    generator, few = torch.Generator().manual_seed(world_seed), {"n_users": 300, "n_items": 100}
    world = simulation.random_world(generator, agreement=0.5, cold_share=0.0, **few)
    world = replace(world, platform_appeal=difference * world.platform_appeal)
    log = only_tasks(simulation.show(world, 30_000, generator), ("click", "purchase"))
    new = torch.rand(log.n_users, generator=generator) < 0.3  # on the web, which is platform 1
    trains, web = torch.rand(len(log), generator=generator) < 0.6, log.platform == 1
    test = take(log, ~trains & web)
    return world, take(log, trains & ~(new[log.user] & web)), test, new[test.user]


def by_platform(log):  # tasks: click and purchase in the app, then on the web
    here = torch.stack([log.platform == place for place in (0, 0, 1, 1)], dim=1)
    names = ("click, app", "purchase, app", "click, web", "purchase, web")
    labels = log.labels.repeat(1, 2) * here
    return replace(log, labels=labels, observed=here, tasks=names, scales=log.scales * 2)


# %%
def clicks_said(train, test, weights):  # [points, seeds, n]: of a click on the web
    sizes = (train.n_users, train.n_items, len(train.tasks))
    settings = {"checkpoints": [250], "batch_size": 512, "learning_rate": 0.05}
    return probabilities(
        lambda: networks.SharedBottom(*sizes, dim=8, hidden=16),
        *(train, test, weights, platform_seeds),
        **settings,
    )[..., -2]


def platform_ap(difference):  # [groups, lines, seeds]
    world, train, test, new = simulated_logs(difference)
    separate_and_heads = [[0, 0, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25]]
    separate, heads = clicks_said(by_platform(train), by_platform(test), separate_and_heads)
    (pooled,), web = clicks_said(train, test, [[0.5, 0.5]]), take(train, train.platform == 1)
    popular = torch.zeros(test.n_items).index_add(0, web.item, web.labels[:, 0])[test.item]
    truth = simulation.true_probabilities(world, test.user, test.item, test.platform)[:, 0]
    plain = [line.expand_as(heads) for line in (torch.zeros(1), popular, truth)]
    lines, label = torch.stack([*plain, separate, pooled, heads]), test.labels[:, 0]
    ap = metrics.average_precision
    groups = (new, ~new)
    return torch.tensor([[[ap(s[g], label[g]) for s in one] for one in lines] for g in groups])


# %%
order = ("chance", "popularity", "oracle", "separate", "pooled", "heads")
ap_of = {"alike": platform_ap(1.0), "five times apart": platform_ap(5.0)}
t_95 = 2.776  # of Student's t with 5 − 1 degrees of freedom: 95 % lie within ± t
means, gains = {}, {}
for shops, ap in ap_of.items():
    for place, group in enumerate(("new on the web", "known there")):
        means[f"{shops}: {group}"] = ap[place].mean(dim=1).tolist()
        of_pooled, of_heads = ap[place, 4:] - ap[place, 3]  # gains on separate, [seeds]
        for way, gain in (("pooled", of_pooled), ("heads", of_heads)):
            half_width = t_95 * gain.std() / len(gain) ** 0.5
            gains[f"{shops}: {group}: {way} − separate"] = (gain.mean(), half_width)
for name, (mean, half_width) in gains.items():
    print(f"{name}: about {mean:+.1f}, 0 in the interval: {bool(abs(mean) < half_width)}")
pd.DataFrame(means, order).T.round(2)

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# A. Where the platforms are alike, the new gain about 0.20 ± 0.02 AP, the known 0.02 ± 0.01, pooled
# or with heads. Five times as far apart, pooling *harms*: the new lose about 0.24 ± 0.02, the known
# 0.04 ± 0.01. Heads lose nothing, and the new gain 0.02 ± 0.01. The intervals cover seeds, not
# shops.
#
# </details>
#
# ## Exercises
#
# **1.** Fuse by ranks: weight / (60 + rank), added over the tasks; a task's best item has rank 1.


# %% tags=["solution"]
def fuse(scores, weights):  # [items, tasks], [tasks] -> [items]
    # stub: return ...
    ranks = 1 + scores.argsort(dim=0, descending=True).argsort(dim=0)
    return (weights / (60 + ranks)).sum(dim=1)


# %%
checks.check_fuse(fuse)
# checks.hint("fuse", 1)

# %% [markdown]
# **2.** Which item comes next by maximal marginal relevance? `chosen` holds those in the list.


# %% tags=["solution"]
def next_item(scores, similarities, chosen, relevance):  # -> its number
    # stub: return ...
    value = relevance * scores - (1 - relevance) * similarities[:, chosen].amax(dim=1)
    value[chosen] = -torch.inf
    return value.argmax()


# %%
checks.check_next(next_item)
# checks.hint("next", 1)

# %% [markdown]
# ## Quiz
#
# **1. Half and half lists four more units. What may you announce?**
#
# <details><summary>A. Sales will rise by four units</summary>
#
# No: nobody has seen these lists.
#
# </details>
# <details><summary>B. An experiment is worth its price</summary>
#
# Yes: the log gives a reason.
#
# </details>
# <details><summary>C. Purchase needs no training</summary>
#
# No: half of the score is purchase's.
#
# </details>
#
# **2. When does the index pay in computing?**
#
# <details><summary>A. At 705 items, with good recall</summary>
#
# No: the exact search was faster.
#
# </details>
# <details><summary>B. Beyond tens of thousands of items</summary>
#
# Yes: a look at everything grows with them.
#
# </details>
# <details><summary>C. With many households</summary>
#
# No: each searches anew, either way.
#
# </details>
#
# **3. Why did pooling harm where the platforms differ?**
#
# <details><summary>A. It has fewer rows</summary>
#
# No: it trains on both platforms' rows.
#
# </details>
# <details><summary>B. An item has one chance of a click for both</summary>
#
# Yes: it cannot know where the item is shown.
#
# </details>
# <details><summary>C. Its network is too small</summary>
#
# No: its layers are as wide.
#
# </details>
#
# ## What to remember
#
# Weights, fusion and diversity act on finished scores. Judge them on all and on novel items.
#
# **Common mistakes**
#
# * Adding scores of different scales.
# * An index for a shop that fits into a millisecond.
# * Taking different lists for good ones.
#
# **Glossary words:** *approximate search*, *diversity*, *fold-in*, *fusion*, *hit*,
# *Jaccard index*, *platform*, *Recall@k*
#
# **Where next** Lesson 12: past one machine.
#
# **References** Carbonell and Goldstein, SIGIR 1998 (diversity). Cormack et al., SIGIR 2009
# (ranks). Malkov and Yashunin, IEEE TPAMI 2020 (HNSW). Bachrach et al., RecSys 2014 (inner
# products). Hu et al., ICDM 2008 (fold-in).

# %% [markdown] tags=["presenter"]
# **Presenter's notes.** Warm-up 4 minutes, lists and weights 10, diversity and distance 6, index 6,
# session 6, platforms 7, exercises and quiz 6.
#
# Ask before the fusion table: "Who loses if the window shows what sells in numbers?" Before the
# platforms: "Would you train one network for app and web, or two?"
#
# What breaks: the platforms' cell takes about seven seconds, the networks six. The session's first
# answer is slower than the others. With other parameters the guard may object to the figures in the
# text, and rightly. The products' names are the shop's own, errors included.
#
# Over the 477 households, half and half lists 4.6 units more than purchase, interval 3.6 to 5.7,
# for 0.10 hits fewer, 0.05 to 0.15. Purchase against own frequency: 0.12 hits more, 0.05 to 0.19.
#
# An inner product is no distance: handed over as it is, usearch's graph never reaches 15 of the
# 705 items. `build_index` gives each item one more number, which makes all equally long.
#
# The settings of the platforms' networks were chosen in world 1; the figures are those of world 0.
# Separate networks have not met the new users and add luck to popularity. Heads cost nothing where
# the platforms are alike: 0.01 ± 0.01 more than pooled for the new, 0.00 for the known.

# %% tags=["guard"]
of_ways = dict(zip(ways, found.mean(dim=(1, 3)).tolist(), strict=True))
hits, half_hits = of_ways["purchase"][0], of_ways["half and half"][0]
assert abs(hits - 7.03) < 0.06 and abs(hits - half_hits - 0.1) < 0.06
assert abs(of_ways["quantity"][0] - hits + 0.9) < 0.2 and of_ways["quantity"][1] > 48.5
assert abs(of_ways["half and half"][1] - of_ways["purchase"][1] - 4.6) < 1
assert abs(distances["blueprint"][0]) < 1e-6 < distances["blueprint"][1] - 0.8
assert 0.8 < distances["network"][0] < distances["luck"][0]
assert diverse[0.5][1] - diverse[1.0][1] > 0.9 and 0.5 < diverse[1.0][0] - diverse[0.5][0] < 1.5
assert good.loc[705, "cpu_ms"] > looked_at.loc[705, "cpu_ms"] and recall > 0.99
assert good.loc[100_000, "cpu_ms"] < looked_at.loc[100_000, "cpu_ms"]
alike, differ = (ap.mean(dim=2) for ap in ap_of.values())  # [groups, lines]
assert alike[0, 4:].min() > alike[0, 3] + 0.15 and differ[0, 4] < differ[0, 3] - 0.15
assert (differ[:, 5] > differ[:, 3]).all() and (alike[:, 5] < alike[:, 2]).all()
for weights, first in (((1, 0), "Fluid Milk"), ((0, 1), "Yogurt"), ((0.5, 0.5), "")):
    window.weights = weights
    assert f": 1 {first}" in window.text, window.text
for events in ([["bought", session.top[3]]], [["clicked", 0], ["bought", 1]], []):
    session.household, session.events = "a newcomer", events
    assert session.answered == ["a newcomer", events] and not session.error
print("Lesson 11 holds: weights move the window at once, and heads share what pooling spoils.")
