"""The questionnaire as LHC-Forms shows it in a browser: filled in by hand, its response is decided like the case.

LHC-Forms is the npm package `lforms`; BVN_LFORMS names the folder in which it was unpacked.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp import decide
from bvn_asp.cli.commands import bvn
from bvn_asp.fhir.questionnaire import questionnaire
from bvn_asp.fhir.response import response
from bvn_asp.fhir.text import json_text
from bvn_asp.record.files import read_content
from bvn_asp.record.writing import plain_content
from tests.fhir_reading import MADE, case_of, read_text
from tests.sample_cases import sample
from tests.test_fhir_clients import READ, read

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FORMS = Path(os.environ.get("BVN_LFORMS", "")) / "dist" / "lforms"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium"),
    pytest.mark.skipif(not FORMS.is_dir(), reason="BVN_LFORMS names no folder of LHC-Forms"),
]
PAGE = """<!doctype html><meta charset="utf-8"><div id="form"></div>
<link rel="stylesheet" href="{forms}/webcomponent/styles.css">
<script src="{forms}/webcomponent/assets/lib/zone.min.js"></script>
<script src="{forms}/webcomponent/lhc-forms.js"></script>
<script src="{forms}/fhir/R4/lformsFHIR.min.js"></script>"""
ADD = "([q]) => LForms.Util.addFormToPage(q, 'form', {fhirVersion: 'R4'})"
SHOW = """([q, r]) => { const form = LForms.Util.convertFHIRQuestionnaireToLForms(q, 'R4');
LForms.Util.addFormToPage(LForms.Util.mergeFHIRDataIntoLForms('QuestionnaireResponse', r, form, 'R4'), 'form'); }"""
DATA = "LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    place = tmp_path_factory.mktemp("form") / "form.html"
    place.write_text(PAGE.format(forms=FORMS.resolve().as_uri()))
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = browser.new_page()
        found.goto(place.as_uri())
        found.wait_for_function("window.LForms && LForms.Util && LForms.FHIR")
        yield found
        browser.close()


def shown(page: Any, script: str, *resources: Any) -> None:
    page.evaluate("document.getElementById('form').innerHTML = ''")
    page.evaluate(script, [json.loads(json_text(resource)) for resource in resources])
    page.wait_for_selector('[id="patient.age/1/1"]')
    page.wait_for_timeout(1_000)


def fill(page: Any, link: str, *texts: str) -> None:
    """Type into the control of a question, and pick what is offered."""
    for text in texts:
        control = page.locator(f'[id="{link}"]')
        control.click()
        control.press_sequentially(text)
        # What is offered comes a moment after the last letter.
        page.wait_for_timeout(50)
        control.press("Enter" if len(texts) > 1 else "Tab")


def test_filled_in_by_hand_it_is_decided_like_the_case_in_yaml(page: Any) -> None:
    shown(page, ADD, questionnaire())
    assert page.locator('[id="findings.present[].size_mm/1/1/1"]').count() == 0
    for link, *texts in (
        ("patient.age/1/1", "47"),
        ("patient.body_mass_index:words/1/1", "at most 32"),
        ("pain.low_back/1/1", "yes"),
        ("pain.onset:words/1/1", "March 2023"),
        ("pain.clinician_severity/1/1", "moderate", "severe"),
        ("findings.present[].kind/1/1/1", "disc herniation"),
        ("findings.present[].levels/1/1/1", "L4-L5"),
        ("findings.present[].size_mm/1/1/1", "6.5"),
        ("findings.present[].correlates/1/1/1", "yes"),
        ("findings.present[].shown_by/1/1/1", "imaging"),
        ("conditions.t_score:words/1/1", "not measured"),
        ("conditions.pregnancy/1/1", "no"),
        ("request.bodies/1/1", "L4", "L5"),
        ("request.date:words/1/1", "2025-06-02"),
    ):
        fill(page, link, *texts)
    found = read_text(json.dumps(page.evaluate(DATA)))
    assert len(found.remarks) == 2
    case = case_of(page.evaluate(DATA))
    expected = read_content({
        "patient": {"age": 47, "body_mass_index": "at most 32"},
        "pain": {"low_back": "yes", "onset": "March 2023", "clinician_severity": "moderate or severe"},
        "findings": {"present": [{"kind": "disc_herniation", "levels": "L4-L5", "size_mm": "6.5", "correlates": "yes",
                                  "shown_by": "imaging"}]},
        "conditions": {"t_score": "not measured", "pregnancy": "no"},
        "request": {"bodies": ["L4", "L5"], "date": "2025-06-02"},
    })  # fmt: skip
    assert plain_content(case) == plain_content(expected)
    assert decide(case).recommendation == decide(expected).recommendation == "deny"


APPEAL = """
41-year-old ski instructor, body mass index 22.2. Low back pain for 50 months, moderate to her and to her physician,
with a functional deficit; it limits her significantly. 33 weeks of conservative care without improvement of pain or
disability: avoidance of activities for 33 weeks, physical therapy for 26, cognitive therapy for 10, anti-inflammatory
drugs and no others for 12; no exercises at home, no chiropractic care, no injections. The radiologist's report of the
MRI, read in full, states Modic changes of type 1 at L4-L5 with edema and a fissured endplate, and a compression
fracture of L3, not healed, which neither correlates with the complaints nor is their source nor complicates the
treatment. The assessment was read in full: no other pathology is there. No surgery, no ablation. Behavioral health
was assessed and recorded, not formally; no risk factors, resources were provided. T-score 0.4, osteoporosis not
diagnosed, no fragility fracture. No other condition that is asked for. Under local anaesthesia, L3, L4 and L5 are
requested: 64628 and 64629, a unit each.
"""
TREATMENT = "conservative_care.therapies"
NO = (
    "systemic_infection", "bleeding_diathesis", "anticoagulated", "pregnancy", "osteoporosis_diagnosed",
    "fragility_fracture", "systemic_disease", "substance_use_active", "pulse_generator", "other_electronic_implant",
)  # fmt: skip
NONE = ("cardiac_compromise", "pulmonary_compromise", "spinal_cancer")
OTHERS = (
    "disc herniation",
    "spondylolisthesis",
    "spondylolysis",
    "facet arthrosis or effusion",
    "spinal stenosis",
    "segmental instability",
    "degenerative scoliosis",
    "compression fracture",
    "traumatic fracture",
    "spinal trauma without fracture",
    "spinal tumor",
    "local spinal infection",
    "spinal deformity",
    "disease of the sacroiliac joint",
    "other pathology",
)
ABSENT = ("neurogenic_claudication", "radiculopathy", "radicular_pain", "nerve_compression")
FILLED: tuple[tuple[str, ...], ...] = (
    ("patient.age/1/1", "41"), ("patient.body_mass_index/1/1", "22.2"),
    ("pain.low_back/1/1", "yes"), ("pain.months/1/1", "50"), ("pain.clinician_severity/1/1", "moderate"),
    ("pain.patient_severity/1/1", "moderate"), ("pain.functional_deficit/1/1", "yes"),
    ("pain.significant_limitation/1/1", "yes"),
    ("conservative_care.weeks/1/1", "33"), ("conservative_care.pain_improved/1/1", "no"),
    ("conservative_care.disability_improved/1/1", "no"),
    *((f"{TREATMENT}.{name}.status/1/1/1", "received")
      for name in ("activity_avoidance", "physical_therapy", "cognitive_therapy", "pharmacotherapy")),
    *((f"{TREATMENT}.{name}.status/1/1/1", "not received")
      for name in ("self_directed_exercise", "chiropractic", "epidural_injection", "facet_injection",
                   "unspecified_injection")),
    *((f"{TREATMENT}.{name}.weeks/1/1/1", weeks)
      for name, weeks in (("activity_avoidance", "33"), ("physical_therapy", "26"), ("cognitive_therapy", "10"),
                          ("pharmacotherapy", "12"))),
    (f"{TREATMENT}.pharmacotherapy.drug_classes/1/1/1", "anti inflammatory"),
    (f"{TREATMENT}.pharmacotherapy.other_drug_classes/1/1/1", "absent"),
    ("mri.radiologist_report/1/1", "yes"), ("mri.read_in_full/1/1", "yes"),
    ("mri.modic_changes[].levels/1/1/1", "L4-L5"), ("mri.modic_changes[].type/1/1/1", "type 1"),
    ("mri.modic_changes[].stated_by_radiologist/1/1/1", "yes"),
    ("mri.modic_changes[].features/1/1/1", "edema", "endplate fissuring"),
    ("findings.present[].kind/1/1/1", "compression fracture"), ("findings.present[].levels/1/1/1", "L3"),
    ("findings.present[].shown_by/1/1/1", "imaging"),
    *((f"findings.present[].{name}/1/1/1", "no") for name in ("correlates", "likely_source", "complicates", "healed")),
    ("findings.absent/1/1", *OTHERS), ("findings.assessment_read_in_full/1/1", "yes"),
    ("surgeries/1/1", "there is none"), ("ablations/1/1", "there is none"),
    ("behavioral_health.assessed/1/1", "yes"), ("behavioral_health.formal/1/1", "no"),
    ("behavioral_health.recorded/1/1", "yes"), ("behavioral_health.risk_factors_found/1/1", "no"),
    ("behavioral_health.resources_provided/1/1", "yes"),
    *((f"conditions.{name}/1/1", "no") for name in NO), *((f"conditions.{name}/1/1", "none") for name in NONE),
    *((f"conditions.{name}/1/1", "absent") for name in ABSENT), ("conditions.t_score/1/1", "0.4"),
    ("anaesthesia.planned/1/1", "local"), ("request.bodies/1/1", "L3", "L4", "L5"),
    ("request.units[].code/1/1/1", "64628"), ("request.units[].count/1/1/1", "1"),
)  # fmt: skip
IN_YAML = """
patient: {age: 41, body_mass_index: 22.2}
pain: {low_back: yes, months: 50, clinician_severity: moderate, patient_severity: moderate, functional_deficit: yes,
  significant_limitation: yes}
