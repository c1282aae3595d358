"""The SQLite file of a store: opened or made, read, and written in transactions that are there whole or not at all.

An entry is never changed or removed: triggers refuse it, and each entry holds the hash of the one before it. A
connection is opened for each use, so that a store can be used from several threads and processes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

from bvn_asp.errors import OutputError, ReviewError
from bvn_asp.output import whole_file

APPLICATION = 0x62766E72
"""What tells a store from another SQLite file, in the place that SQLite has for this."""
SCHEMA = 1
"""Version of the tables; a newer one is refused."""
FIRST = "0" * 64
"""What the first entry holds in the place of the hash of the one before it."""
PATIENCE = 30.0
"""Seconds to wait for another process that writes."""
PRIVATE = 0o600
"""A store holds data of patients: only its owner can read it."""

_TABLES = (
    # The number of the last entry stays on record (AUTOINCREMENT), so that removed ones are missed at the end, too.
    # What an entry signs or amends is `locked` by it, and nothing can be locked twice.
    """CREATE TABLE entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  locked INTEGER UNIQUE REFERENCES entry (number),
  previous TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL
)""",
    """CREATE TABLE content (
  sha256 TEXT PRIMARY KEY NOT NULL,
  packed BLOB NOT NULL
)""",
    # What takes the place of a row (INSERT OR REPLACE) fires no trigger about its removal: hence the last condition.
    f"""CREATE TRIGGER entry_goes_last BEFORE INSERT ON entry
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entry)
  OR NEW.previous IS NOT coalesce((SELECT sha256 FROM entry ORDER BY number DESC LIMIT 1), '{FIRST}')
  OR EXISTS (SELECT 1 FROM entry WHERE locked = NEW.locked OR sha256 = NEW.sha256)
BEGIN SELECT raise(ABORT, 'an entry goes after the last one'); END""",
    """CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry
BEGIN SELECT raise(ABORT, 'an entry is never changed'); END""",
    """CREATE TRIGGER entry_is_not_removed BEFORE DELETE ON entry
BEGIN SELECT raise(ABORT, 'an entry is never removed'); END""",
    """CREATE TRIGGER content_is_not_replaced BEFORE INSERT ON content
WHEN EXISTS (SELECT 1 FROM content WHERE sha256 IS NEW.sha256)
BEGIN SELECT raise(ABORT, 'a content is never changed'); END""",
    """CREATE TRIGGER content_is_not_changed BEFORE UPDATE ON content
BEGIN SELECT raise(ABORT, 'a content is never changed'); END""",
    """CREATE TRIGGER content_is_not_removed BEFORE DELETE ON content
