"""The cases hold policy.lp in place: every small edit of it is noticed, or proved to change no answer."""

from __future__ import annotations

import pytest

from bvn_asp.analysis.mutants import Mutant, mutants
from bvn_asp.policy.loading import shipped_policy
from tests.campaigns import counts, sampled
from tests.mutants import difference, expected, judge
from tests.sample_cases import samples


def edited(old: str, new: str) -> Mutant:
    text = shipped_policy().text
    assert old in text
    return Mutant(old, text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    sampled([
        ("threshold(i1, age, 18*whole)", "threshold(i1, age, 17*whole)"),
        ("threshold(n8b, slip, 2*whole)", "threshold(n8b, slip, 3*whole)"),
        ("tally(i3, 3)", "tally(i3, 2)"),
        ("violated(n5) :- found(pregnancy).", ""),
        ("clear(n5) :- lacking(pregnancy).", "clear(n5)."),
        ("V > L.", "V >= L."),
        ("in_range(l3;l4;l5;l6;s1).", "in_range(l4;l5;l6;s1)."),
        ("default(obligations, breach,", "default(obligations, norm,"),
    ], 5, 6),
)  # fmt: skip
def test_an_edit_that_changes_an_answer_is_noticed_by_a_case(old: str, new: str) -> None:
    assert judge(edited(old, new)).outcome == "killed"


def test_the_proof_of_equivalence_tells_equal_programs_from_different_ones() -> None:
    text = shipped_policy().text
    assert difference(text, text) is None
    assert difference(text, edited("flag(i8) :- deep_sedation, ", "flag(i8) :- ").text) is not None


def test_the_rules_alone_give_nearly_every_expected_answer() -> None:
    every = sum(len(case.expected) for case in samples().values())
    assert every - 8 < len(expected()) <= every


def test_there_are_mutants_of_every_kind() -> None:
    kinds = [mutant.name.rpartition("[")[2].split()[0] for mutant in mutants(shipped_policy().text)]
    assert len(kinds) > 1500 and {"rule", "without"} <= set(kinds)


@counts("every, least", (600, 1), (12, 100))
def test_a_sample_of_all_mutants_is_killed_by_cases_or_proved_equivalent(every: int, least: int) -> None:
    """So many, to bound the time of the gate; `python -m tests.mutants` judges them all."""
    outcomes = [judge(mutant) for mutant in list(mutants(shipped_policy().text))[7::every]]
    assert [verdict for verdict in outcomes if verdict.outcome == "alive"] == []
    assert len([verdict for verdict in outcomes if verdict.outcome == "killed"]) > least
