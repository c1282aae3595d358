"""The command line as its users meet it: output, exit codes, and what happens on mistakes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter

from bvn_asp import terminal
from bvn_asp.document import DecisionDocument

CASES = Path(__file__).parent.parent / "cases"
SAMPLE = str(CASES / "approve_two_bodies.yaml")


def bvn(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bvn_asp", *arguments]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in found.stderr, found.stderr
    return found


def test_decide_prints_recommendation_reasons_with_citations_bodies_and_the_notice() -> None:
    found = bvn("decide", str(CASES / "deny_almost_nothing_documented_right.yaml"))
    assert found.returncode == 0
    words = " ".join(found.stdout.split())
    for part in (
        "Recommendation: DENY", "human reviewer", "3 months, needs at least 6: 3 short",
        "2 weeks, needs more than 6: 4 short", "1 of 6, needs at least 3: 2 more needed", "Indications 6 [1, 16, 17]",
        "earlier basivertebral nerve ablation at L4: yes", "version 3",
    ):  # fmt: skip
        assert part in words, part


def test_a_report_in_a_pipe_has_no_colours_and_no_trailing_blanks() -> None:
    found = bvn("decide", "--full", str(CASES / "partial_one_body_ablated_before.yaml")).stdout
    assert "├── " in found and "\x1b" not in found
    assert [line for line in found.splitlines() if line != line.rstrip()] == []


def test_decide_reads_yaml_from_standard_input() -> None:
    found = bvn("decide", "-", "--brief", text=Path(SAMPLE).read_text())
    assert found.returncode == 0 and found.stdout.startswith("-: approve (eligible)")


def test_json_of_every_case_follows_the_published_schema() -> None:
    found = bvn("decide", "--json", str(CASES))
    assert found.returncode == 0
    check = TypeAdapter(DecisionDocument)
    lines = found.stdout.splitlines()
    assert len(lines) == len(list(CASES.glob("*.yaml")))
    for line in lines:
        document = check.validate_python(json.loads(line))
        assert document["schema"] == "bvn-decision/1" and "human reviewer" in document["notice"]
    one = json.loads(bvn("decide", "--json", SAMPLE).stdout)
    assert one["recommendation"] == "approve" and len(one["policy"]["sha256"]) == 64
    published = json.loads(bvn("schema", "--decision").stdout)
    assert set(published["required"]) == set(one)


def test_a_pend_names_the_smallest_sets_of_missing_facts() -> None:
    document = json.loads(bvn("decide", "--json", str(CASES / "pend_pregnancy_unknown.yaml")).stdout)
    fact = {"fact": "pregnancy", "field": "conditions.pregnancy"}
    assert document["missing"]["facts"] == [fact]
    assert document["missing"]["possible_recommendations"] == ["approve", "deny"]
    assert document["missing"]["smallest_sets"] == [{"outcome": o, "facts": [fact]} for o in ("approve", "deny")]


def test_bad_files_among_good_ones_are_listed_at_the_end_and_the_others_decided(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("patient: {agee: 5}\npain: {months: -1}\nrequest: {bodies: [L8]}\n")
    (tmp_path / "b.yaml").write_text("")
    shutil.copy(SAMPLE, tmp_path / "c.yaml")
    found = bvn("decide", "--brief", str(tmp_path))
    assert found.returncode == 2
    assert found.stdout.count("\n") == 2 and "c.yaml: approve" in found.stdout and "human reviewer" in found.stdout
    for words in ("a.yaml: line 1: patient.agee", "did you mean age?", "a.yaml: line 2", "a.yaml: line 3",
                  "b.yaml: the file is empty",
                  "2 of 3 files could not be read"):  # fmt: skip
        assert words in found.stderr, words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["decide", "none.yaml"], "none.yaml: cannot be read"),
        (["decide", SAMPLE, "--reading", "obligations"], "expected QUESTION=OPTION"),
        (["decide", SAMPLE, "--reading", "nothing=x"], "there is no question"),
        (["decide", SAMPLE, "--reading", "obligations=x"], "options: breach, norm, fact"),
        (["decide", SAMPLE, "--reading", "obligations=norm", "--reading", "obligations=fact"], "given twice"),
        (["decide"], "Missing argument"),
        (["decide", "--nonsense", SAMPLE], "No such option"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_exits_with_2(arguments: list[str], words: str) -> None:
    found = bvn(*arguments)
    assert found.returncode == 2 and words in found.stderr


def test_a_reading_is_applied_and_named() -> None:
    found = bvn("decide", SAMPLE, "--reading", "obligations=norm")
    assert "DENY" in found.stdout and "obligations=norm" in found.stdout


def test_a_complete_record_can_be_run_either_way() -> None:
    path = str(CASES / "complete_record_with_silent_conditions.yaml")
    assert ": approve" in bvn("decide", "--brief", path).stdout
    assert ": pend" in bvn("decide", "--brief", "--no-assume-absent", path).stdout


def test_test_reports_what_differs_and_exits_with_1(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(Path(SAMPLE).read_text().replace("recommendation: approve", "recommendation: deny"))
    found = bvn("test", str(wrong))
    assert found.returncode == 1
    assert "DIFFERS" in found.stdout and "recommendation: expected deny, found approve" in found.stdout
    assert "never seen" in found.stdout
    assert bvn("test", SAMPLE).returncode == 0


def test_readings_lists_questions_and_names_those_a_case_depends_on() -> None:
    assert "impermissible_bodies" in bvn("readings").stdout
    found = json.loads(bvn("readings", str(CASES / "partial_one_body_ablated_before.yaml"), "--json").stdout)
    assert {"impermissible_bodies", "obligations"} <= set(found["depends_on"])
    assert found["outcomes"]["impermissible_bodies"]["all_or_nothing"]["recommendation"] == "deny"


def test_schema_facts_and_policy_print() -> None:
    assert json.loads(bvn("schema").stdout)["title"] == "Case"
    assert "  patient.age   " in bvn("schema", "--table").stdout
    assert bvn("schema", "--table", "--decision").returncode == 2
    assert "no(pregnancy)." in bvn("facts", SAMPLE).stdout.splitlines()
    found = bvn("policy").stdout
    assert "n22" in found and "Not encoded" in found
    assert Path(bvn("policy", "--path").stdout.strip()).name == "policy.lp"


def test_interruption_ends_with_a_word_and_no_traceback() -> None:
    command = [sys.executable, "-m", "bvn_asp", "decide", "--full", *[str(CASES)] * 20]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in errors and "Traceback" not in errors


def test_slow_work_shows_progress_on_a_terminal_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(StringIO):
        def isatty(self) -> bool:
            return True

    screen, moments = Screen(), count(0, 2)
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(terminal.watched(["a", "b", "c"], "Reading")) == ["a", "b", "c"]
    assert "Reading" in screen.getvalue()


INTERRUPTED_IMPORT = """
import sys

class Interruption:
    def find_spec(self, name, *rest):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interruption())
sys.argv = ["bvn", "policy"]
from bvn_asp.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["bvn_asp.policy", "clingo", "bvn_asp.cli", "typer"])
def test_interruption_of_the_start_ends_with_a_word_too(module: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED_IMPORT.format(module=module)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (130, "interrupted\n")


def test_a_reader_that_stops_reading_is_no_error() -> None:
    command = f"{sys.executable} -m bvn_asp decide --brief {CASES} {CASES} | head -1"
    found = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert found.stdout.count("\n") == 1 and found.stderr == ""


def test_an_interrupt_that_a_command_does_not_meet_itself_ends_with_a_word() -> None:
    code = """
import sys
from bvn_asp import cli, policy
def interrupted():
    raise KeyboardInterrupt
policy.shipped_policy = interrupted
sys.argv = ["bvn", "diff", "--reading", "moment=request"]
cli.main()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "interrupted\n")
