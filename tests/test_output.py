"""What is written is whole or not there, whoever else writes, and however a run ends."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bvn_asp.batch.table_writers import write_cases
from bvn_asp.cli.interruption import Interruption
from bvn_asp.errors import OutputError
from bvn_asp.output import MARK, file_names, unfinished_folder, whole_file, whole_folder, write_file, write_folder
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from tests.campaigns import sampled
from tests.sample_cases import samples

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "cases" / "approve_two_bodies.yaml"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


STARTED: list[subprocess.Popen[str]] = []
"""The processes that a test or fixture has started and not seen the end of."""


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command as the leader of a group of its own, so that it can be killed with all that it starts."""
    command = [sys.executable, "-m", "bvn_asp", *(os.fspath(each) for each in arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}
    STARTED.append(subprocess.Popen(command, **{**streams, **options}, start_new_session=True))
    return STARTED[-1]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=150)
    STARTED.remove(process)
    return process.returncode, out, errors


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    """Kill what a test that fails leaves at work, workers too."""
    yield
    while STARTED:
        process = STARTED.pop()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def until(holds: Any) -> None:
    for _ in range(24_000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("waited in vain")


def hears_interrupts(pid: int) -> bool:
    """Tell whether Python has come so far as to hear SIGINT; earlier it ends by it, as any program does."""
    caught = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")]
    return bool(int(caught[0].split()[1], 16) & 1 << signal.SIGINT - 1)


# Files.


def test_a_file_is_new_and_whole_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "page.html", "é\udcff")
    assert contents(tmp_path) == {"a/b/page.html": "é\\udcff"}
    with pytest.raises(OutputError, match=r"page\.html: there already; nothing is written over"):
        write_file(tmp_path / "a" / "b" / "page.html", "other")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="there already"):
        write_file(tmp_path / "link", "other")
    with pytest.raises(OutputError, match=r"page\.html/c: cannot be written: Not a directory"):
        write_file(tmp_path / "a" / "b" / "page.html" / "c", "other")
    assert contents(tmp_path) == {"a/b/page.html": "é\\udcff"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ValueError])
def test_an_error_of_any_kind_leaves_no_file(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), whole_file(tmp_path / "x") as unfinished:
        unfinished.write_text("half")
        raise error
    assert not list(tmp_path.iterdir())


def test_what_appears_while_a_file_is_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "no links here")

    for name in ("linked", "renamed"):
        if name == "renamed":
            monkeypatch.setattr(os, "link", no_links)
            write_file(tmp_path / "whole", "whole")
        with pytest.raises(OutputError, match="there already"), whole_file(tmp_path / name) as unfinished:
            unfinished.write_text("ours")
            (tmp_path / name).write_text("theirs")
    assert contents(tmp_path) == {"linked": "theirs", "renamed": "theirs", "whole": "whole"}


def test_two_exports_into_one_file_give_one_whole_file_and_one_refusal(tmp_path: Path) -> None:
    run = [start("export", ROOT / "cases", "-o", tmp_path / "x.jsonl") for _ in range(2)]
    codes, _, errors = zip(*map(ended, run), strict=True)
    assert sorted(codes) == [0, 2]
    assert any(words in "".join(errors) for words in ("another run is writing it", "there already"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == len(samples())


def test_the_second_writer_is_refused_while_the_first_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bvn_asp.output._PATIENCE", 0.1)
    with whole_file(tmp_path / "x") as unfinished:
        unfinished.write_text("first")
        with pytest.raises(OutputError, match="x: another run is writing it"), whole_file(tmp_path / "x"):
            pass
    with whole_folder(tmp_path / "f") as folder:
        folder.write("y", "first")
        with pytest.raises(OutputError, match="f: another run is writing it"), whole_folder(tmp_path / "f"):
            pass
    assert contents(tmp_path) == {"x": "first", "f/y": "first"}


def test_what_a_killed_run_left_of_a_file_is_used_again(tmp_path: Path) -> None:
    (tmp_path / ".x.bvn-unfinished").write_text("of a run that was killed, and longer")
    write_file(tmp_path / "x", "whole")
    assert contents(tmp_path) == {"x": "whole"}


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.jsonl", "x.csv", "folder"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    def small() -> None:
        # A file system that is full answers the same way, but needs rights to make.
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    code, _, errors = ended(start("export", SAMPLE, "-o", tmp_path / name, preexec_fn=small))
    assert code == 2 and errors.endswith("cannot be written: File too large\n") and name in errors
    assert not list(tmp_path.iterdir())


# Folders.


def test_a_folder_is_new_or_empty_and_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "deep/new"):
        assert write_folder(tmp_path / name, [("a", "1"), ("b", "2")])[1] == tmp_path / name / "b"
        assert contents(tmp_path / name) == {"a": "1", "b": "2"}
    with pytest.raises(OutputError, match="not an empty folder"):
        write_folder(tmp_path / "empty", [("c", "3")])

    def failing() -> Any:
        yield "a", "1"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "half", failing())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "empty"]


