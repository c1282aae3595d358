"""Lists of many cases: their entries one after another, each with the case it belongs to and its rank there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bvn_asp.batch.words import Flags, Whole, codes, lookup, offsets, unpack, valid_flags, valid_words
from bvn_asp.batch.words import answers as answer_words
from bvn_asp.batch.words import days as day_values
from bvn_asp.batch.words import numbers as number_values
from bvn_asp.spine import BODIES, bodies_of, discs_between

LEVELS: tuple[str, ...] = (*BODIES, *(f"{upper}-{lower}" for upper, lower in discs_between(BODIES)))
"""Every body and disc; one bit each in a mask of levels."""
LEVEL_BIT = {level: np.uint64(1 << place) for place, level in enumerate(LEVELS)}
Masks = npt.NDArray[np.uint64]


def bodies_mask(bodies: Sequence[str]) -> np.uint64:
    """Return the levels that lie within `bodies`."""
    found = 0
    for level, bit in LEVEL_BIT.items():
        if set(bodies_of(level)) <= set(bodies):
            found |= int(bit)
    return np.uint64(found)


_KINDS: tuple[tuple[int, type[np.generic]], ...] = (
    (8, np.uint8), (16, np.uint16), (32, np.uint32), (64, np.uint64),
)  # fmt: skip
"""The least kind of number with so many bits."""


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
    """A list column of texts: the items of every list as bits, by their place in a vocabulary."""

    def __init__(self, array: Any, vocabulary: Sequence[str]) -> None:
        self.count, self.known = len(array), valid_flags(array)
        self.sizes = np.zeros(self.count, np.int64)
        self.masks: Masks = np.zeros(self.count, np.uint64)
        self.strange = np.zeros(self.count, np.bool_)
        """Which lists hold a null, or a text that the vocabulary does not have."""
        if array.null_count == self.count:
            return
        starts, items = offsets(array)
        self.sizes = np.diff(starts)
        full = np.flatnonzero(self.sizes)
        if not len(full):
            return
        kind = next(kind for size, kind in _KINDS if len(vocabulary) <= size)
        bits = lookup(items, {word: 1 << place for place, word in enumerate(vocabulary)}, 0, kind)
        if items.null_count:
            bits[~valid_flags(items)] = 0
        self.masks[full] = np.bitwise_or.reduceat(bits, starts[full])
        if not bits.all():
            self.strange[np.repeat(np.arange(self.count), self.sizes)[bits == 0]] = True


class Entries:
    """A list column of structs."""

    def __init__(self, array: Any) -> None:
        self.cases = len(array)
        self.known_words = valid_words(array)
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

    def _field(self, name: str) -> Any:
        places = {field.name: place for place, field in enumerate(self._items.type)}
        if name not in places:
            return None
        # Below an entry that is null anything may lie.
        fields = self._items.flatten() if self._items.null_count else None
        return self._items.field(places[name]) if fields is None else fields[places[name]]

    def answers(self, name: str) -> tuple[Flags, Flags]:
        """Return which entries say yes to the field `name`, and which say no."""
        key = ("answers", name)
        if key not in self._cache:
            array = self._field(name)
            if array is None or array.null_count == len(array):
                nothing = np.zeros(self.count, np.bool_)
                self._cache[key] = nothing, nothing
            else:
                yes, no = answer_words(array)
                self._cache[key] = unpack(yes, self.count), unpack(no, self.count)
        found: tuple[Flags, Flags] = self._cache[key]
        return found

    def known(self, name: str) -> Flags:
        """Return which entries state the field `name`."""
        array = self._field(name)
        return np.zeros(self.count, np.bool_) if array is None else valid_flags(array)

    def words(self, name: str, vocabulary: Sequence[str]) -> npt.NDArray[np.int8]:
        """Return the place in `vocabulary` of the field `name` of each entry."""
        key = ("words", name)
        if key not in self._cache:
            array = self._field(name)
            self._cache[key] = np.full(self.count, -1, np.int8) if array is None else codes(array, vocabulary)
        found: npt.NDArray[np.int8] = self._cache[key]
        return found

    def texts(self, name: str, vocabulary: Sequence[str]) -> Texts:
        """Return the list field `name` of each entry."""
        key = ("texts", name)
        if key not in self._cache:
            array = self._field(name)
            empty = pa.nulls(self.count, pa.list_(pa.string()))
            self._cache[key] = Texts(empty if array is None else array, vocabulary)
        found: Texts = self._cache[key]
        return found

    def masks(self, name: str, vocabulary: Sequence[str]) -> tuple[Masks, Flags]:
        """Return the items of the list field `name` of each entry as bits, and where the list is known."""
        key = ("masks", name)
        if key not in self._cache:
            texts = self.texts(name, vocabulary)
            self._cache[key] = texts.masks, texts.known
        found: tuple[Masks, Flags] = self._cache[key]
        return found

    def numbers(self, name: str) -> tuple[Whole, Flags]:
        """Return the number field `name` of each entry in millionths, and where it is known."""
        array = self._field(name)
        return number_values(pa.nulls(self.count, pa.decimal128(12, 6)) if array is None else array)

    def days(self, name: str) -> tuple[Whole, Flags]:
        """Return the date field `name` of each entry, and where it is known."""
        array = self._field(name)
        return day_values(pa.nulls(self.count, pa.date32()) if array is None else array)
