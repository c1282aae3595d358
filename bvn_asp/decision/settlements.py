"""Which few facts, if they were stated, would settle a recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bvn_asp.decision.decision import Settlement, missing_facts
from bvn_asp.decision.wording import NO_BODIES, Wording
from bvn_asp.policy.terms import Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.program import OpenProgram

MOST_SETS = 8
"""Most sets of missing facts that a decision lists for an outcome."""


@cache
def is_setting(term: Term) -> bool:
    """Tell whether an input belongs to the run or the request, which completions leave as they are."""
    return name_of(term) in ("selected", "assumed_absent", "assumed") or subject_of(term) == "request_made"


@dataclass(frozen=True)
class Settler:
    """Finds what settles the case whose inputs are `literals`; with `bodies_open`, of a request for unknown bodies."""

    program: OpenProgram
    facts: Facts
    wording: Wording
    literals: set[int]
    bodies_open: bool

    def settlements(self, outcomes: Iterable[str]) -> tuple[tuple[Settlement, ...], bool]:
        """Return smallest sets of facts that could settle each of `outcomes`, and whether these are all."""
        stated = self.facts.settled()
        complete, *assumptions = self.program.complete(
            self.literals, lambda term: is_setting(term) or (isinstance(term, tuple) and term[1] in stated)
        )
        assumptions.append(-complete)
        found: list[Settlement] = []
        everything = True
        for outcome in outcomes:
            goal = self.program.literal(("recommend", outcome))
            if goal is None:
                continue
            sets, whole = self.program.smallest([*assumptions, goal], MOST_SETS)
            everything &= whole
            # In an order of their own, since that of a search hangs on what was searched for before.
            settlements = [self._settlement(outcome, terms, goal) for terms in sets]
            found += sorted(settlements, key=lambda settlement: [(node.text, node.field) for node in settlement.facts])
        return tuple(dict.fromkeys(found)), everything

    def _settlement(self, outcome: str, terms: Sequence[Term], goal: int) -> Settlement:
        needed = self._needed(terms, goal)
        nodes = [self.wording.missing(subject_of(term)) for term in needed]
        if self.bodies_open and not self._settles(needed, goal, any_bodies=False):
            nodes.append(NO_BODIES)
        return Settlement(outcome, missing_facts(sorted(nodes, key=lambda node: node.text)))

    def _needed(self, terms: Sequence[Term], goal: int) -> list[Term]:
        """Return which of `terms` are needed: of what is stated in part, a search takes more without being asked."""
        kept = [term for term in terms if name_of(term) != "complete"]
        in_part = {self.program.topic(subject) for subject in self.facts.subjects()}
        for topic in dict.fromkeys(self.program.topic(subject_of(term)) for term in kept):
            rest = [term for term in kept if self.program.topic(subject_of(term)) != topic]
            if topic in in_part and self._settles(rest, goal):
                kept = rest
        return kept

    def _settles(self, terms: Sequence[Term], goal: int, *, any_bodies: bool = True) -> bool:
        """Tell whether the rules reach the goal once `terms` are stated too, for some bodies if they are not known."""
        stated = [literal for term in terms if (literal := self.program.literal(term)) is not None]
        free: set[int] = set()
        if any_bodies and self.bodies_open:
            inputs = self.program.inputs.items()
            free = {-literal for literal, term in inputs if name_of(subject_of(term)) == "requested"}
        assumptions = self.program.assume({*self.literals, *stated})
        return self.program.satisfiable([*(literal for literal in assumptions if literal not in free), goal])