def test_a_folder_that_is_not_ours_is_never_touched(tmp_path: Path) -> None:
    theirs = tmp_path / "x.unfinished"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"x\.unfinished: there already, and not left by this program"):
        write_folder(tmp_path / "x", [("a", "1")])
    assert contents(tmp_path) == {"x.unfinished/thesis.txt": "years of work"}


def test_a_folder_is_taken_up_by_the_same_key_alone_and_without_what_was_half_written(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "x", "key", useless=ValueError) as folder:
            folder.write("a", "1")
            folder.note("done", "a")
            (folder.apart / "b").write_text("half")
            raise KeyboardInterrupt
    left = unfinished_folder(tmp_path / "x")
    with whole_folder(tmp_path / "x", "key") as later:
        assert contents(left) == {"a": "1", f"{MARK}/done": "a", f"{MARK}/lock": "key"}
        with pytest.raises(OutputError, match="cannot be written: No such file"):
            folder.write("a", "of a process that has outlived the first run")
        later.write("b", "2")
    assert contents(tmp_path) == {"x/a": "1", "x/b": "2"}
    for key in ("one", "other"):
        with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "y", key, useless=()) as folder:
            assert contents(folder.path) == {f"{MARK}/lock": key}
            folder.write("a", "1")
            raise KeyboardInterrupt
    with pytest.raises(ValueError, match="useless"), whole_folder(tmp_path / "y", "other", useless=ValueError):
        raise ValueError("useless")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of so many parts that a batch is met at work, each of so few cases that it never takes long."""
    path = tmp_path_factory.mktemp("table") / "cases.parquet"
    made = path.with_name("made.parquet")
    assert ended(start("generate", "750", "--seed", "5", "-o", made))[0] == 0
    pq.write_table(pq.read_table(made), path, row_group_size=25)
    return path


@pytest.fixture(scope="module")
def expected(table: Path) -> Any:
    assert ended(start("batch", table, "-o", table.with_name("expected")))[0] == 0
    return pq.read_table(table.with_name("expected"))


def test_two_batches_into_one_folder_give_one_whole_folder_and_one_refusal(
    table: Path, expected: pa.Table, tmp_path: Path
) -> None:
    runs = [start("batch", table, "-o", tmp_path / "out", "--workers", "1") for _ in range(2)]
    codes, _, errors = zip(*map(ended, runs), strict=True)
    assert sorted(codes) == [0, 2]
    assert any(words in "".join(errors) for words in ("another run is writing it", "not an empty folder"))
    assert pq.read_table(tmp_path / "out").equals(expected)
    assert sorted(path.name for path in (tmp_path / "out").iterdir())[0] == "_summary.json"


def test_a_killed_batch_leaves_no_process_and_is_taken_up(table: Path, expected: pa.Table, tmp_path: Path) -> None:
    run = start("batch", table, "-o", tmp_path / "out", "--workers", "2")
    until(lambda: list(tmp_path.glob(f"out.unfinished/{MARK}/part-*.json")))
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    # Its workers share the lock, so this waits for them too, and not until all parts are done.
    started = time.monotonic()
    with (tmp_path / "out.unfinished" / MARK / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert time.monotonic() - started < 30
    done = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out.unfinished/.bvn/part-*.json")}
    parts = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out.unfinished/part-*")}
    assert 0 < len(done) < 30 and not (tmp_path / "out").exists()
    assert ended(start("batch", table, "-o", tmp_path / "out"))[0] == 0
    assert pq.read_table(tmp_path / "out").equals(expected)
    kept = [name.replace("json", "parquet") for name in done]
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == parts[name] for name in kept)
    assert {path.suffix for path in tmp_path.glob("out/.*")} == set() and len(list(tmp_path.iterdir())) == 1


def test_an_interrupted_batch_says_one_line_and_ends_its_workers(table: Path, tmp_path: Path) -> None:
    run = start("batch", table, "-o", tmp_path / "out", "--workers", "2")
    until(lambda: list(tmp_path.glob(f"out.unfinished/{MARK}/part-*.json")))
    os.killpg(run.pid, signal.SIGINT)
    code, _, errors = ended(run)
    assert code == 130
    assert errors == f"interrupted; the same command takes up what is done in {tmp_path / 'out'}.unfinished\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)


# Names.


def test_ids_become_names_that_are_safe_and_unlike_each_other() -> None:
    ids = ["a.b", "a.c", "x/y", "x y", "../../etc", ".hidden", "A.B", "a.b", "a.b-2", "", None, "é", "\udcff", "\0\n",
           "cases/deep/case.yaml", "other/case.YAML", ".yaml", "CON:*?", "%2F"]  # fmt: skip
    names = list(file_names(ids, ".json"))
    assert names == [
        "a.b.json", "a.c.json", "x%2Fy.json", "x%20y.json", "%2E.%2F..%2Fetc.json", "%2Ehidden.json", "A.B-2.json",
        "a.b-3.json", "a.b-2-2.json", "case-10.json", "case-11.json", "%C3%A9.json", "%FF.json", "%00%0A.json",
        "case.json", "case-2.json", "%2Eyaml.json", "CON%3A%2A%3F.json", "%252F.json",
    ]  # fmt: skip
    long = list(file_names(["x" * 500 + "1", "x" * 500 + "2"], ".json"))
    assert len(set(long)) == 2 and all(len(name) < 130 for name in long)
    assert len({name.lower() for name in file_names(["a"] * 20_000, "")}) == 20_000


def test_exported_cases_keep_their_ids_apart(tmp_path: Path) -> None:
    case = load_case(SAMPLE)
    write_cases([("2024.1", case), ("2024.2", Case()), ("a/b", case)], tmp_path / "t.parquet")
    assert ended(start("export", tmp_path / "t.parquet", "-o", tmp_path / "out"))[0] == 0
    assert {path.name: load_case(path) == case for path in (tmp_path / "out").iterdir()} == {
        "2024.1.json": True, "2024.2.json": False, "a%2Fb.json": True,
    }  # fmt: skip
    again = ended(start("export", tmp_path / "t.parquet", "-o", tmp_path / "out"))
    assert again[0] == 2 and "not an empty folder; nothing is written over" in again[2]


# Streams, names of files, memory and interrupts.


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_end_in_no_traceback(closed: str, tmp_path: Path) -> None:
    for command in (f"decide '{SAMPLE}'", f"export '{SAMPLE}' -o '{tmp_path}/{len(closed)}.csv'"):
        run = subprocess.run(
            ["sh", "-c", f"'{sys.executable}' -m bvn_asp {command} {closed}"],
            capture_output=True, text=True, env=ENVIRONMENT, check=False,
        )  # fmt: skip
        told = "the output cannot be written: standard output is closed\n"
        assert run.returncode == (2 if ">&-" in closed.split() else 0)
        assert run.stderr == (told if closed == ">&-" else "")


def test_file_names_that_are_not_utf_8_are_read_and_written(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff.yaml")
    odd.write_bytes(SAMPLE.read_bytes())
    table, other, answers = (
        os.fsdecode(os.fsencode(tmp_path) + end) for end in (b"/\xfe.parquet", b"/\xfe.csv", b"/\xfd")
    )
    for arguments in (
        ["decide", odd], ["decide", odd, "--json"], ["decide", tmp_path, "--brief"],
        ["test", odd], ["whatif", odd],
        ["export", odd, "-o", table], ["export", table, "-o", other],
        ["export", table, "-o", tmp_path / "\udcfc"], ["batch", table, "-o", answers],
    ):  # fmt: skip
        code, out, errors = ended(start(*arguments))
        assert (code, errors) == (0, ""), arguments
        assert out.encode("utf-8")
    names = sorted(os.fsencode(path.name) for path in tmp_path.iterdir())
    assert names == [b"\xfc", b"\xfd", b"\xfe.csv", b"\xfe.parquet", b"\xff.yaml"]


def test_exhausted_memory_is_said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    from bvn_asp.cli.terminal import guarded

    def act() -> None:
        raise MemoryError

    with pytest.raises(SystemExit) as end:
        guarded(act)
    assert end.value.code == 2 and capfd.readouterr().err.startswith("the memory is exhausted")


class Dismantled:
    """An object that is interrupted while it is taken apart; Python drops what is raised there."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def pyclingo_callback() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("act", [Dismantled, pyclingo_callback])
