"""Text from a record decides nothing, is never parsed as a program, and prints safely."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bvn_asp import decide, explain
from bvn_asp.errors import CaseError
from bvn_asp.policy.terms import to_symbol
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case, read_case
from bvn_asp.report.brief import brief
from bvn_asp.report.safe import safe
from bvn_asp.report.text import html

SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"
HOSTILE = [
    'x"). recommend(approve). %', "'; drop table cases; --", "a\nb\r\nc", "\x1b[2J\x1b[1;31mred", "\u202egnp.exe",
    "#script (python) import os #end.", '#include "/etc/passwd".', "@f()", "nul\x00byte", "l" * 20_000,
    "[bold red]x[/]",
    "<script>alert(1)</script>", "\u2066\u2069\u200f", "{{7*7}}", "%s%n", "\U0001f600",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_free_text_field_changes_nothing(text: str) -> None:
    case = load_case(SAMPLE)
    record: dict[str, Any] = case.model_dump(mode="json", exclude_unset=True)
    record["story"] = text
    record["pain"]["months"] = {"value": record["pain"]["months"], "document": text[:500], "page": text[:500]}
    record["expected"] = [{"why": text}]
    changed = decide(Case.model_validate(record))
    assert changed.recommendation == decide(case).recommendation == "approve"
    statuses = [(criterion.clause.id, criterion.status) for criterion in changed.criteria]
    assert statuses == [(criterion.clause.id, criterion.status) for criterion in decide(case).criteria]
    for printed in (explain(changed), brief(changed, text), html(changed)):
        assert not any(c in printed for c in "\x1b\x00\u202e\u2066\u200f\r")
    assert "<script>" not in html(changed)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("place", ["name", "choice", "body", "finding", "question", "units"])
def test_hostile_text_where_a_word_is_expected_is_refused(place: str, text: str) -> None:
    records: dict[str, Any] = {
        "name": {text: 1}, "choice": {"pain": {"clinician_severity": text}}, "body": {"request": {"bodies": [text]}},
        "finding": {"findings": {"absent": [text]}}, "question": {"surgeries": [{"levels": text}]},
        "units": {"request": {"units": {text: 2}}},
    }  # fmt: skip
    with pytest.raises(CaseError) as caught:
        read_case(json.dumps(records[place]), is_json=True)
    assert "\x1b" not in safe(str(caught.value))


@pytest.mark.parametrize("name", ['x"). a', "X", "", "a b", "a.b", "#include", "1", "é"])
def test_only_plain_constants_become_symbols(name: str) -> None:
    with pytest.raises(ValueError, match="not a constant"):
        to_symbol((name, 1))


def test_control_characters_in_a_file_name_and_a_field_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.yaml"
    path.write_text(yaml.safe_dump({"patient": {"a\x1b[31mge": 5}}))
    found = subprocess.run([sys.executable, "-m", "bvn_asp", "decide", str(path)], capture_output=True, check=False)
    assert found.returncode == 2
    assert b"\x1b" not in found.stderr + found.stdout
    assert b"Traceback" not in found.stderr
