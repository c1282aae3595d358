"""A block of rows of the columnar form: its lists, its numbers, and the room that each case needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from bvn_asp.bands import limits_of
from bvn_asp.batch import spans
from bvn_asp.batch.columns import domains, schema
from bvn_asp.batch.entries import LEVEL_BIT, LEVELS, Entries, Masks, Texts, joined, ranks
from bvn_asp.batch.kernel import Words
from bvn_asp.batch.words import Flags, Whole, answers, codes, days, length_of, numbers, ones, pack, unpack
from bvn_asp.facts import ANATOMY
from bvn_asp.policy import Policy
from bvn_asp.spine import BODIES
from bvn_asp.terms import Term, arguments_of, name_of, subject_of

Number = tuple[Whole, Flags]
"""A number of every case in millionths, and where it is known."""
NUMBERS = {"body_mass_index": "patient_body_mass_index", "t_score": "conditions_t_score"}
TIMES = {"age": ("patient_age", "patient_birth_date"), "pain_duration": ("pain_months", "pain_onset")}
ENTRY_NUMBERS = {"size": "size_mm", "slip": "slip_mm"}


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
    """A block of rows. `batch` has columns of the columnar form; those that it lacks are unknown."""

    def __init__(self, batch: Any, setting: Setting) -> None:
        self.batch, self.setting, self.policy, self.count = batch, setting, setting.policy, batch.num_rows
        self.names = set(batch.schema.names)
        self._codes: dict[str, Any] = {}
        self._selected: dict[Term, tuple[Whole, Whole]] = {}

    def column(self, name: str) -> Any:
        """Return the column `name`, all null if the block lacks it."""
        return self.batch.column(name) if name in self.names else pa.nulls(self.count, schema().field(name).type)

    def words(self, name: str) -> Any:
        """Return the codes of a column of words; a code is a place in the column's domain."""
        if name not in self._codes:
            self._codes[name] = codes(self.column(name), domains()[name].words)
        return self._codes[name]

    @cached_property
    def everywhere(self) -> Words:
        """Every case."""
        return ones(self.count)

    @cached_property
    def nowhere(self) -> Words:
        """No case."""
        return np.zeros(length_of(self.count), np.uint64)

    @cached_property
    def modic(self) -> Entries:
        """The Modic changes."""
        return Entries(self.column("mri_modic_changes"))

    @cached_property
    def findings(self) -> Entries:
        """The findings present."""
        return Entries(self.column("findings_present"))

    @cached_property
    def surgeries(self) -> Entries:
        """The earlier surgeries."""
        return Entries(self.column("surgeries"))

    @cached_property
    def ablations(self) -> Entries:
        """The earlier ablations."""
        return Entries(self.column("ablations"))

    @cached_property
    def kinds(self) -> Any:
        """The kind of each finding, as a code."""
        return self.findings.words("kind", domains()["findings_present.kind"].words)

    @cached_property
    def finding_ranks(self) -> Whole:
        """How many findings of the same kind and case come before each."""
        found = np.zeros(self.findings.count, np.int64)
        for kind in np.unique(self.kinds):
            places = np.flatnonzero(self.kinds == kind)
            found[places] = ranks(self.findings.rows[places])
        return found

    @cached_property
    def absent(self) -> Masks:
        """The kinds of finding that each case states to be absent, as bits."""
        return Texts(self.column("findings_absent"), domains()["findings_absent"].words).masks

    @cached_property
    def requested(self) -> Masks:
        """The bodies that each case requests, as bits."""
        return Texts(self.column("request_bodies"), BODIES).masks

    @cached_property
    def closed(self) -> Words:
        """Which records are run as complete."""
        if self.setting.assume_absent is None:
            return answers(self.column("record_complete"))[0]
        return self.everywhere if self.setting.assume_absent else self.nowhere

    @cached_property
    def anatomy(self) -> dict[str, Words]:
        """Which cases read the anatomy as each option but the default: as stated, or else as the run does."""
        question, chosen = self.policy.questions.get(ANATOMY), self.setting.readings.get(ANATOMY)
        if question is None:
            return {}
        stated = self.words("patient_lumbar_vertebrae")
        return {
            option: pack((stated == place) | ((stated < 0) & (option == chosen)))
            for place, option in enumerate(domains()["patient_lumbar_vertebrae"].words)
            if option != question.default
        }

    def rooms(self) -> tuple[Masks, Whole, Whole, Whole]:
        """Return, for every case, the levels it names and how many findings of a kind, surgeries and Modic changes."""
        levels = self.requested.copy()
        for entries in (self.findings, self.surgeries, self.modic):
            joined(np.bitwise_or, entries.masks("levels", LEVELS)[0], entries.rows, levels)
        for words in self.anatomy.values():
            if words.any():
                levels[unpack(words, self.count)] |= LEVEL_BIT["L6"]
        most = joined(np.maximum, self.finding_ranks + 1, self.findings.rows, np.zeros(self.count, np.int64))
        return levels, most, self.surgeries.sizes, self.modic.sizes

    def entity(self, entity: Term) -> tuple[Whole, Whole, Entries]:
        """Return which entries are this finding, surgery or Modic change of their case, those cases, and the list."""
        name = name_of(entity)
        entries = {"finding": self.findings, "surgery": self.surgeries, "modic": self.modic}[name]
        if entity not in self._selected:
            rank = int(str(arguments_of(entity)[-1])) - 1
            if name == "finding":
                kind = domains()["findings_present.kind"].words.index(str(arguments_of(entity)[0]))
                places = np.flatnonzero((self.kinds == kind) & (self.finding_ranks == rank))
            else:
                places = np.flatnonzero(entries.rank == rank)
            self._selected[entity] = places, entries.rows[places]
        return *self._selected[entity], entries

    def number(self, subject: Term) -> Number | None:
        """Return the number `subject` of every case, or None if a record has no such number."""
        name, about = name_of(subject), subject_of(subject)
        if name in NUMBERS:
            return numbers(self.column(NUMBERS[name]))
        if name == "treatment_duration":
            return numbers(self.column(f"conservative_care_therapies_{about}_weeks"))
        if name in TIMES:
            return self._until(name, *TIMES[name], name_of(about))
        if name in (*ENTRY_NUMBERS, "time_since"):
            return self._entry_number(name, about)
        return self._care() if name == "care_duration" else None

    def _entry_number(self, name: str, about: Term) -> Number:
        place, rows, entries = self.entity(about)
        values, known = self._since if name == "time_since" else entries.numbers(ENTRY_NUMBERS[name])
        dense, flags = np.zeros(self.count, np.int64), np.zeros(self.count, np.bool_)
        dense[rows], flags[rows] = values[place], known[place]
        return dense, flags

    @cached_property
    def dates(self) -> tuple[Number, Number, Flags]:
        """The days of procedure and request, and where the procedure is planned."""
        day, asked = days(self.column("request_date"))
        planned_day, planned = days(self.column("request_planned_procedure_date"))
        return (np.where(planned, planned_day, day), planned | asked), (day, asked), planned

    def _until(self, quantity: str, given: str, begin: str, moment: str) -> Number:
        """Return a time as given, or from its beginning to a moment of the request."""
        values, known = numbers(self.column(given))
        column = self.column(begin)
        if column.null_count == self.count:
            return values, known
        (start, begun), (end, ended) = days(column), self.dates[0 if moment == "procedure" else 1]
        rows = np.flatnonzero(begun & ended)
        span = spans.years_between if quantity == "age" else spans.months_between
        length = span(start[rows], end[rows])
        values, known = values.copy(), known & ~begun
        values[rows], known[rows] = length, self._sure(rows, length, quantity) if moment == "procedure" else True
        return values, known

    def _sure(self, rows: Whole, length: Whole, quantity: str) -> Flags:
        """Return where the procedure is planned, or no later day could matter."""
        passed: Flags = length > max(self.setting.limits.get(quantity, [0]))
        return self.dates[2][rows] | passed

    def _care(self) -> Number:
        values, known = numbers(self.column("conservative_care_weeks"))
        start, end = self.column("conservative_care_start"), self.column("conservative_care_end")
        if self.count in (start.null_count, end.null_count):
            return values, known
        (first, begun), (last, ended) = days(start), days(end)
        dated = begun & ended & ~known
        return np.where(dated, spans.weeks_between(first, last), values), known | dated

    @cached_property
    def _since(self) -> Number:
        """The months from each surgery to the procedure."""
        values, known = self.surgeries.numbers("months_before_procedure")
        day, dated = self.surgeries.days("date")
        rows = self.surgeries.rows
        places = np.flatnonzero(dated & self.dates[0][1][rows])
        values, known = values.copy(), known & ~dated
        length = spans.months_between(day[places], self.dates[0][0][rows[places]])
        values[places], known[places] = length, self._sure(rows[places], length, "time_since_surgery")
        return values, known
