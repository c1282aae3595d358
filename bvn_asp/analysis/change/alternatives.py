"""Alternatives to a change: the other numbers and choices that would reach the same outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term, subject_of

if TYPE_CHECKING:
    from bvn_asp.analysis.change.leeway import Leeway


def alternatives(
    leeway: Leeway, changed: list[Term], after: frozenset[Term], reached: list[int]
) -> dict[Term, list[Term]]:
    """Return the values of each number or choice with which the outcome stands, everything else as found.

    One search asks for all of them: in each of its worlds one of the subjects may be otherwise, and is picked.
    """
    space, inputs = leeway.space, leeway.room.inputs
    alike = {subject: _alike(leeway, subject) for subject in changed}
    picks = {subject: space.free() for subject in changed}
    pickers: dict[Term, list[int]] = {}
    for subject, twins in alike.items():
        for twin in twins:
            pickers.setdefault(twin, []).append(picks[subject])
    others: dict[Term, list[int]] = {subject: [] for subject in pickers}
    kept: list[int] = []
    for literal, term in inputs.items():
        others.get(subject_of(term), kept).append(literal if term in after else -literal)
    as_found = {subject: space.all_of(literals) for subject, literals in others.items()}
    astray = [space.all_of([-same, *(-x for x in pickers[subject])]) for subject, same in as_found.items()]
    goals: dict[int, tuple[Term, Term]] = {}
    for subject in changed:
        for value, so in _values(leeway, subject, alike[subject]):
            goals[space.all_of([picks[subject], *so])] = subject, value
    asked = [*reached, *kept, *(-x for x in astray), -space.at_least(2, picks.values())]
    found = space.reached(asked, goals)
    options: dict[Term, list[Term]] = {subject: [] for subject in changed}
    for goal, (subject, value) in goals.items():
        if goal in found:
            options[subject].append(value)
    return options


def _alike(leeway: Leeway, subject: Term) -> list[Term]:
    """Return the subjects that change with `subject`: a time counts at both moments."""
    known = leeway.stated
    if not isinstance(subject, tuple) or subject[0] not in leeway.room.even:
        return [subject]
    moments = [(subject[0], moment) for moment in ("procedure", "request")]
    return [t for t in moments if t in leeway.room.options and (t not in known or subject in known)]


def _values(leeway: Leeway, subject: Term, twins: list[Term]) -> Iterator[tuple[Term, list[int]]]:
    """Yield the values that a number or choice can have, each with the literals that it is so."""
    space = leeway.space
    limits = leeway.search.limits.get(leeway.search.quantities.get(subject, ""), [])
    values = dict.fromkeys(term[2] for term in leeway.room.options[subject] if isinstance(term, tuple))
    for value in values:
        if not isinstance(value, int):
            yield value, [space.literal(("ruled_out", subject, other)) for other in values if other != value]
        elif representative(value, limits) == value:
            yield value, [space.literal((form, twin, value)) for twin in twins for form in ("from", "to")]
