"""What a store of reviews survives: two writers at once, a kill at any moment, a full disk; nothing half, nothing lost.

Every process prints a receipt (number and hash) after an entry was kept. What was printed must be there later.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bvn_asp.errors import ReviewError
from bvn_asp.reviews import database
from bvn_asp.reviews.documents import Kept, Signature
from bvn_asp.reviews.signing import Final
from bvn_asp.reviews.store import Store
from bvn_asp.reviews.verification import verify
from tests.campaigns import sampled
from tests.sample_cases import place
from tests.test_reviews import DECIDED, SAMPLE, kept_in

ROOT = Path(__file__).parent.parent
KEEPING = f"""
import sys
from bvn_asp import decide, load_case
from bvn_asp.errors import ReviewError
from bvn_asp.reviews.store import Store
case = load_case({place(SAMPLE)!r})
decision = decide(case)
print("ready", flush=True)
sys.stdin.readline()
for count in range(int(sys.argv[2])):
    # Each with a decision of its own, so that there is more to write than an entry.
    entry = Store(sys.argv[1], create=True).keep(case, decision, f"{{sys.argv[3]}} {{count}}" + "-" * 5000)
    print(entry.number, entry.sha256, flush=True)
"""


def keeping(path: Path, count: int, name: str, before: str = "") -> subprocess.Popen[str]:
    """Start a process that will keep `count` decisions once it is told to."""
    script = [sys.executable, "-c", before + KEEPING, str(path), str(count), name]
    started = subprocess.Popen(
        script, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None and started.stdout.readline() == "ready\n"
    return started


def told(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def receipts(output: str) -> dict[int, str]:
    """Return what was printed as kept: the hash by number; a line that was cut off is none."""
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return {int(number): sha256 for number, sha256 in lines}


def there(path: Path) -> dict[int, str]:
    """Return the hash of every entry of an intact store by its number."""
    store = Store(path)
    found = verify(store)
    assert found.intact, found.problems
    for entry in store.entries():
        store.document(entry)
    return {entry.number: entry.sha256 for entry in store.entries()}


def test_writers_at_once_lose_nothing_from_a_file_that_none_of_them_found(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    writers = [keeping(path, 25, f"writer {name}") for name in "abc"]
    for writer in writers:
        told(writer)
    printed: dict[int, str] = {}
    for writer in writers:
        output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
        assert not printed.keys() & receipts(output).keys()
        printed |= receipts(output)
    assert len(printed) == 75 and there(path) == printed


def test_two_persons_at_once_do_not_both_sign(tmp_path: Path) -> None:
    store = Store(tmp_path / "reviews.db", create=True)
    kept = kept_in(store)
    script = (
        "import sys; from bvn_asp.reviews.store import Store; from bvn_asp.reviews.signing import Final\n"
        "store = Store(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        f"print(store.sign({kept.number}, Final(sys.argv[2], 'approve')).number)"
    )
    command = [sys.executable, "-c", script, str(store.database.path)]
    signers = [
        subprocess.Popen(
            [*command, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("A", "B", "C")
    ]
    for signer in signers:
        assert signer.stdout is not None and signer.stdout.readline() == "ready\n"
    for signer in signers:
        told(signer)
    ends = [(signer.communicate(timeout=60), signer.returncode) for signer in signers]
    assert sorted(code for _, code in ends) == [0, 1, 1]
    assert all("is signed by entry 2, and locked" in errors for (_, errors), code in ends if code)
    assert [type(entry) for entry in store.entries()] == [Kept, Signature]


@pytest.mark.parametrize("attempt", sampled(range(8), 1, 4))
def test_a_kill_at_any_moment_leaves_what_was_kept_and_nothing_half(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / "reviews.db"
    writer = keeping(path, 10_000, "writer")
    told(writer)
    time.sleep(0.01 + 0.083 * attempt)
    os.kill(writer.pid, signal.SIGKILL)
    output, _ = writer.communicate(timeout=60)
    printed = receipts(output)
    found = there(path) if path.exists() and path.stat().st_size else {}
    assert printed.items() <= found.items()
    # What was on its way when it was killed can be there, whole.
    assert len(found) <= len(printed) + 1
    # And the next one goes on after it.
    entry = kept_in(Store(path, create=True))
    assert entry.number == len(found) + 1 and there(path).keys() == {*found, entry.number}


SPILLING = """
import os, signal, sqlite3
from contextlib import contextmanager
from bvn_asp.reviews import database
connection = database.Database._connection
def small(self, *path):
    made = connection(self, *path)
    # Pages go into the file before the transaction is over, as they do when memory is short.
    made.execute("PRAGMA cache_size = 1")
    made.execute("PRAGMA cache_spill = 1")
    return made
