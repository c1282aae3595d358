"""The summary of a decision: the answer first, on one screen, with nothing that decides left out."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from bvn_asp.decision.decision import NOTICE, Decision, Settlement
from bvn_asp.decision.nodes import Node
from bvn_asp.decision.readings import compare_readings
from bvn_asp.record.case import Case
from bvn_asp.report.page import Page
from bvn_asp.report.summary import MOST_LINES, summary
from tests.campaigns import counts
from tests.random_cases import random_case
from tests.sample_cases import sample, samples
from tests.shared import ENGINE


def lines(case: Case, *, compared: bool = False, width: int = 100) -> tuple[Decision, list[str]]:
    """Return a decision and the lines of its summary."""
    decision = ENGINE.decide(case)
    depending = [found for found in compare_readings(ENGINE, case) if found.matters] if compared else []
    return decision, Page(width).text(summary(decision, "case.yaml", depending, width=width)).splitlines()


@pytest.mark.parametrize("cases", ["documented", "random"])
@counts("apart, step, count", (5, 20, 40), (1, 12, 600))
def test_every_decision_fits_a_screen_of_45_lines_and_says_first_what_is_recommended(
    cases: str, apart: int, step: int, count: int
) -> None:
    found = (
        list(samples().values())[::apart]
        if cases == "documented"
        else [random_case(Random(seed)) for seed in range(count)]
    )
    for place, case in enumerate(found):
        decision, printed = lines(case, compared=place % step == 0)
        assert len(printed) <= MOST_LINES == 45 and max(map(len, printed)) <= 100
        word = (decision.recommendation or "no recommendation: nothing is requested").removeprefix("no ")
        assert word in printed[1].lower() and NOTICE in printed


def test_a_narrow_page_is_kept_too() -> None:
    assert max(len(line) for line in lines(sample("deny_almost_nothing_documented_right"), width=60)[1]) <= 60


def test_every_failing_criterion_is_named_with_actual_value_limit_and_citation() -> None:
    decision, printed = lines(sample("deny_almost_nothing_documented_right"))
    text = " ".join(" ".join(printed).split())
    for id in (*decision.ids("unmet"), *decision.ids("violated")):
        assert f"{id} unmet:" in text or f"{id} violated:" in text or "more: --full" in text
    assert "duration of the pain at the request: 3 months, needs at least 6: 3 short" in text
    assert "(Indications 2 [1, 9, 10, 11, 12, 13])" in text


def test_what_is_missing_is_grouped_by_whom_to_ask_and_the_smallest_set_that_settles_it_is_spelt_out() -> None:
    case = Case.model_validate({
        "conservative_care": {"therapies": {
            "physical_therapy": "received",
            "pharmacotherapy": {"status": "received", "drug_classes": "muscle_relaxant"},
        }},
        "request": {"bodies": ["L4"]},
    })  # fmt: skip
    decision, printed = lines(case)
    text = "\n".join(printed)
    assert f"Not stated ({len(decision.missing)}), by whom to ask" in text
    for whom in ("treating clinician's note: ", "MRI report: ", "behavioural-health note: "):
        assert f"\n  {whom}" in text
    first = min(
        (found for found in decision.settlements if found.outcome == "deny"), key=lambda found: len(found.facts)
    )
    assert f"  deny: {first.facts[0].text.removesuffix(': not stated')}; at least" in text
    # Of a count that is not complete, what is known of it.
    assert "2 so far, needs at least 3: 1 more needed" in " ".join(text.split())


@pytest.mark.parametrize(
    ("sets", "complete", "words"),
    [
        (1, True, "deny: spinal cancer"),
        (2, True, "deny: spinal cancer; 1 other set"),
        (3, True, "deny: spinal cancer; 2 other sets"),
        (1, False, "deny: spinal cancer; there may be other sets"),
        (3, False, "deny: spinal cancer; at least 2 other sets"),
    ],
)
def test_it_is_said_how_many_other_sets_would_settle_it_and_whether_there_may_be_more(
    sets: int, complete: bool, words: str
) -> None:
    node = Node("fact", "spinal cancer", "missing")
    found = (Settlement("deny", (node,)),) * sets
    decision = replace(
        ENGINE.decide(sample("pend_pregnancy_unknown")), settlements=found, settlements_complete=complete
    )
    printed = Page(100).text(summary(decision, "case.yaml", width=100)).splitlines()
    assert f"  {words}" in printed


def test_a_question_is_named_where_its_other_reading_decides_otherwise_or_treats_other_bodies() -> None:
    _, printed = lines(sample("deny_care_42_days_by_date"), compared=True)
    text = " ".join(" ".join(printed).split())
    assert "course_moment: " in text and "Read: request. procedure: pend" in text
    # Read as a norm or as a fact, the item bars every request: that is no ambiguity of this record.
    assert "obligations: " not in text
    assert "Depends" not in " ".join(lines(sample("deny_care_42_days_by_date"))[1])
