"""The README says what is true: its commands are two, its output is real, its rooms are the files that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_there_are_exactly_two_commands_and_the_gate_runs_them() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert "bvn decide" in commands[0] and "pytest" in commands[1]
    assert "grep -E '^python3 -m venv ' README.md" in (ROOT / ".ci" / "run").read_text()


def test_what_is_printed_is_what_the_commands_print() -> None:
    shown = re.findall(r"```console\n\$ bvn ([^\n]+)\n(.*?)```", README, re.DOTALL)
    assert {"decide", "whatif"} <= {command.split()[0] for command, _ in shown}
    for arguments, output in shown:
        command = [sys.executable, "-m", "bvn_asp.cli", *arguments.split()]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        lines = [line.rstrip() for line in found.stdout.splitlines()]
        position = 0
        for line in (line.rstrip() for line in output.splitlines()):
            if line != "...":
                assert line in lines[position:], line
                position = lines.index(line, position) + 1


def test_the_python_example_runs() -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    found = subprocess.run([sys.executable, "-c", example[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("approve ()")


def test_every_room_is_named_and_every_named_room_exists() -> None:
    rooms = README.split("## The rooms")[1].split("```")[1]
    named = set(re.findall(r"\b(\w+\.py)\b", rooms))
    assert named == {path.name for path in (ROOT / "bvn_asp").glob("*.py")} - {"__init__.py"} | {
        "mutants.py",
        "bench.py",
    }
