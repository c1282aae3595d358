"""What a comparison of two policies or readings holds: the sides, the verdicts, and a record for each direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bvn_asp.policy.register import Policy
from bvn_asp.policy.variants import waiving, without_source

if TYPE_CHECKING:
    from bvn_asp.analysis.departures import Departure
    from bvn_asp.analysis.writing.stated import Record
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.shape import Shape

ORDER = ("deny", "pend", "partial", "approve")
"""Recommendations, the strictest first."""
DIRECTIONS = ("stricter", "looser")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a policy and its readings; `waived` are criteria that it sets aside."""

    name: str
    policy: Policy
    readings: Mapping[str, str]
    waived: frozenset[str] = frozenset()


def only_source(side: Side, reference: int) -> Side:
    """Return `side` with every criterion set aside that is not cited to `reference`; PolicyError if nothing is."""
    waived = without_source(side.policy, reference)
    name = f"{side.name}, reference {reference} alone"
    return Side(name, waiving(side.policy, waived), side.readings, side.waived.union(waived))


@dataclass(frozen=True)
class Example:
    """A record on which two sides differ, as usual as can be, and what each decides.

    `statuses` are what they say of what is compared.
    """

    record: Record
    decisions: tuple[Decision, Decision]
    statuses: tuple[str, str]
    departures: tuple[Departure, ...]


@dataclass(frozen=True)
class Comparison:
    """How the other side stands on one thing: the recommendation (overall), a clause or a body.

    `verdict` is equivalent, stricter, looser, incomparable, or unsettled if the search ended before or could not tell.
    `examples` are by direction, each decided by both sides. `unstated` holds, where the search found a difference and
    no example of it, what no case file can state of the record. `proved` says over which records the directions without
    an example are impossible: all, or complete (with nothing open); `engine` is the second engine that confirmed it.
    """

    kind: str
    id: str
    verdict: str = "unsettled"
    examples: Mapping[str, Example] | None = None
    proved: str = ""
    engine: str = ""
    unstated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Diff:
    """How side `there` compares with side `here`: overall, by clause and by body.

    `vocabulary` tells in sentences what only one of them has. Verdicts are about all records with a request, up to
    `room`.
    """

    here: Side
    there: Side
    room: Shape
    vocabulary: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    stopped: str = ""

    @property
    def overall(self) -> Comparison:
        """The comparison of recommendations."""
        return self.comparisons[0]

    @property
    def clauses(self) -> tuple[Comparison, ...]:
        """The comparisons of clauses that both have."""
        return tuple(c for c in self.comparisons if c.kind == "clause")

    @property
    def bodies(self) -> tuple[Comparison, ...]:
        """The comparisons of vertebral bodies."""
        return tuple(c for c in self.comparisons if c.kind == "body")

    @property
    def equivalent(self) -> bool:
        """Whether both decide every record alike."""
        return self.overall.verdict == "equivalent"

    @property
    def alike(self) -> bool:
        """Whether nothing that was compared differs: the recommendation, no clause and no body."""
        return all(comparison.verdict == "equivalent" for comparison in self.comparisons)
