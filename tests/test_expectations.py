"""Expected answers: every way in which an answer can differ from them is noticed, and nothing counts as nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bvn_asp import Case, Decision, read_case
from bvn_asp.decision.expectations import NOTHING_CHECKED, Coverage, asserts, check, differences, junit, outcomes
from bvn_asp.record.case import Expectation
from tests.calling import bvn
from tests.sample_cases import sample
from tests.shared import ENGINE

HELD: dict[str, Any] = {
    "recommendation": "partial", "eligibility": "eligible", "unmet": ["i7", "i10"], "violated": ["n21"],
    "undetermined": [], "not_violated": ["n3", "n8a"], "missing": [], "flags": [], "units": {"64628": 1, "64629": 2},
    "statuses": {"i7b": "unmet", "n1": "clear"},
    "bodies": {"L3": "permissible", "l6": "permissible"},
}  # fmt: skip


@cache
def decided(name: str = "partial_five_of_six_lumbar_vertebrae") -> Decision:
    return ENGINE.decide(sample(name))


def expecting(**fields: Any) -> Case:
    return Case.model_validate({"patient": {"age": 17}, "request": {"bodies": ["L4"]}, "expected": [fields]})


def test_an_answer_that_is_as_expected_in_everything_differs_in_nothing() -> None:
    assert list(differences(Expectation.model_validate(HELD), decided())) == []


@pytest.mark.parametrize(
    ("field", "wrong", "told"),
    [
        ("recommendation", "approve", "recommendation: expected approve, found partial"),
        ("recommendation", "none", "recommendation: expected none, found partial"),
        ("eligibility", "undetermined", "eligibility: expected undetermined, found eligible"),
        ("unmet", ["i7"], "unmet: expected i7, found i10, i7"),
        ("violated", [], "violated: expected none, found n21"),
        ("violated", ["n21", "n20"], "violated: expected n20, n21, found n21"),
        ("undetermined", ["n5"], "undetermined: expected n5, found none"),
        ("not_violated", ["n3", "n21"], "n21: expected not violated, found violated"),
        ("not_violated", ["n99"], "n99: expected not violated, found no such clause"),
        ("not_violated", ["i1"], "i1: expected not violated, found met"),
        ("missing", ["pain.months"], "missing: expected pain.months among the facts named, found none"),
        ("flags", ["i8"], "flags: expected i8, found none"),
        ("units", {"64628": 1}, "units: expected {'64628': 1}, found {'64628': 1, '64629': 2}"),
        ("units", {}, "units: expected {}, found {'64628': 1, '64629': 2}"),
        ("statuses", {"n1": "violated"}, "n1: expected violated, found clear"),
        ("statuses", {"n99": "clear"}, "n99: expected clear, found no such clause"),
        ("bodies", {"L3": "refused"}, "L3: expected refused, found permissible"),
        ("bodies", {"T1": "refused"}, "T1: expected refused, found not reported"),
    ],
)
def test_each_difference_is_told_alone_and_beside_a_different_recommendation(field: str, wrong: Any, told: str) -> None:
    assert list(differences(Expectation.model_validate({field: wrong}), decided())) == [told]
    assert list(differences(Expectation.model_validate({**HELD, field: wrong}), decided())) == [told]
    if field != "recommendation":
        both = Expectation.model_validate({**HELD, "recommendation": "deny", field: wrong})
        assert list(differences(both, decided())) == ["recommendation: expected deny, found partial", told]


def test_a_flag_that_is_raised_and_not_expected_is_told() -> None:
    flagged = replace(decided(), flags=(decided().criteria[0],))
    assert list(differences(Expectation.model_validate({"flags": []}), flagged)) == ["flags: expected none, found i1"]
    assert list(differences(Expectation.model_validate({"flags": ["i1"]}), flagged)) == []


def test_what_is_open_is_not_violated_and_its_facts_are_among_the_missing() -> None:
    opened = decided("pend_pregnancy_unknown")
    named = {"not_violated": ["n5", "n6"], "missing": ["conditions.pregnancy"]}
    assert list(differences(Expectation.model_validate(named), opened)) == []
    both = Expectation.model_validate({"missing": ["pain.months", "conditions.pregnancy"]})
    assert list(differences(both, opened)) == [
        "missing: expected pain.months among the facts named, found conditions.pregnancy"
    ]


def test_a_run_as_complete_is_what_the_expectation_says() -> None:
    for complete, closed in ((True, True), (False, True), (True, False)):
        record: dict[str, Any] = {"record_complete": complete, "request": {"bodies": ["L4"]}}
        expected = [{"assume_absent": closed, "statuses": {"n5": "clear"}}]
        (found,) = outcomes(ENGINE, "x", Case.model_validate({**record, "expected": expected}), Coverage())
        assert found.differences == (() if closed else ("n5: expected clear, found undetermined",))


def test_that_there_is_no_recommendation_can_be_expected() -> None:
    without = decided("no_request_eligible_patient")
    assert list(differences(Expectation.model_validate({"recommendation": "none"}), without)) == []
    assert list(differences(Expectation.model_validate({"recommendation": "deny"}), without)) == [
        "recommendation: expected deny, found none"
    ]


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"why": "x"},
        {"statuses": {}},
        {"bodies": {}},
        {"assume_absent": True},
        {"not_violated": []},
        {"missing": []},
    ],
)
def test_an_expectation_that_checks_nothing_does_not_hold_and_covers_nothing(empty: dict[str, Any]) -> None:
    coverage = Coverage()
    assert [found for _, found in check(ENGINE, expecting(**empty), coverage)] == [[NOTHING_CHECKED]]
    assert not +coverage.asserted


@pytest.mark.parametrize(
    "checked", [{"unmet": []}, {"units": {}}, {"flags": []}, {"violated": []}, {"undetermined": []}]
)
def test_an_empty_list_checks_something(checked: dict[str, Any]) -> None:
    assert NOTHING_CHECKED not in list(differences(Expectation.model_validate(checked), decided()))


def test_an_unknown_reading_differs_and_the_other_expectations_are_still_compared() -> None:
    case = read_case("""
