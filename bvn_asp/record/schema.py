"""What a case file can hold, from the models and the field table: as a JSON Schema, and as a table of fields."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bvn_asp.record.bases import BASED_ON, CASE_NAME, CASES, MOST_CASES
from bvn_asp.record.case import Case
from bvn_asp.record.field import Field
from bvn_asp.record.table import SECTIONS, TABLE

Json = dict[str, Any]
SCHEMA_ID = "https://bvn-asp.invalid/schema/case.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a case file: one case, or several by name, each with a base if it names one."""
    case = Case.model_json_schema()
    sections = case.pop("$defs")
    named = {**case, "title": "NamedCase", "properties": {**case["properties"], BASED_ON: _BASE}}
    found = {**case, "properties": {**named["properties"], CASES: _SEVERAL}, "$defs": {**sections, "NamedCase": named}}
    definitions: Json = {}
    texts: Counter[str] = Counter()
    _count(found, texts)
    shared = {text: f"statement_{number}" for number, text in enumerate((t for t in texts if texts[t] > 1), 1)}
    root = _referring({name: part for name, part in found.items() if name != "$defs"}, shared, definitions)
    sections = {name: _referring(part, shared, definitions) for name, part in found.get("$defs", {}).items()}
    return {
        "$id": SCHEMA_ID, "$schema": "https://json-schema.org/draft/2020-12/schema", **root,
        "$defs": {**sections, **definitions},
    }  # fmt: skip


_BASE = {"description": "a case that states what this one leaves out", "type": "string", "minLength": 1}
_SEVERAL = {
    "description": "several cases by name; what stands beside them is common to them",
    "type": "object",
    "minProperties": 1,
    "maxProperties": MOST_CASES,
    "propertyNames": {"pattern": f"^{CASE_NAME.pattern}$"},
    "additionalProperties": {"anyOf": [{"$ref": "#/$defs/NamedCase"}, {"type": "null"}]},
}
_LEAST_SHARED = 120
"""Least length of a part of the schema that is written once, if it recurs."""


def _count(part: Any, texts: Counter[str]) -> None:
    """Count the longer parts of a schema, by their text."""
    if isinstance(part, dict) and len(text := json.dumps(part, sort_keys=True)) >= _LEAST_SHARED:
        texts[text] += 1
        if texts[text] > 1:
            return
    for item in _below(part):
        _count(item, texts)


def _below(part: Any) -> Iterator[Any]:
    """Yield the parts of a schema that can be schemas; a mapping of properties is none."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, item in items:
        yield from item.values() if key in ("properties", "$defs") else (item,)


def _referring(part: Any, shared: Mapping[str, str], definitions: Json) -> Any:
    """Return `part` with a reference for every part of it that recurs, and put that among `definitions`."""
    if isinstance(part, list):
        return [_referring(item, shared, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    name = shared.get(json.dumps(part, sort_keys=True))
    if name is not None and name in definitions:
        return {"$ref": f"#/$defs/{name}"}
    content = {
        key: {name: _referring(one, shared, definitions) for name, one in item.items()}
        if key == "properties"
        else _referring(item, shared, definitions)
        for key, item in part.items()
    }
    if name is None:
        return content
    definitions[name] = content
    return {"$ref": f"#/$defs/{name}"}


def field_table(section: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield every field of a case file, or those below `section`: its path, what it takes, and what it means."""
    seen = ""
    for row in TABLE.fields:
        if not row.path.startswith(section):
            continue
        if row.section != seen and row.section in SECTIONS:
            yield row.section, "fields below", SECTIONS[row.section].rstrip(".")
        seen = row.section
        yield row.path, takes(row), row.note


def takes(row: Field) -> str:  # noqa: PLR0911  one for each form
    """Return in words what the field `row` takes, besides unknown."""
    match row.form:
        case "answer":
            return "yes, no"
        case "choice":
            return ", ".join([*row.values, *(name for name, _ in row.groups)])
        case "names":
            return f"one or a list of {', '.join(row.values)}" if row.values else "one or a list of codes"
        case "number":
            measured = ", or not measured" if row.measured else ""
            return f"number from {row.low} to {row.high}, or a bound{measured}"
        case "date":
            return "date, month, year, or a bound"
        case "levels":
            return "L4, L4-L5, a list of them, or somewhere from L3 to S1"
        case "bodies":
            return "L4, a list of bodies, or discs for both their bodies"
        case "units":
            return "whole numbers by procedure code"
        case "list":
            return "a list of entries, or none"
        case _:
            return "text"
