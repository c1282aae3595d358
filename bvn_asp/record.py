"""The sections of a patient record and its request. They know nothing of the policy or of clingo.

Every field may be left out or be `unknown`; both mean that the record does not state it.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from bvn_asp.fields import (
    Answer,
    Bodies,
    Date,
    Known,
    Levels,
    Listed,
    MassIndex,
    Millimetres,
    Months,
    OpenList,
    TScore,
    Units,
    Weeks,
    Years,
)
from bvn_asp.section import Section, described

FindingKind = Literal[
    "disc_herniation", "spondylolisthesis", "spondylolysis", "facet_arthropathy", "stenosis", "segmental_instability",
    "degenerative_scoliosis", "compression_fracture", "traumatic_fracture", "trauma", "tumor", "infection", "deformity",
    "other_pathology",
]  # fmt: skip
SurgeryKind = Literal[
    "discectomy", "laminectomy", "laminotomy", "foraminotomy", "fusion", "disc_replacement", "vertebral_augmentation",
    "other",
]  # fmt: skip
DrugClass = Literal[
    "narcotic_analgesic", "non_narcotic_analgesic", "muscle_relaxant", "neuroleptic", "anti_inflammatory", "other"
]
Feature = Literal[
    "inflammation", "edema", "endplate_change", "endplate_fissuring", "vascularized_fibrous_tissue",
    "hypointense_signal", "fatty_marrow", "hyperintense_signal",
]  # fmt: skip
ModicType = Literal["type_1", "type_2", "type_3", "type_1_2", "type_1_3", "type_2_3"]
Severity = Literal["none", "mild", "moderate", "severe"]
Symptom = Literal["absent", "secondary", "primary"]


class Patient(Section):
    """Who the patient is."""

    age: Years = described("years; or give birth_date")
    birth_date: Date = None
    skeletal_maturity_documented: Answer = None
    body_mass_index: MassIndex = described("kg/m2")
    lumbar_vertebrae: Annotated[Literal["five", "six"] | None, Known] = described(
        "if the record states it; otherwise standard anatomy is assumed"
    )


class Pain(Section):
    """The low back pain."""

    low_back: Answer = None
    months: Months = described("duration; or give onset")
    onset: Date = None
    clinician_severity: Annotated[Severity | None, Known] = None
    patient_severity: Annotated[Severity | None, Known] = None
    functional_deficit: Answer = described("the pain causes a functional deficit")
    significant_limitation: Answer = described("the deficit is a significant limitation")


class Treatment(Section):
    """One conservative treatment; a bare status word stands for a treatment of that status."""

    status: Annotated[Literal["received", "not_received", "contraindicated"] | None, Known] = None
    received: Answer = described("instead of status, where only one of the two is known")
    contraindicated: Answer = None
    weeks: Weeks = None

    @classmethod
    def prepare(cls, content: Any) -> Any:
        """Return `content` as fields by name: a bare status too."""
        found = super().prepare(content)
        return {"status": found} if isinstance(found, str) else found

    def conflicts(self) -> Iterator[str]:
        """Yield what is wrong between fields."""
        if self.status is not None and (self.received is not None or self.contraindicated is not None):
            yield "give either status, or received and contraindicated"


class Pharmacotherapy(Treatment):
    """Drug treatment of the pain."""

    drug_classes: Annotated[tuple[DrugClass, ...] | None, Listed] = None


class Therapies(Section):
    """Each listed therapy; injections by kind."""

    activity_avoidance: Treatment = Treatment.blank()
    physical_therapy: Treatment = Treatment.blank()
    chiropractic: Treatment = Treatment.blank()
    cognitive_therapy: Treatment = Treatment.blank()
    pharmacotherapy: Pharmacotherapy = Pharmacotherapy.blank()
    epidural_injection: Treatment = Treatment.blank()
    facet_injection: Treatment = Treatment.blank()


class ConservativeCare(Section):
    """Non-surgical management."""

    weeks: Weeks = described("whole course; or give start and end")
    start: Date = None
    end: Date = None
    documentation_attached: Answer = None
    pain_improved: Answer = described("significant improvement in pain")
    disability_improved: Answer = described("significant improvement in disability")
    therapies: Therapies = Therapies.blank()


class ModicFinding(Section):
    """One Modic change."""

    levels: Levels = described("body, disc, or a list of them")
    endplate: Annotated[Literal["superior", "inferior", "both"] | None, Known] = None
    type: Annotated[ModicType | None, Known] = None
    stated_by_radiologist: Answer = None
    stated_by_clinician: Answer = None
    features: Annotated[tuple[Feature, ...] | None, Listed] = None


class Mri(Section):
    """Magnetic resonance imaging."""

    radiologist_report: Answer = described("a report with a radiologist's interpretation is there")
    modic_changes: Annotated[tuple[ModicFinding, ...] | None, Listed] = None


class Finding(Section):
    """One finding other than a Modic change, and what the reviewer makes of it."""

    kind: FindingKind
    levels: Levels = None
    shown_by: Annotated[tuple[Literal["imaging", "clinical_assessment"], ...] | None, Listed] = None
    correlates: Answer = described("correlates with the predominant physical complaints")
    likely_source: Answer = described("judged a likely source of this pain")
    complicates: Answer = described("could complicate the procedure and its outcome")
    shape: Annotated[Literal["protrusion", "extrusion"] | None, Known] = described("disc_herniation")
    size_mm: Millimetres = described("disc_herniation")
    slip_mm: Millimetres = described("spondylolisthesis")
    facet_pain: Answer = described("facet_arthropathy: with facet-mediated pain")
    healed: Answer = described("fractures and trauma")
    active: Answer = described("infection")

    def conflicts(self) -> Iterator[str]:
        """Yield what is wrong between fields."""
        for name, kinds in DETAILS.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                yield f"{name} goes with {' or '.join(kinds)}, not with {self.kind}"


DETAILS: dict[str, tuple[str, ...]] = {
    "shape": ("disc_herniation",),
    "size_mm": ("disc_herniation",),
    "slip_mm": ("spondylolisthesis",),
    "facet_pain": ("facet_arthropathy",),
    "healed": ("compression_fracture", "traumatic_fracture", "trauma"),
    "active": ("infection",),
}
"""Fields of a finding that go with some kinds only."""


class Findings(Section):
    """Findings present, and kinds of finding stated to be absent; other kinds are unknown."""

    present: Annotated[tuple[Finding, ...], OpenList] = ()
    absent: Annotated[tuple[FindingKind, ...], OpenList] = ()
    additional_pathology: Annotated[Literal["absent"] | None, Known] = described(
        "absent: assessment found nothing else that could cause the symptoms or complicate the procedure"
    )

    def conflicts(self) -> Iterator[str]:
        """Yield what is wrong between fields."""
        both = sorted({finding.kind for finding in self.present} & set(self.absent))
        if both:
            yield f"stated both present and absent: {', '.join(both)}"


class Surgery(Section):
    """One earlier spine surgery."""

    kind: Annotated[SurgeryKind | None, Known] = None
    levels: Levels = None
    months_before_procedure: Months = described("or give date")
    date: Date = None
    radicular_pain: Annotated[Literal["resolved", "persists", "never_present"] | None, Known] = None
    likely_source: Answer = described("its post-surgical change is judged a likely source of this pain")
    complicates: Answer = described("its post-surgical change could complicate the procedure")


class Ablation(Section):
    """One earlier ablation of the basivertebral nerve."""

    bodies: Bodies = None
    date: Date = None
    completed: Answer = None
    thermal: Answer = None


class BehavioralHealth(Section):
    """Behavioural-health assessment."""

    assessed: Answer = None
    formal: Answer = None
    recorded: Answer = described("recorded in the medical record")
    risk_factors_found: Answer = None
    resources_provided: Answer = None


class Conditions(Section):
    """Other conditions of the patient."""

    cardiac_compromise: Annotated[Severity | None, Known] = None
    pulmonary_compromise: Annotated[Severity | None, Known] = None
    systemic_infection: Answer = described("active systemic infection")
    bleeding_diathesis: Answer = None
    anticoagulated: Answer = described("on anticoagulation, without a diathesis of its own")
    pregnancy: Answer = None
    neurogenic_claudication: Annotated[Symptom | None, Known] = None
    radiculopathy: Annotated[Symptom | None, Known] = None
    radicular_pain: Annotated[Symptom | None, Known] = None
    nerve_compression: Annotated[Symptom | None, Known] = None
    t_score: TScore = described("lowest T-score")
    osteoporosis_diagnosed: Answer = None
    osteoporosis_correlates: Answer = None
    fragility_fracture: Answer = described("fragility fracture of the spine at any time")
    fragility_fracture_correlates: Answer = None
    spinal_cancer: Annotated[Literal["none", "history", "active"] | None, Known] = None
    spinal_cancer_correlates: Answer = None
    systemic_disease: Answer = described("advanced generalized systemic disease")
    limits_quality_of_life: Answer = described("it limits improvement in quality of life")
    objective_stated: Answer = described("the objective of treatment is stated")
    substance_use_active: Answer = None
    substance_use_treated: Answer = None
    pulse_generator: Answer = None
    other_electronic_implant: Answer = None
    precautions_taken: Answer = described("specific safety precautions for the implant")


class Anaesthesia(Section):
    """Sedation planned."""

    planned: Annotated[Literal["none", "local", "mild", "moderate", "deep", "general"] | None, Known] = None
    necessity_documented: Answer = None


class Request(Section):
    """What is asked for, and when."""

    bodies: Bodies = None
    units: dict[str, Units] = described("units asked for, by procedure code", {})
    date: Date = None
    planned_procedure_date: Date = None
