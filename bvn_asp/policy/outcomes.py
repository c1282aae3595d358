"""What a policy may conclude of one record only once: recommendation, eligibility, a side of each clause and body."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

from bvn_asp.errors import PolicyError
from bvn_asp.policy.grounding import foreign_name
from bvn_asp.policy.terms import Term, to_text

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy

OUTCOMES = ("approve", "partial", "deny")
"""Recommendations that settle a request, the most wanted first."""
CLAUSE_SIDES = (("met", "unmet"), ("clear", "violated"))
BODY_SIDES = ("permissible", "refused")


@cache
def exclusive(clauses: tuple[str, ...], bodies: tuple[str, ...]) -> tuple[tuple[Term, Term], ...]:
    """Return the conclusions of which a record has at most one, by two, for the ids of clauses and names of bodies."""
    return (
        *combinations([("recommend", outcome) for outcome in OUTCOMES], 2),
        ("eligible", "not_eligible"),
        *(((one, clause), (other, clause)) for one, other in CLAUSE_SIDES for clause in clauses),
        *(((one, body.lower()), (other, body.lower())) for one, other in [BODY_SIDES] for body in bodies),
    )


def check_exclusive(policy: Policy, bodies: tuple[str, ...], holds: Callable[[Term, Term], bool]) -> None:
    """Raise PolicyError if `policy` draws two conclusions that exclude each other: `holds` tells of any two.

    The policy of the package draws no such two of any record, which a test proves; another may.
    """
    for one, other in exclusive(tuple(policy.clauses), bodies):
        if holds(one, other):
            raise PolicyError(
                f"{foreign_name(policy.text) or 'the policy'}: it concludes both {to_text(one)} and {to_text(other)} "
                "of one record, so that nothing can be decided by it; mend its rules: `bvn audit` tells which criteria "
                "contradict themselves"
            )
