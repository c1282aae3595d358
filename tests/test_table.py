"""The field table and the policy: each fact has its row, each row its fact, and everything else is refused by name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from bvn_asp.decision import agreement
from bvn_asp.decision.agreement import disagreements
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import PolicyError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.program import OpenProgram, open_program
from bvn_asp.policy.register import Policy, policy_of
from bvn_asp.policy.shape import Shape
from bvn_asp.record.case import Case
from bvn_asp.record.field import Field, Table
from bvn_asp.record.schema import field_table
from bvn_asp.record.table import FIELDS, SECTIONS, TABLE

TEXT = shipped_policy().text
BEHAVIOR = "fact(behavioral_assessment)."


@cache
def read(text: str) -> tuple[Policy, OpenProgram]:
    return policy_of(text), open_program(text, tuple(Shape().terms()))


def found(text: str = TEXT, *, rows: tuple[Field, ...] = FIELDS) -> list[str]:
    return list(disagreements(*read(text), Table(rows)))


def edited(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def changed(path: str, **changes: object) -> tuple[Field, ...]:
    assert path in TABLE.by_path
    return tuple(replace(row, **changes) if row.path == path else row for row in FIELDS)  # type: ignore[arg-type]


def test_the_table_and_the_policy_of_the_package_agree() -> None:
    assert found() == []


DETAIL = f"{BEHAVIOR}\nfact(calcified(F), F) :- finding(F,disc_herniation).\n"
CHOICE = f"{BEHAVIOR}\nchoice(handedness, (left;right)).\n"
NUMBER = f'{BEHAVIOR}\nnumber(waist, waist). measured_in(waist, "cm"). threshold(n5, waist, 90*whole).\n'
KIND = edited("other_pathology).\nfact(present", "other_pathology;schmorl_node).\nfact(present")
ROWS = {
    DETAIL: Field("findings.present[].calcified", "answer", "calcified(X)", kinds=("disc_herniation",)),
    CHOICE: Field("patient.handedness", "choice", "handedness", values=("left", "right")),
    NUMBER: Field("patient.waist", "number", "waist", quantity="waist", high=300, unit="cm"),
}


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (DETAIL, "calcified(finding(disc_herniation,1)) is a fact of the policy, and no row of the field table states"),
        (CHOICE, "handedness is a choice of left, right of the policy, and no row of the field table states it"),
        (NUMBER, "waist is a number of waist of the policy, and no row of the field table states it"),
    ],
    ids=["detail", "choice", "number"],
)
def test_a_fact_without_a_row_is_named_and_with_its_row_is_right(added: str, words: str) -> None:
    text = edited(BEHAVIOR, added)
    assert len(found(text)) == 1 and words in found(text)[0]
    assert found(text, rows=(*FIELDS, ROWS[added])) == []


@pytest.mark.parametrize("added", ROWS, ids=["detail", "choice", "number"])
def test_a_row_without_a_fact_is_named(added: str) -> None:
    row = ROWS[added]
    (line,) = found(rows=(*FIELDS, row))
    assert line.startswith(f"{row.path} states ") and "the policy has no such" in line


def test_a_kind_of_finding_that_only_one_of_them_has_is_named() -> None:
    assert "schmorl_node is a kind of finding of the policy, and not of the field table" in found(KIND)
    without = edited(";sacroiliac_joint;other_pathology", ";other_pathology")
    assert "sacroiliac_joint is a kind of finding of the field table, and not of the policy" in found(without)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("fact(pregnancy). ", "", "conditions.pregnancy states pregnancy, and the policy has no such fact"),
        ("choice(direction(F), (forward;backward;sideways))", "choice(direction(F), (forward;backward))",
         "findings.present[].direction states direction(finding(spondylolisthesis,1)) as a choice of backward, forward,"
         " sideways, and for the policy it is a choice of backward, forward"),
        ("number(body_mass_index, body_mass_index).", "number(body_mass_index, age).",
         "patient.body_mass_index states body_mass_index as a number of body_mass_index, and for the policy it is a"
         " number of age"),
        ('measured_in((disc_displacement;slip), "mm").',
         'measured_in(disc_displacement, "mm"). measured_in(slip, "cm").',
         "findings.present[].slip_mm is given in mm, and slip is measured in cm"),
        ('measured_in((pain_duration;time_since_surgery), "months").',
         'measured_in(pain_duration, "weeks"). measured_in(time_since_surgery, "months").',
         "pain.onset is given in months, and pain_duration is measured in weeks"),
        ("threshold(n16, body_mass_index, 40*whole).", "threshold(n16, body_mass_index, 400*whole).",
         "patient.body_mass_index goes from 5 to 300, and the limit of n16 is 400"),
        ("fact(unmeasured(t_score)).", "", "conditions.t_score states unmeasured(t_score), and the policy has no such"),
        ("fact(placed(X), X) :- located(X).", "", "states placed("),
        ("fact(request_made).", "", "request.bodies states request_made, and the policy has no such fact"),
        ("closable(symptom(Y)) :- nerve_symptom(Y).", "",
         "a complete record that leaves conditions.radicular_pain out has none, and the policy has no closable("),
    ],
)  # fmt: skip
def test_what_a_changed_policy_no_longer_has_is_named(old: str, new: str, words: str) -> None:
    lines = found(edited(old, new))
    assert any(words in line for line in lines), lines


@pytest.mark.parametrize("row", [row for row in FIELDS if row.term and row.form != "list"], ids=lambda row: row.path)
def test_no_row_can_be_left_out_but_one_that_states_what_another_does(row: Field) -> None:
    # A date states the same as a number, and each of these the opposite of another.
    spare = row.form == "date" or row.name in ("absent", "shown_by", "not_shown_by")
    assert bool(found(rows=tuple(other for other in FIELDS if other is not row))) != spare


def test_a_policy_that_does_not_fit_stops_the_engine_before_it_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Field("patient.handedness", "choice", "handedness", values=("left", "right"))
    monkeypatch.setattr(agreement.check_table, "__defaults__", (Table((*FIELDS, row)),))
    with pytest.raises(PolicyError, match=r"patient\.handedness states handedness, and the policy has no such choice"):
        Engine(shipped_policy()).decide(Case())


def test_a_foreign_policy_may_leave_out_what_it_does_not_ask_for() -> None:
    text = TEXT.replace("fact(resources_provided).", "").replace("resources_provided", "assessment_formal")
    assert found(text)
    assert Engine(policy_of(text)).decide(Case()).recommendation is None


def test_rows_hang_together() -> None:
    paths = [row.path for row in FIELDS]
    assert len(set(paths)) == len(paths)
    for row in FIELDS:
        assert all(parent in TABLE.by_path for parent in row.parents), row.path
        assert not row.closes or TABLE.by_path[row.closes].form in ("list", "names"), row.path
        assert not row.section or row.section in SECTIONS or "[]" in row.section or "therapies." in row.path, row.path
        assert (row.form in ("number", "text", "units")) == (row.high > 0), row.path
        assert (row.form in ("choice",)) <= bool(row.values), row.path
        assert not row.closable or not row.parents, f"{row.path}: a detail is never closed"
        assert bool(row.term) or row.form in ("text", "units") or row.note, f"{row.path}: says what it is for"


def test_the_table_of_fields_has_every_row_with_what_it_takes() -> None:
    rows = {path: (takes, note) for path, takes, note in field_table()}
    assert set(rows) == {row.path for row in FIELDS} | {s for s in SECTIONS if s in rows}
    assert rows["patient"] == ("fields below", "Who the patient is")
    assert rows["patient.age"] == ("number from 0 to 150, or a bound", "years; or give birth_date")
    assert rows["conditions.t_score"][0] == "number from -20 to 20, or a bound, or not measured"
    assert rows["pain.clinician_severity"][0] == "none, mild, moderate, severe"
    assert rows["conditions.radiculopathy"][0] == "absent, secondary, primary, present"
    assert rows["surgeries[].levels"][0] == "L4, L4-L5, a list of them, or somewhere from L3 to S1"
    assert rows["findings.present[].shown_by"][0] == "one or a list of imaging, clinical_assessment"
    assert rows["request.units"] == ("whole numbers by procedure code", "units asked for, by procedure code")
    assert rows["request.diagnosis_codes"][0] == "one or a list of codes"
    assert [path for path, _, _ in field_table("anaesthesia")] == [
        "anaesthesia", "anaesthesia.planned", "anaesthesia.necessity_documented",
    ]  # fmt: skip
