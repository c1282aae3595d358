"""The answer as a client of PAS gets it: a Bundle, read by an independent client, and as its profile asks.

BVN_PROFILES names the folder of the unpacked package of PAS 2.2.1 (hl7.fhir.us.davinci-pas), among others.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.fhir.answered import Answered
from bvn_asp.fhir.bundle import carried, response_bundle
from bvn_asp.fhir.submitted import answered_at
from bvn_asp.fhir.text import json_text
from tests.fhir_reading import copy_of, problems_of
from tests.profile_rules import FOLDERS
from tests.profile_rules import broken_rules as rules_by_element
from tests.sample_cases import place
from tests.test_fhir_claim import GOLDEN, PAS, claim, response, written

Json = dict[str, Any]
NOW = "2026-01-02T03:04:05+00:00"
SERVER = "http://provider.example/fhir"
PARTIAL = GOLDEN["partial"]


def bundled(name: str, answered: Answered | None = None) -> Json:
    return response_bundle(response(name, answered), answered.sent if answered else (), NOW)


def request_bundle(**more: Any) -> Json:
    """Return what a client submits for the partial approval: the Claim, and who is in it."""
    content = claim((5, "64628", 1), (7, "64629", 1), insurer={"reference": f"{SERVER}/Organization/i1"}, **more)
    resources: list[Json] = [
        content,
        {"resourceType": "Patient", "id": "p1", "managingOrganization": {"reference": "Organization/o1"}},
        {"resourceType": "Organization", "id": "i1", "name": "A payer"},
        {"resourceType": "PractitionerRole", "id": "r1", "practitioner": {"reference": "Practitioner/d1"},
         "organization": {"reference": "Organization/o1"}},
        {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Roe"}]},
        {"resourceType": "Organization", "id": "o1", "name": "A practice"},
        {"resourceType": "Coverage", "id": "c9", "status": "active"},
    ]  # fmt: skip
    entries = [{"fullUrl": f"{SERVER}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def answered_bundle(tmp_path: Path, request: Json) -> Json:
    return bundled(PARTIAL, answered_at(written(tmp_path / "request.json", request)))


@pytest.mark.parametrize("name", GOLDEN.values())
def test_a_bundle_has_what_its_profile_asks_for(name: str) -> None:
    """Profile profile-pas-response-bundle of PAS 2.2.1: each element that it requires, fixes or forbids."""
    found = bundled(name)
    assert problems_of(found) == []
    assert found["meta"]["profile"] == [f"{PAS}/profile-pas-response-bundle"]
    assert found["identifier"]["system"] and found["identifier"]["value"]
    assert (found["type"], found["timestamp"]) == ("collection", NOW)
    assert found["entry"] and found["entry"][0]["resource"]["resourceType"] == "ClaimResponse"
    for entry in found["entry"]:
        assert set(entry) == {"fullUrl", "resource"} and entry["fullUrl"]
    assert [entry["resource"]["resourceType"] for entry in found["entry"]].count("ClaimResponse") == 1
    assert found["entry"][0]["fullUrl"] == f"urn:uuid:{found['entry'][0]['resource']['id']}"


def test_the_same_answer_has_the_same_names_and_another_one_others() -> None:
    one, same, other = bundled(PARTIAL), bundled(PARTIAL), bundled(GOLDEN["deny"])
    assert one == same
    names = [bundle["identifier"]["value"] for bundle in (one, other)]
    names += [bundle["entry"][0]["fullUrl"] for bundle in (one, other)]
    names += [bundle["entry"][0]["resource"]["identifier"][0]["value"] for bundle in (one, other)]
    assert len(set(names)) == 6


def test_what_the_answer_refers_to_comes_with_it_once_as_it_was_sent(tmp_path: Path) -> None:
    """PAS: all that is referred to, under the address and the id that it had; the Claim need not be there."""
    request = request_bundle()
    found = answered_bundle(tmp_path, request)
    assert problems_of(found) == []
    sent = {entry["fullUrl"]: entry["resource"] for entry in request["entry"]}
    back = [entry["fullUrl"].removeprefix(f"{SERVER}/") for entry in found["entry"][1:]]
    assert back == ["Patient/p1", "Organization/i1", "PractitionerRole/r1", "Organization/o1", "Practitioner/d1"]
    assert all(entry["resource"] == sent[entry["fullUrl"]] for entry in found["entry"][1:])
    answer = found["entry"][0]["resource"]
    assert [answer[name]["reference"] for name in ("patient", "insurer", "requestor")] == [
        f"{SERVER}/{name}" for name in ("Patient/p1", "Organization/i1", "PractitionerRole/r1")
    ]
    assert answer["requestor"]["display"] == "A. Roe" and answer["request"] == {"reference": "Claim/c1"}


def test_what_is_not_in_the_request_is_referred_to_as_the_request_does(tmp_path: Path) -> None:
    request = request_bundle()
    request["entry"] = request["entry"][:1]
    found = answered_bundle(tmp_path, request)
    assert len(found["entry"]) == 1 and found["entry"][0]["resource"]["patient"] == {"reference": "Patient/p1"}


def test_the_command_warns_of_what_is_referred_to_and_did_not_come(tmp_path: Path) -> None:
    request = request_bundle()
    request["entry"] = request["entry"][:2]
    path = written(tmp_path / "request.json", request)
    arguments = ["fhir", "response", place(PARTIAL), "--claim", str(path), "-o", str(tmp_path / "answer.json")]
    result = CliRunner().invoke(bvn, arguments)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"warning: {name} did not come with the claim, and is not in the Bundle"
        for name in (f"{SERVER}/Organization/i1", "PractitionerRole/r1")
    ]
    assert "warning" not in CliRunner().invoke(bvn, [*arguments[:-2], "--resource"]).stderr


def test_a_resource_without_an_address_gets_one(tmp_path: Path) -> None:
    request = request_bundle()
    del request["entry"][1]["fullUrl"]
    found = answered_bundle(tmp_path, request)
    url = found["entry"][1]["fullUrl"]
    assert url == carried("", request["entry"][1]["resource"]).url and url.startswith("urn:uuid:")
    assert found["entry"][0]["resource"]["patient"]["reference"] == url


def test_a_circle_of_references_ends(tmp_path: Path) -> None:
    request = request_bundle()
    request["entry"][5]["resource"]["partOf"] = {"reference": f"{SERVER}/Organization/i1"}
    request["entry"][2]["resource"]["partOf"] = {"reference": f"{SERVER}/Organization/o1"}
    assert len(answered_bundle(tmp_path, request)["entry"]) == 6


def test_a_number_that_nobody_meant_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    request = request_bundle()
    request["entry"][1]["resource"]["multipleBirthInteger"] = 77
    path.write_text(json.dumps(request).replace("77", "1E+9999"))
    arguments = ["fhir", "response", place(PARTIAL), "--claim", str(path)]
    result = CliRunner().invoke(bvn, arguments)
    assert "entry[1].resource.multipleBirthInteger: expected a number of a size" in str(result.exception)


# --- read by an independent client -------------------------------------------------------------------------------


class Told:
    """What a client reads out of a Bundle with the models of SMART's fhirclient, along the paths that PAS names."""

    def __init__(self, content: Json) -> None:
        models = pytest.importorskip("fhirclient.models.bundle")
        self.bundle = models.Bundle(json.loads(json_text(content)))
        self.answer = self.bundle.entry[0].resource
        assert type(self.answer).__name__ == "ClaimResponse"

    def actions(self) -> list[tuple[int, str, str]]:
        """Return number, review action and reason of each item."""
        return [(item.itemSequence, *self._reviewed(item)) for item in self.answer.item]

    def authorized(self) -> list[tuple[str, float]]:
        """Return code and units of what is certified, as asked for or otherwise."""
        found = []
        for item in self.answer.item:
            if self._reviewed(item)[0] == "A1":
                (detail,) = (one for one in item.extension if one.url.endswith("extension-itemAuthorizedDetail"))
                parts = {part.url: part for part in detail.extension}
                code = parts["productOrServiceCode"].valueCodeableConcept.coding[0].code
                found.append((code, parts["quantity"].valueQuantity.value))
        for item in self.answer.addItem or []:
            if self._reviewed(item)[0] == "A1":
                found.append((item.productOrService.coding[0].code, item.quantity.value))
        return sorted(found)

    def notes(self, number: int) -> str:
        item = next(item for item in self.answer.item if item.itemSequence == number)
        return "\n".join(note.text for note in self.answer.processNote if note.number in item.noteNumber)

    def human_reviewed(self) -> bool:
        (reviewer,) = (one for one in self.answer.extension if one.url.endswith("extension-claimResponseReviewer"))
        flags = [part.valueBoolean for part in reviewer.extension if part.url == "wasHumanReviewedFlag"]
        return bool(flags[0])

    def referred(self, name: str) -> Any:
        reference = getattr(self.answer, name).reference
        return next(entry.resource for entry in self.bundle.entry if entry.fullUrl == reference)

    @staticmethod
    def _reviewed(item: Any) -> tuple[str, str]:
        (review,) = (one for one in item.adjudication[0].extension if one.url.endswith("extension-reviewAction"))
        parts = {part.url.rpartition("/")[2]: part.valueCodeableConcept.coding[0].code for part in review.extension}
        return parts["extension-reviewActionCode"], parts.get("reasonCode", "")


