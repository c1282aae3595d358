"""Sheets: a worksheet, the register, the impact of a change and many answers; nothing in them is ever a formula."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("xlsxwriter")
pytest.importorskip("pyarrow")
import pyarrow.parquet as pq
from lxml import html as parser
from openpyxl import load_workbook

from bvn_asp.batch.content import row_of, table_of_rows
from bvn_asp.batch.impact import Impact
from bvn_asp.batch.parts import Job, run
from bvn_asp.batch.version import Version
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import NOTICE
from bvn_asp.errors import OutputError
from bvn_asp.policy.loading import shipped_path, shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.report import impact_sheets
from bvn_asp.report.contents import words
from bvn_asp.report.gathering import report_on
from bvn_asp.report.paper import register, sheets
from bvn_asp.report.paper.answers import decide_into, plain_text, rejected_path
from bvn_asp.report.paper.long_sheet import letters
from bvn_asp.report.paper.sheets import Column, Sheet, Toned, write_sheets
from bvn_asp.report.paper.worksheet import sheets as worksheet
from tests import golden
from tests.sample_cases import place, sample
from tests.shared import ENGINE

POLICY = shipped_path().read_text(encoding="utf-8")
FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "\r=1")


def cells(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    return [tuple(map(_read, row)) for row in load_workbook(path)[sheet].iter_rows()]


def _read(cell: Any) -> Any:
    """Return what a spreadsheet shows of a cell; the library leaves the escape before `_x0041_` as it is."""
    return cell.value.replace("_x005F_", "_") if isinstance(cell.value, str) else cell.value


def formulas(path: Path) -> list[str]:
    """Return the cells of a spreadsheet that a program would work out, or links that it would follow."""
    return [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" or cell.hyperlink is not None
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_sheets([Sheet("X", (Column(text), Column("b")), [(text, Toned(text, "bad"))])], path)
    assert formulas(path) == []
    shown = text.replace("\t", "\\u0009").replace("\r", "\\u000d")
    assert cells(path, "X")[1] == (shown, shown)
    assert plain_text(text) == (f"'{shown}" if shown[0] in "=+-@" else shown)


def test_text_that_is_too_long_or_not_of_xml_is_written_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_sheets([Sheet("X", (Column("a"),), [("y" * 40_000,), ("a\x00b\ud800_x0041_",)])], path)
    (long,), (odd,) = cells(path, "X")[1:]
    assert len(long) == sheets.MOST_CHARACTERS and long.endswith("…")
    assert odd == "a\\u0000b\\ud800_x0041_"


def test_too_many_rows_are_an_error_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    path = tmp_path / "x.xlsx"
    with pytest.raises(OutputError, match=r"2 rows at most; use \.csv"):
        write_sheets([Sheet("X", (Column("a"),), [(1,), (2,), (3,)])], path)
    assert list(tmp_path.iterdir()) == []


def worksheet_of(name: str, path: Path) -> Path:
    write_sheets(worksheet(report_on(ENGINE, sample(name), f"{name}.yaml", made="2026-01-02", changes=False)), path)
    return path


def test_a_worksheet_is_as_it_was_looked_at(tmp_path: Path) -> None:
    path = worksheet_of("deny_care_42_days_by_date", tmp_path / "w.xlsx")
    book = load_workbook(path)
    golden.check("worksheet", (
        f"{sheet.title}: {' | '.join('' if cell.value is None else str(cell.value) for cell in row)}"
        for sheet in book for row in sheet.iter_rows()
    ))  # fmt: skip


def test_a_worksheet_has_every_criterion_and_part_with_status_value_limit_evidence_citation_and_comments(
    tmp_path: Path,
) -> None:
    decision = ENGINE.decide(sample("deny_care_42_days_by_date"))
    head, *rows = cells(worksheet_of("deny_care_42_days_by_date", tmp_path / "w.xlsx"), "Criteria")
    found = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert [(id, row["Status"], row["Citation"]) for id, row in found.items()] == [
        (each.clause.id, words(each.status), each.clause.citation) for each in decision.criteria
    ]
    assert found["i3"]["Value in the record"] == "duration of conservative care at the request: 6 weeks"
    assert found["i3"]["Limit"] == "needs more than 6 weeks" and found["i3a"]["Part of"] == "i3"
    assert found["n16"]["Limit"] == "excluded if more than 40 kg/m2" and found["n10"]["Limit"].endswith("-2.5")
    assert found["n1"]["Limit"] == "excluded if less than 18 years"
    assert {"Evidence", "Reviewer's comment", "Reviewer's finding"} <= set(head)


def test_a_document_of_a_record_is_text_in_a_worksheet(tmp_path: Path) -> None:
    case = Case.model_validate(
        {"patient": {"age": {"value": 17, "document": FORMULAS[5]}}, "request": {"bodies": "L4"}}
    )
    path = tmp_path / "w.xlsx"
    write_sheets(worksheet(report_on(ENGINE, case, "=1+1.yaml", changes=False)), path)
    assert formulas(path) == []
    assert (FORMULAS[5], "age at the procedure: 17 years, needs at least 18: 1 short") in cells(path, "Evidence")


def test_the_register_has_every_clause_question_and_defect_in_every_format(tmp_path: Path) -> None:
    policy = shipped_policy()
    for suffix in (".xlsx", ".html", ".md", ".docx"):
        found = command("policy", "-o", str(tmp_path / f"p{suffix}"))
        assert found.exit_code == 0 and register.NOTICE in found.output
    book = {name: cells(tmp_path / "p.xlsx", name)[1:] for name in load_workbook(tmp_path / "p.xlsx").sheetnames}
    assert [row[0] for row in book["Clauses"]] == list(policy.clauses)
    assert {(row[0], row[3]) for row in book["Questions"]} == {
        (each.id, option) for each in policy.questions.values() for option in each.options
    }
    assert [tuple(row) for row in book["Not encoded"]] == list(policy.unencoded)
    assert [tuple(row) for row in book["Defects of the text"]] == list(policy.text_defects)
    i3 = next(row for row in book["Clauses"] if row[0] == "i3")
    assert "care_span" in i3[9] and policy.clauses["i3"].needs in i3 and policy.clauses["i3"].lay in i3
    page = parser.fromstring((tmp_path / "p.html").read_bytes()).text_content()
    texts = (
        page,
        "\n".join(golden.markdown_lines(tmp_path / "p.md")),
        "\n".join(golden.docx_lines(tmp_path / "p.docx")),
    )
    for text in map(golden.normal, texts):
        for part in (
            *(each.label for each in policy.clauses.values()), *(each.needs for each in policy.clauses.values()),
            *(each.text for each in policy.questions.values()), *(each.why for each in policy.questions.values()),
            *(what for _, what in policy.text_defects), *(why for _, _, why in policy.unencoded), policy.sha256,
        ):  # fmt: skip
            assert golden.normal(part) in text, part


def rows_of(path: Path) -> list[dict[str, Any]]:
    head, *rows = csv.reader(path.open(encoding="utf-8"))
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of cases in two parts, with ids that a spreadsheet would obey."""
    names = (
        "approve_two_bodies",
        "deny_care_42_days_by_date",
        "pend_t_score_missing",
        "partial_one_body_ablated_before",
    )

    rows = [
        row_of(sample(names[place % 4]), text) for place, text in enumerate((*FORMULAS, "<&>", 'a,"b"', "x_x0041_"))
    ]
    path = tmp_path_factory.mktemp("source") / "cases.parquet"
    pq.write_table(table_of_rows(rows), path, row_group_size=6)
    return path