conservative_care:
  weeks: 33
  pain_improved: no
  disability_improved: no
  therapies: {activity_avoidance: {status: received, weeks: 33}, physical_therapy: {status: received, weeks: 26},
    cognitive_therapy: {status: received, weeks: 10}, pharmacotherapy: {status: received, weeks: 12,
    drug_classes: [anti_inflammatory], other_drug_classes: absent}, self_directed_exercise: not_received,
    chiropractic: not_received, epidural_injection: not_received, facet_injection: not_received,
    unspecified_injection: not_received}
mri: {radiologist_report: yes, read_in_full: yes, modic_changes: [{levels: L4-L5, type: type_1,
  stated_by_radiologist: yes, features: [edema, endplate_fissuring]}]}
findings: {assessment_read_in_full: yes, absent: [disc_herniation, spondylolisthesis, spondylolysis,
  facet_arthropathy, stenosis, segmental_instability, degenerative_scoliosis, compression_fracture, traumatic_fracture,
  trauma, tumor, infection, deformity, sacroiliac_joint, other_pathology], present: [{kind: compression_fracture,
  levels: L3, shown_by: [imaging],
  correlates: no, likely_source: no, complicates: no, healed: no}]}
surgeries: none
ablations: none
behavioral_health: {assessed: yes, formal: no, recorded: yes, risk_factors_found: no, resources_provided: yes}
conditions: {systemic_infection: no, bleeding_diathesis: no, anticoagulated: no, pregnancy: no,
  osteoporosis_diagnosed: no, fragility_fracture: no, systemic_disease: no, substance_use_active: no,
  pulse_generator: no, other_electronic_implant: no, cardiac_compromise: none, pulmonary_compromise: none,
  spinal_cancer: none, neurogenic_claudication: absent, radiculopathy: absent, radicular_pain: absent,
  nerve_compression: absent, t_score: 0.4}
