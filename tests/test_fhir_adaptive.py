"""$next-question: a questionnaire that grows as it is answered, until nothing can change the answer any more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp import decide
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import NOTICE
from bvn_asp.fhir import urls
from bvn_asp.fhir.adaptive import END, begun
from bvn_asp.fhir.questionnaire import ADAPTIVE_URL, questionnaire, url_of, version
from bvn_asp.fhir.response import Context, response
from bvn_asp.fhir.text import json_text
from bvn_asp.record.files import read_content
from tests.campaigns import sampled
from tests.fhir_reading import MADE, case_of, copy_of, items_of, problems_of
from tests.profile_rules import broken_rules
from tests.sample_cases import place, sample
from tests.web import BASE, workbench

Json = dict[str, Any]
ADDRESS = "/api/fhir/Questionnaire/$next-question"
CANONICAL = f"{ADAPTIVE_URL}|{version()}"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


def start(*items: Json, **more: Any) -> Json:
    """Return a response as a client begins with it: neither it nor what it contains has any items."""
    inner = {"resourceType": "Questionnaire", "id": "q", "status": "draft", "derivedFrom": [CANONICAL]}
    return {
        "resourceType": "QuestionnaireResponse", "contained": [inner], "questionnaire": "#q", "status": "in-progress",
        "authored": "2026-01-01T12:00:00Z", **({"item": list(items)} if items else {}), **more,
    }  # fmt: skip


def sent(client: Any, content: Any, kind: str = "application/fhir+json") -> Any:
    text = content if isinstance(content, str) else json_text(content)
    return client.post(ADDRESS, content=text.encode(), headers={"Content-Type": kind})


def contained(resource: Json) -> Json:
    found: list[Json] = [inner for inner in resource["contained"] if inner["resourceType"] == "Questionnaire"]
    assert len(found) == 1
    return found[0]


def links(resource: Json) -> list[str]:
    return [i["linkId"] for i in items_of(contained(resource)) if i["type"] not in ("group", "display")]


def filled(asked: list[Json], known: list[Json]) -> list[Json]:
    """Return the answers of `known` to the questions that are asked, as a form would have them."""
    found: list[Json] = []
    for item in asked:
        for answer in (answer for answer in known if answer["linkId"] == item["linkId"]):
            if item["type"] == "group":
                below = filled(item.get("item", []), answer.get("item", []))
                if below or item.get("repeats"):
                    found.append({"linkId": item["linkId"], **({"item": below} if below else {})})
            else:
                found.append(answer)
    return found


def interview(client: Any, known: Json, first: Json) -> Iterator[Json]:
    """Yield what comes back, question by question, answered with what the whole response `known` says."""
    resource = first
    for _ in range(80):
        found = sent(client, resource)
        assert found.status_code == 200, found.text
        resource = found.json()
        yield resource
        if resource["status"] == "completed":
            return
        resource["item"] = filled(contained(resource)["item"], known["item"])
    raise AssertionError("it does not end")


@pytest.mark.parametrize(
    "name", sampled(["approve_two_bodies", "deny_care_42_days_by_date", "five_bodies_one_above_l3"], 1, 2)
)
def test_answered_from_a_record_it_comes_to_the_decision_on_the_record_with_fewer_questions(
    client: Any, name: str
) -> None:
    steps = list(interview(client, response(sample(name), MADE, whole=True).resource, start()))
    assert [step["status"] for step in steps] == ["in-progress"] * (len(steps) - 1) + ["completed"]
    for before, after in pairwise(steps[:-1]):
        assert set(links(before)) < set(links(after)), "each step asks something new, and forgets nothing"
    last = steps[-1]
    decided = decide(case_of(last))
    assert decided.recommendation == decide(sample(name)).recommendation
    assert len(links(last)) < len([i for i in items_of(questionnaire()) if i["type"] not in ("group", "display")])
    (end,) = (item for item in items_of(contained(last)) if item["linkId"] == END)
    assert end["type"] == "display" and f"Recommendation: {decided.recommendation}. {NOTICE}" in end["text"]
    for step in (steps[0], steps[len(steps) // 2], last):
        assert problems_of(step) == []


def test_what_decides_comes_to_an_end_at_once(client: Any) -> None:
    """Pregnancy denies (Non-Indications 5), whatever else is not known."""
    known = response(read_content({"request": {"bodies": ["L4"]}, "conditions": {"pregnancy": True}}), MADE).resource
    first = begun(known, f"{BASE}/api/fhir")
    found = sent(client, first).json()
    assert found["status"] == "completed" and "Recommendation: deny" in items_of(contained(found))[-1]["text"]
    assert found["item"] == known["item"]


def test_the_first_question_is_what_is_requested(client: Any) -> None:
    found = sent(client, start()).json()
    assert links(found) == ["request.bodies", "request.date", "request.date:words"]
    assert found["status"] == "in-progress" and "item" not in found
    assert {name: found[name] for name in ("questionnaire", "authored")} == {
        "questionnaire": "#q", "authored": "2026-01-01T12:00:00Z",
    }  # fmt: skip


def test_what_is_contained_is_as_sdc_and_dtr_have_an_adaptive_questionnaire(client: Any) -> None:
    """SDC: no address and no version, a title, one questionnaire that it is of; DTR: where the next one is asked."""
    inner = contained(sent(client, start()).json())
    assert "url" not in inner and "version" not in inner and inner["id"] == "q"
    assert inner["title"] and inner["status"] == "draft" and inner["subjectType"] == ["Patient"]
    assert inner["derivedFrom"] == [CANONICAL]
    (adaptive,) = (extension for extension in inner["extension"] if extension["url"] == urls.ADAPTIVE)
    assert adaptive == {"url": urls.ADAPTIVE, "valueUrl": f"{BASE}/api/fhir"}
    for item in items_of(inner):
        assert item["text"] and (item["type"] != "group" or item["item"])


def test_where_the_next_question_is_asked_for_stays_as_the_client_has_it(client: Any) -> None:
    first = start()
    first["contained"][0]["extension"] = [{"url": urls.ADAPTIVE, "valueUrl": "https://payer.example/r4"}]
    inner = contained(sent(client, first).json())
    assert {"url": urls.ADAPTIVE, "valueUrl": "https://payer.example/r4"} in inner["extension"]


def test_a_question_that_nobody_answers_is_not_asked_again(client: Any) -> None:
    first = sent(client, start()).json()
    second = sent(client, first).json()
    third = sent(client, second).json()
    assert len(links(first)) < len(links(second)) < len(links(third))
    assert links(third)[: len(links(second))] == links(second), "what is new comes last"


def test_no_condition_is_about_a_question_that_is_not_there(client: Any) -> None:
    known = response(sample("deny_care_42_days_by_date"), MADE, whole=True).resource
    *_, last = interview(client, known, start())
    there = set(links(last))
    for item in items_of(contained(last)):
        assert {condition["question"] for condition in item.get("enableWhen", ())} <= there, item["linkId"]


def test_a_list_is_asked_by_what_names_its_entries(client: Any) -> None:
    known = response(sample("approve_two_bodies"), MADE, whole=True).resource
    steps = list(interview(client, known, start()))
    first = next(step for step in steps if "surgeries" in links(step))
    (group,) = (item for item in items_of(contained(first)) if item["linkId"] == "surgeries[]")
    assert [item["linkId"] for item in group["item"] if item["type"] != "display"] == [
        "surgeries[].kind", "surgeries[].levels",
    ]  # fmt: skip
    assert group["repeats"] is True and "other_surgeries" in links(first)


def test_parameters_are_answered_with_parameters(client: Any) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response", "resource": start()}]}
    found = sent(client, body, "application/json")
    assert found.headers["content-type"] == "application/fhir+json"
    (parameter,) = found.json()["parameter"]
    assert found.json()["resourceType"] == "Parameters" and set(parameter) == {"name", "resource"}
    jsonschema = pytest.importorskip("jsonschema")
    described = client.get("/api/openapi.json").json()["paths"][ADDRESS]["post"]
    for part, value in ((described["requestBody"], body), (described["responses"]["200"], found.json())):
        jsonschema.validate(value, part["content"]["application/fhir+json"]["schema"])
    assert parameter["name"] == "return" and parameter["resource"] == sent(client, start()).json()


def test_parameters_break_no_rule_of_dtr_but_the_one_on_which_it_and_sdc_disagree(client: Any) -> None:
    """DTR wants an address of the contained questionnaire, SDC forbids it."""
    context = Context("2026-01-01T12:00:00+00:00", "Patient/1", "Coverage/1", "ServiceRequest/1", draft=True)
    first = begun(response(sample("pend_t_score_missing"), context).resource, f"{BASE}/api/fhir")
    body = {"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response", "resource": first}]}
    dtr = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/dtr-next-question"
    for found, name in ((copy_of(body), "input"), (sent(client, body).json(), "output")):
        broken = broken_rules(found, f"{dtr}-{name}-parameters")
        assert {rule.rpartition(".")[2] for rule in broken} == {"url: 0 values, expected 1 to 1"}, broken
    del found["parameter"][0]["resource"]["subject"]
    assert any(".subject: 0 values" in rule for rule in broken_rules(found, f"{dtr}-output-parameters"))


def test_numbers_come_back_as_they_were_written(client: Any) -> None:
    text = json_text(start(_quantity("40.0000010")))
    found = sent(client, text)
    assert found.status_code == 200 and '"value": 40.0000010' in found.text


def _quantity(number: str) -> Json:
    from decimal import Decimal

    value = {"value": Decimal(number), "unit": "kg/m2", "system": urls.UCUM, "code": "kg/m2"}
    item = {"linkId": "patient.body_mass_index", "answer": [{"valueQuantity": value}]}
    return {"linkId": "section:patient", "item": [item]}


Q = "QuestionnaireResponse"


@pytest.mark.parametrize(
    ("content", "status", "expression", "words"),
    [
        ("{", 400, None, "not JSON"),
        ("[]", 400, None, "expected fields with names"),
        ('{"resourceType": "X", "resourceType": "Y"}', 400, None, "given twice"),
        ({"resourceType": "Patient"}, 422, "Patient.resourceType", "expected Parameters or QuestionnaireResponse"),
        ({}, 422, "Resource", "not 'nothing'"),
        ({"resourceType": "Parameters", "parameter": []}, 422, "Parameters.parameter", "called questionnaire-response"),
        ({"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response"}]}, 422,
         "Parameters.parameter[0]", "expected a QuestionnaireResponse"),
        (start(questionnaire=CANONICAL), 422, f"{Q}.questionnaire", "the id of the Questionnaire that it contains"),
        (start(contained=[]), 422, f"{Q}.questionnaire", "the id of the Questionnaire that it contains"),
        (start(contained=[{"resourceType": "Questionnaire", "id": "q"}]), 422, f"{Q}.contained[0]",
         "expected one questionnaire, such as"),
        (start(contained=[{"resourceType": "Questionnaire", "id": "q", "derivedFrom": ["http://x|1"]}]), 422,
         f"{Q}.contained[0].derivedFrom[0]", "expected answers to"),
        (start(contained=[{"resourceType": "Questionnaire", "id": "q", "derivedFrom": [f"{ADAPTIVE_URL}|1"]}]), 422,
         f"{Q}.contained[0].derivedFrom[0]", "this program asks version"),
        (start(contained=[{"resourceType": "Questionnaire", "id": "q", "derivedFrom": [CANONICAL],
                           "item": [{"linkId": "x"}]}]), 422,
         f"{Q}.contained[0].item[0].linkId", "as it was handed out"),
        (start({"linkId": "pain.mnths"}), 422, f"{Q}.item[0].linkId", "did you mean pain.months?"),
        (start({"linkId": "patient.body_mass_index", "answer": [{"valueString": "40"}]}), 422,
         f"{Q}.item[0].answer[0]", "expected valueQuantity, not valueString"),
        (start(_quantity("-1")), 422, f"{Q}.item[0].item[0]", "expected a number from"),
        (start(_quantity("1E+999")), 422, f"{Q}.item[0].item[0].answer[0].valueQuantity.value",
         "a number of a size that occurs"),
        (start(status="entered-in-error"), 422, f"{Q}.status", "expected in-progress"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_operation_outcome_that_says_where(
    client: Any, content: Any, status: int, expression: str | None, words: str
) -> None:
    text = content if isinstance(content, str) else json_text(content).replace("1" + "0" * 999, "1E+999")
    found = sent(client, text)
    outcome = found.json()
    assert (found.status_code, found.headers["content-type"]) == (status, "application/fhir+json")
    assert problems_of(outcome) == [] and words in outcome["issue"][0]["details"]["text"]
    assert outcome["issue"][0].get("expression", [None]) == [expression]


def test_every_mistake_is_an_issue_and_its_place_is_one_of_the_parameters_where_there_are_any(client: Any) -> None:
    wrong = start({"linkId": "x"}, {"linkId": "y"})
    body = {"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response", "resource": wrong}]}
    assert [issue["expression"] for issue in sent(client, body).json()["issue"]] == [
        ["Parameters.parameter[0].resource.item[0].linkId"], ["Parameters.parameter[0].resource.item[1].linkId"],
    ]  # fmt: skip


def test_another_type_of_content_is_refused(client: Any) -> None:
    found = sent(client, start(), "application/fhir+xml")
    assert found.status_code == 415 and found.json()["issue"][0]["code"] == "not-supported"


def test_a_payer_hands_out_a_questionnaire_without_questions_that_says_where_to_ask(tmp_path: Path) -> None:
    path, server = tmp_path / "q.json", "http://127.0.0.1:8642/api/fhir"
    assert CliRunner().invoke(bvn, ["fhir", "questionnaire", "--adaptive", server, "-o", str(path)]).exit_code == 0
    found = json.loads(path.read_text())
    assert problems_of(found) == [] and "item" not in found
    assert (found["url"], found["version"]) == (ADAPTIVE_URL, version()) and found["url"] != url_of(whole=False)
    assert {"url": urls.ADAPTIVE, "valueUrl": server} in found["extension"]
    for wrong in (["--adaptive", "here"], ["--adaptive", server, "--all"]):
        assert CliRunner().invoke(bvn, ["fhir", "questionnaire", *wrong, "-o", str(tmp_path / "x")]).exit_code == 2


def test_an_adaptive_package_begins_with_what_is_known(client: Any, tmp_path: Path) -> None:
    path, server = tmp_path / "package.json", f"{BASE}/api/fhir"
    arguments = ["fhir", "package", place("pend_t_score_missing"), "--adaptive", server, "-o", str(path)]
    assert CliRunner().invoke(bvn, arguments).exit_code == 0
    bundle = json.loads(path.read_text())
    assert problems_of(bundle) == []
    first, second = (entry["resource"] for entry in bundle["entry"])
    assert first["id"] == "bvn-ablation-adaptive" and "item" not in first
    assert second["meta"]["profile"] == [urls.ADAPTIVE_RESPONSE] and second["status"] == "in-progress"
    assert set(links(second)) >= {item["linkId"] for item in items_of(second) if "answer" in item}
    # Of what silence says something, it is asked as well.
    asked = second
    while "conditions.t_score" not in links(asked):
        before, asked = asked, sent(client, asked).json()
        assert set(links(before)) < set(links(asked)) and len(links(asked)) < len(links(second)) + 5
