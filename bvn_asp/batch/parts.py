"""Decide a file of cases: parts in several processes, each written whole or not at all, and taken up where it ended.

The result is a folder with a Parquet file for each part of the input and `_summary.json`. Until the last part is done
it is called `NAME.unfinished`, so that a folder of the asked name is always a whole result.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from bvn_asp.batch.checks import suspects
from bvn_asp.batch.columns import ID
from bvn_asp.batch.compiled import refuse
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.ids import ids_in
from bvn_asp.batch.processes import PartWork, in_processes
from bvn_asp.batch.row_files import broken
from bvn_asp.batch.rows import Rows, Setting
from bvn_asp.batch.table_writers import parquet_writer
from bvn_asp.batch.tables import Block, Part, Reject, Source, open_source, problems_at, refusal
from bvn_asp.decision.decision import NOTICE
from bvn_asp.errors import PolicyError, Problem, TableError
from bvn_asp.output import Folder, reason, whole_folder
from bvn_asp.policy.loading import read_policy

SUMMARY = "_summary.json"
_ROWS_TOGETHER = 1 << 20
"""Most rows of answers that a process keeps before it writes them."""


@dataclass(frozen=True)
class Job:
    """What to decide, how to read it, and where the answers go; it names everything that the answers depend on."""

    path: Path
    out: Path
    policy: str = field(repr=False)
    readings: Mapping[str, str] = field(default_factory=dict)
    assume_absent: bool | None = None
    whole: bool = True
    skip: bool = False

    def fingerprint(self) -> str:
        """Return what tells this job from another, the state of the input file and of this package included.

        Raises TableError if the file is gone.
        """
        try:
            state, package = self.path.stat(), ""
        except OSError as error:
            raise TableError(f"{self.path}: cannot be read: {reason(error)}") from None
        with suppress(PackageNotFoundError):
            package = version("bvn-asp")
        about = [
            package, str(self.path.resolve()), state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino,
            self.policy, sorted(self.readings.items()), self.assume_absent, self.whole, self.skip,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()

    def check(self) -> None:
        """Raise ReadingError or PolicyError now rather than in a worker."""
        policy = read_policy(self.policy)
        policy.readings(self.readings)
        refuse(policy)

    def decider(self) -> Decider:
        """Return a decider for this job, which later jobs of its kind in this process use too."""
        return _decider(self.policy, tuple(sorted(self.readings.items())), self.assume_absent, self.whole)


@lru_cache(maxsize=2)
def _decider(text: str, readings: tuple[tuple[str, str], ...], assume_absent: bool | None, whole: bool) -> Decider:
    policy = read_policy(text)
    return Decider(Setting(policy, policy.readings(dict(readings)), assume_absent), whole=whole)


@dataclass(frozen=True)
class Tally:
    """How many rows were read, decided and rejected, how many of each recommendation, how many settled apart."""

    read: int = 0
    decided: int = 0
    rejected: int = 0
    settled: int = 0
    recommendations: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.read + other.read, self.decided + other.decided, self.rejected + other.rejected,
            self.settled + other.settled, dict(Counter(self.recommendations) + Counter(other.recommendations)),
        )  # fmt: skip


def accepted(block: Block, setting: Setting) -> tuple[Rows, Any, list[Reject]]:
    """Return the rows of `block` that are cases, their numbers, and what was rejected with its reasons."""
    rows, rejects = Rows(block.batch, setting), list(block.rejects)
    numbers = np.array(block.row_numbers(), np.int64)
    wrong = np.zeros(rows.count, np.bool_)
    for place in np.flatnonzero(suspects(rows)).tolist():
        row: dict[str, Any] = {}
        try:
            row = block.row(place)
            problems = problems_at(block, place)
        except Exception as error:
            problems = (Problem("", broken(error)),)
        if problems:
            wrong[place] = True
            rejects.append(Reject(int(numbers[place]), row.get(ID), problems))
    if wrong.any():
        rows, numbers = Rows(block.batch.filter(pa.array(~wrong)), setting), numbers[~wrong]
    return rows, numbers, sorted(rejects, key=lambda reject: reject.row)


T = TypeVar("T")


def row_by_row(block: Block, work: Callable[[Block], T]) -> Iterator[T | Reject]:
    """Yield what `work` returns for `block`; if it fails, for what is left without the rows at which it does.

    Nothing in one row may stop the others. What would fail for every row, or for want of memory, is raised.
    """
    try:
        found = work(block)
    except (PolicyError, MemoryError):
        raise
    except Exception as error:
        count = block.batch.num_rows
        if count > 1:
            yield from row_by_row(block.some(0, count // 2), work)
            yield from row_by_row(block.some(count // 2, count - count // 2), work)
            return
        id = None
        with suppress(Exception):
            id = block.row(0).get(ID)
        yield Reject(block.row_numbers()[0] if count else block.first, id, (Problem("", broken(error)),))
    else:
        yield found


def decide_part(job: Job, decider: Decider, source: Source, part: Part, folder: Folder) -> Tally:
    """Decide one part of a file, put its answers and rejects into `folder`, and return the tally.

    The tally comes last, so a part with a tally is done.
    """
    name, rejected = f"part-{part.place:05}", f"_rejected-{part.place:05}.jsonl"
    total, waiting = Tally(), list[Any]()
    settled = decider.settled

    def decided(some: Block) -> tuple[Any, list[Reject]]:
        rows, numbers, bad = accepted(some, decider.setting)
        return decider.answers(decider.planes(rows), rows.batch, numbers), bad

    with folder.file(f"{name}.parquet") as written, folder.file(rejected) as refused:
        with parquet_writer(written, decider.schema) as writer, refused.open("w", encoding="utf-8") as refusals:
            for block in source.blocks(part):
                rejects = list(block.rejects)
                for found in row_by_row(block._replace(rejects=()), decided):
                    if isinstance(found, Reject):
                        rejects.append(found)
                        continue
                    answers, bad = found
                    rejects += bad
                    total += Tally(decided=answers.num_rows, recommendations=_counted(answers))
                    waiting.append(answers)
                rejects.sort(key=lambda reject: reject.row)
                if rejects and not job.skip:
                    raise TableError(refusal(job.path, rejects[0]))
                refusals.writelines(json.dumps(_reject_line(reject)) + "\n" for reject in rejects)
                total += Tally(read=block.read, rejected=len(rejects))
                if sum(each.num_rows for each in waiting) >= _ROWS_TOGETHER:
                    writer.write_table(pa.Table.from_batches(waiting), row_group_size=_ROWS_TOGETHER)
                    waiting.clear()
            writer.write_table(pa.Table.from_batches(waiting, decider.schema), row_group_size=_ROWS_TOGETHER)
        total += Tally(settled=decider.settled - settled)
        if total.read != total.decided + total.rejected:
            raise TableError(
                f"{job.path}: {total.read} rows read, but {total.decided} decided, {total.rejected} rejected"
            )
    if not total.rejected:
        (folder.path / rejected).unlink()
    folder.note(f"{name}.json", json.dumps(asdict(total)))
    return total


def _counted(answers: Any) -> dict[str, int]:
    column = answers.column("recommendation")
    names = [*column.dictionary.to_pylist(), "none"]
    codes = column.indices.fill_null(len(names) - 1).to_numpy()
    counts = np.bincount(codes, minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def _reject_line(reject: Reject) -> dict[str, Any]:
    problems = [{"column": problem.path, "problem": problem.message} for problem in reject.problems]
    return {"row": reject.row, "id": reject.id, "problems": problems}


Progress = Callable[[Tally], None]
Spread = Callable[[PartWork[Tally], Sequence[Part], int], Iterator[Tally]]
"""What has work done on parts by so many workers, and yields what it returns."""


def run(
    job: Job, *, workers: int | None = None, progress: Progress | None = None, spread: Spread | None = None
) -> dict[str, Any]:
    """Decide the file of `job` with `workers` processes and return the summary; raise TableError or
    OutputError if it cannot be.

    A run that was interrupted is taken up after its last whole part if everything it depends on is the same. `spread`
    has the parts done elsewhere than in processes of this machine.
    """
    source = open_source(job.path)
    # A file that cannot be decided leaves nothing; what was done before any other failure is worth taking up.
    key = job.fingerprint()
    with whole_folder(job.out, key, useless=TableError) as folder:
        done = _done(folder)
        total = sum(done.values(), Tally())
        if progress is not None:
            progress(total)
        open_parts = [part for part in source.parts if part.place not in done]
        work = PartDecider(job, source, folder)
        for tally in (spread or in_processes)(work, open_parts, workers or os.cpu_count() or 1):
            total += tally
            if progress is not None:
                progress(tally)
        if job.fingerprint() != key:
            raise TableError(f"{job.path}: it was changed while it was read; run the same command again")
        summary = _summary(job, source, total, folder.path)
        folder.write(SUMMARY, json.dumps(summary, indent=2) + "\n")
    return summary


def _done(folder: Folder) -> dict[int, Tally]:
    """Return the parts that an interrupted run of the same job has done."""
    tallies = sorted(folder.state.glob("part-*.json"))
    return {int(path.stem.removeprefix("part-")): Tally(**json.loads(path.read_text())) for path in tallies}


@dataclass
class PartDecider:
    """Decides parts of a file and writes their answers to a folder; doing a part again gives the same files."""

    job: Job
    source: Source
    folder: Folder
    decider: Decider | None = None

    def prepare(self) -> None:
        """Ground the policy for this process."""
        self.decider = self.job.decider()

    def __call__(self, part: Part) -> Tally:
        """Decide `part`."""
        assert self.decider is not None
        return decide_part(self.job, self.decider, self.source, part, self.folder)


def _summary(job: Job, source: Source, total: Tally, folder: Path) -> dict[str, Any]:
    policy = read_policy(job.policy)
    return {
        "schema": "bvn-batch/1",
        "notice": NOTICE,
        "policy": {"name": policy.name, "version": policy.version, "revised": policy.revised, "sha256": policy.sha256},
        "readings": dict(job.readings),
        "assume_absent": job.assume_absent,
        "input": str(job.path),
        "parts": len(source.parts),
        "read": total.read,
        "decided": total.decided,
        "rejected": total.rejected,
        "settled_by_completions": total.settled,
        "recommendations": dict(sorted(total.recommendations.items())),
        "ids": asdict(ids_in(folder)),
    }
