"""The calendar rules of `durations` for many days at once, in whole millionths; days count from 1 January 1970."""

from __future__ import annotations

import numpy as np

from bvn_asp.fields import DECIMALS
from bvn_asp.words import Whole

_GRAINS = 10**DECIMALS


def weeks_between(start: Whole, end: Whole) -> Whole:
    """Return the weeks from `start` to `end`."""
    weeks: Whole = (end - start) * _GRAINS // 7
    return weeks


def months_between(start: Whole, end: Whole) -> Whole:
    """Return the complete calendar months from `start` to `end`, and the share of the running one."""
    return _steps(start, end, 1)


def years_between(start: Whole, end: Whole) -> Whole:
    """Return the complete years from `start` to `end`, and the share of the running one."""
    return _steps(start, end, 12)


def _steps(start: Whole, end: Whole, months: int) -> Whole:
    whole: Whole = (_month(end) - _month(start)) // months + 1
    while np.any(late := _later(start, whole * months) > end):
        whole = whole - late
    reached, following = _later(start, whole * months), _later(start, (whole + 1) * months)
    length: Whole = whole * _GRAINS + (end - reached) * _GRAINS // (following - reached)
    return length


def _month(day: Whole) -> Whole:
    return day.astype("M8[D]").astype("M8[M]").astype(np.int64)


def _first(month: Whole) -> Whole:
    return month.astype("M8[M]").astype("M8[D]").astype(np.int64)


def _later(start: Whole, months: Whole) -> Whole:
    month = _month(start)
    into, reached = start - _first(month), month + months
    first, following = _first(reached), _first(reached + 1)
    # A month without such a day hands over to the first of the next.
    later: Whole = np.minimum(first + into, following)
    return later
