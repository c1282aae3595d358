"""Entries and contents as rows of the database.

A content is a longer text that entries rest on: a case, a decision, a policy. Each is kept once, compressed, under the
hash of what it says. What reads raises ValueError for a row that is not what was written.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from bvn_asp.reviews.database import FIRST
from bvn_asp.reviews.documents import REVIEW, Kept, Signature, canonical, read_entry, sha256_of

if TYPE_CHECKING:
    import sqlite3

MOST_BYTES = 400_000_000
"""Most bytes of a content, far beyond those of any case: a store from elsewhere cannot fill the memory."""


def put(connection: sqlite3.Connection, text: str) -> str:
    """Keep `text` unless it is there already, and return its hash."""
    sha256 = sha256_of(text)
    if connection.execute("SELECT 1 FROM content WHERE sha256 = ?", (sha256,)).fetchone() is None:
        packed = zlib.compress(text.encode("utf-8", "surrogatepass"))
        connection.execute("INSERT INTO content VALUES (?, ?)", (sha256, packed))
    return sha256


def content(connection: sqlite3.Connection, sha256: str) -> str:
    """Return the text that has this hash."""
    row = connection.execute("SELECT packed FROM content WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise ValueError("is missing")
    return unpacked(row[0], sha256)


def unpacked(packed: object, sha256: str) -> str:
    """Return the text that is kept as `packed` under this hash."""
    try:
        if not isinstance(packed, bytes):
            raise ValueError
        text = zlib.decompressobj().decompress(packed, MOST_BYTES).decode("utf-8", "surrogatepass")
        if sha256_of(text) != sha256:
            raise ValueError
    except (ValueError, zlib.error):
        raise ValueError("was changed") from None
    return text


def add(connection: sqlite3.Connection, fields: dict[str, Any], *, locked: int | None = None) -> Kept | Signature:
    """Add an entry with these fields, which goes after the last one and locks entry `locked`; return it."""
    last = connection.execute("SELECT number, sha256, document FROM entry ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (1, FIRST) if last is None else (last[0] + 1, last[1])
    if last is not None:
        try:
            entry_of(*last)
        except ValueError as error:
            raise ValueError(f"entry {last[0]} {error}, and nothing is added after it") from None
    text = canonical({"schema": REVIEW, "number": number, "previous": previous, **fields})
    sha256 = sha256_of(text)
    # What cannot be read again is not kept.
    entry = read_entry(text, sha256)
    connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (number, locked, previous, sha256, text))
    return entry


def locking(connection: sqlite3.Connection, number: int) -> int | None:
    """Return the number of the entry that locks entry `number`, if one does."""
    row = connection.execute("SELECT number FROM entry WHERE locked = ?", (number,)).fetchone()
    return None if row is None else int(row[0])


def rows_after(connection: sqlite3.Connection, number: int, most: int) -> list[tuple[int, int | None, str, str, str]]:
    """Return the next rows: number, what is locked, hash of the entry before, hash, document."""
    return connection.execute(
        "SELECT number, locked, previous, sha256, document FROM entry WHERE number > ? ORDER BY number LIMIT ?",
        (number, most),
    ).fetchall()


def entry_of(number: int, sha256: object, document: object) -> Kept | Signature:
    """Return the entry of a row."""
    try:
        if not isinstance(document, str) or not isinstance(sha256, str) or sha256_of(document) != sha256:
            raise ValueError
        entry = read_entry(document, sha256)
        if entry.number != number:
            raise ValueError
    except (ValueError, RecursionError):
        raise ValueError("was changed") from None
    return entry
