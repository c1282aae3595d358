"""The shape that a case needs: the least room that holds what it states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from bvn_asp.policy.shape import CORE_BODIES, MOST_SHARED, WIDE_BODIES, Shape
from bvn_asp.record.anatomy import OPTIONAL_BODIES, SPANNING_DISCS, bodies_of
from bvn_asp.record.forms import MOST_ITEMS

if TYPE_CHECKING:
    from bvn_asp.record.case import Case


ANATOMY = "lumbar_vertebrae"
"""The question of what is assumed of an anatomy that the record does not speak of."""


def room_for(case: Case, readings: Collection[str] = ()) -> Shape:
    """Return the least shape that has room for `case` under `readings`, the questions not read by default."""
    return shape_of(case, other_anatomy=ANATOMY in readings or unusual_anatomy(case) or names_other_anatomy(case))


def unusual_anatomy(case: Case) -> bool:
    """Tell whether `case` leaves another number of lumbar vertebrae than five possible by what it states."""
    return case.said("patient.lumbar_vertebrae") is not None and case.exact("patient.lumbar_vertebrae") != ("five",)


def names_optional_body(case: Case) -> bool:
    """Tell whether `case` names, anywhere, a body that is there in some patients only."""
    return not OPTIONAL_BODIES.isdisjoint(_placed(case) | case.ablated)


def names_spanning_disc(case: Case) -> bool:
    """Tell whether `case` names a disc that is there only in a patient without the body between."""
    return not set(case.levels()).isdisjoint(SPANNING_DISCS)


def names_other_anatomy(case: Case) -> bool:
    """Tell whether `case` names what is not there in the usual anatomy."""
    return names_optional_body(case) or names_spanning_disc(case)


def _placed(case: Case) -> set[str]:
    """Return the bodies that are requested, or that something lies at."""
    return {body for level in case.levels() for body in bodies_of(level)}


def shape_of(case: Case, *, other_anatomy: bool) -> Shape:
    """Return the least shape that has room for `case`, a further entry of each list included unless it is whole.

    Another anatomy than the usual needs more bodies.
    """
    absent = case.exact("findings.absent") or ()
    counts = Counter(
        kind for i in range(len(case.entries("findings.present"))) for kind in case.exact(f"findings.present[{i}].kind")
    )
    wanted = {kind: count + (kind not in absent) for kind, count in counts.items()}
    named = _placed(case)
    # A request whose bodies are not known may be for any.
    anywhere = case.requested and not case.bodies
    wide = other_anatomy or anywhere or not named <= set(CORE_BODIES)
    return Shape(
        bodies=(*WIDE_BODIES, *sorted(named - set(WIDE_BODIES))) if wide else CORE_BODIES,
        findings=min(_room(max(wanted.values(), default=0)), MOST_SHARED),
        surgeries=_room(_count(case, "surgeries", "other_surgeries")),
        modic=_room(_count(case, "mri.modic_changes", "mri.other_modic_changes")),
        crowded=tuple((kind, _room(count)) for kind, count in sorted(wanted.items()) if count > MOST_SHARED),
    )


def _count(case: Case, path: str, closing: str) -> int:
    return len(case.entries(path)) + int(case.exact(closing) != ("absent",))


def _room(count: int) -> int:
    """Round up to a power of two, so that few programs serve all cases, but not beyond a full list and one more."""
    return min(1 << max(count - 1, 0).bit_length(), MOST_ITEMS + 1)
