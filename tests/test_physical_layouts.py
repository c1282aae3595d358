"""The same cases in any layout that Arrow has for them get the answers of `decide`; what is damaged is refused."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.batch import tables
from bvn_asp.batch.columns import schema
from bvn_asp.batch.content import case_of, row_of
from bvn_asp.batch.decider import Decider, answers_by_case
from bvn_asp.batch.parts import Job, run
from bvn_asp.batch.tables import cases_in
from bvn_asp.errors import TableError
from bvn_asp.policy.loading import shipped_path
from bvn_asp.record.case import Case
from tests import shared
from tests.batch_cases import answers_in
from tests.campaigns import examples
from tests.random_cases import approvable, random_record

POLICY = shipped_path().read_text(encoding="utf-8")
INDICES = (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64())
TEXTS = (pa.string(), pa.large_string(), pa.string_view())
Values = list[Any]


def lay(random: Random, values: Values, type: pa.DataType) -> Any:
    """Return `values` of the logical `type` in some layout, often as a slice of something longer."""
    if all(value is None for value in values) and random.random() < 0.5:
        return pa.nulls(len(values))
    before, after = (random.choices(values, k=random.randint(0, 3)) if values else [] for _ in range(2))
    whole = [*before, *values, *after]
    kind = pa.types
    if kind.is_struct(type):
        found = _struct(random, whole, type)
    elif kind.is_list(type):
        found = _list(random, whole, type)
    elif kind.is_map(type):
        found = _map(random, whole, type)
    else:
        found = _single(random, whole, type)
    return found.slice(len(before), len(values))


def _single(random: Random, values: Values, type: pa.DataType) -> Any:
    known = [value for value in values if value is not None]
    kind = pa.types
    if kind.is_string(type) or kind.is_dictionary(type):
        type = random.choice(TEXTS)
    elif kind.is_decimal(type):
        type = random.choice((type, pa.decimal64(18, 7), pa.decimal128(38, 20), pa.decimal256(70, 30)))
        if all(value == int(value) for value in known):
            type = random.choice((type, pa.decimal32(9, 0), pa.int16(), pa.int64(), pa.uint64()))
            type = pa.int64() if kind.is_unsigned_integer(type) and any(value < 0 for value in known) else type
    elif kind.is_integer(type):
        type = random.choice((pa.int8(), pa.uint8(), pa.int64(), pa.uint64()))

    def make(some: Values) -> Any:
        return pa.array([int(v) if kind.is_integer(type) and v is not None else v for v in some], type)

    return random.choice((_plain, _dictionary, _dictionary, _runs))(random, values, make)


Make = Callable[[Values], Any]


def _plain(random: Random, values: Values, make: Make) -> Any:
    return make(values)


def _dictionary(random: Random, values: Values, make: Make) -> Any:
    """Return a dictionary with entries that nobody uses, with entries that stand twice, and with null as an entry."""
    words = [*dict.fromkeys(values), *random.choices(values or [None], k=random.randint(0, 2))]
    random.shuffle(words)
    entries = [None if value is None and random.random() < 0.5 else words.index(value) for value in values]
    return pa.DictionaryArray.from_arrays(pa.array(entries, random.choice(INDICES)), make(words))


def _runs(random: Random, values: Values, make: Make) -> Any:
    ends, words = list[int](), Values()
    for place, value in enumerate(values, 1):
        if words and words[-1] == value and random.random() < 0.8:
            ends[-1] = place
        else:
            ends.append(place)
            words.append(value)
    inner = random.choice((_plain, _dictionary))(random, words, make)
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, random.choice((pa.int16(), pa.int32(), pa.int64()))), inner)


def _struct(random: Random, values: Values, type: pa.DataType) -> Any:
    """Return a struct with its fields in any order, and with anything behind what is null."""
    fields = random.sample(list(type), type.num_fields)
    behind = [value for value in values if value is not None]
    children = []
    for field in fields:
        items = [(random.choice(behind) if behind else {}) if value is None else value for value in values]
        children.append(lay(random, [item.get(field.name) for item in items], field.type))
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(children, [field.name for field in fields], mask=mask)


def _list(random: Random, values: Values, type: pa.DataType) -> Any:
    """Return a list or a view of one, with items that belong to no list, and with items behind what is null."""
    view, wide = random.random() < 0.5, random.random() < 0.5
    some = [item for value in values for item in value or ()]

    def stray() -> Values:
        return random.choices(some, k=random.randint(0, 2)) if some else []

    items, starts, sizes = stray(), [0] * len(values), [0] * len(values)
    places = list(range(len(values)))
    for place in random.sample(places, len(places)) if view else places:
        items += stray() if view else []
        value = stray() if values[place] is None else values[place]
        starts[place], sizes[place] = len(items), len(value)
        items += value
    whole = pa.int64() if wide else pa.int32()
    mask = pa.array([value is None for value in values], pa.bool_())
    if view:
        make = pa.LargeListViewArray if wide else pa.ListViewArray
        found = pa.array(starts, whole), pa.array(sizes, whole), lay(random, items + stray(), type.value_type)
        return make.from_arrays(*found, mask=mask)
    ends = pa.array([*starts, len(items)], whole)
    make = pa.LargeListArray if wide else pa.ListArray
    return make.from_arrays(ends, lay(random, items + stray(), type.value_type), mask=mask)


def _map(random: Random, values: Values, type: pa.DataType) -> Any:
    pairs = [pair for value in values for pair in value or ()]
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value or ()))
    keys = lay(random, [key for key, _ in pairs], type.key_type)
    keys = pa.array([key for key, _ in pairs], random.choice(TEXTS)) if pa.types.is_null(keys.type) else keys
    items = lay(random, [item for _, item in pairs], type.item_type)
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items, mask=mask)


@pytest.fixture(name="decider", scope="module")
def _decider() -> Decider:
    return shared.decider()


@pytest.fixture(scope="module")
def pool() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Rows of cases, many of them decided by one fact, with the answers of `decide`."""
    found = []
    for seed in range(24):
        random = Random(seed)
        record = approvable(random) if seed % 4 == 0 else random_record(random)
        if seed % 8 == 0:
            record["conditions"]["pregnancy"] = True
        record["request"] |= {"date": "2024-03-01", "units": {"64628": 1, "64629": seed % 3}}
        case = Case.model_validate(record)
        answers = answers_by_case(shared.ENGINE.decide(case))
        found.append((row_of(case, str(seed)), {name: value for name, value in answers.items() if value is not None}))
    return found