def test_an_interrupt_where_it_would_be_dropped_is_heard_later(act: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Interruption():
        act()
        time.sleep(10)
        pytest.fail("never heard")
    with pytest.raises(KeyboardInterrupt), Interruption():
        act()
    assert capfd.readouterr().err == ""


INTERRUPTED_IN_CLINGO = """
import signal, time
import clingo
from bvn_asp.cli.interruption import Interruption

heard = []
def told(code, message):
    heard.append(message)
    signal.raise_signal(signal.SIGINT)
try:
    with Interruption():
        control = clingo.Control(logger=told)
        control.add("base", [], "a :- b. c :- d.")
        control.ground([("base", [])])
        time.sleep(10)
except KeyboardInterrupt:
    print("interrupted after", len(heard), "messages")
"""


def test_an_interrupt_while_clingo_calls_back_does_not_end_the_process() -> None:
    found = subprocess.run([sys.executable, "-c", INTERRUPTED_IN_CLINGO], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "interrupted after 2 messages\n", "")


@pytest.mark.parametrize(
    "command",
    sampled(
        [["audit"], ["atlas"], ["diff", "--only-source", "3"], ["find", "deny", "--count", "--limit", "90000"]], 0, 3
    ),
)
@pytest.mark.parametrize("seconds", sampled([2.2, 0.5], 0))
def test_every_command_ends_at_an_interrupt_with_a_line_and_130(command: list[str], seconds: float) -> None:
    run = start(*command)
    until(lambda: hears_interrupts(run.pid))
    time.sleep(seconds)
    run.send_signal(signal.SIGINT)
    code, _, errors = ended(run)
    assert code == 130 and errors.startswith("interrupted") and errors.count("\n") == 1
