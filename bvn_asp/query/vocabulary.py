"""What a query can name of a record: its fields as case files write them, and the inputs that each value states.

Nothing is listed here: names and values come from the models of a record, and what a value states is found by
translating a record that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from bvn_asp.case import Case
from bvn_asp.facts import facts_for
from bvn_asp.policy import Policy
from bvn_asp.query.entries import SAMPLE, SAMPLE_BODY, Entry, Field, Path, entries, fields, model_of, put
from bvn_asp.shape import Shape
from bvn_asp.solve import facts_of
from bvn_asp.terms import Term, name_of

Claim = tuple[Term, bool]
"""An input, and whether it holds."""
Claims = tuple[tuple[Claim, ...], ...]
"""Claims of which one group holds as a whole."""


MOST_KEPT = 4_000
"""Most translations that a vocabulary keeps."""


class Vocabulary:
    """The names of one policy's records with room `room`."""

    def __init__(self, policy: Policy, room: Shape) -> None:
        self.policy, self.room = policy, room
        self._stated: dict[str, frozenset[Term]] = {}
        self.entries = {entry.word: entry for entry in entries()}
        # Which findings are there, a query says of each kind by itself.
        plain = (field for field in fields(Case, ()) if field.path[0] != "findings")
        found = [*plain, *(f for e in self.entries.values() for f in fields(model_of(e.path), (), e))]
        self.fields = {field.name: field for field in found if self._reaches(field)}
        self._aliases = {
            f"{'.'.join(map(str, f.entry.path))}.{f.name.split('.', 1)[1]}": f
            for f in self.fields.values()
            if f.entry is not None and "findings" not in f.entry.path
        } | {f"findings.{f.name}": f for f in self.fields.values() if f.entry and "findings" in f.entry.path}

    @cached_property
    def quantities(self) -> dict[Term, str]:
        """The quantity of every number."""
        rows = facts_of(self.policy.text, tuple(self.room.terms()), [("number", 2)])["number"]
        return {number: str(quantity) for number, quantity in rows}

    @cached_property
    def names(self) -> list[str]:
        """Every name of a field or an entry."""
        return [*self.entries, *self.fields]

    def find(self, name: str) -> list[Field]:
        """Return the fields that `name`, whole or the end of a name, can mean."""
        exact = self.fields.get(name) or self._aliases.get(name)
        if exact is not None:
            return [exact]
        found = {f.name: f for n, f in (*self.fields.items(), *self._aliases.items()) if n.endswith(f".{name}")}
        short = f".{name}.status"
        return list(found.values()) or [f for f in self.fields.values() if f".{f.name}".endswith(short)]

    def claims(self, field: Field, word: str, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that a field holds `word`; of a list, that it includes it."""
        value: Any = {"yes": True, "no": False}.get(word, word)
        held = self._claimed(field, [value] if field.listed else value, body)
        if field.listed:
            held = frozenset(term for term in held if name_of(term) == "yes")
        return self._at_places(field.entry, held, body, place)

    def unknown(self, field: Field, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that a field is not stated, while its entry is there: `stated` is any form of input."""
        samples = field.words or (str(SAMPLE),)
        values = [{"yes": True, "no": False}.get(word, word) for word in samples]
        held = {term for v in values for term in self._claimed(field, [v] if field.listed else v, body)}
        subjects = sorted({term[1] for term in held if isinstance(term, tuple)}, key=str)
        there = self._at_places(field.entry, frozenset(), body, place)
        indices = [1] if field.entry is None else self._indices(field.entry, place)
        return tuple(
            (*group, *((("stated", _moved(subject, index)), False) for subject in subjects))
            for group, index in zip(there, indices, strict=True)
        )

    def presence(self, entry: Entry, answer: bool, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that an entry is there, or that there is none."""
        if answer:
            # A list is filled from its start, so that its first place is taken if any is.
            return self._at_places(entry, frozenset(), body, place or 1)
        absent = tuple((("no", subject), True) for subject in self._subjects(entry, body, place or 1))
        return (absent,)

    def presence_unknown(self, entry: Entry, *, body: str = "") -> Claims:
        """Return what it means that the record does not state whether an entry is there."""
        return (tuple((("stated", subject), False) for subject in self._subjects(entry, body, 1)),)

    def placed(self, entry: Entry, level: str, *, place: int = 0) -> Claims:
        """Return what it means that an entry lies at `level`; nothing if the policy does not ask where."""
        held = self._stated_by(entry.base, (*entry.path, 0, "levels"), [level]) - self._stated_by(entry.base)
        there = frozenset(term for term in held if name_of(term) == "yes")
        return self._at_places(entry, there, "", place) if there else ()

    def numbers(self, field: Field, value: Decimal) -> tuple[Term, ...]:
        """Return the numbers that a field states; raise ValueError if it cannot hold `value`."""
        held = self._claimed(field, str(value), "")
        return tuple(sorted((t[1] for t in held if isinstance(t, tuple) and t[0] == "value"), key=str))

    @cached_property
    def _number_fields(self) -> dict[Term, Field]:
        numbers = (field for field in self.fields.values() if field.is_number)
        return {number: field for field in numbers for number in self.numbers(field, SAMPLE)}

    @property
    def moments(self) -> list[tuple[Term, Term]]:
        """The pairs of numbers that one field states at two moments, the earlier moment first."""
        terms = {field.name: sorted(self.numbers(field, SAMPLE), key=str) for field in self._number_fields.values()}
        return [(two[1], two[0]) for two in terms.values() if len(two) == 2]

    def can_hold(self, number: Term, value: Decimal) -> bool:
        """Tell whether a record can state `value` as this number."""
        field = self._number_fields.get(_moved(number, 1))
        try:
            return field is not None and bool(self.numbers(field, value))
        except ValueError:
            return False

    def places(self, field: Field, number: Term, place: int) -> Iterator[tuple[tuple[Claim, ...], Term]]:
        """Yield a number once for each place of its entry, with what must hold for the place to be there."""
        if field.entry is None:
            yield (), number
            return
        for index in self._indices(field.entry, place):
            (group,) = self.presence(field.entry, True, place=index)
            yield group, _moved(number, index)

    def _reaches(self, field: Field) -> bool:
        """Tell whether the policy hears of a field at all."""
        try:
            if field.is_number:
                return bool(self.numbers(field, SAMPLE))
            claims = self.claims(field, field.words[0], body=SAMPLE_BODY)
        except ValueError:
            return False
        return any(claims) and all(name_of(term) != "assumed_absent" for group in claims for term, _ in group)

    def _claimed(self, field: Field, value: Any, body: str) -> frozenset[Term]:
        entry = field.entry
        if entry is None:
            return self._stated_by({}, field.path, value)
        base = _with_body(entry, body)
        return self._stated_by(base, (*entry.path, 0, *field.path), value) - self._stated_by(base)

    def _stated_by(self, base: Mapping[str, Any], path: Path = (), value: Any = None) -> frozenset[Term]:
        key = repr((base, path, value))
        if key not in self._stated:
            record = put(base, path, value) if path else base
            try:
                case = Case.model_validate(record)
            except ValidationError as error:
                raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
            if len(self._stated) >= MOST_KEPT:
                self._stated.clear()
            self._stated[key] = frozenset(facts_for(case, self.policy, {}, shape=self.room).stated)
        found = self._stated[key]
        return found if not path or base else found - self._stated_by({})

    def _subjects(self, entry: Entry, body: str, place: int) -> list[Term]:
        """Return what says that an entry is there."""
        held = self._stated_by(_with_body(entry, body)) - self._stated_by({})
        return [_moved(t[1], place) for t in sorted(held, key=str) if isinstance(t, tuple) and t[0] == "yes"]

    def places_of(self, entry: Entry) -> int:
        """Return for how many of its kind there is room; bodies are told apart by name."""
        room = {"modic": self.room.modic, "surgery": self.room.surgeries}.get(entry.word, self.room.findings)
        return 1 if entry.by_body else room

    def _indices(self, entry: Entry, place: int) -> list[int]:
        return [place] if place else list(range(1, self.places_of(entry) + 1))

    def _at_places(self, entry: Entry | None, held: frozenset[Term], body: str, place: int) -> Claims:
        ordered = sorted(held, key=str)
        if entry is None:
            return (tuple((term, True) for term in ordered),)
        return tuple(
            (
                *((("yes", subject), True) for subject in self._subjects(entry, body, index)),
                *((_moved(term, index), True) for term in ordered),
            )
            for index in self._indices(entry, place)
        )


def _moved(term: Term, place: int) -> Term:
    """Return `term` about the entry at another place."""
    if not isinstance(term, tuple):
        return term
    if term[0] in ("modic", "surgery") and len(term) == 2 and isinstance(term[1], int):
        return (term[0], place)
    if term[0] == "finding" and len(term) == 3:
        return (term[0], term[1], place)
    return tuple(_moved(part, place) for part in term)


def _with_body(entry: Entry, body: str) -> Mapping[str, Any]:
    return put(entry.base, (*entry.path, 0, "bodies"), [body]) if body and entry.by_body else entry.base
