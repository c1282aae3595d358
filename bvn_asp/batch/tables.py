"""Files of many cases: Parquet and Arrow by whole columns, JSON Lines and CSV case by case.

A file is read in parts (row groups of Parquet), a part in blocks. Rows count from 1.
"""

from __future__ import annotations

import csv
import json
import os
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from pydantic_core import ValidationError

from bvn_asp.batch.columns import ID, schema, unread
from bvn_asp.batch.content import CellError, case_of, once, problems_of, row_of, table_of_rows
from bvn_asp.batch.schemas import check_schema, settled, validate
from bvn_asp.errors import BvnError, Problem, TableError
from bvn_asp.record.case import Case
from bvn_asp.record.files import MOST_BYTES
from bvn_asp.record.mistakes import MOST_PROBLEMS, problem_of

BLOCK = 65_536
"""Rows of a block."""
SMALL_BLOCK = 4096
"""Rows of a block of a file that is read case by case."""
FORMATS = (".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".csv")


@dataclass(frozen=True)
class Reject:
    """A row that is no case, and every mistake found in it; a problem's path is the column."""

    row: int
    id: str | None
    problems: tuple[Problem, ...]


class Block(NamedTuple):
    """Rows one after another: the number of the first, those that can be read, and those that cannot.

    `numbers` are the numbers of the rows of `batch` if some are missing; `given` the rows of `batch` as the file has
    them, if that is not the same.
    """

    first: int
    batch: Any
    rejects: tuple[Reject, ...] = ()
    numbers: tuple[int, ...] | None = None
    given: Any = None

    @property
    def read(self) -> int:
        """How many rows of the file these are."""
        return int(self.batch.num_rows) + len(self.rejects)

    def row_numbers(self) -> tuple[int, ...]:
        """Return the numbers of the rows of `batch`."""
        return tuple(range(self.first, self.first + self.batch.num_rows)) if self.numbers is None else self.numbers

    def some(self, start: int, count: int) -> Block:
        """Return `count` rows of `batch` from `start` on."""
        numbers = self.row_numbers()[start : start + count]
        given = None if self.given is None else self.given.slice(start, count)
        return Block(numbers[0] if numbers else self.first, self.batch.slice(start, count), (), numbers, given)

    def row(self, place: int) -> dict[str, Any]:
        """Return one row of `batch` as the kernel reads it."""
        return dict(self.batch.slice(place, 1).to_pylist()[0])

    def given_row(self, place: int) -> dict[str, Any]:
        """Return one row of `batch` as the file has it."""
        return self.row(place) if self.given is None else dict(self.given.slice(place, 1).to_pylist()[0])


def broken(error: Exception) -> str:
    """Return in plain words why a row cannot be read or decided, for what no other check has named."""
    if isinstance(error, UnicodeError):
        return "holds half of a character or bytes that are no UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    detail = str(error).splitlines()[0] if str(error) else ""
    return f"cannot be read: {type(error).__name__}{f': {detail}' if detail else ''}"


@dataclass(frozen=True)
class Part:
    """A part of a file that is read by itself: its place, its first row, and its rows if that is known."""

    place: int
    first: int
    rows: int | None


@dataclass(frozen=True)
class Source:
    """A file of cases, whose schema has been checked."""

    path: Path
    parts: tuple[Part, ...]
    rows: int | None
    columns: tuple[str, ...] = field(default=(), repr=False)

    def blocks(self, part: Part, *, threads: bool = False) -> Iterator[Block]:
        """Yield the blocks of `part`; raise TableError where the file cannot be read on."""
        suffix = self.path.suffix.lower()
        with _readable(self.path):
            if suffix == ".parquet":
                yield from self._parquet(part, threads=threads)
            elif suffix in (".arrow", ".feather"):
                yield from self._arrow()
            else:
                yield from _read_rows(_csv_rows(self.path) if suffix == ".csv" else _json_rows(self.path))

    def _parquet(self, part: Part, *, threads: bool) -> Iterator[Block]:
        first = part.first
        with parquet_file(self.path) as file:
            for batch in file.iter_batches(BLOCK, [part.place], list(self.columns), use_threads=threads):
                validate(batch, str(self.path))
                yield self._block(first, batch)
                first += batch.num_rows
        if first - part.first != part.rows:
            raise TableError(f"{self.path}: damaged: {first - part.first} rows where it says {part.rows}")

    def _arrow(self) -> Iterator[Block]:
        first = 1
        with pa.memory_map(os.fsencode(self.path)) as file, pa.ipc.open_file(file) as reader:
            for place in range(reader.num_record_batches):
                whole = reader.get_batch(place).select(list(self.columns))
                validate(whole, str(self.path))
                for start in range(0, whole.num_rows, BLOCK):
                    yield self._block(first, whole.slice(start, BLOCK))
                    first += min(BLOCK, whole.num_rows - start)

    def _block(self, first: int, batch: Any) -> Block:
        plain = settled(batch, str(self.path))
        return Block(first, plain, given=None if plain.schema == batch.schema else batch)


@contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """Open a Parquet file."""
    # Arrow takes a path that is not UTF-8 as bytes only.
    with pa.memory_map(os.fsencode(path)) as mapped, pq.ParquetFile(mapped) as file:
        yield file


def open_source(path: Path, *, everything: bool = False) -> Source:
    """Return the file of cases at `path`; raise TableError if it is none.

    Columns that decide nothing are left out unless `everything` is asked for.
    """
    suffix, found = path.suffix.lower(), None
    if suffix not in FORMATS:
        raise TableError(f"{path}: expected a file of cases ({', '.join(FORMATS)})")
    if not path.is_file():
        raise TableError(f"{path}: there is no such file")
    parts: tuple[Part, ...] = (Part(0, 1, None),)
    rows: int | None = None
    with _readable(path):
        if suffix == ".parquet":
            with parquet_file(path) as file:
                found, rows = file.schema_arrow, file.metadata.num_rows
                sizes = [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)]
            firsts = [1 + sum(sizes[:place]) for place in range(len(sizes))]
            parts = tuple(Part(place, *each) for place, each in enumerate(zip(firsts, sizes, strict=True)))
        elif suffix in (".arrow", ".feather"):
            with pa.memory_map(os.fsencode(path)) as file, pa.ipc.open_file(file) as reader:
                found = reader.schema
        if found is not None:
            check_schema(found, str(path))
    if found is None:
        return Source(path, parts, None)
    return Source(path, parts, rows, tuple(name for name in found.names if everything or name not in unread()))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise TableError(
            f"{path}: {error}; from there on it cannot be told where a row ends: a quote is missing or out of place"
        ) from None
    except BvnError:
        raise
    except Exception as error:
        # What is damaged may fail anywhere: also where names are read, or in Python.
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{path}: cut off, damaged or not of this format: {detail}") from None


