"""The sample cases: each gives the answer that a reader of the document expects, on every path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bvn_asp.decide import SIDES, Engine
from bvn_asp.decision import Decision
from bvn_asp.facts import facts_for
from bvn_asp.files import load_case
from bvn_asp.policy import shipped_path, shipped_policy
from bvn_asp.suite import Coverage, check
from bvn_asp.terms import to_symbol

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(shipped_policy())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case_gives_the_expected_answer(engine: Engine, path: Path) -> None:
    case = load_case(path)
    assert case.expected and case.story
    assert all(expectation.why for expectation in case.expected)
    for expectation, differences in check(engine, case, Coverage()):
        assert differences == [], expectation.readings


def test_the_cases_show_every_clause_on_both_sides_and_every_option(engine: Engine) -> None:
    coverage = Coverage()
    options: set[tuple[str, str]] = set()
    for path in CASES:
        for expectation, _ in check(engine, load_case(path), coverage):
            options |= set(expectation.readings.items())
    assert len(CASES) >= 40
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


def test_plain_clingo_decides_every_case_alike_on_its_printed_facts(engine: Engine, tmp_path: Path) -> None:
    """The facts go through a file and the clingo program, as a reader would run them."""

    names = {*SIDES["indication"], *SIDES["non_indication"], "undetermined", "permissible", "refused",
             "body_undetermined", "recommend", "eligible", "not_eligible", "eligibility_undetermined"}  # fmt: skip
    for path in CASES:
        case = load_case(path)
        facts = tmp_path / f"{path.stem}.lp"
        facts.write_text("".join(f"{to_symbol(term)}.\n" for term in facts_for(case, engine.policy, {}).terms()))
        command = [sys.executable, "-m", "clingo", "0", str(shipped_path()), str(facts), "--outf=1", "--warn=all"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert found.stderr == "" and found.stdout.count("ANSWER\n") == 1, found.stderr
        atoms = {atom.removesuffix(".") for atom in found.stdout.split("ANSWER\n")[1].split("\n")[0].split()}
        assert shown(engine.decide(case)) == {atom for atom in atoms if atom.partition("(")[0] in names}, path.stem
