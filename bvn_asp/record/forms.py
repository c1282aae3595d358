"""The forms of fields: what reads a value of each row of the field table, and the JSON Schema of what it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import refused
from bvn_asp.record import dates, readers
from bvn_asp.record.anatomy import LEVELS, SOMEWHERE, SPANNING_DISCS, body_name, level_name
from bvn_asp.record.statements import BY_HAND, BY_MACHINE, MOST_DOCUMENTS, NONE, NOT_MEASURED, UNKNOWN, Possible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bvn_asp.record.field import Field
    from bvn_asp.record.readers import Reader

Json = dict[str, Any]


def _level_pattern(levels: Iterable[str]) -> str:
    """Return the pattern of bodies and discs, in capitals or not, a disc also as `L4/5`."""
    names: list[str] = []
    for level in levels:
        upper, _, lower = level.partition("-")
        one, other = (f"[{body[0]}{body[0].lower()}]{body[1:]}" if body else "" for body in (upper, lower))
        # The region of the lower body may be left out where it is that of the upper one.
        short = f"({other[:4]})?{other[4:]}" if lower[:1] == upper[0] else other
        names.append(rf"{one}\s*[-/\u2013]\s*{short}" if lower else one)
    return rf"^\s*({'|'.join(names)})\s*$"


MOST_ITEMS = 32
"""Most entries of one list of a case; it bounds the size of the ground program."""
MOST_UNITS = 99
"""Most units of one procedure code."""
UNSTATED: tuple[Json, ...] = ({"const": UNKNOWN}, {"type": "null"})
"""How a case file writes that something is not known."""
_RANGE_WORDS = ("from L3 to S1", SOMEWHERE, "L3 to S1")
_PROCEDURE = re.compile(r"[0-9A-Za-z]{5}")
_LEVEL: Json = {"type": "string", "pattern": _level_pattern(LEVELS), "examples": ["L4", "L4-L5"]}
_ASKED: Json = {**_LEVEL, "pattern": _level_pattern(level for level in LEVELS if level not in SPANNING_DISCS)}
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?")


def reader(row: Field) -> Reader:  # noqa: PLR0911  one for each form
    """Return what reads a plain value of the field `row`."""
    match row.form:
        case "answer":
            return readers.answer
        case "choice":
            return _choice(row)
        case "number":
            return readers.number(row.low, row.high, measured=row.measured)
        case "date":
            return dates.days
        case "levels":
            return _levels
        case "bodies":
            return _bodies
        case "names":
            return _names(row)
        case "units":
            return _units
        case _:
            return readers.free_text(row.high)


def _choice(row: Field) -> Reader:
    read = readers.choice(row.values, dict(row.groups))

    def one(value: Any) -> Possible:
        return read(_truths(row).get(value, value) if isinstance(value, bool) else value)

    return one


def _truths(row: Field) -> dict[bool, str]:
    """Return the words of a choice that a truth value stands for: YAML reads the plain words yes and no as such."""
    known = (*row.values, *(name for name, _ in row.groups))
    words = ((True, ("yes", "present")), (False, ("no", "absent")))
    return {truth: word for truth, some in words for word in reversed(some) if word in known}


def _names(row: Field) -> Reader:
    read = readers.names(readers.listed(row.values) if row.values else _code)
    # The word none says that none of the names holds.
    return lambda value: () if row.values and value == NONE else read(value)


def _levels(value: Any) -> Possible:
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(alone, str) and " ".join(alone.split()) in _RANGE_WORDS:
        return (SOMEWHERE,)
    return readers.names(level_name)(value)


def _bodies(value: Any) -> Possible:
    found = readers.names(_asked)(value)
    assert isinstance(found, tuple)
    return tuple(dict.fromkeys(body_name(body) for level in found for body in level.split("-")))


def _asked(text: str) -> str:
    level = level_name(text)
    if level in SPANNING_DISCS:
        # Of a request, this could mean the disc, or all bodies from the one to the other.
        raise ValueError(f"expected the bodies by name, as a list such as [L4, L5]{refused(text)}")
    return level


def _code(text: str) -> str:
    code = text.strip().upper()
    if not _DIAGNOSIS.fullmatch(code):
        raise ValueError(f"expected an ICD-10-CM code, such as M54.51{refused(text)}")
    return code


def _units(value: Any) -> Possible:
    if not isinstance(value, dict):
        raise ValueError(f"expected units by procedure code, such as '64628': 1{refused(value)}")
    if len(value) > MOST_ITEMS:
        raise ValueError(f"expected at most {MOST_ITEMS} entries, not {len(value)}")
    found: list[str] = []
    for code, count in value.items():
        if not _PROCEDURE.fullmatch(str(code)):
            raise ValueError(f"expected a procedure code of five characters, such as 64628{refused(str(code))}")
        if count is None or count == UNKNOWN:
            continue
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_UNITS:
            raise ValueError(f"{code}: expected a whole number of units from 0 to {MOST_UNITS}{refused(count)}")
        found.append(f"{code}: {count}")
    return tuple(found)


def schema_of(row: Field) -> Json:
    """Return the JSON Schema of what the field `row` takes."""
    plain = _plain_schema(row)
    documented: Json = {
        "type": "object", "required": ["value"], "additionalProperties": False,
        "properties": {
            "value": {"anyOf": [*plain, *UNSTATED]},
            **{name: {"type": ["string", "number", "null"]} for name in ("document", "date", "page", "author")},
            "entered": {"enum": [BY_HAND, BY_MACHINE, None]}, "counts": {"type": ["boolean", "string"]},
        },
    }  # fmt: skip
    if row.form == "units":
        return {"anyOf": [*plain, {"type": "array", "maxItems": 0}, *UNSTATED]}
    several: Json = {"type": "array", "items": documented, "maxItems": MOST_DOCUMENTS}
    changes = [change_of(plain[0])] if row.form in ("levels", "bodies", "names") else []
    return {"anyOf": [*plain, documented, several, *changes, *UNSTATED]}


def change_of(entry: Json) -> Json:
    """Return the schema of a change of the list that a base has, where `entry` is that of its entries."""
    several: Json = {"type": "array", "maxItems": MOST_ITEMS}
    return {
        "type": "object", "minProperties": 1, "additionalProperties": False,
        "properties": {"add": {**several, "items": entry}, "remove": several},
    }  # fmt: skip


def _plain_schema(row: Field) -> list[Json]:  # noqa: PLR0911  one for each form
    text: Json = {"type": "string"}
    match row.form:
        case "answer":
            return [{"type": "boolean"}, {"enum": ["yes", "no", "true", "false"]}]
        case "choice":
            words = [*row.values, *(name for name, _ in row.groups)]
            word = "|".join(words)
            several: Json = {"type": "string", "pattern": f"^(not )?({word})((, *| or )({word}))*$"}
            truths = list(_truths(row))
            return [{"enum": words}, several, *([{"enum": truths}] if truths else [])]
        case "number":
            measured = [{"const": NOT_MEASURED}] if row.measured else []
            bounds: Json = {"type": "string", "pattern": readers.NUMBER_PATTERN}
            return [{"type": "number", "minimum": row.low, "maximum": row.high}, bounds, *measured]
        case "date":
            year: Json = {"type": "integer", "minimum": dates.FIRST_YEAR, "maximum": dates.LAST_YEAR}
            return [{"type": "string", "pattern": dates.DATE_PATTERN}, year]
        case "levels" | "bodies":
            one: Json = {"anyOf": [_LEVEL, {"enum": list(_RANGE_WORDS)}]} if row.form == "levels" else _ASKED
            return [one, {"type": "array", "items": one, "maxItems": MOST_ITEMS}]
        case "names":
            item = {"enum": list(row.values)} if row.values else text
            none: list[Json] = [{"const": NONE}] if row.values else []
            return [item, {"type": "array", "items": item, "maxItems": MOST_ITEMS}, *none]
        case "units":
            count = {"type": "integer", "minimum": 0, "maximum": MOST_UNITS}
            codes: Json = {"pattern": f"^{_PROCEDURE.pattern}$"}
            return [{
                "type": "object", "propertyNames": codes,
                "additionalProperties": {"anyOf": [count, {"enum": [UNKNOWN, None]}]},
            }]  # fmt: skip
        case _:
            return [{**text, "maxLength": row.high}, {"type": "integer"}]
