"""How far a refutation by the rules reaches: a decision also looks at all completions of a record.

A decision has a status if all completions of its record have it. So what no complete record can be, no record can be,
as long as at most one settled status is denied: a completion then denies it too. And what is open has each of its
values in some completion, so that one value that cannot be is enough.

Which bodies a record requests it states of all or of none, so that the two kinds of record can be refuted apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from bvn_asp.analysis.query.condition import AtLeast, Condition, Not, Stated, Status, opposite, profiles, status_of
from bvn_asp.analysis.query.literals import Literals
from bvn_asp.policy.terms import name_of


class Reach:
    """What is refuted of every record, under the assumptions `run` of a space.

    A completion states everything, also of what no case file could; so it is no record of a search itself.
    """

    def __init__(self, literals: Literals, run: Iterable[int]) -> None:
        self.literals = literals
        space = literals.space
        self._assumed = [*(space.held(premise) for premise in space.premises), *run]
        complete = space.literal("complete")
        self._completed = [complete, *(literal for literal in self._assumed if literal != -complete)]
        self._relaxed = Literals(space, literals.policy, literals.runs, relaxed=True)
        bodies = [t[1] for t in space.terms("yes") if isinstance(t, tuple) and name_of(t[1]) == "requested"]
        self._requests = [(space.literal(("yes", body)), space.literal(("no", body))) for body in bodies]

    def of(self, condition: Condition) -> list[int] | None:
        """Return what to refute so that no record, as it is decided, fits `condition`; None if no way is known.

        By the rules alone, `condition` (its negations pushed in) must fit no record.
        """
        goals = self._goals(condition, [])
        if goals is None and self._requests and self._refuted_of_open_requests(condition):
            known = [self.literals.space.any_of(pair) for pair in self._requests]
            if self._goals(condition, known) is not None:
                return [self.literals.of(condition)]
        return goals

    def _goals(self, condition: Condition, known: list[int]) -> list[int] | None:
        """Return what `of` returns, of the records in which `known` holds: that the request states its bodies."""
        literals = self.literals
        parts = _parts(condition)
        whole = [literals.of(condition), *self._mentioned(parts)]
        if lifts(condition, request_known=bool(known)) and self._refuted_of_completions(whole):
            return [literals.of(condition)]
        goals = self._one_denial(parts, known) or self._one_denial(self._determined(parts, known), known)
        if goals is not None:
            return goals
        kept = self._kept(parts, known)
        values = (literal for part in parts for literal in literals.completions(part))
        if any(self._refuted_of_completions([*kept, literal]) for literal in values):
            return [literals.of(condition)]
        return [literals.of(condition)] if self._refuted([self._relaxed.of(condition), *known]) else None

    def _refuted_of_open_requests(self, condition: Condition) -> bool:
        """Tell whether no record with a request for unknown bodies fits `condition`: it can be for any one of them."""
        unstated = [-literal for pair in self._requests for literal in pair]
        if self._refuted([self._relaxed.of(condition), *unstated]):
            return True
        kept = self._kept(_parts(condition), [])
        return any(
            self._refuted_of_completions([*kept, one[0], *(other[1] for other in self._requests if other != one)])
            for one in self._requests
        )

    def _kept(self, parts: list[Condition], known: list[int]) -> list[int]:
        """Return the literals of what all completions have of `parts` if a record has it."""
        simple = [part for part in parts if _is_simple(part, known)]
        return [*map(self.literals.of, simple), *self._mentioned(simple)]

    def _mentioned(self, parts: list[Condition]) -> list[int]:
        """Return that nothing which `parts` say the record states is taken as absent from it."""
        stated = [part.claims[0] for part in parts if isinstance(part, Stated) and len(part.claims) == 1]
        terms = [term[1] for group in stated for term, held in group if held and isinstance(term, tuple)]
        return [-self.literals.space.literal(("assumed_absent", term)) for term in dict.fromkeys(terms)]

    def _refuted(self, goals: Iterable[int]) -> bool:
        return self.literals.space.attempt([*self._assumed, *goals]).held is None

    def _refuted_of_completions(self, goals: Iterable[int]) -> bool:
        return self.literals.space.attempt([*self._completed, *goals]).held is None

    def _one_denial(self, parts: list[Condition], known: list[int]) -> list[int] | None:
        """Return what is simple among `parts`, and one other part, if no completion fits them."""
        kept = self._kept(parts, known)
        others = [self.literals.of(part) for part in parts if not _is_simple(part, known) and _denies_one(part, known)]
        simple = [self.literals.of(part) for part in parts if _is_simple(part, known)]
        if self._refuted_of_completions(kept):
            return simple
        # What a refutation of the whole draws on is tried first.
        _, core = self.literals.space.attempt([*self._completed, *kept, *others])
        for literal in sorted(others, key=lambda literal: literal not in (core or ())):
            if self._refuted_of_completions([*kept, literal]):
                return [*simple, literal]
        return None

    def _determined(self, parts: list[Condition], known: list[int]) -> list[Condition]:
        """Return `parts`, with the opposite for a denied status that no record which fits the rest leaves open."""
        kept = [self._relaxed.of(part) for part in parts if _is_simple(part, known)]
        policy, found = self.literals.policy, list[Condition]()
        for part in parts:
            leaf = part.part if isinstance(part, Not) else None
            if isinstance(leaf, Status) and status_of(leaf) != "undetermined":
                left = self.literals.of(Status(leaf.clause, "undetermined"))
                if self._refuted([*kept, *known, left]):
                    found.append(Status(leaf.clause, opposite(policy, leaf.clause, leaf.status)))
                    continue
            found.append(part)
        return found


def lifts(condition: Condition, *, request_known: bool = False) -> bool:
    """Tell whether what no complete record can be, by the rules alone, no record can be as it is decided."""
    found = profiles(condition, request_known=request_known)
    return all(not settled or (denied < 2 and not left) for settled, denied, left in found)


def _parts(condition: Condition) -> list[Condition]:
    """Return the conditions that must all hold, if `condition` says so of several."""
    if isinstance(condition, AtLeast) and condition.bound == len(condition.parts):
        return list(condition.parts)
    return [condition]


def _denies_one(part: Condition, known: list[int]) -> bool:
    return all(denied < 2 and not left for _, denied, left in profiles(part, request_known=bool(known)))


def _is_simple(part: Condition, known: list[int]) -> bool:
    return all(not denied and not left for _, denied, left in profiles(part, request_known=bool(known)))
