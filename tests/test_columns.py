"""Tables of cases: nothing is lost on the way, and what cannot be read is named."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.batch.columns import columns, schema
from bvn_asp.batch.content import case_of, problems_of, row_of, table_of, table_of_rows
from bvn_asp.batch.schemas import FORMATS, check_schema
from bvn_asp.batch.table_writers import write_cases
from bvn_asp.batch.tables import cases_in
from bvn_asp.errors import TableError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from tests.batch_cases import block
from tests.campaigns import counts, examples
from tests.random_cases import random_case, random_record
from tests.sample_cases import samples


@pytest.fixture(scope="module")
def sample_cases() -> list[tuple[str | None, Case]]:
    return list(samples().items())


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl", ".csv"])
@counts("step", 6, 1)
def test_every_sample_case_comes_back_unchanged(
    sample_cases: list[tuple[str | None, Case]], tmp_path: Path, suffix: str, step: int
) -> None:
    path = tmp_path / f"cases{suffix}"
    # In one form, all of them always.
    some = sample_cases if suffix == ".parquet" else sample_cases[::step]
    assert write_cases(some, path) == len(some)
    assert list(cases_in(path)) == some
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@given(st.integers(0, 10**9), st.none() | st.text(max_size=8))
@examples(60, 1000)
def test_a_random_case_comes_back_from_its_row_unchanged(seed: int, story: str | None) -> None:
    case = random_case(Random(seed))
    if story:
        case = Case.model_validate({**random_record(Random(seed)), "story": story})
    row = table_of([("x", case)]).to_pylist()[0]
    assert case_of(row) == case
    assert row_of(case_of(row), "x") == row_of(case, "x")


@given(
    st.decimals(min_value=5, max_value=300, places=6),
    st.dates(datetime.date(1800, 1, 1), datetime.date(2200, 12, 31)),
    st.dictionaries(st.sampled_from(("64628", "64629", "99213", "0275T")), st.none() | st.integers(0, 99)),
)
@examples(20, 200)
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
    assert {
        "patient_age_at_least", "patient_age_at_most", "pain_onset_since", "pain_onset_until", "surgeries_none",
        "conditions_t_score_not_measured", "unknown", "evidence",
    } <= set(names)  # fmt: skip
    entry = schema().field("findings_present").type.value_type
    assert {"kind", "size_mm", "size_mm_at_least", "size_mm_at_most"} <= {field.name for field in entry}


def test_statements_stand_in_columns_of_their_own() -> None:
    content = {
        "patient": {"age": "at least 50", "body_mass_index": "more than 5"},
        "pain": {"onset": "2023-03", "clinician_severity": "severe or moderate"},
        "conditions": {"t_score": "not measured", "pregnancy": "unknown"},
        "surgeries": [{"kind": "not fusion", "date": "until 2020", "levels": "somewhere from L3 to S1"}],
        "ablations": "unknown",
        "mri": {"radiologist_report": [{"value": True, "document": "MRI"}, {"value": False, "document": "note"}]},
    }
    case = Case.model_validate(content)
    row = row_of(case, "x")
    assert row["patient_age"] is None and row["patient_age_at_least"] == 50 and row["patient_age_at_most"] is None
    assert row["patient_body_mass_index_at_least"] == Decimal("5.000001")
    assert (row["pain_onset_since"], row["pain_onset_until"]) == (datetime.date(2023, 3, 1), datetime.date(2023, 3, 31))
    assert row["pain_clinician_severity"] == "moderate or severe"
    assert row["conditions_t_score_not_measured"] is True and row["conditions_t_score"] is None
    assert row["surgeries"][0]["date_until"] == datetime.date(2020, 12, 31)
    assert row["surgeries"][0]["levels"] == ["somewhere from L3 to S1"]
    assert row["unknown"] == ["mri.radiologist_report", "ablations", "conditions.pregnancy"]
    assert "MRI" in row["evidence"] and row["mri_radiologist_report"] is None
    assert case_of(table_of([("x", case)]).to_pylist()[0]) == case


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"patient_age": Decimal(5), "patient_age_at_least": Decimal(4)}, "patient_age: give it exactly, or in"),
        ({"conditions_t_score_not_measured": True, "conditions_t_score_at_least": Decimal(0)}, "and yet with a bound"),
        ({"patient_age_at_least": Decimal(9), "patient_age_at_most": Decimal(8)}, "nothing lies from 9 to 8"),
        ({"unknown": ["pain.weight"]}, "there is no field 'pain.weight'"),
        ({"unknown": ["pain.low_back"], "pain_low_back": True}, "pain.low_back has a value too"),
        ({"evidence": "{"}, "not JSON"),
        ({"evidence": '{"pain.low_back": {"value": true, "document": "d"}}'}, "say otherwise than the column"),
    ],
)
def test_columns_that_contradict_each_other_are_named(row: dict[str, object], message: str) -> None:
    (problem,) = problems_of(row)
    assert message in f"{problem.path}: {problem.message}"


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
        ("pain_onset", pa.timestamp("s"), r"column pain_onset: expected date32\[day\], found timestamp"),
        ("request_units", pa.map_(pa.string(), pa.float32()), "column request_units: expected map of string to int8"),
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
    assert first.exact("patient.age") == 47 and first.exact("pain.clinician_severity") == ("mild",)
    assert first.exact("findings.present[0].size_mm") == 6
    assert second == Case()


def test_formats_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"expected a name that ends in \.parquet"):
        write_cases([], tmp_path / "cases.xlsx")
    with pytest.raises(TableError, match="there is no such file"):
        list(cases_in(tmp_path / "none.parquet"))
    assert ".parquet" in FORMATS and not list(tmp_path.iterdir())
