"""The field table: one row for each field of a record. What a record can state stands here and nowhere else.

The models of a case, the adapter to facts and the way back, columns, SQL, synthetic cases, queries, what-if, the
schema and every form are made from these rows. A row without its fact in the policy, or a fact without its row, is an
error on load. To add a field is to add it in policy.lp and here.
"""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.record.field import Field, Mover, Table

SECTIONS: dict[str, str] = {
    "patient": "Who the patient is.",
    "pain": "The low back pain.",
    "conservative_care": "Non-surgical management.",
    "conservative_care.therapies": "Each listed therapy; injections by kind.",
    "mri": "Magnetic resonance imaging.",
    "findings": "Findings present, and kinds of finding stated to be absent; other kinds are unknown.",
    "behavioral_health": "Behavioural-health assessment.",
    "conditions": "Other conditions of the patient.",
    "anaesthesia": "Sedation planned.",
    "request": "What is asked for, when and by whom.",
}
"""The sections of a case file with what they are about, in the order in which a chart is read."""

TREATMENTS: dict[str, str] = {
    "activity_avoidance": "avoidance of activities that aggravate the pain",
    "physical_therapy": "physical therapy, or exercise directed by a professional",
    "self_directed_exercise": "exercise that nobody directs",
    "chiropractic": "chiropractic manipulation",
    "cognitive_therapy": "cognitive therapy",
    "pharmacotherapy": "drug treatment of the pain",
    "epidural_injection": "epidural injection",
    "facet_injection": "facet joint injection",
    "unspecified_injection": "spinal injection of unstated kind",
}
FINDING_KINDS = (
    "disc_herniation", "spondylolisthesis", "spondylolysis", "facet_arthropathy", "stenosis", "segmental_instability",
    "degenerative_scoliosis", "compression_fracture", "traumatic_fracture", "trauma", "tumor", "infection",
    "deformity", "sacroiliac_joint", "other_pathology",
)  # fmt: skip
LOCATED_KINDS = (
    "disc_herniation", "spondylolisthesis", "spondylolysis", "facet_arthropathy", "stenosis", "compression_fracture",
    "traumatic_fracture", "trauma", "infection",
)  # fmt: skip
"""Kinds of finding whose place the policy asks about."""
FRACTURES = ("compression_fracture", "traumatic_fracture", "trauma")
SEVERITIES = ("none", "mild", "moderate", "severe")
SYMPTOM = ("absent", "secondary", "primary")
PRESENT = (("present", ("secondary", "primary")),)
DRUG_CLASSES = (
    "narcotic_analgesic", "non_narcotic_analgesic", "muscle_relaxant", "neuroleptic", "anti_inflammatory", "other",
)  # fmt: skip
FEATURES = (
    "inflammation", "edema", "endplate_change", "endplate_fissuring", "vascularized_fibrous_tissue",
    "hypointense_signal", "fatty_marrow", "hyperintense_signal",
)  # fmt: skip
SURGERY_KINDS = (
    "discectomy", "laminectomy", "laminotomy", "foraminotomy", "fusion", "disc_replacement", "vertebral_augmentation",
    "other",
)  # fmt: skip
SOURCES = ("imaging", "clinical_assessment")
CARRIED_OUT = "thermal_ablation_completed(V)"
"""What is so of a body with one ablation that was both thermal and completed."""

MRI, NOTE, BEHAVIOR, CLAIMS, ORDER, REVIEW = (
    "MRI report", "treating clinician's note", "behavioural-health note", "own claims history",
    "ordering physician", "reviewer",
)  # fmt: skip


def _care() -> Iterator[Field]:
    parent = "conservative_care.therapies"
    for name, note in TREATMENTS.items():
        path = f"{parent}.{name}"
        # No injection is of unstated kind, except in a record.
        mover: Mover = "nobody" if name == "unspecified_injection" else "clinician"
        yield Field(
            f"{path}.status", "choice", note=f"{note}; a bare word stands for it",
            values=("received", "begun", "ordered", "not_received", "contraindicated"), ask=NOTE, mover=mover,
        )  # fmt: skip
        yield Field(f"{path}.received", "answer", f"received({name})", "instead of status, where only one of these is"
                    " known; says nothing of contraindication", ask=NOTE, mover=mover)  # fmt: skip
        yield Field(f"{path}.begun", "answer", f"begun({name})", "begun, completed or not", ask=NOTE, mover=mover)
        yield Field(f"{path}.contraindicated", "answer", f"contraindicated({name})", "for medical reasons; it may"
                    " have been received before", ask=NOTE, mover="nobody")  # fmt: skip
        yield Field(f"{path}.weeks", "number", f"treatment_duration({name})", "how long", "care_duration", "weeks", 0,
                    2000, ask=NOTE, mover=mover)  # fmt: skip
        if name == "pharmacotherapy":
            yield Field(f"{path}.drug_classes", "names", "drug_class(V)", "classes used; says nothing of others",
                        values=DRUG_CLASSES, ask=NOTE, mover="clinician")  # fmt: skip
            yield Field(f"{path}.other_drug_classes", "choice", note="absent: no class but those listed",
                        values=("absent",), closes=f"{path}.drug_classes", ask=NOTE)  # fmt: skip


