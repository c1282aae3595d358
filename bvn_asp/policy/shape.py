"""Shapes: how much room a ground program must have, so that few programs serve all cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bvn_asp.record.table import FINDING_KINDS

if TYPE_CHECKING:
    from bvn_asp.policy.terms import Term

CORE_BODIES = ("L3", "L4", "L5", "S1")
"""Bodies that every run looks at."""
WIDE_BODIES = ("T12", "L1", "L2", "L3", "L4", "L5", "L6", "S1")
"""Bodies that a run looks at when a case names any other, or another anatomy; bodies elsewhere then join by name."""
MOST_SHARED = 2
"""Most findings of a kind for which every kind has room; where a case has more of a kind, that kind alone has."""
AMPLE = (2, 8)
"""Surgeries and Modic changes of a room that serves almost every case with as many findings of a kind."""
MOST_SIZE = 100_000
"""Largest size of a shape that is ground; that of a case file with every list at its bound is smaller."""


@dataclass(frozen=True)
class Shape:
    """What a ground program must have room for: bodies, and how many findings of a kind, surgeries, Modic findings.

    `crowded` names the kinds that have room for more findings than the others, with how many.
    """

    bodies: tuple[str, ...] = CORE_BODIES
    findings: int = 1
    surgeries: int = 1
    modic: int = 1
    crowded: tuple[tuple[str, int], ...] = ()

    def room(self, kind: str) -> int:
        """Return how many findings of `kind` there is room for."""
        return next((count for crowded, count in self.crowded if crowded == kind), self.findings)

    @property
    def size(self) -> int:
        """About how many ground atoms the shipped policy has in this room, known before it is ground."""
        entities = sum(map(self.room, FINDING_KINDS)) + self.surgeries + self.modic
        return 2_500 + len(self.bodies) * (120 + 14 * entities) + 60 * entities

    @cached_property
    def places(self) -> frozenset[Term]:
        """Everything that there is room for: bodies, findings, surgeries and Modic changes."""
        return frozenset(term[1] for term in self.terms() if isinstance(term, tuple))

    @property
    def is_wide(self) -> bool:
        """Whether there is room for more bodies than every run looks at."""
        return self.bodies != CORE_BODIES

    def serves(self, other: Shape) -> bool:
        """Tell whether a case that needs `other` can be decided in this room; one of four bodies asks for no more."""
        return self.is_wide is other.is_wide and self.places >= other.places

    def ample(self, bodies: Iterable[str]) -> Shape:
        """Return a room for almost every case on the same bodies or on `bodies`, or this one if it is unusual.

        Room for more findings is room for more of every kind, which costs more than it saves.
        """
        named = {*self.bodies, *bodies} - set(WIDE_BODIES)
        room = Shape((*WIDE_BODIES, *sorted(named)) if self.is_wide else self.bodies, self.findings, *AMPLE)
        return room if room.serves(self) else self

    def terms(self) -> Iterator[Term]:
        """Yield the facts that make this room."""
        for body in self.bodies:
            yield ("considered", body.lower())
        for kind in FINDING_KINDS:
            for place in range(1, self.room(kind) + 1):
                yield ("finding", ("finding", kind, place), kind)
        for place in range(1, self.surgeries + 1):
            yield ("surgery", ("surgery", place))
        for place in range(1, self.modic + 1):
            yield ("modic", ("modic", place))
