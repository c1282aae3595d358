"""The program as it is written: what is declared, used, cited, and able to fire at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import clingo
from clingo import ast

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.proofs import proof_of
from bvn_asp.analysis.records import RECORDS, ground
from bvn_asp.analysis.space import Space
from bvn_asp.policy.grounding import OPEN_INPUTS
from bvn_asp.policy.register import VOCABULARY
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, arguments_of, name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study

_FIRES = "__fires"
_NUMBER = re.compile(r"(?<![A-Za-z0-9.])(?<!type )[0-9]+(?:[.][0-9]+)?")
"""A number that is no part of a name, such as that of a body or of a type of Modic change."""


def form(study: Study) -> Iterator[Finding]:
    """Find what nothing uses, what makes no difference, limits in labels, and criteria without rules or citation."""
    nodes = _nodes(study.policy.text)
    rules = [node for node in nodes if node.ast_type == ast.ASTType.Rule]
    yield from _unused(nodes, rules)
    yield from _unused_wordings(study)
    yield from _numbers_in_labels(study)
    yield from _idle(study, rules)
    for id in study.ids:
        clause = study.policy.clauses[id]
        if not clause.references:
            yield Finding("uncited", (id,), f"{study.name(id)} cites no reference.", (id,))
        if study.fails[id] == -study.space.true and study.passes[id] == -study.space.true:
            yield Finding(
                "no-rules", (id,), f"{study.name(id)} is declared, and no rule says when it holds.", (id,),
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
                "unused", (name,),
                f"Nothing uses what line {rule.location.begin.line} of the policy concludes: {name.replace('_', ' ')}.",
            )  # fmt: skip


def _unused_wordings(study: Study) -> Iterator[Finding]:
    """Find words for what is neither concluded nor stated of any record."""
    occurring = {name for term in study.search.ground.atoms if name_of(term) != "wording" for name in _words(term)}
    for name in sorted(set(study.policy.wording) - occurring):
        yield Finding("unused-wording", (name,), f"The policy words {name}, which nothing concludes or states.")


def _numbers_in_labels(study: Study) -> Iterator[Finding]:
    """Find labels that name a number, which would stay as it is when the limit of the clause changes."""
    for clause in study.policy.clauses.values():
        for number in _NUMBER.findall(clause.template):
            yield Finding(
                "number-in-label", (clause.id, number),
                f"The label of {clause.id} says {number}, whatever its limit is; write {{limit}} instead.",
                (clause.id,),
            )  # fmt: skip


def _idle(study: Study, rules: list[Any]) -> Iterator[Finding]:
    """Find rules whose conditions no record meets, and conditions without which a rule concludes the same on every one.

    A condition that names the reading under which a rule speaks is not among them: explanations show it.
    """
    firing = {place: str(rule.update(head=_mark(place))) for place, rule in enumerate(rules) if rule.body}
    candidates = [(rule, place) for rule in rules for place in range(len(rule.body)) if _can_be_idle(rule, place)]
    texts = {place: _without(place, *each) for place, each in enumerate(candidates, len(rules))}
    unsafe = _unsafe(texts)
    missing = {place: text for place, text in texts.items() if place not in unsafe}
    study.claims += len(firing) + len(missing)
    run: list[int] = []
    # What is idle where there is much to tell apart is still needed where there is little, and the other way round.
    for room in (Shape(), study.search.room):
        space = _marked(study, [*firing.values(), *missing.values()], room)
        run = [-space.literal("complete")]
        firing, missing = _never(space, run, firing), _never(space, [], missing)
    held = [space.held(premise) for premise in space.premises]
    for place in firing:
        rule = rules[place]
        text = " ".join(str(rule).split())
        proof = proof_of(space, f"the rule fires: {text}", [*run, *held, _fired(space, place)], (), {}, room)
        yield Finding(
            "idle-rule", (text,),
            f"No record meets the conditions of the rule in line {rule.location.begin.line}: {text}",
            proofs=(study.certified(proof),),
        )  # fmt: skip
    for place in missing:
        rule, at = candidates[place - len(rules)]
        text, condition = " ".join(str(rule).split()), rule.body[at]
        words = f"{condition} makes a difference in: {text}"
        proof = proof_of(space, words, [*held, _fired(space, place)], (), {}, room)
        yield Finding(
            "idle-condition", (str(condition), text),
            f"The rule in line {rule.location.begin.line} concludes the same without the condition {condition}: {text}",
            proofs=(study.certified(proof),),
        )  # fmt: skip


def _never(space: Space, run: list[int], marks: dict[int, str]) -> dict[int, str]:
    """Return which of `marks` fire on no record of `run`."""
    goals = {place: _fired(space, place) for place in marks}
    reached = space.reached(run, goals.values())
    return {place: text for place, text in marks.items() if goals[place] not in reached}


def _fired(space: Space, place: int) -> int:
    return space.literal((_FIRES, place))


def _can_be_idle(rule: Any, place: int) -> bool:
    condition = rule.body[place]
    if rule.head.ast_type != ast.ASTType.Literal or condition.ast_type != ast.ASTType.Literal:
        return False
    return not str(condition).startswith("chosen(")


def _unsafe(texts: Mapping[int, str]) -> set[int]:
    """Return which of the rules `texts` lack a condition that gives a variable its values: it cannot be left out."""
    messages: list[str] = []
    control = clingo.Control(logger=lambda _, message: messages.append(message), message_limit=len(texts) + 1)
    # The last one keeps all of them from being ground.
    control.add("base", [], "\n".join([*texts.values(), f"{_FIRES} :- not {_FIRES}(X)."]))
    with suppress(RuntimeError):
        control.ground([("base", [])])
    lines = {int(message.split(":")[1]) for message in messages}
    return {place for line, place in enumerate(texts, 1) if line in lines}


def _without(number: int, rule: Any, place: int) -> str:
    """Return a rule that fires where `rule` would conclude something new without its condition at `place`."""
    condition = rule.body[place]
    sign = ast.Sign.NoSign if condition.sign == ast.Sign.Negation else ast.Sign.Negation
    others = [*rule.body[:place], *rule.body[place + 1 :]]
    silent = rule.head.update(sign=ast.Sign.Negation)
    return str(rule.update(head=_mark(number), body=[*others, condition.update(sign=sign), silent]))


def _marked(study: Study, marks: Iterable[str], room: Shape) -> Space:
    text = "\n".join([study.policy.text, *marks])
    space = Space(ground(text, room, deadline=study.deadline))
    space.deadline = study.deadline
    return space


def _mark(place: int) -> Any:
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


def _words(term: Term) -> Iterator[str]:
    """Yield the names that occur in `term`."""
    yield name_of(term)
    for argument in arguments_of(term):
        yield from _words(argument)


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
