"""Answers to many cases in one file, for a spreadsheet: the columns of `bvn batch`, beside its folder of Parquet.

A text that a record states, its id, is text: in a spreadsheet as such, and in CSV with an apostrophe before what a
spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from bvn_asp.batch.columns import ID
from bvn_asp.batch.parts import Job, Progress, Spread, run
from bvn_asp.batch.tables import open_source
from bvn_asp.errors import OutputError
from bvn_asp.output import check_new, whole_file
from bvn_asp.report.paper.files import format_of
from bvn_asp.report.paper.long_sheet import fill_first_sheet
from bvn_asp.report.paper.sheets import MOST_ROWS, Cell, Column, Sheet, about, write_sheets
from bvn_asp.report.safe import safe

FORMATS = (".csv", ".xlsx")
"""Formats of one file of answers."""
_BODY = "body_"
_FORMULA = tuple("=+-@＝＋－＠'")
_REJECTED = ("row", "id", "column", "problem")


def decide_into(
    job: Job, *, workers: int | None = None, progress: Progress | None = None, spread: Spread | None = None
) -> dict[str, Any]:
    """Decide the file of `job` into one file, and return the summary; raise TableError or OutputError if it cannot be.

    What was rejected is a sheet of its own, or a second file of CSV, `rejected_path`.
    """
    path = job.out
    suffix = format_of(path, FORMATS)
    if suffix == ".csv":
        check_new(rejected_path(path))
    rows = open_source(job.path).rows
    if suffix == ".xlsx" and rows is not None and rows >= MOST_ROWS:
        raise OutputError(
            f"{path}: a sheet holds {MOST_ROWS - 1:,} rows at most, and {job.path} has {rows:,}; use .csv"
        )
    with TemporaryDirectory(prefix="bvn-") as place:
        folder = Path(place) / "answers"
        summary = run(replace(job, out=folder), workers=workers, progress=progress, spread=spread)
        if suffix == ".csv":
            _write_csv(folder, path)
        else:
            _write_xlsx(folder, summary, path)
    return summary


def rejected_path(path: Path) -> Path:
    """Return where the rejected rows of the CSV file at `path` are written, if there are any."""
    return path.with_name(f"{path.stem}-rejected.csv")


def plain_text(text: str) -> str:
    """Return `text` for a CSV file: nothing that a spreadsheet would take for a formula, or obey."""
    found = text if text.isascii() and text.isprintable() else safe(text)
    return f"'{found}" if found.startswith(_FORMULA) else found


def _tables(folder: Path) -> Iterator[Any]:
    """Yield the answers batch by batch, in the order of the rows of the input."""
    for part in sorted(folder.glob("part-*.parquet")):
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches()


def _write_csv(folder: Path, path: Path) -> None:
    schema = pq.read_schema(next(iter(sorted(folder.glob("part-*.parquet")))))
    plain = pa.schema([pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema])
    how = pyarrow.csv.WriteOptions(quoting_style="needed")
    with whole_file(path) as unfinished:
        with pyarrow.csv.CSVWriter(str(unfinished), plain, write_options=how) as writer:
            for batch in _tables(folder):
                table = pa.Table.from_batches([batch]).cast(plain)
                if ID in plain.names:
                    ids = [None if id is None else plain_text(id) for id in table.column(ID).to_pylist()]
                    table = table.set_column(plain.names.index(ID), plain.field(ID), pa.array(ids, pa.string()))
                writer.write_table(table)
        # While the first file is ours alone and nearly there, so that the second never stands beside that of another.
        _write_rejected(list(_rejected(folder)), rejected_path(path))


def _write_rejected(rejected: Sequence[Sequence[Any]], path: Path) -> None:
    if rejected:
        with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as text:
            out = csv.writer(text, lineterminator="\n")
            out.writerow(_REJECTED)
            out.writerows([row, *map(plain_text, words)] for row, *words in rejected)


def _write_xlsx(folder: Path, summary: Mapping[str, Any], path: Path) -> None:
    names, count = _kept(folder), summary["decided"]
    if count >= MOST_ROWS:
        raise OutputError(f"{path}: a sheet holds {MOST_ROWS - 1:,} rows at most, and {count:,} were decided; use .csv")
    frame = folder / "frame.xlsx"
    write_sheets(_sheets(folder, summary, names, count), frame)
    with whole_file(path) as unfinished:
        fill_first_sheet(frame, unfinished, _tables(folder), names, count)


def _sheets(folder: Path, summary: Mapping[str, Any], names: Sequence[str], count: int) -> Iterator[Sheet]:
    wide = {"id": 24, "recommendation": 16, "eligibility": 14}
    yield Sheet("Answers", tuple(Column(name, wide.get(name, 12), wrap=False) for name in names), (), count)
    if summary["rejected"]:
        made = (Column("row", 10), Column("id", 24), Column("column", 30), Column("problem", 80))
        yield Sheet("Rejected", made, _rejected(folder))
    yield about(_about(summary))


def _kept(folder: Path) -> list[str]:
    """Return the columns to show: bodies that no case is about are left out."""
    said: dict[str, bool] = {}
    for part in sorted(folder.glob("part-*.parquet")):
        data = pq.read_metadata(part)
        for name in data.schema.to_arrow_schema().names:
            said.setdefault(name, not name.startswith(_BODY))
        for group in map(data.row_group, range(data.num_row_groups)):
            for column in map(group.column, range(group.num_columns)):
                found = column.statistics
                if found is None or not found.has_null_count or found.null_count < group.num_rows:
                    said[column.path_in_schema] = True
    return [name for name, is_said in said.items() if is_said]


def _rejected(folder: Path) -> Iterator[tuple[int, str, str, str]]:
    for file in sorted(folder.glob("_rejected-*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                for problem in line["problems"]:
                    yield line["row"], line["id"] or "", problem["column"], problem["problem"]


def _about(summary: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    policy = summary["policy"]
    yield "Notice", summary["notice"]
    yield "Input", summary["input"]
    for name in ("read", "decided", "rejected"):
        yield f"Rows {name}", summary[name]
    for name, count in summary["recommendations"].items():
        yield f"Recommendation {name}", count
    yield "Policy", f"{policy['name']}, version {policy['version']} of {policy['revised']}"
    yield "Policy file, sha256", policy["sha256"]
    for question, option in summary["readings"].items():
        yield f"Read otherwise: {question}", option
    taken = {None: "as each record says", True: "yes, for non-indications", False: "no"}[summary["assume_absent"]]
    yield "Records taken as complete", taken
    yield "met_, violated_", "TRUE or FALSE for each criterion by its id; empty if undetermined"
    yield "body_", "permissible, refused or undetermined; empty where a case is not about the body"
