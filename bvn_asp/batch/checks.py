"""Which rows of a block may be no case: every row that a case file would refuse, and few others.

The checks are by whole columns and say only where to look; what is wrong with a row, if anything, the case says itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bvn_asp.batch.columns import EVIDENCE, EXPECTED, NONE, parts
from bvn_asp.batch.entries import Entries, Texts, options, place_of, vocabulary
from bvn_asp.batch.rows import FINDINGS, Rows
from bvn_asp.batch.times import BEYOND, GRAIN, Bounds, day_bounds, number_bounds
from bvn_asp.batch.words import Flags, answers, days, numbers, offsets, unpack, valid_flags
from bvn_asp.decision.conventions import PARTS_READ
from bvn_asp.record.case import EITHER, ORDER
from bvn_asp.record.dates import FIRST_YEAR, LAST_YEAR
from bvn_asp.record.field import Field
from bvn_asp.record.models import MOST_ITEMS
from bvn_asp.record.table import TABLE

_EPOCH = datetime.date(1970, 1, 1)
_FIRST_DAY = (datetime.date(FIRST_YEAR, 1, 1) - _EPOCH).days
_LAST_DAY = (datetime.date(LAST_YEAR, 12, 31) - _EPOCH).days
Cell = Callable[[str], Any]
"""Gives the Arrow array of the part of a field by its suffix."""


def suspects(rows: Rows) -> Flags:
    """Return which rows may be no case."""
    found = np.zeros(rows.count, np.bool_)
    for flags in (*_fields(rows), *_pairs(rows), *_lists(rows), *_unknown(rows)):
        found |= flags
    return found


def _fields(rows: Rows) -> Iterator[Flags]:
    """Yield where a field that stands once has a value out of its domain."""
    for name in (EVIDENCE, EXPECTED):
        if name in rows.names:
            yield valid_flags(rows.column(name))
    for row in TABLE.plain:
        yield from _wrong(row, _cell(rows, row.path))


def _wrong(row: Field, cell: Cell) -> Iterator[Flags]:
    """Yield where the columns of a field hold what no case may state."""
    arrays = {suffix: cell(suffix) for suffix, _ in parts(row)}
    whole = arrays[""]
    if all(array.null_count == len(array) for array in arrays.values()):
        return
    match row.form:
        case "choice":
            yield valid_flags(whole) & (options(whole, row) == 0)
        case "text":
            yield _long(whole, row.high)
        case "units":
            yield _units(whole)
        case "levels" | "bodies" | "names":
            yield _texts(Texts(whole, row))
        case "number":
            yield from _measured(arrays, number_bounds(cell), numbers, row.low * GRAIN, row.high * GRAIN)
        case "date":
            yield from _measured(arrays, day_bounds(cell), days, _FIRST_DAY, _LAST_DAY)


def _measured(arrays: dict[str, Any], bounds: Bounds, read: Any, low: int, high: int) -> Iterator[Flags]:
    """Yield where a number or day lies beyond its limits, is stated in two ways, or has bounds that cross."""
    said = np.zeros(len(bounds.low), np.int8)
    for array in arrays.values():
        if array.null_count == len(array):
            continue
        if str(array.type) == "bool":
            said += 2 * unpack(answers(array)[0], len(array))
            continue
        values, known = read(array)
        yield known & ((values < low) | (values > high))
        said += known * (2 if array is arrays[""] else 1)
    # An exact value goes with nothing else; two bounds go together.
    yield (said > 2) | (bounds.low > bounds.high)


def _long(array: Any, most: int) -> Flags:
    starts = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, 4 * array.offset)
    long: Flags = np.diff(starts) > most
    return long


def _units(array: Any) -> Flags:
    starts, items = offsets(array)
    values = np.asarray(items.field(1).to_numpy(zero_copy_only=False), np.float64)
    rows = np.repeat(np.arange(len(array)), np.diff(starts))
    wrong = _twice(rows, items.field(0), len(array))
    wrong[rows[(values < 0) | (values > 99)]] = True
    return wrong


def _twice(rows: Any, items: Any, count: int) -> Flags:
    """Return which of `count` rows have the same text twice among their `items`."""
    wrong = np.zeros(count, np.bool_)
    names = items.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    order = np.lexsort((names, rows))
    rows, names = rows[order], names[order]
    wrong[rows[1:][(rows[1:] == rows[:-1]) & (names[1:] == names[:-1])]] = True
    return wrong


def _texts(texts: Texts) -> Flags:
    """Return which lists hold something strange, too much, a word twice, or others beside a word that stands alone."""
    wrong = (texts.sizes > MOST_ITEMS) | texts.strange
    words = vocabulary(texts.row)
    if not words:
        # Whether a code is given twice, only its reader can tell.
        return wrong | (texts.sizes > 1)
    wrong |= np.bitwise_count(texts.masks) != texts.sizes
    alone = len(words) - 1
    if texts.row.form == "levels" or words[alone] == NONE:
        wrong |= (texts.sizes > 1) & ((texts.masks >> np.uint64(alone)) & np.uint64(1)).astype(np.bool_)
    return wrong


def _pairs(rows: Rows) -> Iterator[Flags]:
    """Yield where something is given twice, or a day lies after one that it must not."""
    statuses = [row for row in TABLE.plain if row.path.endswith(".status")]
    parts_of = [(row.path, f"{row.section}.{name}") for row in statuses for name in PARTS_READ]
    for one, other in (*EITHER, *parts_of):
        yield _in_cases(rows, one, _given(rows, one) & _given(rows, other))
    yield unpack(rows.misfits, rows.count)
    for status in statuses:
        received, begun = (rows.answers(f"{status.section}.{name}") for name in ("received", "begun"))
        yield unpack(received[0] & begun[1], rows.count)
    for earlier, later in ORDER:
        begin, end = _days(rows, earlier), _days(rows, later)
        last = end.high
        if "[]" in earlier and "[]" not in later:
            last = last[rows.entries(TABLE.by_path[earlier].entry).rows]
        yield _in_cases(rows, earlier, (begin.low > -BEYOND) & (last < BEYOND) & (begin.low > last))


def _cell(rows: Rows, path: str) -> Cell:
    """Return the columns of the field at `path`, with a value for each case, or for each entry of its list."""
    row = TABLE.by_path[path]
    if not row.entry:
        return lambda suffix: rows.cell(path, suffix)
    return lambda suffix: rows.entries(row.entry).cell(row.name, suffix)


def _given(rows: Rows, path: str) -> Flags:
    cell = _cell(rows, path)
    found: Flags = np.logical_or.reduce([valid_flags(cell(suffix)) for suffix, _ in parts(TABLE.by_path[path])])
    return found


def _days(rows: Rows, path: str) -> Bounds:
    return day_bounds(_cell(rows, path))


def _in_cases(rows: Rows, path: str, wrong: Flags) -> Flags:
    """Return the cases of what is `wrong`, which are entries if `path` lies in a list."""
    if "[]" not in path:
        return wrong
    found = np.zeros(rows.count, np.bool_)
    found[rows.entries(path[: path.index("[]") + 2]).rows[wrong]] = True
    return found


def _lists(rows: Rows) -> Iterator[Flags]:
    for path, fields in TABLE.lists.items():
        entries = rows.entries(path)
        yield entries.sizes > MOST_ITEMS
        yield (entries.sizes > 0) & unpack(entries.none, rows.count)
        if not entries.count:
            continue
        wrong = ~entries.present
        for row in fields:
            for flags in _wrong(row, _cell(rows, row.path)):
                wrong = wrong | flags
        if path == FINDINGS:
            wrong |= _findings(rows, entries)
        yield _in_cases(rows, path, wrong)


def _findings(rows: Rows, findings: Entries) -> Flags:
    """Return which findings have no kind, a field of no kind of theirs, or a source that shows them and does not."""
    kinds = findings.options("kind")
    wrong: Flags = kinds == 0
    for row in TABLE.lists[FINDINGS]:
        if row.kinds:
            allowed = sum(1 << place_of(findings.field("kind"), kind) for kind in row.kinds)
            wrong = wrong | (_given(rows, row.path) & ((kinds & kinds.dtype.type(allowed)) == 0))
    sources = [findings.texts(name) for name in ("shown_by", "not_shown_by")]
    # The word for none of the sources is no source.
    none = np.uint64(1 << place_of(sources[0].row, NONE))
    both: Flags = (sources[0].masks & sources[1].masks & ~none) != 0
    return wrong | both


def _unknown(rows: Rows) -> Iterator[Flags]:
    """Yield where a field is called unknown that has a value, is none, or stands beside another way to say it."""
    harmless = {row.path.removesuffix("[]") for row in TABLE.fields if not row.entry} - _BESIDE
    twice = np.zeros(rows.count, np.int64)
    for path, where in rows.unknown.items():
        flags = np.zeros(rows.count, np.bool_)
        flags[where] = True
        np.add.at(twice, where, 1)
        if path in harmless:
            row = TABLE.by_path.get(path) or TABLE.by_path[f"{path}[]"]
            flags &= unpack(rows.says(row.path), rows.count)
        yield flags
    if rows.unknown:
        paths = [np.isin(np.arange(rows.count), where) for where in rows.unknown.values()]
        found = np.sum(paths, axis=0)
        yield twice != found


_BESIDE = {path for pair in EITHER for path in pair} | {
    f"{row.section}.{name}" for row in TABLE.plain if row.path.endswith(".status") for name in ("status", *PARTS_READ)
}
"""Fields of which a record gives one, or another."""
