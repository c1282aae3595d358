"""Mutants of a policy: one comparison flipped, one condition dropped, or one rule dropped, and what notices them.

Run as a program, it reports how many mutants the cases of `cases/` kill, and names the survivors with a proof that
they decide every record alike, or with a record on which they do not:

    python -m tests.mutants
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import NamedTuple

from bvn_asp.analysis import mutants as mutants_of
from bvn_asp.analysis.mutants import Mutant, mutants
from bvn_asp.analysis.records import Ground, ground
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import BvnError, PolicyError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Policy, policy_of
from bvn_asp.policy.terms import Term
from bvn_asp.record.case import Case, Expectation
from tests.sample_cases import samples


@cache
def expected() -> tuple[tuple[str, Case, Expectation], ...]:
    """Return every case of `cases/` with each of its expected answers, those with readings last.

    A few are left out: the rules alone leave open what all completions of the case agree on.
    """
    policy = shipped_policy()
    engine = Engine(policy)
    found = [(name, case, e) for name, case in samples().items() for e in case.expected]
    found = [item for item in found if holds(engine, policy, *item[1:])]
    return tuple(sorted(found, key=lambda item: bool(item[2].readings)))


def killed_by(mutant: Mutant, suite: Sequence[tuple[str, Case, Expectation]] | None = None) -> str | None:
    """Return what notices `mutant` first: a case, or that the program is refused; None if nothing does."""
    try:
        policy = policy_of(mutant.text, mutant.name)
        engine = Engine(policy)
        for name, case, expectation in suite or expected():
            if not holds(engine, policy, case, expectation):
                return name
    except BvnError as error:
        return f"refused: {str(error).splitlines()[0]}"
    return None


def holds(engine: Engine, policy: Policy, case: Case, expectation: Expectation) -> bool:
    """Tell whether the answer set on `case` is as expected, without explaining it."""
    readings = policy.readings(expectation.readings)
    facts = facts_for(case, policy, readings, assume_absent=expectation.assume_absent)
    program = engine.program(facts.shape)
    shown = program.statuses(program.assume(engine.assumed(program, facts)))
    asked = any(isinstance(term, tuple) and term[0] == "recommend" for term in shown)
    return asked == bool(case.requested) and _one_each(shown, policy) and _agrees(expectation, shown, policy)


def _one_each(shown: frozenset[Term], policy: Policy) -> bool:
    """Tell whether every criterion has exactly one status, of its own kind, and no body more than one."""
    bodies = [
        term[1]
        for term in shown
        if isinstance(term, tuple) and term[0] in ("permissible", "refused", "body_undetermined")
    ]
    if len(set(bodies)) < len(bodies):
        return False
    statuses = {name for sides in SIDES.values() for name in (*sides, "undetermined")}
    found = [term for term in shown if isinstance(term, tuple) and term[0] in statuses]
    criteria = {clause.id: SIDES[clause.kind] for clause in policy.clauses.values() if clause.kind in SIDES}
    return sorted(str(term[1]) for term in found) == sorted(criteria) and all(
        term[0] in (*criteria[str(term[1])], "undetermined") for term in found
    )


def _agrees(wanted: Expectation, shown: frozenset[Term], policy: Policy) -> bool:
    def having(name: str) -> set[str]:
        return {str(term[1]) for term in shown if isinstance(term, tuple) and term[0] == name}

    def whole(ids: set[str]) -> set[str]:
        return {id for id in ids if policy.clauses[id].part_of is None}

    checks = [
        all((status, id) in shown for id, status in wanted.statuses.items()),
        wanted.flags is None or having("flag") == set(wanted.flags),
        wanted.recommendation is None or (having("recommend") or {"none"}) == {wanted.recommendation},
        wanted.eligibility is None
        or (wanted.eligibility if wanted.eligibility != "undetermined" else "eligibility_undetermined") in shown,
        *(
            getattr(wanted, status) is None or set(getattr(wanted, status)) == whole(having(status))
            for status in ("unmet", "violated", "undetermined")
        ),
        wanted.bodies is None
        or all(
            body.lower() in having("body_undetermined" if status == "undetermined" else status)
            for body, status in wanted.bodies.items()
        ),
    ]
    if wanted.units is not None:
        counts: dict[str, int] = {}
        for term in shown:
            if isinstance(term, tuple) and term[0] == "billing_unit":
                code = policy.clauses[str(term[1])].item
                counts[code] = counts.get(code, 0) + 1
        checks.append(counts == wanted.units)
    return all(checks)


COMPARED = (
    "met", "unmet", "violated", "clear", "recommend", "flag", "permissible", "refused", "billing_unit", "eligible",
    "not_eligible",
)  # fmt: skip
"""What a mutant is proved to leave as it is."""


def difference(original: str, changed: str) -> list[str] | None:
    """Return inputs on which two programs show different statuses, or None if no input tells them apart.

    None is a proof for every record with at most one finding of a kind, one surgery and two Modic changes on T12 to
    S2, unknown facts included, and for every reading.
    """
    found = mutants_of.difference(_ground(original), changed, COMPARED)
    if found is None:
        return None
    world, terms = found
    return [*sorted(map(str, terms)), *sorted(map(str, world.inputs[0]))]


@cache
def _ground(text: str) -> Ground:
    return ground(text)


class Verdict(NamedTuple):
    """What became of a mutant: `killed` by a case or refused, `equivalent` by proof, or `alive` with a difference."""

    name: str
    outcome: str
    detail: str


def judge(mutant: Mutant) -> Verdict:
    """Try the cases on `mutant`, then a proof that it decides every record like the policy."""
    notice = killed_by(mutant)
    if notice is not None:
        return Verdict(mutant.name, "killed", notice)
    try:
        found = difference(shipped_policy().text, mutant.text)
    except PolicyError as error:
        # A search needs more of the vocabulary than a case does.
        return Verdict(mutant.name, "killed", f"refused by searches: {str(error).splitlines()[0]}")
    return (
        Verdict(mutant.name, "equivalent", "") if found is None else Verdict(mutant.name, "alive", " ".join(found[:6]))
    )


def survey(text: str, workers: int = 2) -> list[Verdict]:
    """Judge every mutant of `text`."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(judge, mutants(text), chunksize=4))


if __name__ == "__main__":
    verdicts = survey(shipped_policy().text)
    for verdict in verdicts:
        if verdict.outcome != "killed":
            sys.stdout.write(f"{verdict.outcome}: {verdict.name} {verdict.detail}\n")
    for outcome in ("killed", "equivalent", "alive"):
        sys.stdout.write(f"{outcome}: {sum(verdict.outcome == outcome for verdict in verdicts)}\n")
