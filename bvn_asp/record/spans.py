"""The times of a record: what its dates and durations leave possible of age, pain, care and time since a surgery.

A record cannot state the future: pain and care last until the request. A date that is not known leaves a bound.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.record.anatomy import SPANNING_DISCS
from bvn_asp.record.calendar import months_between, weeks_between, years_between
from bvn_asp.record.statements import Days, Range, text_of
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.record.case import Case

Between = Callable[[datetime.date, datetime.date], Decimal]
NONE = Decimal(0)
SHORT_COURSE = "how long the course was is left open"
"""How a warning ends that a course is shorter than one of its therapies."""
MOMENTS = ("request", "procedure")
"""The moments at which a time can be counted."""


def moments(case: Case) -> dict[str, Days]:
    """Return the days on which request and procedure can be: the procedure is not before the request."""
    request, planned = case.days("request.date"), case.days("request.planned_procedure_date")
    return {
        "request": Days(request.first, _earlier(request.last, planned.last)),
        "procedure": Days(_later(request.first, planned.first), planned.last),
    }


def spanned(between: Between, begin: Days, end: Days) -> Range:
    """Return how long it can be from `begin` to `end`."""
    low = between(begin.last, end.first) if begin.last and end.first and begin.last <= end.first else NONE
    high = between(begin.first, end.last) if begin.first and end.last else None
    return Range(low, None if high is None else max(high, NONE))


def times(case: Case) -> Iterator[tuple[str, str, str, Range]]:
    """Yield what the record leaves possible of each time: its name, its moment, the field that states it, the range.

    The names are age, pain_duration and care_duration; the time since a surgery is `since`.
    """
    days = moments(case)
    for name, given, begin, between in (
        ("age", "patient.age", "patient.birth_date", years_between),
        ("pain_duration", "pain.months", "pain.onset", months_between),
    ):
        for moment in MOMENTS:
            if (number := _number(case, given)) is not None:
                later = name == "pain_duration" and moment == "procedure"
                yield name, moment, given, _lengthened(number, days) if later else number
            elif _dated(case, begin):
                dated = spanned(between, case.days(begin), days[moment])
                yield name, moment, begin if days[moment].first else f"request.{_DATES[moment]}", dated
    care = _care(case, days["request"])
    if care is not None:
        # What lies between request and procedure is not known to be care.
        yield "care_duration", "request", care[0], care[1]
        yield "care_duration", "procedure", care[0], Range(care[1].low, _lengthened(care[1], days, 7).high)


_DATES = {"request": "date", "procedure": "planned_procedure_date"}


def _number(case: Case, path: str) -> Range | None:
    statement = case.said(path)
    return statement.value if statement is not None and isinstance(statement.value, Range) else None


def _lengthened(number: Range, days: dict[str, Days], week: int = 0) -> Range:
    """Return a time at the procedure that is known at the request."""
    request, procedure = days["request"], days["procedure"]
    if request.exact is not None and request.exact == procedure.exact:
        return number
    high = None
    if number.high is not None and request.first and procedure.last:
        between = weeks_between if week else months_between
        # A month that is begun counts whole: the days of two shares do not add up to one.
        high = number.high + between(request.first, procedure.last) + (0 if week else 1)
    return Range(number.low, high)


def _care(case: Case, request: Days) -> tuple[str, Range] | None:
    """Return the field that states how long the care lasted until the request, and what it leaves possible.

    A therapy that was received shows a course of at least its own length, unless the course begins after the request.
    """
    course = _course(case, request)
    therapies = [
        (path, found.low)
        for path in _weeks_of_therapies(case)
        if (found := _number(case, path)) is not None and found.low is not None
    ]
    if not therapies or (course is not None and _lies_ahead(case, request)):
        return course
    path, longest = max(therapies, key=lambda item: item[1])
    if course is None:
        return path, Range(longest)
    field, found = course
    if found.high is not None and longest > found.high:
        return field, Range()
    return course if found.low is not None and longest <= found.low else (path, Range(longest, found.high))


def _course(case: Case, request: Days) -> tuple[str, Range] | None:
    """Return what the record says of the whole course until the request, its therapies left aside."""
    found = _number(case, "conservative_care.weeks")
    if found is not None:
        return "conservative_care.weeks", found
    start, end = (_dated(case, f"conservative_care.{name}") for name in ("start", "end"))
    if not start and not end:
        return None
    field = "conservative_care.start" if end and request.first else "request.date" if end else "conservative_care.end"
    if not start:
        return field, Range(NONE, None)
    begin, until = case.days("conservative_care.start"), case.days("conservative_care.end")
    # Care after the request does not count, and may have ended at once if its end, or the day of the request, is open.
    last = _earlier(until.last, request.last)
    first = min(until.first, request.first) if until.first and request.first else None
    longest = spanned(weeks_between, begin, Days(first or begin.first, last))
    return field, longest if first else Range(NONE, longest.high)


def _lies_ahead(case: Case, request: Days) -> bool:
    """Tell whether the course begins on the day of the request or later."""
    begin = case.days("conservative_care.start").first
    return begin is not None and request.last is not None and begin >= request.last


def _weeks_of_therapies(case: Case) -> Iterator[str]:
    """Yield the fields that say how long each therapy lasted that was begun, completed or not."""
    for therapy in type(case.at("conservative_care.therapies")).model_fields:
        path = f"conservative_care.therapies.{therapy}"
        status = case.exact(f"{path}.status") or ("not_received",)
        stated = (case.exact(f"{path}.{name}") for name in ("received", "begun"))
        if True in stated or {*status} <= {"received", "begun"}:
            yield f"{path}.weeks"


def _dated(case: Case, path: str) -> bool:
    statement = case.said(path)
    return statement is not None and isinstance(statement.value, Days)


def _earlier(one: datetime.date | None, other: datetime.date | None) -> datetime.date | None:
    return min(day for day in (one, other) if day) if one or other else None


def _later(one: datetime.date | None, other: datetime.date | None) -> datetime.date | None:
    return max(day for day in (one, other) if day) if one or other else None


def since(case: Case, index: int) -> tuple[str, Range] | None:
    """Return the field that states how long before the procedure surgery `index` was, in months, and the range."""
    path = f"surgeries[{index}]"
    number = _number(case, f"{path}.months_before_procedure")
    if number is not None:
        return f"{path}.months_before_procedure", number
    if not _dated(case, f"{path}.date"):
        return None
    days = moments(case)["procedure"]
    field = f"{path}.date" if days.first else "request.planned_procedure_date"
    return field, spanned(months_between, case.days(f"{path}.date"), days)


def warnings(case: Case) -> Iterator[str]:
    """Yield what does not fit together in the record without ruling everything out."""
    yield from _unknown_lists(case)
    spanning = next((level for level in case.levels() if level in SPANNING_DISCS), None)
    if spanning and case.said("patient.lumbar_vertebrae") is None:
        yield (
            f"{spanning} is read as the disc of a patient with four lumbar vertebrae; where all levels from the one to"
            " the other are meant, list them"
        )
    request = moments(case)["request"]
    if _lies_ahead(case, request) and _number(case, "conservative_care.weeks") is None:
        yield "conservative_care.start lies after the request: care after it does not count"
        return
    course = _course(case, request)
    for path in _weeks_of_therapies(case):
        weeks = _number(case, path)
        if course and weeks and course[1].high is not None and weeks.low is not None and weeks.low > course[1].high:
            yield (
                f"{path} ({text_of(weeks)}) is longer than the whole course, {course[0]} ({text_of(course[1])} weeks);"
                f" {SHORT_COURSE}"
            )


def _unknown_lists(case: Case) -> Iterator[str]:
    """Yield which lists are called unknown beside what says that there is nothing else."""
    pairs = [(row.closes.removesuffix("[]"), row.path) for row in TABLE.plain if row.closes]
    for path, closing in (*pairs, ("findings.present", "findings.absent")):
        said, closed = case.said(path), case.said(closing)
        if closed is None or closed.value is None:
            continue
        if said is not None and said.value is None:
            close = f"leave {path} out" if path == "findings.present" else f"write {path}: none"
            yield f"{path} is called unknown and stays open, whatever {closing} says; {close} to close it"
        elif case.at(path) is None and path != "findings.present":
            yield f"{path} is not stated and stays open, whatever {closing} says; write {path}: none to close it"
