"""Lines of styled text, wrapped to a width: paragraphs, trees and tables, the same for a terminal and for a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Piece = tuple[str, str]
"""Text and its style, as rich names styles."""
Line = Sequence[Piece]

_WORD = re.compile(r"\s*\S+\s*")
_GUIDES = {True: ("├── ", "└── ", "│   "), False: ("+-- ", "`-- ", "|   ")}


class Branch(NamedTuple):
    """A step of a tree, and the steps below it."""

    line: Line
    branches: Sequence[Branch] = ()


def plain(line: Line) -> str:
    """Return `line` without styles and trailing blanks."""
    return "".join(text for text, _ in line).rstrip()


def cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """Yield `line` broken into lines of at most `width` columns, between words where there are any."""
    text = "".join(piece for piece, _ in line)
    if cells(text) <= width:
        yield line
        return
    for start, end in pairwise([0, *_breaks(text, width), len(text)]):
        yield _part(line, start, start + len(text[start:end].rstrip()))


def _breaks(text: str, width: int) -> Iterator[int]:
    used = 0
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        if used and used + cells(word.rstrip()) > width:
            yield start
            used = 0
        while cells(word.rstrip()) > width:
            fitting = 1
            while cells(word[: fitting + 1]) <= width:
                fitting += 1
            start, word = start + fitting, word[fitting:]
            yield start
        used += cells(word)


def _part(line: Line, start: int, end: int) -> Line:
    part: list[Piece] = []
    for text, style in line:
        piece = text[max(start, 0) : max(end, 0)]
        if piece:
            part.append((piece, style))
        start, end = start - len(text), end - len(text)
    return part


def tree(branch: Branch, width: int, *, indent: str = "", boxes: bool = True) -> Iterator[Line]:
    """Yield the lines of a tree; guides are drawn with box characters, or else with ASCII."""
    yield from _tree(branch, width, indent, "", "", boxes)


def _tree(branch: Branch, width: int, indent: str, first: str, rest: str, boxes: bool) -> Iterator[Line]:
    guide = first
    for line in wrapped(branch.line, max(width - len(indent) - len(rest), 1)):
        yield [(indent, ""), (guide, "dim"), *line]
        guide = rest
    middle, last, passing = _GUIDES[boxes]
    for place, below in enumerate(branch.branches, 1):
        ends = place == len(branch.branches)
        yield from _tree(
            below, width, indent, rest + (last if ends else middle), rest + ("    " if ends else passing), boxes
        )


def table(
    headings: Sequence[str], rows: Sequence[Sequence[Piece]], width: int, *, boxes: bool = True
) -> Iterator[Line]:
    """Yield the lines of a table; its last column is wrapped where the table is wider than `width`."""
    columns = [
        max(map(cells, column)) for column in zip(headings, *([text for text, _ in row] for row in rows), strict=True)
    ]
    columns[-1] = max(min(columns[-1], width - sum(columns[:-1]) - 3 * len(columns) - 1), 8)
    yield from _row([(heading, "bold") for heading in headings], columns)
    yield [(" " + ("─" if boxes else "-") * (sum(columns) + 3 * len(columns) - 1), "")]
    for row in rows:
        yield from _row(row, columns)


def _row(row: Sequence[Piece], columns: Sequence[int]) -> Iterator[Line]:
    *cells_before, (text, style) = row
    lead: list[Piece] = [("  ", "")]
    for (cell, look), size in zip(cells_before, columns, strict=False):
        lead += [(cell, look), (" " * (size - cells(cell) + 3), "")]
    for part in wrapped([(text, style)], columns[-1]):
        yield [*lead, *part]
        lead = [(" " * (sum(columns[:-1]) + 3 * len(columns) - 1), "")]
