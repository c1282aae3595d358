"""A look ahead from one case: what the answers to each open question would settle, and which order is best."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bvn_asp.analysis.interview.questions import Content, Question, answers, stating
from bvn_asp.decision.facts import facts_for
from bvn_asp.errors import SolveError
from bvn_asp.policy.ground import Answer
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.record.case import Case

if TYPE_CHECKING:
    from bvn_asp.analysis.interview.interview import Interview
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.shape import Shape
    from bvn_asp.policy.terms import Term

MOST_OPEN, MOST_ENDS = 4, 120
"""Most open questions, and most ends of all ways to answer them, for which the best order is searched in full."""
MOST_EFFECTS = 20_000
"""Most answers of which it is kept what they add to the inputs."""
Effects = dict[tuple["Shape", str, str], tuple[set[int], set[int]] | None]
"""What an answer adds to the inputs of a case and takes away, by shape, place and answer; None if it cannot be."""


def is_settled(decision: Decision) -> bool:
    """Tell whether nothing that is still open can change the answer."""
    if decision.recommendation is None:
        return decision.eligibility != "undetermined"
    return decision.recommendation != "pend"


def case_of(content: Content) -> Case | None:
    """Return the case of `content`; None if it contradicts itself."""
    try:
        return Case.model_validate(content)
    except ValidationError:
        return None


class Search:
    """Looks ahead until the time is up: from then on nothing more is promised of any question."""

    def __init__(
        self, interview: Interview, readings: Mapping[str, str], skipped: frozenset[str], deadline: float | None
    ) -> None:
        self.interview, self.readings, self.skipped, self.deadline = interview, readings, skipped, deadline
        self._seen: dict[str, float | None] = {}

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def shares(self, questions: Sequence[Question], content: Content) -> dict[str, float]:
        """Return by place which share of the kinds of answer to each question settles the case at once, by the rules.

        Answers from which the same follows are of one kind.
        """
        case = Case.model_validate(content)
        facts = facts_for(case, self.interview.policy, self.readings)
        engine = self.interview.engine
        program = engine.program(facts.shape)
        base = engine.assumed(program, facts)
        found: dict[str, float] = {}
        for question in questions:
            kinds: set[frozenset[Term]] = set()
            for said in () if self.late else answers(question, content, self.interview.policy):
                inputs = self._after(question.place, said, content, facts.shape, base)
                if inputs is not None:
                    kinds.add(Answer(program.derivations, inputs).shown)
            settling = sum(_settled(shown, case.requested) for shown in kinds)
            found[question.place] = settling / len(kinds) if kinds else 0.0
        return found

    def _after(
        self, place: str, said: dict[str, Any], content: Content, shape: Shape, base: set[int]
    ) -> set[int] | None:
        """Return the inputs once `said` is stated too; None if that cannot be, or makes another shape of it.

        What an answer adds is worked out once: it hardly depends on what else is stated, and only an order rests on it.
        """
        effects, key = self.interview.effects, (shape, place, str(said))
        if key not in effects:
            if len(effects) >= MOST_EFFECTS:
                effects.clear()
            effects[key] = self._effect(stating(content, said), shape, base)
        effect = effects[key]
        return None if effect is None else (base - effect[1]) | effect[0]

    def _effect(self, content: Content, shape: Shape, base: set[int]) -> tuple[set[int], set[int]] | None:
        case = case_of(content)
        if case is None:
            return None
        facts = facts_for(case, self.interview.policy, self.readings, shape=shape)
        try:
            after = self.interview.engine.assumed(self.interview.engine.program(shape), facts)
        except SolveError:
            return None
        return after - base, base - after

    def best(self, content: Content, questions: Sequence[Question]) -> tuple[float, str] | None:
        """Return how many questions are asked on average in the best order, and the first; None if it is too far."""
        ends = 1
        for question in questions:
            ends *= 1 + sum(1 for _ in answers(question, content, self.interview.policy))
        return None if len(questions) > MOST_OPEN or ends > MOST_ENDS else self._best(content, questions)

    def _best(self, content: Content, questions: Sequence[Question]) -> tuple[float, str] | None:
        found: list[tuple[float, str]] = []
        for question in questions:
            total, count = 0.0, 0
            for said in answers(question, content, self.interview.policy):
                left = self._left(stating(content, said), question.place)
                if left is None:
                    return None
                if left >= 0:
                    total, count = total + left, count + 1
            if count:
                found.append((1 + total / count, question.place))
        return min(found, key=lambda item: item[0]) if found else None

    def _left(self, content: Content, asked: str) -> float | None:
        """Return how many questions are left on average; -1 for what cannot be, None if it is too far."""
        key = str(content)
        if key not in self._seen:
            self._seen[key] = None if self.late else self._look(content, asked)
        return self._seen[key]

    def _look(self, content: Content, asked: str) -> float | None:
        case = case_of(content)
        if case is None:
            return -1.0
        decision = self.interview.engine.decide(case, self.readings, settlements=False)
        if is_settled(decision):
            return 0.0
        questions = self.interview.open(decision, content, {*self.skipped, asked})
        if not questions:
            return 0.0
        found = self._best(content, questions) if len(questions) <= MOST_OPEN else None
        return None if found is None else found[0]


def _settled(shown: frozenset[Term], requested: bool) -> bool:
    """Tell whether the case is settled by what follows from what it states."""
    if requested:
        return any(("recommend", outcome) in shown for outcome in OUTCOMES)
    return "eligible" in shown or "not_eligible" in shown
