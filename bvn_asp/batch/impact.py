"""What a change of the policy, or of a reading, does to a file of cases: which recommendations move, where, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from bvn_asp.batch.columns import ID
from bvn_asp.batch.decider import PEND
from bvn_asp.batch.parts import Progress, Tally, accepted, row_by_row
from bvn_asp.batch.processes import in_processes
from bvn_asp.batch.rows import Rows
from bvn_asp.batch.tables import Block, Part, Reject, Source, open_source, refusal
from bvn_asp.batch.version import NAMES, Side, Version, Watch
from bvn_asp.batch.words import unpack
from bvn_asp.errors import TableError

if TYPE_CHECKING:
    from bvn_asp.analysis.change.diff import Move
    from bvn_asp.batch.settling import Planes

MOST_EXAMPLES = 5


@dataclass
class Impact:
    """Counts over all cases: moves between recommendations, the criteria that moved with them, and first examples.

    `causes` counts (before, after, criterion, its status before, its status after).
    """

    moves: Counter[Move] = field(default_factory=Counter)
    causes: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    examples: dict[Move, list[tuple[int, str | None]]] = field(default_factory=dict)
    rejected: int = 0

    def add(self, other: Impact) -> None:
        """Count what `other` counted."""
        self.moves.update(other.moves)
        self.causes.update(other.causes)
        self.before.add(other.before)
        self.after.add(other.after)
        self.rejected += other.rejected
        for move, found in other.examples.items():
            self.examples[move] = sorted([*self.examples.get(move, []), *found])[:MOST_EXAMPLES]

    @property
    def decided(self) -> int:
        """How many cases were decided."""
        return sum(self.moves.values())

    @property
    def changed(self) -> int:
        """How many recommendations are known before and after, and differ."""
        return sum(n for (one, other), n in self.moves.items() if one != other and PEND not in (one, other))

    @property
    def unknown(self) -> int:
        """How many cannot be known for lack of facts: they pend before or after."""
        return sum(n for move, n in self.moves.items() if PEND in move)


@dataclass
class _PartImpact:
    source: Source
    before: Version
    after: Version
    assume_absent: bool | None
    skip: bool
    watches: tuple[Watch, Watch] | None = None

    def prepare(self) -> None:
        self.watches = Watch(self.before.setting(self.assume_absent)), Watch(self.after.setting(self.assume_absent))

    def __call__(self, part: Part) -> Impact:
        assert self.watches is not None
        total = Impact()
        for block in self.source.blocks(part):
            rejects = list(block.rejects)
            for found in row_by_row(block._replace(rejects=()), self._compared):
                if isinstance(found, Reject):
                    rejects.append(found)
                else:
                    total.add(found[0])
                    rejects += found[1]
            if rejects and not self.skip:
                raise TableError(refusal(self.source.path, min(rejects, key=lambda reject: reject.row)))
            total.rejected += len(rejects)
        return total

    def _compared(self, block: Block) -> tuple[Impact, list[Reject]]:
        assert self.watches is not None
        found = Impact()
        rows, numbers, rejects = accepted(block, self.watches[0].setting)
        for _, places in self.watches[0].decider.shapes(rows):
            batch = rows.batch if len(places) == rows.count else rows.batch.take(pa.array(places))
            if len(places):
                found.add(_compare(batch, numbers[places], *self.watches))
        return found, rejects


def _compare(batch: Any, numbers: Any, before: Watch, after: Watch) -> Impact:
    """Count the cases of one block."""
    found, sides, count = Impact(), (before, after), batch.num_rows
    rows = [Rows(batch, watch.setting) for watch in sides]
    planes = [watch.decider.planes(each) for watch, each in zip(sides, rows, strict=True)]
    for watch, each, held, side in zip(sides, rows, planes, (found.before, found.after), strict=True):
        shapes = watch.decider.shapes(each)
        side.add(watch.side(each, held, shapes[-1][0]))
    codes = [watch.outcome(held, count) for watch, held in zip(sides, planes, strict=True)]
    pairs = codes[0].astype(np.int64) * len(NAMES) + codes[1]
    for pair, number in zip(*np.unique(pairs, return_counts=True), strict=True):
        move = NAMES[pair // len(NAMES)], NAMES[pair % len(NAMES)]
        found.moves[move] = int(number)
        if move[0] == move[1]:
            continue
        places = np.flatnonzero(pairs == pair)
        ids = batch.column(ID).take(pa.array(places[:MOST_EXAMPLES])).to_pylist() if ID in batch.schema.names else []
        ids = ids or [None] * MOST_EXAMPLES
        found.examples[move] = [
            (int(numbers[place]), id) for place, id in zip(places[:MOST_EXAMPLES], ids, strict=False)
        ]
        for cause, cases in _causes(planes, before, after, places, count):
            found.causes[(*move, *cause)] = cases
    return found


def _causes(
    planes: list[Planes], before: Watch, after: Watch, places: Any, count: int
) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield which criteria changed their status among the cases `places`, and in how many.

    Where none did, yield what fails after: the same finding then weighs otherwise.
    """
    steady = np.ones(len(places), np.bool_)
    for id, names in before.criteria.items():
        if after.criteria.get(id) != names:
            continue
        one, other = (
            watch.statuses(held, id, count)[places] for watch, held in zip((before, after), planes, strict=True)
        )
        steady &= one == other
        for pair, number in zip(*np.unique(one * 3 + other, return_counts=True), strict=True):
            if pair // 3 != pair % 3:
                statuses = (*names, "undetermined")
                yield (id, statuses[pair // 3], statuses[pair % 3]), int(number)
    for id in after.whole:
        fails = ("unmet", id) if ("unmet", id) in planes[1] else ("violated", id)
        number = int(unpack(planes[1][fails], count)[places][steady].sum())
        if number:
            yield (id, fails[0], fails[0]), number


def impact(
    path: Path, before: Version, after: Version, *, assume_absent: bool | None = None, skip: bool = False,
    workers: int = 1, progress: Progress | None = None,
) -> Impact:  # fmt: skip
    """Return what changes from `before` to `after` for the cases of the file at `path`."""
    source = open_source(path)
    for version in (before, after):
        version.setting(assume_absent)
    total = Impact()
    work = _PartImpact(source, before, after, assume_absent, skip)
    for part in in_processes(work, source.parts, workers):
        total.add(part)
        if progress is not None:
            progress(Tally(part.decided + part.rejected, part.decided, part.rejected))
    return total


def moved(found: Impact) -> list[tuple[Move, int]]:
    """Return the moves to another recommendation, the most frequent first."""
    changes = [(move, number) for move, number in found.moves.items() if move[0] != move[1] and number]
    return sorted(changes, key=lambda item: -item[1])


def causes_of(found: Impact, move: Move) -> list[tuple[str, str, str, int]]:
    """Return the criteria that moved with `move`, with their statuses before and after, the most frequent first."""
    causes = [(id, one, other, n) for (a, b, id, one, other), n in found.causes.items() if (a, b) == move]
    return sorted(causes, key=lambda cause: -cause[3])
