"""What each reading would decide for one case, and on which questions its outcome depends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bvn_asp.case import Case
from bvn_asp.decide import Engine
from bvn_asp.decision import Decision


class Outcome(NamedTuple):
    """What a run decides: the recommendation (or eligibility, without a request) and the bodies it may treat."""

    recommendation: str
    bodies: tuple[tuple[str, str], ...]


class Comparison(NamedTuple):
    """One question, the outcome under each option, and whether they differ."""

    question: str
    outcomes: Mapping[str, Outcome]

    @property
    def matters(self) -> bool:
        """Whether the outcome depends on the question."""
        return len(set(self.outcomes.values())) > 1


def outcome(decision: Decision) -> Outcome:
    """Return what `decision` decides, without its reasons."""
    requested = tuple(
        (body.name, body.status) for body in decision.bodies if body.requested or not decision.recommendation
    )
    return Outcome(decision.recommendation or decision.eligibility, requested)


def compare_readings(
    engine: Engine, case: Case, readings: Mapping[str, str] | None = None, *, assume_absent: bool | None = None
) -> list[Comparison]:
    """Decide `case` under every option of every question, the other questions read as `readings` has them."""
    return [
        Comparison(
            question.id,
            {
                option: outcome(
                    engine.decide(case, {**(readings or {}), question.id: option}, assume_absent=assume_absent)
                )
                for option in question.options
            },
        )
        for question in engine.policy.questions.values()
    ]
