"""Age, pain and care of a found record, which count to the request and to the procedure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from bvn_asp.analysis.writing.numbers import Numbers, written
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import pattern
from bvn_asp.record.case import Case
from bvn_asp.record.spans import MOMENTS, times
from bvn_asp.record.statements import Range
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.analysis.writing.stated import Record

_REQUEST, _PROCEDURE = datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)
_DATES = (
    (), (_REQUEST, _PROCEDURE), (_REQUEST, _REQUEST), (_PROCEDURE - datetime.timedelta(days=1), _PROCEDURE),
)  # fmt: skip
"""Days of request and procedure that a record is written with, the most usual first."""
_TIMES = (
    ("age", "patient.age", "patient.birth_date", 12),
    ("pain_duration", "pain.months", "pain.onset", 1),
    ("care_duration", "conservative_care.weeks", "", 0),
)
"""The times of a record, with their fields: as a number, or as the day from which they count, in so many months."""


def write_times(record: Record, numbers: Numbers) -> None:
    """Write age, pain and care with the first days of request and procedure that say what is to be said."""
    wanted = {
        name: tuple(numbers.bounds((name, moment)) for moment in MOMENTS) for name, _, _, _ in _TIMES
    }  # fmt: skip
    best: list[Record] = []
    most = -1
    # A number near the limit is better than usual days, and usual days than a number far from it.
    # What is the same at both moments is most simply so on one day.
    alike = all(bounds[0] == bounds[1] for bounds in wanted.values())
    for far, dates in product((False, True), sorted(_DATES, key=lambda days: alike and len(set(days)) > 1)):
        request = dict(zip(("date", "planned_procedure_date"), (day.isoformat() for day in dates), strict=False))
        found = [_time(numbers, record, request, time, wanted[time[0]], far=far) for time in _TIMES]
        written = [part for part in found if part is not None]
        if len(written) > most:
            best, most = [*written, {"request": request} if request else {}], len(written)
        if most == len(found):
            break
    for part in best:
        for section, fields in part.items():
            record.setdefault(section, {}).update(fields)


def _time(
    numbers: Numbers, record: Record, request: Record, time: tuple[str, str, str, int], wanted: Any, *, far: bool
) -> Record | None:
    """Return the section that states a time as wanted at both moments, with these days of the case; or None."""
    name, path, start, months = time
    section, field = path.split(".")
    ways: list[Record] = [{}]
    ways += ({field: written(number)} for number in numbers.ranges((name, "request"), wanted[0], far=far))
    if request and start and all(low is not None for low, _ in wanted):
        ways += ({start.split(".")[1]: day.isoformat()} for day in _starts(numbers, name, months, request))
    beside: Record = {}
    if section == "conservative_care":
        beside = {"therapies": record.get(section, {}).get("therapies", {})}
    if far and beside.get("therapies"):
        # A treatment is not longer than the course; where that is short, as short as it can be.
        ways = [{**way, "therapies": _shortest(numbers, beside["therapies"])} for way in ways]
    for way in ways:
        content: Record = {section: beside | way, "request": request}
        said = {(found, moment): number for found, moment, _, number in times(Case.model_validate(content))}
        if wanted == tuple(numbers.represented((name, moment), said.get((name, moment))) for moment in MOMENTS):
            return {section: way} if way else {}
    return None


def _shortest(numbers: Numbers, therapies: Record) -> Record:
    """Return treatments with the least durations that compare alike."""
    found = {name: dict(content) for name, content in therapies.items()}
    for row in TABLE.plain:
        _, _, place = row.path.partition("therapies.")
        name, _, field = place.partition(".")
        if row.form == "number" and field in found.get(name, {}):
            low, high = numbers.bounds(pattern(row.term))
            limits = numbers.limits[numbers.quantities[pattern(row.term)]]
            if low is not None and high is not None and low < high and low == representative(0, limits):
                found[name][field] = written(Range(Decimal(0), numbers.near(high, limits)))
    return found


def _starts(numbers: Numbers, name: str, months: int, request: Record) -> Iterator[datetime.date]:
    """Yield days from which a time counts: some limit before or after request or procedure, and the usual one."""
    usual = numbers.usual.get((name, "request"))
    spans = [limit // numbers.scale * months for limit in numbers.limits.get(numbers.quantities[name, "request"], ())]
    days = [datetime.date.fromisoformat(text) for text in request.values()]
    spans += [] if usual is None else [int(usual) * months]
    for day in days:
        for begin in (*(_before(day, span) for span in spans), day):
            for shift in (0, 10, -10, 1, -1):
                found = begin - datetime.timedelta(days=shift)
                if found <= days[0]:
                    yield found


def _before(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=years, month=month + 1, day=min(day.day, 28))
