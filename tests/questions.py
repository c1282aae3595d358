"""Questions whose meaning is written out a second time, in Python over a case and its decision: for tests."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from bvn_asp.decision.decision import Decision
from bvn_asp.decision.shapes import shape_of, unusual_anatomy
from bvn_asp.policy.shape import WIDE_BODIES
from bvn_asp.record.case import Case
from bvn_asp.record.statements import Range, Said, Unmeasured

Meaning = Callable[[Case, Decision], bool]


def status(id: str, wanted: str) -> Meaning:
    return lambda case, decision: any(c.clause.id == id and c.status == wanted for c in decision.criteria)


def body(name: str, wanted: str) -> Meaning:
    return lambda case, decision: any(b.name == name and b.status == wanted for b in decision.bodies)


def failing(decision: Decision) -> set[str]:
    return {*decision.ids("unmet"), *decision.ids("violated")}


def low(case: Case, path: str) -> Decimal | None:
    said = case.said(path)
    return said.value.low if said is not None and isinstance(said.value, Range) else None


def high(case: Case, path: str) -> Decimal | None:
    said = case.said(path)
    return said.value.high if said is not None and isinstance(said.value, Range) else None


def at_least(path: str, limit: str, *, strict: bool = False) -> Meaning:
    def holds(case: Case, decision: Decision) -> bool:
        found = low(case, path)
        return found is not None and (found > Decimal(limit) if strict else found >= Decimal(limit))

    return holds


def at_most(path: str, limit: str) -> Meaning:
    def holds(case: Case, decision: Decision) -> bool:
        found = high(case, path)
        return found is not None and found <= Decimal(limit)

    return holds


def findings(kind: str) -> Callable[[Case], list[str]]:
    """Return what lists the paths of the certain findings of a kind."""

    def listed(case: Case) -> list[str]:
        paths = [f"findings.present[{i}]" for i in range(len(case.entries("findings.present")))]
        return [p for p in paths if case.exact(f"{p}.kind") == (kind,) and certain(case, p)]

    return listed


def certain(case: Case, path: str) -> bool:
    return bool(case.exact(f"{path}.certainty") != ("suspected",))


def entries(path: str) -> Callable[[Case], list[str]]:
    return lambda case: [p for i in range(len(case.entries(path))) if certain(case, p := f"{path}[{i}]")]


def some(listed: Callable[[Case], list[str]], name: str, wanted: Callable[[Said | None], bool]) -> Meaning:
    return lambda case, decision: any(wanted(case.said(f"{path}.{name}")) for path in listed(case))


def exactly(path: str, value: object) -> Meaning:
    return lambda case, decision: bool(case.exact(path) == value)


def includes(value: str) -> Callable[[Said | None], bool]:
    return lambda said: said is not None and isinstance(said.value, tuple) and value in said.value


def within(value: str) -> Callable[[Said | None], bool]:
    return lambda said: said is not None and said.value == (value,)


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
    "S1 requested": lambda case, decision: "S1" in case.bodies,
    "at least 3 bodies requested": lambda case, decision: len(case.bodies) >= 3,
    "exactly 2 bodies permissible": lambda case, decision: sum(b.status == "permissible" for b in decision.bodies) == 2,
    "at least 1 requested body refused": lambda case, decision: any(
        b.requested and b.status == "refused" for b in decision.bodies
    ),
    "exactly 2 criteria fail": lambda case, decision: len(failing(decision)) == 2,
    "at most 1 criteria undetermined": lambda case, decision: len(decision.ids("undetermined")) <= 1,
    "only reason is n5": lambda case, decision: decision.recommendation == "deny" and failing(decision) == {"n5"},
    "conditions.pregnancy is yes": exactly("conditions.pregnancy", True),
    "pregnancy unknown": lambda case, decision: case.exact("conditions.pregnancy") is None,
    "pain.clinician_severity is moderate": exactly("pain.clinician_severity", ("moderate",)),
    "clinician_severity includes severe": lambda case, decision: includes("severe")(
        case.said("pain.clinician_severity")
    ),
    "radiculopathy is present": lambda case, decision: (
        (said := case.said("conditions.radiculopathy")) is not None
        and isinstance(said.value, tuple) and "absent" not in said.value
    ),
    "conditions.t_score at most -2.5": at_most("conditions.t_score", "-2.5"),
    "t_score is not measured": exactly("conditions.t_score", Unmeasured()),
    "body_mass_index > 35.25 kg/m2": at_least("patient.body_mass_index", "35.25", strict=True),
    "body_mass_index = 28": exactly("patient.body_mass_index", Decimal(28)),
    "patient.body_mass_index < 40": lambda case, decision: (
        (found := high(case, "patient.body_mass_index")) is not None and found < 40
    ),
    "disc_herniation.size_mm > 5": lambda case, decision: any(
        (found := low(case, f"{path}.size_mm")) is not None and found > 5 for path in findings("disc_herniation")(case)
    ),
    "disc_herniation present": lambda case, decision: bool(findings("disc_herniation")(case)),
    "stenosis absent": lambda case, decision: (
        "stenosis" in (case.exact("findings.absent") or ())
        and not any(k == "stenosis" for i in range(len(case.entries("findings.present")))
                    for k in case.exact(f"findings.present[{i}].kind"))
    ),
    "infection at L4-L5": some(findings("infection"), "levels", includes("L4-L5")),
    "surgery.kind is fusion": some(entries("surgeries"), "kind", within("fusion")),
    "modic.type is type_2": some(entries("mri.modic_changes"), "type", within("type_2")),
    "modic[1] at L5": lambda case, decision: (
        "mri.modic_changes[0]" in entries("mri.modic_changes")(case)
        and includes("L5")(case.said("mri.modic_changes[0].levels"))
    ),
    "modic.features includes edema": some(entries("mri.modic_changes"), "features", includes("edema")),
    "stenosis.shown_by includes imaging": some(findings("stenosis"), "shown_by", includes("imaging")),
    "prior ablation at L4": lambda case, decision: any(
        includes("L4")(case.said(f"{path}.bodies")) for path in entries("ablations")(case)
    ),
    "chiropractic.received is yes": lambda case, decision: (
        case.exact("conservative_care.therapies.chiropractic.received") is True
        or case.exact("conservative_care.therapies.chiropractic.status") == ("received",)
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
    shape = shape_of(case, other_anatomy=unusual_anatomy(case))
    dates = (
        "patient.birth_date", "pain.onset", "conservative_care.start", "conservative_care.end",
        *(f"surgeries[{i}].date" for i in range(len(case.entries("surgeries")))),
    )  # fmt: skip
    unsaid = ("record_complete", "findings.additional_pathology", "patient.lumbar_vertebrae", *dates)
    return (
        set(shape.bodies) <= set(WIDE_BODIES)
        and (shape.findings, shape.surgeries) == (1, 1)
        and shape.modic <= 2
        and all(case.said(path) is None for path in unsaid)
    )
