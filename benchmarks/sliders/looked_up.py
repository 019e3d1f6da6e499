"""The second cell: the looked-up panel with all of its views."""

# ruff: noqa: B018, F821

from mtl_course import widgets

panel = widgets.explore_tradeoff(
    sweep,
    metrics,
    names,
    larger_is_better=(True, True),
    lists=lists,
    households=households,
    item_names=items,
)
panel
