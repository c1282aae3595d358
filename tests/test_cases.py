"""The sample cases: each gives the answer that a reader of the document expects, on every path."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.expectations import Coverage, check
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.policy.loading import shipped_path
from bvn_asp.policy.terms import to_symbol
from bvn_asp.record.case import Case, Expectation
from tests.campaigns import counts
from tests.sample_cases import sample, samples
from tests.shared import ENGINE


@cache
def checked() -> tuple[Coverage, dict[str, list[tuple[Expectation, list[str]]]]]:
    """Return what all cases together show, and of each how it differs from each answer that it expects."""
    coverage = Coverage()
    return coverage, {name: list(check(ENGINE, case, coverage)) for name, case in samples().items()}


@pytest.mark.parametrize("name", list(samples()))
def test_the_case_gives_the_expected_answer(name: str) -> None:
    case = sample(name)
    assert case.expected and case.story
    assert all(expectation.why for expectation in case.expected)
    found = checked()[1][name]
    assert [expectation for expectation, _ in found] == list(case.expected)
    for expectation, differences in found:
        assert differences == [], expectation.readings


def test_the_cases_show_every_clause_on_both_sides_and_every_option(engine: Engine) -> None:
    coverage, found = checked()
    options = {item for each in found.values() for expectation, _ in each for item in expectation.readings.items()}
    assert len(samples()) >= 351
    assert coverage.unseen(engine.policy) == []
    questions = engine.policy.questions.values()
    assert {(q.id, option) for q in questions for option in q.options if option != q.default} <= options


def shown(decision: Decision) -> set[str]:
    """Return the atoms that the policy must show for `decision`."""
    atoms = {f"{criterion.status}({criterion.clause.id})" for criterion in decision.criteria}
    atoms |= {
        f"{body.status if body.status != 'undetermined' else 'body_undetermined'}({body.name.lower()})"
        for body in decision.bodies
    }
    if decision.recommendation:
        atoms.add(f"recommend({decision.recommendation})")
    return atoms | {"eligibility_undetermined" if decision.eligibility == "undetermined" else decision.eligibility}


# What no rule derives, but all completions of the record agree on: plain clingo leaves it open.
SETTLED_BY_COMPLETIONS = {
    "request_without_bodies", "request_without_bodies_of_an_excluded_patient",
    "request_without_bodies_when_none_is_left", "request_without_bodies_when_one_is_used_up",
    "words_modic_type_1_or_2",
}  # fmt: skip


def opened(atom: str) -> str:
    """Return the atom that stands in place of `atom`, a status or outcome, where nothing settles it."""
    name, _, subject = atom.partition("(")
    if name in ("eligible", "not_eligible"):
        return "eligibility_undetermined"
    if name == "recommend":
        return "recommend(pend)"
    return f"{'body_undetermined' if name in ('permissible', 'refused') else 'undetermined'}({subject}"


@counts("step", 24, 1)
def test_plain_clingo_decides_every_case_alike_on_its_printed_facts(engine: Engine, tmp_path: Path, step: int) -> None:
    """The facts go through a file and the clingo program, as a reader would run them.

    The answers are the same, unless completions settle some: those, and no others, plain clingo leaves open.
    """
    names = {*SIDES["indication"], *SIDES["non_indication"], "undetermined", "permissible", "refused",
             "body_undetermined", "recommend", "eligible", "not_eligible", "eligibility_undetermined"}  # fmt: skip

    def run(named: tuple[str, Case]) -> subprocess.CompletedProcess[str]:
        name, case = named
        facts = tmp_path / f"{name}.lp"
        facts.write_text("".join(f"{to_symbol(term)}.\n" for term in facts_for(case, engine.policy, {}).terms()))
        command = [sys.executable, "-m", "clingo", "0", str(shipped_path()), str(facts), "--outf=1", "--warn=all"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    differing: set[str] = set()
    some = {*list(samples())[::step], *SETTLED_BY_COMPLETIONS}
    cases = [(name, case) for name, case in samples().items() if name in some]
    with ThreadPoolExecutor(2) as pool:
        for (name, case), found in zip(cases, pool.map(run, cases), strict=True):
            assert found.stderr == "" and found.stdout.count("ANSWER\n") == 1, found.stderr
            atoms = {atom.removesuffix(".") for atom in found.stdout.split("ANSWER\n")[1].split("\n")[0].split()}
            plain = {atom for atom in atoms if atom.partition("(")[0] in names}
            decided = shown(engine.decide(case, settlements=False))
            settled = decided - plain
            assert plain == (decided - settled) | {opened(atom) for atom in settled}, name
            assert len({opened(atom) for atom in settled}) == len(settled), name
            if settled:
                differing.add(name)
    assert differing == SETTLED_BY_COMPLETIONS
