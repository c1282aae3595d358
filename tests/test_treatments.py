"""What a record says of a treatment: a word for its status, or single parts that say no more than they say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bvn_asp.record.case import Case
from tests.campaigns import sampled
from tests.three_ways import Record, decided_alike, usual

THERAPIES = "conservative_care__therapies__"


def treated(third: Any) -> Record:
    """Return a record with two therapies received, of which another is needed, and what is said of a third."""
    return usual(**{f"{THERAPIES}pharmacotherapy": third | {"weeks": "16"} if isinstance(third, dict) else third})


SAID: list[tuple[Any, dict[str, str], str]] = [
    # With a contraindication alone it is open whether the therapy was received before.
    ({"contraindicated": "yes"}, {}, "pend"),
    ({"contraindicated": "yes", "received": "no"}, {}, "deny"),
    ({"contraindicated": "yes", "received": "yes"}, {}, "approve"),
    ({"contraindicated": "no"}, {}, "pend"),
    # One word says all.
    ("contraindicated", {}, "deny"),
    ("received", {}, "approve"),
    ("begun", {}, "deny"),
    # What was received was begun, and what was not begun was not received.
    ({"begun": "no"}, {}, "deny"),
    ({"begun": "yes"}, {}, "pend"),
    ({"received": "no"}, {}, "deny"),
    ({"received": "no"}, {"begun_therapy": "counts"}, "pend"),
    ({"begun": "yes"}, {"begun_therapy": "counts"}, "approve"),
    ({"begun": "no"}, {"begun_therapy": "counts"}, "deny"),
    ({"contraindicated": "yes"}, {"contraindicated_therapies": "count_as_done"}, "approve"),
    ({"contraindicated": "yes"}, {"contraindicated_therapies": "no_effect"}, "pend"),
    # Whether what was received is contraindicated now is another matter.
    ({"received": "no"}, {"contraindicated_therapies": "waive"}, "pend"),
    ("not_received", {"contraindicated_therapies": "waive"}, "deny"),
]


READINGS = [dict(r) for r in sorted({tuple(readings.items()) for _, readings, _ in SAID})]


@pytest.mark.parametrize("readings", sampled(READINGS, 0, 1))
def test_what_is_said_of_a_third_therapy_decides_as_all_that_it_leaves_possible(readings: dict[str, str]) -> None:
    mine = [(said, expected) for said, of, expected in SAID if of == readings]
    found = [decision.recommendation for decision in decided_alike([treated(said) for said, _ in mine], readings)]
    assert found == [expected for _, expected in mine]


def test_received_without_having_begun_is_a_contradiction() -> None:
    with pytest.raises(ValidationError, match="received is yes and begun is no"):
        Case.model_validate(treated({"received": "yes", "begun": "no"}))
