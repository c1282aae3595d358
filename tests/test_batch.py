"""`bvn batch`: counts that add up, rows that are no cases, interrupted runs, and files that cannot be read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import ValidationError

from bvn_asp.batch import ids as ids_module
from bvn_asp.batch import parts as batch_module
from bvn_asp.batch.columns import schema
from bvn_asp.batch.content import CellError, case_of, row_of, table_of_rows
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.generate import write
from bvn_asp.batch.parts import Job, PartDecider, Tally, accepted, decide_part, run
from bvn_asp.batch.processes import in_processes
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.table_writers import json_line
from bvn_asp.batch.tables import Block, Part, open_source
from bvn_asp.cli.commands import bvn
from bvn_asp.errors import BvnError, OutputError, TableError
from bvn_asp.output import Folder, whole_folder
from bvn_asp.policy.loading import shipped_path, shipped_policy
from tests.campaigns import examples
from tests.random_cases import random_case

POLICY = shipped_path().read_text(encoding="utf-8")
Row = dict[str, Any]
ROWS = 300


def job(path: Path, out: Path, **how: Any) -> Job:
    return Job(path, out, POLICY, **how)


def write_rows(path: Path, rows: list[Row], group: int = 1000) -> Path:
    pq.write_table(table_of_rows(rows), path, row_group_size=group)
    return path


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of synthetic cases in three row groups; few, as many tests decide them."""
    folder = tmp_path_factory.mktemp("synthetic")
    write(shipped_policy(), ROWS, 5, "usual", folder / "one.parquet")
    pq.write_table(pq.read_table(folder / "one.parquet"), folder / "cases.parquet", row_group_size=ROWS // 3)
    return folder / "cases.parquet"


def test_one_process_and_two_give_the_same_answers_in_the_order_of_the_rows(synthetic: Path, tmp_path: Path) -> None:
    one = run(job(synthetic, tmp_path / "one"), workers=1)
    two = run(job(synthetic, tmp_path / "two"), workers=2)
    assert one == two
    first, second = (pq.read_table(tmp_path / name) for name in ("one", "two"))
    assert first.equals(second)
    assert first.column("row").to_pylist() == list(range(1, ROWS + 1))
    assert first.column("id").to_pylist() == pq.read_table(synthetic).column("id").to_pylist()
    assert one["read"] == one["decided"] == ROWS and sum(one["recommendations"].values()) == ROWS
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "_summary.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet",
    ]  # fmt: skip


def break_row(random: Random, row: Row) -> None:
    random.choice(BREAKS)(row)


def _set(**values: Any) -> Callable[[Row], None]:
    return lambda row: row.update(values)


def _finding(**values: Any) -> Callable[[Row], None]:
    return lambda row: row.update(findings_present=[{"kind": "tumor", **values}], findings_absent=None)


BREAKS: tuple[Callable[[Row], None], ...] = (
    _set(patient_age=151), _set(patient_age=-1), _set(patient_body_mass_index=4), _set(conditions_t_score=21),
    _set(patient_age=40, patient_birth_date=np.datetime64("1980-01-01").astype(object)),
    _set(pain_clinician_severity="awful"), _set(request_bodies=["L4", "L4"]),
    _set(request_bodies=["L9"]), _set(request_bodies=[None]), _set(findings_absent=["tumor", "nothing"]),
    _set(surgeries=[{"kind": "fusion"}] * 33), _set(surgeries=[{"levels": ["L4", "L4"]}]),
    _set(surgeries=[{"levels": ["L4-L6"]}]), _set(surgeries=[{"months_before_procedure": 1801}]),
    _set(surgeries=[{"kind": "tickling"}]), _set(ablations=[{"bodies": ["L4-L9"]}]),
    _set(ablations=[{"bodies": ["L4", "L4"]}]),
    _set(mri_modic_changes=[{"features": ["blue"]}]), _set(mri_modic_changes=[{"features": ["edema"] * 33}]),
    _set(mri_modic_changes=[{"type": "type_9"}]), _set(request_units=[("64628", 100)]),
    _set(conservative_care_therapies_chiropractic_status="received",
         conservative_care_therapies_chiropractic_received=True),
    _set(conservative_care_weeks=7, conservative_care_end=np.datetime64("2020-01-01").astype(object)),
    _set(request_date=np.datetime64("2020-02-02").astype(object), patient_age=None, pain_months=None,
         pain_onset=np.datetime64("2021-01-01").astype(object), request_planned_procedure_date=None),
    _finding(levels=["L4", "L4"]), _finding(size_mm=5), _finding(healed=True), _finding(kind=None),
    _finding(shown_by=["imaging"], not_shown_by=["imaging"]),
    _set(patient_age=None, patient_age_at_least=60, patient_age_at_most=50, patient_birth_date=None),
    _set(pain_months=7, pain_months_at_most=8), _set(unknown=["pain.weight"]), _set(unknown=[None]),
    _set(evidence="{"),
    _finding(kind="disc_herniation", size_mm=201), _finding(kind="infection", shown_by=["guess"]),
    # These are no mistakes: a check that looks closer must let them pass.
    _set(request_bodies=[]), _set(request_units=[("64628", None)]),
    _set(surgeries=[{"levels": ["l4/5"]}]), _set(request_bodies=["L4-L5", "l5"]),
)  # fmt: skip


