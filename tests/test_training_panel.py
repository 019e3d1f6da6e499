import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from inspect import unwrap

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mtl_course import steering, widgets
from mtl_course.training import Step

TASKS = ("purchase", "quantity")


def training(n_steps: int = 10**9) -> Callable[[Callable[[], Tensor]], Iterator[Step]]:
    """A training whose losses are the weights that each step has read."""

    def start(weights: Callable[[], Tensor]) -> Iterator[Step]:
        for step in range(n_steps):
            yield Step(0, step, weights())

    return start


def broken(weights: Callable[[], Tensor]) -> Iterator[Step]:
    yield Step(0, 0, weights())
    raise ArithmeticError("the loss is no number any more")


def watch(start=None, max_steps: int = 400, **chosen) -> widgets.TrainingPanel:
    return widgets.watch_training(start or training(), TASKS, max_steps, **chosen)


def look_at(panel: widgets.TrainingPanel) -> None:
    """Stand in for a page that draws whatever is sent."""
    panel.observe(lambda change: panel.set_trait("seen", change["new"]), "sent")


def in_notebook(cell: Callable) -> object:
    """Run an async cell on a loop as a kernel has one; nothing may be left of it."""

    async def notebook() -> object:
        threads = threading.active_count()
        found = await cell()
        await asyncio.sleep(0.02)
        left = [task for task in asyncio.all_tasks() if "steered" in task.get_name()]
        assert not left
        assert threading.active_count() == threads
        return found

    return asyncio.run(notebook())


async def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within 2 s")


def test_nothing_runs_before_start():
    async def cell():
        panel = watch()
        await asyncio.sleep(0.05)
        return panel.done, panel.status, panel.running

    assert in_notebook(cell) == (0, "Ready: press Start.", False)


def test_a_started_training_ends_by_itself_after_its_steps():
    async def cell():
        panel = watch(max_steps=300)
        look_at(panel)
        panel.running = True
        await until(lambda: panel.status.startswith("Finished"))
        return panel

    panel = in_notebook(cell)
    assert (panel.done, panel.running) == (300, False)
    assert panel.status == "Finished after step 300. Reset to begin again."
    assert panel.recorded.shape == (300, 2)
    assert panel.error == ""


def test_the_next_step_reads_the_weight_that_was_set_and_a_mark_says_where():
    async def cell():
        panel = watch(max_steps=10**5, alpha=0.5)
        look_at(panel)
        panel.running = True
        await until(lambda: panel.done > 5000)
        panel.alpha = 0.9
        made = len(panel.recorded)
        await until(lambda: panel.done > made)
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        return panel, made

    panel, made = in_notebook(cell)
    # the losses are the weights that each step has read
    assert_close(panel.recorded[:made], torch.tensor([[0.5, 0.5]]).expand(made, 2))
    assert_close(panel.recorded[made:], torch.tensor([[0.9, 0.1]]).expand(panel.done - made, 2))
    assert panel.marks == [[0, 0.5], [made, 0.9]]


def test_a_speed_holds_the_training_back_and_0_lets_it_run():
    async def cell():
        panel = watch(max_steps=10**5)
        look_at(panel)
        panel.speed = 20
        panel.running = True
        await asyncio.sleep(0.3)
        slow = len(panel.recorded)
        panel.speed = 0
        await until(lambda: len(panel.recorded) > 1000)
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        return slow

    assert 1 <= in_notebook(cell) <= 7  # 20 a second make 6


def test_a_speed_below_0_is_refused():
    panel = watch()
    with pytest.raises(ValueError, match=r"`speed` is in steps a second, .* found -1"):
        panel.speed = -1
    assert panel.speed == 0


def test_what_a_page_says_it_has_drawn_is_heard_and_nonsense_is_not():
    panel = watch()
    for said in ({"seen": 3}, {"seen": 2}, {"seen": "4"}, {}, [5], None):
        panel._handle_custom_msg(said, [])  # as it arrives from a page; a second page is behind
    assert panel.seen == 3
    assert "seen" not in panel.get_state()  # a trait that both sides set would hold α back


def test_a_running_trainings_marks_come_with_its_pictures(monkeypatch):
    monkeypatch.setattr(steering, "FRAME", 10.0)
    monkeypatch.setattr(widgets.TrainingPanel, "_new_weight_unseen", lambda _: False)

    async def cell():
        panel = watch(max_steps=10**6)
        panel.advance(10)
        panel.running = True
        await until(lambda: len(panel.recorded) > 2000)
        panel.alpha = 0.9
        before = [list(mark) for mark in panel.marks]
        panel.running = False
        await until(lambda: panel.done > 2000)
        return before, panel.marks

    before, after = in_notebook(cell)
    assert before == [[0, 0.5]]
    assert [alpha for _, alpha in after] == [0.5, 0.9]


