"""The README says what is true: its commands are two, its output is real, its rooms are the files that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bvn_asp.policy import shipped_policy
from bvn_asp.query.text import read_query

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_there_are_exactly_two_commands_and_the_gate_runs_them() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert "bvn decide" in commands[0] and "pytest" in commands[1]
    assert "grep -E '^python3 -m venv ' README.md" in (ROOT / ".ci" / "run").read_text()


def test_no_section_stands_twice() -> None:
    titles = re.findall(r"^## .*$", README, re.MULTILINE)
    assert len(titles) == len(set(titles))


BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_what_a_block_shows_is_what_its_commands_print(block: str, tmp_path: Path) -> None:
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    shown = re.findall(r"^\$ bvn ([^\n]+)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE)
    assert shown
    for command, output in shown:
        if "--confirm" in command:
            pytest.importorskip("z3")
        called = [sys.executable, "-m", "bvn_asp.cli", *shlex.split(command)]
        found = subprocess.run(called, cwd=tmp_path, capture_output=True, text=True, check=True)
        lines, expected = (
            [re.sub(r"z3 [0-9.]+[0-9]", "z3", line.rstrip()) for line in text.splitlines()]
            for text in (found.stdout, output)
        )
        position = 0
        for line in expected:
            if line != "...":
                assert line in lines[position:], line
                position = lines.index(line, position) + 1


def test_the_python_examples_run() -> None:
    printed = []
    for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        run = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
        printed.append(run.stdout)
    assert printed[0].startswith("approve ()")
    assert printed[1].splitlines()[0] == "pregnancy: yes (usually no) True"


def test_every_query_of_the_table_is_one() -> None:
    table = README.split("What a query says:")[1].split("\n\n")[1]
    rows = [line for line in table.splitlines()[2:] if "joined by" not in line]
    queries = [query for row in rows for query in re.findall(r"`([^`]+)`", row)]
    assert len(queries) > 25
    for query in queries:
        assert read_query(query, shipped_policy()).text == query


def test_every_room_is_named_and_every_named_room_exists() -> None:
    rooms = README.split("## The rooms")[1].split("```")[1]
    named = set(re.findall(r"\b(\w+\.py)\b", rooms))
    there = {path.name for path in (ROOT / "bvn_asp").rglob("*.py")} - {"__init__.py"}
    assert named == there | {"mutants.py", "bench.py", "bench_batch.py"}
