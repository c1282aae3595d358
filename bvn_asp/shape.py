"""Shapes: how much room a ground program must have, so that few programs serve all cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from bvn_asp.case import Case
from bvn_asp.record import Finding, FindingKind, ModicFinding, Surgery
from bvn_asp.spine import bodies_of
from bvn_asp.terms import Term

CORE_BODIES = ("L3", "L4", "L5", "S1")
"""Bodies that every run looks at."""
WIDE_BODIES = ("T12", "L1", "L2", "L3", "L4", "L5", "L6", "S1")
"""Bodies that a run looks at when a case names any other, or another anatomy; bodies elsewhere then join by name."""


@dataclass(frozen=True)
class Shape:
    """What a ground program must have room for: bodies, and how many findings of a kind, surgeries, Modic findings."""

    bodies: tuple[str, ...] = CORE_BODIES
    findings: int = 1
    surgeries: int = 1
    modic: int = 1

    def terms(self) -> Iterator[Term]:
        """Yield the facts that make this room."""
        for body in self.bodies:
            yield ("considered", body.lower())
        for kind in get_args(FindingKind):
            for place in range(1, self.findings + 1):
                yield ("finding", ("finding", kind, place), kind)
        for place in range(1, self.surgeries + 1):
            yield ("surgery", ("surgery", place))
        for place in range(1, self.modic + 1):
            yield ("modic", ("modic", place))


def room_for(case: Case) -> Shape:
    """Return the shape of `case` as far as the case itself tells: readings can still change the anatomy."""
    return shape_of(case, other_anatomy=case.patient.lumbar_vertebrae == "six")


def shape_of(case: Case, *, other_anatomy: bool) -> Shape:
    """Return the least shape that has room for `case`; another anatomy than the usual needs more bodies."""
    kinds = [finding.kind for finding in case.findings.present]
    located: list[Finding | Surgery | ModicFinding] = [
        *case.findings.present, *(case.surgeries or ()), *(case.mri.modic_changes or ()),
    ]  # fmt: skip
    levels = [*(case.request.bodies or ()), *(level for item in located for level in item.levels or ())]
    named = {body for level in levels for body in bodies_of(level)}
    wide = other_anatomy or not named <= set(CORE_BODIES)
    return Shape(
        bodies=(*WIDE_BODIES, *sorted(named - set(WIDE_BODIES))) if wide else CORE_BODIES,
        findings=_room(max((kinds.count(kind) for kind in kinds), default=0)),
        surgeries=_room(len(case.surgeries or ())),
        modic=_room(len(case.mri.modic_changes or ())),
    )


def _room(count: int) -> int:
    """Round up to a power of two, so that few ground programs serve all cases."""
    return 1 << max(count - 1, 0).bit_length()
