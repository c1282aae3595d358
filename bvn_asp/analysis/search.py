"""Searches over all records under one policy: a witness that is decided again, or a proof that there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bvn_asp.analysis.departures import Departure, differences
from bvn_asp.analysis.proofs import Proof, grounds_of, minimal_cores, proof_of
from bvn_asp.analysis.records import ROOM, STATED, Ground, Premise, ground
from bvn_asp.analysis.space import Space, World
from bvn_asp.analysis.writing.inputs import readings_of, usual_case, usual_inputs, usual_numbers
from bvn_asp.analysis.writing.stated import Record
from bvn_asp.analysis.writing.writer import Writer
from bvn_asp.decision.agreement import is_shipped
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.errors import SolveError
from bvn_asp.policy.outcomes import check_exclusive, exclusive
from bvn_asp.policy.representatives import limits_of
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.case import Case

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

RECOMMENDATIONS = ("approve", "partial", "pend", "deny")
"""The most wanted first."""
TIMES = ("age", "pain_duration", "care_duration")
"""Numbers that are counted until a moment."""
_RUN_INPUTS = ("selected", "reread")


def check_space(space: Space, policy: Policy, room: Shape, side: int = 0) -> None:
    """Raise PolicyError if `policy`, of a side, concludes what excludes each other of some record, in any reading."""
    pairs = exclusive(tuple(policy.clauses), room.bodies)
    both = {pair: space.all_of(space.literal(term, side) for term in pair) for pair in pairs}
    held = space.holding([*space.unsaid(side), space.any_of(both.values())], both.values())
    if held is not None:
        check_exclusive(policy, room.bodies, lambda one, other: both[one, other] in held)


def preferred(space: Space, one: Mapping[str, int], other: Mapping[str, int]) -> int:
    """Return the literal that a record with the outcomes `one` is recommended more than one with `other`."""
    return space.any_of(
        space.all_of([one[better], other[worse]])
        for place, better in enumerate(RECOMMENDATIONS)
        for worse in RECOMMENDATIONS[place + 1 :]
    )


@dataclass(frozen=True)
class Witness:
    """A record in which what was asked for holds, with the decision of the shipped path on it."""

    record: Record
    case: Case
    readings: Mapping[str, str]
    decision: Decision
    departures: tuple[Departure, ...]


class Search:
    """All records under `policy`, up to `room`; `limits` are further limits that a question compares numbers with.

    With several `runs`, the space has so many sides, which share the record and differ in how the policy is read.
    Raises PolicyError, also for a foreign policy that cannot be ground until `deadline`, or that is not `exclusive`:
    that concludes what excludes each other of some record.
    """

    def __init__(
        self, policy: Policy, room: Shape = ROOM, limits: Iterable[tuple[str, int]] = (), runs: int = 1,
        deadline: float | None = None, *, exclusive: bool = True,
    ) -> None:  # fmt: skip
        further = tuple(limits)
        self.policy, self.room, self.engine = policy, room, Engine(policy, exclusive=exclusive)
        self.ground: Ground = ground(policy.text, room, further, deadline)
        self.space = Space(*[self.ground] * runs, shared=lambda term: name_of(term) not in _RUN_INPUTS)
        if exclusive and not is_shipped(policy):
            check_space(self.space, policy, room)
        self.limits = limits_of(policy.thresholds, further)
        self.quantities = {
            term[1]: str(term[2]) for term in self.ground.atoms if isinstance(term, tuple) and term[0] == "number"
        }
        self.usual = usual_inputs(policy, self.quantities, self.limits, room)
        self._usual_facts = facts_for(usual_case(), policy, {}, shape=room)

    @cached_property
    def about(self) -> dict[Term, Term]:
        """The topic of every fact, number and choice."""
        return {t[1]: t[2] for t in self.ground.atoms if isinstance(t, tuple) and t[0] == "about"}

    @cached_property
    def topics(self) -> dict[Term, list[Term]]:
        """The facts, numbers and choices of every topic."""
        found: dict[Term, list[Term]] = {}
        for subject, topic in self.about.items():
            found.setdefault(topic, []).append(subject)
        return found

    @cached_property
    def statable(self) -> dict[Term, dict[tuple[Term, ...], int]]:
        """What a record can state of each topic, with its literals."""
        found: dict[Term, dict[tuple[Term, ...], int]] = {topic: {} for topic in self.topics}
        for literal, term in self.space.inputs[0].items():
            if isinstance(term, tuple) and term[0] in STATED and term[1] in self.about:
                found[self.about[term[1]]][term] = literal
        return found

    def manner(self, topics: Collection[Term]) -> list[int]:
        """Return the literals of how a case file says what it states of `topics`, beside what that is."""
        subjects = [subject for topic in topics for subject in self.topics[topic]]
        entities = {part for subject in subjects if isinstance(subject, tuple) for part in subject[1:]}
        found = [
            literal
            for name in ("listed", "somewhere")
            for term, literal in self.space.terms(name).items()
            if isinstance(term, tuple) and term[1] in entities
        ]
        names = {name_of(subject) for subject in subjects}
        if not names.isdisjoint(TIMES):
            found += [x for name in ("one_day", "two_days", "by_days") for x in self.space.terms(name).values()]
        if "ablated" in names:
            found += [x for name in ("elsewhere", "denied_elsewhere") for x in self.space.terms(name).values()]
        return found

    @cached_property
    def places(self) -> dict[Term, int]:
        """The place of every topic in the order of the policy."""
        return {topic: place for place, topic in enumerate(self.topics)}

    def witness(
        self, goal: Iterable[int], readings: Mapping[str, str] | None = None, *, fewest: bool = True
    ) -> Witness | None:
        """Return a record, as usual as can be, in which all of `goal` hold under `readings`; None if there is none."""
        world = self.world(goal, readings, fewest=fewest)
        return None if world is None else self.replay(world)

    def world(
        self, goal: Iterable[int], readings: Mapping[str, str] | None = None, *, fewest: bool = True
    ) -> World | None:
        """Return what `witness` returns, before it is written as a record and decided again.

        A record that leaves nothing open is preferred to one that does.
        """
        usual = self.space.usual(self.usual) if fewest else []
        assumed = [*self.space.run(readings), *usual, *goal]
        documented = self.space.find([*assumed, self.space.literal("documented")], fewest=fewest)
        return documented or self.space.find(assumed, fewest=fewest)

    def replay(self, world: World, side: int = 0, space: Space | None = None) -> Witness:
        """Write one side of a world as a record and decide it; `space` is where it was found, if not in `space`.

        Raises SolveError if the decision is not what the search found.
        """
        place = space or self.space
        witness = self.decided(world.inputs[side])
        found = next((o for o in RECOMMENDATIONS if place.literal(("recommend", o), side) in world.true), None)
        if found not in (witness.decision.recommendation, "pend"):
            raise SolveError(f"a search found {found}, and its record is decided as {witness.decision.recommendation}")
        return witness

    def decided(self, inputs: frozenset[Term], near: Collection[Term] = ()) -> Witness:
        """Write inputs as a record, numbers `near` a limit close to it, and decide it under the readings among them."""
        stated = frozenset(t for t in inputs if name_of(t) in STATED)
        readings = readings_of(inputs)
        usual = usual_numbers(self.policy, self.room, near)
        record = Writer(inputs, self.policy, self.quantities, self.limits, self.room, usual).record()
        case = Case.model_validate(record)
        facts = facts_for(case, self.policy, self.policy.readings(readings), shape=self.room)
        return Witness(record, case, readings, self.engine.decide(case, readings), self.departures(stated, facts))

    def departures(self, stated: frozenset[Term], facts: Facts) -> tuple[Departure, ...]:
        """Return in what a record, as inputs and as facts, departs from the usual one.

        A time that a dated record bounds at the procedure too may read as it usually does: it is left out.
        """
        found = differences(self, stated, facts, self.usual, self._usual_facts)
        return tuple(departure for departure in found if departure.now != departure.usual)

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """The literal of every recommendation, the most wanted first."""
        return {outcome: self.space.literal(("recommend", outcome)) for outcome in RECOMMENDATIONS}

    def proofs(
        self, goal: Iterable[int], words: str, readings: Mapping[str, str] | None = None, *, most: int = 1,
        confirm: bool = False, others: Sequence[Mapping[str, str]] = (),
    ) -> list[Proof]:  # fmt: skip
        """Return up to `most` minimal proofs that no record fits all of `goal`; none if some record does.

        `others` are the readings of the runs after the first.
        With `confirm`, a second engine must find the same. Raises SolveError if it does not, and ExtraError.
        """
        wanted = [*self.space.unsaid(), *goal]
        grounds = self._grounds(readings, others)
        with self._prover.bounded(self.space.deadline, self.space.conflicts):
            cores = minimal_cores(self._prover, wanted, grounds, most)
        found = [proof_of(self.space, words, wanted, core, grounds, self.room) for core in cores]
        return [proof.confirmed() for proof in found] if confirm else found

    @cached_property
    def _prover(self) -> Space:
        """The space without room for a usual record, which no proof is about."""
        return self.space.follower([-usual for usual in self.space.terms("usual").values()])

    def _grounds(
        self, readings: Mapping[str, str] | None, others: Sequence[Mapping[str, str]]
    ) -> dict[Premise, tuple[int, ...]]:
        grounds = grounds_of(self.space, self.policy, readings or {})
        for side, further in enumerate(others, 1):
            for premise, literals in grounds_of(self.space, self.policy, further, side).items():
                grounds[premise] = tuple(dict.fromkeys((*grounds.get(premise, ()), *literals)))
        return grounds
