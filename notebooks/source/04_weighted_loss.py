# %% [markdown]
# # 4. The weighted loss
#
# You write the weighted loss of two tasks, train it at 21 weights, and move its α, over finished
# trainings and in a running one.
#
# **45 minutes.** Prerequisite: lesson 3.
#
# **You will be able to**
#
# * write L = Σ wᵢLᵢ and make one step of it by hand;
# * read a Pareto front with its spread over seeds;
# * say what α does in a real shop, and what it does not;
# * tell the scale of a loss from the importance of a task.

# %%
import torch

from mtl_course import (
    baselines,
    datasets,
    figures,
    losses,
    metrics,
    networks,
    pareto,
    scalarization,
    shop,
    simulation,
    training,
    widgets,
)
from mtl_course.checks import lesson_04 as checks
from mtl_course.interactions import minibatches, only_tasks, split_at_random, take

torch.set_num_threads(1)

# %% tags=["parameters"]
seeds = (0, 1, 2)
steps = 300  # of the optimiser, in every training of a sweep
batch_size = 128  # rows
n_households = 140  # of the test window, with all their rows, that judge the real shop's networks

# %% [markdown]
# ## Warm-up: a tug of war over one number
#
# Let the whole network be one shared number θ. Purchase would like θ = 1, quantity θ = −1, and
# quantity's loss has three times the scale:
#
#     L_purchase = (θ − 1)²      L_quantity = 3 (θ + 1)²      L = α L_purchase + (1 − α) L_quantity
#
# At θ = 0 and α = 0.5, on paper: L = 0.5 · 1 + 0.5 · 3 = 2. Its slope is
# 0.5 · 2(θ − 1) + 0.5 · 6(θ + 1) = −1 + 3 = 2. A step against it, at learning rate 0.1, gives
# θ = −0.2.


# %%
def tug_of_war(theta):  # both losses, [tasks]
    return torch.stack([(theta - 1) ** 2, 3 * (theta + 1) ** 2])


theta, weights = torch.tensor(0.0, requires_grad=True), torch.tensor([0.5, 0.5])  # θ; α, 1 − α
loss = (weights * tug_of_war(theta)).sum()  # one number
loss.backward()
print(f"L = {loss:.2f}, slope {theta.grad:.2f}, after one step θ = {theta - 0.1 * theta.grad:.2f}")

# %% [markdown]
# Measure the slope, too, by *finite differences*: move θ a little to both sides, and divide.

# %%
h = 0.01
with torch.no_grad():
    right, left = ((weights * tug_of_war(theta + step)).sum() for step in (h, -h))
print(f"slope by finite differences: {(right - left) / (2 * h):.2f}")

# %%
# hand-over: the weighted sum that you just wrote is `weighted_sum`, which we use from here on
torch.testing.assert_close(loss, scalarization.weighted_sum(tug_of_war(theta), weights))

# %% [markdown]
# ## Half the weight is not half the say
#
# **Predict.** α = 0.5. Where does θ come to rest? A. At 0, in the middle. B. At −0.5. C. At −1.

# %%
for _ in range(50):
    theta.grad = None
    scalarization.weighted_sum(tug_of_war(theta), weights).backward()
    with torch.no_grad():
        theta -= 0.1 * theta.grad
print(f"θ comes to rest at {theta:.2f}")

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# B, where both pulls are equal: α(1 − θ) = 3(1 − α)(θ + 1). Equal weights gave the steeper loss
# three quarters of the way. **The scale of a loss is not the importance of a task.** In this course
# every loss is a cross-entropy in nats: one unit, but not one slope.
#
# </details>
#
# ## The same in a real shop
#
# Purchase and quantity of the Complete Journey, and lesson 3's repaired network.


# %%
def new_network(log):  # embeddings are 8 wide, the shared layer 32
    return networks.SharedBottom(
        log.n_users, log.n_items, 2, dim=8, hidden=32, n_history=log.n_history
    )


core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
real = shop.Split(*(only_tasks(log, ("purchase", "quantity")) for log in shop.split_by_time(core)))