@given(st.integers(0, 10**9))
@examples(20, 300)
def test_rows_are_rejected_exactly_if_no_case_can_be_made_of_them(seed: int) -> None:
    random = Random(seed)
    rows = [row_of(random_case(random), str(place)) for place in range(12)]
    for row in rows:
        if random.random() < 0.7:
            break_row(random, row)
    bad = []
    for number, row in enumerate(rows, 1):
        try:
            case_of(row)
        except (ValidationError, CellError):
            bad.append(number)
    batch = table_of_rows(rows).to_batches()[0]
    kept, numbers, rejects = accepted(Block(1, batch), Setting(shipped_policy()))
    assert [reject.row for reject in rejects] == bad
    assert all(reject.problems and reject.id == str(reject.row - 1) for reject in rejects)
    assert kept.count == len(numbers) == len(rows) - len(bad)


@pytest.mark.parametrize("breaks", BREAKS[:-4])
def test_every_kind_of_mistake_is_found(breaks: Callable[[Row], None]) -> None:
    row: Row = {"id": "x"}
    breaks(row)
    batch = table_of_rows([row]).to_batches()[0]
    _, _, rejects = accepted(Block(1, batch), Setting(shipped_policy()))
    assert [reject.row for reject in rejects] == [1]


def test_a_level_in_another_spelling_is_the_same_level() -> None:
    batch = table_of_rows([{"surgeries": [{"levels": ["l4/5"]}]}]).to_batches()[0]
    rows, _, rejects = accepted(Block(1, batch), Setting(shipped_policy()))
    assert rejects == [] and rows.entries("surgeries[]").texts("levels").has("L4-L5").tolist() == [True]


