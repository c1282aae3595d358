"""The edges of a policy, each shown by a near miss: records that differ in one entry and are decided differently."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from bvn_asp.conditions import Conditions
from bvn_asp.contrast import Contrast, Contrasts
from bvn_asp.decide import SIDES, Engine
from bvn_asp.errors import SolveError
from bvn_asp.mutants import Answer, Verdict, recommended
from bvn_asp.policy import Policy, policy_of
from bvn_asp.proofs import Proof
from bvn_asp.search import RECOMMENDATIONS, Search
from bvn_asp.space import SearchTimeoutError, Space, World
from bvn_asp.terms import FORMS, Term, name_of
from bvn_asp.twins import Pair, Twin, Twins
from bvn_asp.wording import words_of

KINDS = ("clause", "limit", "reading", "fact", "missing", "condition")
"""Kinds of edges: a clause; a limit of one; an option of a question; a fact or choice; a fact that is not stated; and
a rule or a condition of one, that the recommendation hangs on."""
MOST_SECONDS = 1.0
"""Where the search for the nearest pair of an edge gives up, and after as long again, the one for any pair."""


@dataclass(frozen=True)
class Edge:
    """What a near miss is to show: its kind, the clause or question if it is of one, and in words what it is about."""

    kind: str
    clause: str
    words: str


@dataclass(frozen=True)
class Entry:
    """What was found for an edge: a near miss, or a `remark` why there is none.

    `along` are further criteria that fail on the worse record. `proof` says why the clause never fails alone.
    """

    edge: Edge
    pair: Pair | None
    along: tuple[str, ...] = ()
    proof: Proof | None = None
    remark: str = ""


class Atlas:
    """The edges of `policy` and their near misses; `deadline` is a moment of `time.monotonic`, or None."""

    def __init__(self, policy: Policy, deadline: float | None = None) -> None:
        self.policy, self.deadline = policy, deadline
        self.search = Search(policy)
        self.twins = Twins(self.search)
        self.space = self.twins.space
        self._contrasts = Contrasts(self.search)
        self._shown: set[Term] = set()

    def entries(self, kinds: Collection[str] = KINDS) -> Iterator[Entry]:
        """Yield what is found for every edge of `kinds`, but for facts that an earlier pair shows already.

        Raises SearchTimeoutError when the deadline passes; what was found until then stands.
        """
        edges = {
            "clause": self.clauses, "limit": self.limits, "fact": self.facts, "missing": self.missing,
            "reading": self.readings, "condition": self.conditions,
        }  # fmt: skip
        for kind in KINDS:
            if kind in kinds:
                yield from edges[kind]()

    def _bounded(self, space: Space, edge: Edge, find: Callable[[], Entry]) -> Entry:
        """Return what is found within the time for one edge."""
        now = time.monotonic()
        if self.deadline is not None and now > self.deadline:
            raise SearchTimeoutError("the time for the atlas is up")
        space.deadline = min(now + MOST_SECONDS, self.deadline or now + MOST_SECONDS)
        try:
            return find()
        except SearchTimeoutError:
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise
            return Entry(edge, None, remark="not settled in the time for one edge")
        finally:
            space.deadline = None

    def _entry(
        self, edge: Edge, world: World | None, remark: str, beside: Iterable[frozenset[Term]] = (),
        near: Collection[Term] = (), along: tuple[str, ...] = (), proof: Proof | None = None,
    ) -> Entry:  # fmt: skip
        if world is None:
            return Entry(edge, None, along, proof, remark)
        pair = self.twins.pair(world, *beside, near=near)
        if pair is None:
            return Entry(edge, None, along, proof, "what is left open settles both records alike")
        for side in (0, 1):
            self._shown |= {self._key(term) for term in world.inputs[side] - world.inputs[1 - side]}
        return Entry(edge, pair, along, proof)

    # Clauses

    def fails(self, id: str, side: int = 0, space: Space | None = None) -> int:
        """Return the literal that a clause fails: is unmet or violated, or refuses a body that is requested."""
        space, clause = space or self.space, self.policy.clauses[id]
        if clause.kind in SIDES:
            return space.literal(("unmet" if clause.kind == "indication" else "violated", id), side)
        return space.any_of(
            space.all_of(
                [space.literal(("yes", ("requested", body)), side), space.literal(("fails_at", id, body), side)]
            )
            for body in map(str.lower, self.search.room.bodies)
        )

    def changes(self, id: str) -> int:
        """Return the literal that a clause fails on one of the two records only."""
        return -self.space.equal(self.fails(id), self.fails(id, 1))

    def clauses(self) -> Iterator[Entry]:
        """Yield for every clause two records on only one of which it fails: for that reason alone, if possible."""
        for clause in self.policy.clauses.values():
            if clause.kind in SIDES or clause.kind == "level":
                edge = Edge("clause", clause.id, clause.label)
                yield self._bounded(self.space, edge, lambda edge=edge: self._clause(edge))  # type: ignore[misc]

    def _clause(self, edge: Edge) -> Entry:
        twins, space, id = self.twins, self.space, edge.clause
        whole = self.policy.clauses[id].part_of or id
        criteria = [c.id for c in self.policy.clauses.values() if c.kind in SIDES and c.part_of is None]
        others = {other: self.fails(other, 1) for other in criteria if other != whole}
        run = [*space.run(), *twins.documented, twins.recommends("approve"), self.changes(id)]
        proof, world = None, twins.world([*run, *(-literal for literal in others.values())])
        if world is None:
            alone = [
                self.fails(id, space=self.search.space), *(-self.fails(o, space=self.search.space) for o in others)
            ]  # fmt: skip
            proof = next(iter(self.search.proofs(alone, f"{id} is the only criterion that fails")), None)
            if twins.world(run) is not None:
                some = others.values()
                fewest = (twins.world([*run, -space.at_least(most + 1, some)]) for most in range(1, len(others) + 1))
                world = next(filter(None, fewest))
            else:
                world = twins.world([*twins.documented, self.changes(id)])
        along = tuple(o for o in others if world is not None and self._failed(o, world))
        return self._entry(edge, world, "it never fails on one of two such records only", along=along, proof=proof)

    def _failed(self, id: str, world: World) -> bool:
        return any(self.space.literal((name, id), 1) in world.true for name in ("unmet", "violated"))

    # Limits

    def limits(self) -> Iterator[Entry]:
        """Yield for every number that a clause compares three records: at its limit, just below and just above."""
        for (id, quantity), limit in self.policy.thresholds.items():
            done: set[Term] = set()
            for number, of in self.search.quantities.items():
                key = self._subject(number)
                if of == quantity and key not in done and ("at_least", number, id) in self.search.ground.atoms:
                    done.add(key)
                    edge = Edge("limit", id, words_of(self.policy, number, {}))
                    yield self._bounded(
                        self.space, edge,
                        lambda edge=edge, number=number, limit=limit: self._limit(edge, number, limit),  # type: ignore[misc]
                    )  # fmt: skip

    def _limit(self, edge: Edge, number: Term, limit: int) -> Entry:
        space = self.space
        steps = [
            space.all_of([
                space.literal(("value", number, limit), side), space.literal(("value", number, limit + step), 1 - side),
            ])
            for side in (0, 1) for step in (-1, 1)
        ]  # fmt: skip
        goal = [*self.twins.documented, self.changes(edge.clause), space.any_of(steps), *self._moments(number, limit)]
        world = self.twins.world(goal)
        if world is None:
            return Entry(edge, None, remark="no two records on the sides of the limit differ in the clause")
        values = [
            next(t for t in inputs if isinstance(t, tuple) and t[:2] == ("value", number)) for inputs in world.inputs
        ]
        third = ({limit - 1, limit, limit + 1} - {value[2] for value in values}).pop()
        numbers = self.search.topics[self.search.about[number]]
        # Where a time is the same at both moments, it moves at both.
        moved = {t for t in world.inputs[0] if isinstance(t, tuple) and t[0] == "value" and t[1] in numbers}
        if number != numbers[0]:
            moved = {values[0]}
        beside = (world.inputs[0] - moved) | {("value", term[1], third) for term in moved if isinstance(term, tuple)}
        return self._entry(edge, world, "", [beside], numbers)

    def _moments(self, number: Term, limit: int) -> list[int]:
        """Return what keeps a time the same at both moments, or past `limit` at the later if the earlier counts."""
        space, (later, *earlier) = self.space, self.search.topics[self.search.about[number]]
        if number != later:
            return [space.literal(("value", later, limit + 1), side) for side in (0, 1)]
        return [
            space.equal(x, space.literal(("value", other, term[2]), side))
            for side in (0, 1)
            for term, x in space.terms("value", side).items()
            if isinstance(term, tuple) and term[1] == later
            for other in earlier
        ]

    # Facts

    def _subject(self, subject: Term) -> Term:
        """Return what subjects share that differ only in a body, a place, or the number of an entry."""
        if not isinstance(subject, tuple):
            return subject
        parts: list[Term] = []
        for part in subject[1:]:
            if isinstance(part, tuple):
                parts.append(part[1] if part[0] == "finding" else str(part[0]))
            elif str(part).upper() not in self.search.room.bodies:
                parts.append(part)
        return (subject[0], *(parts[:1] if subject[0] == "at" else parts))

    def _key(self, term: Term) -> Term:
        """Return what a pair shows by an input: a fact, whichever way it is, or an option of a choice."""
        if not isinstance(term, tuple) or term[0] not in ("yes", "no", "is"):
            return term
        return (self._subject(term[1]), term[2]) if term[0] == "is" else self._subject(term[1])

    def facts(self) -> Iterator[Entry]:
        """Yield for every fact, and option of a choice, two records of which one states it and one something else."""
        groups: dict[Term, list[Term]] = {}
        for term in self.search.space.inputs[0].values():
            if name_of(term) in FORMS and name_of(term) != "value":
                groups.setdefault(self._key(term), []).append(term)
        for key, terms in groups.items():
            if key not in self._shown:
                yield self._contrast("fact", terms)

    def missing(self) -> Iterator[Entry]:
        """Yield for everything that a record can state two records of which one leaves it open, and else nothing."""
        groups: dict[Term, list[Term]] = {}
        for term in self.search.space.inputs[0].values():
            if isinstance(term, tuple) and term[0] in FORMS and name_of(term[1]) != "requested":
                groups.setdefault(self._subject(term[1]), []).append(term)
        for terms in groups.values():
            yield self._contrast("missing", terms)

    def _contrast(self, kind: str, terms: list[Term]) -> Entry:
        """Return the nearest two records that differ in the entry of `terms` alone."""
        subject = terms[0][1] if isinstance(terms[0], tuple) else terms[0]
        choice = terms[0][2] if isinstance(terms[0], tuple) and terms[0][0] == "is" and kind == "fact" else ""
        if isinstance(subject, tuple) and subject[0] in ("drug_class", "endplate", "feature"):
            choice = subject[-1]
        words = words_of(self.policy, subject, {}) + (f": {words_of(self.policy, choice, {})}" if choice else "")
        edge = Edge(kind, "", words)
        found = Entry(edge, None, remark="no recommendation draws on it")
        by_topic: dict[Term, list[Term]] = {}
        for term in terms:
            assert isinstance(term, tuple)
            by_topic.setdefault(self.search.about[term[1]], []).append(term)
        for topic, some in by_topic.items():
            if found.pair is None and self._contrasts.uses(some):
                contrast = self._contrasts.of(self.twins.together(topic), open_records=kind == "missing")
                goal = contrast.opposed(some) if kind == "fact" else contrast.forgotten(some)
                found = self._bounded(contrast.space, edge, partial(self._apart, edge, contrast, goal))
        return found

    def _apart(self, edge: Edge, contrast: Contrast, goal: list[int]) -> Entry:
        """Return the nearest pair, or any if the nearest takes too long."""
        try:
            world = contrast.world(goal)
        except SearchTimeoutError:
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise
            contrast.space.deadline = time.monotonic() + MOST_SECONDS
            world = contrast.world(goal, fewest=False)
        return self._entry(edge, world, "it changes nothing")

    # Conditions

    def conditions(self) -> Iterator[Entry]:
        """Yield for every small edit of a rule a record that it changes the recommendation of, and one beside that.

        A record that shows several edits is there once.
        """
        made = Conditions(self.search)
        shown: set[frozenset[Term]] = set()
        for number, edit in enumerate(made.edits):
            edge = Edge("condition", "", f"rule in line {edit.line}: {edit.words}")
            entry = self._bounded(self.space, edge, partial(self._condition, edge, made, number, shown))
            if entry.pair is not None or entry.remark:
                yield entry

    def _condition(self, edge: Edge, made: Conditions, number: int, shown: set[frozenset[Term]]) -> Entry:
        world = made.find(number, self.space.deadline)
        if world is None or world.inputs[0] in shown:
            return Entry(edge, None)
        shown.add(world.inputs[0])
        return self._entry(edge, self.twins.beside(world.inputs[0]), "no change of one entry moves its record")

    def edited(self, verdict: Verdict) -> Entry:
        """Return a pair for an edit of the policy that no other pair notices, if one of its records does."""
        edge = Edge("edit", "", verdict.mutant.name)
        self.deadline = None
        entry = self._bounded(self.space, edge, lambda: self._entry(edge, self.twins.beside(verdict.inputs), "no pair"))
        if entry.pair is not None:
            changed = Engine(policy_of(verdict.mutant.text, verdict.mutant.name))
            answers = [Answer(t.witness.case, t.witness.readings, t.recommendation) for t in entry.pair.twins]
            if all(recommended(changed, answer) for answer in answers):
                return Entry(edge, None, remark="its record is decided alike")
        return entry

    # Readings

    def readings(self) -> Iterator[Entry]:
        """Yield for every option of every question a record that is recommended otherwise than by default."""
        ground = self.search.ground
        space = Space(ground, ground, shared=lambda term: name_of(term) not in ("selected", "reread"))
        recommend = space.terms("recommend")
        apart = space.any_of(-space.equal(x, space.literal(t, 1)) for t, x in recommend.items())
        for question in self.policy.questions.values():
            for option in question.options:
                if option != question.default:
                    edge = Edge("reading", question.id, f"{question.text} {question.options[option]}")
                    goal = [*space.run(), *space.run({question.id: option}, 1), *space.usual(self.search.usual), apart,
                            space.literal("documented")]  # fmt: skip
                    yield self._bounded(
                        space,
                        edge,
                        lambda edge=edge, goal=goal, o=option: self._reading(space, edge, goal, o),  # type: ignore[misc]
                    )

    def _reading(self, space: Space, edge: Edge, goal: list[int], option: str) -> Entry:
        world = space.find(goal, fewest=True)
        if world is None:
            return Entry(edge, None, remark="it never changes the recommendation")
        question = self.policy.questions[edge.clause]
        decided = [
            Twin(question.options[read], self.search.decided(inputs))
            for read, inputs in zip((question.default, option), world.inputs, strict=True)
        ]
        if decided[0].recommendation == decided[1].recommendation:
            raise SolveError(f"{edge.clause}={option}: a search found a difference that the decision does not show")
        decided.sort(key=lambda twin: RECOMMENDATIONS.index(twin.recommendation))
        return Entry(edge, Pair(edge.clause, "", question.text, tuple(decided), {edge.clause: option}))
