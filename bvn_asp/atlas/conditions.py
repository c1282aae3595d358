"""Near misses of rules and their conditions, and of edits of the policy that no other pair notices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bvn_asp.atlas.bench import Bench, Edge, Entry
from bvn_asp.atlas.edits import Edits
from bvn_asp.decide import Engine
from bvn_asp.mutants import Answer, Verdict, recommended
from bvn_asp.policy import policy_of
from bvn_asp.terms import Term


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
    world = made.find(number, bench.space.deadline)
    if world is None or world.inputs[0] in shown:
        return Entry(edge, None)
    shown.add(world.inputs[0])
    return bench.entry(edge, bench.twins.beside(world.inputs[0]), "no change of one entry moves its record")


def edited(bench: Bench, verdict: Verdict) -> Entry:
    """Return a pair for an edit of the policy that no other pair notices, if one of its records does."""
    edge = Edge("edit", "", verdict.mutant.name)
    bench.deadline = None
    entry = bench.bounded(bench.space, edge, lambda: bench.entry(edge, bench.twins.beside(verdict.inputs), "no pair"))
    if entry.pair is not None:
        changed = Engine(policy_of(verdict.mutant.text, verdict.mutant.name))
        answers = [Answer(t.witness.case, t.witness.readings, t.recommendation) for t in entry.pair.twins]
        if all(recommended(changed, answer) for answer in answers):
            return Entry(edge, None, remark="its record is decided alike")
    return entry
