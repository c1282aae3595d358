"""What a block of rows states, as the inputs of a ground program: a bit for each case.

`facts` translates one case; this is the same translation by whole columns, and tests hold the two together. Both read
the field table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bvn_asp.batch.columns import NONE, NOT_MEASURED
from bvn_asp.batch.entries import Entries, bit, place_of
from bvn_asp.batch.kernel import Words
from bvn_asp.batch.rows import FINDINGS, LISTS, MODIC, Rows
from bvn_asp.batch.times import BEYOND, Bounds
from bvn_asp.batch.words import Flags, Whole, answers, pack, scatter, unpack
from bvn_asp.decision.conventions import (
    ENTAILED,
    HARMLESS,
    OPEN_LISTS,
    PARTS_READ,
    READ_IN_FULL,
    SHOWING,
    STATUSES,
    ablation_terms,
    in_range,
)
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term, arguments_of, name_of, pattern, subject_of
from bvn_asp.record.anatomy import SOMEWHERE, SPANNING_DISCS
from bvn_asp.record.field import Field
from bvn_asp.record.table import LOCATED_KINDS, TABLE

Pair = tuple[Words, Words]
"""Where something is stated to be so, and where it is stated not to be."""
PRESENCE = ("present", "modic_present")
_EITHER = ("age", "pain_duration")


@cache
def plain_rows() -> dict[Term, Field]:
    """Return the fields that stand once in a case and state one fact, number or choice, by its term."""
    forms = ("answer", "choice", "number")
    found = [(row, pattern(row.term)) for row in TABLE.plain if row.term and row.form in forms]
    return {term: row for row, term in found if not set("VWX") & set(arguments_of(term))}


@cache
def rows_named(name: str) -> tuple[Field, ...]:
    """Return the fields that state something about an entry, a moment or a word, by the name of its term."""
    found = [row for row in TABLE.fields if row.term and not row.is_list and name_of(pattern(row.term)) == name]
    return tuple(row for row in found if set("VWX") & set(arguments_of(pattern(row.term))))


class Inputs:
    """The inputs that a block of rows states; `quantities` is the quantity of every number."""

    def __init__(self, rows: Rows, quantities: Mapping[Term, str]) -> None:
        self.rows, self.quantities = rows, quantities
        self._pairs: dict[Term, Pair | None] = {}
        self._bands: dict[Term, dict[str, dict[int, Words]]] = {}
        self._choices: dict[Term, tuple[Field, npt.NDArray[Any]] | None] = {}
        self._somewhere: dict[Term, Words] = {}

    def plane(self, term: Term) -> Words | None:
        """Return the cases in which the input `term` holds, or None if no case can state it."""
        subject, form = subject_of(term), name_of(term)
        if form in ("yes", "no"):
            pair = self.pair(subject)
            return None if pair is None else pair[form == "no"]
        if form in ("from", "to"):
            return self.bands(subject)[form].get(int(str(arguments_of(term)[1])))
        if form == "ruled_out":
            return self.ruled_out(subject, str(arguments_of(term)[1]))
        if form == "assumed_absent":
            return self.assumed(subject)
        return self.silent(subject) if form == "assumed" else None

    def planes(self, terms: Iterable[Term]) -> dict[Term, Words]:
        """Return the cases in which each input of `terms` holds, without those that hold in none."""
        found = ((term, self.plane(term)) for term in terms)
        return {term: words for term, words in found if words is not None and words.any()}

    def somewhere(self, entity: Term) -> Words:
        """Return the cases whose `entity` lies somewhere from L3 to S1."""
        if entity not in self._somewhere:
            places, cases, entries = self.rows.entity(entity)
            open_ = entries.texts("levels").has(SOMEWHERE)[places]
            self._somewhere[entity] = scatter(cases[open_], self.rows.count)
        return self._somewhere[entity]

    def settled(self, subject: Term) -> Words | None:
        """Return the cases that state `subject` exactly, or None if none can."""
        pair = self.pair(subject)
        if pair is not None:
            return pair[0] | pair[1]
        if subject in self.quantities:
            number = self.number(subject)
            return None if number is None else pack(number.settled)
        choice = self.choice(subject)
        return None if choice is None else self._spread(subject, np.bitwise_count(choice[1]) == 1)

    # --- facts ---

    def pair(self, subject: Term) -> Pair | None:
        """Return where the fact `subject` is stated to be so and not to be, or None if it is no fact of a record."""
        if subject not in self._pairs:
            find = _FACTS.get(name_of(subject), Inputs._stated)
            self._pairs[subject] = find(self, subject)
        return self._pairs[subject]

    def _stated(self, subject: Term) -> Pair | None:
        row = plain_rows().get(subject)
        if row is not None:
            return self._plain(row) if row.form == "answer" else None
        entity = entity_of(subject)
        if entity is None:
            return self._named(subject)
        found = [row for row in rows_named(name_of(subject)) if row.entry == LISTS[name_of(entity)]]
        found = [row for row in found if row.form in ("answer", "names")]
        if not found:
            return None
        return self._described(subject, entity, found)

    def _plain(self, row: Field) -> Pair:
        so, otherwise = self.rows.answers(row.path)
        status = TABLE.by_path.get(f"{row.section}.status")
        if status is None or row.name not in PARTS_READ:
            return so, otherwise
        for part, of, value in ENTAILED:
            if part == row.name:
                entailed = self.rows.answers(f"{row.section}.{of}")[not value]
                so, otherwise = (so | entailed, otherwise) if value else (so, otherwise | entailed)
        left = self.rows.options(status)
        yes = _reading(status, row.name)
        known, kind = left != 0, left.dtype.type
        return so | pack(known & ((left & ~kind(yes)) == 0)), otherwise | pack(known & ((left & kind(yes)) == 0))

    def _named(self, subject: Term) -> Pair | None:
        """Return where a list of names that stands once has a name, and where it is whole without it."""
        for row in rows_named(name_of(subject)):
            if row.form == "names" and not row.entry:
                texts, (word,) = self.rows.texts(row.path), map(str, arguments_of(subject))
                so, closed = pack(texts.has(word)), self.rows.closing(row.path) & pack(texts.known)
                whole = pack(texts.has(NONE)) | closed
                return so, whole & ~so
        return None

    def _unmeasured(self, subject: Term) -> Pair | None:
        row = plain_rows().get(subject_of(subject))
        if row is None or not row.measured:
            return None
        so = answers(self.rows.cell(row.path, NOT_MEASURED))[0]
        return so, pack(self.rows.number(row).stated) & ~so

    def _present(self, subject: Term) -> Pair:
        entity = subject_of(subject)
        there, after, whole = self._place(entity)
        places, cases, entries = self.rows.entity(entity)
        so = there
        if f"{entries.path}.certainty" in TABLE.by_path:
            called = entries.options("certainty")[places]
            certain = (called == 0) | (called == 1 << place_of(entries.field("certainty"), "certain"))
            certain &= ~self._called_unknown(entries, "certainty")[places]
            if entries.path == FINDINGS:
                # Of a finding of one kind or another, each kind is open.
                certain &= np.bitwise_count(entries.options("kind")[places]) == 1
            so = scatter(cases[certain], self.rows.count)
        return so, self.rows.everywhere & ~there & ~(after & ~whole)

    def _place(self, entity: Term) -> tuple[Words, Words, Words]:
        """Return which cases have this entry, which have exactly those before it, and which list no more."""
        _, cases, entries = self.rows.entity(entity)
        there = scatter(cases, self.rows.count)
        *kind, rank = arguments_of(entity)
        before = self.rows.everywhere
        if rank != 1:
            before = scatter(self.rows.entity((name_of(entity), *kind, int(str(rank)) - 1))[1], self.rows.count)
        return there, before & ~there, self._whole(entries, kind)

    def _whole(self, entries: Entries, kind: list[Term]) -> Words:
        # A list that is called unknown is never whole, and its closing field closes only one that is stated.
        if entries.path == FINDINGS:
            closed = pack(self.rows.texts("findings.absent").has(str(kind[0])))
        else:
            closed = self.rows.closing(entries.path) & pack(entries.sizes != 0)
        if entries.path == MODIC:
            closed = closed | self.rows.answers("mri.read_in_full")[0]
        return entries.none | (closed & ~self.rows.called_unknown(entries.path))

    def _described(self, subject: Term, entity: Term, rows: list[Field]) -> Pair:
        """Return what the fields `rows` of an entry answer, and what other statements answer for it."""
        places, cases, entries = self.rows.entity(entity)
        yes = no = self.rows.nowhere
        for row in rows if len(places) else ():
            so, otherwise = self._in_entries(row, entries, word_of(row, subject))
            yes = yes | scatter(cases[so[places]], self.rows.count)
            no = no | scatter(cases[otherwise[places]], self.rows.count)
        name = name_of(subject)
        if name in HARMLESS:
            nothing_else = TABLE.by_path["findings.additional_pathology"]
            listed = ~self.rows.called_unknown(entries.path)
            no = no | (self._place(entity)[1] & pack(self.rows.options(nothing_else) != 0) & listed)
        for source, path in READ_IN_FULL.items():
            if name == "shown" and arguments_of(subject)[0] == source:
                # Of what is not known to be shown by anything, no source is taken to list all it shows.
                open_ = np.logical_or.reduce([self._called_unknown(entries, field) for field in SHOWING])
                shown_by = entries.texts("shown_by")
                open_ |= ~np.logical_or.reduce([shown_by.has(word) for word in READ_IN_FULL])
                unknown = scatter(cases[open_[places]], self.rows.count) | self.rows.called_unknown(entries.path)
                no = no | (self.rows.answers(path)[0] & ~yes & ~unknown)
        return yes, no

    def _called_unknown(self, entries: Entries, name: str) -> Flags:
        """Return which of `entries` call their field `name` unknown."""
        found = np.zeros(entries.count, np.bool_)
        before, after = f"{entries.path.removesuffix('[]')}[", f"].{name}"
        for path, rows in self.rows.unknown.items():
            if path.startswith(before) and path.endswith(after):
                place = int(path[len(before) : -len(after)])
                found |= (entries.rank == place) & np.isin(entries.rows, rows)
        return found

    def _in_entries(self, row: Field, entries: Entries, word: str) -> tuple[Flags, Flags]:
        if row.form == "answer":
            return entries.answers(row.name)
        texts = entries.texts(row.name)
        so = texts.has(word)
        if row.denies:
            return np.zeros(len(so), np.bool_), so
        whole = texts.has(NONE)
        closing = next((other for other in TABLE.lists[entries.path] if other.closes == row.path), None)
        if closing is not None:
            whole = whole | ((entries.options(closing.name) != 0) & texts.known)
        return so, whole & ~so

    def _placed(self, subject: Term) -> Pair:
        places, cases, entries = self.rows.entity(subject_of(subject))
        known = entries.texts("levels").known
        return scatter(cases[known[places]], self.rows.count), self.rows.nowhere

    def _at(self, subject: Term) -> Pair:
        entity, site = arguments_of(subject)
        level = "-".join(map(str, site[1:] if isinstance(site, tuple) else [site])).upper()
        places, cases, entries = self.rows.entity(entity)
        yes = no = self.rows.nowhere
        if entries.path == FINDINGS and arguments_of(entity)[0] not in LOCATED_KINDS:
            return yes, no
        if len(places):
            texts = entries.texts("levels")
            so, otherwise = texts.has(level), texts.known
            inside = np.full(len(otherwise), in_range(level))
            if level in SPANNING_DISCS:
                inside &= unpack(self.rows.four, self.rows.count)[entries.rows]
            otherwise = otherwise & ~(texts.has(SOMEWHERE) & inside)
            yes = scatter(cases[so[places]], self.rows.count)
            no = scatter(cases[(otherwise & ~so)[places]], self.rows.count)
        if entries.path == MODIC:
            no = no | (pack(self.rows.texts("mri.no_modic_change_at").has(level)) & ~yes)
        return yes, no

    def _ablated(self, subject: Term) -> Pair:
        entries = self.rows.entries("ablations[]")
        here, elsewhere = self._ablations(subject_of(subject))
        so, somewhere = entries.listed(here), entries.listed(elsewhere)
        whole = self._whole(entries, [])
        if name_of(subject) == "ablated":
            return so, whole & ~so & ~somewhere
        parts = [entries.answers(row.name) for row in _ABLATIONS[name_of(subject)]]
        stated = np.logical_and.reduce([so for so, _ in parts])
        denied = np.logical_or.reduce([otherwise for _, otherwise in parts])
        yes = entries.listed(here & stated)
        return yes, (so | somewhere) & whole & ~entries.listed((here | elsewhere) & ~denied)

    def _ablations(self, body: Term) -> tuple[Flags, Flags]:
        """Return the entries that name `body`, and those that name none."""
        texts = self.rows.entries("ablations[]").texts("bodies")
        return texts.has(str(body).upper()), ~texts.known

    def _requested(self, subject: Term) -> Pair:
        if subject == "request_made":
            return self.rows.requested, self.rows.everywhere & ~self.rows.requested
        so = pack(self.rows.texts("request.bodies").has(str(subject_of(subject)).upper()))
        return so, self.rows.everywhere & ~so & ~self.rows.bodies_open

    # --- complete records ---

    def assumed(self, subject: Term) -> Words | None:
        """Return the cases whose record is complete and does not speak of `subject`: it may be taken to lack it."""
        rows, row = self.rows, plain_rows().get(subject)
        if row is not None and row.closable:
            return rows.closed & ~rows.mentioned(row.path)
        if row is not None and row.measured:
            # A test that was not made, as far as a complete record tells: neither it nor its condition is mentioned.
            found: Words = rows.closed & ~rows.spoken(row.path)
            for parent in row.parents:
                np.bitwise_and(found, ~rows.spoken(parent) | rows.answers(parent)[1], out=found)
            return found
        if name_of(subject) == "ablated":
            here, elsewhere = self._ablations(subject_of(subject))
            listed = rows.entries("ablations[]").listed(here | elsewhere)
            whole = self._whole(rows.entries("ablations[]"), [])
            return rows.closed & ~listed & ~whole & ~self._open("ablations[]")
        if name_of(subject) == "present":
            _, after, whole = self._place(subject_of(subject))
            return rows.closed & after & ~whole & ~self._open(LISTS[name_of(subject_of(subject))])
        return None

    def _open(self, path: str) -> Words:
        """Return the cases that call unknown whether the list at `path` goes on."""
        fields = OPEN_LISTS[path.removesuffix("[]")]
        found: Words = np.bitwise_or.reduce([self.rows.called_unknown(field) for field in fields])
        return found

    def silent(self, subject: Term) -> Words | None:
        """Return the cases that do not speak of `subject`, where that says something; a treatment's fields are one."""
        row = plain_rows().get(subject)
        if subject == "lumbar_count" or row is None:
            return self.rows.unspoken if row is not None else None
        treated = name_of(subject) == "received"
        paths = [other.path for other in TABLE.plain if other.section == row.section] if treated else [row.path]
        spoken: Words = np.bitwise_or.reduce([self.rows.spoken(path) for path in paths])
        return self.rows.everywhere & ~spoken

    # --- choices and numbers ---

    def choice(self, subject: Term) -> tuple[Field, npt.NDArray[Any]] | None:
        """Return the field of a choice, and the options that each case or entry leaves; None if it is none."""
        if subject not in self._choices:
            row = plain_rows().get(subject)
            entity = entity_of(subject)
            found: tuple[Field, npt.NDArray[Any]] | None = None
            if row is not None and row.form == "choice":
                found = row, self.rows.options(row)
            elif entity is not None:
                path = LISTS[name_of(entity)]
                for each in rows_named(name_of(subject)):
                    if each.entry == path and each.form == "choice":
                        places, _, entries = self.rows.entity(entity)
                        found = each, entries.options(each.name)[places]
            self._choices[subject] = found
        return self._choices[subject]

    def ruled_out(self, subject: Term, value: str) -> Words | None:
        """Return the cases that rule out that the choice `subject` is `value`."""
        found = self.choice(subject)
        if found is None or value not in found[0].values:
            return None
        row, left = found
        words = self._spread(subject, (left != 0) & ~bit(left, place_of(row, value)))
        if (subject, value) == ("lumbar_count", "four"):
            # Who names an L6 counts at least five.
            words = words | (self.rows.names_optional & ~self.rows.spoken(row.path))
        elif subject == "lumbar_count":
            # Who names a disc between L4 and S1 counts four.
            words = words | (self.rows.names_spanning & ~self.rows.spoken(row.path))
        return words

    def _spread(self, subject: Term, flags: Flags) -> Words:
        entity = entity_of(subject)
        return pack(flags) if entity is None else scatter(self.rows.entity(entity)[1][flags], self.rows.count)

    def number(self, subject: Term) -> Bounds | None:
        """Return what every case leaves possible of the number `subject`, or None if a record has no such number."""
        row, name = plain_rows().get(subject), name_of(subject)
        if row is not None:
            return self.rows.number(row) if row.form == "number" else None
        entity = entity_of(subject)
        found = [row for row in rows_named(name) if row.form in ("number", "date")]
        if not found:
            return None
        if entity is not None:
            dated = next((row for row in found if row.span), found[0])
            return self.rows.entry_number(dated, entity)
        moment = str(subject_of(subject))
        if name in _EITHER:
            given, begin = found
            return self.rows.time(given, begin, moment)
        return self.rows.care[moment]

    def bands(self, subject: Term) -> dict[str, dict[int, Words]]:
        """Return the cases in which the number `subject` is at least, and at most, each representative."""
        if subject not in self._bands:
            limits = sorted(set(self.rows.setting.limits.get(self.quantities.get(subject, ""), [])))
            number = self.number(subject) if limits else None
            found: dict[str, dict[int, Words]] = {"from": {}, "to": {}}
            if number is not None and number.stated.any():
                found["from"] = self._banded(number.low, number.low > -BEYOND, limits)
                found["to"] = found["from"] if number.exact else self._banded(number.high, number.high < BEYOND, limits)
            self._bands[subject] = found
        return self._bands[subject]

    def _banded(self, values: Whole, stated: Flags, limits: list[int]) -> dict[int, Words]:
        found: dict[int, Words] = {}
        known = pack(stated)
        below = self.rows.nowhere
        for limit in limits:
            less, most = pack(values < limit), pack(values <= limit)
            for band, words in ((representative(limit - 1, limits), less & ~below), (limit, most & ~less)):
                found[band] = found.get(band, self.rows.nowhere) | (words & known)
            below = most
        above = representative(limits[-1] + 1, limits)
        found[above] = found.get(above, self.rows.nowhere) | (known & ~below)
        return found


