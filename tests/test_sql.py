"""The policy as SQL: the same answers as the kernel on the same file, on DuckDB and on PostgreSQL."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from bvn_asp.batch.columns import schema
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.generate import write
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.tables import open_source
from bvn_asp.cli.commands import bvn
from bvn_asp.errors import PolicyError, TableError
from bvn_asp.policy.loading import shipped_path, shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from bvn_asp.record.table import TABLE
from tests import postgres
from tests.batch_cases import batch_of, cases_of_dated_care
from tests.campaigns import sampled
from tests.shared import ENGINE

sqlglot = pytest.importorskip("sqlglot")
Answers = dict[str, dict[str, Any]]
ROWS = 400
CASES = Path(__file__).parent.parent / "cases"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of hard cases."""
    path = tmp_path_factory.mktemp("sql") / "cases.parquet"
    write(shipped_policy(), ROWS, 21, "hard", path)
    return path


USUAL = Setting(shipped_policy())


@cache
def usual_query() -> str:
    """Return the query of the policy as it is read by default."""
    from bvn_asp.batch.sql import query

    return query(USUAL, "duckdb", wide=True, room=2)


def kernel_answers(path: Path, setting: Setting) -> Answers:
    source, decider = open_source(path), Decider(setting, engine=ENGINE)
    blocks = (decider.decide(block.batch) for part in source.parts for block in source.blocks(part))
    return {row["id"]: row for answers in blocks for row in answers.to_pylist()}


def differences(found: list[dict[str, Any]], expected: Answers) -> tuple[list[Any], int]:
    """Return what differs on the rows that the query decides, and how many it decides."""
    decided = [row for row in found if not row["undecided"]]
    assert all(
        value is None
        for row in found
        if row["undecided"]
        for name, value in row.items()
        if name not in ("id", "undecided")
    )
    different = [
        (row["id"], name, value, expected[row["id"]][name])
        for row in decided
        for name, value in row.items()
        if name != "undecided" and value != expected[row["id"]][name]
    ]
    return different, len(decided)