Row = tuple[str | None, Case | tuple[Problem, ...]]
T = TypeVar("T")


def _read_rows(rows: Iterable[Row]) -> Iterator[Block]:
    first, remaining = 1, iter(rows)
    while some := list(islice(remaining, SMALL_BLOCK)):
        good: list[tuple[int, dict[str, Any]]] = []
        bad: list[Reject] = []
        for number, (id, case) in enumerate(some, first):
            if isinstance(case, Case):
                good.append((number, row_of(case, id)))
            else:
                bad.append(Reject(number, id, case[:MOST_PROBLEMS]))
        try:
            table = table_of_rows([row for _, row in good])
        except Exception:
            problems = {number: _unwritable(row) for number, row in good}
            bad += [Reject(number, row[ID], problems[number]) for number, row in good if problems[number]]
            good = [(number, row) for number, row in good if not problems[number]]
            table = table_of_rows([row for _, row in good])
        batch = table.combine_chunks().to_batches()
        empty = pa.RecordBatch.from_pylist([], schema())
        numbers = tuple(number for number, _ in good)
        yield Block(first, batch[0] if batch else empty, tuple(bad), numbers)
        first += len(some)


def _unwritable(row: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return why a column cannot hold what `row` has for it."""
    for name, type in zip(schema().names, schema().types, strict=True):
        try:
            pa.array([row.get(name)], type)
        except Exception as error:
            return (Problem(name, broken(error)),)
    return ()


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


def _json_rows(path: Path) -> Iterator[Row]:
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


def _csv_rows(path: Path) -> Iterator[Row]:
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


_MOST_DIGITS = 40
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def cases_in(path: Path) -> Iterator[tuple[str | None, Case]]:
    """Yield the named cases of the file at `path`; raise TableError at the first row that is none."""
    source = open_source(path, everything=True)
    for part in source.parts:
        for block in source.blocks(part):
            for reject in block.rejects:
                raise TableError(refusal(path, reject))
            for place, number in enumerate(block.row_numbers()):
                row: dict[str, Any] = {}
                try:
                    row = block.row(place)
                    case = case_of(row)
                except ValueError:
                    raise TableError(refusal(path, Reject(number, row.get(ID), problems_at(block, place)))) from None
                except Exception as error:
                    raise TableError(
                        refusal(path, Reject(number, row.get(ID), (Problem("", broken(error)),)))
                    ) from None
                yield row.get(ID), case


def problems_at(block: Block, place: int) -> tuple[Problem, ...]:
    """Return what is wrong with a row of `block`, worded by what the file has."""
    problems = problems_of(block.row(place))
    return tuple((problems and problems_of(block.given_row(place))) or problems)[:MOST_PROBLEMS]


def refusal(path: Path, reject: Reject) -> str:
    """Return in one line per mistake what is wrong with a row."""
    where = f"{path}: row {reject.row}" + (f" ({reject.id})" if reject.id else "")
    lines = (f"{where}: {f'column {each.path}: ' if each.path else ''}{each.message}" for each in reject.problems)
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode()
