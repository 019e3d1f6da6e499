# %% [markdown]
# # 0. Start here
#
# In a quarter of an hour your computer proves that it is ready, and you learn how the lessons talk
# with you: pictures that move, exercises that answer, questions that explain.
#
# **15 minutes.** Prerequisite: Python, as far as variables, lists and functions.
#
# **You will be able to**
#
# * read the doctor's report, and repair what it finds;
# * move a slider by mouse and by keyboard;
# * answer an exercise, ask for a hint and understand the verdict;
# * say what a wrong guess costs, in nats.

# %% [markdown]
# ## Is this computer ready?
#
# Click into the grey cell below, hold Shift and press Enter: that runs it. Every line of the report
# begins with PASS or FAIL, and a FAIL says what to do. When all is well, run cell after cell.

# %%
from mtl_course import doctor

print(doctor.report(doctor.examine()))

# %%
import math

import torch

from mtl_course import widgets
from mtl_course.checks import lesson_00 as checks
from mtl_course.checks import progress

torch.set_num_threads(1)  # this course computes on one core: on small tables two are slower

# %% [markdown]
# A household goes shopping eight times. 1 means that milk was in the basket. Such an outcome is
# called a *label*. (A cell like the next one holds all that you may want to change in a lesson.)

# %% tags=["parameters"]
bought = [1, 0, 0, 1, 0, 0, 1, 0]  # visits

# %% [markdown]
# ## Warm-up: what a guess costs
#
# Before each visit we say a *chance* of milk, between 0 and 1. Then we pay for our surprise:
#
# * milk was bought: we pay −log(chance);
# * it was not: we pay −log(1 − chance).
#
# This price is called the *loss*, and with the natural logarithm its unit is the *nat*. By hand,
# for a coin flip and for a bold guess:

# %%
print(f"chance 0.5, milk:    {-math.log(0.5):.3f} nats")
print(f"chance 0.9, milk:    {-math.log(0.9):.3f} nats")
print(f"chance 0.9, no milk: {-math.log(1 - 0.9):.3f} nats")

# %% [markdown]
# Being sure and right is cheap; being sure and wrong costs most of all.
#
# ## One chance for all visits
#
# Now we must say the same chance before each of the eight visits, and pay the mean.
#
# **Predict.** Which chance is the cheapest? A. 0.5, to be on the safe side. B. Something below 0.5,
# because milk is rarer than no milk. C. As close to 0 as possible, because no milk is more
# frequent.


# %%
def mean_loss(chance):  # nats per visit
    paid = [-math.log(chance) if label else -math.log(1 - chance) for label in bought]
    return sum(paid) / len(paid)


for guess in (0.05, 0.375, 0.5, 0.95):
    print(f"always say {guess}: {mean_loss(guess):.3f} nats a visit")

# %% [markdown]
# <details><summary><b>Explain</b> (open it when you have run the cell)</summary>
#
# B. Of these four, 0.375 is the cheapest: 0.662 nats. A coin flip costs 0.693. Saying 0.05 is right
# five times of eight and yet costs 1.155, because each of the three purchases then costs 2.996.
# A chance of exactly 0 would cost infinitely much at the first milk.
#
# </details>
#
# ## Your first slider
#
# Below, every chance from 0.05 to 0.95 is worked out. Drag the handle; or press Tab until it is
# framed, then use the arrow keys, Page Up, Page Down, Home and End. The line of text between
# slider and picture says in words what the picture shows.

# %% tags=["nbval-ignore-output"]
chances = tuple(round(0.05 + 0.025 * step, 3) for step in range(37))  # settings
losses = torch.tensor([mean_loss(chance) for chance in chances])  # [settings]
panel = widgets.explore_settings(
    [widgets.Axis("chance of milk", chances)],
    [widgets.Chart("mean loss (nats a visit)", (widgets.Series("loss", losses),))],
    start=(0.5,),
    look_for="Where is the valley, and which side of it is the steeper one?",
)
panel

# %% [markdown]
# *Without a kernel:* the curve falls from 1.155 nats at a chance of 0.05 to its lowest point, 0.662
# at 0.375, and climbs to 1.892 at 0.95, ever more steeply.
#
# From lesson 2 on, models are *trained*: many numbers are moved, step by step, to make such a loss
# lower. Here you move one, and see the whole curve.

# %% [markdown]
# ## Exercises
#
# Replace the `...`, run the cell, then run the check below it. Stuck? Delete the first `#` in the
# line with `hint`: there are three hints, each says more, and the last nearly tells.
#
# **1.** On which share of the eight visits was milk bought? A number.

