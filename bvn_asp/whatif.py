"""What would change a decision: the smallest sets of changes to a record that reach a wanted outcome, or why none does.

A search over the ground rules finds the sets, cheapest first; each is written into the case and decided again before
it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from bvn_asp.amendment import amended
from bvn_asp.bands import representative
from bvn_asp.case import Case
from bvn_asp.changes import CHANGEABLE, UNKNOWN, Change, ahead, changes_of, item_of, kind_of
from bvn_asp.decide import OUTCOMES, Engine
from bvn_asp.decision import Decision
from bvn_asp.errors import BvnError
from bvn_asp.facts import Facts, facts_for
from bvn_asp.policy import Policy
from bvn_asp.proofs import MOST_CORES, grounds_of, minimal_core, minimal_cores
from bvn_asp.search import Search
from bvn_asp.shape import Shape
from bvn_asp.space import SETTINGS, Premise, SearchTimeoutError
from bvn_asp.terms import Term, name_of, subject_of
from bvn_asp.witness import inputs_of
from bvn_asp.wording import words_of

MOST_SETS = 20
"""Most sets of changes that are looked for, unless asked otherwise."""
MOST_SEARCHES = 4
"""Most shapes of case whose search is kept ready."""
MOST_USES = 200
"""Most answers of one search before it is built anew, which bounds what it has learnt by heart."""
MOST_OPEN = 50
"""Most sets that completions decide otherwise than the rules do, before a search gives up."""
_FORMS = ("yes", "no", "value", "is")


class GoalError(BvnError):
    """An outcome was asked for that the case cannot have; the message lists those that it can."""


@dataclass(frozen=True)
class ChangeSet:
    """Changes that reach the outcome together and not without any of them, the changed case, and its decision."""

    changes: tuple[Change, ...]
    case: Case
    decision: Decision

    @property
    def cost(self) -> int:
        """How many fields of the record change."""
        return len({change.item for change in self.changes})


@dataclass(frozen=True)
class Obstacle:
    """A minimal reason why nothing reaches the outcome: facts that cannot change, and the clauses that need others."""

    facts: tuple[str, ...]
    premises: tuple[Premise, ...]


@dataclass(frozen=True)
class Answer:
    """What would change one decision.

    `wanted` is a recommendation or a body to be permissible; `reached` tells that it is so already. `complete` tells
    that `sets` are all there are; otherwise `stopped` is limit, timeout, interrupted, or open (what the rules leave
    open was settled otherwise by completions). `obstacles` are given when nothing reaches it. `settlements` are, for
    a pend, the smallest sets of unknown facts that settle it, by outcome. `requests` are the largest requests that
    would be approved as the record is, for a request that is not.
    """

    now: Decision
    wanted: str
    reached: bool
    sets: tuple[ChangeSet, ...] = ()
    complete: bool = False
    stopped: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    settlements: Mapping[str, tuple[ChangeSet, ...]] = field(default_factory=dict)
    requests: tuple[tuple[str, ...], ...] = ()

    @property
    def unreachable(self) -> bool:
        """Whether no change that was allowed reaches the outcome."""
        return self.complete and not self.sets and not self.reached


class WhatIf:
    """Answers what would change the decisions of one policy; keeps what it has ground for the next case."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.engine = policy, Engine(policy)
        self._kept: dict[Shape, _Room] = {}

    def answer(
        self, case: Case, wanted: str = "approve", readings: Mapping[str, str] | None = None, *,
        assume_absent: bool | None = None, everything: bool = False, limit: int = MOST_SETS,
        timeout: float | None = None,
    ) -> Answer:  # fmt: skip
        """Return what would make the decision on `case` the `wanted` one: a recommendation, or a body permissible.

        Only facts that can still be changed or documented, and unknown ones, may change, unless `everything` may.
        `limit` bounds the number of sets, `timeout` the seconds; an interrupt ends the search. In each case the
        answer says that it is not complete. Raises ReadingError and GoalError.
        """
        chosen = self.policy.readings(readings or {})
        now = self.engine.decide(case, chosen, assume_absent=assume_absent)
        facts = facts_for(case, self.policy, chosen, assume_absent=assume_absent)
        goal = _goal(wanted, now)
        answer = Answer(now, wanted, _reaches(now, goal))
        room = self._room(facts.shape)
        room.search.space.deadline = None if timeout is None else time.monotonic() + timeout
        asked = _Question(self, room, case, facts, assume_absent, everything, limit)
        try:
            for answer in asked.stages(answer, goal):
                pass
        except SearchTimeoutError:
            answer = replace(asked.latest, complete=False, stopped="timeout")
        except KeyboardInterrupt:
            answer = replace(asked.latest, complete=False, stopped="interrupted")
        return answer

    def _room(self, shape: Shape) -> _Room:
        room = self._kept.pop(shape, None)
        if room is None or room.uses >= MOST_USES:
            room = _Room(self.policy, shape)
        room.uses += 1
        while len(self._kept) >= MOST_SEARCHES:
            self._kept.pop(next(iter(self._kept)))
        self._kept[shape] = room
        return room


