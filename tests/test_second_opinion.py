"""A second opinion: an evaluator written from the document, the design and the format alone answers as the program.

Where the two read a record differently, the note beside the exception says in what; such records are passed over.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from bvn_asp.record.case import Case
from tests.second_opinion import evaluate
from tests.second_opinion_records import random_case
from tests.shared import ENGINE

BY_BODY = {"i7", "i7a", "i7b", "i9", "i10", "n3", "n7", "n12", "n20", "n21"}
"""Items about the bodies of a request: without one, or with bodies unknown, the two say different things of them."""
KINDS = ("epidural", "facet")


def read_differently(raw: dict[str, Any], case: Case) -> bool:
    """Tell whether a record contradicts itself in a way that the two take differently."""
    therapies = "conservative_care.therapies"
    unstated = f"{therapies}.unspecified_injection"
    received = case.exact(f"{unstated}.status") == ("received",) or case.exact(f"{unstated}.received") is True
    modic = raw["mri"]["modic_changes"]
    four = "L4-S1" in str(raw) or "four" in str(raw["patient"].get("lumbar_vertebrae"))
    return (
        # An injection of unstated kind, and none of the two kinds: open here, and used to the program.
        (received and not any("received" in _options(case, f"{therapies}.{kind}_injection") for kind in KINDS))
        # A Modic change at L5 in a patient who may have four lumbar vertebrae: evidence of none here.
        or (four and isinstance(modic, list) and any("L5" in str(change.get("levels")) for change in modic))
    )


def _options(case: Case, path: str) -> tuple[str, ...]:
    """Return what a treatment's status can be; nothing if it is not stated to be received."""
    return ("received",) if case.exact(f"{path}.received") is True else tuple(case.exact(f"{path}.status") or ())


def compare(seed: int) -> str | None:
    """Return how the two differ on the record of `seed`; nothing if they agree, and None if it is passed over."""
    raw = random_case(Random(seed))
    try:
        case = Case.model_validate(raw)
    except ValidationError:
        return None
    if read_differently(raw, case):
        return None
    decision, other = ENGINE.decide(case), evaluate(raw)
    named = bool(case.bodies)
    ours = {criterion.clause.id: criterion.status for criterion in decision.criteria}
    wrong = [
        f"{id}: {ours[id]}, not {status}"
        for id, status in dict(other.criteria).items()
        if id in ours and ours[id] != status and (named or id not in BY_BODY)
    ]
    if named and (decision.recommendation or "none") != other.recommendation:
        wrong.append(f"{decision.recommendation}, not {other.recommendation}")
    bodies = {body.name: body.status for body in decision.bodies}
    wrong += [f"{name}: {bodies[name]}, not {s}" for name, s in dict(other.bodies).items() if bodies.get(name, s) != s]
    return f"seed {seed}: {'; '.join(wrong)}" if wrong else ""


def agreed(seeds: range) -> int:
    """Return how many of the records of `seeds` were compared; fail with all differences."""
    found = [one for one in map(compare, seeds) if one is not None]
    assert [one for one in found if one] == []
    return len(found)


def test_the_second_opinion_agrees_on_records_of_its_own() -> None:
    assert agreed(range(200)) > 150


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_the_second_opinion_agrees_on_many_records(part: int) -> None:
    assert agreed(range(1000 + part * 2500, 3500 + part * 2500)) > 2000
