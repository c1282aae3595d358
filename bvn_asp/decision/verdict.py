"""One answer set read into a decision: exact three-valued statuses, what else is possible, and a recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import combinations, islice
from math import comb
from typing import TYPE_CHECKING, Literal

from bvn_asp.decision.decision import Body, Criterion, Decision, Settlement, missing_facts
from bvn_asp.decision.nodes import Node
from bvn_asp.decision.settlements import Settler, is_setting
from bvn_asp.decision.wording import NO_BODIES
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.terms import Term

if TYPE_CHECKING:
    from bvn_asp.decision.explanation import Explainer
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case

MOST_CHOICES = 8
"""Most sets of bodies to choose from that a decision lists."""
SIDES = {"indication": ("met", "unmet"), "non_indication": ("violated", "clear")}
"""The two settled statuses of a clause, by its kind."""
_BODY_STATUSES = ("permissible", "refused", "body_undetermined")


class Verdict:
    """Reads one answer set into a decision, and settles by completions what the answer set leaves open."""

    def __init__(
        self,
        policy: Policy,
        program: OpenProgram,
        facts: Facts,
        case: Case,
        explainer: Explainer,
        shown: frozenset[Term],
    ) -> None:
        self.policy, self.program, self.facts, self.explainer = policy, program, facts, explainer
        self.requested, self.made = case.bodies, case.requested
        self.asked = case.units
        self.shown = shown
        self.possible: tuple[str, ...] = ()

    def read(self) -> None:
        """Read the statuses that the answer set shows, and explain each."""
        shown = self.shown
        self.criteria = [
            Criterion(clause, status, self.explainer.criterion(clause, status))
            for clause in self.policy.clauses.values()
            if clause.kind in SIDES
            for status in [self._first(SIDES[clause.kind], clause.id)]
        ]
        self.refusals = [term for term in shown if isinstance(term, tuple) and term[0] == "refusal"]
        self.bodies = [self._body(name) for name in self._reported()]
        self.eligibility = next((name for name in ("eligible", "not_eligible") if name in shown), "undetermined")
        self.outcome = next((name for name in OUTCOMES if ("recommend", name) in shown), None)
        if self.outcome is None and self.made:
            self.outcome = "pend"
        self.possible = (self.outcome,) if self.outcome else ()
        self.flags = tuple(c for c in self.criteria if ("flag", c.clause.id) in shown)
        self.units = self._units(self.shown)
        self.limit = min((self.policy.tallies[str(id)] for (id,) in self.program.rows("body_limit", 1)), default=0)
        self.root = self._root()

    @property
    def open(self) -> bool:
        """Whether anything at all is undetermined."""
        return "undetermined" in (
            self.eligibility,
            *(c.status for c in self.criteria),
            *(b.status for b in self.bodies),
        )

    def settle(self, literals: set[int]) -> None:
        """Settle what is the same in every completion of the unknown facts, and find what else is possible."""
        branches = [{*literals, *map(self.program.places.__getitem__, terms)} for terms in self.facts.branches()]
        always = completed(self.program, branches, "cautious")
        self.criteria = [_settled_criterion(criterion, always) for criterion in self.criteria]
        self.bodies = [_settled_body(body, always) for body in self.bodies]
        if self.eligibility == "undetermined":
            self.eligibility = next((name for name in ("eligible", "not_eligible") if name in always), "undetermined")
        if self.outcome == "pend":
            sometimes = completed(self.program, branches, "brave")
            self.possible = tuple(name for name in OUTCOMES if ("recommend", name) in sometimes)
            if len(self.possible) == 1:
                self.outcome = self.possible[0]
                self.units = self._units(always)
                self.root = self.root._replace(text=self.outcome, status=self.outcome)

    def decision(self, literals: set[int], *, settlements: bool) -> Decision:
        """Put the decision together."""
        grants = self._grants()
        size = min(self.limit, len(grants)) if grants else 0
        choices = tuple(islice(combinations(grants, size), MOST_CHOICES)) if size < len(grants) else ()
        pends = self.outcome == "pend"
        sets, complete = self._settled_by(literals) if pends and settlements else ((), not pends)
        open_nodes = [c.explanation for c in self.criteria if c.status == "undetermined" and c.clause.part_of is None]
        open_nodes += [body.explanation for body in self.bodies if body.status == "undetermined"]
        if self.outcome == "pend" and not self.requested:
            open_nodes.append(NO_BODIES)
        return Decision(
            recommendation=self.outcome,
            eligibility=self.eligibility,
            criteria=tuple(self.criteria),
            bodies=tuple(self.bodies),
            units=self.units,
            units_asked=self.asked,
            units_agree=self.asked == self.units if self.asked and self.outcome in ("approve", "partial") else None,
            grants=grants,
            choices=choices,
            choices_count=comb(len(grants), size) if choices else 0,
            flags=self.flags,
            possible=self.possible,
            missing=missing_facts(open_nodes),
            settlements=sets,
            settlements_complete=complete,
            readings={
                id: self.facts.readings.get(id, question.default) for id, question in self.policy.questions.items()
            },
            assume_absent=self.facts.closed,
            warnings=self.facts.warnings,
            explanation=self.root,
            policy=self.policy,
        )

    def _settled_by(self, literals: set[int]) -> tuple[tuple[Settlement, ...], bool]:
        bodies_open = self.made and not self.requested
        settler = Settler(self.program, self.facts, self.explainer.wording, literals, bodies_open)
        return settler.settlements(self.possible)

    def _first(self, sides: Sequence[str], id: str) -> str:
        first, second = sides
        return first if (first, id) in self.shown else second if (second, id) in self.shown else "undetermined"

    def _reported(self) -> Iterator[str]:
        for body in self.facts.needed.bodies:
            if any((status, body.lower()) in self.shown for status in _BODY_STATUSES):
                yield body

    def _body(self, name: str) -> Body:
        term = name.lower()
        status = next((s for s in ("refused", "permissible") if (s, term) in self.shown), "undetermined")
        refused_by = {id for head, body, id in self.refusals if body == term}
        refusals = (
            tuple(clause for clause in self.policy.clauses.values() if clause.id in refused_by) if refused_by else ()
        )
        return Body(name, name in self.requested, status, refusals, self.explainer.body(name, status))

    def _units(self, shown: Iterable[Term]) -> dict[str, int]:
        units: dict[str, int] = {}
        for term in shown:
            if isinstance(term, tuple) and term[0] == "billing_unit":
                code = self.policy.clauses[str(term[1])].item
                units[code] = units.get(code, 0) + 1
        return dict(sorted(units.items()))

    def _grants(self) -> tuple[str, ...]:
        if self.outcome not in ("approve", "partial"):
            return ()
        return tuple(body.name for body in self.bodies if body.requested and body.status == "permissible")

    def _root(self) -> Node:
        if self.outcome is None:
            return Node("recommendation", "none: nothing is requested", "none")
        if self.outcome != "pend":
            return Node(
                "recommendation", self.outcome, self.outcome, children=self.explainer.why(("recommend", self.outcome))
            )
        open_criteria = (
            c.explanation for c in self.criteria if c.status == "undetermined" and c.clause.part_of is None
        )
        open_bodies = (body.explanation for body in self.bodies if body.requested and body.status == "undetermined")
        return Node("recommendation", "pend", "pend", children=(*open_criteria, *open_bodies))


def completed(
    program: OpenProgram, branches: Iterable[set[int]], mode: Literal["cautious", "brave"]
) -> frozenset[Term]:
    """Return what is shown in all completions (cautious), or in some (brave), of what each of `branches` states."""
    shown = [program.shown(program.complete(stated, is_setting), mode) for stated in branches]
    return reduce(frozenset.intersection if mode == "cautious" else frozenset.union, shown)


def _settled_criterion(criterion: Criterion, always: frozenset[Term]) -> Criterion:
    if criterion.status != "undetermined":
        return criterion
    sides = SIDES[criterion.clause.kind]
    status = next((side for side in sides if (side, criterion.clause.id) in always), "undetermined")
    return Criterion(criterion.clause, status, criterion.explanation)


def _settled_body(body: Body, always: frozenset[Term]) -> Body:
    if body.status != "undetermined":
        return body
    status = next((s for s in ("refused", "permissible") if (s, body.name.lower()) in always), "undetermined")
    return Body(body.name, body.requested, status, body.refusals, body.explanation)
