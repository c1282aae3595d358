"""What DTR 2.2 and SDC 4.0 require of a questionnaire, a response and a package, each rule of their profiles by itself.

The profiles are dtr-std-questionnaire, dtr-questionnaire-adapt and its search, dtr-questionnaireresponse and that of
adaptive ones, DTR-QPackageBundle, information-origin, and those of SDC that they are made from.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.fhir import urls
from bvn_asp.fhir.package import package, returned
from bvn_asp.fhir.questionnaire import questionnaire
from bvn_asp.fhir.response import Context, response
from tests.fhir_reading import copy_of, items_of, problems_of
from tests.profile_rules import broken_rules
from tests.sample_cases import sample

Json = dict[str, Any]
CONTEXT = Context("2026-01-01T12:00:00+00:00", "Patient/1", "Coverage/1", "ServiceRequest/1")
CASE = sample("approve_two_bodies")
SERVER = "http://127.0.0.1:8642/api/fhir"
WHOLE = questionnaire(whole=True)
PACKAGES = [package(CASE, CONTEXT, adaptive=server).resource for server in ("", SERVER)]
START = PACKAGES[1]["entry"][0]["resource"]
RESPONSES = [response(CASE, CONTEXT, whole=True).resource, *(bundle["entry"][1]["resource"] for bundle in PACKAGES)]
CONTAINED = RESPONSES[2]["contained"][0]
QUESTIONNAIRES = [questionnaire(), WHOLE, START, CONTAINED]
BEGINNING = WHOLE | {"item": WHOLE["item"][:1]}

ON_QUESTIONNAIRE = {urls.VERSION_ALGORITHM: 1, urls.AUDIENCE: None, urls.REQUEST_SPECIFIC: 1, urls.ADAPTIVE: None}
ON_ITEM = {
    urls.ITEM_CONTROL: 1, urls.UNIT_OPTION: None, urls.MIN_VALUE: 1, urls.MAX_VALUE: 1, urls.MAX_DECIMAL_PLACES: 1,
    urls.MAX_OCCURS: 1, urls.MIN_QUANTITY: 1, urls.MAX_QUANTITY: 1,
}  # fmt: skip
"""The extensions in use that the profiles have, and how often each can occur, None if that has no limit."""


def names(element: Json) -> Counter[str]:
    return Counter(extension["url"] for extension in element.get("extension", ()))


def allowed(element: Json, limits: dict[str, int | None]) -> bool:
    found = names(element)
    return set(found) <= set(limits) and all(count <= (limits[url] or count) for url, count in found.items())


@pytest.mark.parametrize("resource", QUESTIONNAIRES[:3], ids=["brief", "whole", "start"])
def test_a_questionnaire_that_is_handed_out_has_an_address_a_version_and_its_algorithm(resource: Json) -> None:
    """SDC: url 1..1 without fragment or version (cnl-1), name (cnl-0), algorithm of versions (sdc-2, sdc-3)."""
    assert re.fullmatch(r"[^|# ]+", resource["url"]) and re.fullmatch(r"[A-Z]([A-Za-z0-9_]){1,254}", resource["name"])
    (algorithm,) = (e["valueCoding"] for e in resource["extension"] if e["url"] == urls.VERSION_ALGORITHM)
    assert algorithm == {"system": "http://hl7.org/fhir/version-algorithm", "code": "semver"}
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", resource["version"])
    assert resource["title"] and resource["status"] == "draft"


@pytest.mark.parametrize("resource", QUESTIONNAIRES, ids=["brief", "whole", "start", "contained"])
def test_a_questionnaire_is_about_a_patient_and_has_no_extension_but_those_of_its_profile(resource: Json) -> None:
    """DTR: subjectType 1..1, Patient; no assemble-expectation, no endpoint, and no time (dtrq-6)."""
    assert resource["subjectType"] == ["Patient"]
    assert allowed(resource, ON_QUESTIONNAIRE)


def test_a_standard_questionnaire_asks_something_and_a_starting_one_nothing() -> None:
    """DTR: item 1..* of the one, 0..0 of the other."""
    assert questionnaire()["item"] and WHOLE["item"] and "item" not in START


@pytest.mark.parametrize("resource", [START, CONTAINED], ids=["start", "contained"])
def test_an_adaptive_questionnaire_says_where_the_next_question_is_asked_for(resource: Json) -> None:
    """DTR: questionnaireAdaptive 1..*, and as an address."""
    found = [extension for extension in resource["extension"] if extension["url"] == urls.ADAPTIVE]
    assert found == [{"url": urls.ADAPTIVE, "valueUrl": SERVER}]


def test_a_contained_questionnaire_has_no_address_and_says_of_which_it_is() -> None:
    """SDC: url and version 0..0, title 1..1, derivedFrom 1..1, and the response names it (sdc-adapt-1)."""
    assert "url" not in CONTAINED and "version" not in CONTAINED and CONTAINED["title"]
    assert CONTAINED["derivedFrom"] == [f"{START['url']}|{START['version']}"]
    assert RESPONSES[2]["questionnaire"] == f"#{CONTAINED['id']}" and len(RESPONSES[2]["contained"]) == 1


@pytest.mark.parametrize("resource", [WHOLE, CONTAINED], ids=["whole", "contained"])
def test_every_item_is_as_the_profiles_have_items(resource: Json) -> None:
    """DTR: text 1..1, value of an option 1..1, dtrq-2 and -3; SDC and R4: linkIds, groups, displays, conditions."""
    links = Counter(item["linkId"] for item in items_of(resource))
    assert set(links.values()) == {1} and all(link == link.strip() and len(link) <= 255 for link in links)
    for item in items_of(resource):
        assert item["text"] and allowed(item, ON_ITEM), item["linkId"]
        kind = item["type"]
        assert kind not in ("reference", "attachment"), "dtrq-4 and dtrq-5 ask for more"
        assert (kind == "group") <= bool(item.get("item")) and (kind == "display") <= ("item" not in item)
        assert (kind in ("choice", "open-choice")) == ("answerOption" in item)
        assert (kind == "quantity") == (urls.UNIT_OPTION in names(item))
        assert (len(item.get("enableWhen", ())) > 1) == ("enableBehavior" in item)
        assert not (kind == "display" and {"required", "repeats"} & item.keys())
        for option in item.get("answerOption", ()):
            assert [name for name in option if name.startswith("value")] == ["valueCoding"]
            assert allowed(option, {urls.OPTION_EXCLUSIVE: 1})
        for condition in item.get("enableWhen", ()):
            assert condition["question"] in links and condition["operator"] in ("=", "exists")
            assert [name for name in condition if name.startswith("answer")] == [
                "answerBoolean" if condition["operator"] == "exists" else "answerCoding"
            ]


@pytest.mark.parametrize("resource", RESPONSES, ids=["complete", "draft", "adaptive"])
def test_a_response_says_for_what_it_is(resource: Json) -> None:
    """DTR: coverage 1..*, context 0..*, intendedUse 1..* from its value set; questionnaire, subject, authored 1..1."""
    found = names(resource)
    assert found[urls.COVERAGE] >= 1 and found[urls.INTENDED_USE] >= 1
    assert allowed(resource, {urls.COVERAGE: None, urls.CONTEXT: None, urls.INTENDED_USE: None})
    by_url = {extension["url"]: extension for extension in resource["extension"]}
    assert by_url[urls.COVERAGE]["valueReference"] == {"reference": "Coverage/1"}
    assert by_url[urls.CONTEXT]["valueReference"] == {"reference": "ServiceRequest/1"}
    (use,) = by_url[urls.INTENDED_USE]["valueCodeableConcept"]["coding"]
    assert use == {"system": urls.DOCUMENT_REASONS, "code": "withpa"}
    assert resource["questionnaire"] and resource["subject"] == {"reference": "Patient/1"}
    assert resource["authored"] == CONTEXT.authored and resource["status"] in ("in-progress", "completed")
    assert not {"basedOn", "partOf", "author", "source"} & resource.keys()


@pytest.mark.parametrize("resource", RESPONSES, ids=["complete", "draft", "adaptive"])
def test_every_answer_says_where_it_comes_from_and_an_author_if_a_person_gave_it(resource: Json) -> None:
    """DTR: origin 1..1 on each answer; an author where the source is manual or override, and else none (dtrx-1)."""
    count = 0
    for item in items_of(resource):
        assert item["linkId"] and item["text"]
        for answer in item.get("answer", ()):
            count += 1
            (origin,) = (e for e in answer["extension"] if e["url"] == urls.INFORMATION_ORIGIN)
            parts = {part["url"]: part for part in origin["extension"]}
            source = parts["source"]["valueCode"]
            assert source in ("auto-client", "auto-server", "override", "manual")
            assert ("author" in parts) == (source in ("override", "manual"))
            assert len([name for name in answer if name.startswith("value")]) == 1
    assert count > 40


@pytest.mark.parametrize("resource", RESPONSES, ids=["complete", "draft", "adaptive"])
def test_a_question_is_one_item_with_all_its_answers_and_stands_where_it_is_asked(resource: Json) -> None:
    """SDC: sdcqr-2; R4: items stand in groups as in the questionnaire, in its order."""
    asked = CONTAINED if "contained" in resource else WHOLE

    def check(items: list[Json], questions: list[Json]) -> None:
        places = {question["linkId"]: place for place, question in enumerate(questions)}
        order = [places[item["linkId"]] for item in items]
        assert order == sorted(order)
        repeated = {link for link, count in Counter(item["linkId"] for item in items).items() if count > 1}
        assert all("answer" not in item for item in items if item["linkId"] in repeated)
        for item in items:
            check(item.get("item", []), questions[places[item["linkId"]]].get("item", []))

    check(resource["item"], asked["item"])


@pytest.mark.parametrize("bundle", PACKAGES, ids=["standard", "adaptive"])
def test_a_package_is_one_questionnaire_and_one_response_to_it(bundle: Json) -> None:
    """DTR: a collection, the questionnaire first (dtrb-1), one of each, and nothing of another kind."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert bundle["type"] == "collection" and kinds == ["Questionnaire", "QuestionnaireResponse"]
    assert bundle["meta"]["profile"] == [urls.PACKAGE]
    first, second = (entry["resource"] for entry in bundle["entry"])
    named = CONTAINED["derivedFrom"][0] if "contained" in second else second["questionnaire"]
    assert named == f"{first['url']}|{first['version']}" and bundle["entry"][0]["fullUrl"] == first["url"]
    profiles = {
        urls.STANDARD_QUESTIONNAIRE: urls.RESPONSE, urls.ADAPTIVE_START: urls.ADAPTIVE_RESPONSE,
    }  # fmt: skip
    assert second["meta"]["profile"] == [profiles[first["meta"]["profile"][0]]]


