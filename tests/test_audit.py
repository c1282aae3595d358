"""The audit finds what is planted, by name; and of the policy as it is, exactly what is on record."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bvn_asp.audit import CHECKS, Audit, audit, load_accepted, report, shipped_accepted
from bvn_asp.case import Case
from bvn_asp.cli import app
from bvn_asp.decide import Engine
from bvn_asp.errors import OutputError
from bvn_asp.layout import plain
from bvn_asp.policy import load_policy, policy_of, shipped_policy
from tests.planted import PLANTED, Planted

SLOW = ("changes", "exceptions")


@cache
def usually(check: str) -> frozenset[str]:
    return frozenset(finding.key for finding in audit(shipped_policy(), checks=[check]).findings)


def found(planted: Planted) -> set[str]:
    policy = policy_of(planted.text, planted.name)
    return {finding.key for finding in audit(policy, checks=[planted.check]).findings}


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(item, id=item.name, marks=[pytest.mark.slow] if item.check in SLOW else [])
        for item in PLANTED
    ],
)  # fmt: skip
def test_a_planted_defect_is_found_by_name(planted: Planted) -> None:
    keys = found(planted)
    if planted.gone:
        assert planted.key in usually(planted.check)
        assert planted.key not in keys
    else:
        assert planted.key not in usually(planted.check)
        assert planted.key in keys


def test_at_least_thirty_defects_are_planted_for_every_check() -> None:
    assert len(PLANTED) >= 30
    assert {planted.check for planted in PLANTED} == set(CHECKS)


@cache
def whole() -> Audit:
    return audit(shipped_policy(), accepted=load_accepted(shipped_accepted()))


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
    engine = Engine(shipped_policy())
    for finding in whole().findings:
        for _, witness in finding.witnesses:
            again = engine.decide(Case.model_validate(witness.record), witness.readings)
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


def test_the_lifetime_limit_and_the_limit_of_four_are_each_stated_three_times() -> None:
    assert by_key("duplicate i7a i9 n20").severity == "redundant"
    assert by_key("duplicate i7b i10 n21").severity == "redundant"


def test_the_radiographic_block_is_stated_twice_item_by_item() -> None:
    for key in ("n8 n14", "n8a n14a", "n8b n14b", "n8c n14c", "n8d n14d"):
        assert by_key(f"duplicate {key}").severity == "redundant"


def test_the_limit_of_four_cannot_bind_with_five_lumbar_vertebrae_and_can_with_six() -> None:
    finding = by_key("never-binds i10")
    assert finding.readings == {"body_range": "restricted", "lumbar_vertebrae": "five"}
    assert {caption for caption, _ in finding.witnesses} == {"body_range=unrestricted", "lumbar_vertebrae=six"}


def test_any_listed_pathology_swallows_other_exclusions() -> None:
    assert set(by_key("reading-silences could_explain=any_listed n7 n9 n12").subjects[1:]) == {"n7", "n9", "n12"}


def test_the_indication_on_post_surgical_change_undoes_the_exception_for_old_surgery() -> None:
    assert by_key("undoes i5 n7 otherwise").readings == {"old_decompression": "indication_stands"}


def test_nothing_says_which_list_prevails() -> None:
    finding = by_key("overlap")
    assert finding.readings == {"precedence": "exclusions"}
    assert finding.witnesses[0][1].decision.recommendation == "deny"


def by_key(key: str):  # type: ignore[no-untyped-def]
    return next(finding for finding in whole().findings if finding.key == key)


# The command.
def test_the_command_fails_on_a_new_finding_and_on_a_vanished_one(tmp_path: Path) -> None:
    policy = tmp_path / "policy.lp"
    policy.write_text(shipped_policy().text + "leftover(B) :- considered(B).\n", encoding="utf-8")
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text("- finding: unused elsewhere\n  reason: gone\n", encoding="utf-8")
    result = audit(load_policy(policy), accepted=load_accepted(accepted), checks=["form"])
    assert "unused leftover" in {finding.key for finding in result.new}
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
    first = [finding.key for finding in whole().findings[:4]]
    result = audit(shipped_policy(), accepted=dict.fromkeys((*first, "gone"), "known"), limit=4)
    assert [finding.key for finding in result.findings] == first
    assert result.unfinished and result.vanished == () and result.new == ()
    printed = CliRunner().invoke(app, ["audit", "--limit", "1"])
    assert printed.exit_code == 1 and "not finished: form, outcomes" in printed.output


def test_certificates_are_written_only_where_nothing_of_another_audit_can_lie(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine", encoding="utf-8")
    for arguments in (["--export", str(tmp_path)], ["--html", str(tmp_path)]):
        result = CliRunner().invoke(app, ["audit", *arguments])
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
    result = CliRunner().invoke(app, ["audit", "--accepted", str(path)])
    assert result.exit_code != 0
    assert said in str(result.exception)


def test_reports_hold_every_finding_and_escape_what_a_browser_would_obey() -> None:
    page = report.html(whole())
    assert "<script" not in page
    assert "http" not in page
    data = json.loads(json.dumps(report.data(whole())))
    text = report.markdown(whole())
    for finding in whole().findings:
        assert finding.key in {item["key"] for item in data["findings"]}
    assert text.count("\n- **") == len(whole().findings)


def test_a_narrow_terminal_gets_narrow_lines_and_every_word() -> None:
    narrow, wide = ([plain(line) for line in report.lines(whole(), width)] for width in (40, 4_000))
    # A word that is longer than the line, such as a reading, stays whole.
    assert not [line for line in narrow if len(line) > 40 and len(line.split()) > 1]
    assert " ".join(narrow).split() == " ".join(wide).split()


def test_exported_certificates_are_cases_and_formulas(tmp_path: Path) -> None:
    from bvn_asp.cli_audit import _export
    from bvn_asp.files import load_case

    partial = audit(shipped_policy(), checks=["lists", "limits"])
    _export(partial, tmp_path)
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
