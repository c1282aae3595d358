"""What a case file can hold, from the sections of a case: as a JSON Schema, and as a table of fields."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from bvn_asp.case import Case
from bvn_asp.fields import MOST_ITEMS
from bvn_asp.record import Treatment
from bvn_asp.section import UNKNOWN, Field, Json, Section

_UNSTATED: list[Json] = [{"const": UNKNOWN}, {"type": "null"}]


def json_schema() -> Json:
    """Return the JSON Schema of a case file, with `unknown` allowed wherever a case file allows it."""
    sections: dict[str, type[Section]] = {}
    _collect(Case, sections)
    definitions = {name: _object(sections[name]) for name in sorted(sections) if name != "Case"}
    return {"$defs": definitions, **_object(Case)}


def _collect(section: type[Section], found: dict[str, type[Section]]) -> None:
    found[section.__name__] = section
    for field in section.model_fields.values():
        for part in _sections(field.annotation):
            _collect(part, found)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


def _object(section: type[Section]) -> Json:
    properties = {name: _property(name, field) for name, field in section.model_fields.items()}
    required = [name for name, field in section.model_fields.items() if field.default is None]
    return {
        "additionalProperties": False,
        "description": section.__doc__,
        "properties": properties,
        **({"required": required} if required else {}),
        "title": section.__name__,
        "type": "object",
    }


def _property(name: str, field: Field) -> Json:
    choices = _choices(field)
    described = {"description": field.description} if field.description else {}
    title = {} if "$ref" in choices[0] else {"title": name.replace("_", " ").title()}
    return {**described, **title, "anyOf": choices}


def _choices(field: Field) -> list[Json]:
    """Return what a field can be; a treatment can also be its bare status."""
    if field.kind is not None and not field.kind.inner:
        return list(field.kind.json_schema.get("anyOf", [field.kind.json_schema]))
    choices = _type(field.annotation)
    if "$ref" in choices[0] and issubclass(field.annotation, Treatment):
        choices += _type(Treatment.model_fields["status"].annotation)[:1]
    # Text, tables and names of kinds have no form that says unknown.
    closed = choices[0].get("type") in ("string", "object") and len(choices) == 1
    return choices if closed else choices + [choice for choice in _UNSTATED if choice not in choices]


def _type(annotation: Any) -> list[Json]:  # noqa: PLR0911  one for each kind of type
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return list(arguments[1].json_schema["anyOf"])
    if origin in (Union, types.UnionType):
        return [*_type(arguments[0]), {"type": "null"}]
    if origin is Literal:
        return [
            {"const": arguments[0], "type": "string"}
            if len(arguments) == 1
            else {"enum": list(arguments), "type": "string"}
        ]
    if origin is tuple:
        return [{"items": _one(arguments[0]), "type": "array", "maxItems": MOST_ITEMS}]
    if origin is dict:
        return [{"additionalProperties": _one(arguments[1]), "type": "object"}]
    if issubclass(annotation, Section):
        return [{"$ref": f"#/$defs/{annotation.__name__}"}]
    return [{"type": {str: "string", bool: "boolean", int: "integer"}[annotation]}]


def _one(annotation: Any) -> Json:
    choices = _type(annotation)
    return choices[0] if len(choices) == 1 else {"anyOf": choices}
