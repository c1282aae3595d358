"""`bvn impact`: what changes, in which direction, because of which clauses, and what could but does not."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from bvn_asp.analysis.change.comparison import Side
from bvn_asp.analysis.change.diff import possible_moves
from bvn_asp.batch.content import case_of, table_of, table_of_rows
from bvn_asp.batch.generate import write
from bvn_asp.batch.impact import impact
from bvn_asp.batch.version import Version
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.engine import Engine
from bvn_asp.policy.loading import shipped_path, shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.record.case import Case
from tests.campaigns import counts, sampled
from tests.sample_cases import sample
from tests.shared import ENGINE
from tests.three_ways import usual

TEXT = shipped_path().read_text(encoding="utf-8")
NOW = Version("now", TEXT)
STRICTER = TEXT.replace("threshold(n16, body_mass_index, 40*whole)", "threshold(n16, body_mass_index, 28*whole)")


@counts("count", 45, 1000)
def test_moves_causes_and_examples_are_those_of_deciding_twice(tmp_path: Path, count: int) -> None:
    path = tmp_path / "cases.parquet"
    write(shipped_policy(), count, 3, "usual", path)
    pq.write_table(pq.read_table(path), path, row_group_size=count // 3)
    found = impact(path, NOW, Version("stricter", STRICTER), workers=1)
    engines = ENGINE, Engine(policy_of(STRICTER))
    moves: dict[tuple[str, str], list[str]] = {}
    for row in pq.read_table(path).to_pylist():
        one, other = (engine.decide(case_of(row), settlements=False).recommendation or "none" for engine in engines)
        moves.setdefault((one, other), []).append(row["id"])
    assert found.moves == {move: len(ids) for move, ids in moves.items()}
    assert found.decided == count and found.changed == len(moves["approve", "deny"]) + len(
        moves.get(("partial", "deny"), [])
    )
    assert [id for _, id in found.examples["approve", "deny"]] == moves["approve", "deny"][:5]
    assert found.causes["approve", "deny", "n16", "clear", "violated"] == len(moves["approve", "deny"])
    assert {id for (one, other, id, _, _) in found.causes if (one, other) == ("approve", "deny")} == {"n16"}


def rows(*cases: dict[str, Any]) -> Any:
    two_bodies = table_of([("x", sample("approve_two_bodies"))]).to_pylist()[0]
    return table_of_rows([{**two_bodies, "id": str(place), **case} for place, case in enumerate(cases)])


def test_denials_exclusions_and_missing_facts_are_counted_case_by_case(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    pq.write_table(
        rows(
            {"conditions_pregnancy": True, "conditions_bleeding_diathesis": True},
            {"conditions_pregnancy": True},
            {"conditions_pregnancy": None, "conditions_t_score": None},
            {"conditions_pregnancy": None},
            {"ablations": None, "ablations_none": None, "other_ablations": None},
            {"surgeries": None, "surgeries_none": None, "other_surgeries": None},
            {"conditions_pregnancy": None, "patient_age": 17},
            {"conditions_systemic_infection": None, "record_complete": True},
        ),
        path,
    )
    found = impact(path, NOW, NOW)
    assert found.before == found.after
    assert found.moves == {("deny", "deny"): 3, ("pend", "pend"): 4, ("approve", "approve"): 1}
    assert found.before.denials == {"n5": 2, "n4": 1, "i1": 1, "n1": 1}
    assert found.before.together == {("n4", "n5"): 1, ("n5",): 1, ("n1",): 1}
    assert found.before.missing == {
        "pregnancy": 2,
        "lowest T-score": 1,
        "earlier basivertebral nerve ablation at L4": 1,
        "earlier basivertebral nerve ablation at L5": 1,
        # By default an ablation uses a body up if it was carried out, and thermal.
        "earlier thermal ablation at L4: completed": 1,
        "earlier thermal ablation at L5: completed": 1,
        "lowest T-score: not measured": 1,
        "spine surgery": 1,
    }
    assert found.changed == 0 and found.unknown == 4 and not found.causes and not found.examples


def test_a_finding_that_weighs_otherwise_is_named_although_no_status_changed(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    pq.write_table(
        rows({"ablations": [{"bodies": ["L4"], "completed": True, "thermal": True}], "ablations_none": None}), path
    )
    found = impact(path, NOW, Version("whole", TEXT, {"impermissible_bodies": "all_or_nothing"}))
    assert found.moves == {("partial", "deny"): 1}
    assert {(id, one, other) for (_, _, id, one, other) in found.causes} == {
        ("i7", "unmet", "unmet"), ("i9", "unmet", "unmet"), ("n20", "violated", "violated"),
    }  # fmt: skip


def test_a_limit_between_the_bounds_of_a_number_opens_what_was_approved_or_approved_in_part() -> None:
    """A body mass index that is somewhere from 25 to 35 is under the limit of 40, and on neither side of 28."""
    engines = ENGINE, Engine(policy_of(STRICTER))
    for bodies, before in ((["L4"], "approve"), (["L2", "L4"], "partial")):
        case = Case.model_validate(usual(patient__body_mass_index="25 to 35", request__bodies=bodies))
        assert [engine.decide(case).recommendation for engine in engines] == [before, "pend"]


@pytest.mark.parametrize(
    ("readings", "policy", "moves"),
    sampled([
        ({}, TEXT, set()),
        ({"impermissible_bodies": "all_or_nothing"}, TEXT, {("partial", "deny"), ("pend", "deny")}),
        (
            {},
            STRICTER,
            {
                ("approve", "deny"), ("partial", "deny"), ("pend", "deny"),
                # Bounds of a number may lie under one limit and on both sides of the other.
                ("approve", "pend"), ("partial", "pend"),
            },
        ),
        ({"could_explain": "any_listed"}, TEXT, None),
    ], 2),
)  # fmt: skip
@counts("count", 120, 3000)
def test_exactly_the_moves_that_some_record_makes_are_possible(
    readings: dict[str, str], policy: str, moves: set[tuple[str, str]] | None, count: int, tmp_path: Path
) -> None:
    hard = tmp_path / "cases.parquet"
    write(shipped_policy(), count, 8, "hard", hard)
    possible = possible_moves(Side("now", shipped_policy(), {}), Side("other", policy_of(policy), readings))
    if moves is not None:
        assert possible == moves
    found = impact(hard, NOW, Version("other", policy, readings), skip=True)
    seen = {(one, other) for one, other in found.moves if one != other}
    assert seen <= possible and (seen or not possible)


def test_the_command_prints_the_change_and_writes_a_page_that_loads_nothing(tmp_path: Path) -> None:
    path, page = tmp_path / "cases.parquet", tmp_path / "report.html"
    changed = tmp_path / "other.lp"
    changed.write_text(STRICTER)
    write(shipped_policy(), 150, 3, "usual", path)
    result = CliRunner().invoke(
        bvn, ["impact", str(path), "--against", str(changed), "-o", str(page), "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    printed = " ".join(result.output.split())
    assert (
        printed.startswith("Impact on the cases of ") and printed.count("version 3 (") == printed.count("sha256") == 2
    )
    total, *each = (
        int(number.replace(",", ""))
        for number in re.findall(
            r"([\d,]+) cases decided: ([\d,]+) change, ([\d,]+) stay, ([\d,]+) cannot be known", printed
        )[0]
    )
    assert total == 150 == sum(each)
    assert "approve -> deny" in result.output and "n16 clear -> violated" in result.output
    assert "possible by the rules, but not seen here: " in result.output and "human reviewer" in result.output
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 4 and "<script" not in text and "not a determination" in text.lower()
    assert not [word for word in text.split() if word.startswith(("src=", 'href="http'))]
    for wanted in ("body mass index greater than 40", "Exclusions that occur together", "3-0-"):
        assert wanted in text


@pytest.mark.slow
def test_the_page_is_the_same_for_every_seed_of_hashing(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    write(shipped_policy(), 60, 3, "usual", path)
    pages = []
    for seed in ("1", "77"):
        page = tmp_path / f"{seed}.html"
        called = [
            sys.executable,
            "-m",
            "bvn_asp",
            "impact",
            str(path),
            "--reading",
            "impermissible_bodies=all_or_nothing",
        ]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run([*called, "--workers", "2", "-o", str(page)], check=True, capture_output=True, env=environment)
        pages.append(page.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


def test_a_change_must_be_named() -> None:
    result = CliRunner().invoke(bvn, ["impact", "cases.parquet"])
    assert result.exit_code == 2
