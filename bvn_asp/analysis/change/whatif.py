"""What would change a decision: the smallest sets of changes to a record that reach a wanted outcome, or why none does.

A search over the ground rules finds the sets, cheapest first; each is written into the case and decided again before
it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, islice
from typing import TYPE_CHECKING

from bvn_asp.analysis.change.alternatives import alternatives
from bvn_asp.analysis.change.amendment import amended
from bvn_asp.analysis.change.changes import Answer, ChangeSet, changes_of, item_of
from bvn_asp.analysis.change.leeway import Leeway
from bvn_asp.analysis.change.obstacles import obstacles_of
from bvn_asp.analysis.change.room import MOST_USES, Rooms
from bvn_asp.analysis.records import STATED
from bvn_asp.analysis.space import SearchLimitError, SearchTimeoutError
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.errors import BvnError, GroundingTimeError
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.terms import Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case

MOST_SETS = 20
"""Most sets of changes that are looked for, unless asked otherwise."""
MOST_OPEN = 50
"""Most sets that completions decide otherwise than the rules do, before a search gives up."""
MOST_REQUESTS = 100
"""Most largest requests that are listed."""
_FEW, _SEVERAL = 3, 10
"""Of a few changes, every part is decided by itself; of several, what is left without one; of more, only the whole."""


class GoalError(BvnError):
    """An outcome was asked for that the case cannot have; the message lists those that it can."""


class WhatIf:
    """Answers what would change the decisions of one policy; keeps what it has ground for the next case."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.engine = policy, Engine(policy)
        self.rooms = Rooms(policy)

    def answer(
        self, case: Case, wanted: str = "approve", readings: Mapping[str, str] | None = None, *,
        assume_absent: bool | None = None, everything: bool = False, limit: int = MOST_SETS,
        timeout: float | None = None, conflicts: int | None = None,
    ) -> Answer:  # fmt: skip
        """Return what would make the decision on `case` the `wanted` one: a recommendation, or a body permissible.

        Only facts that can still be changed or documented, and unknown ones, may change, unless `everything` may.
        `limit` bounds the number of sets, `timeout` the seconds, grounding included, and `conflicts` what one search
        may meet of them, which is the same on every machine; an interrupt ends the search. In each case the answer says
        that it is not complete. Raises ReadingError and GoalError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        chosen = self.policy.readings(readings or {})
        now = self.engine.decide(case, chosen, assume_absent=assume_absent)
        facts = facts_for(case, self.policy, chosen, assume_absent=assume_absent)
        goal = _goal(wanted, now)
        reached = _reaches(now, goal)
        answer = Answer(now, wanted, reached, complete=reached)
        try:
            room = self.rooms.room(facts.shape, deadline)
        except GroundingTimeError:
            return replace(answer, complete=False, stopped="timeout")
        room.search.space.deadline, room.search.space.conflicts = deadline, conflicts
        question = _Question(self.engine, Leeway(room, case, facts), answer, assume_absent)
        try:
            if not reached:
                question.reach(goal, everything, limit)
            if now.recommendation in ("partial", "deny"):
                question.requests()
            if now.recommendation == "pend":
                question.settle(limit)
        except SearchTimeoutError:
            return replace(question.latest, stopped="timeout")
        except SearchLimitError:
            return replace(question.latest, stopped="conflicts")
        except KeyboardInterrupt:
            return replace(question.latest, stopped="interrupted")
        return question.latest


class _Question:
    """One case, and the search for what would change its decision; `latest` is the answer as far as it has come."""

    def __init__(self, engine: Engine, leeway: Leeway, answer: Answer, assume_absent: bool | None) -> None:
        self.engine, self.leeway, self.room, self.latest = engine, leeway, leeway.room, answer
        self.search, self.space, self.assume_absent = leeway.search, leeway.space, assume_absent

    def reach(self, goal: Term, everything: bool, limit: int) -> None:
        """Find the sets that reach `goal`, or why none does."""
        held = self.leeway.allowed(withdraw=goal == ("recommend", "pend"), everything=everything)
        for change_set in self.sets(held, goal):
            if change_set is None:
                self.latest = replace(self.latest, stopped="open")
                continue
            self.latest = replace(self.latest, sets=(*self.latest.sets, change_set))
            if len(self.latest.sets) >= limit:
                self.latest = replace(self.latest, stopped="limit")
                return
        self.latest = replace(self.latest, complete=not self.latest.stopped)
        if self.latest.unreachable:
            self.latest = replace(self.latest, obstacles=obstacles_of(self.leeway, held, goal))

    def requests(self) -> None:
        """Find the largest parts of the request that would be approved, everything else as it is."""
        held = self.leeway.allowed(only="requested")
        for change_set in islice(self.sets(held, ("recommend", "approve"), cheapest=True), MOST_REQUESTS):
            if change_set is not None:
                bodies = change_set.case.bodies
                self.latest = replace(self.latest, requests=(*self.latest.requests, bodies))

    def settle(self, limit: int) -> None:
        """Find the smallest sets of unknown facts that settle the recommendation, for each that is possible."""
        held = self.leeway.allowed(only="unknown")
        for outcome in self.latest.now.possible:
            found: tuple[ChangeSet, ...] = ()
            for change_set in islice(self.sets(held, ("recommend", outcome), cheapest=True), limit):
                found = (*found, change_set) if change_set is not None else found
                self.latest = replace(self.latest, settlements={**self.latest.settlements, outcome: found})

    def sets(
        self, held: Mapping[Term, tuple[int, ...]], goal: Term, *, cheapest: bool = False
    ) -> Iterator[ChangeSet | None]:
        """Yield every minimal set of changes, cheapest first, or only those of the least size.

        What the rules leave open, completions can settle: None stands for a set that is decided otherwise than found.
        """
        space, items = self.space, self.room.items
        literals = {literal: item for item, literal in items.items()}
        watched = [*literals, *self.room.inputs]
        reached = [*self.leeway.run, *(x for some in held.values() for x in some), space.literal(goal)]
        act = space.free()
        least, open_sets = 0, 0
        try:
            while open_sets <= MOST_OPEN:
                space.check_time()
                world = space.least([*reached, act], watched)
                if world is None:
                    return
                size = len(world.intersection(literals))
                least = least or size
                if cheapest and size > least:
                    return
                changed = frozenset(literals[x] for x in world if x in literals)
                after = frozenset(self.room.inputs[x] for x in world if x in self.room.inputs)
                decided, changed = self._smallest(after, changed, goal)
                chosen = [items[item] for item in changed]
                space.forbid([act, *chosen, *([] if decided else [-x for x in literals if x not in chosen])])
                open_sets += decided is None
                yield None if decided is None else self._worded(*decided, after, changed, reached)
        except KeyboardInterrupt:
            # It can strike inside the solver, which then takes no more rules: the room is not used again.
            self.room.uses = MOST_USES
            raise
        finally:
            if self.room.uses < MOST_USES:
                space.forbid([act])

    def _smallest(
        self, after: frozenset[Term], items: frozenset[Term], goal: Term
    ) -> tuple[tuple[Case, Decision] | None, frozenset[Term]]:
        """Decide the changed case again; where a part of the changes suffices, since completions agree, take that."""
        whole = len(items)
        first = 1 if whole <= _FEW else whole - 1 if whole <= _SEVERAL else whole
        for size in range(first, whole + 1):
            for part in combinations(sorted(items, key=str), size):
                inputs = self._part(after, frozenset(part))
                try:
                    case = amended(self.leeway.case, self.leeway.base, inputs, self.search, self.leeway.facts)
                except ValueError:
                    continue
                decision = self.engine.decide(
                    case, self.leeway.facts.readings, assume_absent=self.assume_absent, settlements=False
                )  # fmt: skip
                if _reaches(decision, goal):
                    return (case, decision), frozenset(part)
        return None, items

    def _part(self, after: frozenset[Term], items: frozenset[Term]) -> frozenset[Term]:
        """Return the inputs of the case, with what belongs to `items` as it is in `after`."""
        about = self.search.about

        def mine(term: Term) -> bool:
            subject = subject_of(term)
            if subject == "request_made":
                return any(name_of(item) == "requested" for item in items)
            entity = self.room.entities.get(subject)
            return item_of(subject, about[subject]) in items or (entity is not None and _presence(entity) in items)

        changed = {term for term in after if name_of(term) in STATED and mine(term)}
        return frozenset({t for t in self.leeway.base if name_of(t) in STATED and not mine(t)} | changed)

    def _worded(
        self, case: Case, decision: Decision, after: frozenset[Term], items: frozenset[Term], reached: list[int]
    ) -> ChangeSet:
        """Word the changes, with all choices and numbers that would do as well."""
        part = self._part(after, items)
        facts = facts_for(
            case, self.search.policy, self.leeway.facts.readings, assume_absent=self.assume_absent,
            shape=self.search.room,
        )  # fmt: skip
        self.space.check_time()
        altered: list[Term] = []
        for subject, values in self.room.options.items():
            new = {term for term in values if term in part}
            is_answer = any(name_of(term) in ("yes", "no") for term in new)
            if new and not is_answer and new != self.leeway.stated.get(subject):
                altered.append(subject)
        options = alternatives(self.leeway, altered, after, reached) if altered else {}
        changes = changes_of(self.search, self.leeway.base, part, self.leeway.facts, facts, options)
        return ChangeSet(tuple(changes), case, decision)


def _presence(entity: Term) -> Term:
    return ("modic_present" if name_of(entity) == "modic" else "present", entity)


def _goal(wanted: str, now: Decision) -> Term:
    """Return the conclusion that is wanted; raise GoalError if there is no such."""
    if wanted in (*OUTCOMES, "pend"):
        return ("recommend", wanted)
    names = [body.name for body in now.bodies]
    if wanted.upper() in names:
        return ("permissible", wanted.lower())
    raise GoalError(f"no outcome {wanted!r}; outcomes: {', '.join((*OUTCOMES, 'pend'))}, or a body: {', '.join(names)}")


def _reaches(decision: Decision, goal: Term) -> bool:
    assert isinstance(goal, tuple)
    if goal[0] == "recommend":
        return decision.recommendation == goal[1]
    return any(body.name.lower() == goal[1] and body.status == "permissible" for body in decision.bodies)
