"""The fields of a case file as a table."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from bvn_asp.record.schema import field_table
from bvn_asp.report.page import table


def fields(section: str = "") -> Iterator[RenderableType]:
    """Yield every field of a case file, or those below `section`, with what it can be and means; nothing if none is."""
    rows = [row for row in field_table(section) if not section or row[0].startswith((f"{section}.", f"{section}["))]
    if not rows:
        return
    made = table("Field", "What it holds")
    for path, choices, meaning in rows:
        made.add_row(Text(path, "bold"), Text(f"{choices}{f' ({meaning})' if meaning else ''}"))
    yield made
    yield Text("Every field may be left out or be unknown. [] marks each entry of a list.")
