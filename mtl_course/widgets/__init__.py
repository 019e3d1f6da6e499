"""Sliders that look up what is finished, and a panel that steers what is running."""

from mtl_course.widgets.settings import (
    Axis,
    Baseline,
    Chart,
    Series,
    SettingsExplorer,
    explore_settings,
)
from mtl_course.widgets.tradeoff import TradeoffExplorer, explore_tradeoff
from mtl_course.widgets.training import TrainingPanel, watch_training

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
    "watch_training",
]
