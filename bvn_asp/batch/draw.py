"""What synthetic cases are drawn from: one statement of each form of the field table, by whole columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bvn_asp.batch.columns import AT_LEAST, AT_MOST, NONE, NOT_MEASURED, NUMBER, SINCE, UNTIL
from bvn_asp.batch.entries import PLACES
from bvn_asp.batch.times import GRAIN
from bvn_asp.batch.words import Flags, Whole, pack
from bvn_asp.policy.representatives import limits_of
from bvn_asp.record.anatomy import SOMEWHERE

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.field import Field

BLOCK = 65_536
"""Rows that are made at once; the cases of a seed are the same whatever the number asked for."""
CORE = ("L3", "L4", "L5", "S1")
ODD = ("L1", "L2", "L6", "T12", "L2-L3", "L5-L6", "L6-S1", "L1-L2", "T8", "S1-S2")
Cells = dict[str, Any]
"""The columns of one field, by suffix."""


@dataclass(frozen=True)
class Habit:
    """How records are kept: shares of what departs from what the policy asks, is left open, is stated by bounds.

    `entries` weighs how many entries a list has; `limits` is how often a number lies on or beside a limit.
    """

    departs: float
    unknown: float
    careless: float
    vague: float
    dated: float
    odd_levels: float
    closes: float
    entries: tuple[float, ...]
    limits: float


@dataclass(frozen=True)
class Usual:
    """What is usual of a field where the table cannot tell: an answer, weights of words, or the range of a number.

    `departs` is how often it is otherwise, if not as often as anything else.
    """

    so: bool = False
    words: Mapping[str, float] | None = None
    low: float | None = None
    high: float = 0
    departs: float | None = None


@cache
def wordings(row: Field) -> tuple[str, ...]:
    """Return what a record may write for the choice `row`: each option, and several of them."""
    pairs = zip(row.values, row.values[1:], strict=False) if len(row.values) > 2 else ()
    several = [*(name for name, _ in row.groups), *(f"{one} or {other}" for one, other in pairs)]
    return (*row.values, *several, *(f"not {value}" for value in row.values if len(row.values) > 2))


class Draw:
    """Draws columns for `count` cases; `fields` are methods that draw a field of each form."""

    def __init__(self, policy: Policy, habit: Habit, random: np.random.Generator, count: int) -> None:
        self.habit, self.random, self.count = habit, random, count
        self.limits = limits_of(policy.thresholds)
        self.careless = self.chance(habit.careless, count)
        self.forms: dict[str, Callable[[Field, Usual, Whole], Cells]] = {
            "answer": self.answers, "choice": self.choices, "number": self.number_cells, "names": self.names,
            "levels": self.levels, "bodies": self.bodies, "text": self.texts, "date": self.some_days,
        }  # fmt: skip

    def chance(self, share: float, count: int) -> Flags:
        """Return flags that hold with a chance of `share`."""
        return self.random.random(count, dtype=np.float32) < share

    def unknown(self, rows: Whole) -> Flags:
        """Return where a record that is not well kept leaves a field out; `rows` are the cases of what is drawn."""
        return self.careless[rows] & self.chance(self.habit.unknown, len(rows))

    def cells(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return the columns of a field, one value for each of `rows`."""
        return self.forms[row.form](row, usual, rows)

    def answers(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return answers that are mostly as usual."""
        departs = self.habit.departs if usual.departs is None else usual.departs
        value = self.chance(departs, len(rows)) ^ usual.so
        known = ~self.unknown(rows)
        buffers = [pa.py_buffer(pack(known)), pa.py_buffer(pack(value))]
        return {"": pa.Array.from_buffers(pa.bool_(), len(rows), buffers)}

    def choices(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return words: the usual ones by weight, and anything where a case departs."""
        words = wordings(row)
        weights = usual.words or {row.values[0]: 1.0}
        found = self.weighted([weights.get(word, 0.0) for word in words], len(rows))
        departs = self.chance(2 * self.habit.departs if usual.departs is None else usual.departs, len(rows))
        vague = departs & self.chance(self.habit.vague, len(rows))
        found[departs] = self.random.integers(len(row.values), size=int(departs.sum()))
        found[vague] = self.random.integers(len(words), size=int(vague.sum()))
        share = self.habit.closes if row.closes else 1.0
        known = ~self.unknown(rows) & self.chance(share, len(rows))
        return {"": pa.DictionaryArray.from_arrays(pa.array(found, mask=~known), pa.array(words))}

    def weighted(self, weights: Sequence[float], count: int) -> npt.NDArray[np.int32]:
        """Return places drawn by weight."""
        ends = np.cumsum(weights)
        drawn = self.random.random(count, dtype=np.float32) * ends[-1]
        found: npt.NDArray[np.int32] = np.searchsorted(ends, drawn, side="right").clip(max=len(weights) - 1)
        return found.astype(np.int32)

    def amounts(self, row: Field, usual: Usual, count: int, rate: float | None = None) -> Whole:
        """Return numbers of the field in millionths: of one decimal, or on and beside a limit of the policy."""
        low, high = (usual.low, usual.high) if usual.low is not None else (row.low, min(row.high, row.low + 60))
        tenths = self.random.integers(int(low * 10), int(high * 10) + 1, count)
        found: Whole = tenths.astype(np.int64) * (GRAIN // 10)
        limits = np.array(self.limits.get(row.quantity, [0]))
        moved = self.chance(self.habit.limits * self.habit.departs * 4 if rate is None else rate, count)
        number = int(moved.sum())
        found[moved] = self.random.choice(limits, number) + self.random.choice([-1, 0, 0, 1, 4000], number)
        return found.clip(row.low * GRAIN, row.high * GRAIN)

    def number_cells(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return a number as a column, at times as bounds, or not measured."""
        values, known = self.amounts(row, usual, len(rows)), ~self.unknown(rows)
        unmeasured = known & row.measured & self.chance(self.habit.departs, len(rows))
        low, high, exact = self._vague(values, known & ~unmeasured, GRAIN)
        found = {"": decimals(values, exact)}
        for suffix, (bound, where) in ((AT_LEAST, low), (AT_MOST, high)):
            found[suffix] = decimals(bound.clip(row.low * GRAIN, row.high * GRAIN), where)
        return {**found, NOT_MEASURED: pa.array(unmeasured, mask=~unmeasured)} if row.measured else found

    def _vague(self, values: Whole, known: Flags, step: int) -> tuple[tuple[Whole, Flags], tuple[Whole, Flags], Flags]:
        """Return a lower and an upper bound where a value is stated by bounds, and where it is stated exactly."""
        count = len(values)
        vague = known & self.chance(self.habit.vague, count)
        kind = self.random.integers(3, size=count)
        below, above = (self.random.integers(0, 3, count) * step for _ in range(2))
        return (values - below, vague & (kind != 0)), (values + above, vague & (kind != 1)), known & ~vague

    def day_cells(self, days: Whole, known: Flags) -> Cells:
        """Return days as columns, at times as bounds."""
        low, high, exact = self._vague(days, known, 20)
        return {"": dates(days, exact), SINCE: dates(*low), UNTIL: dates(*high)}

    def some_days(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return a date that hangs together with no other, where a few cases have one."""
        return self.day_cells(self.random.integers(16_000, 18_000, len(rows)), self.chance(0.1, len(rows)))

    def texts(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return a free text, which decides nothing, where a few cases have one."""
        texts = np.full(len(rows), f"{row.name} as the record has it")
        return {"": pa.array(texts, mask=~self.chance(0.02, len(rows)))}

    def names(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return lists of up to two names of the field, at times the word none alone."""
        if not row.values:
            return {"": pa.nulls(len(rows), pa.list_(pa.string()))}
        sizes = np.where(self.unknown(rows), 0, 1 + self.chance(0.3, len(rows))).clip(max=len(row.values))
        none = (sizes > 0) & self.chance(2 * self.habit.departs, len(rows))
        if row.denies:
            sizes = np.where(self.chance(0.8, len(rows)), 0, 1)
            none &= False
        sizes[none] = 1
        found = _several(self.random.integers(len(row.values), size=len(rows)), sizes, len(row.values))
        found[np.repeat(none, sizes)] = len(row.values)
        return {"": listed(found, sizes, (*row.values, NONE))}

    def levels(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return the levels of entries: one or two, mostly from L3 to S1, at times not known more closely."""
        count = len(rows)
        near = [PLACES.index(level) for level in (*CORE, "L3-L4", "L4-L5", "L5-S1")]
        far = [PLACES.index(level) for level in ODD[: None if self.habit.odd_levels > 0.1 else -2]]
        first = np.where(
            self.chance(self.habit.odd_levels, count), self.random.choice(far, count), self.random.choice(near, count)
        )
        sizes = np.where(self.unknown(rows), 0, 1 + self.chance(0.3, count))
        somewhere = (sizes == 1) & self.chance(self.habit.vague / 4, count)
        first[somewhere] = PLACES.index(SOMEWHERE)
        second = self.random.choice(near, count)
        second = np.where(second == first, PLACES.index("L2"), second)
        into = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        found = np.where(into == 0, np.repeat(first, sizes), np.repeat(second, sizes)).astype(np.int32)
        return {"": listed(found, sizes, PLACES)}

    def bodies(self, row: Field, usual: Usual, rows: Whole) -> Cells:
        """Return one or two bodies."""
        words = CORE if self.habit.odd_levels < 0.1 else (*CORE, "L2", "L6")
        sizes = np.where(self.unknown(rows), 0, 1 + self.chance(0.3, len(rows)))
        return {"": listed(_several(self.random.integers(len(words), size=len(rows)), sizes, len(words)), sizes, words)}

    def sizes(self, allowed: Flags) -> Whole:
        """Return how many entries the list of each case has."""
        found: Whole = np.where(allowed, self.weighted(self.habit.entries, len(allowed)), 0).astype(np.int64)
        return found


def _several(first: Whole, sizes: Whole, most: int) -> npt.NDArray[np.int32]:
    """Return places one after another for lists of `sizes`, from the `first` of each on, around from `most` to 0."""
    into = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ((np.repeat(first, sizes) + into) % most).astype(np.int32)


def listed(places: npt.NDArray[np.int32], sizes: Whole, words: Sequence[str]) -> Any:
    """Return lists of `words` by their places; a list without any is null."""
    items = pa.DictionaryArray.from_arrays(pa.array(places), pa.array(words))
    return lists(np.concatenate([[0], np.cumsum(sizes)]), items, sizes == 0)


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
