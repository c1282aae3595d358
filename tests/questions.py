"""Questions whose meaning is written out a second time, in Python over a case and its decision: for tests."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from bvn_asp.case import Case
from bvn_asp.decision import Decision
from bvn_asp.shape import WIDE_BODIES, shape_of

Meaning = Callable[[Case, Decision], bool]


def status(id: str, wanted: str) -> Meaning:
    return lambda case, decision: any(c.clause.id == id and c.status == wanted for c in decision.criteria)


def body(name: str, wanted: str) -> Meaning:
    return lambda case, decision: any(b.name == name and b.status == wanted for b in decision.bodies)


def failing(decision: Decision) -> set[str]:
    return {*decision.ids("unmet"), *decision.ids("violated")}


def herniation(case: Case, test: Callable[[Decimal], bool]) -> bool:
    sizes = [f.size_mm for f in case.findings.present if f.kind == "disc_herniation"]
    return any(size is not None and test(size) for size in sizes)


ATOMS: dict[str, Meaning] = {
    "i3 unmet": status("i3", "unmet"),
    "i2 is met": status("i2", "met"),
    "n8 violated": status("n8", "violated"),
    "n8 undetermined": status("n8", "undetermined"),
    "n14b clear": status("n14b", "clear"),
    "n16 fails": status("n16", "violated"),
    "i4 passes": status("i4", "met"),
    "approve": lambda case, decision: decision.recommendation == "approve",
    "recommendation is deny": lambda case, decision: decision.recommendation == "deny",
    "partial": lambda case, decision: decision.recommendation == "partial",
    "pend": lambda case, decision: decision.recommendation == "pend",
    "eligible": lambda case, decision: decision.eligibility == "eligible",
    "eligibility is undetermined": lambda case, decision: decision.eligibility == "undetermined",
    "L4 refused": body("L4", "refused"),
    "L5 is permissible": body("L5", "permissible"),
    "S1 requested": lambda case, decision: "S1" in (case.request.bodies or ()),
    "at least 3 bodies requested": lambda case, decision: len(case.request.bodies or ()) >= 3,
    "exactly 2 bodies permissible": lambda case, decision: sum(b.status == "permissible" for b in decision.bodies) == 2,
    "at least 1 requested body refused": lambda case, decision: any(
        b.requested and b.status == "refused" for b in decision.bodies
    ),
    "exactly 2 criteria fail": lambda case, decision: len(failing(decision)) == 2,
    "at most 1 criteria undetermined": lambda case, decision: len(decision.ids("undetermined")) <= 1,
    "only reason is n5": lambda case, decision: decision.recommendation == "deny" and failing(decision) == {"n5"},
    "conditions.pregnancy is yes": lambda case, decision: case.conditions.pregnancy is True,
    "pregnancy unknown": lambda case, decision: case.conditions.pregnancy is None,
    "pain.clinician_severity is moderate": lambda case, decision: case.pain.clinician_severity == "moderate",
    "conditions.t_score at most -2.5": lambda case, decision: (
        case.conditions.t_score is not None and case.conditions.t_score <= Decimal("-2.5")
    ),
    "body_mass_index > 35.25 kg/m2": lambda case, decision: (
        case.patient.body_mass_index is not None and case.patient.body_mass_index > Decimal("35.25")
    ),
    "conservative_care.weeks is at least 6 weeks": lambda case, decision: (
        case.conservative_care.weeks is not None and case.conservative_care.weeks >= 6
    ),
    "disc_herniation.size_mm > 5": lambda case, decision: herniation(case, lambda size: size > 5),
    "disc_herniation present": lambda case, decision: any(f.kind == "disc_herniation" for f in case.findings.present),
    "stenosis absent": lambda case, decision: "stenosis" in case.findings.absent,
    "infection at L4-L5": lambda case, decision: any(
        f.kind == "infection" and "L4-L5" in (f.levels or ()) for f in case.findings.present
    ),
    "surgery.kind is fusion": lambda case, decision: any(s.kind == "fusion" for s in case.surgeries or ()),
    "modic.type is type_2": lambda case, decision: any(m.type == "type_2" for m in case.mri.modic_changes or ()),
    "modic[1] at L5": lambda case, decision: (
        bool(case.mri.modic_changes) and "L5" in ((case.mri.modic_changes or ())[0].levels or ())
    ),
    "modic.features includes edema": lambda case, decision: any(
        "edema" in (m.features or ()) for m in case.mri.modic_changes or ()
    ),
    "prior ablation at L4": lambda case, decision: any("L4" in (a.bodies or ()) for a in case.ablations or ()),
    "chiropractic.received is yes": lambda case, decision: (
        case.conservative_care.therapies.chiropractic.received is True
        or case.conservative_care.therapies.chiropractic.status == "received"
    ),
}  # fmt: skip

Question = tuple[str, Meaning]


def _joined(inner: st.SearchStrategy[Question]) -> st.SearchStrategy[Question]:
    def negated(part: Question) -> Question:
        return f"not ({part[0]})", lambda case, decision: not part[1](case, decision)

    def both(first: Question, second: Question) -> Question:
        return f"({first[0]}) and ({second[0]})", lambda c, d: first[1](c, d) and second[1](c, d)

    def either(first: Question, second: Question) -> Question:
        return f"({first[0]} or {second[0]})", lambda c, d: first[1](c, d) or second[1](c, d)

    return st.one_of(inner.map(negated), st.builds(both, inner, inner), st.builds(either, inner, inner))


QUESTIONS: st.SearchStrategy[Question] = st.recursive(
    st.sampled_from(sorted(ATOMS)).map(lambda text: (text, ATOMS[text])), _joined, max_leaves=5
)


def within_the_searches(case: Case) -> bool:
    """Tell whether `case` is among the records that a search is over: its room, taken as it stands, without dates."""
    shape = shape_of(case, other_anatomy=case.patient.lumbar_vertebrae == "six")
    return (
        set(shape.bodies) <= set(WIDE_BODIES)
        and (shape.findings, shape.surgeries) == (1, 1)
        and shape.modic <= 2
        and not case.record_complete
        and case.findings.additional_pathology is None
        and case.patient.lumbar_vertebrae is None
        and (case.patient.birth_date, case.pain.onset, case.conservative_care.start) == (None, None, None)
        and all(surgery.date is None for surgery in case.surgeries or ())
    )
