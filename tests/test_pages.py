import base64
import json
import re
from html.parser import HTMLParser

import pytest
import torch

from mtl_course import widgets
from mtl_course.training import Step, Sweep
from mtl_course.widgets import pages

BREAKS_OUT = "</script><script>alert('out')</script><!-- <b>\"&'\u2028"


def tradeoff(item: str = "ITEM") -> widgets.TradeoffExplorer:
    """The largest panel of the course: 21 weights, 3 seeds, 60 checkpoints, 3 lists."""
    weights = torch.linspace(0, 1, 21)
    sweep = Sweep(
        ("purchase", "quantity"),
        torch.stack([weights, 1 - weights], dim=1),
        (0, 1, 2),
        tuple(range(0, 1000, 10)),
        torch.rand(21, 3, 100, 2, generator=torch.Generator().manual_seed(0)),
        {},
    )
    return widgets.explore_tradeoff(
        sweep,
        torch.rand(21, 3, 2, generator=torch.Generator().manual_seed(1)),
        ("AP of purchase", "RMSE of quantity (log units)"),
        larger_is_better=(True, False),
        lists=torch.arange(21 * 15).reshape(21, 3, 5),
        households=("one", "two", "three"),
        item_names=[f"{item} WITH A NAME OF USUAL LENGTH {i}" for i in range(21 * 15)],
    )


def settings(name: str = "factors", baseline: float = 0.484) -> widgets.SettingsExplorer:
    series = widgets.Series("ALS", torch.tensor([0.1, 0.3, 0.2]))
    return widgets.explore_settings(
        [widgets.Axis(name, (4, 8, 16))],
        [widgets.Chart("AP", (series,), (widgets.Baseline("own frequency", baseline),))],
        start=(8,),
        look_for="Which wins?",
    )


class Tags(HTMLParser):
    """What a browser would see: the tags in their order, and what stands in each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, _attrs):
        self.tags.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.tags[-1:] == ["script"]:
            self.scripts[-1] += data


def held(html: str) -> dict:
    return json.loads(re.search(r'"application/json">(.*?)</script>', html, re.DOTALL)[1])


def test_a_page_holds_every_trait_of_the_panel_and_none_of_jupyters():
    panel = tradeoff()
    panel.alpha = 0.3

    found = held(pages.page_html(panel, title="Sweep"))

    assert found["values"] == {"alpha": 0.3, "facts": panel.facts}
    sent = {key: base64.b64decode(text) for key, text in found["bytes"].items()}
    assert sent == {"metrics": panel.metrics, "curves": panel.curves, "lists": panel.lists}


def test_a_page_of_21_weights_and_3_seeds_takes_less_than_150_kilobytes(tmp_path):
    path = pages.write_page(tradeoff(), tmp_path / "sweep.html", title="Sweep")
    assert path.stat().st_size < 150_000  # its code, its style and its table among them


def test_a_page_names_no_other_address():
    html = pages.page_html(tradeoff(), title="Sweep")
    assert set(re.findall(r"\w+://[\w./]+", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href|action)\s*=|@import|\bimport\b.*from", html)
    assert "content=\"default-src 'none'; " in html


def test_no_text_breaks_out_of_its_place():
    html = pages.page_html(tradeoff(BREAKS_OUT), title=BREAKS_OUT)
    plain = pages.page_html(tradeoff(), title="Sweep")

    assert Tags(html).tags == Tags(plain).tags
    assert len(Tags(html).scripts) == 2  # the data and the code
    names = json.loads(Tags(html).scripts[0])["values"]["facts"]["itemNames"]
    assert names[0] == f"{BREAKS_OUT} WITH A NAME OF USUAL LENGTH 0"
    settings_page = pages.page_html(settings(BREAKS_OUT), title="Settings")
    assert Tags(settings_page).tags == Tags(pages.page_html(settings(), title="Settings")).tags


def test_where_no_script_runs_stands_a_table_without_a_cell_to_run():
    html = pages.page_html(settings(), title="Settings")
    assert "<td>16</td><td>0.200</td>" in html
    assert "Run the cell" not in html


def test_fragments_of_one_page_share_style_and_code_and_have_no_names_to_clash():
    fragments = pages.page_fragments([settings(), settings(), tradeoff(), settings("width")])

    assert ["<style>" in fragment for fragment in fragments] == [True, False, False, False]
    code = ['<script type="module">' in fragment for fragment in fragments]
    assert code == [True, False, True, False]
    places = [re.search('data-code="(.*?)"', fragment)[1] for fragment in fragments]
    assert places[0] == places[1] == places[3] != places[2]
    assert not any(re.search(r"<[^>]* (id|name)=", fragment) for fragment in fragments)


def test_the_same_panel_gives_the_same_page():
    first, second = (pages.page_html(tradeoff(), title="Sweep") for _ in range(2))
    assert first == second


@pytest.mark.parametrize("write", [pages.page_html, pages.write_page])
def test_a_panel_that_a_kernel_computes_is_refused(write, tmp_path):
    panel = widgets.watch_training(
        lambda _: iter([Step(0, 0, torch.ones(2))]), ("purchase", "quantity"), 5
    )
    path = tmp_path / "training.html"
    arguments = (panel, path) if write is pages.write_page else (panel,)
    with pytest.raises(ValueError, match="`panel` must look its results up; found TrainingPanel, "):
        write(*arguments, title="Training")
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_no_page_can_hold_is_refused_and_the_old_page_stays(tmp_path):
    path = pages.write_page(settings(), tmp_path / "page.html", title="Old")
    old = path.read_text("utf-8")
    with pytest.raises(ValueError, match="must hold finite numbers, or a page cannot; found facts"):
        pages.write_page(settings(baseline=float("nan")), path, title="New")
    assert path.read_text("utf-8") == old


def test_an_interrupted_page_leaves_the_old_one_whole(tmp_path, monkeypatch):
    path = pages.write_page(settings(), tmp_path / "page.html", title="Old")
    old = path.read_text("utf-8")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pages.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pages.write_page(settings(), path, title="New")

    assert path.read_text("utf-8") == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_replaces_the_old_one_and_others_may_read_it(tmp_path):
    path = tmp_path / "page.html"
    for title in ("Old", "New"):
        assert pages.write_page(settings(), path, title=title) == path
    assert path.read_text("utf-8") == pages.page_html(settings(), title="New")
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"must lie in a folder that exists; found '.*page\.html'"):
        pages.write_page(settings(), tmp_path / "no" / "page.html", title="Page")
