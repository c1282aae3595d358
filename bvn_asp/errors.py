"""What can go wrong, as one tree: every error that a user can cause is a `BvnError`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in a case file: where it is, what is wrong, and what to write instead."""

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
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


class ReadingError(BvnError):
    """A reading was asked for that the policy does not offer; the message lists the choices."""


class SolveError(BvnError):
    """A search did not end as it must: no answer set, more than one, or a bound was reached."""


class OutputError(BvnError):
    """A file that was asked for cannot be written."""