BEGIN SELECT raise(ABORT, 'a content is never removed'); END""",
)
_FAILURES = {
    sqlite3.SQLITE_BUSY: f"another process has been writing to it for {PATIENCE:.0f} seconds; try again",
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this was kept",
    sqlite3.SQLITE_IOERR: "the system cannot read or write it (is the disk full?); nothing of this was kept",
    sqlite3.SQLITE_READONLY: "it cannot be written to; check the permissions of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the permissions of the file and of its folder",
    sqlite3.SQLITE_PERM: "it cannot be opened; check its permissions",
    sqlite3.SQLITE_NOTADB: "not a store of reviews",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; go back to a copy of it",
    sqlite3.SQLITE_ERROR: "the file is damaged, or its tables were changed; go back to a copy of it",
}


class Database:
    """The file of a store at `path`, which is made if there is none and `create` says so; see `Store`."""

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        if "\0" in str(path):
            raise self.wrong("no file can have this name")
        with self._telling():
            if create and not path.exists():
                self._create()
            size = path.stat().st_size
            if not path.is_file():
                raise self.wrong("not a regular file")
        if create and not size:
            # An empty file that somebody has made: two processes can both find it, and a lock decides between them.
            with self._telling(), closing(self._connection()) as connection, _transaction(connection):
                self._make(connection, path)
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that only reads; raise ReviewError if the file is no store that can be read."""
        with self._telling(), closing(self._connection()) as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of which everything is written at the end, or nothing; raise ReviewError as it fails."""
        with self._telling(), closing(self._connection()) as connection, _transaction(connection):
            self._check(connection)
            changed = altered(connection)
            if changed:
                raise self.wrong(f"{changed[0]}; nothing is added to it: `bvn reviews verify` tells more")
            yield connection

    def wrong(self, message: str) -> ReviewError:
        """Return the error that something is wrong with this store."""
        return ReviewError(f"{self.path}: {message}")

    def _create(self) -> None:
        """Make the file, whole or not at all, unless another process is first."""
        if not self.path.parent.is_dir():
            raise FileNotFoundError
        try:
            with (
                whole_file(self.path) as unfinished,
                closing(self._connection(unfinished)) as connection,
                _transaction(connection),
            ):
                self._make(connection, unfinished)
        except OutputError as error:
            if not os.path.lexists(self.path):
                raise ReviewError(str(error)) from None

    def _connection(self, path: Path | None = None) -> sqlite3.Connection:
        place = f"{(path or self.path).absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(place, timeout=PATIENCE, isolation_level=None, uri=True)
        # What a commit says is on the disk is there, its folder included. Nothing of a patient goes to other files,
        # and a store from elsewhere can run nothing.
        for setting in ("synchronous = EXTRA", "temp_store = MEMORY", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def _make(self, connection: sqlite3.Connection, path: Path) -> None:
        if _pragma(connection, "application_id") or _tables(connection):
            # Another process was first.
            return
        path.chmod(PRIVATE)
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def _check(self, connection: sqlite3.Connection) -> None:
        if _pragma(connection, "application_id") != APPLICATION:
            empty = not _tables(connection)
            raise self.wrong("an empty file, no store of reviews yet" if empty else "not a store of reviews")
        version = _pragma(connection, "user_version")
        if version > SCHEMA:
            raise self.wrong(
                f"written by a newer version of this program (tables of version {version}, known up to {SCHEMA}); "
                "use that version"
            )
        if version != SCHEMA:
            raise self.wrong("the file is damaged: there are no tables of version 0; go back to a copy of it")
        # A view in the place of a table could run for ever, and what is not made as ours cannot be read as ours.
        changed = [change for change in altered(connection) if change.startswith("its table ")]
        if changed:
            raise self.wrong(f"{changed[0]}; go back to a copy of it")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            # What SQLite says can repeat what the file holds.
            raise self.wrong(_FAILURES.get(code & 0xFF, _FAILURES[sqlite3.SQLITE_ERROR])) from None
        except UnicodeDecodeError:
            # Where even what SQLite says of the file cannot be read.
            raise self.wrong(_FAILURES[sqlite3.SQLITE_CORRUPT]) from None
        except FileNotFoundError:
            missing = "there is no such file" if self.path.parent.is_dir() else "there is no such folder"
            raise self.wrong(f"{missing}; `bvn decide CASE --keep FILE` makes a store in a folder") from None
        except OSError as error:
            raise self.wrong(f"it cannot be opened: {error.strerror or error}") from None


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def altered(connection: sqlite3.Connection) -> list[str]:
    """Return what was changed of the tables and triggers of a store, in words."""
    found = _tables(connection)
    made = {statement.split()[2]: statement for statement in _TABLES}
    return [
        *(f"its {_kind(made[name])} {name} is gone" for name in made if name not in found),
        *(f"its {_kind(made[name])} {name} was changed" for name in made if found.get(name, made[name]) != made[name]),
        *(f"something was added to its tables: {name}" for name in found if name not in made),
    ]


def _kind(statement: str) -> Literal["table", "trigger"]:
    return "trigger" if statement.startswith("CREATE TRIGGER") else "table"


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    return {str(name): str(sql) for name, sql in rows}


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
