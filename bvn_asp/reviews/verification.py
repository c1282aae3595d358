"""Whether a store is as it was written: every entry and what it rests on by its hash, and the chain without a gap."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from bvn_asp.reviews import rows
from bvn_asp.reviews.database import FIRST, altered
from bvn_asp.reviews.documents import Kept, ProblemDocument, Signature, VerificationDocument

if TYPE_CHECKING:
    from bvn_asp.reviews.store import Store

_AT_ONCE = 200


def verify(store: Store, head: str = "") -> VerificationDocument:
    """Return whether nothing in `store` was changed or removed; `head` is a hash, or its beginning, noted earlier.

    A chain that was made anew from the start is noticed by `head` alone. Raises ReviewError if the file is damaged so
    that it cannot be read.
    """
    chain = _Chain()
    problems: list[ProblemDocument] = []
    with store.database.reading() as connection:
        check = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if check != "ok":
            raise store.database.wrong("the file is damaged; go back to a copy of it")
        problems += (ProblemDocument(number=None, problem=what) for what in altered(connection))
        # One snapshot of all: a writer waits with its last step until it is read.
        connection.execute("BEGIN")
        wrong = list(chain.entries(connection))
        # What entries rest on that are gone or unreadable is named by none: that is said of the entries.
        problems += [*wrong, *(item for item in chain.contents(connection) if item.number is not None or not wrong)]
    if head and not any(sha256.startswith(head.lower()) for sha256 in chain.hashes):
        problems.append(
            ProblemDocument(number=None, problem=f"no entry has the hash {head}: entries were removed or made anew")
        )
    return VerificationDocument(
        intact=not problems,
        entries=len(chain.hashes),
        decisions=sum(isinstance(entry, Kept) for entry in chain.found.values()),
        signatures=sum(isinstance(entry, Signature) for entry in chain.found.values()),
        head=chain.hashes[-1] if chain.hashes else FIRST,
        problems=tuple(problems),
    )


class _Chain:
    """What was found of a chain so far: the hashes of its rows, and the entries that could be read."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.found: dict[int, Kept | Signature] = {}
        self._locked: dict[int, int] = {}

    def entries(self, connection: sqlite3.Connection) -> Iterator[ProblemDocument]:
        """Yield what is wrong with the entries."""
        last, previous = 0, FIRST
        while found := rows.rows_after(connection, last, _AT_ONCE):
            for number, locked, before, sha256, document in found:
                if number != last + 1:
                    gap = f"entry {last + 1} is" if number == last + 2 else f"entries {last + 1} to {number - 1} are"
                    yield ProblemDocument(number=None, problem=f"{gap} missing")
                elif before != previous:
                    yield ProblemDocument(number=number, problem="does not continue the entry before it")
                try:
                    entry = rows.entry_of(number, sha256, document)
                    self.found[number] = entry
                    if entry.previous != before or self._locks(entry) != locked:
                        raise ValueError("was changed")
                except ValueError as error:
                    yield ProblemDocument(number=number, problem=str(error))
                last, previous = number, str(sha256)
                self.hashes.append(previous)
        written = 0
        with suppress(sqlite3.OperationalError, TypeError):
            written = int(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()[0])
        if written > last:
            yield ProblemDocument(number=None, problem=f"entries are missing at the end: {written} were written")
        elif written < last:
            yield ProblemDocument(number=None, problem=f"the count of entries was changed: it says {written}")

    def contents(self, connection: sqlite3.Connection) -> Iterator[ProblemDocument]:
        """Yield what is wrong with what the entries rest on."""
        named: dict[str, tuple[int, str]] = {}
        for number, entry in self.found.items():
            if isinstance(entry, Kept):
                named.setdefault(entry.case.sha256, (number, "the case"))
                named.setdefault(entry.outcome.sha256, (number, "the decision"))
                named.setdefault(entry.policy.sha256, (number, "the policy"))
        seen: set[str] = set()
        for sha256, packed in connection.execute("SELECT sha256, packed FROM content"):
            seen.add(sha256)
            if sha256 not in named:
                yield ProblemDocument(number=None, problem=f"no entry names the content {str(sha256)[:12]}...")
                continue
            number, what = named[sha256]
            try:
                rows.unpacked(packed, sha256)
            except ValueError as error:
                yield ProblemDocument(number=number, problem=f"{what} {error}")
        for sha256, (number, what) in named.items():
            if sha256 not in seen:
                yield ProblemDocument(number=number, problem=f"{what} is missing")

    def _locks(self, entry: Kept | Signature) -> int | None:
        """Return what `entry` locks; raise ValueError if it locks what it cannot."""
        if isinstance(entry, Kept):
            return None
        locked = entry.of if entry.amends is None else entry.amends
        target = self.found.get(locked)
        fits = isinstance(target, Kept) if entry.amends is None else isinstance(target, Signature)
        if target is not None and (not fits or (isinstance(target, Signature) and target.of != entry.of)):
            raise ValueError(f"signs or amends entry {locked}, which it cannot")
        if self._locked.setdefault(locked, entry.number) != entry.number:
            raise ValueError(f"signs or amends entry {locked}, as entry {self._locked[locked]} does")
        return locked
