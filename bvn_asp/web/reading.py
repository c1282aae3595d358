"""A form read as a case: what cannot be read is named beside its field, and counts as unknown until it is mended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bvn_asp.errors import CaseError, Problem
from bvn_asp.record.case import Case
from bvn_asp.record.files import read_content
from bvn_asp.record.statements import UNKNOWN
from bvn_asp.record.table import TABLE
from bvn_asp.web.fields import Values, content_of

_MOST_ROUNDS = 4
"""How often what is left is read again without what could not be read: a mistake can hide others."""


@dataclass(frozen=True)
class Read:
    """What a form says: a case, unless its mistakes leave none, and the mistakes."""

    case: Case | None
    problems: tuple[Problem, ...] = ()

    @property
    def by_field(self) -> dict[str, str]:
        """What is wrong, by the path of the field."""
        found: dict[str, str] = {}
        for problem in self.problems:
            found.setdefault(_paths([problem])[0], problem.message)
        return found


def read_form(values: Values) -> Read:
    """Return what the form holding `values` says.

    A statement that cannot be read counts as unknown, never as not made: what is called unknown is closed by nothing.
    """
    content = content_of(values)
    problems: list[Problem] = []
    for _ in range(_MOST_ROUNDS):
        try:
            return Read(read_content(content), tuple(problems))
        except CaseError as error:
            fresh = [problem for problem in error.problems if problem.path not in {p.path for p in problems}]
            problems += [Problem(problem.path, problem.message) for problem in fresh]
            given_up = [_give_up(content, path) for path in _paths(fresh)]
            if not given_up or not all(given_up):
                break
    return Read(None, tuple(problems))


def _paths(problems: Iterable[Problem]) -> list[str]:
    """Return the fields that are to blame: a conflict names its field at the start of what it says."""
    return [problem.path or problem.message.partition(":")[0].partition(" ")[0] for problem in problems]


def _give_up(content: dict[str, Any], path: str) -> bool:
    """Write unknown for the field at `path`; tell whether there is such a field."""
    steps = [step for step in re.split(r"[.\[\]]+", path) if step]
    found: Any = content
    while steps:
        step = steps.pop(0)
        row = TABLE.row_at(_prefix(path, steps))
        key: Any = int(step) if isinstance(found, list) and step.isdecimal() else step
        try:
            inner = found[key]
        except (KeyError, IndexError, TypeError):
            return False
        if row is not None and not row.is_list and not isinstance(found, list):
            found[key] = UNKNOWN
            return True
        found = inner
    return False


def _prefix(path: str, rest: list[str]) -> str:
    """Return `path` without the steps that are left."""
    parts = re.findall(r"[^.\[\]]+|\[[0-9]+\]", path)
    kept = parts[: len(parts) - len(rest)]
    return re.sub(r"\.\[", "[", ".".join(kept))
