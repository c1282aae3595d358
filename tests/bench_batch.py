"""Ratios of batches, each measured in one run on the same file.

    python -m tests.bench_batch [CASES] [--growth] [--keep FOLDER]

`bvn batch` is timed end to end in a process that has imported everything, with all criteria and bodies out, against:
pyarrow reading the same input and writing the same output columns; DuckDB running the compiled SQL with the same
outputs to Parquet; and deciding one at a time. The recommendation alone is timed against a hand-written Polars
expression of it. `--growth` times 10^4 to 10^7 cases, with the peak of memory.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bvn_asp.batch.content import case_of
from bvn_asp.batch.generate import write
from bvn_asp.batch.parts import Job, run
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.table_writers import parquet_writer
from bvn_asp.decision.engine import Engine
from bvn_asp.policy.loading import shipped_path, shipped_policy

POLICY = shipped_path().read_text(encoding="utf-8")


def seconds(act: Callable[[], object], times: int = 3) -> float:
    """Return the least time that `act` takes of some tries."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - started)
    return best


def batch(path: Path, folder: Path, *, whole: bool = True) -> Path:
    """Decide the file at `path` as `bvn batch` does, into a new folder."""
    out = folder / ("whole" if whole else "alone")
    shutil.rmtree(out, ignore_errors=True)
    run(Job(path, out, POLICY, whole=whole))
    return out


def through_pyarrow(path: Path, answers: Path, folder: Path) -> float:
    """Return how long pyarrow takes to read the input and to write the answers, which it is given."""
    found = pq.read_table(answers)

    def write_answers() -> None:
        with parquet_writer(folder / "answers.parquet", found.schema) as writer:
            writer.write_table(found)

    return seconds(lambda: pq.read_table(path)) + seconds(write_answers)


def through_duckdb(path: Path, folder: Path) -> float:
    """Return how long DuckDB takes for the compiled SQL from Parquet to Parquet."""
    import duckdb

    from bvn_asp.batch.sql import query

    text = query(Setting(shipped_policy()), "duckdb")
    base = duckdb.connect()
    base.execute(f"CREATE VIEW cases AS SELECT * FROM '{path}'")
    return seconds(lambda: base.execute(f"COPY ({text}) TO '{folder / 'duckdb.parquet'}' (FORMAT parquet)"), 1)


def one_at_a_time(path: Path, count: int = 400) -> float:
    """Return how long deciding takes for one case, its row already read, in a process that has met such cases."""
    engine = Engine(shipped_policy())
    first = next(pq.ParquetFile(path).iter_batches(2 * count))
    cases = [case_of(row) for row in first.to_pylist()]
    for case in cases[:count]:
        engine.decide(case)
    return seconds(lambda: [engine.decide(case) for case in cases[count:]], 1) / (len(cases) - count)


@contextlib.contextmanager
def folder_of(kept: Path | None) -> Iterator[Path]:
    """Yield the folder to work in: a new one that is removed at the end, or the one to keep."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)


def made(folder: Path, count: int) -> Path:
    """Return a file of so many synthetic cases."""
    path = folder / f"cases-{count}.parquet"
    if not path.exists():
        write(shipped_policy(), count, 1, "usual", path)
    return path


def ratios(folder: Path, count: int) -> None:
    """Print the ratios."""
    from tests.polars_rules import recommend

    path = made(folder, count)
    own = seconds(lambda: batch(path, folder))
    alone = seconds(lambda: batch(path, folder, whole=False))
    say(f"{count:,} cases: all answers {own:.2f} s, the recommendation alone {alone:.2f} s")
    pyarrow = through_pyarrow(path, batch(path, folder), folder)
    say(f"pyarrow reads and writes the same in {pyarrow:.2f} s: {pyarrow / own:.2f} times our time (goal 0.5)")
    one = one_at_a_time(path)
    say(f"one at a time {one * 1e3:.2f} ms a case: {one * count / own:,.0f} times our time (goal 1,000)")
    polars = seconds(lambda: recommend(path, folder / "polars.parquet"), 1)
    say(f"Polars, the recommendation alone: {polars:.2f} s, {polars / alone:.2f} times our time (goal 1.5)")
    duckdb = through_duckdb(path, folder)
    say(f"DuckDB runs the compiled SQL in {duckdb:.2f} s: {duckdb / own:.1f} times our time (goal 5)")


def growth(folder: Path) -> None:
    """Print time and memory for 10^4 to 10^7 cases, each in a process of its own."""
    for power in range(4, 8):
        path, out = made(folder, 10**power), folder / "grown"
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-m", "bvn_asp", "batch", str(path), "-o", str(out)]
        started = time.perf_counter()
        peak = most_memory(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        took = time.perf_counter() - started
        say(f"10^{power}: {took:.2f} s, {took / 10**power * 1e6:.2f} us a case, at most {peak / 1e6:,.0f} MB")


def most_memory(process: subprocess.Popen[Any]) -> int:
    """Wait for `process` and return the most bytes that it and its children held; what they share counts once."""
    most = 0
    while process.poll() is None:
        found = 0
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        with contextlib.suppress(OSError):
            for pid in [str(process.pid), *children.read_text().split()]:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                found += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        most = max(most, found)
        time.sleep(0.05)
    return most or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=int, nargs="?", default=2_000_000)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with folder_of(asked.keep) as place:
        growth(place) if asked.growth else ratios(place, asked.cases)
