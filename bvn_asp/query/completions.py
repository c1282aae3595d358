"""How far a refutation by the rules reaches: a decision also looks at all completions of a record.

A decision has a status if all completions of its record have it. So what no complete record can be, no record can be,
as long as at most one settled status is denied: a completion then denies it too. And what is open has each of its
values in some completion, so that one value that cannot be is enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from bvn_asp.query.condition import AtLeast, Condition, Not, Status, opposite, profiles, status_of
from bvn_asp.query.literals import Literals


class Reach:
    """What is refuted of every record, under the assumptions `run` of a space; `documented` is that of no open fact."""

    def __init__(self, literals: Literals, run: Iterable[int], documented: int) -> None:
        self.literals, self.documented = literals, documented
        space = literals.space
        self._assumed = [*(space.held(premise) for premise in space.premises), *run]
        self._relaxed = Literals(space, literals.policy, literals.runs, relaxed=True)

    def of(self, condition: Condition) -> list[int] | None:
        """Return what to refute so that no record, as it is decided, fits `condition`; None if no way is known.

        By the rules alone, `condition` (its negations pushed in) must fit no record.
        """
        literals = self.literals
        if lifts(condition):
            return [literals.of(condition)]
        whole = isinstance(condition, AtLeast) and condition.bound == len(condition.parts)
        parts = list(condition.parts) if whole and isinstance(condition, AtLeast) else []
        goals = self._one_denial(parts) or self._one_denial(self._determined(parts))
        if goals is not None:
            return goals
        kept = [literals.of(part) for part in parts if _is_simple(part)]
        values = (literal for part in parts for literal in literals.completions(part))
        if any(self._refuted([self.documented, *kept, literal]) for literal in values):
            return [literals.of(condition)]
        return [literals.of(condition)] if self._refuted([self._relaxed.of(condition)]) else None

    def _refuted(self, goals: Iterable[int]) -> bool:
        return self.literals.space.attempt([*self._assumed, *goals]).held is None

    def _one_denial(self, parts: list[Condition]) -> list[int] | None:
        """Return what is simple among `parts`, and one other part, if no complete record fits them."""
        kept = [self.literals.of(part) for part in parts if _is_simple(part)]
        others = [self.literals.of(part) for part in parts if not _is_simple(part) and _denies_one(part)]
        if self._refuted([self.documented, *kept]):
            return kept
        # What a refutation of the whole draws on is tried first.
        _, core = self.literals.space.attempt([*self._assumed, self.documented, *kept, *others])
        for literal in sorted(others, key=lambda literal: literal not in (core or ())):
            if self._refuted([self.documented, *kept, literal]):
                return [*kept, literal]
        return None

    def _determined(self, parts: list[Condition]) -> list[Condition]:
        """Return `parts`, with the opposite for a denied status that no record which fits the rest leaves open."""
        kept = [self._relaxed.of(part) for part in parts if _is_simple(part)]
        policy, found = self.literals.policy, list[Condition]()
        for part in parts:
            leaf = part.part if isinstance(part, Not) else None
            if isinstance(leaf, Status) and status_of(leaf) != "undetermined":
                left = self.literals.of(Status(leaf.clause, "undetermined"))
                if self._refuted([*kept, left]):
                    found.append(Status(leaf.clause, opposite(policy, leaf.clause, leaf.status)))
                    continue
            found.append(part)
        return found


def lifts(condition: Condition) -> bool:
    """Tell whether what no complete record can be, by the rules alone, no record can be as it is decided."""
    return all(not settled or (denied < 2 and not left) for settled, denied, left in profiles(condition))


def _denies_one(part: Condition) -> bool:
    return all(denied < 2 and not left for _, denied, left in profiles(part))


def _is_simple(part: Condition) -> bool:
    return all(not denied and not left for _, denied, left in profiles(part))
