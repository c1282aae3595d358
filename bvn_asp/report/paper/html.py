"""A document as one HTML page: without scripts, with nothing from elsewhere, and whole on paper."""

from __future__ import annotations

from bvn_asp.report.pages import rendered
from bvn_asp.report.paper.blocks import MARKS, Paper

_TALL, _WIDE = 44, 96


def written(paper: Paper) -> str:
    """Return `paper` as one HTML page."""
    return rendered("paper.html.jinja", paper=paper, name=_name, tall=_TALL, wide=_WIDE, marks=MARKS)


def _name(value: object) -> str:
    """Return the name of a block's kind, by which the template tells them apart."""
    return type(value).__name__
