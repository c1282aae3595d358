"""Bits of many cases in words of 64, and Arrow arrays as numpy arrays without copies where that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from bvn_asp.batch.kernel import Words

Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

_BIT = [np.uint64(1 << place) for place in range(64)]


def length_of(count: int) -> int:
    """Return how many words hold a bit for each of `count` cases."""
    return (count + 63) // 64


def pack(flags: Flags) -> Words:
    """Return the words of one flag for each case; the bits beyond the last case are 0."""
    words = np.zeros(length_of(len(flags)), np.uint64)
    words.view(np.uint8)[: (len(flags) + 7) // 8] = np.packbits(flags, bitorder="little")
    return words


def unpack(words: Words, count: int) -> Flags:
    """Return one flag for each of `count` cases."""
    return np.unpackbits(words.view(np.uint8), count=count, bitorder="little").view(np.bool_)


def scatter(rows: Whole, count: int) -> Words:
    """Return the words in which the cases `rows` of `count` are set."""
    words = np.zeros(length_of(count), np.uint64)
    if len(rows) < 64:
        for row in rows.tolist():
            words[row >> 6] |= _BIT[row & 63]
    else:
        flags = np.zeros(count, np.bool_)
        flags[rows] = True
        words.view(np.uint8)[: (count + 7) // 8] = np.packbits(flags, bitorder="little")
    return words


def _bits(buffer: Any, offset: int, count: int) -> Words:
    """Return `count` bits of an Arrow bitmap from bit `offset` on."""
    words = np.zeros(length_of(count), np.uint64)
    if offset % 8:
        flags = np.unpackbits(np.frombuffer(buffer, np.uint8), count=offset + count, bitorder="little")[offset:]
        words.view(np.uint8)[: (count + 7) // 8] = np.packbits(flags, bitorder="little")
        return words
    size = (count + 7) // 8
    words.view(np.uint8)[:size] = np.frombuffer(buffer, np.uint8, size, offset // 8)
    if count % 64:
        words[-1] &= np.uint64((1 << count % 64) - 1)
    return words


def ones(count: int) -> Words:
    """Return the words in which every one of `count` cases is set, and no bit beyond."""
    words = np.full(length_of(count), ~np.uint64(0))
    if count % 64:
        words[-1] = np.uint64((1 << count % 64) - 1)
    return words


def valid_words(array: Any) -> Words:
    """Return where the Arrow `array` is not null."""
    if array.null_count == 0:
        return ones(len(array))
    if pa.types.is_null(array.type):
        return np.zeros(length_of(len(array)), np.uint64)
    return _bits(array.buffers()[0], array.offset, len(array))


def valid_flags(array: Any) -> Flags:
    """Return where the Arrow `array` is not null, a flag for each entry."""
    return np.ones(len(array), np.bool_) if array.null_count == 0 else unpack(valid_words(array), len(array))


def answers(array: Any) -> tuple[Words, Words]:
    """Return where a boolean Arrow `array` says yes, and where it says no."""
    valid = valid_words(array)
    if array.null_count == len(array):
        return valid, valid
    values = _bits(array.buffers()[1], array.offset, len(array))
    return values & valid, ~values & valid


def numbers(array: Any) -> tuple[Whole, Flags]:
    """Return the values of a decimal Arrow `array` of six places in millionths, and where there is one."""
    if array.null_count == len(array):
        return np.zeros(len(array), np.int64), np.zeros(len(array), np.bool_)
    # The lower half of 16 bytes, lowest byte first; no number of a case needs the upper half.
    halves = np.frombuffer(array.buffers()[1], np.int64, 2 * len(array), 16 * array.offset)
    values = halves[::2]
    if array.type.precision > 18:
        values = np.where(halves[1::2] == values >> 63, values, np.iinfo(np.int64).max)
    return values, valid_flags(array)


def days(array: Any) -> tuple[Whole, Flags]:
    """Return the days of a date Arrow `array`, from 1 January 1970 on, and where there is one."""
    if array.null_count == len(array):
        return np.zeros(len(array), np.int64), np.zeros(len(array), np.bool_)
    found = np.frombuffer(array.buffers()[1], np.int32, len(array), 4 * array.offset)
    return found.astype(np.int64), valid_flags(array)


def lookup(array: Any, read: Callable[[str], int], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Return what `read` makes of each text of an Arrow `array`, of each text once; for null what comes."""
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    if not pa.types.is_int32(array.type.index_type):
        array = pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary)
    values = np.array([read(word) for word in array.dictionary.to_pylist()] or [0], kind)
    indices = np.frombuffer(array.indices.buffers()[1], np.int32, len(array), 4 * array.offset)
    found: npt.NDArray[Any] = values.take(indices, mode="clip")
    return found


def bits(array: Any, read: Callable[[str], int], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Return the bits that `read` makes of each text of an Arrow `array`, 0 for null."""
    if array.null_count == len(array):
        return np.zeros(len(array), kind)
    found = lookup(array, read, kind)
    if array.null_count:
        found[~valid_flags(array)] = 0
    return found


def offsets_of_text(array: Any) -> tuple[Whole, npt.NDArray[np.uint8]]:
    """Return where the bytes of each text of an Arrow `array` without nulls begin, with the end of the last, and them.

    Texts have 32 bit offsets.
    """
    if not len(array):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    starts = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, 4 * array.offset).astype(np.int64)
    size = int(starts[-1] - starts[0])
    text = np.frombuffer(array.buffers()[2], np.uint8, size, int(starts[0])) if size else np.zeros(0, np.uint8)
    return starts - starts[0], text


def offsets(array: Any) -> tuple[Whole, Any]:
    """Return where the items of each list of an Arrow list `array` begin, with the end of the last, and the items.

    A list that is null has no items.
    """
    starts = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, 4 * array.offset).astype(np.int64)
    items = array.values.slice(starts[0], starts[-1] - starts[0])
    starts = starts - starts[0]
    if array.null_count and np.any(np.diff(starts)[~valid_flags(array)]):
        # Items behind a null are allowed by the format and mean nothing.
        return offsets(pc.if_else(pc.is_valid(array), array, pa.nulls(len(array), array.type)))
    return starts, items
