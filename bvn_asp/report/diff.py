"""How two policies differ: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.analysis.change.comparison import DIRECTIONS, Comparison, Diff, Example
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.safe import number_of
from bvn_asp.report.schemas import ComparisonDocument, DiffDocument, ExampleDocument


def diff_text(found: Diff) -> str:
    """Return a comparison in words."""
    return "\n".join(_diff_lines(found))


def _diff_lines(found: Diff) -> Iterator[str]:
    yield f"Here:  {found.here.name}\nThere: {found.there.name}\n{NOTICE}\n"
    yield f"Overall, the other side is {_verdict(found.overall)}"
    if found.equivalent and not found.alike:
        yield "    in what it recommends; clauses or bodies below are decided otherwise on the way"
    yield from _examples(found.overall)
    if found.there.waived:
        yield f"\nSet aside there: {', '.join(sorted(found.there.waived, key=list(found.here.policy.clauses).index))}"
    for title, comparisons in (("Clauses", found.clauses), ("Bodies", found.bodies)):
        different = [c for c in comparisons if c.verdict != "equivalent"]
        yield f"\n{title}: {len(comparisons) - len(different)} equivalent, {len(different)} not"
        for comparison in different:
            clause = found.here.policy.clauses.get(comparison.id)
            label = f": {clause.label}  ({clause.citation})" if clause else ""
            yield f"  {comparison.id} {_verdict(comparison)}{label}"
            yield from _examples(comparison)
    if found.vocabulary:
        yield "\nWhat only one of them has, or has otherwise"
        yield from (f"  {line}" for line in found.vocabulary)
    yield f"\nVerdicts are about records with a request for {', '.join(found.room.bodies)}, one finding of each kind,"
    yield f"{number_of(found.room.surgeries, 'surgery')} and {number_of(found.room.modic, 'Modic finding')} at most."
    if found.stopped:
        yield f"Not finished ({found.stopped}): what is unsettled was not looked at to the end."


def _verdict(comparison: Comparison) -> str:
    if comparison.verdict == "unsettled":
        return "unsettled"
    records = {"all": "record", "complete": "record with nothing open"}.get(comparison.proved)
    if records is None:
        return comparison.verdict
    other = {"stricter": "looser", "looser": "stricter"}.get(comparison.verdict, "stricter or looser")
    confirmed = f", confirmed by {comparison.engine}" if comparison.engine else ""
    return f"{comparison.verdict} ({other} on no {records}{confirmed})"


def _examples(comparison: Comparison) -> Iterator[str]:
    for direction in DIRECTIONS:
        example = (comparison.examples or {}).get(direction)
        if example is not None:
            here, there = example.statuses
            yield f"    {direction}: {here} here, {there} there, for the usual patient with"
            yield from (f"      {departure}" for departure in example.departures)
            if not example.departures:
                yield "      nothing else"
        for unstated in filter(None, [comparison.unstated.get(direction)]):
            yield f"    {direction}: found by the search alone, for what no case file can state: {', '.join(unstated)}"


def diff_document(found: Diff) -> DiffDocument:
    """Return a comparison as plain data."""
    return {
        "notice": NOTICE,
        "here": {"name": found.here.name, "readings": dict(found.here.readings)},
        "there": {
            "name": found.there.name, "readings": dict(found.there.readings), "waived": sorted(found.there.waived),
        },
        "room": {"bodies": list(found.room.bodies), "surgeries": found.room.surgeries, "modic": found.room.modic},
        "stopped": found.stopped,
        "vocabulary": list(found.vocabulary),
        "overall": _comparison(found.overall),
        "clauses": [_comparison(comparison) for comparison in found.clauses],
        "bodies": [_comparison(comparison) for comparison in found.bodies],
    }  # fmt: skip


def _comparison(comparison: Comparison) -> ComparisonDocument:
    return {
        "id": comparison.id,
        "verdict": comparison.verdict,
        "proved": comparison.proved,
        "engine": comparison.engine,
        "examples": {direction: _example(e) for direction, e in (comparison.examples or {}).items()},
        "unstated": {direction: list(inputs) for direction, inputs in comparison.unstated.items()},
    }


def _example(example: Example) -> ExampleDocument:
    return {
        "here": example.statuses[0],
        "there": example.statuses[1],
        "decided": [decision.recommendation for decision in example.decisions],
        "departures": [str(departure) for departure in example.departures],
        "record": example.record,
    }
