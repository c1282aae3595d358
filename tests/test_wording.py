"""Every form of a sentence about a number, a count or a reading, word by word."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bvn_asp import Decision, decide, explain, read_case, shipped_policy
from bvn_asp.decision.nodes import compared, counted, measured
from bvn_asp.decision.wording import plain_words
from bvn_asp.report.document import document
from bvn_asp.report.page import Page
from bvn_asp.report.summary import summary
from bvn_asp.report.text import report
from tests.sample_cases import sample

CLAUSES = shipped_policy().clauses


@pytest.mark.parametrize(
    ("clause", "actual", "relation", "needs", "sentence"),
    [
        ("i2", "7", "at least", "at least", "pain: 7 months, needs at least 6: 1 over"),
        ("i2", "6", "at least", "at least", "pain: 6 months, needs at least 6: exactly the limit"),
        ("i2", "5.5", "less than", "at least", "pain: 5.5 months, needs at least 6: 0.5 short"),
        ("n16", "6.004", "more than", "more than", "pain: 6.004 months, more than 6: 0.004 over"),
        ("n16", "6.0", "not more than", "not more than", "pain: 6 months, not more than 6: exactly the limit"),
        ("n16", "5", "not more than", "not more than", "pain: 5 months, not more than 6: 1 under"),
    ],
)
def test_a_number_against_its_limit(clause: str, actual: str, relation: str, needs: str, sentence: str) -> None:
    measure = measured("pain", Decimal(actual), "months", relation, Decimal(6))
    assert compared(measure, CLAUSES[clause], needs) == sentence
    assert measure.margin == Decimal(actual) - 6


@pytest.mark.parametrize(
    ("actual", "needs", "sentence"),
    [
        (2, "at least", "therapies: 2 of 6, needs at least 4: 2 more needed"),
        (4, "at least", "therapies: 4 of 6, needs at least 4"),
        (5, "at least", "therapies: 5 of 6, needs at least 4"),
        (4, "at most", "therapies: 4 of 6, at most 4"),
        (5, "at most", "therapies: 5 of 6, at most 4: 1 too many"),
        (3, "at most", "therapies: 3 of 6, at most 4"),
    ],
)
def test_a_count_against_its_limit(actual: int, needs: str, sentence: str) -> None:
    measure = measured("therapies", Decimal(actual), "of 6", "at least", Decimal(4))
    assert counted(measure, needs) == sentence
    assert counted(measure._replace(unit=""), needs) == sentence.replace(" of 6", "")


def measures(name: str) -> dict[str, set[str]]:
    """Return the sentences about numbers and counts in the decision on a sample case, by clause."""
    found: dict[str, set[str]] = {}
    for criterion in decide(sample(name)).criteria:
        for node in criterion.explanation.walk():
            if node.kind == "measure" and node.clause is not None:
                found.setdefault(node.clause.id, set()).add(node.text)
    return found


def test_each_relation_of_a_clause_is_worded_as_its_side_needs_it() -> None:
    over, within = measures("deny_everything_just_over_the_limit"), measures("t_score_minus_2_49")
    assert over["n16"] == {"body mass index: 40.004 kg/m2, more than 40: 0.004 over"}
    assert within["n16"] == {"body mass index: 22.3 kg/m2, not more than 40: 17.7 under"}
    assert over["n10"] == {"lowest T-score: -2.5, not more than -2.5: exactly the limit"}
    assert within["n10"] == {"lowest T-score: -2.49, more than -2.5: 0.01 over"}
    assert over["i3"] == {"duration of conservative care at the request: 6 weeks, needs more than 6: exactly the limit"}
    assert {"duration of conservative care at the request: 17 weeks, needs more than 6: 11 over",
            "therapies received: 3 of 6, needs at least 3"} <= within["i3"]  # fmt: skip
    assert measures("deny_two_of_six_therapies")["i3"] == {
        "therapies received: 2 of 6, needs at least 3: 1 more needed"
    }
    five = {text for texts in measures("partial_five_of_six_lumbar_vertebrae").values() for text in texts}
    assert {text for text in five if text.startswith("bodies")} == {"bodies requested: 5, at most 4: 1 too many"}
    two = {text for texts in within.values() for text in texts}
    assert {text for text in two if text.startswith("bodies")} == {"bodies requested: 2, at most 4"}


def printed(decision: Decision) -> str:
    """Return the report with every sentence on one line."""
    return Page(1000).text(report(decision))


def summed_up(decision: Decision) -> str:
    """Return the summary with every sentence on one line."""
    return Page(1000).text(summary(decision, width=1000))


def test_readings_are_shown_where_they_are_not_the_default_or_all_is_asked_for() -> None:
    case = sample("partial_one_body_ablated_before")
    default, chosen = decide(case), decide(case, {"obligations": "norm"})
    asked = shipped_policy().questions["obligations"]
    sentences = {option: f"{asked.text} Read: {meaning}" for option, meaning in asked.options.items()}
    usual = sentences[asked.default]
    assert usual in printed(default) and usual not in summed_up(default)
    other = f"Read otherwise than by default: {asked.text} {asked.options['norm']} (obligations=norm)"
    assert other in printed(chosen) and other in summed_up(chosen)
    assert "Read otherwise than by default" not in printed(default)


def test_whether_the_sets_that_would_settle_a_request_are_all_is_said() -> None:
    pended = decide(sample("pend_pregnancy_unknown"))
    more = "(there are more sets like these; --json lists some of them in full)"
    assert pended.settlements_complete and more not in explain(pended)
    assert document(pended)["missing"]["smallest_sets_complete"] is True
    cut = replace(pended, settlements_complete=False)
    assert more in explain(cut) and document(cut)["missing"]["smallest_sets_complete"] is False
    # A nearly empty record has more sets than are listed.
    nothing = decide(read_case("request: {bodies: [L4]}"))
    assert not nothing.settlements_complete and more in explain(nothing)


UNDATED = """
based_on: usual
surgeries:
- {kind: discectomy, levels: L4-L5, date: 2025-01-15, radicular_pain: resolved, likely_source: no, complicates: no}
other_surgeries: absent
"""


@pytest.mark.parametrize(("day", "status"), [("2025-07-15", "undetermined"), ("2025-07-16", "clear")])
def test_while_the_procedure_has_no_date_a_time_counts_only_once_it_is_past_every_limit(day: str, status: str) -> None:
    """Exactly six months at the request can be more than six at the procedure: it is open, and not settled."""
    decision = decide(read_case(f"{UNDATED}request: {{date: {day}}}\n"))
    assert {c.clause.id: c.status for c in decision.criteria}["n7"] == status


@pytest.mark.parametrize(
    ("name", "words"),
    [("not_received", "not received"), ("type_1", "type 1"), ("type_1_2", "type 1 and 2"), ("t12", "t12")],
)
def test_a_name_without_wording_is_told_in_words_and_a_mixture_as_one(name: str, words: str) -> None:
    assert plain_words(name) == words
