"""Near misses: two records of one policy that differ in one entry, and for which it recommends differently."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bvn_asp.errors import SolveError
from bvn_asp.facts import facts_for
from bvn_asp.search import Search, Witness
from bvn_asp.space import Space, World
from bvn_asp.terms import Term, name_of
from bvn_asp.witness import readings_of

SETTINGS = frozenset(("selected", "reread", "closed", "complete", "usual"))
"""What both records have in common: the run, and the record that departures are counted from."""
RANK = ("approve", "partial", "pend", "deny")
"""Recommendations, the most wanted first."""
_RECORD = ("yes", "no", "value", "is")
_PRESENCE = ("present", "modic_present")
_ABLATIONS = ("ablated", "ablation_completed", "ablation_thermal")
_SHOWN = ("on_imaging", "on_assessment")


@dataclass(frozen=True)
class Twin:
    """One record of several that differ in one entry: what it states there, and its witness."""

    states: str
    witness: Witness

    @property
    def recommendation(self) -> str:
        """The recommendation on it."""
        return str(self.witness.decision.recommendation)


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
        self.space = space = Space(search.ground, search.ground, shared=lambda term: name_of(term) in SETTINGS)
        self._apart: dict[Term, list[int]] = {}
        for literal, term in space.inputs[0].items():
            if isinstance(term, tuple) and term[0] in _RECORD:
                apart = -space.equal(literal, space.literal(term, 1))
                self._apart.setdefault(search.about[term[1]], []).append(apart)
        self._owners = {
            term[1]: term[2]
            for term in search.ground.atoms
            if isinstance(term, tuple) and len(term) == 3 and term[0] in ("fact", "measure_of", "quality_of")
        }
        self.entries = self._entries()
        self.flips = space.any_of(
            space.all_of([self.recommends(better), self.recommends(worse, 1)])
            for place, better in enumerate(RANK)
            for worse in RANK[place + 1 :]
        )
        defaults = {question.id: question.default for question in search.policy.questions.values()}
        self._idle = [-space.literal("complete")]
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

    def run(self, readings: Mapping[str, str]) -> list[int]:
        """Return the assumptions of a run under `readings` on records that leave nothing open."""
        return [*self.space.run(readings), *(self.space.literal("documented", side) for side in (0, 1))]

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
            found.setdefault(self._entry(topic), []).append(alone)
        return {entry: space.any_of(literals) for entry, literals in found.items()}

    def _presence(self, topic: Term) -> Term | None:
        """Return the topic that says whether what `topic` is a detail of is there; None if it is no detail."""
        subject = self.search.topics[topic][0]
        entity = self._owners.get(subject)
        if entity is None or name_of(subject) in _PRESENCE:
            return None
        return next((name, entity) for name in _PRESENCE if (name, entity) in self._apart)

    def _entry(self, topic: Term) -> Term:
        subject = self.search.topics[topic][0]
        if name_of(subject) in _ABLATIONS:
            return "ablations"
        if isinstance(subject, tuple) and subject[0] in _SHOWN:
            return ("shown_by", subject[1])
        return topic

    def _prefer(self) -> None:
        """Say which pair is best: defaults, everything stated, the least difference; then as usual as can be."""
        space = self.space
        with space.control.backend() as backend:
            backend.add_minimize(6, [(space.literal("closed"), 1)])
            backend.add_minimize(5, [(literal, 1) for literal in self._choices])
            backend.add_minimize(4, [(-space.literal("documented", side), 1) for side in (0, 1)])
            backend.add_minimize(3, [(literal, 1) for literals in self._apart.values() for literal in literals])

    def world(self, goal: Iterable[int]) -> World | None:
        """Return two records for which all of `goal` holds, record 0 as usual as can be; None if there are none."""
        return self.space.find([*self.base, *self.space.usual(self.search.usual), *goal], fewest=True)

    def pair(self, world: World, *beside: frozenset[Term], near: Collection[Term] = ()) -> Pair:
        """Write and decide the records of a world, and further inputs `beside` them that differ in the same entry.

        The numbers `near` a limit are written as close to it as is readable.

        Raises SolveError if a record is decided otherwise than the search found.
        """
        witnesses = [self.search.decided(inputs, near) for inputs in (*world.inputs, *beside)]
        for side, witness in enumerate(witnesses[:2]):
            found = next(outcome for outcome in RANK if self.recommends(outcome, side) in world.true)
            if witness.decision.recommendation != found:
                raise SolveError(f"a search found {found}, its record is {witness.decision.recommendation}")
        facts = [facts_for(w.case, self.search.policy, w.readings, shape=self.search.room) for w in witnesses]
        first, second = world.inputs
        told = self.search.differences(first, facts[0], second, facts[1])
        whole = next((d for d in told if name_of(d.topic) in _PRESENCE), None)
        shown = [whole] if whole else told
        states = [", ".join(d.now for d in shown), ", ".join(d.usual for d in shown)]
        for inputs, fact in zip(beside, facts[2:], strict=True):
            states.append(self.search.differences(inputs, fact, first, facts[0])[0].now)
        return Pair(
            self._entry(shown[0].topic), shown[0].field, ", ".join(dict.fromkeys(d.words for d in shown)),
            tuple(map(Twin, states, witnesses)), readings_of(first),
        )  # fmt: skip
