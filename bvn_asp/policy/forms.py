"""What a policy program may be written with: a list of forms, and everything else is refused by name and place.

A program of these forms, without a circle, has exactly one answer set for every input: it only draws conclusions.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from clingo import SymbolType, ast
from clingo.ast import AggregateFunction, ASTType, Sign

from bvn_asp.errors import PolicyError
from bvn_asp.policy.grounding import INPUTS, OPEN_INPUTS
from bvn_asp.policy.numbers import (
    BEYOND,
    NUMBER,
    OutOfRangeError,
    bound_variables,
    check_arithmetic,
    magnitude,
    too_large,
)
from bvn_asp.record.anatomy import policy_path

Signature = tuple[str, int]

MOST_CHARACTERS = 2_000_000
MOST_NESTED = 60
"""Deepest nesting of an expression: what reads it goes down by calls."""
STRUCTURE = ("considered", "finding", "surgery", "modic", "asked_limit")
"""What a run states beside the inputs: the room that it has, and limits that it asks for."""

OUTPUTS = (
    ("recommend", 1), ("eligible", 0), ("not_eligible", 0), ("eligibility_undetermined", 0), ("permissible", 1),
    ("refused", 1), ("body_undetermined", 1), ("refusal", 2), ("met", 1), ("unmet", 1), ("violated", 1), ("clear", 1),
    ("undetermined", 1), ("billing_unit", 2), ("flag", 1),
)  # fmt: skip
"""What a decision is read from: a policy that shows anything shows these."""

_AGGREGATES = {
    AggregateFunction.Count: "#count", AggregateFunction.Min: "#min", AggregateFunction.Max: "#max",
    AggregateFunction.Sum: "#sum",
}  # fmt: skip
_REFUSED = {
    ASTType.Script: "#script", ASTType.External: "#external", ASTType.Minimize: "a weak constraint or #minimize",
    ASTType.Edge: "#edge", ASTType.Heuristic: "#heuristic", ASTType.ProjectAtom: "#project",
    ASTType.ProjectSignature: "#project", ASTType.TheoryDefinition: "#theory", ASTType.TheoryAtom: "a theory atom",
    ASTType.Aggregate: "a choice or a count in braces", ASTType.HeadAggregate: "an aggregate as a conclusion",
    ASTType.Disjunction: "a disjunction", ASTType.Comparison: "a comparison",
    ASTType.BooleanConstant: "#true or #false",
}  # fmt: skip
_OUTSIDE = re.compile(rf'"(?:\\.|[^"\\\n])*"|%(?!\*)[^\n]*|%\*|[^\x00-\x7f]|\x00|{NUMBER}', re.DOTALL)
_IN_REMARK = re.compile(r"%(?!\*)[^\n]*|%\*|\*%|\x00", re.DOTALL)
"""What is to be told apart in the text, and within a remark of several lines, where quotation marks mean nothing."""
# The parser would open the file that is named while it reads, so it is given another word of the same length.
_INCLUDE, _STAND_IN = "#include", "#inclu_e"


def check_forms(text: str, name: str) -> None:
    """Raise PolicyError unless the program `text`, called `name`, is made of the forms that a policy may have.

    Nothing is ground, and no file that it names is opened.
    """
    if len(text) > MOST_CHARACTERS:
        raise PolicyError(f"{name}: too large: at most {MOST_CHARACTERS:,} characters")
    _check_characters(text, name)
    nodes = _parsed(text, name)
    declared = {(node.name, node.arity) for node in nodes if node.ast_type is ASTType.Defined}
    constants = dict[str, int]()
    for node in sorted(nodes, key=lambda node: node.ast_type is not ASTType.Definition):
        try:
            _check_statement(node, declared, constants)
        except (_FormError, OutOfRangeError) as error:
            raise PolicyError(f"{name}:{_place(error.node)}: {error} is not allowed in a policy") from None
    shown = {signature for node in nodes for signature in _shown(node)}
    hidden = [f"{output}/{arity}" for output, arity in OUTPUTS if (output, arity) not in shown]
    if shown and hidden:
        raise PolicyError(f"{name}: it has #show, but not for {', '.join(hidden)}, which a decision is read from")


def vocabulary() -> frozenset[Signature]:
    """Return the predicates of a policy that say what a record can state: facts, since a record cannot decide that."""
    reserved, read, _ = _machinery()
    return frozenset(
        signature for signature in read - reserved if signature not in INPUTS and signature[0] not in STRUCTURE
    )


class _FormError(Exception):
    def __init__(self, node: Any, what: str) -> None:
        super().__init__(what)
        self.node = node


def _place(node: Any) -> str:
    begin = node.location.begin
    return f"{begin.line}:{begin.column}"


def _check_characters(text: str, name: str) -> None:
    """Refuse what the parser cannot stand: NUL; and outside of strings and remarks, what is not ASCII, huge numbers."""
    depth, at = 0, 0
    while match := (_IN_REMARK if depth else _OUTSIDE).search(text, at):
        found, at = match[0], match.end()
        if "\0" in found:
            _refuse_character(text, name, match.start() + found.index("\0"), "a NUL character")
        if found == "%*":
            depth += 1
        elif found == "*%":
            depth -= 1
        elif found[0].isdigit() and too_large(found):
            _refuse_character(text, name, match.start(), BEYOND)
        elif len(found) == 1 and not found.isascii():
            _refuse_character(text, name, match.start(), f"U+{ord(found):04X} outside of strings and remarks")


def _refuse_character(text: str, name: str, at: int, what: str) -> None:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    raise PolicyError(f"{name}:{line}:{column}: {what} is not allowed in a policy")


def _parsed(text: str, name: str) -> list[Any]:
    messages: list[str] = []
    nodes: list[Any] = []
    try:
        ast.parse_string(
            text.replace(_INCLUDE, _STAND_IN), nodes.append, logger=lambda _, message: messages.append(message)
        )
    except RuntimeError as error:
        first = messages[0].strip() if messages else str(error)
        place = re.match(r"<string>:(\d+):(\d+)", first)
        if _STAND_IN in first:
            where = f":{place[1]}:{place[2]}" if place else ""
            raise PolicyError(f"{name}{where}: {_INCLUDE} is not allowed in a policy") from None
        raise PolicyError("\n".join(messages).strip().replace("<string>", name) or f"{name}: {error}") from None
    if messages:
        raise PolicyError("\n".join(messages).strip().replace("<string>", name))
    return nodes


def _check_statement(node: Any, declared: set[Signature], constants: dict[str, int]) -> None:
    parts = _parts(node)
    kind = node.ast_type
    if kind is ASTType.Comment or kind is ASTType.Defined:
        return
    if kind is ASTType.Program:
        if node.name != "base" or node.parameters:
            raise _FormError(node, "#program")
    elif kind is ASTType.Definition:
        _check_constant(node)
        constants[node.name] = magnitude(node.value, constants)
    elif kind is ASTType.ShowSignature:
        if not node.positive:
            raise _FormError(node, "a strong negation")
    elif kind is ASTType.ShowTerm:
        _check_shown(node)
    elif kind is ASTType.Rule:
        _check_head(node.head, declared)
        for part in node.body:
            _check_condition(part)
        _check_words(parts)
        _check_numbers(node, parts)
        check_arithmetic(parts, bound_variables(parts), constants)
    else:
        raise _FormError(node, _REFUSED.get(kind, f"{kind.name}"))


def _parts(node: Any) -> list[tuple[Any, Any]]:
    """Return the nodes of a statement with their kinds; refuse one that is nested too deep or calls out."""
    found: list[tuple[Any, Any]] = []
    level = [node]
    for _ in range(MOST_NESTED):
        kinds = [(one, one.ast_type) for one in level]
        found += kinds
        level = [child for one, kind in kinds for child in _children(one, kind)]
        if not level:
            break
    else:
        raise _FormError(node, f"an expression nested more than {MOST_NESTED} deep")
    for one, kind in found:
        if kind is ASTType.Function and one.external:
            raise _FormError(one, f"@{one.name}")
    return found


def _children(node: Any, kind: Any) -> list[Any]:
    keys = _KEYS.get(kind)
    if keys is None:
        keys = _KEYS[kind] = node.child_keys
    found: list[Any] = []
    for key in keys:
        child = getattr(node, key)
        if isinstance(child, ast.AST):
            found.append(child)
        elif child is not None:
            found += child
    return found


_KEYS: dict[Any, list[str]] = {}
"""The parts of each kind of node, which are slow to ask for."""


def _check_constant(node: Any) -> None:
    """A constant is a number: one that renames a word would change what the rules of records speak of."""
    for term, kind in _parts(node.value):
        number = kind is ASTType.SymbolicTerm and term.symbol.type is SymbolType.Number
        if not number and kind not in (ASTType.BinaryOperation, ASTType.UnaryOperation):
            raise _FormError(node, f"#const {node.name} for anything but a number")
    if node.name in _machinery()[2]:
        raise _FormError(node, f"#const {node.name}, a word that records use,")
    if node.name in _policy_words():
        raise _FormError(node, f"#const {node.name}, a word of the policy of the package,")


def _check_shown(node: Any) -> None:
    """Only atoms are shown, all of a predicate or those of the bodies that a decision reports."""
    parts = [str(part) for part in node.body]
    shown = node.term
    if shown.ast_type is ASTType.Function and shown.arguments and not shown.external:
        reported = f"reported({shown.arguments[0]})"
        if sorted(parts) == sorted([str(shown), reported]) and shown.arguments[0].ast_type is ASTType.Variable:
            return
    raise _FormError(node, "#show with a condition other than reported(B)")


def _shown(node: Any) -> list[Signature]:
    if node.ast_type is ASTType.ShowSignature:
        return [(node.name, node.arity)]
    return [(node.term.name, len(node.term.arguments))] if node.ast_type is ASTType.ShowTerm else []


def _check_head(head: Any, declared: set[Signature]) -> None:
    if head.ast_type is not ASTType.Literal:
        raise _FormError(head, _REFUSED.get(head.ast_type, head.ast_type.name))
    if head.atom.ast_type is ASTType.BooleanConstant:
        raise _FormError(head, "a rule without a conclusion")
    if head.sign != Sign.NoSign:
        raise _FormError(head, "`not` in a conclusion")
    reserved = _machinery()[0]
    for symbol in _atom(head):
        signature = (symbol.name, len(symbol.arguments))
        if symbol.name in (*STRUCTURE, *(name for name, _ in INPUTS)) or signature in declared:
            raise _FormError(head, f"a conclusion about {symbol.name}, which only the record and the run state,")
        # Where a search looks for a word of its own, it looks for its name: only the policy of the package has others.
        named = symbol.name in {name for name, _ in reserved} and signature not in _concluded()
        if signature in reserved or named or symbol.name.startswith("__"):
            raise _FormError(head, f"a conclusion about {symbol.name}, a word of the search over records,")


def _check_words(parts: list[tuple[Any, Any]]) -> None:
    """A decision of one record does not have the words of the search: with them, the two would be of two policies."""
    reserved = _machinery()[0].difference(INPUTS)
    for literal, kind in parts:
        if kind is ASTType.Literal and literal.atom.ast_type is ASTType.SymbolicAtom:
            for symbol in _atom(literal):
                if (symbol.name, len(symbol.arguments)) in reserved:
                    raise _FormError(literal, f"a condition about {symbol.name}, a word of the search over records,")


def _atom(literal: Any) -> list[Any]:
    """Return the atoms of a literal, several for a pool; refuse what is no plain atom."""
    atom = literal.atom
    if atom.ast_type is not ASTType.SymbolicAtom:
        raise _FormError(literal, _REFUSED.get(atom.ast_type, atom.ast_type.name))
    symbols = list(atom.symbol.arguments) if atom.symbol.ast_type is ASTType.Pool else [atom.symbol]
    for symbol in symbols:
        if symbol.ast_type is not ASTType.Function:
            raise _FormError(literal, "a strong negation")
    return symbols


def _check_condition(part: Any) -> None:
    if part.ast_type is ASTType.ConditionalLiteral:
        for literal in (part.literal, *part.condition):
            _check_literal(literal)
    elif part.ast_type is ASTType.Literal and part.atom.ast_type is ASTType.BodyAggregate:
        _check_aggregate(part)
    else:
        _check_literal(part)


def _check_aggregate(part: Any) -> None:
    aggregate = part.atom
    if aggregate.function not in _AGGREGATES or part.sign != Sign.NoSign:
        raise _FormError(part, f"an aggregate other than {', '.join(_AGGREGATES.values())}, or `not` before one,")
    for element in aggregate.elements:
        for literal in element.condition:
            _check_literal(literal)


def _check_literal(literal: Any) -> None:
    if literal.ast_type is not ASTType.Literal:
        raise _FormError(literal, _REFUSED.get(literal.ast_type, literal.ast_type.name))
    if literal.sign == Sign.DoubleNegation:
        raise _FormError(literal, "`not not`")
    if literal.atom.ast_type is not ASTType.Comparison:
        _atom(literal)


def _check_numbers(rule: Any, parts: list[tuple[Any, Any]]) -> None:
    """A number is only compared with limits of its quantity: so few numbers stand for all."""
    values = [
        node
        for node, kind in parts
        if kind is ASTType.Function and node.name in ("from", "to") and len(node.arguments) == 2
    ]
    if not values:
        return
    plain = [part for part in rule.body if part.ast_type is ASTType.Literal and part.sign == Sign.NoSign]
    symbols = [symbol for part in plain if part.atom.ast_type is ASTType.SymbolicAtom for symbol in _atom(part)]
    quantities = {tuple(map(str, s.arguments)) for s in symbols if s.name == "number" and len(s.arguments) == 2}
    limits = [tuple(map(str, s.arguments)) for s in symbols if s.name == "threshold" and len(s.arguments) == 3]
    variables = [node.name for node, kind in parts if kind is ASTType.Variable]
    for node in values:
        number, value = node.arguments
        if value.ast_type is ASTType.Variable and value.name == "_":
            continue
        known = {limit for _, quantity, limit in limits if (str(number), quantity) in quantities}
        # Its value occurs in the atom itself, and otherwise only where it is compared.
        if value.ast_type is not ASTType.Variable or variables.count(value.name) != 1 + _comparisons(
            plain, value.name, known
        ):
            raise _FormError(node, f"a number used otherwise than compared with its limits, as in {node},")


def _comparisons(plain: list[Any], name: str, limits: set[str]) -> int:
    """Return how many conditions compare the variable `name` with one of the variables `limits`."""
    count = 0
    for part in plain:
        if part.atom.ast_type is ASTType.Comparison and len(part.atom.guards) == 1:
            sides = (part.atom.term, part.atom.guards[0].term)
            names = [side.name for side in sides if side.ast_type is ASTType.Variable]
            count += len(names) == 2 and names.count(name) == 1 and (set(names) - {name}) <= limits
    return count


@cache
def _machinery() -> tuple[frozenset[Signature], frozenset[Signature], frozenset[str]]:
    """Return of the program's own rules: the predicates that are theirs alone, all that they read, the words they name.

    What the policy of the package concludes is the policy's, all else theirs: they conclude it, or it stands for what
    the field table says.
    """
    records = Path(__file__).parent.parent / "analysis" / "records.lp"
    own = [*_rules_of(OPEN_INPUTS), *_rules_of(records.read_text(encoding="utf-8"))]
    heads, read, words = set[Signature](), set[Signature](), set[str]()
    for rule in own:
        concluded, conditions = _sides(rule)
        heads |= concluded
        read |= conditions
        words |= _words(rule)
    policy = _concluded()
    reserved = heads | {one for one in read - policy if one not in INPUTS and one[0] not in STRUCTURE}
    return frozenset(reserved), frozenset(read), frozenset(words)


@cache
def _concluded() -> frozenset[Signature]:
    """Return the predicates that the policy of the package concludes."""
    rules = _rules_of(policy_path().read_text(encoding="utf-8"))
    return frozenset(signature for rule in rules for signature in _sides(rule)[0])


@cache
def _policy_words() -> frozenset[str]:
    """Return the words of the policy of the package, by which outcomes and all else are known, its numbers left out."""
    nodes: list[Any] = []
    ast.parse_string(policy_path().read_text(encoding="utf-8"), nodes.append)
    numbers = {node.name for node in nodes if node.ast_type is ASTType.Definition}
    return frozenset(word for node in nodes if node.ast_type is ASTType.Rule for word in _words(node)) - numbers


def _words(rule: Any) -> set[str]:
    return {
        part.symbol.name
        for part, kind in _parts(rule)
        if kind is ASTType.SymbolicTerm and part.symbol.type is SymbolType.Function
    }


def _rules_of(text: str) -> list[Any]:
    nodes: list[Any] = []
    ast.parse_string(text, nodes.append)
    return [node for node in nodes if node.ast_type is ASTType.Rule]


def _sides(rule: Any) -> tuple[set[Signature], set[Signature]]:
    """Return the predicates that a rule concludes, and those that it reads."""
    conditions = [*rule.body]
    if rule.head.ast_type is ASTType.Aggregate:
        heads = {one for element in rule.head.elements for one in _signatures(element.literal)}
        conditions += [part for element in rule.head.elements for part in element.condition]
    else:
        heads = _signatures(rule.head)
    return heads, {one for part in conditions for one in _signatures(part)}


def _signatures(node: Any) -> set[Signature]:
    found: set[Signature] = set()
    for atom, kind in _parts(node):
        if kind is ASTType.SymbolicAtom:
            symbols = atom.symbol.arguments if atom.symbol.ast_type is ASTType.Pool else [atom.symbol]
            found |= {(symbol.name, len(symbol.arguments)) for symbol in symbols}
    return found