def test_bad_rows_are_skipped_with_reasons_and_the_counts_add_up(tmp_path: Path) -> None:
    rows: list[Row] = [{"id": str(place), "request_bodies": ["L4"]} for place in range(10)]
    rows[3] |= {"patient_age": 200, "pain_clinician_severity": "awful"}
    rows[7] |= {"findings_present": [{"kind": "tumor", "size_mm": 3}]}
    path = write_rows(tmp_path / "cases.parquet", rows, 4)
    with pytest.raises(
        TableError, match=r"cases.parquet: row 4 \(3\): column patient_age: expected a number from 0 to 150"
    ):
        run(job(path, tmp_path / "out"), workers=1)
    assert [item.name for item in tmp_path.iterdir()] == ["cases.parquet"]
    summary = run(job(path, tmp_path / "out", skip=True), workers=2)
    assert (summary["read"], summary["decided"], summary["rejected"]) == (10, 8, 2)
    answers = pq.read_table(tmp_path / "out")
    assert answers.column("row").to_pylist() == [1, 2, 3, 5, 6, 7, 9, 10]
    rejected = [
        json.loads(line)
        for item in sorted((tmp_path / "out").glob("_rejected-*"))
        for line in item.read_text().splitlines()
    ]
    assert [(line["row"], line["id"]) for line in rejected] == [(4, "3"), (8, "7")]
    assert {problem["column"] for problem in rejected[0]["problems"]} == {"patient_age", "pain_clinician_severity"}
    assert rejected[1]["problems"][0]["column"] == "findings_present[0].size_mm"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "cases.csv",
            "id,patient_age\na,47\nb,xlvii\nc,47,1\n",
            {2: ("patient_age", "expected a plain decimal number"), 3: ("", "expected 2 cells")},
        ),
        (
            "cases.jsonl",
            '{"id": "a", "patient": {"age": 4.5}}\nnot\n{"patient": {"agee": 4}}\n',
            {2: ("", "not a case in JSON"), 3: ("patient.agee", "there is no such field")},
        ),
        (
            "cases.jsonl",
            '{"pain": {"months": 1, "months": 2}}\n{"id": 4}\n[]\n{"id": "a", "id": "b"}\n',
            {
                1: ("", "months is given twice"), 2: ("id", "expected text"), 3: ("", "expected a case"),
                4: ("", "id is given twice"),
            },
        ),
        (
            "cases.csv",
            'id,request_units,request_bodies,surgeries\na,5,,\nb,"{""64628"": 1, ""64628"": 2}",,\nc,,L4,\n'
            'd,,"{""L4"": 1}",\ne,,"[""L4""]","[{""kind"": ""fusion"", ""kind"": ""other""}]"\nf,,,"[1]"\n'
            'g,"[[""64628"", 1]]",,\nh,NaN,,\ni,,,"[{""months_before_procedure"": 1e999}]"\n'
            'j,"{""64628"": 1}","[""L4""]","[]"\n',
            {
                1: ("request_units", "expected an object as JSON"), 2: ("request_units", "64628 is given twice"),
                3: ("request_bodies", "expected a list as JSON"), 4: ("request_bodies", "expected a list as JSON"),
                5: ("surgeries", "kind is given twice"), 6: ("surgeries[0]", "expected fields with names"),
                7: ("request_units", "expected an object as JSON"), 8: ("request_units", "expected an object as JSON"),
                9: ("surgeries[0].months_before_procedure", ""),
            },
        ),
        ("cases.csv", b"id,story\na,\xff\nb,whole\n", {1: ("story", "bytes that are no UTF-8 text")}),
        (
            "cases.jsonl",
            b'{"id": "\\ud800"}\n{"story": "\\udc00"}\n{"request": {"units": {"\\ud800": 1}}}\n{"id": "a\xff"}\n'
            b'{"id": "\\ud83d\\ude00"}\n{"\\ud800": 1}\n',
            {
                1: ("id", "half of a character"), 2: ("story", "half of a character"),
                3: ("request.units", "a procedure code of five characters"), 4: ("", "bytes that are no UTF-8 text"),
                6: ("", "expected text"),
            },
        ),
        (
            "cases.jsonl",
            '{"patient": {"age": 1e999}}\n{"patient": {"age": NaN}}\n{"story": true}\n' + "[" * 9000 + "\n"
            '{"request": {"date": "2199-12-31"}}\n{"patient": {"age": ' + "1" * 5000 + "}}\n"
            '{"patient": {"age": 1' + "0" * 1_000_000 + '}}\n{"patient": {"age": "4.50"}}\n',
            {
                1: ("patient.age", ""), 2: ("", "NaN is not a number"), 3: ("story", "expected text"),
                4: ("", "nested too deeply"), 6: ("patient.age", "too many digits"),
                7: ("", "longer than 1,000,000 bytes"),
            },
        ),
    ],
)  # fmt: skip
def test_small_formats_name_the_row_and_the_field_and_decide_the_others(
    tmp_path: Path, name: str, text: str | bytes, said: dict[int, tuple[str, str]]
) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    summary = run(job(path, tmp_path / "out", skip=True))
    lines = rejected_lines(tmp_path / "out")
    assert [line["row"] for line in lines] == list(said)
    for line in lines:
        column, problem = said[line["row"]]
        assert line["problems"][0]["column"] == column and problem in line["problems"][0]["problem"], line
    rows = pq.read_table(tmp_path / "out").column("row").to_pylist()
    assert rows == [row for row in range(1, summary["read"] + 1) if row not in said]
    with pytest.raises(TableError, match=rf"row {min(said)}\b"):
        run(job(path, tmp_path / "stopped"))
    assert not (tmp_path / "stopped").exists()


def rejected_lines(folder: Path) -> list[Row]:
    return [json.loads(line) for item in sorted(folder.glob("_rejected-*")) for line in item.read_text().splitlines()]


