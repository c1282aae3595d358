"""What README, manual and help show is so: every example runs, and every command and option that they name exists."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bvn_asp.analysis.query.text import read_query
from bvn_asp.batch.dialects import DIALECTS
from bvn_asp.cli.commands import MODULES, bvn
from bvn_asp.manual import ORDER, topic_text, topics
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.files import load_cases
from bvn_asp.record.table import TABLE
from tests.calling import bvn as call

ROOT = Path(__file__).parent.parent
TEXTS = {"README": (ROOT / "README.md").read_text(encoding="utf-8"), **{name: topic_text(name) for name in ORDER}}


def command(name: str) -> click.Command:
    """Return the command of this name, such as `decide` or `reviews list`."""
    found: click.Command | None = bvn
    for word in name.split():
        assert isinstance(found, click.Group), name
        found = found.get_command(click.Context(found), word)
    assert found is not None, name
    return found


def commands() -> list[str]:
    groups = {name: command(name) for name in MODULES}
    below = {name: list(group.commands) if isinstance(group, click.Group) else [] for name, group in groups.items()}
    return [*MODULES, *(f"{name} {word}" for name, words in below.items() for word in words)]


def helps() -> dict[str, str]:
    return {name: command(name).get_help(click.Context(command(name), info_name=f"bvn {name}")) for name in commands()}


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(block, id=f"{name}-{place}", marks=[pytest.mark.slow] if "$ bvn audit\n" in block else [])
        for name, text in TEXTS.items()
        for place, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL), 1)
    ]


@cache
def audited() -> subprocess.CompletedProcess[str]:
    return call("audit")


def printed_by(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Call `bvn` in `folder`; an audit, which takes long and draws on no file, once."""
    return audited() if words == "audit" else call(*shlex.split(words), cwd=folder)


@pytest.mark.parametrize("block", blocks("console"))
def test_what_a_block_shows_is_what_its_commands_print(block: str, tmp_path: Path) -> None:
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    shown = re.findall(r"^\$ bvn ([^\n]+)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE)
    assert shown and len(shown) == len(re.findall(r"^\$ ", block, re.MULTILINE))
    for words, output in shown:
        if "--confirm" in words:
            pytest.importorskip("z3")
        found = printed_by(words, tmp_path)
        assert found.returncode == 0, found.stderr
        lines, expected = (
            [re.sub(r"z3 [0-9.]+[0-9]", "z3", line.rstrip()) for line in text.splitlines()]
            for text in (found.stdout, output)
        )
        position = 0
        for line in expected:
            if line != "...":
                assert line in lines[position:], line
                position = lines.index(line, position) + 1


PRINTED = (
    ("report_on", "deny ['i3'] more than 6 weeks"),
    ('load_case("cases/exclusion_16_body_mass_index.yaml#bmi_exactly_40")', "approve ()\n"),
    ('find("only reason is n5")', "pregnancy: yes (usually no) True\n"),
    ("Store(", "True ['decision', 'signature', 'signature']\n[]\n"),
    ("WhatIf", "True ['duration of conservative care: 6 weeks -> more than 6 weeks: exactly the limit']\n"),
)
"""What the Python examples print at first, by something that stands in them."""


@pytest.mark.parametrize("example", blocks("python"))
def test_the_python_examples_print_what_they_are_to(example: str) -> None:
    run = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    (expected,) = (printed for words, printed in PRINTED if words in example)
    assert run.stdout.startswith(expected)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_cases_shown_can_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "shown.yaml").write_text(text)
    assert all(case.bodies for case in load_cases(tmp_path / "shown.yaml").values())


def test_the_manual_lists_what_a_complete_record_closes() -> None:
    said = TEXTS["cases"].split("nor any detail of it:")[1].split(";")[0]
    assert [name.strip() for name in said.split(",")] == [row.name for row in TABLE.fields if row.closable]


def test_the_dialects_of_sql_are_those_there_are() -> None:
    assert tuple(DIALECTS) == ("duckdb", "postgres")
    for text in (TEXTS["sql"], helps()["compile"]):
        assert all(name in text for name in DIALECTS)
        assert not re.search("spark|bigquery|snowflake", text)


