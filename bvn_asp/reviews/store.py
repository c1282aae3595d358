"""A store of reviews: what was decided is kept, what a person decides then is signed, and both can be read again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvn_asp.record.case import Case
from bvn_asp.report.document import document as decision_document
from bvn_asp.reviews import rows
from bvn_asp.reviews.database import Database
from bvn_asp.reviews.documents import Kept, Review, ReviewDocument, Signature, canonical, sha256_of, writable
from bvn_asp.reviews.outline import check_decision
from bvn_asp.reviews.signing import Final, checked

if TYPE_CHECKING:
    import sqlite3

    from bvn_asp.decision.decision import Decision

_AT_ONCE = 200
"""Entries that are read at once; a reader never keeps a writer waiting for longer."""


__all__ = ["Final", "Review", "Store"]


class Store:
    """The reviews in the file at `path`; with `create`, a new file is made if there is none.

    Everything that is added is there whole, on the disk, when the call returns; if it raises, nothing was added. Two
    can write at once: each waits for the other. Raises ReviewError if the file is no store, newer, damaged, or cannot
    be written.
    """

    def __init__(
        self, path: str | Path, *, create: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = Database(Path(path), create=create)
        self._now = now

    def keep(
        self, case: Case, decision: Decision, name: str = "", *, chosen: Mapping[str, str] | None = None,
        assume_absent: bool | None = None, given: Mapping[str, Any] | None = None,
    ) -> Kept:  # fmt: skip
        """Keep what was decided on `case`, which is called `name`, and return the entry.

        `chosen` and `assume_absent` are what `Engine.decide` was asked for; without `chosen`, every reading that is not
        the default. `given` are the fields as they were given; without them, the case is written out. What the case
        expects is no part of it.
        """
        questions = decision.policy.questions
        if chosen is None:
            chosen = {id: option for id, option in decision.readings.items() if option != questions[id].default}
        stated = self._stated(case, given)
        outcome = canonical(decision_document(decision, name))
        policy = decision.policy
        content = {
            **self._written(),
            "kind": "decision",
            "case": {"name": writable(name), "sha256": sha256_of(stated)},
            "policy": {
                "name": policy.name, "version": policy.version, "revised": policy.revised,
                "sha256": sha256_of(policy.text),
            },
            "readings": dict(chosen),
            "assume_absent": assume_absent,
            "outcome": {
                "recommendation": decision.recommendation,
                "eligibility": decision.eligibility,
                "requested": [body.name for body in decision.bodies if body.requested],
                "granted": list(decision.grants),
                "sha256": sha256_of(outcome),
            },
        }  # fmt: skip
        with self.database.writing() as connection:
            for text in (stated, outcome, policy.text):
                rows.put(connection, text)
            added = self._added(connection, content)
        assert isinstance(added, Kept)
        return added

    def sign(self, number: int, final: Final) -> Signature:
        """Add what a person decides on the decision that is entry `number`, which is locked by it.

        Raises ReviewError if it is signed already, or `final` does not fit it.
        """
        kept = self.entry(number)
        if isinstance(kept, Signature):
            raise self.database.wrong(f"entry {number} is a signature, of entry {kept.of}; amend it instead")
        return self._signed(kept, None, final, "")

    def amend(self, number: int, final: Final, why: str) -> Signature:
        """Add what a person decides instead of the signature that is entry `number`, and `why`.

        Raises ReviewError if that is amended already, or `final` does not fit the decision.
        """
        amended = self.entry(number)
        if isinstance(amended, Kept):
            raise self.database.wrong(f"entry {number} is a decision, no signature; sign it instead")
        if not why.strip():
            raise self.database.wrong("an amendment says why")
        kept = self.entry(amended.of)
        assert isinstance(kept, Kept)
        return self._signed(kept, number, final, why)

    def entry(self, number: int) -> Kept | Signature:
        """Return entry `number`; raise ReviewError if there is none."""
        found = next(self._entries(number - 1, 1), None) if 0 < number <= 1 << 60 else None
        if found is None or found.number != number:
            raise self.database.wrong(f"there is no entry {number}; `bvn reviews list` lists them")
        return found

    def entries(self, after: int = 0) -> Iterator[Kept | Signature]:
        """Yield the entries with a number beyond `after`, in their order."""
        while True:
            found = list(self._entries(after, _AT_ONCE))
            yield from found
            if len(found) < _AT_ONCE:
                return
            after = found[-1].number

    def reviews(self) -> list[Review]:
        """Return every decision with its signatures, in the order in which they were kept."""
        found: dict[int, Review] = {}
        for entry in self.entries():
            if isinstance(entry, Kept):
                found[entry.number] = Review(entry)
            elif entry.of in found:
                found[entry.of] = Review(found[entry.of].kept, (*found[entry.of].signatures, entry))
        return list(found.values())

    def review(self, number: int) -> Review:
        """Return the decision that is entry `number`, or that it signs, with its signatures; ReviewError if none."""
        entry = self.entry(number)
        kept = self.entry(entry.of) if isinstance(entry, Signature) else entry
        assert isinstance(kept, Kept)
        signatures: list[Signature] = []
        by: int | None = kept.number
        while by is not None:
            with self.database.reading() as connection:
                by = rows.locking(connection, by)
            found = self.entry(by) if by is not None else None
            if isinstance(found, Signature) and found.of == kept.number and found not in signatures:
                signatures.append(found)
            else:
                by = None
        return Review(kept, tuple(signatures))

    def document(self, entry: Kept | Signature) -> ReviewDocument:
        """Return `entry` as it is exported."""
        if isinstance(entry, Signature):
            return ReviewDocument(entry=entry)
        return ReviewDocument(entry=entry, given=self.given(entry), decision=self.decision(entry))

    def given(self, kept: Kept) -> dict[str, Any]:
        """Return what the case stated, as the fields of a case file."""
        return self._fields(kept.case.sha256)

    def case(self, kept: Kept) -> Case:
        """Return the case that was decided; raise ValueError if it cannot be read any more."""
        return Case.model_validate(self.given(kept))

    def decision(self, kept: Kept) -> dict[str, Any]:
        """Return what came out, as the document that it was then."""
        decided = self._fields(kept.outcome.sha256)
        try:
            check_decision(decided)
        except ValueError:
            raise self.database.wrong(f"the decision of entry {kept.number} is not one of this program") from None
        return decided

    def policy_text(self, kept: Kept) -> str:
        """Return the program of the policy that decided."""
        return self.content(kept.policy.sha256)

    def content(self, sha256: str) -> str:
        """Return the text with this hash; raise ReviewError if it is not there, or changed."""
        with self.database.reading() as connection:
            try:
                return rows.content(connection, sha256)
            except ValueError as error:
                raise self.database.wrong(
                    f"what an entry rests on {error} (sha256 {sha256[:12]}...); `bvn reviews verify` tells more"
                ) from None

    def _fields(self, sha256: str) -> dict[str, Any]:
        try:
            found = json.loads(self.content(sha256))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.database.wrong(f"what an entry rests on is not readable (sha256 {sha256[:12]}...)")
        return found

    def _entries(self, after: int, most: int) -> Iterator[Kept | Signature]:
        with self.database.reading() as connection:
            found = rows.rows_after(connection, after, most)
        for number, _, _, sha256, document in found:
            try:
                yield rows.entry_of(number, sha256, document)
            except ValueError as error:
                raise self.database.wrong(f"entry {number} {error}; `bvn reviews verify` tells more") from None

    def _signed(self, kept: Kept, amends: int | None, final: Final, why: str) -> Signature:
        try:
            content = checked(final, kept, self.decision(kept))
        except ValueError as error:
            raise self.database.wrong(f"entry {kept.number}: {error}") from None
        locked = kept.number if amends is None else amends
        with self.database.writing() as connection:
            by = rows.locking(connection, locked)
            if by is not None:
                raise self.database.wrong(
                    f"entry {locked} is {'signed' if amends is None else 'amended'} by entry {by}, and locked; "
                    f"that one can be amended: `bvn reviews amend {by}`"
                )
            content |= {"kind": "signature", "of": kept.number, "amends": amends, "why": writable(why.strip())}
            added = self._added(connection, self._written() | content, locked)
        assert isinstance(added, Signature)
        return added

    def _stated(self, case: Case, given: Mapping[str, Any] | None) -> str:
        """Return what is kept of `case`, after a look whether it will be read as the same case again."""
        without = case.model_copy(update={"expected": ()})
        content = without.model_dump(mode="json") if given is None else given
        text = canonical({field: value for field, value in content.items() if field != "expected"})
        if Case.model_validate(json.loads(text)) != without:
            raise self.database.wrong("the case cannot be kept: what was given of it does not state it")
        return text

    def _added(
        self, connection: sqlite3.Connection, fields: dict[str, Any], locked: int | None = None
    ) -> Kept | Signature:
        try:
            return rows.add(connection, fields, locked=locked)
        except ValueError as error:
            raise self.database.wrong(f"{error}; `bvn reviews verify` tells more") from None

    def _written(self) -> dict[str, str]:
        """Return when and by what an entry is written."""
        from bvn_asp import __version__

        at = self._now().astimezone(UTC)
        return {"at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "program": f"bvn {__version__}"}
