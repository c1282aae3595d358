"""The Python API: small, pinned, and enough to load a case, decide it and explain it."""

from __future__ import annotations

from decimal import Decimal

import pytest

import bvn_asp
from bvn_asp import decide, explain, read_case, shipped_policy
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.nodes import Node
from tests.sample_cases import sample, samples


def find(nodes: tuple[Node, ...], text: str) -> Node:
    return next(node for top in nodes for node in top.walk() if node.text.startswith(text))


def test_the_exported_names_are_these() -> None:
    assert sorted(bvn_asp.__all__) == [
        "BvnError", "Case", "CaseError", "Decision", "Engine", "Policy", "PolicyError", "ReadingError", "SolveError",
        "decide", "explain", "find", "load_case", "load_cases", "load_policy", "prove", "read_case", "shipped_policy",
    ]  # fmt: skip
    assert all(hasattr(bvn_asp, name) for name in bvn_asp.__all__)


def test_a_failing_number_is_explained_with_actual_threshold_margin_citation_and_field() -> None:
    decision = decide(sample("deny_care_exactly_six_weeks"))
    criterion = next(c for c in decision.criteria if c.clause.id == "i3")
    assert criterion.status == "unmet"
    node = find((criterion.explanation,), "duration of conservative care")
    assert node.text == "duration of conservative care at the request: 6 weeks, needs more than 6: exactly the limit"
    assert node.field == "conservative_care.weeks"
    assert node.measure is not None
    assert (node.measure.actual, node.measure.threshold, node.measure.margin) == (Decimal(6), Decimal(6), Decimal(0))
    assert criterion.clause.citation == "Indications 3 [1, 13]"


def test_every_failing_criterion_is_explained_at_once() -> None:
    decision = decide(sample("deny_almost_nothing_documented_right"))
    reasons = {node.clause.id for node in decision.explanation.walk() if node.clause is not None}
    barred = {"i2", "i3", "i4", "i6"}
    assert barred <= reasons
    texts = {node.text for c in decision.criteria if c.clause.id == "i2" for node in c.explanation.walk()}
    assert any("months" in text for text in texts) and any("mild" in text for text in texts)


def test_an_approval_is_explained_down_to_every_criterion_negation_included() -> None:
    decision = decide(sample("approve_two_bodies"))
    shown = {node.clause.id for node in decision.explanation.walk() if node.clause is not None}
    whole = {c.clause.id for c in decision.criteria if c.clause.part_of is None}
    # Item 7 is shown by its two limits, at each body and for the request.
    assert whole - {"i7"} | {"i7a", "i7b"} <= shown
    assert "pregnancy: no" in {node.text for node in decision.explanation.walk()}


def test_what_is_taken_as_absent_is_a_reason_of_every_criterion_that_rests_on_it() -> None:
    decision = decide(sample("reading_stenosis_silent_complete"))
    texts = {c.clause.id: {node.text for node in c.explanation.walk()} for c in decision.criteria}
    absent = "neurogenic claudication: taken as absent, since the record is stated to be complete"
    assert absent in texts["n6"] and absent in texts["n9"]


def test_more_permissible_bodies_than_the_limit_give_the_sets_to_choose_from() -> None:
    decision = decide(sample("partial_five_of_six_lumbar_vertebrae"))
    assert decision.recommendation == "partial"
    assert decision.grants == ("L3", "L4", "L5", "L6", "S1")
    assert decision.choices_count == 5 and len(decision.choices) == 5 and all(len(c) == 4 for c in decision.choices)


def test_everything_unknown_pends_with_every_fact_named_and_bounded_sets() -> None:
    decision = decide(read_case("request: {bodies: [L4]}"))
    assert decision.recommendation == "pend" and set(decision.possible) == {"approve", "deny"}
    assert len(decision.missing) > 40
    assert all(node.field for node in decision.missing)
    denials = [s for s in decision.settlements if s.outcome == "deny"]
    assert denials and all(len(s.facts) == 1 for s in denials)


def test_an_empty_record_without_request_gives_no_recommendation() -> None:
    decision = decide(read_case("story: nothing"))
    assert decision.recommendation is None and decision.eligibility == "undetermined"
    assert [body.name for body in decision.bodies] == ["L3", "L4", "L5", "S1"]


def test_a_case_with_many_findings_of_one_kind_and_bodies_far_away_is_judged() -> None:
    findings = ", ".join(f"{{kind: tumor, levels: T{n}, likely_source: no, complicates: no}}" for n in range(1, 13))
    decision = decide(read_case(f"findings: {{present: [{findings}]}}\nrequest: {{bodies: [C2, T6, S3, L4]}}\n"))
    statuses = {body.name: body.status for body in decision.bodies}
    assert statuses["C2"] == statuses["T6"] == statuses["S3"] == "refused" and statuses["L4"] == "undetermined"


def test_readings_and_closure_are_arguments_and_a_wrong_reading_is_an_error() -> None:
    case = sample("partial_one_body_ablated_before")
    assert decide(case).recommendation == "partial"
    assert decide(case, {"impermissible_bodies": "all_or_nothing"}).recommendation == "deny"
    with pytest.raises(bvn_asp.ReadingError, match="options: per_body, all_or_nothing"):
        decide(case, {"impermissible_bodies": "x"})


def test_decisions_represent_themselves() -> None:
    decision = decide(sample("pend_pregnancy_unknown"))
    assert "Recommendation: pend" in decision._repr_html_()
    assert "pregnancy" in explain(decision) and "human reviewer" in explain(decision)


def test_deciding_again_or_in_another_order_gives_the_same_decision() -> None:
    cases = list(samples().values())[::7]
    one, other = Engine(shipped_policy()), Engine(shipped_policy())
    first = [one.decide(case) for case in cases]
    second = [other.decide(case) for case in reversed(cases)][::-1]
    again = [one.decide(case) for case in cases]
    for a, b, c in zip(first, second, again, strict=True):
        assert a.criteria == b.criteria == c.criteria
        assert a.bodies == b.bodies == c.bodies
        assert a.explanation == b.explanation == c.explanation