@given(st.integers(0, 10**9), st.sampled_from([".arrow", ".parquet"]))
@examples(3, 100)
def test_any_layout_of_the_same_cases_has_the_answers_of_decide(
    decider: Decider, pool: list[Any], tmp_path_factory: pytest.TempPathFactory, seed: int, suffix: str
) -> None:
    random = Random(seed)
    chosen = random.sample(pool, 9)
    path = tmp_path_factory.mktemp("layout") / f"cases{suffix}"
    columns = {
        field.name: [row[field.name] for row, _ in chosen] for field in random.sample(list(schema()), len(schema()))
    }
    types = {field.name: field.type for field in schema()}
    arrays = {name: lay(random, values, types[name]) for name, values in columns.items()}
    if suffix == ".parquet":
        arrays = {name: a if in_parquet(a) else pa.array(columns[name], types[name]) for name, a in arrays.items()}
        pq.write_table(pa.table(arrays), path, row_group_size=4)
    else:
        write_arrow(path, [pa.record_batch(arrays)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK", random.choice((2, 3, 100)))
        answers = answers_in(path, decider)
        assert answers == [(row["id"], expected) for row, expected in chosen]
        assert [row_of(case, id) for id, case in cases_in(path)] == [row for row, _ in chosen]


def in_parquet(array: Any) -> bool:
    """Tell whether Parquet has the layout of `array`."""
    try:
        pq.write_table(pa.table({"x": array}), pa.BufferOutputStream())
    except pa.ArrowException:
        return False
    return True


def test_the_chunks_of_a_file_are_one_after_another(decider: Decider, pool: list[Any], tmp_path: Path) -> None:
    chunks = [
        pa.RecordBatch.from_pylist([row for row, _ in part], schema()) for part in (pool[:5], pool[:0], pool[5:9])
    ]
    plain = [chunk.set_column(0, "id", chunk.column("id").cast(pa.string_view())) for chunk in chunks]
    words = [name for name in schema().names if pa.types.is_dictionary(schema().field(name).type)]
    lists = [name for name in schema().names if pa.types.is_list(schema().field(name).type)]
    # A file of several chunks has one dictionary for all of them.
    # The documents name fields that then are gone.
    plain = [chunk.drop_columns([*words, *lists, "evidence"]) for chunk in plain]
    answers = answers_in(write_arrow(tmp_path / "cases.arrow", plain), decider)
    engine = decider.engine
    rows = [row for chunk in plain for row in chunk.to_pylist()]
    expected = [answers_by_case(engine.decide(case_of(row))) for row in rows]
    assert [answer for _, answer in answers] == [
        {name: value for name, value in each.items() if value is not None} for each in expected
    ]
    assert [id for id, _ in answers] == [row["id"] for row in rows]


def test_a_row_that_arrow_writes_and_does_not_read_is_refused_and_never_lost(tmp_path: Path) -> None:
    path, bodies = tmp_path / "cases.parquet", pa.array([["L4", "L5"]] * 3)
    pq.write_table(
        pa.table({"request_bodies": bodies}), path, row_group_size=2, data_page_size=1, write_batch_size=1
    )  # fmt: skip
    assert pq.read_metadata(path).num_rows == 3
    with pytest.raises(TableError, match="0 rows can be read where it says 1: it is damaged, or has pages so small"):
        run(Job(path, tmp_path / "out", POLICY, skip=True), workers=1)
    assert [item.name for item in tmp_path.iterdir()] == ["cases.parquet"]


OUTSIDE = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int8()), pa.array([True, False]), safe=False)
OUTSIDE_TEXT = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int32()), pa.array(["mild", "none"]), safe=False)
NO_TEXT = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(bytes([0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0])), pa.py_buffer(b"\xff\xfeab")]
)
OUT_OF_ORDER = pa.Array.from_buffers(
    pa.list_(pa.string()), 2, [None, pa.py_buffer(bytes([0, 0, 0, 0, 99, 0, 0, 0, 2, 0, 0, 0]))],
    children=[pa.array(["L4", "L5"])],
)  # fmt: skip
TOO_GREAT = pa.Array.from_buffers(
    pa.decimal128(12, 6), 2, [None, pa.py_buffer((10**30).to_bytes(16, "little") + bytes(16))]
)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("conditions_pregnancy", OUTSIDE),
        ("pain_clinician_severity", OUTSIDE_TEXT),
        ("surgeries", pa.ListArray.from_arrays([0, 1, 2], pa.StructArray.from_arrays([OUTSIDE], ["complicates"]))),
        ("surgeries", pa.ListArray.from_arrays([0, 1, 2], pa.StructArray.from_arrays([OUTSIDE_TEXT], ["kind"]))),
        ("id", NO_TEXT),
        ("request_bodies", OUT_OF_ORDER),
        ("patient_age", TOO_GREAT),
    ],
)
def test_what_lies_outside_of_its_buffers_is_damage_and_never_a_value(tmp_path: Path, name: str, array: Any) -> None:
    path = write_arrow(tmp_path / "cases.arrow", [pa.record_batch({name: array})])
    with pytest.raises(TableError, match=r"cases\.arrow: damaged: .*"):
        run(Job(path, tmp_path / "out", POLICY, skip=True), workers=1)
    with pytest.raises(TableError, match="damaged"):
        list(cases_in(path))
    assert [item.name for item in tmp_path.iterdir()] == ["cases.arrow"]


