"""Conditions of one record that was decided: how an answer of a search is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.condition import (
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
    bounds,
    compares,
)
from bvn_asp.decision.readings import outcome
from bvn_asp.record.statements import Range

if TYPE_CHECKING:
    from bvn_asp.analysis.query.vocabulary import Claim
    from bvn_asp.decision.decision import Decision
    from bvn_asp.decision.facts import Facts


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
        return any(
            self._compares(self.facts.numbers.get(number, Range()), condition) and all(map(self._claimed, group))
            for group, number in condition.places
        )

    @staticmethod
    def _compares(stated: Range, condition: Compared) -> bool:
        """Tell whether all that is left possible of a number compares so."""
        ends = [stated.low if form == "from" else stated.high for form in bounds(condition.relation)]
        return all(end is not None and compares(end, condition.relation, condition.limit) for end in ends)

    def _decision(self, readings: Mapping[str, str]) -> Decision:
        return self.decisions[self.runs.index(self.decisions[0].policy.readings(readings))]

    def _claimed(self, claim: Claim) -> bool:
        term, held = claim
        if isinstance(term, tuple) and term[0] == "stated":
            return held == (term[1] in self.facts.subjects())
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
