"""An empty case file to fill in: every field of the table as a comment that says what it can hold."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.record.field import Field
from bvn_asp.record.schema import takes
from bvn_asp.record.table import SECTIONS, TABLE

_HEAD = """\
# A case for `bvn decide`. Take away "# " in front of what the record states, and of the section it stands in.
# What stays a comment is not stated, and so unknown. A statement can be a bound (at least 50, March 2023), several
# words (moderate or severe), or carry its document: {value: yes, document: clinic note, page: 2}.
# `bvn manual cases` says how to write that there is nothing else.

"""
_FIRST = "request"
"""The section that is there from the start, so that the file is a case."""


def blank() -> str:
    """Return the text of the file; it is read as a case that states nothing."""
    rows = sorted(TABLE.fields, key=lambda row: row.section != _FIRST)
    return _HEAD + "".join(f"{line}\n" for line in _lines(row for row in rows if row.form != "list"))


def _lines(rows: Iterator[Field]) -> Iterator[str]:
    """Yield the fields, under a line for each section or list that they stand in."""
    open_sections: list[str] = []
    for row in rows:
        *sections, name = row.path.split(".")
        # The entries of a list stand one step further in than the list.
        sections = ".".join(sections).replace("[]", ".[]").split(".") if sections else []
        common = next(
            (n for n, pair in enumerate(zip(sections, open_sections, strict=False)) if pair[0] != pair[1]),
            min(len(sections), len(open_sections)),
        )
        for depth in range(common, len(sections)):
            if sections[depth] != "[]":
                about = SECTIONS.get(".".join(sections[: depth + 1]), "")
                note = f"   # {about}" if about else ""
                yield f"{'' if sections[0] == _FIRST else '# '}{'  ' * depth}{sections[depth]}:{note}"
        begins = common < len(sections) and sections[-1] == "[]"
        open_sections = sections
        indent = "  " * len(sections)
        meaning = f"{takes(row)}{f' ({row.note})' if row.note else ''}"
        if row.path.removesuffix("[]") == f"{_FIRST}.bodies":
            yield f"{indent}bodies: []   # {meaning}"
        else:
            yield f"# {indent[:-2] + '- ' if begins else indent}{name.removesuffix('[]')}:   # {meaning}"
