"""Numbers and times of many cases by whole columns: what each case leaves possible, as `record.spans` has it for one.

A number lies from `low` to `high`, in millionths; a day counts from 1 January 1970 on. No bound is a number beyond all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bvn_asp.batch.columns import AT_LEAST, AT_MOST, SINCE, UNTIL
from bvn_asp.batch.spans import months_between, weeks_between, years_between
from bvn_asp.batch.words import Flags, Whole, days, numbers
from bvn_asp.record.statements import DECIMALS

GRAIN = 10**DECIMALS
BEYOND = 1 << 62
"""Stands for no upper bound, and with the other sign for no lower one."""
Between = Callable[[Whole, Whole], Whole]
MEASURES: dict[str, Between] = {"years": years_between, "months": months_between, "weeks": weeks_between}


@dataclass(frozen=True)
class Bounds:
    """What is left possible of a number or day of every case; `exact` if no case states a bound."""

    low: Whole
    high: Whole
    exact: bool = False

    @property
    def stated(self) -> Flags:
        """Where anything is stated."""
        found: Flags = (self.low > -BEYOND) | (self.high < BEYOND)
        return found

    @property
    def settled(self) -> Flags:
        """Where one value is left."""
        found: Flags = self.low == self.high
        return found

    def where(self, flags: Flags, other: Bounds) -> Bounds:
        """Return these bounds where `flags` hold, and the `other` elsewhere."""
        if flags.all():
            return self
        if not flags.any():
            return other
        exact = self.exact and other.exact
        return Bounds(np.where(flags, self.low, other.low), np.where(flags, self.high, other.high), exact)


def nothing(count: int) -> Bounds:
    """Return the bounds of `count` cases that say nothing."""
    return Bounds(np.full(count, -BEYOND), np.full(count, BEYOND), exact=True)


Cell = Callable[[str], Any]
"""Gives the Arrow array of the part of a field by its suffix."""


def number_bounds(cell: Cell) -> Bounds:
    """Return what the columns of a number leave possible."""
    return _bounds(cell, numbers, (AT_LEAST, AT_MOST))


def day_bounds(cell: Cell) -> Bounds:
    """Return what the columns of a date leave possible."""
    return _bounds(cell, days, (SINCE, UNTIL))


def _bounds(cell: Cell, read: Callable[[Any], tuple[Whole, Flags]], suffixes: tuple[str, str]) -> Bounds:
    values, known = read(cell(""))
    low, high = np.where(known, values, -BEYOND), np.where(known, values, BEYOND)
    exact = True
    for bound, suffix in ((low, suffixes[0]), (high, suffixes[1])):
        array = cell(suffix)
        if array.null_count < len(array):
            values, known = read(array)
            np.copyto(bound, values, where=known)
            exact = False
    return Bounds(low, high, exact)


def moments(request: Bounds, planned: Bounds) -> dict[str, Bounds]:
    """Return the days on which request and procedure can be: the procedure is not before the request."""
    return {
        "request": Bounds(request.low, np.minimum(request.high, planned.high)),
        "procedure": Bounds(np.maximum(planned.low, request.low), planned.high),
    }


def spanned(unit: str, begin: Bounds, end: Bounds) -> Bounds:
    """Return how long it can be from `begin` to `end`."""
    low, high = np.zeros(len(begin.low), np.int64), np.full(len(begin.low), BEYOND)
    sure = np.flatnonzero((begin.high < BEYOND) & (end.low > -BEYOND) & (begin.high <= end.low))
    low[sure] = MEASURES[unit](begin.high[sure], end.low[sure])
    known = np.flatnonzero((begin.low > -BEYOND) & (end.high < BEYOND))
    high[known] = np.maximum(MEASURES[unit](begin.low[known], end.high[known]), 0)
    return Bounds(low, high)


def lengthened(number: Bounds, days: dict[str, Bounds], unit: str) -> Bounds:
    """Return a time at the procedure that is known at the request."""
    request, procedure = days["request"], days["procedure"]
    same = request.settled & procedure.settled & (request.low == procedure.low)
    high = np.full(len(number.low), BEYOND)
    known = np.flatnonzero((number.high < BEYOND) & (request.low > -BEYOND) & (procedure.high < BEYOND))
    # A month that is begun counts whole: the days of two shares do not add up to one.
    more = GRAIN if unit == "months" else 0
    high[known] = number.high[known] + MEASURES[unit](request.low[known], procedure.high[known]) + more
    return number.where(same, Bounds(number.low, high))


def care(stated: Bounds, start: Bounds, end: Bounds, longest: Whole, request: Bounds) -> Bounds:
    """Return how long the care lasted until the request; `longest` is the longest therapy, at least."""
    count = len(longest)
    dated = start.stated | end.stated
    # Care after the request does not count, and may have ended at once if its end, or the day of the request, is open.
    last = np.minimum(end.high, request.high)
    ended = (end.low > -BEYOND) & (request.low > -BEYOND)
    first = np.where(ended, np.minimum(end.low, request.low), end.low)
    span = spanned("weeks", start, Bounds(first, last))
    begun = start.stated
    span = Bounds(np.where(begun & ended, span.low, 0), np.where(begun, span.high, BEYOND))
    found = span.where(dated, stated) if dated.any() else stated
    if not (longest > -BEYOND).any():
        return found
    # A course that begins after the request has no therapy before it.
    ahead = (start.low > -BEYOND) & (request.high < BEYOND) & (start.low >= request.high)
    more = (longest > found.low) & ~ahead
    against = more & (longest > found.high)
    return nothing(count).where(against, Bounds(np.where(more, longest, found.low), found.high))
