"""Two versions or readings of the policy: planted edits, each with its verdict, direction, record and proof."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from bvn_asp.analysis.change.comparison import Comparison, Diff, Side, only_source
from bvn_asp.analysis.change.diff import diff
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import PolicyError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.variants import waiving, without_source
from bvn_asp.record.case import Case
from bvn_asp.report.diff import diff_text
from tests.calling import bvn

SMALL = Shape()
HERE = Side("policy.lp", shipped_policy(), {})


def edited(*edits: tuple[str, str]) -> Side:
    text = shipped_policy().text
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return Side("edited.lp", policy_of(text), {})


def read(**readings: str) -> Side:
    return Side("policy.lp", shipped_policy(), readings)


def verdicts(found: Diff) -> dict[str, str]:
    """What is not equivalent: overall under the empty text, clauses and bodies by name."""
    return {c.id: c.verdict for c in found.comparisons if c.verdict != "equivalent"}


def shown(comparison: Comparison, direction: str) -> tuple[tuple[str, str], list[str]]:
    assert comparison.examples is not None
    example = comparison.examples[direction]
    return example.statuses, [str(departure) for departure in example.departures]


def by_id(found: Diff, id: str) -> Comparison:
    return next(comparison for comparison in found.comparisons if comparison.id == id)


THERMAL_AT_L5 = {"bodies": ["L5"], "completed": True, "thermal": True}
LOOSER_CARE = (("threshold(i3, care_duration, 6*whole).", "threshold(i3, care_duration, 4*whole)."),)
DROPPED_EXCEPTION = (
    ("found(substance_use_active), no(substance_use_treated).", "found(substance_use_active)."),
    ("clear(n18) :- yes(substance_use_treated), chosen(untreated,does_not).", ""),
)  # fmt: skip
REMOVED_CLAUSE = (
    ('clause(n5, non_indication, "Non-Indications", "5", "pregnancy").\nsource(n5, 1).', ""),
    ("violated(n5) :- found(pregnancy).\nclear(n5) :- lacking(pregnancy).", ""),
)
ADDED_CLAUSE = (
    (
        "source(n5, 1).",
        'source(n5, 1).\nclause(n23, non_indication, "Non-Indications", "23", "anticoagulation").\n'
        "violated(n23) :- found(anticoagulated).\nclear(n23) :- lacking(anticoagulated).",
    ),
)
NARROWER_RANGE = (("in_range(l3;l4;l5;l6;s1).", "in_range(l4;l5;l6;s1)."),)


@cache
def edit(*edits: tuple[str, str]) -> Diff:
    return diff(HERE, edited(*edits), room=SMALL)


def test_a_policy_is_equivalent_to_itself_on_all_records_and_the_second_engine_agrees() -> None:
    pytest.importorskip("z3")
    found = diff(HERE, HERE, room=SMALL, confirm=True)
    assert found.equivalent and verdicts(found) == {} and found.vocabulary == () and not found.stopped
    assert {(c.proved, c.engine.split()[0]) for c in found.comparisons} == {("all", "z3")}
    assert {c.id for c in found.clauses} >= {"i1", "i10", "n1", "n22", "i3a", "n14d"}
    assert [c.id for c in found.bodies] == ["L3", "L4", "L5", "S1"]


def test_a_looser_threshold_is_looser_with_the_number_between_the_two() -> None:
    found = edit(*LOOSER_CARE)
    assert verdicts(found) == {"": "looser", "i3": "looser"}
    statuses, departures = shown(found.overall, "looser")
    assert statuses == ("deny", "approve") and departures[0].startswith("duration of conservative care: ")
    # No therapy lasts longer than the course.
    assert all(": duration: " in departure for departure in departures[1:])
    assert found.overall.examples is not None
    record = found.overall.examples["looser"].record
    assert 4 < Decimal(record["conservative_care"]["weeks"]) <= 6
    assert found.overall.proved == "complete"
    assert found.vocabulary == ("limit of care_duration in i3: 6 weeks here, 4 there",)


def test_a_dropped_exception_is_stricter() -> None:
    found = edit(*DROPPED_EXCEPTION)
    assert verdicts(found) == {"": "stricter", "n18": "stricter"}
    statuses, departures = shown(found.overall, "stricter")
    assert statuses == ("approve", "deny")
    assert set(departures) == {
        "active substance use disorder: yes (usually no)",
        "substance use disorder under treatment: yes (usually no)",
    }


def test_a_removed_clause_is_looser_and_reported() -> None:
    found = edit(*REMOVED_CLAUSE)
    assert verdicts(found) == {"": "looser"}
    assert shown(found.overall, "looser") == (("deny", "approve"), ["pregnancy: yes (usually no)"])
    assert "clause n5: only here" in found.vocabulary


def test_an_added_clause_is_stricter_and_reported() -> None:
    found = edit(*ADDED_CLAUSE)
    assert verdicts(found) == {"": "stricter"}
    assert shown(found.overall, "stricter") == (("approve", "deny"), ["anticoagulation: yes (usually no)"])
    assert "clause n23: only there" in found.vocabulary


def test_a_narrower_range_refuses_a_body_and_shrinks_what_is_approved() -> None:
    found = edit(*NARROWER_RANGE)
    assert by_id(found, "L3").verdict == "stricter" and by_id(found, "L4").verdict == "stricter"
    statuses, departures = shown(by_id(found, "L3"), "stricter")
    assert statuses == ("permissible", "refused") and departures == ["requested: L3, L4, L5 (usually L4, L5)"]
    # The same range bounds the levels of the radiographic findings that exclude: there the edit is looser.
    assert by_id(found, "n8").verdict == "looser" and found.overall.verdict == "incomparable"


def test_both_edits_at_once_are_incomparable() -> None:
    found = edit(*LOOSER_CARE, *DROPPED_EXCEPTION)
    assert verdicts(found) == {"": "incomparable", "i3": "looser", "n18": "stricter"}


def test_a_clause_can_differ_though_no_decision_does() -> None:
    """Indications 9 and 10 repeat the limits of 7, so dropping one of them changes no recommendation."""
    found = edit(("met(i9) :- treated_within(i9).\nunmet(i9) :- treated_against(i9).", "met(i9)."),
                 ("passes_at(i9,B) :- unused(B).\nfails_at(i9,B) :- used_up(B).",
                  "passes_at(i9,B) :- considered(B)."))  # fmt: skip
    assert verdicts(found) == {"i9": "looser"} and found.equivalent
    # The verdict for people and the exit code agree with the clauses.
    assert not found.alike and "in what it recommends; clauses or bodies below are decided" in diff_text(found)
    statuses, _ = shown(by_id(found, "i9"), "looser")
    assert statuses == ("unmet", "met")


def test_what_fails_open_is_found_on_records_that_leave_it_open() -> None:
    found = edit(("clear(n5) :- lacking(pregnancy).", "clear(n5) :- not yes(pregnancy)."))
    assert verdicts(found) == {"": "looser", "n5": "looser"}
    assert shown(found.overall, "looser") == (("pend", "approve"), ["pregnancy: not stated (usually no)"])


def test_comparing_the_other_way_round_is_the_mirror() -> None:
    mirror = {"stricter": "looser", "looser": "stricter", "incomparable": "incomparable"}
    for edits in ((*LOOSER_CARE, *DROPPED_EXCEPTION), ADDED_CLAUSE):
        back = diff(edited(*edits), HERE, room=SMALL, limit=0)
        assert verdicts(back) == {id: mirror[verdict] for id, verdict in verdicts(edit(*edits)).items()}


def test_every_example_is_decided_so_by_fresh_engines() -> None:
    there = edited(*LOOSER_CARE, *DROPPED_EXCEPTION)
    engines = [Engine(HERE.policy), Engine(there.policy)]
    for comparison in edit(*LOOSER_CARE, *DROPPED_EXCEPTION).comparisons:
        for example in (comparison.examples or {}).values():
            case = Case.model_validate(example.record)
            decided = [engine.decide(case) for engine in engines]
            assert [d.recommendation for d in decided] == [d.recommendation for d in example.decisions]
            if comparison.kind == "overall":
                assert tuple(d.recommendation for d in decided) == example.statuses


@pytest.mark.parametrize(
    ("question", "option", "verdict", "statuses"),
    [
        ("impermissible_bodies", "all_or_nothing", "stricter", ("partial", "deny")),
        ("cancer_history", "counts", "stricter", ("approve", "deny")),
        ("modic_evidence", "clinician", "looser", ("deny", "approve")),
        ("precedence", "indications", "looser", ("deny", "approve")),
    ],
)
def test_two_readings(question: str, option: str, verdict: str, statuses: tuple[str, str]) -> None:
    found = diff(HERE, read(**{question: option}), room=SMALL, limit=1)
    assert found.overall.verdict == verdict
    assert shown(found.overall, verdict)[0] == statuses


def test_contraindicated_therapies_without_effect_are_stricter() -> None:
    found = diff(HERE, read(contraindicated_therapies="no_effect"), room=SMALL, limit=1)
    assert found.overall.verdict == "stricter" and by_id(found, "i3").verdict == "stricter"


def test_an_example_is_decided_as_it_says_even_between_the_limits_of_two_policies() -> None:
    found = edit(("threshold(i1, age, 18*whole)", "threshold(i1, age, 21*whole)"))
    assert verdicts(found) == {"": "stricter", "i1": "stricter"}
    for comparison in (found.overall, by_id(found, "i1")):
        assert comparison.examples is not None and comparison.unstated == {}
        example = comparison.examples["stricter"]
        assert [decision.recommendation for decision in example.decisions] == ["approve", "deny"]
        assert [18 <= float(str(age).split()[1]) < 21 for age in example.departures] == [True]
    assert "no case file can state" not in diff_text(found)


def test_what_no_case_file_can_state_is_no_example_but_one_without_it_is() -> None:
    found = edit((
        "source(n5, 1).",
        'source(n5, 1).\nclause(n23, non_indication, "Non-Indications", "23", "smoking"). fact(smoker). '
        'wording(smoker, "smoker"). violated(n23) :- yes(smoker). clear(n23) :- no(smoker).',
    ))  # fmt: skip
    assert found.overall.verdict == "stricter" and found.overall.examples is not None
    # Nobody can say that a patient smokes, so the new clause stays open.
    example = found.overall.examples["stricter"]
    assert [decision.recommendation for decision in example.decisions] == ["approve", "pend"]
    assert example.statuses == ("approve", "pend") and found.overall.unstated == {}


def test_a_difference_that_hangs_on_what_no_case_file_can_state_has_no_example_and_says_so() -> None:
    found = edit((
        "source(n5, 1).",
        'source(n5, 1).\nclause(n23, non_indication, "Non-Indications", "23", "smoking"). fact(smoker). '
        'wording(smoker, "smoker"). violated(n23) :- yes(smoker). clear(n23) :- not yes(smoker).',
    ))  # fmt: skip
    assert found.overall.verdict == "stricter" and found.overall.examples == {}
    assert found.overall.unstated == {"stricter": ("yes(smoker)",)}
    assert "found by the search alone, for what no case file can state: yes(smoker)" in diff_text(found)


def test_what_only_one_policy_knows_is_named() -> None:
    found = edit(("source(n5, 1).", 'source(n5, 1).\nfact(smoker). wording(smoker, "smoker").'))
    assert "fact, number or choice smoker: only there" in found.vocabulary


def test_an_input_that_the_other_policy_lacks_is_reported_and_what_needs_it_stays_open_there() -> None:
    found = edit(("fact(pregnancy).", ""))
    assert "fact, number or choice pregnancy: only here" in found.vocabulary
    assert verdicts(found) == {"": "incomparable", "n5": "incomparable"}
    assert shown(found.overall, "stricter")[0] == ("approve", "pend")
    assert shown(found.overall, "looser")[0] == ("deny", "pend")


def test_one_source_alone_waives_what_is_not_cited_to_it() -> None:
    policy = shipped_policy()
    # Only these criteria are cited to reference 9, by themselves or by a part.
    kept = {"i2", "i5", "i8", "n1", "n2", "n6", "n10", "n15", "n19"}
    criteria = {
        c.id for c in policy.clauses.values() if c.kind in ("indication", "non_indication", "level") and not c.part_of
    }
    waived = without_source(policy, 9)
    assert set(waived) == criteria - kept
    found = diff(HERE, only_source(HERE, 9), room=SMALL)
    assert found.overall.verdict == "looser"
    assert {c.id for c in found.clauses if c.verdict != "equivalent"} == {
        c.id for c in policy.clauses.values() if (c.part_of or c.id) in waived and c.kind != "level"
    } - {"i7b", "i10", "n21"}, "the limit of four cannot bind where there are four bodies"
    assert {c.verdict for c in found.clauses if c.verdict != "equivalent"} == {"looser"}
    assert shown(by_id(found, "i7"), "looser")[0] == ("unmet", "waived")


def test_a_criterion_set_aside_bars_and_refuses_nothing_and_keeps_its_status() -> None:
    policy = shipped_policy()
    case = Case.model_validate({**_usual(), "ablations": [THERMAL_AT_L5], "other_ablations": "absent"})
    assert Engine(policy).decide(case).recommendation == "partial"
    decision = Engine(waiving(policy, ("i7", "i7a", "i9", "n20"))).decide(case)
    assert decision.recommendation == "approve"
    assert {"i7", "i9"} <= set(decision.ids("unmet")) and "n20" in decision.ids("violated")
    with pytest.raises(PolicyError, match="no clause i99"):
        waiving(policy, ("i99",))


def test_a_body_that_does_not_exist_is_refused_even_where_the_range_is_set_aside() -> None:
    policy = shipped_policy()
    patient = {"age": 52, "lumbar_vertebrae": "five", "body_mass_index": 28}
    case = Case.model_validate({**_usual(), "patient": patient, "request": {"bodies": ["L2", "L6"]}})
    assert {b.name: b.status for b in Engine(policy).decide(case).bodies if b.requested} == {
        "L2": "refused", "L6": "refused",
    }  # fmt: skip
    decision = Engine(waiving(policy, ("l1",))).decide(case)
    assert decision.recommendation == "partial" and decision.grants == ("L2",)
    # An excluding item that is disregarded opens no such body either.
    waived = Engine(waiving(policy, ("n3", "n7"))).decide(case)
    assert {b.name: b.status for b in waived.bodies if b.requested} == {"L2": "refused", "L6": "refused"}


def _usual() -> dict[str, object]:
    from bvn_asp.analysis.writing.inputs import usual_case

    return usual_case().model_dump(exclude_none=True)


def test_limits_are_told_and_leave_things_unsettled() -> None:
    there = edited(*LOOSER_CARE)
    found = diff(HERE, there, room=SMALL, timeout=0)
    assert found.stopped == "timeout" and {c.verdict for c in found.comparisons} == {"unsettled"}
    found = diff(HERE, there, room=SMALL, limit=0)
    assert verdicts(found) == {"": "looser", "i3": "looser"} and found.overall.examples == {}


def test_the_command_says_what_differs_with_exit_code_1_and_writes_json(tmp_path: Path) -> None:
    other = tmp_path / "other.lp"
    other.write_text(edited(*LOOSER_CARE).policy.text, encoding="utf-8")
    found = bvn("diff", str(other), "--limit", "1", "--json")
    assert found.returncode == 1
    document = json.loads(found.stdout)
    assert document["overall"]["examples"]["looser"]["decided"] == ["deny", "approve"]
    dropped = shipped_policy().text.replace(
        "met(i9) :- treated_within(i9).\nunmet(i9) :- treated_against(i9).", "met(i9)."
    )
    other.write_text(dropped, encoding="utf-8")
    found = bvn("diff", str(other), "--limit", "1")
    assert found.returncode == 1 and "Clauses: 51 equivalent, 1 not" in found.stdout
    assert "human reviewer" in found.stdout
    looser = diff_text(edit(*LOOSER_CARE))
    assert "Overall, the other side is looser" in looser
    assert "looser: deny here, approve there, for the usual patient with" in looser
    same = bvn("diff", "--reading", "course_moment=request")
    assert (
        same.returncode == 0
        and "Overall, the other side is equivalent (stricter or looser on no record)" in same.stdout
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy(\n", "other.lp:2:1-2: error: syntax error"),
        ("policy(a).\n#include \"x\".\n", "other.lp:2:1: #include is not allowed"),
        ("a. b :- a.\n", "not a policy of this kind: no fact for policy, clause, question, wording"),
        (None, "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_policy_is_told_with_its_place_and_exit_code_2(tmp_path: Path, text: str | None, message: str) -> None:
    other = tmp_path / "other.lp"
    if text is not None:
        other.write_text(text, encoding="utf-8")
    found = bvn("diff", str(other))
    assert found.returncode == 2 and message in found.stderr and not found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to compare with"),
        (("--only-source", "8"), "no clause is cited to reference 8; references: 1, 2"),
        (("--reading", "course_moment=never"), "question course_moment has no option 'never'"),
        (("--reading", "when=never"), "there is no question 'when'"),
    ],
)
def test_bad_arguments_are_told_with_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    found = bvn("diff", *arguments)
    assert found.returncode == 2 and message in found.stderr and not found.stdout


def test_a_policy_without_the_vocabulary_of_a_search_or_with_a_loop_is_refused() -> None:
    text = shipped_policy().text
    for old, new, message in (
        ("choice(", "option_of(", "cannot be searched"),
        ("adult :- chosen", "adult :- grown. grown :- adult. adult :- chosen", "in a circle"),
    ):
        assert old in text
        with pytest.raises(PolicyError, match=message):
            diff(HERE, Side("other.lp", policy_of(text.replace(old, new)), {}), room=SMALL)
