"""Tables of cases: nothing is lost on the way, and what cannot be read is named."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_asp.batch.columns import case_of, columns, domains, row_of, schema, table_of, table_of_rows
from bvn_asp.batch.schemas import check_schema
from bvn_asp.batch.table_writers import write_cases
from bvn_asp.batch.tables import FORMATS, cases_in
from bvn_asp.case import Case
from bvn_asp.errors import TableError
from bvn_asp.files import load_case
from bvn_asp.policy import shipped_policy
from tests.batch_cases import block
from tests.random_cases import random_case, random_record

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


@pytest.fixture(scope="module")
def sample_cases() -> list[tuple[str | None, Case]]:
    return [(path.stem, load_case(path)) for path in CASES]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl", ".csv"])
def test_every_sample_case_comes_back_unchanged(
    sample_cases: list[tuple[str | None, Case]], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"cases{suffix}"
    assert write_cases(sample_cases, path) == len(CASES)
    assert list(cases_in(path)) == sample_cases
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@given(st.integers(0, 10**9), st.none() | st.text(max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_random_case_comes_back_from_its_row_unchanged(seed: int, story: str | None) -> None:
    case = random_case(Random(seed))
    if story:
        case = Case.model_validate({**random_record(Random(seed)), "story": story})
    row = table_of([("x", case)]).to_pylist()[0]
    assert case_of(row) == case
    assert row_of(case_of(row), "x") == row_of(case, "x")


@given(
    st.decimals(min_value=5, max_value=300, places=6),
    st.dates(),
    st.dictionaries(st.text(max_size=6), st.none() | st.integers(0, 99)),
)
@settings(max_examples=60, deadline=None)
def test_numbers_dates_and_units_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, number: Decimal, day: datetime.date, units: dict[str, int | None]
) -> None:
    case = Case.model_validate(
        {
            "patient": {"body_mass_index": number},
            "request": {"date": day, "units": units},
            "conditions": {"t_score": "-2.500001"},
        }
    )
    folder = tmp_path_factory.mktemp("cases")
    for suffix in (".parquet", ".arrow", ".jsonl", ".csv"):
        path = folder / f"one{suffix}"
        write_cases([("one", case)], path)
        assert list(cases_in(path)) == [("one", case)]


def test_synthetic_rows_are_cases_and_come_back() -> None:
    batch = block(shipped_policy(), 2).slice(0, 300)
    cases = [(row["id"], case_of(row)) for row in batch.to_pylist()]
    assert table_of_rows([row_of(case, id) for id, case in cases]).to_pylist() == table_of(cases).to_pylist()
    assert [case_of(row) for row in table_of(cases).to_pylist()] == [case for _, case in cases]


def test_columns_are_named_as_the_fields_of_a_case_and_no_two_alike() -> None:
    names = schema().names
    assert len(set(names)) == len(names)
    assert {"id", "patient_age", "conservative_care_therapies_pharmacotherapy_drug_classes", "request_bodies"} <= set(
        names
    )
    assert [column.name for column in columns()] == names[1:]
    assert domains()["pain_clinician_severity"].words == ("none", "mild", "moderate", "severe")
    assert (domains()["conditions_t_score"].low, domains()["conditions_t_score"].high) == (-20, 20)


@pytest.mark.parametrize(
    ("name", "type", "message"),
    [
        (
            "patient_agee",
            pa.int64(),
            "column patient_agee: there is no such field of a case; did you mean patient_age?",
        ),
        ("patient_age", pa.float64(), r"column patient_age: expected decimal128\(12, 6\), found double"),
        ("pain_low_back", pa.string(), "column pain_low_back: expected bool, found string"),
        ("surgeries", pa.list_(pa.struct([("knid", pa.string())])), "column surgeries: expected list of struct"),
        ("patient_age", pa.decimal128(20, 8), "column patient_age: expected"),
    ],
)
def test_a_wrong_schema_is_named_by_column(tmp_path: Path, name: str, type: pa.DataType, message: str) -> None:
    path = tmp_path / "wrong.parquet"
    pq.write_table(pa.table({name: pa.nulls(2, type)}), path)
    with pytest.raises(TableError, match=message):
        check_schema(pq.read_schema(path), str(path))
    with pytest.raises(TableError, match=message):
        list(cases_in(path))


def test_types_that_lose_nothing_are_read(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    items = pa.struct([("kind", pa.large_string()), ("size_mm", pa.int32())])
    pq.write_table(
        pa.table(
            {
                "patient_age": pa.array([47, None], pa.int16()),
                "pain_clinician_severity": pa.array(["mild", None], pa.large_string()),
                "findings_present": pa.array([[{"kind": "disc_herniation", "size_mm": 6}], None], pa.large_list(items)),
            }
        ),
        path,
    )
    (_, first), (_, second) = cases_in(path)
    assert first.patient.age == 47 and first.pain.clinician_severity == "mild"
    assert first.findings.present[0].size_mm == 6
    assert second == Case()


def test_formats_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"expected a name that ends in \.parquet"):
        write_cases([], tmp_path / "cases.xlsx")
    with pytest.raises(TableError, match="there is no such file"):
        list(cases_in(tmp_path / "none.parquet"))
    assert ".parquet" in FORMATS and not list(tmp_path.iterdir())
