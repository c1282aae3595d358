"""What a found record states, by form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bvn_asp.policy.terms import Term

Record = dict[str, Any]
"""A case file as plain data."""
Limits = Mapping[str, list[int]]
"""The ascending limits of each quantity, in millionths."""


@dataclass(frozen=True)
class Stated:
    """Inputs by their form: answers, values ruled out of choices, the least and the greatest that a number can be.

    `absent`: what a complete record is taken to be without. `assumed`: of what its silence says something.
    """

    answers: dict[Term, bool] = field(default_factory=dict)
    excluded: dict[Term, set[str]] = field(default_factory=dict)
    low: dict[Term, int] = field(default_factory=dict)
    high: dict[Term, int] = field(default_factory=dict)
    absent: set[Term] = field(default_factory=set)
    assumed: set[Term] = field(default_factory=set)


def stated_by(inputs: Iterable[Term]) -> Stated:
    """Return `inputs` by their form."""
    found = Stated()
    for term in inputs:
        if not isinstance(term, tuple):
            continue
        if term[0] in ("yes", "no"):
            found.answers[term[1]] = term[0] == "yes"
        elif term[0] == "ruled_out":
            found.excluded.setdefault(term[1], set()).add(str(term[2]))
        elif term[0] in ("from", "to") and isinstance(term[2], int):
            (found.low if term[0] == "from" else found.high)[term[1]] = term[2]
        elif term[0] == "assumed_absent":
            found.absent.add(term[1])
        elif term[0] == "assumed":
            found.assumed.add(term[1])
    return found