@pytest.mark.parametrize(
    ("outcome", "actions", "authorized", "note"),
    [
        # Three bodies asked for are 64628 and one unit of 64629 (Procedure Codes); of the partial one, two are left.
        ("approve", [(1, "A1", ""), (2, "A1", "")], [("64628", 1), ("64629", 1)], "May be treated: L4, L5, S1"),
        ("partial", [(1, "A6", "0F"), (2, "A3", "0F")], [("64628", 1)], "Non-Indications 12 [1]"),
        ("deny", [(1, "A3", "0F")], [], "Indications 3 [1, 13]"),
        ("pend", [(1, "A4", "0U")], [], "lowest T-score"),
    ],
)
def test_an_independent_client_reads_decision_units_reasons_and_criteria(
    outcome: str, actions: list[Any], authorized: list[Any], note: str
) -> None:
    told = Told(bundled(GOLDEN[outcome]))
    assert told.actions() == actions and told.authorized() == authorized
    assert note in told.notes(1) and told.human_reviewed() is False
    assert told.answer.outcome == "complete" and told.answer.preAuthRef is None


def test_an_independent_client_finds_who_it_is_about(tmp_path: Path) -> None:
    told = Told(answered_bundle(tmp_path, request_bundle()))
    assert told.referred("patient").id == "p1"
    assert told.referred("insurer").name == "A payer"
    assert type(told.referred("requestor")).__name__ == "PractitionerRole"


