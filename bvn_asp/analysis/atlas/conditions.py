"""Near misses of rules and their conditions, and of edits of the policy that no other pair notices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from bvn_asp.analysis.atlas.bench import Bench, Edge, Entry
from bvn_asp.analysis.atlas.edits import Edits
from bvn_asp.analysis.atlas.twins import NONE, Pair, Twin
from bvn_asp.analysis.mutants import Answer, Verdict, recommended
from bvn_asp.analysis.search import RECOMMENDATIONS
from bvn_asp.analysis.writing.inputs import readings_of
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import BvnError
from bvn_asp.policy.register import policy_of
from bvn_asp.policy.terms import Term, name_of


def conditions(bench: Bench) -> Iterator[Entry]:
    """Yield for every small edit of a rule a record that it changes the recommendation of, and one beside that.

    A record that shows several edits is there once.
    """
    made = Edits(bench.search)
    shown: set[frozenset[Term]] = set()
    for number, edit in enumerate(made.edits):
        edge = Edge("condition", "", f"rule in line {edit.line}: {edit.words}")
        entry = bench.bounded(bench.space, edge, partial(_condition, bench, edge, made, number, shown))
        if entry.pair is not None or entry.remark:
            yield entry


def _condition(bench: Bench, edge: Edge, made: Edits, number: int, shown: set[frozenset[Term]]) -> Entry:
    world = made.find(number, bench.space.deadline, bench.space.conflicts)
    if world is None or world.inputs[0] in shown:
        return Entry(edge, None)
    shown.add(world.inputs[0])
    return bench.entry(edge, bench.twins.beside(world.inputs[0]), "no change of one entry moves its record")


def edited(bench: Bench, verdict: Verdict) -> Entry:
    """Return a pair for an edit of the policy that no other pair notices, if one of its records does."""
    edge, found = Edge("edit", "", verdict.mutant.name), verdict.inputs
    bench.deadline = None
    entry = bench.bounded(bench.space, edge, lambda: bench.entry(edge, bench.twins.beside(found), "no pair"))
    pair = entry.pair or _otherwise_read(bench, found) or _otherwise_requested(bench, found)
    if pair is None:
        return entry
    changed = Engine(policy_of(verdict.mutant.text, verdict.mutant.name))
    answers = [Answer(t.witness.case, t.witness.readings, t.recommendation) for t in pair.twins]
    if all(_alike(changed, answer) for answer in answers):
        return Entry(edge, None, remark="its record is decided alike")
    return Entry(edge, pair)


def _alike(changed: Engine, answer: Answer) -> bool:
    """Tell whether the edited policy recommends the same; one that no longer takes the record does not."""
    try:
        return recommended(changed, answer)
    except BvnError:
        return False


def _otherwise_read(bench: Bench, inputs: frozenset[Term]) -> Pair | None:
    """Return the record of `inputs` under its readings and by default; None if that is recommended alike."""
    readings = readings_of(inputs)
    by_default = frozenset(term for term in inputs if name_of(term) != "selected")
    words = ", ".join(f"{question}={option}" for question, option in readings.items())
    return _pair(bench, {words: inputs, "by default": by_default}, "", "how the policy is read", readings)


def _otherwise_requested(bench: Bench, inputs: frozenset[Term]) -> Pair | None:
    """Return the record of `inputs`, and with the usual request; None if that is recommended alike."""
    asked = bench.search.statable["requested"]
    usual = inputs.difference(asked) | bench.search.usual.intersection(asked)
    states = {"the usual request": usual, "as it is": inputs}
    return _pair(bench, states, "request.bodies", "requested", readings_of(inputs))


def _pair(
    bench: Bench, states: Mapping[str, frozenset[Term]], field: str, words: str, readings: Mapping[str, str]
) -> Pair | None:
    """Return two records as a pair, the better first; None if they are recommended alike."""
    twins = [Twin(name, bench.search.decided(inputs)) for name, inputs in states.items()]
    if len({twin.recommendation for twin in twins}) < len(states):
        return None
    twins.sort(key=lambda twin: (*RECOMMENDATIONS, NONE).index(twin.recommendation))
    return Pair(words, field, words, tuple(twins), readings)
