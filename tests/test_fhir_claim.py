"""A recommendation as a ClaimResponse: what it says of each code agrees with the decision, in the codes of PAS."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import NOTICE
from bvn_asp.decision.engine import Engine
from bvn_asp.fhir.answered import Answered, Line
from bvn_asp.fhir.claim import ClaimError, claim_response, codes_of, recommended
from bvn_asp.fhir.pas import ACTIONS, REASONS
from bvn_asp.fhir.submitted import answered_at
from bvn_asp.fhir.text import json_text
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.files import read_content
from bvn_asp.report.contents import Report
from bvn_asp.report.gathering import gathered
from tests import golden
from tests.campaigns import sampled
from tests.fhir_reading import problems_of
from tests.sample_cases import place, sample, samples

POLICY = shipped_policy()
ENGINE = Engine(POLICY)
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
Json = dict[str, Any]


@cache
def reported(name: str) -> Report:
    return gathered(ENGINE.decide(sample(name)), sample(name), f"{name}.yaml", made="2026-01-02")


def response(name: str, answered: Answered | None = None) -> Json:
    return claim_response(reported(name), POLICY, sample(name), answered)


def asking(bodies: list[str], units: dict[str, int] | None = None, **more: Any) -> Json:
    """Return the response to a request of a patient whom the policy approves."""
    request = {"bodies": bodies, **({"units": units} if units is not None else {})}
    case = read_content({"based_on": "usual", "request": request, **more})
    return claim_response(gathered(ENGINE.decide(case), case, "x", made="2026-01-02"), POLICY, case)


def reviewed(item: Json) -> tuple[str, str]:
    """Return the review action and the reason of an item, empty if there is none."""
    (adjudication,) = item["adjudication"]
    assert adjudication["category"]["coding"] == [
        {"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}
    ]
    (review,) = adjudication["extension"]
    assert review["url"] == f"{PAS}/extension-reviewAction"
    parts = {part["url"]: part["valueCodeableConcept"]["coding"][0] for part in review["extension"]}
    action = parts.pop(f"{PAS}/extension-reviewActionCode")
    assert action["system"] == "https://codesystem.x12.org/005010/306"
    assert ACTIONS[action["code"]] == action["display"]
    reason = parts.pop("reasonCode", {"code": ""})
    assert not parts and (reason["code"] == "" or reason["system"] == "https://codesystem.x12.org/external/886")
    return action["code"], reason["code"]


def asked(found: Json) -> list[tuple[int, str, int | None, str, str]]:
    """Return number, code, units, action and reason of each item."""
    rows = []
    for item in found["item"]:
        (detail,) = item["extension"]
        assert detail["url"] == f"{PAS}/extension-itemAuthorizedDetail"
        parts = {part["url"]: part for part in detail["extension"]}
        coding = parts["productOrServiceCode"]["valueCodeableConcept"]["coding"][0]
        assert coding["system"] == "http://www.ama-assn.org/go/cpt"
        units = parts["quantity"]["valueQuantity"]["value"] if "quantity" in parts else None
        rows.append((item["itemSequence"], coding["code"], units, *reviewed(item)))
    return rows


def added(found: Json) -> list[tuple[list[int], str, int, str]]:
    """Return number, code, units and action of each added item."""
    return [
        (item["itemSequence"], item["productOrService"]["coding"][0]["code"], item["quantity"]["value"],
         reviewed(item)[0])
        for item in found.get("addItem", [])
    ]  # fmt: skip


def notes(found: Json, item: Json | None = None) -> str:
    numbers = None if item is None else set(item["noteNumber"])
    return "\n".join(n["text"] for n in found["processNote"] if numbers is None or n["number"] in numbers)


GOLDEN = {
    "approve": "approve_three_bodies_mixed_types",
    "partial": "partial_compression_fracture_at_one_body",
    "deny": "deny_care_42_days_by_date",
    "pend": "pend_t_score_missing",
}


@pytest.mark.parametrize("outcome", GOLDEN)
def test_a_response_is_the_one_that_a_person_has_looked_at(outcome: str) -> None:
    found = response(GOLDEN[outcome])
    # They change with every edit of the policy, and with every version.
    found["identifier"][0]["value"], found["meta"]["tag"][0]["code"] = "NAME", "VERSION"
    golden.check(f"claim_{outcome}", json_text(found).splitlines())


@pytest.mark.parametrize(
    ("recommendation", "units_asked", "granted", "known", "action", "reason"),
    [
        ("approve", 1, 1, True, "A1", ""),
        ("approve", None, 1, True, "A1", ""),
        ("approve", 2, 1, True, "A6", "04"),
        ("approve", 1, 2, True, "A6", ""),
        ("approve", 1, 0, True, "A3", "04"),
        ("partial", 1, 1, True, "A6", "0F"),
        ("partial", 3, 2, True, "A6", "0F"),
        ("partial", 1, 0, True, "A3", "0F"),
        ("partial", None, 1, True, "A6", "0F"),
        ("deny", 1, 0, True, "A3", "0F"),
        ("deny", None, 0, True, "A3", "0F"),
        ("pend", 1, 0, True, "A4", "0U"),
        ("pend", None, 0, True, "A4", "0U"),
        ("approve", 1, 0, False, "A4", "0V"),
        ("deny", 1, 0, False, "A4", "0V"),
    ],
)
def test_the_action_and_reason_for_a_code(
    recommendation: str, units_asked: int | None, granted: int, known: bool, action: str, reason: str
) -> None:
    assert recommended(recommendation, units_asked, granted, known=known) == (action, reason)


def test_only_an_approval_certifies_what_is_asked_for() -> None:
    for recommendation in ("partial", "deny", "pend"):
        for units_asked in (None, 1, 2):
            for granted in (0, 1, 2):
                for known in (True, False):
                    assert recommended(recommendation, units_asked, granted, known=known)[0] != "A1"


REQUESTED = [name for name, case in samples().items() if case.requested]


@pytest.mark.parametrize("name", sampled(REQUESTED, *range(0, len(REQUESTED), 4)))
def test_every_case_with_a_request_is_answered_as_it_is_decided(name: str) -> None:
    report, found = reported(name), response(name)
    assert problems_of(found) == []
    actions = {row[3] for row in asked(found)}
    expected = {"approve": {"A1", "A3", "A6"}, "partial": {"A6", "A3"}, "deny": {"A3"}, "pend": {"A4"}}
    assert report.recommendation is not None
    assert actions and actions <= expected[report.recommendation]
    assert {row[1] for row in asked(found)} >= {code for code, count in report.units_asked if count}
    # What is granted stands once: as it is asked for, or as an added item.
    granted = [(code, units) for _, code, units, action, _ in asked(found) if action == "A1"]
    assert sorted(granted + [(code, units) for _, code, units, _ in added(found)]) == sorted(report.units)
    assert {row[4] for row in asked(found)} <= {"", *REASONS}


@pytest.mark.parametrize("name", GOLDEN.values())
def test_a_response_has_what_the_profile_asks_for(name: str) -> None:
    """As the StructureDefinitions of PAS 2.2.1 have it: cardinalities, fixed values and patterns of what is used."""
    found = response(name)
    assert found["meta"]["profile"] == [f"{PAS}/profile-claimresponse"]
    assert (found["status"], found["use"], found["outcome"]) == ("active", "preauthorization", "complete")
    assert all(identifier["system"] and identifier["value"] for identifier in found["identifier"])
    for part in ("patient", "created", "insurer", "request", "type"):
        assert found[part]
    numbers = [note["number"] for note in found["processNote"]]
    assert numbers == list(range(1, len(numbers) + 1)) and all(note["text"] for note in found["processNote"])
    for item in (*found["item"], *found.get("addItem", [])):
        assert set(item["noteNumber"]) <= set(numbers) and len(item["adjudication"]) == 1
    assert all(len(item["itemSequence"]) == 1 for item in found.get("addItem", []))


@pytest.mark.parametrize("name", GOLDEN.values())
def test_a_response_says_that_no_human_has_reviewed_it(name: str) -> None:
    found = response(name)
    (reviewer,) = found["extension"]
    assert reviewer == {
        "url": f"{PAS}/extension-claimResponseReviewer",
        "extension": [{"url": "wasHumanReviewedFlag", "valueBoolean": False}],
    }
    assert NOTICE in found["disposition"] and "No human has reviewed this yet." in found["processNote"][0]["text"]
    assert all(1 in item["noteNumber"] for item in (*found["item"], *found.get("addItem", [])))
    assert "preAuthRef" not in found


def test_three_bodies_of_which_one_is_fractured_are_modified_to_the_first_code() -> None:
    """Of L3, L4 and L5 one is refused, so that two are left: 64628 alone (Procedure Codes)."""
    found = response("partial_compression_fracture_at_one_body")
    assert asked(found) == [(1, "64628", 1, "A6", "0F"), (2, "64629", 1, "A3", "0F")]
    assert added(found) == [([1], "64628", 1, "A1")]
    assert "L3: refused by n12 (Non-Indications 12 [1])" in notes(found, found["item"][0])
    assert "May be treated: L4, L5" in notes(found, found["addItem"][0])
    assert "refused" not in notes(found, found["addItem"][0])


def test_five_bodies_are_modified_to_four() -> None:
    """The limit is four bodies (Indications 10), one unit of 64628 and two of 64629."""
    found = response("five_bodies_one_above_l3")
    assert asked(found) == [(1, "64628", 1, "A6", "0F"), (2, "64629", 3, "A6", "0F")]
    assert added(found) == [([1], "64628", 1, "A1"), ([2], "64629", 2, "A1")]


def test_a_partial_approval_of_as_many_units_is_modified_all_the_same() -> None:
    """One body of two is as many units as two, but not what was asked for."""
    found = response("partial_one_body_ablated_before")
    assert asked(found) == [(1, "64628", 1, "A6", "0F")] and added(found) == [([1], "64628", 1, "A1")]


def test_a_denial_names_the_criterion_its_citation_and_what_the_record_states() -> None:
    found = response("deny_care_42_days_by_date")
    assert asked(found) == [(1, "64628", 1, "A3", "0F")] and not added(found)
    text = notes(found, found["item"][0])
    assert "i3: " in text and "(Indications 3 [1, 13])" in text
    assert "duration of conservative care at the request: 6 weeks (needs more than 6 weeks)" in text


def test_a_request_that_pends_says_what_is_missing_and_whom_to_ask() -> None:
    found = response("pend_t_score_missing")
    assert asked(found) == [(1, "64628", 1, "A4", "0U")] and not added(found)
    text = notes(found, found["item"][0])
    assert "Missing, to ask for: treating clinician's note: lowest T-score" in text
    assert "Would settle it as approve" in text and "(Non-Indications 10 [9])" in text


@pytest.mark.parametrize(
    ("bodies", "units", "items", "more"),
    [
        (["L4", "L5"], {"64628": 1}, [(1, "64628", 1, "A1", "")], []),
        (["L4", "L5"], None, [(1, "64628", 1, "A1", "")], []),
        (["L4", "L5"], {"64628": 2}, [(1, "64628", 2, "A6", "04")], [([1], "64628", 1, "A1")]),
        (["L4", "L5"], {"64628": 1, "64629": 1}, [(1, "64628", 1, "A1", ""), (2, "64629", 1, "A3", "04")], []),
        (["L4", "L5"], {"64629": 1}, [(1, "64629", 1, "A3", "04")], [([2], "64628", 1, "A1")]),
        (["L4", "L5"], {"64629": 0, "64628": 1}, [(1, "64628", 1, "A1", "")], []),
        (["L3", "L4", "L5", "S1"], {"64628": 1, "64629": 1}, [(1, "64628", 1, "A1", ""), (2, "64629", 1, "A6", "")],
         [([2], "64629", 2, "A1")]),
        (["L3", "L4", "L5", "S1"], None, [(1, "64628", 1, "A1", ""), (2, "64629", 2, "A1", "")], []),
        (["L4", "L5"], {"22612": 1, "64628": 1}, [(1, "64628", 1, "A1", ""), (2, "22612", 1, "A4", "0V")], []),
    ],
)  # fmt: skip
def test_units_asked_for_that_are_not_those_recommended(
    bodies: list[str], units: dict[str, int] | None, items: list[Any], more: list[Any]
) -> None:
    found = asking(bodies, units)
    assert problems_of(found) == []
    assert asked(found) == items and added(found) == more


def test_without_units_what_is_denied_or_pends_is_the_code_that_every_request_begins_with() -> None:
    assert codes_of(POLICY) == ["64628", "64629"]
    denied = asking(["L4", "L5"], conditions={"pregnancy": True})
    assert asked(denied) == [(1, "64628", None, "A3", "0F")] and "states no units" in notes(denied)
    assert asked(asking(["L4", "L5"], conditions={"pregnancy": "unknown"})) == [(1, "64628", None, "A4", "0U")]


def test_a_denial_that_rests_on_what_is_open_says_so() -> None:
    text = notes(response("request_without_bodies_when_none_is_left"))
    assert "however it is stated the request comes to a denial" in text
    assert "S1: refused by" in text and "Missing, to ask for: ordering physician" in text


def test_tags_name_program_policy_case_and_readings() -> None:
    name = "partial_one_body_ablated_before"
    tags = {tag["system"].rpartition("/")[2]: tag for tag in response(name)["meta"]["tag"]}
    assert tags["policy-sha256"]["code"] == POLICY.sha256 and len(tags["case-sha256"]["code"]) == 64
    assert "reading" not in tags
    case, readings = sample(name), {"impermissible_bodies": "all_or_nothing"}
    report = gathered(ENGINE.decide(case, readings), case, name, made="2026-01-02")
    other = claim_response(report, POLICY, case)
    assert "impermissible_bodies" in {tag["code"] for tag in other["meta"]["tag"]}
    assert other["identifier"] != response(name)["identifier"] and asked(other)[0][3] == "A3"


def test_the_same_case_gives_the_same_response_and_another_case_another_name() -> None:
    assert response("approve_two_bodies") == response("approve_two_bodies")
    one, other = asking(["L4", "L5"]), asking(["L4", "L3"])
    assert one["identifier"] != other["identifier"]


def test_without_a_request_there_is_nothing_to_respond_to() -> None:
    name = next(name for name, case in samples().items() if not case.requested)
    with pytest.raises(ClaimError, match="nothing is requested"):
        response(name)
    result = CliRunner().invoke(bvn, ["fhir", "response", place(name)])
    assert isinstance(result.exception, ClaimError)
    assert str(result.exception).startswith(f"{place(name)}: nothing is requested: state the bodies or units")


# --- the claim that is answered ----------------------------------------------------------------------------------


def claim(*lines: tuple[int, str, int | None], **more: Any) -> Json:
    items = [
        {"sequence": sequence,
         "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": code}]},
         **({"quantity": {"value": units}} if units is not None else {})}
        for sequence, code, units in lines
    ]  # fmt: skip
    return {
        "resourceType": "Claim", "id": "c1", "use": "preauthorization", "patient": {"reference": "Patient/p1"},
        "insurer": {"identifier": {"system": "urn:x", "value": "7", "period": {"start": "2020"}}},
        "provider": {"reference": "PractitionerRole/r1", "display": "A. Roe"}, "item": items, **more,
    }  # fmt: skip


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_response_answers_the_claim_that_is_given(tmp_path: Path) -> None:
    content = claim((7, "64629", 1), (5, "64628", 1))
    for given in (content, {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": content}]}):
        path = tmp_path / f"{given['resourceType']}.json"
        found = response("partial_compression_fracture_at_one_body", answered_at(written(path, given)))
        assert found["patient"] == {"reference": "Patient/p1"}
        assert found["insurer"] == {"identifier": {"system": "urn:x", "value": "7"}}
        assert found["requestor"] == {"reference": "PractitionerRole/r1", "display": "A. Roe"}
        assert found["request"] == {"reference": "Claim/c1"}
        assert [row[:2] for row in asked(found)] == [(5, "64628"), (7, "64629")]
        assert added(found) == [([5], "64628", 1, "A1")]
        assert problems_of(found) == []


def test_the_trace_numbers_of_an_item_come_back_with_it_and_with_what_is_granted_instead(tmp_path: Path) -> None:
    """PAS 2.2.1, extension-itemTraceNumber (X12 2000F TRN): by them the sender knows its item again."""
    content = claim((5, "64628", 1), (7, "64629", 1))
    traces = [{"url": f"{PAS}/extension-itemTraceNumber", "valueIdentifier": {"system": "urn:x", "value": value}}
              for value in ("111", "222")]  # fmt: skip
    other = {"url": f"{PAS}/extension-epsdtIndicator", "valueBoolean": True}
    content["item"][0]["extension"] = [*traces, other]
    found = response(GOLDEN["partial"], answered_at(written(tmp_path / "claim.json", content)))
    assert [item["extension"][:-1] for item in found["item"]] == [traces, []]
    assert [item["extension"] for item in found["addItem"]] == [traces] and problems_of(found) == []


def test_without_a_claim_who_it_is_about_is_marked_as_not_known() -> None:
    unknown = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                              "valueCode": "unknown"}]}  # fmt: skip
    found = response("approve_two_bodies")
    assert found["patient"] == found["insurer"] == found["request"] == unknown and "requestor" not in found


@pytest.mark.parametrize(
    "lines",
    [
        {"64628": Line(1)},
        {"64628": Line(1), "64629": Line(2, Decimal(3))},
        {"64628": Line(1), "64629": Line(2), "22612": Line(3)},
        {},
    ],
)
def test_a_claim_that_asks_for_something_else_than_the_case_is_refused(lines: dict[str, Line]) -> None:
    with pytest.raises(ClaimError, match=r"the claim asks for .*, the case for 64628 x 1, 64629 x 1: state under"):
        response("partial_compression_fracture_at_one_body", Answered(lines=lines))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"resourceType": "Patient"}, "resourceType: expected Claim or Bundle, not 'Patient'"),
        ({}, "resourceType: expected Claim or Bundle, but there is none"),
        (claim(use="claim"), "use: expected preauthorization, not 'claim'"),
        (claim((0, "64628", 1)), "item[0].sequence: expected the number of the item, from 1"),
        (claim((1, "64628", 1), (2, "64628", 1)), "item[1].productOrService: 64628 is asked for by two items"),
        (claim(item=[{"sequence": 1, "productOrService": {"coding": []}}]), "expected one CPT code"),
        (claim(item={"sequence": 1}), "item: expected a list, not fields"),
        (claim(patient=7), "patient: expected an object with fields, not 7"),
        ({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]},
         "entry: expected a Claim as the first entry"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_claim_is_told_with_its_place(content: Json, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "claim.json", content)
    result = CliRunner().invoke(bvn, ["fhir", "response", place("approve_two_bodies"), "--claim", str(path)])
    assert message in str(result.exception) and str(result.exception).startswith(f"{path}: ")


def test_the_command_writes_a_new_file_or_prints(tmp_path: Path) -> None:
    path = tmp_path / "response.json"
    arguments = ["fhir", "response", place("approve_two_bodies")]
    result = CliRunner().invoke(bvn, [*arguments, "-o", str(path)])
    assert result.output == f"{path}: approve\n{NOTICE}\n"
    printed = CliRunner().invoke(bvn, arguments).output
    first, second = json.loads(printed), json.loads(path.read_text(encoding="utf-8"))
    assert first.pop("timestamp").endswith("+00:00") and second.pop("timestamp") and first == second
    alone = json.loads(CliRunner().invoke(bvn, [*arguments, "--resource"]).output)
    assert alone | {"id": first["entry"][0]["resource"]["id"]} == first["entry"][0]["resource"]
    assert alone["resourceType"] == "ClaimResponse" and "id" not in alone
    again = CliRunner().invoke(bvn, [*arguments, "-o", str(path)])
    assert "there already" in str(again.exception)
