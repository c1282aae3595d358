"""From a case to facts: the only translator. Every fact carries the field of the record that states it.

Facts are terms, never text: nothing that a record says is ever parsed as a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

from bvn_asp.case import Case
from bvn_asp.durations import months_between, weeks_between, years_between
from bvn_asp.record import Ablation, DrugClass, Feature, Finding, FindingKind, Surgery, Treatment
from bvn_asp.shape import Shape, shape_of
from bvn_asp.spine import discs_between
from bvn_asp.terms import FORMS, Term, name_of

if TYPE_CHECKING:
    from bvn_asp.policy import Policy

ANATOMY = "lumbar_vertebrae"
"""The question that a record itself can answer."""

ANSWERS: tuple[tuple[str, Term], ...] = (
    ("patient.skeletal_maturity_documented", "skeletal_maturity"),
    ("pain.low_back", "low_back_pain"),
    ("pain.functional_deficit", "functional_deficit"),
    ("pain.significant_limitation", "significant_limitation"),
    ("conservative_care.documentation_attached", "care_documented"),
    ("conservative_care.pain_improved", "pain_improved"),
    ("conservative_care.disability_improved", "disability_improved"),
    ("mri.radiologist_report", "mri_report"),
    ("behavioral_health.assessed", "behavioral_assessment"),
    ("behavioral_health.formal", "assessment_formal"),
    ("behavioral_health.recorded", "assessment_recorded"),
    ("behavioral_health.risk_factors_found", "risk_factors_found"),
    ("behavioral_health.resources_provided", "resources_provided"),
    *(
        (f"conditions.{name}", name)
        for name in (
            "systemic_infection", "bleeding_diathesis", "anticoagulated", "pregnancy", "osteoporosis_diagnosed",
            "osteoporosis_correlates", "fragility_fracture", "fragility_fracture_correlates",
            "spinal_cancer_correlates", "systemic_disease", "limits_quality_of_life", "objective_stated",
            "substance_use_active", "substance_use_treated", "pulse_generator", "other_electronic_implant",
            "precautions_taken",
        )
    ),
    ("anaesthesia.necessity_documented", "sedation_necessity"),
)  # fmt: skip
CHOICES: tuple[tuple[str, Term], ...] = (
    ("pain.clinician_severity", "clinician_severity"),
    ("pain.patient_severity", "patient_severity"),
    ("conditions.cardiac_compromise", "cardiac_compromise"),
    ("conditions.pulmonary_compromise", "pulmonary_compromise"),
    ("conditions.neurogenic_claudication", ("symptom", "neurogenic_claudication")),
    ("conditions.radiculopathy", ("symptom", "radiculopathy")),
    ("conditions.radicular_pain", ("symptom", "radicular_pain")),
    ("conditions.nerve_compression", ("symptom", "nerve_compression")),
    ("conditions.spinal_cancer", "spinal_cancer"),
    ("anaesthesia.planned", "planned_sedation"),
)
_READ = {path: attrgetter(path) for path, _ in (*ANSWERS, *CHOICES)}


@dataclass(frozen=True)
class Facts:
    """What a case states, in the policy's words.

    `stated`: the input atoms that hold. `numbers`: exact values in their units. `fields`: the record's field for
    every fact, number and choice, stated or not. `names`: what an entity is called, beyond its kind. `entries`: the
    entry of the record behind an entity.
    """

    shape: Shape
    stated: list[Term] = field(default_factory=list)
    numbers: dict[Term, Decimal] = field(default_factory=dict)
    fields: dict[Term, str] = field(default_factory=dict)
    names: dict[Term, str] = field(default_factory=dict)
    entries: dict[Term, str] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)

    def subjects(self) -> set[Term]:
        """Return the facts, numbers and choices that are stated either way."""
        return {term[1] for term in self.stated if isinstance(term, tuple) and term[0] in FORMS}

    def terms(self) -> list[Term]:
        """Return everything as facts of the policy program, the room they need included."""
        return [*self.shape.terms(), *self.stated]


def facts_for(
    case: Case,
    policy: Policy,
    readings: Mapping[str, str],
    *,
    assume_absent: bool | None = None,
    shape: Shape | None = None,
) -> Facts:
    """Translate `case` for `policy` under `readings` (the defaults left out).

    `assume_absent` overrides what the record says of its own completeness; `shape` is the room to fill, if it is to
    be larger than the case needs.
    """
    return _Translation(case, policy, readings, assume_absent, shape).facts


class _Translation:
    def __init__(
        self,
        case: Case,
        policy: Policy,
        readings: Mapping[str, str],
        assume_absent: bool | None,
        shape: Shape | None,
    ) -> None:
        self.case, self.policy = case, policy
        readings = _with_anatomy(case, policy, readings)
        self.facts = Facts(shape or shape_of(case, other_anatomy=ANATOMY in readings), readings=readings)
        self.fields, self.stated = self.facts.fields, self.facts.stated
        self.sites = _sites(self.facts.shape.bodies)
        self.procedure, self.planned = case.procedure_date, case.request.planned_procedure_date is not None
        self.request = case.request.date
        for path, term in ANSWERS:
            self.answer(term, _READ[path](case), path)
        for path, term in CHOICES:
            self.choice(term, _READ[path](case), path)
        self.patient()
        self.care()
        self.modic()
        self.findings()
        self.surgeries()
        self.ablations()
        requested = case.request.bodies or ()
        for body in self.facts.shape.bodies:
            self.answer(("requested", body.lower()), body in requested, "request.bodies")
        for question, option in self.facts.readings.items():
            self.stated.append(("selected", question, option))
        if case.record_complete if assume_absent is None else assume_absent:
            self.close()

    def answer(self, term: Term, value: bool | None, path: str) -> None:
        self.fields[term] = path
        if value is not None:
            self.stated.append(("yes" if value else "no", term))

    def choice(self, term: Term, value: str | None, path: str) -> None:
        self.fields[term] = path
        if value is not None:
            self.stated.append(("is", term, value))

    def number(self, term: Term, value: Decimal | None, path: str) -> None:
        self.fields[term] = path
        if value is not None:
            self.facts.numbers[term] = value
            self.stated.append(("value", term, int(value * self.policy.scale)))

    def until(self, moment: str, term: Term, value: Decimal | None, quantity: str, path: str) -> None:
        """State a time that ends at `moment`; while the procedure has no date, only if no later day could matter."""
        if moment == "request" or self.planned or value is None:
            self.number(term, value, path)
            return
        limits = [limit for (_, measured), limit in self.policy.thresholds.items() if measured == quantity]
        passed = value * self.policy.scale > max(limits, default=0)
        self.number(term, value if passed else None, path if passed else "request.planned_procedure_date")

    def patient(self) -> None:
        patient, pain, conditions = self.case.patient, self.case.pain, self.case.conditions
        self.number("body_mass_index", patient.body_mass_index, "patient.body_mass_index")
        self.number("t_score", conditions.t_score, "conditions.t_score")
        for moment, day in (("procedure", self.procedure), ("request", self.request)):
            if patient.birth_date is None:
                self.number(("age", moment), patient.age, "patient.age")
            else:
                age = years_between(patient.birth_date, day) if day is not None else None
                path = "patient.birth_date" if day is not None else "request.date"
                self.until(moment, ("age", moment), age, "age", path)
            if pain.onset is None:
                self.number(("pain_duration", moment), pain.months, "pain.months")
            else:
                months = months_between(pain.onset, day) if day is not None else None
                path = "pain.onset" if day is not None else "request.date"
                self.until(moment, ("pain_duration", moment), months, "pain_duration", path)

    def care(self) -> None:
        care = self.case.conservative_care
        weeks, path = care.weeks, "conservative_care.weeks"
        if weeks is None and (care.start is not None or care.end is not None):
            path = "conservative_care.end" if care.end is None else "conservative_care.start"
            weeks = weeks_between(care.start, care.end) if care.start is not None and care.end is not None else None
        self.number("care_duration", weeks, path)
        for name in type(care.therapies).model_fields:
            treatment: Treatment = getattr(care.therapies, name)
            path = f"conservative_care.therapies.{name}"
            received, contraindicated = _STATUS.get(treatment.status, (treatment.received, treatment.contraindicated))
            self.answer(("received", name), received, path)
            self.answer(("contraindicated", name), contraindicated, path)
            self.number(("treatment_duration", name), treatment.weeks, f"{path}.weeks")
        drugs = care.therapies.pharmacotherapy.drug_classes
        for drug in get_args(DrugClass):
            known = None if drugs is None else drug in drugs
            self.answer(("drug_class", drug), known, "conservative_care.therapies.pharmacotherapy.drug_classes")

    def place(self, entity: Term, levels: tuple[str, ...] | None, path: str) -> None:
        """State for every body and disc whether `entity` lies there; nothing if its levels are unknown."""
        self.facts.entries[entity] = path
        for site, term in self.sites:
            self.answer(("at", entity, term), None if levels is None else site in levels, path)
        if levels is not None:
            self.facts.names[entity] = f"at {', '.join(levels)}"

    def present(self, term: Term, place: int, count: int | None, path: str) -> None:
        """State by `term` whether entry number `place` of a list of `count` entries is there."""
        unknown = count is None and place == 1
        self.answer(term, None if unknown else place <= (count or 0), path)

    def modic(self) -> None:
        changes = self.case.mri.modic_changes
        for place in range(1, self.facts.shape.modic + 1):
            entity: Term = ("modic", place)
            self.present(
                ("modic_present", entity), place, None if changes is None else len(changes), "mri.modic_changes"
            )
            if changes is None or place > len(changes):
                continue
            change, path = changes[place - 1], f"mri.modic_changes[{place - 1}]"
            self.place(entity, change.levels, f"{path}.levels")
            self.choice(("modic_type", entity), change.type, f"{path}.type")
            self.answer(("radiologist_states", entity), change.stated_by_radiologist, f"{path}.stated_by_radiologist")
            self.answer(("clinician_states", entity), change.stated_by_clinician, f"{path}.stated_by_clinician")
            for endplate in ("superior", "inferior"):
                known = None if change.endplate is None else change.endplate in (endplate, "both")
                self.answer(("endplate", entity, endplate), known, f"{path}.endplate")
            for feature in get_args(Feature):
                shown = None if change.features is None else feature in change.features
                self.answer(("feature", entity, feature), shown, f"{path}.features")

    def findings(self) -> None:
        findings = self.case.findings
        places: dict[str, list[int]] = {}
        for index, finding in enumerate(findings.present):
            places.setdefault(finding.kind, []).append(index)
        for kind in get_args(FindingKind):
            indices = places.get(kind, [])
            count = len(indices) if indices or kind in findings.absent else None
            for place in range(1, self.facts.shape.findings + 1):
                entity: Term = ("finding", kind, place)
                self.present(("present", entity), place, count, f"findings.present or findings.absent: {kind}")
                if place <= len(indices):
                    self.finding(
                        entity, findings.present[indices[place - 1]], f"findings.present[{indices[place - 1]}]"
                    )
                elif count is None and place == 1:
                    self.harmless(entity)

    def finding(self, entity: Term, finding: Finding, path: str) -> None:
        if finding.kind in self.policy.located_kinds:
            self.place(entity, finding.levels, f"{path}.levels")
        else:
            self.facts.entries[entity] = path
            if finding.levels is not None:
                self.facts.names[entity] = f"at {', '.join(finding.levels)}"
        for name in ("correlates", "likely_source", "complicates"):
            self.answer((name, entity), getattr(finding, name), f"{path}.{name}")
        for term, means in (("on_imaging", "imaging"), ("on_assessment", "clinical_assessment")):
            shown = None if finding.shown_by is None else means in finding.shown_by
            self.answer((term, entity), shown, f"{path}.shown_by")
        if finding.kind == "disc_herniation":
            self.choice(("shape", entity), finding.shape, f"{path}.shape")
            self.number(("size", entity), finding.size_mm, f"{path}.size_mm")
        elif finding.kind == "spondylolisthesis":
            self.number(("slip", entity), finding.slip_mm, f"{path}.slip_mm")
        elif finding.kind == "facet_arthropathy":
            self.answer(("facet_pain", entity), finding.facet_pain, f"{path}.facet_pain")
        elif finding.kind == "infection":
            self.answer(("active", entity), finding.active, f"{path}.active")
        elif finding.kind in ("compression_fracture", "traumatic_fracture", "trauma"):
            self.answer(("healed", entity), finding.healed, f"{path}.healed")

    def harmless(self, entity: Term) -> None:
        """What the absence of additional pathology says of a finding or surgery that the record does not state."""
        if self.case.findings.additional_pathology == "absent":
            for name in ("likely_source", "complicates"):
                self.answer((name, entity), False, "findings.additional_pathology")

    def surgeries(self) -> None:
        surgeries = self.case.surgeries
        for place in range(1, self.facts.shape.surgeries + 1):
            entity: Term = ("surgery", place)
            self.present(("present", entity), place, None if surgeries is None else len(surgeries), "surgeries")
            if surgeries is not None and place <= len(surgeries):
                self.surgery(entity, surgeries[place - 1], f"surgeries[{place - 1}]")
            elif surgeries is None and place == 1:
                self.harmless(entity)

    def surgery(self, entity: Term, surgery: Surgery, path: str) -> None:
        since: Term = ("time_since", entity)
        if surgery.date is None:
            self.number(since, surgery.months_before_procedure, f"{path}.months_before_procedure")
        else:
            months = months_between(surgery.date, self.procedure) if self.procedure is not None else None
            time_path = f"{path}.date" if self.procedure is not None else "request.planned_procedure_date"
            self.until("procedure", since, months, "time_since_surgery", time_path)
        self.place(entity, surgery.levels, f"{path}.levels")
        self.choice(("surgery_kind", entity), surgery.kind, f"{path}.kind")
        self.choice(("radicular_outcome", entity), surgery.radicular_pain, f"{path}.radicular_pain")
        self.answer(("likely_source", entity), surgery.likely_source, f"{path}.likely_source")
        self.answer(("complicates", entity), surgery.complicates, f"{path}.complicates")

    def ablations(self) -> None:
        ablations = self.case.ablations
        somewhere = ablations is None or any(ablation.bodies is None for ablation in ablations)
        for body in self.facts.shape.bodies:
            here = [ablation for ablation in ablations or () if body in (ablation.bodies or ())]
            term = body.lower()
            self.answer(("ablated", term), True if here else None if somewhere else False, "ablations")
            self.answer(("ablation_completed", term), _any(here, "completed"), "ablations")
            self.answer(("ablation_thermal", term), _any(here, "thermal"), "ablations")

    def close(self) -> None:
        """Take as absent what the record leaves unstated, wherever the policy allows it."""
        stated = self.facts.subjects()
        for term in self.facts.fields:
            if term not in stated and name_of(term) in self.policy.closable:
                self.stated.append(("assumed_absent", term))


def _with_anatomy(case: Case, policy: Policy, readings: Mapping[str, str]) -> dict[str, str]:
    """Read the anatomy as the record states it, which outranks what the run assumes."""
    stated = case.patient.lumbar_vertebrae
    if stated is None or ANATOMY not in policy.questions:
        return dict(readings)
    others = {question: option for question, option in readings.items() if question != ANATOMY}
    return others | policy.readings({ANATOMY: stated})


_STATUS: dict[str | None, tuple[bool | None, bool | None]] = {
    "received": (True, False),
    "not_received": (False, False),
    "contraindicated": (False, True),
}


def _any(ablations: list[Ablation], name: str) -> bool | None:
    answers = [getattr(ablation, name) for ablation in ablations]
    return True if True in answers else None if not answers or None in answers else False


def _sites(bodies: tuple[str, ...]) -> list[tuple[str, Term]]:
    discs: list[tuple[str, Term]] = [
        (f"{upper}-{lower}", ("disc", upper.lower(), lower.lower())) for upper, lower in discs_between(bodies)
    ]
    return [*((body, body.lower()) for body in bodies), *discs]
