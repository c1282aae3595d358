"""The workbench for programs: the answers of the commands as JSON, described, with errors that name fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bvn_asp import decide
from bvn_asp.record.files import load_case
from bvn_asp.record.writing import plain_content
from bvn_asp.report.document import document
from tests.web import workbench

SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return plain_content(load_case(SAMPLE))


def test_a_decision_is_that_of_the_command(client: Any, content: dict[str, Any]) -> None:
    found = client.post("/api/decide", json={"case": content})
    assert found.status_code == 200
    assert found.json() == document(decide(load_case(SAMPLE)))
    otherwise = client.post("/api/decide", json={"case": content, "readings": {"obligations": "norm"}})
    assert otherwise.json()["recommendation"] == "deny"


def test_numbers_are_exact(client: Any, content: dict[str, Any]) -> None:
    for number, recommendation in (("40.0", "approve"), ("40.004", "deny"), ("40.0000000", "approve")):
        body = f'{{"case": {{"patient": {{"body_mass_index": {number}}}}}}}'
        case = {**content, "patient": {**content["patient"], "body_mass_index": "NUMBER"}}
        import json

        body = json.dumps({"case": case}).replace('"NUMBER"', number)
        found = client.post("/api/decide", content=body, headers={"Content-Type": "application/json"})
        assert found.json()["recommendation"] == recommendation, number


@pytest.mark.parametrize(
    ("sent", "status", "path"),
    [
        ({"case": {"patient": {"age": "x"}}}, 422, "patient.age"),
        ({"case": {"patient": {"aeg": 5}}}, 422, "patient.aeg"),
        ({"case": {}, "extra": 1}, 422, "extra"),
        ({}, 422, "case"),
        ({"case": {}, "readings": {"obligations": 5}}, 422, "readings.obligations"),
        ({"case": {"surgeries": [{"kind": "x"}]}}, 422, "surgeries[0].kind"),
    ],
)
def test_errors_name_the_fields_to_blame(client: Any, sent: Any, status: int, path: str) -> None:
    found = client.post("/api/decide", json=sent)
    assert found.status_code == status and found.headers["content-type"] == "application/problem+json"
    problem = found.json()
    assert problem["status"] == status and problem["type"] == "about:blank"
    assert path in [error["path"] for error in problem["errors"]]


@pytest.mark.parametrize("body", [b"", b"{", b'{"case": {}, "case": {}}', b'{"case": {"a": NaN}}', b"\xff"])
def test_what_is_no_json_is_refused(client: Any, body: bytes) -> None:
    found = client.post("/api/decide", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 400


def test_an_unknown_reading_and_outcome_are_said_with_the_choices(client: Any) -> None:
    found = client.post("/api/decide", json={"case": {}, "readings": {"nonsense": "x"}})
    assert found.status_code == 422 and "obligations" in found.json()["detail"]
    asked = client.post("/api/whatif", json={"case": {}, "wanted": "perfect"})
    assert asked.status_code == 422 and "approve" in asked.json()["detail"]


def test_a_batch_answers_each_case_and_stops_at_none(client: Any, content: dict[str, Any]) -> None:
    found = client.post("/api/batch", json={"cases": [content, {"patient": {"age": "x"}}, {}]}).json()
    assert found["counts"] == {"approve": 1, "not decided": 1, "no request": 1}
    assert found["items"][1]["problem"]["errors"][0]["path"] == "patient.age"
    assert client.post("/api/batch", json={"cases": [{}] * 201}).status_code == 422


def test_searches_answer_as_the_commands_do(client: Any, content: dict[str, Any]) -> None:
    changed = {**content, "behavioral_health": {**content["behavioral_health"], "recorded": False}}
    sets = client.post("/api/whatif", json={"case": changed}).json()["sets"]
    assert sets[0]["cost"] == 1 and sets[0]["changes"][0]["field"] == "behavioral_health.recorded"
    none = client.post("/api/find", json={"query": "only reason is n8"}).json()
    assert none["none"] is True and none["certificate"]
    proved = client.post("/api/prove", json={"assertion": "i1 unmet => n1 violated"}).json()
    assert proved["holds"] is True and proved["proof"]["premises"]
    wrong = client.post("/api/find", json={"query": "only reasn is n8"})
    assert wrong.status_code == 422 and "column 6" in wrong.json()["detail"]
    without = {**content, "conditions": {k: v for k, v in content["conditions"].items() if k != "pregnancy"}}
    step = client.post("/api/next-question", json={"case": without}).json()
    assert step["question"]["place"] == "conditions.pregnancy" and not step["settled"]
    depends = client.post("/api/readings", json={"case": content}).json()
    assert "obligations" in depends["depends_on"]


def test_a_search_that_is_not_over_in_time_says_so(client: Any) -> None:
    found = client.post("/api/find", json={"query": "deny and exactly 3 criteria fail", "limit": 100, "timeout": 0.01})
    assert found.status_code in (200, 504)
    if found.status_code == 200:
        assert found.json()["stopped"] == "timeout"


def test_the_open_questions_are_listed(client: Any) -> None:
    found = client.get("/api/readings").json()["questions"]
    assert {"id", "where", "text", "options", "default", "why", "barren"} == set(found[0])


def test_the_description_fits_what_is_sent_and_returned(client: Any, content: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    names = {"decide", "batch", "readings", "next-question", "whatif", "find", "prove"}
    assert set(described["paths"]) == {f"/api/{name}" for name in names} | {"/api/fhir/Questionnaire/$next-question"}
    answers = {
        "decide": {"case": content}, "batch": {"cases": [content, {"x": 1}]}, "readings": {"case": content},
        "next-question": {"case": {}},
    }  # fmt: skip
    for name, sent in answers.items():
        operation = described["paths"][f"/api/{name}"]["post"]
        for part, value in (
            (operation["requestBody"], sent),
            (operation["responses"]["200"], client.post(f"/api/{name}", json=sent).json()),
        ):
            schema = part["content"]["application/json"]["schema"]
            jsonschema.validate(value, {**schema, "components": described["components"]})
    problem = described["components"]["schemas"]["ProblemDetails"]
    wrong = client.post("/api/decide", json={"case": {"patient": {"age": "x"}}}).json()
    jsonschema.validate(wrong, {**problem, "components": described["components"]})


def test_the_description_has_every_path_that_a_program_can_post_to(client: Any) -> None:
    from bvn_asp.web import api, fhir_api

    described = client.get("/api/openapi.json").json()["paths"]
    posted = [route.path for route in (*api.routes, *fhir_api.routes) if "POST" in (route.methods or ())]
    assert {path for path, found in described.items() if "post" in found} == {*posted}


def test_the_next_question_of_a_fhir_client_is_as_it_is_described(client: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    path = "/api/fhir/Questionnaire/$next-question"
    operation = client.get("/api/openapi.json").json()["paths"][path]["post"]
    for sent, status in (({"resourceType": "Parameters"}, "default"), ({"resourceType": "Patient"}, "default")):
        found = client.post(path, json=sent)
        content = operation["responses"][status]["content"][found.headers["content-type"]]
        jsonschema.validate(found.json(), content["schema"])
    assert {*operation["requestBody"]["content"]} == {"application/json", "application/fhir+json"}
