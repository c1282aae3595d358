"""What the tests of batches share: policies, settings, random cases as tables, and the answers of `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np

from bvn_asp.batch.columns import case_of, table_of
from bvn_asp.batch.compiled import Compiled
from bvn_asp.batch.decider import Decider, Planes, answers_by_case
from bvn_asp.batch.draw import BLOCK
from bvn_asp.batch.generate import generate
from bvn_asp.batch.inputs import Inputs
from bvn_asp.batch.rows import Rows
from bvn_asp.batch.words import unpack
from bvn_asp.case import Case
from bvn_asp.decide import Engine
from bvn_asp.policy import Policy
from tests.random_cases import random_case
from tests.reference import evaluate, holds


def random_batch(seeds: range) -> tuple[list[Case], Any]:
    """Return random cases, and the same as a record batch."""
    cases = [random_case(Random(seed)) for seed in seeds]
    return cases, table_of((str(seed), case) for seed, case in zip(seeds, cases, strict=True)).to_batches()[0]


def block(policy: Policy, seed: int, habit: str = "hard") -> Any:
    """Return a block of synthetic cases."""
    return next(iter(generate(policy, BLOCK, seed, habit)))


def differences(
    engine: Engine, cases: list[Case], answers: Any, readings: Mapping[str, str], assume_absent: bool | None
) -> list[str]:
    """Return where the answers of a batch differ from those of `decide`, column by column."""
    found: list[str] = []
    for case, row in zip(cases, answers.to_pylist(), strict=True):
        expected = answers_by_case(engine.decide(case, readings, assume_absent=assume_absent))
        assert expected.keys() <= row.keys()
        found += [
            f"row {row['row']}: {name}: {value}, decide says {expected.get(name)}"
            for name, value in row.items()
            if name not in ("row", "id") and value != expected.get(name)
        ]
    return found


class Underived(Decider):
    """A decider that leaves undetermined what no rule derives."""

    @classmethod
    def of(cls, decider: Decider) -> Underived:
        found = cls(decider.setting, engine=decider.engine)
        found._compiled = decider._compiled
        return found

    def _settle(self, rows: Rows, compiled: Compiled, planes: Planes) -> None:
        pass


def compare_with_reference(decider: Decider, batch: Any) -> int:
    """Hold the planes of a block, before completions, against the ground rules read one by one.

    Returns how many cells differ.
    """
    rows = Rows(batch, decider.setting)
    planes = Underived.of(decider).planes(rows)
    different = 0
    for shape, places in decider.shapes(rows):
        part = rows if len(places) == rows.count else Rows(batch.take(places), decider.setting)
        program = decider.engine.program(shape)
        inputs = Inputs(part, program.quantities)
        chosen = {("selected", question, option) for question, option in decider.setting.readings.items()}
        given = {}
        for literal, term in program.inputs.items():
            words = inputs.plane(term) if term != "complete" else None
            if term in chosen and term[1] != "lumbar_vertebrae":
                given[literal] = np.ones(part.count, np.bool_)
            elif words is not None:
                given[literal] = unpack(words, part.count)
        truth = evaluate(program, given, part.count)
        for sides in decider.compiled(shape, closed=True).answers.values():
            for side in sides:
                found = unpack(planes[side], rows.count)[places]
                different += int((found != holds(program, truth, side, part.count)).sum())
    return different


def sample(batch: Any, count: int, seed: int) -> tuple[list[Case], Any]:
    """Return some rows of a block as cases, and as a block."""
    places = np.sort(np.random.default_rng(seed).choice(batch.num_rows, count, replace=False))
    some = batch.take(places)
    return [case_of(row) for row in some.to_pylist()], some
