"""Near misses of clauses and of their limits."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.atlas.bench import Bench, Edge, Entry
from bvn_asp.decide import SIDES
from bvn_asp.space import Space, World
from bvn_asp.terms import Term
from bvn_asp.wording import words_of


def fails(bench: Bench, id: str, side: int = 0, space: Space | None = None) -> int:
    """Return the literal that a clause fails: is unmet or violated, or refuses a body that is requested."""
    space, clause = space or bench.space, bench.policy.clauses[id]
    if clause.kind in SIDES:
        return space.literal(("unmet" if clause.kind == "indication" else "violated", id), side)
    return space.any_of(
        space.all_of([space.literal(("yes", ("requested", body)), side), space.literal(("fails_at", id, body), side)])
        for body in map(str.lower, bench.search.room.bodies)
    )


def changes(bench: Bench, id: str) -> int:
    """Return the literal that a clause fails on one of the two records only."""
    return -bench.space.equal(fails(bench, id), fails(bench, id, 1))


def clauses(bench: Bench) -> Iterator[Entry]:
    """Yield for every clause two records on only one of which it fails: for that reason alone, if possible."""
    for clause in bench.policy.clauses.values():
        if clause.kind in SIDES or clause.kind == "level":
            edge = Edge("clause", clause.id, clause.label)
            yield bench.bounded(bench.space, edge, lambda edge=edge: _clause(bench, edge))  # type: ignore[misc]


def _clause(bench: Bench, edge: Edge) -> Entry:
    twins, space, id = bench.twins, bench.space, edge.clause
    whole = bench.policy.clauses[id].part_of or id
    criteria = [c.id for c in bench.policy.clauses.values() if c.kind in SIDES and c.part_of is None]
    others = {other: fails(bench, other, 1) for other in criteria if other != whole}
    run = [*space.run(), *twins.documented, twins.recommends("approve"), changes(bench, id)]
    proof, world = None, twins.world([*run, *(-literal for literal in others.values())])
    if world is None:
        alone = [
            fails(bench, id, space=bench.search.space), *(-fails(bench, o, space=bench.search.space) for o in others)
        ]  # fmt: skip
        proof = next(iter(bench.search.proofs(alone, f"{id} is the only criterion that fails")), None)
        if twins.world(run) is not None:
            some = others.values()
            fewest = (twins.world([*run, -space.at_least(most + 1, some)]) for most in range(1, len(others) + 1))
            world = next(filter(None, fewest))
        else:
            world = twins.world([*twins.documented, changes(bench, id)])
    along = tuple(o for o in others if world is not None and _failed(bench, o, world))
    return bench.entry(edge, world, "it never fails on one of two such records only", along=along, proof=proof)


def _failed(bench: Bench, id: str, world: World) -> bool:
    return any(bench.space.literal((name, id), 1) in world.true for name in ("unmet", "violated"))


def limits(bench: Bench) -> Iterator[Entry]:
    """Yield for every number that a clause compares three records: at its limit, just below and just above."""
    for (id, quantity), limit in bench.policy.thresholds.items():
        done: set[Term] = set()
        for number, of in bench.search.quantities.items():
            key = bench.subject(number)
            if of == quantity and key not in done and ("at_least", number, id) in bench.search.ground.atoms:
                done.add(key)
                edge = Edge("limit", id, words_of(bench.policy, number, {}))
                yield bench.bounded(
                    bench.space, edge,
                    lambda edge=edge, number=number, limit=limit: _limit(bench, edge, number, limit),  # type: ignore[misc]
                )  # fmt: skip


def _limit(bench: Bench, edge: Edge, number: Term, limit: int) -> Entry:
    space = bench.space
    steps = [
        space.all_of([
            space.literal(("value", number, limit), side), space.literal(("value", number, limit + step), 1 - side),
        ])
        for side in (0, 1) for step in (-1, 1)
    ]  # fmt: skip
    goal = [*bench.twins.documented, changes(bench, edge.clause), space.any_of(steps), *_moments(bench, number, limit)]
    world = bench.twins.world(goal)
    if world is None:
        return Entry(edge, None, remark="no two records on the sides of the limit differ in the clause")
    values = [next(t for t in inputs if isinstance(t, tuple) and t[:2] == ("value", number)) for inputs in world.inputs]
    third = ({limit - 1, limit, limit + 1} - {value[2] for value in values}).pop()
    numbers = bench.search.topics[bench.search.about[number]]
    # Where a time is the same at both moments, it moves at both.
    moved = {t for t in world.inputs[0] if isinstance(t, tuple) and t[0] == "value" and t[1] in numbers}
    if number != numbers[0]:
        moved = {values[0]}
    beside = (world.inputs[0] - moved) | {("value", term[1], third) for term in moved if isinstance(term, tuple)}
    return bench.entry(edge, world, "", [beside], numbers)


def _moments(bench: Bench, number: Term, limit: int) -> list[int]:
    """Return what keeps a time the same at both moments, or past `limit` at the later if the earlier counts."""
    space, (later, *earlier) = bench.space, bench.search.topics[bench.search.about[number]]
    if number != later:
        return [space.literal(("value", later, limit + 1), side) for side in (0, 1)]
    return [
        space.equal(x, space.literal(("value", other, term[2]), side))
        for side in (0, 1)
        for term, x in space.terms("value", side).items()
        if isinstance(term, tuple) and term[1] == later
        for other in earlier
    ]
