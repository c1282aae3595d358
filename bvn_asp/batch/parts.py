"""Decide a file of cases: parts in several processes, each written whole or not at all, and taken up where it ended.

The result is a folder with a Parquet file for each part of the input and `_summary.json`. Until the last part is done
it is called `NAME.unfinished`, so that a folder of the asked name is always a whole result.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from bvn_asp.batch.checks import suspects
from bvn_asp.batch.columns import ID, case_of, problems_of, row_of
from bvn_asp.batch.compiled import refuse
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.rows import Rows, Setting
from bvn_asp.batch.table_writers import parquet_writer
from bvn_asp.batch.tables import Block, Part, Reject, Source, open_source, refusal
from bvn_asp.decision import NOTICE
from bvn_asp.errors import BvnError, Problem, TableError
from bvn_asp.policy import policy_of

SUMMARY = "_summary.json"
_JOB = "job.json"
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
        """Return what tells this job from another, the state of the input file and of this package included."""
        state, package = self.path.stat(), ""
        with suppress(PackageNotFoundError):
            package = version("bvn-asp")
        about = [
            package, str(self.path.resolve()), state.st_size, state.st_mtime_ns, self.policy,
            sorted(self.readings.items()), self.assume_absent, self.whole, self.skip,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()

    def check(self) -> None:
        """Raise ReadingError or PolicyError now rather than in a worker."""
        policy = policy_of(self.policy)
        policy.readings(self.readings)
        refuse(policy)

    def decider(self) -> Decider:
        """Return a decider of this job's own."""
        policy = policy_of(self.policy)
        return Decider(Setting(policy, policy.readings(self.readings), self.assume_absent), whole=self.whole)


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
    batch, rejects = block.batch, list(block.rejects)
    rows = Rows(batch, setting)
    numbers = np.arange(block.first, block.first + batch.num_rows) if block.numbers is None else np.array(block.numbers)
    wrong = np.zeros(batch.num_rows, np.bool_)
    for place in np.flatnonzero(suspects(rows)).tolist():
        row = batch.slice(place, 1).to_pylist()[0]
        problems = problems_of(row) or _unusual(row)
        if problems:
            wrong[place] = True
            rejects.append(Reject(int(numbers[place]), row.get(ID), tuple(problems)))
    if wrong.any():
        rows, numbers = Rows(batch.filter(pa.array(~wrong)), setting), numbers[~wrong]
    return rows, numbers, sorted(rejects, key=lambda reject: reject.row)


def _unusual(row: Mapping[str, Any]) -> list[Problem]:
    """Return where a row names a level otherwise than the columnar form does; a case file is more lenient."""
    found, usual = _levels(row), _levels(row_of(case_of(row), row.get(ID)))
    return [
        Problem(path, f"expected {', '.join(usual[path])}") for path, names in found.items() if names != usual[path]
    ]


