"""A QuestionnaireResponse or a chart opened in the workbench: the case that the command makes, and what was used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bvn_asp.fhir.chart import gather, listing
from bvn_asp.fhir.opening import opened
from bvn_asp.fhir.resource import Element
from bvn_asp.fhir.response import response
from bvn_asp.fhir.text import json_text
from bvn_asp.record.files import json_of, read_case
from bvn_asp.record.writing import plain_content
from tests.fhir_reading import MADE
from tests.sample_cases import sample
from tests.test_fhir_chart import condition, patient
from tests.web import open_file, workbench

CHART = {
    "resourceType": "Bundle", "type": "collection",
    "entry": [{"resource": patient()}, {"resource": condition("Z68.41")}, {"resource": condition("E11.9")}],
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


def bytes_of(resource: Any) -> bytes:
    return json_text(resource).encode()


def test_a_response_without_remarks_is_opened_like_a_case_file(client: Any) -> None:
    case = sample("approve_two_bodies")
    complete = response(case, MADE, whole=True).resource
    shown = open_file(client, bytes_of(complete), "response.json")
    assert re.fullmatch(r"/case/[A-Za-z0-9_-]+", shown.url.path) and "approve" in shown.text.lower()
    found = opened(bytes_of(complete), "x")
    assert found is not None and plain_content(found.case) == plain_content(case) and found.said == ()


def test_what_a_response_lacks_is_shown_before_the_case(client: Any) -> None:
    bare = response(sample("approve_two_bodies"), MADE, whole=True).resource
    del bare["questionnaire"]
    shown = open_file(client, bytes_of(bare), "response.json")
    assert "it names no questionnaire, and is read as answers to that of this program" in shown.text
    link = re.search(r'href="(/case/[A-Za-z0-9_-]{20,})"', shown.text)
    assert link and client.get(link[1]).status_code == 200


def test_a_chart_is_opened_with_what_was_used_and_left_out(client: Any) -> None:
    shown = open_file(client, bytes_of(CHART), "chart.json")
    assert "Used (3)" in shown.text and "Left out (1)" in shown.text
    assert "patient.body_mass_index: 40.0 to 44.9" in shown.text
    link = re.search(r'href="(/case/[A-Za-z0-9_-]{20,})"', shown.text)
    assert link and "40.0 to 44.9" in client.get(link[1]).text


def test_it_says_of_a_chart_what_the_command_says() -> None:
    found = opened(bytes_of(CHART), "x")
    document = json_of(bytes_of(CHART), "x")
    chart = gather(Element(document, dict(document.content)))
    assert found is not None and found.said == tuple(listing(chart))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"resourceType": "Patient"}', "resources that are read as a case"),
        (b'{"resourceType": "QuestionnaireResponse", "status": "x"}', "expected in-progress"),
        (b'{"resourceType": "Bundle", "type": "history"}', "not their history"),
        (b'{"resourceType": "Bundle", "entry": 5}', "expected a list"),
        (b'{"resourceType": ', "not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_as_of_a_case_file(client: Any, data: bytes, words: str) -> None:
    shown = open_file(client, data, "x.json")
    assert shown.status_code == 422 and words in shown.text


def test_what_a_resource_says_reaches_no_page_unescaped(client: Any) -> None:
    chart = {**CHART, "entry": [{"resource": patient()}, {"resource": {"resourceType": "<b>x</b>"}}]}
    assert "<b>x</b>" not in open_file(client, bytes_of(chart), "x.json").text


def test_a_case_file_in_json_is_none_of_fhir() -> None:
    data = b'{"patient": {"age": 40}, "story": "resourceType"}'
    assert opened(data, "x") is None and read_case(data, "x", is_json=True)
