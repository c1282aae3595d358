"""Proofs that something cannot be: minimal sets of clauses, limits and readings that rule it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bvn_asp.policy import Policy
from bvn_asp.shape import Shape
from bvn_asp.space import Premise, Space

Grounds = Mapping[Premise, tuple[int, ...]]
"""What a proof may rest on, with the assumptions that make it hold."""
MOST_CORES = 6
"""Most minimal sets of premises that are looked for."""


@dataclass(frozen=True)
class Proof:
    """That `goal`, in words, holds of no record with room `room`: `premises` alone rule it out, and none can be spared.

    A premise of the kind `reading` says that question `clause` is read as option `quantity`. `engine` names the
    second engine that confirmed it, or is empty.
    """

    goal: str
    premises: tuple[Premise, ...]
    room: Shape
    engine: str = ""

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses it rests on, limits included."""
        return tuple(dict.fromkeys(p.clause for p in self.premises if p.kind != "reading"))

    @property
    def readings(self) -> dict[str, str]:
        """The readings it rests on."""
        return {p.clause: p.quantity for p in self.premises if p.kind == "reading"}


def grounds_of(
    space: Space, policy: Policy, readings: Mapping[str, str], side: int = 0
) -> dict[Premise, tuple[int, ...]]:
    """Return every premise of a run of `policy` under `readings`, those that only restrict a reading last."""
    grounds: dict[Premise, tuple[int, ...]] = {premise: (space.held(premise),) for premise in space.premises}
    options: dict[str, list[int]] = {}
    for term, literal in space.terms("selected", side).items():
        assert isinstance(term, tuple)
        question = str(term[1])
        options.setdefault(question, []).append(literal if readings.get(question) == term[2] else -literal)
    for question, literals in options.items():
        option = readings.get(question, policy.questions[question].default)
        grounds[Premise("reading", question, option)] = tuple(literals)
    return grounds


def minimal_core(space: Space, goal: Iterable[int], grounds: Grounds) -> tuple[Premise, ...] | None:
    """Return premises that together exclude `goal`, none of which can be spared; None if they allow it."""
    wanted = list(goal)
    kept = _needed(space, wanted, grounds)
    if kept is None:
        return None
    # What a reader would rather not see is tried first: readings, then limits, then clauses.
    for premise in sorted(kept, key=lambda p: (_ORDER[p.kind], p)):
        if premise in kept:
            fewer = _needed(space, wanted, {p: grounds[p] for p in kept if p != premise})
            kept = kept if fewer is None else fewer
    return tuple(sorted(kept, key=lambda p: (-_ORDER[p.kind], p)))


def minimal_cores(
    space: Space, goal: Iterable[int], grounds: Grounds, most: int = MOST_CORES
) -> list[tuple[Premise, ...]]:
    """Return up to `most` different minimal sets of premises that exclude `goal`; none if the premises allow it."""
    found: list[tuple[Premise, ...]] = []
    wanted = list(goal)
    waiting: list[frozenset[Premise]] = [frozenset()]
    seen = set(waiting)
    while waiting and len(found) < most:
        aside = waiting.pop(0)
        core = next((c for c in found if not aside & set(c)), None)
        if core is None:
            core = minimal_core(space, wanted, {p: g for p, g in grounds.items() if p not in aside})
            if core is None:
                continue
            found.append(core)
        for more in _branches(aside, core):
            if more not in seen and len(seen) < 20 * most:
                seen.add(more)
                waiting.append(more)
    return found


def _branches(aside: frozenset[Premise], core: Iterable[Premise]) -> Iterator[frozenset[Premise]]:
    for premise in core:
        yield aside | {premise}


_ORDER = {"reading": 0, "limit": 1, "clause": 2, "fact": 3}


def _needed(space: Space, goal: list[int], grounds: Grounds) -> set[Premise] | None:
    core = space.refutation([*goal, *(literal for literals in grounds.values() for literal in literals)])
    return None if core is None else {p for p, literals in grounds.items() if core.intersection(literals)}