def test_a_training_whose_loss_is_no_number_stops_and_says_since_when():
    def start(weights: Callable[[], Tensor]) -> Iterator[Step]:
        for step in range(400):
            yield Step(0, step, weights() / (step not in (2, 3)))

    async def cell():
        panel = watch(start)
        panel.running = True
        await until(lambda: panel.error)
        return panel.error, panel.status, panel.running

    error, status, running = in_notebook(cell)
    assert "no finite number any more since step 3" in error
    assert "Lower the learning rate" in error
    assert status.startswith("Stopped by an error after step")
    assert not running
    with pytest.raises(ArithmeticError, match="since step 3"):
        watch(start).advance(5)


@pytest.mark.parametrize("losses", [[0.1, 0.2], torch.ones(3), torch.ones(2, 1), torch.tensor(1.0)])
def test_losses_that_are_not_one_a_task_stop_the_training_and_say_so(losses):
    def start(_weights: Callable[[], Tensor]) -> Iterator[Step]:
        yield Step(0, 0, torch.ones(2))
        while True:
            yield Step._make((0, 1, losses))

    async def cell():
        panel = watch(start)
        panel.running = True
        await until(lambda: panel.error)
        return panel

    panel = in_notebook(cell)
    assert "ValueError: A step's `losses` must be a tensor with one loss a task" in panel.error
    assert not panel.running
    assert panel.recorded.tolist() == [[1.0, 1.0]]


