"""From a case to facts: the only translator of one case. Every fact carries the field of the record that states it.

It reads the field table; only times, treatments, lists and the request, which several fields state together, are
written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from bvn_asp.decision.conventions import ENTAILED, PARTS_READ, STATUSES
from bvn_asp.decision.lists import ablations, findings, modic_changes, surgeries
from bvn_asp.decision.shapes import names_optional_body, names_spanning_disc, room_for
from bvn_asp.decision.translation import Translation
from bvn_asp.policy.terms import FORMS, Term, fill, name_of, pattern
from bvn_asp.record.spans import times, warnings
from bvn_asp.record.statements import Range, Said
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape
    from bvn_asp.record.case import Case

MOST_BRANCHES = 64
"""Most ways in which what hangs together can be that are looked at one by one."""


@dataclass(frozen=True)
class Facts:
    """What a case states, in the policy's words.

    `shape` is the room that it fills, and `needed` the least that would do.
    `stated`: the input atoms that hold. `numbers`: what is left possible of a number, in its unit. `fields`: the
    record's field for every fact, number and choice, stated or not. `said`: the statement behind it, if it is one.
    `names`: what an entity is called, beyond its kind. `entries`: the entry of the record behind an entity.
    `alternatives`: of what hangs together, each time all that can be so, one of which is.
    """

    shape: Shape
    needed: Shape
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
    needed: Shape | None = None,
) -> Facts:
    """Translate `case` for `policy` under `readings` (the defaults left out).

    `assume_absent` overrides what the record says of its own completeness; `shape` is the room to fill, if it is to
    be larger than the case needs; what of it is beyond `needed` is only shared with other cases.
    """
    named, spanned = names_optional_body(case), names_spanning_disc(case)
    counted = case.said("patient.lumbar_vertebrae") is not None
    needed = needed or shape or room_for(case, readings)
    closed = bool(case.exact("record_complete")) if assume_absent is None else assume_absent
    facts = Facts(shape or needed, needed, readings=readings, warnings=tuple(warnings(case)), closed=closed)
    # Only with four vertebrae the discs that span a missing body are there for certain.
    four = case.exact("patient.lumbar_vertebrae") == ("four",) if counted else spanned
    translation = Translation(case, facts, spanning_discs=four)
    for row in TABLE.plain:
        if row.term and row.form in ("answer", "choice", "number", "names") and not _variables(row.term) & {"W", "X"}:
            translation.state(row, row.path)
    for state in (_treatments, _times, modic_changes, findings, surgeries, ablations, _request):
        state(translation)
    if not (counted or named or spanned) and "lumbar_count" in policy.assumable:
        facts.stated.append(("assumed", "lumbar_count"))
    elif not counted:
        # Who names an L6 counts at least five: it is the fifth or the sixth that may be called so. Who names a disc
        # between L4 and S1 counts four.
        facts.stated.extend([("ruled_out", "lumbar_count", "four")] if named else [])
        facts.stated.extend(("ruled_out", "lumbar_count", count) for count in ("five", "six") if spanned)
    _silences(translation, policy.assumable)
    facts.stated.extend(("selected", question, option) for question, option in readings.items())
    if closed:
        _close(translation)
    return facts


def _treatments(translation: Translation) -> None:
    """State the parts of each treatment's status, which a bare word gives at once."""
    for row in TABLE.plain:
        if not row.path.endswith(".status"):
            continue
        name = row.section.rpartition(".")[2]
        statement = translation.case.said(row.path)
        words = statement.value if statement is not None and isinstance(statement.value, tuple) else ()
        known = {part: translation.case.exact(f"{row.section}.{part}") for part in PARTS_READ}
        for part in PARTS_READ:
            answers = {STATUSES[word][part] for word in words}
            if len(answers) == 1:
                translation.answer((part, name), answers.pop(), row.path, statement)
        if "contraindicated" in words and not {"received", "begun"}.isdisjoint(words):
            # Not so by itself, and neither of the others: the words hang together.
            translation.facts.alternatives.append([
                frozenset(("yes" if so else "no", (part, name)) for part, so in STATUSES[word].items())
                for word in words
            ])  # fmt: skip
        # What was received was begun; whether it is contraindicated, or was before, neither of them tells.
        for part, of, value in ENTAILED:
            if known[of] is value and known[part] is None:
                path = f"{row.section}.{of}"
                translation.answer((part, name), value, path, translation.case.said(path))


def _times(translation: Translation) -> None:
    for name, moment, path, value in times(translation.case):
        translation.number((name, moment), value, path)
    for row in TABLE.plain:
        if "W" in _variables(row.term):
            for moment in ("request", "procedure"):
                term = fill(pattern(row.term), W=moment)
                translation.fields.setdefault(term, row.path)
                statement = translation.case.said(row.path)
                if statement is not None and translation.fields[term] == row.path:
                    translation.facts.said[term] = statement


def _request(translation: Translation) -> None:
    bodies = translation.case.bodies
    translation.answer("request_made", translation.case.requested, "request.bodies")
    for body in translation.facts.shape.bodies:
        known = bodies or not translation.case.requested or body not in translation.facts.needed.bodies
        named = body in bodies if known else None
        translation.answer(("requested", body.lower()), named, "request.bodies")


def _silences(translation: Translation, assumable: frozenset[Term]) -> None:
    """State of which fields the record says nothing, where that says something; a treatment's fields are one."""
    for row in TABLE.plain:
        term = pattern(row.term)
        if term in assumable and term != "lumbar_count":
            paths = [other.path for other in TABLE.plain if other.section == row.section]
            if all(
                translation.case.at(path) is None for path in (paths if name_of(term) == "received" else [row.path])
            ):
                translation.stated.append(("assumed", term))


def _close(translation: Translation) -> None:
    """Take as absent what a complete record closes and does not mention.

    It has no result of a test that it does not mention, unless it may be of what it states.
    """
    translation.stated.extend(
        ("assumed_absent", term) for term, path in translation.closable if not (path and translation.mentioned(path))
    )
    for row in TABLE.plain:
        if (
            row.measured
            and translation.case.at(row.path) is None
            and all(translation.case.at(path) is None or translation.case.exact(path) is False for path in row.parents)
        ):
            translation.stated.append(("assumed_absent", pattern(row.term)))


@cache
def _variables(term: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b[KVWX]\b", term))
