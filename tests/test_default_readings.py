"""What the default readings decide of small records, and what the other options of the same question change."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bvn_asp import decide
from bvn_asp.record.case import Case

USUAL: dict[str, Any] = {
    "patient": {"age": 50, "body_mass_index": 30},
    "pain": {"low_back": True, "months": 12, "clinician_severity": "moderate", "functional_deficit": True},
    "conservative_care": {
        "weeks": 12, "pain_improved": "no", "disability_improved": "no",
        "therapies": {
            "activity_avoidance": "received", "physical_therapy": "received", "pharmacotherapy": "received",
            "chiropractic": "not_received", "cognitive_therapy": "not_received", "epidural_injection": "not_received",
            "facet_injection": "not_received",
        },
    },
    "mri": {
        "radiologist_report": True, "other_modic_changes": "absent",
        "modic_changes": [{"levels": "L4", "type": "type_1", "stated_by_radiologist": True}],
    },
    "findings": {"present": "none"},
    "surgeries": "none",
    "ablations": "none",
    "behavioral_health": {"assessed": True, "recorded": True, "resources_provided": True},
    "conditions": {
        "cardiac_compromise": "none", "pulmonary_compromise": "none", "systemic_infection": False,
        "bleeding_diathesis": False, "pregnancy": False, "neurogenic_claudication": "absent", "radiculopathy": "absent",
        "radicular_pain": "absent", "nerve_compression": "absent", "osteoporosis_diagnosed": False, "t_score": -1,
        "fragility_fracture": False, "spinal_cancer": "none", "systemic_disease": False, "substance_use_active": False,
        "pulse_generator": False, "other_electronic_implant": False,
    },
    "request": {"bodies": ["L4", "L5"]},
}  # fmt: skip
SEEN = {"shown_by": ["imaging", "clinical_assessment"], "correlates": False, "likely_source": False,
        "complicates": False}  # fmt: skip
KINDS = (
    "disc_herniation", "spondylolisthesis", "spondylolysis", "facet_arthropathy", "stenosis", "segmental_instability",
    "degenerative_scoliosis", "compression_fracture", "traumatic_fracture", "trauma", "tumor", "infection",
    "deformity", "sacroiliac_joint", "other_pathology",
)  # fmt: skip
OLD = {"kind": "discectomy", "levels": "L4-L5", "months_before_procedure": 14, "radicular_pain": "resolved",
       "likely_source": False, "complicates": False}  # fmt: skip


def changed(changes: dict[str, Any]) -> Case:
    """Return the usual case with `changes` by path; None leaves a field out."""
    content = copy.deepcopy(USUAL)
    for path, value in changes.items():
        *sections, name = path.split(".")
        place = content
        for section in sections:
            place = place[section]
        place.pop(name, None)
        if value is not None:
            place[name] = value
    return Case.model_validate(content)


def found(kind: str, **details: Any) -> dict[str, Any]:
    """Return the change to the usual case that adds one finding and no other."""
    return {"findings": {"present": [{"kind": kind, **SEEN, **details}], "absent": list(KINDS)}}


def surgery(**details: Any) -> dict[str, Any]:
    """Return the change to the usual case that adds one old discectomy and no other surgery."""
    return {"surgeries": [OLD | details], "other_surgeries": "absent"}


def ablation(**details: Any) -> dict[str, Any]:
    """Return the change to the usual case that adds one earlier ablation at L4 and no other."""
    return {"ablations": [{"bodies": "L4", **details}], "other_ablations": "absent"}


CARE = "conservative_care"
ROWS: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    # Changes to the usual case, readings, recommendation, and the criteria that fail.
    ({}, {}, "approve", ""),
    ({"request.date": "2025-06-01", "request.planned_procedure_date": "2025-09-01", "pain.months": 4}, {}, "deny",
     "i2"),
    ({f"{CARE}.documentation_missing": True}, {}, "deny", "i3"),
    ({f"{CARE}.documentation_attached": False}, {}, "deny", "i3"),
    ({f"{CARE}.documentation_attached": True}, {"care_record": "attached"}, "approve", ""),
    ({}, {"care_record": "attached"}, "pend", ""),
    ({f"{CARE}.pain_improved": "wore_off"}, {}, "approve", ""),
    ({f"{CARE}.pain_improved": "wore_off"}, {"worn_off_relief": "counts"}, "deny", "i3"),
    ({f"{CARE}.therapies.physical_therapy": "begun"}, {}, "deny", "i3"),
    ({f"{CARE}.therapies.physical_therapy": "begun"}, {"begun_therapy": "counts"}, "approve", ""),
    ({f"{CARE}.therapies.physical_therapy": "not_received", f"{CARE}.therapies.self_directed_exercise": "received"}, {},
     "deny", "i3"),
    ({f"{CARE}.therapies.physical_therapy": "not_received", f"{CARE}.therapies.self_directed_exercise": "received"},
     {"self_directed_exercise": "counts"}, "approve", ""),
    ({f"{CARE}.therapies.physical_therapy": "not_received", f"{CARE}.therapies.unspecified_injection": "received"}, {},
     "approve", ""),
    ({f"{CARE}.therapies.physical_therapy": "not_received", f"{CARE}.therapies.unspecified_injection": "received"},
     {"unspecified_injection": "does_not"}, "deny", "i3"),
    ({"mri.modic_changes": [{"levels": "L2-L3", "type": "type_1", "stated_by_radiologist": True}]}, {}, "approve", ""),
    ({"mri.modic_changes": [{"levels": "L2-L3", "type": "type_1", "stated_by_radiologist": True}]},
     {"modic_disc_edge": "within_range"}, "deny", "i4"),
    ({"mri.modic_changes": [{"levels": "L4", "type": "type_1_3", "stated_by_radiologist": True}]}, {}, "approve", ""),
    ({"mri.modic_changes": [{"levels": "L4", "type": "type_1_3", "stated_by_radiologist": True}]},
     {"mixed_modic": "does_not"}, "deny", "i4"),
    (surgery(), {}, "approve", ""),
    (surgery(likely_source=True), {}, "deny", "i5 n22"),
    (surgery(complicates=True), {}, "deny", "i5"),
    (surgery(complicates=True), {"old_decompression": "exception_prevails"}, "approve", ""),
    (surgery(likely_source=True), {"scar_explains": "does_not"}, "deny", "i5"),
    (surgery(), {"could_explain": "any_listed"}, "approve", ""),
    (surgery(), {"could_explain": "any_listed", "old_decompression": "indication_stands"}, "deny", "i5"),
    (found("sacroiliac_joint", likely_source=True), {}, "deny", "n15 n22"),
    (found("sacroiliac_joint", likely_source=True), {"vertebral_pathology": "any_finding"}, "deny", "i5 n15 n22"),
    (found("stenosis", levels="L4-L5", complicates=True), {}, "deny", "i5"),
    (found("stenosis", levels="L4-L5", complicates=True), {"vertebral_pathology": "of_the_vertebra"}, "approve", ""),
    (found("stenosis", levels="L4-L5"), {"could_explain": "any_present"}, "deny", "n22"),
    (found("deformity", significant=False), {"could_explain": "any_listed"}, "deny", "i5"),
    (found("deformity", significant=False), {"could_explain": "any_listed", "deformity": "significant"}, "approve", ""),
    (found("deformity", significant=False), {"could_explain": "any_listed", "deformity": "any"}, "deny", "i5 n22"),
    (found("spondylolisthesis", levels="S1", slip_mm=2, correlates=True), {}, "deny", "n8 n14"),
    (found("spondylolisthesis", levels="S1", slip_mm=2, correlates=True), {"listhesis_level": "lumbar_bodies"},
     "approve", ""),
    (found("spondylolisthesis", levels="T12-L1", slip_mm=2, correlates=True), {}, "approve", ""),
    (found("spondylolisthesis", levels="T12-L1", slip_mm=2, correlates=True), {"listhesis_level": "thoracolumbar"},
     "deny", "n8 n14"),
    (found("spondylolisthesis", levels="L4", slip_mm=2, correlates=True, direction="backward"), {}, "deny", "n8 n14"),
    (found("spondylolisthesis", levels="L4", slip_mm=2, correlates=True, direction="backward"),
     {"slip_direction": "forward"}, "approve", ""),
    (found("spondylolisthesis", levels="L4", meyerding_grade=2, correlates=True), {}, "pend", ""),
    (found("spondylolisthesis", levels="L4", meyerding_grade=2, correlates=True), {"meyerding_grade": "shows"}, "deny",
     "n8 n14"),
    (found("facet_arthropathy", levels="L4-L5", facet_pain="suspected", correlates=True), {}, "approve", ""),
    (found("facet_arthropathy", levels="L4-L5", facet_pain="suspected", correlates=True), {"facet_pain": "one"}, "deny",
     "n8 n14"),
    (found("facet_arthropathy", levels="L4-L5", facet_pain="suspected"), {"obvious_etiology": "any_listed"}, "deny",
     "n15"),
    (found("compression_fracture", levels="L4", healed=True), {}, "approve", ""),
    (found("compression_fracture", levels="L4", healed=True), {"healed_fracture": "counts"}, "partial", "n12"),
    (ablation(completed=True, thermal=True), {}, "partial", "i7 i9 n20"),
    (ablation(completed=False, thermal=True), {}, "approve", ""),
    (ablation(completed=False, thermal=True), {"earlier_ablation": "thermal"}, "partial", "i7 i9 n20"),
    (ablation(completed=True, thermal=False), {"earlier_ablation": "completed"}, "partial", "i7 i9 n20"),
    (ablation(), {}, "pend", ""),
    (ablation(), {"earlier_ablation": "any"}, "partial", "i7 i9 n20"),
    (ablation(bodies="L2", completed=True, thermal=True) | {"request.bodies": ["L2"]}, {}, "deny", ""),
    (ablation(bodies="L2", completed=True, thermal=True) | {"request.bodies": ["L2"]}, {"body_range": "unrestricted"},
     "approve", ""),
    (ablation(bodies="L2", completed=True, thermal=True) | {"request.bodies": ["L2"]},
     {"body_range": "unrestricted", "lifetime_range": "every_body"}, "deny", "i7 i9 n20"),
    ({}, {"obligations": "fact"}, "deny", "n20 n21"),
    ({}, {"obligations": "norm"}, "deny", "n20 n21"),
    ({"conditions.osteoporosis_diagnosed": True, "conditions.t_score": None}, {}, "deny", "n10"),
    ({"conditions.osteoporosis_diagnosed": True, "conditions.t_score": "not measured"}, {}, "deny", "n10"),
    ({"conditions.osteoporosis_diagnosed": True, "conditions.t_score": "unknown"}, {}, "pend", ""),
    ({"conditions.osteoporosis_diagnosed": True, "conditions.t_score": "-3 to -2"}, {}, "pend", ""),
    ({"conditions.osteoporosis_diagnosed": True}, {}, "approve", ""),
    ({"conditions.osteoporosis_diagnosed": True}, {"osteoporosis": "either"}, "deny", "n10"),
    ({"conditions.t_score": None}, {}, "pend", ""),
    ({"conditions.t_score": None, "record_complete": True}, {}, "approve", ""),
    ({"conditions.t_score": None, "conditions.osteoporosis_diagnosed": True, "record_complete": True}, {}, "deny",
     "n10"),
    ({"conditions.t_score": None, "conditions.osteoporosis_diagnosed": True}, {"osteoporosis": "score"}, "pend", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "readings", "recommendation", "failing"), ROWS)
def test_a_reading_decides_as_it_says(
    changes: dict[str, Any], readings: dict[str, str], recommendation: str, failing: str
) -> None:
    decision = decide(changed(changes), readings=readings)
    assert (decision.recommendation, " ".join((*decision.ids("unmet"), *decision.ids("violated")))) == (
        recommendation,
        failing,
    )


@pytest.mark.parametrize(("necessity", "flags"), [(None, ["i8"]), (False, ["i8"]), (True, [])])
def test_deep_sedation_without_stated_necessity_raises_a_flag(necessity: bool | None, flags: list[str]) -> None:
    planned = {"planned": "general"} | ({} if necessity is None else {"necessity_documented": necessity})
    decision = decide(changed({"anaesthesia": planned}))
    assert decision.recommendation == "approve"
    assert [flag.clause.id for flag in decision.flags] == flags


def test_a_body_above_the_range_is_refused_by_the_range_alone() -> None:
    case = changed(ablation(bodies="L2", completed=True, thermal=True) | {"request.bodies": ["L2", "L4"]})
    refused = {body.name: [clause.id for clause in body.refusals] for body in decide(case).bodies if body.refusals}
    assert refused == {"L2": ["l1"]}


@pytest.mark.parametrize(
    ("changes", "readings", "words"),
    [
        (
            surgery(likely_source=True), {"old_decompression": "exception_prevails"},
            "spine surgery at L4-L5: judged a likely source of the pain and not counted here,"
            " as question old decompression is read",
        ),
        (
            found("stenosis", levels="L4-L5", complicates=True), {"vertebral_pathology": "of_the_vertebra"},
            "spinal stenosis at L4-L5: judged a complication and not counted here,"
            " as question vertebral pathology is read",
        ),
    ],
)  # fmt: skip
def test_a_judgement_that_a_reading_sets_aside_is_shown(
    changes: dict[str, Any], readings: dict[str, str], words: str
) -> None:
    decision = decide(changed(changes), readings=readings)
    (criterion,) = [c for c in decision.criteria if c.clause.id == "i5"]
    assert criterion.status == "met"
    waiting, texts = [criterion.explanation], set[str]()
    while waiting:
        node = waiting.pop()
        texts.add(node.text)
        waiting += node.children
    assert words in texts
