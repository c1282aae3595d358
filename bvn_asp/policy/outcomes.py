"""What a policy may conclude of one record only once: its recommendation, and its eligibility."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from bvn_asp.errors import PolicyError
from bvn_asp.policy.program import foreign_name
from bvn_asp.policy.terms import Term, to_text

OUTCOMES = ("approve", "partial", "deny")
"""Recommendations that settle a request, the most wanted first."""
EXCLUSIVE: tuple[tuple[Term, Term], ...] = (
    *combinations([("recommend", outcome) for outcome in OUTCOMES], 2),
    ("eligible", "not_eligible"),
)
"""Conclusions of which a record has at most one, by two."""


def check_exclusive(text: str, holds: Callable[[Term, Term], bool]) -> None:
    """Raise PolicyError if the policy `text` draws two conclusions that exclude each other: `holds` tells of any two.

    The policy of the package draws no such two of any record, which a test proves; another may.
    """
    for one, other in EXCLUSIVE:
        if holds(one, other):
            raise PolicyError(
                f"{foreign_name(text) or 'the policy'}: it concludes both {to_text(one)} and {to_text(other)} of one "
                "record, so that nothing can be decided by it; mend its rules: `bvn audit` tells which criteria "
                "contradict themselves"
            )