def _condition(name: str, note: str = "", *, closable: bool = False, of: str = "", mover: Mover = "nobody",
               ask: str = NOTE) -> Field:  # fmt: skip
    parents = tuple(f"conditions.{parent}" for parent in of.split())
    return Field(f"conditions.{name}", "answer", name, note, closable=closable, parents=parents, mover=mover, ask=ask)


def _symptom(name: str, note: str) -> Field:
    return Field(
        f"conditions.{name}", "choice", f"symptom({name})", f"{note}; present: its rank is not known", values=SYMPTOM,
        groups=PRESENT, closable=True, ask=NOTE,
    )  # fmt: skip


def _located(entry: str, ask: str) -> Field:
    return Field(f"{entry}.levels", "levels", "at(X,V)", "body, disc, a list of them, or somewhere from L3 to S1",
                 ask=ask)  # fmt: skip


FIELDS: tuple[Field, ...] = (
    Field("case_id", "text", note="how the case is called; decides nothing", high=200),
    Field("story", "text", note="free text for readers; decides nothing", high=20_000),
    Field("record_complete", "answer", note="reviewed; conditions that it does not mention are absent"
          " (non-indications)", ask=REVIEW, mover="reviewer"),
    # Patient
    Field("patient.age", "number", "age(W)", "years; or give birth_date", "age", "years", 0, 150, ask=ORDER,
          mover="time"),
    Field("patient.birth_date", "date", "age(W)", span="years", ask=ORDER, mover="time"),
    Field("patient.sex", "choice", note="decides nothing", values=("female", "male", "other"), mover="nobody"),
    Field("patient.skeletal_maturity_documented", "answer", "skeletal_maturity", ask=NOTE,
          mover="records"),
    Field("patient.body_mass_index", "number", "body_mass_index", "kg/m2", "body_mass_index", "kg/m2", 5, 300, ask=NOTE,
          mover="nobody"),
    Field("patient.body_mass_index_date", "date", note="when it was measured; decides nothing"),
    Field("patient.lumbar_vertebrae", "choice", "lumbar_count",
          "if the record states it; otherwise standard anatomy is assumed", values=("four", "five", "six"), ask=MRI,
          mover="nobody"),
    Field("patient.l5_sacralised", "answer", note="L5 is fused to the sacrum; decides nothing", ask=MRI,
          mover="nobody"),
    # Pain
    Field("pain.low_back", "answer", "low_back_pain", ask=NOTE, mover="nobody"),
    Field("pain.months", "number", "pain_duration(W)", "duration until the request; or give onset", "pain_duration",
          "months", 0, 1800, ask=NOTE, mover="time"),
    Field("pain.onset", "date", "pain_duration(W)", span="months", ask=NOTE, mover="time"),
    Field("pain.clinician_severity", "choice", "clinician_severity", values=SEVERITIES, ask=NOTE, mover="nobody"),
    Field("pain.patient_severity", "choice", "patient_severity", values=SEVERITIES, ask=NOTE, mover="nobody"),
    Field("pain.score_at_rest", "number", note="0 to 10; decides nothing", high=10, ask=NOTE),
    Field("pain.score_in_activity", "number", note="0 to 10; decides nothing", high=10, ask=NOTE),
    Field("pain.location", "text", note="where it is felt; decides nothing", high=500, ask=NOTE),
    Field("pain.functional_deficit", "answer", "functional_deficit", "the pain causes a functional deficit", ask=NOTE,
          mover="nobody"),
    Field("pain.significant_limitation", "answer", "significant_limitation", "the deficit is a significant limitation",
          parents=("pain.functional_deficit",), ask=NOTE, mover="nobody"),
    # Conservative care
    Field("conservative_care.weeks", "number", "care_duration(W)",
          "whole course until the request; or give start and end", "care_duration", "weeks", 0, 2000, ask=NOTE,
          mover="clinician"),
    Field("conservative_care.start", "date", "care_duration(W)", span="weeks", ask=NOTE, mover="clinician"),
    Field("conservative_care.end", "date", "care_duration(W)", span="weeks", ask=NOTE, mover="clinician"),
    Field("conservative_care.documentation_missing", "answer", "care_undocumented",
          "the record says that the care is not documented", ask=NOTE),
    Field("conservative_care.documentation_attached", "answer", "care_documented", ask=NOTE,
          mover="records"),
    Field("conservative_care.pain_improved", "choice", "pain_improvement",
          "significant improvement in pain; wore_off: it did not last", values=("no", "wore_off", "yes"), ask=NOTE,
          mover="nobody"),
    Field("conservative_care.disability_improved", "choice", "disability_improvement",
          "significant improvement in disability; wore_off: it did not last", values=("no", "wore_off", "yes"),
          ask=NOTE, mover="nobody"),
    Field("conservative_care.diagnostic_block", "choice", note="what a diagnostic block was of; decides nothing",
          values=("medial_branch", "facet_joint", "sacroiliac_joint", "epidural", "other", "none"), ask=NOTE),
    Field("conservative_care.diagnostic_block_relief", "number", note="per cent of relief; decides nothing", high=100,
          parents=("conservative_care.diagnostic_block",), ask=NOTE),
    *_care(),
    # MRI
    Field("mri.radiologist_report", "answer", "mri_report", "a report with a radiologist's interpretation is there",
          ask=MRI, mover="records"),
    Field("mri.date", "date", note="when it was made; decides nothing", ask=MRI),
    Field("mri.read_in_full", "answer", note="imaging shows nothing but what is listed here", ask=REVIEW,
          mover="reviewer"),
    Field("mri.modic_changes[]", "list", "modic(X)", "Modic changes; none if there is none", ask=MRI),
    _located("mri.modic_changes[]", MRI),
    Field("mri.modic_changes[].endplate", "choice", "endplate(X)", values=("superior", "inferior", "both"), ask=MRI),
    Field("mri.modic_changes[].type", "choice", "modic_type(X)",
          values=("type_1", "type_2", "type_3", "type_1_2", "type_1_3", "type_2_3"), ask=MRI),
    Field("mri.modic_changes[].certainty", "choice", note="suspected: it is not known whether there is one",
          values=("certain", "suspected"), ask=MRI),
    Field("mri.modic_changes[].stated_by_radiologist", "answer", "radiologist_states(X)", ask=MRI),
    Field("mri.modic_changes[].stated_by_clinician", "answer", "clinician_states(X)", ask=NOTE),
    Field("mri.modic_changes[].features", "names", "feature(X,V)", "features shown; says nothing of others",
          values=FEATURES, ask=MRI),
    Field("mri.modic_changes[].other_features", "choice", note="absent: no feature but those listed",
          values=("absent",), closes="mri.modic_changes[].features", ask=MRI),
    Field("mri.other_modic_changes", "choice", note="absent: no Modic change but those listed", values=("absent",),
          closes="mri.modic_changes[]", ask=MRI),
    Field("mri.no_modic_change_at", "levels", note="bodies or discs without any Modic change", ask=MRI),
    # Findings
    Field("findings.present[]", "list", "finding(K,X)", "findings other than Modic changes", ask=MRI),
    Field("findings.present[].kind", "choice", note="which finding", values=FINDING_KINDS, ask=MRI),
    _located("findings.present[]", MRI),
    Field("findings.present[].certainty", "choice", note="suspected: it is not known whether it is there",
          values=("certain", "suspected"), ask=MRI),
    Field("findings.present[].side", "choice", note="decides nothing", values=("left", "right", "both"), ask=MRI),
    Field("findings.present[].shown_by", "names", "shown(V,X)", "what shows it; says nothing of the other source",
          values=SOURCES, ask=MRI),
    Field("findings.present[].not_shown_by", "names", "shown(V,X)", "what does not show it", values=SOURCES,
          denies=True, ask=MRI),
    Field("findings.present[].correlates", "answer", "correlates(X)", "correlates with the predominant physical"
          " complaints", ask=NOTE, mover="reviewer"),
    Field("findings.present[].likely_source", "answer", "likely_source(X)", "judged a likely source of this pain",
          ask=REVIEW, mover="reviewer"),
    Field("findings.present[].complicates", "answer", "complicates(X)",
          "could complicate the procedure and its outcome", ask=REVIEW, mover="reviewer"),
    Field("findings.present[].shape", "choice", "shape(X)", values=("protrusion", "extrusion"),
          kinds=("disc_herniation",), ask=MRI),
    Field("findings.present[].size_mm", "number", "size(X)", "mm", "disc_displacement", "mm", 0, 200,
          kinds=("disc_herniation",), ask=MRI),
    Field("findings.present[].slip_mm", "number", "slip(X)", "mm", "slip", "mm", 0, 200, kinds=("spondylolisthesis",),
          ask=MRI),
    Field("findings.present[].meyerding_grade", "number", "meyerding_grade(X)", "I to V as 1 to 5", "meyerding_grade",
          "grade", 1, 5, kinds=("spondylolisthesis",), ask=MRI),
    Field("findings.present[].direction", "choice", "direction(X)", values=("forward", "backward", "sideways"),
          kinds=("spondylolisthesis",), ask=MRI),
    Field("findings.present[].facet_pain", "choice", "facet_pain(X)",
          "with pain from the facet joint; suspected: clinically suspected", values=("no", "suspected", "yes"),
          kinds=("facet_arthropathy",), ask=NOTE),
    Field("findings.present[].healed", "answer", "healed(X)", kinds=FRACTURES, ask=MRI, mover="time"),
    Field("findings.present[].active", "answer", "active(X)", kinds=("infection",), ask=NOTE, mover="nobody"),
    Field("findings.present[].significant", "answer", "significant(X)", kinds=("deformity",), ask=MRI),
    Field("findings.absent", "names", "present(X)", "kinds of finding of which there is none, or no other",
          values=FINDING_KINDS, ask=MRI),
    Field("findings.assessment_read_in_full", "answer", note="clinical assessment shows nothing but what is listed"
          " here", ask=REVIEW, mover="reviewer"),
    Field("findings.additional_pathology", "choice", note="absent: assessment found nothing else that could cause the"
          " symptoms or complicate the procedure", values=("absent",), ask=REVIEW, mover="reviewer"),
    # Surgery and earlier ablation
    Field("surgeries[]", "list", "surgery(X)", "earlier spine surgery; none if there was none", ask=NOTE),
    Field("surgeries[].kind", "choice", "surgery_kind(X)", values=SURGERY_KINDS, ask=NOTE, mover="nobody"),
    _located("surgeries[]", NOTE),
    Field("surgeries[].months_before_procedure", "number", "time_since(X)", "or give date", "time_since_surgery",
          "months", 0, 1800, ask=NOTE, mover="time"),
    Field("surgeries[].date", "date", "time_since(X)", span="months", ask=NOTE, mover="time"),
    Field("surgeries[].radicular_pain", "choice", "radicular_outcome(X)", "afterwards",
          values=("resolved", "persists", "never_present"), ask=NOTE, mover="nobody"),
    Field("surgeries[].likely_source", "answer", "likely_source(X)",
          "its post-surgical change is judged a likely source of this pain", ask=REVIEW, mover="reviewer"),
    Field("surgeries[].complicates", "answer", "complicates(X)",
          "its post-surgical change could complicate the procedure", ask=REVIEW, mover="reviewer"),
    Field("other_surgeries", "choice", note="absent: no spine surgery but those listed", values=("absent",),
          closes="surgeries[]", ask=NOTE),
    Field("ablations[]", "list", "ablation(X)", "earlier ablation of the basivertebral nerve; none if there was none",
          ask=CLAIMS),
    Field("ablations[].bodies", "bodies", "ablated(V)", ask=CLAIMS, mover="nobody"),
    Field("ablations[].date", "date", note="decides nothing", ask=CLAIMS, mover="nobody"),
    Field("ablations[].completed", "answer", "ablation_completed(V)", together=CARRIED_OUT, ask=CLAIMS,
          mover="nobody"),
    Field("ablations[].thermal", "answer", "ablation_thermal(V)", together=CARRIED_OUT, ask=CLAIMS, mover="nobody"),
    Field("other_ablations", "choice", note="absent: no earlier ablation but those listed", values=("absent",),
          closes="ablations[]", ask=CLAIMS),
    # Behavioural health
    Field("behavioral_health.assessed", "answer", "behavioral_assessment", ask=BEHAVIOR, mover="clinician"),
    Field("behavioral_health.formal", "answer", "assessment_formal", parents=("behavioral_health.assessed",),
          ask=BEHAVIOR, mover="clinician"),
    Field("behavioral_health.recorded", "answer", "assessment_recorded", "recorded in the medical record",
          parents=("behavioral_health.assessed",), ask=BEHAVIOR, mover="records"),
    Field("behavioral_health.risk_factors_found", "answer", "risk_factors_found",
          parents=("behavioral_health.assessed",),
          ask=BEHAVIOR, mover="nobody"),
    Field("behavioral_health.resources_provided", "answer", "resources_provided",
          parents=("behavioral_health.assessed",),
          ask=BEHAVIOR, mover="clinician"),
    # Other conditions
    Field("conditions.cardiac_compromise", "choice", "cardiac_compromise", values=SEVERITIES, closable=True, ask=NOTE),
    Field("conditions.pulmonary_compromise", "choice", "pulmonary_compromise", values=SEVERITIES, closable=True,
          ask=NOTE),
    _condition("systemic_infection", "active systemic infection", closable=True, mover="nobody"),
    _condition("bleeding_diathesis", closable=True),
    _condition("anticoagulated", "on anticoagulation, without a diathesis of its own", closable=True,
               mover="nobody"),
    _condition("pregnancy", closable=True, mover="time"),
    _symptom("neurogenic_claudication", "neurogenic claudication"),
    _symptom("radiculopathy", "lumbar radiculopathy"),
    _symptom("radicular_pain", "radicular pain"),
    _symptom("nerve_compression", "nerve impingement or compression"),
    _condition("osteoporosis_diagnosed", closable=True),
    Field("conditions.t_score", "number", "t_score", "lowest T-score", "t_score", "", -20, 20, measured=True,
          parents=("conditions.osteoporosis_diagnosed",), ask=NOTE),
    _condition("osteoporosis_correlates", of="osteoporosis_diagnosed", mover="reviewer"),
    _condition("fragility_fracture", "fragility fracture of the spine at any time", closable=True, mover="nobody"),
    _condition("fragility_fracture_correlates", of="fragility_fracture", mover="reviewer"),
    Field("conditions.spinal_cancer", "choice", "spinal_cancer", values=("none", "history", "active"), closable=True,
          ask=NOTE),
    _condition("spinal_cancer_correlates", of="spinal_cancer", mover="reviewer"),
    _condition("systemic_disease", "advanced generalized systemic disease", closable=True),
    _condition("limits_quality_of_life", "it limits improvement in quality of life", of="systemic_disease"),
    _condition("objective_stated", "the objective of treatment is stated", of="systemic_disease", ask=ORDER,
               mover="records"),
    _condition("substance_use_active", "active substance use disorder", closable=True, mover="nobody"),
    _condition("substance_use_treated", "it is under treatment", of="substance_use_active", mover="clinician"),
    _condition("pulse_generator", "implanted pulse generator", closable=True),
    _condition("other_electronic_implant", closable=True),
    _condition("precautions_taken", "specific safety precautions for the implant",
               of="pulse_generator other_electronic_implant", mover="clinician", ask=ORDER),
    # Anaesthesia and request
    Field("anaesthesia.planned", "choice", "planned_sedation",
          values=("none", "local", "mild", "moderate", "deep", "general"), ask=ORDER, mover="requester"),
    Field("anaesthesia.necessity_documented", "answer", "sedation_necessity",
          "medical necessity of additional anaesthesia", ask=ORDER, mover="records"),
    Field("request.bodies", "bodies", "requested(V)", "bodies to treat; a disc stands for both its bodies", ask=ORDER,
          mover="requester"),
    Field("request.units", "units", note="units asked for, by procedure code", high=99, ask=ORDER, mover="requester"),
    Field("request.sessions", "number", note="sessions in which the bodies are treated; decides nothing", low=1,
          high=99, ask=ORDER, mover="requester"),
    Field("request.date", "date", note="day of the request", ask=ORDER, mover="nobody"),
    Field("request.planned_procedure_date", "date", note="day of the procedure", ask=ORDER, mover="requester"),
    Field("request.received", "date", note="when the request arrived; decides nothing"),
    Field("request.records_received", "date", note="when the record arrived; decides nothing"),
    Field("request.urgency", "choice", note="decides nothing", values=("standard", "expedited")),
    Field("request.requested_by", "text", note="decides nothing", high=200),
    Field("request.diagnosis_codes", "names", note="ICD-10-CM; decide nothing"),
    Field("request.place_of_service", "choice", note="decides nothing",
          values=("inpatient", "outpatient_hospital", "ambulatory_surgical_center", "office")),
    Field("request.jurisdiction", "text", note="state or contractor; decides nothing", high=100),
    Field("request.line_of_business", "text", note="decides nothing", high=100),
)  # fmt: skip
"""Every field of a case, in the order of the case file."""

TABLE = Table(FIELDS)
"""The table of the package."""
