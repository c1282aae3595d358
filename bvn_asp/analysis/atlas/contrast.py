"""Contrasts: two records that state the same but for one entry, and what is recommended on each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from bvn_asp.analysis.search import Search, preferred
from bvn_asp.analysis.sides import SETTINGS
from bvn_asp.analysis.space import Space, World
from bvn_asp.analysis.variant import Variant, Variants

if TYPE_CHECKING:
    from bvn_asp.policy.terms import Term


class Contrast:
    """Two records that state the same but for `topics`: record 0 in `space`, and record 1 in a `variant` of it.

    Record 0 is recommended more than record 1. With `open_records`, only one of the two need leave nothing open.
    """

    def __init__(
        self, search: Search, variants: Variants, space: Space, topics: Collection[Term], *, open_records: bool
    ) -> None:
        self.space, self._search = space, search
        inputs = [literal for topic in topics for literal in search.statable[topic].values()]
        told = [*inputs, *search.manner(topics)]
        self._variant: Variant = variants.of(space, [*told, space.literal("documented")] if open_records else told)
        outcomes = {outcome: self._variant.literal(literal) for outcome, literal in search.outcomes.items()}
        self._flips = preferred(space, search.outcomes, outcomes)
        pairs = [(literal, self._variant.literal(literal)) for literal in inputs]
        only = [space.all_of([self._variant.active, one, -other]) for one, other in pairs]
        space.prefer(2, [*only, *(space.all_of([-one, other]) for one, other in pairs)])

    def opposed(self, terms: Iterable[Term]) -> list[int]:
        """Return the assumptions that of one of `terms` one record states it, and the other something else instead."""
        space, literal = self.space, self._variant.literal
        found: list[int] = []
        for term in terms:
            subject = self._subject(term)
            others = [at for other, at in subject.items() if other != term]
            found.append(space.all_of([subject[term], space.any_of(map(literal, others))]))
            found.append(space.all_of([literal(subject[term]), space.any_of(others)]))
        documented = space.literal("documented")
        return [-space.literal("closed"), documented, literal(documented), space.any_of(found)]

    def forgotten(self, terms: Iterable[Term]) -> list[int]:
        """Return the assumptions that one record leaves open what the other, complete one says of one of `terms`."""
        space, literal = self.space, self._variant.literal
        documented = space.literal("documented")
        found: list[int] = []
        for term in terms:
            said = list(self._subject(term).values())
            also = list(map(literal, said))
            found.append(space.all_of([documented, space.any_of(said), *(-at for at in also)]))
            found.append(space.all_of([literal(documented), space.any_of(also), *(-at for at in said)]))
        return [-space.literal("closed"), space.any_of(found)]

    def world(self, goal: Iterable[int], *, fewest: bool = True) -> World | None:
        """Return two records for which all of `goal` holds, record 0 as usual as can be; None if there are none."""
        world = self.space.find([self._variant.active, self._flips, *goal], fewest=fewest)
        if world is None:
            return None
        return World((world.inputs[0], self._variant.world(self.space, world).inputs[0]), world.true, world.departures)

    def _subject(self, term: Term) -> dict[Term, int]:
        """Return what can be stated of the subject of `term`."""
        assert isinstance(term, tuple)
        statable = self._search.statable[self._search.about[term[1]]]
        return {other: literal for other, literal in statable.items() if other[1] == term[1]}


def usual_spaces(search: Search, space: Space, variants: Variants) -> Iterator[Space]:
    """Yield a space like `space` for every next variant: its record begins as the usual one.

    Every reading is open, and those by default are preferred.
    """
    defaults = {question.id: question.default for question in search.policy.questions.values()}
    fixed = [*map(space.held, space.premises), *space.usual(search.usual)]
    fixed += [-space.literal(setting) for setting in SETTINGS]
    choices: list[int] = []
    for term, literal in space.terms("selected").items():
        assert isinstance(term, tuple)
        if defaults[str(term[1])] == term[2]:
            fixed.append(-literal)
        else:
            choices.append(literal)
    last: Space | None = None
    for place in variants.spaces(fixed, [*space.departures, *space.places, *choices]):
        if place is not last:
            place.prefer(3, choices)
            last = place
        yield place


class Contrasts:
    """Makes contrasts under whichever readings, those by default preferred; record 0 begins as the usual one."""

    def __init__(self, search: Search) -> None:
        self._search, space = search, search.space
        self._variants = Variants(space, [*search.outcomes.values(), space.literal("documented")])
        self._spaces = usual_spaces(search, space, self._variants)
        self._used = space.below(search.outcomes.values())

    def uses(self, terms: Iterable[Term]) -> bool:
        """Tell whether any recommendation draws on one of `terms`."""
        return any(self._search.space.literal(term) in self._used for term in terms)

    def of(self, topics: Collection[Term], *, open_records: bool = False) -> Contrast:
        """Return the contrast of two records that state the same but for `topics`."""
        return Contrast(self._search, self._variants, next(self._spaces), topics, open_records=open_records)
