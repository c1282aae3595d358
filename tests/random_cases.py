"""Random records where criteria interact: near limits, with unknowns, with lists, and mostly approvable.

Each record starts as one that meets everything and departs from it in a few places, so that no single failure
hides all others.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, get_args

from bvn_asp.case import Case
from bvn_asp.policy import Policy
from bvn_asp.record import DrugClass, Feature, FindingKind, ModicType, SurgeryKind

Record = dict[str, Any]
_LEVELS = ("L2", "L3", "L4", "L5", "S1", "L6", "L2-L3", "L3-L4", "L4-L5", "L5-S1", "L5-L6", "T8", "S1-S2")
_YES_NO = (True, False, None)
_SEVERITIES = ("none", "mild", "moderate", "severe", None)
_SYMPTOMS = ("absent", "secondary", "primary", None)


def approvable(random: Random) -> Record:
    """Return a record that meets every criterion, for some of L3 to S1."""
    return {
        "patient": {"age": 50, "body_mass_index": 28, "skeletal_maturity_documented": True},
        "pain": {
            "low_back": True, "months": 12, "clinician_severity": "moderate", "patient_severity": "severe",
            "functional_deficit": True, "significant_limitation": True,
        },
        "conservative_care": {
            "weeks": 20, "documentation_attached": True, "pain_improved": False, "disability_improved": False,
            "therapies": {
                "activity_avoidance": {"status": "received", "weeks": 8},
                "physical_therapy": {"status": "received", "weeks": 8},
                "chiropractic": "not_received",
                "cognitive_therapy": "not_received",
                "pharmacotherapy": {"status": "received", "weeks": 8, "drug_classes": ["anti_inflammatory"]},
                "epidural_injection": "not_received",
                "facet_injection": "not_received",
            },
        },
        "mri": {
            "radiologist_report": True,
            "modic_changes": [
                {"levels": "L4-L5", "type": "type_1", "stated_by_radiologist": True, "features": ["edema"]},
            ],
        },
        "findings": {"absent": list(get_args(FindingKind))},
        "surgeries": [],
        "ablations": [],
        "behavioral_health": {
            "assessed": True, "formal": True, "recorded": True, "risk_factors_found": False, "resources_provided": True,
        },
        "conditions": {
            "cardiac_compromise": "none", "pulmonary_compromise": "none", "systemic_infection": False,
            "bleeding_diathesis": False, "anticoagulated": False, "pregnancy": False,
            "neurogenic_claudication": "absent", "radiculopathy": "absent", "radicular_pain": "absent",
            "nerve_compression": "absent", "t_score": "-1.0", "osteoporosis_diagnosed": False,
            "fragility_fracture": False, "spinal_cancer": "none", "systemic_disease": False,
            "substance_use_active": False, "pulse_generator": False, "other_electronic_implant": False,
        },
        "anaesthesia": {"planned": "mild"},
        "request": {"bodies": sorted(random.sample(["L3", "L4", "L5", "S1"], random.randint(1, 4)))},
    }  # fmt: skip


def random_record(random: Random) -> Record:
    """Return an approvable record with one to six departures."""
    record = approvable(random)
    for _ in range(random.randint(1, 6)):
        random.choice(DEPARTURES)(random, record)
    return record


def random_case(random: Random) -> Case:
    """Return the case of a random record."""
    return Case.model_validate(random_record(random))


def random_readings(random: Random, policy: Policy) -> dict[str, str]:
    """Return up to three questions read at random."""
    asked = random.sample(sorted(policy.questions), random.choice((0, 0, 1, 2, 3)))
    return {question: random.choice(sorted(policy.questions[question].options)) for question in asked}


def _field(path: str, *values: Any) -> Callable[[Random, Record], None]:
    def depart(random: Random, record: Record) -> None:
        *sections, name = path.split(".")
        for section in sections:
            record = record[section]
        record[name] = random.choice(values)

    return depart


def _treatment(random: Random, record: Record) -> None:
    therapies = record["conservative_care"]["therapies"]
    name = random.choice(sorted(therapies))
    status = random.choice(("received", "not_received", "contraindicated", None))
    therapies[name] = {"status": status, "weeks": random.choice((None, 6, "6.000001", 8))}
    if status is None and random.random() < 0.5:
        therapies[name] = {"received": random.choice(_YES_NO), "contraindicated": random.choice(_YES_NO)}
    if name == "pharmacotherapy":
        therapies[name]["drug_classes"] = random.choice((None, [], ["other"], [random.choice(get_args(DrugClass))]))


def _levels(random: Random) -> Any:
    return random.choice((None, [*random.sample(_LEVELS, random.randint(1, 2))]))


def _finding(random: Random, record: Record) -> None:
    findings = record["findings"]
    kind = random.choice(get_args(FindingKind))
    if random.random() < 0.25:
        findings["absent"] = [other for other in findings["absent"] if other != kind]
        return
    findings["absent"] = [other for other in findings["absent"] if other != kind]
    present: dict[str, Any] = {
        "kind": kind,
        "levels": _levels(random),
        "shown_by": random.choice((None, ["imaging"], ["clinical_assessment"], ["imaging", "clinical_assessment"])),
        **{name: random.choice((True, False, False, None)) for name in ("correlates", "likely_source", "complicates")},
    }
    if kind == "disc_herniation":
        present |= {
            "shape": random.choice(("protrusion", "extrusion", None)),
            "size_mm": random.choice((4, 5, "5.01", 6, None)),
        }
    if kind == "spondylolisthesis":
        present["slip_mm"] = random.choice(("1.99", 2, 3, None))
    if kind == "facet_arthropathy":
        present["facet_pain"] = random.choice(_YES_NO)
    if kind == "infection":
        present["active"] = random.choice(_YES_NO)
    if kind in ("compression_fracture", "traumatic_fracture", "trauma"):
        present["healed"] = random.choice(_YES_NO)
    findings.setdefault("present", []).append(present)


def _surgery(random: Random, record: Record) -> None:
    if random.random() < 0.15:
        record["surgeries"] = None
        return
    record["surgeries"] = [
        *(record["surgeries"] or []),
        {
            "kind": random.choice((*get_args(SurgeryKind), "discectomy", "laminectomy", None)),
            "levels": _levels(random),
            "months_before_procedure": random.choice((5, 6, "6.01", 40, None)),
            "radicular_pain": random.choice(("resolved", "resolved", "persists", "never_present", None)),
            "likely_source": random.choice((False, False, True, None)),
            "complicates": random.choice((False, False, True, None)),
        },
    ]


def _ablation(random: Random, record: Record) -> None:
    if random.random() < 0.15:
        record["ablations"] = None
        return
    record["ablations"] = [
        *(record["ablations"] or []),
        {
            "bodies": random.choice((None, ["L4"], ["L5"], ["L3", "S1"], ["L2"])),
            "completed": random.choice(_YES_NO),
            "thermal": random.choice(_YES_NO),
        },
    ]


def _modic(random: Random, record: Record) -> None:
    change = {
        "levels": _levels(random),
        "endplate": random.choice(("superior", "inferior", "both", None)),
        "type": random.choice((*get_args(ModicType), None)),
        "stated_by_radiologist": random.choice((True, True, False, None)),
        "stated_by_clinician": random.choice(_YES_NO),
        "features": random.choice((None, [], [random.choice(get_args(Feature))])),
    }
    kept = random.choice(([], record["mri"]["modic_changes"] or []))
    record["mri"]["modic_changes"] = random.choice((None, [], [*kept, change], [*kept, change], [*kept, change]))


def _request(random: Random, record: Record) -> None:
    bodies = ["L1", "L2", "L3", "L4", "L5", "L6", "S1", "T12", "T9"]
    record["request"] = random.choice(({}, {"bodies": random.sample(bodies, random.randint(1, 6))}))


def _forget(random: Random, record: Record) -> None:
    section = random.choice(("patient", "pain", "behavioral_health", "conditions", "anaesthesia"))
    if record[section]:
        record[section].pop(random.choice(sorted(record[section])))


_CONDITIONS = (
    "skeletal_maturity", "systemic_infection", "bleeding_diathesis", "anticoagulated", "pregnancy",
    "osteoporosis_diagnosed", "osteoporosis_correlates", "fragility_fracture", "fragility_fracture_correlates",
    "spinal_cancer_correlates", "systemic_disease", "limits_quality_of_life", "objective_stated",
    "substance_use_active", "substance_use_treated", "pulse_generator", "other_electronic_implant",
    "precautions_taken",
)  # fmt: skip
DEPARTURES: tuple[Callable[[Random, Record], None], ...] = (
    *(_field(f"conditions.{name}", *_YES_NO) for name in _CONDITIONS[1:]),
    *(_field(f"conditions.{name}", *_SEVERITIES) for name in ("cardiac_compromise", "pulmonary_compromise")),
    *(
        _field(f"conditions.{name}", *_SYMPTOMS)
        for name in ("neurogenic_claudication", "radiculopathy", "radicular_pain", "nerve_compression")
    ),
    _field("conditions.spinal_cancer", "none", "history", "active", None),
    _field("conditions.t_score", "-2.49", "-2.5", "-2.500001", 0, None),
    _field("patient.age", "17.999999", 18, 40, None),
    _field("patient.body_mass_index", 40, "40.004", "40.0001", 20, None),
    _field("patient.skeletal_maturity_documented", *_YES_NO),
    _field("patient.lumbar_vertebrae", "five", "six", None),
    _field("pain.months", "5.99", 6, 7, None),
    *(_field(f"pain.{name}", *_SEVERITIES) for name in ("clinician_severity", "patient_severity")),
    *(_field(f"pain.{name}", *_YES_NO) for name in ("low_back", "functional_deficit", "significant_limitation")),
    _field("conservative_care.weeks", 6, "6.000001", 8, None),
    *(
        _field(f"conservative_care.{name}", *_YES_NO)
        for name in ("documentation_attached", "pain_improved", "disability_improved")
    ),
    *(
        _field(f"behavioral_health.{name}", *_YES_NO)
        for name in ("assessed", "formal", "recorded", "risk_factors_found", "resources_provided")
    ),
    _field("anaesthesia.planned", "none", "mild", "moderate", "general", None),
    _field("anaesthesia.necessity_documented", *_YES_NO),
    _field("mri.radiologist_report", *_YES_NO),
    _field("record_complete", True, False),
    _field("findings.additional_pathology", "absent", None),
    *[_treatment] * 6,
    *[_finding] * 8,
    *[_surgery] * 5,
    *[_ablation] * 4,
    *[_modic] * 6,
    *[_request] * 4,
    *[_forget] * 5,
)
