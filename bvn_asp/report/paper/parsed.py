"""A document read from Markdown: what a template writes becomes the same blocks as everything else that is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bvn_asp.report.paper.blocks import Block, Divider, Heading, Line, Listing, Paper, Paragraph, Run, Table

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode


def parsed(text: str, title: str, *, made: str = "", draft: str = "") -> Paper:
    """Return the Markdown `text` as a document; tags of HTML in it are words like any others."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    top = SyntaxTreeNode(reader.parse(text))
    return Paper(title, tuple(block for node in top.children for block in _blocks(node)), made=made, draft=draft)


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    if node.type == "heading":
        yield Heading(int(node.tag[1:]), "".join(run.text for line in _lines(node) for run in line))
    elif node.type == "paragraph":
        yield from (Paragraph(line) for line in _lines(node))
    elif node.type == "blockquote":
        for child in node.children:
            for block in _blocks(child):
                yield replace(block, kind="draft") if isinstance(block, Paragraph) else block
    elif node.type in ("bullet_list", "ordered_list"):
        yield Listing(tuple(_item(item) for item in node.children), node.type == "ordered_list")
    elif node.type == "table":
        yield _table(node)
    elif node.type == "hr":
        yield Divider()
    elif node.content:
        yield Paragraph((Run(node.content),))


def _item(node: SyntaxTreeNode) -> tuple[Line, tuple[Block, ...]]:
    blocks = [block for child in node.children for block in _blocks(child)]
    if blocks and isinstance(blocks[0], Paragraph):
        return blocks[0].line, tuple(blocks[1:])
    return (), tuple(blocks)


def _table(node: SyntaxTreeNode) -> Table:
    rows = [
        tuple(tuple(run for line in _lines(cell) for run in line) for cell in row.children)
        for part in node.children
        for row in part.children
    ]
    head = tuple("".join(run.text for run in cell) for cell in rows[0])
    return Table(head if any(head) else (), tuple(rows[1:]))


def _lines(node: SyntaxTreeNode) -> Iterator[Line]:
    """Yield the lines of a paragraph: a line break that is meant begins a new one."""
    runs: list[Run] = []
    for inline in node.children:
        for run in _runs(inline):
            if run.text == "\n":
                yield tuple(runs)
                runs = []
            else:
                runs.append(run)
    yield tuple(runs)


_PLAIN = Run("")


def _runs(node: SyntaxTreeNode, look: Run = _PLAIN) -> Iterator[Run]:
    if node.type == "strong":
        look = replace(look, strong=True)
    elif node.type == "em":
        look = replace(look, emphasis=True)
    elif node.type == "hardbreak":
        yield replace(look, text="\n")
    elif node.type == "softbreak":
        yield replace(look, text=" ")
    elif node.content and not node.children:
        yield replace(look, text=node.content)
    for child in node.children:
        yield from _runs(child, look)
    if node.type == "link" and node.attrs.get("href"):
        yield replace(look, text=f" ({node.attrs['href']})")
