"""Conditions as literals of a space: what a search is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.condition import (
    OPEN,
    AtLeast,
    BodyStatus,
    Compared,
    Condition,
    Differs,
    Eligibility,
    Not,
    Recommended,
    Runs,
    Stated,
    Status,
    Under,
    bounds,
    compares,
    opposite,
    status_of,
)
from bvn_asp.decision.verdict import SIDES
from bvn_asp.policy.terms import FORMS, Term, name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.query.vocabulary import Claim
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.register import Policy


class Literals:
    """Turns conditions into literals of a space whose sides are the runs `runs`.

    `relaxed` gives literals that hold wherever a decision, which looks at all completions of a record, could say so;
    it takes conditions whose negations are pushed in.
    """

    def __init__(self, space: Space, policy: Policy, runs: Runs, *, relaxed: bool = False) -> None:
        self.space, self.policy, self.runs, self.relaxed = space, policy, runs, relaxed
        self._about: dict[Term, list[int]] = {}
        for name in FORMS:
            for term, literal in space.terms(name).items():
                if isinstance(term, tuple):
                    self._about.setdefault(term[1], []).append(literal)
        self._bounds = {
            form: [
                (t[1], t[2], literal)
                for t, literal in space.terms(form).items()
                if isinstance(t, tuple) and isinstance(t[2], int)
            ]
            for form in ("from", "to")
        }

    def of(self, condition: Condition, readings: Mapping[str, str] | None = None) -> int:
        """Return the literal of `condition` on the run with `readings`, the first if none."""
        run = dict(self.runs[0] if readings is None else readings)
        space = self.space
        if isinstance(condition, Not):
            return self._denied(condition.part, run)
        if isinstance(condition, AtLeast):
            return self._counted(condition.bound, [self.of(part, run) for part in condition.parts])
        if isinstance(condition, Under):
            return self.of(condition.part, {**run, **dict(condition.settings)})
        if isinstance(condition, Differs):
            first, second = ({**run, **dict(side)} for side in (condition.first, condition.second))
            return space.true if self.relaxed else self._differs(self._side(first), self._side(second))
        if isinstance(condition, Stated | Compared):
            return self._of_record(condition)
        return self._status(condition, self._side(run))

    def _denied(self, part: Condition, run: Mapping[str, str]) -> int:
        if self.relaxed and (isinstance(part, Differs) or status_of(part) in OPEN):
            return self.space.true
        # What is denied of a decision is denied of the rules too, since a decision says more.
        exact = Literals(self.space, self.policy, self.runs) if self.relaxed else self
        return -exact.of(part, run)

    def _of_record(self, condition: Stated | Compared) -> int:
        space = self.space
        if isinstance(condition, Stated):
            return space.any_of(space.all_of(map(self._claim, group)) for group in condition.claims)
        return space.any_of(
            space.all_of([self._comparison(number, condition), *map(self._claim, group)])
            for group, number in condition.places
        )

    def completions(self, condition: Condition) -> list[int]:
        """Return literals of which each holds in some completion of a record in which `condition` says what is open."""
        run: Mapping[str, str] = self.runs[0]
        if isinstance(condition, Under):
            run, condition = {**run, **dict(condition.settings)}, condition.part
        settled: list[Condition] = []
        if isinstance(condition, Status) and condition.status in OPEN:
            settled += [Status(condition.clause, s) for s in SIDES[self.policy.clauses[condition.clause].kind]]
        elif isinstance(condition, BodyStatus) and condition.status in OPEN:
            settled += [BodyStatus(condition.body, status) for status in ("permissible", "refused")]
        elif isinstance(condition, Eligibility) and condition.status in OPEN:
            settled += [Eligibility(status) for status in ("eligible", "not_eligible")]
        elif isinstance(condition, Stated) and len(condition.claims) == 1:
            group = condition.claims[0]
            # What is taken as absent is so in every completion.
            there = [self._claim((t, held)) for t, held in group if held or name_of(t) == "assumed_absent"]
            denied = [term for term, held in group if not held]
            subjects = [term[1] for term in denied if isinstance(term, tuple) and term[0] == "stated"]
            if any(not isinstance(t, tuple) or t[0] not in ("stated", "assumed_absent") for t in denied):
                # What is only not ruled out need not be otherwise in any completion.
                return []
            return [self.space.all_of([*there, v]) for subject in subjects[:1] for v in self._values(subject)]
        return [self.of(part, run) for part in settled]

    def _values(self, subject: Term) -> list[int]:
        """Return literals of which each holds in some completion of a record that says nothing of `subject`."""
        options = [literal for t, literal in self.space.terms("is").items() if isinstance(t, tuple) and t[1] == subject]
        return options or self._about.get(subject, [])

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
                return -space.literal(
                    (opposite(self.policy, condition.clause, condition.status), condition.clause), side
                )
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
        return self.space.all_of(
            self.space.any_of(
                literal
                for term, value, literal in self._bounds[form]
                if term == number and compares(value, condition.relation, limit)
            )
            for form in bounds(condition.relation)
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
