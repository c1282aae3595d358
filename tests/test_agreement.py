"""Three paths, one answer: the open program, a fresh grounding with plain facts, and brute force over completions."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random

import pytest

from bvn_asp.decide import Engine
from bvn_asp.decision import Decision
from bvn_asp.facts import facts_for
from bvn_asp.ground import Answer
from bvn_asp.policy import shipped_policy
from bvn_asp.readings import outcome, outcome_under
from bvn_asp.solve import OpenProgram, answer_set
from bvn_asp.terms import Term, name_of
from tests.random_cases import random_case, random_readings

SETTLED = ("met", "unmet", "violated", "clear", "permissible", "refused", "eligible", "not_eligible")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(shipped_policy())


def settled(shown: frozenset[Term]) -> set[Term]:
    """Return the settled answers among the atoms shown."""
    outcomes = [("recommend", outcome) for outcome in ("approve", "partial", "deny")]
    return {term for term in shown if name_of(term) in SETTLED or term in outcomes}


def answers(decision: Decision) -> set[Term]:
    """Return the settled answers of a decision."""
    found: set[Term] = {(c.status, c.clause.id) for c in decision.criteria if c.status != "undetermined"}
    found |= {(b.status, b.name.lower()) for b in decision.bodies if b.status != "undetermined"}
    if decision.recommendation in ("approve", "partial", "deny"):
        found.add(("recommend", decision.recommendation))
    return found | ({decision.eligibility} - {"undetermined"})


def compare(engine: Engine, seeds: range) -> set[str]:
    """Hold the decision against a fresh grounding with plain facts, and what is derived for it against a solve."""
    seen: set[str] = set()
    for seed in seeds:
        random = Random(seed)
        case, readings = random_case(random), random_readings(random, engine.policy)
        decision = engine.decide(case, readings)
        facts = facts_for(case, engine.policy, engine.policy.readings(readings))
        assert answers(decision) == settled(answer_set(engine.policy.text, facts.terms())), (seed, readings)
        program = engine.program(facts.shape)
        stated = engine.assumed(program, facts)
        derived = Answer(program.derivations, stated).shown
        assert derived == program.statuses(program.assume(stated)), (seed, readings)
        seen |= {decision.recommendation or "none"} | {f"{q}={o}" for q, o in readings.items()}
    return seen


def test_open_program_and_fresh_grounding_agree_on_random_records(engine: Engine) -> None:
    assert compare(engine, range(500)) >= {"approve", "partial", "deny", "pend", "none"}


def test_an_outcome_without_reasons_is_that_of_the_decision(engine: Engine) -> None:
    for seed in range(300):
        random = Random(seed)
        case, readings = random_case(random), random_readings(random, engine.policy)
        assert outcome_under(engine, case, readings) == outcome(engine.decide(case, readings)), (seed, readings)


@pytest.mark.slow
def test_open_program_and_fresh_grounding_agree_on_thousands_of_records_and_every_option(engine: Engine) -> None:
    seen = compare(engine, range(10_000, 14_000))
    assert {f"{q.id}={o}" for q in engine.policy.questions.values() for o in q.options} <= seen


def subjects(program: OpenProgram) -> dict[Term, list[int]]:
    """Return what can be stated of every fact, number and choice, the request left out."""
    found: dict[Term, list[int]] = {}
    for literal, term in program.inputs.items():
        if isinstance(term, tuple) and term[0] in ("yes", "no", "is", "value") and name_of(term[1]) != "requested":
            found.setdefault(term[1], []).append(literal)
    return found


def check_completions(engine: Engine, seed: int) -> int:
    """Hold both three-valued paths against all completions of a few unknown facts; return how many there were."""
    random = Random(seed)
    case, readings = random_case(random), engine.policy.readings(random_readings(random, engine.policy))
    facts = facts_for(case, engine.policy, readings, assume_absent=False)
    usual = facts_for(random_case(Random(seed + 1)), engine.policy, {}, assume_absent=False)
    program = engine.program(facts.shape)
    stated = engine.assumed(program, facts)
    likely = engine.assumed(program, usual) if usual.shape == facts.shape else set()
    domains = subjects(program)
    for literals in domains.values():
        if not stated & set(literals):
            stated.add(next((literal for literal in literals if literal in likely), random.choice(literals)))
    unknown = random.sample(sorted(domains, key=str), random.randint(1, 5))
    while prod(len(domains[subject]) for subject in unknown) > 128:
        unknown.pop()
    known = stated - {literal for subject in unknown for literal in domains[subject]}
    always = set.intersection(
        *(
            settled(program.statuses(program.assume(known | set(choice))))
            for choice in product(*(domains[subject] for subject in unknown))
        )
    )
    assert settled(program.statuses(program.assume(known))) == always, (seed, unknown)
    kept = program.complete(known, lambda t: name_of(t) in ("selected", "assumed_absent") or "requested" in str(t))
    assert settled(program.shown(kept, "cautious")) == always, (seed, unknown)
    return prod(len(domains[subject]) for subject in unknown)


def test_unknown_facts_give_what_all_their_completions_agree_on(engine: Engine) -> None:
    assert sum(check_completions(engine, seed) for seed in range(200)) > 1000


@pytest.mark.slow
def test_unknown_facts_give_what_all_their_completions_agree_on_at_length(engine: Engine) -> None:
    assert sum(check_completions(engine, seed) for seed in range(5000, 8000)) > 20_000
