"""Queries in policy words: text to a condition, or an error that points at the column and says what was expected.

Nothing of the text reaches clingo: names are looked up, and what is not known is an error.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from bvn_asp.analysis.query.condition import Compared, Condition, Not, Settings, walk
from bvn_asp.analysis.query.vocabulary import Vocabulary
from bvn_asp.analysis.records import ROOM
from bvn_asp.errors import BvnError
from bvn_asp.record.anatomy import bodies_of, level_name

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

MOST_CHARACTERS, MOST_DEPTH = 2_000, 40
"""Longest query, and deepest nesting of one."""
MOST_BODIES = 12
"""Most bodies, beyond those that every search looks at, that a query may name."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NESTING = re.compile(r"\(|\)|\bnot\b")
_TERMINALS = {
    "NAME": "a name", "NUMBER": "a number", "WHOLE": "a whole number", "SYMBOL": "a comparison (<, <=, >, >=, =)",
    "$END": "the end",
}  # fmt: skip


class QueryError(BvnError):
    """A query cannot be understood: `column` counts from 1, `line` is that of a file or 0, `problem` says why."""

    def __init__(self, text: str, column: int, problem: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(text, column, problem)
        self.text, self.column, self.problem, self.file, self.line = text, column, problem, file, line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"column {self.column}: "
        start = max(0, self.column - 80)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : start + 120])
        return f"{place}{self.problem}\n  {shown}\n  {' ' * (self.column - 1 - start)}^"


@dataclass(frozen=True)
class Query:
    """A question: its text, the condition it asks for, the readings it sets, and the room that it needs."""

    text: str
    condition: Condition
    readings: Settings
    room: Shape

    @property
    def denial(self) -> Query:
        """The question for what contradicts it."""
        return replace(self, condition=Not(self.condition))

    def limits(self, policy: Policy) -> tuple[tuple[str, int], ...]:
        """Return the limits (quantity, millionths) that it compares numbers with, beyond those of `policy`."""
        own = {(quantity, limit) for (_, quantity), limit in policy.thresholds.items()}
        asked = {
            (part.quantity, int(part.limit * policy.scale))
            for part in walk(self.condition)
            if isinstance(part, Compared)
        }
        return tuple(sorted(asked - own))


def read_query(text: str, policy: Policy) -> Query:
    """Return the query that `text` asks of `policy`; raise QueryError."""
    from bvn_asp.analysis.query.meaning import Meaning

    tree = parsed(text)
    room = room_of(tree, text)
    meaning = Meaning(text, policy, vocabulary(policy, room))
    condition = meaning.query(tree)
    return Query(text, condition, tuple(sorted(meaning.readings.items())), room)


def vocabulary(policy: Policy, room: Shape) -> Vocabulary:
    """Return the vocabulary of `policy` in `room`."""
    key = policy.sha256, room
    if key not in _vocabularies:
        while len(_vocabularies) >= MOST_VOCABULARIES:
            _vocabularies.pop(next(iter(_vocabularies)))
        _vocabularies[key] = Vocabulary(policy, room)
    return _vocabularies[key]


MOST_VOCABULARIES = 8
_vocabularies: dict[tuple[str, Shape], Vocabulary] = {}


def parsed(text: str) -> Tree[Token]:
    """Return the syntax tree of `text`; raise QueryError."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(text, MOST_CHARACTERS, f"the query is too long: at most {MOST_CHARACTERS:,} characters")
    lowered = text.translate(_LOWER)
    depth = 0
    for found in _NESTING.finditer(lowered):
        depth += -1 if found[0] == ")" else 1
        if depth > MOST_DEPTH:
            raise QueryError(text, found.start() + 1, f"nested too deeply: at most {MOST_DEPTH} levels of ( and not")
    try:
        return _grammar().parse(lowered)
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        column = len(text.rstrip()) + 1 if at_end else (error.pos_in_stream or 0) + 1
        raise QueryError(text, column, _unexpected(error, lowered, at_end=at_end)) from None


def _unexpected(error: UnexpectedInput, text: str, *, at_end: bool) -> str:
    expected = sorted(error.expected if isinstance(error, UnexpectedToken) else getattr(error, "allowed", None) or ())
    words = [_terminal(name) for name in expected]
    if at_end:
        found = "the query ends too early" if text.strip() else "there is no query"
    elif isinstance(error, UnexpectedToken):
        found = f"unexpected {str(error.token)!r}"
    else:
        found = f"unexpected character {text[error.pos_in_stream or 0]!r}"
    close = "" if at_end else suggested(str(getattr(error, "token", "")), (w.strip("'") for w in words))
    return f"{found}; expected {' or '.join(dict.fromkeys(words)) or 'something else'}{close}"


def _terminal(name: str) -> str:
    if name in _TERMINALS:
        return _TERMINALS[name]
    pattern = next(terminal.pattern for terminal in _grammar().terminals if terminal.name == name)
    return f"'{pattern.value}'"


def suggested(name: str, names: Iterable[str]) -> str:
    """Return the question whether one of `names` was meant, or nothing if none comes near."""
    close = get_close_matches(name, list(dict.fromkeys(names)), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def room_of(tree: Tree[Token], text: str) -> Shape:
    """Return the room for every body that a query names; raise QueryError if they are too many."""
    named: dict[str, Token] = {}
    for token in tree.scan_values(lambda value: isinstance(value, Token) and value.type == "NAME"):
        try:
            level = level_name(str(token))
        except ValueError:
            continue
        named |= {body: token for body in bodies_of(level) if body not in ROOM.bodies}
    if len(named) > MOST_BODIES:
        raise QueryError(text, (list(named.values())[-1].start_pos or 0) + 1, f"too many bodies: at most {MOST_BODIES}")
    return replace(ROOM, bodies=(*ROOM.bodies, *sorted(named))) if named else ROOM


@cache
def _grammar() -> Lark:
    path = Path(__file__).with_name("query.lark")
    return Lark(path.read_text(encoding="utf-8"), start="query", parser="lalr", maybe_placeholders=False)