class _Room:
    """The search of one shape, with what a question about changes needs of it."""

    def __init__(self, policy: Policy, shape: Shape) -> None:
        self.search, self.uses = Search(policy, shape), 0
        space, atoms = self.search.space, self.search.ground.atoms
        self.inputs = {
            literal: term for literal, term in space.inputs[0].items() if name_of(term) in (*_FORMS, "assumed_absent")
        }
        self.options: dict[Term, dict[Term, int]] = {}
        for literal, term in self.inputs.items():
            if name_of(term) in _FORMS:
                self.options.setdefault(subject_of(term), {})[term] = literal
        self.stated = {subject: space.any_of(found.values()) for subject, found in self.options.items()}
        self.entities = {
            term[1]: term[2]
            for term in atoms
            if isinstance(term, tuple)
            and (term[0] in ("measure_of", "quality_of") or (term[0] == "fact" and len(term) == 3))
        }
        self.items = self._items()
        closed = space.literal("closed")
        for subject, found in self.options.items():
            absent = space.literal(("assumed_absent", subject))
            if ("closable", subject) in atoms:
                space.forbid([closed, -absent, -self.stated[subject]])
                for literal in found.values():
                    space.forbid([absent, literal])
        self.even = {
            quantity: space.all_of(
                space.equal(literal, space.literal(("value", (quantity, "request"), term[2])))
                for term, literal in self.options.get((quantity, "procedure"), {}).items()
                if isinstance(term, tuple)
            )
            for quantity in ("age", "pain_duration")
        }

    def _items(self) -> dict[Term, int]:
        """Return the literals of change, by what counts as one change."""
        space, found = self.search.space, dict[Term, list[int]]()
        for topic, subjects in self.search.topics.items():
            if topic == "requested":
                for subject in subjects:
                    assert isinstance(subject, tuple)
                    found[subject] = [space.literal(("spread", "request", subject[1]))]
                continue
            change = space.literal(("departs", topic))
            entity = self.entities.get(subjects[0])
            if entity is not None:
                change = space.all_of([change, space.literal(("there", entity))])
            found.setdefault(item_of(subjects[0], topic), []).append(change)
        return {item: space.any_of(changes) for item, changes in found.items()}