def test_the_operation_returns_the_package_as_its_only_parameter() -> None:
    """DTR, dtr-qpackage-output-parameters: each package is a parameter called packagebundle."""
    found = returned(PACKAGES[0])
    assert problems_of(found) == [] and found["meta"]["profile"] == [urls.PACKAGE_RETURNED]
    assert found["parameter"] == [{"name": "packagebundle", "resource": PACKAGES[0]}]


def test_the_command_writes_the_package_in_parameters_if_it_is_asked_to(tmp_path: Path) -> None:
    plain, wrapped = tmp_path / "bundle.json", tmp_path / "parameters.json"
    for path, *options in ((plain,), (wrapped, "--parameters")):
        assert CliRunner().invoke(bvn, ["fhir", "package", *options, "-o", str(path)]).exit_code == 0
    bundle, parameters = (json.loads(path.read_text()) for path in (plain, wrapped))
    assert bundle["resourceType"] == "Bundle" and parameters["resourceType"] == "Parameters"
    assert [entry["resource"]["resourceType"] for entry in parameters["parameter"][0]["resource"]["entry"]] == [
        entry["resource"]["resourceType"] for entry in bundle["entry"]
    ]


# --- the profiles themselves -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "resource",
    [*QUESTIONNAIRES[:3], *RESPONSES[:2], PACKAGES[0], returned(PACKAGES[0])],
    ids=["brief", "whole", "start", "complete", "draft", "package", "parameters"],
)
def test_no_rule_of_its_profile_is_broken(resource: Json) -> None:
    assert broken_rules(copy_of(resource)) == []


