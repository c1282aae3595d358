"""What the tests of batches share: policies, settings, random cases as tables, and the answers of `decide`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bvn_asp.batch.content import case_of, table_of
from bvn_asp.batch.decider import Decider, answers_by_case
from bvn_asp.batch.draw import BLOCK
from bvn_asp.batch.generate import generate
from bvn_asp.batch.inputs import Inputs
from bvn_asp.batch.parts import Job, decide_part
from bvn_asp.batch.rows import Rows
from bvn_asp.batch.tables import open_source
from bvn_asp.batch.words import unpack
from bvn_asp.decision.engine import Engine
from bvn_asp.output import Folder
from bvn_asp.policy.register import Policy
from bvn_asp.record.case import Case
from tests.random_cases import random_case
from tests.reference import evaluate, holds


def random_batch(seeds: range) -> tuple[list[Case], Any]:
    """Return random cases, and the same as a record batch."""
    cases = [random_case(Random(seed)) for seed in seeds]
    return cases, batch_of(cases)


def batch_of(cases: list[Case]) -> Any:
    """Return cases as a record batch, numbered."""
    return table_of((str(number), case) for number, case in enumerate(cases)).to_batches()[0]


def cases_of_dated_care() -> Iterator[Case]:
    """Yield cases whose care lies before, about and after a request of known, half known and unknown day."""
    therapies = dict.fromkeys(("activity_avoidance", "chiropractic"), "received")
    improved = {"pain_improved": "no", "disability_improved": "no"}
    for start, end, day, weeks in product(
        ("2024-03-01", "2024-06-01", "2024-06-02", "2024-05 to 2024-07"),
        (None, "2024-07-20", "since 2024-08"),
        (None, "2024-06-01", "2024-06", "after 2024-08"),
        (None, 12),
    ):
        care = {"start": start, "end": end} | improved
        treated = therapies | {"physical_therapy": {"status": "received", "weeks": weeks}}
        yield Case.model_validate({"conservative_care": care | {"therapies": treated}, "request": {"date": day}})


def block(policy: Policy, seed: int, habit: str = "hard") -> Any:
    """Return a block of synthetic cases."""
    return next(iter(generate(policy, BLOCK, seed, habit)))


def differences(
    engine: Engine, cases: list[Case], answers: Any, readings: Mapping[str, str], assume_absent: bool | None
) -> list[str]:
    """Return where the answers of a batch differ from those of `decide`, column by column."""
    found: list[str] = []
    for case, row in zip(cases, answers.to_pylist(), strict=True):
        expected = answers_by_case(engine.decide(case, readings, assume_absent=assume_absent, settlements=False))
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
        found.completions.settle = lambda rows, compiled, planes: None  # type: ignore[method-assign]
        return found


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
            if term in chosen:
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


def answers_in(path: Path, decider: Decider) -> list[tuple[str | None, dict[str, Any]]]:
    """Return what a batch answers on the cases of a file: their ids, and the answers that are not null."""
    found: list[tuple[str | None, dict[str, Any]]] = []
    with TemporaryDirectory() as folder:
        job, source = Job(path, Path(folder), decider.setting.policy.text), open_source(path)
        here = Folder(Path(folder), Path(folder), Path(folder, "apart"))
        here.apart.mkdir()
        for part in source.parts:
            decide_part(job, decider, source, part, here)
            rows = pq.read_table(Path(folder) / f"part-{part.place:05}.parquet").drop_columns(["row"]).to_pylist()
            for row in rows:
                found.append((row.pop("id"), {name: value for name, value in row.items() if value is not None}))
    return found
