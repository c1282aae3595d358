"""Charts of many decisions as SVG, drawn by matplotlib: nothing in them is loaded from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

FIRST, SECOND, FAINT = "#4269d0", "#efb118", "#d9d9d9"
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "bvn"}


def bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Return horizontal bars, one for each label and series, the first label on top."""
    figure = Figure(figsize=(8, 0.7 + 0.36 * max(len(labels), 1)))
    axes = figure.subplots()
    width = 0.8 / max(len(series), 1)
    for place, (name, counts) in enumerate(series.items()):
        where = [row + (place - (len(series) - 1) / 2) * width for row in range(len(labels))]
        drawn = axes.barh(where, counts, width, label=name, color=(FIRST, SECOND)[place % 2])
        axes.bar_label(drawn, [f"{count:,}" for count in counts], padding=3, fontsize=8)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    _plain(axes)
    if len(series) > 1:
        axes.legend(frameon=False, loc="lower right")
    return _svg(figure)


def upset(sets: Mapping[tuple[str, ...], int]) -> str:
    """Return an UpSet chart: how many cases hold exactly each combination, and which names it combines."""
    names = sorted({name for combination in sets for name in combination}, key=lambda name: -_total(sets, name))
    figure = Figure(figsize=(8, 2.6 + 0.26 * len(names)))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.26 * len(names) + 0.3])
    drawn = above.bar(range(len(sets)), list(sets.values()), color=FIRST)
    above.bar_label(drawn, [f"{count:,}" for count in sets.values()], padding=2, fontsize=7, rotation=90)
    above.margins(y=0.3)
    _plain(above, x=False)
    for column, combination in enumerate(sets):
        rows = [names.index(name) for name in combination]
        below.plot([column] * len(names), range(len(names)), "o", color=FAINT, markersize=5)
        below.plot([column] * len(rows), sorted(rows), "o-", color="#333333", markersize=5, linewidth=1.4)
    below.set_yticks(range(len(names)), [f"{name} ({_total(sets, name):,})" for name in names], fontsize=8)
    below.invert_yaxis()
    below.set_xticks([])
    for side in below.spines.values():
        side.set_visible(False)
    return _svg(figure)


def _total(sets: Mapping[tuple[str, ...], int], name: str) -> int:
    return sum(count for combination, count in sets.items() if name in combination)


def _plain(axes: Any, *, x: bool = True) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    counted = axes.xaxis if x else axes.yaxis
    counted.set_major_locator(MaxNLocator(5, integer=True))
    counted.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _svg(figure: Any) -> str:
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context(_STYLE):
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    drawn = text.getvalue()
    # Only the drawing itself: what stands before it belongs to a file of its own, and names a place on the web.
    return drawn[drawn.index("<svg") :]
