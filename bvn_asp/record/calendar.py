"""Calendar rules: the time between two days, exact where whole units are concerned.

A month (a year) is complete on the day of the same number in a later month (year); where that month has no such
day, on the first day of the month that follows. So a person born on 29 February is 18 on 1 March of a common year,
and six months from 31 August end on 1 March. Beyond the last whole unit, the days that are left count as their
share of the unit that is running, rounded down to a millionth: enough to tell "exactly" from "more than".
"""

from __future__ import annotations

import datetime
from decimal import ROUND_DOWN, Decimal

_GRAIN = Decimal("0.000001")
_CYCLE = 146_097
"""Days of 400 years."""


def weeks_between(start: datetime.date, end: datetime.date) -> Decimal:
    """Return the weeks from `start` to `end`; six weeks are 42 days."""
    return _share((end - start).days, 7)


def months_between(start: datetime.date, end: datetime.date) -> Decimal:
    """Return the complete calendar months from `start` to `end`, and the share of the running one."""
    return _steps(start, end, 1)


def years_between(start: datetime.date, end: datetime.date) -> Decimal:
    """Return the complete years from `start` to `end`, and the share of the running one."""
    return _steps(start, end, 12)


def _steps(start: datetime.date, end: datetime.date, months: int) -> Decimal:
    whole, day = ((end.year - start.year) * 12 + end.month - start.month) // months + 1, end.toordinal()
    while _later(start, whole * months) > day:
        whole -= 1
    reached, following = _later(start, whole * months), _later(start, (whole + 1) * months)
    return whole + _share(day - reached, following - reached)


def _later(start: datetime.date, months: int) -> int:
    """Return the number of the day `months` after `start`, which may lie beyond the last year of a date."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        return _day(year, month + 1, start.day)
    except ValueError:
        # Only December is last in its year, and it has every day.
        return _day(year, month + 2, 1)


def _day(year: int, month: int, day: int) -> int:
    """Return the number of a day; the calendar repeats itself every 400 years."""
    cycles, within = divmod(year, 400)
    return (cycles - 1) * _CYCLE + datetime.date(within + 400, month, day).toordinal()


def _share(days: int, length: int) -> Decimal:
    return (Decimal(days) / Decimal(length)).quantize(_GRAIN, rounding=ROUND_DOWN)
