"""A document as a Word file, with real headings, lists and tables, which a person can go on writing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from bvn_asp.report.paper.blocks import (
    MARKS,
    Block,
    Branch,
    Divider,
    Heading,
    Line,
    Listing,
    Paper,
    Paragraph,
    Spine,
    Table,
    Tree,
)
from bvn_asp.report.safe import safe

_INK = {"good": RGBColor(0x14, 0x61, 0x2F), "bad": RGBColor(0xA3, 0x13, 0x0F), "open": RGBColor(0x1D, 0x4F, 0x91)}
_FILL = {"good": "CFE9D6", "bad": "F6CFCD", "open": "D5E2F5", "": "FFFFFF"}
_NOTICE, _DRAFT = "FFF4D6", "F6CFCD"
_STEP = Cm(0.6)


def write(paper: Paper, path: Path) -> None:
    """Write `paper` as a Word file at `path`."""
    document = Document()
    _set_up(document, paper)
    for block in paper.blocks:
        _Writer(document).block(block)
    document.save(str(path))


def _set_up(document: Any, paper: Paper) -> None:
    """Set margins, fonts, header, footer and properties; these name no patient."""
    section = document.sections[0]
    # As wide as A4 and as tall as letter: nothing moves to another page on either.
    section.page_width, section.page_height = Cm(21.0), Cm(27.94)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(2)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    normal.paragraph_format.space_after = Pt(4)
    document.styles["Heading 1"].font.size = Pt(18)
    if paper.draft:
        run = section.header.paragraphs[0].add_run(safe(paper.draft))
        run.bold, run.font.color.rgb = True, _INK["bad"]
    foot = section.footer.paragraphs[0]
    foot.add_run(f"{safe(paper.footer)}  Page ").font.size = Pt(8)
    _page_number(foot)
    properties = document.core_properties
    properties.title, properties.author, properties.comments, properties.language = safe(paper.title), "bvn", "", "en"
    if paper.made:
        day = datetime.datetime.fromisoformat(paper.made).replace(tzinfo=None)
        properties.created = properties.modified = day


def _page_number(paragraph: Any) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(8)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


class _Writer:
    """Adds blocks to a document, or to a cell of a table."""

    def __init__(self, place: Any) -> None:
        self._place = place

    def block(self, block: Block) -> None:
        """Add one block."""
        if isinstance(block, Heading):
            self._place.add_heading(safe(block.text), level=block.level)
        elif isinstance(block, Paragraph):
            self._paragraph(block)
        elif isinstance(block, Listing):
            self._listing(block, 0)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Tree):
            self._branches(block.branches, 0)
        elif isinstance(block, Spine):
            self._spine(block)
        elif isinstance(block, Divider):
            self._place.add_paragraph("_" * 40)

    def _paragraph(self, block: Paragraph) -> None:
        added = self._place.add_paragraph()
        _runs(added, block.line)
        if block.kind in ("notice", "draft"):
            _shade(added._p.get_or_add_pPr(), _NOTICE if block.kind == "notice" else _DRAFT)
        for run in added.runs:
            if block.kind in ("small", "verdict"):
                run.font.size = Pt(9 if block.kind == "small" else 14)

    def _listing(self, block: Listing, depth: int) -> None:
        style = "List Number" if block.ordered else "List Bullet"
        for head, below in block.items:
            _runs(self._place.add_paragraph(style=f"{style}{f' {min(depth, 2) + 1}' if depth else ''}"), head)
            for part in below:
                if isinstance(part, Listing):
                    self._listing(part, depth + 1)
                else:
                    self.block(part)

    def _branches(self, branches: Iterable[Branch], depth: int) -> None:
        for branch in branches:
            added = self._place.add_paragraph()
            added.paragraph_format.left_indent = _STEP * depth
            added.paragraph_format.space_after = Pt(1)
            added.paragraph_format.keep_with_next = bool(branch.below) and not depth
            if not depth:
                added.paragraph_format.space_before = Pt(5)
            _runs(added, branch.line)
            if depth:
                for run in added.runs:
                    run.font.size = Pt(9.5)
            self._branches(branch.below, depth + 1)

    def _table(self, block: Table) -> None:
        columns = len(block.head) or max((len(row) for row in block.rows), default=1)
        made = self._place.add_table(rows=0, cols=columns)
        made.style = "Table Grid"
        if block.head:
            cells = made.add_row().cells
            for cell, text in zip(cells, block.head, strict=True):
                cell.paragraphs[0].add_run(safe(text)).bold = True
                _shade(cell._tc.get_or_add_tcPr(), "E8E8E8")
            _repeat(made.rows[0])
        for row in block.rows:
            for cell, words in zip(made.add_row().cells, row, strict=False):
                _runs(cell.paragraphs[0], words)
        if not block.head and columns == 2:
            _widths(made, Cm(4.2), Cm(12.4))
        self._place.add_paragraph()

    def _spine(self, block: Spine) -> None:
        made = self._place.add_table(rows=0, cols=2)
        for body in block.bodies:
            name, said = made.add_row().cells
            _border(name, "single" if body.requested else "dashed")
            _shade(name._tc.get_or_add_tcPr(), _FILL[body.tone])
            name.paragraphs[0].alignment = 1
            name.paragraphs[0].add_run(safe(body.name)).bold = True
            sign = said.paragraphs[0].add_run(f"{MARKS[body.tone]} ")
            sign.bold = True
            if body.tone:
                sign.font.color.rgb = _INK[body.tone]
            said.paragraphs[0].add_run(safe(body.words))
        _widths(made, Cm(2.4), Cm(14.2))
        self._place.add_paragraph()


def _runs(paragraph: Any, line: Line) -> None:
    for run in line:
        added = paragraph.add_run(safe(run.text))
        added.bold, added.italic = run.strong or None, run.emphasis or None
        if run.tone:
            added.font.color.rgb = _INK[run.tone]


def _widths(table: Any, *widths: Any) -> None:
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width


def _shade(properties: Any, fill: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", fill)):
        shade.set(qn(f"w:{name}"), value)
    properties.append(shade)


def _border(cell: Any, kind: str) -> None:
    borders = OxmlElement("w:tcBorders")
    for side in ("top", "left", "bottom", "right"):
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", kind), ("sz", "8"), ("color", "444444")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)


def _repeat(row: Any) -> None:
    """Have a row of headings stand on every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
