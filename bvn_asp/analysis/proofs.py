"""Proofs that something cannot be: minimal sets of clauses, limits and readings that rule it out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bvn_asp.analysis import certificate
from bvn_asp.analysis.records import Premise
from bvn_asp.errors import SolveError
from bvn_asp.policy.terms import Term, to_text

if TYPE_CHECKING:
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.ground import Statement
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

Grounds = Mapping[Premise, tuple[int, ...]]
"""What a proof may rest on, with the assumptions that make it hold."""
MOST_CORES = 6
"""Most minimal sets of premises that are looked for."""


@dataclass(frozen=True)
class Proof:
    """That `goal`, in words, holds of no record with room `room`: `premises` alone rule it out, and none can be spared.

    A premise of the kind `reading` says that question `clause` is read as option `quantity`. `assumptions` over
    `statements` are the goal and the premises as literals. `engine` names the second engine that confirmed it, or is
    empty.
    """

    goal: str
    premises: tuple[Premise, ...]
    room: Shape
    statements: Sequence[Statement] = field(default=(), repr=False, compare=False)
    assumptions: tuple[int, ...] = field(default=(), repr=False, compare=False)
    atoms: Mapping[Term, int] = field(default_factory=dict, repr=False, compare=False)
    engine: str = ""

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses it rests on, limits included."""
        return tuple(dict.fromkeys(p.clause for p in self.premises if p.kind != "reading"))

    def confirmed(self) -> Proof:
        """Return this proof with the name of the second engine; raise SolveError if it finds otherwise.

        Raises ExtraError if the extra `proof` is not installed.
        """
        engine = certificate.engine()
        if certificate.refuted(self.statements, self.assumptions) is None:
            raise SolveError(f"the second engine does not confirm that no record fits: {self.goal}")
        return replace(self, engine=engine)

    def dimacs(self) -> str:
        """Return the proof as a question for any solver of propositional formulas: it must answer UNSATISFIABLE."""
        clauses = certificate.formula(self.statements, self.assumptions, whole=True)
        used = {abs(literal) for clause in clauses for literal in clause}
        names = sorted((atom, to_text(term)) for term, atom in self.atoms.items() if atom in used)
        remarks = [f"No record fits: {self.goal}. This formula is unsatisfiable.", "What the variables mean:"]
        return certificate.dimacs(clauses, [*remarks, *(f"{atom} {name}" for atom, name in names)])

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


def proof_of(
    space: Space, goal: str, assumptions: Iterable[int], premises: Iterable[Premise], grounds: Grounds, room: Shape
) -> Proof:
    """Return the proof that `premises`, some of `grounds`, exclude `assumptions`, which say `goal`."""
    core = tuple(premises)
    assumed = (*assumptions, *(literal for premise in core for literal in grounds[premise]))
    return Proof(goal, core, room, space.statements, assumed, space.atoms)


def minimal_core(space: Space, goal: Iterable[int], grounds: Grounds) -> tuple[Premise, ...] | None:
    """Return premises that together exclude `goal`, none of which can be spared; None if they allow it."""
    wanted = list(goal)
    kept, _ = _tried(space, wanted, grounds, grounds, ())
    if kept is None:
        return None
    # Of several minimal sets, the one is found that spares readings first, then limits, then clauses.
    needed, most = set[Premise](), len(kept)
    while kept != needed:
        spare = sorted(kept - needed, key=lambda premise: (_ORDER[premise.kind], premise))[:most]
        rest, broken = _tried(space, wanted, grounds, kept.difference(spare), spare)
        if rest is not None:
            kept, most = rest, max(1, len(rest - needed) // 2)
        elif len(broken) == 1:
            # What is set aside holds all the same, but for one.
            needed |= broken
        else:
            most = max(1, len(spare) // 2)
    return tuple(sorted(kept, key=lambda premise: (-_ORDER[premise.kind], premise)))


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


def _tried(
    space: Space, goal: list[int], grounds: Grounds, kept: Collection[Premise], aside: Collection[Premise]
) -> tuple[set[Premise] | None, set[Premise]]:
    """Return which of `kept` are enough to exclude `goal`; else None, and which of `aside` a world breaks that fits."""
    # In one order whatever the run, so that the same proof is found again.
    assumed = [*goal, *(literal for premise in grounds if premise in kept for literal in grounds[premise])]
    held, core = space.attempt(assumed, [literal for premise in aside for literal in grounds[premise]])
    if held is None:
        assert core is not None
        return {premise for premise in kept if core.intersection(grounds[premise])}, set()
    return None, {premise for premise in aside if not held.issuperset(grounds[premise])}
