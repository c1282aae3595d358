"""One answer as the value that a case file would have; every mistake says what was expected and what stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bvn_asp.errors import MOST_REPEATED, refused
from bvn_asp.fhir.items import UCUM_CODES, Item, Option
from bvn_asp.fhir.urls import UCUM
from bvn_asp.record.statements import NONE, UNKNOWN

_TYPES = {
    "choice": ("valueCoding", "valueString"), "open-choice": ("valueCoding", "valueString"),
    "quantity": ("valueQuantity",), "decimal": ("valueDecimal",), "integer": ("valueInteger",), "date": ("valueDate",),
    "string": ("valueString",), "text": ("valueString",),
}  # fmt: skip
"""The types of value that an answer can have, by the type of its question."""
_COMPARATORS = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def value_of(item: Item, answer: Mapping[str, Any]) -> Any:
    """Return what `answer` to `item` says; raise ValueError if it is no such answer."""
    expected = _TYPES[item.kind]
    given = [name for name in answer if name.startswith("value")]
    if len(given) != 1 or given[0] not in expected:
        found = " and ".join(given)[:MOST_REPEATED] or "nothing"
        raise ValueError(f"expected {' or '.join(expected)}, not {found}")
    value = answer[given[0]]
    match given[0]:
        case "valueCoding":
            return _coded(item, value)
        case "valueQuantity":
            return _quantity(item, value)
        case "valueDecimal" | "valueInteger":
            return _number(value, whole=given[0] == "valueInteger")
    if not isinstance(value, str):
        raise ValueError(f"{given[0]}: expected text{refused(value)}")
    if item.kind == "date":
        if not _DATE.fullmatch(value):
            raise ValueError(f"valueDate: expected a date as YYYY, YYYY-MM or YYYY-MM-DD{refused(value)}")
        return value
    return _text(item, value) if item.options else value


def _coded(item: Item, coding: Any) -> str:
    if not isinstance(coding, dict):
        raise ValueError(f"valueCoding: expected system and code{refused(coding)}")
    system, code, display = (coding.get(name) for name in ("system", "code", "display"))
    for option in item.options:
        # An option without a code is known by what it shows.
        if (code == option.code and system == option.system) if option.code else (not code and display == option.text):
            return option.word
    raise ValueError(_no_option(item, f"{system}#{code}" if system else code or display))


def _text(item: Item, text: str) -> str:
    option = next((option for option in item.options if option.text == text and not option.code), None)
    if option is not None:
        return option.word
    if not item.open:
        raise ValueError(_no_option(item, text))
    return text


def _no_option(item: Item, found: Any) -> str:
    return f"expected one of {', '.join(_shown(option) for option in item.options)}{refused(found)}"


def _shown(option: Option) -> str:
    return f"{option.text} ({option.system}#{option.code})" if option.code else option.text


def _quantity(item: Item, quantity: Any) -> Any:
    """Return a number, or a bound in words if it has a comparator."""
    assert item.row is not None
    unit = item.row.unit
    if not isinstance(quantity, dict):
        raise ValueError(f"valueQuantity: expected value and unit{refused(quantity)}")
    known = quantity.get("system") == UCUM and quantity.get("code") == UCUM_CODES[unit]
    plain = not (quantity.get("system") or quantity.get("code")) and quantity.get("unit") in (unit, UCUM_CODES[unit])
    if not known and not plain:
        found = quantity.get("code") or quantity.get("unit")
        raise ValueError(f"expected a number of {unit} ({UCUM}#{UCUM_CODES[unit]}){refused(found or 'without a unit')}")
    number = _number(quantity.get("value"))
    comparator = quantity.get("comparator")
    if comparator is None:
        return number
    if not isinstance(comparator, str) or comparator not in _COMPARATORS:
        raise ValueError(f"comparator: expected {', '.join(_COMPARATORS)}{refused(comparator)}")
    return f"{_COMPARATORS[comparator]} {number}"


def _number(value: Any, *, whole: bool = False) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | Decimal):
        raise ValueError(f"expected a {'whole ' if whole else ''}number{refused(value)}")
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MOST_REPEATED:
        # JSON has exponents, a case file has not.
        return Decimal(f"{value:f}")
    return value


def joined(item: Item, values: Sequence[Any]) -> Any:
    """Return what the answers to `item` say together; raise ValueError if they do not go together."""
    alone = [option for option in item.options if option.alone and option.word in values]
    if alone and len(values) > 1:
        raise ValueError(f"{alone[0].text} goes with no other answer")
    if item.kind in ("quantity", "decimal") and len(values) > 1:
        return _between(values)
    form = "" if item.row is None else item.row.form
    if form not in ("names", "levels", "bodies"):
        return values[0] if len(values) == 1 else " or ".join(values)
    return values[0] if values[0] in (NONE, UNKNOWN) else list(values)


def _between(values: Sequence[Any]) -> str:
    bounds = sorted(str(value) for value in values)
    low, high = (bound.removeprefix(word) for bound, word in zip(bounds, ("at least ", "at most "), strict=False))
    if len(bounds) != 2 or [low, high] == bounds or "a" in low + high:
        raise ValueError("two answers are the bounds of one number, with the comparators >= and <=")
    return f"{low} to {high}"


def documented(value: Any, documents: Sequence[Mapping[str, str]]) -> Any:
    """Return a value with the documents that it rests on, as a case file has them."""
    found = [{"value": value, **document} for document in documents]
    return value if not found else found[0] if len(found) == 1 else found
