"""Whole numbers of a policy program, which clingo keeps in 32 bits and wraps without a word beyond them.

Numbers of ground atoms stay within `MOST`; so what a rule computes from them can be bounded before it is ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clingo import SymbolType
from clingo.ast import AggregateFunction, ASTType, BinaryOperator, ComparisonOperator, Sign, UnaryOperator

LARGEST = 2**31 - 1
MOST = 1_000_000_000
"""Largest number of a ground atom, so that the sum of two is still in 32 bits."""
MOST_WEIGHT = 100
"""Largest weight in a sum: more elements than are needed to leave 32 bits cannot be ground."""
BEYOND = f"a whole number beyond {LARGEST:,}"
_STEEPEST = 64
NUMBER = r"(?<![\w'])(?:0x[0-9A-Fa-f]+|0o[0-7]+|0b[01]+|[0-9]+)"
"""How a program writes a whole number."""


def too_large(written: str) -> bool:
    """Tell whether the number that a program writes as `written` does not fit."""
    digits, base = (
        (written[2:], {"x": 16, "o": 8, "b": 2}[written[1]]) if re.match("0[xob]", written) else (written, 10)
    )
    # Python does not read thousands of digits.
    return len(digits.lstrip("0")) > 32 or int(digits, base) > LARGEST


class OutOfRangeError(Exception):
    """Arithmetic that can leave 32 bits, or is done with what has no known bound."""

    def __init__(self, node: Any, what: str) -> None:
        super().__init__(what)
        self.node = node


def check_arithmetic(parts: Iterable[tuple[Any, Any]], bound: frozenset[str], constants: Mapping[str, int]) -> None:
    """Raise OutOfRangeError where `parts` of a statement compute what may be no number of 32 bits.

    `bound` are the variables whose values are numbers of atoms, `constants` the magnitudes of named numbers.
    """
    for node, kind in parts:
        if kind in (ASTType.BinaryOperation, ASTType.UnaryOperation):
            _magnitude(node, bound, constants)
        elif kind is ASTType.BodyAggregate and node.function == AggregateFunction.Sum:
            for element in node.elements:
                _check_weight(node, element)


def bound_variables(parts: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Return the variables of a rule, given by its `parts`, that can only stand for terms of atoms or for counts."""
    found, assigned = set[str](), set[str]()
    for part, kind in parts:
        if kind is ASTType.Literal and part.sign == Sign.NoSign:
            if part.atom.ast_type is ASTType.SymbolicAtom:
                found.update(_plain_variables(part.atom.symbol))
            elif part.atom.ast_type is ASTType.BodyAggregate and part.atom.function == AggregateFunction.Count:
                found.update(_plain_variables(part.atom.left_guard.term) if part.atom.left_guard else ())
        elif kind is ASTType.Comparison and any(g.comparison == ComparisonOperator.Equal for g in part.guards):
            # What it stands for may be computed; elsewhere in the rule the same name can be another variable.
            for side in (part.term, *(guard.term for guard in part.guards)):
                assigned.update(_plain_variables(side))
    return frozenset(found - assigned)


def _plain_variables(term: Any) -> Iterator[str]:
    """Yield the variables that stand for a whole argument of `term`, at any depth, and not for a part of a sum."""
    level = [term]
    while level:
        yield from (one.name for one in level if one.ast_type is ASTType.Variable)
        level = [a for one in level if one.ast_type in (ASTType.Function, ASTType.Pool) for a in one.arguments]


def _check_weight(node: Any, element: Any) -> None:
    first = element.terms[0] if element.terms else node
    number = first.ast_type is ASTType.SymbolicTerm and first.symbol.type is SymbolType.Number
    if not number or abs(first.symbol.number) > MOST_WEIGHT:
        raise OutOfRangeError(node, f"a sum of anything but whole numbers up to {MOST_WEIGHT}")


def magnitude(term: Any, constants: Mapping[str, int]) -> int:
    """Return the largest absolute value that a term without variables can have."""
    return _magnitude(term, frozenset(), constants)


def _magnitude(term: Any, bound: frozenset[str], constants: Mapping[str, int]) -> int:
    kind = term.ast_type
    value: int
    if kind is ASTType.SymbolicTerm:
        symbol = term.symbol
        return abs(symbol.number) if symbol.type is SymbolType.Number else constants.get(str(symbol), 0)
    if kind is ASTType.Variable:
        if term.name not in bound:
            raise OutOfRangeError(term, f"arithmetic with {term.name}, which no plain condition binds,")
        return MOST
    if kind is ASTType.UnaryOperation:
        # The bits of a number turned over are one more, with another sign.
        value = _magnitude(term.argument, bound, constants) + (term.operator_type == UnaryOperator.Negation)
    elif kind is ASTType.BinaryOperation:
        value = _combined(term, *(_magnitude(side, bound, constants) for side in (term.left, term.right)))
    else:
        arguments = [term.left, term.right] if kind is ASTType.Interval else getattr(term, "arguments", ())
        value = max((_magnitude(part, bound, constants) for part in arguments), default=0)
    if value > LARGEST:
        raise OutOfRangeError(term, f"arithmetic that can go beyond {LARGEST:,}, as in {term},")
    return value


def _combined(term: Any, left: int, right: int) -> int:
    operator = term.operator_type
    if operator in (BinaryOperator.Plus, BinaryOperator.Minus):
        return left + right
    if operator == BinaryOperator.Multiplication:
        return left * right
    if operator == BinaryOperator.Power:
        power: int = left ** min(right, _STEEPEST)
        return max(power, 1)
    if operator in (BinaryOperator.Division, BinaryOperator.Modulo):
        return max(left, right)
    # Bits set in either of the two, or the sign.
    return 1 << max(left, right).bit_length()
