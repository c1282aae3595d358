"""Near misses: two records of one policy that differ in one entry, and for which it recommends differently."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bvn_asp.analysis.departures import differences
from bvn_asp.analysis.search import RECOMMENDATIONS, Search, Witness, preferred
from bvn_asp.analysis.sides import SETTINGS
from bvn_asp.analysis.space import Space, World
from bvn_asp.analysis.writing.inputs import readings_of
from bvn_asp.decision.conventions import ablation_terms
from bvn_asp.decision.facts import facts_for
from bvn_asp.policy.terms import FORMS, Term, name_of, pattern

_SHARED = frozenset(("selected", "reread", "closed", "complete", "usual"))
"""What both records have in common: the run, and the record that departures are counted from."""
_PRESENCE = ("present", "modic_present")
_ABLATIONS = ("ablated", *(name_of(pattern(text)) for text in ablation_terms()))


NONE = "none"
"""What is recommended where nothing is requested."""


@dataclass(frozen=True)
class Twin:
    """One record of several that differ in one entry: what it states there, and its witness."""

    states: str
    witness: Witness

    @property
    def recommendation(self) -> str:
        """The recommendation on it, or `none` where nothing is requested."""
        return str(self.witness.decision.recommendation or NONE)


@dataclass(frozen=True)
class Pair:
    """Records that differ only in one entry, which is called `words` and kept in `field`, and are told apart by it."""

    entry: Term
    field: str
    words: str
    twins: tuple[Twin, ...]
    readings: Mapping[str, str]


class Twins:
    """Two records side by side under `search.policy` that differ in exactly one entry.

    `entries` holds the literal that they differ in an entry; `flips` the literal that record 0 is recommended more
    than record 1.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.space = space = Space(search.ground, search.ground, shared=lambda term: name_of(term) in _SHARED)
        self._apart: dict[Term, list[int]] = {}
        for literal, term in space.inputs[0].items():
            if isinstance(term, tuple) and term[0] in FORMS:
                apart = -space.equal(literal, space.literal(term, 1))
                self._apart.setdefault(search.about[term[1]], []).append(apart)
        self._owners = {
            term[1]: term[2]
            for term in search.ground.atoms
            if isinstance(term, tuple) and len(term) == 3 and term[0] == "of_entry"
        }
        self.entries = self._entries()
        self.flips = preferred(space, *({o: self.recommends(o, side) for o in RECOMMENDATIONS} for side in (0, 1)))
        defaults = {question.id: question.default for question in search.policy.questions.values()}
        self._idle = [-space.literal(name, side) for name in (*SETTINGS, "unremarkable") for side in (0, 1)]
        self._choices: list[int] = []
        for term, literal in space.terms("selected").items():
            assert isinstance(term, tuple)
            if defaults[str(term[1])] == term[2]:
                self._idle.append(-literal)
            else:
                self._choices.append(literal)
        self._prefer()

    def recommends(self, outcome: str, side: int = 0) -> int:
        """Return the literal that a record is recommended so."""
        return self.space.literal(("recommend", outcome), side)

    @property
    def base(self) -> list[int]:
        """What makes two records a near miss, under whichever readings."""
        return [self.space.at_least(1, self.entries.values()), -self.space.at_least(2, self.entries.values()),
                self.flips, *self._idle]  # fmt: skip

    @property
    def documented(self) -> list[int]:
        """The assumptions that neither record leaves anything open."""
        return [-self.space.literal("closed"), *(self.space.literal("documented", side) for side in (0, 1))]

    def apart(self, *terms: Term) -> int:
        """Return the literal that the two differ in one of `terms`."""
        space = self.space
        return space.any_of(-space.equal(space.literal(term), space.literal(term, 1)) for term in terms)

    def _entries(self) -> dict[Term, int]:
        """Group topics to entries: a finding with its details if only one record has it, else detail by detail."""
        space = self.space
        apart = {topic: space.any_of(literals) for topic, literals in self._apart.items()}
        found: dict[Term, list[int]] = {}
        for topic, literal in apart.items():
            presence = self._presence(topic)
            alone = literal if presence is None else space.all_of([literal, -apart[presence]])
            found.setdefault(self.entry(topic), []).append(alone)
        return {entry: space.any_of(literals) for entry, literals in found.items()}

    def _presence(self, topic: Term) -> Term | None:
        """Return the topic that says whether what `topic` is a detail of is there; None if it is no detail."""
        subject = self.search.topics[topic][0]
        entity = self._owners.get(subject)
        if entity is None or name_of(subject) in _PRESENCE:
            return None
        return next((name, entity) for name in _PRESENCE if (name, entity) in self._apart)

    def entry(self, topic: Term) -> Term:
        """Return the entry of a record that a topic belongs to."""
        subject = self.search.topics[topic][0]
        if name_of(subject) in _ABLATIONS:
            return "ablations"
        if isinstance(subject, tuple) and subject[0] == "shown":
            return ("shown_by", subject[2])
        return topic

    def together(self, topic: Term) -> list[Term]:
        """Return the topics of the entry of `topic`, and the details of what it says to be there."""
        entry, topics = self.entry(topic), self.search.topics
        return [other for other in topics if self.entry(other) == entry or self._presence(other) == topic]

    def _prefer(self) -> None:
        """Say which pair is best: defaults, then the least difference, then a record as usual as can be."""
        space = self.space
        space.prefer(3, self._choices)
        space.prefer(2, (literal for literals in self._apart.values() for literal in literals))

    def world(self, goal: Iterable[int], *, fewest: bool = True) -> World | None:
        """Return two records for which all of `goal` holds, record 0 as usual as can be; None if there are none."""
        return self.space.find([*self.base, *self.space.usual(self.search.usual), *goal], fewest=fewest)

    def beside(self, inputs: frozenset[Term]) -> World | None:
        """Return the record of `inputs` and the nearest that is recommended otherwise, the better first, or None."""
        space, said = self.space, (*FORMS, "assumed", "selected", "closed")
        for side in (1, 0):
            given = [
                literal if term in inputs else -literal
                for literal, term in space.inputs[side].items() if name_of(term) in said
            ]  # fmt: skip
            world = self.world(given)
            if world is not None:
                return world
        return None

    def pair(self, world: World, *beside: frozenset[Term], near: Collection[Term] = ()) -> Pair | None:
        """Write and decide the records of a world, and further inputs `beside` them that differ in the same entry.

        The numbers `near` a limit are written as close to it as is readable. None if the decisions do not differ,
        because completions settle what the policy's own rules leave open.
        """
        search = self.search
        witnesses = [search.decided(inputs, near) for inputs in (*world.inputs, *beside)]
        if witnesses[0].decision.recommendation == witnesses[1].decision.recommendation:
            return None
        facts = [facts_for(w.case, search.policy, w.readings, shape=search.room) for w in witnesses]
        first, second = world.inputs
        told = differences(search, first, facts[0], second, facts[1])
        whole = next((d for d in told if name_of(d.topic) in _PRESENCE), None)
        shown = (whole,) if whole else told
        states = [", ".join(d.now for d in shown), ", ".join(d.usual for d in shown)]
        for inputs, fact in zip(beside, facts[2:], strict=True):
            states.append(differences(search, inputs, fact, first, facts[0])[0].now)
        words = ", ".join(dict.fromkeys(d.words for d in shown))
        twins = tuple(map(Twin, states, witnesses))
        return Pair(self.entry(shown[0].topic), shown[0].field, words, twins, readings_of(first))
