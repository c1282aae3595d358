"""Words and lists of many cases: what each text leaves possible as bits, and the entries of lists one after another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bvn_asp.batch.columns import NONE, column_name, parts
from bvn_asp.batch.words import Flags, Whole, bits, offsets, pack, unpack, valid_flags
from bvn_asp.batch.words import answers as answer_words
from bvn_asp.record.anatomy import BODIES, LEVELS, SOMEWHERE, SPANNING_DISCS, bodies_of, lies_within
from bvn_asp.record.field import Field
from bvn_asp.record.models import reader
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.batch.kernel import Words

Masks = npt.NDArray[np.uint64]
PLACES = (*LEVELS, SOMEWHERE)
"""The vocabulary of levels."""
LEVEL_BIT = {level: np.uint64(1 << place) for place, level in enumerate(PLACES)}
"""One bit for each body and disc in a mask of levels."""
MOST_WORDS = 65_536
"""Most texts of a field whose meaning is remembered."""


def bodies_mask(bodies: Sequence[str]) -> np.uint64:
    """Return the levels that lie within `bodies`; somewhere from L3 to S1 lies within any."""
    found = 0
    for level, bit in LEVEL_BIT.items():
        if lies_within(level, bodies):
            found |= int(bit)
    return np.uint64(found)


def naming(bodies: Collection[str]) -> np.uint64:
    """Return the levels that name one of `bodies`."""
    named = [bit for level, bit in LEVEL_BIT.items() if not set(bodies).isdisjoint(bodies_of(level))]
    return np.uint64(np.bitwise_or.reduce(named))


SPANNING_BITS = np.uint64(np.bitwise_or.reduce([LEVEL_BIT[level] for level in SPANNING_DISCS]))
"""The levels that name a disc which is there only without the body between."""


@cache
def vocabulary(row: Field) -> tuple[str, ...]:
    """Return the words of a choice or list, in the order of their bits; in a list of names, none is the last."""
    if row.form == "levels":
        return PLACES
    if row.form == "bodies":
        return BODIES
    return (*row.values, NONE) if row.form == "names" and row.values else row.values


def place_of(row: Field, word: str) -> int:
    """Return the place of the bit of `word`."""
    return vocabulary(row).index(word)


@lru_cache(maxsize=MOST_WORDS)
def _mask(row: Field, text: str) -> int:
    """Return the bits of the words that `text` stands for in the field `row`; 0 if a case would not take it."""
    try:
        found = reader(row)(text)
    except ValueError:
        return 0
    if not vocabulary(row):
        return 1
    words: tuple[str, ...] = found if isinstance(found, tuple) else ()
    return sum(1 << place_of(row, word) for word in words or (NONE,))


def _kind(row: Field) -> type[np.generic]:
    sizes = ((8, np.uint8), (16, np.uint16), (32, np.uint32), (64, np.uint64))
    return next(kind for size, kind in sizes if len(vocabulary(row)) <= size)


def options(array: Any, row: Field) -> npt.NDArray[Any]:
    """Return which options of a choice each text of an Arrow `array` leaves, as bits; none if it says nothing."""
    return bits(array, lambda text: _mask(row, text), _kind(row))


def joined(join: np.ufunc, values: npt.NDArray[Any], rows: Whole, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `found` with the values of each row joined into it; `rows` ascends."""
    if len(rows):
        begins = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
        places = rows[begins]
        found[places] = join(found[places], join.reduceat(values, begins))
    return found


def ranks(rows: Whole) -> Whole:
    """Return how many entries of the same case come before each; `rows` ascends."""
    place = np.arange(len(rows))
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = rows[1:] != rows[:-1]
    return place - np.maximum.accumulate(np.where(begins, place, 0)) if len(rows) else place


class Texts:
    """A list column of texts: the items of every list as bits, by their place in the vocabulary of the field."""

    def __init__(self, array: Any, row: Field) -> None:
        self.count, self.row = len(array), row
        self.sizes = np.zeros(self.count, np.int64)
        self.masks: Masks = np.zeros(self.count, np.uint64)
        self.strange = np.zeros(self.count, np.bool_)
        """Which lists hold a null, or a text that a case would not take."""
        self.known = np.zeros(self.count, np.bool_)
        """Which lists say anything."""
        if array.null_count == self.count:
            return
        starts, items = offsets(array)
        self.sizes = np.diff(starts)
        self.known = self.sizes > 0
        full = np.flatnonzero(self.sizes)
        if not len(full):
            return
        found = options(items, row)
        self.masks[full] = np.bitwise_or.reduceat(found, starts[full])
        if not found.all():
            self.strange[np.repeat(np.arange(self.count), self.sizes)[found == 0]] = True

    def has(self, word: str) -> Flags:
        """Return which lists name `word`."""
        return bit(self.masks, place_of(self.row, word))


def bit(masks: npt.NDArray[Any], place: int) -> Flags:
    """Return where the bit at `place` is set."""
    flags: Flags = (masks & masks.dtype.type(1 << place)) != 0
    return flags


class Entries:
    """The list column of the list at `path`, and where it is said that there is none to list."""

    def __init__(self, path: str, array: Any, none: Words) -> None:
        self.path, self.none = path, none
        if array.null_count == len(array):
            array = pa.array([[] for _ in range(len(array))], array.type)
        starts, self._items = offsets(array)
        self.sizes = np.diff(starts)
        self.rows: Whole = np.repeat(np.arange(len(array)), self.sizes)
        self.count = len(self.rows)
        self._cache: dict[tuple[str, str], Any] = {}

    @cached_property
    def rank(self) -> Whole:
        """How many entries of the same case come before each."""
        return ranks(self.rows)

    @cached_property
    def present(self) -> Flags:
        """Where an entry is not null."""
        return valid_flags(self._items)

    def field(self, name: str) -> Field:
        """Return the field of the table that the entries call `name`."""
        return TABLE.by_path[f"{self.path}.{name}"]

    def cell(self, name: str, suffix: str = "") -> Any:
        """Return the Arrow array of the field `name` of each entry, or of its part in `suffix`."""
        row = self.field(name)
        column = column_name(row.path, suffix)
        places = {field.name: place for place, field in enumerate(self._items.type)}
        if column not in places:
            return pa.nulls(self.count, dict(parts(row))[suffix])
        # Below an entry that is null anything may lie.
        fields = self._items.flatten() if self._items.null_count else None
        return self._items.field(places[column]) if fields is None else fields[places[column]]

    def answers(self, name: str) -> tuple[Flags, Flags]:
        """Return which entries say yes to the field `name`, and which say no."""
        key = ("answers", name)
        if key not in self._cache:
            yes, no = answer_words(self.cell(name))
            self._cache[key] = unpack(yes, self.count), unpack(no, self.count)
        found: tuple[Flags, Flags] = self._cache[key]
        return found

    def options(self, name: str) -> npt.NDArray[Any]:
        """Return the options that the choice `name` of each entry leaves, as bits."""
        key = ("options", name)
        if key not in self._cache:
            self._cache[key] = options(self.cell(name), self.field(name))
        found: npt.NDArray[Any] = self._cache[key]
        return found

    def texts(self, name: str) -> Texts:
        """Return the list field `name` of each entry."""
        key = ("texts", name)
        if key not in self._cache:
            self._cache[key] = Texts(self.cell(name), self.field(name))
        found: Texts = self._cache[key]
        return found

    def listed(self, wanted: Flags) -> Words:
        """Return the cases that have one of the entries `wanted`."""
        flags = np.zeros(len(self.sizes), np.bool_)
        flags[self.rows[wanted]] = True
        return pack(flags)