def _levels(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the bodies and levels that a row names, by their place in it."""
    found = {"request_bodies": list(row.get("request_bodies") or ())}
    for column in ("findings_present", "surgeries", "mri_modic_changes", "ablations"):
        for place, entry in enumerate(row.get(column) or ()):
            for name in ("levels", "bodies"):
                found[f"{column}[{place}].{name}"] = list((entry or {}).get(name) or ())
    return found


def decide_part(job: Job, decider: Decider, source: Source, part: Part, folder: Path) -> Tally:
    """Decide one part of a file, write its answers and rejects to `folder`, and return the tally.

    What is written takes its name only when it is whole; the tally comes last, so a part with a tally is done.
    """
    name = f"part-{part.place:05}"
    total, rejects, waiting = Tally(), list[Reject](), list[Any]()
    written = folder / f".{name}.parquet"
    settled = decider.settled
    with parquet_writer(written, decider.schema) as writer:
        for block in source.blocks(part):
            rows, numbers, bad = accepted(block, decider.setting)
            if bad and not job.skip:
                raise TableError("\n".join(refusal(job.path, reject) for reject in bad[:1]))
            rejects += bad
            answers = decider.answers(decider.planes(rows), rows.batch, numbers)
            total += Tally(block.read, rows.count, len(bad), 0, _counted(answers))
            waiting.append(answers)
            if sum(each.num_rows for each in waiting) >= _ROWS_TOGETHER:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=_ROWS_TOGETHER)
                waiting.clear()
        writer.write_table(pa.Table.from_batches(waiting, decider.schema), row_group_size=_ROWS_TOGETHER)
    total += Tally(settled=decider.settled - settled)
    if total.read != total.decided + total.rejected:
        raise TableError(f"{job.path}: {total.read} rows read, but {total.decided} decided, {total.rejected} rejected")
    if rejects:
        lines = [json.dumps(_reject_line(reject)) + "\n" for reject in rejects]
        whole(folder / f"_rejected-{part.place:05}.jsonl", "".join(lines))
    written.replace(folder / f"{name}.parquet")
    whole(folder / f"{name}.json", json.dumps(asdict(total)))
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


def whole(path: Path, text: str) -> None:
    """Write `text` to `path` so that it takes its name only when it is whole."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


Progress = Callable[[Tally], None]


def run(
    job: Job, *, workers: int | None = None, progress: Progress | None = None, spread: Spread | None = None
) -> dict[str, Any]:
    """Decide the file of `job` with `workers` processes and return the summary; raise TableError if it cannot be.

    A run that was interrupted is taken up after its last whole part if everything it depends on is the same. `spread`
    has the parts done elsewhere than in processes of this machine.
    """
    source = open_source(job.path)
    if job.out.exists():
        raise TableError(f"{job.out}: exists already; choose another name, or remove it first")
    folder = job.out.with_name(f"{job.out.name}.unfinished")
    try:
        done = _take_up(job, folder)
        total = sum(done.values(), Tally())
        if progress is not None:
            progress(total)
        open_parts = [part for part in source.parts if part.place not in done]
        work = PartDecider(job, source, folder)
        for tally in (spread or in_processes)(work, open_parts, workers or os.cpu_count() or 1):
            total += tally
            if progress is not None:
                progress(tally)
        summary = _summary(job, source, total)
        whole(folder / SUMMARY, json.dumps(summary, indent=2) + "\n")
        for left in (folder / _JOB, *folder.glob("part-*.json")):
            left.unlink()
        folder.rename(job.out)
    except OSError as error:
        raise TableError(f"{job.out}: cannot be written: {error.strerror or error}") from None
    except TableError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return summary


def _take_up(job: Job, folder: Path) -> dict[int, Tally]:
    """Return the parts that an interrupted run of the same job has done; make an empty folder otherwise."""
    mark = folder / _JOB
    if folder.exists() and not (mark.exists() and mark.read_text(encoding="utf-8") == job.fingerprint()):
        shutil.rmtree(folder)
    if not folder.exists():
        folder.mkdir(parents=True)
        whole(mark, job.fingerprint())
    tallies = sorted(folder.glob("part-*.json"))
    return {int(path.stem.removeprefix("part-")): Tally(**json.loads(path.read_text())) for path in tallies}


Result_co = TypeVar("Result_co", covariant=True)


class PartWork(Protocol[Result_co]):
    """Work on one part of a file; `prepare` is called once in each process, before the first part."""

    def prepare(self) -> None:
        """Make ready what all parts need."""

    def __call__(self, part: Part) -> Result_co:
        """Do the work on `part`."""


Spread = Callable[[PartWork[Tally], Sequence[Part], int], Iterator[Tally]]
"""What has work done on parts by so many workers, and yields what it returns."""


def in_processes(work: PartWork[Result_co], parts: Sequence[Part], workers: int) -> Iterator[Result_co]:
    """Yield what `work` returns for each of `parts`, in any order, done by so many processes."""
    workers = min(workers, len(parts))
    if workers <= 1:
        work.prepare()
        yield from map(work, parts)
        return
    # A forked process starts at once; where there are none, what the work needs is sent to it.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    with ProcessPoolExecutor(workers, multiprocessing.get_context(method), _prepare, (work,)) as pool:
        waiting: set[Future[Result_co]] = {pool.submit(_worker, part) for part in parts}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BrokenProcessPool:
            raise BvnError(
                "a worker process was killed, perhaps for want of memory; the same command takes up what is done"
            ) from None
        finally:
            for future in waiting:
                future.cancel()


_prepared: list[Any] = []


def _prepare(work: PartWork[Any]) -> None:
    pa.set_cpu_count(1)
    work.prepare()
    _prepared[:] = [work]


def _worker(part: Part) -> Any:
    return _prepared[0](part)


@dataclass
class PartDecider:
    """Decides parts of a file and writes their answers to a folder; doing a part again gives the same files."""

    job: Job
    source: Source
    folder: Path
    decider: Decider | None = None

    def prepare(self) -> None:
        """Ground the policy for this process."""
        self.decider = self.job.decider()

    def __call__(self, part: Part) -> Tally:
        """Decide `part`."""
        assert self.decider is not None
        return decide_part(self.job, self.decider, self.source, part, self.folder)


def _summary(job: Job, source: Source, total: Tally) -> dict[str, Any]:
    policy = policy_of(job.policy)
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
    }
