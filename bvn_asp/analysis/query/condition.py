"""Conditions: what a query says of a record and its decisions, as a tree.

A condition is a literal of a space, to be searched for (`literals`), and true or false of one record that was decided
(`decided`). The two are written apart from each other, so that every answer of a search is checked by the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

from bvn_asp.decision.verdict import SIDES

if TYPE_CHECKING:
    from bvn_asp.analysis.query.vocabulary import Claim, Claims
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.terms import Term

Settings = tuple[tuple[str, str], ...]
"""Questions and the options they are read as, beside those of the run."""
OPEN = ("undetermined", "pend")
"""Statuses of what the record leaves open."""


@dataclass(frozen=True)
class Status:
    """A clause has a status; of a kind of clause, "fails" and "passes" are settled statuses too."""

    clause: str
    status: str


@dataclass(frozen=True)
class Recommended:
    """The recommendation is `outcome`."""

    outcome: str


@dataclass(frozen=True)
class Eligibility:
    """The patient is eligible, not_eligible or undetermined."""

    status: str


@dataclass(frozen=True)
class BodyStatus:
    """A body is permissible, refused, undetermined or requested."""

    body: str
    status: str


@dataclass(frozen=True)
class Stated:
    """The record states one group of claims; ("stated", X) claims that it states anything of X."""

    claims: Claims


@dataclass(frozen=True)
class Compared:
    """A number compares so with a limit, at one of its places."""

    places: tuple[tuple[tuple[Claim, ...], Term], ...]
    quantity: str
    relation: str
    limit: Decimal


@dataclass(frozen=True)
class Differs:
    """The outcome differs between two runs."""

    first: Settings
    second: Settings


@dataclass(frozen=True)
class Under:
    """A condition on the run that reads some questions otherwise."""

    part: Condition
    settings: Settings


@dataclass(frozen=True)
class AtLeast:
    """So many of some conditions hold."""

    bound: int
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """A condition does not hold."""

    part: Condition


Condition = Status | Recommended | Eligibility | BodyStatus | Stated | Compared | Differs | Under | AtLeast | Not
Runs = tuple[dict[str, str], ...]
"""The readings of every run, less the defaults; the first is the run that a query speaks of."""


def all_of(*parts: Condition) -> Condition:
    """Return the condition that all of `parts` hold."""
    flat = tuple(q for p in parts for q in (p.parts if isinstance(p, AtLeast) and p.bound == len(p.parts) else (p,)))
    return flat[0] if len(flat) == 1 else AtLeast(len(flat), flat)


def any_of(*parts: Condition) -> Condition:
    """Return the condition that one of `parts` holds."""
    return parts[0] if len(parts) == 1 else AtLeast(1, parts)


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and everything in it."""
    yield condition
    inner: tuple[Condition, ...] = ()
    if isinstance(condition, AtLeast):
        inner = condition.parts
    elif isinstance(condition, Not | Under):
        inner = (condition.part,)
    for part in inner:
        yield from walk(part)


def runs_of(condition: Condition, policy: Policy, base: Mapping[str, str]) -> Runs:
    """Return the runs that `condition` is about, with the readings `base` of the first."""
    found = [policy.readings(base)]

    def visit(part: Condition, readings: dict[str, str]) -> None:
        if isinstance(part, Differs):
            found.extend(policy.readings({**readings, **dict(side)}) for side in (part.first, part.second))
        elif isinstance(part, Under):
            found.append(policy.readings({**readings, **dict(part.settings)}))
            visit(part.part, {**readings, **dict(part.settings)})
        elif isinstance(part, AtLeast | Not):
            for inner in part.parts if isinstance(part, AtLeast) else (part.part,):
                visit(inner, readings)

    visit(condition, dict(base))
    return tuple(run for place, run in enumerate(found) if run not in found[:place])


def failing(policy: Policy, clause: str) -> str:
    """Return the settled status in which a clause counts against the request."""
    return "unmet" if policy.clauses[clause].kind == "indication" else "violated"


