"""Which decided cases cannot be told apart by their ids: those without one, and those that share theirs.

Ids are compared by fingerprints of 64 bits, in as many passes over the answers as bounded memory needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from bvn_asp.batch.columns import ID
from bvn_asp.batch.schemas import parquet_file
from bvn_asp.batch.words import offsets_of_text

MOST_IDS = 1 << 24
"""Most fingerprints that are kept at a time, of 8 bytes each."""
_MOST_EXAMPLES = 3
_ROWS = 65_536
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Prints = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Ids:
    """How many decided cases have no id, and how many one that another has too, with a few of those ids."""

    missing: int
    shared: int
    examples: list[str]


def ids_in(folder: Path) -> Ids:
    """Return what is to say of the ids in the parts of answers in `folder`."""
    count = sum(map(_count, folder.glob("part-*.parquet")))
    missing = count - sum(len(ids) for ids in _ids(folder))
    passes, shared, some = -(-count // MOST_IDS), 0, set[int]()
    for turn in range(passes if missing < count else 0):
        found = [prints[prints % np.uint64(passes) == turn] for prints in map(_prints, _ids(folder))]
        prints = np.sort(np.concatenate(found))
        same = prints[1:] == prints[:-1]
        twice = np.zeros(len(prints), np.bool_)
        twice[1:] |= same
        twice[:-1] |= same
        shared += int(twice.sum())
        some |= set(np.unique(prints[twice])[: _MOST_EXAMPLES - len(some)].tolist())
    return Ids(missing, shared, sorted(_named(folder, some)))


def _count(path: Path) -> int:
    with parquet_file(path) as file:
        return int(file.metadata.num_rows)


def _ids(folder: Path) -> Iterator[Any]:
    """Yield the ids of the parts block by block, without those that are missing or empty."""
    for path in sorted(folder.glob("part-*.parquet")):
        with parquet_file(path) as file:
            for batch in file.iter_batches(_ROWS, columns=[ID]):
                ids = batch.column(0)
                yield ids.filter(pc.greater(pc.binary_length(ids), 0))


def _prints(ids: Any) -> Prints:
    """Return the fingerprint of each of `ids`, none of them empty: its bytes as a number to an odd base, mixed."""
    starts, text = offsets_of_text(ids)
    places = np.arange(len(text)) - np.repeat(starts[:-1], np.diff(starts))
    powers = np.cumprod(np.full(int(places.max(initial=0)) + 1, _FACTOR))
    prints: Prints = np.add.reduceat((text.astype(np.uint64) + np.uint64(1)) * powers[places], starts[:-1])
    for shift in (32, 29):
        prints = (prints ^ (prints >> np.uint64(shift))) * _FACTOR
    return prints ^ (prints >> np.uint64(32))


def _named(folder: Path, prints: set[int]) -> set[str]:
    """Return the ids with one of a few fingerprints that do occur twice."""
    wanted, found = np.array(sorted(prints), np.uint64), Counter[str]()
    if not prints:
        return set()
    for ids in _ids(folder):
        here = np.flatnonzero(np.isin(_prints(ids), wanted))
        found.update(ids.take(here).to_pylist())
    return {id for id, number in found.items() if number > 1}
