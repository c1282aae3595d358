"""Files of cases that are read row by row: JSON Lines and CSV, where a row that is no case stops no other."""

from __future__ import annotations

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pydantic_core import ValidationError

from bvn_asp.batch.columns import ID, schema
from bvn_asp.batch.content import CellError, case_of, once, problems_of
from bvn_asp.batch.schemas import check_schema
from bvn_asp.errors import Problem
from bvn_asp.record.case import Case
from bvn_asp.record.files import MOST_BYTES
from bvn_asp.record.mistakes import problem_of

Row = tuple[str | None, Case | tuple[Problem, ...]]
T = TypeVar("T")

_MOST_DIGITS = 40
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def broken(error: Exception) -> str:
    """Return in plain words why a row cannot be read or decided, for what no other check has named."""
    if isinstance(error, UnicodeError):
        return "holds half of a character or bytes that are no UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    detail = str(error).splitlines()[0] if str(error) else ""
    return f"cannot be read: {type(error).__name__}{f': {detail}' if detail else ''}"


def _row(read: Callable[[T], Row], given: T) -> Row:
    """Return the row that `read` makes of what is given; nothing in one row may stop the others."""
    try:
        return read(given)
    except Exception as error:
        return None, (Problem("", broken(error)),)


def _json(text: str) -> Any:
    """Return what a text in JSON holds, with exact numbers; raise ValueError for what is none or given twice."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not a number; leave out what is unknown")

    try:
        return json.loads(
            text, object_pairs_hook=once, parse_float=Decimal, parse_constant=refuse,
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else digits,
        )  # fmt: skip
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_rows(path: Path) -> Iterator[Row]:
    """Yield the cases of a file of JSON Lines, with their ids, or what is wrong with each."""
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        while line := file.readline(MOST_BYTES + 1):
            if len(line) > MOST_BYTES and not line.endswith(b"\n"):
                while (rest := file.readline(MOST_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield None, (Problem("", f"longer than {MOST_BYTES:,} bytes, the most that a case may have"),)
            else:
                yield _row(_json_row, line)


def _json_row(line: bytes) -> Row:
    try:
        content = _json(line.decode("utf-8"))
    except ValueError as error:
        said = broken(error) if isinstance(error, UnicodeError) else str(error)
        return None, (Problem("", f"not a case in JSON: {said}"),)
    if not isinstance(content, dict):
        return None, (Problem("", "expected a case: fields with names, in braces"),)
    id = content.pop(ID, None)
    if id is not None and not isinstance(id, str):
        return None, (Problem(ID, "expected text"),)
    try:
        return id, Case.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return id, tuple(problem_of(detail) for detail in details)


def csv_rows(path: Path) -> Iterator[Row]:
    """Yield the cases of a CSV file, with their ids, or what is wrong with each; raise TableError for its columns."""
    csv.field_size_limit(MOST_BYTES)
    # What is no UTF-8 text is found row by row; what is wrong with quotes is not: no row after it has a sure beginning.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, strict=True)
        names = next(reader, [])
        wanted = schema()
        check_schema(
            pa.schema([(name, wanted.field(name).type if name in wanted.names else pa.string()) for name in names]),
            str(path),
        )
        types = [(name, wanted.field(name).type) for name in names]
        for cells in reader:
            if cells:
                yield _row(partial(_csv_row, types), cells)


def _csv_row(types: Sequence[tuple[str, pa.DataType]], cells: Sequence[str]) -> Row:
    if len(cells) != len(types):
        return None, (Problem("", f"expected {len(types)} cells"),)
    row, problems = dict[str, Any](), list[Problem]()
    for (name, type), text in zip(types, cells, strict=True):
        try:
            text.encode()
            row[name] = _cell(text, type)
        except ValueError as error:
            problems.append(Problem(name, broken(error) if isinstance(error, UnicodeError) else str(error)))
    problems += problems_of(row)
    return row.get(ID), tuple(problems) or case_of(row)


def _cell(text: str, type: pa.DataType) -> Any:
    """Return what a cell of a CSV file holds; lists are JSON."""
    if not text:
        return None
    if pa.types.is_boolean(type):
        if text.lower() not in _WORDS:
            raise ValueError("expected true or false")
        return _WORDS[text.lower()]
    if not pa.types.is_nested(type):
        return text
    kind, name = (dict, "object") if pa.types.is_map(type) else (list, "list")
    try:
        value = _json(text)
    except CellError:
        raise
    except ValueError:
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"expected {'an' if kind is dict else 'a'} {name} as JSON")
    return list(value.items()) if isinstance(value, dict) else value
