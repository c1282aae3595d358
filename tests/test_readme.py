"""The README is a front door: its commands are two, its rooms are the files that exist, and it is short."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_there_are_exactly_two_commands_and_the_gate_runs_them() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert "bvn decide" in commands[0] and "pytest" in commands[1]
    assert "grep -E '^python3 -m venv ' README.md" in (ROOT / ".ci" / "run").read_text()


def test_it_is_short_and_no_section_stands_twice() -> None:
    titles = re.findall(r"^## .*$", README, re.MULTILINE)
    assert len(titles) == len(set(titles))
    assert len(README.splitlines()) <= 180


def test_every_room_is_named_and_every_named_room_exists() -> None:
    rooms = README.split("## Where everything lives")[1].split("```")[1]
    named = set(re.findall(r"^  (\w+)/", rooms, re.MULTILINE))
    assert named == {path.parent.name for path in (ROOT / "bvn_asp").glob("*/__init__.py")}
