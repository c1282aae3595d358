"""What a query can name of a record: its fields as case files write them, and the inputs by which each is stated.

Nothing is listed here: names and values come from the field table, as far as a policy asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.entries import Entry, Field, entries, fields, site_of
from bvn_asp.policy.program import facts_of
from bvn_asp.policy.terms import Term
from bvn_asp.record.forms import reader

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

Claim = tuple[Term, bool]
"""An input, and whether it holds."""
Claims = tuple[tuple[Claim, ...], ...]
"""Claims of which one group holds as a whole."""
SAMPLE_BODY = "L4"


class Vocabulary:
    """The names of one policy's records with room `room`."""

    def __init__(self, policy: Policy, room: Shape) -> None:
        self.policy, self.room = policy, room
        rows = facts_of(policy.text, tuple(room.terms()), [("fact", 1), ("number", 2), ("choice", 2), ("closable", 1)])
        self._closable = {row[0] for row in rows.pop("closable")}
        self.quantities: dict[Term, str] = {number: str(quantity) for number, quantity in rows["number"]}
        """The quantity of every number."""
        self._known = {row[0] for found in rows.values() for row in found}
        self.entries = {entry.word: entry for entry in entries()}
        self.fields = {field.name: field for field in fields() if self._reaches(field)}
        self._aliases = {f"{f.entry.prefix}.{f.row.name}": f for f in self.fields.values() if f.entry is not None}

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
        """Return what it means that a field is `word`, and nothing else; of a list, that it includes it."""
        return self._at_places(
            field.entry, body, place, lambda index: ((term, True) for term in field.stating(word, index, body))
        )

    def possible(self, field: Field, word: str, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that something is stated of a choice, and leaves `word` possible."""

        def held(index: int) -> Iterator[Claim]:
            (choice,) = field.terms(index, body)
            yield ("stated", choice), True
            yield ("ruled_out", choice, word), False

        return self._at_places(field.entry, body, place, held)

    def measured(self, field: Field, answer: bool, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that the test which gives a number was made, or was not."""
        word = "no" if answer else "yes"
        return self._at_places(
            field.entry, body, place,
            lambda index: (((word, ("unmeasured", term)), True) for term in field.terms(index, body)),
        )  # fmt: skip

    def unknown(self, field: Field, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that a field is not stated, while its entry is there: `stated` is any form of input.

        Nor is it taken as absent from a complete record.
        """
        assumed = ("assumed_absent",) if field.row.closable else ()
        return self._at_places(
            field.entry, body, place,
            lambda index: (
                ((form, subject), False) for subject in field.subjects(index, body) for form in ("stated", *assumed)
            ),
        )  # fmt: skip

    def presence(self, entry: Entry, answer: bool, *, body: str = "", place: int = 0) -> Claims:
        """Return what it means that an entry is there, or that there is none."""
        if answer:
            return self._at_places(entry, body, place, lambda index: ())
        # A list is filled from its start, so that there is nothing behind a place that is empty.
        return (((("no", entry.there(place or 1, body)), True),),)

    def presence_unknown(self, entry: Entry, *, body: str = "") -> Claims:
        """Return what it means that the record does not state whether an entry is there."""
        there = entry.there(1, body)
        assumed = ("assumed_absent",) if there in self._closable else ()
        return (tuple(((form, there), False) for form in ("stated", *assumed)),)

    def placed(self, entry: Entry, level: str, *, place: int = 0) -> Claims:
        """Return what it means that an entry lies at `level`; nothing if the policy does not ask where."""
        site = site_of(level)
        if entry.by_body or ("at", entry.entity(1), site) not in self._known:
            return ()
        return self._at_places(entry, "", place, lambda index: ((("yes", ("at", entry.entity(index), site)), True),))

    def numbers(self, field: Field, value: Decimal) -> tuple[Term, ...]:
        """Return the numbers that a field states at its first place; raise ValueError if it cannot hold `value`."""
        reader(field.row)(value)
        return field.terms(1, SAMPLE_BODY)

    @cached_property
    def _number_fields(self) -> dict[Term, Field]:
        numbers = (field for field in self.fields.values() if field.is_number)
        return {
            number: field
            for field in numbers
            for index in self._indices(field.entry, 0)
            for number in field.terms(index, SAMPLE_BODY)
        }

    @property
    def moments(self) -> list[tuple[Term, Term]]:
        """The pairs of numbers that one field states at two moments, the earlier moment first."""
        terms = (field.terms(1, "") for field in self.fields.values() if field.is_number)
        return [(two[0], two[1]) for two in terms if len(two) == 2]

    def can_hold(self, number: Term, value: Decimal) -> bool:
        """Tell whether a record can state `value` as this number, or as a bound of it."""
        field = self._number_fields.get(number)
        return field is not None and field.row.low <= value <= field.row.high

    def places(self, field: Field, number: Term, place: int) -> Iterator[tuple[tuple[Claim, ...], Term]]:
        """Yield a number once for each place of its entry, with what must hold for the place to be there."""
        if field.entry is None:
            yield (), number
            return
        for index in self._indices(field.entry, place):
            (group,) = self.presence(field.entry, True, place=index)
            yield group, field.terms(index, "")[0]

    def _reaches(self, field: Field) -> bool:
        """Tell whether the policy hears of a field at all."""
        return any(subject in self._known for subject in field.subjects(1, SAMPLE_BODY))

    def places_of(self, entry: Entry) -> int:
        """Return for how many of its kind there is room; bodies are told apart by name."""
        room = {"modic": self.room.modic, "surgery": self.room.surgeries}.get(entry.word) or self.room.room(entry.word)
        return 1 if entry.by_body else room

    def _indices(self, entry: Entry | None, place: int) -> list[int]:
        if entry is None:
            return [1]
        return [place] if place else list(range(1, self.places_of(entry) + 1))

    def _at_places(self, entry: Entry | None, body: str, place: int, held: Callable[[int], Iterable[Claim]]) -> Claims:
        """Return what holds of the entry at each of its places, with that it is there."""
        return tuple(
            (*(() if entry is None else ((("yes", entry.there(index, body)), True),)), *held(index))
            for index in self._indices(entry, place)
        )
