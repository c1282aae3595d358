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

from bvn_asp import decide
from bvn_asp.fhir.questionnaire import questionnaire
from bvn_asp.fhir.response import response
from bvn_asp.fhir.text import json_text
from bvn_asp.record.files import read_content
from bvn_asp.record.writing import plain_content
from tests.fhir_reading import MADE, case_of, read_text
from tests.sample_cases import sample

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FORMS = Path(os.environ.get("BVN_LFORMS", "")) / "dist" / "lforms"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium"),
    pytest.mark.skipif(not FORMS.is_dir(), reason="BVN_LFORMS names no folder of LHC-Forms"),
]
PAGE = """<!doctype html><meta charset="utf-8"><div id="form"></div>
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
