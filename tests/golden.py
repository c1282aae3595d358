"""Texts that a person has looked at: what a file says, read back by a library, is compared with them.

`BVN_GOLDEN=write pytest ...` writes them anew, to be looked at again before they are committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from bvn_asp import __version__
from bvn_asp.policy.loading import shipped_policy

FOLDER = Path(__file__).parent / "golden"


def check(name: str, lines: Iterable[str]) -> None:
    """Compare the lines of a file with the text called `name`, whatever the policy's digest and the version."""
    sha = shipped_policy().sha256
    text = "\n".join(" ".join(line.split()) for line in lines if line.strip()) + "\n"
    text = text.replace(sha, "SHA256").replace(sha[:12], "SHA256").replace(f"bvn {__version__}", "bvn VERSION")
    path = FOLDER / f"{name}.txt"
    if os.environ.get("BVN_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines()


def html_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a page: headings, paragraphs, items and cells, and what stands for a drawing."""
    from lxml import html

    body: Any = html.fromstring(path.read_bytes()).find("body")
    for node in body.iter("h1", "h2", "h3", "p", "li", "tr", "svg"):
        if node.tag == "svg":
            yield node.get("aria-label")
        elif node.tag == "tr":
            yield " | ".join(cell.text_content() for cell in node)
        elif node.tag == "li":
            yield _own(node)
        elif node.get("class") not in ("mark", "foot"):
            yield node.text_content()


def _own(node: Any) -> str:
    """Return the words of an item without those of the lists below it."""
    text = node.text or ""
    for child in node:
        if child.tag in ("ul", "ol"):
            continue
        text += _own(child) if child.tag == "details" else child.text_content() if child.tag != "p" else ""
        text += child.tail or ""
    return str(text)


def docx_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a Word file in the order in which they stand."""
    from docx import Document
    from docx.table import Table

    for block in Document(str(path)).iter_inner_content():
        if isinstance(block, Table):
            yield from (" | ".join(cell.text for cell in row.cells) for row in block.rows)
        else:
            yield block.text


def markdown_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a Markdown file as a reader of Markdown shows them."""
    cells: list[str] | None = None
    for token in MarkdownIt("commonmark", {"html": False}).enable("table").parse(path.read_text(encoding="utf-8")):
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            yield " | ".join(cells) if any(cells) else ""
            cells = None
        elif token.type == "inline":
            text = "".join(" " if part.type == "softbreak" else part.content for part in token.children or ())
            if cells is None:
                yield text
            else:
                cells.append(text)


_BODY = re.compile(r"^(Body \| Status|[■□ ]*[CTLS][0-9]+ \|.*)$")


def without_spine(lines: Iterable[str]) -> list[str]:
    """Return `lines` without the drawn bodies, which every format draws in its own way."""
    return [line for line in lines if not _BODY.match(line.strip()) and not line.startswith("Vertebral bodies from")]


def normal(text: str) -> str:
    """Return `text` with one blank between words."""
    return " ".join(text.split())
