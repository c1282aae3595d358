"""The command `bvn test`: compare cases with the answers they expect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.options import PATH, command
from bvn_asp.cli.terminal import each, fail, say
from bvn_asp.decision import expectations
from bvn_asp.decision.engine import Engine
from bvn_asp.output import write_file
from bvn_asp.policy.loading import shipped_policy

if TYPE_CHECKING:
    from bvn_asp.record.case import Case

DIFFERENT = 1
"""Exit code where a case is decided otherwise than it expects, or the cases expect too little."""


@command("deciding")
@click.argument("paths", nargs=-1, type=PATH)
@click.option("--verbose", is_flag=True, help="Name the cases that hold too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--junit", metavar="FILE", type=PATH, help="Write a report in the XML form of JUnit too.")
@click.option(
    "--at-least", metavar="PERCENT", type=click.FloatRange(0, 100),
    help="Fail unless the cases expect so many of the clauses' settled statuses.",
)  # fmt: skip
def test(paths: tuple[Path, ...], verbose: bool, as_json: bool, junit: Path | None, at_least: float | None) -> None:
    """Compare cases with the answers they expect.

    Prints which clauses were seen, and expected, on which side. Exit code 1: an answer differs.
    PATHS are case files or folders; by default the folder `cases`.
    """
    engine, coverage = Engine(shipped_policy()), expectations.Coverage()
    found: list[expectations.Outcome] = []
    without: list[str] = []

    def compare(name: str, case: Case) -> None:
        without.extend([] if case.expected else [name])
        for outcome in expectations.outcomes(engine, name, case, coverage):
            found.append(outcome)
            if not as_json and (verbose or not outcome.holds):
                say(f"{'holds' if outcome.holds else 'DIFFERS'}  {outcome.title}")
                for line in outcome.differences:
                    say(f"    {line}")

    try:
        each(list(paths) or [Path("cases")], compare)
    finally:
        if junit is not None:
            write_file(junit, expectations.junit(found))
        if as_json:
            say(json.dumps(expectations.document(found, coverage, engine.policy), indent=2))
        else:
            if coverage.seen:
                _coverage(engine, coverage)
            held = sum(outcome.holds for outcome in found)
            say(f"{held} expected answers hold, {len(found) - held} differ; {len(without)} cases expect nothing")
    percent = coverage.percent(engine.policy)
    if at_least is not None and percent < at_least:
        fail(f"the cases expect {percent:.1f} % of the clauses' settled statuses, fewer than {at_least:g} %", DIFFERENT)
    if not all(outcome.holds for outcome in found):
        sys.exit(DIFFERENT)


def _coverage(engine: Engine, coverage: expectations.Coverage) -> None:
    say("\nClause  seen as")
    for id, counts in coverage.rows(engine.policy):
        say(f"  {id:5} " + "  ".join(f"{status} {count}" for status, count in counts))
    for words, missing in (("seen", coverage.unseen), ("expected", coverage.unasserted)):
        say(f"never {words}: " + (", ".join(f"{id} {status}" for id, status in missing(engine.policy)) or "none"))
    say(f"expected: {coverage.percent(engine.policy):.1f} % of the clauses' settled statuses\n")
