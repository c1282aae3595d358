"""A case amended: what a search changed is written into the case as it was, and nothing else in it is touched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bvn_asp.analysis.records import STATED
from bvn_asp.analysis.search import Search
from bvn_asp.analysis.writing.stated import Record
from bvn_asp.analysis.writing.writer import Writer
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of
from bvn_asp.record.case import EITHER, Case
from bvn_asp.record.models import NONE
from bvn_asp.record.statements import UNKNOWN
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts

_PRESENCE = ("present", "modic_present")
_PARTS = ("status", "received", "begun", "contraindicated")
_HOMES = {"modic": ("mri", "modic_changes"), "surgery": ("", "surgeries"), "finding": ("findings", "present")}


def amended(case: Case, before: frozenset[Term], after: frozenset[Term], search: Search, facts: Facts) -> Case:
    """Return `case`, which states the inputs `before`, changed to state `after`.

    `facts` is the case as the search sees it. Raises ValueError if no case file can state it.
    """
    return Case.model_validate(record_of(case, before, after, search, facts))


def record_of(case: Case, before: frozenset[Term], after: frozenset[Term], search: Search, facts: Facts) -> Record:
    """Return the record of `amended` as plain data."""
    record: Record = case.model_dump(exclude={"story", "expected"}, exclude_none=True)
    old, new = (_writer(inputs, search) for inputs in (before, after))
    was, now = old.record(), new.record()
    _times(record, old, new)
    stated_before, stated_now = ({name: _list(section, name) for name in _HOMES} for section in (was, now))
    for section in (was, now):
        section.pop("record_complete", None)
        for home, key in _HOMES.values():
            (section.get(home, {}) if home else section).pop(key, None)
        section.get("findings", {}).pop("absent", None)
    _therapies(record, was, now)
    _bodies(record, was, now)
    if was.pop("ablations", None) != now.get("ablations"):
        record["ablations"] = now.get("ablations")
    now.pop("ablations", None)
    _merge(record, was, now, "")
    gone: list[tuple[list[Any], int]] = []
    for entity in sorted({entity for term in before | after for entity in _present(term)}, key=str):
        _entity(record, entity, old, new, facts, gone)
    for entries, place in sorted(gone, key=lambda item: -item[1]):
        del entries[place]
    for name, (home, key) in _HOMES.items():
        word = stated_now[name] if stated_now[name] in (NONE, UNKNOWN) else None
        section = record.setdefault(home, {}) if home else record
        if section.get(key) == [] or (word is not None and word != stated_before[name]):
            section[key] = word
    return record


def _list(record: Record, name: str) -> Any:
    """Return what a record states of a list."""
    home, key = _HOMES[name]
    return (record.get(home, {}) if home else record).get(key)


def _writer(inputs: frozenset[Term], search: Search) -> Writer:
    """Return the writer of `inputs`; times are written by themselves."""
    stated = {term for term in inputs if name_of(term) in STATED}
    return Writer(stated, search.policy, search.quantities, search.limits, search.room, {}, dated=True)


def _times(record: Record, old: Writer, new: Writer) -> None:
    """Write a time that differs at some moment as a number, which is that at the other moment too."""
    for row in TABLE.plain:
        if row.form != "number" or "(W)" not in row.term:
            continue
        numbers: list[Term] = [(row.quantity, moment) for moment in ("request", "procedure")]
        changed = next((number for number in numbers if old.numbers.bounds(number) != new.numbers.bounds(number)), None)
        if changed is not None:
            section = record.setdefault(row.section, {})
            section.pop(row.name, None)
            for other in (other for one, other in EITHER if one == row.path):
                section.pop(other.rpartition(".")[2], None)
            value = new.numbers.number(changed)
            if value is not None:
                section[row.name] = value


def _present(term: Term) -> tuple[Term, ...]:
    """Return the finding, surgery or Modic change that an input speaks of, or nothing."""
    subject = subject_of(term)
    if name_of(term) not in FORMS or not isinstance(subject, tuple):
        return ()
    return tuple(part for part in subject[1:] if isinstance(part, tuple) and part[0] in _HOMES)


def _merge(record: Record, was: Record, now: Record, section: str) -> None:
    """Carry into `record` whatever differs between two others."""
    for key in {**was, **now}:
        one, other = was.get(key), now.get(key)
        if one == other:
            continue
        if isinstance(one or other, dict):
            _merge(record.setdefault(key, {}), one or {}, other or {}, key)
        elif other is None:
            record.pop(key, None)
        else:
            record[key] = other
            for one_field, other_field in EITHER:
                if section == "surgeries" and one_field == f"surgeries[].{key}":
                    record.pop(other_field.rpartition(".")[2], None)


def _therapies(record: Record, was: Record, now: Record) -> None:
    """Replace the status of every treatment that changed, whichever form it has."""
    old, new = (found.get("conservative_care", {}).get("therapies", {}) for found in (was, now))
    mine: Record = record.setdefault("conservative_care", {}).setdefault("therapies", {})
    forms = _PARTS
    for name in {**old, **new}:
        one, other = old.get(name, {}), new.get(name, {})
        if [one.get(form) for form in forms] != [other.get(form) for form in forms]:
            treatment = mine.setdefault(name, {})
            for form in forms:
                treatment.pop(form, None)
                if form in other:
                    treatment[form] = other[form]
        for form in forms:
            one.pop(form, None)
            other.pop(form, None)


def _bodies(record: Record, was: Record, now: Record) -> None:
    """Request the bodies that are wanted now, those that were requested before in their order."""
    one, other = (section.pop("request", {}).get("bodies", []) for section in (was, now))
    if one == other:
        return
    request = record.setdefault("request", {})
    before = request.pop("bodies", ())
    if other == UNKNOWN:
        request["bodies"] = UNKNOWN
    elif other:
        kept = [body for body in before if body in other] if isinstance(before, list | tuple) else []
        request["bodies"] = [*kept, *(body for body in other if body not in kept)]


def _entity(
    record: Record, entity: Term, old: Writer, new: Writer, facts: Facts, gone: list[tuple[list[Any], int]]
) -> None:
    """Amend, add, remove or rule out one finding, surgery or Modic change."""
    assert isinstance(entity, tuple)
    name, kind = name_of(entity), str(entity[1]) if name_of(entity) == "finding" else ""
    was, now = (entity in writer.lists.listed(name, kind)[0] for writer in (old, new))
    parent, key = _HOMES[name]
    home: Record = record.setdefault(parent, {}) if parent else record
    if was or now:
        listed = home.get(key)
        home[key] = [*listed] if isinstance(listed, list | tuple) else []
    known = facts.entries.get(entity, "") if was else ""
    if was and now and "[" in known:
        _merge(home[key][_place(known)], old.entry(entity), new.entry(entity), f"{key}")
    elif now:
        home[key].append(new.entry(entity))
    elif was and "[" in known:
        gone.append((home[key], _place(known)))
    if kind and entity[2] == 1:
        _ruled_out(home, kind, old.lists.listed(name, kind)[1], new.lists.listed(name, kind)[1])


def _ruled_out(findings: Record, kind: str, was: bool, now: bool) -> None:
    """List a kind of finding as absent, or no further one, if it is so now and was not."""
    absent = findings.get("absent", [])
    absent = [*absent] if isinstance(absent, list | tuple) else []
    if now and not was and kind not in absent:
        findings["absent"] = [*absent, kind]
    elif was and not now and kind in absent:
        findings["absent"] = [other for other in absent if other != kind] or None


def _place(entry: str) -> int:
    match = re.search(r"\[([0-9]+)\]", entry)
    assert match is not None
    return int(match[1])
