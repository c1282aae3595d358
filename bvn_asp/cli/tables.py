"""The commands about tables of cases: `bvn export`, `generate` and `compile`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bvn_asp.cli.extras import needs
from bvn_asp.cli.options import PATH, assume_absent_option, chosen_readings, command, reading_option
from bvn_asp.cli.terminal import BAD_INPUT, fail, say
from bvn_asp.output import check_new, file_names, write_folder
from bvn_asp.policy.loading import shipped_policy


@command("tables")
@click.argument("paths", nargs=-1, type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="A new .parquet, .arrow, .jsonl or .csv file, or a new folder for one case file each.",
)
@click.option("--columns", is_flag=True, help="List the columns of the columnar form.")
def export(paths: tuple[Path, ...], output: Path | None, columns: bool) -> None:
    """Write cases as a table, or a table as cases.

    Nothing is lost either way.
    PATHS are case files and folders of them, or one file of many cases.
    """
    needs("batch")
    from bvn_asp.batch import columns as form
    from bvn_asp.batch.schemas import FORMATS, describe
    from bvn_asp.batch.table_writers import json_line, write_cases
    from bvn_asp.batch.tables import cases_in
    from bvn_asp.record.files import case_files, cases_at

    if columns:
        for field in form.schema():
            say(f"{field.name}  {describe(field.type)}")
        return
    if not paths or output is None:
        fail("expected case files, and -o FILE.parquet, .arrow, .jsonl, .csv or a folder", BAD_INPUT)
        return

    tabular = output.suffix.lower() in FORMATS
    check_new(output, folder=not tabular)

    def found() -> Iterator[tuple[str | None, Any]]:
        for path in paths:
            if path.suffix.lower() in FORMATS and not path.is_dir():
                yield from cases_in(path)
            else:
                for item in case_files([path]):
                    yield from ((_named(id), case) for id, case in cases_at(item).items())

    if tabular:
        count = write_cases(found(), output)
    else:
        cases = list(found())
        names = file_names([id for id, _ in cases], ".json")
        texts = (json_line(case, None) for _, case in cases)
        count = len(write_folder(output, zip(names, texts, strict=True)))
    say(f"{count} cases written to {output}")


def _named(path: str) -> str:
    """Return the `path` of a case as an id; what is not UTF-8 in it is written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@command("tables")
@click.argument("count", type=click.IntRange(min=1))
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="A new .parquet file.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed gives the same cases."
)
@click.option(
    "--habit",
    type=click.Choice(["usual", "hard"]),
    default="usual",
    show_default=True,
    help="Like requests are, or as hard to decide as can be.",
)
def generate(count: int, output: Path, seed: int, habit: str) -> None:
    """Write synthetic cases.

    They are made up by a random generator, no patient stands behind them.
    COUNT is how many.
    """
    needs("batch")
    from bvn_asp.batch.generate import write

    write(shipped_policy(), count, seed, habit, output)
    say(f"{count} synthetic cases written to {output}")


@command("sql")
@click.option("--sql", required=True, metavar="DIALECT", help="duckdb or postgres.")
@click.option(
    "--table", default="cases", show_default=True, help="The table of cases, in columnar form with a unique id."
)
@click.option(
    "--room",
    type=click.IntRange(1, 8),
    default=2,
    show_default=True,
    help="Findings of a kind, surgeries, Modic changes of a case.",
)
@click.option("--narrow", is_flag=True, help="Look at L3 to S1 only, not at T12 to S1.")
@reading_option
@assume_absent_option
def compile(
    sql: str, table: str, room: int, narrow: bool, reading: tuple[str, ...], assume_absent: bool | None
) -> None:
    """Print the policy as one SQL query.

    Where it cannot decide a case, its column `undecided` says so.
    """
    needs("batch", "sql")
    from bvn_asp.batch.rows import Setting
    from bvn_asp.batch.sql import query

    policy = shipped_policy()
    setting = Setting(policy, policy.readings(chosen_readings(policy, reading)), assume_absent)
    say(query(setting, sql, cases=table, wide=not narrow, room=room))
