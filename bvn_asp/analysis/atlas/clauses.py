"""Near misses of clauses and of their limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.analysis.atlas.bench import Bench, Edge, Entry
from bvn_asp.analysis.search import TIMES
from bvn_asp.decision.verdict import SIDES
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.terms import name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.space import Space, World
    from bvn_asp.policy.terms import Term


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


def exactly(space: Space, number: Term, value: int, side: int) -> int:
    """Return the literal that a number is exactly `value` on a side."""
    return space.all_of(space.literal((form, number, value), side) for form in ("from", "to"))


def _limit(bench: Bench, edge: Edge, number: Term, limit: int) -> Entry:
    space, twins = bench.space, bench.twins
    steps = [
        space.all_of([exactly(space, number, limit, side), exactly(space, number, limit + step, 1 - side)])
        for side in (0, 1) for step in (-1, 1)
    ]  # fmt: skip
    goal = [*twins.documented, changes(bench, edge.clause), space.any_of(steps), *_shorter(bench, number, limit)]
    subjects = bench.search.topics[bench.search.about[number]]
    numbers = [subject for subject in subjects if subject in bench.search.quantities]
    later, *earlier = numbers
    together = [
        space.equal(space.literal((form, later, value), side), space.literal((form, other, value), side))
        for form in ("from", "to") for value in _values(bench, later) for other in earlier for side in (0, 1)
    ]  # fmt: skip
    # A time that counts at the request is past the limit at the procedure; care then is no other than at the request.
    apart = [exactly(space, later, limit + 1, side) for side in (0, 1)]
    world = twins.world([*goal, *apart]) if number != later else None
    moves = numbers if world is None else [number]
    world = world or twins.world([*goal, *together])
    if world is None:
        return Entry(edge, None, remark="no two records on the sides of the limit differ in the clause")
    values = [{t for t in inputs if isinstance(t, tuple) and t[0] in ("from", "to") and t[1] == number}
              for inputs in world.inputs]  # fmt: skip
    third = ({limit - 1, limit, limit + 1} - {term[2] for terms in values for term in terms}).pop()
    moved = {t for t in world.inputs[0] if isinstance(t, tuple) and t[0] in ("from", "to") and t[1] in moves}
    beside = (world.inputs[0] - moved) | {(term[0], term[1], third) for term in moved}
    return bench.entry(edge, world, "", [beside], numbers)


def _values(bench: Bench, number: Term) -> list[int]:
    """Return the values that a number can have."""
    return [
        t[2] for t in bench.space.terms("from") if isinstance(t, tuple) and t[1] == number and isinstance(t[2], int)
    ]


def _shorter(bench: Bench, number: Term, limit: int) -> list[int]:
    """Return that no therapy is as long as the limit of the whole course, of which each is a part."""
    if name_of(number) not in TIMES:
        return []
    search, space = bench.search, bench.space
    parts = [n for n, of in search.quantities.items() if of == search.quantities[number] and name_of(n) not in TIMES]
    return [
        -space.literal(("from", part, value), side)
        for part in parts for value in _values(bench, part) if value >= limit for side in (0, 1)
    ]  # fmt: skip
