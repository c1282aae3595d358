"""A sheet of very many rows, put into a spreadsheet batch by batch: a cell at a time would take an hour a million rows.

Text stands in the sheet as text, in the form that no program reads as anything else.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bvn_asp.report.paper.sheets import shown

_FIRST = "xl/worksheets/sheet1.xml"
_END = b"</sheetData>"
_TEXT = '" t="inlineStr"><is><t xml:space="preserve">'
_TEXT_END = "</t></is></c>"
_ESCAPED_ALREADY = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ROWS = 20_000
"""Rows that are put together at once."""


def fill_first_sheet(source: Path, target: Path, batches: Iterable[Any], names: Sequence[str], count: int) -> None:
    """Write the spreadsheet `source` to `target`, with `count` rows of `names` below the first headings."""
    with (
        zipfile.ZipFile(source) as before,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as after,
    ):
        for item in before.infolist():
            content = before.read(item)
            if item.filename != _FIRST:
                after.writestr(item, content)
                continue
            head, tail = content.split(_END)
            area = f'<dimension ref="A1:{letters(len(names) - 1)}{count + 1}"/>'.encode()
            with after.open(item.filename, "w", force_zip64=True) as out:
                out.write(re.sub(rb"<dimension [^>]*/>", area, head))
                for part in _rows(batches, names):
                    out.write(part)
                out.write(_END + tail)


def letters(column: int) -> str:
    """Return the letters of a column, the first of which is 0."""
    found = ""
    while column >= 0:
        found = chr(ord("A") + column % 26) + found
        column = column // 26 - 1
    return found


def _rows(batches: Iterable[Any], names: Sequence[str]) -> Iterator[bytes]:
    first = 2
    for whole in batches:
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            numbers = pa.array(range(first, first + batch.num_rows), pa.int64()).cast(pa.string())
            cells = [_cells(batch.column(name), letters(place), numbers) for place, name in enumerate(names)]
            lines = pc.binary_join_element_wise(
                pc.binary_join_element_wise('<row r="', numbers, '">', ""), *cells, "</row>", "",
                null_handling="replace", null_replacement="",
            )  # fmt: skip
            yield "".join(lines.to_pylist()).encode()
            first += batch.num_rows


def _cells(column: Any, letter: str, numbers: Any) -> Any:
    """Return the cells of a column, null where it is."""
    if pa.types.is_boolean(column.type):
        rest = pc.if_else(column, '" t="b"><v>1</v></c>', '" t="b"><v>0</v></c>')
    elif pa.types.is_integer(column.type):
        rest = pc.binary_join_element_wise('"><v>', column.cast(pa.string()), "</v></c>", "")
    elif pa.types.is_dictionary(column.type):
        words = pa.array([None if text is None else _text(text) for text in column.dictionary.to_pylist()], pa.string())
        rest = pa.DictionaryArray.from_arrays(column.indices, words).cast(pa.string())
    else:
        rest = pa.array([None if text is None else _text(text) for text in column.to_pylist()], pa.string())
    return pc.binary_join_element_wise(f'<c r="{letter}', numbers, rest, "")


def _text(text: str) -> str:
    """Return the end of a cell that holds `text` and nothing that it could mean."""
    found = shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{_TEXT}{_ESCAPED_ALREADY.sub('_x005F_', found)}{_TEXT_END}"
