"""`bvn batch`: counts that add up, rows that are no cases, interrupted runs, and files that cannot be read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import ValidationError
from typer.testing import CliRunner

from bvn_asp.batch import parts as batch_module
from bvn_asp.batch.columns import case_of, row_of, schema, table_of_rows
from bvn_asp.batch.generate import write
from bvn_asp.batch.parts import Job, PartDecider, Tally, accepted, decide_part, in_processes, run
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.tables import Block, Part, open_source
from bvn_asp.cli import app
from bvn_asp.errors import BvnError, TableError
from bvn_asp.policy import shipped_path, shipped_policy
from tests.random_cases import random_case

POLICY = shipped_path().read_text(encoding="utf-8")
Row = dict[str, Any]


def job(path: Path, out: Path, **how: Any) -> Job:
    return Job(path, out, POLICY, **how)


def write_rows(path: Path, rows: list[Row], group: int = 1000) -> Path:
    pq.write_table(table_of_rows(rows), path, row_group_size=group)
    return path


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 3,000 synthetic cases in row groups of 1,000."""
    folder = tmp_path_factory.mktemp("synthetic")
    write(shipped_policy(), 3000, 5, "hard", folder / "one.parquet")
    pq.write_table(pq.read_table(folder / "one.parquet"), folder / "cases.parquet", row_group_size=1000)
    return folder / "cases.parquet"


def test_one_process_and_two_give_the_same_answers_in_the_order_of_the_rows(synthetic: Path, tmp_path: Path) -> None:
    one = run(job(synthetic, tmp_path / "one"), workers=1)
    two = run(job(synthetic, tmp_path / "two"), workers=2)
    assert one == two
    first, second = (pq.read_table(tmp_path / name) for name in ("one", "two"))
    assert first.equals(second)
    assert first.column("row").to_pylist() == list(range(1, 3001))
    assert first.column("id").to_pylist() == pq.read_table(synthetic).column("id").to_pylist()
    assert one["read"] == one["decided"] == 3000 and sum(one["recommendations"].values()) == 3000
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
    _set(pain_clinician_severity="awful"), _set(request_bodies=[]), _set(request_bodies=["L4", "L4"]),
    _set(request_bodies=["L9"]), _set(request_bodies=[None]), _set(findings_absent=["tumor", "nothing"]),
    _set(surgeries=[{"kind": "fusion"}] * 33), _set(surgeries=[{"levels": []}]),
    _set(surgeries=[{"levels": ["L4-L6"]}]), _set(surgeries=[{"months_before_procedure": 1801}]),
    _set(surgeries=[{"kind": "tickling"}]), _set(ablations=[{"bodies": ["L4-L5"]}]), _set(ablations=[{"bodies": []}]),
    _set(mri_modic_changes=[{"features": ["blue"]}]), _set(mri_modic_changes=[{"features": ["edema"] * 33}]),
    _set(mri_modic_changes=[{"type": "type_9"}]), _set(request_units=[("64628", 100)]),
    _set(conservative_care_therapies_chiropractic_status="received",
         conservative_care_therapies_chiropractic_received=True),
    _set(conservative_care_weeks=7, conservative_care_end=np.datetime64("2020-01-01").astype(object)),
    _set(request_date=np.datetime64("2020-02-02").astype(object), patient_age=None, pain_months=None,
         pain_onset=np.datetime64("2021-01-01").astype(object), request_planned_procedure_date=None),
    _finding(levels=["L4", "L4"]), _finding(size_mm=5), _finding(healed=True), _finding(kind=None),
    lambda row: row.update(findings_present=[{"kind": "tumor"}], findings_absent=["tumor"]),
    _finding(kind="disc_herniation", size_mm=201), _finding(kind="infection", shown_by=["guess"]),
    # These are no mistakes: a check that looks closer must let them pass.
    _set(surgeries=[None]), _set(request_units=[("64628", None)]),
    _set(findings_absent=["tumor", "tumor"], findings_present=None),
    _set(conservative_care_therapies_pharmacotherapy_drug_classes=["other", "other"]),
)  # fmt: skip


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
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
        except ValidationError:
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


