"""Dates as a case file may write them: a day, a month, a year, or a bound."""

from __future__ import annotations

import datetime
import re
from typing import Any

from bvn_asp.errors import refused
from bvn_asp.record.statements import Days, text_pattern

_DAY = r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)"
_DATE_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (_DAY, "at"),
        (rf"(?:since|from)\s+{_DAY}|{_DAY}\s+or later", "from"),
        (rf"after\s+{_DAY}", "after"),
        (rf"(?:until|by)\s+{_DAY}|{_DAY}\s+or earlier", "until"),
        (rf"before\s+{_DAY}", "before"),
        (rf"{_DAY}\s+to\s+{_DAY}", "range"),
    )
)
DATE_PATTERN = (
    text_pattern(
        ("since", "from", "after", "until", "by", "before"), ("or later", "or earlier"),
        r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", "",
    )
    + r"|^[A-Za-z]+\.? [0-9]{4}$"
)  # fmt: skip
"""The texts that are read as a date or as bounds of one, for a JSON Schema."""
_MONTHS = {
    name: place
    for place, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1800, 2200
"""The years that a record may name."""


def days(value: Any) -> Days:
    """Read a date, a month, a year, or a bound: `2023-03-14`, `2023-03`, `2023`, `after 2023`, `2022 to 2023-04`."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return Days(*_span(value.isoformat()))
    text = " ".join(str(value).split()) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    named = re.fullmatch(r"([A-Za-z]+)\.? ([0-9]{4})", text)
    if named and named[1].lower() in _MONTHS:
        text = f"{named[2]}-{_MONTHS[named[1].lower()]:02}"
    for pattern, form in _DATE_FORMS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _days(form, [_span(part) for part in match.groups() if part])
    raise ValueError(
        "expected a date as YYYY-MM-DD, a month as YYYY-MM, a year, or a bound such as after 2023-03 or 2022 to 2023"
        f"{refused(value)}"
    )


def _days(form: str, spans: list[tuple[datetime.date, datetime.date]]) -> Days:
    first, last = spans[0][0], spans[-1][1]
    if form == "range" and first > last:
        raise ValueError(f"no day lies from {first} to {last}: the earlier date comes first")
    one_day = datetime.timedelta(days=1)
    one: dict[str, Days] = {
        "at": Days(first, last), "range": Days(first, last),
        "from": Days(first, None), "after": Days(last + one_day, None),
        "until": Days(None, last), "before": Days(None, first - one_day),
    }  # fmt: skip
    return one[form]


def _span(text: str) -> tuple[datetime.date, datetime.date]:
    year, *rest = map(int, text.split("-"))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, not {year}")
    try:
        if len(rest) == 2:
            day = datetime.date(year, *rest)
            return day, day
        month = rest[0] if rest else 0
        first = datetime.date(year, month or 1, 1)
        following = datetime.date(year + (month in (0, 12)), 1 if month in (0, 12) else month + 1, 1)
    except ValueError:
        raise ValueError(f"there is no such day in the calendar: {text}") from None
    return first, following - datetime.timedelta(days=1)
