"""The kernel of a policy for one shape of cases: which outputs it has, and where its two planes may say too little.

Each answer has two sides, such as met and unmet, and each side a plane of its own. Where neither holds, a case is
undetermined unless all completions of what it leaves unknown agree. Where `bounds` cannot rule that out, the kernel has
a third plane for the side, and the cases in it are settled by completions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import clingo.ast

from bvn_asp.batch.bounds import Bounds, Ways
from bvn_asp.batch.kernel import FALSE, TRUE, Compiler, Kernel, Nodes, kernel_of
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import PolicyError
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.terms import Term, name_of

if TYPE_CHECKING:
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

BODY_SIDES = ("refused", "permissible")
ELIGIBILITY = ("eligible", "not_eligible")


@dataclass(frozen=True)
class Compiled:
    """A kernel and what it answers.

    `answers` holds the sides of every answer by column, the first prevailing; `generous` the atoms whose side may be
    settled although nothing derives it; `exhaustive` tells whether every complete record with a request gets a
    recommendation.
    """

    shape: Shape
    kernel: Kernel
    quantities: Mapping[Term, str]
    answers: Mapping[str, tuple[Term, ...]]
    generous: frozenset[Term]
    exhaustive: bool


def answers_of(policy: Policy, shape: Shape, *, whole: bool) -> dict[str, tuple[Term, ...]]:
    """Return the sides of every answer by its column; only the recommendation unless `whole`."""
    found: dict[str, tuple[Term, ...]] = {"recommendation": tuple(("recommend", outcome) for outcome in OUTCOMES)}
    if whole:
        found["eligibility"] = ELIGIBILITY
        for clause in policy.clauses.values():
            if clause.kind in SIDES:
                sides = SIDES[clause.kind]
                found[f"{sides[0]}_{clause.id}"] = tuple((side, clause.id) for side in sides)
        for body in shape.bodies:
            found[f"body_{body.lower()}"] = tuple((side, body.lower()) for side in BODY_SIDES)
    return found


def compile_policy(
    policy: Policy, program: OpenProgram, shape: Shape, readings: Mapping[str, str], *, closed: bool, whole: bool
) -> Compiled:
    """Compile `program`, the ground program of `policy` for `shape`, under `readings` other than default.

    With `closed`, records may be complete. Raises PolicyError for what and, or and not cannot say.
    """
    return compile_nodes(policy, program, shape, readings, closed=closed, whole=whole)[2]


def compile_nodes(
    policy: Policy, program: OpenProgram, shape: Shape, readings: Mapping[str, str], *, closed: bool, whole: bool
) -> tuple[Nodes, dict[Term, int], Compiled]:
    """Return what `compile_policy` does, with the nodes and which of them are outputs."""
    refuse(policy)
    nodes = Nodes()

    def stated(term: Term) -> int:
        name = name_of(term)
        if name == "selected":
            return TRUE if isinstance(term, tuple) and readings.get(str(term[1])) == term[2] else FALSE
        return nodes.input(term) if name != "complete" and (name != "assumed_absent" or closed) else FALSE

    rules = Compiler(program, nodes, stated)
    answers = answers_of(policy, shape, whole=whole)
    sides = {side: rules.atom(side) for answer in answers.values() for side in answer}
    outputs = dict(sides)
    for body in shape.bodies if whole else ():
        outputs["reported", body.lower()] = rules.atom(("reported", body.lower()))
    bounds = Bounds(nodes, Ways(program.inputs.values(), nodes, stated))
    for side, node in sides.items():
        if bounds.upper(node) != node:
            outputs["generous", side] = bounds.upper(node)
    generous = frozenset(side for side in sides if ("generous", side) in outputs)
    kernel, exhaustive = kernel_of(nodes, outputs), _exhaustive(program, readings)
    return nodes, outputs, Compiled(shape, kernel, program.quantities, answers, generous, exhaustive)


def _exhaustive(program: OpenProgram, readings: Mapping[str, str]) -> bool:
    """Tell whether every complete record with a request gets approve, partial or deny."""
    pend, complete = program.literal(("recommend", "pend")), program.literal("complete")
    if pend is None or complete is None:
        return pend is None
    chosen = {("selected", question, option) for question, option in readings.items()}
    fixed = [
        literal if term in chosen else -literal
        for literal, term in program.inputs.items()
        if name_of(term) == "selected"
    ]
    return not program.satisfiable([complete, pend, *fixed])


def refuse(policy: Policy) -> None:
    """Raise PolicyError for rules that choose, or forbid instead of conclude: a batch knows one answer set a case."""

    def check(statement: clingo.ast.AST) -> None:
        kind = statement.ast_type
        if kind in (clingo.ast.ASTType.Minimize, clingo.ast.ASTType.External):
            found.append(statement)
        if kind == clingo.ast.ASTType.Rule:
            head = statement.head
            false = head.ast_type == clingo.ast.ASTType.Literal and head.atom.ast_type == (
                clingo.ast.ASTType.BooleanConstant
            )
            if false or head.ast_type != clingo.ast.ASTType.Literal:
                found.append(statement)

    found: list[clingo.ast.AST] = []
    clingo.ast.parse_string(policy.text, check)
    if found:
        line = found[0].location.begin.line
        raise PolicyError(
            f"line {line}: {str(found[0]).splitlines()[0]}: a rule that chooses or forbids; a batch decides only "
            "policies whose rules conclude"
        )
