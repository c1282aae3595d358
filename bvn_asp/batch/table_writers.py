"""Tables of cases written as Parquet, Arrow, JSON Lines or CSV; nothing is left half written."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from bvn_asp.batch.columns import ID, WORD, schema
from bvn_asp.batch.content import row_of, table_of_rows
from bvn_asp.batch.schemas import FORMATS, SMALL_BLOCK
from bvn_asp.errors import TableError
from bvn_asp.output import whole_file

if TYPE_CHECKING:
    from bvn_asp.record.case import Case


def write_cases(source: Iterable[tuple[str | None, Case]], path: Path) -> int:
    """Write named cases to `path`, in the format of its suffix, and return how many; nothing is left half written."""
    suffix, count = path.suffix.lower(), 0
    if suffix not in FORMATS:
        raise TableError(f"{path}: expected a name that ends in {', '.join(FORMATS)}")
    with whole_file(path) as unfinished, _writer(unfinished, suffix) as write:
        remaining = iter(source)
        while some := list(islice(remaining, SMALL_BLOCK)):
            write(some)
            count += len(some)
    return count


@contextmanager
def _writer(path: Path, suffix: str) -> Iterator[Any]:
    if suffix == ".parquet":
        with parquet_writer(path, schema()) as parquet:
            yield lambda some: parquet.write_table(table_of_rows([row_of(case, id) for id, case in some]))
    elif suffix in (".arrow", ".feather"):
        tables: list[Any] = []
        yield lambda some: tables.append(table_of_rows([row_of(case, id) for id, case in some]))
        whole = pa.concat_tables(tables or [schema().empty_table()]).unify_dictionaries().combine_chunks()
        with pa.OSFile(os.fsencode(path), "wb") as file, pa.ipc.new_file(file, schema()) as writer:
            writer.write_table(whole)
    else:
        with path.open("w", encoding="utf-8", newline="") as text:
            if suffix == ".csv":
                out = csv.writer(text, lineterminator="\n")
                names = schema().names
                out.writerow(names)
                yield lambda some: out.writerows(_cells(row_of(case, id), names) for id, case in some)
            else:
                yield lambda some: text.writelines(json_line(case, id) for id, case in some)


@contextmanager
def parquet_writer(path: Path, wanted: pa.Schema) -> Iterator[Any]:
    """Yield a writer of Parquet: dictionaries for words, plain whole numbers for decimals."""
    words = [item.name for item in wanted if item.type == WORD]
    # Arrow takes a path that is not UTF-8 as bytes only.
    with (
        pa.OSFile(os.fsencode(path), "wb") as file,
        pq.ParquetWriter(file, wanted, store_decimal_as_integer=True, use_dictionary=words or False) as writer,
    ):
        yield writer


def _cells(row: dict[str, Any], names: list[str]) -> list[str]:
    cells: list[str] = []
    for name in names:
        value, type = row[name], schema().field(name).type
        if value is None:
            cells.append("")
        elif pa.types.is_map(type):
            cells.append(json.dumps(dict(value)))
        elif isinstance(value, list | tuple):
            cells.append(json.dumps(value, default=str))
        else:
            cells.append(str(value).lower() if isinstance(value, bool) else str(value))
    return cells


def json_line(case: Case, id: str | None) -> str:
    """Return `case` as a line of JSON, a case file with its name under `id`."""
    content = case.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({ID: id, **content} if id is not None else content) + "\n"
