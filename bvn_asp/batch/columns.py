"""The columnar form of a case: one row a case, one column a field, null for unknown.

A column is called as its field's path in a case file with `_` for `.`: `patient.age` is `patient_age`. Lists are list
columns, of text or of structs; numbers are decimals of six places, dates are dates, words are dictionaries of text.
`id` names the case, `expected` holds the expected answers as JSON; neither decides anything.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pyarrow as pa
from pydantic_core import ValidationError

from bvn_asp.case import Case
from bvn_asp.errors import Problem
from bvn_asp.fields import DECIMALS
from bvn_asp.files import problem_of
from bvn_asp.section import Section

WORD = pa.dictionary(pa.int32(), pa.string())
NUMBER = pa.decimal128(12, DECIMALS)
ID, EXPECTED = "id", "expected"


@dataclass(frozen=True)
class Column:
    """One column: its name, the path of its field in a case, and its Arrow type."""

    name: str
    path: tuple[str, ...]
    type: pa.DataType


@cache
def columns() -> tuple[Column, ...]:
    """Return every column of a case, in the order of the case file."""
    return tuple(_columns(Case, ()))


@cache
def schema() -> pa.Schema:
    """Return the Arrow schema of the columnar form: `id`, then every column."""
    return pa.schema([pa.field(ID, pa.string()), *(pa.field(column.name, column.type) for column in columns())])


def _columns(section: type[Section], path: tuple[str, ...]) -> Iterator[Column]:
    for name, field in section.model_fields.items():
        annotation = _known(field.annotation)
        if (*path, name) == (EXPECTED,):
            yield Column(EXPECTED, (EXPECTED,), pa.string())
        elif isinstance(annotation, type) and issubclass(annotation, Section):
            yield from _columns(annotation, (*path, name))
        else:
            yield Column("_".join((*path, name)), (*path, name), _type(annotation))


def _known(annotation: Any) -> Any:
    """Return the type of a field when it is known."""
    if get_origin(annotation) in (Union, UnionType):
        return _known(next(part for part in get_args(annotation) if part is not NoneType))
    return _known(get_args(annotation)[0]) if hasattr(annotation, "__metadata__") else annotation


def _type(annotation: Any) -> pa.DataType:
    annotation = _known(annotation)
    if get_origin(annotation) is tuple:
        item = _known(get_args(annotation)[0])
        return pa.list_(WORD if item is str else _type(item))
    if get_origin(annotation) is dict:
        return pa.map_(pa.string(), pa.int8())
    if get_origin(annotation) is Literal:
        return WORD
    if issubclass(annotation, Section):
        return pa.struct([(name, _type(field.annotation)) for name, field in annotation.model_fields.items()])
    simple: dict[type, pa.DataType] = {
        bool: pa.bool_(), Decimal: NUMBER, datetime.date: pa.date32(), str: pa.string(),
    }  # fmt: skip
    return simple[annotation]


@dataclass(frozen=True)
class Domain:
    """What a field may hold: one of `words`, or a number from `low` to `high`; a field without either is free."""

    words: tuple[str, ...] = ()
    low: int = 0
    high: int = 0


@cache
def domains() -> dict[str, Domain]:
    """Return the domain of every column of words, numbers or lists of words, and of `column.field` for structs."""
    return dict(_domains(Case, "", "_"))


def _domains(section: type[Section], prefix: str, joint: str) -> Iterator[tuple[str, Domain]]:
    for name, field in section.model_fields.items():
        annotation = _known(field.annotation)
        listed = get_origin(annotation) is tuple
        annotation = _known(get_args(annotation)[0]) if listed else annotation
        if isinstance(annotation, type) and issubclass(annotation, Section):
            yield from _domains(annotation, f"{prefix}{name}{'.' if listed else joint}", joint)
        elif get_origin(annotation) is Literal:
            yield f"{prefix}{name}", Domain(get_args(annotation))
        elif annotation is Decimal:
            bounds = field.kind.json_schema["anyOf"][0] if field.kind is not None else {}
            yield f"{prefix}{name}", Domain((), bounds["minimum"], bounds["maximum"])


def row_of(case: Case, id: str | None = None) -> dict[str, Any]:
    """Return the row of `case`: its values by column, None for unknown."""
    data = case.model_dump(exclude={EXPECTED})
    row: dict[str, Any] = {ID: id}
    for column in columns():
        value: Any = data
        for step in column.path:
            value = None if value is None else value.get(step)
        row[column.name] = list(value.items()) if isinstance(value, dict) else value
    row["story"] = case.story or None
    expected = [item.model_dump(mode="json", exclude_defaults=True) for item in case.expected]
    row[EXPECTED] = json.dumps(expected) if expected else None
    return row


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a case file with the values of `row`."""
    content: dict[str, Any] = {}
    for column in columns():
        value = row.get(column.name)
        if value is None:
            continue
        if column.name == EXPECTED:
            value = json.loads(value)
        elif pa.types.is_map(column.type):
            value = dict(value)
        place = content
        for step in column.path[:-1]:
            place = place.setdefault(step, {})
        place[column.path[-1]] = value
    return content


def case_of(row: Mapping[str, Any]) -> Case:
    """Return the case of `row`; raise ValidationError, or ValueError for an `expected` that is no JSON."""
    return Case.model_validate(content_of(row))


def problems_of(row: Mapping[str, Any]) -> list[Problem]:
    """Return every mistake of `row`, each with its column as path."""
    try:
        case_of(row)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return [_in_columns(problem_of(detail, {})) for detail in details]
    except (ValueError, RecursionError):
        return [Problem(EXPECTED, "not JSON")]
    return []


def _in_columns(problem: Problem) -> Problem:
    """Name the column instead of the field of the case file."""
    for column in sorted(columns(), key=lambda column: -len(column.path)):
        path = ".".join(column.path)
        if problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")):
            return Problem(column.name + problem.path[len(path) :], problem.message)
    return problem


def table_of(cases: Iterable[tuple[str | None, Case]]) -> pa.Table:
    """Return the table of named cases."""
    return table_of_rows([row_of(case, id) for id, case in cases])


def table_of_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the table of `rows`."""
    wanted = schema()
    return pa.table({field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in wanted})


def cases_of(table: pa.Table) -> Iterator[tuple[str | None, Case]]:
    """Yield the cases of `table` with their names; raise ValidationError for a row that is no case."""
    for batch in table.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield row.get(ID), case_of(row)
