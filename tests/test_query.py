"""Queries: every construct means what it says, and every mistake is shown where it stands."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_asp.analysis.query.condition import Not, Status, negation_pushed_in, profiles, runs_of
from bvn_asp.analysis.query.decided import Decided
from bvn_asp.analysis.query.entries import fields
from bvn_asp.analysis.query.text import QueryError, read_query, vocabulary
from bvn_asp.analysis.records import ROOM
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.files import read_case
from bvn_asp.record.table import TABLE
from tests.questions import ATOMS, within_the_searches
from tests.random_cases import approvable, random_case
from tests.sample_cases import samples

POLICY = shipped_policy()
ENGINE = Engine(POLICY)
NEAR_CASES = [case for case in samples().values() if within_the_searches(case)]


@cache
def decided() -> list[tuple[Case, Decided]]:
    found = []
    drawn = [random_case(Random(seed)) for seed in range(200)]
    for case in (*NEAR_CASES, *(case for case in drawn if within_the_searches(case))):
        facts = facts_for(case, POLICY, {}, shape=ROOM)
        found.append((case, Decided(facts, ({},), (ENGINE.decide(case),))))
    return found


@pytest.mark.parametrize("text", sorted(ATOMS))
def test_a_construct_means_of_every_sample_case_what_it_says(text: str) -> None:
    query = read_query(text, POLICY)
    for case, known in decided():
        assert known.fits(query.condition) == ATOMS[text](case, known.decisions[0]), case.story


def test_under_and_differs_speak_of_other_runs() -> None:
    record = approvable(Random(1))
    record |= {
        "ablations": [{"bodies": "L4", "completed": True, "thermal": True}],
        "other_ablations": "absent",
        "request": {"bodies": ["L4", "L5"]},
    }
    case = Case.model_validate(record)
    for text, expected in (
        ("partial", True),
        ("deny under impermissible_bodies=all_or_nothing", True),
        ("partial and not partial under impermissible_bodies=all_or_nothing", True),
        ("(deny under impermissible_bodies=all_or_nothing) under obligations=norm", True),
        ("partial under obligations=norm", False),
        ("differs between impermissible_bodies=per_body and impermissible_bodies=all_or_nothing", True),
        ("differs between modic_scope=any_in_range and modic_evidence=clinician", False),
    ):
        query = read_query(text, POLICY)
        runs = runs_of(query.condition, POLICY, {})
        known = Decided(facts_for(case, POLICY, {}, shape=ROOM), runs, tuple(ENGINE.decide(case, run) for run in runs))
        assert known.fits(query.condition) is expected, text


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "there is no query"),
        ("   ", 1, "there is no query"),
        ("i33 unmet", 1, "nothing is called 'i33'; did you mean i3"),
        ("I33 unmet", 1, "nothing is called 'I33'"),
        ("i3 unmett", 4, "did you mean unmet"),
        ("i3 violated", 4, "i3 has no status 'violated'; expected met, unmet, undetermined"),
        ("i3", 1, "say what of i3: met, unmet, undetermined"),
        ("l1 met", 1, "l1 is a level"),
        ("i3 unmet and", 13, "ends too early"),
        ("i3 unmet adn n8 violated", 10, "unexpected 'adn'; expected 'and'"),
        ("(i3 unmet", 10, "expected ')'"),
        ("i3 unmet)", 9, "unexpected ')'"),
        ("i3 unmet; deny", 9, "unexpected character ';'"),
        ("deny and pregnanci", 10, "did you mean pregnancy?"),
        ("conditions.pregnancy is maybe", 25, "expected yes, no, unknown"),
        ("surgery.kind is discectomie", 17, "did you mean discectomy?"),
        ("weeks > 6", 1, "weeks can mean conservative_care.weeks, conservative_care.therapies.activity_avoidance.w"),
        ("patient.age < 18 weeks", 18, "patient.age is given in years"),
        ("conditions.t_score < -2.5 mm", 27, "conditions.t_score has no unit"),
        ("patient.age < 151", 15, "expected a number from 0 to 150"),
        ("patient.age < 18.0000001", 15, "at most 6 decimal places"),
        ("patient.age is old", 16, "patient.age cannot be 'old': expected a comparison with a number"),
        ("patient.age < " + "9" * 30, 15, "expected a number from 0 to 150"),
        ("patient.age < " + "9" * 30 + ".1234567", 15, "at most 6 decimal places"),
        ("patient.age < " + "9" * 41, 15, "too many digits"),
        ("patient.age < 1e400", 16, "'e400': patient.age is given in years"),
        ("patient.age", 1, "a number to compare it with"),
        ("conditions.pregnancy > 3", 22, "conditions.pregnancy is no number"),
        ("patient.age at L4 < 3", 16, "not asked for at 'L4'; expected request, procedure"),
        ("L9 refused", 1, "nothing is called 'L9'"),
        ("L4 approved", 4, "expected permissible, refused, undetermined, requested"),
        ("prior ablation at L4-L5", 19, "expected a vertebral body"),
        ("disc_herniation at L4-L6", 20, "two neighbouring bodies"),
        ("tumor at L4", 10, "the policy does not ask where a tumor lies"),
        ("ablation", 1, "say where"),
        ("modic[3] at L4", 1, "room for 2"),
        ("patient[1].age > 3", 1, "only entries of a list have a number"),
        ("only reason is n99", 16, "there is no criterion 'n99'"),
        ("exactly 2 criteria win", 20, "criteria have no status 'win'"),
        ("at least 2 bodies happy", 19, "a body has no status 'happy'"),
        ("differs between modic_scope=same_body and modic_scop=same_body", 43, "did you mean modic_scope or"),
        ("approve under obligations=law", 27, "question obligations has no option 'law'; expected breach, norm, fact"),
        ("approve or reading obligations=norm", 20, "`... under QUESTION=OPTION`"),
        ("reading obligations=norm and reading obligations=fact", 38, "read in two ways"),
        ("approve is yes", 9, "nothing more can be said of `approve`"),
        ("conditions.pregnancy includes yes", 1, "is no list"),
        ("record_complete", 1, "nothing is called"),
        ("not " * 41 + "deny", 161, "nested too deeply"),
        ("(" * 41 + "deny" + ")" * 41, 41, "nested too deeply"),
        ("deny or " * 300 + "deny", 2000, "too long"),
        (" or ".join(f"T{n} requested" for n in range(1, 12)) + " or C1 requested or C2 requested", 195, "too many"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_at_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_query(text, POLICY)
    error = caught.value
    assert words in str(error), str(error)
    assert error.column == column
    *_, shown, caret = str(error).split("\n")
    assert caret.endswith("^") and len(caret) <= 124
    if column <= 60:
        assert caret == " " * (column + 1) + "^" and shown == "  " + text[:120]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("I3 UNMET And Not Deny", "i3 unmet and not deny"),
        ("l4 REFUSED", "L4 is refused"),
        ("disc_herniation at l4/5", "disc_herniation at L4-L5"),
        ("pregnancy", "conditions.pregnancy is yes"),
        ("mri.modic_changes.type is type_1", "modic.type is type_1"),
        ("findings.disc_herniation.size_mm > 5", "disc_herniation.size_mm more than 5 mm"),
        ("chiropractic is received", "conservative_care.therapies.chiropractic.status is received"),
        ("i1 unmet => n1 violated => deny", "not i1 unmet or (not n1 violated or deny)"),
        ("less than 2 criteria fail", "at most 1 criteria fail"),
        ("more than 2 criteria fail", "at least 3 criteria fail"),
        ("patient.age exactly 18 years", "patient.age = 18"),
        ("patient.age at procedure < 18", "patient.age < 18"),
        ("deny or deny and approve", "deny or (deny and approve)"),
        ("not deny and approve", "(not deny) and approve"),
    ],
)
def test_two_ways_to_say_the_same(text: str, same: str) -> None:
    assert read_query(text, POLICY).condition == read_query(same, POLICY).condition


def test_fails_and_passes_are_the_settled_statuses_of_either_kind_of_criterion() -> None:
    assert read_query("i3 fails", POLICY).condition == Status("i3", "unmet")
    assert read_query("n8 fails", POLICY).condition == Status("n8", "violated")
    assert read_query("n8 is not failing", POLICY).condition == Not(Status("n8", "violated"))
    assert read_query("n8 passes", POLICY).condition == Status("n8", "clear")


def test_only_a_number_that_is_no_limit_of_the_policy_is_a_further_limit() -> None:
    assert read_query("patient.age < 18 and body_mass_index > 40.0", POLICY).limits(POLICY) == ()
    asked = read_query("patient.age < 18.5 or conditions.t_score = -2.499999", POLICY).limits(POLICY)
    assert asked == (("age", 18_500_000), ("t_score", -2_499_999))


def test_bodies_that_no_search_looks_at_by_itself_get_room() -> None:
    assert read_query("T5 requested", POLICY).room.bodies == (*ROOM.bodies, "T5")
    assert read_query("disc_herniation at T5-T6", POLICY).room.bodies == (*ROOM.bodies, "T5", "T6")
    assert read_query("L2 requested", POLICY).room == ROOM


def test_every_field_of_the_table_that_states_something_can_be_asked_for() -> None:
    words = vocabulary(POLICY, ROOM)
    asked = {field.row.path for field in words.fields.values()}
    deciding = {row.path for row in TABLE.fields if row.term and row.form in ("answer", "choice", "names", "number")}
    assert deciding - asked == {"findings.present[].not_shown_by"} - asked | {"findings.absent"}
    assert [field.name for field in fields() if words.find(field.name) != [field]] == []
    for field in words.fields.values():
        for word in field.words:
            claims = words.claims(field, word, body="L4")
            assert claims and all(claims), field.name


def test_every_number_of_the_policy_can_be_asked_for() -> None:
    words = vocabulary(POLICY, ROOM)
    assert [number for number in words.quantities if not words.can_hold(number, Decimal(5))] == []


@pytest.mark.parametrize(
    ("record", "text", "fits"),
    [
        ("patient: {age: at least 18}", "patient.age >= 18", True),
        ("patient: {age: at least 18}", "patient.age > 18", False),
        ("patient: {age: at least 18}", "patient.age = 18", False),
        ("patient: {age: more than 18}", "patient.age > 18", True),
        ("patient: {age: 18 to 20}", "patient.age <= 20", True),
        ("patient: {age: 18 to 20}", "patient.age < 20", False),
        ("patient: {age: less than 20}", "patient.age < 20", True),
        ("patient: {age: 18 to 20}", "patient.age unknown", False),
        ("patient: {age: unknown}", "patient.age unknown", True),
        ("pain: {clinician_severity: moderate or severe}", "clinician_severity is severe", False),
        ("pain: {clinician_severity: moderate or severe}", "clinician_severity includes severe", True),
        ("pain: {clinician_severity: moderate or severe}", "clinician_severity includes mild", False),
        ("pain: {clinician_severity: unknown}", "clinician_severity includes severe", False),
        ("conditions: {radiculopathy: present}", "radiculopathy is present", True),
        ("conditions: {radiculopathy: primary}", "radiculopathy is present", True),
        ("conditions: {radiculopathy: present}", "radiculopathy is primary", False),
        ("conditions: {t_score: not measured}", "t_score is not measured", True),
        ("conditions: {t_score: -1}", "t_score is not measured", False),
        ("conditions: {t_score: -1}", "t_score is measured", True),
        ("patient: {age: 3}", "not t_score is measured", True),
        ("conditions: {t_score: not measured}", "t_score unknown", False),
        ("findings: {present: [{kind: tumor, shown_by: imaging, certainty: suspected}]}", "tumor", False),
        ("findings: {present: [{kind: tumor, shown_by: imaging}]}", "tumor.shown_by includes imaging", True),
        ("findings: {present: [{kind: tumor, not_shown_by: imaging}]}", "tumor.not_shown_by includes imaging", True),
        ("mri: {modic_changes: [{certainty: suspected}, {type: type_1}]}", "modic", True),
        ("mri: {modic_changes: [{certainty: suspected}, {type: type_1}]}", "modic.type is type_1", True),
        ("conservative_care: {therapies: {chiropractic: received}}", "chiropractic is received", True),
        ("conservative_care: {therapies: {chiropractic: begun}}", "chiropractic is received", False),
        ("conservative_care: {pain_improved: wore_off}", "pain_improved is wore_off", True),
    ],
)
def test_what_is_stated_loosely_fits_what_it_leaves_no_doubt_of(record: str, text: str, fits: bool) -> None:
    case = read_case(record)
    known = Decided(facts_for(case, POLICY, {}, shape=ROOM), ({},), (ENGINE.decide(case),))
    assert known.fits(read_query(text, POLICY).condition) is fits


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                ["i3", "unmet", "and", "or", "not", "(", ")", "=>", "L4", "at", "least", "3", "bodies", "requested",
                 "is", "under", "obligations=norm", "patient.age", "<", "18", "years", "modic[1]", ". deny.", ":-",
                 "#script",
                 "\x00", "\x1b[2J", '"', "%", "@f()", "é", "İ", "\n", "unknown", "only", "reason"]
            ),
            max_size=12,
        ).map(" ".join),
    )
)  # fmt: skip
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    try:
        query = read_query(text, POLICY)
    except QueryError as error:
        assert 1 <= error.column <= len(text) + 1
        assert not any(c in str(error).split("\n")[-2] for c in "\x00\x1b")
    else:
        assert query.text == text


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("approve and n8 violated", {(True, 0, False)}),
        ("approve and not n8 violated", {(True, 1, False)}),
        ("approve and not n8 violated and not n9 violated", {(True, 2, False)}),
        ("not n8 violated and not n9 violated", {(False, 2, False)}),
        ("approve or not n8 violated", {(True, 0, False), (False, 1, False)}),
        ("approve and n8 undetermined", {(True, 0, True)}),
        ("approve and pregnancy unknown", {(True, 0, True)}),
        ("pregnancy is yes and not L4 requested", {(False, 1, False)}),
        ("not disc_herniation at L4", {(False, 1, False)}),
        ("not modic at L4", {(False, 2, False)}),
        ("not differs between modic_scope=same_body and modic_scope=any_in_range", {(True, 0, True)}),
        ("at least 2 bodies refused", {(True, 0, False)}),
        ("at most 0 bodies refused", {(False, 2, False)}),
        ("at least 0 bodies refused", {(False, 0, False)}),
        ("not at least 0 bodies refused", set()),
    ],
)
def test_what_a_proof_over_complete_records_must_know_of_a_query(text: str, known: set[tuple[bool, int, bool]]) -> None:
    assert profiles(negation_pushed_in(read_query(text, POLICY).condition)) == known
