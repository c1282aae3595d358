"""Types of single fields of a case file: each makes one exact value of what a file holds, or says what it expected.

`None` stands for unknown in every type. Numbers are `Decimal`, never binary floats.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from bvn_asp.section import UNKNOWN, Json, Kind
from bvn_asp.spine import body_name, level_name

DECIMALS = 6
"""Most decimal places a number may have; one millionth is the grain of the facts."""

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def _known(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let unknown pass as None, and `check` everything else."""
    return lambda value: None if value is None or value == UNKNOWN else check(value)


def _answer(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("expected yes, no or unknown")


def _number(low: int, high: int) -> Callable[[Any], Decimal]:
    def check(value: Any) -> Decimal:
        if isinstance(value, bool | float) or not isinstance(value, int | str | Decimal):
            raise ValueError("expected a number")
        text = str(value).strip()
        if len(text) > 40:
            raise ValueError("too many digits")
        if _NUMBER.fullmatch(text) is None:
            raise ValueError("expected a plain decimal number, such as 12 or 12.5")
        amount = Decimal(text)
        if not low <= amount <= high:
            raise ValueError(f"expected a number from {low} to {high}")
        if amount != round(amount, DECIMALS):
            raise ValueError(f"too many digits: at most {DECIMALS} decimal places")
        return amount

    return check


def _date(value: Any) -> datetime.date:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such day in the calendar") from None
    raise ValueError("expected a date as YYYY-MM-DD")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value


def _story(value: Any) -> str:
    text = _text(value)
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected at most {MOST_CHARACTERS} characters")
    return text


def _several(one: Callable[[str], str]) -> Callable[[Any], tuple[str, ...]]:
    def check(value: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            raise ValueError("expected at least one; leave the field out, or write unknown, if it is not known")
        names = tuple(one(_text(item)) for item in items)
        if len(set(names)) < len(names):
            raise ValueError("the same one is named twice")
        return names

    return check


def _items(value: Any) -> Any:
    """Accept a list, and None for unknown; the items are checked by their own type."""
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list; an empty list, [], states that there is none")
    if len(value) > MOST_ITEMS:
        raise ValueError(f"expected at most {MOST_ITEMS} entries")
    return tuple(value)


def _units(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 99:
        raise ValueError("expected a whole number of units from 0 to 99")
    return value


MOST_CHARACTERS = 20_000
"""Most characters of a story."""
MOST_ITEMS = 32
"""Most entries of one list of a case; it bounds the size of the ground program."""


def _or_unknown(check: Callable[[Any], Any], *choices: Json) -> Kind:
    return Kind(_known(check), {"anyOf": [*choices, {"const": UNKNOWN}, {"type": "null"}]})


def _amount(low: int, high: int) -> Kind:
    text = {"type": "string", "pattern": "^[-+]?[0-9]+([.][0-9]+)?$"}
    return _or_unknown(_number(low, high), {"type": "number", "minimum": low, "maximum": high}, text)


def _one_or_more(check: Callable[[str], str], one: Json) -> Kind:
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_ITEMS, "uniqueItems": True}
    return _or_unknown(_several(check), one, several)


_LEVEL = {
    "type": "string",
    "pattern": "^[CTLSctls][0-9]{1,2}([-/][CTLSctls]?[0-9]{1,2})?$",
    "examples": ["L4", "L4-L5"],
}
_BODY = {"type": "string", "pattern": "^[CTLSctls][0-9]{1,2}$", "examples": ["L4", "S1"]}
Story = Annotated[str, Kind(_story, {"type": "string", "maxLength": MOST_CHARACTERS})]
Answer = Annotated[bool | None, _or_unknown(_answer, {"type": "boolean"})]
Date = Annotated[datetime.date | None, _or_unknown(_date, {"type": "string", "format": "date"})]
Years = Annotated[Decimal | None, _amount(0, 150)]
Months = Annotated[Decimal | None, _amount(0, 1800)]
Weeks = Annotated[Decimal | None, _amount(0, 2000)]
Millimetres = Annotated[Decimal | None, _amount(0, 200)]
MassIndex = Annotated[Decimal | None, _amount(5, 300)]
TScore = Annotated[Decimal | None, _amount(-20, 20)]
Levels = Annotated[tuple[str, ...] | None, _one_or_more(level_name, _LEVEL)]
Bodies = Annotated[tuple[str, ...] | None, _one_or_more(body_name, _BODY)]
Units = Annotated[int | None, _or_unknown(_units, {"type": "integer", "minimum": 0, "maximum": 99})]
Known = Kind(_known(lambda value: value), {}, inner=True)
Listed = Kind(_known(_items), {}, inner=True)
OpenList = Kind(lambda value: () if value is None or value == UNKNOWN else _items(value), {}, inner=True)
"""A list that says nothing of what it leaves out, so that unknown is the same as empty."""
