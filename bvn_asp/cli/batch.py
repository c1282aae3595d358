"""The commands about many cases: `bvn batch` and `bvn impact`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.extras import needs, ready
from bvn_asp.cli.interruption import INTERRUPTED
from bvn_asp.cli.options import PATH, assume_absent_option, chosen_readings, command, reading_option
from bvn_asp.cli.terminal import BAD_INPUT, fail, say, tell
from bvn_asp.decision.decision import NOTICE
from bvn_asp.output import unfinished_folder, write_file
from bvn_asp.policy.loading import load_policy, shipped_path, shipped_policy

if TYPE_CHECKING:
    from bvn_asp.batch.parts import Progress, Spread

MOST_CONFLICTS = 500_000
"""Most conflicts of the search for moves that are possible, but not in a file, before it gives up."""

workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes; by default one for each core."
)


@command("batch")
@click.argument("path", metavar="FILE", type=PATH)
@click.option(
    "-o", "--output", type=PATH, required=True, metavar="DIR",
    help="A new folder for the answers, in Parquet; or a new file, .csv or .xlsx.",
)  # fmt: skip
@reading_option
@assume_absent_option
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="Stop at a row that is no case, or write it down and go on.",
)
@click.option("--recommendation-only", "only", is_flag=True, help="The recommendation, and nothing else.")
@workers_option
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Ray cluster.",
)
def batch(
    path: Path, output: Path, reading: tuple[str, ...], assume_absent: bool | None, on_error: str, only: bool,
    workers: int | None, engine: str,
) -> None:  # fmt: skip
    """Decide a file of many cases.

    The answers are those of `bvn decide`. Run again to take up an interrupted run.
    FILE is a .parquet, .arrow, .jsonl or .csv file of cases.
    """
    needs("batch")
    from bvn_asp.batch.parts import Job, run
    from bvn_asp.report.paper.answers import FORMATS, decide_into

    readings = chosen_readings(shipped_policy(), reading)
    job = Job(
        path, output, shipped_path().read_text(encoding="utf-8"), readings, assume_absent,
        whole=not only, skip=on_error == "skip",
    )  # fmt: skip
    job.check()
    spread: Spread | None = None
    if engine == "ray":
        needs("cluster")
        from bvn_asp.batch.cluster import on_ray

        spread = on_ray
    if output.suffix.lower() in FORMATS:
        ready(output, FORMATS)
        with _progress(path) as progress:
            summary = decide_into(job, workers=workers, progress=progress, spread=spread)
    else:
        with _progress(path) as progress, _interruptible(output):
            summary = run(job, workers=workers, progress=progress, spread=spread)
    for line in _lines(summary):
        say(line)
    say(NOTICE)


@command("impact")
@click.argument("path", metavar="FILE", type=PATH)
@click.option("--against", type=PATH, metavar="OTHER.lp", help="The changed policy, a .lp file.")
@reading_option
@click.option(
    "-o", "--output", type=PATH, metavar="FILE", help="Write a new page with charts, .html, or sheets, .xlsx, too."
)
@assume_absent_option
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="Stop at a row that is no case, or leave it out.",
)
@workers_option
def impact(
    path: Path, against: Path | None, reading: tuple[str, ...], output: Path | None, assume_absent: bool | None,
    on_error: str, workers: int | None,
) -> None:  # fmt: skip
    """Show what a change does to a file of cases.

    A change of the policy, or of how it is read.
    FILE is a .parquet, .arrow, .jsonl or .csv file of cases.
    """
    needs("batch")
    from bvn_asp.analysis.change.comparison import Side
    from bvn_asp.analysis.change.diff import Move, possible_moves
    from bvn_asp.analysis.space import SearchLimitError
    from bvn_asp.batch import impact as impacts
    from bvn_asp.batch.version import Version
    from bvn_asp.report.impact import heading, page, sentences
    from bvn_asp.report.impact_sheets import sheets
    from bvn_asp.report.paper.sheets import write_sheets

    suffix = ready(output, (".html", ".xlsx")) if output is not None else ""
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
            path, before, after, assume_absent=assume_absent, skip=on_error == "skip",
            workers=workers or os.cpu_count() or 1, progress=progress,
        )  # fmt: skip
    here, there = (Side(v.name, v.setting(assume_absent).policy, v.readings) for v in (before, after))
    possible: set[Move] | None = None
    with suppress(SearchLimitError):
        possible = possible_moves(here, there, conflicts=MOST_CONFLICTS)
    today = date.today()
    head = heading(path, today, here.policy, there.policy, there.readings)
    for line in (*head, *sentences(found, possible)):
        tell(line)
    if output is not None:
        if suffix == ".xlsx":
            policies = here.policy, there.policy
            write_sheets(sheets(found, policies, (before, after), possible, path, today.isoformat()), output)
        else:
            write_file(output, page(found, here.policy, head, possible))
        say(f"report: {output}")
    say(NOTICE)


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    counts = summary["recommendations"]
    yield f"{summary['read']} rows read: {summary['decided']} decided, {summary['rejected']} rejected"
    yield "  " + ", ".join(f"{name} {count}" for name, count in counts.items())
    ids = summary["ids"]
    if ids["missing"]:
        yield f"warning: {ids['missing']} of the decided cases have no id; they are told apart by their row"
    if ids["shared"]:
        yield (
            f"warning: {ids['shared']} of the decided cases share their id with another, such as "
            f"{', '.join(ids['examples'])}; they are told apart by their row"
        )


@contextmanager
def _interruptible(output: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        fail(f"interrupted; the same command takes up what is done in {unfinished_folder(output)}", INTERRUPTED)


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
