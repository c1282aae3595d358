"""One record decided in three ways: by its facts, by columns, and by the query in SQL, which must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import yaml

from bvn_asp.batch.content import table_of
from bvn_asp.batch.rows import Setting
from bvn_asp.decision.decision import Decision
from bvn_asp.record.bases import SHIPPED
from bvn_asp.record.case import Case
from tests.batch_cases import differences
from tests.shared import ENGINE, decider

Record = dict[str, Any]


@cache
def _usual() -> Any:
    return yaml.load((SHIPPED / "usual.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def usual(**changes: Any) -> Record:
    """Return the unremarkable patient, approved, with `changes` by path, `__` for a dot; None takes a field away."""
    record: Record = deepcopy(_usual())
    for path, value in changes.items():
        *sections, name = path.split("__")
        section = record
        for step in sections:
            section = section.setdefault(step, {})
        if value is None:
            section.pop(name, None)
        else:
            section[name] = deepcopy(value)
    return record


def decide(record: Record, readings: Mapping[str, str] | None = None) -> Decision:
    """Return what is decided of `record`."""
    return ENGINE.decide(Case.model_validate(record), readings or {})


def decided_alike(records: Sequence[Record], readings: Mapping[str, str] | None = None) -> list[Decision]:
    """Return what is decided of each of `records`, once columns and SQL have said the same, where SQL says anything."""
    policy, cases = ENGINE.policy, [Case.model_validate(record) for record in records]
    chosen = policy.readings(readings or {})
    batch = table_of((f"case {place}", case) for place, case in enumerate(cases)).to_batches()[0]
    answers = decider(tuple(chosen.items())).decide(batch)
    assert differences(ENGINE, cases, answers, readings or {}, None) == []
    _compare_with_query(chosen, batch, {row["id"]: row for row in answers.to_pylist()})
    return [ENGINE.decide(case, readings or {}) for case in cases]


@cache
def _prepared(readings: tuple[tuple[str, str], ...]) -> Any:
    """Return a base with an empty table `cases` and the query on it: to write and plan a query is what takes long."""
    import duckdb

    from bvn_asp.batch.sql import plain_query

    base = duckdb.connect(config={"threads": 1})
    base.register("given", table_of([("usual", Case.model_validate(usual()))]))
    base.execute("CREATE TABLE cases AS SELECT * FROM given LIMIT 0")
    base.execute("PRAGMA disable_optimizer")
    setting = Setting(ENGINE.policy, dict(readings))
    base.execute(f"PREPARE answers AS {plain_query(setting, 'duckdb', wide=True, room=2)}")
    return base


def _compare_with_query(readings: Mapping[str, str], batch: Any, expected: Mapping[str, Mapping[str, Any]]) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("sqlglot")
    import pyarrow as pa

    base = _prepared(tuple(readings.items()))
    base.register("given", pa.Table.from_batches([batch]))
    base.execute("DELETE FROM cases")
    base.execute("INSERT INTO cases SELECT * FROM given")
    answer = base.execute("EXECUTE answers")
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, values, strict=True)) for values in answer.fetchall()]
    assert {row["id"] for row in rows} == expected.keys()
    for row in rows:
        if not row["undecided"]:
            wrong = {name: value for name, value in row.items() if expected[row["id"]].get(name, value) != value}
            assert not wrong, (row["id"], wrong)
