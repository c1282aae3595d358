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


def field_table() -> Iterator[tuple[str, str, str]]:
    """Yield every field of a case file: its path, what it can be besides unknown, and what it means."""
    yield from _rows(Case, "")


def _rows(section: type[Section], path: str) -> Iterator[tuple[str, str, str]]:
    unfolded: dict[type[Section], str] = {}
    for name, field in section.model_fields.items():
        known = [choice for choice in _choices(field) if choice not in _UNSTATED]
        listed = known[0].get("type") == "array"
        place = f"{path}{name}{'[]' if listed else ''}"
        below = next(_sections(field.annotation), None)
        if below is None:
            yield place, _words(known[0]["items"] if listed else known[0], several=len(known) > 1), field.description
        elif below in unfolded:
            yield place, f"as {unfolded[below]}", ""
        else:
            unfolded[below] = name
            short = "".join(f", or {_words(choice)}" for choice in known[1:])
            yield place, f"fields below{short}", field.description or (below.__doc__ or "").rstrip(".")
            yield from _rows(below, f"{place}.")


def _words(choice: Json, *, several: bool = False) -> str:
    """Return in words what one choice of a JSON Schema allows; text with examples can come as a list too."""
    if "enum" in choice or "const" in choice:
        return ", ".join(choice.get("enum", [choice.get("const")]))
    if choice["type"] == "object":
        values = choice["additionalProperties"]
        return f"by name: {_words(values['anyOf'][0] if 'anyOf' in values else values)}"
    if "examples" in choice:
        return f"such as {' or '.join(choice['examples'])}{'; one or a list' if several else ''}"
    kind: str = choice["type"]
    word = {"boolean": "yes, no", "integer": "whole number", "string": choice.get("format", "text")}.get(kind, kind)
    return f"{word} from {choice['minimum']} to {choice['maximum']}" if "minimum" in choice else word
