"""Near misses for people and programs: on a terminal, as a Markdown table, as JSON and as case files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from bvn_asp.analysis.query.casefile import case_text
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.analysis.atlas import Entry
    from bvn_asp.analysis.atlas.survey import Survey
    from bvn_asp.analysis.atlas.twins import Pair
    from bvn_asp.analysis.writing.stated import Record
    from bvn_asp.policy.register import Policy

_COLUMNS = ("edge", "differs in", "records and recommendations", "remarks")


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


def report(entries: Iterable[Entry], policy: Policy) -> Iterator[RenderableType]:
    """Yield each edge with its near miss."""
    for row in _rows(entries, policy):
        edge, *cells = map(safe, row)
        yield Text(edge, "bold")
        yield from (Text(f"    {title}: {cell}") for title, cell in zip(_COLUMNS[1:], cells, strict=True) if cell)


def markdown(entries: Iterable[Entry], policy: Policy) -> Iterator[str]:
    """Yield the lines of a Markdown table of the edges."""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for row in _rows(entries, policy):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def incomplete(entries: Iterable[Entry], left: str) -> str:
    """Return why the edges are not all settled: where the search was `left`, and how many of them are open."""
    still = sum(not entry.settled for entry in entries)
    return "; ".join(filter(None, [left, f"{still} edge{'s' * (still > 1)} left open" if still else ""]))


def closing(entries: list[Entry], left: str, edits: Survey | None) -> Iterator[str]:
    """Yield how many edges there are, and what the edits of the policy came to; `left` is why it is not complete."""
    kinds = Counter(entry.edge.kind for entry in entries)
    without = sum(entry.pair is None for entry in entries)
    yield f"\n{len(entries)} edges ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}), {without} without"
    left = incomplete(entries, left)
    yield f"Not complete: {left}; what is shown stands." if left else "Complete."
    if edits is not None:
        of = edits.outcomes
        yield (
            f"Small edits of the policy: {edits.judged} judged by the recommendations above; {of['killed']} "
            f"killed, {of['refused']} refused as no policy, {of['equivalent']} proved to recommend the same "
            f"on every record, {of['alive']} alive; of these, {edits.by_pairs_of_their_own} have a pair of "
            "their own now, shown last"
        )
        yield from (f"  alive: {name}" for name in edits.survivors)
    yield NOTICE


def document(entries: Collection[Entry], left: str, edits: Survey | None) -> dict[str, Any]:
    """Return the edges as JSON can hold them."""
    left = incomplete(entries, left)
    return {
        "complete": not left, "remark": left, "edges": [_entry(entry) for entry in entries],
        "mutants": _edits(edits) if edits else {}, "notice": NOTICE,
    }  # fmt: skip


def _edits(edits: Survey) -> dict[str, Any]:
    return {
        "judged": edits.judged,
        **{outcome: edits.outcomes[outcome] for outcome in ("killed", "refused", "equivalent", "alive")},
        "by_pairs_of_their_own": edits.by_pairs_of_their_own,
        "survivors": list(edits.survivors),
    }


def _entry(entry: Entry) -> dict[str, Any]:
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
        "settled": entry.settled,
        "remark": entry.remark,
    }  # fmt: skip


def case_files(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Yield the records of all pairs as case files (name, text) that expect what was decided."""
    for number, entry in enumerate(entries, 1):
        if entry.pair is not None:
            about = f"{entry.edge.kind} {entry.edge.clause or entry.edge.words}".lower()
            slug = re.sub(r"[^a-z0-9]+", "_", about).strip("_")[:60]
            for letter, case in zip("abc", cases_of(entry, entry.pair), strict=False):
                yield f"{number:03}_{slug}_{letter}.yaml", case_text(*case)


def cases_of(entry: Entry, pair: Pair) -> Iterator[tuple[Record, str, list[dict[str, Any]]]]:
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