def test_losses_written_into_one_tensor_are_kept_apart_and_without_their_graph():
    def start(_weights: Callable[[], Tensor]) -> Iterator[Step]:
        buffer = torch.zeros(2)
        for step in range(5):
            yield Step(0, step, buffer.fill_(step))
        yield Step(0, 5, torch.full((2,), 5.0, requires_grad=True) * 1)

    panel = watch(start)
    panel.advance(6)
    assert panel.recorded[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert not panel.recorded.requires_grad


def test_an_advance_that_fails_says_so_and_start_begins_again():
    attempts = []

    def start(weights: Callable[[], Tensor]) -> Iterator[Step]:
        attempts.append(1)
        for step in range(400):
            yield Step(0, step, weights() / (step != 100 or len(attempts) > 1))

    async def cell():
        panel = watch(start)
        with pytest.raises(ArithmeticError):
            panel.advance(200)
        failed = (panel.error, panel.status, panel.done)
        panel.single_steps += 1
        await until(lambda: panel.done == 1)
        return failed, panel.error

    (error, status, done), after = in_notebook(cell)
    assert "since step 101" in error
    assert status == "Stopped by an error after step 200. Start begins again."
    assert (done, after) == (200, "")


def test_pictures_sent_before_any_page_looked_do_not_hold_a_start_back():
    async def cell():
        panel = watch(max_steps=10**6)
        for _ in range(steering.IN_FLIGHT + 1):
            panel.advance(1)
        panel.running = True
        await until(lambda: panel.status.startswith("Running"))
        panel.running = False

    in_notebook(cell)


def test_a_drag_is_one_mark():
    panel = watch(max_steps=100)
    panel.advance(50)
    for alpha in (0.6, 0.7, 0.8):
        panel.alpha = alpha
    assert panel.marks == [[0, 0.5], [50, 0.8]]


def test_an_early_move_leaves_the_mark_of_the_start():
    panel = watch(max_steps=400)  # moves within 8 steps are one drag
    panel.advance(3)
    for alpha in (0.6, 0.7):
        panel.alpha = alpha
    assert panel.marks == [[0, 0.5], [3, 0.7]]


def test_one_step_is_one_step_and_three_quick_ones_are_three():
    async def cell():
        panel = watch()
        panel.single_steps += 1
        await until(lambda: panel.done == 1)
        panel.set_state({"single_steps": 4})  # three clicks that the page sent as one state
        await until(lambda: panel.done == 4)
        await asyncio.sleep(0.03)
        return panel.done, panel.status

    assert in_notebook(cell) == (4, "Paused after step 4.")


def test_pause_keeps_and_reset_forgets():
    async def cell():
        panel = watch(max_steps=10**5)
        look_at(panel)
        panel.running = True
        await until(lambda: panel.done > 100)
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        paused = panel.done
        await asyncio.sleep(0.05)
        assert panel.done == paused

        panel.running = True
        await until(lambda: panel.done > paused)
        panel.resets += 1  # while it runs
        await until(lambda: panel.status.startswith("Ready"))
        await asyncio.sleep(0.05)
        return panel

    panel = in_notebook(cell)
    assert (panel.done, panel.running, panel.marks, panel.losses) == (0, False, [], b"")
    assert len(panel.recorded) == 0


def test_an_exception_in_the_training_is_shown_and_start_begins_afresh():
    async def cell():
        panel = watch(broken)
        look_at(panel)
        panel.running = True
        await until(lambda: panel.error != "")
        first = panel.error, panel.running, panel.done
        panel.single_steps += 1
        await until(lambda: panel.status == "Paused after step 1.")
        return first, panel.error

    error = "The training failed. ArithmeticError: the loss is no number any more"
    assert in_notebook(cell) == ((error, False, 1), "")


def test_a_training_that_gives_out_early_is_finished():
    async def cell():
        panel = watch(training(7))
        panel.running = True
        await until(lambda: panel.status.startswith("Finished"))
        return panel.done, panel.running

    assert in_notebook(cell) == (7, False)


def test_running_the_cell_again_leaves_one_training():
    async def cell():
        panels = []
        for _ in range(3):
            panel = watch(max_steps=10**6)
            look_at(panel)
            panel.running = True
            await until(lambda panel=panel: panel.done > 0)
            panels.append(panel)
        await asyncio.sleep(0.03)
        found = [panel.running for panel in panels]
        with pytest.raises(ValueError, match="A newer panel has this name"):
            panels[0].running = True  # Start in an old view
        await asyncio.sleep(0.05)
        found += [panel.running for panel in panels]
        steering.cancel(asyncio.get_running_loop())
        return found

    assert in_notebook(cell) == [False, False, True, False, False, True]


def test_a_new_panel_ends_the_training_of_the_old_one_before_it_is_started():
    async def cell():
        old = watch(max_steps=10**6)
        look_at(old)
        old.running = True
        await until(lambda: old.done > 0)
        watch(max_steps=10**6)
        await asyncio.sleep(0.03)
        return old.running

    assert in_notebook(cell) is False


def test_two_panels_of_two_names_run_side_by_side():
    async def cell():
        panels = [watch(max_steps=10**6, name=name) for name in ("one", "two")]
        for panel in panels:
            look_at(panel)
            panel.running = True
        await until(lambda: all(panel.done > 100 for panel in panels))
        for panel in panels:
            panel.running = False
        await until(lambda: all(panel.status.startswith("Paused") for panel in panels))
        return True

    assert in_notebook(cell)


def test_at_least_ten_pictures_a_second_are_sent():
    async def cell():
        panel = watch(max_steps=10**6)
        look_at(panel)
        panel.running = True
        await until(lambda: panel.sent >= 1)
        before = panel.sent
        await asyncio.sleep(1.0)
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        return panel.sent - before

    assert in_notebook(cell) >= 9  # ten, less what a busy machine takes


def test_a_new_weight_is_shown_before_the_next_picture_is_due(monkeypatch):
    monkeypatch.setattr(steering, "FRAME", 60.0)

    async def cell():
        panel = watch(max_steps=10**6)
        look_at(panel)
        panel.running = True
        await until(lambda: len(panel.recorded) > 0)
        assert panel.sent == 0
        panel.alpha = 0.3
        await until(lambda: panel.sent == 1)
        newest = panel.recorded[panel.done - 1, 0].item()
        await asyncio.sleep(0.1)
        once = panel.sent == 1  # the next one has to wait for its time again
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        return newest, once

    assert in_notebook(cell) == (pytest.approx(0.3), True)


def test_no_more_than_so_many_pictures_are_under_way(monkeypatch):
    monkeypatch.setattr(steering, "SLICE", 0.001)
    monkeypatch.setattr(steering, "FRAME", 0.0)

    async def cell():
        panel = watch(max_steps=10**6)
        panel.running = True
        sent = []
        for drawn in (0, 1, 5):
            panel.seen = drawn
            await asyncio.sleep(0.2)
            sent.append(panel.sent)
        panel.running = False
        await until(lambda: panel.status.startswith("Paused"))
        return sent

    assert in_notebook(cell) == [steering.IN_FLIGHT + drawn for drawn in (0, 1, 5)]


def test_the_curve_that_travels_is_the_mean_of_each_bin():
    panel = watch(max_steps=800, alpha=1.0)  # 400 bins of two steps
    panel.advance(2)
    panel.alpha = 0.0
    panel.advance(3)

    found = torch.frombuffer(bytearray(panel.losses), dtype=torch.float32).reshape(-1, 2)
    assert_close(found, torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    assert len(panel.losses) <= 400 * 2 * 4


def test_headless_a_training_makes_its_steps_at_once_and_always_the_same(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")

    async def cell():
        return [watch(max_steps=400, headless_steps=30) for _ in range(2)]

    one, two = in_notebook(cell)
    assert repr(one) == repr(two) == "TrainingPanel(alpha=0.50, 30 steps)"
    assert one.status == "Paused after step 30."
    assert_close(one.recorded, two.recorded)


@pytest.mark.parametrize("wanted", [0.0, 0.37, 1.0])
def test_weights_add_up_to_one(wanted):
    panel = watch(alpha=wanted)
    assert_close(panel.weights, torch.tensor([wanted, 1 - wanted]))


@pytest.mark.parametrize("wrong", [-0.2, 1.5, float("nan")])
def test_a_weight_outside_zero_to_one_is_refused_and_nothing_moves(wrong):
    panel = watch(alpha=0.3)
    with pytest.raises(ValueError, match="`alpha` must lie between 0 and 1; found"):
        panel.alpha = wrong
    assert panel.alpha == 0.3


@pytest.mark.parametrize("wrong", [{"alpha": 1.5}, {"speed": -1}, {"running": True}])
def test_what_a_page_may_not_ask_for_is_taken_back(wrong):
    panel = watch()
    before = {name: getattr(panel, name) for name in wrong}
    with pytest.raises(ValueError, match=r"must lie between|in steps a second|runs on the loop"):
        panel.set_state(wrong)
    assert {name: getattr(panel, name) for name in wrong} == before


def test_without_a_kernel_it_says_what_to_call_instead():
    panel = watch()
    with pytest.raises(ValueError, match=r"found none here. Call `advance\(n_steps\)` instead"):
        panel.running = True
    assert panel.running is False

    panel.advance(5)
    panel.single_steps += 1
    assert panel.status == "Paused after step 6."
    panel.resets += 1
    assert (panel.status, panel.done) == ("Ready: press Start.", 0)


@pytest.mark.parametrize(
    ("tasks", "max_steps", "message"),
    [
        (("a", "b", "c"), 10, "One α weighs two tasks; found 3"),
        (TASKS, 0, "`max_steps` must be 1 or more; found 0"),
    ],
)
def test_what_cannot_be_steered_is_refused(tasks, max_steps, message):
    with pytest.raises(ValueError, match=message):
        widgets.watch_training(training(), tasks, max_steps)


def test_a_reader_without_a_kernel_sees_how_far_it_came():
    panel = watch(alpha=0.25)
    panel.advance(20)
    data, _ = panel._repr_mimebundle_()
    assert "<td>20</td><td>0.250</td><td>0.750</td>" in data["text/html"]


class Network:
    """What a training holds and a panel should let go of."""


def test_a_panel_that_was_replaced_says_so_and_lets_go_of_its_training():
    async def cell():
        network = Network()
        found = weakref.ref(network)

        def start(weights, network=network):
            for step in training()(weights):
                assert network
                yield step

        replaced = watch(start, name="again")
        look_at(replaced)
        replaced.running = True
        await until(lambda: replaced.done > 0)
        made = len(replaced.recorded)
        newer = watch(name="again")
        await asyncio.sleep(0.05)
        del network, start
        gc.collect()
        assert found() is None
        assert replaced.status.startswith("A newer panel has this name")
        assert not replaced.running
        assert len(replaced.recorded) >= made
        for press in ("single_steps", "resets"):
            with pytest.raises(ValueError, match="A newer panel has this name"):
                replaced.set_trait(press, 1)
        with pytest.raises(ValueError, match="A newer panel has this name"):
            replaced.advance(1)
        newer.advance(3)
        return newer

    assert in_notebook(cell).done == 3


@pytest.mark.parametrize("wrong", [-1, 2.5, True, "3", None])
def test_a_number_of_steps_that_is_none_leaves_the_training_as_it_was(wrong):
    panel = watch()
    panel.advance(5)
    with pytest.raises(ValueError, match="`n_steps` must be a whole number"):
        unwrap(widgets.TrainingPanel.advance)(panel, wrong)  # a notebook checks no types
    assert panel.error == ""
    panel.advance(1)
    assert panel.done == 6


@pytest.mark.parametrize("counter", ["single_steps", "resets"])
def test_a_counter_of_the_buttons_only_counts_up(counter):
    panel = watch()
    panel.set_trait(counter, 2)
    with pytest.raises(ValueError, match=f"`{counter}` counts up: add 1 to the 2 it stands at"):
        panel.set_trait(counter, 1)
    assert getattr(panel, counter) == 2
