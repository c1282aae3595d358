"""Bands of numbers: since a policy only compares numbers with limits, one representative stands for each band.

The representatives of a quantity are each limit and its two neighbours one millionth away. A number and its
representative compare alike with every limit, so what is proved over the representatives holds for every number.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence


def representative(value: int, limits: Sequence[int]) -> int:
    """Return the representative of `value` for the ascending `limits` (at least one), all in millionths."""
    place = bisect(limits, value)
    if place and limits[place - 1] == value:
        return value
    return limits[place - 1] + 1 if place else limits[0] - 1