# --- the profiles themselves -------------------------------------------------------------------------------------


@cache
def profiles() -> Any:
    """Return a validator that has read the StructureDefinitions of PAS."""
    checker = pytest.importorskip("pyfhircheck")
    from pyfhircheck.config import ValidatorConfig

    folders = [
        str(folder) for folder in FOLDERS if (folder / "StructureDefinition-profile-claimresponse.json").is_file()
    ]
    if not folders:
        pytest.skip("BVN_PROFILES names no folder with the package of PAS 2.2.1")
    config = {"fhirVersion": "4.0.1", "terminology": {"mode": "off"}, "localPackagePaths": folders}
    return checker.Validator(ValidatorConfig.load_dict(config))


def broken_rules(resource: Json) -> list[str]:
    """Return what breaks a rule of a profile, without three kinds of report that are no rule of it."""
    with contextlib.redirect_stdout(io.StringIO()):
        report = profiles().validate_resource(copy_of(resource))
    return [
        f"{issue.code} {issue.path}: {issue.message}"
        for issue in report.issues
        if not (
            # The validator takes every text for a narrative, and finds no slice by type, in the examples of PAS
            # neither; dom-6 is advice.
            (issue.code == "element.unknown" and issue.path.endswith("].text"))
            or issue.code.endswith("dom-6")
            or issue.path == "Bundle.entry:ClaimResponse"
        )
    ]


@pytest.mark.parametrize("name", GOLDEN.values())
def test_no_rule_of_the_profile_of_a_claim_response_is_broken(name: str) -> None:
    assert broken_rules(response(name)) == []
    assert rules_by_element(copy_of(response(name))) == [] and rules_by_element(copy_of(bundled(name))) == []


def _without(*path: Any) -> Callable[[Json], None]:
    def change(resource: Any) -> None:
        for step in path[:-1]:
            resource = resource[step]
        del resource[path[-1]]

    return change


def _with(value: Any, *path: Any) -> Callable[[Json], None]:
    def change(resource: Any) -> None:
        for step in path[:-1]:
            resource = resource[step]
        resource[path[-1]] = value

    return change


def _changes() -> Iterator[Callable[[Json], None]]:
    """Yield changes of the answer to a partial approval, each of which breaks a rule of its profile."""
    yield from (_without(name) for name in ("patient", "created", "insurer", "request", "outcome", "type", "use"))
    yield _with("cancelled", "status")
    yield _with("claim", "use")
    yield _without("identifier", 0, "system")
    yield _without("identifier", 0, "value")
    yield _without("item", 0, "itemSequence")
    yield _without("item", 0, "adjudication")
    yield _with("benefit", "item", 0, "adjudication", 0, "category", "coding", 0, "code")
    yield _with([1, 2], "addItem", 0, "itemSequence")
    yield _without("addItem", 0, "itemSequence")
    yield _without("addItem", 0, "productOrService")
    yield _without("processNote", 0, "number")
    yield _without("processNote", 0, "text")
    yield _with(f"{PAS}/extension-of-nobody", "extension", 0, "url")
    yield _with([], "extension", 0, "extension")


@pytest.mark.parametrize("change", [*_changes()])
def test_a_rule_of_the_profile_that_is_broken_is_noticed(change: Callable[[Json], None]) -> None:
    found = copy_of(response(PARTIAL))
    change(found)
    assert broken_rules(found)


def test_no_rule_of_the_profile_of_a_bundle_is_broken(tmp_path: Path) -> None:
    for found in (bundled(PARTIAL), bundled(GOLDEN["deny"])):
        assert broken_rules(found) == []
        for name in ("identifier", "timestamp", "type"):
            assert broken_rules({key: value for key, value in found.items() if key != name}), name
    carried_along = answered_bundle(tmp_path, request_bundle())
    assert [rule for rule in broken_rules(carried_along) if "Bundle" in rule.partition(":")[0]] == []
