"""The commands `bvn find` and `bvn prove`: questions over all records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bvn_asp.cli_options import Readings
from bvn_asp.deciding import chosen_readings
from bvn_asp.errors import BvnError
from bvn_asp.policy import load_policy
from bvn_asp.terminal import INTERRUPTED, Working, fail, say, tell, write_all

if TYPE_CHECKING:
    from bvn_asp.query.assertions import Assertion
    from bvn_asp.query.finder import Finder
    from bvn_asp.query.found import Found, Verdict

Timeout = Annotated[float, typer.Option("--timeout", min=0.01, help="Seconds that a search may last.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Let a second engine check every proof (extra `proof`).")]
Certificate = Annotated[
    Path | None,
    typer.Option("--certificate", help="Write what a proof refutes as a DIMACS file, for any solver to check."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Against = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="A policy program instead of the shipped one.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, max=100_000, help="Most answers, or most patterns counted.")
]


def find(
    query: Annotated[str, typer.Argument(help='What to look for, in policy words, such as "only reason is n8".')],
    limit: Limit = None,
    count: Annotated[bool, typer.Option("--count", help="Count the patterns of statuses instead.")] = False,
    open_records: Annotated[
        bool, typer.Option("--open", help="Also records that leave facts open, if others fit too.")
    ] = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the answers as case files into this folder.")
    ] = None,
    reading: Readings = None,
    policy: Against = None,
    timeout: Timeout = 60.0,
    confirm: Confirm = False,
    certificate: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Find edge cases: records that fit a query, nearest to an unremarkable patient first, or a proof of none."""
    from bvn_asp.query.finder import COUNT_LIMIT, LIMIT, Finder
    from bvn_asp.query.replies import answer_lines, files_of, found_document

    if count and certificate is not None:
        raise BvnError("--count makes no proof that --certificate could write; give one of the two")
    if count and save is not None:
        raise BvnError("--count finds no records that --save could write; give one of the two")
    finder = Finder(None if policy is None else load_policy(policy))
    readings = chosen_readings(finder.policy, reading)
    if count:
        steps = finder.count(query, readings=readings, limit=limit or COUNT_LIMIT, timeout=timeout,
                             open_records=open_records)  # fmt: skip
    else:
        steps = finder.search(query, readings=readings, limit=limit or LIMIT, timeout=timeout,
                              open_records=open_records, confirm=confirm)  # fmt: skip
    shown = 0
    with Working("searching") as progress:
        for found in steps:
            progress.show(f"{found.count} patterns so far" if count else f"{len(found.answers)} answers so far")
            for answer in found.answers[shown:] if not as_json else ():
                shown += 1
                progress.stop()
                for line in answer_lines(answer, shown):
                    tell(line)
    written: list[Path] = []
    if certificate is not None:
        written = _certified(found, certificate)
    if save is not None and found.answers:
        written = write_all(save, files_of(found, finder.search_for(found.query, len(found.runs)).engine))
    if as_json:
        say(json.dumps({**found_document(found, finder.policy), "files": list(map(str, written))}, indent=2))
    else:
        _tell_found(found, finder, written, count=count)
    _end(found)


def prove(
    assertion: Annotated[
        str | None, typer.Argument(help='What to prove of every record, such as "n1 violated => deny"; '
                                        "by default the assertions that come with the package.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file of assertions, one to a line.")] = None,
    reading: Readings = None,
    policy: Against = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Most counterexamples to look for.")] = 1,
    timeout: Timeout = 60.0,
    confirm: Confirm = False,
    certificate: Certificate = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prove assertions of every record, or show a record that contradicts one (exit code 1)."""
    from bvn_asp.query.assertions import SHIPPED, Assertion, load_assertions
    from bvn_asp.query.finder import Finder
    from bvn_asp.query.replies import verdict_document
    from bvn_asp.query.text import read_query

    if assertion is not None and file is not None:
        raise BvnError("give an assertion or --file, not both")
    if certificate is not None and assertion is None:
        raise BvnError("--certificate is of one proof: give the assertion")
    finder = Finder(None if policy is None else load_policy(policy))
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
                    _tell(finder, item, verdict, alone=assertion is not None)
        if certificate is not None:
            _certified(verdict.found, certificate)
    except KeyboardInterrupt:
        fail(f"interrupted: {len(done)} of {len(assertions)} assertions were decided", INTERRUPTED)
    if as_json:
        results = [verdict_document(item.name, verdict, finder.policy) for item, verdict in done]
        say(json.dumps({"schema": "bvn-prove/1", "results": results}, indent=2))
    elif assertion is None:
        counts = [sum(verdict.holds is value for _, verdict in done) for value in (True, False, None)]
        say(f"{len(done)} assertions: {counts[0]} proved, {counts[1]} false, {counts[2]} undecided")
    if any(verdict.holds is not True for _, verdict in done):
        raise typer.Exit(1)


def _tell_found(found: Found, finder: Finder, written: list[Path], *, count: bool) -> None:
    from bvn_asp.query.replies import closing_lines, proof_lines

    if count:
        say(f"{found.count} {'pattern of statuses fits' if found.count == 1 else 'patterns of statuses fit'}.")
    elif found.complete and not found.answers:
        say("None: no record fits." if found.settled else "None found: no record that leaves nothing open fits.")
    for proof in found.proofs:
        say("It is excluded by these together, of which none can be spared:")
        for line in proof_lines(proof, finder.policy):
            tell(line)
    for line in closing_lines(found):
        tell(line)
    for path in written:
        say(f"wrote {path}")


def _tell(finder: Finder, item: Assertion, verdict: Verdict, *, alone: bool) -> None:
    from bvn_asp.query.replies import answer_lines, closing_lines, premise_words, proof_lines

    word = {True: "proved", False: "FALSE", None: "UNDECIDED"}[verdict.holds]
    tell(f"{word}  {f'{item.name}: ' if item.name else ''}{item.query.text}")
    if verdict.found.answers:
        say("Contradicted by")
        for number, answer in enumerate(verdict.found.answers, 1):
            for line in answer_lines(answer, number):
                tell(line)
    if alone and verdict.proof is not None:
        scope = "" if verdict.holds else "Of every record that leaves nothing open it holds. "
        say(f"{scope}It follows from these together, of which none can be spared:")
        for line in proof_lines(verdict.proof, finder.policy):
            tell(line)
    elif verdict.proof is not None:
        tell(f"        by {premise_words(verdict.proof)}")
    if alone:
        for line in closing_lines(verdict.found, asserted=True):
            tell(line)


def _certified(found: Found, certificate: Path) -> list[Path]:
    """Write what a proof refutes, or say that there is none; return what was written."""
    if found.certify is None:
        fail(f"{certificate}: not written, since there is no proof that it could hold")
        return []
    return write_all(certificate.parent, [(certificate.name, found.certify())])


def _end(found: Found) -> None:
    if found.stopped == "interrupted":
        done = found.count or len(found.answers)
        fail(f"interrupted: {done} answers are complete, what else there is was not looked for", INTERRUPTED)
