"""What a page of a case is made of: groups of fields, lists with their entries, and the controls of each field."""

from __future__ import annotations

from dataclasses import dataclass

from bvn_asp.record.field import Field
from bvn_asp.report.labels import decides_nothing
from bvn_asp.web.fields import anchor

_LONG = 1_000
"""A text that may be longer than this gets several lines."""


@dataclass(frozen=True)
class Source:
    """The document behind a statement: what is said of it by part, and of a further one, what it states."""

    name: str
    parts: tuple[tuple[str, str], ...]
    value: str = ""
    counts: bool = False


@dataclass(frozen=True)
class Control:
    """One field of the form, or one of an entry: what it takes, and what it holds."""

    row: Field
    path: str
    label: str
    note: str
    chosen: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    how: str
    upper: str
    other: str
    counts: tuple[tuple[str, str, str], ...]
    sources: tuple[Source, ...]
    error: str

    @property
    def id(self) -> str:
        """What its element is called."""
        return anchor(self.path)

    @property
    def text(self) -> str:
        """What its text control holds."""
        return next(iter(self.chosen), "")

    @property
    def long(self) -> bool:
        """Whether it is for a text of several lines."""
        return self.row.form == "text" and self.row.high > _LONG

    @property
    def documented(self) -> bool:
        """Whether a document is named for it."""
        return len(self.sources) > 2 or any(text for source in self.sources for _, text in source.parts)

    @property
    def is_stated(self) -> bool:
        """Whether it holds anything."""
        return any(self.chosen) or bool(self.how or self.other or any(text for _, _, text in self.counts))

    @property
    def aside(self) -> bool:
        """Whether the policy asks for it nowhere, and nothing else of the record either."""
        return decides_nothing(self.row)


@dataclass(frozen=True)
class Entry:
    """One entry of a list."""

    path: str
    title: str
    controls: tuple[Control, ...]

    @property
    def id(self) -> str:
        """What its element is called."""
        return anchor(self.path)


@dataclass(frozen=True)
class Entries:
    """A list with its entries, each a `noun`; `state` is what is said of the list itself: none, unknown, or nothing."""

    row: Field
    name: str
    label: str
    noun: str
    state: str
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """What its element is called."""
        return anchor(self.name)


@dataclass(frozen=True)
class Part:
    """Fields under one heading, in the order of the table; `aside` and `finer` are unfolded on demand."""

    title: str
    items: tuple[Control | Entries, ...]
    finer: tuple[Control, ...] = ()
    aside: tuple[Control, ...] = ()

    @property
    def open_finer(self) -> bool:
        """Whether anything is stated among the finer fields."""
        return any(control.is_stated for control in self.finer)


@dataclass(frozen=True)
class Group:
    """A section of the chart; `whole` tells whether all is stated that says that there is nothing else in it."""

    name: str
    title: str
    about: str
    parts: tuple[Part, ...]
    closing: tuple[Field, ...]
    whole: bool

    @property
    def id(self) -> str:
        """What its element is called."""
        return f"section-{self.name}"
