"""The command `bvn atlas`: near misses for every edge of the policy, as a table, JSON or case files."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bvn_asp.decision import NOTICE
from bvn_asp.layout import wrapped
from bvn_asp.policy import Policy, shipped_policy
from bvn_asp.report import safe
from bvn_asp.terminal import INTERRUPTED, Page, Working, check_folder, say, write_all

if TYPE_CHECKING:
    from bvn_asp.atlas import Atlas, Entry
    from bvn_asp.atlas.twins import Pair
    from bvn_asp.mutants import Answer
    from bvn_asp.witness import Record

_COLUMNS = ("edge", "differs in", "records and recommendations", "remarks")


def atlas(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    save: Annotated[
        Path | None, typer.Option(help="Write the records to this new or empty folder, as cases for `bvn test`.")
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Also what happens where a fact is not stated.")] = False,
    conditions: Annotated[
        bool, typer.Option("--conditions", help="Also a record for every rule and every condition of one.")
    ] = False,
    mutants: Annotated[
        int | None,
        typer.Option(metavar="EVERY", min=1, help="Try them on every so many small edits of the policy; 1: all."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many edges.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Stop looking after so many seconds.")] = None,
) -> None:
    """Show for every clause, limit, reading and fact two records that differ in it alone, and what becomes of them."""
    from bvn_asp.atlas import KINDS, Atlas
    from bvn_asp.space import SearchTimeoutError

    if save is not None:
        check_folder(save)
    policy = shipped_policy()
    found: list[Entry] = []
    left = ""
    made = Atlas(policy, None if timeout is None else time.monotonic() + timeout)
    try:
        asked = {"missing": missing, "condition": conditions}
        edges = made.entries([kind for kind in KINDS if asked.get(kind, True)])
        with Working("searching") as working:
            for entry in islice(edges, limit):
                found.append(entry)
                working.show(f"{len(found)} edges so far")
        if next(edges, None) is not None:
            left = f"stopped after {limit} edges, as asked"
    except SearchTimeoutError:
        left = "the time was up"
    except KeyboardInterrupt:
        left = "interrupted"
    killed: dict[str, Any] = {}
    try:
        if mutants is not None and left != "interrupted":
            with Working("judging") as working:
                killed = _survey(made, found, mutants, working)
    except KeyboardInterrupt:
        left = "interrupted"
    if save is not None:
        _save(found, save)
    if as_json:
        document = {"complete": not left, "remark": left, "edges": [_document(e) for e in found], "mutants": killed}
        say(json.dumps({**document, "notice": NOTICE}, indent=2))
    else:
        (_markdown if markdown else _table)(found, policy)
        _closing(found, left, killed)
    if left == "interrupted":
        sys.exit(INTERRUPTED)


def _rows(entries: Iterable[Entry], policy: Policy) -> Iterator[tuple[str, str, str, str]]:
    for entry in entries:
        edge, pair = entry.edge, entry.pair
        name = f"{edge.clause}: {edge.words}" if edge.clause else edge.words
        if edge.clause in policy.clauses:
            name += f" ({policy.clauses[edge.clause].citation})"
        remarks = [entry.remark] if entry.remark else []
        if entry.along:
            remarks.append(f"fails along: {', '.join(entry.along)}")
        if entry.proof is not None:
            rests = ", ".join(entry.proof.clauses) or "no clause"
            read = "".join(f", {question}={option}" for question, option in entry.proof.readings.items())
            remarks.append(f"never alone, because of {rests}{read}")
        if pair is not None:
            remarks += [f"{question}={option}" for question, option in pair.readings.items()]
        outcomes = "; ".join(f"{t.states}: {t.recommendation.upper()}" for t in pair.twins) if pair else "no pair"
        yield f"{edge.kind} {name}", pair.words if pair else "", outcomes, "; ".join(remarks)


def _table(entries: list[Entry], policy: Policy) -> None:
    page = Page()
    for row in _rows(entries, policy):
        for title, cell in zip(_COLUMNS, row, strict=True):
            style = "bold" if title == _COLUMNS[0] else ""
            text = cell if title == _COLUMNS[0] else f"    {title}: {cell}"
            page.show(wrapped([(safe(text), style)], page.width) if cell else ())


def _markdown(entries: list[Entry], policy: Policy) -> None:
    say(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    for row in _rows(entries, policy):
        say(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |")


def _closing(entries: list[Entry], left: str, killed: dict[str, Any]) -> None:
    kinds = Counter(entry.edge.kind for entry in entries)
    without = sum(entry.pair is None for entry in entries)
    say(f"\n{len(entries)} edges ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}), {without} without")
    say(f"Not complete: {left}; what is shown stands." if left else "Complete.")
    if killed:
        say(
            f"Small edits of the policy: {killed['judged']} judged by the recommendations above; {killed['killed']} "
            f"killed, {killed['refused']} refused as no policy, {killed['equivalent']} proved to recommend the same "
            f"on every record, {killed['alive']} alive; of these, {killed['by_pairs_of_their_own']} have a pair of "
            "their own now, shown last"
        )
        for name in killed["survivors"]:
            say(f"  alive: {name}")
    say(NOTICE)


def _survey(made: Atlas, entries: list[Entry], every: int, working: Working) -> dict[str, Any]:
    """Judge edits of the policy by the pairs; one that is left alive gets a pair of its own, if there is one."""
    from bvn_asp.mutants import survey

    counts, survivors = Counter[str](), list[str]()
    for verdict in survey(made.policy.text, answers(entries), every=every):
        counts[verdict.outcome] += 1
        working.show(f"{counts.total()} edits of the policy so far")
        if verdict.outcome == "alive":
            entry = made.edited(verdict)
            if entry.pair is None:
                survivors.append(verdict.mutant.name)
            else:
                entries.append(entry)
    outcomes = ("killed", "refused", "equivalent", "alive")
    return {
        "judged": counts.total(),
        **{outcome: counts[outcome] for outcome in outcomes},
        "by_pairs_of_their_own": counts["alive"] - len(survivors),
        "survivors": survivors,
    }


def answers(entries: Iterable[Entry]) -> list[Answer]:
    """Return the records of all pairs, with the readings that their pairs name, each once."""
    from bvn_asp.mutants import Answer

    found: dict[str, Answer] = {}
    for entry in entries:
        for twin in entry.pair.twins if entry.pair else ():
            witness = twin.witness
            key = json.dumps([witness.record, dict(witness.readings)], sort_keys=True)
            found.setdefault(key, Answer(witness.case, witness.readings, twin.recommendation))
    return list(found.values())


def _document(entry: Entry) -> dict[str, Any]:
    pair, proof = entry.pair, entry.proof
    return {
        "kind": entry.edge.kind,
        "clause": entry.edge.clause or None,
        "about": entry.edge.words,
        "field": pair.field if pair else None,
        "differs_in": pair.words if pair else None,
        "readings": dict(pair.readings) if pair else {},
        "records": [
            {"states": t.states, "recommendation": t.recommendation, "readings": dict(t.witness.readings),
             "record": t.witness.record}
            for t in pair.twins
        ] if pair else [],
        "fails_along": list(entry.along),
        "never_alone": {"clauses": list(proof.clauses), "readings": proof.readings} if proof else None,
        "remark": entry.remark,
    }  # fmt: skip


def _save(entries: Iterable[Entry], folder: Path) -> None:
    """Write the records of all pairs as case files that expect what was decided."""
    from bvn_asp.query.casefile import case_text

    files: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        if entry.pair is not None:
            for letter, case in zip("abc", _cases(entry, entry.pair), strict=False):
                slug = re.sub(r"[^a-z0-9]+", "_", f"{entry.edge.kind} {entry.edge.clause or entry.edge.words}".lower())
                files[f"{number:03}_{slug.strip('_')[:60]}_{letter}.yaml"] = case_text(*case)
    write_all(folder, files.items())


def _cases(entry: Entry, pair: Pair) -> Iterator[tuple[Record, str, list[dict[str, Any]]]]:
    """Yield the records of a pair, each with its story and what it expects."""
    outcomes = ", ".join(f"{twin.states}: {twin.recommendation}" for twin in pair.twins)
    story = f"Near miss for {entry.edge.kind} {entry.edge.clause} ({entry.edge.words}). {pair.words} - {outcomes}."
    decided = [(twin.witness.readings, twin.witness.decision) for twin in pair.twins]
    # Where nothing is requested, nothing is recommended.
    expected = [
        {
            "readings": dict(readings),
            **({"recommendation": d.recommendation} if d.recommendation else {"eligibility": d.eligibility}),
        }
        for readings, d in decided
    ]
    if entry.edge.kind == "reading":
        yield pair.twins[0].witness.record, story, expected
        return
    for twin, expects in zip(pair.twins, expected, strict=True):
        yield twin.witness.record, f"{story} Here: {twin.states}.", [expects]
