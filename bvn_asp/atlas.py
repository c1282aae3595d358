"""The edges of a policy, each shown by a near miss: records that differ in one entry and are recommended differently."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bvn_asp.decide import SIDES
from bvn_asp.policy import Policy
from bvn_asp.proofs import Proof, grounds_of, minimal_core
from bvn_asp.search import Search
from bvn_asp.space import Space, World
from bvn_asp.terms import Term, name_of
from bvn_asp.twins import Pair, Twins

KINDS = ("clause", "limit", "fact", "choice", "missing", "reading")
_LEVEL = "level"


@dataclass(frozen=True)
class Edge:
    """What a near miss is to show: a clause, a limit in it, a fact, an option of a choice, or a reading."""

    kind: str
    clause: str
    about: Term
    words: str


@dataclass(frozen=True)
class Entry:
    """What was found for an edge: a near miss, or why there is none.

    `along` are the clauses that change with the clause of the edge. `proof` says why it never changes alone, or
    why nothing does at all.
    """

    edge: Edge
    pair: Pair | None
    along: tuple[str, ...] = ()
    proof: Proof | None = None


class Atlas:
    """The edges of `policy` and their near misses."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.search = Search(policy)
        self.twins = Twins(self.search)
        self.space = self.twins.space
        self._criteria = [c for c in policy.clauses.values() if c.kind in SIDES]
        self._covered: set[Term] = set()

    def entries(self, kinds: Iterable[str] = KINDS) -> Iterator[Entry]:
        """Yield what is found for every edge of `kinds`; what an earlier pair shows too is left out."""
        made = {
            "clause": self.clauses, "limit": self.limits, "fact": self.facts, "choice": self.choices,
            "missing": self.missing, "reading": self.readings,
        }  # fmt: skip
        for kind in kinds:
            yield from made[kind]()

    # Clauses

    def fails(self, id: str, side: int = 0) -> int:
        """Return the literal that a clause fails: is unmet or violated, or refuses a body that is requested."""
        space = self.space
        clause = self.policy.clauses[id]
        if clause.kind != _LEVEL:
            return space.literal(("unmet" if clause.kind == "indication" else "violated", id), side)
        return space.any_of(
            space.all_of([space.literal(("requested", term[2]), side), literal])
            for term, literal in space.terms("fails_at", side).items()
            if isinstance(term, tuple) and term[1] == id
        )

    def changes(self, id: str) -> int:
        """Return the literal that a clause fails on one of the two records only."""
        return -self.space.equal(self.fails(id), self.fails(id, 1))

    def clauses(self) -> Iterator[Entry]:
        """Yield for every clause two records on only one of which it fails; if possible, for that reason alone."""
        for clause in self.policy.clauses.values():
            if clause.kind in SIDES or clause.kind == _LEVEL:
                yield self._clause(Edge("clause", clause.id, clause.id, clause.label), clause.part_of or clause.id)

    def _clause(self, edge: Edge, whole: str) -> Entry:
        twins, change = self.twins, self.changes(edge.clause)
        others = {c.id: self.fails(c.id, 1) for c in self._criteria if c.part_of is None and c.id != whole}
        run = [*twins.run({}), twins.recommends("approve"), change]
        proof = None
        world = twins.world([*run, *(-literal for literal in others.values())])
        if world is None:
            words = f"{edge.clause} alone changes the recommendation"
            proof = self._alone(edge.clause, others) or self._why([*run[:-2], change], words)
            fewer = (self.space.at_least(most + 1, others.values()) for most in range(1, len(others)))
            world = next(filter(None, (twins.world([*run, -many]) for many in fewer)), None) if twins.world(run) else None
            world = world or twins.world([change])
        along = tuple(id for id, literal in others.items() if world is not None and self._fails(id, world))
        return self._entry(edge, world, along, proof)

    def _alone(self, id: str, others: Iterable[str]) -> Proof | None:
        """Return why a clause never fails alone, None if it can."""
        space = self.search.space
        def fails(id: str) -> int:
            return space.literal(("unmet" if self.policy.clauses[id].kind == "indication" else "violated", id))
        if self.policy.clauses[id].kind == _LEVEL:
            return None
        goal = [fails(id), *(-fails(other) for other in others)]
        return next(iter(self.search.proofs(goal, f"{id} is the only criterion that fails")), None)

    def _fails(self, id: str, world: World) -> bool:
        side = "unmet" if self.policy.clauses[id].kind == "indication" else "violated"
        return self.space.literal((side, id), 1) in world.true

    def _why(self, goal: Iterable[int], words: str, readings: Mapping[str, str] | None = None) -> Proof | None:
        grounds = grounds_of(self.space, self.policy, readings or {})
        core = minimal_core(self.space, [*self.twins.base, -self.space.literal("closed"), *goal], grounds)
        return None if core is None else Proof(words, core, self.search.room)

    def _entry(self, edge: Edge, world: World | None, along: tuple[str, ...] = (), proof: Proof | None = None, beside: tuple[frozenset[Term], ...] = (), near=()) -> Entry:
        if world is None:
            return Entry(edge, None, along, proof)
        self._covered |= self._keys(world)
        return Entry(edge, self.twins.pair(world, *beside, near=near), along, proof)

    # Limits

    def limits(self) -> Iterator[Entry]:
        """Yield for every number that a clause compares three records: at its limit, just below and just above."""
        space, twins = self.space, self.twins
        for (id, quantity), limit in self.policy.thresholds.items():
            done = set()
            for number, of in self.search.quantities.items():
                if of != quantity or ("at_least", number, id) not in self.search.ground.atoms:
                    continue
                if self._key(number) in done:
                    continue
                done.add(self._key(number))
                edge = Edge("limit", id, number, f"{number} {limit}")
                def has(value: int, side: int) -> int:
                    return space.literal(("value", number, value), side)
                steps = [space.all_of([has(limit, side), has(limit + step, 1 - side)]) for side in (0, 1) for step in (-1, 1)]
                goal = [self.changes(id), space.any_of(steps), *self._even(number)]
                world = twins.world(goal)
                proof = None
                if world is None:
                    proof = self._why(goal, "")
                    yield Entry(edge, None, (), proof)
                    continue
                values = {side: next(t[2] for t in world.inputs[side] if t[0] == "value" and t[1] == number) for side in (0, 1)}
                third = ({limit - 1, limit, limit + 1} - set(values.values())).pop()
                topic = self.search.about[number]
                base = next(i for side, i in enumerate(world.inputs) if values[side] == limit)
                numbers = [n for n in self.search.topics[topic]]
                beside = frozenset(t for t in base if not (t[0] == "value" and t[1] in numbers)) | {("value", n, third) for n in numbers}
                yield self._entry(edge, world, (), None, (beside,), numbers)

    def _even(self, number: Term) -> list[int]:
        """Return what keeps a time the same at both moments, or for a later moment that alone apart."""
        space, numbers = self.space, self.search.topics[self.search.about[number]]
        values = {(t[1], t[2], side): x for side in (0, 1) for t, x in space.terms("value", side).items()}
        others = [other for other in numbers if other != number]
        if number == numbers[0]:
            return [space.equal(x, values[o, v, side]) for (n, v, side), x in values.items() if n == number for o in others]
        return [space.equal(x, values[n, v, 1]) for (n, v, side), x in values.items() if n in others and not side]

    # Facts

    def _key(self, subject: Term) -> Term:
        """Return what subjects share that differ only in the body, the place or the number of an entry."""
        if not isinstance(subject, tuple):
            return subject
        parts = []
        for part in subject[1:]:
            if isinstance(part, tuple):
                parts.append(part[1] if part[0] == "finding" else part[0])
            elif str(part).upper() not in self.search.room.bodies:
                parts.append(part)
        if subject[0] == "at": parts = parts[:1]
        return (subject[0], *parts)

    def _keys(self, world: World) -> set[Term]:
        found = set()
        for side in (0, 1):
            for term in world.inputs[side] - world.inputs[1 - side]:
                if name_of(term) in ("yes", "no"):
                    found.add(("fact", self._key(term[1])))
                elif name_of(term) == "is":
                    found.add(("choice", self._key(term[1]), term[2]))
        return found

    @cached_property
    def _subjects(self) -> dict[Term, list[Term]]:
        found: dict[Term, list[Term]] = {}
        for subject in self.search.about:
            found.setdefault(self._key(subject), []).append(subject)
        return found

    def facts(self) -> Iterator[Entry]:
        """Yield for every fact two records on which it is so and is not so."""
        space = self.space
        for key, subjects in self._subjects.items():
            if ("fact", key) in self._covered: continue
            goal = [
                space.all_of([space.literal(("yes", s), side), space.literal(("no", s), 1 - side)])
                for s in subjects for side in (0, 1) if ("yes", s) in self.search.ground.atoms
            ]
            if goal:
                yield self._fact(Edge("fact", "", key, str(key)), [space.any_of(goal)])

    def _fact(self, edge, goal):
        world = self.twins.world(goal)
        proof = self._why(goal, "") if world is None else None
        return self._entry(edge, world, (), proof)

    def choices(self) -> Iterator[Entry]:
        space = self.space
        values: dict[Term, list[Term]] = {}
        for t in self.search.ground.atoms:
            if name_of(t) == "is": values.setdefault(t[1], []).append(t[2])
        for key, subjects in self._subjects.items():
            for value in values.get(subjects[0], ()):
                if ("choice", key, value) in self._covered: continue
                goal = []
                for s in subjects:
                    for side in (0, 1):
                        others = space.any_of([space.literal(("is", s, v), 1 - side) for v in values[s] if v != value])
                        goal.append(space.all_of([space.literal(("is", s, value), side), others]))
                yield self._fact(Edge("choice", "", (key, value), f"{key} {value}"), [space.any_of(goal)])

    def missing(self) -> Iterator[Entry]:
        space = self.space
        inputs: list[dict[Term, list[int]]] = [{}, {}]
        for side in (0, 1):
            for literal, term in space.inputs[side].items():
                if name_of(term) in ("yes", "no", "is", "value"):
                    inputs[side].setdefault(term[1], []).append(literal)
        for key, subjects in self._subjects.items():
            if name_of(key) == "requested": continue
            goal = []
            for s in subjects:
                for side in (0, 1):
                    goal.append(space.all_of([space.any_of(inputs[side][s]), -space.any_of(inputs[1 - side][s]), self.twins.entries[self.twins._entry(self.search.about[s])]]))
            yield self._fact(Edge("missing", "", key, f"{key} missing"), [space.any_of(goal), -space.literal("closed")])

    def readings(self) -> Iterator[Entry]:
        return iter(())
