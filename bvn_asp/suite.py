"""Cases with expected answers: which hold, and which clauses were seen on which side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bvn_asp.case import Case, Expectation
from bvn_asp.decide import SIDES, Engine
from bvn_asp.decision import Decision
from bvn_asp.policy import Policy


@dataclass
class Coverage:
    """How often each clause was seen with each status."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, decision: Decision) -> None:
        """Count the statuses of `decision`."""
        self.seen.update((criterion.clause.id, criterion.status) for criterion in decision.criteria)

    def rows(self, policy: Policy) -> Iterator[tuple[str, list[tuple[str, int]]]]:
        """Yield every clause with its counts: the two settled statuses, then undetermined."""
        for clause in policy.clauses.values():
            if clause.kind in SIDES:
                yield (
                    clause.id,
                    [(status, self.seen[clause.id, status]) for status in (*SIDES[clause.kind], "undetermined")],
                )

    def unseen(self, policy: Policy) -> list[tuple[str, str]]:
        """Return the clauses and settled statuses that were never seen."""
        return [(id, status) for id, counts in self.rows(policy) for status, count in counts[:2] if not count]


def check(engine: Engine, case: Case, coverage: Coverage) -> Iterator[tuple[Expectation, list[str]]]:
    """Decide `case` for each of its expectations and yield what differs, in one sentence each."""
    for expectation in case.expected:
        decision = engine.decide(case, expectation.readings, assume_absent=expectation.assume_absent)
        coverage.add(decision)
        yield expectation, list(differences(expectation, decision))


def differences(expected: Expectation, decision: Decision) -> Iterator[str]:
    """Yield how `decision` differs from what is expected; fields left out are not compared."""
    for name in ("recommendation", "eligibility"):
        wanted, found = getattr(expected, name), getattr(decision, name)
        if wanted is not None and wanted != found:
            yield f"{name}: expected {wanted}, found {found or 'none'}"
    for status in ("unmet", "violated", "undetermined"):
        ids: Iterable[str] | None = getattr(expected, status)
        if ids is not None and set(ids) != set(decision.ids(status)):
            yield f"{status}: expected {_listed(ids)}, found {_listed(decision.ids(status))}"
    found_statuses = {criterion.clause.id: criterion.status for criterion in decision.criteria}
    for id, wanted in expected.statuses.items():
        if found_statuses.get(id) != wanted:
            yield f"{id}: expected {wanted}, found {found_statuses.get(id, 'no such clause')}"
    flags = tuple(criterion.clause.id for criterion in decision.flags)
    if expected.flags is not None and set(expected.flags) != set(flags):
        yield f"flags: expected {_listed(expected.flags)}, found {_listed(flags)}"
    if expected.bodies is not None:
        statuses = {body.name: body.status for body in decision.bodies}
        for body, wanted in expected.bodies.items():
            if statuses.get(body.upper()) != wanted:
                yield f"{body}: expected {wanted}, found {statuses.get(body.upper(), 'not reported')}"
    if expected.units is not None and dict(expected.units) != dict(decision.units):
        yield f"units: expected {dict(expected.units)}, found {dict(decision.units)}"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"