class _Question:
    """One case in its room, and what may change of it."""

    def __init__(
        self, whatif: WhatIf, room: _Room, case: Case, facts: Facts, assume_absent: bool | None, everything: bool,
        limit: int,
    ) -> None:  # fmt: skip
        self.engine, self.room, self.search, self.space = whatif.engine, room, room.search, room.search.space
        self.case, self.facts, self.assume_absent = case, facts, assume_absent
        self.everything, self.limit = everything, limit
        self.base = inputs_of(facts, self.search.quantities, self.search.limits)
        self.stated: dict[Term, Term] = {subject_of(t): t for t in self.base if name_of(t) in _FORMS}
        self.general = case.findings.additional_pathology == "absent"
        self.run = self._run()

    def _run(self) -> list[int]:
        """Return the assumptions of the run: readings, and how the case states what it does."""
        space, closed = self.space, any(name_of(term) == "assumed_absent" for term in self.base)
        settings = {"closed": closed, "complete": False, "dated": True, "unremarkable": self.general}
        literals = {name: space.literal(name) for name in SETTINGS}
        assumed = [a for a in space.run(self.facts.readings) if abs(a) not in literals.values()]
        assumed += [literal if settings[name] else -literal for name, literal in literals.items()]
        usual = {term for term in self.base if name_of(term) in _FORMS}
        assumed += space.usual(usual)
        for quantity, even in self.room.even.items():
            known = [("value", (quantity, moment)) for moment in ("procedure", "request")]
            if len([1 for _, subject in known if subject in self.stated]) != 1:
                assumed.append(space.any_of([-self.room.items[quantity], even]))
        return assumed

    def stages(self, answer: Answer, goal: Term) -> Iterator[Answer]:
        """Yield the answer as it grows; `latest` is what stands if the search ends early."""
        self.latest = answer
        requested = bool(self.case.request.bodies)
        if answer.reached:
            self.latest = replace(answer, complete=True)
            yield self.latest
        else:
            yield from self._reach(answer, goal)
        if answer.now.recommendation in ("partial", "deny") and requested:
            yield from self._requests()
        if answer.now.recommendation == "pend":
            yield from self._settle()

    def _reach(self, answer: Answer, goal: Term) -> Iterator[Answer]:
        held = self.allowed(withdraw=goal == ("recommend", "pend"), everything=self.everything)
        assumed = [*self.run, *(literal for literals in held.values() for literal in literals)]
        found: list[ChangeSet] = []
        for change_set in self.sets(assumed, goal):
            if change_set is None:
                self.latest = replace(self.latest, stopped="open")
                continue
            found.append(change_set)
            self.latest = replace(self.latest, sets=tuple(found))
            yield self.latest
            if len(found) >= self.limit:
                self.latest = replace(self.latest, stopped="limit")
                return
        obstacles = self.obstacles(held, goal) if not found else ()
        self.latest = replace(self.latest, complete=not self.latest.stopped, obstacles=obstacles)
        yield self.latest

    def _requests(self) -> Iterator[Answer]:
        """Find the largest parts of the request that would be approved, everything else as it is."""
        held = self.allowed(only="requested")
        found: list[ChangeSet] = []
        for change_set in self.sets([*self.run, *(x for some in held.values() for x in some)], ("recommend", "approve")):
            if change_set is None or (found and change_set.cost > found[0].cost) or len(found) >= 99:
                break
            found.append(change_set)
        self.latest = replace(self.latest, requests=tuple(s.case.request.bodies or () for s in found))
        yield self.latest

    def _settle(self) -> Iterator[Answer]:
        """Find the smallest sets of unknown facts that settle the recommendation, for each that is possible."""
        held = self.allowed(only="unknown")
        assumed = [*self.run, *(literal for literals in held.values() for literal in literals)]
        for outcome in self.latest.now.possible:
            found: list[ChangeSet] = []
            for change_set in self.sets(assumed, ("recommend", outcome)):
                if change_set is None:
                    continue
                if (found and change_set.cost > found[0].cost) or len(found) >= self.limit:
                    break
                found.append(change_set)
            self.latest = replace(self.latest, settlements={**self.latest.settlements, outcome: tuple(found)})
            yield self.latest

    def allowed(
        self, *, everything: bool = False, withdraw: bool = False, only: str = ""
    ) -> dict[Term, tuple[int, ...]]:
        """Return the assumptions that keep what may not change, by what counts as one change."""
        kept: dict[Term, list[int]] = {}
        about, space = self.search.about, self.space
        for subject, options in self.room.options.items():
            base, name = self.stated.get(subject), name_of(subject)
            item = item_of(subject, about[subject])
            kind, way = kind_of(subject, self.facts, base is not None)
            if base is None:
                held = [-literal for literal in options.values()] if only == "requested" else []
            elif name == "requested":
                adding = (everything or not self.case.request.bodies) and not only
                free = only != "unknown" and (base[0] == "yes" or adding)
                held = [] if free else [options[base]]
            elif self._at_once(subject):
                there = space.literal(("there", self.room.entities[subject]))
                held = [space.any_of([-there, options[base]])]
            elif only or (kind != CHANGEABLE and not everything):
                held = [options[base]]
            else:
                within = list(options) if everything else ahead(way, base, options)
                held = [-literal for option, literal in options.items() if option not in within]
                if not withdraw:
                    gone = -space.literal(("there", self.room.entities[subject])) if subject in self.room.entities else 0
                    held.append(space.any_of([self.room.stated[subject], gone] if gone else [self.room.stated[subject]]))
            kept.setdefault(item, []).extend(held)
        if not everything:
            for treatment in (s for s in self.room.options if name_of(s) == "received"):
                kept.setdefault(item_of(treatment, ""), []).extend(self._kept_safe(treatment))
        return {item: tuple(literals) for item, literals in kept.items() if literals}

    def _kept_safe(self, received: Term) -> list[int]:
        """Nobody is to receive a treatment that is contraindicated, unless the case says so already."""
        assert isinstance(received, tuple)
        other: Term = ("contraindicated", received[1])
        if {("yes", received), ("yes", other)} <= self.base:
            return []
        return [-self.space.all_of([self.space.literal(("yes", received)), self.space.literal(("yes", other))])]

    def _at_once(self, subject: Term) -> bool:
        """Tell whether the record states `subject` only by its word on additional pathology."""
        return self.facts.fields.get(subject) == "findings.additional_pathology"

    def sets(self, assumed: list[int], goal: Term) -> Iterator[ChangeSet | None]:
        """Yield every minimal set of changes, cheapest first; None for one that is decided otherwise than found."""
        space, items = self.space, self.room.items
        literals = {literal: item for item, literal in items.items()}
        act = space.switch()
        reached = [*assumed, space.literal(goal)]
        wanted = [*reached, act]
        size, more, open_sets = 0, True, 0
        try:
            while True:
                world = space.holding(
                    [*wanted, -space.at_least(size + 1, literals)], [*literals, *self.room.inputs]
                )
                if world is None:
                    if more and space.holding(wanted, ()) is None:
                        return
                    size, more = size + 1, False
                    continue
                more = True
                changed = frozenset(literals[x] for x in world if x in literals)
                after = frozenset(self.room.inputs[x] for x in world if x in self.room.inputs)
                found, changed = self._smallest(after, changed, goal)
                chosen = [items[item] for item in changed]
                others = [] if found is not None else [-x for x in literals if x not in chosen]
                space.forbid([act, *chosen, *others])
                if found is None:
                    open_sets += 1
                    yield None
                    if open_sets > MOST_OPEN:
                        return
                else:
                    yield self._worded(found, after, changed, reached)
        finally:
            space.forbid([act])

    def _smallest(
        self, after: frozenset[Term], items: frozenset[Term], goal: Term
    ) -> tuple[tuple[Case, Decision] | None, frozenset[Term]]:
        """Decide the changed case again; where a part of the changes suffices, since completions agree, take that."""
        for size in range(1, len(items) + 1) if len(items) <= 3 else (len(items) - 1, len(items)):
            for part in combinations(sorted(items, key=str), size):
                try:
                    case = amended(self.case, self.base, self._part(after, frozenset(part)), self.search, self.facts)
                except ValueError:
                    continue
                decision = self.engine.decide(case, self.facts.readings, assume_absent=self.assume_absent)
                if _reaches(decision, goal):
                    return (case, decision), frozenset(part)
        return None, items

    def _part(self, after: frozenset[Term], items: frozenset[Term]) -> frozenset[Term]:
        about = self.search.about

        def mine(term: Term) -> bool:
            subject = subject_of(term)
            entity = self.room.entities.get(subject)
            return item_of(subject, about[subject]) in items or (entity is not None and _presence(entity) in items)

        changed = {term for term in after if name_of(term) in _FORMS and mine(term)}
        return frozenset({t for t in self.base if name_of(t) in _FORMS and not mine(t)} | changed)

    def _worded(
        self, found: tuple[Case, Decision], after: frozenset[Term], items: frozenset[Term], wanted: list[int]
    ) -> ChangeSet:
        """Word the changes, with all choices and numbers that would do as well."""
        case, decision = found
        part = self._part(after, items)
        amended_facts = facts_for(
            case, self.search.policy, self.facts.readings, assume_absent=self.assume_absent, shape=self.search.room
        )
        options: dict[Term, list[Term]] = {}
        for subject, values in self.room.options.items():
            new = next((t for t in values if t in part), None)
            if name_of(new or "") in ("is", "value") and new not in self.base:
                options[subject] = self._alternatives(subject, after, wanted)
        changes = changes_of(self.search, self.base, part, self.facts, amended_facts, options)
        return ChangeSet(tuple(changes), case, decision)

    def _alternatives(self, subject: Term, after: frozenset[Term], wanted: list[int]) -> list[Term]:
        """Return the values of a number or choice with which the outcome stands, everything else as found."""
        space, found = self.space, list[Term]()
        twins = [subject]
        if isinstance(subject, tuple) and subject[0] in self.room.even:
            twins = [(subject[0], moment) for moment in ("procedure", "request") if (subject[0], moment) in self.room.options]
            twins = [twin for twin in twins if twin not in self.stated or subject in self.stated]
        kept = [
            literal if term in after else -literal
            for literal, term in self.room.inputs.items()
            if subject_of(term) not in twins
        ]
        limits = self.search.limits.get(self.search.quantities.get(subject, ""), [])
        for term in self.room.options[subject]:
            assert isinstance(term, tuple)
            value = term[2]
            if isinstance(value, int) and representative(value, limits) != value:
                continue
            same = [space.literal((term[0], twin, value)) for twin in twins]
            if space.holding([*wanted, *kept, *same], ()) is not None:
                found.append(value)
        return found

    def obstacles(self, held: Mapping[Term, tuple[int, ...]], goal: Term) -> tuple[Obstacle, ...]:
        """Return minimal reasons why nothing that may change reaches the goal: unchangeable facts, and clauses."""
        space, policy = self.space, self.search.policy
        named = {Premise("fact", str(place)): item for place, item in enumerate(held)}
        facts = {premise: held[item] for premise, item in named.items()}
        wanted = [*self.run, space.literal(goal)]
        policy_held = [space.held(premise) for premise in space.premises]
        found: list[Obstacle] = []
        for core in minimal_cores(space, [*wanted, *policy_held], facts, MOST_CORES):
            grounds = grounds_of(space, policy, self.facts.readings)
            chosen = {literal for literals in grounds.values() for literal in literals}
            fixed = [a for a in wanted if a not in chosen]
            premises = minimal_core(space, [*fixed, *(x for p in core for x in facts[p])], grounds) or ()
            found.append(Obstacle(tuple(self._fact(named[premise]) for premise in core), premises))
        return tuple(found)

    def _fact(self, item: Term) -> str:
        """Return in words what the record states of an item."""
        texts: list[str] = []
        for topic, subjects in self.search.topics.items():
            mine = [s for s in subjects if item_of(s, topic) == item]
            stated = {t for t in self.base if name_of(t) in _FORMS and subject_of(t) in mine}
            if mine and stated:
                subject = mine[0] if topic == "requested" else topic
                words = words_of(self.search.policy, subject, self.facts.names)
                texts.append(f"{words}: {self.search.stated(stated, mine, self.facts)}")
        return "; ".join(texts)


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
