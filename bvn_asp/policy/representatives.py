"""Bands of numbers: since a policy only compares numbers with limits, one representative stands for each band.

The representatives of a quantity are each limit and its two neighbours one millionth away. A number and its
representative compare alike with every limit, so what is proved over the representatives holds for every number.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence


def limits_of(
    thresholds: Mapping[tuple[str, str], int], further: Iterable[tuple[str, int]] = ()
) -> dict[str, list[int]]:
    """Return the ascending limits of each quantity: those of a policy, and `further` ones (quantity, millionths)."""
    limits: dict[str, set[int]] = {}
    for quantity, limit in (*((quantity, limit) for (_, quantity), limit in thresholds.items()), *further):
        limits.setdefault(quantity, set()).add(limit)
    return {quantity: sorted(found) for quantity, found in limits.items()}


def representative(value: int, limits: Sequence[int]) -> int:
    """Return the representative of `value` for the ascending `limits` (at least one), all in millionths."""
    place = bisect(limits, value)
    if place and limits[place - 1] == value:
        return value
    return limits[place - 1] + 1 if place else limits[0] - 1