database.Database._connection = small
whole = database._transaction
@contextmanager
def killed(connection):
    with whole(connection):
        yield
        if connection.execute("SELECT count(*) FROM entry").fetchone()[0] == 4:
            os.kill(os.getpid(), signal.SIGKILL)
database._transaction = killed
"""


def test_a_kill_between_the_pages_of_an_entry_takes_them_back(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    writer = keeping(path, 10, "writer", before=SPILLING)
    told(writer)
    output, _ = writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    # The journal that takes it back is there: something was indeed half written.
    journal = (tmp_path / "reviews.db-journal").stat()
    assert journal.st_size and stat.S_IMODE(journal.st_mode) == 0o600
    assert there(path) == receipts(output) and len(receipts(output)) == 3
    assert not (tmp_path / "reviews.db-journal").exists()


def limited(size: int) -> str:
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {resource.RLIM_INFINITY}))\n"


def test_a_file_that_cannot_grow_any_more_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    writer = keeping(path, 1000, "writer", before=limited(200_000))
    told(writer)
    output, errors = writer.communicate(timeout=60)
    assert writer.returncode == 1 and "is the disk full" in errors and "nothing of this was kept" in errors
    printed = receipts(output)
    assert len(printed) > 3 and there(path) == printed
    assert kept_in(Store(path)).number == len(printed) + 1


def test_a_database_without_a_free_page_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "reviews.db", create=True)
    kept_in(store)
    before = there(store.database.path)
    connect = database.Database._connection

    def full(self: database.Database) -> sqlite3.Connection:
        connection = connect(self)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    case, decision = DECIDED[SAMPLE]()
    with monkeypatch.context() as patched:
        patched.setattr(database.Database, "_connection", full)
        with pytest.raises(ReviewError, match="the disk is full; nothing of this was kept"):
            for count in range(50):
                store.keep(case, decision, f"{count}" + "-" * 5000)
                before = there(store.database.path)
    assert there(store.database.path) == before
    assert store.sign(1, Final("A. Reviewer", "approve")).number == len(before) + 1


def test_decide_on_a_full_disk_says_so_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    cases = place("deny_care_exactly_six_weeks").partition("#")[0]
    script = limited(130_000) + (
        "import sys; from bvn_asp.__main__ import main\n"
        f"sys.argv = ['bvn', 'decide', {cases!r}, '--brief', '--keep', {str(path)!r}]\nmain()"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 2 and "Traceback" not in found.stderr
    assert "nothing of this was kept" in found.stderr
    # What could not be kept is not shown as if it were.
    shown = [line for line in found.stdout.splitlines() if line.startswith(cases)]
    assert len(there(path)) == len(shown) and 1 < len(shown) < 15


def test_a_disk_without_room_for_a_new_store_is_left_as_it_was(tmp_path: Path) -> None:
    path, case = tmp_path / "reviews.db", place(SAMPLE)
    script = limited(6_000) + (
        "import sys; from bvn_asp.__main__ import main\n"
        f"sys.argv = ['bvn', 'decide', {case!r}, '--brief', '--keep', {str(path)!r}]\nmain()"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(f"{path}: ") and found.stderr.endswith("nothing of this was kept\n")
    assert list(tmp_path.iterdir()) == []


def test_a_view_in_the_place_of_a_table_is_refused_and_not_followed_without_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "reviews.db", create=True)
    kept_in(store)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE entry")
        connection.execute(
            f"CREATE VIEW entry AS {endless} "
            "SELECT x AS number, NULL AS locked, '' AS previous, '' AS sha256, '{}' AS document FROM n"
        )
    for read in (Store, lambda path: verify(store)):
        with pytest.raises(ReviewError, match=r"reviews\.db: its table entry was changed; go back to a copy of it"):
            read(store.database.path)
