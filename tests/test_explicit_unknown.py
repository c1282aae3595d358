"""What a record calls unknown stays open, whatever closes the list or record that it stands in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.three_ways import decide, decided_alike, usual

CLOSED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("mri__modic_changes", {"mri__other_modic_changes": "absent"}, {"i4"}),
    ("mri__modic_changes", {"mri__other_modic_changes": None, "mri__read_in_full": "yes"}, {"i4"}),
    ("surgeries", {"other_surgeries": "absent"}, {"i5", "n7", "n22"}),
    ("surgeries", {"other_surgeries": "absent", "findings__additional_pathology": "absent"}, {"i5", "n7", "n22"}),
    ("ablations", {"other_ablations": "absent"}, {"i7", "i9", "n20"}),
    ("findings__present", {}, {"i5", "n3", "n8", "n12", "n14", "n15", "n22"}),
    (
        "findings__present", {"findings__additional_pathology": "absent"},
        {"i5", "n3", "n8", "n12", "n14", "n15", "n22"},
    ),
    (
        "findings__present", {"mri__read_in_full": "yes", "findings__assessment_read_in_full": "yes"},
        {"i5", "n3", "n8", "n12", "n14", "n15", "n22"},
    ),
]  # fmt: skip
"""A list called unknown, what says that there is nothing else, and the items that the list decides."""


@pytest.mark.parametrize("complete", ["no", "yes"])
def test_a_list_called_unknown_is_not_closed_by_what_closes_it(complete: str) -> None:
    records = [
        usual(record_complete=complete, **closing, **{path: "unknown"}) for path, closing, _ in CLOSED
    ]  # fmt: skip
    for decision, (path, closing, items) in zip(decided_alike(records), CLOSED, strict=True):
        open_ = {c.clause.id for c in decision.criteria if c.status == "undetermined" and c.clause.part_of is None}
        assert (decision.recommendation, open_) == ("pend", items), (path, closing)
        assert path.replace("__", ".") in {node.field for node in decision.missing}, (path, closing)


def test_a_list_that_is_left_out_is_not_closed_by_what_closes_it_either() -> None:
    # Were it, to delete what counts against a request would approve it.
    left_out = [(path, closing) for path, closing, _ in CLOSED if path in ("surgeries", "ablations")]
    records = [usual(**closing, **{path: None}) for path, closing in left_out]
    records.append(usual(mri__modic_changes=None))
    assert [decision.recommendation for decision in decided_alike(records)] == ["pend"] * 4
    # A source that was read in full says by itself what it does not show, and `none` that there is nothing.
    full = usual(mri__modic_changes=None, mri__other_modic_changes=None, mri__read_in_full="yes")
    none = usual(surgeries="none", other_surgeries="absent")
    assert [decision.recommendation for decision in decided_alike([full, none])] == ["deny", "approve"]


@pytest.mark.parametrize(
    ("list_", "closing", "open_items"),
    [
        ("surgeries", {"other_surgeries": "unknown"}, {"n7", "n22"}),
        ("ablations", {"other_ablations": "unknown"}, {"n20"}),
        ("findings__absent", {"findings__absent": "unknown"}, {"n3", "n8", "n12", "n14", "n15", "n22"}),
        (
            "findings__absent", {"findings__additional_pathology": "unknown"},
            {"n3", "n8", "n12", "n14", "n15", "n22"},
        ),
    ],
)  # fmt: skip
def test_a_complete_record_that_calls_unknown_whether_a_list_goes_on_does_not_close_it(
    list_: str, closing: dict[str, str], open_items: set[str]
) -> None:
    silent, unknown = decided_alike([
        usual(record_complete="yes", **{list_: None}), usual(record_complete="yes", **{list_: None} | closing),
    ])  # fmt: skip
    for decision, items in ((silent, set[str]()), (unknown, open_items)):
        found = {c.clause.id for c in decision.criteria if c.status == "undetermined" and c.clause.part_of is None}
        assert {id for id in found if id.startswith("n")} == items


SOURCES_OF_A_TUMOR: list[tuple[dict[str, Any], str]] = [
    ({"shown_by": "none"}, "clear"),
    ({}, "undetermined"),
    ({"shown_by": []}, "undetermined"),
    ({"shown_by": "unknown"}, "undetermined"),
    ({"not_shown_by": "unknown"}, "undetermined"),
    ({"not_shown_by": ["imaging"]}, "undetermined"),
    ({"not_shown_by": ["imaging", "clinical_assessment"]}, "clear"),
    ({"shown_by": ["imaging"]}, "violated"),
]


def test_sources_read_in_full_list_all_that_they_show_but_for_what_nothing_is_stated_to_show() -> None:
    finding = {"kind": "tumor", "likely_source": "yes", "complicates": "no", "correlates": "yes"}
    full = {"mri__read_in_full": "yes", "findings__assessment_read_in_full": "yes"}
    cases = [usual(findings__present=[finding | sources], **full) for sources, _ in SOURCES_OF_A_TUMOR]
    found = [{c.clause.id: c.status for c in decision.criteria}["n22"] for decision in decided_alike(cases)]
    assert found == [status for _, status in SOURCES_OF_A_TUMOR]


def test_one_source_shows_no_more_than_is_listed_of_what_the_other_shows() -> None:
    finding = {"kind": "tumor", "likely_source": "yes", "complicates": "no", "correlates": "yes"}
    full = {"mri__read_in_full": "yes", "findings__assessment_read_in_full": None}
    found = decided_alike([
        usual(findings__present=[finding | {"shown_by": ["clinical_assessment"]}], **full),
        usual(findings__present=[finding], **full),
    ])  # fmt: skip
    status = [{c.clause.id: c.status for c in decision.criteria}["n22b"] for decision in found]
    assert status == ["clear", "undetermined"]


def test_names_called_unknown_or_left_out_are_not_closed_by_the_absence_of_others() -> None:
    therapy = {"status": "received", "weeks": "16", "other_drug_classes": "absent"}
    path = "conservative_care__therapies__pharmacotherapy"
    unknown, left_out = decided_alike(
        [usual(**{path: therapy | {"drug_classes": "unknown"}}), usual(**{path: therapy})], {"drug_classes": "named"}
    )
    assert (unknown.recommendation, left_out.recommendation) == ("pend", "pend")
    change = {"levels": "L4-L5", "type": "type_3", "stated_by_radiologist": "yes", "other_features": "absent"}
    unknown, left_out = decided_alike(
        [usual(mri__modic_changes=[change | {"features": "unknown"}]), usual(mri__modic_changes=[change])],
        {"modic_features": "suffice"},
    )
    assert (unknown.recommendation, left_out.recommendation) == ("pend", "pend")


def test_a_kind_stated_absent_beside_findings_called_unknown_is_open_and_the_record_is_told_why() -> None:
    warnings = decide(usual(findings__present="unknown")).warnings
    assert any("findings.present is called unknown" in line and "findings.absent" in line for line in warnings)
    assert not decide(usual()).warnings