def answers(source: Path, folder: Path) -> list[dict[str, Any]]:
    run(Job(source, folder, POLICY), workers=1)
    return [row for part in sorted(folder.glob("*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_many_answers_in_one_file_are_those_of_the_folder(source: Path, tmp_path: Path) -> None:
    expected = answers(source, tmp_path / "folder")
    shown = [row["id"].replace("\t", "\\u0009").replace("\r", "\\u000d") for row in expected]
    for suffix in (".csv", ".xlsx"):
        summary = decide_into(Job(source, tmp_path / f"a{suffix}", POLICY), workers=2)
        assert summary["decided"] == len(expected) == 11
    found = rows_of(tmp_path / "a.csv")
    assert [row["id"] for row in found] == [f"'{id}" if id[0] in "=+-@" else id for id in shown]
    told = [{k: "" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for k, v in row.items()}
            for row in expected]  # fmt: skip
    assert [{**row, "id": ""} for row in found] == [{**row, "id": ""} for row in told]
    head, *rows = cells(tmp_path / "a.xlsx", "Answers")
    assert [dict(zip(head, row, strict=True)) for row in rows] == [
        {name: row[name] if name != "id" else id for name in head} for row, id in zip(expected, shown, strict=True)
    ]
    left = set(expected[0]) - set(head)
    assert left and all(row[name] is None for row in expected for name in left)
    assert all(name.startswith("body_") for name in left)
    assert formulas(tmp_path / "a.xlsx") == []
    about = dict(cells(tmp_path / "a.xlsx", "About")[1:])
    assert about["Notice"] == NOTICE and about["Rows decided"] == 11
    assert about["Policy file, sha256"] == shipped_policy().sha256


def test_rejected_rows_are_a_sheet_or_a_file_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "=1", "patient": {"age": 50}}\n{"id": "=2", "patient": {"age": "old"}}\n')
    for suffix in (".csv", ".xlsx"):
        decide_into(Job(path, tmp_path / f"a{suffix}", POLICY, skip=True), workers=1)
    (one,) = rows_of(rejected_path(tmp_path / "a.csv"))
    assert (one["row"], one["id"], one["column"]) == ("2", "'=2", "patient.age")
    _, (row, id, column, problem) = cells(tmp_path / "a.xlsx", "Rejected")
    assert (row, id, column) == (2, "=2", "patient.age") and problem == one["problem"]
    assert formulas(tmp_path / "a.xlsx") == [] and len(rows_of(tmp_path / "a.csv")) == 1


def test_more_rows_than_a_sheet_holds_are_refused_before_they_are_decided(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bvn_asp.report.paper.answers.MOST_ROWS", 11)
    with pytest.raises(OutputError, match=r"holds 10 rows at most, and .* has 11; use \.csv"):
        decide_into(Job(source, tmp_path / "a.xlsx", POLICY))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match="there already"):
        decide_into(Job(source, path, POLICY))
    assert path.read_text() == "mine"


def test_rejected_rows_never_stand_beside_the_answers_of_another_run(tmp_path: Path) -> None:
    source, path = tmp_path / "c.jsonl", tmp_path / "out" / "a.csv"
    source.write_text('{"id": "1", "patient": {"age": 50}}\n{"id": "2", "patient": {"age": "old"}}\n')

    def another(_: object) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text("of another run")

    with pytest.raises(OutputError, match="there already"):
        decide_into(Job(source, path, POLICY, skip=True), workers=1, progress=another)
    assert [each.name for each in path.parent.iterdir()] == ["a.csv"] and path.read_text() == "of another run"


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_the_letters_that_a_spreadsheet_gives_them(column: int, name: str) -> None:
    assert letters(column) == name


def command(*arguments: str) -> Result:
    return CliRunner().invoke(bvn, list(arguments))


def test_the_impact_as_sheets_adds_up_and_says_what_was_compared(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "i.xlsx"
    found = command("impact", str(source), "--reading", "impermissible_bodies=all_or_nothing", "-o", str(path))
    assert found.exit_code == 0 and f"report: {path}" in found.output
    head, *rows = cells(path, "Moves")
    numbers = [row[1:] for row in rows]
    assert all(sum(row[:-1]) == row[-1] for row in numbers)
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == list(numbers[-1])
    assert numbers[-1][-1] == 11
    table = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    assert table["partial"]["deny"] == 2 and table["approve"]["approve"] == 3
    assert cells(path, "Changes")[1][:3] == ("partial", "deny", 2)
    about = list(cells(path, "About"))
    assert ("Policy file after, sha256", shipped_policy().sha256) in about
    assert any(row[0] == "Read otherwise after" and "impermissible_bodies=all_or_nothing" in row[1] for row in about)
    assert formulas(path) == []


def test_the_cases_named_in_an_impact_are_text(tmp_path: Path) -> None:
    found = Impact(moves=Counter({("approve", "deny"): 1}), examples={("approve", "deny"): [(1, "=1+1")]})
    version, policy = Version("as it is", POLICY), shipped_policy()
    path = tmp_path / "i.xlsx"
    write_sheets(impact_sheets.sheets(found, (policy, policy), (version, version), None, Path("=x.csv")), path)
    assert formulas(path) == [] and cells(path, "Changes")[1] == ("approve", "deny", 1, "=1+1")
    assert ("Possible by the rules", "not found out in bounded time") in cells(path, "About")


def test_the_commands_write_sheets(source: Path, tmp_path: Path) -> None:
    found = command("worksheet", place("approve_two_bodies"), "-o", str(tmp_path / "w.xlsx"))
    assert found.exit_code == 0 and NOTICE in found.output
    for name in ("a.csv", "a.xlsx"):
        found = command("batch", str(source), "-o", str(tmp_path / name))
        assert found.exit_code == 0 and "11 rows read: 11 decided, 0 rejected" in found.output
        assert (tmp_path / name).exists()
    found = command("worksheet", place("approve_two_bodies"), "-o", str(tmp_path / "w.csv"))
    assert "expected a name that ends in .xlsx" in str(found.exception)
