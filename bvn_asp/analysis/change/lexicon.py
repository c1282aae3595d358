"""What two policies do not have in common: clauses, limits, questions, and what a record can state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of
from bvn_asp.record.statements import plain

if TYPE_CHECKING:
    from bvn_asp.analysis.records import Ground
    from bvn_asp.policy.register import Policy


def differences(one: Policy, other: Policy, grounds: tuple[Ground, Ground]) -> Iterator[str]:
    """Yield in one sentence each what only one policy has, or has otherwise."""
    yield from _only("clause", one.clauses, other.clauses)
    for id in one.clauses.keys() & other.clauses.keys():
        mine, theirs = one.clauses[id], other.clauses[id]
        for what, field in (
            ("kind", "kind"), ("label", "template"), ("citation", "citation"), ("part_of", "part_of"),
        ):  # fmt: skip
            here, there = getattr(mine, field), getattr(theirs, field)
            if here != there:
                yield f"clause {id}, {what}: {here!r} here, {there!r} there"
    yield from _limits(one, other)
    yield from _only("question", one.questions, other.questions)
    for id in sorted(one.questions.keys() & other.questions.keys()):
        yield from _only(f"option of {id}", one.questions[id].options, other.questions[id].options)
        if one.questions[id].default != other.questions[id].default:
            yield f"question {id}, default: {one.questions[id].default} here, {other.questions[id].default} there"
    yield from _only("unit", one.units, other.units)
    mine_inputs, their_inputs = map(inputs_by_name, grounds)
    yield from _only("fact, number or choice", mine_inputs, their_inputs)
    for name in sorted(mine_inputs.keys() & their_inputs.keys()):
        yield from _only(f"value of {name}", mine_inputs[name], their_inputs[name])
    predicates = [{name_of(term): term for term in ground.atoms} for ground in grounds]
    yield from _only("predicate", *predicates)


def inputs_by_name(ground: Ground) -> dict[str, dict[str, Term]]:
    """Return what a record can state, by the name of the fact, number or choice; the values of a choice below it."""
    found: dict[str, dict[str, Term]] = {}
    for term in ground.atoms:
        if name_of(term) in FORMS:
            values = found.setdefault(name_of(subject_of(term)), {})
            if isinstance(term, tuple) and term[0] == "ruled_out":
                values[str(term[2])] = term
    return found


def _limits(one: Policy, other: Policy) -> Iterator[str]:
    for (clause, quantity), limit in one.thresholds.items():
        there = other.thresholds.get((clause, quantity))
        if there is None:
            yield f"limit of {quantity} in {clause}: only here"
        elif there != limit:
            unit = one.units.get(quantity, "")
            here, yonder = (plain(Decimal(value) / one.scale) for value in (limit, there))
            yield f"limit of {quantity} in {clause}: {here} {unit} here, {yonder} there".replace("  ", " ")
    for clause, quantity in other.thresholds.keys() - one.thresholds.keys():
        yield f"limit of {quantity} in {clause}: only there"
    for clause in sorted(one.tallies.keys() & other.tallies.keys()):
        if one.tallies[clause] != other.tallies[clause]:
            yield f"count of {clause}: {one.tallies[clause]} here, {other.tallies[clause]} there"
    yield from _only("count", one.tallies, other.tallies)


def _only(what: str, one: Mapping[str, object], other: Mapping[str, object]) -> Iterator[str]:
    for name in one:
        if name not in other:
            yield f"{what} {name}: only here"
    for name in other:
        if name not in one:
            yield f"{what} {name}: only there"
