"""One query on its way through the space of all records to its answers, or to a proof that there are none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bvn_asp.analysis.query.completions import Reach
from bvn_asp.analysis.query.condition import (
    BodyStatus,
    Runs,
    failing,
    negation_pushed_in,
    speaks_of_open,
    walk,
)
from bvn_asp.analysis.query.decided import Decided
from bvn_asp.analysis.query.found import Answer, Found
from bvn_asp.analysis.query.literals import Literals
from bvn_asp.analysis.space import SearchLimitError, SearchTimeoutError, World
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import SolveError

if TYPE_CHECKING:
    from bvn_asp.analysis.query.text import Query
    from bvn_asp.analysis.search import Search

MOST_CONFLICTS = 1_000_000
"""Most conflicts of one search; the hardest of the queries that come with the package meets far fewer."""
MOST_MISSES = 12
"""Most records that are tried although their decision says more than the search, before a search gives them up."""


class Question:
    """One query on its way to its answers."""

    def __init__(self, search: Search, query: Query, runs: Runs, deadline: float | None) -> None:
        self.policy, self.search, self.runs = search.policy, search, runs
        self.space = self.search.space
        self.condition = negation_pushed_in(query.condition)
        self.literals = Literals(self.space, self.policy, runs)
        self.goal = self.literals.of(self.condition)
        self.found = Found(query, runs)
        self.run = [literal for side, run in enumerate(runs) for literal in self.space.run(run, side)]
        self.deadline = deadline

    def guarded(self, steps: Iterator[None]) -> Iterator[Found]:
        """Yield the state after every step, and note why the steps ended."""
        found = self.found
        # The clock is the user's; a search of its own accord ends after so many conflicts, whatever the machine.
        try:
            with self.space.bounded(self.deadline, MOST_CONFLICTS):
                yield found
                for _ in steps:
                    yield found
        except SearchTimeoutError:
            found.stopped = "timeout"
        except SearchLimitError:
            found.stopped = "conflicts"
        except KeyboardInterrupt:
            found.stopped = "interrupted"
        yield found

    def find(self, limit: int, *, open_records: bool, confirm: bool) -> Iterator[None]:
        """Add answers one by one, then a proof if there are none."""
        found, misses = self.found, 0
        switch = self.space.free()
        scopes = [self._nothing_open, []]
        for place, scope in enumerate(scopes):
            found.documented = place == 0
            while len(found.answers) < limit:
                assumed = [*self.run, *self.space.usual(self.search.usual), self.goal, switch, *scope]
                world = self.space.find(assumed, fewest=True)
                if world is None:
                    break
                answer = self._answer(world)
                if answer is None and misses >= MOST_MISSES:
                    found.stopped = "misses"
                    break
                misses += answer is None
                self.space.forbid([switch, *(self._pattern(world) if answer else self._record(world))])
                if answer is not None:
                    found.answers.append(answer)
                    yield
            if len(found.answers) >= limit:
                found.stopped = "limit"
                return
            if found.answers and not open_records:
                break
        if not found.answers and not found.stopped:
            yield from self._prove(confirm=confirm)
        found.complete = not found.stopped

    def count(self, limit: int, *, open_records: bool) -> Iterator[None]:
        """Count patterns one by one."""
        found = self.found
        speaks = open_records or speaks_of_open(self.condition)
        found.documented = not speaks
        assumed = [*self.run, self.goal, *([] if speaks else self._nothing_open)]
        for world in self.space.patterns(assumed, self._told):
            if speaks and self._answer(world) is None:
                # Another record of this pattern may do, which is not looked for.
                found.stopped = "misses"
                continue
            if found.count >= limit:
                found.stopped = "limit"
                return
            found.count += 1
            yield
        found.complete = found.settled = not found.stopped

    def _prove(self, *, confirm: bool) -> Iterator[None]:
        """Add a minimal proof of what has no answer, and find out which records it covers."""
        found = self.found
        reached = Reach(self.literals, self.run).of(self.condition)
        goals, found.settled = reached or [self.goal], reached is not None
        words = f"no record fits: {found.query.text}"
        for scope in ([], self._nothing_open):
            goal = [*goals, *scope]
            found.proofs = self.search.proofs(goal, words, self.runs[0], confirm=confirm, others=self.runs[1:])
            if found.proofs:
                found.documented = bool(scope)
                found.certify = found.proofs[0].dimacs
                break
        yield

    @cached_property
    def _nothing_open(self) -> list[int]:
        """The assumptions that a record leaves no fact open; of one run as complete, an indication may still be."""
        space, sides = self.space, range(len(self.runs))
        criteria = [clause.id for clause in self.policy.clauses.values() if clause.kind in SIDES]
        left = [-space.literal(("undetermined", id), side) for side in sides for id in criteria]
        return [space.literal("documented"), *left]

    @cached_property
    def _told(self) -> list[int]:
        """The literals that make the pattern of an answer."""
        told: list[int] = []
        bodies = any(isinstance(part, BodyStatus) for part in walk(self.condition))
        for side in range(len(self.runs)):
            for clause in self.policy.clauses.values():
                if clause.kind in SIDES and clause.part_of is None:
                    told.append(self.space.literal((failing(self.policy, clause.id), clause.id), side))
                    told.append(self.space.literal(("undetermined", clause.id), side))
            if bodies:
                told += [
                    self.space.literal((status, body.lower()), side)
                    for body in self.search.room.bodies
                    for status in ("permissible", "refused")
                ]
        return [literal for literal in dict.fromkeys(told) if abs(literal) != self.space.true]

    def _pattern(self, world: World) -> list[int]:
        return [literal if literal in world.true else -literal for literal in self._told]

    def _record(self, world: World) -> list[int]:
        """Return what makes the record of a world, numbers and readings of it included."""
        return [literal if term in world.inputs[0] else -literal for literal, term in self.space.inputs[0].items()]

    def _answer(self, world: World) -> Answer | None:
        """Return a world as an answer; None if the shipped path decides its record otherwise."""
        try:
            witness = self.search.replay(world)
        except (SolveError, ValidationError):
            return None
        engine, case = self.search.engine, witness.case
        decisions = tuple(engine.decide(case, run) for run in self.runs)
        facts = facts_for(case, self.policy, self.runs[0], shape=self.search.room)
        if not Decided(facts, self.runs, decisions).fits(self.condition):
            return None
        return Answer(witness.record, case, self.runs, decisions, witness.departures)
