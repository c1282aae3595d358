"""Numbers and times of a row as SQL: what `times` has by whole columns, as comparisons with limits.

`stages` adds columns to the table of cases: the days on which request and procedure can be, and the course of care in
days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bvn_asp.batch.columns import AT_LEAST, AT_MOST, SINCE, UNTIL, column_name
from bvn_asp.batch.inputs import entity_of, plain_rows, rows_named
from bvn_asp.batch.times import GRAIN
from bvn_asp.errors import PolicyError
from bvn_asp.policy.terms import Term, name_of, pattern, subject_of
from bvn_asp.record.field import Field
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.batch.dialects import Dialect
    from bvn_asp.batch.rows import Setting

Compared = list[tuple[str, int]]
"""Signs with limits in millionths, all of which hold."""
_MONTHS = {"years": 12, "months": 1}


def field(row: Field, suffix: str = "") -> str:
    """Return the column of a field that stands once, or the one of an entry."""
    name = column_name(row.path, suffix)
    return (f"{name}_" if name == "date" else name) if row.entry else f"c.{name}"


def bounds(row: Field) -> tuple[str, str]:
    """Return the least and the greatest number or day that a field leaves, null if there is no bound."""
    low, high = (SINCE, UNTIL) if row.form == "date" else (AT_LEAST, AT_MOST)
    return tuple(f"COALESCE({field(row)}, {field(row, suffix)})" for suffix in (low, high))  # type: ignore[return-value]


def stages(cases: str) -> Iterator[tuple[str, str]]:
    """Yield tables of cases by name, each with more columns than the one before; the last is `timed`."""
    asked, planned = (bounds(TABLE.by_path[f"request.{name}"]) for name in ("date", "planned_procedure_date"))
    start, end = (bounds(TABLE.by_path[f"conservative_care.{name}"]) for name in ("start", "end"))
    weeks = bounds(TABLE.by_path["conservative_care.weeks"])
    yield (
        "dated",
        f"""SELECT c.*, {asked[0]} AS request_low, LEAST({asked[1]}, {planned[1]}) AS request_high,
GREATEST({planned[0]}, {asked[0]}) AS procedure_low, {planned[1]} AS procedure_high FROM {cases} AS c""",
    )
    last = f"LEAST({end[1]}, c.request_high)"
    first = f"CASE WHEN {end[0]} IS NOT NULL AND c.request_low IS NOT NULL THEN LEAST({end[0]}, c.request_low) END"
    begun = f"({start[0]} IS NOT NULL OR {start[1]} IS NOT NULL)"
    course = f"({begun} OR {end[0]} IS NOT NULL OR {end[1]} IS NOT NULL)"
    longest = ", ".join(
        f"CASE WHEN {field(row)} IN ('received', 'begun', 'received or begun', 'begun or received')"
        f" OR {field(TABLE.by_path[f'{row.section}.received'])} OR {field(TABLE.by_path[f'{row.section}.begun'])}"
        f" THEN 7 * {bounds(TABLE.by_path[f'{row.section}.weeks'])[0]} END"
        for row in TABLE.plain
        if row.path.endswith(".status")
    )
    yield (
        "coursed",
        f"""SELECT c.*, CASE WHEN {start[0]} >= c.request_high THEN NULL ELSE GREATEST({longest}) END AS longest,
CASE WHEN {course} THEN CASE WHEN {start[1]} <= {first} THEN {first} - {start[1]} ELSE 0 END
ELSE 7 * {weeks[0]} END AS course_low,
CASE WHEN {course} THEN CASE WHEN {last} >= {start[0]} THEN {last} - {start[0]}
WHEN {last} < {start[0]} THEN 0 END ELSE 7 * {weeks[1]} END AS course_high FROM dated AS c""",
    )
    more = "c.longest IS NOT NULL AND COALESCE(c.longest > c.course_low, TRUE)"
    against = f"({more} AND COALESCE(c.longest > c.course_high, FALSE))"
    yield (
        "timed",
        f"""SELECT c.*, CASE WHEN {against} THEN NULL WHEN {more} THEN c.longest