def test_a_level_in_another_spelling_is_rejected_with_the_usual_one() -> None:
    batch = table_of_rows([{"surgeries": [{"levels": ["l4/5"]}]}]).to_batches()[0]
    _, _, (reject,) = accepted(Block(1, batch), Setting(shipped_policy()))
    assert [(p.path, p.message) for p in reject.problems] == [("surgeries[0].levels", "expected L4-L5")]


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
    assert rejected[1]["problems"][0]["column"] == "findings_present[0]"


@pytest.mark.parametrize(
    ("name", "text", "rows", "said"),
    [
        ("cases.csv", "id,patient_age\na,47\nb,xlvii\nc,47,1\n", [2, 3], ["patient_age", ""]),
        (
            "cases.jsonl",
            '{"id": "a", "patient": {"age": 4.5}}\nnot\n{"patient": {"agee": 4}}\n',
            [2, 3],
            ["", "patient.agee"],
        ),
        ("cases.jsonl", '{"pain": {"months": 1, "months": 2}}\n{"id": 4}\n[]\n', [1, 2, 3], ["", "id", ""]),
    ],
)
def test_small_formats_name_the_row_and_the_field(
    tmp_path: Path, name: str, text: str, rows: list[int], said: list[str]
) -> None:
    (tmp_path / name).write_text(text)
    summary = run(job(tmp_path / name, tmp_path / "out", skip=True))
    assert summary["read"] == 3 and summary["rejected"] == len(rows)
    (rejected,) = (tmp_path / "out").glob("_rejected-*")
    lines = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [line["row"] for line in lines] == rows
    assert [line["problems"][0]["column"] for line in lines] == said


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

    def stop_at_the_third(job: Job, decider: Any, source: Any, part: Any, folder: Path) -> Tally:
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
    assert done == [0, 1, -1, 2] and summary["decided"] == 3000
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
    assert run(job(synthetic, tmp_path / "out"), workers=2)["decided"] == 3000
    run(job(synthetic, tmp_path / "whole"), workers=1)
    assert pq.read_table(tmp_path / "out").equals(pq.read_table(tmp_path / "whole"))


def test_what_another_job_left_is_not_taken_for_this_one(synthetic: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out.unfinished"
    folder.mkdir()
    (folder / "job.json").write_text("another")
    (folder / "part-00000.json").write_text("{}")
    assert run(job(synthetic, tmp_path / "out"))["decided"] == 3000


def test_a_result_is_never_written_over(synthetic: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(TableError, match="exists already"):
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
        result = runner.invoke(app, command)
        assert result.exit_code == 0, result.output
    assert pq.read_table("out").equals(pq.read_table("out_csv"))
    assert "200 rows read: 200 decided, 0 rejected" in result.output
    assert "human reviewer" in result.output
    listed = runner.invoke(app, ["export", "--columns"]).output
    assert "patient_age  decimal128(12, 6)" in listed
    wrong = runner.invoke(app, ["batch", "made.parquet", "-o", "x", "--reading", "a=b"])
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
    found = CliRunner().invoke(app, command).exception
    assert isinstance(found, BvnError)
    assert str(found) == f"this command needs {module}, which is not installed: pip install 'bvn-asp[{extra}]'"


def test_the_command_line_starts_without_the_libraries_of_batches() -> None:
    script = (
        "import sys, bvn_asp.cli; print([m for m in ('numpy', 'pyarrow', 'matplotlib', 'sqlglot') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    block = readme.split("## Millions of cases")[1].split("```")[1]
    commands = [line.split("#")[0].split()[1:] for line in block.splitlines() if line.startswith("bvn ")]
    assert [command[0] for command in commands] == ["generate", "batch", "impact"]
    monkeypatch.chdir(tmp_path)
    for command in commands:
        result = CliRunner().invoke(app, ["3000" if word == "1000000" else word for word in command])
        assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {"cases.parquet", "answers", "impact.html"}


def test_a_whole_number_beyond_all_measure_is_a_bad_row_and_not_a_small_number(tmp_path: Path) -> None:
    path = tmp_path / "ages.parquet"
    pq.write_table(pa.table({"patient_age": pa.array([47, 2**62, 18446744073710, None], pa.int64())}), path)
    summary = run(job(path, tmp_path / "out", skip=True))
    assert (summary["decided"], summary["rejected"]) == (2, 2)
    (rejected,) = (tmp_path / "out").glob("_rejected-*")
    assert [json.loads(line)["row"] for line in rejected.read_text().splitlines()] == [2, 3]