@pytest.mark.parametrize("resource", [CONTAINED, RESPONSES[2], PACKAGES[1]], ids=["contained", "adaptive", "package"])
def test_no_rule_of_a_profile_of_what_is_adaptive_is_broken_but_the_one_on_which_dtr_and_sdc_disagree(
    resource: Json,
) -> None:
    """DTR wants an address of a contained questionnaire, SDC forbids it."""
    profile = urls.ADAPTIVE_QUESTIONNAIRE if resource is CONTAINED else ""
    found = broken_rules(copy_of(resource), profile)
    assert all(rule.endswith("Questionnaire.url: 0 values, expected 1 to 1") for rule in found)


def _changes() -> Iterator[tuple[Json, Callable[[Json], Any]]]:
    """Yield resources, and changes of them each of which breaks a rule of their profile."""
    origin = {"url": urls.INFORMATION_ORIGIN, "extension": [{"url": "source", "valueCode": "manual"}]}
    endpoint = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-endpoint"
    for name in ("url", "status", "subjectType", "extension", "item"):
        yield BEGINNING, _without(name)
    yield BEGINNING, lambda resource: resource.update(url=resource["url"] + "#part")
    yield BEGINNING, lambda resource: resource.update(name="bvn ablation")
    yield BEGINNING, lambda resource: resource.update(subjectType=["Patient", "Practitioner"])
    yield (
        BEGINNING,
        lambda resource: resource["extension"].append({"url": endpoint, "valueUri": "https://payer.example"}),
    )
    yield BEGINNING, lambda resource: resource["extension"].append(resource["extension"][0])
    yield BEGINNING, lambda resource: items_of(resource)[3].pop("text")
    yield BEGINNING, lambda resource: _options(resource)[0].pop("valueCoding")
    yield BEGINNING, lambda resource: items_of(resource)[1].update(type="reference")
    for name in ("questionnaire", "subject", "authored", "status"):
        yield RESPONSES[0], _without(name)
    for url in (urls.COVERAGE, urls.INTENDED_USE):
        yield RESPONSES[0], _without_extension(url)
    yield RESPONSES[0], lambda resource: _drop(_answers(resource)[0]["extension"], urls.INFORMATION_ORIGIN)
    yield RESPONSES[0], lambda resource: _answers(resource)[0].update(extension=[origin])
    yield RESPONSES[0], lambda resource: _answers(resource)[0]["extension"].append(origin)
    yield RESPONSES[0], lambda resource: resource.update(basedOn=[{"reference": "ServiceRequest/1"}])
    yield PACKAGES[0], lambda bundle: bundle.update(type="transaction")
    yield PACKAGES[0], lambda bundle: bundle["entry"].reverse()
    yield PACKAGES[0], lambda bundle: bundle["entry"].append(bundle["entry"][0])
    yield PACKAGES[0], lambda bundle: bundle["entry"].append({"resource": {"resourceType": "Patient"}})
    yield PACKAGES[0], lambda bundle: bundle["entry"].pop()
    yield returned(PACKAGES[0]), lambda result: result["parameter"][0].pop("resource")
    yield returned(PACKAGES[0]), lambda result: result["parameter"][0]["resource"].update(type="transaction")


def _without(name: str) -> Callable[[Json], Any]:
    return lambda resource: resource.pop(name)


def _without_extension(url: str) -> Callable[[Json], Any]:
    return lambda resource: _drop(resource["extension"], url)


def _options(resource: Json) -> list[Json]:
    return [option for item in items_of(resource) for option in item.get("answerOption", ())]


def _answers(resource: Json) -> list[Json]:
    return [answer for item in items_of(resource) for answer in item.get("answer", ())]


def _drop(extensions: list[Json], url: str) -> None:
    extensions[:] = [extension for extension in extensions if extension["url"] != url]


@pytest.mark.parametrize(("resource", "change"), [*_changes()])
def test_a_rule_of_the_profile_that_is_broken_is_noticed(resource: Json, change: Callable[[Json], Any]) -> None:
    found = copy_of(resource)
    change(found)
    assert broken_rules(found)
