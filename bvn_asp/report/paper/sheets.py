"""Spreadsheets: every text is written as text, so that nothing a record says can be a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import OutputError
from bvn_asp.output import whole_file
from bvn_asp.report.paper.files import SHEETS, format_of
from bvn_asp.report.safe import safe_lines

if TYPE_CHECKING:
    from bvn_asp.report.paper.blocks import Tone

MOST_ROWS = 1_048_576
"""Rows of a sheet, the headings included."""
MOST_CHARACTERS = 32_000
"""Characters of a cell, a few less than there is room for."""
_HEIGHT, _MOST_LINES = 15, 27
"""Points of a line of a row, and the most lines of a row that a program shows."""
_FILLS: dict[Tone, str] = {"good": "#CFE9D6", "bad": "#F6CFCD", "open": "#D5E2F5"}


@dataclass(frozen=True)
class Toned:
    """The words of a cell, and the look that says how it stands."""

    text: str
    tone: Tone


Cell = str | int | float | bool | Decimal | Toned | None


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width in characters, and whether its cells are wrapped."""

    title: str
    width: int = 14
    wrap: bool = True


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns, and its rows; `coming` are rows that are put below these later."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]
    coming: int = 0


def about(pairs: Iterable[tuple[str, Cell]], name: str = "About") -> Sheet:
    """Return a sheet of names and values."""
    return Sheet(name, (Column("What", 28), Column("Value", 90)), list(pairs))


def write_sheets(sheets: Iterable[Sheet], path: Path, *, properties: str = "bvn") -> None:
    """Write a new spreadsheet at `path`, row by row; raise OutputError if it cannot be, or has too many rows."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxWriterException

    format_of(path, SHEETS)
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with whole_file(path) as unfinished:
        book = Workbook(str(unfinished), options)
        book.set_properties({"title": properties, "author": "bvn"})
        try:
            for sheet in sheets:
                _Writer(book, sheet, path).write()
        finally:
            try:
                book.close()
            except XlsxWriterException as error:
                raise OutputError(f"{path}: cannot be written: {error}") from None


class _Writer:
    """Writes one sheet of a workbook."""

    def __init__(self, book: Any, sheet: Sheet, path: Path) -> None:
        self._sheet, self._path = sheet, path
        self._place = book.add_worksheet(sheet.name)
        self._head = book.add_format({"bold": True, "bg_color": "#E8E8E8", "bottom": 1, "text_wrap": True})
        top = {"valign": "top", "bottom": 4, "bottom_color": "#999999"}
        self._looks = {wrap: book.add_format({**top, "text_wrap": wrap}) for wrap in (False, True)}
        self._tones = {
            tone: book.add_format({**top, "text_wrap": True, "bold": True, "bg_color": fill})
            for tone, fill in _FILLS.items()
        }

    def write(self) -> None:
        """Write the headings and the rows, and have it print on one page's width with the headings on every page."""
        sheet, place = self._sheet, self._place
        for number, column in enumerate(sheet.columns):
            place.set_column(number, number, column.width)
            place.write_string(0, number, column.title, self._head)
        place.freeze_panes(1, 0)
        place.repeat_rows(0)
        place.set_landscape()
        place.fit_to_pages(1, 0)
        place.set_footer(f"&L{sheet.name}&RPage &P of &N")
        looks = [self._looks[column.wrap] for column in sheet.columns]
        wrapped = any(column.wrap for column in sheet.columns)
        last = 0
        for last, row in enumerate(sheet.rows, 1):
            if last >= MOST_ROWS:
                raise OutputError(f"{self._path}: a sheet holds {MOST_ROWS - 1:,} rows at most; use .csv or a folder")
            if wrapped:
                place.set_row(last, _HEIGHT * self._lines(row))
            for number, cell in enumerate(row):
                self._cell(last, number, cell, looks[number])
        place.autofilter(0, 0, last + sheet.coming, len(sheet.columns) - 1)

    def _lines(self, row: Sequence[Cell]) -> int:
        """Return how many lines a row needs, which not every program works out by itself."""
        most = 1
        for column, cell in zip(self._sheet.columns, row, strict=False):
            text = cell.text if isinstance(cell, Toned) else cell if isinstance(cell, str) else ""
            if text:
                most = max(most, sum(ceil(max(len(part), 1) * 1.1 / column.width) for part in text.split("\n")))
        return min(most, _MOST_LINES)

    def _cell(self, row: int, number: int, cell: Cell, look: Any) -> None:
        if cell is None or cell == "":
            self._place.write_blank(row, number, None, look)
        elif isinstance(cell, Toned):
            self._place.write_string(row, number, shown(cell.text), self._tones.get(cell.tone, look))
        elif isinstance(cell, bool):
            self._place.write_boolean(row, number, cell, look)
        elif isinstance(cell, str):
            self._place.write_string(row, number, shown(cell), look)
        else:
            self._place.write_number(row, number, cell, look)


def shown(text: str) -> str:
    """Return `text` as a cell can hold it."""
    if text.isascii() and text.isprintable() and len(text) <= MOST_CHARACTERS:
        return text
    found = safe_lines(text)
    return found if len(found) <= MOST_CHARACTERS else f"{found[: MOST_CHARACTERS - 1]}…"
