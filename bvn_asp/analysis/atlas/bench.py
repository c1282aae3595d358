"""What every part of an atlas works with: two records side by side, and the way from a search to an entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.analysis.atlas.contrast import Contrasts
from bvn_asp.analysis.atlas.twins import Pair, Twins
from bvn_asp.analysis.search import Search
from bvn_asp.analysis.space import SearchLimitError, Space, World

if TYPE_CHECKING:
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.terms import Term

MOST_CONFLICTS = 20_000
"""Most conflicts of one search for a pair, which does not hang on the machine, as seconds would."""
OPEN = "open: the search met as many conflicts as it may"
PERHAPS_NEARER = "there may be a nearer pair: the search for it met as many conflicts as it may"


@dataclass(frozen=True)
class Edge:
    """What a near miss is to show: its kind, the clause or question if it is of one, and in words what it is about."""

    kind: str
    clause: str
    words: str


@dataclass(frozen=True)
class Entry:
    """What was found for an edge: a near miss, or a `remark` why there is none.

    `along` are further criteria that fail on the worse record. `proof` says why the clause never fails alone. One that
    is not `settled` may have a pair that was not found.
    """

    edge: Edge
    pair: Pair | None
    along: tuple[str, ...] = ()
    proof: Proof | None = None
    remark: str = ""
    settled: bool = True


class Bench:
    """The edges of `policy` at work; `deadline` is a moment of `time.monotonic`, or None.

    `shown` holds what the pairs found so far show already.
    """

    def __init__(self, policy: Policy, deadline: float | None = None) -> None:
        self.policy, self.deadline = policy, deadline
        self.search = Search(policy)
        self.twins = Twins(self.search)
        self.space = self.twins.space
        self.contrasts = Contrasts(self.search)
        self.shown: set[Term] = set()

    def bounded(self, space: Space, edge: Edge, find: Callable[[], Entry]) -> Entry:
        """Return what is found within the bound on each search; raises SearchTimeoutError after the deadline."""
        with space.bounded(self.deadline, MOST_CONFLICTS):
            try:
                space.check_time()
                return find()
            except SearchLimitError:
                return Entry(edge, None, remark=OPEN, settled=False)

    def entry(
        self, edge: Edge, world: World | None, remark: str, beside: Iterable[frozenset[Term]] = (),
        near: Collection[Term] = (), along: tuple[str, ...] = (), proof: Proof | None = None,
    ) -> Entry:  # fmt: skip
        """Return what a search found of an edge, decided; `remark` says why, where it found nothing.

        `beside` and `near` as in `Twins.pair`.
        """
        if world is None:
            return Entry(edge, None, along, proof, remark)
        pair = self.twins.pair(world, *beside, near=near)
        if pair is None:
            return Entry(edge, None, along, proof, "what is left open settles both records alike")
        for side in (0, 1):
            self.shown |= {self.key(term) for term in world.inputs[side] - world.inputs[1 - side]}
        return Entry(edge, pair, along, proof)

    def subject(self, subject: Term) -> Term:
        """Return what subjects share that differ only in a body, a place, or the number of an entry."""
        if not isinstance(subject, tuple):
            return subject
        parts: list[Term] = []
        for part in subject[1:]:
            if isinstance(part, tuple):
                parts.append(part[1] if part[0] == "finding" else str(part[0]))
            elif str(part).upper() not in self.search.room.bodies:
                parts.append(part)
        return (subject[0], *(parts[:1] if subject[0] == "at" else parts))

    def key(self, term: Term) -> Term:
        """Return what a pair shows by an input: a fact, whichever way it is, or an option of a choice."""
        if not isinstance(term, tuple) or term[0] not in ("yes", "no", "ruled_out"):
            return term
        return (self.subject(term[1]), term[2]) if term[0] == "ruled_out" else self.subject(term[1])
