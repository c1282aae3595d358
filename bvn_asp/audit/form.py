"""The program as it is written: what is declared, used, cited, and able to fire at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from clingo import ast

from bvn_asp.audit.finding import Finding
from bvn_asp.audit.study import Study
from bvn_asp.policy import VOCABULARY
from bvn_asp.program import RECORDS, ground
from bvn_asp.proofs import proof_of
from bvn_asp.solve import OPEN_INPUTS
from bvn_asp.space import Space

_FIRES = "__fires"


def form(study: Study) -> Iterator[Finding]:
    """Find predicates that nothing uses, rules that no record makes fire, and criteria without rules or citation."""
    nodes = _nodes(study.policy.text)
    rules = [node for node in nodes if node.ast_type == ast.ASTType.Rule]
    yield from _unused(nodes, rules)
    yield from _idle_rules(study, rules)
    for id in study.ids:
        clause = study.policy.clauses[id]
        if not clause.references:
            yield Finding("uncited", (id,), "text", f"{study.name(id)} cites no reference.", (id,))
        if study.fails[id] == -study.space.true and study.passes[id] == -study.space.true:
            yield Finding(
                "no-rules", (id,), "defect", f"{study.name(id)} is declared, and no rule says when it holds.", (id,),
                proofs=study.proofs([study.fails[id]], f"{id} fails"),
            )  # fmt: skip


def _unused(nodes: list[Any], rules: list[Any]) -> Iterator[Finding]:
    shown = {
        name
        for node in nodes
        if node.ast_type in (ast.ASTType.ShowSignature, ast.ASTType.ShowTerm)
        for name in ([node.name] if node.ast_type == ast.ASTType.ShowSignature else _names(node.body))
    }
    machinery = {name for text in (OPEN_INPUTS, RECORDS) for node in _nodes(text) for name in _used(node)}
    used = {name for rule in rules for name in _names(rule.body)} | {n for rule in rules for n in _conditions(rule)}
    defined = {name: rule for rule in reversed(rules) for name in _names([rule.head])}
    known = shown | machinery | used | set(VOCABULARY)
    for name, rule in sorted(defined.items()):
        if name not in known:
            yield Finding(
                "unused", (name,), "text",
                f"Nothing uses what line {rule.location.begin.line} of the policy concludes: {name.replace('_', ' ')}.",
            )  # fmt: skip


def _idle_rules(study: Study, rules: list[Any]) -> Iterator[Finding]:
    """Find rules whose conditions no record meets under any reading."""
    conditional = [rule for rule in rules if rule.body]
    marked = "\n".join(str(rule.update(head=_head(place))) for place, rule in enumerate(conditional))
    space = Space(ground(f"{study.policy.text}\n{marked}", study.search.room))
    space.deadline = study.deadline
    goals = {place: space.literal((_FIRES, place)) for place in range(len(conditional))}
    run = [-space.literal("complete")]
    fired = space.reached(run, goals.values())
    study.claims += len(goals)
    for place in (place for place, literal in goals.items() if literal not in fired):
        rule = conditional[place]
        text = " ".join(str(rule).split())
        goal = [*run, *(space.held(premise) for premise in space.premises), goals[place]]
        proof = proof_of(space, f"the rule fires: {text}", goal, (), {}, study.search.room)
        yield Finding(
            "idle-rule", (text,), "notice",
            f"No record meets the conditions of the rule in line {rule.location.begin.line}: {text}",
            proofs=(study.certified(proof),),
        )  # fmt: skip


def _head(place: int) -> Any:
    found: list[Any] = []
    ast.parse_string(f"{_FIRES}({place}).", found.append)
    return found[1].head


def _nodes(text: str) -> list[Any]:
    found: list[Any] = []
    ast.parse_string(text, found.append)
    return found


def _names(nodes: Iterable[Any]) -> Iterator[str]:
    """Yield the predicates that occur in `nodes`."""
    collector = _Collector()
    for node in nodes:
        collector.visit(node)
    yield from collector.names


def _conditions(rule: Any) -> Iterator[str]:
    """Yield the predicates of conditions within the head."""
    head = rule.head
    if head.ast_type in (ast.ASTType.Disjunction, ast.ASTType.Aggregate):
        yield from _names([head])


def _used(node: Any) -> Iterator[str]:
    if node.ast_type == ast.ASTType.Rule:
        yield from _names([*node.body])
        yield from _conditions(node)
    elif node.ast_type == ast.ASTType.Minimize:
        yield from _names(node.body)


class _Collector(ast.Transformer):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_SymbolicAtom(self, node: Any) -> Any:  # noqa: N802
        symbol = node.symbol
        for one in symbol.arguments if symbol.ast_type == ast.ASTType.Pool else [symbol]:
            self.names.add(one.name)
        return node
