"""Policies made of one: with criteria set aside, or without those that a source alone supports."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bvn_asp.errors import PolicyError
from bvn_asp.policy.register import CRITERIA, Policy, policy_of
from bvn_asp.policy.terms import to_symbol


def waiving(policy: Policy, criteria: Iterable[str]) -> Policy:
    """Return `policy` with `criteria` set aside: each is judged as ever, and bars and refuses nothing.

    Raises PolicyError for a criterion that it does not have, or if it cannot set any aside.
    """
    waived = sorted(set(criteria))
    unknown = [id for id in waived if id not in policy.clauses]
    if unknown:
        raise PolicyError(f"there is no clause {', '.join(unknown)}")
    if waived and not _reads_disregarded(policy.text):
        raise PolicyError("the policy has no rule about disregarded(C), so nothing of it can be set aside")
    try:
        facts = "".join(f"\n{to_symbol(('disregarded', id))}." for id in waived)
    except ValueError as error:
        raise PolicyError(f"a clause cannot be set aside by its id: {error}") from None
    return policy_of(f"{policy.text}{facts}\n")


def _reads_disregarded(text: str) -> bool:
    without = re.sub(r'"(?:\\.|[^"\\\n])*"|%\*.*?\*%|%[^\n]*', "", text, flags=re.DOTALL)
    return re.search(r"\bdisregarded\(", without) is not None


def without_source(policy: Policy, reference: int) -> tuple[str, ...]:
    """Return the criteria of which neither the whole nor a part is cited to `reference`; PolicyError if nothing is."""
    cited = {number for clause in policy.clauses.values() for number in clause.references}
    if reference not in cited:
        raise PolicyError(
            f"no clause is cited to reference {reference}; references: {', '.join(map(str, sorted(cited)))}"
        )
    kept = {c.part_of or c.id for c in policy.clauses.values() if reference in c.references}
    return tuple(c.id for c in policy.clauses.values() if c.kind in CRITERIA and c.part_of is None and c.id not in kept)
