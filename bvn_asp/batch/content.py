"""Cases to rows of the columnar form and back: nothing is lost either way."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from pydantic_core import ValidationError

from bvn_asp.batch.columns import (
    AT_LEAST,
    AT_MOST,
    EVIDENCE,
    EXPECTED,
    ID,
    NONE,
    NOT_MEASURED,
    SINCE,
    UNKNOWN_FIELDS,
    UNTIL,
    column_name,
    parts,
    schema,
)
from bvn_asp.errors import Problem
from bvn_asp.record import statements
from bvn_asp.record.case import Case
from bvn_asp.record.documents import plain_of, said
from bvn_asp.record.field import Field
from bvn_asp.record.mistakes import problem_of
from bvn_asp.record.models import reader
from bvn_asp.record.statements import UNKNOWN, Days, Range, Said, Unmeasured, text_of
from bvn_asp.record.table import TABLE

Cells = dict[str, Any]
"""What the columns of one field hold, by suffix."""


class CellError(ValueError):
    """What a column holds cannot be read, or contradicts another column."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


class ValueTwiceError(CellError):
    """A field or key is given twice, so that it is not known which of its values is meant."""


def once(items: Iterable[tuple[str, Any]], column: str = "") -> dict[str, Any]:
    """Return `items` by name; raise ValueTwiceError for a name that occurs twice."""
    found: dict[str, Any] = {}
    for name, value in items:
        if name in found:
            raise ValueTwiceError(column, f"{name} is given twice")
        found[name] = value
    return found


# --- from a case to a row ----------------------------------------------------------------------------------------


def row_of(case: Case, id: str | None = None) -> dict[str, Any]:
    """Return the row of `case`: its values by column, None for what it does not say."""
    row: dict[str, Any] = dict.fromkeys(schema().names)
    row[ID] = id
    unknown: list[str] = []
    evidence: dict[str, Any] = {}

    def state(field: Field, path: str, cells: dict[str, Any]) -> None:
        statement = case.said(path)
        if statement is None:
            return
        if statement.value is None:
            unknown.append(path)
        if statement.documents or statement.versions:
            evidence[path] = plain_of(statement, listed=_is_listed(field))
        for suffix, value in _cells(field, statement).items():
            cells[column_name(field.path, suffix)] = value

    for field in TABLE.fields:
        if field.entry:
            continue
        if not field.is_list:
            state(field, field.path, row)
            continue
        path = field.path.removesuffix("[]")
        entries = case.at(path)
        if isinstance(entries, Said):
            unknown.append(path)
        elif entries is not None:
            found: list[dict[str, Any]] = []
            for place in range(len(entries)):
                found.append({})
                for part in TABLE.lists[field.path]:
                    state(part, f"{path}[{place}].{part.name}", found[-1])
            row[column_name(path)] = found or None
            row[column_name(path, NONE)] = None if found else True
    expected = [item.model_dump(mode="json", exclude_defaults=True) for item in case.expected]
    row[UNKNOWN_FIELDS] = unknown or None
    row[EVIDENCE] = json.dumps(evidence, default=str) if evidence else None
    row[EXPECTED] = json.dumps(expected) if expected else None
    return row


def _is_listed(field: Field) -> bool:
    return field.form in ("levels", "bodies", "names")


def _cells(field: Field, statement: Said) -> Cells:  # noqa: PLR0911  one for each kind of value
    value = statement.value
    if value is None:
        return {}
    if isinstance(value, Unmeasured):
        return {NOT_MEASURED: True}
    if isinstance(value, Range):
        return {"": value.exact} if value.exact is not None else {AT_LEAST: value.low, AT_MOST: value.high}
    if isinstance(value, Days):
        return {"": value.exact} if value.exact is not None else {SINCE: value.first, UNTIL: value.last}
    if isinstance(value, tuple) and field.form == "units":
        return {"": [(code, int(count)) for code, count in (item.split(": ") for item in value)]}
    if isinstance(value, tuple):
        return {"": text_of(value) if field.form == "choice" else list(value) or [NONE]}
    return {"": value}


# --- from a row to a case ----------------------------------------------------------------------------------------


