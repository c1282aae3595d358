"""Can it happen at all? Outcomes, bodies, counts; each criterion on both sides, on exactly one, and alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.search import TIMES
from bvn_asp.policy.terms import name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study


def outcomes(study: Study) -> Iterator[Finding]:
    """Find recommendations, bodies and counts of bodies that no record reaches."""
    reached = study.reachable(study.outcomes)
    for outcome, literal in study.outcomes.items():
        if outcome not in reached:
            yield Finding(
                "unreachable", (outcome,), f"No record is ever recommended `{outcome}`.",
                proofs=study.proofs([literal], f"recommended {outcome}"),
            )  # fmt: skip
    space = study.space
    granted = space.any_of([study.outcomes["approve"], study.outcomes["partial"]])
    for body in study.policy.bodies_in_range:
        if body.lower() not in study.asked or space.literal(("reported", body.lower())) == -space.true:
            continue
        goal = [space.literal(("permissible", body.lower())), study.asked[body.lower()], granted]
        if not study.possible(goal) and not _absent(study, body):
            yield Finding(
                "body-never-permitted", (body,), f"No record is ever granted the treatment of {body}.",
                proofs=study.proofs(goal, f"{body} granted"),
            )  # fmt: skip
    limit = min((study.policy.tallies[id] for id in study.body_limits), default=0)
    treated = [space.all_of([literal, space.literal(("permissible", body))]) for body, literal in study.asked.items()]
    for count in range(1, limit + 1):
        goal = [granted, space.at_least(count, treated), -space.at_least(count + 1, treated)]
        if not study.possible(goal):
            yield Finding(
                "count-never-permitted", (str(count),),
                f"No record is ever granted the treatment of exactly {count} of the bodies it asks for.",
                proofs=study.proofs(goal, f"exactly {count} bodies granted"),
            )  # fmt: skip


def sides(study: Study) -> Iterator[Finding]:
    """Find criteria that can never fail, never hold, do both at once, or neither on a documented record."""
    failing = study.reachable(study.fails)
    holding = study.reachable(study.passes)
    for id in study.ids:
        clauses = (id,)
        if id not in failing:
            yield Finding(
                "never-fails", (id,), f"{study.name(id)} can never fail.", clauses,
                proofs=study.proofs([study.fails[id]], f"{id} fails"),
            )  # fmt: skip
        if id not in holding:
            yield Finding(
                "never-holds", (id,), f"{study.name(id)} can never be satisfied.", clauses,
                proofs=study.proofs([study.passes[id]], f"{id} satisfied"),
            )  # fmt: skip
    both = {id: study.space.all_of([study.fails[id], study.passes[id]]) for id in study.ids}
    neither = {id: study.space.all_of([-study.fails[id], -study.passes[id]]) for id in study.ids}
    # What is assumed because the record is silent, or is said to be complete, it still leaves open.
    assumed = [*study.space.terms("assumed").values(), study.space.literal("closed")]
    complete = [*study.any_reading, study.documented, study.requested, *(-literal for literal in assumed)]
    # Of a time, an option can ask how long it is at either moment.
    complete += [study.space.literal(("exact", n)) for n in study.search.quantities if name_of(n) in TIMES]
    for check, goals, assumed, sentence in (
        ("contradicts-itself", both, study.any_reading, "is satisfied and fails on one and the same record"),
        ("undecided", neither, complete, "is undetermined on a record that leaves nothing open"),
    ):
        for id in sorted(study.reachable(goals, assumed, study.as_read), key=study.ids.index):
            world = study.space.find([*assumed, *study.space.usual(study.search.usual), goals[id]], fewest=True)
            if world is not None:
                witness = study.search.replay(world)
                yield Finding(
                    check, (id,), f"{study.name(id)} {sentence}.", (id,), witness.readings,
                    witnesses=((f"{id} {sentence}", witness),),
                )  # fmt: skip


def alone(study: Study) -> Iterator[Finding]:
    """Find criteria that are never the only reason for anything, and what covers them."""
    for id in study.criteria:
        if study.possible([study.alone[id]]) or not study.possible([study.fails[id]]):
            continue
        proofs = study.proofs([study.alone[id]], f"{id} is the only reason", most=3)
        shortest = proofs[0]
        cover = tuple(dict.fromkeys(study.whole(other) for other in shortest.clauses if study.whole(other) != id))
        yield Finding(
            "never-alone", (id,),
            f"{study.name(id)} never decides anything by itself: wherever it fails, so does "
            f"{study.names(cover) if len(cover) == 1 else 'one of ' + study.names(cover)}." if cover else
            f"{study.name(id)} never decides anything by itself.",
            (id, *cover), shortest.readings, proofs=proofs,
        )  # fmt: skip


def lists(study: Study) -> Iterator[Finding]:
    """Find indications and non-indications that exclude each other, and records on which the two lists disagree."""
    for indication in study.indications:
        if not study.possible([study.passes[indication]]):
            continue
        clear = {id: study.space.all_of([study.passes[indication], study.passes[id]]) for id in study.exclusions}
        reached = study.reachable(clear)
        for id in study.exclusions:
            if id not in reached and study.possible([study.passes[id]]):
                yield Finding(
                    "contradiction", (indication, id),
                    f"{study.name(indication)} and {study.name(id)} contradict each other: no record satisfies both.",
                    (indication, id), proofs=study.proofs([clear[id]], f"{indication} met and {id} clear"),
                )  # fmt: skip
    met = [study.passes[id] for id in study.indications]
    overlapping = study.reachable(
        {id: study.space.all_of([study.fails[id], *met]) for id in study.exclusions}, [study.requested]
    )
    if overlapping:
        ids = tuple(id for id in study.exclusions if id in overlapping)
        witness = study.witness([study.fails[ids[0]], study.requested, *met])
        assert witness is not None
        yield Finding(
            "overlap", (),
            "The two lists speak at once: every indication is met and a non-indication is violated. Nothing in the "
            f"document says which list prevails. It can happen for {', '.join(ids)}.",
            ids, {"precedence": witness.decision.readings.get("precedence", "")},
            witnesses=((f"every indication met, {ids[0]} violated", witness),),
        )  # fmt: skip
    clear_all = [study.passes[id] for id in study.exclusions]
    silent = [id for id in study.indications if study.possible([study.fails[id], study.requested, *clear_all])]
    if silent:
        witness = study.witness([study.fails[silent[0]], study.requested, *clear_all])
        assert witness is not None
        yield Finding(
            "gap", (),
            "The two lists leave room between them: an indication is unmet and no non-indication applies, so the "
            f"document calls the treatment neither appropriate nor inappropriate. It can happen for "
            f"{', '.join(silent)}.",
            tuple(silent), witnesses=((f"{silent[0]} unmet, every non-indication clear", witness),),
        )  # fmt: skip


def _absent(study: Study, body: str) -> bool:
    """Tell whether the anatomy assumed has no such body."""
    literal = study.space.literal(("absent_body", body.lower()))
    return not study.possible([-literal])
