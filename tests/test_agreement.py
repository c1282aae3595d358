"""Three paths, one answer: the open program, a fresh grounding with plain facts, and what is derived without a search.

That all completions agree with a decision is held in `test_completions`.
"""

from __future__ import annotations

from random import Random

import pytest

from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.readings import outcome, outcome_under
from bvn_asp.policy.ground import Answer
from bvn_asp.policy.grounding import answer_set
from bvn_asp.policy.terms import Term, name_of
from tests.random_cases import random_case, random_readings

SETTLED = ("met", "unmet", "violated", "clear", "permissible", "refused", "eligible", "not_eligible")


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
    split = 0
    for seed in seeds:
        random = Random(seed)
        case, readings = random_case(random), random_readings(random, engine.policy)
        decision = engine.decide(case, readings)
        facts = facts_for(case, engine.policy, engine.policy.readings(readings))
        plain, mine = settled(answer_set(engine.policy.text, facts.terms())), answers(decision)
        # What is so whichever of several ways it is, completions tell, and only sometimes a rule.
        assert plain <= mine, (seed, readings)
        split += plain != mine
        program = engine.program(facts.shape)
        stated = engine.assumed(program, facts)
        derived = Answer(program.derivations, stated).shown
        assert derived == program.statuses(program.assume(stated)), (seed, readings)
        seen |= {decision.recommendation or "none"} | {f"{q}={o}" for q, o in readings.items()}
    assert split <= len(seeds) // 20
    return seen


def test_open_program_and_fresh_grounding_agree_on_random_records(engine: Engine) -> None:
    assert compare(engine, range(40, 100)) >= {"approve", "partial", "deny", "pend", "none"}


def test_an_outcome_without_reasons_is_that_of_the_decision(engine: Engine) -> None:
    for seed in range(80):
        random = Random(seed)
        case, readings = random_case(random), random_readings(random, engine.policy)
        assert outcome_under(engine, case, readings) == outcome(engine.decide(case, readings)), (seed, readings)


@pytest.mark.slow
def test_open_program_and_fresh_grounding_agree_on_thousands_of_records_and_every_option(engine: Engine) -> None:
    seen = compare(engine, range(10_000, 12_000))
    assert {f"{q.id}={o}" for q in engine.policy.questions.values() for o in q.options} <= seen
