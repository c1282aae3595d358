"""What a document is made of, whatever file it becomes: headings, paragraphs, lists, tables, a tree, a spine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "good", "bad", "open"]
"""What the colour of a status is to say; its word says it too."""
GOOD, BAD, OPEN = (
    ("met", "clear", "permissible", "eligible", "approve", "passes"),
    ("unmet", "violated", "refused", "not_eligible", "deny", "fails"),
    ("undetermined", "pend", "partial"),
)
MARKS: dict[Tone, str] = {"good": "✓", "bad": "✗", "open": "?", "": ""}
"""A sign before a status, for who cannot tell the colours apart."""


def tone(status: str) -> Tone:
    """Return the tone of a status, a recommendation or an eligibility."""
    return "good" if status in GOOD else "bad" if status in BAD else "open" if status in OPEN else ""


@dataclass(frozen=True)
class Run:
    """Some words of a line, of one look."""

    text: str
    strong: bool = False
    emphasis: bool = False
    tone: Tone = ""


Line = tuple[Run, ...]


def line(*parts: str | Run) -> Line:
    """Return a line of plain words and runs."""
    return tuple(part if isinstance(part, Run) else Run(part) for part in parts if part != "")


def status_run(status: str, words: str) -> Run:
    """Return the words of a status, with its sign and its tone."""
    found = tone(status)
    return Run(f"{MARKS[found]} {words}".strip(), strong=True, tone=found)


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title of the document."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a notice or a draft mark stands out from the others."""

    line: Line
    kind: Literal["", "notice", "draft", "small", "verdict"] = ""


@dataclass(frozen=True)
class Listing:
    """A list, each item a line and what belongs to it."""

    items: tuple[tuple[Line, tuple[Block, ...]], ...]
    ordered: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a line of headings, or without one a table of names and values."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Branch:
    """A line of a tree that unfolds, and what is below it."""

    line: Line
    below: tuple[Branch, ...] = ()
    open: bool = False


@dataclass(frozen=True)
class Tree:
    """Lines that unfold."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Vertebra:
    """One body of a drawn spine: its name, what is said beside it, and whether it is requested."""

    name: str
    words: str
    tone: Tone
    requested: bool


@dataclass(frozen=True)
class Spine:
    """Vertebral bodies from the top down, drawn; `alternative` says the same in a sentence."""

    bodies: tuple[Vertebra, ...]
    alternative: str


@dataclass(frozen=True)
class Divider:
    """A line across the page."""


Block = Heading | Paragraph | Listing | Table | Tree | Spine | Divider


@dataclass(frozen=True)
class Paper:
    """A document: its title, which names no patient, its blocks, a line below, and the day it was made, if known.

    `draft` are the words that mark every page of a draft.
    """

    title: str
    blocks: tuple[Block, ...]
    footer: str = ""
    made: str = ""
    draft: str = ""
