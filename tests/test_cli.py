"""The command line as its users meet it: output, exit codes, and what happens on mistakes."""

from __future__ import annotations

import json
import re
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

import bvn_asp
from bvn_asp.cli import terminal
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.files import load_cases
from bvn_asp.report.schema import DecisionDocument
from tests.bench import cold
from tests.calling import bvn
from tests.campaigns import counts
from tests.sample_cases import place

CASES = Path(__file__).parent.parent / "cases"
SAMPLE = place("approve_two_bodies")


def started(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Call `bvn` in a process of its own."""
    command = [sys.executable, "-m", "bvn_asp", *arguments]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in found.stderr, found.stderr
    return found


def test_decide_prints_recommendation_reasons_with_citations_bodies_and_the_notice() -> None:
    found = bvn("decide", place("deny_almost_nothing_documented_right"))
    assert found.returncode == 0
    words = " ".join(found.stdout.split())
    for part in (
        "DENY patient not eligible", "human reviewer", "3 months, needs at least 6: 3 short",
        "2 weeks, needs more than 6: 4 short", "1 of 6, needs at least 3: 2 more needed", "Indications 6 [1, 16, 17]",
        "pain category by the clinician: mild", "version 3",
    ):  # fmt: skip
        assert part in words, part


def test_a_report_in_a_pipe_has_no_colours_and_no_trailing_blanks() -> None:
    found = bvn("decide", "--full", place("partial_one_body_ablated_before")).stdout
    assert "├── " in found and "\x1b" not in found
    assert [line for line in found.splitlines() if line != line.rstrip()] == []


def test_decide_reads_yaml_from_standard_input() -> None:
    found = started("decide", "-", "--brief", text=Path(SAMPLE).read_text())
    assert found.returncode == 0 and found.stdout.startswith("-: approve (eligible)")


@counts("step", 6, 1)
def test_json_of_every_case_follows_the_published_schema(step: int) -> None:
    files = sorted(CASES.glob("*.yaml"))[::step]
    found = bvn("decide", "--json", *map(str, files))
    assert found.returncode == 0
    check = TypeAdapter(DecisionDocument)
    lines = found.stdout.splitlines()
    assert len(lines) == sum(len(load_cases(file)) for file in files) > 40
    for line in lines:
        document = check.validate_python(json.loads(line))
        assert document["schema"] == "bvn-decision/1" and "human reviewer" in document["notice"]
    one = json.loads(bvn("decide", "--json", SAMPLE).stdout)
    assert one["recommendation"] == "approve" and len(one["policy"]["sha256"]) == 64
    published = json.loads(bvn("schema", "--decision").stdout)
    assert set(published["required"]) == set(one)


def test_a_pend_names_the_smallest_sets_of_missing_facts() -> None:
    document = json.loads(bvn("decide", "--json", place("pend_pregnancy_unknown")).stdout)
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
    line, tally, notice = found.stdout.splitlines()
    assert "c.yaml: approve" in line and tally == "1 case: 1 approve" and "human reviewer" in notice
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


def test_a_call_in_a_process_of_its_own_prints_and_exits_as_one_in_this_process() -> None:
    for arguments in (["decide", "none.yaml"], ["decide"], ["decide", SAMPLE], ["test", SAMPLE]):
        one, other = started(*arguments), bvn(*arguments)
        assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)


def test_a_reading_is_applied_and_named() -> None:
    found = bvn("decide", SAMPLE, "--reading", "obligations=norm")
    assert "DENY" in found.stdout and "obligations=norm" in found.stdout


def test_a_complete_record_can_be_run_either_way() -> None:
    path = place("complete_record_with_silent_conditions")
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
    found = json.loads(bvn("readings", place("partial_one_body_ablated_before"), "--json").stdout)
    assert {"impermissible_bodies", "obligations"} <= set(found["depends_on"])
    assert found["outcomes"]["impermissible_bodies"]["all_or_nothing"]["recommendation"] == "deny"


def test_readings_of_a_case_shows_only_what_changes_it_and_what_approves_nothing_apart() -> None:
    case = place("approve_everything_at_the_limit")
    short, whole = bvn("readings", case).stdout, bvn("readings", case, "--all").stdout
    # Care by several treatments for the whole course would fail therapy by therapy; its own documents are not there.
    assert "deny if each_therapy" in short and "pend if attached" in short
    assert "  obligations (" not in short and "nothing is ever approved under obligations=fact" in short
    assert "nothing changes" not in short and "    nothing changes if six" in whole
    assert len(short.splitlines()) < 45 < len(whole.splitlines())


def test_readings_of_a_case_without_a_request_are_about_eligibility(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("based_on: usual\nrequest: {bodies: []}\n", encoding="utf-8")
    found = json.loads(bvn("readings", str(path), "--json").stdout)["outcomes"]["obligations"]
    assert found["breach"]["eligibility"] == "eligible" and "recommendation" not in found["breach"]


def test_several_cases_of_one_file_are_a_line_of_json_each_and_one_case_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text("based_on: usual\ncases:\n  one: {}\n  two: {patient: {age: 17}}\n", encoding="utf-8")
    lines = bvn("decide", "--json", str(path)).stdout.splitlines()
    assert [json.loads(line)["recommendation"] for line in lines] == ["approve", "deny"]
    one = bvn("decide", "--json", f"{path}#two").stdout
    assert json.loads(one)["recommendation"] == "deny" and one.count("\n") > 10


def test_a_course_shorter_than_a_therapy_is_said_to_contradict_it(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("based_on: usual\nconservative_care: {weeks: 4}\n", encoding="utf-8")
    found = bvn("decide", str(path)).stdout
    assert "duration of conservative care at the request: what is stated contradicts itself" in found
    path.write_text("based_on: usual\nconservative_care: {weeks: unknown, therapies: unknown}\n", encoding="utf-8")
    assert "contradicts itself" not in bvn("decide", str(path)).stdout


def test_schema_facts_and_policy_print() -> None:
    assert json.loads(bvn("schema").stdout)["title"] == "Case"
    assert "  patient.age   " in bvn("schema", "--table").stdout
    assert bvn("schema", "--table", "--decision").returncode == 2
    assert "no(pregnancy)." in bvn("facts", SAMPLE).stdout.splitlines()
    found = bvn("policy").stdout
    assert "n22" in found and "Not encoded" in found
    assert Path(bvn("policy", "--path").stdout.strip()).name == "policy.lp"


def test_the_versions_of_the_program_and_of_the_policy_are_printed() -> None:
    policy = shipped_policy()
    assert bvn("--version").stdout.splitlines() == [
        f"bvn {bvn_asp.__version__}",
        f"{policy.name}, version {policy.version} ({policy.revised}), sha256 {policy.sha256}",
    ]


def test_without_a_command_the_commands_are_listed_and_the_exit_code_is_2() -> None:
    found = started()
    assert found.returncode == 2 and "Commands:" in found.stderr and "decide" in found.stderr


def test_arguments_reach_the_terminal_without_what_it_would_obey() -> None:
    for arguments in (["\x1b[31m"], ["decide", "--\x1b[31m"], ["manual", "\x1b[31m"]):
        found = bvn(*arguments)
        assert found.returncode == 2 and "\x1b" not in found.stderr and re.search(r"\\(x|u00)1b", found.stderr)


def test_a_command_imports_no_other() -> None:
    script = (
        "import sys; from bvn_asp.cli.commands import run\n"
        f"run(['decide', '--brief', {SAMPLE!r}])\n"
        "loaded = sorted(name for name in sys.modules if name.startswith('bvn_asp.'))\n"
        "rooms = 'bvn_asp.analysis', 'bvn_asp.batch', 'bvn_asp.report.page'\n"
        "assert not [name for name in loaded if name.startswith(rooms)]\n"
        "print([name for name in loaded if name.startswith('bvn_asp.cli.')])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    used = ["commands", "decide", "interruption", "options", "terminal"]
    assert found.stdout.splitlines()[-1] == str([f"bvn_asp.cli.{name}" for name in used])


@counts("runs", 3, 7)
def test_a_cold_decision_takes_less_than_twenty_five_times_importing_clingo(runs: int) -> None:
    ours, theirs = cold(runs)
    assert ours < 25 * theirs


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


@pytest.mark.parametrize(
    "module", ["bvn_asp.policy.loading", "clingo", "bvn_asp.cli.commands", "click", "bvn_asp.cli.describe"]
)
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
from bvn_asp.__main__ import main
from bvn_asp.policy import loading as policy
def interrupted():
    raise KeyboardInterrupt
policy.shipped_policy = interrupted
sys.argv = ["bvn", "diff", "--reading", "course_moment=procedure"]
main()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "interrupted\n")
