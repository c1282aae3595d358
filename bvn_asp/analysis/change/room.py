"""The room of a question about changes: the search of one shape of case, and what counts as a change in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bvn_asp.analysis.change.changes import item_of
from bvn_asp.analysis.records import STATED
from bvn_asp.analysis.search import TIMES, Search
from bvn_asp.errors import GroundingTimeError
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

MOST_SEARCHES = 4
"""Most shapes of case whose search is kept ready."""
MOST_USES = 200
"""Most answers of one search before it is built anew, which bounds what it has learnt by heart."""


class Room:
    """The search of one shape, ground until `deadline`, with what a question about changes needs of it."""

    def __init__(self, policy: Policy, shape: Shape, deadline: float | None = None) -> None:
        self.search, self.uses = Search(policy, shape, deadline=deadline), 0
        space, atoms = self.search.space, self.search.ground.atoms
        self.inputs = {
            literal: term for literal, term in space.inputs[0].items() if name_of(term) in (*STATED, "assumed_absent")
        }
        self.options: dict[Term, dict[Term, int]] = {}
        for literal, term in self.inputs.items():
            if name_of(term) in FORMS:
                self.options.setdefault(subject_of(term), {})[term] = literal
        self.stated = {subject: space.any_of(found.values()) for subject, found in self.options.items()}
        self.entities = {term[1]: term[2] for term in atoms if isinstance(term, tuple) and term[0] == "of_entry"}
        self.items = self._items()
        # The fewest changes come first; among those, what departs least, and then what the usual record says.
        space.prefer(3, self.items.values())
        unusual = (x for x, term in self.inputs.items() if term not in self.search.usual)
        space.prefer(0, (x for x in unusual if name_of(self.inputs[x]) in ("yes", "no", "ruled_out")))
        # What a detail goes with: without an ablation there is nothing to say of it.
        self.gone: dict[Term, list[int]] = {
            term[1]: [-space.literal(("yes", ("ablated", subject_of(term[1]))))]
            for name in ("after_ablation", "both")
            for term in space.terms(name)
            if isinstance(term, tuple)
        }
        self.parents: dict[Term, list[Term]] = {}
        for term in atoms:
            if isinstance(term, tuple) and term[0] == "detail_of" and ("closable", term[2]) in atoms:
                self.parents.setdefault(term[1], []).append(term[2])
        self.gone |= {subject: [-space.literal(("listed", entity))] for subject, entity in self.entities.items()}
        self.exact = {subject: self._exactly(found) for subject, found in self.options.items()}
        self.even = {
            quantity: space.all_of(
                space.equal(literal, space.literal((form, (quantity, "request"), term[2])))
                for form in ("from", "to")
                for term, literal in self.options.get((quantity, "procedure"), {}).items()
                if isinstance(term, tuple) and term[0] == form
            )
            for quantity in TIMES
        }

    def _exactly(self, inputs: dict[Term, int]) -> int:
        """Return the literal that a fact, number or choice is stated exactly."""
        space = self.search.space
        subject, form = subject_of(next(iter(inputs))), name_of(next(iter(inputs)))
        if form in ("from", "to"):
            return space.any_of([space.literal(("exact", subject)), space.literal(("yes", ("unmeasured", subject)))])
        if form == "ruled_out":
            return space.at_least(len(inputs) - 1, inputs.values())
        return space.any_of(inputs.values())

    def _items(self) -> dict[Term, int]:
        """Return the literals of change, by what counts as one change."""
        space, found = self.search.space, dict[Term, list[int]]()
        for topic, subjects in self.search.topics.items():
            if topic == "requested":
                for subject in subjects:
                    if not isinstance(subject, tuple):
                        continue
                    found[subject] = [space.literal(("spread", "request", subject[1]))]
                continue
            change = space.literal(("departs", topic))
            entity = self.entities.get(subjects[0])
            if entity is not None:
                change = space.all_of([change, space.literal(("listed", entity))])
            found.setdefault(item_of(subjects[0], topic), []).append(change)
        return {item: space.any_of(changes) for item, changes in found.items()}


class Rooms:
    """The rooms of one policy that were used last, each kept for the next case of its shape."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.kept: dict[Shape, Room] = {}

    def room(self, shape: Shape, deadline: float | None) -> Room:
        """Return the room of a shape, ground if need be; raises GroundingTimeError after the deadline."""
        room = self.kept.pop(shape, None)
        if room is None or room.uses >= MOST_USES:
            if deadline is not None and time.monotonic() > deadline:
                raise GroundingTimeError("the time for the search is up before the rules are ground")
            room = Room(self._policy, shape, deadline)
        room.uses += 1
        while len(self.kept) >= MOST_SEARCHES:
            self.kept.pop(next(iter(self.kept)))
        self.kept[shape] = room
        return room
