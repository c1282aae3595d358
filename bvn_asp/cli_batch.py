"""The commands about many cases: `bvn export`, `generate`, `batch`, `impact` and `compile`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bvn_asp.cli_options import Readings
from bvn_asp.deciding import chosen_readings
from bvn_asp.decision import NOTICE
from bvn_asp.errors import ExtraError, TableError
from bvn_asp.policy import load_policy, shipped_path, shipped_policy
from bvn_asp.terminal import BAD_INPUT, INTERRUPTED, fail, say

if TYPE_CHECKING:
    from bvn_asp.batch.parts import Progress, Spread

_EXTRAS = {
    "batch": ("numpy", "pyarrow"),
    "report": ("matplotlib",),
    "sql": ("sqlglot",),
    "cluster": ("ray",),
}
AssumeAbsent = Annotated[
    bool | None,
    typer.Option("--assume-absent/--no-assume-absent", help="Run as complete records, or not, whatever they say."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one for each core.")]


MOST_SECONDS = 60.0
"""Where the search for moves that are possible, but not in a file, gives up."""


class OnError(StrEnum):
    """What to do with a row that is no case."""

    stop = "stop"
    skip = "skip"


class Engine(StrEnum):
    """Where the parts of a file are decided."""

    local = "local"
    ray = "ray"


class Habit(StrEnum):
    """What synthetic cases are like."""

    usual = "usual"
    hard = "hard"


def needs(*extras: str) -> None:
    """Raise ExtraError unless the libraries of `extras` are installed."""
    for extra in extras:
        for module in _EXTRAS[extra]:
            try:
                importlib.import_module(module)
            except ImportError:
                name = "batch" if extra == "report" else extra
                raise ExtraError(
                    f"this command needs {module}, which is not installed: pip install 'bvn-asp[{name}]'"
                ) from None


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    for command in (export, generate, batch, impact):
        app.command()(command)
    app.command("compile")(compile_policy)


def export(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Case files and folders of them, or one file of many cases.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="A .parquet, .arrow, .jsonl or .csv file, or a folder for one case file each."
        ),
    ] = None,
    columns: Annotated[bool, typer.Option("--columns", help="List the columns of the columnar form.")] = False,
) -> None:
    """Write case files as one table of cases, or a table as case files; nothing is lost either way."""
    needs("batch")
    from bvn_asp.batch import columns as form
    from bvn_asp.batch.schemas import describe
    from bvn_asp.batch.table_writers import json_line, write_cases
    from bvn_asp.batch.tables import FORMATS, cases_in
    from bvn_asp.files import case_files, load_path

    if columns:
        for field in form.schema():
            say(f"{field.name}  {describe(field.type)}")
        return
    if not paths or output is None:
        fail("expected case files, and -o FILE.parquet, .arrow, .jsonl, .csv or a folder", BAD_INPUT)
        return

    def found() -> Iterator[tuple[str | None, Any]]:
        for path in paths:
            if path.suffix.lower() in FORMATS and not path.is_dir():
                yield from cases_in(path)
            else:
                yield from ((str(item), load_path(item)) for item in case_files([path]))

    if output.suffix.lower() in FORMATS:
        count = write_cases(found(), output)
    else:
        cases = list(found())
        names = [Path(id or f"case-{place}").with_suffix(".json").name for place, (id, _) in enumerate(cases, 1)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise TableError(f"{output}: two cases would be called {twice}; give them different ids")
        output.mkdir(parents=True, exist_ok=True)
        for name, (_, case) in zip(names, cases, strict=True):
            (output / name).write_text(json_line(case, None), encoding="utf-8")
        count = len(cases)
    say(f"{count} cases written to {output}")


def generate(
    count: Annotated[int, typer.Argument(min=1, help="How many cases.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .parquet file.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cases.")] = 0,
    habit: Annotated[Habit, typer.Option(help="Like requests are, or as hard to decide as can be.")] = Habit.usual,
) -> None:
    """Write synthetic cases: made up by a random generator, no patient stands behind them."""
    needs("batch")
    from bvn_asp.batch.generate import write

    write(shipped_policy(), count, seed, habit.value, output)
    say(f"{count} synthetic cases written to {output}")


def batch(
    path: Annotated[Path, typer.Argument(help="A .parquet, .arrow, .jsonl or .csv file of cases.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder for the answers, in Parquet.")],
    reading: Readings = None,
    assume_absent: AssumeAbsent = None,
    on_error: Annotated[OnError, typer.Option(help="Stop at a row that is no case, or write it down and go on.")] = (
        OnError.stop
    ),
    only: Annotated[bool, typer.Option("--recommendation-only", help="The recommendation, and nothing else.")] = False,
    workers: Workers = None,
    engine: Annotated[Engine, typer.Option(help="Processes of this machine, or a Ray cluster.")] = Engine.local,
) -> None:
    """Decide a file of cases, the same as `bvn decide` would one by one; run again to take up an interrupted run."""
    needs("batch")
    from bvn_asp.batch.parts import Job, run

    readings = chosen_readings(shipped_policy(), reading)
    job = Job(
        path, output, shipped_path().read_text(encoding="utf-8"), readings, assume_absent,
        whole=not only, skip=on_error is OnError.skip,
    )  # fmt: skip
    job.check()
    spread: Spread | None = None
    if engine is Engine.ray:
        needs("cluster")
        from bvn_asp.batch.cluster import on_ray

        spread = on_ray
    with _progress(path) as progress, _interruptible(output):
        summary = run(job, workers=workers, progress=progress, spread=spread)
    for line in _lines(summary):
        say(line)
    say(NOTICE)


def impact(
    path: Annotated[Path, typer.Argument(help="A .parquet, .arrow, .jsonl or .csv file of cases.")],
    against: Annotated[Path | None, typer.Option(help="The changed policy, a .lp file.")] = None,
    reading: Readings = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write an HTML page with charts too.")] = None,
    assume_absent: AssumeAbsent = None,
    on_error: Annotated[OnError, typer.Option(help="Stop at a row that is no case, or leave it out.")] = OnError.stop,
    workers: Workers = None,
) -> None:
    """Compare what a file of cases is decided now and after a change: of the policy, or of how it is read."""
    needs("batch", *(["report"] if output is not None else []))
    from bvn_asp.batch import impact as impacts
    from bvn_asp.batch.version import Version
    from bvn_asp.change.comparison import Side
    from bvn_asp.change.diff import Move, possible_moves
    from bvn_asp.space import SearchTimeoutError

    other = load_policy(against) if against is not None else shipped_policy()
    readings = chosen_readings(other, reading)
    if against is None and not readings:
        fail("expected --against OTHER.lp, or --reading QUESTION=OPTION: what is to change?", BAD_INPUT)
    text = shipped_path().read_text(encoding="utf-8")
    names = [str(against)] if against is not None else []
    before = Version("the policy as it is", text)
    after = Version(", ".join([*names, *(f"{q}={o}" for q, o in readings.items())]), other.text, readings)
    with _progress(path) as progress:
        found = impacts.impact(
            path, before, after, assume_absent=assume_absent, skip=on_error is OnError.skip,
            workers=workers or os.cpu_count() or 1, progress=progress,
        )  # fmt: skip
    here, there = (Side(v.name, v.setting(assume_absent).policy, v.readings) for v in (before, after))
    possible: set[Move] | None = None
    with suppress(SearchTimeoutError):
        possible = possible_moves(here, there, timeout=MOST_SECONDS)
    for line in impacts.sentences(found, before, after, possible):
        say(line)
    if output is not None:
        from bvn_asp.batch.impact_report import page
        from bvn_asp.batch.parts import whole

        whole(output, page(found, here.policy, before, after, possible))
        say(f"report: {output}")
    say(NOTICE)


def compile_policy(
    sql: Annotated[str, typer.Option(metavar="DIALECT", help="duckdb, postgres, spark, bigquery or snowflake.")],
    table: Annotated[str, typer.Option(help="The table of cases, in columnar form with a unique id.")] = "cases",
    room: Annotated[
        int, typer.Option(min=1, max=8, help="Findings of a kind, surgeries, Modic changes of a case.")
    ] = 2,
    narrow: Annotated[bool, typer.Option("--narrow", help="Look at L3 to S1 only, not at T12 to S1.")] = False,
    reading: Readings = None,
    assume_absent: AssumeAbsent = None,
) -> None:
    """Print the policy as one SQL query; where it cannot decide a case, its column `undecided` says so."""
    needs("batch", "sql")
    from bvn_asp.batch.rows import Setting
    from bvn_asp.batch.sql import query

    policy = shipped_policy()
    setting = Setting(policy, policy.readings(chosen_readings(policy, reading)), assume_absent)
    say(query(setting, sql, cases=table, wide=not narrow, room=room))


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    counts = summary["recommendations"]
    yield f"{summary['read']} rows read: {summary['decided']} decided, {summary['rejected']} rejected"
    yield "  " + ", ".join(f"{name} {count}" for name, count in counts.items())


@contextmanager
def _interruptible(output: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        fail(f"interrupted; the same command takes up what is done in {output}.unfinished", INTERRUPTED)


@contextmanager
def _progress(path: Path) -> Iterator[Progress | None]:
    """Show a progress bar on the terminal, if there is one."""
    from bvn_asp.batch.tables import open_source

    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    )
    with bar:
        task = bar.add_task("Deciding", total=open_source(path).rows)
        yield lambda tally: bar.advance(task, tally.read)