def test_a_column_that_is_named_twice_is_refused_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("id,conditions_pregnancy,conditions_pregnancy\na,yes,no\n")
    batch = pa.RecordBatch.from_arrays([pa.array([True]), pa.array([False])], ["conditions_pregnancy"] * 2)
    with pa.OSFile(str(tmp_path / "cases.arrow"), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "cases.parquet")
    for suffix in ("csv", "arrow", "parquet"):
        with pytest.raises(TableError, match="column conditions_pregnancy: given twice"):
            run(job(tmp_path / f"cases.{suffix}", tmp_path / "out", skip=True))


@pytest.mark.parametrize("text", ['id,story\na,"one\nb,two\n', 'id,story\na,"one"two\nb,\n'])
def test_quotes_out_of_order_end_the_reading_of_a_csv_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(TableError, match=r"cases\.csv: .*; from there on it cannot be told where a row ends"):
        run(job(tmp_path / "cases.csv", tmp_path / "out", skip=True))


def test_a_key_given_twice_in_a_column_of_maps_and_a_day_beyond_the_calendar_reject_their_rows(tmp_path: Path) -> None:
    units = pa.array(
        [[("64628", 1), ("64628", 2)], [("64628", 1), ("64629", 1)], None], pa.map_(pa.string(), pa.int8())
    )
    dates = pa.array([None, None, 2**31 - 1], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"request_units": units, "request_date": dates}), tmp_path / "cases.parquet")
    summary = run(job(tmp_path / "cases.parquet", tmp_path / "out", skip=True))
    assert (summary["decided"], summary["rejected"]) == (1, 2)
    first, second = rejected_lines(tmp_path / "out")
    assert first["problems"] == [{"column": "request_units", "problem": "64628 is given twice"}]
    assert second["row"] == 3 and "OverflowError" in second["problems"][0]["problem"]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_row_at_which_deciding_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"cases{suffix}"
    rows: list[Row] = [{"id": str(place), "request_bodies": ["L4"], "patient_age": place} for place in range(20)]
    if suffix == ".parquet":
        write_rows(path, rows)
    else:
        path.write_text("".join(json_line(case_of(row), row["id"]) for row in rows))
    whole = run(job(path, tmp_path / "whole"))
    usual = Decider.planes

    def failing(self: Decider, rows: Any) -> Any:
        if {"5", "11"} & set(rows.batch.column("id").to_pylist()):
            raise ArithmeticError("no such day")
        return usual(self, rows)

    monkeypatch.setattr(Decider, "planes", failing)
    summary = run(job(path, tmp_path / "out", skip=True))
    assert (whole["decided"], summary["decided"], summary["rejected"]) == (20, 18, 2)
    assert rejected_lines(tmp_path / "out") == [
        {
            "row": int(id) + 1,
            "id": id,
            "problems": [{"column": "", "problem": "cannot be read: ArithmeticError: no such day"}],
        }
        for id in ("5", "11")
    ]
    kept = [row for row in pq.read_table(tmp_path / "whole").to_pylist() if row["id"] not in ("5", "11")]
    assert pq.read_table(tmp_path / "out").to_pylist() == kept
    with pytest.raises(TableError, match=r"row 6 \(5\): cannot be read"):
        run(job(path, tmp_path / "stopped"))


def test_rejected_rows_are_written_down_as_they_come_and_not_kept(tmp_path: Path) -> None:
    rejecting = Decider(Setting(shipped_policy()))
    rejecting.decide(table_of_rows([{}]).to_batches()[0])
    peaks = []
    for blocks in (1, 2, 6):
        path = tmp_path / f"{blocks}.jsonl"
        path.write_text("[]\n" * 4096 * blocks)
        folder = Folder(tmp_path / str(blocks), tmp_path / str(blocks), tmp_path / str(blocks) / "apart")
        folder.apart.mkdir(parents=True)
        source = open_source(path)
        work = PartDecider(job(path, tmp_path / "out", skip=True), source, folder, rejecting)
        tracemalloc.start()
        assert work(source.parts[0]).rejected == 4096 * blocks
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # What was kept of each would make three times as much.
    assert peaks[2] < 1.5 * peaks[1]


