"""Charts of many decisions as drawings (SVG) that a page can hold: nothing in them is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bvn_asp.report.pages import drawing

if TYPE_CHECKING:
    from markupsafe import Markup

COLOURS = ("#4269d0", "#efb118")
_WIDTH, _ROW, _BAR = 800, 30, 20
_CHARACTER, _LONGEST = 7, 50
"""Width of a character of a label, and how many of them are kept."""
_TALL, _COLUMN, _DOT = 160, 24, 20
"""Height of the bars above, and the distances of columns and rows, where combinations are drawn."""


def bars(title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> Markup:
    """Return horizontal bars, one for each label and series, the first label on top."""
    shown = [label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…" for label in labels]
    left = 12 + _CHARACTER * max(map(len, shown), default=0)
    most = max((count for counts in series.values() for count in counts), default=0) or 1
    scale = (_WIDTH - left - 80) / most
    thick = _BAR / len(series)
    drawn = [
        {"x": left, "y": 5 + _ROW * row + thick * place, "width": round(count * scale, 1), "height": thick,
         "fill": COLOURS[place % 2], "count": f"{count:,}"}
        for place, counts in enumerate(series.values())
        for row, count in enumerate(counts)
    ]  # fmt: skip
    return drawing(
        "bars.svg.jinja", title=title, width=_WIDTH, height=_ROW * len(labels) + (24 if len(series) > 1 else 0),
        left=left, row=_ROW, middle=5 + _BAR / 2, labels=shown, bars=drawn,
        legend=list(zip(series, COLOURS, strict=False)) if len(series) > 1 else [],
    )  # fmt: skip


def combinations(title: str, sets: Mapping[tuple[str, ...], int]) -> Markup:
    """Return how many cases hold exactly each combination (a column), and which names it combines (its dots)."""
    totals: dict[str, int] = {}
    for combination, count in sets.items():
        for name in combination:
            totals[name] = totals.get(name, 0) + count
    names = sorted(totals, key=lambda name: (-totals[name], name))
    labels = [f"{name} ({totals[name]:,})" for name in names]
    left = 24 + _CHARACTER * max(map(len, labels), default=0)
    most = max(sets.values(), default=1)
    columns = [
        {"x": left + _COLUMN * place, "height": round(_TALL * 0.7 * count / most, 1), "count": f"{count:,}",
         "rows": sorted(names.index(name) for name in combination)}
        for place, (combination, count) in enumerate(sets.items())
    ]  # fmt: skip
    return drawing(
        "combinations.svg.jinja", title=title, left=left, width=left + _COLUMN * len(columns), tall=_TALL, step=_DOT,
        height=_TALL + _DOT * (len(names) + 1), labels=labels, columns=columns, fill=COLOURS[0],
    )  # fmt: skip