# %%
torch.manual_seed(0)
model = new_network(real.train)
batch = next(minibatches(real.train, batch_size, torch.Generator().manual_seed(0)))
task_loss = losses.task_losses(model(*batch.inputs), batch)  # [tasks], nats
loss = scalarization.weighted_sum(task_loss, weights)
loss.backward()
print({task: round(value.item(), 2) for task, value in zip(batch.tasks, task_loss, strict=True)})

knob = model.heads[0].bias  # one parameter: the constant in purchase's logit
sides = []
with torch.no_grad():
    for step in (h, -2 * h):  # to the right of where it was, then to the left
        knob += step
        task_loss = losses.task_losses(model(*batch.inputs), batch)
        sides.append(scalarization.weighted_sum(task_loss, weights))
    knob += h
measured = (sides[0] - sides[1]) / (2 * h)
torch.testing.assert_close(measured, knob.grad[0], rtol=0.01, atol=1e-4)
print("finite differences agree with backward() in the network, too")

# %% [markdown]
# ## 21 weights, three seeds, at once
#
# Untrained, both losses are near a coin flip's log 2 = 0.69 nats. Next, 63 trainings at once. What
# matters is the *ratio* of the weights, so α goes in equal steps of its log-odds, from
# 0.02 (1 : 49) to 0.98 (49 : 1). A sample of the validation window draws the learning curves.


