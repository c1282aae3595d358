"""The kernel of a policy for one shape of cases: which outputs it has, and where its two planes may say too little.

Each answer has two sides, such as met and unmet, and each side a plane of its own. Where neither holds, a case is
undetermined unless all completions of what it leaves unknown agree. Where `bounds` cannot rule that out, the kernel has
a third plane for the side, and the cases in it are settled by completions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import clingo.ast

from bvn_asp.batch.bounds import Bounds
from bvn_asp.batch.kernel import FALSE, TRUE, Compiler, Kernel, Nodes, kernel_of
from bvn_asp.decide import OUTCOMES, SIDES, is_setting
from bvn_asp.errors import PolicyError
from bvn_asp.facts import ANATOMY
from bvn_asp.policy import Policy
from bvn_asp.shape import Shape
from bvn_asp.solve import OpenProgram
from bvn_asp.terms import FORMS, Term, name_of, subject_of

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
    nodes, ways = Nodes(), _ways(program)

    def stated(term: Term) -> int:
        name, subject = name_of(term), subject_of(term)
        if name == "selected" and subject != ANATOMY:
            return TRUE if isinstance(term, tuple) and readings.get(str(subject)) == term[2] else FALSE
        return nodes.input(term) if name != "assumed_absent" or closed else FALSE

    def unknown(subject: Term) -> int:
        # A number or choice that is assumed absent has no value in any completion.
        settled = [stated(term) for term in ways[subject]]
        absent = ("assumed_absent", subject)
        if absent in program.places and not _is_fact(ways[subject]):
            settled.append(stated(absent))
        return nodes.negate(nodes.any(settled))

    rules = Compiler(program, nodes, stated)
    answers = answers_of(policy, shape, whole=whole)
    sides = {side: rules.atom(side) for answer in answers.values() for side in answer}
    outputs = dict(sides)
    for body in shape.bodies if whole else ():
        outputs["reported", body.lower()] = rules.atom(("reported", body.lower()))
    bounds = Bounds(nodes, ways, unknown)
    for side, node in sides.items():
        if bounds.upper(node) != node:
            outputs["generous", side] = bounds.upper(node)
    generous = frozenset(side for side in sides if ("generous", side) in outputs)
    kernel, exhaustive = kernel_of(nodes, outputs), _exhaustive(program, readings)
    return nodes, outputs, Compiled(shape, kernel, program.quantities, answers, generous, exhaustive)


def _ways(program: OpenProgram) -> dict[Term, frozenset[Term]]:
    """Return the inputs that state each subject that a record can leave unknown."""
    found: dict[Term, set[Term]] = {}
    for term in program.inputs.values():
        if name_of(term) in FORMS and not is_setting(term):
            found.setdefault(subject_of(term), set()).add(term)
    return {subject: frozenset(terms) for subject, terms in found.items()}


def _is_fact(ways: frozenset[Term]) -> bool:
    return all(name_of(term) in ("yes", "no") for term in ways)


def _exhaustive(program: OpenProgram, readings: Mapping[str, str]) -> bool:
    """Tell whether every complete record with a request gets approve, partial or deny."""
    pend, complete = program.literal(("recommend", "pend")), program.literal("complete")
    if pend is None or complete is None:
        return pend is None
    chosen = {("selected", question, option) for question, option in readings.items()}
    fixed = [
        literal if term in chosen else -literal
        for literal, term in program.inputs.items()
        if name_of(term) == "selected" and subject_of(term) != ANATOMY
    ]
    requests: dict[Term, list[int]] = {}
    for literal, term in program.inputs.items():
        if name_of(subject_of(term)) == "requested":
            requests.setdefault(subject_of(term), []).append(literal)
    for model in program.solve([complete, pend, *fixed]):
        if all(any(map(model.is_true, ways)) for ways in requests.values()):
            return False
        # A record always says of every body whether it is requested.
        for ways in requests.values():
            model.context.add_clause(ways)
    return True


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
