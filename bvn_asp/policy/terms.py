"""Terms: facts and conclusions as plain Python values, and their way to clingo's symbols and back.

A term is a name, a whole number, or a tuple of a name and its arguments: `("at", ("surgery", 1), "l4")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import clingo

Term = str | int | tuple["Term", ...]
FORMS = ("yes", "no", "from", "to", "ruled_out")
"""The forms in which a record states a fact, a number or a choice."""
_NAME = re.compile(r"_*[a-z][A-Za-z0-9_]*")


@cache
def to_symbol(term: Term) -> clingo.Symbol:
    """Return the symbol of `term`; raise ValueError for a name that is no constant (nothing is ever parsed)."""
    if isinstance(term, int):
        return clingo.Number(term)
    if isinstance(term, str):
        return clingo.Function(_checked(term))
    head, *arguments = term
    if not isinstance(head, str):
        raise ValueError(f"not a term: {term!r}")
    return clingo.Function(_checked(head), [to_symbol(argument) for argument in arguments])


@lru_cache(maxsize=16_384)
def to_term(symbol: clingo.Symbol) -> Term:
    """Return the term of `symbol`; a quoted string becomes plain text."""
    kind = symbol.type
    if kind is clingo.SymbolType.Number:
        return symbol.number
    if kind is clingo.SymbolType.String:
        return symbol.string
    if kind is not clingo.SymbolType.Function:
        raise ValueError(f"not a term: {symbol}")
    arguments = symbol.arguments
    if not arguments:
        return symbol.name
    return (symbol.name, *map(to_term, arguments))


def to_text(term: Term) -> str:
    """Return `term` as a policy program would write it."""
    if isinstance(term, tuple):
        return f"{term[0]}({','.join(map(to_text, term[1:]))})"
    return str(term)


@cache
def pattern(text: str) -> Term:
    """Return the term that `text` writes, such as `at(X,V)`; capitals stand for what `fill` puts in."""
    name, opened, rest = text.partition("(")
    return (name, *rest.removesuffix(")").split(",")) if opened else name


def parts_of(terms: Iterable[Term]) -> Iterator[Term]:
    """Yield `terms` and all terms within them."""
    for term in terms:
        yield term
        if isinstance(term, tuple):
            yield from parts_of(term[1:])


def fill(shape: Term, **values: Term) -> Term:
    """Return the term `shape` with `values` for its capitals."""
    if isinstance(shape, tuple):
        return tuple(fill(part, **values) for part in shape)
    return values.get(shape, shape) if isinstance(shape, str) else shape


def subject_of(term: Term) -> Term:
    """Return the first argument of `term`, or `term` itself if it is a bare name."""
    return term[1] if isinstance(term, tuple) else term


def arguments_of(term: Term) -> tuple[Term, ...]:
    """Return the arguments of `term`, none if it is a bare name."""
    return term[1:] if isinstance(term, tuple) else ()


def name_of(term: Term) -> str:
    """Return the leading name of `term`."""
    return str(term[0] if isinstance(term, tuple) else term)


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"not a constant: {name!r}")
    return name
