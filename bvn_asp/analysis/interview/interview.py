"""The next question about a case: exact where that is affordable, otherwise the best first, with bounds.

The order counts on nothing but the policy: every kind of answer that it tells apart, here and now, is taken to be as
likely as any other, and of questions that are equally good the first of the chart comes first. Asked are then fewest
questions on average if always the one comes next that settles the case with the most of its answers, as long as each
settles it by itself (a chain that the weakest link breaks). Where answers hang together, few open questions are
searched for the best order in full.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bvn_asp.analysis.interview.ahead import Search, is_settled
from bvn_asp.analysis.interview.questions import Content, Question, questions_of, with_silences_open
from bvn_asp.decision.decision import missing_facts
from bvn_asp.decision.engine import Engine
from bvn_asp.record.case import Case

if TYPE_CHECKING:
    from bvn_asp.analysis.interview.ahead import Effects
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.register import Policy


@dataclass(frozen=True)
class Step:
    """Where an interview stands: the next question, none if the case is settled or nothing is left to ask.

    `at_least` and `at_most` bound how many questions are left. `exact` tells that the question is the best one;
    `average` is then how many are left, if all answers are equally likely.
    """

    decision: Decision
    question: Question | None
    open: tuple[Question, ...]
    settled: bool
    at_least: int = 0
    at_most: int = 0
    exact: bool = False
    average: float = 0.0
    settling: Mapping[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the step as plain data."""
        return {
            "recommendation": self.decision.recommendation, "eligibility": self.decision.eligibility,
            "settled": self.settled, "question": _plain(self.question) if self.question is not None else None,
            "open": [_plain(question) for question in self.open], "at_least": self.at_least, "at_most": self.at_most,
            "exact": self.exact, "average": round(self.average, 3) if self.exact else None,
        }  # fmt: skip


def _plain(question: Question) -> dict[str, Any]:
    return {
        "place": question.place, "words": question.words, "ask": question.ask, "field": question.field,
        "fields": list(question.fields), "facts": list(question.facts),
    }  # fmt: skip


class Interview:
    """Finds what to ask next under one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.engine = policy, Engine(policy)
        self.effects: Effects = {}

    def next(
        self, case: Case, readings: Mapping[str, str] | None = None, *, skipped: frozenset[str] = frozenset(),
        timeout: float | None = None,
    ) -> Step:  # fmt: skip
        """Return the step after what `case` states; `skipped` are places of questions that nobody can answer.

        After `timeout` seconds the best question among those looked at is taken. Raises ReadingError.
        """
        content = case.model_dump(mode="json", exclude_unset=True, exclude={"expected"})
        chosen = self.policy.readings(readings or {})
        # Silence says something only when it has been asked for; what is usual is asked for last.
        content = with_silences_open(content, skipped, self.policy, every=False)
        decision, found = self._stand(content, chosen, skipped)
        if not found:
            wider = with_silences_open(content, skipped, self.policy, every=True)
            undecided, found = self._stand(wider, chosen, skipped)
            if not found:
                return Step(decision, None, (), settled=is_settled(decision))
            decision, content = undecided, wider
        deadline = None if timeout is None else time.monotonic() + timeout
        search = Search(self, chosen, skipped, deadline)
        shares = search.shares(found, content)
        best = max(found, key=lambda question: shares[question.place])
        least = min(self._least(decision, content), len(found))
        exact = search.best(content, found)
        if exact is not None:
            best = next(question for question in found if question.place == exact[1])
        return Step(
            decision,
            best,
            tuple(found),
            False,
            least,
            len(found),
            exact is not None,
            exact[0] if exact else 0.0,
            shares,
        )

    def _stand(
        self, content: Content, readings: Mapping[str, str], skipped: frozenset[str]
    ) -> tuple[Decision, list[Question]]:
        """Return how `content` is decided, and the questions that are open then; none if it is settled."""
        decision = self.engine.decide(Case.model_validate(content), readings)
        return decision, [] if is_settled(decision) else self.open(decision, content, skipped)

    def open(self, decision: Decision, content: Content, skipped: Collection[str]) -> list[Question]:
        """Return the questions that bear on what is to be settled."""
        root = [decision.explanation] if decision.recommendation is not None else []
        nodes = missing_facts(root) if root else decision.missing
        return questions_of(nodes or decision.missing, content, self.policy, skipped)

    def _least(self, decision: Decision, content: Content) -> int:
        """Return how many questions it takes at least: the smallest set of facts that settles it any way."""
        sizes = [
            len({question.place for question in questions_of(settlement.facts, content, self.policy)})
            for settlement in decision.settlements
        ]
        return max(1, min(sizes, default=1))
