"""Sliders that look up what is finished, and a panel that steers what is running."""

from mtl_course.widgets.charts import Axis, Baseline, Chart, Series
from mtl_course.widgets.pages import page_fragments, page_html, write_page
from mtl_course.widgets.settings import SettingsExplorer, explore_settings
from mtl_course.widgets.tradeoff import TradeoffExplorer, explore_tradeoff
from mtl_course.widgets.training import watch_training
from mtl_course.widgets.training_panel import TrainingPanel

__all__ = [
    "Axis",
    "Baseline",
    "Chart",
    "Series",
    "SettingsExplorer",
    "TradeoffExplorer",
    "TrainingPanel",
    "explore_settings",
    "explore_tradeoff",
    "page_fragments",
    "page_html",
    "watch_training",
    "write_page",
]
