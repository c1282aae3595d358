"""Where reports are printed: as wide as the terminal, or as plain text that is never too narrow for a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bvn_asp.report.safe import safe

WIDTH = 120
"""Columns of a report that goes to a file, unless COLUMNS asks for more."""


class Page:
    """Standard output, or text: colours only where a terminal shows them, and no blanks at the ends of lines."""

    def __init__(self, width: int | None = None) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._styled = self._console.is_terminal and width is None
        if width is not None:
            self._console = Console(
                file=StringIO(), width=width, color_system=None, force_terminal=False, highlight=False, markup=False,
                emoji=False,
            )  # fmt: skip
        elif not self._styled:
            wanted = os.environ.get("COLUMNS", "")
            self._console.width = max(int(wanted) if wanted.isdecimal() else 0, WIDTH)
        self.width = self._console.width

    def text(self, parts: Iterable[RenderableType]) -> str:
        """Return `parts` as they are printed here."""
        with self._console.capture() as captured:
            for part in parts:
                self._console.print(part)
        if self._styled:
            return captured.get()
        return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())

    def show(self, *parts: RenderableType) -> None:
        """Print `parts` on standard output."""
        sys.stdout.write(self.text(parts))

    def hanging(self, text: str) -> Text:
        """Return `text`, lines that are too wide broken and their rest indented further than they are."""
        found: list[Text] = []
        for line in map(safe, text.split("\n")):
            words = line.lstrip(" ")
            indent = " " * (len(line) - len(words))
            if Text(line).cell_len <= self.width:
                found.append(Text(line))
                continue
            first, *rest = Text(words).wrap(self._console, max(self.width - len(indent) - 4, 20))
            found += [Text(indent) + first, *(Text(f"{indent}    ") + part for part in rest)]
        return Text("\n").join(found)


def table(*headings: str) -> Table:
    """Return an empty table with a line below its headings; its last column is wrapped where it is too wide."""
    made = Table(box=SIMPLE_HEAD, header_style="bold")
    for place, heading in enumerate(headings, 1):
        made.add_column(heading, no_wrap=place < len(headings), overflow="fold")
    return made


def indented(part: RenderableType, columns: int) -> Padding:
    """Return `part`, further right by `columns`."""
    return Padding(part, (0, 0, 0, columns))
