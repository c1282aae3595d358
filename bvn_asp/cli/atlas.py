"""The command `bvn atlas`: near misses for every edge of the policy, as a table, JSON or case files."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.interruption import INTERRUPTED
from bvn_asp.cli.options import PATH, command, limit_option, timeout_option
from bvn_asp.cli.terminal import Working, fail, say, show
from bvn_asp.output import check_new, write_folder
from bvn_asp.policy.loading import shipped_policy

if TYPE_CHECKING:
    from bvn_asp.analysis.atlas import Atlas, Entry
    from bvn_asp.analysis.atlas.survey import Survey


@command("atlas")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--save",
    type=PATH,
    metavar="DIR",
    help="Write the records to this new or empty folder, as cases for `bvn test`.",
)
@click.option("--missing", is_flag=True, help="Also what happens where a fact is not stated.")
@click.option("--conditions", is_flag=True, help="Also a record for every rule and every condition of one.")
@click.option(
    "--mutants",
    metavar="EVERY",
    type=click.IntRange(min=1),
    help="Try them on every so many small edits of the policy; 1: all.",
)
@limit_option("Stop after so many edges.")
@timeout_option()
def atlas(
    markdown: bool, as_json: bool, save: Path | None, missing: bool, conditions: bool, mutants: int | None,
    limit: int | None, timeout: float | None,
) -> None:  # fmt: skip
    """Show the edges of the policy as near misses.

    For every clause, limit, reading and fact two records that differ in it alone, and what becomes of them.
    """
    from bvn_asp.analysis.atlas import KINDS, Atlas
    from bvn_asp.analysis.atlas.survey import surveyed
    from bvn_asp.report import atlas as report

    check_new(save, folder=True)
    policy = shipped_policy()
    made = Atlas(policy, None if timeout is None else time.monotonic() + timeout)
    asked = {"missing": missing, "condition": conditions}
    found, left = _search(made, [kind for kind in KINDS if asked.get(kind, True)], limit)
    edits: Survey | None = None
    try:
        if mutants is not None and left != "interrupted":
            with Working("judging") as working:
                edits = surveyed(made, found, mutants, working.show)
    except KeyboardInterrupt:
        left = "interrupted"
    if save is not None:
        write_folder(save, report.case_files(found))
    if as_json:
        say(json.dumps(report.document(found, left, edits), indent=2))
    else:
        if markdown:
            say("\n".join(report.markdown(found, policy)))
        else:
            show(*report.report(found, policy))
        say("\n".join(report.closing(found, left, edits)))
    if left == "interrupted":
        fail("interrupted", INTERRUPTED)


def _search(made: Atlas, kinds: list[str], limit: int | None) -> tuple[list[Entry], str]:
    """Return what is found for the edges of `kinds`, and why that is not all, if it is not."""
    from bvn_asp.analysis.space import SearchTimeoutError

    found: list[Entry] = []
    try:
        edges = made.entries(kinds)
        with Working("searching") as working:
            for entry in islice(edges, limit):
                found.append(entry)
                working.show(f"{len(found)} edges so far")
        return found, f"stopped after {limit} edges, as asked" if next(edges, None) is not None else ""
    except SearchTimeoutError:
        return found, "the time was up"
    except KeyboardInterrupt:
        return found, "interrupted"
