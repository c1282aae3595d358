"""A case amended: what a search changed is written into the case as it was, and nothing else in it is touched."""

from __future__ import annotations

import re
from typing import Any

from bvn_asp.case import Case
from bvn_asp.facts import Facts
from bvn_asp.search import Search
from bvn_asp.terms import Term, name_of
from bvn_asp.witness import Record, Writer

_TIMED = ("age", "pain_duration")
_OTHER_FORMS = {
    ("patient", "age"): ("birth_date",),
    ("pain", "months"): ("onset",),
    ("conservative_care", "weeks"): ("start", "end"),
    ("surgery", "months_before_procedure"): ("date",),
}
"""Fields that say the same as another, which gives way to it."""
_DAYS = ("date", "planned_procedure_date")
_PRESENCE = ("present", "modic_present")


def amended(case: Case, before: frozenset[Term], after: frozenset[Term], search: Search, facts: Facts) -> Case:
    """Return `case`, which states the inputs `before`, changed to state `after`.

    `facts` is the case as the search sees it. Raises ValueError if no case file can state it.
    """
    return Case.model_validate(record_of(case, before, after, search, facts))


def record_of(case: Case, before: frozenset[Term], after: frozenset[Term], search: Search, facts: Facts) -> Record:
    """Return the record of `amended` as plain data."""
    record: Record = case.model_dump(exclude={"story", "expected"}, exclude_none=True)
    old, new = (_writer(inputs, other, search) for inputs, other in ((before, after), (after, before)))
    was, now = old.record(), new.record()
    for section in (was, now):
        for listed in ("findings", "surgeries"):
            section.pop(listed, None)
        section.get("mri", {}).pop("modic_changes", None)
        for day in _DAYS:
            section.get("request", {}).pop(day, None)
    _therapies(record, was, now)
    _bodies(record, was, now)
    if was.pop("ablations", None) != now.get("ablations"):
        record["ablations"] = now.get("ablations")
    now.pop("ablations", None)
    _merge(record, was, now, "")
    entities = {entity for term in before | after for entity in _present(term)}
    gone: list[tuple[list[Any], int]] = []
    for entity in sorted(entities, key=str):
        _entity(record, entity, old, new, facts, gone)
    for entries, place in sorted(gone, key=lambda item: -item[1]):
        del entries[place]
    return record


def _writer(inputs: frozenset[Term], other: frozenset[Term], search: Search) -> Writer:
    """Return the writer of `inputs`; of a time that differs from `other` at one moment, both moments become that."""
    kept = {term for term in inputs if not (name_of(term) == "value" and name_of(_subject(term)) in _TIMED)}
    for quantity in _TIMED:
        mine, theirs = (
            {term[1]: term[2] for term in facts if isinstance(term, tuple) and name_of(_subject(term)) == quantity}
            for facts in (inputs, other)
        )
        changed = [value for moment, value in sorted(mine.items(), key=str) if theirs.get(moment) != value]
        if changed:
            kept |= {("value", (quantity, moment), changed[0]) for moment in ("procedure", "request")}
    return Writer(kept, search.policy, search.quantities, search.limits, search.room, usual=False)


def _subject(term: Term) -> Term:
    return term[1] if isinstance(term, tuple) else term


def _present(term: Term) -> tuple[Term, ...]:
    """Return the finding, surgery or Modic change that an input states to be there or not, or nothing."""
    subject = _subject(term)
    stated = name_of(term) in ("yes", "no") and isinstance(subject, tuple) and subject[0] in _PRESENCE
    return (subject[1],) if stated and isinstance(subject, tuple) else ()


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
            for form in _OTHER_FORMS.get((section, key), ()):
                record.pop(form, None)


def _therapies(record: Record, was: Record, now: Record) -> None:
    """Replace the status of every treatment that changed, whichever form it has."""
    old, new = (found.get("conservative_care", {}).get("therapies", {}) for found in (was, now))
    mine: Record = record.setdefault("conservative_care", {}).setdefault("therapies", {})
    forms = ("status", "received", "contraindicated")
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
    was.pop("request", None)
    wanted = now.pop("request", {}).get("bodies", [])
    request = record.setdefault("request", {})
    kept = [body for body in request.get("bodies", ()) if body in wanted]
    bodies = [*kept, *(body for body in wanted if body not in kept)]
    request.pop("bodies", None)
    if bodies:
        request["bodies"] = bodies


def _entity(
    record: Record, entity: Term, old: Writer, new: Writer, facts: Facts, gone: list[tuple[list[Any], int]]
) -> None:
    """Amend, add, remove or rule out one finding, surgery or Modic change."""
    assert isinstance(entity, tuple)
    name, finding = name_of(entity), name_of(entity) == "finding"
    presence: Term = ("modic_present" if name == "modic" else "present", entity)
    was, now = old.answers.get(presence), new.answers.get(presence)
    parent, key = {
        "modic": ("mri", "modic_changes"), "surgery": ("", "surgeries"), "finding": ("findings", "present"),
    }[name]  # fmt: skip
    home: Record = record.setdefault(parent, {}) if parent else record
    if now or key in home or (now is False and entity[-1] == 1):
        home[key] = home[key] if isinstance(home.get(key), list) else list(home.get(key, ()))
    if was and now:
        one, other = old.entry(entity), new.entry(entity)
        _merge(home[key][_place(facts.entries[entity])], one, other, name)
    elif now:
        home[key].append(new.entry(entity))
    elif was and now is False:
        gone.append((home[key], _place(facts.entries[entity])))
    if finding:
        _ruled_out(home, str(entity[1]), entity[2] == 1, now)


def _ruled_out(findings: Record, kind: str, first: bool, now: bool | None) -> None:
    """List a kind of finding as absent if its first place is stated empty, and not otherwise."""
    absent: list[str] = list(findings.get("absent", ()))
    if first and now is False and kind not in absent:
        findings["absent"] = [*absent, kind]
    elif first and now is not False and kind in absent:
        findings["absent"] = [other for other in absent if other != kind]


def _place(entry: str) -> int:
    match = re.search(r"\[([0-9]+)\]", entry)
    assert match is not None
    return int(match[1])
