"""The audit finds what is planted, by name; and of the policy as it is, exactly what is on record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bvn_asp.analysis.audit import CHECKS, Audit, audit, load_accepted, shipped_accepted
from bvn_asp.analysis.audit.kinds import KINDS
from bvn_asp.analysis.audit.study import Study
from bvn_asp.cli.commands import bvn
from bvn_asp.errors import OutputError
from bvn_asp.manual import topic_text
from bvn_asp.policy.loading import load_policy, shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.record.case import Case
from bvn_asp.report import audit as report
from bvn_asp.report.certificates import audit_document, certificates
from bvn_asp.report.page import Page
from tests.planted import PLANTED, Planted
from tests.shared import ENGINE

ROOT = Path(__file__).parent.parent

SAMPLE = {planted.check: planted.name for planted in reversed(PLANTED) if planted.name != "a clause twice"}
"""The first planted defect of each check; the others are for a campaign, with one that every pair is looked at for."""


@cache
def whole() -> Audit:
    return audit(shipped_policy(), accepted=load_accepted(shipped_accepted()))


def found(planted: Planted) -> Iterator[str]:
    """Yield the findings of the check that must notice, one by one: none is looked for once it is there."""
    study = Study(policy_of(planted.text, planted.name))
    return (finding.key for finding in CHECKS[planted.check](study))


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(item, id=item.name, marks=[] if item.name in SAMPLE.values() else [pytest.mark.slow])
        for item in PLANTED
    ],
)  # fmt: skip
def test_a_planted_defect_is_found_by_name(planted: Planted) -> None:
    usually = {finding.key for finding in whole().findings}
    assert (planted.key in usually) == planted.gone
    assert (planted.key in found(planted)) != planted.gone


def test_at_least_thirty_defects_are_planted_for_every_check() -> None:
    assert len(PLANTED) >= 30
    assert {planted.check for planted in PLANTED} == set(CHECKS)


def test_the_policy_has_exactly_the_findings_on_record() -> None:
    assert [finding.key for finding in whole().new] == []
    assert whole().vanished == ()
    assert whole().unfinished == ()


def test_no_finding_is_named_twice() -> None:
    keys = [finding.key for finding in whole().findings]
    assert len(set(keys)) == len(keys)


def test_every_finding_carries_a_certificate_unless_it_is_read_from_the_text() -> None:
    bare = {f.severity for f in whole().findings if not f.witnesses and not f.proofs}
    assert bare == {"text"}


def test_every_witness_is_decided_again_as_shown() -> None:
    for finding in whole().findings:
        for _, witness in finding.witnesses:
            again = ENGINE.decide(Case.model_validate(witness.record), witness.readings)
            assert again.recommendation == witness.decision.recommendation
            assert again.ids("unmet") == witness.decision.ids("unmet")
            assert again.ids("violated") == witness.decision.ids("violated")


@pytest.mark.slow
def test_a_second_engine_confirms_every_impossibility() -> None:
    pytest.importorskip("z3")
    confirmed = audit(shipped_policy(), confirm=True)
    proofs = [proof for finding in confirmed.findings for proof in finding.proofs]
    assert len(proofs) > 80
    assert all(proof.engine.startswith("z3 ") for proof in proofs)


# What a careful reader of the document sees.
def test_the_obligations_among_the_exclusions_leave_nothing_to_approve_each_by_itself() -> None:
    finding = by_key("reading-unsatisfiable obligations=norm")
    assert [set(proof.clauses) for proof in finding.proofs] == [{"n20"}, {"n21"}]
    assert finding.severity == "defect"


def test_the_policy_names_every_option_under_which_nothing_is_approved_and_no_other() -> None:
    found = {f.key.split(" ", 1)[1] for f in whole().findings if f.check == "reading-unsatisfiable"}
    questions = shipped_policy().questions.values()
    assert found == {f"{question.id}={option}" for question in questions for option in question.barren}


def test_the_lifetime_limit_and_the_limit_of_four_are_each_stated_three_times() -> None:
    assert by_key("duplicate i7a i9 n20").severity == "redundant"
    assert by_key("duplicate i7b i10 n21").severity == "redundant"


def test_the_radiographic_block_is_stated_twice_item_by_item() -> None:
    for key in ("n8 n14", "n8a n14a", "n8b n14b", "n8c n14c", "n8d n14d"):
        assert by_key(f"duplicate {key}").severity == "redundant"


def test_the_limit_of_four_cannot_bind_with_five_lumbar_vertebrae_and_can_where_a_record_states_six() -> None:
    finding = by_key("never-binds i10")
    assert finding.readings == {"body_range": "restricted"}
    assert "of a record that does not state the number of lumbar vertebrae" in finding.sentence
    other, stated = finding.witnesses
    assert other[0] == "body_range=unrestricted" and not other[1].case.said("patient.lumbar_vertebrae")
    assert stated[0] == "a record that states the number of lumbar vertebrae"
    assert stated[1].record["patient"]["lumbar_vertebrae"] == "six" and stated[1].decision.recommendation == "partial"


def test_any_listed_pathology_swallows_other_exclusions() -> None:
    assert set(by_key("reading-silences could_explain=any_listed n7 n9 n12").subjects[1:]) == {"n7", "n9", "n12"}


def test_post_surgical_change_that_is_judged_a_source_undoes_the_exception_for_old_surgery() -> None:
    finding = by_key("undoes i5 n7")
    assert finding.readings == {}
    ((_, witness),) = finding.witnesses
    (surgery,) = witness.record["surgeries"]
    assert surgery.get("likely_source") or surgery.get("complicates")


def test_silence_that_is_read_as_the_usual_is_named_where_it_grants_what_was_denied() -> None:
    silent = [finding for finding in whole().findings if finding.check in ("fails-open", "silence-helps")]
    assert [(*finding.subjects, finding.severity) for finding in silent] == [
        ("care_undocumented", "notice"), ("care_documented", "notice"), ("lumbar_count", "notice"),
    ]  # fmt: skip
    for finding in silent:
        (_, stated), (_, left_out) = finding.witnesses
        assert stated.decision.recommendation == "deny"
        assert left_out.decision.recommendation in ("approve", "partial")


def test_nothing_says_which_list_prevails() -> None:
    finding = by_key("overlap")
    assert finding.readings == {"precedence": "exclusions"}
    assert finding.witnesses[0][1].decision.recommendation == "deny"


def by_key(key: str):  # type: ignore[no-untyped-def]
    return next(finding for finding in whole().findings if finding.key == key)


# The command.
def test_the_command_fails_on_a_new_finding_and_on_a_vanished_one(tmp_path: Path) -> None:
    policy = tmp_path / "policy.lp"
    policy.write_text(shipped_policy().text + 'text_defect("Elsewhere", "planted").\n', encoding="utf-8")
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text("- finding: unused elsewhere\n  reason: gone\n", encoding="utf-8")
    result = audit(load_policy(policy), accepted=load_accepted(accepted), checks=["text"])
    assert "text Elsewhere" in {finding.key for finding in result.new}
    assert result.vanished == ("unused elsewhere",)


def test_an_unfinished_audit_says_what_is_missing_and_claims_nothing_of_it() -> None:
    result = audit(shipped_policy(), accepted={"duplicate x y": "never"}, timeout=1e-9)
    assert result.unfinished
    assert result.vanished == ()


@pytest.mark.parametrize(
    "circle", ["violated(n5) :- bars(n5).", "violated(n5) :- not clear(n5). clear(n5) :- not violated(n5)."]
)
def test_a_policy_that_goes_in_a_circle_has_that_finding_and_nothing_else_is_claimed(circle: str) -> None:
    result = audit(policy_of(f"{shipped_policy().text}\n{circle}\n"))
    (finding,) = result.findings
    assert finding.check == "circle" and finding.severity == "defect" and "violated(n5)" in finding.subjects
    assert result.unfinished == tuple(CHECKS) and not result.checked and result.vanished == ()


def test_after_so_many_findings_the_rest_is_named_as_unfinished(tmp_path: Path) -> None:
    first = [finding.key for finding in whole().findings if finding.check == "text"][:4]
    known = dict.fromkeys((*first, "gone"), "known")
    result = audit(shipped_policy(), accepted=known, limit=4, checks=["text", "lists"])
    assert [finding.key for finding in result.findings] == first
    assert result.unfinished == ("text", "lists") and result.vanished == () and result.new == ()
    printed = CliRunner().invoke(bvn, ["audit", "--limit", "5"])
    assert printed.exit_code == 1 and "not finished: sides, alone" in printed.output


def test_certificates_are_written_only_where_nothing_of_another_audit_can_lie(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine", encoding="utf-8")
    for arguments in (["--export", str(tmp_path)], ["--html", str(tmp_path)]):
        result = CliRunner().invoke(bvn, ["audit", *arguments])
        assert isinstance(result.exception, OutputError) and str(tmp_path) in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1", "expected a list"),
        ("- [", "not a YAML file"),
        ("- a", "entry 1: expected `finding` and `reason`"),
        ("- {finding: a, reason: 1}", "entry 1: expected text"),
        ("- &a {finding: a, reason: b}\n- *a", "entry 2: 'a' is there twice"),
    ],
)
def test_a_bad_file_of_accepted_findings_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "accepted.yaml"
    path.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(bvn, ["audit", "--accepted", str(path)])
    assert result.exit_code != 0
    assert said in str(result.exception)


def test_reports_hold_every_finding_and_escape_what_a_browser_would_obey() -> None:
    page = report.html(whole())
    assert "<script" not in page
    assert not re.search(r"https?:|src=|href=", page)
    data = json.loads(json.dumps(audit_document(whole())))
    text = report.markdown(whole())
    for finding in whole().findings:
        assert finding.key in {item["key"] for item in data["findings"]}
    assert text.count("\n- **") == len(whole().findings)


def test_the_answer_comes_first_in_three_sentences_and_every_finding_has_a_line() -> None:
    contradict, twice, idle = report.answer(whole())
    assert contradict.startswith("As it is read by default, the criteria do not contradict each other; read otherwise")
    assert "obligations=norm" in contradict and "obligations=fact" in contradict
    assert "Indications 7, first limit = Indications 9 = Non-Indications 20" in twice
    # Of the radiographic block, which is there twice, the parts are not named.
    assert "Non-Indications 8 = Non-Indications 14" in twice and "disc" not in twice
    assert "Non-Indications 21" in idle and "Non-Indications 16" not in idle
    lines = Page(100).text(report.report(whole(), width=100)).splitlines()
    assert max(map(len, lines)) <= 100 and lines.index(next(x for x in lines if x.startswith("As it is read"))) <= 5
    named = [line for line in lines if any(line.startswith(f"  {finding.check}  ") for finding in whole().findings)]
    assert len(named) == len(whole().findings)


def test_a_contradiction_that_was_found_is_the_first_thing_said() -> None:
    planted = next(each for each in PLANTED if each.key == "contradiction i11 n5")
    found = audit(policy_of(planted.text, "planted"), checks=["lists"])
    assert next(report.answer(found)).startswith("The criteria contradict each other: i11 (Indications 11) and n5")


def test_every_kind_of_finding_is_explained_and_no_kind_that_there_is_not() -> None:
    found = {finding.check for finding in whole().findings} | {planted.key.split()[0] for planted in PLANTED}
    assert found <= set(KINDS)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bvn_asp/analysis/audit").glob("*.py"))
    assert all(source.count(f'"{name}"') >= 2 for name in KINDS)
    assert report.kinds_table() in topic_text("audit")
    planted = {(item.key.split()[0], item.name) for item in PLANTED}
    elsewhere = {"overlap", "gap", "silence-helps", "circle"}
    assert {(kind.name, kind.example) for kind in KINDS.values() if kind.name not in elsewhere} <= planted
    assert {finding.check for finding in whole().findings} >= elsewhere - {"circle"}
    printed = CliRunner().invoke(bvn, ["audit", "--explain", "duplicate"]).output
    assert KINDS["duplicate"].meaning in printed and KINDS["duplicate"].remedy in printed
    with pytest.raises(SystemExit, match="2"):
        bvn.main(["audit", "--explain", "oddity"], standalone_mode=False)


def test_a_narrow_terminal_gets_narrow_lines_and_every_word() -> None:
    narrow, wide = (Page(width).text(report.report(whole(), full=True)).splitlines() for width in (60, 4_000))
    # A word that is longer than the line, such as a reading, stays whole.
    assert not [line for line in narrow if len(line) > 60 and len(line.split()) > 1]
    assert " ".join(narrow).split() == " ".join(wide).split()


def test_exported_certificates_are_cases_and_formulas(tmp_path: Path) -> None:
    from bvn_asp.output import write_folder
    from bvn_asp.record.files import load_case

    partial = audit(shipped_policy(), checks=["lists", "limits"])
    write_folder(tmp_path, certificates(partial))
    cases = sorted(tmp_path.glob("*.yaml"))
    formulas = sorted(tmp_path.glob("*.cnf"))
    assert cases and formulas
    for case in cases:
        load_case(case)
        assert yaml.safe_load(case.read_text(encoding="utf-8"))["story"]
    page = report.html(partial)
    assert all(page.count(f"<code>{path.name}</code>") == 1 for path in (*cases, *formulas))
    for formula in formulas:
        assert "p cnf " in formula.read_text(encoding="utf-8")
