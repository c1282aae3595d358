"""The columnar form of a case, made from the field table: one row a case, null for what the record does not say.

A column is called as its field's path in a case file with `_` for `.`: `patient.age` is `patient_age`. An exact number
stands there; a bound stands in `patient_age_at_least` or `patient_age_at_most`, a bound of a date in `pain_onset_since`
or `pain_onset_until`, and a test that was not made in `conditions_t_score_not_measured`. A choice is text as in a case
file, such as `moderate or severe`. Lists are list columns, of text or of structs with these fields; one without items
says nothing, as null does. That there is none is said in a list of words by the word `none` alone, and for a list of
structs such as `surgeries` by true in `surgeries_none`. `unknown` lists the paths of fields that the record calls
unknown, which keeps a complete record from being taken to lack them. Numbers are decimals of six places, dates are
dates, words are dictionaries of text.

`id` names the row; `evidence` holds the fields that documents state, with the documents, as JSON by path, and
`expected` the expected answers as JSON. None of the three decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from bvn_asp.record.field import Field
from bvn_asp.record.statements import DECIMALS
from bvn_asp.record.table import TABLE

WORD = pa.dictionary(pa.int32(), pa.string())
NUMBER = pa.decimal128(12, DECIMALS)
ID, EVIDENCE, EXPECTED, UNKNOWN_FIELDS = "id", "evidence", "expected", "unknown"
NONE = "none"
AT_LEAST, AT_MOST, SINCE, UNTIL, NOT_MEASURED = "at_least", "at_most", "since", "until", "not_measured"
"""Suffixes of columns that state a field otherwise than by one value."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type, and the field whose statement it holds, or the part of it in `suffix`."""

    name: str
    type: pa.DataType
    field: Field | None = None
    suffix: str = ""


def column_name(path: str, suffix: str = "") -> str:
    """Return the name of the column of the field at `path`, such as `surgeries[].kind`, within its list if in one."""
    *_, own = path.removesuffix("[]").rpartition("[].")
    name = own.replace(".", "_")
    return f"{name}_{suffix}" if suffix else name


@cache
def columns() -> tuple[Column, ...]:
    """Return every column of a case, in the order of the field table."""
    top = [column for row in TABLE.fields if not row.entry for column in _columns(row)]
    return (
        *top, Column(UNKNOWN_FIELDS, pa.list_(WORD)), Column(EVIDENCE, pa.string()), Column(EXPECTED, pa.string()),
    )  # fmt: skip


@cache
def schema() -> pa.Schema:
    """Return the Arrow schema of the columnar form: `id`, then every column."""
    return pa.schema([pa.field(ID, pa.string()), *(pa.field(column.name, column.type) for column in columns())])


@cache
def entry_columns(path: str) -> tuple[Column, ...]:
    """Return the fields of the structs of the list at `path`, such as `surgeries[]`."""
    return tuple(column for row in TABLE.lists[path] for column in _columns(row))


@cache
def by_name() -> dict[str, Column]:
    """Return every column by its name."""
    return {column.name: column for column in columns()}


@cache
def parts(row: Field) -> tuple[tuple[str, pa.DataType], ...]:
    """Return the suffixes of the columns that state the field `row`, the exact value first, with their types."""
    match row.form:
        case "answer":
            found = [("", pa.bool_())]
        case "choice":
            found = [("", WORD)]
        case "number":
            found = [("", NUMBER), (AT_LEAST, NUMBER), (AT_MOST, NUMBER)]
            found += [(NOT_MEASURED, pa.bool_())] if row.measured else []
        case "date":
            found = [("", pa.date32()), (SINCE, pa.date32()), (UNTIL, pa.date32())]
        case "levels" | "bodies" | "names":
            found = [("", pa.list_(WORD))]
        case "units":
            found = [("", pa.map_(pa.string(), pa.int8()))]
        case "list":
            entry = pa.struct([(column.name, column.type) for column in entry_columns(row.path)])
            found = [("", pa.list_(entry)), (NONE, pa.bool_())]
        case _:
            found = [("", pa.string())]
    return tuple(found)


def _columns(row: Field) -> Iterator[Column]:
    for suffix, type in parts(row):
        yield Column(column_name(row.path, suffix), type, row, suffix)


def unread() -> frozenset[str]:
    """Return the columns that decide nothing and that deciding does not read: free text, evidence and expectations."""
    texts = {column.name for column in columns() if column.field is not None and column.field.form == "text"}
    return frozenset({*texts, EVIDENCE, EXPECTED})
