"""Leeway: one case among all records, and what of it may change."""

from __future__ import annotations

from bvn_asp.case import Case
from bvn_asp.change.changes import CHANGEABLE, ahead, item_of, kind_of
from bvn_asp.facts import Facts
from bvn_asp.policy import Policy
from bvn_asp.search import Search
from bvn_asp.shape import Shape
from bvn_asp.sides import SETTINGS
from bvn_asp.terms import FORMS, Term, name_of, subject_of
from bvn_asp.witness import inputs_of


class Room:
    """The search of one shape, with what a question about changes needs of it."""

    def __init__(self, policy: Policy, shape: Shape) -> None:
        self.search, self.uses = Search(policy, shape), 0
        space, atoms = self.search.space, self.search.ground.atoms
        self.inputs = {
            literal: term for literal, term in space.inputs[0].items() if name_of(term) in (*FORMS, "assumed_absent")
        }
        self.options: dict[Term, dict[Term, int]] = {}
        for literal, term in self.inputs.items():
            if name_of(term) in FORMS:
                self.options.setdefault(subject_of(term), {})[term] = literal
        self.stated = {subject: space.any_of(found.values()) for subject, found in self.options.items()}
        self.entities = {
            term[1]: term[2]
            for term in atoms
            if isinstance(term, tuple)
            and (term[0] in ("measure_of", "quality_of") or (term[0] == "fact" and len(term) == 3))
        }
        self.items = self._items()
        # What a detail goes with: without an ablation there is nothing to say of it.
        self.gone: dict[Term, list[int]] = {
            term[1]: [-space.literal(("yes", ("ablated", term[2])))]
            for term in space.terms("after_ablation")
            if isinstance(term, tuple)
        }
        self.gone |= {subject: [-space.literal(("there", entity))] for subject, entity in self.entities.items()}
        closed = space.literal("closed")
        for subject, found in self.options.items():
            absent = space.literal(("assumed_absent", subject))
            if ("closable", subject) in atoms:
                space.forbid([closed, -absent, -self.stated[subject]])
                for literal in found.values():
                    space.forbid([absent, literal])
        self.even = {
            quantity: space.all_of(
                space.equal(literal, space.literal(("value", (quantity, "request"), term[2])))
                for term, literal in self.options.get((quantity, "procedure"), {}).items()
                if isinstance(term, tuple)
            )
            for quantity in ("age", "pain_duration")
        }

    def _items(self) -> dict[Term, int]:
        """Return the literals of change, by what counts as one change."""
        space, found = self.search.space, dict[Term, list[int]]()
        for topic, subjects in self.search.topics.items():
            if topic == "requested":
                for subject in subjects:
                    assert isinstance(subject, tuple)
                    found[subject] = [space.literal(("spread", "request", subject[1]))]
                continue
            change = space.literal(("departs", topic))
            entity = self.entities.get(subjects[0])
            if entity is not None:
                change = space.all_of([change, space.literal(("there", entity))])
            found.setdefault(item_of(subjects[0], topic), []).append(change)
        return {item: space.any_of(changes) for item, changes in found.items()}


class Leeway:
    """What may change of `case`, which states `facts`, in its room; `base` are its inputs, `stated` by subject.

    `run` are the assumptions of its run: readings, and how it states what it does.
    """

    def __init__(self, room: Room, case: Case, facts: Facts) -> None:
        self.room, self.search, self.space = room, room.search, room.search.space
        self.case, self.facts = case, facts
        self.base = inputs_of(facts, self.search.quantities, self.search.limits)
        self.stated: dict[Term, Term] = {subject_of(t): t for t in self.base if name_of(t) in FORMS}
        self.run = self._run()

    def _run(self) -> list[int]:
        """Return the assumptions of the run: readings, and how the case states what it does."""
        space, closed = self.space, any(name_of(term) == "assumed_absent" for term in self.base)
        settings = {
            "closed": closed,
            "complete": False,
            "dated": True,
            "unremarkable": self.case.findings.additional_pathology == "absent",
        }
        literals = {name: space.literal(name) for name in SETTINGS}
        assumed = [a for a in space.run(self.facts.readings) if abs(a) not in literals.values()]
        assumed += [literal if settings[name] else -literal for name, literal in literals.items()]
        usual = {term for term in self.base if name_of(term) in FORMS}
        assumed += space.usual(usual)
        for quantity, even in self.room.even.items():
            known = [("value", (quantity, moment)) for moment in ("procedure", "request")]
            if len([1 for _, subject in known if subject in self.stated]) != 1:
                assumed.append(space.any_of([-self.room.items[quantity], even]))
        return assumed

    def allowed(
        self, *, everything: bool = False, withdraw: bool = False, only: str = ""
    ) -> dict[Term, tuple[int, ...]]:
        """Return the assumptions that keep what may not change, by subject."""
        kept: dict[Term, list[int]] = {}
        space = self.space
        for subject, options in self.room.options.items():
            base, name = self.stated.get(subject), name_of(subject)
            kind, way = kind_of(subject, self.facts, base is not None)
            if base is None:
                held = [-literal for literal in options.values()] if only == "requested" else []
            elif name == "requested":
                adding = (everything or not self.case.request.bodies) and not only
                free = only != "unknown" and (name_of(base) == "yes" or adding)
                held = [] if free else [options[base]]
            elif self._at_once(subject):
                there = space.literal(("there", self.room.entities[subject]))
                held = [space.any_of([-there, options[base]])]
            elif only or (kind != CHANGEABLE and not everything):
                held = [options[base]]
            else:
                within = list(options) if everything else ahead(way, base, options)
                held = [-literal for option, literal in options.items() if option not in within]
                if not withdraw:
                    held.append(space.any_of([self.room.stated[subject], *self.room.gone.get(subject, ())]))
            kept[subject] = held
        if not everything:
            for treatment in (s for s in self.room.options if name_of(s) == "received"):
                kept[treatment] += self._kept_safe(treatment)
        return {subject: tuple(literals) for subject, literals in kept.items() if literals}

    def _kept_safe(self, received: Term) -> list[int]:
        """Nobody is to receive a treatment that is contraindicated, unless the case says so already."""
        assert isinstance(received, tuple)
        other: Term = ("contraindicated", received[1])
        if {("yes", received), ("yes", other)} <= self.base:
            return []
        return [-self.space.all_of([self.space.literal(("yes", received)), self.space.literal(("yes", other))])]

    def _at_once(self, subject: Term) -> bool:
        """Tell whether the record states `subject` only by its word on additional pathology."""
        return self.facts.fields.get(subject) == "findings.additional_pathology"