MOMENTS = pa.array([datetime.datetime(2024, 1, 1)] * 2, pa.timestamp("s"))
TWICE = pa.StructArray.from_arrays([pa.array([True, True]), pa.array([False, True])], ["complicates"] * 2)
UNION = pa.UnionArray.from_dense(
    pa.array([0, 0], pa.int8()), pa.array([0, 1], pa.int32()), [pa.array([True, False])]
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("patient_age", pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array([47.0]))),
        ("pain_onset", pc.run_end_encode(MOMENTS)),
        ("surgeries", pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array([[{"kind": "fusion"}]]))),
        ("surgeries", pa.ListArray.from_arrays([0, 1, 2], TWICE)),
        ("pain_low_back", UNION),
    ],
)
def test_what_is_not_decoded_is_refused_by_column(tmp_path: Path, name: str, array: Any) -> None:
    path = write_arrow(tmp_path / "cases.arrow", [pa.record_batch({name: array})])
    with pytest.raises(TableError, match=rf"cases\.arrow: column {name}: expected .*, found "):
        run(Job(path, tmp_path / "out", POLICY, skip=True), workers=1)


@pytest.mark.parametrize("type", [pa.decimal128(30, 9), pa.decimal256(60, 9), pa.decimal64(18, 9)])
def test_a_decimal_is_read_where_it_fits_exactly_and_else_its_row_is_refused(tmp_path: Path, type: Any) -> None:
    ages = [Decimal("17.999999"), Decimal("17.999999999"), None, Decimal(18), Decimal(151)]
    path = write_arrow(tmp_path / "cases.arrow", [pa.record_batch({"patient_age": pa.array(ages, type)})])
    summary = run(Job(path, tmp_path / "out", POLICY, skip=True), workers=1)
    assert (summary["decided"], summary["rejected"]) == (3, 2)
    lines = [json.loads(line) for line in (tmp_path / "out" / "_rejected-00000.jsonl").read_text().splitlines()]
    assert [(line["row"], line["problems"][0]["problem"].partition(", not ")[0]) for line in lines] == [
        (2, "too many digits: at most 6 decimal places"),
        (5, "expected a number from 0 to 150"),
    ]
    assert list(pq.read_table(tmp_path / "out").column("row").to_pylist()) == [1, 3, 4]


