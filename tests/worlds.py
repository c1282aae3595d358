"""Random worlds of a search: records that mostly depart from the usual one in a few topics, under random readings."""

from __future__ import annotations

from random import Random

from bvn_asp.analysis.records import STATED
from bvn_asp.analysis.search import Search
from bvn_asp.analysis.space import Space, World
from bvn_asp.policy.terms import Term, name_of

RECORD = ("yes", "no", "from", "to", "ruled_out", "assumed", "assumed_absent")
"""Predicates of what a record states."""
PRESENCE = ("present", "modic_present", "ablated", "requested", "request_made", "placed")
"""Facts that other facts are details of, and the request."""


def stated(world: World, side: int = 0) -> frozenset[Term]:
    """Return what the record of a world states."""
    return frozenset(term for term in world.inputs[side] if name_of(term) in RECORD)


def random_readings(random: Random, search: Search, most: int = 10) -> dict[str, str]:
    """Return up to `most` questions read at random, defaults included."""
    questions = search.policy.questions
    asked = random.sample(sorted(questions), random.choice((0, 1, most // 2, most)))
    return {question: random.choice(sorted(questions[question].options)) for question in asked}


def random_world(random: Random, search: Search, readings: dict[str, str], *, request: bool = True) -> World:
    """Return a world: a few topics, or all, at random, as far as a record can state them; the others as usual.

    Without a `request`, the record states that there is none.
    """
    space = search.space
    topics = sorted(search.topics, key=str)
    free = set(random.sample(topics, random.choice((2, 6, 20, 60, len(topics)))))
    usual: list[int] = []
    if not request:
        free.add("requested")
        usual.append(space.literal(("no", "request_made")))
    drawn: dict[Term, list[int]] = {}
    for literal, term in space.inputs[0].items():
        if isinstance(term, tuple) and term[0] in STATED:
            if search.about[term[1]] in free:
                drawn.setdefault(term[1], []).append(literal)
            else:
                usual.append(literal if term in search.usual else -literal)
    run = list(space.run(readings))
    kept = list(usual)
    world: World | None = None
    # What there is comes first: details are drawn only of that.
    for first in (True, False):
        wanted: list[int] = []
        for subject, literals in sorted(drawn.items(), key=str):
            if (name_of(subject) in PRESENCE) == first:
                unstated = [-literal for literal in literals]
                wanted += random.choice(([random.choice(literals)], [random.choice(literals)], unstated, []))
        kept = _possible(random, space, run, kept, wanted)
        world = space.find([*run, *kept])
        assert world is not None
        kept += [-literal for subject, literals in drawn.items() if not _there(subject, world) for literal in literals]
    assert world is not None
    return world


def _possible(random: Random, space: Space, run: list[int], kept: list[int], wanted: list[int]) -> list[int]:
    """Return of `kept`, and of `wanted`, as much as a record can state in the run."""
    while True:
        core = space.attempt([*run, *kept, *wanted]).core
        if core is None:
            return [*kept, *wanted]
        culprits = [literal for literal in wanted if literal in core]
        if culprits:
            wanted.remove(random.choice(culprits))
        else:
            kept.remove(random.choice([literal for literal in kept if literal in core]))


def _there(subject: Term, world: World) -> bool:
    """Tell whether what `subject` is a detail of is there, if it is one."""
    entity = subject[1] if isinstance(subject, tuple) else None
    if not isinstance(entity, tuple) or name_of(subject) in PRESENCE:
        return True
    return bool({("yes", ("present", entity)), ("yes", ("modic_present", entity))} & world.inputs[0])
