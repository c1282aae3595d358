"""From a case to facts: the only translator of one case. Every fact carries the field of the record that states it.

It reads the field table; only times, lists and the request, which several fields state together, are written out.
Facts are terms, never text: nothing that a record says is ever parsed as a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from bvn_asp.decision.shapes import names_optional_body, names_spanning_disc, shape_of, unusual_anatomy
from bvn_asp.policy.terms import FORMS, Term, fill, name_of, pattern
from bvn_asp.record.anatomy import SOMEWHERE, SPANNING_DISCS, discs_between
from bvn_asp.record.spans import since, times, warnings
from bvn_asp.record.statements import Range, Said, Unmeasured
from bvn_asp.record.table import FINDING_KINDS, LOCATED_KINDS, SOURCES, TABLE, Field

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape
    from bvn_asp.record.case import Case

ANATOMY = "lumbar_vertebrae"
"""The question of what is assumed of an anatomy that the record does not speak of."""
MOST = 2**31 - 1
"""The largest number of a program; a larger one compares alike with every limit that a program can hold."""
SCALE = 1_000_000
"""Numbers are facts in whole millionths."""
MOST_BRANCHES = 64
"""Most ways in which what hangs together can be that are looked at one by one."""
RANGE = ("L3", "L4", "L5", "S1")
"""Where something lies that lies somewhere from L3 to S1."""
HARMLESS = ("likely_source", "complicates")
"""What is not so of a finding or surgery that no assessment found."""
SHOWING = ("shown_by", "not_shown_by")
"""The fields that say what shows a finding."""
OPEN_LISTS: dict[str, tuple[str, ...]] = {
    "findings.present": ("findings.present", "findings.absent", "findings.additional_pathology"),
    "surgeries": ("surgeries", "other_surgeries"),
    "ablations": ("ablations", "other_ablations"),
}
"""The fields that, called unknown, leave open whether a list goes on, even of a complete record."""
READ_IN_FULL = dict(zip(SOURCES, ("mri.read_in_full", "findings.assessment_read_in_full"), strict=True))
"""The field that says that a source of findings shows no more than is stated, by source."""


@dataclass(frozen=True)
class Facts:
    """What a case states, in the policy's words.

    `stated`: the input atoms that hold. `numbers`: what is left possible of a number, in its unit. `fields`: the
    record's field for every fact, number and choice, stated or not. `said`: the statement behind it, if it is one.
    `names`: what an entity is called, beyond its kind. `entries`: the entry of the record behind an entity.
    `alternatives`: of what hangs together, each time all that can be so, one of which is.
    """

    shape: Shape
    stated: list[Term] = field(default_factory=list)
    numbers: dict[Term, Range] = field(default_factory=dict)
    fields: dict[Term, str] = field(default_factory=dict)
    said: dict[Term, Said] = field(default_factory=dict)
    names: dict[Term, str] = field(default_factory=dict)
    entries: dict[Term, str] = field(default_factory=dict)
    alternatives: list[list[frozenset[Term]]] = field(default_factory=list)
    readings: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    closed: bool = False

    def subjects(self) -> set[Term]:
        """Return the facts, numbers and choices that are stated to some extent."""
        return {term[1] for term in self.stated if isinstance(term, tuple) and term[0] in FORMS}

    def settled(self) -> set[Term]:
        """Return the facts, numbers and choices that are stated exactly."""
        open_numbers = {term for term, value in self.numbers.items() if value.exact is None}
        choices = {term[1] for term in self.stated if isinstance(term, tuple) and term[0] == "ruled_out"}
        return self.subjects() - open_numbers - {choice for choice in choices if not self._is_exact(choice)}

    def _is_exact(self, choice: Term) -> bool:
        said = self.said.get(choice)
        return said is not None and isinstance(said.value, tuple) and len(said.value) == 1

    def branches(self) -> list[frozenset[Term]]:
        """Return what else is so, one way or another, of what hangs together; too many ways are left open."""
        if prod(map(len, self.alternatives)) > MOST_BRANCHES:
            return [frozenset()]
        return [frozenset[Term]().union(*chosen) for chosen in product(*self.alternatives)]

    def terms(self) -> list[Term]:
        """Return everything as facts of the policy program, the room they need included."""
        return [*self.shape.terms(), *self.stated]


def facts_for(
    case: Case,
    policy: Policy,
    readings: Mapping[str, str],
    *,
    assume_absent: bool | None = None,
    shape: Shape | None = None,
) -> Facts:
    """Translate `case` for `policy` under `readings` (the defaults left out).

    `assume_absent` overrides what the record says of its own completeness; `shape` is the room to fill, if it is to
    be larger than the case needs.
    """
    return _Translation(case, policy, readings, assume_absent, shape).facts


class _Translation:
    def __init__(
        self,
        case: Case,
        policy: Policy,
        readings: Mapping[str, str],
        assume_absent: bool | None,
        shape: Shape | None,
    ) -> None:
        self.case = case
        named, spanned = names_optional_body(case), names_spanning_disc(case)
        counted = case.said("patient.lumbar_vertebrae") is not None
        # Only then the discs that span a missing body are there for certain.
        self.four = spanned if not counted else case.exact("patient.lumbar_vertebrae") == ("four",)
        other_anatomy = named or spanned or unusual_anatomy(case)
        # A request whose bodies are not known may be for a body that no other run looks at.
        any_body = case.requested and not case.bodies
        room = shape or shape_of(case, other_anatomy=other_anatomy or any_body or ANATOMY in readings)
        closed = bool(case.exact("record_complete")) if assume_absent is None else assume_absent
        self.facts = Facts(room, readings=readings, warnings=tuple(warnings(case)), closed=closed)
        self.fields, self.stated = self.facts.fields, self.facts.stated
        self.sites = _sites(room.bodies)
        self.closable: list[tuple[Term, str]] = []
        for row in TABLE.plain:
            if (
                row.term
                and row.form in ("answer", "choice", "number", "names")
                and not _variables(row.term) & {"W", "X"}
            ):
                self.state(row, row.path)
        self.treatments()
        self.times()
        self.modic()
        self.findings()
        self.surgeries()
        self.ablations()
        self.request()
        if not (counted or named or spanned) and "lumbar_count" in policy.assumable:
            self.stated.append(("assumed", "lumbar_count"))
        elif not counted:
            # Who names an L6 counts at least five: it is the fifth or the sixth that may be called so. Who names a disc
            # between L4 and S1 counts four.
            self.stated += [("ruled_out", "lumbar_count", "four")] if named else []
            self.stated += [("ruled_out", "lumbar_count", count) for count in ("five", "six") if spanned]
        self.silences(policy.assumable)
        for question, option in readings.items():
            self.stated.append(("selected", question, option))
        if closed:
            self.stated += [
                ("assumed_absent", term) for term, path in self.closable if not (path and self.mentioned(path))
            ]
            self.unmade()

    def silences(self, assumable: frozenset[Term]) -> None:
        """State of which fields the record says nothing, where that says something; a treatment's fields are one."""
        for row in TABLE.plain:
            term = pattern(row.term)
            if term in assumable and term != "lumbar_count":
                paths = [other.path for other in TABLE.plain if other.section == row.section]
                if all(self.case.at(path) is None for path in (paths if name_of(term) == "received" else [row.path])):
                    self.stated.append(("assumed", term))

    def unmade(self) -> None:
        """A complete record has no result of a test that it does not mention, unless it may be of what it states."""
        for row in TABLE.plain:
            if (
                row.measured
                and self.case.at(row.path) is None
                and all(self.case.at(path) is None or self.case.exact(path) is False for path in row.parents)
            ):
                self.stated.append(("assumed_absent", pattern(row.term)))

    def mentioned(self, path: str) -> bool:
        """Tell whether the record speaks of what stands at `path`, or of a detail of it."""
        return self.case.at(path) is not None or any(
            self.case.at(detail.path) is not None for detail in TABLE.details.get(path, ())
        )

    # --- one statement of each form ---

    def state(self, row: Field, path: str, entity: Term = "") -> None:
        """State what the record says at `path`, as `row` has it."""
        statement = self.case.said(path)
        shape = pattern(row.term)
        if row.form == "names":
            self.names(row, shape, statement, path, entity)
            return
        term = fill(shape, X=entity)
        if row.closable:
            self.closable.append((term, path))
        if row.form == "answer":
            self.answer(term, None if statement is None else statement.value, path, statement)
        elif row.form == "choice":
            self.choice(term, row.values, statement, path)
        else:
            self.measured(term, row, statement, path)

    def answer(self, term: Term, value: object, path: str, statement: Said | None = None) -> None:
        self.fields.setdefault(term, path)
        if isinstance(value, bool):
            self.fields[term] = path
            self.stated.append(("yes" if value else "no", term))
        if statement is not None:
            self.facts.said[term] = statement

    def choice(self, term: Term, values: tuple[str, ...], statement: Said | None, path: str) -> None:
        self.fields[term] = path
        if statement is None:
            return
        self.facts.said[term] = statement
        if isinstance(statement.value, tuple):
            self.stated += [("ruled_out", term, value) for value in values if value not in statement.value]

    def measured(self, term: Term, row: Field, statement: Said | None, path: str) -> None:
        self.fields[term] = path
        if row.measured:
            self.fields[("unmeasured", term)] = path
        if statement is not None:
            self.facts.said[term] = statement
        value = None if statement is None else statement.value
        if row.measured and value is not None:
            self.answer(("unmeasured", term), isinstance(value, Unmeasured), path, statement)
        if isinstance(value, Range):
            self.number(term, value, path)

    def number(self, term: Term, value: Range, path: str) -> None:
        self.fields[term] = path
        self.facts.numbers[term] = value
        if value.low is not None:
            self.stated.append(("from", term, min(int(value.low * SCALE), MOST)))
        if value.high is not None:
            self.stated.append(("to", term, min(int(value.high * SCALE), MOST)))

    def names(self, row: Field, shape: Term, statement: Said | None, path: str, entity: Term) -> None:
        """State of every name of a list whether it is so: those listed are or are not, the rest if it is whole."""
        found = statement.value if statement is not None and isinstance(statement.value, tuple) else ()
        closing = next((f for f in TABLE.fields if f.closes == row.path), None)
        parent = path.rpartition(".")[0]
        none = statement is not None and statement.value == ()
        # Of a list that is not stated there is no other that could be absent.
        whole = none or (bool(found) and closing is not None and self.said_absent(f"{parent}.{closing.name}"))
        for value in row.values:
            named = value in found
            so = not row.denies if named else False if whole and not row.denies else None
            self.answer(fill(shape, X=entity, V=value), so, path, statement if named else None)

    # --- what several fields state together ---

    def treatments(self) -> None:
        """State the parts of each treatment's status, which a bare word gives at once."""
        for row in TABLE.plain:
            if not row.path.endswith(".status"):
                continue
            name = row.section.rpartition(".")[2]
            statement = self.case.said(row.path)
            words = statement.value if statement is not None and isinstance(statement.value, tuple) else ()
            known = {part: self.case.exact(f"{row.section}.{part}") for part in PARTS_READ}
            for part in PARTS_READ:
                answers = {STATUSES[word][part] for word in words}
                if len(answers) == 1:
                    self.answer((part, name), answers.pop(), row.path, statement)
            if "contraindicated" in words and not {"received", "begun"}.isdisjoint(words):
                # Not so by itself, and neither of the others: the words hang together.
                self.facts.alternatives.append([
                    frozenset(("yes" if so else "no", (part, name)) for part, so in STATUSES[word].items())
                    for word in words
                ])  # fmt: skip
            # What was received was begun; whether it is contraindicated, or was before, neither of them tells.
            for part, of, value in ENTAILED:
                if known[of] is value and known[part] is None:
                    path = f"{row.section}.{of}"
                    self.answer((part, name), value, path, self.case.said(path))

    def times(self) -> None:
        for name, moment, path, value in times(self.case):
            self.number((name, moment), value, path)
        for row in TABLE.plain:
            if "W" in _variables(row.term):
                for moment in ("request", "procedure"):
                    term = fill(pattern(row.term), W=moment)
                    self.fields.setdefault(term, row.path)
                    statement = self.case.said(row.path)
                    if statement is not None and self.fields[term] == row.path:
                        self.facts.said[term] = statement

    def place(self, entity: Term, path: str, *, located: bool = True) -> None:
        """State for every body and disc whether `entity` lies there; nothing if its levels are unknown."""
        self.facts.entries[entity] = path
        statement = self.case.said(f"{path}.levels")
        levels = statement.value if statement is not None and isinstance(statement.value, tuple) else None
        if levels is not None:
            where = levels[0] if levels == (SOMEWHERE,) else f"at {', '.join(levels)}"
            if where not in self.facts.names.values() or not any(
                self.facts.names.get(other) == where and other[:-1] == entity[:-1]
                for other in self.facts.entries if isinstance(other, tuple) and isinstance(entity, tuple)
            ):  # fmt: skip
                self.facts.names[entity] = where
            else:
                self.facts.names[entity] = f"{where}, entry {int(path.rstrip(']').rpartition('[')[2]) + 1}"
        if not located:
            return
        somewhere = levels == (SOMEWHERE,)
        self.answer(("placed", entity), True if levels is not None else None, f"{path}.levels")
        for site, term in self.sites:
            inside = in_range(site) and (site not in SPANNING_DISCS or self.four)
            held = None if levels is None or (somewhere and inside) else False if somewhere else site in levels
            self.answer(("at", entity, term), held, f"{path}.levels", statement)

    def entries(
        self,
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
                certainty = self.case.said(f"{entry}.certainty")
                # What is called anything but certain may not be there.
                suspected = certainty is not None and certainty.value != ("certain",)
                # Of a finding of one kind or another, each kind is open.
                several = path == "findings.present" and len(self.case.exact(f"{entry}.kind")) > 1
                self.answer(subject, None if suspected or several else True, entry)
            elif place == len(indices) and not closed:
                self.answer(subject, None, path)
                if closable is not None:
                    self.closable.append((subject, closable))
            else:
                self.answer(subject, False, path)

    def detail(self, list_path: str, path: str, entity: Term, kind: str = "") -> None:
        """State the fields of an entry."""
        for row in TABLE.lists[list_path]:
            if (
                row.term
                and row.form in ("answer", "choice", "number", "names")
                and (not row.kinds or kind in row.kinds)
            ):
                if row.path == "surgeries[].months_before_procedure":
                    continue
                self.state(row, f"{path}.{row.name}", entity)

    def modic(self) -> None:
        changes = self.case.at("mri.modic_changes")
        count = len(changes) if isinstance(changes, tuple) else 0
        read = self.read("mri.read_in_full") and not self.called_unknown("mri.modic_changes")
        whole = changes == () or read or (count > 0 and self.said_absent("mri.other_modic_changes"))
        places: list[Term] = [("modic", place) for place in range(1, self.facts.shape.modic + 1)]
        self.entries("mri.modic_changes", "modic_present", places, indices=list(range(count)), closed=whole,
                     closable=None)  # fmt: skip
        clear = self.case.exact("mri.no_modic_change_at") or ()
        for place, entity in enumerate(places):
            path = f"mri.modic_changes[{place}]"
            if place < count:
                self.place(entity, path)
                self.detail("mri.modic_changes[]", path, entity)
            for site, term in self.sites:
                if site in clear and ("yes", ("at", entity, term)) not in self.stated:
                    self.answer(("at", entity, term), False, "mri.no_modic_change_at")

    def said_absent(self, path: str) -> bool:
        return bool(self.case.exact(path) == ("absent",))

    def read(self, path: str) -> bool:
        return self.case.exact(path) is True

    def called_unknown(self, path: str) -> bool:
        """Tell whether the record speaks of the field or list at `path` without saying anything of it."""
        statement = self.case.said(path)
        return statement is not None and statement.value is None

    def open_by(self, paths: Iterable[str]) -> str:
        """Return the first of `paths` that is called unknown, which keeps a complete record open; empty if none is."""
        return next((path for path in paths if self.called_unknown(path)), "")

    def findings(self) -> None:
        present = self.case.entries("findings.present")
        none, unknown = self.case.at("findings.present") == (), self.called_unknown("findings.present")
        absent = FINDING_KINDS if none else () if unknown else self.case.exact("findings.absent") or ()
        kept_open = self.open_by(OPEN_LISTS["findings.present"])
        indices: dict[str, list[int]] = {}
        for index in range(len(present)):
            for kind in self.case.exact(f"findings.present[{index}].kind"):
                indices.setdefault(kind, []).append(index)
        self.of_several_kinds(indices)
        for kind in FINDING_KINDS:
            mine = indices.get(kind, [])
            places: list[Term] = [("finding", kind, place) for place in range(1, self.facts.shape.room(kind) + 1)]
            self.entries("findings.present", "present", places, indices=mine, closed=kind in absent, closable=kept_open)
            for place, entity in enumerate(places):
                if place < len(mine):
                    path = f"findings.present[{mine[place]}]"
                    self.place(entity, path, located=kind in LOCATED_KINDS)
                    self.detail("findings.present[]", path, entity, kind)
                listed = place < len(mine)
                if self.sourced(f"findings.present[{mine[place]}]") if listed else not unknown:
                    self.sources(entity)
                if place == len(mine) and not unknown:
                    self.harmless(entity)

    def of_several_kinds(self, indices: dict[str, list[int]]) -> None:
        """A finding of one kind or another that is there is of one of them."""
        for index in range(len(self.case.entries("findings.present"))):
            path = f"findings.present[{index}]"
            kinds, certainty = self.case.exact(f"{path}.kind"), self.case.said(f"{path}.certainty")
            if len(kinds) > 1 and (certainty is None or certainty.value == ("certain",)):
                places = {kind: ("finding", kind, indices[kind].index(index) + 1) for kind in kinds}
                self.facts.alternatives.append([
                    frozenset(("yes" if kind == one else "no", ("present", place)) for kind, place in places.items())
                    for one in kinds
                ])  # fmt: skip

    def sourced(self, path: str) -> bool:
        """Tell whether it is stated what shows the finding at `path`, and nothing of that is called unknown.

        Otherwise it is one of those that a source can show, though it was read in full and does not stand beside it.
        """
        return bool(self.case.exact(f"{path}.shown_by")) and not any(
            self.called_unknown(f"{path}.{name}") for name in SHOWING
        )

    def sources(self, entity: Term) -> None:
        """A source that was read in full does not show what it is not stated to show."""
        for source, path in READ_IN_FULL.items():
            fact: Term = ("shown", source, entity)
            if self.read(path) and ("yes", fact) not in self.stated and ("no", fact) not in self.stated:
                self.answer(fact, False, path)

    def harmless(self, entity: Term) -> None:
        """What the absence of additional pathology says of a finding or surgery that the record does not state."""
        if self.said_absent("findings.additional_pathology"):
            for name in HARMLESS:
                self.answer((name, entity), False, "findings.additional_pathology")

    def surgeries(self) -> None:
        surgeries = self.case.at("surgeries")
        count = len(surgeries) if isinstance(surgeries, tuple) else 0
        places: list[Term] = [("surgery", place) for place in range(1, self.facts.shape.surgeries + 1)]
        unknown = self.called_unknown("surgeries")
        # Of a list that is not stated there is no other that could be absent.
        whole = surgeries == () or (count > 0 and self.said_absent("other_surgeries"))
        kept_open = self.open_by(OPEN_LISTS["surgeries"])
        self.entries("surgeries", "present", places, indices=list(range(count)), closed=whole, closable=kept_open)
        for place, entity in enumerate(places):
            path = f"surgeries[{place}]"
            if place < count:
                self.place(entity, path)
                self.detail("surgeries[]", path, entity)
                found = since(self.case, place)
                self.fields[("time_since", entity)] = f"{path}.date"
                if found is not None:
                    self.number(("time_since", entity), found[1], found[0])
            elif place == count and not unknown:
                self.harmless(entity)

    def ablations(self) -> None:
        stated = self.case.at("ablations")
        entries = range(len(stated) if isinstance(stated, tuple) else 0)
        bodies = {i: self.case.exact(f"ablations[{i}].bodies") for i in entries}
        whole = stated == () or (len(entries) > 0 and self.said_absent("other_ablations"))
        elsewhere = [index for index in entries if bodies[index] is None]
        for body in self.facts.shape.bodies:
            here = [index for index in entries if body in (bodies[index] or ())]
            term = body.lower()
            path = f"ablations[{here[0]}].bodies" if here else "ablations"
            self.answer(("ablated", term), True if here else False if whole and not elsewhere else None, path)
            if not here and not elsewhere and not whole:
                self.closable.append((("ablated", term), self.open_by(OPEN_LISTS["ablations"])))
            for text, rows in ablation_terms().items():
                known = [self.all_of(rows, index) for index in here]
                may_be = [*known, *(self.all_of(rows, index) for index in elsewhere)]
                held = True if True in known else False if may_be and whole and set(may_be) == {False} else None
                # What decides it, or what leaves it open.
                decisive = (index for index, value in zip(here, known, strict=True) if value is held)
                index = next(decisive, (here or [0])[0])
                paths = [f"ablations[{index}].{row.name}" for row in rows]
                open_paths = (path for path in paths if self.case.exact(path) is None)
                self.answer(fill(pattern(text), V=term), held, next(open_paths, paths[-1]))

    def all_of(self, rows: tuple[Field, ...], index: int) -> bool | None:
        """Return whether all of `rows` say yes of an ablation; None if that is open."""
        found = {self.case.exact(f"ablations[{index}].{row.name}") for row in rows}
        return False if False in found else None if None in found else True

    def request(self) -> None:
        bodies = self.case.bodies
        self.answer("request_made", self.case.requested, "request.bodies")
        for body in self.facts.shape.bodies:
            named = body in bodies if bodies or not self.case.requested else None
            self.answer(("requested", body.lower()), named, "request.bodies")


PARTS_READ = ("received", "begun", "contraindicated")
"""The facts of a treatment that a word for its status states."""
STATUSES: dict[str, dict[str, bool]] = {
    "received": {"received": True, "begun": True, "contraindicated": False},
    "begun": {"received": False, "begun": True, "contraindicated": False},
    "ordered": {"received": False, "begun": False, "contraindicated": False},
    "not_received": {"received": False, "begun": False, "contraindicated": False},
    "contraindicated": {"received": False, "begun": False, "contraindicated": True},
}
"""What a word for a treatment says of its parts."""
ENTAILED = (("begun", "received", True), ("received", "begun", False))
"""What one part of a treatment says of another: part, the other, and the answer of both."""


@cache
def ablation_terms() -> dict[str, tuple[Field, ...]]:
    """Return what is so of a body by one of its ablations, with the fields that must all say yes of that one."""
    found: dict[str, tuple[Field, ...]] = {}
    for row in TABLE.lists["ablations[]"]:
        for text in (row.term, row.together) if row.form == "answer" else ():
            found[text] = (*found.get(text, ()), row)
    return found


@cache
def _variables(term: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b[KVWX]\b", term))


def in_range(level: str) -> bool:
    """Tell whether `level` may be where something lies that lies somewhere from L3 to S1, in some anatomy."""
    return all(body in RANGE for body in level.split("-"))


@cache
def _sites(bodies: tuple[str, ...]) -> list[tuple[str, Term]]:
    discs: list[tuple[str, Term]] = [
        (f"{upper}-{lower}", ("disc", upper.lower(), lower.lower())) for upper, lower in discs_between(bodies)
    ]
    return [*((body, body.lower()) for body in bodies), *discs]
