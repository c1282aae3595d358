"""A document as Markdown: whatever a record says is written so that no reader of Markdown takes it for more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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

_SPECIAL = re.compile(r"([\\`*\[\]<>|~$]|&(?=[#\w])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|#+\s*$)")
_BEGINNING = re.compile(r"^(\s*[0-9]*)([-+](?=[-\s]|$)|=|#|(?<=[0-9])[.)](?=\s|$))")


def escaped(text: str, *, within: bool = False) -> str:
    """Return `text` so that Markdown shows it as it is: on one line, with nothing in it that has a meaning there.

    `within` a line it cannot begin a list or a heading.
    """
    found = _SPECIAL.sub(r"\\\1", safe(" ".join(text.split("\n"))))
    return found if within else _BEGINNING.sub(r"\1\\\2", found)


def written(paper: Paper) -> str:
    """Return `paper` as Markdown."""
    parts = ["\n".join(_block(block)) for block in paper.blocks]
    foot = [f"---\n\n{escaped(paper.footer)}"] if paper.footer else []
    return "\n\n".join([*parts, *foot]) + "\n"


def _line(runs: Line) -> str:
    found = ""
    for run in runs:
        text = escaped(run.text, within=bool(found))
        mark = "**" if run.strong else "*" if run.emphasis else ""
        inner = text.strip()
        if mark and inner:
            text = text.replace(inner, f"{mark}{inner}{mark}", 1)
        found += text
    return found


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {escaped(block.text)}"
    elif isinstance(block, Paragraph):
        yield f"{'> ' if block.kind in ('notice', 'draft') else ''}{_line(block.line)}"
    elif isinstance(block, Listing):
        yield from _listed(block)
    elif isinstance(block, Table):
        yield from _table(block.head, block.rows)
    elif isinstance(block, Tree):
        yield from _branches(block.branches, 0)
    elif isinstance(block, Spine):
        rows = (
            (f"{'■' if each.requested else '□'} {each.name}", f"{MARKS[each.tone]} {each.words}")
            for each in block.bodies
        )
        yield "| Body | Status |\n|---|---|"
        yield from (f"| {name} | {escaped(said)} |" for name, said in rows)
    elif isinstance(block, Divider):
        yield "---"


def _listed(block: Listing, depth: int = 0) -> Iterator[str]:
    for place, (head, below) in enumerate(block.items, 1):
        yield f"{'   ' * depth}{f'{place}.' if block.ordered else '-'} {_line(head)}"
        for part in below:
            if isinstance(part, Listing):
                yield from _listed(part, depth + 1)
            else:
                yield from ("   " * (depth + 1) + text for text in _block(part))


def _table(head: tuple[str, ...], rows: Iterable[tuple[Line, ...]]) -> Iterator[str]:
    rows = list(rows)
    columns = len(head) or max((len(row) for row in rows), default=1)
    yield f"| {' | '.join(map(escaped, head or ('',) * columns))} |"
    yield f"|{'---|' * columns}"
    yield from (f"| {' | '.join(map(_line, row))} |" for row in rows)


def _branches(branches: Iterable[Branch], depth: int) -> Iterator[str]:
    for branch in branches:
        yield f"{'  ' * depth}- {_line(branch.line)}"
        yield from _branches(branch.below, depth + 1)
