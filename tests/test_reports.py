"""Reports on a case: the same words in every format, whole on paper, readable by everybody, and nothing obeyed."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("docx")
from lxml import html as parser

from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import NOTICE
from bvn_asp.errors import ExtraError, OutputError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.report.contents import Report
from bvn_asp.report.gathering import case_id, report_on
from bvn_asp.report.paper import case_report, html
from bvn_asp.report.paper.files import write_paper
from bvn_asp.report.paper.markdown import escaped
from tests import golden
from tests.sample_cases import place, sample, samples
from tests.shared import ENGINE

DAY = "2026-01-02"
HOSTILE = '<script>alert("&")</script> **a** [b](http://x) | `c`\u202e'


def reported(name: str, **how: Any) -> Report:
    return report_on(ENGINE, sample(name), f"cases/{name}.yaml", made=DAY, **how)


def page(report: Report) -> Any:
    return parser.fromstring(html.written(case_report.paper(report)))


READ = {".html": golden.html_lines, ".docx": golden.docx_lines, ".md": golden.markdown_lines}


@pytest.mark.parametrize("name", ["deny_care_42_days_by_date", "pend_t_score_missing"])
@pytest.mark.parametrize("suffix", READ)
def test_a_report_says_the_same_in_every_format(name: str, suffix: str, tmp_path: Path) -> None:
    report = reported(name)
    path = tmp_path / f"report{suffix}"
    write_paper(case_report.paper(report), path)
    lines = golden.without_spine(READ[suffix](path))
    if suffix == ".md":
        assert NOTICE in lines.pop()
    golden.check(f"report_{name}", lines)


def test_a_report_holds_what_a_colleague_needs() -> None:
    report = reported("partial_with_an_undetermined_body")
    text = page(report).text_content()
    policy = shipped_policy()
    for part in (
        report.case_id, DAY, policy.sha256, f"version {policy.version}", "Approve in part", NOTICE,
        "May be treated: L4", "Units: 64628 x 1", "earlier basivertebral nerve ablation at L3: yes",
        "spine surgery at L5-S1",
        "Treating clinician's note",
    ):  # fmt: skip
        assert part in text, part


def test_dates_readings_evidence_and_a_complete_record_stand_in_the_header() -> None:
    case = Case.model_validate({
        "record_complete": True,
        "patient": {"age": {"value": 50, "document": "Intake form", "page": "2"}},
        "request": {"bodies": ["L4"], "date": "2026-01-01", "planned_procedure_date": "2026-02-01"},
    })  # fmt: skip
    report = report_on(ENGINE, case, "x.yaml", {"age_moment": "request"}, made=DAY)
    text = page(report).text_content()
    assert "2026-01-01" in text and "2026-02-01" in text and "age_moment: at the request" in text
    assert "taken as complete, for non-indications" in text and "Read: at the request, not the default" in text
    assert [source for source, _ in report.evidence] == ["Intake form, page 2"]


def test_a_page_has_a_title_without_the_case_headings_in_order_and_a_drawing_with_words() -> None:
    report = reported("partial_with_an_undetermined_body")
    top = page(report)
    assert top.findtext("head/title") == case_report.TITLE and top.get("lang") == "en"
    levels = [int(node.tag[1]) for node in top.iter("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in pairwise(levels))
    drawing = next(top.iter("{*}svg", "svg"))
    assert drawing.get("role") == "img" and drawing.findtext("title") == drawing.get("aria-label")
    for body in report.bodies:
        assert f"{body.name} " in drawing.get("aria-label")
    assert all(node.get("scope") for node in top.iter("th"))
    assert not list(top.iter("script", "link", "img", "iframe", "form"))


def test_a_page_unfolds_on_paper_and_what_fails_is_open_on_the_screen() -> None:
    written = html.written(case_report.paper(reported("deny_care_42_days_by_date")))
    print_rules = written[written.index("@media print") :]
    assert re.search(r"details::details-content *\{[^}]*content-visibility: visible", print_rules)
    assert re.findall(r"<details open><summary><strong>i3 </strong>", written)
    assert "<details><summary><strong>i1 </strong>" in written


def luminance(colour: str) -> float:
    found = []
    for start in (1, 3, 5):
        share = int(colour[start : start + 2], 16) / 255
        found.append(share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4)
    return 0.2126 * found[0] + 0.7152 * found[1] + 0.0722 * found[2]


def test_every_colour_of_words_stands_out_from_what_is_behind_it() -> None:
    written = html.written(case_report.paper(reported("deny_care_42_days_by_date")))
    style = re.search(r"<style>(.*?)</style>", written, re.DOTALL)
    assert style is not None
    ground = ["#ffffff", "#fff4d6"]
    colours = {f"#{''.join(c * 2 for c in found)}" if len(found) == 3 else f"#{found}"
               for found in re.findall(r"(?<![-\w])color: #([0-9a-f]{3,6})", style[1])}  # fmt: skip
    assert len(colours) >= 5
    for colour in colours:
        for behind in ground:
            light, dark = sorted((luminance(colour), luminance(behind)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (colour, behind)


def test_nothing_that_a_record_says_is_obeyed(tmp_path: Path) -> None:
    case = Case.model_validate({
        "patient": {"age": {"value": 50, "document": HOSTILE}},
        "request": {"bodies": ["L4"], "units": {"64628": 3}},
    })  # fmt: skip
    report = report_on(ENGINE, case, HOSTILE, made=DAY)
    for suffix, read in READ.items():
        path = tmp_path / f"report{suffix}"
        write_paper(case_report.paper(report), path)
        lines = list(read(path))
        said = next(line for line in lines if "alert" in line)
        assert '<script>alert("&")</script> **a** [b](http://x) | `c`\\u202e' in said, suffix
    assert not list(parser.fromstring((tmp_path / "report.html").read_bytes()).iter("script"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- x", "\\- x"), ("1. x", "1\\. x"), ("# x", "\\# x"), ("-2.5", "-2.5"), ("0.1.0", "0.1.0"), ("a_b", "a_b"),
        ("_a_", "\\_a\\_"), ("x #", "x \\#"), ("&amp;", "\\&amp;"), ("a & b", "a & b"), ("--- x", "\\--- x"),
        ("two\nlines", "two lines"), ("<b>", "\\<b\\>"), ("a|b", "a\\|b"),
    ],
)  # fmt: skip
def test_markdown_shows_a_text_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_every_case_can_be_reported() -> None:
    for place_, (name, case) in enumerate(samples().items()):
        if place_ % 25 == 0:
            report = report_on(ENGINE, case, name, changes=False)
            assert html.written(case_report.paper(report)).count("<h2>") >= 3


@pytest.mark.parametrize(("name", "called"), [("/a/b.yaml#c", "b.yaml#c"), ("b.yaml", "b.yaml"), ("", "")])
def test_a_case_is_called_by_its_file_and_not_by_its_folders(name: str, called: str) -> None:
    assert case_id(name) == called


def test_a_case_that_states_its_id_is_called_by_it() -> None:
    case = Case.model_validate({"case_id": "R-17", "patient": {"age": 17}})
    assert report_on(ENGINE, case, "a/b.yaml", changes=False).case_id == "R-17"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bvn, list(arguments))


@pytest.mark.parametrize("suffix", READ)
def test_the_command_writes_a_report(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    found = run("report", place("approve_two_bodies"), "-o", str(path), "--id", "case 7")
    assert found.exit_code == 0 and found.output.startswith(f"{path}: approve\n")
    assert any("case 7" in line for line in READ[suffix](path))
    again = run("report", place("approve_two_bodies"), "-o", str(path))
    assert isinstance(again.exception, OutputError) and "there already" in str(again.exception)


def test_another_ending_and_a_missing_library_are_refused_before_the_case_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run("report", "nowhere.yaml", "-o", str(tmp_path / "r.pdf")).exception
    assert isinstance(found, OutputError) and "expected a name that ends in .html or .md or .docx" in str(found)

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("bvn_asp.cli.extras.importlib.import_module", missing)
    found = run("report", "nowhere.yaml", "-o", str(tmp_path / "r.docx")).exception
    assert isinstance(found, ExtraError) and "pip install 'bvn-asp[reports]'" in str(found)


@pytest.mark.parametrize(("name", "said"), [("deny_care_42_days_by_date", True), ("approve_two_bodies", False)])
def test_a_permissible_body_of_a_denied_request_is_not_taken_for_a_granted_one(name: str, said: bool) -> None:
    assert ("not granted where the request is denied" in page(reported(name)).text_content()) is said
