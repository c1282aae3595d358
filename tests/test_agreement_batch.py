"""A batch says what `decide` says, on every output column, under every reading."""

from __future__ import annotations

import numpy as np
import pytest

from bvn_asp.batch.content import case_of
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.inputs import Inputs
from bvn_asp.batch.rows import Rows, Setting
from bvn_asp.batch.words import unpack
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.policy.terms import name_of
from tests.batch_cases import (
    batch_of,
    block,
    cases_of_dated_care,
    compare_with_reference,
    differences,
    random_batch,
    sample,
)
from tests.campaigns import counts
from tests.shared import decider


@pytest.mark.parametrize(("assume_absent", "first"), [(None, 0), (True, 50), (False, 100)])
@counts("count", 12, 50)
def test_batch_and_decide_agree_on_random_records(
    engine: Engine, assume_absent: bool | None, first: int, count: int
) -> None:
    cases, batch = random_batch(range(150))
    answers = Decider(Setting(engine.policy, {}, assume_absent), engine=engine).decide(batch)
    # To decide one by one takes long: each setting has cases of its own.
    some = cases[first : first + count], answers.slice(first, count)
    assert differences(engine, *some, {}, assume_absent) == []
    assert set(answers.column("recommendation").to_pylist()) == {"approve", "partial", "deny", "pend", None}


def test_batch_and_decide_agree_on_dated_care(engine: Engine) -> None:
    cases = list(cases_of_dated_care())
    answers = decider().decide(batch_of(cases))
    assert differences(engine, cases, answers, {}, None) == []
    assert set(answers.column("met_i3").to_pylist()) == {True, False, None}


@counts("apart", 12, 2)
def test_batch_and_decide_agree_under_every_option(engine: Engine, apart: int) -> None:
    options = [(question.id, option) for question in engine.policy.questions.values() for option in question.options]
    chosen = [each for each in options if engine.policy.readings(dict([each]))]
    assert {question for question, _ in chosen} == set(engine.policy.questions)
    found: list[str] = []
    runs = -(-len(chosen) // apart)
    for place in range(runs):
        # So many options at a time, far apart in the list.
        readings = engine.policy.readings(dict(chosen[place::runs]))
        cases, batch = random_batch(range(1000 + 4 * place, 1004 + 4 * place))
        answers = Decider(Setting(engine.policy, readings), engine=engine).decide(batch)
        found += differences(engine, cases, answers, readings, None)
    assert found == []


@pytest.mark.parametrize("habit", ["usual", "hard"])
def test_batch_and_decide_agree_on_synthetic_cases(engine: Engine, habit: str) -> None:
    batch = block(engine.policy, 7, habit)
    cases, some = sample(batch, 15, 1)
    assert differences(engine, cases, decider().decide(some), {}, None) == []


@counts("count", 250, 20_000)
def test_the_recommendation_alone_is_the_same_recommendation(engine: Engine, count: int) -> None:
    batch = block(engine.policy, 3).slice(0, count)
    whole = decider().decide(batch)
    alone = Decider(Setting(engine.policy), whole=False, engine=engine).decide(batch)
    assert alone.schema.names == ["row", "id", "recommendation"]
    assert alone.column("recommendation").equals(whole.column("recommendation"))


@pytest.mark.parametrize(("readings", "assume_absent"), [({}, None), ({}, True), ({"lumbar_vertebrae": "six"}, False)])
@counts("count", 15, 400)
def test_columns_and_facts_state_the_same_inputs(
    engine: Engine, readings: dict[str, str], assume_absent: bool | None, count: int
) -> None:
    setting = Setting(engine.policy, engine.policy.readings(readings), assume_absent)
    _, random = random_batch(range(count))
    for batch in (random, block(engine.policy, 11).slice(0, count)):
        cases = [case_of(row) for row in batch.to_pylist()]
        facts = [facts_for(case, engine.policy, setting.readings, assume_absent=assume_absent) for case in cases]
        for shape in {each.shape for each in facts}:
            program = engine.program(shape)
            places = [place for place, each in enumerate(facts) if each.shape == shape]
            inputs = Inputs(Rows(batch.take(places), setting), program.quantities)
            stated = [engine.assumed(program, facts[place]) for place in places]
            for literal, term in program.inputs.items():
                if term == "complete" or name_of(term) == "selected":
                    continue
                words = inputs.plane(term)
                found = np.zeros(len(places), np.bool_) if words is None else unpack(words, len(places))
                assert found.tolist() == [literal in each for each in stated], term


def test_kernel_and_ground_rules_agree_on_a_block_of_hard_cases(engine: Engine) -> None:
    assert compare_with_reference(decider(), block(engine.policy, 5).slice(0, 2_000)) == 0


@pytest.mark.slow
def test_millions_of_hard_cases_agree_with_the_ground_rules_under_every_reading(engine: Engine) -> None:
    options = [(q.id, option) for q in engine.policy.questions.values() for option in q.options]
    half = (len(options) + 1) // 2
    cells = cases = compared = settled = 0
    found: list[str] = []
    for place in range(half):
        # Two options at a time, far apart in the list: every option of every question has its turn.
        readings = engine.policy.readings(dict([options[place], options[(place + half) % len(options)]]))
        assume_absent = (None, True, False)[place % 3]
        decider = Decider(Setting(engine.policy, readings, assume_absent), engine=engine)
        for seed in range(place, half + 1, half):
            batch = block(engine.policy, seed)
            cells += compare_with_reference(decider, batch)
            some, rows = sample(batch, 16, seed)
            found += differences(engine, some, decider.decide(rows), readings, assume_absent)
            cases, compared = cases + batch.num_rows, compared + len(some)
        settled += decider.settled
    print(
        f"{cases} cases, {cells} cells differ from the ground rules ; "
        f"{compared} decided one by one ({settled} settled by completions), {len(found)} answers differ"
    )
    assert cases >= 4_000_000 and compared >= 1_000
    assert cells == 0 and found == []
