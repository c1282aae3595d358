"""Of what a record calls one thing or another, one is so: it is decided as all that it can be."""

from __future__ import annotations

from typing import Any

import pytest

from bvn_asp.record.case import Case
from tests.three_ways import Record, decided_alike, usual

SHOWN = {"shown_by": ["imaging", "clinical_assessment"], "likely_source": "yes", "correlates": "yes"}
HARMLESS = {"likely_source": "no", "complicates": "no"}


def found(kind: str, **details: Any) -> Record:
    """Return a record with a finding of some kind, judged the source of the pain if `details` do not say otherwise."""
    return usual(findings__present=[{"kind": kind, **SHOWN, **details}])


def test_a_finding_of_one_kind_or_another_is_decided_as_each_kind_would_be() -> None:
    either, suspected, unlike, beside, three = decided_alike([
        found("compression_fracture or tumor"),
        found("compression_fracture or tumor", certainty="suspected"),
        found("compression_fracture or stenosis", levels="L4-L5", **HARMLESS),
        found("sacroiliac_joint or other_pathology"),
        found("tumor or infection or compression_fracture"),
    ])  # fmt: skip
    assert either.recommendation == "deny" and {"i5", "n22"} <= {*either.ids("unmet"), *either.ids("violated")}
    assert suspected.recommendation == "pend"
    # A fracture at the level excludes, and a stenosis without claudication does not.
    assert unlike.recommendation == "pend" and unlike.ids("violated") == ()
    assert beside.recommendation == "deny" and three.recommendation == "deny"


def test_a_kind_that_would_not_fail_leaves_the_case_open_and_says_what_it_can_be() -> None:
    (decision,) = decided_alike([found("compression_fracture or stenosis", levels="L4-L5", **HARMLESS)])
    assert set(decision.possible) == {"approve", "deny"}


def test_a_detail_of_one_of_the_kinds_can_be_stated_and_says_nothing_of_the_others() -> None:
    kinds = "compression_fracture or other_pathology"
    healed, fresh = decided_alike(
        [found(kinds, levels="L4-L5", healed=word, **HARMLESS) for word in ("yes", "no")]
    )  # fmt: skip
    assert (healed.recommendation, fresh.recommendation) == ("approve", "pend")
    with pytest.raises(ValueError, match="goes with compression_fracture or traumatic_fracture or trauma"):
        Case.model_validate(found("tumor or other_pathology", healed="yes"))


@pytest.mark.parametrize(
    ("words", "expected"),
    # With two therapies received, one more or all the rest contraindicated is needed; here each way is the same.
    [("received or contraindicated", "approve"), ("received or not_received", "pend"), ("not received", "pend")],
)
def test_words_for_a_treatment_of_which_one_is_so_are_decided_as_each_would_be(words: str, expected: str) -> None:
    (decision,) = decided_alike(
        [usual(conservative_care__therapies__pharmacotherapy=words)], {"contraindicated_therapies": "count_as_done"}
    )
    assert decision.recommendation == expected
