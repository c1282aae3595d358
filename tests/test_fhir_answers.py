"""Answers to the questionnaire: a case goes out and comes back as it was, and every mistake is named with its place."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import CaseError
from bvn_asp.fhir import urls
from bvn_asp.fhir.questionnaire import url_of, version
from bvn_asp.fhir.response import Context, response
from bvn_asp.fhir.text import json_text
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.documents import plain_of
from bvn_asp.record.files import _given, load_case, read_content
from bvn_asp.record.statements import Said
from bvn_asp.record.table import TABLE
from bvn_asp.record.writing import _without_empty, plain_content
from tests.campaigns import counts
from tests.fhir_reading import MADE, answers, case_of, items_of, mistakes, problems_of, read_text
from tests.random_cases import random_case
from tests.sample_cases import place, sample, samples


@cache
def engine() -> Engine:
    return Engine(shipped_policy())


def answer_of(decision: Decision) -> Any:
    statuses = [(criterion.clause.id, criterion.status) for criterion in decision.criteria]
    bodies = [(body.name, body.status) for body in decision.bodies]
    return decision.recommendation, decision.eligibility, statuses, bodies, decision.units


def statable(case: Case, left: tuple[str, ...]) -> Any:
    """Return what `case` states, less what was named as `left` out."""
    content = copy.deepcopy(plain_content(case))
    for line in left:
        path, _, why = line.partition(": ")
        section: Any = content
        *steps, name = path.replace("[", ".[").split(".")
        for step in steps:
            section = section[int(step[1:-1])] if step.startswith("[") else section[step]
        if "documents disagree" in why:
            said, row = case.said(path), TABLE.row_at(path)
            assert said is not None and said.versions and row is not None
            listed = row.form in ("levels", "bodies", "names")
            section[name] = _json(plain_of(Said(said.value, said.documents), listed=listed))
        else:
            del section[name]
    return _without_empty(content)


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    return str(value) if isinstance(value, Decimal) else value


def check(case: Case) -> None:
    """Raise AssertionError unless `case` comes back as it went out, and is decided alike."""
    filled = response(case, MADE, whole=True)
    back = case_of(filled.resource)
    assert plain_content(back) == statable(case, filled.left)
    if filled.left:
        assert answer_of(engine().decide(back)) == answer_of(engine().decide(case)), filled.left


@counts("step", 6, 1)
def test_every_sample_case_comes_back_from_its_answers_as_it_was(step: int) -> None:
    assert len(samples()) > 400
    for case in [*samples().values()][::step]:
        check(case)


@counts("step", 20, 1)
def test_sample_cases_are_decided_alike_without_what_decides_nothing(step: int) -> None:
    for case in [*samples().values()][::step]:
        back = case_of(response(case, MADE).resource)
        assert answer_of(engine().decide(back)) == answer_of(engine().decide(case))


@pytest.mark.parametrize(
    ("seed", "count"), [(14, 80), *(pytest.param(seed, 2_500, marks=pytest.mark.slow) for seed in range(4))]
)
def test_any_record_comes_back_from_its_answers_as_it_was(seed: int, count: int) -> None:
    random = Random(seed)
    for _ in range(count):
        check(random_case(random))


def test_what_is_written_is_a_response_of_fhir_r4() -> None:
    random = Random(4)
    for case in [*samples().values()][::40] + [random_case(random) for _ in range(20)]:
        assert problems_of(response(case, MADE, whole=True).resource) == []


def test_what_no_answer_states_is_named() -> None:
    case = read_content({
        "story": "A story.", "request": {"urgency": "standard", "bodies": ["L4"], "requested_by": "unknown"},
        "behavioral_health": {"assessed": False, "formal": True},
        "conditions": {"pregnancy": [{"value": True, "document": "a"}, {"value": False, "document": "b"}]},
    })  # fmt: skip
    denied = "behavioral_health.formal: not asked, since behavioral_health.assessed is denied"
    disagree = "conditions.pregnancy: documents disagree; the answer is what counts, or that it is not known"
    only = "decides nothing, and is asked only with --all"
    assert set(response(case, MADE).left) == {
        denied, disagree, f"story: {only}", f"request.urgency: {only}", f"request.requested_by: {only}",
    }  # fmt: skip
    unknown = "request.requested_by: an answer of text is a text, and cannot be not known"
    assert set(response(case, MADE, whole=True).left) == {denied, disagree, unknown}


def stated(**content: Any) -> dict[str, list[Any]]:
    return answers(response(read_content(content), MADE, whole=True).resource)


MONTHS = {"unit": "months", "system": urls.UCUM, "code": "mo"}
NOT_KNOWN = {"system": urls.ABSENT_REASON, "code": "unknown", "display": "not known"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"pain": {"months": 14}}, {"pain.months": [{"value": 14, **MONTHS}]}),
        ({"pain": {"months": "at least 6"}}, {"pain.months:words": ["at least 6"]}),
        ({"pain": {"months": "more than 5"}}, {"pain.months:words": ["more than 5"]}),
        ({"pain": {"months": "6 to 9"}}, {"pain.months:words": ["6 to 9"]}),
        ({"pain": {"months": "unknown"}}, {"pain.months:words": [NOT_KNOWN]}),
        ({"pain": {"onset": "2023-03-14"}}, {"pain.onset": ["2023-03-14"]}),
        # A form would make the first day of it.
        ({"pain": {"onset": "March 2023"}}, {"pain.onset:words": ["2023-03"]}),
        ({"pain": {"onset": "after 2023"}}, {"pain.onset:words": ["since 2024-01-01"]}),
        ({"conditions": {"t_score": "not measured"}},
         {"conditions.t_score:words": [{"system": urls.ABSENT_REASON, "code": "not-performed",
                                        "display": "not measured"}]}),
        ({"conditions": {"t_score": "-2.49"}}, {"conditions.t_score": [Decimal("-2.49")]}),
        ({"pain": {"clinician_severity": "moderate or severe"}},
         {"pain.clinician_severity": [{"display": "moderate"}, {"display": "severe"}]}),
        ({"conditions": {"pregnancy": False}},
         {"conditions.pregnancy": [{"system": urls.YES_NO, "code": "N", "display": "no"}]}),
        ({"surgeries": "none"}, {"surgeries": [{"display": "there is none"}]}),
        ({"surgeries": "unknown", "other_surgeries": "absent"},
         {"surgeries": [NOT_KNOWN], "other_surgeries": [{"display": "absent"}]}),
        ({"request": {"units": {"64628": 1, "64999": 2}}},
         {"request.units[].code": [{"system": urls.CPT, "code": "64628", "display": "64628"}, "64999"],
          "request.units[].count": [1, 2]}),
        ({"mri": {"no_modic_change_at": ["L4", "L1-L2"]}}, {"mri.no_modic_change_at": [{"display": "L4"}, "L1-L2"]}),
    ],
)  # fmt: skip
def test_each_form_of_statement_has_its_answer(content: Any, found: Any) -> None:
    assert stated(**content) == found
    check(read_content(content))


def test_an_entry_without_any_detail_says_that_there_is_one() -> None:
    case = read_content({"surgeries": [{}, {"kind": "fusion"}]})
    resource = response(case, MADE).resource
    assert [item["linkId"] for item in items_of(resource)].count("surgeries[]") == 2
    assert len(case_of(resource).entries("surgeries")) == 2


def test_numbers_are_exact_in_both_directions() -> None:
    for text in ("40.000001", "39.999999", "40.0"):
        case = read_content({"patient": {"body_mass_index": text}})
        written = json_text(response(case, MADE).resource)
        assert f'"value": {text}' in written
        assert case_of(response(case, MADE).resource).exact("patient.body_mass_index") == Decimal(text)
    exponent = grouped(bare("patient.body_mass_index", {"valueQuantity": {"value": 1, "unit": "kg/m2"}}))
    text = json_text(exponent).replace('"value": 1,', '"value": 4.00000001E1,')
    assert "patient.body_mass_index: too many digits" in _said(text)
    fits = read_text(text.replace("4.00000001E1", "4.0000001E1")).document.content
    assert fits["patient"]["body_mass_index"] == Decimal("40.000001")


def _said(text: str) -> str:
    with pytest.raises(CaseError) as raised:
        _given(read_text(text).document)
    return str(raised.value)


# --- responses of others -------------------------------------------------------------------------------------------


def bare(link: str, *given: Any, **more: Any) -> dict[str, Any]:
    """Return a response as a form writes it, with answers to one question."""
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed",
        "item": [{"linkId": "section:any", "item": [{"linkId": link, "answer": list(given)}]}], **more,
    }  # fmt: skip


def grouped(resource: Any) -> Any:
    """Return a response whose group is one that there is."""
    return json.loads(json.dumps(resource).replace("section:any", "section:pain"))


def reading(link: str, *given: Any, **more: Any) -> Any:
    return case_of(grouped(bare(link, *given, **more)))


def test_a_response_without_questionnaire_origin_and_coverage_is_read_with_a_word_about_each() -> None:
    found = read_text(json_text(grouped(bare("conditions.pregnancy", yes()))))
    assert found.document.content == {"conditions": {"pregnancy": "yes"}}
    assert found.remarks == (
        "it names no questionnaire, and is read as answers to that of this program",
        "1 of its answers do not say who or what gave them (information-origin)",
        "it does not name the coverage that it is for (qr-coverage)",
    )
    unversioned = grouped(bare("conditions.pregnancy", yes(), questionnaire=url_of(whole=False)))
    assert read_text(json_text(unversioned)).remarks[0] == (
        f"it names no version of the questionnaire, and is read as answers to {version()}"
    )
    assert read_text(json_text(response(Case(), MADE).resource)).remarks == ()


def yes() -> dict[str, Any]:
    return {"valueCoding": {"system": urls.YES_NO, "code": "Y"}}


def test_a_quantity_with_a_comparator_is_a_bound_and_two_are_a_range() -> None:
    def months(comparator: str, value: int) -> dict[str, Any]:
        return {"valueQuantity": {"value": value, "comparator": comparator, **MONTHS}}

    for comparator, words in ((">=", "at least 6"), (">", "more than 6"), ("<=", "at most 6"), ("<", "less than 6")):
        assert str(reading("pain.months", months(comparator, 6)).said("pain.months")) == words
    assert str(reading("pain.months", months("<=", 9), months(">=", 6)).said("pain.months")) == "6 to 9"
    wrong = mistakes(grouped(bare("pain.months", months(">", 6), months("<=", 9))))
    assert wrong == ["item[0].item[0]: pain.months: two answers are the bounds of one number, with the comparators >="
                     " and <="]  # fmt: skip


def test_a_month_or_a_year_is_a_bound() -> None:
    assert reading("pain.onset", {"valueDate": "2023-02"}).days("pain.onset").last == datetime.date(2023, 2, 28)


ORIGIN = urls.INFORMATION_ORIGIN


def origin(source: str, display: str = "") -> dict[str, Any]:
    parts: list[Any] = [{"url": "source", "valueCode": source}]
    if display:
        who = {"url": "practitioner", "valueReference": {"display": display}}
        parts.append({"url": "author", "extension": [who]})
    return {"extension": [{"url": ORIGIN, "extension": parts}], **yes()}


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        (origin("auto-client"), {"entered": "by machine"}),
        (origin("auto"), {"entered": "by machine"}),
        (origin("manual", "Dr. A. Roe"), {"author": "Dr. A. Roe", "entered": "by hand"}),
        (origin("override", "Dr. A. Roe"), {"author": "Dr. A. Roe", "entered": "by hand"}),
        (origin("manual"), {}),
    ],
)
def test_the_origin_of_an_answer_is_evidence(answer: Any, evidence: Any) -> None:
    content = read_text(json_text(grouped(bare("conditions.pregnancy", answer)))).document.content
    found = content["conditions"]["pregnancy"]
    assert found == ({"value": "yes", **evidence} if evidence else "yes")


def test_evidence_goes_out_as_the_origin_and_comes_back() -> None:
    document = {"value": True, "document": "note", "page": "2", "author": "A. Roe", "date": "2025-01-02"}
    machine = {**document, "entered": "by machine"}
    for stated, source in ((document, "manual"), (machine, "auto-client"), ([machine, document], "manual")):
        case = read_content({"conditions": {"pregnancy": stated}})
        resource = response(case, MADE).resource
        (item,) = (item for item in items_of(resource) if item["linkId"] == "conditions.pregnancy")
        (found,) = (e for e in item["answer"][0]["extension"] if e["url"] == ORIGIN)
        parts = {part["url"]: part for part in found["extension"]}
        # DTR has an author where a human entered something, and none where a machine did.
        assert parts["source"]["valueCode"] == source and ("author" in parts) == (source == "manual")
        assert case_of(resource).said("conditions.pregnancy") == case.said("conditions.pregnancy")


def test_what_a_human_overrode_was_entered_by_hand() -> None:
    case = read_content({"conditions": {"pregnancy": {"value": True, "document": "note", "entered": "by machine"}}})
    text = json_text(response(case, MADE).resource).replace("auto-client", "override")
    said = case_of(json.loads(text)).said("conditions.pregnancy")
    assert said is not None and said.documents[0].entered == "by hand"


def test_what_a_case_does_not_know_is_given_by_the_caller_or_absent_with_a_reason() -> None:
    known = Context(MADE.authored, "Patient/1", "Coverage/2", "ServiceRequest/3")
    resource = response(Case(), known).resource
    assert resource["subject"] == {"reference": "Patient/1"}
    references = {e["url"]: e.get("valueReference") for e in resource["extension"]}
    assert references[urls.COVERAGE] == {"reference": "Coverage/2"}
    assert references[urls.CONTEXT] == {"reference": "ServiceRequest/3"} and urls.INTENDED_USE in references
    absent = response(Case(), MADE).resource["subject"]
    assert absent == {"extension": [{"url": urls.DATA_ABSENT, "valueCode": "unknown"}]}
    assert problems_of(resource) == []


# --- mistakes ------------------------------------------------------------------------------------------------------


def _entry(link: str, *items: Any) -> Any:
    return {**bare(""), "item": [{"linkId": link, "item": list(items)}]}


def _answer(link: str, *given: Any) -> Any:
    return {"linkId": link, "answer": list(given)}


KIND = _answer("surgeries[].kind", {"valueCoding": {"display": "fusion"}})


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (bare("pain.month", yes()),
         "item[0].linkId: nothing is asked under this linkId, not 'section:any'; did you mean section:pain?"),
        (grouped(bare("pain.month", yes())),
         "item[0].item[0].linkId: nothing is asked under this linkId, not 'pain.month'; did you mean pain.months?"),
        (grouped(bare("pain.months", yes())),
         "item[0].item[0].answer[0]: pain.months: expected valueQuantity, not valueCoding"),
        (grouped(bare("conditions.pregnancy", {})),
         "item[0].item[0].answer[0]: conditions.pregnancy: expected valueCoding or valueString, not nothing"),
        (grouped(bare("conditions.pregnancy", {"valueBoolean": True})),
         "item[0].item[0].answer[0]: conditions.pregnancy: expected valueCoding or valueString, not valueBoolean"),
        (grouped(bare("pain.months", {"valueQuantity": {"value": 3, "unit": "weeks"}})),
         "item[0].item[0].answer[0]: pain.months: expected a number of months (http://unitsofmeasure.org#mo), not"
         " 'weeks'"),
        (grouped(bare("pain.months", {"valueQuantity": {"value": 3}})),
         "item[0].item[0].answer[0]: pain.months: expected a number of months (http://unitsofmeasure.org#mo), not"
         " 'without a unit'"),
        (grouped(bare("pain.months", {"valueQuantity": {"value": "3", **MONTHS}})),
         "item[0].item[0].answer[0]: pain.months: expected a number, not '3'"),
        (grouped(bare("pain.months", {"valueQuantity": {"value": -3, **MONTHS}})),
         "pain.months: expected a number from 0 to 1800, not -3"),
        (grouped(bare("conditions.pregnancy", {"valueString": "perhaps"})),
         "item[0].item[0].answer[0]: conditions.pregnancy: expected one of yes"
         " (http://terminology.hl7.org/CodeSystem/v2-0136#Y), no (http://terminology.hl7.org/CodeSystem/v2-0136#N),"
         " not known (http://terminology.hl7.org/CodeSystem/data-absent-reason#unknown), not 'perhaps'"),
        (grouped(bare("pain.clinician_severity", {"valueCoding": {"system": "x", "code": "y"}})),
         "item[0].item[0].answer[0]: pain.clinician_severity: expected one of none, mild, moderate, severe, not known"
         " (http://terminology.hl7.org/CodeSystem/data-absent-reason#unknown), not 'x#y'"),
        (grouped(bare("pain.clinician_severity", {"valueCoding": NOT_KNOWN}, {"valueCoding": {"display": "mild"}})),
         "item[0].item[0]: pain.clinician_severity: not known goes with no other answer"),
        (grouped(bare("conditions.pregnancy", yes(), yes())),
         "item[0].item[0].answer[1]: conditions.pregnancy takes one answer, not 2"),
        (grouped(bare("pain.onset", {"valueDate": "14 March"})),
         "item[0].item[0].answer[0]: pain.onset: valueDate: expected a date as YYYY, YYYY-MM or YYYY-MM-DD, not"
         " '14 March'"),
        (grouped(bare("pain.onset", {"valueDate": "2023-02-30"})),
         "pain.onset: there is no such day in the calendar: 2023-02-30"),
        (grouped(bare("pain.months:words", {"valueString": "long"})),
         "pain.months: expected a plain decimal number, such as 12 or 12.5, or a bound: at least 12, more than 12, at"
         " most 12, less than 12, 10 to 12, not 'long'"),
        (grouped(bare("request.bodies", {"valueString": "L9"})),
         "request.bodies: expected a body, such as L4, or a disc, such as L4-L5, not 'L9'"),
        (grouped(bare("surgeries[].kind", yes())),
         "item[0].item[0]: surgeries[].kind belongs into surgeries[]"),
        (_entry("surgeries[]", _answer("pain.low_back", yes())),
         "item[0].item[0]: pain.low_back belongs into no entry of a list"),
        (_entry("section:surgeries", _answer("surgeries", {"valueCoding": {"display": "there is none"}}),
                {"linkId": "surgeries[]", "item": [KIND]}),
         "item[0].item[1]: surgeries is answered by none, and has an entry"),
        (_entry("section:surgeries", {"linkId": "surgeries[]", "item": [KIND]},
                _answer("surgeries", {"valueCoding": {"display": "there is none"}})),
         "item[0].item[1]: surgeries: answered by none, and has an entry"),
        (_entry("section:request", {"linkId": "request.units[]",
                                    "item": [_answer("request.units[].count", {"valueInteger": 1})]}),
         "request.units[]: the code is missing"),
        (_entry("section:conditions", _answer("conditions.pregnancy", yes()), _answer("conditions.pregnancy", yes())),
         "item[0].item[1]: conditions.pregnancy: answered twice, first at item[0].item[0]"),
        (_entry("section:pain", _answer("pain.months", {"valueQuantity": {"value": 3, **MONTHS}}),
                _answer("pain.months:words", {"valueString": "at least 6"})),
         "item[0].item[1]: pain.months:words: answered twice, first at item[0].item[0]"),
        ({**bare(""), "item": {}}, "item: expected a list, not fields"),
        ({**bare(""), "item": ["x"]}, "item[0]: expected fields with names, not 'x'"),
        ({**bare(""), "item": [{}]}, "item[0].linkId: expected the linkId of a question, not 'nothing'"),
        ({**bare(""), "item": [{"linkId": "section:pain", "answer": [yes()]}]},
         "item[0].answer: section:pain is a group, and takes no answer itself"),
        ({**bare(""), "item": [{**_answer("conditions.pregnancy", yes()), "item": [{}]}]},
         "item[0]: nothing is asked below conditions.pregnancy"),
        ({**bare(""), "item": [], "status": "entered-in-error"},
         "status: expected in-progress, completed, amended, stopped, not 'entered-in-error'"),
        ({**bare(""), "item": [], "questionnaire": "http://example.org/q|1"},
         "questionnaire: expected answers to https://bvn-asp.invalid/fhir/Questionnaire/bvn-ablation or"
         " https://bvn-asp.invalid/fhir/Questionnaire/bvn-ablation-whole or"
         " https://bvn-asp.invalid/fhir/Questionnaire/bvn-ablation-adaptive, not 'http://example.org/q|1'"),
        ({**bare(""), "item": [], "questionnaire": f"{url_of(whole=False)}|1.0.0"},
         f"questionnaire: answers to version 1.0.0 of the questionnaire, and this program asks version {version()};"
         " answer that of `bvn fhir questionnaire`"),
        (grouped(bare("story", {"valueString": "x"}, questionnaire=f"{url_of(whole=False)}|{version()}")),
         "item[0].item[0].linkId: nothing is asked under this linkId, not 'story'"),
        (grouped(bare("conditions.pregnancy", origin("guessed"))),
         "item[0].item[0].answer[0]: conditions.pregnancy: the origin of an answer is one of auto, auto-client,"
         " auto-server, manual, override, not 'guessed'"),
        (_entry("section:findings", {"linkId": "findings.present[]"}),
         "findings.present[0].kind: the field is missing: which finding it is"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_was_expected(resource: Any, expected: str) -> None:
    assert any(line == expected or line.endswith(expected) for line in mistakes(resource)), mistakes(resource)


def test_whatever_stands_in_a_response_it_is_read_or_its_mistakes_are_named() -> None:
    random = Random(7)
    junk: tuple[Any, ...] = (
        None,
        True,
        7,
        Decimal("NaN"),
        "",
        "x",
        "unknown",
        [],
        {},
        [[]],
        [None],
        {"url": []},
        {"value": {}},
        "\x1b[31m",
    )
    resource = response(random_case(random), MADE, whole=True).resource
    read_at_all = 0
    for _ in range(150):
        changed = copy.deepcopy(resource)
        for _ in range(random.randint(1, 3)):
            part: Any = changed
            while True:
                key = random.choice(list(part) if isinstance(part, dict) else range(len(part)))
                if random.random() < 0.2 or not isinstance(part[key], dict | list) or not part[key]:
                    part[key] = random.choice(junk)
                    break
                part = part[key]
        read_at_all += not mistakes(changed)
    assert 0 < read_at_all < 150


def test_items_within_items_without_end_are_refused() -> None:
    text = '{"resourceType": "QuestionnaireResponse", "status": "completed"%s' % (
        ', "item": [{"linkId": "section:pain"' * 400
    )
    assert _said(text + "}]" * 400 + "}").endswith("nested too deeply")


# --- the commands --------------------------------------------------------------------------------------------------


def test_a_response_is_decided_like_the_case_that_it_was_written_from(tmp_path: Path) -> None:
    answered, again = tmp_path / "response.json", tmp_path / "case.yaml"
    run: Callable[..., Any] = lambda *words: CliRunner().invoke(bvn, [str(word) for word in words])  # noqa: E731
    written = run("fhir", "write", place("deny_care_42_days_by_date"), "-o", answered)
    assert written.exit_code == 0 and "left out: story: decides nothing" in written.stderr
    decided = run("decide", "--brief", answered)
    assert decided.exit_code == 0 and decided.stderr == ""
    expected = run("decide", "--brief", place("deny_care_42_days_by_date"))
    assert decided.output.partition(": ")[2] == expected.output.partition(": ")[2]
    assert run("fhir", "read", answered, "-o", again).exit_code == 0
    assert run("decide", "--brief", again).output.partition(": ")[2] == decided.output.partition(": ")[2]
    assert run("whatif", answered).exit_code == 0
    assert run("fhir", "read", answered, "-o", again).exit_code != 0
    assert run("fhir", "read", answered, "-o", tmp_path / "case.txt").exit_code == 2


def test_a_form_without_origin_and_coverage_is_decided_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "form.json"
    path.write_text(json_text(grouped(bare("conditions.pregnancy", yes()))))
    found = CliRunner().invoke(bvn, ["decide", "--brief", str(path)])
    assert found.exit_code == 0 and "not eligible" in found.output
    assert f"{path}: warning: it names no questionnaire" in found.stderr


def test_mistakes_of_a_response_have_line_and_column_and_end_with_code_2(tmp_path: Path) -> None:
    path = tmp_path / "form.json"
    path.write_text(json_text(grouped(bare("pain.months", yes()))))
    found = CliRunner().invoke(bvn, ["decide", str(path)])
    assert found.exit_code == 2
    assert "line 11, column 13: item[0].item[0].answer[0]: pain.months: expected valueQuantity" in found.stderr
    path.write_text('{"resourceType": "Patient"}')
    refused = CliRunner().invoke(bvn, ["decide", str(path)])
    assert refused.exit_code == 2
    assert "resourceType: resources that are read as a case: QuestionnaireResponse, not 'Patient'" in refused.stderr


def test_a_response_is_a_case_in_python_and_on_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "response.json"
    text = json_text(response(sample("approve_two_bodies"), MADE, whole=True).resource)
    path.write_text(text)
    assert plain_content(load_case(path)) == plain_content(sample("approve_two_bodies"))
    found = CliRunner().invoke(bvn, ["decide", "--brief", "-"], input=text)
    assert found.exit_code == 0 and found.output.startswith("-: approve (eligible)")


def test_a_folder_and_a_file_of_several_cases_are_refused(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "a folder; expected one case"), (Path(place("bmi_exactly_40").split("#")[0]), "#")):
        found = CliRunner().invoke(bvn, ["fhir", "write", str(path), "-o", str(tmp_path / "out.json")])
        assert found.exit_code != 0 and words in (found.stderr or str(found.exception))
    assert sample("bmi_exactly_40") and not (tmp_path / "out.json").exists()
