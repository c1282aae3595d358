"""What a query found: edge cases, or a proof that there are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bvn_asp.analysis.departures import Departure
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.analysis.query.condition import Runs
    from bvn_asp.analysis.query.text import Query
    from bvn_asp.analysis.writing.stated import Record
    from bvn_asp.decision.decision import Decision
    from bvn_asp.record.case import Case


@dataclass(frozen=True)
class Answer:
    """One edge case: a record, what each run decides for it, and how it departs from the unremarkable patient."""

    record: Record
    case: Case
    runs: Runs
    decisions: tuple[Decision, ...]
    departures: tuple[Departure, ...]

    @property
    def decision(self) -> Decision:
        """The decision of the run that the query speaks of."""
        return self.decisions[0]


@dataclass
class Found:
    """What a query found: `answers`, or `proofs` that there are none.

    `complete` tells that nothing else fits, `stopped` why not: limit, timeout, conflicts, interrupted, or
    misses (records whose decision says more than the rules do, so that they do not fit).
    `documented` tells that only records were searched that leave nothing open; `settled` that a proof covers every
    record, and not only those whose statuses follow from the rules without looking at completions. `certify`
    gives what the first proof refutes as a DIMACS file, which any solver of propositional formulas can check.
    """

    query: Query
    runs: Runs
    answers: list[Answer] = field(default_factory=list)
    count: int = 0
    complete: bool = False
    stopped: str = ""
    documented: bool = False
    proofs: list[Proof] = field(default_factory=list)
    settled: bool = False
    certify: Callable[[], str] | None = field(default=None, repr=False)

    @property
    def holds(self) -> bool | None:
        """Whether there is an answer; None if the search was stopped before it could tell."""
        return True if self.answers or self.count else False if self.complete and self.settled else None


@dataclass(frozen=True)
class Verdict:
    """On an assertion: what a search for a counterexample found."""

    found: Found

    @property
    def holds(self) -> bool | None:
        """Whether the assertion holds of every record; None if that is undecided."""
        return None if self.found.holds is None else not self.found.holds

    @property
    def counterexample(self) -> Answer | None:
        """A record that contradicts the assertion."""
        return self.found.answers[0] if self.found.answers else None

    @property
    def proof(self) -> Proof | None:
        """A minimal proof that nothing contradicts it."""
        return self.found.proofs[0] if self.found.proofs else None