def case_of(row: Mapping[str, Any]) -> Case:
    """Return the case of `row`; raise ValidationError, or ValueError for what no case file could even write."""
    return Case.model_validate(content_of(row))


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a case file with the values of `row`; raise ValueError as `case_of` does."""
    content: dict[str, Any] = {}
    for field in TABLE.fields:
        if field.entry:
            continue
        value = _listed(field, row) if field.is_list else _stated(field, row, column_name(field.path))
        if value is not None:
            _put(content, field.path.removesuffix("[]"), value)
    for path in row.get(UNKNOWN_FIELDS) or ():
        if not isinstance(path, str) or TABLE.row_at(path) is None or not _has_place(content, path):
            raise CellError(UNKNOWN_FIELDS, f"there is no field {path!r}")
        if _at(content, path) is not None:
            raise CellError(UNKNOWN_FIELDS, f"{path} has a value too")
        _put(content, path, UNKNOWN)
    if row.get(EVIDENCE) is not None:
        _support(content, _json(row[EVIDENCE], EVIDENCE))
    if row.get(EXPECTED) is not None:
        content[EXPECTED] = _json(row[EXPECTED], EXPECTED)
    return content


def _json(text: str, column: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: once(pairs, column))
    except CellError:
        raise
    except (ValueError, RecursionError):
        raise CellError(column, "not JSON") from None


def _stated(field: Field, cells: Mapping[str, Any], column: str) -> Any:
    """Return what a case file writes for what the columns of `field` hold, in a row or in an entry of a list."""
    found = {suffix: cells.get(column_name(field.path, suffix)) for suffix, _ in parts(field)}
    given = {
        suffix: value for suffix, value in found.items() if value not in (None, []) and (value or not _flag(suffix))
    }
    if "" in given:
        if len(given) > 1:
            raise CellError(column, f"give it exactly, or in {', '.join(f'{column}_{s}' for s in given if s)}")
        value = given[""]
        if field.form == "units":
            return once(value, column)
        # One item stands for itself: it may be a word for several.
        return value[0] if _is_listed(field) and len(value) == 1 and value[0] is not None else value
    if NOT_MEASURED in given:
        if len(given) > 1:
            raise CellError(column, "not measured, and yet with a bound")
        return statements.NOT_MEASURED
    if not given:
        return None
    low, high = (given.get(suffix) for suffix in ((AT_LEAST, AT_MOST) if field.form == "number" else (SINCE, UNTIL)))
    if low is not None and high is not None:
        return f"{_plain(low)} to {_plain(high)}"
    words = ("at least", "at most") if field.form == "number" else ("since", "until")
    return f"{words[0]} {_plain(low)}" if low is not None else f"{words[1]} {_plain(high)}"


def _flag(suffix: str) -> bool:
    return suffix in (NOT_MEASURED, NONE)


def _plain(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, str | int) else statements.plain(value)


def _listed(field: Field, row: Mapping[str, Any]) -> Any:
    column = column_name(field.path)
    entries, none = row.get(column), row.get(column_name(field.path, NONE))
    if none and entries:
        raise CellError(column, f"has entries, and {column}_{NONE} is true")
    if none or not entries:
        return NONE if none else None
    if not isinstance(entries, list):
        return entries
    found: list[Any] = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            found.append(entry)
            continue
        names = {column_name(part.path, suffix) for part in TABLE.lists[field.path] for suffix, _ in parts(part)}
        content = {name: value for name, value in entry.items() if name not in names}
        for part in TABLE.lists[field.path]:
            value = _stated(part, entry, f"{column}[{place}].{part.name}")
            if value is not None:
                content[part.name] = value
        found.append(content)
    return found


def _support(content: dict[str, Any], evidence: Any) -> None:
    """Put the documents into `content`; they must state what the columns do."""
    if not isinstance(evidence, dict):
        raise CellError(EVIDENCE, "expected fields by path")
    for path, documented in evidence.items():
        field = TABLE.row_at(path)
        if field is None or field.is_list or not _has_place(content, path):
            raise CellError(EVIDENCE, f"there is no field {path!r}")
        try:
            stated, supported = (said(reader(field), value) for value in (_at(content, path), documented))
        except ValueError as error:
            raise CellError(EVIDENCE, f"{path}: {error}") from None
        if (stated and stated.value) != (supported and supported.value):
            raise CellError(EVIDENCE, f"{path}: the documents say otherwise than the column")
        _put(content, path, documented)


_STEP = re.compile(r"([a-z_0-9]+)(?:\[([0-9]+)\])?")


def _steps(path: str) -> Iterator[str | int]:
    for name, index in _STEP.findall(path):
        yield name
        if index:
            yield int(index)


def _has_place(content: Any, path: str) -> bool:
    """Tell whether the entry that `path` lies in, if it lies in one, is there."""
    return "[" not in path or isinstance(_at(content, path.rpartition(".")[0]), dict)


def _at(content: Any, path: str) -> Any:
    for step in _steps(path):
        if isinstance(step, int):
            content = content[step] if isinstance(content, list) and step < len(content) else None
        else:
            content = content.get(step) if isinstance(content, dict) else None
    return content


def _put(content: Any, path: str, value: Any) -> None:
    *steps, last = _steps(path)
    for step in steps:
        content = content[step] if isinstance(step, int) else content.setdefault(step, {})
    content[last] = value


# --- mistakes, and tables ----------------------------------------------------------------------------------------


def problems_of(row: Mapping[str, Any]) -> list[Problem]:
    """Return every mistake of `row`, each with its column as path."""
    try:
        case_of(row)
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = [problem_of(detail) for detail in details]
        return [_in_columns(placed, row) for problem in found for placed in _placed(problem)]
    except CellError as error:
        return [Problem(error.column, str(error))]
    return []


def _placed(problem: Problem) -> Iterator[Problem]:
    """Yield each mistake of a case as a whole at the field that it begins with."""
    for line in problem.message.splitlines() if not problem.path else ():
        path, _, message = line.partition(": ")
        field = TABLE.row_at(path.split(" ")[0])
        yield Problem(path, message) if message and field is not None and " " not in path else Problem("", line)
    if problem.path:
        yield problem


def _in_columns(problem: Problem, row: Mapping[str, Any]) -> Problem:
    """Name the column instead of the field of the case file."""
    for field in sorted(TABLE.fields, key=lambda field: -len(field.path)):
        path = field.path.removesuffix("[]")
        if not field.entry and (problem.path == path or problem.path.startswith((f"{path}.", f"{path}["))):
            names = [column_name(path, suffix) for suffix, _ in parts(field)]
            name = next((name for name in names if row.get(name) is not None), names[0])
            return Problem(name + problem.path[len(path) :], problem.message)
    return problem


def table_of(cases: Iterable[tuple[str | None, Case]]) -> pa.Table:
    """Return the table of named cases."""
    return table_of_rows([row_of(case, id) for id, case in cases])


def table_of_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the table of `rows`."""
    wanted = schema()
    return pa.table({field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in wanted})