def test_every_query_that_is_shown_is_one() -> None:
    table = TEXTS["finding"].split("What a query says:")[1].split("\n\n")[1]
    rows = [line for line in table.splitlines()[2:] if "joined by" not in line]
    queries = [query for row in rows for query in re.findall(r"`([^`]+)`", row)]
    assert len(queries) > 25
    queries += [query for name in ("find", "prove") for query in re.findall(r'such as\s+"([^"]+)"', helps()[name])]
    assert len(queries) > 27
    for query in queries:
        assert read_query(query, shipped_policy()).text == query


def examples() -> list[str]:
    """The command lines that helps show, each in the order in which it can be run in one folder."""
    texts = {**{name: helped for name, helped in helps().items() if " " not in name}, **helps()}
    shown = [line for said in texts.values() for line in re.findall(r"^  bvn (.+)$", said, re.MULTILINE)]
    wanted = [(name, re.findall(r'such as\s+("[^"]+")', texts[name])) for name in ("find", "prove")]
    return [*shown, *(f"{name} {query}" for name, queries in wanted for query in queries)]


def test_every_example_in_a_help_does_what_it_is_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    monkeypatch.chdir(tmp_path)
    ran: dict[str, str] = {}
    for words in examples():
        found = CliRunner().invoke(bvn, shlex.split(words))
        assert found.exit_code == 0, (words, found.output)
        ran[words] = found.stdout
    assert len(ran) > 12
    for words, said in ran.items():
        if words.startswith("prove "):
            assert said.startswith("proved"), said
        if words.startswith("find "):
            assert "1. " in said, said
    assert json.loads((tmp_path / "reviews.jsonl").read_text().splitlines()[0])


def test_every_command_and_option_that_is_named_exists() -> None:
    named = 0
    for words in (m for text in [*TEXTS.values(), *helps().values()] for m in re.findall(r"`bvn ([^`]+)`", text)):
        name, *rest = words.split()
        if name.startswith("--"):
            options = {option for part in bvn.params for option in part.opts}
            assert name in options, words
            continue
        for called in name.rstrip(",").split("|"):
            assert called in MODULES, words
            inner = f"{called} {rest.pop(0)}" if rest and isinstance(command(called), click.Group) else called
            options = {option for part in command(inner).params for option in (*part.opts, *part.secondary_opts)}
            assert {word.split("=")[0].strip("[]") for word in rest if word.strip("[").startswith("-")} - {"-"} <= (
                options
            ), words
        named += 1
    assert named > 40


def test_each_help_points_at_a_topic_that_there_is() -> None:
    for name, said in helps().items():
        if name != "manual":
            topic = re.search(r"bvn manual (\w+)\s*$", said)
            assert topic is not None and topic[1] in ORDER, name


def test_every_command_is_shown_in_its_topic() -> None:
    for name, said in helps().items():
        if name != "manual":
            assert f"bvn {name}" in topic_text(said.split()[-1]), name


def test_every_file_of_the_manual_is_a_short_topic_with_a_title() -> None:
    assert {path.name for path in files("bvn_asp.manual").iterdir() if path.name.endswith(".md")} == {
        f"{name}.md" for name in ORDER
    }
    for name, title in topics().items():
        assert topic_text(name).startswith(f"# {title}\n\n") and len(title) < 60
        assert len(topic_text(name).splitlines()) < 90


def test_the_command_lists_the_topics_and_prints_one() -> None:
    listed = CliRunner().invoke(bvn, ["manual"])
    assert [line.split()[0] for line in listed.output.splitlines()[: len(ORDER)]] == list(ORDER)
    assert CliRunner().invoke(bvn, ["manual", "audit"]).output == topic_text("audit")
    unknown = CliRunner().invoke(bvn, ["manual", "nothing"])
    assert unknown.exit_code == 2 and "topics: start, deciding" in unknown.output


def test_on_a_terminal_a_topic_is_typeset(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", screen)
    manual = command("manual")
    assert manual.callback is not None
    manual.callback("deciding")
    assert "# A decision" not in screen.getvalue() and "A decision and its reasons" in screen.getvalue()
