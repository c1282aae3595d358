"""A block of rows of the columnar form: its fields, lists and numbers, and the room that each case needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bvn_asp.batch import times
from bvn_asp.batch.columns import NONE, NOT_MEASURED, UNKNOWN_FIELDS, by_name, column_name, parts
from bvn_asp.batch.entries import (
    LEVEL_BIT,
    SPANNING_BITS,
    Entries,
    Masks,
    Texts,
    bit,
    joined,
    naming,
    options,
    place_of,
    ranks,
)
from bvn_asp.batch.kernel import Words
from bvn_asp.batch.times import BEYOND, Bounds, day_bounds, number_bounds
from bvn_asp.batch.words import Whole, answers, length_of, offsets, ones, pack, scatter, unpack, valid_words
from bvn_asp.decision.conventions import STATUSES
from bvn_asp.decision.shapes import ANATOMY
from bvn_asp.policy.representatives import limits_of
from bvn_asp.policy.shape import WIDE_BODIES
from bvn_asp.policy.terms import Term, arguments_of, name_of, pattern
from bvn_asp.record.anatomy import OPTIONAL_BODIES, SOMEWHERE, SPANNED
from bvn_asp.record.field import Field
from bvn_asp.record.table import FINDING_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.batch.kernel import Words
    from bvn_asp.policy.register import Policy

LISTS: dict[str, str] = {name_of(pattern(row.term)): row.path for row in TABLE.fields if row.is_list}
"""The path of the list whose entries the policy calls so."""
FINDINGS, MODIC = "findings.present[]", "mri.modic_changes[]"
_OPTIONAL, _SPANNED = naming(OPTIONAL_BODIES), naming(SPANNED)
_LUMBAR = TABLE.by_path["patient.lumbar_vertebrae"]
_ONGOING = ("received", "begun")


@dataclass(frozen=True)
class Setting:
    """How a run reads its cases: the policy, the readings other than default, and whether records are complete."""

    policy: Policy
    readings: Mapping[str, str] = field(default_factory=dict)
    assume_absent: bool | None = None

    @cached_property
    def limits(self) -> dict[str, list[int]]:
        """The limits of every quantity, ascending, in millionths."""
        return limits_of(self.policy.thresholds)


class Rows:
    """A block of rows. `batch` has columns of the columnar form; what it lacks is not said."""

    def __init__(self, batch: Any, setting: Setting) -> None:
        self.batch, self.setting, self.count = batch, setting, batch.num_rows
        self.names = set(batch.schema.names)
        self._cache: dict[tuple[str, str], Any] = {}
        self._selected: dict[Term, tuple[Whole, Whole]] = {}

    # --- fields ---

    def column(self, name: str) -> Any:
        """Return the column `name`, all null if the block lacks it."""
        return self.batch.column(name) if name in self.names else pa.nulls(self.count, by_name()[name].type)

    def cell(self, path: str, suffix: str = "") -> Any:
        """Return the column of the field at `path`, or of its part in `suffix`."""
        return self.column(column_name(path, suffix))

    def answers(self, path: str) -> tuple[Words, Words]:
        """Return where the field at `path` says yes, and where it says no."""
        key = ("answers", path)
        if key not in self._cache:
            self._cache[key] = answers(self.cell(path))
        found: tuple[Words, Words] = self._cache[key]
        return found

    def options(self, row: Field) -> npt.NDArray[Any]:
        """Return the options that a choice leaves, as bits; none where nothing is said."""
        key = ("options", row.path)
        if key not in self._cache:
            self._cache[key] = options(self.cell(row.path), row)
        found: npt.NDArray[Any] = self._cache[key]
        return found

    def texts(self, path: str) -> Texts:
        """Return the list of words at `path`."""
        key = ("texts", path)
        if key not in self._cache:
            self._cache[key] = Texts(self.cell(path), TABLE.by_path[path])
        found: Texts = self._cache[key]
        return found

    def entries(self, path: str) -> Entries:
        """Return the entries of the list at `path`."""
        key = ("entries", path)
        if key not in self._cache:
            self._cache[key] = Entries(path, self.cell(path), answers(self.cell(path, NONE))[0])
        found: Entries = self._cache[key]
        return found

    def says(self, path: str) -> Words:
        """Return where there is a value for the field at `path`."""
        row, found = TABLE.by_path[path], self.nowhere
        for suffix, type in parts(row):
            array = self.cell(path, suffix)
            if array.null_count == self.count:
                continue
            if pa.types.is_list(type):
                found = found | pack(np.diff(offsets(array)[0]) > 0)
            else:
                found = found | (answers(array)[0] if suffix == NOT_MEASURED else valid_words(array))
        return found

    def mentioned(self, path: str) -> Words:
        """Return where the record speaks of the field at `path`, be it to call it unknown, or of a detail of it."""
        key = ("mentioned", path)
        if key not in self._cache:
            found = self.spoken(path)
            for detail in TABLE.details.get(path, ()):
                found = found | self.spoken(detail.path)
            self._cache[key] = found
        words: Words = self._cache[key]
        return words

    def spoken(self, path: str) -> Words:
        """Return where the record speaks of the field at `path`, be it to call it unknown."""
        return self.says(path) | self.called_unknown(path)

    @cached_property
    def unknown(self) -> dict[str, Whole]:
        """The cases that call a field unknown, by its path."""
        array = self.column(UNKNOWN_FIELDS)
        if array.null_count == self.count:
            return {}
        starts, items = offsets(array)
        rows = np.repeat(np.arange(self.count), np.diff(starts))
        encoded = items if pa.types.is_dictionary(items.type) else items.dictionary_encode()
        places = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        # A null names no field: no field has an empty path.
        found = {str(path or ""): rows[places == place] for place, path in enumerate(encoded.dictionary.to_pylist())}
        return {**found, "": rows[places < 0]} if (places < 0).any() else found

    def called_unknown(self, path: str) -> Words:
        """Return where the field or list at `path` is called unknown."""
        rows = self.unknown.get(path.removesuffix("[]"))
        return self.nowhere if rows is None else scatter(rows, self.count)

    def closing(self, path: str) -> Words:
        """Return where the list at `path` is said to be whole by a field of its own."""
        row = next(row for row in TABLE.plain if row.closes == path)
        return pack(self.options(row) != 0)

    # --- cases ---

    @cached_property
    def everywhere(self) -> Words:
        """Every case."""
        return ones(self.count)

    @cached_property
    def nowhere(self) -> Words:
        """No case."""
        return np.zeros(length_of(self.count), np.uint64)

    @cached_property
    def closed(self) -> Words:
        """Which records are run as complete."""
        if self.setting.assume_absent is None:
            return self.answers("record_complete")[0]
        return self.everywhere if self.setting.assume_absent else self.nowhere

    @cached_property
    def requested(self) -> Words:
        """Which cases make a request: of bodies, known or not, or of units."""
        return self.bodies_asked | self.bodies_open

    @cached_property
    def bodies_asked(self) -> Words:
        """Which cases name the bodies that are requested."""
        return pack(self.texts("request.bodies").masks != 0)

    @cached_property
    def bodies_open(self) -> Words:
        """Which cases request bodies without naming them."""
        array, units = self.cell("request.units"), np.zeros(self.count, np.bool_)
        if array.null_count < self.count:
            starts, items = offsets(array)
            rows = np.repeat(np.arange(self.count), np.diff(starts))
            units[rows[items.field(1).fill_null(0).to_numpy(zero_copy_only=False) != 0]] = True
        return (pack(units) | self.called_unknown("request.bodies")) & ~self.bodies_asked

    @cached_property
    def unspoken(self) -> Words:
        """Which cases say nothing of the number of lumbar vertebrae, and name no body or disc that only some have."""
        return self.everywhere & ~self.spoken(_LUMBAR.path) & ~self.names_optional & ~self.names_spanning

    @cached_property
    def names_optional(self) -> Words:
        """Which cases name a body that only some have."""
        return pack((self._named & _OPTIONAL) != 0)

    @cached_property
    def names_spanning(self) -> Words:
        """Which cases name a disc that is there only without the body between."""
        return pack((self._named & SPANNING_BITS) != 0)

    @cached_property
    def misfits(self) -> Words:
        """Which cases name such a disc and what lies between its bodies, and say nothing of the anatomy."""
        return pack((self._named & _SPANNED) != 0) & self.names_spanning & ~self.spoken(_LUMBAR.path)

    @cached_property
    def four(self) -> Words:
        """Which cases have four lumbar vertebrae for certain."""
        stated = pack(self.options(_LUMBAR) == 1 << place_of(_LUMBAR, "four"))
        return stated | (self.names_spanning & ~self.spoken(_LUMBAR.path))

    @cached_property
    def alternatives(self) -> Words:
        """Which cases may name several things of which one is so: kinds of a finding, words for a treatment."""
        findings = self.entries(FINDINGS)
        found = findings.listed(np.bitwise_count(findings.options("kind")) > 1)
        for row in TABLE.plain:
            if row.path.endswith(".status"):
                left = self.options(row)
                given = np.logical_or.reduce([bit(left, place_of(row, word)) for word in _ONGOING])
                found = found | pack(bit(left, place_of(row, "contraindicated")) & given)
        return found

    @cached_property
    def coupled(self) -> Words:
        """Which cases leave open what hangs together: alternatives, bodies of a request, or the place of something."""
        return self.alternatives | self.bodies_open | pack(bit(self._placed, place_of(_LEVELS, SOMEWHERE)))

    @cached_property
    def _placed(self) -> Masks:
        """The levels that each case requests, or where it says that something lies, as bits."""
        # Bodies come first among the levels, so that a body has the same bit in both.
        levels = self.texts("request.bodies").masks | self.texts("mri.no_modic_change_at").masks
        for path in LISTS.values():
            if f"{path}.levels" in TABLE.by_path:
                entries = self.entries(path)
                joined(np.bitwise_or, entries.texts("levels").masks, entries.rows, levels)
        return levels

    @cached_property
    def _named(self) -> Masks:
        """The levels that each case names at all, as bits."""
        ablations = self.entries("ablations[]")
        return joined(np.bitwise_or, ablations.texts("bodies").masks, ablations.rows, self._placed.copy())

    def rooms(self) -> tuple[Masks, Whole, Whole, Whole]:
        """Return, for every case, the levels it names and room for findings of a kind, surgeries and Modic changes.

        There is room for one more than listed, unless the list is said to be whole.
        """
        levels = self._placed.copy()
        lumbar = self.options(_LUMBAR)
        unusual = (lumbar != 1 << place_of(_LUMBAR, "five")) & unpack(self.spoken(_LUMBAR.path), self.count)
        unusual |= (self._named & (_OPTIONAL | SPANNING_BITS)) != 0
        levels[unusual | (ANATOMY in self.setting.readings)] |= _OPTIONAL
        levels[unpack(self.bodies_open, self.count)] |= LEVEL_BIT[WIDE_BODIES[0]]
        rows, most = self.entries(FINDINGS).rows, np.zeros(self.count, np.int64)
        for kind in FINDING_KINDS:
            places, rank = self._of_kind(kind)
            more = ~self.texts("findings.absent").has(kind)[rows[places]]
            joined(np.maximum, rank + 1 + more, rows[places], most)
        surgeries, modic = (
            self.entries(path).sizes + ~unpack(self.closing(path), self.count) for path in ("surgeries[]", MODIC)
        )
        return levels, most, surgeries, modic

    # --- entries ---

    def _of_kind(self, kind: str) -> tuple[Whole, Whole]:
        """Return the findings that may be of `kind`, and how many such of the same case come before each."""
        key = ("kind", kind)
        if key not in self._cache:
            findings = self.entries(FINDINGS)
            places = np.flatnonzero(bit(findings.options("kind"), place_of(_KIND, kind)))
            self._cache[key] = places, ranks(findings.rows[places])
        found: tuple[Whole, Whole] = self._cache[key]
        return found

    def entity(self, entity: Term) -> tuple[Whole, Whole, Entries]:
        """Return which entries are this finding, surgery or Modic change of their case, those cases, and the list."""
        entries = self.entries(LISTS[name_of(entity)])
        if entity not in self._selected:
            rank = int(str(arguments_of(entity)[-1])) - 1
            if entries.path == FINDINGS:
                places, of_kind = self._of_kind(str(arguments_of(entity)[0]))
                places = places[of_kind == rank]
            else:
                places = np.flatnonzero(entries.rank == rank)
            self._selected[entity] = places, entries.rows[places]
        return *self._selected[entity], entries

    # --- numbers ---

    def number(self, row: Field) -> Bounds:
        """Return what the number `row`, which stands once in a case, leaves possible."""
        return number_bounds(lambda suffix: self.cell(row.path, suffix))

    def entry_number(self, row: Field, entity: Term) -> Bounds:
        """Return what the number `row` of one entry of each case leaves possible."""
        places, rows, entries = self.entity(entity)
        found = self.since if row.span else number_bounds(lambda suffix: entries.cell(row.name, suffix))
        dense = times.nothing(self.count)
        dense.low[rows], dense.high[rows] = found.low[places], found.high[places]
        return times.Bounds(dense.low, dense.high, found.exact)

    def days(self, path: str) -> Bounds:
        """Return what the date at `path` leaves possible."""
        return day_bounds(lambda suffix: self.cell(path, suffix))

    @cached_property
    def moments(self) -> dict[str, Bounds]:
        """The days on which request and procedure can be."""
        return times.moments(self.days("request.date"), self.days("request.planned_procedure_date"))

    def time(self, given: Field, begin: Field, moment: str) -> Bounds:
        """Return a time until `moment`, as given or from the day on which it begins."""
        number, day = self.number(given), self.days(begin.path)
        if moment == "procedure" and given.name == "months" and number.stated.any():
            number = times.lengthened(number, self.moments, "months")
        if not day.stated.any():
            return number
        return times.spanned(begin.span, day, self.moments[moment]).where(day.stated, number)

    @cached_property
    def care(self) -> dict[str, Bounds]:
        """How long the care lasted, until each moment."""
        longest = np.full(self.count, -BEYOND)
        for row in TABLE.plain:
            if row.path.endswith(".status"):
                left = self.options(row)
                other = sum(1 << place_of(row, word) for word in row.values if word not in _ONGOING)
                given = (left != 0) & ((left & left.dtype.type(other)) == 0)
                for name in _ONGOING:
                    given |= unpack(self.answers(f"{row.section}.{name}")[0], self.count)
                low = self.number(TABLE.by_path[f"{row.section}.weeks"]).low
                np.maximum(longest, low, out=longest, where=given)
        start, end = (self.days(f"conservative_care.{name}") for name in ("start", "end"))
        stated = self.number(TABLE.by_path["conservative_care.weeks"])
        found = times.care(stated, start, end, longest, self.moments["request"])
        later = times.lengthened(found, self.moments, "weeks")
        return {"request": found, "procedure": Bounds(found.low, later.high)}

    @cached_property
    def since(self) -> Bounds:
        """The months from each surgery to the procedure."""
        surgeries = self.entries("surgeries[]")
        number = number_bounds(lambda suffix: surgeries.cell("months_before_procedure", suffix))
        day = day_bounds(lambda suffix: surgeries.cell("date", suffix))
        if not day.stated.any():
            return number
        procedure = self.moments["procedure"]
        until = Bounds(procedure.low[surgeries.rows], procedure.high[surgeries.rows])
        return times.spanned("months", day, until).where(day.stated, number)


_KIND = TABLE.by_path["findings.present[].kind"]
_LEVELS = TABLE.by_path["surgeries[].levels"]
assert set(_ONGOING) <= set(STATUSES)
