"""Earlier ablations: each is judged by itself, whatever else was done at the same body."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns import sampled
from tests.three_ways import Record, decided_alike, usual

YES_NO: list[dict[str, str]] = [{"completed": "yes", "thermal": "no"}, {"completed": "no", "thermal": "yes"}]


def with_ablations(*entries: dict[str, Any], whole: bool = True) -> Record:
    """Return a request for L4 of a patient with earlier ablations, at L4 if they do not say otherwise."""
    listed = [{"bodies": "L4", **entry} for entry in entries]
    return usual(ablations=listed, other_ablations="absent" if whole else None, request__bodies="L4")


BOTH = {"completed": "yes", "thermal": "yes"}
RECORDS = {
    "one completed, not thermal, and one thermal, broken off": (with_ablations(*YES_NO), "approve"),
    "the same, and another may be": (with_ablations(*YES_NO, whole=False), "pend"),
    "a third that was both": (with_ablations(*YES_NO, BOTH), "deny"),
    "one of which it is open": (with_ablations(YES_NO[0], {"completed": "yes"}), "pend"),
    "one not thermal, its end unknown": (with_ablations({"thermal": "no"}), "approve"),
    "both at another body": (with_ablations(YES_NO[0], {"bodies": "L5"} | BOTH), "approve"),
    "one somewhere, broken off": (with_ablations(YES_NO[0], {"bodies": "unknown", "completed": "no"}), "approve"),
    "one somewhere, completed": (with_ablations(YES_NO[0], {"bodies": "unknown", "completed": "yes"}), "pend"),
    "one thermal and completed": (with_ablations(BOTH), "deny"),
}  # fmt: skip
BY_READING = {"any": "deny", "completed": "deny", "thermal": "deny", "carried_out_thermal": "approve"}


def test_a_body_is_used_up_by_one_ablation_that_was_thermal_and_completed() -> None:
    decisions = decided_alike([record for record, _ in RECORDS.values()])
    found = dict(zip(RECORDS, (decision.recommendation for decision in decisions), strict=True))
    assert found == {name: expected for name, (_, expected) in RECORDS.items()}
    statuses = {criterion.clause.id: criterion.status for criterion in decisions[0].criteria}
    assert (statuses["i7a"], statuses["i9"], statuses["n20"]) == ("met", "met", "clear")


@pytest.mark.parametrize("option", sampled(list(BY_READING), 2))
def test_which_ablation_counts_is_a_reading(option: str) -> None:
    (decision,) = decided_alike([with_ablations(*YES_NO)], {"earlier_ablation": option})
    assert decision.recommendation == BY_READING[option]


def test_what_is_missing_is_the_part_of_the_ablation_that_is_open() -> None:
    decisions = decided_alike([
        with_ablations({"completed": "yes"}), with_ablations({"thermal": "yes"}), with_ablations(YES_NO[0], {}),
    ])  # fmt: skip
    fields = [{node.field for node in decision.missing} for decision in decisions]
    assert fields == [{"ablations[0].thermal"}, {"ablations[0].completed"}, {"ablations[1].completed"}]
