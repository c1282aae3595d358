"""How much room a run has decides nothing: conditions that would make it do so are refused by name and place.

A ground program has room for so many bodies, findings, surgeries and Modic changes, for one case more than for
another, and a search has its own. What a rule concludes is about a place of the room, or follows from what is stated of
one; else what is proved in one room would not hold in another. The rules of the package are known to keep to this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clingo import Symbol, SymbolType, ast
from clingo.ast import ASTType, Sign

from bvn_asp.errors import PolicyError
from bvn_asp.policy.shape import CORE_BODIES
from bvn_asp.record.anatomy import BODIES, policy_path

Place = tuple[str, int, int]
"""An argument of a predicate or a function: its name, how many it has, and which it is."""
Name = str | tuple[Any, ...]
"""A term of a rule: a variable by its name, a function with its terms as a tuple, all else as an empty tuple."""

_STATED = frozenset({("yes", 1, 0), ("from", 2, 0), ("to", 2, 0), ("ruled_out", 2, 0)})
"""What a record says of a place that is not empty."""
_ENTITIES = frozenset({("finding", 2), ("surgery", 1), ("modic", 1)})
_BODIES = frozenset(body.lower() for body in CORE_BODIES)
_ELSEWHERE = frozenset(body.lower() for body in BODIES) - _BODIES
"""Bodies that only some runs look at."""


@dataclass(frozen=True)
class _Atom:
    node: Any
    sign: bool
    terms: tuple[tuple[Place, Name], ...]


@dataclass(frozen=True)
class _Rule:
    """A rule: its conclusions, its plain conditions, and by its text each list of conditions with what is in it."""

    text: str
    heads: tuple[_Atom, ...]
    plain: tuple[_Atom, ...]
    lists: tuple[tuple[str, tuple[_Atom, ...], tuple[_Atom, ...]], ...]


def check_rooms(text: str, name: str, atoms: Iterable[Symbol]) -> None:
    """Raise PolicyError if the room of a run would decide something by the program `text`, called `name`.

    `atoms` are those of it that are ground in the least room.
    """
    for node, what in misplaced(_rules(text), _rules(policy_path().read_text(encoding="utf-8")), atoms):
        begin = node.location.begin
        raise PolicyError(f"{name}:{begin.line}:{begin.column}: {what} is not allowed in a policy")


def _rules(text: str) -> list[Any]:
    nodes: list[Any] = []
    ast.parse_string(text, nodes.append)
    return [node for node in nodes if node.ast_type is ASTType.Rule]


def misplaced(nodes: Iterable[Any], known: Iterable[Any], atoms: Iterable[Symbol]) -> Iterator[tuple[Any, str]]:
    """Yield the conditions of the rules `nodes` by which the room of a run would decide something, and what they are.

    `known` are rules that are trusted, and so are the lists of conditions in them; `atoms` are those that are ground.
    """
    rules, trusted = [_rule(node) for node in nodes], [_rule(node) for node in known]
    texts, lists = {rule.text for rule in trusted}, {text for rule in trusted for text, _, _ in rule.lists}
    drawn = {place for rule in rules if rule.plain or rule.lists for head in rule.heads for place, _ in head.terms}
    written = {place for rule in rules for head in rule.heads for place, _ in head.terms} - drawn
    roomy = set(_roomy(atoms)) - written
    bare = _bare(rules)
    for rule in rules:
        if rule.text in texts:
            continue
        kept = _names(term for head in rule.heads for _, term in head.terms) | _anchored(rule.plain, bare)
        yield from _beyond(rule.plain, roomy, kept)
        for text, inner, conditions in rule.lists:
            if text not in lists:
                yield from _beyond([*inner, *conditions], roomy, kept | _anchored(conditions, bare))


def _roomy(atoms: Iterable[Symbol]) -> Iterator[Place]:
    """Yield the arguments, of predicates and of functions in them, that hold a place of the room."""
    level, seen = list(atoms), set[Symbol]()
    while level:
        seen.update(level)
        for one in level:
            for at, argument in enumerate(one.arguments):
                if _holds_place(argument):
                    yield one.name, len(one.arguments), at
        level = [
            a for one in level for a in one.arguments if a.type is SymbolType.Function and a.arguments and a not in seen
        ]


def _holds_place(symbol: Symbol) -> bool:
    if symbol.type is not SymbolType.Function:
        return False
    place = (symbol.name, len(symbol.arguments)) in _ENTITIES or (symbol.name in _BODIES and not symbol.arguments)
    return place or any(map(_holds_place, symbol.arguments))


def _bare(rules: list[_Rule]) -> set[Place]:
    """Return the arguments of conclusions that can stand for what nothing is stated of."""
    bare: set[Place] = set()
    size = -1
    while size != len(bare):
        size = len(bare)
        for rule in rules:
            anchored = _anchored(rule.plain, bare)
            for head in rule.heads:
                bare.update(place for place, term in head.terms if not (names := _names([term])) or names - anchored)
    return bare


def _anchored(atoms: Iterable[_Atom], bare: set[Place]) -> set[str]:
    """Return the variables that can only stand for what something is stated of."""
    sure = (term for atom in atoms if atom.sign for place, term in atom.terms if _is_sure(place, bare))
    return _names(sure) - {"_"}


def _is_sure(place: Place, bare: set[Place]) -> bool:
    return place in _STATED or (place not in bare and place[0] not in _OPEN)


_OPEN = frozenset({"no", "considered", "finding", "surgery", "modic", "selected", "assumed_absent", "assumed"})
"""What a run states without a rule, of empty places too."""


def _beyond(atoms: Iterable[_Atom], roomy: set[Place], kept: set[str]) -> Iterator[tuple[Any, str]]:
    """Yield the conditions about places that neither the conclusion nor a statement is about."""
    for atom in atoms:
        for place, term in atom.terms:
            if place in roomy:
                if _is_written(term):
                    yield atom.node, f"{atom.node}, which names a place that a run need not have,"
                elif not _held(term, roomy) <= kept:
                    yield atom.node, f"{atom.node} of places that neither the conclusion nor a statement is about"


def _held(term: Name, roomy: set[Place]) -> set[str]:
    """Return the variables of `term` that can stand for a place of the room."""
    if isinstance(term, str):
        return {term}
    if not term:
        return set()
    name, *parts = term
    return {
        variable
        for at, part in enumerate(parts)
        if not name or (name, len(parts), at) in roomy
        for variable in _held(part, roomy)
    }


def _is_written(term: Name) -> bool:
    if isinstance(term, str) or not term:
        return False
    name, *parts = term
    return (name, len(parts)) in _ENTITIES or name in _ELSEWHERE or any(map(_is_written, parts))


def _names(terms: Iterable[Name]) -> set[str]:
    found: set[str] = set()
    level = list(terms)
    while level:
        found |= {one for one in level if isinstance(one, str)}
        level = [part for one in level if isinstance(one, tuple) for part in one[1:]]
    return found


# --- rules as plain data, since what clingo keeps is slow to ask ---------------------------------------------------


def _rule(node: Any) -> _Rule:
    lists = []
    for part in node.body:
        if part.ast_type is ASTType.ConditionalLiteral:
            lists.append((str(part), _atoms([part.literal]), _atoms(part.condition)))
        elif part.atom.ast_type is ASTType.BodyAggregate:
            lists += [(str(part), (), _atoms(element.condition)) for element in part.atom.elements]
    return _Rule(str(node), _atoms([node.head]), _atoms(node.body), tuple(lists))


def _atoms(literals: Iterable[Any]) -> tuple[_Atom, ...]:
    found = []
    for literal in literals:
        if literal.ast_type is ASTType.Literal and literal.atom.ast_type is ASTType.SymbolicAtom:
            symbol = literal.atom.symbol
            for one in symbol.arguments if symbol.ast_type is ASTType.Pool else [symbol]:
                arguments = list(one.arguments)
                terms = (((one.name, len(arguments), at), _term(each)) for at, each in enumerate(arguments))
                found.append(_Atom(literal, literal.sign == Sign.NoSign, tuple(terms)))
    return tuple(found)


def _term(node: Any) -> Name:
    kind = node.ast_type
    if kind is ASTType.Variable:
        return str(node.name)
    if kind is ASTType.Function:
        return (node.name, *map(_term, node.arguments))
    if kind is ASTType.SymbolicTerm:
        return (node.symbol.name,) if node.symbol.type is SymbolType.Function else ()
    # A pool is as its members are together, and so is what is computed.
    return ("", *map(_term, _parts(node)))


def _parts(node: Any) -> list[Any]:
    found = []
    for key in node.child_keys:
        child = getattr(node, key)
        found += [child] if hasattr(child, "ast_type") else list(child or ())
    return found