def test_missing_and_shared_ids_are_counted_and_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ["b", "a", None, "", "b", "ab", "ba", "a", "b", "é", "\U0001f600", "e"]
    path = write_rows(tmp_path / "cases.parquet", [{"id": id} for id in ids], group=5)
    expected = {"missing": 2, "shared": 5, "examples": ["a", "b"]}
    assert run(job(path, tmp_path / "one"), workers=1)["ids"] == expected
    monkeypatch.setattr(ids_module, "MOST_IDS", 2)
    assert run(job(path, tmp_path / "many"), workers=1)["ids"] == expected
    result = CliRunner().invoke(bvn, ["batch", str(path), "-o", str(tmp_path / "said")])
    assert "warning: 2 of the decided cases have no id; they are told apart by their row" in result.output
    assert "warning: 5 of the decided cases share their id with another, such as a, b; " in result.output
    write_rows(tmp_path / "clean.parquet", [{"id": str(place)} for place in range(300)])
    clean = CliRunner().invoke(bvn, ["batch", str(tmp_path / "clean.parquet"), "-o", str(tmp_path / "clean")]).output
    assert "300 decided" in clean and "warning" not in clean


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_file_that_is_cut_off_is_an_error_and_leaves_nothing(synthetic: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.parquet"
    data = synthetic.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(TableError, match=r"cut.parquet: cut off, damaged or not of this format"):
        run(job(path, tmp_path / "out"))
    assert [item.name for item in tmp_path.iterdir()] == ["cut.parquet"]


def test_a_damaged_page_is_an_error_and_no_result(synthetic: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    data = bytearray(synthetic.read_bytes())
    data[4000:30000] = bytes(26000)
    path.write_bytes(bytes(data))
    with pytest.raises(TableError, match=r"damaged\.parquet"):
        run(job(path, tmp_path / "out"), workers=2)
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_is_taken_up_after_its_last_whole_part(
    synthetic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def stop_at_the_third(job: Job, decider: Any, source: Any, part: Any, folder: Folder) -> Tally:
        if part.place == 2 and len(done) == 2:
            raise KeyboardInterrupt
        done.append(part.place)
        return decide_part(job, decider, source, part, folder)

    monkeypatch.setattr(batch_module, "decide_part", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run(job(synthetic, tmp_path / "out"), workers=1)
    assert not (tmp_path / "out").exists() and (tmp_path / "out.unfinished").exists()
    done.append(-1)
    summary = run(job(synthetic, tmp_path / "out"), workers=1)
    assert done == [0, 1, -1, 2] and summary["decided"] == ROWS
    assert not (tmp_path / "out.unfinished").exists()
    run(job(synthetic, tmp_path / "whole"), workers=1)
    assert pq.read_table(tmp_path / "out").equals(pq.read_table(tmp_path / "whole"))


@dataclass
class Killed(PartDecider):
    """Work whose process is killed at the third part."""

    def __call__(self, part: Part) -> Tally:
        if part.place == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(part)


def test_a_killed_process_ends_the_run_with_a_message_and_loses_no_part_that_is_done(
    synthetic: Path, tmp_path: Path
) -> None:
    def killing(work: Any, parts: Any, workers: int) -> Iterator[Tally]:
        yield from in_processes(Killed(work.job, work.source, work.folder), parts, workers)

    with pytest.raises(BvnError, match="a worker process was killed"):
        run(job(synthetic, tmp_path / "out"), workers=2, spread=killing)
    assert not (tmp_path / "out").exists() and (tmp_path / "out.unfinished").exists()
    assert run(job(synthetic, tmp_path / "out"), workers=2)["decided"] == ROWS
    run(job(synthetic, tmp_path / "whole"), workers=1)
    assert pq.read_table(tmp_path / "out").equals(pq.read_table(tmp_path / "whole"))


def test_what_another_job_left_is_not_taken_for_this_one(synthetic: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "out", "another", useless=()) as folder:
        folder.note("part-00000.json", "{}")
        folder.write("part-00007.parquet", "")
        raise KeyboardInterrupt
    assert run(job(synthetic, tmp_path / "out"))["decided"] == ROWS
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_what_was_done_of_a_file_that_has_changed_since_is_not_taken_up(synthetic: Path, tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    path.write_bytes(synthetic.read_bytes())
    before = path.stat()

    def changing(_: Tally) -> None:
        # By its size and the time of its content it is the same file.
        path.write_bytes(synthetic.read_bytes())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    first = job(path, tmp_path / "out").fingerprint()
    with pytest.raises(TableError, match="it was changed while it was read; run the same command again"):
        run(job(path, tmp_path / "out"), workers=1, progress=changing)
    assert [each.name for each in tmp_path.iterdir()] == ["cases.parquet"]
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert job(path, tmp_path / "out").fingerprint() != first
    path.unlink()
    with pytest.raises(TableError, match="cannot be read: No such file"):
        job(path, tmp_path / "out").fingerprint()


def test_a_result_is_never_written_over(synthetic: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    with pytest.raises(OutputError, match="not an empty folder"):
        run(job(synthetic, tmp_path / "out"))


def test_a_file_without_rows_and_a_file_without_columns_are_decided(tmp_path: Path) -> None:
    write_rows(tmp_path / "none.parquet", [])
    assert run(job(tmp_path / "none.parquet", tmp_path / "out"))["decided"] == 0
    assert pq.read_table(tmp_path / "out").num_rows == 0
    pq.write_table(pa.table({"id": ["a", "b"]}), tmp_path / "ids.parquet")
    run(job(tmp_path / "ids.parquet", tmp_path / "ids"))
    assert pq.read_table(tmp_path / "ids").column("recommendation").to_pylist() == [None, None]


def test_every_file_depends_on_the_seed_alone(tmp_path: Path) -> None:
    for name, count, seed in (("a", 500, 1), ("b", 900, 1), ("c", 500, 2)):
        write(shipped_policy(), count, seed, "usual", tmp_path / f"{name}.parquet")
    a, b, c = (pq.read_table(tmp_path / f"{name}.parquet") for name in "abc")
    assert a.to_pylist() == b.slice(0, 500).to_pylist() != c.to_pylist()
    assert a.schema.equals(schema())


def test_the_commands_go_from_cases_to_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    for command in (
        ["generate", "200", "-o", "made.parquet", "--seed", "3"],
        ["export", "made.parquet", "-o", "made.csv"],
        ["batch", "made.parquet", "-o", "out", "--reading", "impermissible_bodies=all_or_nothing"],
        ["batch", "made.csv", "-o", "out_csv", "--reading", "impermissible_bodies=all_or_nothing"],
    ):
        result = runner.invoke(bvn, command)
        assert result.exit_code == 0, result.output
    assert pq.read_table("out").equals(pq.read_table("out_csv"))
    assert "200 rows read: 200 decided, 0 rejected" in result.output
    assert "human reviewer" in result.output
    listed = runner.invoke(bvn, ["export", "--columns"]).output
    assert "patient_age  decimal128(12, 6)" in listed
    wrong = runner.invoke(bvn, ["batch", "made.parquet", "-o", "x", "--reading", "a=b"])
    assert isinstance(wrong.exception, BvnError) and not Path("x").exists()


def test_what_is_read_from_a_source_leaves_out_what_decides_nothing(synthetic: Path) -> None:
    assert not {"story", "expected"} & set(open_source(synthetic).columns)
    assert {"story", "expected"} <= set(open_source(synthetic, everything=True).columns)


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        (["generate", "5", "-o", "x.parquet"], "pyarrow", "batch"),
        (["batch", "x.parquet", "-o", "x"], "numpy", "batch"),
        (["compile", "--sql", "duckdb"], "sqlglot", "sql"),
    ],
)
def test_a_missing_library_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, command: list[str], module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    found = CliRunner().invoke(bvn, command).exception
    assert isinstance(found, BvnError)
    assert str(found) == f"this command needs {module}, which is not installed: pip install 'bvn-asp[{extra}]'"


def test_the_command_line_starts_without_the_libraries_of_batches() -> None:
    libraries = ("numpy", "pyarrow", "matplotlib", "sqlglot")
    script = f"import sys, bvn_asp.cli.commands; print([m for m in {libraries} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_whole_number_beyond_all_measure_is_a_bad_row_and_not_a_small_number(tmp_path: Path) -> None:
    path = tmp_path / "ages.parquet"
    pq.write_table(pa.table({"patient_age": pa.array([47, 2**62, 18446744073710, None], pa.int64())}), path)
    summary = run(job(path, tmp_path / "out", skip=True))
    assert (summary["decided"], summary["rejected"]) == (2, 2)
    (rejected,) = (tmp_path / "out").glob("_rejected-*")
    assert [json.loads(line)["row"] for line in rejected.read_text().splitlines()] == [2, 3]
