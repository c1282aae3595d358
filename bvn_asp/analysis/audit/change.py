"""Two records that differ in one thing: facts that never matter, facts that help both ways, and what fails open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.change.changes import parts_of
from bvn_asp.analysis.proofs import Proof, grounds_of, minimal_core, proof_of
from bvn_asp.analysis.search import Witness, preferred
from bvn_asp.decision.wording import ENTITIES, words_of
from bvn_asp.policy.ground import Statement
from bvn_asp.policy.terms import FORMS, Term, name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study
    from bvn_asp.analysis.space import Space
    from bvn_asp.analysis.variant import Variant
    from bvn_asp.policy.register import Policy


def changes(study: Study) -> Iterator[Finding]:
    """Find facts and limits that never matter, facts of which more helps and harms, and facts whose absence helps."""
    spaces = study.variants.spaces([*study.plain, *study.run])
    as_read = study.variants.spaces([*study.plain, *study.any_reading])
    opens = _opens(study)
    idle: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[Term, Proof]]] = {}
    for group in _groups(study):
        # What is alike often is idle alike: then one proof serves for all.
        together = _Twins(study, next(spaces), group) if len(group) > 1 else None
        parts = [group] if together is None or together.idles else [(topic,) for topic in group]
        for part in parts:
            twins = together if together is not None and part == group else _Twins(study, next(spaces), part)
            if twins.idles:
                # What one fact rests on, another of the same name most often does too.
                known = [readings for name, readings in idle if name == _key(part[0])[0]]
                proof = twins.idle(next(as_read), map(dict, known))
                key = _key(part[0])[0], tuple(sorted(proof.readings.items()))
                idle.setdefault(key, []).extend((topic, proof) for topic in part)
                continue
            yield from twins.limits()
            yield from twins.both_ways()
            yield from twins.fails_open() if opens else ()
    for (name, readings), found in idle.items():
        yield _idle(study.policy, name, dict(readings), found)


def _opens(study: Study) -> bool:
    """Tell whether leaving out facts, any set of them, can turn a denial into an approval of anything."""
    space = next(study.variants.spaces([*study.plain, *study.run]))
    stated = [at for topic, inputs in study.search.statable.items() if topic != "requested" for at in inputs.values()]
    variant = study.variants.of(space, [*stated, *study.search.manner(study.search.topics)])
    space.add(
        Statement(False, (), 2, (variant.version[literal], -literal))
        for inputs in study.search.statable.values() for term, literal in inputs.items()
        if name_of(term) in FORMS and literal in variant.version
    )  # fmt: skip
    granted = space.any_of(variant.literal(study.outcomes[outcome]) for outcome in ("approve", "partial"))
    study.claims += 1
    return space.holding([variant.active, study.outcomes["deny"], granted]) is not None


def _groups(study: Study) -> list[tuple[Term, ...]]:
    """Return the topics, those of one name together; a further Modic change is like the first."""
    groups: dict[str, list[Term]] = {}
    for topic in study.search.topics:
        if topic != "requested" and not (isinstance(topic, tuple) and ("modic", 2) in topic):
            groups.setdefault(_key(topic)[0], []).append(topic)
    return [tuple(group) for group in groups.values()]


class _Twins:
    """Two records under one policy that state the same but for `topics`: in `space`, and in a variant of it."""

    def __init__(self, study: Study, space: Space, topics: tuple[Term, ...]) -> None:
        self.study, self.space, self.topics, self.topic = study, space, topics, topics[0]
        about = [t for t in study.search.statable if t in topics or any(_belongs(t, topic) for topic in topics)]
        statable = study.search.statable
        self.told = [at for t in about for term, at in statable[t].items() if term[0] in FORMS]
        self.variant: Variant = study.variants.of(
            space, [*study.search.manner(about), *(at for t in about for at in statable[t].values())]
        )
        self.stated = {term: literal for topic in topics for term, literal in statable[topic].items()}
        self.run = [self.variant.active]
        self.documented = space.literal("documented")
        self.outcome = study.outcomes
        self.other = {outcome: self.variant.literal(literal) for outcome, literal in self.outcome.items()}
        self.differ = space.any_of(space.all_of([at, -self.other[outcome]]) for outcome, at in self.outcome.items())
        self.words = "; ".join(sorted({words_of(study.policy, topic, {}) for topic in topics}))

    @cached_property
    def ways(self) -> tuple[int, int]:
        """That the first record is recommended more than the second, and that it is recommended less."""
        space = self.space
        return preferred(space, self.outcome, self.other), preferred(space, self.other, self.outcome)

    @cached_property
    def idles(self) -> bool:
        """Whether the topics change no recommendation, whatever else the record says."""
        return not self.possible([self.documented, self.differ])

    def possible(self, goal: Iterable[int]) -> bool:
        """Tell whether two records fit all of `goal`."""
        self.study.claims += 1
        return self.space.holding([*self.run, *goal]) is not None

    def pair(self, goal: Callable[[_Twins], list[int]]) -> tuple[Witness, Witness]:
        """Return two records that fit all of `goal`, the first as usual as can be."""
        study = self.study
        twins = _Twins(study, study.space.again(), self.topics)
        usual = study.space.usual(study.search.usual)
        world = twins.space.find([*study.run, *usual, *twins.run, *goal(twins)], fewest=True)
        assert world is not None
        worlds = (world, twins.variant.world(twins.space, world))
        first, second = (study.search.replay(each, space=twins.space) for each in worlds)
        return first, second

    def idle(self, space: Space, likely: Iterable[Mapping[str, str]]) -> Proof:
        """Return the proof that the topics change no recommendation; in `space`, the readings are open.

        Readings that are `likely` enough are tried first.
        """
        study = self.study
        fixed = [*study.plain, *study.any_reading]
        twins = _Twins(study, space, self.topics)
        goal = [*twins.run, twins.documented, twins.differ]
        readings = grounds_of(twins.space, study.policy, {})
        # Most often the readings that its own rules look at are enough.
        near = {
            str(term[1])
            for term, literal in twins.space.terms("chosen").items()
            if isinstance(term, tuple) and literal in twins.variant.beside
        }
        parts = [{p: x for p, x in readings.items() if p.clause in few} for few in (*likely, near)]
        cores = (minimal_core(twins.space, goal, part) for part in (*parts, readings))
        core = next((core for core in cores if core is not None), ())
        words = f"{self.words} changes a recommendation"
        return study.certified(proof_of(twins.space, words, [*fixed, *goal], core, readings, study.search.room))

    def limits(self) -> Iterator[Finding]:
        """Find limits on whose two sides the topic, a number, never changes a recommendation."""
        if not self.values:
            return
        quantity = self.study.search.quantities[next(term[1] for term in self.stated if term[0] == "from")]
        for (clause, limited), limit in self.study.policy.thresholds.items():
            steps = self._across(limit) if limited == quantity else []
            if not steps or any(map(self.possible, steps)):
                continue
            study = self.study
            fixed = [*study.plain, *study.run, *self.run]
            words = f"a recommendation changes across the limit of {clause}"
            proofs = [proof_of(self.space, words, [*fixed, *step], (), {}, study.search.room) for step in steps]
            yield Finding(
                "idle-limit", (clause, quantity),
                f"No recommendation ever depends on the limit of {self.study.name(clause)}: {self.words}.", (clause,),
                proofs=tuple(map(study.certified, proofs)),
            )  # fmt: skip

    @cached_property
    def values(self) -> list[int]:
        """The values that the topic can have, if it is a number."""
        return sorted({term[2] for term in self.stated if term[0] == "from" and isinstance(term[2], int)})

    def _exactly(self, value: int, version: Callable[[int], int] = int) -> int:
        """Return the literal that the topic is exactly `value`, at every moment."""
        search, space = self.study.search, self.space
        terms = [(form, number, value) for number in search.topics[self.topic] for form in ("from", "to")]
        return space.all_of(version(space.literal(term)) for term in terms if term[1] in search.quantities)

    def _across(self, limit: int) -> list[list[int]]:
        """Return that the recommendation changes between a number just below `limit` and at it, and the same above."""
        return [
            [self._exactly(low), self._exactly(high, self.variant.literal), self.documented, self.differ]
            for low, high in ((limit - 1, limit), (limit, limit + 1))
            if low in self.values and high in self.values
        ]

    def both_ways(self) -> Iterator[Finding]:
        """Find whether more of a number, or a fact rather than its absence, both helps and harms."""
        if self.more is not None and all(self.possible(self._way(place)) for place in (0, 1)):
            captions = ("more, and better", "less, and worse", "more, and worse", "less, and better")
            better, worse = self.pair(lambda twins: twins._way(0)), self.pair(lambda twins: twins._way(1))
            witnesses = [*better, *worse]
            yield Finding(
                "two-way", _key(self.topic),
                f"More of this sometimes helps and sometimes harms: {self.words}.",
                witnesses=tuple(zip(captions, witnesses, strict=True)),
            )  # fmt: skip

    def _way(self, place: int) -> list[int]:
        """Return that more of the topic helps, or else harms."""
        assert self.more is not None
        return [self.documented, self.more, self.ways[place]]

    @cached_property
    def more(self) -> int | None:
        """That the first record has more of a number, or a fact that the second has not; None without order."""
        if self.values:
            return self.space.any_of(
                self.space.all_of([self._exactly(high), self._exactly(low, self.variant.literal)])
                for high in self.values for low in self.values if high > low
            )  # fmt: skip
        facts = {term[0]: literal for term, literal in self.stated.items()}
        if len(self.stated) == 2 and set(facts) == {"yes", "no"}:
            return self.space.all_of([facts["yes"], self.variant.literal(facts["no"])])
        return None

    def fails_open(self) -> Iterator[Finding]:
        """Find whether a denial becomes an approval when the topic is left out, if only by what silence is read as."""
        ways: tuple[tuple[Callable[[_Twins], list[int]], str, str], ...] = (
            (_Twins._omission, "fails-open", "left out, it turns a denial into an approval"),
            (_Twins._silence, "silence-helps", "its silence, then assumed, turns a denial into an approval"),
        )  # fmt: skip
        for way, kind, sentence in ways:
            if self.possible(way(self)):
                before, after = self.pair(way)
                yield Finding(
                    kind, _key(self.topic), f"{self.words}: {sentence}.",
                    witnesses=(("stated", before), ("left out", after)),
                )  # fmt: skip
                return

    def _omission(self) -> list[int]:
        """Return that the topic is stated and denies, and left out grants something; nothing is assumed instead."""
        assumed = [-self.variant.literal(literal) for term, literal in self.stated.items() if term[0] not in FORMS]
        return [*self._silence(), *assumed]

    def _silence(self) -> list[int]:
        """Return that the topic is stated and denies, and left out grants something; nothing else is stated instead."""
        said = [literal for term, literal in self.stated.items() if term[0] in FORMS]
        unstated = [-self.variant.literal(literal) for literal in said]
        further = [self.space.all_of([-x, self.variant.literal(x)]) for x in self.told]
        favoured = self.space.any_of([self.other["approve"], self.other["partial"]])
        return [self.space.any_of(said), *unstated, *(-x for x in further), self.outcome["deny"], favoured]


def _idle(policy: Policy, name: str, readings: dict[str, str], found: list[tuple[Term, Proof]]) -> Finding:
    """Return the finding that facts of one kind never matter under `readings`."""
    words = sorted({words_of(policy, topic, {}) for topic, _ in found})
    subjects = sorted({word for topic, _ in found for word in _key(topic)[1:]})
    because = " and ".join(f"{question}={option}" for question, option in readings.items())
    return Finding(
        "idle-fact", (name, *subjects),
        f"No recommendation ever depends on this{f', as long as {because}' if because else ', under any reading'}: "
        f"{'; '.join(words)}.",
        (), readings, (), tuple(dict.fromkeys(proof for _, proof in found)),
    )  # fmt: skip


def _belongs(topic: Term, presence: Term) -> bool:
    """Tell whether `topic` is a detail of what `presence` says to be there, or is put together with it."""
    if not isinstance(topic, tuple) or not isinstance(presence, tuple):
        return False
    if presence[0] in ("present", "modic_present"):
        return topic[0] != presence[0] and presence[1] in topic
    if presence in parts_of(topic) or topic in parts_of(presence):
        return True
    return presence[0] == "ablated" and topic[0] != "ablated" and topic[1:] == presence[1:]


def _key(topic: Term) -> tuple[str, ...]:
    """Return the words by which a topic is named: what it is, and what it is about."""
    if not isinstance(topic, tuple):
        return (str(topic),)
    if topic[0] in ENTITIES:
        return (str(topic[1] if topic[0] == "finding" else topic[0]),)
    return tuple(word for part in topic for word in _key(part))
