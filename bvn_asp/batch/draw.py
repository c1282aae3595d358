"""What synthetic cases are drawn from: flags, words, numbers beside limits, levels and lists, by whole columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bvn_asp.batch.columns import NUMBER, domains, schema
from bvn_asp.batch.entries import LEVELS
from bvn_asp.batch.words import Flags, Whole, pack
from bvn_asp.policy import Policy

BLOCK = 65_536
"""Rows that are made at once; the cases of a seed are the same whatever the number asked for."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Habit:
    """How often fields depart from what the policy asks, are unknown in a record that is not well kept, and so on."""

    departs: float
    unknown: float
    careless: float
    dated: float
    odd_levels: float
    entries: tuple[float, ...]
    limits: float


class Draw:
    """Draws the columns of one block into `made`."""

    def __init__(self, policy: Policy, habit: Habit, random: np.random.Generator, name: str) -> None:
        self.habit, self.random, self.count, self.name = habit, random, BLOCK, name
        self.limits: dict[str, list[int]] = {}
        for (_, quantity), limit in policy.thresholds.items():
            self.limits.setdefault(quantity, []).append(limit)
        self.careless = self.chance(habit.careless)
        self.made: dict[str, Any] = {}

    def chance(self, share: float, count: int | None = None) -> Flags:
        """Return flags that hold with a chance of `share`."""
        return self.random.random(self.count if count is None else count, dtype=np.float32) < share

    def unknown(self, rows: Whole | None = None) -> Flags:
        """Return where a record that is not well kept leaves a field out."""
        careless = self.careless if rows is None else self.careless[rows]
        return careless & self.chance(self.habit.unknown, len(careless))

    def flags(self, usual: bool, rows: Whole | None = None, departs: float | None = None) -> Any:
        """Return answers that are mostly `usual`."""
        unknown = self.unknown(rows)
        value = self.chance(self.habit.departs if departs is None else departs, len(unknown)) ^ usual
        return pa.Array.from_buffers(
            pa.bool_(), len(value), [pa.py_buffer(pack(~unknown)), pa.py_buffer(pack(value))]
        )  # fmt: skip

    def words(
        self, vocabulary: Sequence[str], usual: Mapping[str, float], rows: Whole | None = None, rate: float = 2
    ) -> Any:
        """Return words: the usual ones by weight, and any other where a case departs."""
        unknown = self.unknown(rows)
        weights = np.cumsum([usual.get(word, 0.0) for word in vocabulary])
        draw = self.random.random(len(unknown), dtype=np.float32) * weights[-1]
        found = np.searchsorted(weights, draw, side="right").astype(np.int32)
        departs = self.chance(self.habit.departs * rate, len(unknown))
        found[departs] = self.random.integers(len(vocabulary), size=int(departs.sum()))
        return pa.DictionaryArray.from_arrays(pa.array(found, mask=unknown), pa.array(vocabulary))

    def column(self, name: str, usual: Mapping[str, float]) -> Any:
        """Return a column of words, the usual ones by weight."""
        return self.words(domains()[name].words, usual)

    def near(self, quantity: str, values: Whole, rate: float | None = None) -> Whole:
        """Move some of `values` to a limit of the quantity, or beside it."""
        limits = np.array(self.limits.get(quantity, [0]))
        moved = self.chance(self.habit.limits * self.habit.departs * 4 if rate is None else rate, len(values))
        number = int(moved.sum())
        values[moved] = self.random.choice(limits, number) + self.random.choice([-1, 0, 0, 1, 4000], number)
        return values

    def amounts(self, low: float, high: float, count: int | None = None) -> Whole:
        """Return numbers of one decimal from `low` to `high`."""
        tenths = self.random.integers(int(low * 10), int(high * 10), self.count if count is None else count)
        found: Whole = tenths.astype(np.int64) * (MILLION // 10)
        return found

    def numbers(self, values: Whole, unknown: Flags | None = None, rows: Whole | None = None) -> Any:
        """Return numbers as a column."""
        unknown = self.unknown(rows) if unknown is None else unknown
        return decimals(values, ~unknown)

    def rare(self, name: str, share: float) -> Any:
        """Return a column of words that few cases state."""
        vocabulary = domains()[name].words
        found = self.random.integers(len(vocabulary), size=self.count).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(found, mask=~self.chance(share)), pa.array(vocabulary))

    def several(self, vocabulary: Sequence[str], rows: Whole, count: int, most: int) -> Any:
        """Return a list column: up to `most` different words for the lists `rows`, null for the others."""
        sizes = np.zeros(count, np.int64)
        sizes[rows] = self.random.integers(0, most + 1, len(rows))
        total = int(sizes.sum())
        starts = np.concatenate([[0], np.cumsum(sizes)])
        into = np.arange(total) - np.repeat(starts[:-1], sizes)
        first = np.repeat(self.random.integers(len(vocabulary), size=count), sizes)
        found = ((first + into) % len(vocabulary)).astype(np.int32)
        null = np.ones(count, np.bool_)
        null[rows] = False
        return lists(starts, pa.DictionaryArray.from_arrays(pa.array(found), pa.array(vocabulary)), null)

    def levels(self, rows: Whole) -> Any:
        """Return the levels of entries: one or two neighbours, mostly from L3 to S1."""
        count = len(rows)
        usual = [LEVELS.index(level) for level in ("L3", "L4", "L5", "S1", "L3-L4", "L4-L5", "L5-S1")]
        first = self.random.choice(usual, count)
        odd = self.chance(self.habit.odd_levels, count)
        bodies = [
            LEVELS.index(level)
            for level in ("T12", "L1", "L2", "L6", "L2-L3", "L5-L6", "L6-S1", "L1-L2", "S1-S2", "T8")
        ]
        first[odd] = self.random.choice(bodies[: -2 if self.habit.odd_levels < 0.1 else None], int(odd.sum()))
        sizes = np.where(self.unknown(rows), 0, 1 + self.chance(0.3, count))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        into = np.arange(int(sizes.sum())) - np.repeat(starts[:-1], sizes)
        second = self.random.choice(usual, count)
        second = np.where(second == first, LEVELS.index("L2"), second)
        found = np.where(into == 0, np.repeat(first, sizes), np.repeat(second, sizes)).astype(np.int32)
        return lists(starts, pa.DictionaryArray.from_arrays(pa.array(found), pa.array(LEVELS)), sizes == 0)

    def sizes(self, allowed: Flags) -> tuple[Whole, Whole]:
        """Return how many entries each case has, and the case of each entry."""
        weights = np.cumsum(self.habit.entries)
        drawn = np.searchsorted(weights, self.random.random(self.count, dtype=np.float32) * weights[-1], side="right")
        sizes = np.where(allowed, drawn, 0)
        return sizes, np.repeat(np.arange(self.count), sizes)

    def struct(self, name: str, rows: Whole, sizes: Whole, null: Flags, fields: dict[str, Any]) -> None:
        """Keep a list column of structs; fields that are not given are null."""
        type = schema().field(name).type.value_type
        arrays = [fields.get(field.name, pa.nulls(len(rows), field.type)) for field in type]
        items = pa.StructArray.from_arrays(
            [a.cast(f.type) for a, f in zip(arrays, type, strict=True)], fields=list(type)
        )
        self.made[name] = lists(np.concatenate([[0], np.cumsum(sizes)]), items, null)


def decimals(values: Whole, known: Flags) -> Any:
    """Return millionths as an Arrow array of decimals."""
    halves = np.empty((len(values), 2), np.int64)
    halves[:, 0], halves[:, 1] = values, values >> 63
    halves[~known] = 0
    return pa.Array.from_buffers(NUMBER, len(values), [pa.py_buffer(pack(known)), pa.py_buffer(halves)])


def dates(values: Whole, known: Flags) -> Any:
    """Return days from 1 January 1970 on as an Arrow array."""
    return pa.array(values.astype(np.int32), mask=~known).cast(pa.date32())


def lists(starts: npt.NDArray[Any], items: Any, null: Flags) -> Any:
    """Return an Arrow array of lists that begin at `starts`; those that are `null` have no items."""
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), items, mask=pa.array(null))
