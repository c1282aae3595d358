"""Rooms of ground programs: few serve every usual record, and each record is explained as if it were the only one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.shape import WIDE_BODIES, Shape
from bvn_asp.record.case import Case
from bvn_asp.report.document import document
from tests.random_cases import approvable, random_case

POLICY = shipped_policy()
AMPLE = Shape(surgeries=2, modic=8)


def usual(**others: Any) -> Case:
    """Return a case that meets every criterion but for what `others` state."""
    return Case.model_validate(approvable(Random(1)) | others)


def in_turn(*records: dict[str, Any]) -> list[Any]:
    """Return the documents of records that one engine decides one after the other."""
    engine = Engine(POLICY)
    return [document(engine.decide(Case.model_validate(record))) for record in records]


def nodes(part: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of an explanation in a document that name a field."""
    if isinstance(part, dict):
        if "field" in part and "text" in part:
            yield part
        for inner in part.values():
            yield from nodes(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from nodes(inner)


def test_few_ground_programs_serve_records_of_many_shapes_and_each_is_decided_as_if_alone() -> None:
    stenosis, tumor = {"kind": "stenosis"}, {"kind": "tumor"}
    cases = [
        usual(),
        usual(surgeries=[{"kind": "fusion", "levels": ["L4-L5"], "months_before_procedure": 12}]),
        usual(surgeries=[{"kind": "discectomy"}, {"kind": "fusion"}], findings={"present": [tumor]}),
        usual(findings={"present": [stenosis, stenosis, tumor], "absent": ["stenosis"]}),
        usual(request={"bodies": ["L3", "L2"]}),
        usual(request={"bodies": ["L3", "T9"]}, findings={"present": [tumor]}),
    ]
    assert len({facts_for(case, POLICY, {}).shape for case in cases}) == len(cases)
    engine = Engine(POLICY)
    decisions = [engine.decide(case) for case in cases]
    # Of the bodies that every run looks at, and of more: first just what is needed, then one for all that follow with
    # as many findings of a kind.
    assert len(engine._programs) == 5
    for case, decision in zip(cases, decisions, strict=True):
        assert document(decision) == document(Engine(POLICY).decide(case))


@pytest.mark.slow
def test_random_records_share_ground_programs() -> None:
    engine = Engine(POLICY)
    for seed in range(100):
        case = random_case(Random(seed))
        found, alone = document(engine.decide(case)), document(Engine(POLICY).decide(case))
        for part in ("recommendation", "eligibility", "criteria", "bodies", "grant", "units", "flags", "warnings"):
            assert by_text(found[part]) == by_text(alone[part]), (seed, part)
    assert len(engine._programs) < 12


def by_text(part: Any) -> Any:
    """Return a part of a document without the order of reasons that are of one rank."""
    if isinstance(part, dict):
        return {name: by_text(inner) for name, inner in part.items()}
    return sorted(map(by_text, part), key=str) if isinstance(part, list) else part


def test_the_ample_room_is_for_usual_cases() -> None:
    assert Shape().ample(()) == AMPLE
    assert Shape(surgeries=16).ample(()) == Shape(surgeries=16)
    assert Shape(findings=2).ample(()).findings == 2
    wide = Shape((*WIDE_BODIES, "T9"))
    assert wide.ample((*WIDE_BODIES, "S2")).bodies == (*WIDE_BODIES, "S2", "T9")


def test_a_room_serves_what_it_holds_on_the_same_kind_of_bodies() -> None:
    assert AMPLE.serves(Shape(surgeries=2))
    assert not AMPLE.serves(Shape(surgeries=4))
    assert not AMPLE.serves(Shape(crowded=(("tumor", 4),)))
    assert not Shape(WIDE_BODIES, 2, 4, 8).serves(Shape())
    assert Shape((*WIDE_BODIES, "T9")).serves(Shape(WIDE_BODIES))


def test_a_count_that_decides_nothing_is_that_of_the_record() -> None:
    # Of four bodies no more than four can be asked for, whatever the record says.
    found = in_turn({"request": {"bodies": ["L4"]}}, {"request": {"bodies": ["L3", "L4", "L5", "S1"]}})
    limits = [next(c for c in each["criteria"] if c["id"] == "i7b") for each in found]
    assert [limit["actual"] for limit in limits] == ["1", "4"]


def test_a_reason_names_the_entry_of_the_record_that_states_it() -> None:
    spent = {"thermal": "yes", "completed": "yes"}
    elsewhere, here = {"bodies": ["L5"], **spent}, {"bodies": ["L4"], **spent}
    request = {"bodies": ["L4"]}
    found = in_turn({"ablations": [here], "request": request}, {"ablations": [elsewhere, here], "request": request})
    bodies = [next(body for body in each["bodies"] if body["body"] == "L4") for each in found]
    fields = [{node["field"].partition(".")[0] for node in nodes(body) if "L4" in node["text"]} for body in bodies]
    assert fields == [{"ablations[0]"}, {"ablations[1]"}]


def test_a_reason_names_the_field_of_the_record_that_states_it() -> None:
    parts = {"received": "no", "begun": "no", "contraindicated": "no"}
    place = "conservative_care.therapies.chiropractic"
    found = in_turn(
        *({"conservative_care": {"therapies": {"chiropractic": said}}} for said in ({"status": "not_received"}, parts))
    )
    fields = [{node["field"] for node in nodes(each) if node["text"].endswith("received: no")} for each in found]
    assert fields == [{f"{place}.status"}, {f"{place}.received"}]
