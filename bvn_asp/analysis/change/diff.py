"""Two versions or two readings of a policy: where the other is stricter or looser, with a record for each claim.

Both policies look at the same record. A record that leaves nothing open gets the same kind of answer from both,
so there the order is plain: deny, partial, approve. A record that leaves facts open is decided as all its completions
agree; such records are looked at only where all complete ones are decided alike, with pend between deny and partial.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.analysis import certificate
from bvn_asp.analysis.change.comparison import DIRECTIONS, ORDER, Comparison, Diff, Example, Side
from bvn_asp.analysis.change.lexicon import differences
from bvn_asp.analysis.change.pair import Pair
from bvn_asp.analysis.records import ROOM, STATED
from bvn_asp.analysis.space import SearchTimeoutError, World
from bvn_asp.analysis.writing.inputs import inputs_of, usual_numbers
from bvn_asp.analysis.writing.stated import Record
from bvn_asp.analysis.writing.writer import Writer
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import SolveError
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import FORMS, Term, name_of
from bvn_asp.record.case import Case

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.shape import Shape

MOST_TRIES = 4
"""Most records with open facts that are tried for a difference, before it is left unsettled."""
_RANKS = {
    "unmet": 0, "violated": 0, "refused": 0, "undetermined": 1, "met": 2, "clear": 2, "permissible": 2, "waived": 2,
    **{outcome: rank for rank, outcome in enumerate(ORDER)},
}  # fmt: skip


Move = tuple[str, str]
"""The recommendation here, and another one there."""


class _Goal(NamedTuple):
    kind: str
    id: str
    direction: str


def diff(
    here: Side, there: Side, *, room: Shape = ROOM, confirm: bool = False, limit: int = 1000,
    timeout: float | None = None, progress: Callable[[str], None] = lambda text: None,
) -> Diff:  # fmt: skip
    """Compare two sides over all records with a request, up to `room`.

    `limit` bounds the number of examples, `timeout` the seconds; what was found by then stands, and the rest is
    unsettled. With `confirm`, a second engine must find the same proofs. Raises PolicyError, ReadingError,
    ExtraError, and SolveError if the second engine does not confirm.
    """
    comparison = _Comparing(here, there, room, None if timeout is None else time.monotonic() + timeout)
    stopped = ""
    try:
        comparison.settle(limit, progress)
        if confirm:
            comparison.confirm(progress)
    except SearchTimeoutError:
        stopped = "timeout"
    except KeyboardInterrupt:
        stopped = "interrupted"
    return comparison.result(stopped)


def possible_moves(here: Side, there: Side, *, room: Shape = ROOM, conflicts: int | None = None) -> set[Move]:
    """Return from which recommendation to which other some record with a request moves, by the rules of two sides.

    Raises PolicyError, ReadingError, and SearchLimitError after so many `conflicts`.
    """
    pair = Pair(here, there, room)
    pair.space.conflicts = conflicts
    moves = {
        (one, other): pair.space.all_of([held, holds])
        for one, held in pair.outcomes(0).items()
        for other, holds in pair.outcomes(1).items()
        if one != other
    }
    reached = pair.space.reached(pair.run, moves.values())
    return {move for move, literal in moves.items() if literal in reached}


class _Comparing(Pair):
    """What is known of how two sides differ."""

    def __init__(self, here: Side, there: Side, room: Shape, deadline: float | None) -> None:
        super().__init__(here, there, room, deadline)
        self.engines = tuple(Engine(side.policy) for side in self.sides)
        self.quantities = tuple(
            {t[1]: str(t[2]) for t in g.atoms if isinstance(t, tuple) and t[0] == "number"} for g in self.grounds
        )
        self.goals = self._goals()
        self.found: dict[_Goal, str] = {}
        self.refuted: dict[_Goal, str] = {}
        self.examples: dict[_Goal, Example] = {}
        self.unstated: dict[_Goal, tuple[str, ...]] = {}
        self.engine = ""

    def _goals(self) -> dict[_Goal, int]:
        """Return the literal of every way in which the sides can differ."""
        goals: dict[_Goal, int] = {}
        one, other = (list(self.outcomes(place).values()) for place in (0, 1))
        self._add(goals, "overall", "", one, other)
        ones, others = (side.policy.clauses for side in self.sides)
        for id, clause in ones.items():
            if id in others and clause.kind in SIDES and others[id].kind == clause.kind:
                one, other = (self.status(place, *_passing(clause.kind), id) for place in (0, 1))
                self._add(goals, "clause", id, one, other)
        for body in self.room.bodies:
            term = body.lower()
            reported = [self.space.literal(("reported", term), place) for place in (0, 1)]
            one, other = (self.status(place, "permissible", "refused", term) for place in (0, 1))
            self._add(goals, "body", body, one, other, reported)
        return goals

    def _add(
        self, goals: dict[_Goal, int], kind: str, id: str, one: list[int], other: list[int], both: Iterable[int] = ()
    ) -> None:
        """Add what it is for the other side to be stricter, and looser; statuses are given the strictest first."""
        ranks = range(len(one))
        for direction in DIRECTIONS:
            pairs = [(i, j) for i in ranks for j in ranks if (j < i if direction == "stricter" else j > i)]
            differs = self.space.any_of([self.space.all_of([one[i], other[j]]) for i, j in pairs])
            goals[_Goal(kind, id, direction)] = self.space.all_of([differs, *both])

    def settle(self, limit: int, progress: Callable[[str], None]) -> None:
        """Find every difference, over records with nothing open first; then an example of each."""
        complete = [self.space.literal("documented", place) for place in (0, 1)]
        progress("records with nothing open")
        self._differing(list(self.goals), "complete", [*self.run, *complete])
        progress("records that leave facts open")
        differing = {(goal.kind, goal.id) for goal in self.found}
        alike = [goal for goal in self.goals if (goal.kind, goal.id) not in differing]
        self._differing(alike, "all", self.run)
        for goal in self.goals:
            over = self.found.get(goal, "")
            if not over or (len(self.examples) >= limit and over == "complete"):
                continue
            progress(f"{goal.kind} {goal.id} {goal.direction}")
            example = self._example(goal, complete if over == "complete" else [])
            if example is None and goal in self.unstated and over == "complete":
                # What no case file can state, it leaves open.
                example = self._example(goal, [])
            if example is not None:
                self.examples[goal] = example

    def _differing(self, goals: list[_Goal], over: str, assumed: list[int]) -> None:
        """Find which of `goals` hold of some record, and note that the others hold of none."""
        reached = self.space.reached(assumed, (self.goals[goal] for goal in goals))
        for goal in goals:
            (self.found if self.goals[goal] in reached else self.refuted)[goal] = over

    def _example(self, goal: _Goal, assumed: list[int]) -> Example | None:
        """Return the record nearest to the usual one on which `goal` is decided so; None if those tried are not."""
        act = self.space.free()
        wanted = [*self.run, *assumed, act, self.goals[goal], *self.space.usual(self.search.usual)]
        for _ in range(MOST_TRIES):
            self.space.check_time()
            world = self.space.find(wanted, fewest=True)
            if world is None:
                return None
            unstated = self._unstated(world)
            if unstated:
                self.unstated.setdefault(goal, tuple(sorted({_text(term) for _, term in unstated})))
                wanted += [-self.space.literal(term, place) for place, term in unstated]
                continue
            example = self._decided(world, goal)
            ranks = [_RANKS.get(status, 1) for status in example.statuses]
            if ranks[1] < ranks[0] if goal.direction == "stricter" else ranks[1] > ranks[0]:
                return example
            same = [literal for literal in self.space.departures if literal in world.true]
            other = [-literal for literal in self.space.departures if literal not in world.true]
            self.space.forbid([act, *same, *other])
        return None

    def _decided(self, world: World, goal: _Goal) -> Example:
        """Write a world as a record and let each side decide what it knows of it."""
        records = [self._record(world, place) for place in (0, 1)]
        decisions = [
            engine.decide(Case.model_validate(record), side.readings)
            for engine, record, side in zip(self.engines, records, self.sides, strict=True)
        ]
        both = frozenset(t for inputs in world.inputs for t in inputs if name_of(t) in _RECORD)
        record = records[0] if records[0] == records[1] else self._written(both, 0)
        statuses = tuple(self._said(decision, place, goal) for place, decision in enumerate(decisions))
        mine = frozenset(term for term in world.inputs[0] if name_of(term) in STATED)
        facts = facts_for(
            Case.model_validate(records[0]), self.sides[0].policy, self.sides[0].readings, shape=self.room
        )
        departures = self.search.departures(mine, facts)
        return Example(record, (decisions[0], decisions[1]), (statuses[0], statuses[1]), departures)

    def _unstated(self, world: World) -> list[tuple[int, Term]]:
        """Return what the record of a world does not state of it, each with its side: no case file can."""
        found: list[tuple[int, Term]] = []
        for place, side in enumerate(self.sides):
            case = Case.model_validate(self._record(world, place))
            facts = facts_for(case, side.policy, side.readings, shape=self.room)
            back = inputs_of(facts, self.quantities[place], self.search.limits)
            stated = (t for t in world.inputs[place] if name_of(t) in FORMS)
            found += [(place, term) for term in stated if self._compared(term, place) not in back]
        return found

    def _compared(self, term: Term, place: int) -> Term:
        """Return a bound as the number that stands for all that compare alike, and any other input as it is."""
        if isinstance(term, tuple) and term[0] in ("from", "to") and isinstance(term[2], int):
            limits = self.search.limits[self.quantities[place][term[1]]]
            return (term[0], term[1], representative(term[2], limits))
        return term

    def _record(self, world: World, place: int) -> Record:
        stated = frozenset(term for term in world.inputs[place] if name_of(term) in _RECORD)
        return self._written(stated, place)

    def _written(self, inputs: frozenset[Term], place: int) -> Record:
        quantities = {**self.quantities[1 - place], **self.quantities[place]}
        policy = self.sides[place].policy
        usual = usual_numbers(policy, self.room)
        return Writer(inputs, policy, quantities, self.search.limits, self.room, usual).record()

    def _said(self, decision: Decision, place: int, goal: _Goal) -> str:
        """Return what a decision says of what `goal` compares."""
        if goal.kind == "overall":
            return decision.recommendation or "none"
        if goal.kind == "body":
            return next((body.status for body in decision.bodies if body.name == goal.id), "not reported")
        if self.waives(place, goal.id):
            return "waived"
        return next(c.status for c in decision.criteria if c.clause.id == goal.id)

    def confirm(self, progress: Callable[[str], None]) -> None:
        """Let the second engine refute everything that was not found; raise SolveError if it does not."""
        complete = [self.space.literal("documented", place) for place in (0, 1)]
        for over, assumed in (("complete", complete), ("all", [])):
            goals = [self.goals[goal] for goal, where in self.refuted.items() if where == over]
            goals = [literal for literal in goals if literal != -self.space.true]
            if not goals:
                continue
            progress(f"second engine, {over} records")
            held = [self.space.held(premise) for premise in self.space.premises]
            wanted = [*self.run, *assumed, *held, self.space.any_of(goals)]
            if certificate.refuted(self.space.statements, wanted) is None:
                raise SolveError("the second engine does not confirm that the policies agree")
        self.engine = certificate.engine()

    def result(self, stopped: str) -> Diff:
        """Return what is known."""
        found: list[Comparison] = []
        for kind, id in dict.fromkeys((goal.kind, goal.id) for goal in self.goals):
            goals = {direction: _Goal(kind, id, direction) for direction in DIRECTIONS}
            examples = {d: self.examples[goal] for d, goal in goals.items() if goal in self.examples}
            # A difference on records that leave facts open counts once it has been decided so.
            differs = [d for d, g in goals.items() if self.found.get(g) == "complete" or g in self.examples]
            settled = all(g in self.refuted or d in differs for d, g in goals.items())
            verdict = {0: "equivalent", 2: "incomparable"}.get(len(differs), next(iter(differs), ""))
            proved = {self.refuted[goal] for goal in goals.values() if goal in self.refuted}
            over = "complete" if "complete" in proved else "all" if proved else ""
            unstated = {d: self.unstated[g] for d, g in goals.items() if g in self.unstated and d not in examples}
            confirmed = self.engine if proved else ""
            verdict = verdict if settled else "unsettled"
            found.append(Comparison(kind, id, verdict, examples, over, confirmed, unstated))
        vocabulary = tuple(differences(self.sides[0].policy, self.sides[1].policy, self.grounds))
        return Diff(self.sides[0], self.sides[1], self.room, vocabulary, tuple(found), stopped)


_RECORD = (*STATED, "assumed_absent")
"""What a record states, is assumed to, or is taken not to contain."""


def _passing(kind: str) -> tuple[str, str]:
    return ("met", "unmet") if kind == "indication" else ("clear", "violated")


def _text(term: Term) -> str:
    if not isinstance(term, tuple):
        return str(term)
    return f"{term[0]}({', '.join(map(_text, term[1:]))})"