patient: {age: 17}
request: {bodies: [L4]}
expected:
- {readings: {never: heard}, recommendation: deny}
- {recommendation: deny}
""")
    first, second = outcomes(ENGINE, "x.yaml#a", case, Coverage())
    assert (
        first.differences[0].startswith("readings: there is no question 'never'")
        and first.title == "x.yaml#a never=heard"
    )
    assert second.holds and second.title == "x.yaml#a"


def test_a_status_is_asserted_where_another_one_would_differ() -> None:
    criteria = {c.clause.id: c for c in decided().criteria}
    pinned: list[dict[str, Any]] = [
        {"unmet": ["i7", "i10"]}, {"undetermined": []}, {"statuses": {"i7b": "unmet"}}, HELD, {"flags": []},
    ]  # fmt: skip
    for fields in pinned:
        expected = Expectation.model_validate(fields)
        for id, criterion in criteria.items():
            sides = {"met", "unmet", "undetermined"} if criterion.clause.kind == "indication" else {
                "violated", "clear", "undetermined"}  # fmt: skip
            others = [
                replace(
                    decided(),
                    criteria=tuple(c._replace(status=other) if c is criterion else c for c in criteria.values()),
                )
                for other in sides - {criterion.status}
            ]
            noticed = all(
                list(differences(expected, other)) != list(differences(expected, decided())) for other in others
            )
            assert asserts(expected, criterion) is noticed, (fields, id)


def test_coverage_counts_what_is_seen_and_what_is_asserted_apart() -> None:
    policy, coverage = ENGINE.policy, Coverage()
    coverage.add(decided(), Expectation.model_validate({"statuses": {"n21": "violated"}}))
    assert coverage.seen["n21", "violated"] == coverage.asserted["n21", "violated"] == 1
    assert coverage.seen["i1", "met"] == 1 and coverage.asserted["i1", "met"] == 0
    assert ("n21", "clear") in coverage.unseen(policy) and ("n21", "violated") not in coverage.unseen(policy)
    assert ("i1", "met") in coverage.unasserted(policy) and ("n21", "violated") not in coverage.unasserted(policy)
    sides = len(coverage.unasserted(policy)) + 1
    assert coverage.percent(policy) == pytest.approx(100 / sides)


FILE = """
based_on: usual
cases:
  heavy: {patient: {body_mass_index: 41}, expected: [{recommendation: deny, violated: [n16], undetermined: []}]}
  light: {expected: [{recommendation: deny, readings: {age_moment: request}}]}
  idle: {}
"""


def test_the_command_reports_as_text_json_and_junit_and_can_ask_for_coverage(tmp_path: Path) -> None:
    path, report = tmp_path / "x.yaml", tmp_path / "report.xml"
    path.write_text(FILE)
    found = bvn("test", str(path), "--verbose", "--junit", str(report))
    assert found.returncode == 1
    assert found.stdout.splitlines()[:3] == [
        f"holds  {path}#heavy",
        f"DIFFERS  {path}#light age_moment=request",
        "    recommendation: expected deny, found approve",
    ]
    assert "1 expected answers hold, 1 differ; 1 cases expect nothing" in found.stdout
    suite = ElementTree.fromstring(report.read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [(test.get("name"), test.findtext("failure")) for test in suite] == [
        ("heavy", None), ("light age_moment=request", "recommendation: expected deny, found approve"),
    ]  # fmt: skip
    document = json.loads(bvn("test", str(path), "--json").stdout)
    assert [(item["case"], item["holds"]) for item in document["outcomes"]] == [
        (f"{path}#heavy", True), (f"{path}#light", False),
    ]  # fmt: skip
    path.write_text(
        FILE.replace("  light: {expected: [{recommendation: deny", "  light: {expected: [{recommendation: approve")
    )
    assert bvn("test", str(path), "--at-least", "20").returncode == 0
    found = bvn("test", str(path), "--at-least", "99")
    assert found.returncode == 1 and "fewer than 99 %" in found.stderr


def test_junit_holds_nothing_that_no_xml_may_hold() -> None:
    (outcome,) = outcomes(ENGINE, "a\x1b<&>\udcff.yaml", expecting(recommendation="approve"), Coverage())
    (test,) = ElementTree.fromstring(junit([outcome]))
    assert test.get("name") == "a\\u001b<&>\\udcff.yaml" and test.find("failure") is not None
