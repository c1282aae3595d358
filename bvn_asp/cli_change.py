"""The commands about change: `bvn whatif` and `bvn diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bvn_asp.cli_options import Readings
from bvn_asp.deciding import chosen_readings
from bvn_asp.terminal import BAD_INPUT, INTERRUPTED, Working, fail, say, tell

DIFFERENT = 1
"""Exit code of a comparison that found a difference, or could not settle that there is none."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0, metavar="SECONDS", help="Stop searching after that.")
]


def whatif(
    path: Annotated[Path, typer.Argument(metavar="CASE", help="A case file, or - for standard input.")],
    to: Annotated[
        str, typer.Option("--to", metavar="OUTCOME", help="approve, partial, deny, pend, or a body to be permissible.")
    ] = "approve",
    everything: Annotated[bool, typer.Option("--any", help="Let facts change that nobody can change, too.")] = False,
    reading: Readings = None,
    assume_absent: Annotated[
        bool | None, typer.Option("--assume-absent/--no-assume-absent", help="Run as a complete record, or not.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most sets of changes to look for.")] = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Find the smallest sets of changes to a case that reach an outcome, or why none does."""
    from bvn_asp.change import report
    from bvn_asp.change.whatif import MOST_SETS, WhatIf
    from bvn_asp.files import load_path
    from bvn_asp.policy import shipped_policy

    if path.is_dir():
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    case = load_path(path)
    asked = WhatIf(shipped_policy())
    with Working("searching for changes"):
        answer = asked.answer(
            case, to, chosen_readings(asked.policy, reading), assume_absent=assume_absent, everything=everything,
            limit=limit or MOST_SETS, timeout=timeout,
        )  # fmt: skip
    if as_json:
        say(json.dumps(report.answer_document(answer, str(path)), indent=2))
    else:
        tell(report.answer_text(answer, str(path), everything=everything))
    if answer.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)


def diff(
    other: Annotated[
        Path | None, typer.Argument(metavar="[OTHER.lp]", help="Another policy program; by default the policy itself.")
    ] = None,
    reading: Annotated[
        list[str] | None,
        typer.Option("--reading", metavar="QUESTION=OPTION", help="Read a question otherwise on the other side."),
    ] = None,
    from_reading: Annotated[
        list[str] | None,
        typer.Option("--from-reading", metavar="QUESTION=OPTION", help="Read a question otherwise on this side."),
    ] = None,
    only_source: Annotated[
        int | None,
        typer.Option("--only-source", metavar="N", help="On the other side, keep what is cited to reference N."),
    ] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Let a second engine confirm every proof.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most examples to look for.")] = 1000,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Compare the policy with another version, another reading, or a part of its sources."""
    from bvn_asp.change import report
    from bvn_asp.change.comparison import Side
    from bvn_asp.change.comparison import only_source as source_alone
    from bvn_asp.change.diff import diff as compared
    from bvn_asp.policy import load_policy, shipped_policy

    if other is None and not reading and not from_reading and only_source is None:
        fail("nothing to compare with: give OTHER.lp, --reading QUESTION=OPTION, or --only-source N", BAD_INPUT)
    here = shipped_policy()
    there = here if other is None else load_policy(other)
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
        raise typer.Exit(INTERRUPTED)
    if not found.equivalent:
        raise typer.Exit(DIFFERENT)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(whatif)
    app.command()(diff)


def _named(name: str, readings: dict[str, str]) -> str:
    return ", ".join([name, *(f"{question}={option}" for question, option in readings.items())])