# %% tags=["solution"]
# stub: share = ...
share = sum(bought) / len(bought)

# %%
checks.check_share(share)
# checks.hint("share", 1)

# %% [markdown]
# Do you recognise it? The cheapest chance is the share itself.
#
# **2.** What does it cost to have said a `chance` for something that then happens? Now the answer
# is a function: the check calls it and looks at what it returns.


# %% tags=["solution"]
def surprise(chance):
    # stub: return ...
    return -math.log(chance)


# %%
checks.check_surprise(surprise)
# checks.hint("surprise", 1)

# %% [markdown]
# ## How far you are
#
# What was right once stays done. It is kept in a folder of your own, outside the course, so that it
# outlives a restart and an update. Come back to the next cell after a lesson, and run it again.

# %%
progress.overview()

# %% [markdown]
# Is a notebook spoilt? `make reset ARGS=00_start_here` in a terminal brings it back as it was
# shipped, and keeps yours beside it.
#
# ## Quiz
#
# Choose an option and open it: by mouse, or by Tab and the space bar.
#
# **1. You said 0.9, and milk was not bought. What do you pay?**
#
# <details><summary>A. 0.1 nats</summary>
#
# No: 0.1 is the chance that you left to what then happened. The price is minus its logarithm.
#
# </details>
# <details><summary>B. 0.105 nats</summary>
#
# No: that is the price when milk was bought, −log 0.9.
#
# </details>
# <details><summary>C. 2.303 nats</summary>
#
# Yes: −log(1 − 0.9). Being sure and wrong costs 22 times as much here as being sure and right.
#
# </details>
#
# **2. A check says "Not right yet". What has it done?**
#
# <details><summary>A. It compared my code with the solution's</summary>
#
# No: it never reads your code. Any way to a right answer is right.
#
# </details>
# <details><summary>B. It looked at my answer and at the mistakes that are often made</summary>
#
# Yes: when your answer is that of a known mistake, it names the mistake.
#
# </details>
# <details><summary>C. It noted a bad mark</summary>
#
# No: what is kept is the best outcome of each exercise, and nothing leaves your computer.
#
# </details>
#
# **3. You moved the slider. What was computed?**
#
# <details><summary>A. Nothing: it looked the chance up among finished results</summary>
#
# Yes: so it answers at once, even without a kernel. Only a slider that says that it steers a
# training (lesson 4) changes what is computed.
#
# </details>
# <details><summary>B. The loss, again, in Python</summary>
#
# No: all 37 losses were computed before the panel was shown.
#
# </details>
# <details><summary>C. A network was trained</summary>
#
# No: nothing in this lesson is trained. A slider that steers a training says so.
#
# </details>

# %% [markdown]
# ## What to remember
#
# A *loss* is the price of a guess; the lowest mean price for one guess is paid by the true share.
#
# **Common mistakes**
#
# * Cells run out of order: *Kernel → Restart Kernel and Run All Cells* puts everything right.
# * A parameter is changed, but the cells below are not run again.
# * A percentage (37.5) where a share (0.375) is asked for.
#
# **Glossary words:** *label*, *loss*, *nat*
#
# **Where next** Lesson 1 opens the log of a real shop. All solutions are in the notebooks of the
# same name in the folder `solutions`.
#
# **References** I. J. Good, *Rational decisions*, Journal of the Royal Statistical Society B 14,
# 1952: the logarithm as the price of a guess.

# %% [markdown] tags=["presenter"]
# **Presenter's notes.** Doctor 3 minutes, warm-up 4, slider 3, exercises 3, quiz 2.
#
# Ask before the loop is run: who says A, B, C? C has its friends; let them defend it, then show
# 2.996, the price of one surprise at 0.05.
#
# What breaks: a FAIL of the doctor (send them to its remedy; *data* is the frequent one), a slider
# that shows as text (the notebook was opened in a program without widgets: use JupyterLab), arrow
# keys that move to another cell (the slider was not framed: press Tab once more). With other
# parameters the guard may object to the figures in the text, and rightly.

# %% tags=["guard"]
# the figures in the text: they hold for the parameters as they are shipped
assert abs(mean_loss(0.375) - 0.6616) < 1e-4
assert min(chances, key=mean_loss) == 0.375
for setting, nats in ((0.05, "1.155"), (0.375, "0.662"), (0.95, "1.892")):
    panel.value = (setting,)
    assert nats in panel.text, panel.text
panel.value = (0.5,)
print("Lesson 0 holds: the losses are right and the slider answers.")
