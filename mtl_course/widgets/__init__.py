"""Sliders that look up what is finished, and a panel that steers what is running."""

from mtl_course.widgets.charts import Axis, Baseline, Chart, Series
from mtl_course.widgets.gates import GatesExplorer, explore_gates
from mtl_course.widgets.pages import page_fragments, page_html, write_page
from mtl_course.widgets.scores import ScoresExplorer, explore_scores
from mtl_course.widgets.session import SessionExplorer, explore_session
from mtl_course.widgets.settings import SettingsExplorer, explore_settings
from mtl_course.widgets.simplex import SimplexExplorer, explore_simplex
from mtl_course.widgets.tradeoff import TradeoffExplorer, explore_tradeoff
from mtl_course.widgets.training import watch_training
from mtl_course.widgets.training_panel import TrainingPanel
from mtl_course.widgets.worlds import Bars, WorldExplorer, explore_world

__all__ = [
    "Axis",
    "Bars",
    "Baseline",
    "Chart",
    "GatesExplorer",
    "ScoresExplorer",
    "Series",
    "SessionExplorer",
    "SettingsExplorer",
    "SimplexExplorer",
    "TradeoffExplorer",
    "TrainingPanel",
    "WorldExplorer",
    "explore_gates",
    "explore_scores",
    "explore_session",
    "explore_settings",
    "explore_simplex",
    "explore_tradeoff",
    "explore_world",
    "page_fragments",
    "page_html",
    "watch_training",
    "write_page",
]