DAMAGE = """
import sys
from pathlib import Path
from random import Random
from bvn_asp.batch.parts import Job, run
from bvn_asp.errors import TableError
from bvn_asp.policy.loading import shipped_path

folder, name = Path(sys.argv[1]), sys.argv[2]
whole, random, refused = (folder / name).read_bytes(), Random(1), 0
for turn in range(int(sys.argv[3])):
    data = bytearray(whole)
    for _ in range(random.choice((1, 1, 4, 40))):
        data[random.randrange(len(data))] = random.choice((0, 1, 127, 128, 255))
    path = folder / f"damaged-{turn}{Path(name).suffix}"
    path.write_bytes(data)
    try:
        run(Job(path, folder / f"out-{turn}", shipped_path().read_text(encoding="utf-8"), skip=True), workers=1)
    except TableError:
        refused += 1
print("refused" if refused else "never")
"""


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
def test_damage_anywhere_in_a_file_ends_no_process(pool: list[Any], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cases{suffix}"
    table = pa.Table.from_pylist([row for row, _ in pool], schema())
    if suffix == ".arrow":
        write_arrow(path, table.to_batches())
    else:
        pq.write_table(table, path)
    found = subprocess.run(
        [sys.executable, "-c", DAMAGE, str(tmp_path), path.name, "6"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout.strip()) == (0, "refused"), found.stderr[-2000:]


def write_arrow(path: Path, batches: Sequence[Any]) -> Path:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path
