"""The commands that write what is sent: `bvn report`, `letter` and `worksheet`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.extras import ready
from bvn_asp.cli.options import (
    PATH,
    assume_absent_option,
    case_argument,
    chosen_readings,
    command,
    reading_option,
)
from bvn_asp.cli.terminal import BAD_INPUT, Working, fail, say
from bvn_asp.report.letters import KINDS
from bvn_asp.report.paper.files import PAPER, SHEETS

if TYPE_CHECKING:
    from bvn_asp.report.contents import Report

id_option = click.option("--id", "name", metavar="TEXT", help="What the case is called; by default as its file.")


def output_option(formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option for the file to write."""
    return click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help=f"A new file: {formats}.")


@command("sending")
@case_argument
@output_option(".html, .md or .docx")
@id_option
@reading_option
@assume_absent_option
def report(path: Path, output: Path, name: str | None, reading: tuple[str, ...], assume_absent: bool | None) -> None:
    """Write a report on a case for a colleague.

    The decision, its reasons, bodies, evidence, what is missing, and what would change it.
    CASE is a case file, or - for standard input.
    """
    from bvn_asp.report.paper.case_report import paper
    from bvn_asp.report.paper.files import write_paper

    ready(output, PAPER)
    found = _reported(path, name, reading, assume_absent)
    write_paper(paper(found), output)
    say(f"{output}: {found.recommendation or 'no recommendation'}\n{found.notice}")


@command("sending")
@case_argument
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What the letter tells.")
@output_option(".docx, .html or .md")
@click.option("--template", type=PATH, metavar="FILE", help="A Jinja template to use instead of ours.")
@id_option
@reading_option
@assume_absent_option
def letter(
    path: Path, kind: str, output: Path, template: Path | None, name: str | None, reading: tuple[str, ...],
    assume_absent: bool | None,
) -> None:  # fmt: skip
    """Write the draft of a letter about a case.

    For a person to check, finish and sign. A draft that would rest on what is undetermined is refused.
    CASE is a case file, or - for standard input.
    """
    from bvn_asp.output import write_file
    from bvn_asp.report.letters import letter as drafted
    from bvn_asp.report.letters import letter_paper
    from bvn_asp.report.paper.files import write_paper

    suffix = ready(output, PAPER)
    found = _reported(path, name, reading, assume_absent)
    text = drafted(found, kind, template)
    if suffix == ".md":
        write_file(output, text)
    else:
        write_paper(letter_paper(text, found, kind), output)
    say(f"{output}: the draft of a letter, {kind}\n{found.notice}")


@command("sending")
@case_argument
@output_option(".xlsx")
@id_option
@reading_option
@assume_absent_option
def worksheet(path: Path, output: Path, name: str | None, reading: tuple[str, ...], assume_absent: bool | None) -> None:
    """Write a worksheet on a case for a reviewer or an auditor.

    Every criterion and part with status, value, limit, evidence and citation, and a column for comments.
    CASE is a case file, or - for standard input.
    """
    from bvn_asp.report.paper.sheets import write_sheets
    from bvn_asp.report.paper.worksheet import sheets

    ready(output, SHEETS)
    found = _reported(path, name, reading, assume_absent, changes=False)
    write_sheets(sheets(found), output)
    say(f"{output}: {found.recommendation or 'no recommendation'}\n{found.notice}")


def _reported(
    path: Path, name: str | None, reading: tuple[str, ...], assume_absent: bool | None, *, changes: bool = True
) -> Report:
    """Return the report on the case at `path`."""
    from bvn_asp.decision.engine import Engine
    from bvn_asp.decision.shapes import room_for
    from bvn_asp.policy.loading import shipped_policy
    from bvn_asp.record.files import case_at, is_folder
    from bvn_asp.report.gathering import report_on

    if is_folder(path):
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    case = case_at(path)
    engine = Engine(shipped_policy(room_for(case)))
    called = name if name is not None else "" if str(path) == "-" else str(path)
    with Working("working out what would change it"):
        return report_on(
            engine, case, called, chosen_readings(engine.policy, reading), made=datetime.date.today().isoformat(),
            assume_absent=assume_absent, changes=changes,
        )  # fmt: skip
