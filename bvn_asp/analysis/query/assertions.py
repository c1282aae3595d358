"""Files of assertions: one to a line, with a name or without, and remarks after `#`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.text import Query, QueryError, read_query
from bvn_asp.errors import BvnError

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy

SHIPPED = Path(__file__).with_suffix(".txt")
"""The assertions that come with the package: what a reader of the document expects of it."""
MOST_BYTES, MOST_LINES = 1_000_000, 2_000
_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9 _-]{0,60}):\s")


class AssertionsError(BvnError):
    """A file of assertions cannot be used; `problems` holds every line that is none."""

    def __init__(self, file: str, problems: list[QueryError]) -> None:
        super().__init__(file, problems)
        self.file, self.problems = file, problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True)
class Assertion:
    """One assertion of a file: its name, if it has one, its line and what it says."""

    name: str
    line: int
    query: Query


def load_assertions(path: str | Path, policy: Policy) -> list[Assertion]:
    """Read a file of assertions; raise BvnError if it cannot be read, AssertionsError for lines that are none."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BvnError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise BvnError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    lines = text.splitlines()
    if len(data) > MOST_BYTES or len(lines) > MOST_LINES:
        raise BvnError(f"{path}: too large: at most {MOST_BYTES:,} bytes and {MOST_LINES:,} lines")
    found: list[Assertion] = []
    problems: list[QueryError] = []
    for number, line in enumerate(lines, 1):
        said = line.split("#", 1)[0].rstrip()
        if not said.strip():
            continue
        name = _NAME.match(said)
        start = name.end() if name else len(said) - len(said.lstrip())
        called = name[1].strip() if name else ""
        first = next((item.line for item in found if called and item.name == called), 0)
        try:
            if first:
                raise QueryError(said, 1 - start, f"line {first} has the name {called!r} already; name it otherwise")
            found.append(Assertion(called, number, read_query(said[start:], policy)))
        except QueryError as error:
            problems.append(QueryError(line, start + error.column, error.problem, file=str(path), line=number))
    if problems:
        raise AssertionsError(str(path), problems)
    if not found:
        raise BvnError(f"{path}: holds no assertion")
    return found
