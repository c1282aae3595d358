"""The worksheet of one case: every criterion and part in a row, and room for what the reviewer says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.report.contents import words
from bvn_asp.report.paper.blocks import tone
from bvn_asp.report.paper.sheets import Cell, Column, Sheet, Toned, about

if TYPE_CHECKING:
    from bvn_asp.report.contents import Item, Report

_KINDS = {"indication": "indication", "non_indication": "non-indication"}


def sheets(report: Report) -> Iterator[Sheet]:
    """Yield the sheets of the worksheet of `report`."""
    yield Sheet("Criteria", _COLUMNS, [_row(item) for item in report.items])
    yield Sheet("Bodies", (
        Column("Body", 8), Column("Requested", 11), Column("Status", 16), Column("Against it", 70),
        Column("Reviewer's comment", 40),
    ), [
        (body.name, "yes" if body.requested else "no", Toned(words(body.status), tone(body.status)),
         "\n".join(f"{rule.id}: {rule.label} ({rule.citation})" for rule in body.refused_by), "")
        for body in report.bodies
    ])  # fmt: skip
    yield Sheet(
        "Missing",
        (Column("Whom to ask", 28), Column("What", 80), Column("Asked on", 14), Column("Answer", 40)),
        [(group.whom, fact, "", "") for group in report.asked for fact in group.facts],
    )
    yield Sheet(
        "Evidence",
        (Column("Document", 50), Column("What it says", 80)),
        [(source, fact) for source, facts in report.evidence for fact in facts],
    )
    yield Sheet(
        "Readings",
        (Column("Question", 26), Column("What is open", 70), Column("Read as", 60), Column("Default", 10)),
        [(each.id, each.question, each.option, "yes" if each.default else "no") for each in report.readings],
    )
    yield about(_about(report))


_COLUMNS = (
    Column("Id", 6), Column("Kind", 14), Column("Part of", 6), Column("What it asks", 36), Column("Status", 14),
    Column("Value in the record", 26), Column("Limit", 20), Column("Margin", 10), Column("Facts it rests on", 40),
    Column("Evidence", 24), Column("Not stated", 26), Column("To be seen for it", 32), Column("Citation", 20),
    Column("Reviewer's finding", 14), Column("Reviewer's comment", 28),
)  # fmt: skip


def _row(item: Item) -> tuple[Cell, ...]:
    return (
        item.rule.id,
        _KINDS.get(item.kind, item.kind),
        item.part_of or "",
        item.rule.label,
        Toned(words(item.status), tone(item.status)),
        "\n".join(f"{value.name}: {value.actual}" for value in item.values),
        "\n".join(value.limit for value in item.values),
        "\n".join(value.margin for value in item.values),
        "\n".join([*item.facts, *item.counted]),
        "\n".join(item.sources),
        "\n".join(item.missing),
        item.rule.needs,
        item.rule.citation,
        "",
        "",
    )


def _about(report: Report) -> Iterator[tuple[str, Cell]]:
    yield "Notice", report.notice
    yield "Case", report.case_id
    yield from report.dates
    yield "Worksheet made", report.made
    yield "Recommendation", report.recommendation or "none: nothing is requested"
    yield "Patient", words(report.eligibility)
    for remark in report.remarks:
        yield "Remark", remark
    yield "Policy", f"{report.policy}, version {report.policy_version} of {report.policy_revised}"
    yield "Policy file, sha256", report.policy_sha256
    yield "Record taken as complete", "yes, for non-indications" if report.assume_absent else "no"
    yield "Program", f"bvn {report.program}"
    for name in ("Reviewer", "Final decision", "Date", "Signature"):
        yield name, ""
