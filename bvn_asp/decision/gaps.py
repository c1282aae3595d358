"""What is missing for a conclusion that is not settled: the facts that a record does not state, and could."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bvn_asp.decision.nodes import Node
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.decision.memory import Memory
    from bvn_asp.decision.wording import Wording
    from bvn_asp.policy.ground import Answer
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy


class Gaps:
    """What the record of one case leaves open, under the steps that lack it."""

    def __init__(
        self, program: OpenProgram, policy: Policy, facts: Facts, answer: Answer, memory: Memory, wording: Wording
    ) -> None:
        self._program, self._policy, self._facts, self._memory = program, policy, facts, memory
        self._true, self._wording = answer.true, wording
        self._known: dict[int, tuple[Node, ...]] = {}
        self._possible: dict[int, bool] = {}

    @cached_property
    def _stated(self) -> set[Term]:
        return {subject_of(term) for term in self._facts.stated if name_of(term) != "assumed_absent"}

    def below(self, literal: int) -> tuple[Node, ...]:
        """Return what is missing for `literal`, over the rules that could still derive it."""
        known = self._known.get(literal)
        if known is not None:
            return known
        found: dict[Node, None] = {}
        for bound, body in self._program.rules.get(literal, ()):
            if sum(map(self._can, body)) >= bound:
                for part in body:
                    if not self._true(part) and self._can(part):
                        found.update(dict.fromkeys(self._gap(part)))
        self._known[literal] = tuple(found)
        return self._known[literal]

    def _gap(self, literal: int) -> tuple[Node, ...]:
        if literal in self._program.inputs:
            return (self._wording.missing(subject_of(self._program.inputs[literal])),)
        below = self.below(literal)
        plan = self._memory.plan(literal)
        if below and plan is not None and plan.name in ("met", "clear", "passes_at"):
            clause = self._policy.clauses[str(plan.arguments[0])]
            place = plan.arguments[1] if len(plan.arguments) > 1 else ""
            return (Node("criterion", clause.label, "undetermined", clause, fact=place, children=below),)
        return below

    def _can(self, literal: int) -> bool:
        """Tell whether `literal` is true or could become so if more were stated."""
        known = self._possible.get(literal)
        if known is None:
            known = self._possible[literal] = self._could(literal)
        return known

    def _could(self, literal: int) -> bool:
        if literal < 0 or self._true(literal) or literal in self._program.facts:
            return literal in self._program.facts or self._true(literal)
        term = self._program.inputs.get(literal)
        if term is not None:
            return name_of(term) in FORMS and self._open(term)
        return any(sum(map(self._can, body)) >= bound for bound, body in self._program.rules.get(literal, ()))

    def _open(self, term: Term) -> bool:
        """Tell whether the record could still state the input `term`, which it does not state."""
        form, subject = name_of(term), subject_of(term)
        if form in ("yes", "no"):
            return subject not in self._stated
        if form == "ruled_out":
            said = self._facts.said.get(subject)
            left = said.value if said is not None and isinstance(said.value, tuple) else None
            return left is None or len(left) > 1
        stated = self._facts.numbers.get(subject)
        return stated is None or stated.exact is None
