"""Drafts of letters: in words that most people read, on nothing that is left open, from templates to be replaced."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("textstat")
pytest.importorskip("docx")
import textstat

from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import NOTICE
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import CRITERIA
from bvn_asp.record.case import Case
from bvn_asp.report.contents import Report
from bvn_asp.report.gathering import report_on
from bvn_asp.report.letters import DRAFT, KINDS, LetterError, check, letter, letter_paper, reasons
from bvn_asp.report.paper.files import write_paper
from tests import golden
from tests.campaigns import counts
from tests.sample_cases import place, sample, samples
from tests.shared import ENGINE

CASES = {
    "approval": "approve_two_bodies",
    "partial": "partial_one_body_ablated_before",
    "denial": "deny_care_42_days_by_date",
    "request-for-information": "pend_t_score_missing",
}
OLDEST = 12
"""Years of age at which a letter can be read."""
FIRST_GRADE = 5
"""Years of age before the first grade: a text of grade 7 is read at about 12."""


@cache
def reported(name: str) -> Report:
    return report_on(ENGINE, sample(name), f"{name}.yaml", made="2026-01-02")


def draft(kind: str) -> str:
    return letter(reported(CASES[kind]), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".html", ".docx", ".md"])
def test_a_letter_says_the_same_in_every_format(kind: str, suffix: str, tmp_path: Path) -> None:
    path, text = tmp_path / f"letter{suffix}", draft(kind)
    if suffix == ".md":
        path.write_text(text, encoding="utf-8")
        lines = list(golden.markdown_lines(path))
    else:
        write_paper(letter_paper(text, reported(CASES[kind]), kind), path)
        lines = list((golden.html_lines if suffix == ".html" else golden.docx_lines)(path))
    golden.check(f"letter_{kind}", lines)


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_is_marked_as_a_draft_and_leaves_places_for_the_plan_and_its_reviewer(kind: str) -> None:
    text = draft(kind)
    assert text.startswith("> **DRAFT.**") and NOTICE in text
    for place_ in ("[Name and address of the plan]", "[name and title of the reviewer]", "[signature of the reviewer]",
                   "[The plan's own text about"):  # fmt: skip
        assert place_ in text, place_
    paper = letter_paper(text, reported(CASES[kind]), kind)
    assert paper.draft == DRAFT and CASES[kind] not in paper.title


def test_a_denial_names_and_cites_the_criterion_what_failed_it_and_what_would_change_it() -> None:
    text = golden.normal(draft("denial"))
    rule = shipped_policy().clauses["i3"]
    for part in (
        rule.lay, rule.label, "Indications 3 \\[1, 13\\]",
        "duration of conservative care at the request: 6 weeks (needs more than 6 weeks)",
        "duration of conservative care: more than 6 weeks",
    ):  # fmt: skip
        assert part in text, part


def test_a_partial_approval_names_bodies_and_units_that_are_granted_and_what_refuses_the_others() -> None:
    text = golden.normal(draft("partial"))
    report = reported(CASES["partial"])
    refused = [body.name for body in report.bodies if body.requested and body.status == "refused"]
    assert refused and f"can be treated: **{', '.join(report.grants)}**" in text
    assert f"cannot be treated: **{', '.join(refused)}**" in text and "64628 x 1" in text
    lay = shipped_policy().clauses["i9"].lay
    assert text.count(lay) == 1 and f"This is about {', '.join(refused)}." in text


def test_a_request_for_information_says_what_is_asked_for_by_whom_and_what_would_be_enough() -> None:
    text = draft("request-for-information")
    assert "- **Treating clinician's note**\n   - lowest T-score" in text
    assert shipped_policy().clauses["n10"].needs in text and "we can approve the treatment:" in text


def test_more_bodies_than_may_be_treated_are_left_to_the_doctor_to_choose_from() -> None:
    name = "partial_five_of_six_lumbar_vertebrae"
    assert len(reported(name).choices) > 1
    text = letter(reported(name), "partial")
    for choice in reported(name).choices:
        assert f"- {', '.join(choice)}\n" in text


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("pend_t_score_missing", "denial", "it would rest on what is undetermined: n10 (Non-Indications 10 [9]);"),
        ("pend_t_score_missing", "approval", "while this is undetermined: n10 (Non-Indications 10 [9]);"),
        ("partial_with_an_undetermined_body", "partial", "n7 (Non-Indications 7 [1]), body S1"),
        ("request_without_bodies_when_none_is_left", "denial", "whatever is missing it comes to a denial, but"),
        ("deny_care_42_days_by_date", "approval", "what is recommended, deny; the letter for it: --kind denial"),
        ("approve_two_bodies", "denial", "the letter for it: --kind approval"),
        ("approve_two_bodies", "request-for-information", "the letter for it: --kind approval"),
    ],
)  # fmt: skip
def test_a_draft_that_would_say_more_than_is_known_is_refused(name: str, kind: str, message: str) -> None:
    with pytest.raises(LetterError) as error:
        letter(reported(name), kind)
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["partial_with_an_undetermined_body", "request_without_bodies_when_none_is_left"])
def test_what_is_refused_for_what_is_open_can_be_asked_for(name: str) -> None:
    text = letter(reported(name), "request-for-information")
    for group in reported(name).asked:
        assert all(f"- {fact}" in text for fact in group.facts)


def test_without_a_request_there_is_no_letter() -> None:
    report = report_on(ENGINE, Case.model_validate({"patient": {"age": 50}}), "x")
    for kind in KINDS:
        with pytest.raises(LetterError, match="state the bodies or units that are requested"):
            check(report, kind)


@cache
def unchanged(name: str) -> Report:
    """Return the report on a case without what would change its decision."""
    return report_on(ENGINE, sample(name), name, changes=False)


@counts("step", 48, 1)
def test_every_case_has_the_one_letter_that_says_what_is_recommended_or_none(step: int) -> None:
    fits = {outcome: kind for kind, outcome in KINDS.items()}
    for name in list(samples())[::step]:
        report = unchanged(name)
        for kind in KINDS:
            try:
                check(report, kind)
            except LetterError:
                continue
            assert kind == fits[report.recommendation or ""] or (kind == "request-for-information" and report.open)
            assert kind == "request-for-information" or report.settled
            assert kind in ("denial", "request-for-information") or not report.open
            if kind in ("denial", "partial"):
                assert reasons(report)


def test_an_approval_with_anything_undetermined_is_refused_whatever_is_recommended() -> None:
    report = reported("approve_two_bodies")
    check(report, "approval")
    open_ = replace(report.items[0], status="undetermined")
    with pytest.raises(LetterError, match="undetermined: i1"):
        check(replace(report, items=(open_, *report.items[1:])), "approval")


def test_a_denial_that_no_rule_reaches_on_what_is_known_is_refused_although_a_criterion_fails() -> None:
    report = reported(CASES["denial"])
    assert report.settled and not reported("request_without_bodies_when_none_is_left").settled
    with pytest.raises(LetterError, match="no denial can be drafted: whatever is missing it comes to a denial"):
        check(replace(report, settled=False), "denial")


def limits(text: str) -> list[str]:
    """Return the numbers of a text that are limits."""
    return re.findall(r"(?<![LS.0-9])-?[0-9]+(?:[.][0-9]+)?", re.sub(r"type [12]", "", text))


def test_every_criterion_has_lay_words_of_its_own_with_its_limits() -> None:
    for clause in shipped_policy().clauses.values():
        if clause.kind in CRITERIA:
            assert clause.lay.endswith(".") and clause.lay != clause.label and "{" not in clause.lay
            assert limits(clause.lay) == limits(clause.label), clause.id


def sentences(text: str) -> str:
    """Return the sentences of a letter: without headings, facts of the record, places left open, and the table."""
    body = re.split(r"\n## (?:For your doctor|The items)", text[text.index("Dear") :])[0]
    body = re.sub(r"\[[^\]]*\]", "", body).replace("\\", "").replace("**", "")
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=\s*-)", body)]
    kept = [re.sub(r"^(- |[0-9]+\. )", "", part) for part in parts if not part.startswith("#")]
    return " ".join(part for part in kept if re.search(r"[a-z][.?!]", part))


@counts("step", 24, 1)
def test_letters_are_read_at_about_twelve_years(step: int) -> None:
    grades: dict[str, list[float]] = {kind: [] for kind in KINDS}
    fits = {outcome: kind for kind, outcome in KINDS.items()}
    for name in {*list(samples())[::step], *CASES.values()}:
        report = unchanged(name)
        try:
            text = sentences(letter(report, fits.get(report.recommendation or "", "denial")))
        except LetterError:
            continue
        assert len(text.split()) > 50
        kind = fits[report.recommendation or ""]
        grades[kind].append(max(textstat.flesch_kincaid_grade(text), textstat.coleman_liau_index(text)))
    for kind, found in grades.items():
        assert found and max(found) + FIRST_GRADE <= OLDEST, (kind, max(found))


def test_the_lay_words_of_every_criterion_are_read_at_about_twelve_years() -> None:
    for clause in shipped_policy().clauses.values():
        if clause.kind in CRITERIA:
            assert textstat.flesch_kincaid_grade(clause.lay) + FIRST_GRADE <= OLDEST + 1, clause.id
    whole = " ".join(clause.lay for clause in shipped_policy().clauses.values())
    assert textstat.flesch_kincaid_grade(whole) + FIRST_GRADE <= OLDEST
    labels = ". ".join(clause.label for clause in shipped_policy().clauses.values())
    assert textstat.flesch_kincaid_grade(labels) + FIRST_GRADE > OLDEST


def templated(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.jinja"
    path.write_text(text, encoding="utf-8")
    return letter(reported(CASES["denial"]), "denial", path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\n{{ nothing }}", "line 2: 'nothing' is undefined"),
        ("{{ report.nothing }}", "line 1: 'bvn_asp.report.contents.Report object' has no attribute 'nothing'"),
        ("{% if", "line 1: unexpected 'end of template'"),
        ("\n{{ 1 / 0 }}", "line 2: division by zero"),
        ("{{ ''.__class__.__mro__ }}", "line 1: access to attribute '__class__' of 'str' object is unsafe"),
        ('{% include "nowhere" %}', "nowhere"),
    ],
)
def test_a_template_that_cannot_be_filled_is_an_error_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(LetterError) as error:
        templated(tmp_path, text)
    assert "mine.jinja" in str(error.value) and message in str(error.value)


def test_a_user_s_template_can_fill_a_part_of_ours(tmp_path: Path) -> None:
    text = templated(
        tmp_path, '{% extends "letter_denial.md.jinja" %}{% block subject %}About {{ kind }}{% endblock %}'
    )
    assert "\n# About denial\n" in text and "## Why we cannot approve it" in text


def test_what_a_record_says_is_only_text_in_a_letter(tmp_path: Path) -> None:
    report = replace(reported(CASES["denial"]), case_id="<b>*x*</b>\n# y")
    text = letter(report, "denial")
    assert "\\<b\\>\\*x\\*\\</b\\> # y" in text
    path = tmp_path / "x.html"
    write_paper(letter_paper(text, report, "denial"), path)
    assert "&lt;b&gt;*x*&lt;/b&gt; # y" in path.read_text() and "<b>" not in path.read_text()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bvn, list(arguments))


def test_the_command_writes_a_draft_and_refuses_another(tmp_path: Path) -> None:
    for suffix in (".docx", ".html", ".md"):
        path = tmp_path / f"l{suffix}"
        found = run("letter", place(CASES["denial"]), "--kind", "denial", "-o", str(path))
        assert found.exit_code == 0 and f"{path}: the draft of a letter, denial\n{NOTICE}" in found.output
        assert path.stat().st_size > 1000
    refused = run("letter", place(CASES["denial"]), "--kind", "approval", "-o", str(tmp_path / "x.md"))
    assert isinstance(refused.exception, LetterError) and not (tmp_path / "x.md").exists()
