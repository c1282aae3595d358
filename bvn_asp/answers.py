"""Answers to queries: edge cases that fit one, how many there are, or a proof that there is none; and assertions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from bvn_asp.case import Case
from bvn_asp.condition import (
    AtLeast,
    BodyStatus,
    Condition,
    Decided,
    Literals,
    Runs,
    failing,
    negation_pushed_in,
    profiles,
    runs_of,
    speaks_of_open,
    walk,
)
from bvn_asp.decide import SIDES
from bvn_asp.decision import Decision
from bvn_asp.errors import ReadingError, SolveError
from bvn_asp.facts import facts_for
from bvn_asp.policy import Policy, shipped_policy
from bvn_asp.proofs import Proof
from bvn_asp.query import Query, QueryError, read_query, vocabulary
from bvn_asp.search import Departure, Search
from bvn_asp.shape import Shape
from bvn_asp.space import SearchTimeoutError, World
from bvn_asp.terms import Term
from bvn_asp.witness import Record

LIMIT, COUNT_LIMIT, TIMEOUT = 3, 1_000, 60.0
"""Most answers shown, most patterns counted, and seconds that a search may last, unless asked for otherwise."""
MOST_RUNS = 4
"""Most runs that one query may be about."""
MOST_SEARCHES = 8
"""Most ground programs that are kept for later queries."""
MOST_MISSES = 12
"""Most records that are tried although their decision says more than the search, before a search gives them up."""


@dataclass(frozen=True)
class Answer:
    """One edge case: a record, what each run decides for it, and how it departs from the unremarkable patient."""

    record: Record
    case: Case
    runs: Runs
    decisions: tuple[Decision, ...]
    departures: tuple[Departure, ...]

    @property
    def decision(self) -> Decision:
        """The decision of the run that the query speaks of."""
        return self.decisions[0]


@dataclass
class Found:
    """What a query found: `answers`, or `proofs` that there are none.

    `complete` tells that nothing else fits, `stopped` why a search ended early: limit, timeout or interrupted.
    `documented` tells that only records were searched that leave nothing open; `settled` that a proof covers every
    record, and not only those whose statuses follow from the rules without looking at completions.
    """

    query: Query
    runs: Runs
    answers: list[Answer] = field(default_factory=list)
    count: int = 0
    complete: bool = False
    stopped: str = ""
    documented: bool = False
    proofs: list[Proof] = field(default_factory=list)
    settled: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether there is an answer; None if the search was stopped before it could tell."""
        return True if self.answers or self.count else False if self.complete and self.settled else None


@dataclass(frozen=True)
class Verdict:
    """On an assertion: what a search for a counterexample found."""

    found: Found

    @property
    def holds(self) -> bool | None:
        """Whether the assertion holds of every record; None if that is undecided."""
        return None if self.found.holds is None else not self.found.holds

    @property
    def counterexample(self) -> Answer | None:
        """A record that contradicts the assertion."""
        return self.found.answers[0] if self.found.answers else None

    @property
    def proof(self) -> Proof | None:
        """A minimal proof that nothing contradicts it."""
        return self.found.proofs[0] if self.found.proofs else None


