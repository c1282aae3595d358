"""Obstacles: why nothing that may change in a record reaches an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bvn_asp.analysis.change.changes import Obstacle, parts_of
from bvn_asp.analysis.departures import stated_words
from bvn_asp.analysis.proofs import MOST_CORES, grounds_of, minimal_core, minimal_cores
from bvn_asp.analysis.records import Premise
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.analysis.change.leeway import Leeway

MOST_FACTS = 8
"""With more facts than these in one reason why nothing helps, no further reason is looked for."""


def obstacles_of(leeway: Leeway, held: Mapping[Term, tuple[int, ...]], goal: Term) -> tuple[Obstacle, ...]:
    """Return minimal reasons why nothing that may change reaches the goal: facts that stay, and clauses."""
    space, policy = leeway.space, leeway.search.policy
    topics: dict[Term, list[Term]] = {}
    for subject in held:
        # What stays as it is because its parts do is not named beside them.
        if not parts_of(subject) or not held.keys() >= set(parts_of(subject)):
            topic = leeway.search.about[subject]
            topics.setdefault(subject if topic == "requested" else topic, []).append(subject)
    named = {Premise("fact", str(place)): subjects for place, subjects in enumerate(topics.values())}
    facts = {premise: tuple(x for s in subjects for x in held[s]) for premise, subjects in named.items()}
    grounds = grounds_of(space, policy, leeway.facts.readings)
    chosen = {literal for literals in grounds.values() for literal in literals}
    wanted = [*leeway.run, space.literal(goal)]
    fixed = [literal for literal in wanted if literal not in chosen]
    with_policy = [*wanted, *map(space.held, space.premises)]
    cores = minimal_cores(space, with_policy, facts, 1)
    if cores and len(cores[0]) <= MOST_FACTS:
        cores = minimal_cores(space, with_policy, facts, MOST_CORES)
    found: list[Obstacle] = []
    for core in cores:
        premises = minimal_core(space, [*fixed, *(x for p in core for x in facts[p])], grounds) or ()
        found.append(Obstacle(_facts(leeway, [named[premise][0] for premise in core]), premises))
    return tuple(found)


def _facts(leeway: Leeway, subjects: list[Term]) -> tuple[str, ...]:
    """Return in words what the record states of the topics of `subjects`."""
    texts: dict[str, None] = {}
    for subject in subjects:
        topic = leeway.search.about[subject]
        mine = [subject] if topic == "requested" else leeway.search.topics[topic]
        stated = {term for term in leeway.base if name_of(term) in FORMS and subject_of(term) in mine}
        words = words_of(leeway.search.policy, subject if topic == "requested" else topic, leeway.facts.names)
        texts[f"{words}: {stated_words(leeway.search, stated, mine, leeway.facts)}"] = None
    return tuple(texts)