def entity_of(subject: Term) -> Term | None:
    """Return the finding, surgery or Modic change that `subject` is about, if it is about one."""
    return next((part for part in arguments_of(subject) if isinstance(part, tuple) and name_of(part) in LISTS), None)


def _reading(status: Field, part: str) -> int:
    """Return the words for a treatment's status that say yes to `part`, as bits."""
    return sum(1 << place_of(status, word) for word, read in STATUSES.items() if read[part])


def word_of(row: Field, subject: Term) -> str:
    """Return the word of the list `row` that `subject` is about; empty if `row` is no list of words."""
    places = [place for place, part in enumerate(arguments_of(pattern(row.term))) if part == "V"]
    return str(arguments_of(subject)[places[0]]) if places else ""


_ABLATIONS = {name_of(pattern(text)): rows for text, rows in ablation_terms().items()}
_FACTS: dict[str, Callable[[Inputs, Any], Pair | None]] = {
    "unmeasured": Inputs._unmeasured,
    **dict.fromkeys(PRESENCE, Inputs._present),
    "placed": Inputs._placed,
    "at": Inputs._at,
    **{name_of(pattern(row.term)): Inputs._ablated for row in TABLE.lists["ablations[]"] if row.term},
    **dict.fromkeys(_ABLATIONS, Inputs._ablated),
    **dict.fromkeys(("requested", "request_made"), Inputs._requested),
}
