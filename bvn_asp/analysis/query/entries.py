"""What a query can name of a record: the rows of the field table, and the kinds of entry that its lists have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bvn_asp.decision.conventions import STATUSES
from bvn_asp.policy.terms import Term, fill, pattern
from bvn_asp.record.anatomy import bodies_of
from bvn_asp.record.field import Field as Row
from bvn_asp.record.spans import MOMENTS
from bvn_asp.record.table import FINDING_KINDS, TABLE

_FINDINGS, _ABLATIONS = "findings.present[]", "ablations[]"
_WORDS = {"mri.modic_changes[]": "modic", "surgeries[]": "surgery", _ABLATIONS: "ablation"}
"""What an entry of a list is called; a finding is called by its kind."""


@dataclass(frozen=True)
class Entry:
    """An entry of a list of the record: its word, and the path of the list; one of ablations is told by its body."""

    word: str
    path: str

    @property
    def by_body(self) -> bool:
        """Whether it is told apart by body, and not by its place in the list."""
        return self.path == _ABLATIONS

    @property
    def prefix(self) -> str:
        """What a case file has before a field of it."""
        return f"findings.{self.word}" if self.path == _FINDINGS else self.path.removesuffix("[]")

    def entity(self, place: int) -> Term:
        """Return the entry at a place, as a term."""
        return ("finding", self.word, place) if self.path == _FINDINGS else (self.word, place)

    def there(self, place: int, body: str) -> Term:
        """Return the fact that it is there."""
        if self.by_body:
            return ("ablated", body.lower())
        return ("modic_present" if self.word == "modic" else "present", self.entity(place))


@dataclass(frozen=True)
class Field:
    """One field: its row of the table, and the entry it belongs to, if any."""

    row: Row
    entry: Entry | None = None

    @property
    def name(self) -> str:
        """Its whole name in a query."""
        return f"{self.entry.word}.{self.row.name}" if self.entry else self.row.path

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it can hold; none of a number."""
        if self.row.form == "answer":
            return ("yes", "no")
        return (*self.row.values, *(name for name, _ in self.row.groups))

    @property
    def listed(self) -> bool:
        """Whether it holds several words at once."""
        return self.row.form == "names"

    @property
    def is_choice(self) -> bool:
        """Whether it is one of several words, as the policy has it."""
        return self.row.form == "choice" and bool(self.row.term)

    @property
    def is_number(self) -> bool:
        """Whether it holds a number."""
        return self.row.form == "number"

    def terms(self, place: int, body: str, value: str = "") -> tuple[Term, ...]:
        """Return what it states, in the policy's words; a time at every moment, the earlier first."""
        shape = pattern(self.row.term)
        entity = "" if self.entry is None or self.entry.by_body else self.entry.entity(place)
        spots = MOMENTS if isinstance(shape, tuple) and "W" in shape else ("",)
        return tuple(fill(shape, X=entity, V=value or body.lower(), W=moment) for moment in spots)

    def stating(self, word: str, place: int, body: str) -> tuple[Term, ...]:
        """Return the inputs by which a record states that it is, or includes, `word`."""
        row = self.row
        if row.path.endswith(".status"):
            therapy = row.section.rpartition(".")[2]
            return tuple(("yes" if held else "no", (part, therapy)) for part, held in STATUSES[word].items())
        if row.form == "names":
            return tuple(("no" if row.denies else "yes", term) for term in self.terms(place, body, word))
        if row.form == "answer":
            return tuple((word, term) for term in self.terms(place, body))
        left = dict(row.groups).get(word, (word,))
        (choice,) = self.terms(place, body)
        return tuple(("ruled_out", choice, option) for option in row.values if option not in left)

    def subjects(self, place: int, body: str) -> tuple[Term, ...]:
        """Return all that it can state something of."""
        if self.row.path.endswith(".status"):
            return tuple(term[1] for term in self.stating("received", place, body) if isinstance(term, tuple))
        values = self.row.values if self.listed else ("",)
        found = [term for value in values for term in self.terms(place, body, value)]
        return (*found, *((("unmeasured", term) for term in found) if self.row.measured else ()))


def entries() -> Iterator[Entry]:
    """Yield the kinds of entry that the lists of a record have."""
    for kind in FINDING_KINDS:
        yield Entry(kind, _FINDINGS)
    for path, word in _WORDS.items():
        yield Entry(word, path)


def fields() -> Iterator[Field]:
    """Yield the fields that hold answers, words, lists of words or numbers, and say something to a policy."""
    for row in TABLE.plain:
        # Which findings are there, a query says of each kind by itself.
        if _speaks(row) and not row.path.startswith("findings."):
            yield Field(row)
    for entry in entries():
        for row in TABLE.lists[entry.path]:
            if _speaks(row) and (entry.path != _FINDINGS or not row.kinds or entry.word in row.kinds):
                yield Field(row, entry)


def _speaks(row: Row) -> bool:
    return row.form in ("answer", "choice", "names", "number") and (bool(row.term) or row.path.endswith(".status"))


def site_of(level: str) -> Term:
    """Return a body or disc as a term."""
    bodies = [body.lower() for body in bodies_of(level)]
    return ("disc", *bodies) if len(bodies) > 1 else bodies[0]
