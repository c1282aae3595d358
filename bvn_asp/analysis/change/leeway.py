"""Leeway: one case among all records, and what of it may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bvn_asp.analysis.change.changes import CHANGEABLE, UNKNOWN, ahead, kind_of
from bvn_asp.analysis.records import STATED
from bvn_asp.analysis.search import TIMES
from bvn_asp.analysis.sides import SETTINGS
from bvn_asp.analysis.writing.inputs import inputs_of
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of, to_text
from bvn_asp.record.spans import SHORT_COURSE

if TYPE_CHECKING:
    from bvn_asp.analysis.change.room import Room
    from bvn_asp.decision.facts import Facts
    from bvn_asp.record.case import Case


class Leeway:
    """What may change of `case`, which states `facts`, in its room; `base` are its inputs, `stated` by subject.

    `run` are the assumptions of its run: readings, and how it states what it does.
    """

    def __init__(self, room: Room, case: Case, facts: Facts) -> None:
        self.room, self.search, self.space = room, room.search, room.search.space
        self.case, self.facts = case, facts
        self.base = inputs_of(facts, self.search.quantities, self.search.limits)
        self.stated: dict[Term, set[Term]] = {}
        for term in self.base:
            if name_of(term) in FORMS:
                self.stated.setdefault(subject_of(term), set()).add(term)
        self.settled = facts.settled()
        self.run = self._run()

    def _run(self) -> list[int]:
        """Return the assumptions of the run: readings, and how the case states what it does."""
        space, case = self.space, self.case
        settings = {
            "complete": False,
            "dated": True,
            "short_course": any(warning.endswith(SHORT_COURSE) for warning in self.facts.warnings),
            "ablated_twice": self._ablated_twice(),
        }
        literals = {name: space.literal(name) for name in SETTINGS}
        assumed = [a for a in space.run(self.facts.readings) if abs(a) not in literals.values()]
        assumed += [literal if settings[name] else -literal for name, literal in literals.items()]
        # How the case says what it does stays as it is.
        cleared = case.exact("mri.no_modic_change_at") or ()
        manner: dict[Term, bool] = {
            "closed": self.facts.closed,
            "unremarkable": case.exact("findings.additional_pathology") is not None,
            ("read", "imaging"): case.exact("mri.read_in_full") is True,
            ("read", "clinical_assessment"): case.exact("findings.assessment_read_in_full") is True,
            **{
                term: to_text(term[1]) in map(_site, cleared)
                for term in space.terms("cleared")
                if isinstance(term, tuple) and len(term) == 2
            },
        }
        assumed += [space.literal(term) if holds else -space.literal(term) for term, holds in manner.items()]
        assumed += space.usual(term for term in self.base if name_of(term) in STATED)
        for term, literal in space.terms("assumed_absent").items():
            # What is not mentioned is taken as absent as long as it is not, and what is said to be unknown is not.
            subject = subject_of(term)
            if ("closing", subject) in self.search.ground.atoms:
                mentioned = space.literal(("mentioned", subject))
                assumed.append(space.any_of([literal, mentioned]) if term in self.base else -literal)
        for term, literal in space.terms("assumed").items():
            spoken = [self.room.stated.get(subject_of(term), -space.true), space.literal("speaks")]
            assumed.append(space.any_of([literal, *spoken]) if term in self.base else -literal)
        for quantity, even in self.room.even.items():
            known = [(quantity, moment) in self.stated for moment in ("procedure", "request")]
            if sum(known) != 1:
                assumed.append(space.any_of([-self.room.items[quantity], even]))
        for subject, options in self.room.options.items():
            # What changes becomes exact.
            kept = [x if term in self.base else -x for term, x in options.items()]
            if name_of(next(iter(options))) not in ("yes", "no"):
                assumed.append(space.any_of([space.all_of(kept), self.room.exact[subject], -self.room.stated[subject]]))
        return assumed

    def allowed(
        self, *, everything: bool = False, withdraw: bool = False, only: str = ""
    ) -> dict[Term, tuple[int, ...]]:
        """Return the assumptions that keep what may not change, by subject."""
        kept: dict[Term, list[int]] = {}
        space = self.space
        for subject, options in self.room.options.items():
            base, name = self.stated.get(subject, set()), name_of(subject)
            # How long a time lasts until the procedure is seldom known.
            known = (name, "request") if name in TIMES else subject
            kind, way = kind_of(subject, self.facts, known in self.settled)
            same = [x if term in base else -x for term, x in options.items()]
            if not everything and self._assumed(subject):
                # Nobody asks for what is assumed of every patient, such as the anatomy.
                held = [-literal for literal in options.values()]
            elif subject == "request_made" or (not base and only != "requested"):
                held = []
            elif name == "requested" and base:
                adding = (everything or not self.case.bodies) and not only
                free = only != "unknown" and (("yes", subject) in base or adding)
                held = [self.room.stated[subject]] if free else same
            elif self._at_once(subject):
                held = [space.any_of([-space.literal(("listed", self.room.entities[subject])), space.all_of(same)])]
            elif kind == UNKNOWN and base and only != "requested":
                better = self._known_better(subject, base, options, everything=everything, changing=not only)
                held = [*better, *([] if withdraw else [self.room.stated[subject]])]
            elif only or (kind != CHANGEABLE and not everything):
                held = same
            else:
                within = list(options) if everything else ahead(way, base, options)
                held = [-literal for option, literal in options.items() if option not in within]
                if not withdraw:
                    held.append(space.any_of([self.room.stated[subject], *self.room.gone.get(subject, ())]))
            if not base and not everything and name != "unmeasured" and ("yes", subject) in options:
                held += self._mentioned(subject)
            kept[subject] = held
        if not everything:
            for treatment in (s for s in self.room.options if name_of(s) == "received"):
                kept[treatment] += self._kept_safe(treatment)
        return {subject: tuple(literals) for subject, literals in kept.items() if literals}

    def _kept_safe(self, received: Term) -> list[int]:
        """Nobody receives a treatment that is contraindicated or was not begun, unless the case says so already."""
        assert isinstance(received, tuple)
        other, treatment = ("contraindicated", received[1]), received[1]
        if all((part, treatment) not in self.stated for part in ("received", "begun", "contraindicated")):
            return [-self.space.literal(("clash", treatment))]
        if {("yes", received), ("yes", other)} <= self.base:
            return []
        return [-self.space.all_of([self.space.literal(("yes", received)), self.space.literal(("yes", other))])]

    def _assumed(self, subject: Term) -> bool:
        """Tell whether a fact, or the treatment it is part of, is assumed; other numbers can be asked for."""
        if subject in self.search.quantities and name_of(subject) not in _OF_TREATMENT:
            return False
        part_of = ("received", subject[1]) if isinstance(subject, tuple) and subject[0] in _OF_TREATMENT else subject
        return ("assumed", part_of) in self.base

    def _mentioned(self, subject: Term) -> list[int]:
        """Nobody speaks of a detail of a condition that is not there, such as precautions for no implant."""
        parents = self.room.parents.get(subject, ())
        there = [self.space.literal(("yes", parent)) for parent in parents]
        return [self.space.any_of([-self.room.stated[subject], *there])] if there else []

    def _known_better(
        self, subject: Term, base: set[Term], options: dict[Term, int], *, everything: bool, changing: bool
    ) -> list[int]:  # fmt: skip
        """Return what keeps a bound to what can become known; and what is `changing`, to what it can become as well."""
        if everything and changing:
            return []
        within = self._within(base, options)
        kind, way = kind_of(subject, self.facts, True)
        if not changing or kind != CHANGEABLE:
            return within
        past = [-literal for option, literal in options.items() if option not in ahead(way, base, options)]
        return [self.space.any_of([self.space.all_of(within), self.space.all_of(past)])]

    def _within(self, base: set[Term], options: dict[Term, int]) -> list[int]:
        """Return what keeps a number or a choice within what the record leaves possible of it."""
        held = [literal for term, literal in options.items() if term in base and name_of(term) == "ruled_out"]
        for term in base:
            if isinstance(term, tuple) and term[0] in ("from", "to") and isinstance(term[2], int):
                inner = (
                    literal for other, literal in options.items()
                    if isinstance(other, tuple) and other[0] == term[0] and isinstance(other[2], int)
                    and (other[2] >= term[2] if term[0] == "from" else other[2] <= term[2])
                )  # fmt: skip
                held.append(self.space.any_of(inner))
        return held

    def _ablated_twice(self) -> bool:
        """Tell whether what the case says of a body comes of several ablations."""
        stated = set(self.facts.stated)
        return any(
            (("yes", one) in stated and ("yes", other) in stated and ("yes", both) not in stated)
            or (("no", both) in stated and ("no", one) not in stated and ("no", other) not in stated)
            for _, both, one, other in (term for term in self.search.space.terms("both") if isinstance(term, tuple))
        )

    def _at_once(self, subject: Term) -> bool:
        """Tell whether the record states `subject` only by what it says of everything at once."""
        return subject in self.room.entities and self.facts.fields.get(subject) in _AT_ONCE


_OF_TREATMENT = ("received", "begun", "contraindicated", "treatment_duration")
_AT_ONCE = (
    "findings.additional_pathology", "mri.read_in_full", "findings.assessment_read_in_full", "mri.no_modic_change_at",
)  # fmt: skip


def _site(level: str) -> str:
    """Return a body or disc as a policy writes it."""
    bodies = level.lower().split("-")
    return f"disc({','.join(bodies)})" if len(bodies) > 1 else bodies[0]
