"""The questionnaire: everything that the policy asks, nothing that decides nothing, and what SDC and DTR want of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.fhir import questionnaire as module
from bvn_asp.fhir import urls
from bvn_asp.fhir.citing import citations
from bvn_asp.fhir.items import asked, by_link
from bvn_asp.fhir.package import package
from bvn_asp.fhir.questionnaire import questionnaire, version
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.table import TABLE
from bvn_asp.report.labels import decides_nothing
from tests.fhir_reading import MADE, answers, case_of, items_of, problems_of
from tests.sample_cases import sample

BRIEF, WHOLE = questionnaire(), questionnaire(whole=True)


def item(link: str, whole: bool = False) -> Any:
    (found,) = (found for found in items_of(WHOLE if whole else BRIEF) if found["linkId"] == link)
    return found


def extensions(of: Any, url: str) -> list[Any]:
    return [
        next(content for name, content in extension.items() if name.startswith("value"))
        for extension in of.get("extension", ())
        if extension["url"] == url
    ]


@pytest.mark.parametrize("resource", [BRIEF, WHOLE], ids=["brief", "whole"])
def test_it_is_a_questionnaire_of_fhir_r4(resource: Any) -> None:
    assert problems_of(resource) == []


def test_every_field_of_the_table_is_asked_once_and_what_decides_nothing_only_if_it_is_to_be() -> None:
    links = [found["linkId"] for found in items_of(WHOLE)]
    assert len(links) == len(set(links)) and max(map(len, links)) <= 255
    assert {row.path for row in TABLE.fields} <= set(links)
    left = {row.path for row in TABLE.fields} - {found["linkId"] for found in items_of(BRIEF)}
    assert left == {row.path for row in TABLE.fields if decides_nothing(row)}
    assert {"story", "patient.sex", "request.diagnosis_codes"} <= left and "request.date" not in left


def test_groups_stand_in_the_order_of_a_chart_and_questions_in_that_of_the_table() -> None:
    assert [found["linkId"] for found in BRIEF["item"]] == [
        f"section:{name}"
        for name in ("case", "patient", "pain", "conservative_care", "mri", "findings", "surgeries", "ablations",
                     "behavioral_health", "conditions", "anaesthesia", "request")
    ]  # fmt: skip
    links = [found["linkId"] for found in items_of(BRIEF)]
    order = [links.index(row.path) for row in TABLE.plain if row.path in links and row.form != "units"]
    assert order == sorted(order)


def test_what_is_known_of_a_number_is_a_quantity_in_ucum_units_with_its_limits_or_words() -> None:
    months = item("pain.months")
    assert months["type"] == "quantity"
    assert extensions(months, urls.UNIT_OPTION) == [{"system": urls.UCUM, "code": "mo", "display": "months"}]
    assert extensions(months, urls.MAX_QUANTITY)[0]["value"] == 1800
    assert extensions(months, urls.MAX_DECIMAL_PLACES) == [6]
    units = {found["code"] for i in items_of(WHOLE) for found in extensions(i, urls.UNIT_OPTION)}
    assert units == {"a", "mo", "wk", "mm", "kg/m2"}
    assert item("conditions.t_score")["type"] == "decimal"
    words = item("pain.months:words")
    assert words["type"] == "open-choice" and "at least 6" in item("pain.months:words:help")["text"]
    assert words["enableWhen"] == [{"question": "pain.months", "operator": "exists", "answerBoolean": False}]


def test_not_known_can_be_answered_of_every_field_but_free_text_and_the_kind_of_a_finding() -> None:
    unknown = {"system": urls.ABSENT_REASON, "code": "unknown", "display": "not known"}
    said = {
        found["linkId"].removesuffix(":words")
        for found in items_of(WHOLE)
        if {"valueCoding": unknown} in [{"valueCoding": o["valueCoding"]} for o in found.get("answerOption", ())]
    }
    lists = {row.path.removesuffix("[]") for row in TABLE.fields if row.is_list}
    texts = {row.path for row in TABLE.fields if row.form == "text"}
    assert said == {row.path for row in TABLE.fields if not row.is_list} - texts - {"findings.present[].kind"} | lists


def test_options_have_a_code_only_where_a_public_one_exists() -> None:
    coded = {
        (option["valueCoding"]["system"], option["valueCoding"]["code"])
        for found in items_of(WHOLE)
        for option in found.get("answerOption", ())
        if "code" in option["valueCoding"]
    }
    assert coded == {
        (urls.YES_NO, "Y"), (urls.YES_NO, "N"), (urls.ABSENT_REASON, "unknown"), (urls.ABSENT_REASON, "not-performed"),
        (urls.CPT, "64628"), (urls.CPT, "64629"),
        *((urls.GENDER, word) for word in ("female", "male", "other")),
    }  # fmt: skip
    for found in items_of(WHOLE):
        shown = [option["valueCoding"]["display"] for option in found.get("answerOption", ())]
        assert len(shown) == len(set(shown)), found["linkId"]


def test_a_detail_is_asked_unless_what_it_details_is_denied_and_after_a_test_all_the_same() -> None:
    treated = item("conditions.substance_use_treated")
    assert treated["enableBehavior"] == "any"
    assert [(c["question"], c["operator"]) for c in treated["enableWhen"]] == [
        ("conditions.substance_use_active", "exists"), ("conditions.substance_use_active", "="),
        ("conditions.substance_use_active", "="),
    ]  # fmt: skip
    assert [c["answerCoding"]["display"] for c in treated["enableWhen"][1:]] == ["yes", "not known"]
    cancer = item("conditions.spinal_cancer_correlates")["enableWhen"]
    assert [c["answerCoding"]["display"] for c in cancer[1:]] == ["history", "active", "not known"]
    # A score shows osteoporosis that nobody has diagnosed.
    assert "enableWhen" not in item("conditions.t_score")
    assert "enableWhen" not in item("conditions.osteoporosis_correlates")


def test_what_goes_with_a_kind_of_finding_is_asked_of_that_kind() -> None:
    assert [c["answerCoding"]["display"] for c in item("findings.present[].size_mm")["enableWhen"]] == [
        "disc herniation"
    ]
    assert len(item("findings.present[].healed")["enableWhen"]) == 3
    assert item("findings.present[].kind")["required"] is True
    assert item("findings.present[].size_mm:words")["enableWhen"] == item("findings.present[].size_mm")["enableWhen"]


def test_each_condition_names_a_question_and_one_of_its_options() -> None:
    options = {
        found["linkId"]: [option["valueCoding"] for option in found.get("answerOption", ())]
        for found in items_of(WHOLE)
    }
    for found in items_of(WHOLE):
        for condition in found.get("enableWhen", ()):
            answer = condition.get("answerCoding")
            assert condition["question"] in options
            assert answer is None or answer in options[condition["question"]]


def test_a_list_is_none_or_not_known_or_a_group_for_each_entry_and_others_are_denied_by_themselves() -> None:
    surgeries = item("surgeries")
    assert [option["valueCoding"]["display"] for option in surgeries["answerOption"]] == ["there is none", "not known"]
    group = item("surgeries[]")
    assert group["type"] == "group" and group["repeats"] is True and extensions(group, urls.MAX_OCCURS) == [32]
    assert [o["valueCoding"]["display"] for o in item("other_surgeries")["answerOption"]] == ["absent", "not known"]


@pytest.mark.parametrize(
    ("path", "cited"),
    [
        ("patient.body_mass_index", "Non-Indications 16 [1]"),
        ("patient.age", "Indications 1 [1]; Non-Indications 1 [9]"),
        ("conditions.pregnancy", "Non-Indications 5 [1]"),
        ("conservative_care.weeks", "Indications 3 [1, 13]"),
        ("conservative_care.therapies.chiropractic.status", "Indications 3, third therapy [1, 13]"),
        ("mri.modic_changes[].type", "Indications 4 [1]"),
        ("ablations[].bodies", "Indications 7, first limit [1]; Indications 9 [1]; Non-Indications 20 [1]"),
        ("conditions.spinal_cancer_correlates", "Non-Indications 13 [1], under another reading"),
    ],
)
def test_the_clauses_that_ask_are_cited_beside_a_question(path: str, cited: str) -> None:
    assert f"Asked for by {cited}" in item(f"{path}:help")["text"]


def test_whatever_decides_is_asked_for_by_a_clause_or_says_of_the_record_or_the_request_what_it_is() -> None:
    without = {path for path, words in citations().items() if not words}
    assert without == {
        "record_complete", "request.units", "conservative_care.therapies.self_directed_exercise.contraindicated",
    }  # fmt: skip
    quoted = " ".join(citations().values())
    for clause in shipped_policy().clauses.values():
        if clause.kind in ("indication", "non_indication") and clause.part_of is None:
            assert clause.citation in quoted or clause.id in ("i7", "i3"), clause.id


def test_it_says_what_sdc_and_dtr_ask_of_a_questionnaire() -> None:
    assert BRIEF["url"] and BRIEF["version"] and BRIEF["subjectType"] == ["Patient"]
    assert re.fullmatch(r"[A-Z]([A-Za-z0-9_]){1,254}", BRIEF["name"])
    assert extensions(BRIEF, urls.VERSION_ALGORITHM) == [{"system": urls.VERSION_ALGORITHMS, "code": "semver"}]
    assert "human reviewer" in BRIEF["description"]
    for found in items_of(WHOLE):
        assert found["type"] != "group" or found["item"], found["linkId"]
        assert found["type"] != "display" or "item" not in found
        assert found["type"] not in ("choice", "open-choice") or found["answerOption"], found["linkId"]
        assert found["type"] != "quantity" or extensions(found, urls.UNIT_OPTION), found["linkId"]


def test_the_version_is_that_of_the_policy_and_changes_with_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    assert before.startswith(f"{shipped_policy().version}.0.0-")
    shorter = asked(whole=False)
    monkeypatch.setattr(module, "asked", lambda *, whole: shorter)
    version.cache_clear()
    assert version() != before
    version.cache_clear()


def test_the_package_has_the_questionnaire_first_and_one_response_with_what_is_known() -> None:
    case = sample("approve_two_bodies")
    bundle = package(case, MADE).resource
    assert problems_of(bundle) == []
    first, second = (entry["resource"] for entry in bundle["entry"])
    assert first == BRIEF and second["status"] == "in-progress"
    assert answers(second)["request.bodies"] == [{"display": "L4"}, {"display": "L5"}]
    assert case_of(second).bodies == case.bodies
    empty = package(Case(), MADE).resource
    assert problems_of(empty) == [] and "item" not in empty["entry"][1]["resource"]


def test_the_commands_write_both_and_never_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "questionnaire.json"
    found = CliRunner().invoke(bvn, ["fhir", "questionnaire", "-o", str(path)])
    assert found.exit_code == 0 and version() in found.output
    assert json.loads(path.read_text()) == json.loads(json.dumps(BRIEF))
    again = CliRunner().invoke(bvn, ["fhir", "questionnaire", "--all", "-o", str(path)])
    assert again.exit_code != 0 and json.loads(path.read_text())["id"] == "bvn-ablation"
    packed = tmp_path / "package.json"
    assert CliRunner().invoke(bvn, ["fhir", "package", "--all", "-o", str(packed)]).exit_code == 0
    assert json.loads(packed.read_text())["entry"][0]["resource"]["id"] == "bvn-ablation-whole"


def test_every_item_is_found_by_its_link() -> None:
    assert set(by_link(whole=True)) == {i["linkId"] for i in items_of(WHOLE) if i["type"] != "display"}
