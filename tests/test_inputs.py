"""What a chart can say and a careless reader takes for more: small records, each decided as it was written.

Each departs from one patient, of whom everything is known and nothing is wrong, in the lines that the test shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from bvn_asp.decision.decision import Decision
from bvn_asp.record.anatomy import LEVELS, SPANNING_DISCS
from bvn_asp.record.case import Case
from bvn_asp.record.table import FINDING_KINDS
from tests.random_cases import approvable
from tests.shared import ENGINE

Record = dict[str, Any]
GONE = "gone"


def record(**changes: Any) -> Record:
    """Return the record of the patient; `a__b=value` changes field b of section a, and GONE leaves it out."""
    found = deepcopy(approvable(Random(1)))
    found["request"] = {"bodies": ["L4", "L5"]}
    for path, value in changes.items():
        *sections, name = path.split("__")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        if value == GONE:
            place.pop(name, None)
        else:
            place[name] = value
    return found


def decided(readings: Mapping[str, str] | None = None, /, **changes: Any) -> Decision:
    return ENGINE.decide(Case.model_validate(record(**changes)), readings or {})


def missing(decision: Decision) -> set[str]:
    return {node.field for node in decision.missing}


def but(*kinds: str) -> list[str]:
    """Return all kinds of finding but some: those that are stated absent."""
    return [kind for kind in FINDING_KINDS if kind not in kinds]


def test_the_patient_is_approved() -> None:
    decision = decided()
    assert (decision.recommendation, decision.missing, decision.warnings) == ("approve", (), ())


# --- the closed world closes conditions, never details -----------------------------------------------------------


def test_a_complete_record_does_not_fill_in_the_score_of_a_stated_diagnosis() -> None:
    # A diagnosis that nobody measured counts, whether the record is complete or not.
    for complete in (True, GONE):
        stated = {"record_complete": complete, "conditions__osteoporosis_diagnosed": True}
        unscored = decided(**stated, conditions__t_score=GONE)
        assert (unscored.recommendation, unscored.ids("violated")) == ("deny", ("n10",))
        decision = decided(**stated, conditions__t_score="unknown")
        assert (decision.recommendation, decision.ids("undetermined")) == ("pend", ("n10",))
        assert missing(decision) == {"conditions.t_score"}


def test_a_detail_without_its_condition_leaves_the_condition_open() -> None:
    decision = decided(
        record_complete=True, conditions__pulse_generator=GONE, conditions__other_electronic_implant=GONE,
        conditions__precautions_taken=False,
    )  # fmt: skip
    assert (decision.recommendation, decision.ids("undetermined")) == ("pend", ("n19",))
    assert missing(decision) == {"conditions.pulse_generator", "conditions.other_electronic_implant"}


@pytest.mark.parametrize(("said", "outcome"), [("unknown", "pend"), (None, "pend"), (GONE, "approve")])
def test_what_is_written_out_as_unknown_stays_open_in_a_complete_record(said: Any, outcome: str) -> None:
    decision = decided(record_complete=True, conditions__pregnancy=said)
    assert decision.recommendation == outcome
    assert decision.assume_absent


def test_a_section_that_is_unknown_stays_open_in_a_complete_record() -> None:
    assert decided(record_complete=True, anaesthesia=GONE, conditions="unknown").ids("undetermined")[0] == "n2"
    # A score is a detail, and no condition that a complete record could be without.
    assert decided(record_complete=True, conditions={"t_score": -1}).recommendation == "approve"


def test_an_earlier_ablation_of_an_unstated_body_is_open_for_all_three_items_that_ask() -> None:
    decision = decided(record_complete=True, ablations=[{"completed": True}])
    assert decision.recommendation == "pend"
    assert decision.ids("undetermined") == ("i7", "i9", "n20")


# --- a record cannot state the future ----------------------------------------------------------------------------

DATES = {"request__date": "2025-06-01", "request__planned_procedure_date": "2025-11-01"}


def test_care_that_begins_after_the_request_does_not_count() -> None:
    decision = decided(
        conservative_care__weeks=GONE,
        conservative_care__start="2025-06-02",
        conservative_care__end="2025-07-20",
        **DATES,
    )
    assert (decision.recommendation, decision.ids("unmet")) == ("deny", ("i3",))
    assert decision.warnings == ("conservative_care.start lies after the request: care after it does not count",)


def test_pain_counts_until_the_request() -> None:
    decision = decided(pain__months=GONE, pain__onset="2025-04-10", **DATES)
    assert (decision.recommendation, decision.ids("unmet")) == ("deny", ("i2",))


def test_care_that_began_less_than_six_weeks_ago_is_too_short_whenever_it_ends() -> None:
    care = record()["conservative_care"]
    therapies = dict.fromkeys(care["therapies"], "received")
    decision = decided(
        conservative_care={**care, "weeks": None, "start": "2025-05-01", "therapies": therapies},
        request__date="2025-05-20", request__planned_procedure_date="2025-06-01",
    )  # fmt: skip
    assert decision.ids("unmet") == ("i3",)


def test_eighteen_on_the_day_of_the_request_is_eighteen_later_too() -> None:
    decision = decided(patient__age=GONE, patient__birth_date="2007-06-01", request__date="2025-06-01")
    assert decision.recommendation == "approve"


def test_a_therapy_shows_a_course_of_its_length_and_a_shorter_course_beside_it_is_pointed_out() -> None:
    shown = decided(conservative_care__weeks=GONE)
    assert next(c.status for c in shown.criteria if c.clause.id == "i3") == "met"
    apart = decided(conservative_care__weeks=4)
    assert apart.ids("undetermined") == ("i3",) and missing(apart) == {"conservative_care.weeks"}
    assert len(apart.warnings) == 3
    assert apart.warnings[0] == (
        "conservative_care.therapies.activity_avoidance.weeks (8) is longer than the whole course,"
        " conservative_care.weeks (4 weeks); how long the course was is left open"
    )


# --- a list says what it lists, and no more ----------------------------------------------------------------------

FACET = {
    "kind": "facet_arthropathy", "levels": "L4-L5", "facet_pain": True, "correlates": True, "likely_source": False,
    "complicates": False, "shown_by": "clinical_assessment",
}  # fmt: skip
SMALL = {
    "kind": "disc_herniation", "levels": "L2-L3", "shape": "protrusion", "size_mm": 3, "shown_by": "imaging",
    "correlates": False, "likely_source": False, "complicates": False,
}  # fmt: skip


def test_only_what_is_needed_is_named_to_settle_a_request() -> None:
    loose: Record = {
        "pain__months": "at least 12",
        "conservative_care__weeks": "more than 20",
        "conditions__pregnancy": GONE,
    }
    decision = decided(**loose)
    assert {s.outcome: [n.field for n in s.facts] for s in decision.settlements} == {
        "approve": ["conditions.pregnancy"], "deny": ["conditions.pregnancy"],
    }  # fmt: skip
    bound = decided(patient__body_mass_index="at least 30")
    assert [[n.text for n in s.facts] for s in bound.settlements] == [
        ["body mass index: stated only as at least 30"]
    ] * 2


def test_what_is_seen_clinically_may_be_seen_on_imaging() -> None:
    kinds = list(FINDING_KINDS)
    opened = decided(findings={"present": [FACET], "absent": kinds})
    assert opened.recommendation == "pend"
    assert missing(opened) == {"findings.present[0].shown_by"}
    for closing in (
        {"findings": {"present": [{**FACET, "not_shown_by": "imaging"}], "absent": kinds}},
        {"findings": {"present": [FACET], "absent": kinds}, "mri__read_in_full": True},
    ):
        assert decided(**closing).recommendation == "approve", closing


def test_one_finding_does_not_rule_out_another_of_its_kind() -> None:
    opened = decided(findings={"present": [SMALL], "absent": but("disc_herniation")})
    assert opened.recommendation == "pend"
    assert missing(opened) == {"findings.present"}
    assert decided(findings={"present": [SMALL], "absent": list(FINDING_KINDS)}).recommendation == "approve"


def test_the_earlier_ablation_that_was_completed_may_have_been_here() -> None:
    stated = {"ablations": [{"bodies": "L4", "completed": False}, {"completed": True}], "other_ablations": "absent"}
    decision = decided({"earlier_ablation": "completed"}, **stated)
    assert decision.recommendation == "pend"
    assert decision.ids("undetermined") == ("i7", "i9", "n20")


# --- requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{"bodies": "unknown"}, {"units": {"64628": 1}}, {"bodies": None}])
def test_a_request_whose_bodies_are_not_known_pends_and_names_them(asked: Record) -> None:
    decision = decided(request=asked)
    assert decision.recommendation == "pend"
    assert {"approve", "deny"} <= set(decision.possible)
    assert missing(decision) == {"request.bodies"}
    assert all(s.facts and {n.field for n in s.facts} == {"request.bodies"} for s in decision.settlements)


def test_a_request_whose_bodies_are_not_known_is_denied_if_every_choice_is() -> None:
    decision = decided(request={"bodies": "unknown"}, conditions__pregnancy=True)
    assert (decision.recommendation, decision.possible) == ("deny", ("deny",))


def test_without_a_request_what_is_undetermined_names_what_is_missing() -> None:
    decision = decided(request=GONE, conditions__systemic_infection=GONE)
    assert decision.recommendation is None
    open_criteria = [c for c in decision.criteria if c.status == "undetermined"]
    assert all(criterion.missing for criterion in open_criteria)
    infection = next(c for c in open_criteria if c.clause.id == "n3")
    assert {node.field for node in infection.missing} == {"conditions.systemic_infection"}


def test_levels_anywhere_in_the_spine_are_decided() -> None:
    for level in [
        level for place, level in enumerate(LEVELS) if place % 4 == 0 or "L6" in level or level in SPANNING_DISCS
    ]:
        finding = {"kind": "stenosis", "levels": level, "shown_by": "imaging", "likely_source": False,
                   "complicates": False, "correlates": False}  # fmt: skip
        # The disc of a patient with four lumbar vertebrae is no level of one with a Modic change at L4-L5.
        if level in SPANNING_DISCS:
            with pytest.raises(ValueError, match="L4-S1 is a disc with four lumbar vertebrae only"):
                decided(findings={"present": [finding], "absent": list(FINDING_KINDS)})
            continue
        decision = decided(findings={"present": [finding], "absent": list(FINDING_KINDS)})
        assert decision.recommendation == "approve", level
        # A record that names L6 leaves open how many lumbar vertebrae there are, and with it whether L6 exists.
        assert missing(decision) == ({"patient.lumbar_vertebrae"} if "L6" in level else set()), level


def test_pathology_outside_the_vertebra_that_is_the_source_is_reported_as_such() -> None:
    source = {"kind": "sacroiliac_joint", "shown_by": "clinical_assessment", "not_shown_by": "imaging",
              "likely_source": True, "complicates": False}  # fmt: skip
    decision = decided(findings={"present": [source], "absent": list(FINDING_KINDS)})
    assert (decision.recommendation, decision.ids("violated")) == ("deny", ("n22",))
