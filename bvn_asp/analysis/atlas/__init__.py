"""The edges of a policy, each shown by a near miss: records that differ in one entry and are decided differently."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from bvn_asp.analysis.atlas.bench import Bench, Edge, Entry
from bvn_asp.analysis.atlas.clauses import clauses, limits
from bvn_asp.analysis.atlas.conditions import conditions, edited
from bvn_asp.analysis.atlas.facts import facts, missing
from bvn_asp.analysis.atlas.readings import readings

if TYPE_CHECKING:
    from bvn_asp.analysis.mutants import Verdict
    from bvn_asp.policy.register import Policy

__all__ = ["KINDS", "Atlas", "Edge", "Entry"]

KINDS: Mapping[str, Callable[[Bench], Iterator[Entry]]] = {
    "clause": clauses,
    "limit": limits,
    "reading": readings,
    "fact": facts,
    "missing": missing,
    "condition": conditions,
}
"""Kinds of edges: a clause; a limit of one; an option of a question; a fact or choice; a fact that is not stated; and
a rule or a condition of one, that the recommendation hangs on."""


class Atlas:
    """The edges of `policy` and their near misses; `deadline` is a moment of `time.monotonic`, or None."""

    def __init__(self, policy: Policy, deadline: float | None = None) -> None:
        self.policy = policy
        self._bench = Bench(policy, deadline)

    def entries(self, kinds: Collection[str] = tuple(KINDS)) -> Iterator[Entry]:
        """Yield what is found for every edge of `kinds`, but for facts that an earlier pair shows already.

        Raises SearchTimeoutError when the deadline passes; what was found until then stands.
        """
        for kind, edges in KINDS.items():
            if kind in kinds:
                yield from edges(self._bench)

    def edited(self, verdict: Verdict) -> Entry:
        """Return a pair for an edit of the policy that no other pair notices, if one of its records does."""
        return edited(self._bench, verdict)