ELSE c.course_low END AS care_low, CASE WHEN {against} THEN NULL ELSE c.course_high END AS care_high
FROM coursed AS c""",
    )


class SqlTimes:
    """Comparisons of numbers with limits; `beyond` collects where SQL cannot count, so that such a row is undecided."""

    def __init__(self, setting: Setting, dialect: Dialect, quantities: Mapping[Term, str]) -> None:
        self.setting, self.dialect, self.quantities = setting, dialect, quantities
        self.beyond: dict[str, None] = {}

    def compared(self, subject: Term, form: str, signs: Compared) -> str:
        """Return where the lower bound (form from) or upper bound (to) of the number `subject` compares so."""
        row, side = plain_rows().get(subject), form == "to"
        if row is not None:
            return _number(bounds(row)[side], signs)
        rows = rows_named(name_of(subject))
        if name_of(subject) == "care_duration":
            return self._care(str(subject_of(subject)), side, signs)
        given = next(row for row in rows if row.form == "number")
        begin = next((row for row in rows if row.span and row.form == "date"), None)
        number = _number(bounds(given)[side], signs)
        if begin is None:
            return number
        moment = "procedure" if entity_of(subject) is not None else str(subject_of(subject))
        dated = f"({' OR '.join(f'{bound} IS NOT NULL' for bound in bounds(begin))})"
        if side and moment == "procedure" and given.name == "months":
            number = self._later(bounds(given)[1], f"NOT {dated}", number)
        prefix = "" if begin.entry else "c."
        span = self._span(begin, (f"{prefix}{moment}_low", f"{prefix}{moment}_high"), side, signs)
        return f"CASE WHEN {dated} THEN {span} ELSE {number} END"

    def _care(self, moment: str, side: bool, signs: Compared) -> str:
        bound = f"c.care_{'high' if side else 'low'}"
        days = [(sign, limit * 7) for sign, limit in signs]
        found = _number(bound, days)
        return self._later(bound, "TRUE", found) if side and moment == "procedure" else found

    def _later(self, high: str, where: str, same: str) -> str:
        """Return an upper bound at the procedure that is known at the request: the same, if it is the same day."""
        settled = "c.request_low = c.request_high AND c.procedure_low = c.procedure_high"
        one_day = f"({settled} AND c.request_low = c.procedure_low)"
        known = f"{high} IS NOT NULL AND c.request_low IS NOT NULL AND c.procedure_high IS NOT NULL"
        self.beyond[f"({where} AND {known} AND NOT COALESCE({one_day}, FALSE))"] = None
        return f"(COALESCE({one_day}, FALSE) AND {same})"

    def _span(self, begin: Field, end: tuple[str, str], side: bool, signs: Compared) -> str:
        first, last = bounds(begin)
        start, until = (first, end[1]) if side else (last, end[0])
        spans = " AND ".join(
            f"{until} {sign} {self.dialect.later(start, self._steps(begin, limit), 'MONTH')}" for sign, limit in signs
        )
        zero = str(all({"=": limit == 0, "<": limit > 0, ">": limit < 0}[sign] for sign, limit in signs)).upper()
        known = f"{start} IS NOT NULL AND {until} IS NOT NULL"
        none = "FALSE" if side else zero
        return f"CASE WHEN {known} AND {start} <= {until} THEN {spans} WHEN {known} THEN {zero} ELSE {none} END"

    def _steps(self, begin: Field, limit: int) -> int:
        whole, rest = divmod(limit, GRAIN)
        if rest:
            quantity = next(row.quantity for row in rows_named(name_of(_term(begin))) if row.quantity)
            raise PolicyError(f"a limit of {quantity} that is no whole number: SQL cannot count calendar months so")
        return int(whole * _MONTHS[begin.span])


def _term(row: Field) -> Term:
    return pattern(row.term)


def _number(bound: str, signs: Compared) -> str:
    found = " AND ".join(f"{bound} {sign} {_decimal(limit)}" for sign, limit in signs)
    return f"COALESCE({found}, FALSE)"


def _decimal(limit: int) -> str:
    whole, rest = divmod(abs(limit), GRAIN)
    return f"{'-' if limit < 0 else ''}{whole}.{rest:06}"
