"""Two records that differ in one thing: facts that never matter, facts that help both ways, and what fails open."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.audit.finding import Finding
from bvn_asp.audit.study import Study
from bvn_asp.proofs import Proof, grounds_of, minimal_core
from bvn_asp.search import RECOMMENDATIONS, Witness
from bvn_asp.space import Space, World
from bvn_asp.terms import Term, name_of
from bvn_asp.witness import readings_of
from bvn_asp.wording import words_of

_RECORD = ("yes", "no", "value", "is")
_RANK = {"deny": 0, "pend": 1, "partial": 2, "approve": 3}
"""How favourable a recommendation is."""


def changes(study: Study) -> Iterator[Finding]:
    """Find facts that never matter, numbers and facts of which more helps and harms, and facts whose absence helps."""
    twins = _Twins(study)
    for topic in study.search.topics:
        if topic != "requested":
            yield from twins.audit(topic)


class _Twins:
    """Two records under one policy that state the same, topic by topic."""

    def __init__(self, study: Study) -> None:
        self.study = study
        ground = study.search.ground
        self.space = Space(ground, ground, shared=lambda term: name_of(term) not in (*_RECORD, "described"))
        self.space.deadline = study.deadline
        self.run = self.space.run()
        self.same: dict[Term, int] = {}
        inputs = [{term: literal for literal, term in side.items()} for side in self.space.inputs]
        self.inputs: dict[Term, list[tuple[Term, int, int]]] = {}
        for term, literal in inputs[0].items():
            topic = study.search.about.get(term[1]) if isinstance(term, tuple) and term[0] in _RECORD else None
            if topic is not None:
                self.inputs.setdefault(topic, []).append((term, literal, inputs[1][term]))
        for topic, pairs in self.inputs.items():
            self.same[topic] = self.space.free()
            for _, first, second in pairs:
                self.space.forbid([self.same[topic], first, -second])
                self.space.forbid([self.same[topic], -first, second])
        outcomes = [[self.space.literal(("recommend", o), side) for o in RECOMMENDATIONS] for side in (0, 1)]
        self.outcome = [dict(zip(RECOMMENDATIONS, literals, strict=True)) for literals in outcomes]
        self.better = [
            self.space.any_of(
                self.space.all_of([self.outcome[side][good], self.outcome[1 - side][bad]])
                for good in RECOMMENDATIONS for bad in RECOMMENDATIONS if _RANK[good] > _RANK[bad]
            )
            for side in (0, 1)
        ]  # fmt: skip
        self.differ = self.space.any_of(self.better)
        self.usual = self.space.usual(study.search.usual)
        self.documented = self.space.literal("documented")

    def audit(self, topic: Term) -> Iterator[Finding]:
        """Find what is odd about one topic."""
        words = words_of(self.study.policy, topic, {})
        subject = _key(topic)
        others = self._others(topic)
        pair = self._find([*others, self.documented, self.differ])
        if pair is None:
            yield self._idle(topic, subject, words, others)
            return
        yield from self._both_ways(topic, subject, words, others)
        yield from self._open(topic, subject, words, others)

    def _others(self, topic: Term) -> list[int]:
        """Return that all other topics are the same, but for the details of an entity whose presence is the topic."""
        entity = topic[1] if isinstance(topic, tuple) and topic[0] in ("present", "modic_present") else None
        body = topic[1] if isinstance(topic, tuple) and topic[0] == "ablated" else None
        return [
            same
            for other, same in self.same.items()
            if other != topic
            and not (isinstance(other, tuple) and entity is not None and entity in other)
            and not (isinstance(other, tuple) and body is not None and other[1:] == (body,))
        ]

    def _find(self, goal: list[int]) -> World | None:
        self.study.claims += 1
        held = self.space.holding([*self.run, *goal])
        return None if held is None else self.space.find([*self.run, *self.usual, *goal], fewest=False)

    def _possible(self, goal: list[int]) -> bool:
        self.study.claims += 1
        return self.space.holding([*self.run, *goal]) is not None

    def _pair(self, goal: list[int]) -> tuple[Witness, Witness]:
        world = self.space.find([*self.run, *self.usual, *goal], fewest=True)
        assert world is not None
        return tuple(self.study.search.replay(world, side, self.space) for side in (0, 1))  # type: ignore[return-value]

    def _idle(self, topic: Term, subject: tuple[str, ...], words: str, others: list[int]) -> Finding:
        """A fact that changes no recommendation, whatever else the record says."""
        goal = [-self.space.literal("closed"), -self.space.literal("complete"), *others, self.documented, self.differ]
        held = [self.space.held(premise) for premise in self.space.premises]
        world = self.space.find(goal, fewest=False)
        readings = grounds_of(self.space, self.study.policy, {})
        core = minimal_core(
            self.space, [*goal, *held], {p: literals for p, literals in readings.items() if p.kind == "reading"}
        )
        proof = Proof(f"{words} changes a recommendation", core or (), self.study.search.room)
        chosen = readings_of(world.inputs[0]) if world is not None else {}
        when = " It can under other readings." if chosen else ""
        return Finding(
            "idle-fact", subject, "notice", f"Nothing ever depends on this fact: {words}.{when}", (),
            proof.readings, (), (proof,),
        )  # fmt: skip

    def _both_ways(self, topic: Term, subject: tuple[str, ...], words: str, others: list[int]) -> Iterator[Finding]:
        more = self._more(topic)
        if more is None:
            return
        ways = [[*others, self.documented, more, self.better[side]] for side in (0, 1)]
        if all(self._possible(way) for way in ways):
            pairs = [self._pair(way) for way in ways]
            yield Finding(
                "two-way", subject, "notice", f"More of this sometimes helps and sometimes harms: {words}.",
                witnesses=tuple(
                    (caption, witness) for pair in pairs for caption, witness in zip(("more", "less"), pair, strict=True)
                ),
            )  # fmt: skip

    def _more(self, topic: Term) -> int | None:
        """Return that side 0 has more of a number, or the fact that side 1 has not; None where there is no order."""
        pairs = self.inputs[topic]
        values = [(term[2], first, second) for term, first, second in pairs if term[0] == "value"]  # type: ignore[index]
        if values:
            return self.space.any_of(
                self.space.all_of([first, second])
                for high, first, _ in values for low, _, second in values if high > low
            )  # fmt: skip
        facts = {term[0]: (first, second) for term, first, second in pairs if len(pairs) == 2}  # type: ignore[index]
        if set(facts) == {"yes", "no"}:
            return self.space.all_of([facts["yes"][0], facts["no"][1]])
        return None

    def _open(self, topic: Term, subject: tuple[str, ...], words: str, others: list[int]) -> Iterator[Finding]:
        stated = self.space.any_of(first for _, first, _ in self.inputs[topic])
        unstated = [-second for _, _, second in self.inputs[topic]]
        favoured = self.space.any_of([self.outcome[1]["approve"], self.outcome[1]["partial"]])
        goal = [*others, stated, *unstated, self.outcome[0]["deny"], favoured]
        if self._possible(goal):
            before, after = self._pair(goal)
            yield Finding(
                "fails-open", subject, "defect",
                f"To leave this out turns a denial into an approval: {words}.",
                witnesses=(("stated", before), ("left out", after)),
            )  # fmt: skip


def _key(topic: Term) -> tuple[str, ...]:
    """Return the words by which a topic is named in keys: its name and what it is about, without places of lists."""
    if isinstance(topic, str):
        return (topic,)
    if isinstance(topic, tuple):
        return tuple(word for part in topic for word in _key(part))
    return () if topic == 1 else (str(topic),)
