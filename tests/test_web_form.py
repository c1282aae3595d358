"""The form of a case: it holds whatever a case file can say, and what it cannot read counts as unknown."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from bvn_asp.decision.engine import Engine
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_cases, read_case, read_content
from bvn_asp.record.statements import Said
from bvn_asp.record.table import TABLE
from bvn_asp.record.writing import json_text, plain_content, yaml_text
from bvn_asp.report.labels import group_names
from bvn_asp.web.edits import applied
from bvn_asp.web.fields import content_of, values_of
from bvn_asp.web.formview import View, closing_rows, is_whole
from bvn_asp.web.reading import read_form
from tests.random_cases import random_case

CASES = {id: case for file in sorted(Path(__file__).parent.parent.glob("cases/*.yaml")) for id, case in
         load_cases(file).items()}  # fmt: skip
LISTED = {row.path for row in TABLE.fields if row.form in ("levels", "bodies", "names")}


def sorted_lists(value: Any) -> Any:
    """Return plain content with the names of lists in one order: the form has an order of its own."""
    if isinstance(value, dict):
        return {key: sorted_lists(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return [sorted_lists(item) for item in value] if isinstance(value, list) else value


def test_every_case_goes_through_the_form_and_comes_out_the_same() -> None:
    assert len(CASES) > 400
    for id, case in CASES.items():
        content = plain_content(case)
        back = plain_content(read_content(content_of(values_of(content))))
        assert sorted_lists(back) == sorted_lists(content), id


@pytest.mark.parametrize("seed", range(60))
def test_random_cases_go_through_the_form_and_through_files(seed: int) -> None:
    content = plain_content(random_case(Random(seed)))
    read = read_form(values_of(content))
    assert read.problems == () and read.case is not None
    assert sorted_lists(plain_content(read.case)) == sorted_lists(content)
    assert plain_content(read_case(yaml_text(content))) == content
    assert plain_content(read_case(json_text(content), is_json=True)) == content


def test_texts_that_look_like_something_else_stay_texts_in_a_file() -> None:
    for text in ("007", "yes", "nUlL", "~", "1.50", "- a", "a: b", "a\nb", "'", '"', "# no remark", "!tag", "&a"):
        content = {"case_id": text, "story": f"{text} "}
        for written, is_json in ((yaml_text(content), False), (json_text(content), True)):
            case = read_case(written, is_json=is_json)
            assert case.exact("case_id") == text, written


def test_the_form_has_a_control_for_every_field_of_the_table() -> None:
    values: dict[str, tuple[str, ...]] = {f"{path.removesuffix('[]')}[0]:here": ("1",) for path in TABLE.lists}
    values["findings.present[0].kind"] = TABLE.by_path["findings.present[].kind"].values
    shown: set[str] = set()
    for group in View(shipped_policy()).groups(values, {}):
        for part in group.parts:
            for item in (*part.items, *part.finer, *part.aside):
                if hasattr(item, "entries"):
                    shown.add(item.row.path)
                    shown |= {control.row.path for entry in item.entries for control in entry.controls}
                else:
                    shown.add(item.row.path)
    assert shown == {row.path for row in TABLE.fields}


@pytest.mark.parametrize(
    ("values", "path", "said"),
    [
        ({"patient.age": ("52",)}, "patient.age", "52"),
        ({"patient.age": ("50",), "patient.age:how": ("at least",)}, "patient.age", "at least 50"),
        ({"patient.age": ("50",), "patient.age:how": ("between",), "patient.age:to": ("59",)}, "patient.age",
         "50 to 59"),
        ({"patient.age": ("50",), "patient.age:how": ("unknown",)}, "patient.age", "unknown"),
        ({"conditions.t_score:how": ("not measured",)}, "conditions.t_score", "not measured"),
        ({"pain.onset": ("2023",), "pain.onset:how": ("after",)}, "pain.onset", "since 2024-01-01"),
        ({"pain.clinician_severity": ("moderate", "severe")}, "pain.clinician_severity", "moderate or severe"),
        ({"conditions.pregnancy": ("no",)}, "conditions.pregnancy", "no"),
        ({"request.bodies": ("L4",), "request.bodies:other": ("L2, l3",)}, "request.bodies", "L4 or L2 or L3"),
        ({"request.units:@64628": ("1",)}, "request.units", "64628: 1"),
        ({"conservative_care.therapies.pharmacotherapy.drug_classes": ("none",)},
         "conservative_care.therapies.pharmacotherapy.drug_classes", "none"),
    ],
)  # fmt: skip
def test_each_way_to_state_a_field(values: dict[str, tuple[str, ...]], path: str, said: str) -> None:
    read = read_form(values)
    assert read.case is not None and str(read.case.said(path)) == said


def test_documents_that_disagree_leave_a_field_open_until_one_counts() -> None:
    values = {
        "patient.body_mass_index": ("39",), "patient.body_mass_index:document": ("note",),
        "patient.body_mass_index:2": ("41",), "patient.body_mass_index:2:document": ("letter",),
        "patient.body_mass_index:2:page": ("3",),
    }  # fmt: skip
    read = read_form(values)
    assert read.case is not None
    said = read.case.said("patient.body_mass_index")
    assert said is not None and said.value is None and len(said.versions) == 2
    counted = read_form({**values, "patient.body_mass_index:2:counts": ("yes",)})
    assert counted.case is not None and str(counted.case.said("patient.body_mass_index")) == "41"


def test_what_cannot_be_read_is_named_and_counts_as_unknown_and_never_as_absent() -> None:
    complete = next(case for case in CASES.values() if case.exact("record_complete") and
                    Engine(shipped_policy()).decide(case).recommendation == "approve")  # fmt: skip
    values = values_of(plain_content(complete)) | {"conditions.pregnancy": ("perhaps",)}
    read = read_form(values)
    assert list(read.by_field) == ["conditions.pregnancy"]
    assert read.case is not None and read.case.said("conditions.pregnancy") == Said()
    assert Engine(shipped_policy()).decide(read.case).recommendation == "pend"


def test_a_finding_without_a_kind_leaves_no_case() -> None:
    read = read_form({"findings.present[0]:here": ("1",), "findings.present[0].size_mm": ("x",)})
    assert read.case is None
    assert set(read.by_field) == {"findings.present[0].size_mm", "findings.present[0].kind"}


def test_two_fields_that_exclude_each_other_are_both_given_up() -> None:
    read = read_form({"patient.age": ("50",), "patient.birth_date": ("1970",)})
    assert "patient.age" in read.by_field
    assert read.case is not None and read.case.said("patient.age") == Said()


def test_nothing_else_states_what_the_table_has_for_it_and_takes_it_back() -> None:
    assert [row.path for row in closing_rows("mri")] == ["mri.read_in_full", "mri.other_modic_changes"]
    assert [row.path for row in closing_rows("surgeries")] == ["other_surgeries"]
    values, group = applied({"patient.age": ("5",)}, "whole:mri")
    assert group == "mri" and is_whole("mri", values)
    read = read_form(values)
    assert read.case is not None and read.case.exact("mri.read_in_full") is True
    assert read.case.exact("mri.other_modic_changes") == ("absent",)
    assert applied(values, "whole:mri")[0] == {"patient.age": ("5",)}


def test_nothing_else_where_nothing_is_listed_states_that_there_is_none() -> None:
    values, _ = applied({}, "whole:surgeries")
    read = read_form(values)
    assert read.case is not None and read.case.at("surgeries") == ()
    assert applied(values, "whole:surgeries")[0] == {}
    listed = {"surgeries[0]:here": ("1",)}
    assert applied(listed, "whole:surgeries")[0] == {**listed, "other_surgeries": ("absent",)}


def test_entries_are_added_and_removed_and_those_after_move_up() -> None:
    values, group = applied({"surgeries:state": ("none",)}, "add:surgeries")
    assert group == "surgeries" and values == {"surgeries[0]:here": ("1",)}
    values = applied(values, "add:surgeries")[0] | {"surgeries[1].kind": ("fusion",), "surgeries[0].kind": ("other",)}
    values, _ = applied(values, "remove:surgeries[0]")
    assert values == {"surgeries[0]:here": ("1",), "surgeries[0].kind": ("fusion",)}


@pytest.mark.parametrize("action", ["", "add:patient", "remove:surgeries", "whole:nothing", "x:y", "add:surgeries[]"])
def test_other_actions_change_nothing(action: str) -> None:
    assert applied({"patient.age": ("5",)}, action) == ({"patient.age": ("5",)}, "")


def test_a_list_takes_no_more_entries_than_a_case_has() -> None:
    values: dict[str, tuple[str, ...]] = {}
    for _ in range(40):
        values, _ = applied(values, "add:ablations")
    assert len(values) == 32 and read_form(values).case is not None


def test_groups_stand_in_the_order_of_the_chart() -> None:
    assert group_names()[:4] == ("case", "patient", "pain", "conservative_care")
    assert group_names()[-1] == "request"


def test_an_empty_form_is_a_case_that_states_nothing() -> None:
    assert content_of({}) == {}
    read = read_form({})
    assert read.case == Case()
