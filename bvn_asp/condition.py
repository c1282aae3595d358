"""Conditions: what a query says of a record and its decisions, as a tree.

A condition is either the literal of a space, to be searched for, or true or false of one record that was decided.
The two are written apart from each other, so that every answer of a search is checked by the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from bvn_asp.decide import SIDES
from bvn_asp.decision import Decision
from bvn_asp.facts import Facts
from bvn_asp.policy import Policy
from bvn_asp.readings import outcome
from bvn_asp.space import Space
from bvn_asp.terms import Term
from bvn_asp.vocabulary import Claim, Claims

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


def profiles(condition: Condition) -> frozenset[Profile]:
    """Return the profiles of a condition whose negations are pushed in."""
    if isinstance(condition, Under):
        return profiles(condition.part)
    if isinstance(condition, AtLeast):
        parts = [profiles(part) for part in condition.parts]
        if condition.bound == 1:
            return frozenset().union(*parts)
        found: frozenset[Profile] = frozenset({(False, 0, False)})
        for options in parts:
            found = frozenset(
                (a or d, min(b + e, 2), c or f) for (a, b, c), (d, e, f) in product(found, options)
            )
        return found
    negated = isinstance(condition, Not)
    leaf = condition.part if isinstance(condition, Not) else condition
    return frozenset({_leaf_profile(leaf, negated)})


def _leaf_profile(leaf: Condition, negated: bool) -> Profile:
    if isinstance(leaf, BodyStatus) and leaf.status == "requested":
        return (False, 0, False)
    if isinstance(leaf, Status | Eligibility | BodyStatus | Recommended):
        return (False, 0, True) if status_of(leaf) in OPEN else (False, 1, False) if negated else (True, 0, False)
    if isinstance(leaf, Differs):
        return (True, 0, True) if negated else (True, 1, False)
    if isinstance(leaf, Stated) and not all(held for group in leaf.claims for _, held in group):
        return (False, 0, True)
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


class Literals:
    """Turns conditions into literals of a space whose sides are the runs `runs`.

    `relaxed` gives literals that hold wherever a decision, which looks at all completions of a record, could say so;
    it takes conditions whose negations are pushed in.
    """

    def __init__(self, space: Space, policy: Policy, runs: Runs, *, relaxed: bool = False) -> None:
        self.space, self.policy, self.runs, self.relaxed = space, policy, runs, relaxed
        self._about: dict[Term, list[int]] = {}
        for name in ("yes", "no", "is", "value"):
            for term, literal in space.terms(name).items():
                if isinstance(term, tuple):
                    self._about.setdefault(term[1], []).append(literal)
        self._values = [
            (t[1], t[2], literal)
            for t, literal in space.terms("value").items()
            if isinstance(t, tuple) and isinstance(t[2], int)
        ]

    def of(self, condition: Condition, readings: Mapping[str, str] | None = None) -> int:
        """Return the literal of `condition` on the run with `readings`, the first if none."""
        run = dict(self.runs[0] if readings is None else readings)
        space = self.space
        if isinstance(condition, Not):
            if self.relaxed and (isinstance(condition.part, Differs) or status_of(condition.part) in OPEN):
                return space.true
            # What is denied of a decision is denied of the rules too, since a decision says more.
            return -Literals.of(self._exact, condition.part, run)
        if isinstance(condition, AtLeast):
            return self._counted(condition.bound, [self.of(part, run) for part in condition.parts])
        if isinstance(condition, Under):
            return self.of(condition.part, {**run, **dict(condition.settings)})
        if isinstance(condition, Differs):
            first, second = ({**run, **dict(side)} for side in (condition.first, condition.second))
            return space.true if self.relaxed else self._differs(self._side(first), self._side(second))
        if isinstance(condition, Stated):
            return space.any_of(space.all_of(map(self._claim, group)) for group in condition.claims)
        if isinstance(condition, Compared):
            return space.any_of(
                space.all_of([self._comparison(number, condition), *map(self._claim, group)])
                for group, number in condition.places
            )
        return self._status(condition, self._side(run))

    @property
    def _exact(self) -> Literals:
        return self if not self.relaxed else Literals(self.space, self.policy, self.runs)

    def _counted(self, bound: int, literals: list[int]) -> int:
        if bound == len(literals):
            return self.space.all_of(literals)
        if bound == 1:
            return self.space.any_of(literals)
        # What always holds is counted here, since the space counts the same literal once.
        rest = [literal for literal in literals if literal != self.space.true]
        return self.space.at_least(bound - len(literals) + len(rest), rest)

    def _side(self, readings: Mapping[str, str]) -> int:
        return self.runs.index(self.policy.readings(readings))

    def _status(self, condition: Condition, side: int) -> int:
        space = self.space
        if isinstance(condition, Status):
            if self.relaxed and condition.status not in OPEN:
                return -space.literal((opposite(self.policy, condition.clause, condition.status), condition.clause), side)
            return space.literal((condition.status, condition.clause), side)
        if isinstance(condition, Recommended):
            made = space.literal(("recommend", condition.outcome), side)
            may = [made, space.literal(("recommend", "pend"), side)]
            return space.any_of(may) if self.relaxed else made
        if isinstance(condition, Eligibility):
            name = "eligibility_undetermined" if condition.status in OPEN else condition.status
            settled = space.literal(name, side)
            return space.any_of([settled, space.literal("eligibility_undetermined", side)]) if self.relaxed else settled
        assert isinstance(condition, BodyStatus)
        body = condition.body.lower()
        if condition.status == "requested":
            return space.literal(("yes", ("requested", body)), side)
        name = "body_undetermined" if condition.status in OPEN else condition.status
        literal = space.literal((name, body), side)
        if self.relaxed:
            literal = space.any_of([literal, space.literal(("body_undetermined", body), side)])
        return space.all_of([literal, space.literal(("reported", body), side)])

    def _claim(self, claim: Claim) -> int:
        term, held = claim
        if isinstance(term, tuple) and term[0] == "stated":
            literal = self.space.any_of(self._about.get(term[1], ()))
        else:
            literal = self.space.literal(term)
        return literal if held else -literal

    def _comparison(self, number: Term, condition: Compared) -> int:
        limit = int(condition.limit * self.policy.scale)
        return self.space.any_of(
            literal
            for term, value, literal in self._values
            if term == number and _compares(value, condition.relation, limit)
        )

    def _differs(self, first: int, second: int) -> int:
        space = self.space

        def apart(term: Term, *guards: int) -> int:
            return space.all_of([-space.equal(space.literal(term, first), space.literal(term, second)), *guards])

        found = [apart(term) for term in space.terms("recommend")]
        bodies = [str(term[1]) for term in space.terms("reported") if isinstance(term, tuple)]
        requests = {body: space.literal(("yes", ("requested", body))) for body in bodies}
        without = space.all_of(-literal for literal in requests.values())
        found += [apart(name, without) for name in ("eligible", "not_eligible")]
        for body in bodies:
            shown = space.any_of([requests[body], without])
            here, there = (space.literal(("reported", body), side) for side in (first, second))
            found.append(space.all_of([-space.equal(here, there), shown]))
            found += [apart((name, body), here, there, shown) for name in ("permissible", "refused")]
        return space.any_of(found)


def _compares(value: int | Decimal, relation: str, limit: int | Decimal) -> bool:
    if relation == "=":
        return value == limit
    below = value < limit if "<" in relation else value > limit
    return below or (value == limit and "=" in relation)


@dataclass(frozen=True)
class Decided:
    """One record, as facts, and what each run decides for it."""

    facts: Facts
    runs: Runs
    decisions: tuple[Decision, ...]

    def fits(self, condition: Condition, readings: Mapping[str, str] | None = None) -> bool:
        """Tell whether `condition` holds of it on the run with `readings`, the first if none."""
        run = dict(self.runs[0] if readings is None else readings)
        if isinstance(condition, Not):
            return not self.fits(condition.part, run)
        if isinstance(condition, AtLeast):
            return sum(self.fits(part, run) for part in condition.parts) >= condition.bound
        if isinstance(condition, Under):
            return self.fits(condition.part, {**run, **dict(condition.settings)})
        if isinstance(condition, Differs):
            first, second = (self._decision({**run, **dict(side)}) for side in (condition.first, condition.second))
            return outcome(first) != outcome(second)
        if isinstance(condition, Stated):
            return any(all(self._claimed(claim) for claim in group) for group in condition.claims)
        if isinstance(condition, Compared):
            numbers = self.facts.numbers
            return any(
                number in numbers
                and all(map(self._claimed, group))
                and _compares(numbers[number], condition.relation, condition.limit)
                for group, number in condition.places
            )
        return self._has(condition, self._decision(run))

    def _decision(self, readings: Mapping[str, str]) -> Decision:
        return self.decisions[self.runs.index(self.decisions[0].policy.readings(readings))]

    def _claimed(self, claim: Claim) -> bool:
        term, held = claim
        if isinstance(term, tuple) and term[0] == "stated":
            return held == any(isinstance(t, tuple) and t[1] == term[1] for t in self.facts.stated)
        return held == (term in self.facts.stated)

    @staticmethod
    def _has(condition: Condition, decision: Decision) -> bool:
        if isinstance(condition, Status):
            return any(c.clause.id == condition.clause and c.status == condition.status for c in decision.criteria)
        if isinstance(condition, Recommended):
            return decision.recommendation == condition.outcome
        if isinstance(condition, Eligibility):
            return decision.eligibility == condition.status
        assert isinstance(condition, BodyStatus)
        return any(
            body.name == condition.body
            and (body.requested if condition.status == "requested" else body.status == condition.status)
            for body in decision.bodies
        )

