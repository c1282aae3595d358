"""The lists of a record as facts: Modic changes, findings, surgeries and ablations, and how far each goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bvn_asp.decision.conventions import HARMLESS, OPEN_LISTS, READ_IN_FULL, SHOWING, ablation_terms, in_range
from bvn_asp.policy.terms import Term, fill, pattern
from bvn_asp.record.anatomy import SOMEWHERE, SPANNING_DISCS
from bvn_asp.record.field import Field
from bvn_asp.record.spans import since
from bvn_asp.record.table import FINDING_KINDS, LOCATED_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.translation import Translation


def modic_changes(translation: Translation) -> None:
    """State the Modic changes, and the places that show none."""
    changes = translation.case.at("mri.modic_changes")
    count = len(changes) if isinstance(changes, tuple) else 0
    read = translation.read("mri.read_in_full") and not translation.called_unknown("mri.modic_changes")
    whole = changes == () or read or (count > 0 and translation.said_absent("mri.other_modic_changes"))
    places: list[Term] = [("modic", place) for place in range(1, translation.facts.shape.modic + 1)]
    _entries(translation, "mri.modic_changes", "modic_present", places, indices=list(range(count)), closed=whole,
             closable=None)  # fmt: skip
    clear = translation.case.exact("mri.no_modic_change_at") or ()
    for place, entity in enumerate(places):
        path = f"mri.modic_changes[{place}]"
        if place < count:
            _place(translation, entity, path)
            _detail(translation, "mri.modic_changes[]", path, entity)
        for site, term in translation.sites:
            if site in clear and ("yes", ("at", entity, term)) not in translation.stated:
                translation.answer(("at", entity, term), False, "mri.no_modic_change_at")


def findings(translation: Translation) -> None:
    """State the findings of each kind, what shows them, and of which kinds there are no others."""
    present = translation.case.entries("findings.present")
    none, unknown = translation.case.at("findings.present") == (), translation.called_unknown("findings.present")
    absent = FINDING_KINDS if none else () if unknown else translation.case.exact("findings.absent") or ()
    kept_open = translation.open_by(OPEN_LISTS["findings.present"])
    indices: dict[str, list[int]] = {}
    for index in range(len(present)):
        for kind in translation.case.exact(f"findings.present[{index}].kind"):
            indices.setdefault(kind, []).append(index)
    _of_several_kinds(translation, indices)
    for kind in FINDING_KINDS:
        mine = indices.get(kind, [])
        places: list[Term] = [("finding", kind, place) for place in range(1, translation.facts.shape.room(kind) + 1)]
        _entries(
            translation, "findings.present", "present", places, indices=mine, closed=kind in absent, closable=kept_open
        )
        for place, entity in enumerate(places):
            if place < len(mine):
                path = f"findings.present[{mine[place]}]"
                _place(translation, entity, path, located=kind in LOCATED_KINDS)
                _detail(translation, "findings.present[]", path, entity, kind)
            listed = place < len(mine)
            if _sourced(translation, f"findings.present[{mine[place]}]") if listed else not unknown:
                _sources(translation, entity)
            if place == len(mine) and not unknown:
                _harmless(translation, entity)


def _of_several_kinds(translation: Translation, indices: dict[str, list[int]]) -> None:
    """A finding of one kind or another that is there is of one of them."""
    for index in range(len(translation.case.entries("findings.present"))):
        path = f"findings.present[{index}]"
        kinds, certainty = translation.case.exact(f"{path}.kind"), translation.case.said(f"{path}.certainty")
        if len(kinds) > 1 and (certainty is None or certainty.value == ("certain",)):
            places = {kind: ("finding", kind, indices[kind].index(index) + 1) for kind in kinds}
            translation.facts.alternatives.append([
                frozenset(("yes" if kind == one else "no", ("present", place)) for kind, place in places.items())
                for one in kinds
            ])  # fmt: skip


def _sourced(translation: Translation, path: str) -> bool:
    """Tell whether it is stated what shows the finding at `path`, and nothing of that is called unknown.

    Otherwise it is one of those that a source can show, though it was read in full and does not stand beside it.
    """
    return bool(translation.case.exact(f"{path}.shown_by")) and not any(
        translation.called_unknown(f"{path}.{name}") for name in SHOWING
    )


def _sources(translation: Translation, entity: Term) -> None:
    """A source that was read in full does not show what it is not stated to show."""
    for source, path in READ_IN_FULL.items():
        fact: Term = ("shown", source, entity)
        if (
            translation.read(path)
            and ("yes", fact) not in translation.stated
            and ("no", fact) not in translation.stated
        ):
            translation.answer(fact, False, path)


def _harmless(translation: Translation, entity: Term) -> None:
    """What the absence of additional pathology says of a finding or surgery that the record does not state."""
    if translation.said_absent("findings.additional_pathology"):
        for name in HARMLESS:
            translation.answer((name, entity), False, "findings.additional_pathology")


def surgeries(translation: Translation) -> None:
    """State the spine surgeries and the time since each."""
    surgeries = translation.case.at("surgeries")
    count = len(surgeries) if isinstance(surgeries, tuple) else 0
    places: list[Term] = [("surgery", place) for place in range(1, translation.facts.shape.surgeries + 1)]
    unknown = translation.called_unknown("surgeries")
    # Of a list that is not stated there is no other that could be absent.
    whole = surgeries == () or (count > 0 and translation.said_absent("other_surgeries"))
    kept_open = translation.open_by(OPEN_LISTS["surgeries"])
    _entries(translation, "surgeries", "present", places, indices=list(range(count)), closed=whole, closable=kept_open)
    for place, entity in enumerate(places):
        path = f"surgeries[{place}]"
        if place < count:
            _place(translation, entity, path)
            _detail(translation, "surgeries[]", path, entity)
            found = since(translation.case, place)
            translation.fields[("time_since", entity)] = f"{path}.date"
            if found is not None:
                translation.number(("time_since", entity), found[1], found[0])
        elif place == count and not unknown:
            _harmless(translation, entity)


def ablations(translation: Translation) -> None:
    """State of each body whether and how it was ablated before."""
    stated = translation.case.at("ablations")
    entries = range(len(stated) if isinstance(stated, tuple) else 0)
    bodies = {i: translation.case.exact(f"ablations[{i}].bodies") for i in entries}
    whole = stated == () or (len(entries) > 0 and translation.said_absent("other_ablations"))
    elsewhere = [index for index in entries if bodies[index] is None]
    for body in translation.facts.shape.bodies:
        here = [index for index in entries if body in (bodies[index] or ())]
        term = body.lower()
        path = f"ablations[{here[0]}].bodies" if here else "ablations"
        translation.answer(("ablated", term), True if here else False if whole and not elsewhere else None, path)
        if not here and not elsewhere and not whole:
            translation.closable.append((("ablated", term), translation.open_by(OPEN_LISTS["ablations"])))
        for text, rows in ablation_terms().items():
            known = [_all_of(translation, rows, index) for index in here]
            may_be = [*known, *(_all_of(translation, rows, index) for index in elsewhere)]
            held = True if True in known else False if may_be and whole and set(may_be) == {False} else None
            # What decides it, or what leaves it open.
            decisive = (index for index, value in zip(here, known, strict=True) if value is held)
            index = next(decisive, (here or [0])[0])
            paths = [f"ablations[{index}].{row.name}" for row in rows]
            open_paths = (path for path in paths if translation.case.exact(path) is None)
            translation.answer(fill(pattern(text), V=term), held, next(open_paths, paths[-1]))


def _all_of(translation: Translation, rows: tuple[Field, ...], index: int) -> bool | None:
    """Return whether all of `rows` say yes of an ablation; None if that is open."""
    found = {translation.case.exact(f"ablations[{index}].{row.name}") for row in rows}
    return False if False in found else None if None in found else True


def _place(translation: Translation, entity: Term, path: str, *, located: bool = True) -> None:
    """State for every body and disc whether `entity` lies there; nothing if its levels are unknown."""
    translation.facts.entries[entity] = path
    statement = translation.case.said(f"{path}.levels")
    levels = statement.value if statement is not None and isinstance(statement.value, tuple) else None
    if levels is not None:
        where = levels[0] if levels == (SOMEWHERE,) else f"at {', '.join(levels)}"
        if where not in translation.facts.names.values() or not any(
            translation.facts.names.get(other) == where and other[:-1] == entity[:-1]
            for other in translation.facts.entries if isinstance(other, tuple) and isinstance(entity, tuple)
        ):  # fmt: skip
            translation.facts.names[entity] = where
        else:
            translation.facts.names[entity] = f"{where}, entry {int(path.rstrip(']').rpartition('[')[2]) + 1}"
    if not located:
        return
    somewhere = levels == (SOMEWHERE,)
    translation.answer(("placed", entity), True if levels is not None else None, f"{path}.levels")
    for site, term in translation.sites:
        inside = in_range(site) and (site not in SPANNING_DISCS or translation.spanning_discs)
        held = None if levels is None or (somewhere and inside) else False if somewhere else site in levels
        translation.answer(("at", entity, term), held, f"{path}.levels", statement)


def _entries(
    translation: Translation,
    path: str,
    presence: str,
    entity: Iterable[Term],
    *,
    indices: list[int],
    closed: bool,
    closable: str | None,
) -> None:
    """State which places for entries of a list are filled; the first after the last is open unless all are known.

    `indices` are the places of the entries in the record's list; `closable` is the field that keeps a complete
    record open if it is stated, None if no record can be taken to be without such an entry.
    """
    for place, term in enumerate(entity):
        subject: Term = (presence, term)
        if place < len(indices):
            entry = f"{path}[{indices[place]}]"
            certainty = translation.case.said(f"{entry}.certainty")
            # What is called anything but certain may not be there.
            suspected = certainty is not None and certainty.value != ("certain",)
            # Of a finding of one kind or another, each kind is open.
            several = path == "findings.present" and len(translation.case.exact(f"{entry}.kind")) > 1
            translation.answer(subject, None if suspected or several else True, entry)
        elif place == len(indices) and not closed:
            translation.answer(subject, None, path)
            if closable is not None:
                translation.closable.append((subject, closable))
        else:
            translation.answer(subject, False, path)


def _detail(translation: Translation, list_path: str, path: str, entity: Term, kind: str = "") -> None:
    """State the fields of an entry."""
    for row in TABLE.lists[list_path]:
        if row.term and row.form in ("answer", "choice", "number", "names") and (not row.kinds or kind in row.kinds):
            if row.path == "surgeries[].months_before_procedure":
                continue
            translation.state(row, f"{path}.{row.name}", entity)
