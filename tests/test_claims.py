"""The table of claims: each of the README stands in it, and each names tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
CLAIMS: dict[str, dict[str, list[str]]] = yaml.safe_load((HERE / "claims.yaml").read_text(encoding="utf-8"))


@cache
def functions() -> frozenset[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in HERE.glob("test_*.py")]
    return frozenset(node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))


def test_the_claims_of_the_readme_are_those_of_the_table() -> None:
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    section = readme.split("## What it holds to")[1].split("\n\n")[1]
    claims = [" ".join(claim.split()) for claim in re.findall(r"^- (.*?)(?=^- |\Z)", section, re.DOTALL | re.MULTILINE)]
    assert claims == list(CLAIMS["readme"])


@cache
def campaigns() -> frozenset[str]:
    """The tests that are in campaigns alone."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in HERE.glob("test_*.py")]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return frozenset(node.name for node in functions if "pytest.mark.slow" in map(ast.unparse, node.decorator_list))


@pytest.mark.parametrize("claim", [claim for part in CLAIMS.values() for claim in part])
def test_every_claim_and_trap_has_a_test_that_is_always_run(claim: str) -> None:
    assert campaigns()
    assert {name for part in CLAIMS.values() for name in part.get(claim, ())} - campaigns()


@pytest.mark.parametrize("claim", [claim for part in CLAIMS.values() for claim in part])
def test_every_claim_and_trap_names_tests_that_there_are(claim: str) -> None:
    tests = [name for part in CLAIMS.values() for name in part.get(claim, ())]
    assert tests
    for name in tests:
        assert name.startswith("test_") and name in functions(), name
