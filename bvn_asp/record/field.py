"""What a row of the field table says of one field of a record, and how the rows hang together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Form = Literal["answer", "choice", "number", "date", "levels", "bodies", "names", "text", "units", "list"]
Mover = Literal["nobody", "time", "requester", "clinician", "records", "reviewer"]
"""Who can change what a field states once it is stated: the requester what is asked for, a clinician by treating, the
records by being completed, the reviewer by judging, time by passing, or nobody. A change by the first three is an
answer that becomes yes, a number that grows, or another option."""


@dataclass(frozen=True)
class Field:
    """One field of a record.

    `path`: its place in a case file, with `[]` for the entries of a list. `form`: what kind of statement it takes.
    `term`: what it states in the policy's words, where X stands for the entry of its list, V for a name or a place, and
    W for a moment; none if it decides nothing. `quantity` and `unit`: of a number, as the policy has them; `low` to
    `high` is its range. `values`: the options of a choice, or the names of a list; `groups` are words for several of
    them. `kinds`: the kinds of finding that it goes with. `parents`: the paths of the conditions it details.
    `closable`: a complete record that does not mention it is taken not to contain it. `measured`: a test gives it.
    `denies`: what it names is not so. `together`: what is so of an entry of which all fields with the same say yes.
    `closes`: the path of the list that it says is whole. `span`: a date from which a
    number counts, in these units. `mover`: who can change it. `ask`: the document or person that settles it.
    """

    path: str
    form: Form
    term: str = ""
    note: str = ""
    quantity: str = ""
    unit: str = ""
    low: int = 0
    high: int = 0
    values: tuple[str, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kinds: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    closable: bool = False
    measured: bool = False
    denies: bool = False
    together: str = ""
    closes: str = ""
    span: str = ""
    mover: Mover = "nobody"
    ask: str = ""

    @property
    def section(self) -> str:
        """The path of what it stands in; empty at the top."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its own name, without the mark of a list."""
        return self.path.rpartition(".")[2].removesuffix("[]")

    @property
    def is_list(self) -> bool:
        """Whether it holds entries with fields of their own."""
        return self.form == "list"

    @property
    def entry(self) -> str:
        """The path of the list that it belongs to, or nothing."""
        return self.path[: self.path.rindex("[]") + 2] if "[]" in self.section else ""

    @property
    def decides(self) -> bool:
        """Whether the policy knows what it states."""
        return bool(self.term)


def general(path: str) -> str:
    """Return `path` without the places of entries, as the table has it."""
    return re.sub(r"\[[0-9]+\]", "[]", path)


class Table:
    """The rows of a field table, and how they hang together."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.by_path = {field.path: field for field in fields}

    def row_at(self, path: str) -> Field | None:
        """Return the row of the field at `path`, with or without the places of entries; a list also by its name."""
        return self.by_path.get(general(path)) or self.by_path.get(f"{general(path)}[]")

    def whom(self, path: str) -> str:
        """Return whom to ask for the field at `path`."""
        row = self.row_at(path)
        return row.ask if row is not None and row.ask else "other"

    @cached_property
    def lists(self) -> dict[str, tuple[Field, ...]]:
        """The fields of the entries of each list, by the list's path."""
        return {row.path: tuple(f for f in self.fields if f.entry == row.path) for row in self.fields if row.is_list}

    @cached_property
    def plain(self) -> tuple[Field, ...]:
        """The fields that stand once in a case, lists left out."""
        return tuple(field for field in self.fields if not field.entry and not field.is_list)

    @cached_property
    def details(self) -> dict[str, tuple[Field, ...]]:
        """The fields that are details of a condition, by its path."""
        found: dict[str, list[Field]] = {}
        for field in self.fields:
            for parent in field.parents:
                found.setdefault(parent, []).append(field)
        return {path: tuple(fields) for path, fields in found.items()}
