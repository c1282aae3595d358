"""Files to send: a document or sheets in the format that the name of the file asks for, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bvn_asp.errors import OutputError
from bvn_asp.output import check_new, whole_file, write_file

if TYPE_CHECKING:
    from bvn_asp.report.paper.blocks import Paper

PAPER = (".html", ".md", ".docx")
"""Formats of a document."""
SHEETS = (".xlsx",)
"""Formats of sheets."""
EXTRA = (".docx", ".xlsx")
"""Formats that need the extra `reports`."""


def format_of(path: Path, formats: Sequence[str]) -> str:
    """Return the ending of a new file to write; raise OutputError if it is none of `formats`, or the file is there."""
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise OutputError(f"{path}: expected a name that ends in {' or '.join(formats)}")
    check_new(path)
    return suffix


def write_paper(paper: Paper, path: Path) -> None:
    """Write `paper` as a new file at `path`; raise OutputError if it cannot be."""
    suffix = format_of(path, PAPER)
    if suffix == ".docx":
        from bvn_asp.report.paper import word

        with whole_file(path) as unfinished:
            word.write(paper, unfinished)
    elif suffix == ".html":
        from bvn_asp.report.paper import html

        write_file(path, html.written(paper))
    else:
        from bvn_asp.report.paper import markdown

        write_file(path, markdown.written(paper))
