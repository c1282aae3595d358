"""Which rows of a block may be no case: every row that a case file would refuse, and few others.

The checks are by whole columns and say only where to look; what is wrong with a row, if anything, the case says itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bvn_asp.batch.columns import columns, domains, schema
from bvn_asp.batch.entries import LEVELS, Entries, Texts
from bvn_asp.batch.rows import Rows
from bvn_asp.batch.words import STRANGE, Flags, Whole, days, numbers, offsets, valid_flags
from bvn_asp.fields import DECIMALS, MOST_ITEMS
from bvn_asp.record import DETAILS
from bvn_asp.spine import BODIES

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The days that a calendar date can name, 1 January 1 and 31 December 9999."""
_EXCLUSIVE = (
    ("patient_age", "patient_birth_date"),
    ("pain_months", "pain_onset"),
    ("conservative_care_weeks", "conservative_care_start"),
    ("conservative_care_weeks", "conservative_care_end"),
)
_LISTS = ("mri_modic_changes", "findings_present", "surgeries", "ablations")
_MOST_TEXT = 20_000


def suspects(rows: Rows) -> Flags:
    """Return which rows may be no case."""
    found = np.zeros(rows.count, np.bool_)
    for flags in (*_scalars(rows), *_orders(rows), *_statuses(rows), *_lists(rows)):
        found |= flags
    return found


def _scalars(rows: Rows) -> Iterator[Flags]:
    """Yield where a number, date, word or text is out of its domain."""
    for column in columns():
        if column.name not in rows.names:
            continue
        array, domain = rows.column(column.name), domains().get(column.name)
        if array.null_count == rows.count:
            continue
        if column.name == "story":
            yield _long(array)
        elif column.name == "expected":
            yield valid_flags(array)
        elif column.name == "request_units":
            yield _units(array)
        elif domain is not None and domain.words and not _is_nested(array):
            yield rows.words(column.name) == STRANGE
        elif domain is not None and not domain.words:
            yield _beyond(*numbers(array), domain.low, domain.high)
        elif str(array.type).startswith("date"):
            yield _outside(*days(array))


def _beyond(values: Whole, known: Flags, low: int, high: int) -> Flags:
    grain = 10**DECIMALS
    beyond: Flags = ((values < low * grain) | (values > high * grain)) & known
    return beyond


def _outside(values: Whole, known: Flags) -> Flags:
    outside: Flags = ((values < _FIRST_DAY) | (values > _LAST_DAY)) & known
    return outside


def _is_nested(array: Any) -> bool:
    return str(array.type).startswith("list")


def _long(array: Any) -> Flags:
    starts = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, 4 * array.offset)
    long: Flags = np.diff(starts) > _MOST_TEXT
    return long


def _units(array: Any) -> Flags:
    starts, items = offsets(array)
    values = np.asarray(items.field(1).to_numpy(zero_copy_only=False), np.float64)
    wrong = np.zeros(len(array), np.bool_)
    rows = np.repeat(np.arange(len(array)), np.diff(starts))
    wrong[rows[(values < 0) | (values > 99)]] = True
    return wrong


def _orders(rows: Rows) -> Iterator[Flags]:
    """Yield where something is given twice, or a day lies after one that it must not."""
    for one, other in _EXCLUSIVE:
        yield valid_flags(rows.column(one)) & valid_flags(rows.column(other))
    procedure, request, _ = rows.dates
    (birth, onset, start, end) = (
        days(rows.column(name))
        for name in ("patient_birth_date", "pain_onset", "conservative_care_start", "conservative_care_end")
    )
    later = days(rows.column("request_planned_procedure_date"))
    for first, second in (
        (birth, onset), (birth, procedure), (onset, procedure), (start, end), (end, procedure), (request, later),
    ):  # fmt: skip
        yield (first[0] > second[0]) & first[1] & second[1]
    _, given = rows.surgeries.numbers("months_before_procedure")
    for entries in (rows.surgeries, rows.ablations):
        day, known = entries.days("date")
        after = known & procedure[1][entries.rows] & (day > procedure[0][entries.rows])
        yield _in_cases(rows, entries, after | (known & given if entries is rows.surgeries else False))


def _statuses(rows: Rows) -> Iterator[Flags]:
    for column in columns():
        if column.name.endswith("_status") and column.name in rows.names:
            prefix = column.name.removesuffix("_status")
            for other in ("received", "contraindicated"):
                yield valid_flags(rows.column(column.name)) & valid_flags(rows.column(f"{prefix}_{other}"))


def _lists(rows: Rows) -> Iterator[Flags]:
    for name in ("findings_absent", "conservative_care_therapies_pharmacotherapy_drug_classes"):
        yield _texts(Texts(rows.column(name), domains()[name].words), several=False)
    yield _texts(Texts(rows.column("request_bodies"), BODIES), several=True)
    for name, entries in zip(_LISTS, (rows.modic, rows.findings, rows.surgeries, rows.ablations), strict=True):
        yield entries.sizes > MOST_ITEMS
        yield _in_cases(rows, entries, _entries(entries, name))
    kinds, findings = rows.kinds, rows.findings
    wrong = kinds < 0
    wrong |= (rows.absent[findings.rows] >> np.maximum(kinds, 0).astype(np.uint64) & np.uint64(1)).astype(np.bool_)
    words = domains()["findings_present.kind"].words
    for field, allowed in DETAILS.items():
        wrong |= findings.known(field) & ~np.isin(kinds, [words.index(kind) for kind in allowed])
    yield _in_cases(rows, findings, wrong)


def _entries(entries: Entries, name: str) -> Flags:
    """Return which entries of the list column `name` have a field out of its domain."""
    wrong = ~entries.present
    for field in schema().field(name).type.value_type:
        domain, kind = domains().get(f"{name}.{field.name}"), str(field.type)
        if kind.startswith("list"):
            several = field.name in ("levels", "bodies")
            vocabulary = domain.words if domain is not None else BODIES if field.name == "bodies" else LEVELS
            wrong |= _texts(entries.texts(field.name, vocabulary), several=several)
        elif kind.startswith("date"):
            wrong |= _outside(*entries.days(field.name))
        elif domain is not None and domain.words:
            wrong |= entries.words(field.name, domain.words) == STRANGE
        elif domain is not None:
            wrong |= _beyond(*entries.numbers(field.name), domain.low, domain.high)
    return wrong


def _texts(texts: Texts, *, several: bool) -> Flags:
    """Return which lists hold something strange or too much; of `several`, none may be empty or name one twice."""
    wrong = (texts.sizes > MOST_ITEMS) | texts.strange
    if several:
        wrong |= texts.known & ((texts.sizes == 0) | (np.bitwise_count(texts.masks) != texts.sizes))
    return wrong


def _in_cases(rows: Rows, entries: Entries, wrong: Flags) -> Flags:
    found = np.zeros(rows.count, np.bool_)
    found[entries.rows[wrong]] = True
    return found