class Finder:
    """Answers queries under one policy; keeps the ground programs of earlier ones."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or shipped_policy()
        self._searches: dict[tuple[Shape, tuple[tuple[str, int], ...], int], Search] = {}

    def read(self, text: str | Query, readings: Mapping[str, str] | None = None) -> tuple[Query, Runs]:
        """Return a query and its runs; raise QueryError, or ReadingError if `readings` do not fit it."""
        query = text if isinstance(text, Query) else read_query(text, self.policy)
        base = dict(readings or {})
        self.policy.readings(base)
        for question, option in query.readings:
            if base.setdefault(question, option) != option:
                raise ReadingError(f"the query reads {question} as {option}, the run as {base[question]}")
        runs = runs_of(query.condition, self.policy, base)
        if len(runs) > MOST_RUNS:
            raise QueryError(query.text, 1, f"too many readings to compare: at most {MOST_RUNS} in one query")
        return query, runs

    def find(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = LIMIT,
        timeout: float | None = TIMEOUT, open_records: bool = False, confirm: bool = False,
    ) -> Found:  # fmt: skip
        """Return up to `limit` edge cases, or why there are none; see `search`. Interrupted, it returns what it has."""
        search = self.search(text, readings=readings, limit=limit, timeout=timeout, open_records=open_records,
                             confirm=confirm)  # fmt: skip
        found = next(search)
        for found in search:  # noqa: B007
            pass
        return found

    def search(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = LIMIT,
        timeout: float | None = TIMEOUT, open_records: bool = False, confirm: bool = False,
    ) -> Iterator[Found]:  # fmt: skip
        """Yield what is found so far: at the start, after each answer, and at the end.

        Each answer departs least from the unremarkable patient among those whose criteria, and bodies where the query
        speaks of them, have a pattern of statuses that no answer before it has. Records that leave something open
        are answers only if the query speaks of that, nothing else fits, or `open_records` are asked for. With
        `confirm`, a second engine checks the proof. Raises QueryError, ReadingError, MissingEngineError.
        """
        query, runs = self.read(text, readings)
        question = _Question(self, query, runs, timeout)
        yield from question.guarded(question.find(limit, open_records=open_records, confirm=confirm))

    def count(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = COUNT_LIMIT,
        timeout: float | None = TIMEOUT, open_records: bool = False,
    ) -> Iterator[Found]:  # fmt: skip
        """Yield how many patterns of statuses fit, as they are found; arguments as of `search`."""
        query, runs = self.read(text, readings)
        question = _Question(self, query, runs, timeout)
        yield from question.guarded(question.count(limit, open_records=open_records))

    def prove(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, timeout: float | None = TIMEOUT,
        confirm: bool = False,
    ) -> Verdict:  # fmt: skip
        """Return whether an assertion holds of every record: a proof, or a counterexample; arguments as of `search`."""
        query, _ = self.read(text, readings)
        return Verdict(self.find(query.denial, readings=readings, limit=1, timeout=timeout, confirm=confirm))

    def search_for(self, query: Query, runs: int) -> Search:
        """Return the search in which `query` can be asked, grounding it at the first call."""
        key = query.room, query.limits(self.policy), runs
        if key not in self._searches:
            while len(self._searches) >= MOST_SEARCHES:
                self._searches.pop(next(iter(self._searches)))
            self._searches[key] = Search(self.policy, query.room, query.limits(self.policy), runs)
            _keep_to_what_records_hold(self._searches[key])
        return self._searches[key]


class _Question:
    """One query on its way to its answers."""

    def __init__(self, finder: Finder, query: Query, runs: Runs, timeout: float | None) -> None:
        self.policy, self.runs = finder.policy, runs
        self.search = finder.search_for(query, len(runs))
        self.space = self.search.space
        self.condition = negation_pushed_in(query.condition)
        self.literals = Literals(self.space, self.policy, runs)
        self.goal = self.literals.of(self.condition)
        self.found = Found(query, runs)
        self.run = [literal for side, run in enumerate(runs) for literal in self.space.run(run, side)]
        self.documented = self.space.literal("documented")
        self.timeout = timeout

    def guarded(self, steps: Iterator[None]) -> Iterator[Found]:
        """Yield the state after every step, and note why the steps ended."""
        found = self.found
        self.space.deadline = None if self.timeout is None else time.monotonic() + self.timeout
        try:
            yield found
            for _ in steps:
                yield found
        except SearchTimeoutError:
            found.stopped = "timeout"
        except KeyboardInterrupt:
            found.stopped = "interrupted"
        finally:
            self.space.deadline = None
        yield found

    def find(self, limit: int, *, open_records: bool, confirm: bool) -> Iterator[None]:
        """Add answers one by one, then a proof if there are none."""
        found, misses = self.found, 0
        switch = self.space.switch()
        scopes = [[self.documented], []]
        for place, scope in enumerate(scopes):
            found.documented = place == 0
            while len(found.answers) < limit:
                assumed = [*self.run, *self.space.usual(self.search.usual), self.goal, switch, *scope]
                world = self.space.find(assumed, fewest=True)
                if world is None:
                    break
                answer = self._answer(world)
                if answer is None and misses >= MOST_MISSES:
                    found.stopped = "limit"
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
        found.complete = not found.stopped
        if not found.answers:
            yield from self._prove(confirm=confirm)

    def count(self, limit: int, *, open_records: bool) -> Iterator[None]:
        """Count patterns one by one."""
        found = self.found
        speaks = open_records or speaks_of_open(self.condition)
        found.documented = not speaks
        assumed = [*self.run, self.goal, *([] if speaks else [self.documented])]
        for world in self.space.patterns(assumed, self._told):
            if speaks and self._answer(world) is None:
                # Another record of this pattern may do, which is not looked for.
                found.stopped = "limit"
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
        goals, found.settled = self._settled()
        words = f"no record fits: {found.query.text}"
        for scope in ([], [self.documented]):
            found.proofs = self.search.proofs(
                [*goals, *scope], words, self.runs[0], confirm=confirm, others=self.runs[1:]
            )
            if found.proofs:
                found.documented = bool(scope)
                break
        yield

    def _settled(self) -> tuple[list[int], bool]:
        """Return what to refute, and whether its refutation covers what completions settle beyond the rules.

        A decision has a status if all completions of its record have it. So what no complete record can be, no record
        can be, as long as at most one settled status is denied: a completion then denies it too.
        """
        condition, literals = self.condition, self.literals
        if _lifts(condition):
            return [self.goal], True
        parts = condition.parts if isinstance(condition, AtLeast) and condition.bound == len(condition.parts) else ()
        simple = [part for part in parts if all(not denied and not left for _, denied, left in profiles(part))]
        kept = [literals.of(part) for part in simple]
        # What the refutation of the whole draws on is tried first.
        meanings = {literals.of(part): part for part in parts if part not in simple and _lifts(part)}
        core = self.space.refutation([*self._held, *self.run, self.documented, *kept, *meanings]) or frozenset()
        for literal in sorted(meanings, key=lambda literal: literal not in core):
            goals = [*kept, literal]
            if self.space.refutation([*self._held, *self.run, self.documented, *goals]) is not None:
                return goals, True
        relaxed = Literals(self.space, self.policy, self.runs, relaxed=True).of(condition)
        return [self.goal], self.space.find([*self.run, relaxed]) is None

    @property
    def _held(self) -> list[int]:
        return [self.space.held(premise) for premise in self.space.premises]

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
        except SolveError:
            return None
        engine, case = self.search.engine, witness.case
        decisions = tuple(engine.decide(case, run) for run in self.runs)
        facts = facts_for(case, self.policy, self.runs[0], shape=self.search.room)
        if not Decided(facts, self.runs, decisions).fits(self.condition):
            return None
        return Answer(witness.record, case, self.runs, decisions, witness.departures)


def _lifts(condition: Condition) -> bool:
    """Tell whether what no complete record can be, by the rules alone, no record can be as it is decided."""
    return all(not settled or (denied < 2 and not left) for settled, denied, left in profiles(condition))


def _keep_to_what_records_hold(search: Search) -> None:
    """Exclude numbers beside further limits that no record can hold, or not at both moments of one record."""
    space, scale = search.space, search.policy.scale
    words = vocabulary(search.policy, search.room)
    further = {quantity for quantity, limits in search.limits.items() if len(limits) > len(_own(search.policy, quantity))}
    values: dict[Term, dict[int, int]] = {}
    for term, literal in space.terms("value").items():
        if isinstance(term, tuple) and isinstance(term[2], int) and search.quantities[term[1]] in further:
            values.setdefault(term[1], {})[term[2]] = literal
    for number, literals in values.items():
        for value, literal in literals.items():
            if not words.can_hold(number, Decimal(value) / scale):
                space.forbid([literal])
    for earlier, later in words.moments:
        limits = search.limits.get(search.quantities[earlier], [])
        for before, first in values.get(earlier, {}).items():
            for after, second in values.get(later, {}).items():
                passed = [limit for limit in limits if before <= limit <= after]
                if before != after and (len(passed) != 1 or passed[0] % scale):
                    space.forbid([first, second])


def _own(policy: Policy, quantity: str) -> set[int]:
    return {limit for (_, measured), limit in policy.thresholds.items() if measured == quantity}
