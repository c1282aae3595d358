"""Decide a case: what follows from its facts, exact three-valued statuses, and an explained recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bvn_asp.decision.agreement import check_table, is_shipped
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.explanation import Explainer
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.decision.memory import Memory
from bvn_asp.decision.shapes import room_for
from bvn_asp.decision.verdict import Verdict
from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.policy.ground import Answer
from bvn_asp.policy.outcomes import check_exclusive
from bvn_asp.policy.program import OpenProgram, open_program
from bvn_asp.policy.representatives import limits_of, representative
from bvn_asp.policy.shape import MOST_SIZE, Shape
from bvn_asp.policy.terms import name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case

MOST_KEPT = 100_000
"""Largest size, taken together, of the ground programs that an engine keeps; the size of a usual one is 5,000."""


class Engine:
    """Decides cases under one policy; keeps a ground program for each shape of case that it has met."""

    def __init__(self, policy: Policy, *, exclusive: bool = True) -> None:
        """Decide by `policy`; if not `exclusive`, the first of two that exclude each other is taken."""
        self.policy, self.exclusive = policy, exclusive
        self._programs: dict[Shape, OpenProgram] = {}
        self._memory: dict[Shape, Memory] = {}
        self._checked = not is_shipped(policy)
        self._limits = limits_of(policy.thresholds)

    def program(self, shape: Shape) -> OpenProgram:
        """Return the ground program for `shape`, grounding it at the first call.

        Raises SolveError if it would be too large, and PolicyError if the policy of the package does not fit the field
        table.
        """
        program = self._programs.pop(shape, None)
        if program is None:
            if shape.size > MOST_SIZE:
                raise SolveError(
                    f"too large to decide: about {shape.size:,} ground atoms for its bodies, findings, surgeries and "
                    f"Modic changes, at most {MOST_SIZE:,}"
                )
            self._make_room(shape.size)
            program = open_program(self.policy.text, tuple(shape.terms()))
            if not self._checked:
                check_table(self.policy, program)
                self._checked = True
        self._programs[shape] = program
        return program

    def room(self, needed: Shape) -> Shape:
        """Return the smallest room of a kept program that serves a case that needs `needed`, or else one to ground.

        At first that is what the case needs, which is quickest; from then on it is one for the cases to come.
        """
        serving = [shape for shape in self._programs if shape.serves(needed)]
        if serving:
            return min(serving, key=lambda shape: shape.size)
        alike = [shape for shape in self._programs if shape.is_wide is needed.is_wide]
        return needed.ample(body for shape in alike for body in shape.bodies) if alike else needed

    def _make_room(self, size: int) -> None:
        """Forget the programs that were not used for longest, until there is room for one of `size` more."""
        kept = sum(shape.size for shape in self._programs)
        while self._programs and kept + size > MOST_KEPT:
            oldest = next(iter(self._programs))
            kept -= oldest.size
            self._programs.pop(oldest)
            self._memory.pop(oldest, None)

    def decide(
        self, case: Case, readings: Mapping[str, str] | None = None, *, assume_absent: bool | None = None,
        settlements: bool = True,
    ) -> Decision:  # fmt: skip
        """Decide `case` under `readings` (question to option; the others by default).

        `assume_absent` runs the case as a complete record, or not, whatever it says of itself. Without `settlements`
        no sets of facts are looked for that would settle a pend, which takes most of its time. Raises ReadingError for
        an unknown reading, and PolicyError if the policy concludes two things that exclude each other.
        """
        chosen = self.policy.readings(readings or {})
        facts = self.facts(case, chosen, assume_absent=assume_absent)
        program = self.program(facts.shape)
        literals = self.assumed(program, facts)
        answer = Answer(program.derivations, literals)
        if self.exclusive:
            shown = answer.shown
            check_exclusive(self.policy, facts.needed.bodies, lambda one, other: one in shown and other in shown)
        memory = self._memory.get(facts.shape)
        if memory is None:
            memory = self._memory[facts.shape] = Memory(program, self.policy)
        explainer = Explainer(program, self.policy, facts, answer, memory)
        verdict = Verdict(self.policy, program, facts, case, explainer, answer.shown)
        verdict.read()
        if verdict.open:
            verdict.settle(literals)
        return verdict.decision(literals, settlements=settlements)

    def facts(self, case: Case, chosen: Mapping[str, str], *, assume_absent: bool | None = None) -> Facts:
        """Return the facts of `case` under the readings `chosen` (the defaults left out), in a room that serves it."""
        needed = room_for(case, chosen)
        room = self.room(needed)
        return facts_for(case, self.policy, chosen, assume_absent=assume_absent, shape=room, needed=needed)

    def assumed(self, program: OpenProgram, facts: Facts) -> set[int]:
        """Return the literals of the inputs that `facts` states.

        Raises PolicyError if the policy does not know one, and SolveError if they contradict each other.
        """
        literals: set[int] = set()
        for term in facts.stated:
            literal = program.places.get(term)
            if literal is None and isinstance(term, tuple) and term[0] in ("from", "to"):
                quantity = program.quantities.get(term[1])
                if quantity is not None and quantity not in self._limits:
                    continue
                if quantity is not None and isinstance(term[2], int):
                    literal = program.places.get((term[0], term[1], representative(term[2], self._limits[quantity])))
            if literal is None:
                raise PolicyError(f"the policy knows no input such as {name_of(term)}({name_of(subject_of(term))})")
            literals.add(literal)
        slots = program.slots
        if len({slots[literal] for literal in literals}) < len(literals):
            raise SolveError("the record contradicts itself")
        return literals