# %%
def swept(train, validation, learning_rate, embedding_decay):
    drawn = torch.randperm(len(validation), generator=torch.Generator().manual_seed(0))[:4000]
    alphas = torch.linspace(-4, 4, 21).sigmoid().round(decimals=2)  # [points]
    return training.sweep_weights(
        lambda: new_network(train),
        train,
        take(validation, drawn),
        weights=torch.stack([alphas, 1 - alphas], dim=1),
        seeds=seeds,
        task_losses=losses.task_losses,
        checkpoints=range(0, steps + 1, steps // 15),
        batch_size=batch_size,
        learning_rate=learning_rate,
        parameter_groups=lambda model: model.parameter_groups(embedding_decay=embedding_decay),
    )


real_sweep = swept(real.train, real.validation, learning_rate=0.01, embedding_decay=0.1)

# %% [markdown]
# Only the *simulated* shop has ratings. There α weighs purchase against rating, and ρ, the
# *agreement* of the tasks, is 0: what makes users buy has nothing to do with what they praise.
#
# **Predict.** As α falls from 0.98 to 0.02, what does purchase's AP do? A. It falls to chance.
# B. It hardly changes. C. It falls by a third. Answer for each shop.

# %%
generator = torch.Generator().manual_seed(0)
world = simulation.random_world(generator, agreement=0.0, n_users=150, n_items=60, cold_share=0.0)
shown = only_tasks(simulation.show(world, 40_000, generator), ("purchase", "rating"))
simulated = split_at_random(shown, (0.7, 0.1, 0.2), generator)
sim_sweep = swept(simulated.train, simulated.validation, learning_rate=0.02, embedding_decay=0.0)


# %%
def judge(probabilities, log):  # AP of purchase, RMSE of the other task in its own unit
    ap = metrics.average_precision(probabilities[:, 0], log.labels[:, 0])
    return ap, metrics.rmse(
        probabilities[:, 1], log.labels[:, 1], log.observed[:, 1], log.scales[1]
    )


def chance(train, log):  # everybody gets the mean label of the training rows
    means = (train.labels * train.observed).sum(dim=0) / train.observed.sum(dim=0)
    return judge(means.expand(len(log), 2), log)


everyone = real.test.user.unique()
drawn = torch.randperm(len(everyone), generator=torch.Generator().manual_seed(1))
judges = everyone[drawn[:n_households]]
real_test = take(real.test, torch.isin(real.test.user, judges))

# %%
own_frequency = baselines.own_frequency(shop.baskets(core, [1, 2, 3]))  # ties: by popularity
own_frequency = own_frequency[real_test.user, real_test.item]
oracle = simulation.true_probabilities(world, simulated.test.user, simulated.test.item)[:, 1:]
floor = {"real": chance(real.train, real_test), "sim": chance(simulated.train, simulated.test)}
ceiling = judge(oracle, simulated.test)
own_ap = metrics.average_precision(own_frequency, real_test.labels[:, 0])
print("real: chance AP {:.3f}, RMSE {:.2f} log units;".format(*floor["real"]), end=" ")
print(f"own frequency AP {own_ap:.3f}")
print("simulated: chance AP {:.3f}, RMSE {:.2f} stars;".format(*floor["sim"]), end=" ")
print("oracle AP {:.3f}, RMSE {:.2f}".format(*ceiling))

# %% [markdown]
# ## Which weights are beaten?
#
# Four trainings, two figures each, smaller is better: (0.6, 1.0), (0.5, 1.2), (0.4, 1.1),
# (0.5, 1.3). A point *dominates* another if it is as good in both and better in one. Those that no
# point dominates, the *non-dominated*, are the *Pareto front*. Here the third dominates the second
# and the fourth. Our second figure is *RMSE*, the root of the mean squared error.

# %%
points = torch.tensor([[0.6, 1.0], [0.5, 1.2], [0.4, 1.1], [0.5, 1.3]])
as_good = (points[:, None] <= points).all(dim=2)  # [by, of]
better = (points[:, None] < points).any(dim=2)
front = ~(as_good & better).any(dim=0)  # [points]
print(front.tolist())

# %%
# hand-over: this is `non_dominated`
assert torch.equal(front, pareto.non_dominated(points))


def said(sweep, log):  # [points, seeds, n, tasks]
    return training.sweep_logits(new_network(log), sweep, log).sigmoid()


def on_test(probabilities, log):  # [points, seeds, 2]
    return torch.tensor([[judge(one, log) for one in point] for point in probabilities])


real_said = said(real_sweep, real_test)
real_metrics = on_test(real_said, real_test)
sim_metrics = on_test(said(sim_sweep, simulated.test), simulated.test)
for name, found in (("real", real_metrics), ("simulated", sim_metrics)):
    ends = found[-1] - found[0]  # α = 0.98 against 0.02: one seed, same start, same rows
    (ap, rmse), (ap_spread, rmse_spread) = ends.mean(dim=0), ends.std(dim=0)
    print(f"{name}: AP {ap:+.2f} ± {ap_spread:.2f}, RMSE {rmse:+.2f} ± {rmse_spread:.2f}")

# %%
picture = figures.blank_picture(
    "Two metrics at 21 weights. Left, the real shop: AP of purchase from about 0.48 to 0.49, RMSE "
    "of quantity from about 0.61 to 0.63 log units, in a front hardly longer than its bars. Right, "
    "the simulated shop: a front from AP about 0.6 and RMSE about 1.06 stars to 0.76 and 1.18; the "
    "most one-sided weights are beaten. Dashed: own frequency. Bars: one standard deviation over "
    "three seeds.",
    columns=2,
    width=9.6,
    height=4,
)
shops = ((real_metrics, "quantity (log units)"), (sim_metrics, "rating (stars)"))
for ax, (found, other) in zip(picture.axes, shops, strict=True):
    means, spreads = found.mean(dim=1), found.std(dim=1)
    on_front = pareto.non_dominated(means * torch.tensor([-1.0, 1.0]))  # of AP more is better
    alphas, names = real_sweep.weights[:, 0].tolist(), ("AP of purchase", f"RMSE of {other}")
    figures.draw_tradeoff(
        ax, means, spreads, on_front, alphas, names, larger_is_better=(True, False)
    )
picture.axes[0].axvline(own_ap, color=figures.BASELINE_COLOR, linestyle="--")
picture

# %% [markdown]
# <details><summary><b>Explain</b></summary>
#
# B in the real shop: a hundredth, hardly more than three seeds can tell. At no α do these short
# trainings pass own frequency: a sweep compares weights, not models. C in the simulated shop, from
# about 0.75 to 0.5. There α = 0.98 buys no AP that 0.83 has not, and costs 0.2 stars. A fight over
# the bottom, or too few steps? Lesson 6 tells.
#
# </details>
#
# ## Look up, then steer
#
# This slider looks up finished networks, on the test window: look, and choose on the validation
# window. The lists: the five likeliest purchases.

# %% tags=["nbval-ignore-output"]
households = judges[:3]
purchase = real_said[..., 0].mean(dim=1)  # [points, n], over the seeds
lists = [purchase[:, real_test.user == one].topk(5).indices for one in households]
explorer = widgets.explore_tradeoff(
    real_sweep,
    real_metrics,
    ("AP of purchase", "RMSE of quantity (log units)"),
    larger_is_better=(True, False),
    lists=torch.stack(lists, dim=1),  # [points, households, 5]
    households=[f"household {core.users['user_id'][one]}" for one in households.tolist()],
    item_names=core.items["name"].tolist(),
    look_for="Drag α from end to end: what moves by more than its spread? Which lists change?",
)
explorer

# %% [markdown]
# *Without a kernel:* from α = 0.02 to 0.98 AP of purchase goes from about 0.48 to 0.49, RMSE of
# quantity from 0.62 to 0.63; most of the lists stays.
#
# Now steer, in the simulated shop, by plain gradient descent: press Start, wait 1,500 steps, drag α
# to 0.98, and later to 0.02.


# %% tags=["nbval-ignore-output"]
def start(weights):  # `weights()` is (α, 1 − α) at that moment
    torch.manual_seed(0)
    model = new_network(simulated.train)
    return training.training_steps(
        model,
        simulated.train,
        losses.task_losses,
        lambda task_loss: scalarization.weighted_sum(task_loss, weights()).backward(),
        torch.optim.SGD(model.parameters(), lr=0.5),
        epochs=800,
        batch_size=1024,
        generator=torch.Generator().manual_seed(0),
    )


steered = widgets.watch_training(start, simulated.train.tasks, 16_000, name="lesson 04")
steered

# %% [markdown]
# *Without a kernel:* 1,500 steps at 0.5 bring the losses to about 0.35 and 0.61 nats; 500 at 0.98
# to 0.32 and 0.62: the bottom is pulled away. 500 at 0.02: 0.39 and 0.56.
#
# ## Exercises
#
# **1.** Write the slope of the tug of war's weighted loss, by hand; θ may be a tensor.


# %% tags=["solution"]
def slope(theta, alpha):
    # stub: return ...
    return alpha * 2 * (theta - 1) + (1 - alpha) * 6 * (theta + 1)


# %%
checks.check_slope(slope)
# checks.hint("slope", 1)

# %% [markdown]
# **2.** Five trainings, as (AP of purchase, RMSE of quantity): A (0.47, 0.64), B (0.49, 0.66),
# C (0.48, 0.66), D (0.46, 0.64), E (0.45, 0.62). Which are non-dominated?

# %% tags=["solution"]
# stub: on_the_front = ...
on_the_front = ["A", "B", "E"]

# %%
checks.check_front(on_the_front)
# checks.hint("front", 1)

# %% [markdown]
# **3.** Where does θ come to rest if quantity's loss is `scale` · (θ + 1)²?


# %% tags=["solution"]
def rest(alpha, scale):
    # stub: return ...
    return (alpha - scale * (1 - alpha)) / (alpha + scale * (1 - alpha))


# %%
checks.check_rest(rest)
# checks.hint("rest", 1)

# %% [markdown]
# ## Quiz
#
# **1. Somebody adds 100 to quantity's loss. What changes?**
#
# <details><summary>A. Nothing in the training</summary>
#
# Yes: a step follows the slope, and the slope is the same.
#
# </details>
# <details><summary>B. Quantity wins the tug of war</summary>
#
# No: only a factor makes it pull harder.
#
# </details>
# <details><summary>C. The training diverges</summary>
#
# No: a constant has no gradient, however large it is.
#
# </details>
#
# **2. Both weights are doubled, under plain gradient descent. What changes, if anything?**
#
# <details><summary>A. The place of rest</summary>
#
# No: both pulls double, and are equal where they were.
#
# </details>
# <details><summary>B. The length of each step</summary>
#
# Yes: as by a doubled learning rate.
#
# </details>
# <details><summary>C. Nothing at all</summary>
#
# No: Adam divides such a factor out; plain descent does not.
#
# </details>
#
# **3. Seed by seed, two weights differ in AP by 0.001 ± 0.005 (three seeds).**
#
# <details><summary>A. The larger AP is better</summary>
#
# No: another seed may well turn them round.
#
# </details>
# <details><summary>B. Both are on the Pareto front</summary>
#
# No: that takes the second metric, too.
#
# </details>
# <details><summary>C. These seeds cannot tell</summary>
#
# Yes: the difference is a fifth of what luck does.
#
# </details>

# %% [markdown]
# ## What to remember
#
# L = Σ wᵢLᵢ adds up slopes, not importance. **How much α matters differed from shop to
# shop:** sweep it, subtract within each seed, and compare with the spread.
#
# **Common mistakes**
#
# * Taking equal weights for equal say.
# * Believing in a front of one seed, or in a shape without its axes.
# * Choosing α on the test window.
#
# **Glossary words:** *finite difference*, *gradient*, *learning rate*, *loss*, *non-dominated*,
# *Pareto front*, *RMSE*, *scalarization*, *shared bottom*, *simulated shop*, *spread*, *sweep*
#
# **Where next** Lesson 5: a third task, mostly without labels.
#
# **References** R. Caruana, *Multitask Learning*, Machine Learning 28, 1997. K. Miettinen,
# *Nonlinear Multiobjective Optimization*, Kluwer 1999 (the Pareto front and the weighted sum).

# %% [markdown] tags=["presenter"]
# **Presenter's notes.** Warm-up 6 minutes, rest point 5, the network's step 4, the sweeps 6, fronts
# 8, the two sliders 8, exercises and quiz 8. As a 45-minute demonstration of the course: all of it.
#
# Ask before the tug of war comes to rest: "Is half the weight half the say?" Before the picture:
# "In which shop would you pay for tuning α?" Collect a bet on each shop.
#
# What breaks: the sweeps take about ten seconds together, in which nothing else answers. The
# steered training waits while no page shows it. Measured once, with `steps = 1500`, a minute's
# work, the simulated shop's middle weights come close to the best of both ends, and the ends stay
# apart. With ρ = 0.9 instead of 0 the rating keeps most of its gain even at α = 0.98: purchase
# teaches it. Purchase at α = 0.02 still suffers: a small weight in a small budget is no fight.

# %% tags=["guard"]
real_ap, real_rmse = real_metrics.mean(dim=1).T  # [points]
sim_ap, sim_rmse = sim_metrics.mean(dim=1).T
now, ends, ours = torch.tensor([0.5, 0.5]), [], start(lambda: now)
for alpha, n in ((0.5, 1500), (0.98, 500), (0.02, 500)):
    now = torch.tensor([alpha, 1 - alpha])
    ends.append(torch.stack([next(ours).losses for _ in range(n)])[-100:].mean(dim=0))
stated = [-0.5, 0.491, 0.48, 0.488, 0.616, 0.629, 0.49, 0.765, 0.75, 1.08, 1.38]
stated += [0.35, 0.61, 0.32, 0.62, 0.39, 0.56]
found = [theta.detach(), own_ap, *real_ap[[0, -1]], *real_rmse[[0, -1]], *sim_ap[[0, 14, -1]]]
found = torch.tensor([*found, *sim_rmse[[0, -1]], *torch.cat(ends)])
near = torch.tensor([0.001] * 2 + [0.013] * 4 + [0.06, 0.04, 0.04, 0.05, 0.06] + [0.02] * 6)
assert ((found - torch.tensor(stated)).abs() < near).all(), found
assert floor["real"][0] + 0.3 < real_ap.min() < real_ap.max() < own_ap
assert floor["sim"][0] + 0.2 < sim_ap.min() < sim_ap[-1] - 0.15 < ceiling[0] - 0.2
assert (sim_metrics[20, :, 1] > sim_metrics[14, :, 1] + 0.1).all()  # 14: α = 0.83
for place, alpha in ((0, 0.02), (10, 0.5), (20, 0.98), (10, 0.5)):
    explorer.alpha = steered.alpha = alpha
    assert explorer.text.startswith(f"α = {alpha}: AP of purchase {real_ap[place]:.3f} ± 0.0")
    assert abs(steered.weights[1] - (1 - alpha)) < 1e-6 and not steered.error, steered.error
print("Lesson 4 holds: one shop hardly asks for α, the other does, and both sliders answer.")