anaesthesia: {planned: local}
request: {bodies: [L3, L4, L5], units: {"64628": 1, "64629": 1}}
"""
"""The appeal as answers, and as a case file."""


@pytest.mark.slow
def test_an_appeal_filled_in_by_hand_comes_back_as_an_answer_that_a_client_reads(page: Any, tmp_path: Path) -> None:
    """Non-Indications 12 refuses the fractured L3; L4 and L5 are left, which is 64628 alone (Procedure Codes)."""
    shown(page, ADD, questionnaire())
    for link, *texts in FILLED:
        fill(page, link, *texts)
    page.locator('[id="add-request.units[]/1/1"]').click()
    fill(page, "request.units[].code/1/2/1", "64629")
    fill(page, "request.units[].count/1/2/1", "1")
    filled, case, answer = (tmp_path / name for name in ("response.json", "case.yaml", "answer.json"))
    filled.write_text(json.dumps(page.evaluate(DATA)), encoding="utf-8")
    case.write_text(IN_YAML, encoding="utf-8")
    decided = [CliRunner().invoke(bvn, ["decide", str(path), "--json"]) for path in (filled, case)]
    first, second = (json.loads(result.stdout) for result in decided)
    assert first.pop("file") == str(filled) and second.pop("file") == str(case)
    assert first == second and first["recommendation"] == "partial"
    assert CliRunner().invoke(bvn, ["fhir", "response", str(filled), "-o", str(answer)]).exit_code == 0
    told = json.loads(answer.read_text(encoding="utf-8"))
    assert [read(told, READ[name]) for name in ("decisions", "modified", "granted", "units")] == [
        ["A6", "A3"], [1], ["64628"], [1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "approve_two_bodies", "approve_units_disagree", "bound_surgery_in_a_year", "bound_pain_since_a_month",
        "bound_protrusion_five_to_seven_millimetres", "place_fresh_fracture_in_the_range", "suspected_tumor",
    ],
)  # fmt: skip
def test_what_is_shown_and_sent_back_states_the_same(page: Any, name: str) -> None:
    resource = response(sample(name), MADE).resource
    shown(page, SHOW, questionnaire(), resource)
    assert plain_content(case_of(page.evaluate(DATA))) == plain_content(case_of(resource))
