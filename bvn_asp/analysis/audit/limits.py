"""Limits: which can never bind, which differ between places that state them, and what happens at the boundary."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.reach import unreachable

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study
    from bvn_asp.analysis.search import Witness
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.terms import Term


def limits(study: Study) -> Iterator[Finding]:
    """Find limits that no record can reach, limits of bodies that never bind, and limits that differ."""
    policy = study.policy
    for clause, quantity, sentence in unreachable(policy.thresholds, policy.scale):
        yield Finding(
            "limit-unreachable", (clause, quantity), f"{sentence[0].upper()}{sentence[1:]}.", (study.whole(clause),)
        )
    yield from _binding(study)
    stated = [(quantity, clause, limit) for (clause, quantity), limit in policy.thresholds.items()]
    stated += [("bodies", clause, limit) for clause, limit in policy.tallies.items() if clause in study.body_limits]
    for (quantity, one, first), (other_quantity, other, second) in combinations(stated, 2):
        if quantity == other_quantity and first != second:
            scale = 1 if quantity == "bodies" else policy.scale
            yield Finding(
                "limits-differ", (quantity, one, other),
                f"{study.name(one)} and {study.name(other)} limit one quantity, {quantity.replace('_', ' ')}, "
                f"differently: {first / scale:g} and {second / scale:g}.",
                (one, other), witnesses=_between(study, quantity, one, other),
            )  # fmt: skip
    yield from _boundaries(study)


def _binding(study: Study) -> Iterator[Finding]:
    """Find limits of bodies that no record can pass that leaves to be assumed what may be, such as the anatomy."""
    space = study.space
    left = " and ".join(words_of(study.policy, choice, {}) for choice in study.assumed)
    treatable = [space.all_of([literal, space.literal(("permissible", body))]) for body, literal in study.asked.items()]
    for id in study.body_limits:
        goal = [space.literal(("exceeds", id)), space.at_least(study.policy.tallies[id] + 1, treatable)]
        usual = [*goal, *study.assumed.values()]
        if study.possible(usual):
            continue
        proof = study.proofs(usual, f"more bodies permissible than {id} allows")[0]
        binds: list[tuple[str, Witness]] = []
        for question, option in proof.readings.items():
            for other in study.policy.questions[question].options:
                if other != option and study.possible(usual, {question: other}):
                    witness = study.witness(usual, {question: other})
                    assert witness is not None
                    binds.append((f"{question}={other}", witness))
        stated = study.witness(goal) if study.possible(goal) else None
        if stated is not None:
            binds.append((f"a record that states the {left}", stated))
        when = " or ".join(caption for caption, _ in binds)
        yield Finding(
            "never-binds", (id,),
            f"{study.name(id)} can never bind: no more bodies are ever permissible than it allows"
            + (f", of a record that does not state the {left}." if stated else ".")
            + (f" It can under {when}." if when else ""),
            (id, *proof.clauses), proof.readings, tuple(binds), (proof,),
        )  # fmt: skip


def _boundaries(study: Study) -> Iterator[Finding]:
    """Find clauses with one limit that treat a number at the limit differently."""
    space = study.space
    limited = [(c, q, limit) for (c, q), limit in study.policy.thresholds.items() if study.whole(c) in study.fails]
    for (one, quantity, limit), (other, other_quantity, other_limit) in combinations(limited, 2):
        if (quantity, limit) != (other_quantity, other_limit):
            continue
        for number in (number for number, named in study.search.quantities.items() if named == quantity):
            exact = _exactly(space, number, limit)
            if not _alike(study, one, other, [_exactly(space, number, limit + step) for step in (-1, 1)]):
                continue
            for failing, passing in ((one, other), (other, one)):
                goal = [exact, study.fails[failing], study.passes[passing]]
                witness = study.witness(goal) if study.possible(goal) else None
                if witness is not None:
                    yield Finding(
                        "boundary", (failing, passing),
                        f"Exactly at the limit that they share, {study.name(failing)} fails and "
                        f"{study.name(passing)} does not.",
                        (failing, passing), witnesses=((f"{quantity} exactly at the limit", witness),),
                    )  # fmt: skip


def _exactly(space: Space, number: Term, value: int) -> int:
    return space.all_of(space.literal((form, number, value)) for form in ("from", "to"))


def _alike(study: Study, one: str, other: str, near: list[int]) -> bool:
    """Tell whether two clauses fail together wherever one of `near` holds."""
    return not any(
        study.possible([value, study.fails[failing], study.passes[passing]])
        for value in near
        for failing, passing in ((one, other), (other, one))
    )


def _between(study: Study, quantity: str, one: str, other: str) -> tuple[tuple[str, Witness], ...]:
    """Return a record on which two clauses with different limits do not fail together, if there is one."""
    for failing, passing in ((one, other), (other, one)):
        goal = [study.fails[failing], study.passes[passing]]
        witness = study.witness(goal) if study.possible(goal) else None
        if witness is not None:
            return ((f"{failing} fails and {passing} does not", witness),)
    return ()
