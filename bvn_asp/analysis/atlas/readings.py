"""Near misses of readings: one record, recommended otherwise under an option than by default."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.analysis.atlas.bench import Bench, Edge, Entry
from bvn_asp.analysis.atlas.twins import Pair, Twin
from bvn_asp.analysis.search import RECOMMENDATIONS
from bvn_asp.analysis.space import Space
from bvn_asp.errors import SolveError
from bvn_asp.policy.terms import name_of


def readings(bench: Bench) -> Iterator[Entry]:
    """Yield for every option of every question a record that is recommended otherwise than by default."""
    ground = bench.search.ground
    space = Space(ground, ground, shared=lambda term: name_of(term) not in ("selected", "reread"))
    recommend = space.terms("recommend")
    apart = space.any_of(-space.equal(x, space.literal(t, 1)) for t, x in recommend.items())
    for question in bench.policy.questions.values():
        for option in question.options:
            if option != question.default:
                edge = Edge("reading", question.id, f"{question.text} {question.options[option]}")
                goal = [*space.run(), *space.run({question.id: option}, 1), *space.usual(bench.search.usual), apart,
                        space.literal("documented")]  # fmt: skip
                yield bench.bounded(
                    space,
                    edge,
                    lambda edge=edge, goal=goal, o=option: _reading(bench, space, edge, goal, o),  # type: ignore[misc]
                )


def _reading(bench: Bench, space: Space, edge: Edge, goal: list[int], option: str) -> Entry:
    world = space.find(goal, fewest=True)
    if world is None:
        return Entry(edge, None, remark="it never changes the recommendation")
    question = bench.policy.questions[edge.clause]
    decided = [
        Twin(question.options[read], bench.search.decided(inputs))
        for read, inputs in zip((question.default, option), world.inputs, strict=True)
    ]
    if decided[0].recommendation == decided[1].recommendation:
        raise SolveError(f"{edge.clause}={option}: a search found a difference that the decision does not show")
    decided.sort(key=lambda twin: RECOMMENDATIONS.index(twin.recommendation))
    return Entry(edge, Pair(edge.clause, "", question.text, tuple(decided), {edge.clause: option}))
