"""Anatomy stands once, in the policy: every level that a record can name is decided, and nobody is given an L6."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from bvn_asp.batch.content import table_of
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.rows import Setting
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.shapes import names_optional_body
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.shape import Shape
from bvn_asp.record.anatomy import BODIES, LEVELS, NEIGHBOURS, OPTIONAL_BODIES, SPANNING_DISCS, level_name
from bvn_asp.record.case import Case
from bvn_asp.record.forms import reader, schema_of
from bvn_asp.record.spans import warnings
from bvn_asp.record.table import FINDING_KINDS, TABLE
from tests.batch_cases import differences
from tests.campaigns import counts
from tests.random_cases import approvable, random_readings, random_record
from tests.shared import decider
from tests.three_ways import decided_alike, usual

Record = dict[str, Any]


def test_the_format_reads_the_anatomy_of_the_policy(engine: Engine) -> None:
    program = engine.program(Shape())
    assert {(str(upper).upper(), str(lower).upper()) for upper, lower in program.rows("adjacent", 2)} == set(NEIGHBOURS)
    assert {str(body).upper() for (body,) in program.rows("optional_body", 1)} == OPTIONAL_BODIES == {"L6"}
    assert [len([body for body in BODIES if body[0] == region]) for region in "CTLS"] == [7, 12, 6, 5]
    assert list(BODIES) == sorted(BODIES, key=lambda body: ("CTLS".index(body[0]), int(body[1:])))
    assert len(LEVELS) == len(BODIES) + len(NEIGHBOURS) == 61


def test_the_schema_allows_the_levels_that_are_read_and_no_others() -> None:
    levels, bodies = (
        re.compile(_pattern(schema_of(TABLE.by_path[path]))) for path in ("findings.present[].levels", "request.bodies")
    )
    names = [f"{region}{number}" for region in "CTLS" for number in range(14)]
    for text in [*names, *(f"{a}-{b}" for a in names for b in (*names, "5")), *(name.lower() for name in names)]:
        assert bool(levels.match(text)) == _reads(level_name, text), text
        assert bool(bodies.match(text)) == _reads(reader(TABLE.by_path["request.bodies"]), text), text


def _pattern(part: dict[str, Any]) -> str:
    """Return the first pattern of a schema."""
    return str(part["pattern"]) if "pattern" in part else _pattern(part["anyOf"][0])


def _reads(read: Any, text: str) -> bool:
    try:
        return bool(read(text))
    except ValueError:
        return False


@counts("levels", [level for place, level in enumerate(LEVELS) if place % 6 == 0 or level[0] in "LS"][::4], LEVELS)
def test_every_level_is_decided_wherever_a_record_can_name_one_and_alike_in_a_batch(
    engine: Engine, levels: Sequence[str]
) -> None:
    cases: list[Case] = []
    for level in levels:

        def add(at: str, **content: Any) -> None:
            record = approvable(Random(1))
            for section, fields in content.items():
                record[section] = record.get(section, {}) | fields if isinstance(fields, dict) else fields
            if at in SPANNING_DISCS:
                record["patient"]["lumbar_vertebrae"] = "four"
            cases.append(Case.model_validate(record))

        harmless = {"levels": level, "likely_source": False, "complicates": False}
        for kind in ("stenosis", "trauma"):
            absent = [other for other in FINDING_KINDS if other != kind]
            finding = {"kind": kind, "shown_by": ["imaging"], **harmless}
            add(level, findings={"present": [finding], "absent": absent})
        add(level, surgeries=[{"kind": "fusion", **harmless}])
        add(level, mri={"modic_changes": [{"levels": level, "type": "type_1", "stated_by_radiologist": True}]})
        if level in BODIES:
            add(level, ablations=[{"bodies": level}])
            add(level, request={"bodies": level})
    batch = table_of((None, case) for case in cases).to_batches()[0]
    assert differences(engine, cases, decider().decide(batch), {}, None) == []


SETTLED = ("met", "clear", "permissible", "approve", "partial", "eligible")


def better(before: Decision, after: Decision) -> list[str]:
    """Return what is granted after that was not before; a grant of all instead of a part is one, too."""
    found = [
        f"{one.clause.id}: {one.status} -> {other.status}"
        for one, other in zip(before.criteria, after.criteria, strict=True)
        if other.status in SETTLED and one.status != other.status
    ]
    bodies = {body.name: body.status for body in before.bodies}
    found += [
        f"{body.name}: {bodies.get(body.name)} -> permissible"
        for body in after.bodies
        if body.status == "permissible" and bodies.get(body.name, "permissible") != "permissible"
    ]
    for one_, other_ in ((before.recommendation, after.recommendation), (before.eligibility, after.eligibility)):
        if other_ in SETTLED and one_ not in (other_, "approve"):
            found.append(f"{one_} -> {other_}")
    return found


def _with(record: Record, anatomy: str | None) -> Case:
    other = deepcopy(record)
    if anatomy is not None:
        other["patient"]["lumbar_vertebrae"] = anatomy
    return Case.model_validate(other)


def _record(random: Random) -> Record:
    """Return a record that often names L6, and is often recommended."""
    record = random_record(random) if random.random() < 0.5 else approvable(random)
    place = random.randrange(5)
    if place == 0:
        record["request"] = {"bodies": random.choice((["L6"], ["L5", "L6"], ["L3", "L4", "L5", "L6", "S1"], ["S1"]))}
    elif place == 1:
        levels = random.choice(("L6", "L5-L6", "L6-S1", "L5", "S1", "L5-S1"))
        change = {"levels": levels, "type": "type_1", "stated_by_radiologist": True}
        record["mri"]["modic_changes"] = [{**change, "endplate": random.choice(("superior", "inferior", "both", None))}]
    elif place == 2:
        bodies = random.choice((["L6"], ["L3", "L4", "L5", "S1"], ["L3", "L4", "L5", "L6", "S1"]))
        record["ablations"] = [{"bodies": bodies, "completed": True, "thermal": True}]
    elif place == 3:
        levels = random.choice(("L6", "L5-L6", "L6-S1"))
        record["surgeries"] = [{"kind": "fusion", "levels": levels, "likely_source": False, "complicates": False}]
    return record


def _readings(random: Random, engine: Engine) -> Mapping[str, str]:
    readings = random_readings(random, engine.policy)
    readings["lumbar_vertebrae"] = random.choice(("five", "six"))
    readings["modic_scope"] = random.choice(("any_in_range", "same_body", "motion_segment"))
    return readings


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_a_record_that_names_l6_is_never_decided_better_without_its_anatomy(engine: Engine, seed: int) -> None:
    random, named = Random(seed), 0
    for _ in range(40):
        record, readings = _record(random), _readings(random, engine)
        unstated = engine.decide(_with(record, None), readings)
        stated = {anatomy: engine.decide(_with(record, anatomy), readings) for anatomy in ("five", "six")}
        if names_optional_body(_with(record, None)):
            named += 1
            for decision in stated.values():
                assert better(decision, unstated) == [], (record, readings)
            if unstated.recommendation != "pend":
                assert {decision.recommendation for decision in stated.values()} == {unstated.recommendation}
        elif readings["lumbar_vertebrae"] in stated:
            # What is assumed is just what the run says, and the decision names it.
            same = stated[readings["lumbar_vertebrae"]]
            assert better(same, unstated) == better(unstated, same) == [], (record, readings)
            assert unstated.readings["lumbar_vertebrae"] == readings["lumbar_vertebrae"]
    assert named >= 10


def test_an_open_anatomy_is_named_as_missing_and_settles_the_case(engine: Engine) -> None:
    record = approvable(Random(1))
    record["request"]["bodies"] = ["L5", "L6"]
    decision = engine.decide(Case.model_validate(record))
    assert decision.recommendation == "pend"
    assert [fact.field for fact in decision.missing] == ["patient.lumbar_vertebrae"]
    assert {s.outcome: [fact.text for fact in s.facts] for s in decision.settlements} == {
        "approve": ["number of lumbar vertebrae: not stated"], "partial": ["number of lumbar vertebrae: not stated"],
    }  # fmt: skip
    outcomes = {anatomy: engine.decide(_with(record, anatomy)).recommendation for anatomy in ("five", "six")}
    assert outcomes == {"five": "partial", "six": "approve"}


@pytest.mark.parametrize("anatomy", ["five", "six"])
@counts("count", 12, 200)
def test_a_batch_reads_the_anatomy_as_decide_does(engine: Engine, anatomy: str, count: int) -> None:
    random = Random(7)
    records = [_record(random) for _ in range(count)]
    cases = [_with(record, random.choice(("five", "six", None, None))) for record in records]
    batch = table_of((None, case) for case in cases).to_batches()[0]
    for scope in ("any_in_range", "motion_segment"):
        readings = engine.policy.readings({"lumbar_vertebrae": anatomy, "modic_scope": scope})
        answers = Decider(Setting(engine.policy, readings), engine=engine).decide(batch)
        assert differences(engine, cases, answers, readings, None) == []


def of_four(**changes: Any) -> Record:
    """Return a record that names the disc between L4 and S1, by a Modic change there, and asks for L4 and S1."""
    change = {"levels": "L4-S1", "endplate": "both", "type": "type_1", "stated_by_radiologist": "yes"}
    return usual(**{"mri__modic_changes": [change], "request__bodies": ["L4", "S1"]} | changes)


def test_a_disc_between_l4_and_s1_says_that_there_are_four_lumbar_vertebrae() -> None:
    records = [
        of_four(), of_four(patient__lumbar_vertebrae="four"), of_four(patient__lumbar_vertebrae="five"),
        of_four(patient__lumbar_vertebrae="unknown"),
        of_four(patient__lumbar_vertebrae="four", request__bodies=["L4", "L5"]),
    ]  # fmt: skip
    decisions = decided_alike(records)
    assert [d.recommendation for d in decisions] == ["approve", "approve", "deny", "pend", "partial"]
    assert decided_alike(records[:2], {"modic_scope": "motion_segment"})[0].recommendation == "approve"
    assert {body.name: body.status for body in decisions[4].bodies} == {
        "L3": "permissible", "L4": "permissible", "L5": "refused", "S1": "permissible",
    }  # fmt: skip


def test_a_request_for_l4_s1_is_refused_since_it_can_mean_all_bodies_from_the_one_to_the_other() -> None:
    with pytest.raises(ValueError, match=r"expected the bodies by name, as a list such as \[L4, L5\], not 'L4-S1'"):
        Case.model_validate(of_four(request__bodies="L4-S1"))
    assert Case.model_validate(usual(request__bodies="L4-L5")).bodies == ("L4", "L5")


def test_a_finding_at_l4_s1_warns_that_a_disc_is_read_unless_the_record_states_the_anatomy() -> None:
    unstated, stated = (
        list(warnings(Case.model_validate(record))) for record in (of_four(), of_four(patient__lumbar_vertebrae="four"))
    )
    assert stated == []
    assert unstated == [
        "L4-S1 is read as the disc of a patient with four lumbar vertebrae; where all levels from the one to the other"
        " are meant, list them"
    ]


def test_what_lies_at_the_disc_between_l4_and_s1_is_at_both() -> None:
    fusion = {"kind": "fusion", "levels": "L4-S1", "likely_source": "no", "complicates": "no"}
    slip = {"kind": "spondylolisthesis", "levels": "L4/S1", "slip_mm": "3", "correlates": "yes", "shown_by": "imaging"}
    fused, slipped, elsewhere = decided_alike([
        of_four(surgeries=[fusion], other_surgeries="absent", request__bodies=["L3", "L4", "S1"]),
        of_four(findings__present=[slip], request__bodies=["L4"]),
        of_four(surgeries=[fusion | {"levels": "L2-L3"}], other_surgeries="absent", request__bodies=["L4"]),
    ])  # fmt: skip
    assert (fused.recommendation, fused.grants) == ("partial", ("L3",))
    assert slipped.recommendation == "deny" and "n8" in slipped.ids("violated")
    assert elsewhere.recommendation == "approve"


def test_what_lies_somewhere_lies_between_l4_and_s1_only_in_a_patient_with_four_lumbar_vertebrae() -> None:
    fusion = {"kind": "fusion", "levels": "somewhere from L3 to S1", "likely_source": "no", "complicates": "no"}
    records = [
        usual(
            surgeries=[fusion], other_surgeries="absent", mri__modic_changes=[{"levels": "L4-L5"}],
            patient__lumbar_vertebrae=count, request__bodies=["L2", "L4"],
        )
        for count in ("four", "four or five", "five", "six")
    ]  # fmt: skip
    nowhere = ("no", ("at", ("surgery", 1), ("disc", "l4", "s1")))
    stated = [facts_for(Case.model_validate(record), shipped_policy(), {}).stated for record in records]
    assert [nowhere in terms for terms in stated] == [False, True, True, True]
    decided_alike(records)


@pytest.mark.parametrize("asked", ["L6", "L5", "L4-L5", "L5-S1"])
def test_a_disc_from_l4_to_s1_and_what_lies_between_them_are_a_contradiction_unless_the_anatomy_is_stated(
    asked: str,
) -> None:
    with pytest.raises(ValueError, match=r"L4-S1 is a disc with four lumbar vertebrae only, and L[56] is there with"):
        Case.model_validate(of_four(request__bodies=[asked]))
    with pytest.raises(ValueError, match="list the levels that L4-S1 stands for, or state patient"):
        Case.model_validate(of_four(request__bodies=["L4"], ablations=[{"bodies": "L5", "completed": "no"}]))
    assert Case.model_validate(of_four(request__bodies=[asked], patient__lumbar_vertebrae="four")).bodies