@pytest.mark.parametrize(
    ("readings", "assume_absent", "wide", "room", "least"),
    [
        ({}, None, True, 2, 180),
        pytest.param(
            {"lumbar_vertebrae": "six", "disc_level": "whole_segment"}, True, True, 1, 40, marks=pytest.mark.slow
        ),
        pytest.param(
            {"age_moment": "request", "course_moment": "procedure", "obligations": "fact", "care_span": "each_therapy"},
            False,
            False,
            2,
            50,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_duckdb_says_what_the_kernel_says(
    cases: Path, readings: dict[str, str], assume_absent: bool | None, wide: bool, room: int, least: int
) -> None:
    duckdb = pytest.importorskip("duckdb")
    from bvn_asp.batch.sql import query

    policy = shipped_policy()
    setting = Setting(policy, policy.readings(readings), assume_absent)
    base = duckdb.connect()
    base.execute(f"CREATE VIEW cases AS SELECT * FROM '{cases}'")
    answer = base.execute(query(setting, "duckdb", wide=wide, room=room) if readings else usual_query())
    names = [column[0] for column in answer.description]
    found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    different, decided = differences(found, kernel_answers(cases, setting))
    assert different == [] and len(found) == ROWS
    assert decided > least


def test_duckdb_says_what_the_kernel_says_of_dated_care(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")

    path, setting = tmp_path / "care.parquet", USUAL
    pq.write_table(pa.Table.from_batches([batch_of(list(cases_of_dated_care()))]), path)
    base = duckdb.connect()
    base.execute(f"CREATE VIEW cases AS SELECT * FROM '{path}'")
    answer = base.execute(usual_query())
    names = [column[0] for column in answer.description]
    found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    different, decided = differences(found, kernel_answers(path, setting))
    assert different == [] and decided == len(found) > 0


@pytest.mark.skipif(postgres.missing() is not None, reason=postgres.missing() or "")
def test_postgresql_says_what_the_kernel_says(cases: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    from bvn_asp.batch.sql import query

    setting = Setting(shipped_policy())
    with postgres.server() as address, psycopg.connect(address) as base:
        types = {field.name: _postgres_type(field.type) for field in schema()}
        base.execute(f"CREATE TABLE cases ({', '.join(f'{name} {type}' for name, type in types.items())})")
        with base.cursor().copy(f"COPY cases ({', '.join(types)}) FROM STDIN") as copy:
            for row in pq.read_table(cases).to_pylist():
                copy.write_row([_postgres_value(row[name], type) for name, type in types.items()])
        # Compiling a query of this size takes longer than running it.
        base.execute("SET jit = off")
        answer = base.execute(query(setting, "postgres"))
        names = [column.name for column in answer.description]
        found = [dict(zip(names, row, strict=True)) for row in answer]
    different, decided = differences(found, kernel_answers(cases, setting))
    assert different == [] and len(found) == ROWS and decided > 180


def _postgres_type(type: pa.DataType) -> str:
    if pa.types.is_nested(type):
        return "JSONB"
    if pa.types.is_decimal(type):
        return "DECIMAL(18, 6)"
    return {"bool": "BOOLEAN", "date32[day]": "DATE"}.get(str(type), "TEXT")


def _postgres_value(value: Any, type: str) -> Any:
    return json.dumps(value, default=str) if type == "JSONB" and value is not None else value


@pytest.mark.parametrize("dialect", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def test_every_dialect_gives_a_query_that_its_grammar_accepts(dialect: str) -> None:
    result = CliRunner().invoke(bvn, ["compile", "--sql", dialect, "--narrow", "--room", "1"])
    assert result.exit_code == 0, result.output
    (statement,) = sqlglot.parse(result.stdout, read=dialect)
    assert {"id", "undecided", "recommendation", "eligibility", "met_i3", "violated_n22", "body_s1"} <= set(
        statement.named_selects
    )


@pytest.mark.slow
def test_cases_beyond_the_room_of_a_query_are_undecided_and_no_others(cases: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    from bvn_asp.batch.sql import query

    base = duckdb.connect()
    base.execute(f"CREATE VIEW cases AS SELECT * FROM '{cases}'")
    narrow = query(Setting(shipped_policy()), "duckdb", wide=False, room=4)
    found = base.execute(f"SELECT id FROM ({narrow}) WHERE undecided").fetchall()
    outside = "'L1|L2|L6|T12|T8|S2'"
    beyond = base.execute(
        f"""SELECT id FROM cases WHERE patient_lumbar_vertebrae <> 'five'
        OR list_contains(coalesce("unknown", []), 'patient.lumbar_vertebrae')
        OR list_has_any(coalesce(request_bodies, []), ['L1', 'L2', 'L6', 'T9'])
        OR regexp_matches(concat(findings_present, surgeries, mri_modic_changes)::TEXT, {outside} || '|somewhere')
        OR regexp_matches(mri_no_modic_change_at::TEXT, {outside}) OR regexp_matches(ablations::TEXT, 'L6')
        OR regexp_matches(findings_present::TEXT, '''kind'': [^,]*( or |not )')
        OR (len(coalesce(request_bodies, [])) = 0
            AND (cardinality(request_units) > 0 OR list_contains(coalesce("unknown", []), 'request.bodies')))
        OR len(surgeries) > 4 OR (len(surgeries) = 4 AND other_surgeries IS NULL)
        OR len(mri_modic_changes) > 4
        OR (len(mri_modic_changes) = 4 AND mri_other_modic_changes IS NULL AND NOT coalesce(mri_read_in_full, FALSE))"""
    ).fetchall()
    # A treatment that was contraindicated or else given says two things that hang together.
    rows = pq.read_table(cases).to_pylist()
    hanging = {(row["id"],) for row in rows if any(_barred_or_given(row, name) for name in row)}
    assert set(found) == {*beyond, *hanging}


def _barred_or_given(row: dict[str, Any], name: str) -> bool:
    status = row[name] if name.endswith("_status") else None
    if status is None:
        return False
    every = set(TABLE.by_path["conservative_care.therapies.pharmacotherapy.status"].values)
    # All but the one that it is not, or those listed.
    left = every - {status.removeprefix("not ")} if status.startswith("not ") else set(status.split(" or "))
    return "contraindicated" in left and bool(left & {"received", "begun"})


def test_what_sql_cannot_say_is_refused() -> None:
    from bvn_asp.batch.sql import query

    with pytest.raises(TableError, match="dialects: duckdb, postgres"):
        query(Setting(shipped_policy()), "cobol")
    with pytest.raises(TableError, match="expected the name of a table"):
        query(Setting(shipped_policy()), "duckdb", cases="cases; drop table cases")
    text = shipped_path().read_text(encoding="utf-8")
    broken = policy_of(
        text.replace("threshold(i2, pain_duration, 6*whole)", "threshold(i2, pain_duration, 13*whole/2)")
    )
    with pytest.raises(PolicyError, match="a limit of pain_duration that is no whole number"):
        query(Setting(broken), "duckdb")


@pytest.mark.parametrize(
    "rule",
    sampled(["recommend(approve) :- request_made, yes(pregnancy).", "clear(n5) :- request_made, yes(pregnancy)."], 1),
)
def test_sql_leaves_undecided_what_another_policy_concludes_two_things_of(rule: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    from bvn_asp.batch.sql import query

    record = load_case(CASES / "approve_two_bodies.yaml").model_dump(mode="json", exclude_unset=True)
    pregnant = {**record, "conditions": {**record["conditions"], "pregnancy": True}}
    base = duckdb.connect()
    both = [Case.model_validate(pregnant), Case.model_validate(record)]
    base.register("cases", pa.Table.from_batches([batch_of(both)]))
    text = query(Setting(policy_of(f"{shipped_policy().text}\n{rule}\n")), "duckdb", wide=False, room=3)
    assert base.execute(f"SELECT undecided, recommendation FROM ({text}) ORDER BY 1").fetchall() == [
        (False, "approve"),
        (True, None),
    ]