def opposite(policy: Policy, clause: str, status: str) -> str:
    """Return the other settled status of a clause."""
    first, second = SIDES[policy.clauses[clause].kind]
    return second if status == first else first


def negation_pushed_in(condition: Condition, negated: bool = False) -> Condition:
    """Return the same condition with `Not` before simple conditions only."""
    if isinstance(condition, Not):
        return negation_pushed_in(condition.part, not negated)
    if isinstance(condition, Under):
        return Under(negation_pushed_in(condition.part, negated), condition.settings)
    if isinstance(condition, AtLeast):
        bound = len(condition.parts) - condition.bound + 1 if negated else condition.bound
        parts = tuple(negation_pushed_in(part, negated) for part in condition.parts)
        return all_of(*parts) if bound == len(parts) else AtLeast(bound, parts)
    return Not(condition) if negated else condition


Profile = tuple[bool, int, bool]
"""Of one way to satisfy a condition: whether it asks for a settled status, how many (up to two) settled statuses or
facts it denies, and whether it asks for anything to be open."""


def profiles(condition: Condition, *, request_known: bool = False) -> frozenset[Profile]:
    """Return the profiles of a condition whose negations are pushed in; which bodies are requested may be known."""
    if isinstance(condition, Under):
        return profiles(condition.part, request_known=request_known)
    if isinstance(condition, AtLeast):
        parts = [profiles(part, request_known=request_known) for part in condition.parts] if condition.bound > 0 else []
        if condition.bound == 1:
            return frozenset().union(*parts)
        if condition.bound > len(condition.parts):
            return frozenset()
        found: frozenset[Profile] = frozenset({(False, 0, False)})
        for options in parts:
            found = frozenset((a or d, min(b + e, 2), c or f) for (a, b, c), (d, e, f) in product(found, options))
        return found
    negated = isinstance(condition, Not)
    leaf = condition.part if isinstance(condition, Not) else condition
    return frozenset({_leaf_profile(leaf, negated, request_known)})


def _leaf_profile(leaf: Condition, negated: bool, request_known: bool) -> Profile:
    if isinstance(leaf, BodyStatus) and leaf.status == "requested":
        return (False, int(negated and not request_known), False)
    if isinstance(leaf, Status | Eligibility | BodyStatus | Recommended):
        return (False, 0, True) if status_of(leaf) in OPEN else (False, 1, False) if negated else (True, 0, False)
    if isinstance(leaf, Differs):
        return (True, 0, True) if negated else (True, 1, False)
    if isinstance(leaf, Stated) and not all(held for group in leaf.claims for _, held in group):
        return (False, 0, True)
    if isinstance(leaf, Stated) and negated and all(len(group) == 1 for group in leaf.claims):
        # One completion has none of the entries that may be there.
        return (False, 1, False)
    places = len(leaf.claims) if isinstance(leaf, Stated) else len(leaf.places) if isinstance(leaf, Compared) else 2
    return (False, min(places, 2), False) if negated else (False, 0, False)


def status_of(leaf: Condition) -> str:
    """Return the status that a simple condition asks for, or nothing."""
    if isinstance(leaf, Recommended):
        return leaf.outcome
    return leaf.status if isinstance(leaf, Status | Eligibility | BodyStatus) else ""


def speaks_of_open(condition: Condition) -> bool:
    """Tell whether a condition speaks of what a record leaves open."""
    return any(
        status_of(part) in OPEN
        or (isinstance(part, Stated) and not all(held for group in part.claims for _, held in group))
        for part in walk(condition)
    )


def compares(value: int | Decimal, relation: str, limit: int | Decimal) -> bool:
    """Tell whether a number compares so with a limit."""
    if relation == "=":
        return value == limit
    below = value < limit if "<" in relation else value > limit
    return below or (value == limit and "=" in relation)


def bounds(relation: str) -> tuple[str, ...]:
    """Return the forms of input that a record states a comparison by: its number is at least, at most, or both."""
    return ("from", "to") if relation == "=" else ("to",) if "<" in relation else ("from",)
