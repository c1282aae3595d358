"""Explanations: why a conclusion holds, from the ground rules that derive it down to the facts of the record.

Every rule that derives the conclusion is followed, so every reason is shown, not only the first. What is not
settled is explained by the facts that are missing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.decision.gaps import Gaps
from bvn_asp.decision.memory import Keys, Memory, Plan
from bvn_asp.decision.nodes import COUNTS, Node, counted, measured
from bvn_asp.decision.wording import NO_BODIES, Wording
from bvn_asp.errors import SolveError
from bvn_asp.policy.program import OpenProgram
from bvn_asp.policy.terms import Term

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.ground import Answer
    from bvn_asp.policy.register import Clause, Policy


class Explainer:
    """Explains an answer of `program`: it walks the ground rules from a conclusion to the inputs.

    `memory` belongs to the program.
    """

    def __init__(self, program: OpenProgram, policy: Policy, facts: Facts, answer: Answer, memory: Memory) -> None:
        self._program, self._policy, self._memory = program, policy, memory
        self._answer, self._true = answer, answer.true
        self._parts: dict[int, tuple[int, ...]] = {}
        self._nodes: dict[int, Node] = {}
        self.wording = Wording(program, policy, facts)
        # What there is more room for than the case needs is nothing that it is decided by.
        self._spare = facts.shape.places - facts.needed.places if facts.shape != facts.needed else frozenset()
        self._keys = Keys(program, facts, answer, memory)
        self._gaps = Gaps(program, policy, facts, answer, memory, self.wording)
        self._tallies: dict[str, tuple[int, str]] = {}

    def holds(self, term: Term) -> bool:
        """Tell whether the atom `term` is true."""
        literal = self._program.literal(term)
        return literal is not None and (literal in self._program.facts or self._true(literal))

    def why(self, term: Term) -> tuple[Node, ...]:
        """Return the reasons for the true atom `term`."""
        literal = self._program.literal(term)
        return () if literal is None else self._reasons(literal)

    def missing(self, term: Term) -> tuple[Node, ...]:
        """Return the facts that are missing for the atom `term`, under the steps that lack them."""
        literal = self._program.literal(term)
        return () if literal is None else self._gaps.below(literal)

    def criterion(self, clause: Clause, status: str) -> Node:
        """Return the node of `clause` with its `status`, and its reasons or what is missing."""
        if status == "undetermined":
            goals = ("met", "unmet") if clause.kind == "indication" else ("clear", "violated")
            missing = next((found for goal in goals if (found := self.missing((goal, clause.id)))), (NO_BODIES,))
            return Node("criterion", clause.label, status, clause, children=(*self._so_far(clause), *missing))
        return self._status((status, clause.id))

    def body(self, name: str, status: str) -> Node:
        """Return the node of the body `name` with its `status`, and its reasons or what is missing."""
        if status == "undetermined":
            return Node("body", name, status, children=self.missing(("permissible", name.lower())))
        return self._status((status, name.lower()))

    def _status(self, term: tuple[Term, ...]) -> Node:
        literal = self._program.literal(term)
        if literal is None or literal in self._program.facts:
            # True whatever the record states.
            return Node("criterion", self.wording.words(term[1]), str(term[0]), self._policy.clauses.get(str(term[1])))
        node = self._node(literal)
        if node is None:
            raise SolveError(f"the status {term} is none that an explanation knows")
        return node

    def _reasons(self, literal: int) -> tuple[Node, ...]:
        """Return the nodes of what the true `literal` rests on, each once."""
        nodes = [self._node(part) for part in self._resting(literal)]
        return tuple({id(node): node for node in nodes if node is not None}.values())

    def _resting(self, literal: int) -> tuple[int, ...]:
        """Return the atoms to show that the true `literal` rests on, over all rules that derive it."""
        known = self._parts.get(literal)
        if known is None:
            memory = self._memory
            key = literal, self._answer.mask & self._program.derivations.border(literal)
            known = memory.parts.get(key)
            if known is None:
                if len(memory.parts) >= self._program.derivations.most:
                    memory.parts.clear()
                known = memory.parts[key] = tuple(self._derived(literal))
            self._parts[literal] = known
        return known

    def _derived(self, literal: int) -> dict[int, None]:
        found: dict[int, None] = {}
        for body in self._answer.deriving(literal):
            for part in body:
                if part < 0:
                    continue
                if self._memory.plan(part) is None:
                    found.update(dict.fromkeys(self._resting(part)))
                else:
                    found[part] = None
        return found

    def _node(self, literal: int) -> Node | None:
        """Return the node of the true atom `literal`, or None if it is not shown."""
        node = self._nodes.get(literal)
        if node is None:
            plan = self._memory.plan(literal)
            if plan is None or plan.shown_as == "nothing" or not self._spare.isdisjoint(plan.about):
                return None
            if plan.kept:
                tallies = [self._tally(id) for id in self._memory.counts(literal)]
                key = self._keys.of(literal, tallies)
                node = self._memory.nodes.get(key)
                if node is None:
                    node = self._made(plan, literal)
                    self._memory.keep(key, node)
            else:
                node = self._made(plan, literal)
            self._nodes[literal] = node
        return node

    def _made(self, plan: Plan, literal: int) -> Node:
        name, arguments = plan.name, plan.arguments
        match plan.shown_as:
            case "fact":
                node = self.wording.fact(name, arguments)
            case "comparison":
                node = self.wording.comparison(name, arguments)
            case "reading":
                node = self.wording.reading(arguments)
            case "count":
                node = self._count(name, str(arguments[0]), literal)
            case "criterion":
                node = self._criterion(name, arguments, literal)
            case "body":
                node = Node("body", self.wording.words(arguments[0]), name, children=self._reasons(literal))
            case _:
                node = Node("reason", self.wording.words((name, *arguments)), children=self._reasons(literal))
        return node

    def _criterion(self, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
        clause = self._policy.clauses[str(arguments[0])]
        status, place = name.removesuffix("_at"), arguments[1] if len(arguments) > 1 else ""
        return Node("criterion", clause.label, status, clause, fact=place, children=self._reasons(literal))

    def _so_far(self, clause: Clause) -> tuple[Node, ...]:
        """Return how many of what an undetermined criterion asks at least are known by now."""
        limit = self._policy.tallies.get(clause.id)
        if limit is None or clause.kind != "indication" or self.holds(("body_limit", clause.id)):
            return ()
        count, _ = self._tally(clause.id)
        measure = measured(self.wording.words("reaches"), Decimal(count), "so far", COUNTS["reaches"], Decimal(limit))
        return (Node("measure", counted(measure, "at least"), clause=clause, measure=measure),)

    def _tally(self, id: str) -> tuple[int, str]:
        """Return how many there are of what a clause counts, and of how many, in words, if that is limited."""
        known = self._tallies.get(id)
        if known is None:
            members = (row for row in self._program.rows("counts_toward", 2) if row[0] == id)
            pools = (row for row in self._program.rows("candidates", 2) if row[0] == id)
            count = sum(self.holds(("counts_toward", *row)) for row in members)
            of = next((f"of {row[1]}" for row in pools if self.holds(("candidates", *row))), "")
            known = self._tallies[id] = count, of
        return known

    def _count(self, relation: str, id: str, literal: int) -> Node:
        clause = self._policy.clauses[id]
        count, of = self._tally(id)
        limit = Decimal(self._policy.tallies[id])
        measure = measured(self.wording.words(relation), Decimal(count), of, COUNTS[relation], limit)
        needs = "at most" if relation in ("within", "exceeds") else "at least"
        return Node("measure", counted(measure, needs), clause=clause, measure=measure, children=self._reasons(literal))
