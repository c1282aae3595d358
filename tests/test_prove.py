"""Assertions: those that come with the package hold, files of them are read with care, and the commands say so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from random import Random

import pytest

from bvn_asp.analysis.query.assertions import SHIPPED, Assertion, AssertionsError, load_assertions
from bvn_asp.analysis.query.condition import runs_of
from bvn_asp.analysis.query.decided import Decided
from bvn_asp.analysis.query.finder import Finder
from bvn_asp.analysis.records import ROOM
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import BvnError
from bvn_asp.policy.loading import shipped_path
from tests.calling import bvn
from tests.questions import within_the_searches
from tests.random_cases import random_case

FINDER = Finder()
POLICY = FINDER.policy
ASSERTIONS = load_assertions(SHIPPED, POLICY)
ENGINE = FINDER.search_for(ASSERTIONS[0].query, 1).engine


@pytest.mark.parametrize("assertion", ASSERTIONS, ids=lambda assertion: assertion.name)
def test_every_shipped_assertion_is_proved(assertion: Assertion) -> None:
    verdict = FINDER.prove(assertion.query)
    assert verdict.holds is True and verdict.proof is not None


def test_the_shipped_assertions_are_many_named_and_about_most_items() -> None:
    assert len(ASSERTIONS) >= 25
    assert len({assertion.name for assertion in ASSERTIONS}) == len(ASSERTIONS)
    rests_on = {
        POLICY.clauses[id].part_of or id
        for assertion in ASSERTIONS
        for proof in FINDER.prove(assertion.query).found.proofs
        for id in proof.clauses
    }
    criteria = {c.id for c in POLICY.clauses.values() if c.kind in SIDES and c.part_of is None}
    # Item 8 is about billing; 4, 6 and 22 are not about anything else than their like.
    assert criteria - rests_on <= {"i8", "n4", "n6", "n22", "i9", "i7", "n20", "n21", "i10"}


def test_no_random_record_contradicts_a_shipped_assertion() -> None:
    random = Random(64628)
    cases = [case for case in (random_case(random) for _ in range(120)) if within_the_searches(case)]
    assert len(cases) > 40
    facts = [facts_for(case, POLICY, {}, shape=ROOM) for case in cases]

    @cache
    def decided(place: int, run: tuple[tuple[str, str], ...]) -> Decision:
        return ENGINE.decide(cases[place], dict(run))

    for assertion in ASSERTIONS:
        query = assertion.query
        runs = runs_of(query.condition, POLICY, dict(query.readings))
        for place, case in enumerate(cases):
            decisions = tuple(decided(place, tuple(run.items())) for run in runs)
            assert Decided(facts[place], runs, decisions).fits(query.condition), (assertion.name, case)


def test_a_file_of_assertions_has_names_remarks_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeff# mine\n\nno minors: approve => i1 met   # by item 1\n  n1 violated => i1 unmet\n")
    found = load_assertions(path, POLICY)
    assert [(a.name, a.line, a.query.text) for a in found] == [
        ("no minors", 3, "approve => i1 met"),
        ("", 4, "n1 violated => i1 unmet"),
    ]


def test_every_line_that_is_no_assertion_is_listed_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("ok: approve => i1 met\nbad: approve => i99 met\n  deny )\n")
    with pytest.raises(AssertionsError) as caught:
        load_assertions(path, POLICY)
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 17), (3, 8)]
    assert f"{path}:2:17: nothing is called 'i99'" in str(caught.value)
    assert "\n  bad: approve => i99 met\n  " + " " * 16 + "^" in str(caught.value)


def test_a_name_that_is_there_twice_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("a: approve => i1 met\na: approve => i2 met\n")
    with pytest.raises(AssertionsError, match=r"mine\.txt:2:1: line 1 has the name 'a' already"):
        load_assertions(path, POLICY)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds no assertion"), (b"# only\n", "holds no assertion"), (b"\xff\xfe", "not UTF-8"),
     (b"a\n" * 3000, "too large"), (None, "cannot be read")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BvnError, match=words):
        load_assertions(path, POLICY)


def test_the_command_prove_checks_the_shipped_assertions_and_exits_with_0() -> None:
    found = bvn("prove")
    assert found.returncode == 0
    assert f"{len(ASSERTIONS)} assertions: {len(ASSERTIONS)} proved, 0 false, 0 undecided" in found.stdout
    assert (
        "proved  once in a lifetime: ablation.completed at L4 is yes and ablation.thermal at L4 is yes => L4 refused"
        in found.stdout
    )


def test_the_command_prove_shows_a_counterexample_and_exits_with_1(tmp_path: Path) -> None:
    found = bvn("prove", "approve => conditions.anticoagulated is no")
    assert found.returncode == 1
    assert found.stdout.startswith("FALSE  approve => conditions.anticoagulated is no\nContradicted by\n1. approve")
    assert "anticoagulation: yes (usually no)" in found.stdout
    path = tmp_path / "mine.txt"
    path.write_text("good: n1 violated => i1 unmet\nwrong: i1 met => eligible\n")
    found = bvn("prove", "--file", str(path), "--json")
    assert found.returncode == 1
    results = json.loads(found.stdout)["results"]
    assert [(r["name"], r["holds"]) for r in results] == [("good", True), ("wrong", False)]
    assert {p["clause"] for p in results[0]["proof"]["premises"]} == {"i1", "n1"}
    assert results[0]["counterexamples"] == [] and len(results[1]["counterexamples"]) == 1
    assert results[1]["counterexamples"][0]["decisions"][0]["eligibility"] != "eligible"


def test_more_counterexamples_are_shown_on_demand_each_of_another_pattern() -> None:
    found = bvn("prove", "i1 met => approve", "--limit", "3", "--json")
    shown = json.loads(found.stdout)["results"][0]["counterexamples"]
    assert len(shown) == 3
    assert len({json.dumps(item["decisions"]) for item in shown}) == 3
    assert all(item["decisions"][0]["recommendation"] != "approve" for item in shown)


def test_another_policy_is_asked_on_demand(tmp_path: Path) -> None:
    edited = tmp_path / "older.lp"
    text = shipped_path().read_text(encoding="utf-8")
    assert "threshold(n16, body_mass_index, 40*whole)" in text
    whole = text.replace("body_mass_index, 40*whole)", "body_mass_index, 35*whole)")
    edited.write_text(whole, encoding="utf-8")
    asked = "patient.body_mass_index = 38 => n16 clear"
    assert bvn("prove", asked).returncode == 0
    assert bvn("prove", asked, "--policy", str(edited)).returncode == 1
    assert "1. " in bvn("find", "only reason is n16", "--limit", "1", "--policy", str(edited)).stdout
    missing = bvn("find", "deny", "--policy", str(tmp_path / "none.lp"))
    assert missing.returncode == 2 and "none.lp" in missing.stderr


def test_long_lines_are_broken_where_they_are_too_wide() -> None:
    lines = bvn("find", "only reason is n8", "--limit", "1").stdout.splitlines()
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["find", "i3 unmett"], "column 4: i3 has no status 'unmett'; did you mean unmet or met?\n  i3 unmett\n     ^"),
        (["find", "deny", "--reading", "obligations"], "expected QUESTION=OPTION"),
        (["find", "deny", "--reading", "obligations=law"], "has no option 'law'"),
        (["find", "deny", "--count", "--save", "x"], "give one of the two"),
        (["find", "deny", "--count", "--certificate", "x"], "give one of the two"),
        (["find", "deny", "--limit", "0"], "--limit"),
        (["find"], "Missing argument"),
        (["prove", "deny", "--file", "x"], "not both"),
        (["prove", "--certificate", "x"], "give the assertion"),
        (["prove", "--file", "nothing.txt"], "nothing.txt: cannot be read"),
    ],
)
def test_a_wrong_call_exits_with_2_and_a_message(arguments: list[str], words: str, tmp_path: Path) -> None:
    found = bvn(*arguments, cwd=tmp_path)
    assert found.returncode == 2 and words in found.stderr and not found.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_command_find_lists_saves_and_counts(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    found = bvn("find", "i3 unmet", "--limit", "2", "--save", str(folder))
    assert found.stdout.startswith("2 answers of ")
    assert found.returncode == 0 and "\n1. deny; fails i3" in found.stdout
    assert "Not complete" in found.stdout and "human reviewer" in found.stdout
    assert "run as complete or not" in " ".join(found.stdout.split())
    assert len(list(folder.iterdir())) == 2
    tested = bvn("test", str(folder))
    assert tested.returncode == 0 and "2 expected answers hold, 0 differ" in tested.stdout
    again = bvn("find", "i3 unmet", "--limit", "2", "--save", str(folder))
    assert again.returncode == 2 and "not an empty folder; nothing is written over" in again.stderr
    assert "1 pattern of statuses fits.\nComplete" in bvn("find", "only reason is n5", "--count").stdout


def test_the_command_find_gives_json_and_a_certificate_that_another_solver_refutes(tmp_path: Path) -> None:
    path = tmp_path / "n8.cnf"
    found = json.loads(bvn("find", "only reason is n8", "--json", "--certificate", str(path)).stdout)
    assert (found["none"], found["complete"], found["answers"]) == (True, True, [])
    assert {p.get("clause") for p in found["proofs"][0]["premises"]} >= {"n8", "n14"}
    assert found["files"] == [str(path)]
    command = [sys.executable, "-m", "clingo", "--mode=clasp", str(path)]
    solved = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "s UNSATISFIABLE" in solved.stdout


def test_a_certificate_that_was_asked_for_and_is_not_there_is_told(tmp_path: Path) -> None:
    for arguments in (["find", "n5 violated", "--limit", "1"], ["prove", "n5 violated => deny"]):
        found = bvn(*arguments, "--certificate", "x.cnf", cwd=tmp_path)
        assert found.stderr == "x.cnf: not written, since there is no proof that it could hold\n"
    assert list(tmp_path.iterdir()) == []


def test_a_search_without_time_is_undecided() -> None:
    found = bvn("find", "only reason is n8", "--timeout", "0.01")
    assert found.returncode == 0 and "Undecided: the time was up" in found.stdout
    found = bvn("prove", "n1 violated => i1 unmet", "--timeout", "0.01")
    assert found.returncode == 1 and found.stdout.startswith("UNDECIDED")


def test_interrupting_a_count_says_what_is_complete() -> None:
    command = [sys.executable, "-m", "bvn_asp", "find", "deny", "--count", "--limit", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert "interrupted" in errors
    assert "patterns of statuses fit" in printed or not printed


def test_find_names_the_kinds_of_answer_before_the_records_whatever_their_levels_and_details() -> None:
    # Item 8 lists four findings; one record of it may be at any level and be judged in many ways.
    first, *rest = bvn("find", "n8 violated", "--limit", "4").stdout.splitlines()
    assert first == "4 answers of 2 kinds: spondylolysis; facet arthrosis or effusion"
    assert [line[:2] for line in rest if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]
    answers = json.loads(bvn("find", "n8 violated", "--limit", "4", "--json").stdout)["answers"]
    assert {answer["kind"] for answer in answers} == {"spondylolysis", "facet arthrosis or effusion"}
