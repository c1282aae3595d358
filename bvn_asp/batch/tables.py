"""Files of many cases: Parquet and Arrow by whole columns, JSON Lines and CSV case by case.

A file is read in parts (row groups of Parquet), a part in blocks. Rows count from 1.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from pydantic_core import ValidationError

from bvn_asp.batch.columns import (
    EXPECTED,
    ID,
    case_of,
    problems_of,
    row_of,
    schema,
    table_of_rows,
)
from bvn_asp.batch.schemas import check_schema, settled
from bvn_asp.case import Case
from bvn_asp.errors import CaseError, Problem, TableError
from bvn_asp.files import read_case

BLOCK = 65_536
"""Rows of a block."""
SMALL_BLOCK = 4096
"""Rows of a block of a file that is read case by case."""
UNREAD = ("story", EXPECTED)
"""Columns that decide nothing, which deciding does not read."""
FORMATS = (".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".csv")


@dataclass(frozen=True)
class Reject:
    """A row that is no case, and every mistake found in it; a problem's path is the column."""

    row: int
    id: str | None
    problems: tuple[Problem, ...]


class Block(NamedTuple):
    """Rows one after another: the number of the first, those that can be read, and those that cannot.

    `numbers` are the numbers of the rows of `batch` if some are missing.
    """

    first: int
    batch: Any
    rejects: tuple[Reject, ...] = ()
    numbers: tuple[int, ...] | None = None

    @property
    def read(self) -> int:
        """How many rows of the file these are."""
        return int(self.batch.num_rows) + len(self.rejects)


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
        with pq.ParquetFile(self.path, memory_map=True) as file:
            for batch in file.iter_batches(BLOCK, [part.place], list(self.columns), use_threads=threads):
                yield Block(first, settled(batch, str(self.path)))
                first += batch.num_rows

    def _arrow(self) -> Iterator[Block]:
        first = 1
        with pa.memory_map(str(self.path)) as file, pa.ipc.open_file(file) as reader:
            for place in range(reader.num_record_batches):
                whole = reader.get_batch(place).select(list(self.columns))
                for start in range(0, whole.num_rows, BLOCK):
                    yield Block(first, settled(whole.slice(start, BLOCK), str(self.path)))
                    first += min(BLOCK, whole.num_rows - start)


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
            with pq.ParquetFile(path, memory_map=True) as file:
                found, rows = file.schema_arrow, file.metadata.num_rows
                sizes = [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)]
            firsts = [1 + sum(sizes[:place]) for place in range(len(sizes))]
            parts = tuple(Part(place, *each) for place, each in enumerate(zip(firsts, sizes, strict=True)))
        elif suffix in (".arrow", ".feather"):
            with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
                found = reader.schema
    if found is None:
        return Source(path, parts, None)
    check_schema(found, str(path))
    return Source(path, parts, rows, tuple(name for name in found.names if everything or name not in UNREAD))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise TableError(f"{path}: not UTF-8 text") from None
    except (pa.ArrowException, OSError, csv.Error) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{path}: cut off, damaged or not of this format: {detail}") from None


Row = tuple[str | None, Case | tuple[Problem, ...]]


def _read_rows(rows: Iterable[Row]) -> Iterator[Block]:
    first, remaining = 1, iter(rows)
    while some := list(islice(remaining, SMALL_BLOCK)):
        good = [(number, id, case) for number, (id, case) in enumerate(some, first) if isinstance(case, Case)]
        bad = [(number, id, case) for number, (id, case) in enumerate(some, first) if not isinstance(case, Case)]
        batch = table_of_rows([row_of(case, id) for _, id, case in good]).combine_chunks().to_batches()
        empty = pa.RecordBatch.from_pylist([], schema())
        yield Block(
            first,
            batch[0] if batch else empty,
            tuple(Reject(*item) for item in bad),
            tuple(number for number, _, _ in good),
        )
        first += len(some)


def _json_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for line in lines:
            try:
                content = json.loads(line, parse_float=str, object_pairs_hook=_once)
            except (ValueError, RecursionError) as error:
                yield None, (Problem("", f"not a case in JSON: {error}"),)
                continue
            id = content.pop(ID, None) if isinstance(content, dict) else None
            if id is not None and not isinstance(id, str):
                yield None, (Problem(ID, "expected text"),)
                continue
            try:
                yield id, read_case(json.dumps(content), path.name, is_json=True)
            except CaseError as error:
                yield id, tuple(error.problems)


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        raise ValueError("a field is given twice")
    return found


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        types = {field.name: field.type for field in schema()}
        for name in reader.fieldnames or ():
            if name not in types:
                check_schema(pa.schema([(name, pa.string())]), str(path))
        for cells in reader:
            if None in cells or None in cells.values():
                yield None, (Problem("", f"expected {len(reader.fieldnames or ())} cells"),)
                continue
            row, problems = dict[str, Any](), list[Problem]()
            for name, text in cells.items():
                try:
                    row[name] = _cell(text, types[name])
                except ValueError as error:
                    problems.append(Problem(name, str(error)))
            problems += problems_of(row)
            yield row.get(ID), tuple(problems) or case_of(row)


def _cell(text: str, type: pa.DataType) -> Any:
    """Return what a cell of a CSV file holds; lists are JSON."""
    if not text:
        return None
    if pa.types.is_boolean(type):
        if text.lower() not in _WORDS:
            raise ValueError("expected true or false")
        return _WORDS[text.lower()]
    if pa.types.is_nested(type):
        try:
            value = json.loads(text, parse_float=str)
        except (ValueError, RecursionError):
            raise ValueError("expected a list as JSON") from None
        return list(value.items()) if isinstance(value, dict) else value
    return text


_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def cases_in(path: Path) -> Iterator[tuple[str | None, Case]]:
    """Yield the named cases of the file at `path`; raise TableError at the first row that is none."""
    source = open_source(path, everything=True)
    for part in source.parts:
        for block in source.blocks(part):
            for reject in block.rejects:
                raise TableError(refusal(path, reject))
            rows = block.batch.to_pylist()
            for number, row in enumerate(rows, block.first):
                try:
                    yield row.get(ID), case_of(row)
                except (ValidationError, ValueError):
                    raise TableError(refusal(path, Reject(number, row.get(ID), tuple(problems_of(row))))) from None


def refusal(path: Path, reject: Reject) -> str:
    """Return in one line per mistake what is wrong with a row."""
    where = f"{path}: row {reject.row}" + (f" ({reject.id})" if reject.id else "")
    return "\n".join(
        f"{where}: {f'column {problem.path}: ' if problem.path else ''}{problem.message}" for problem in reject.problems
    )
