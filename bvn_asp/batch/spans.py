"""The calendar rules of `durations` for many days at once, in whole millionths; days count from 1 January 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bvn_asp.record.statements import DECIMALS

if TYPE_CHECKING:
    from bvn_asp.batch.words import Whole

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
    month = _month(start)
    into = start - _first(month)

    def later(passed: Whole) -> Whole:
        # A month without such a day hands over to the first of the next.
        reached = month + passed
        day: Whole = np.minimum(_first(reached) + into, _first(reached + 1))
        return day

    whole: Whole = (_month(end) - month) // months + 1
    while np.any(beyond := later(whole * months) > end):
        whole = whole - beyond
    reached, following = later(whole * months), later((whole + 1) * months)
    length: Whole = whole * _GRAINS + (end - reached) * _GRAINS // (following - reached)
    return length


_MONTHS = np.arange("0000-01", "10002-01", dtype="M8[M]")
_FIRST_MONTH = int(_MONTHS[0].astype(np.int64))
_FIRST_DAYS: Whole = _MONTHS.astype("M8[D]").astype(np.int64)
"""The first day of every month that a date can lie in."""


def _month(day: Whole) -> Whole:
    month: Whole = np.searchsorted(_FIRST_DAYS, day, side="right") - 1 + _FIRST_MONTH
    return month


def _first(month: Whole) -> Whole:
    return _FIRST_DAYS[month - _FIRST_MONTH]
