"""The commands `bvn find` and `bvn prove`: questions over all records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.interruption import INTERRUPTED
from bvn_asp.cli.options import (
    PATH,
    chosen_readings,
    command,
    confirm_option,
    json_option,
    limit_option,
    policy_option,
    reading_option,
    timeout_option,
)
from bvn_asp.cli.terminal import Working, fail, say, tell
from bvn_asp.errors import BvnError
from bvn_asp.output import check_new, write_file, write_folder
from bvn_asp.policy.loading import load_policy

if TYPE_CHECKING:
    from bvn_asp.analysis.query.assertions import Assertion
    from bvn_asp.analysis.query.found import Found, Verdict

MOST = 100_000
"""Most answers that can be asked for."""
NOT_PROVED = 1
"""Exit code where an assertion is false or undecided."""
certificate_option = click.option(
    "--certificate", type=PATH, metavar="FILE",
    help="Write what a proof refutes as a new DIMACS file, for any solver to check.",
)  # fmt: skip


@command("finding")
@click.argument("query")
@limit_option("Most answers, or most patterns counted.", most=MOST)
@click.option("--count", is_flag=True, help="Count the patterns of statuses instead.")
@click.option("--open", "open_records", is_flag=True, help="Also records that leave facts open, if others fit too.")
@click.option("--save", type=PATH, metavar="DIR", help="Write the answers as case files into this new or empty folder.")
@reading_option
@policy_option
@timeout_option()
@confirm_option
@certificate_option
@json_option
def find(
    query: str, limit: int | None, count: bool, open_records: bool, save: Path | None, reading: tuple[str, ...],
    policy: Path | None, timeout: float | None, confirm: bool, certificate: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Find records that fit a query, or a proof of none.

    Those nearest to an unremarkable patient come first.
    QUERY is in policy words, such as "only reason is n5".
    """
    from bvn_asp.analysis.query.finder import COUNT_LIMIT, LIMIT, Finder
    from bvn_asp.report.query import answers_lines, files_of, found_document, found_lines

    if count and certificate is not None:
        raise BvnError("--count makes no proof that --certificate could write; give one of the two")
    if count and save is not None:
        raise BvnError("--count finds no records that --save could write; give one of the two")
    check_new(certificate)
    check_new(save, folder=True)
    finder = Finder(None if policy is None else load_policy(policy, timeout=timeout))
    readings = chosen_readings(finder.policy, reading)
    if count:
        steps = finder.count(
            query, readings=readings, limit=limit or COUNT_LIMIT, timeout=timeout, open_records=open_records
        )
    else:
        steps = finder.search(
            query, readings=readings, limit=limit or LIMIT, timeout=timeout, open_records=open_records, confirm=confirm
        )
    found = _last(steps, count=count)
    written: list[Path] = []
    if certificate is not None:
        written = _certified(found, certificate)
    if save is not None and found.answers:
        written = write_folder(save, files_of(found, finder.search_for(found.query, len(found.runs)).engine))
    if as_json:
        say(json.dumps(found_document(found, finder.policy, written), indent=2))
    else:
        tell("\n".join([*answers_lines(found.answers), *found_lines(found, finder.policy, written, count=count)]))
    if found.stopped == "interrupted":
        done = found.count or len(found.answers)
        fail(f"interrupted: {done} answers are complete, what else there is was not looked for", INTERRUPTED)


@command("finding")
@click.argument("assertion", required=False)
@click.option("--file", type=PATH, metavar="FILE", help="A file of assertions, one to a line.")
@reading_option
@policy_option
@limit_option("Most counterexamples to look for.", default=1, most=MOST)
@timeout_option()
@confirm_option
@certificate_option
@json_option
def prove(
    assertion: str | None, file: Path | None, reading: tuple[str, ...], policy: Path | None, limit: int,
    timeout: float | None, confirm: bool, certificate: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Prove assertions of every record.

    Or show a record that contradicts one (exit code 1).
    ASSERTION is in policy words, such as "n1 violated => not approve"; by default the assertions that come with the
    package.
    """
    from bvn_asp.analysis.query.assertions import SHIPPED, Assertion, load_assertions
    from bvn_asp.analysis.query.finder import Finder
    from bvn_asp.analysis.query.text import read_query
    from bvn_asp.report.query import verdict_document, verdict_lines

    if assertion is not None and file is not None:
        raise BvnError("give an assertion or --file, not both")
    if certificate is not None and assertion is None:
        raise BvnError("--certificate is of one proof: give the assertion")
    check_new(certificate)
    finder = Finder(None if policy is None else load_policy(policy, timeout=timeout))
    readings = chosen_readings(finder.policy, reading)
    if assertion is not None:
        assertions = [Assertion("", 0, read_query(assertion, finder.policy))]
    else:
        assertions = load_assertions(file or SHIPPED, finder.policy)
    done: list[tuple[Assertion, Verdict]] = []
    try:
        with Working("searching") as progress:
            for item in assertions:
                progress.show(f"{len(done)} of {len(assertions)} assertions so far")
                verdict = finder.prove(item.query, readings=readings, limit=limit, timeout=timeout, confirm=confirm)
                if verdict.found.stopped == "interrupted":
                    raise KeyboardInterrupt
                done.append((item, verdict))
                progress.stop()
                if not as_json:
                    lines = verdict_lines(item.name, verdict, finder.policy, alone=assertion is not None)
                    tell("\n".join(lines))
        if certificate is not None:
            _certified(verdict.found, certificate)
    except KeyboardInterrupt:
        fail(f"interrupted: {len(done)} of {len(assertions)} assertions were decided", INTERRUPTED)
    if as_json:
        results = [verdict_document(item.name, verdict, finder.policy) for item, verdict in done]
        say(json.dumps({"schema": "bvn-prove/1", "results": results}, indent=2))
    elif assertion is None:
        say(_tally([verdict for _, verdict in done]))
    if any(verdict.holds is not True for _, verdict in done):
        sys.exit(NOT_PROVED)


def _tally(verdicts: list[Verdict]) -> str:
    proved, false, open_ = (sum(verdict.holds is value for verdict in verdicts) for value in (True, False, None))
    return f"{len(verdicts)} assertions: {proved} proved, {false} false, {open_} undecided"


def _last(steps: Iterator[Found], *, count: bool) -> Found:
    """Return the last of `steps`, saying how many answers there are so far."""
    with Working("searching") as progress:
        for found in steps:
            progress.show(f"{found.count} patterns so far" if count else f"{len(found.answers)} answers so far")
    return found


def _certified(found: Found, certificate: Path) -> list[Path]:
    """Write what a proof refutes, or say that there is none; return what was written."""
    if found.certify is None:
        fail(f"{certificate}: not written, since there is no proof that it could hold")
        return []
    write_file(certificate, found.certify())
    return [certificate]
