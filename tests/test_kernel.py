"""The kernel: counting, folding, what it refuses, and where completions say more than the rules derive."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bvn_asp.batch.compiled import compile_policy
from bvn_asp.batch.content import table_of_rows
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.kernel import FALSE, TRUE, Nodes, Words, kernel_of
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.words import pack, unpack
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import PolicyError
from bvn_asp.policy.loading import shipped_path, shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, name_of
from tests.batch_cases import differences, random_batch
from tests.campaigns import counts

TEXT = shipped_path().read_text(encoding="utf-8")


@pytest.mark.parametrize("bound", range(6))
def test_a_count_holds_from_its_bound_on(bound: int) -> None:
    nodes = Nodes()
    parts = [nodes.input(f"x{place}") for place in range(4)]
    cases = np.array(list(product((False, True), repeat=4)))
    kernel = kernel_of(nodes, {"enough": nodes.count(bound, parts)})
    given: dict[Term, Words] = {f"x{place}": pack(cases[:, place]) for place in range(4)}
    found = unpack(kernel.run(given, 1)["enough"], len(cases))
    assert found.tolist() == (cases.sum(axis=1) >= bound).tolist()


def test_constants_doubles_and_contradictions_are_folded_away() -> None:
    nodes = Nodes()
    one, other = nodes.input("one"), nodes.input("other")
    assert nodes.all([one, TRUE, one]) == one and nodes.any([one, FALSE]) == one
    assert nodes.all([one, nodes.negate(one)]) == FALSE and nodes.any([one, nodes.negate(one)]) == TRUE
    assert nodes.all([one, nodes.any([one, other])]) == one
    assert nodes.any([other, one]) == nodes.any([one, other])


def test_a_kernel_reads_only_the_inputs_that_its_outputs_need() -> None:
    policy = shipped_policy()
    compiled = {
        whole: compile_policy(policy, Engine(policy).program(Shape()), Shape(), {}, closed=False, whole=whole)
        for whole in (True, False)
    }
    assert ("ruled_out", "patient_severity", "mild") not in compiled[True].kernel.inputs
    assert compiled[False].kernel.inputs.keys() <= compiled[True].kernel.inputs.keys()
    assert len(compiled[False].kernel.steps) < len(compiled[True].kernel.steps)
    assert compiled[True].exhaustive
    # No side that says no to a criterion needs completions.
    assert not {"unmet", "violated"} & {name_of(side) for side in compiled[True].generous}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("adult :- adult_too.\nadult_too :- adult, yes(low_back_pain).", "rules in a circle"),
        ("minor ; adult :- yes(pregnancy).", "a rule that chooses or forbids"),
        (":- yes(pregnancy), no(low_back_pain).", "a rule that chooses or forbids"),
    ],
)
def test_a_policy_that_and_or_and_not_cannot_say_is_refused(rule: str, message: str) -> None:
    policy = policy_of(f"{TEXT}\n{rule}\n")
    with pytest.raises(PolicyError, match=message):
        Decider(Setting(policy)).decide(random_batch(range(2))[1])


@counts("count", 12, 400)
def test_what_only_completions_settle_is_settled_exactly_and_only_there(count: int) -> None:
    # Met whether or not there is a functional deficit: no rule derives it while that is unknown.
    either = "met(i6) :- yes(functional_deficit), yes(pregnancy).\nmet(i6) :- no(functional_deficit), yes(pregnancy)."
    policy = policy_of(f"{TEXT}\n{either}\n")
    cases, batch = random_batch(range(count))
    decider = Decider(Setting(policy))
    assert not differences(Engine(policy), cases, decider.decide(batch), {}, None)
    rows: list[dict[str, object]] = [
        {"conditions_pregnancy": True, "request_bodies": ["L4"]},
        {"conditions_pregnancy": False},
    ]
    decider = Decider(Setting(policy))
    answers = decider.decide(table_of_rows(rows).to_batches()[0]).to_pylist()
    assert [row["met_i6"] for row in answers] == [True, None]
    assert decider.settled == 1


@counts("count", 10, 400)
def test_a_policy_that_denies_facts_is_settled_by_completions_too(count: int) -> None:
    policy = policy_of(f"{TEXT}\nmet(i6) :- not yes(pregnancy), not no(pregnancy), yes(bleeding_diathesis).\n")
    cases, batch = random_batch(range(100, 100 + count))
    assert not differences(Engine(policy), cases, Decider(Setting(policy)).decide(batch), {}, None)


@counts("count", 10, 400)
def test_a_policy_without_an_answer_for_some_complete_record_is_noticed(count: int) -> None:
    policy = policy_of(TEXT.replace("recommend(deny) :- request_made, bars(_).", ""))
    compiled = compile_policy(policy, Engine(policy).program(Shape()), Shape(), {}, closed=False, whole=True)
    assert not compiled.exhaustive
    cases, batch = random_batch(range(count))
    assert not differences(Engine(policy), cases, Decider(Setting(policy)).decide(batch), {}, None)
