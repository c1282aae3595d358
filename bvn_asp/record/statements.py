"""What a record says of one field: which values it leaves possible, and the documents that say so.

A statement rules values out. An exact one leaves one value, a bound leaves a range, several words leave these, and
`unknown` leaves everything. Numbers are exact decimals of six places, so that "more than 5" is "at least 5.000001".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

UNKNOWN = "unknown"
NONE = "none"
"""What says of a list that there is none."""
NOT_MEASURED = "not measured"
BY_HAND, BY_MACHINE = "by hand", "by machine"
"""How the value of a document came into a case file."""
MOST_DOCUMENTS = 16
"""Most documents that one field may be stated by."""
DECIMALS = 6
GRAIN = Decimal(1).scaleb(-DECIMALS)
"""The least difference between two numbers of a record."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`, both included; None is no bound."""

    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def exact(self) -> Decimal | None:
        """The one number of the range, if it is one."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` to `last`, both included; None is no bound."""

    first: datetime.date | None = None
    last: datetime.date | None = None

    @property
    def exact(self) -> datetime.date | None:
        """The one day, if it is one."""
        return self.first if self.first == self.last else None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """The test was not made, so that there is no value."""


Possible = bool | Range | Days | Unmeasured | tuple[str, ...] | str
"""What a statement leaves possible: an answer, a range, days, the options of a choice, listed names, or text."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that a statement rests on; empty where nothing is said of it. `entered` is by hand or by machine."""

    title: str = ""
    date: str = ""
    page: str = ""
    author: str = ""
    entered: str = ""

    def __str__(self) -> str:
        page = f"page {self.page}" if self.page else ""
        return ", ".join(part for part in (self.title, self.author, self.date, page) if part)


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says of a field: `value` is None if it is left open, and `documents` say so.

    Where documents disagree, `versions` has what each says, and the field is open until one is marked as counting.
    """

    value: Possible | None = None
    documents: tuple[Document, ...] = ()
    versions: tuple[Said, ...] = ()

    @property
    def exact(self) -> Any:
        """The one value that is left: an answer, a number, a day, a word, names or text; None if several are."""
        if isinstance(self.value, Range | Days):
            return self.value.exact
        return self.value

    def __str__(self) -> str:
        return text_of(self.value)


def text_of(value: Possible | None) -> str:
    """Return a value as people write it; reading it again gives the same value."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Range):
        return _range_text(value)
    if isinstance(value, Days):
        return _days_text(value)
    if isinstance(value, Unmeasured):
        return NOT_MEASURED
    return value if isinstance(value, str) else " or ".join(value) or NONE


def plain(value: Decimal) -> str:
    """Return a number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _range_text(value: Range) -> str:
    low, high = value.low, value.high
    if low is not None and low == high:
        return plain(low)
    if low is not None and high is not None:
        return f"{plain(low)} to {plain(high)}"
    if low is not None:
        return f"more than {plain(low - GRAIN)}" if _strict(low, -GRAIN) else f"at least {plain(low)}"
    if high is not None:
        return f"less than {plain(high + GRAIN)}" if _strict(high, GRAIN) else f"at most {plain(high)}"
    return UNKNOWN


def _strict(bound: Decimal, step: Decimal) -> bool:
    """Return whether a bound is better written as a strict one: its neighbour is the shorter number."""
    return len(plain(bound + step)) < len(plain(bound))


def _days_text(value: Days) -> str:
    first, last = value.first, value.last
    if first is None or last is None:
        return f"since {first}" if first is not None else f"until {last}" if last is not None else UNKNOWN
    if first == last:
        return first.isoformat()
    following = last + datetime.timedelta(days=1)
    if first.day == following.day == 1:
        if first.month == following.month == 1 and following.year == first.year + 1:
            return f"{first:%Y}"
        if (following.year - first.year) * 12 + following.month - first.month == 1:
            return f"{first:%Y-%m}"
    return f"{first} to {last}"


def _any_case(words: Iterable[str]) -> str:
    """Return a pattern of `words` in small letters or with a capital, for readers that know no flags."""
    return "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" if word[0].isalpha() else word for word in words)


def text_pattern(before: Iterable[str], after: Iterable[str], one: str, between: str) -> str:
    """Return the pattern of `one` alone, with words before or after it, or of two with words `between`."""
    return rf"^(({_any_case(before)})?\s*{one}|{one}\s*({_any_case(after)})|{between}{one}\s+(to|and)\s+{one})$"
