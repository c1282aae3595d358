"""The commands about change: `bvn whatif` and `bvn diff`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bvn_asp.cli.interruption import INTERRUPTED
from bvn_asp.cli.options import (
    PATH,
    assume_absent_option,
    case_argument,
    chosen_readings,
    command,
    confirm_option,
    json_option,
    limit_option,
    reading_option,
    timeout_option,
)
from bvn_asp.cli.terminal import BAD_INPUT, Working, fail, say, tell
from bvn_asp.policy.loading import load_policy, shipped_policy

_GLANCE = 6
"""Most sets that are looked for where only the cheapest is shown."""
DIFFERENT = 1
"""Exit code of a comparison that found a difference, or could not settle that there is none."""


@command("whatif")
@case_argument
@click.option(
    "--to",
    metavar="OUTCOME",
    default="approve",
    show_default=True,
    help="approve, partial, deny, pend, or a body to be permissible.",
)
@click.option("--any", "everything", is_flag=True, help="Let facts change that nobody can change, too.")
@click.option("--all", "every", is_flag=True, help="Show every set of changes, not the cheapest alone.")
@reading_option
@assume_absent_option
@limit_option("Most sets of changes to look for.")
@timeout_option()
@json_option
def whatif(
    path: Path, to: str, everything: bool, every: bool, reading: tuple[str, ...], assume_absent: bool | None,
    limit: int | None, timeout: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Find what would change a decision.

    The cheapest changes to a case that reach an outcome and how many others there are, or why none does.
    CASE is a case file, or - for standard input.
    """
    from bvn_asp.analysis.change.whatif import MOST_SETS, WhatIf
    from bvn_asp.record.files import case_at, is_folder
    from bvn_asp.report import whatif as report

    if is_folder(path):
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    case = case_at(path)
    asked = WhatIf(shipped_policy())
    with Working("searching for changes"):
        answer = asked.answer(
            case, to, chosen_readings(asked.policy, reading), assume_absent=assume_absent, everything=everything,
            limit=limit or (MOST_SETS if every or as_json else _GLANCE), timeout=timeout,
        )  # fmt: skip
    if as_json:
        say(json.dumps(report.answer_document(answer, str(path)), indent=2))
    else:
        tell(report.answer_text(answer, str(path), everything=everything, every=every))
    if answer.stopped == "interrupted":
        fail("interrupted", INTERRUPTED)


@command("diff")
@click.argument("other", metavar="[OTHER.lp]", required=False, type=PATH)
@click.option(
    "--reading", multiple=True, metavar="QUESTION=OPTION", help="Read a question otherwise on the other side."
)
@click.option(
    "--from-reading", multiple=True, metavar="QUESTION=OPTION", help="Read a question otherwise on this side."
)
@click.option("--only-source", type=int, metavar="N", help="On the other side, keep what is cited to reference N.")
@confirm_option
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=1000,
    show_default=True,
    help="Most examples to look for.",
)
@timeout_option()
@json_option
def diff(
    other: Path | None, reading: tuple[str, ...], from_reading: tuple[str, ...], only_source: int | None,
    confirm: bool, limit: int, timeout: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare two versions, readings or sources.

    OTHER.lp is another policy program; by default the policy itself.
    """
    from bvn_asp.analysis.change.comparison import Side
    from bvn_asp.analysis.change.comparison import only_source as source_alone
    from bvn_asp.analysis.change.diff import diff as compared
    from bvn_asp.report import diff as report

    if other is None and not reading and not from_reading and only_source is None:
        fail("nothing to compare with: give OTHER.lp, --reading QUESTION=OPTION, or --only-source N", BAD_INPUT)
    here = shipped_policy()
    there = here if other is None else load_policy(other, timeout=timeout)
    readings = (chosen_readings(here, from_reading), chosen_readings(there, reading))
    name = "policy.lp" if other is None else str(other)
    sides = [
        Side(_named("policy.lp", readings[0]), here, readings[0]),
        Side(_named(name, readings[1]), there, readings[1]),
    ]
    if only_source is not None:
        sides[1] = source_alone(sides[1], only_source)
    with Working("searching") as working:
        found = compared(sides[0], sides[1], confirm=confirm, limit=limit, timeout=timeout, progress=working.show)
    if as_json:
        say(json.dumps(report.diff_document(found), indent=2))
    else:
        tell(report.diff_text(found))
    if found.stopped == "interrupted":
        fail("interrupted", INTERRUPTED)
    if not found.alike:
        sys.exit(DIFFERENT)


def _named(name: str, readings: dict[str, str]) -> str:
    return ", ".join([name, *(f"{question}={option}" for question, option in readings.items())])
