"""Files of many cases: Parquet and Arrow by whole columns, JSON Lines and CSV case by case.

A file is read in parts (row groups of Parquet), a part in blocks. Rows count from 1.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.ipc

from bvn_asp.batch.columns import ID, schema, unread
from bvn_asp.batch.content import case_of, problems_of, row_of, table_of_rows
from bvn_asp.batch.row_files import Row, broken, csv_rows, json_rows
from bvn_asp.batch.schemas import FORMATS, SMALL_BLOCK, check_schema, parquet_file, settled, validate
from bvn_asp.errors import BvnError, Problem, TableError
from bvn_asp.record.case import Case
from bvn_asp.record.mistakes import MOST_PROBLEMS

BLOCK = 65_536
"""Rows of a block."""


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
                yield from _read_rows(csv_rows(self.path) if suffix == ".csv" else json_rows(self.path))

    def _parquet(self, part: Part, *, threads: bool) -> Iterator[Block]:
        first = part.first
        with parquet_file(self.path) as file:
            for batch in file.iter_batches(BLOCK, [part.place], list(self.columns), use_threads=threads):
                validate(batch, str(self.path))
                yield self._block(first, batch)
                first += batch.num_rows
        if first - part.first != part.rows:
            raise TableError(
                f"{self.path}: {first - part.first} rows can be read where it says {part.rows}: it is damaged, or has "
                "pages so small that Arrow does not read what it writes; write it again with usual pages"
            )

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
