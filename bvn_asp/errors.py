"""What can go wrong, as one tree: every error that a user can cause is a `BvnError`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One mistake in a case file: where it is, what is wrong, and what to write instead."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column is not None else ""
        place = f"line {self.line}{column}: " if self.line is not None else ""
        field = f"{self.path}: " if self.path else ""
        return f"{place}{field}{self.message}"


class BvnError(Exception):
    """Base of all errors that this package raises on purpose."""


class CaseError(BvnError):
    """A case cannot be read; `file` names it and `problems` lists every mistake found."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        super().__init__(file, problems)
        self.file = file
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {problem}" for problem in self.problems)


class TableError(BvnError):
    """A table of cases cannot be read or written; the message names the file, and the column and row if it is one."""


class ExtraError(BvnError):
    """A library that only some commands need is not installed; the message says how to install it."""


class PolicyError(BvnError):
    """A policy program cannot be used; the message names file, line and construct."""


class CircleError(PolicyError):
    """The rules of a policy go in a circle, through `atoms`."""

    def __init__(self, atoms: tuple[str, ...]) -> None:
        super().__init__(f"the rules go in a circle, and no search can follow them: {', '.join(atoms)}")
        self.atoms = atoms


class GroundingTimeError(PolicyError):
    """The time for a search is up before the rules of a policy are written out."""


class ReadingError(BvnError):
    """A reading was asked for that the policy does not offer; the message lists the choices."""


class SolveError(BvnError):
    """A search did not end as it must: no answer set, more than one, or a bound was reached."""


class ReviewError(BvnError):
    """A store of reviews cannot be opened, read or added to; the message names the file."""


class OutputError(BvnError):
    """A file that was asked for cannot be written."""


MOST_REPEATED = 40
"""Most characters of a wrong value that a message repeats."""


def refused(value: Any) -> str:
    """Return the wrong value for the end of a message, cut short."""
    if isinstance(value, dict):
        return ", not fields"
    text = value if isinstance(value, str) else "yes" if value is True else "no" if value is False else str(value)
    cut = f"{text[:MOST_REPEATED]}..." if len(text) > MOST_REPEATED else text
    return f", not {cut!r}" if isinstance(value, str) else f", not {cut}"
