"""Conditions of one record that was decided: how an answer of a search is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bvn_asp.decision import Decision
from bvn_asp.facts import Facts
from bvn_asp.query.condition import (
    AtLeast,
    BodyStatus,
    Compared,
    Condition,
    Differs,
    Eligibility,
    Not,
    Recommended,
    Runs,
    Stated,
    Status,
    Under,
    compares,
)
from bvn_asp.query.vocabulary import Claim
from bvn_asp.readings import outcome


@dataclass(frozen=True)
class Decided:
    """One record, as facts, and what each run decides for it."""

    facts: Facts
    runs: Runs
    decisions: tuple[Decision, ...]

    def fits(self, condition: Condition, readings: Mapping[str, str] | None = None) -> bool:
        """Tell whether `condition` holds of it on the run with `readings`, the first if none."""
        run = dict(self.runs[0] if readings is None else readings)
        if isinstance(condition, Not):
            return not self.fits(condition.part, run)
        if isinstance(condition, AtLeast):
            return sum(self.fits(part, run) for part in condition.parts) >= condition.bound
        if isinstance(condition, Under):
            return self.fits(condition.part, {**run, **dict(condition.settings)})
        if isinstance(condition, Differs):
            first, second = (self._decision({**run, **dict(side)}) for side in (condition.first, condition.second))
            return outcome(first) != outcome(second)
        if isinstance(condition, Stated | Compared):
            return self._states(condition)
        return self._has(condition, self._decision(run))

    def _states(self, condition: Stated | Compared) -> bool:
        if isinstance(condition, Stated):
            return any(all(map(self._claimed, group)) for group in condition.claims)
        numbers = self.facts.numbers
        return any(
            number in numbers
            and all(map(self._claimed, group))
            and compares(numbers[number], condition.relation, condition.limit)
            for group, number in condition.places
        )

    def _decision(self, readings: Mapping[str, str]) -> Decision:
        return self.decisions[self.runs.index(self.decisions[0].policy.readings(readings))]

    def _claimed(self, claim: Claim) -> bool:
        term, held = claim
        if isinstance(term, tuple) and term[0] == "stated":
            return held == any(isinstance(t, tuple) and t[1] == term[1] for t in self.facts.stated)
        return held == (term in self.facts.stated)

    @staticmethod
    def _has(condition: Condition, decision: Decision) -> bool:
        if isinstance(condition, Status):
            return any(c.clause.id == condition.clause and c.status == condition.status for c in decision.criteria)
        if isinstance(condition, Recommended):
            return decision.recommendation == condition.outcome
        if isinstance(condition, Eligibility):
            return decision.eligibility == condition.status
        assert isinstance(condition, BodyStatus)
        return any(
            body.name == condition.body
            and (body.requested if condition.status == "requested" else body.status == condition.status)
            for body in decision.bodies
        )
