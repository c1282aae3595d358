"""JSON text: exact values, and where in the text each of them stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

MOST_DEPTH = 20
"""How deep the places of values are told; no field of a case lies deeper."""
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


class Place(NamedTuple):
    """Where a value stands, or the name of its field if it has one: line and column, both from 1."""

    line: int
    column: int


class JsonText:
    """The value of a JSON text; `places` holds where everything stands, `repeated` what is given twice.

    Raises json.JSONDecodeError and RecursionError. Numbers are exact; NaN and Infinity are Decimals too.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._twice = False
        self.value: Any = json.loads(
            text, object_pairs_hook=self._object, parse_float=_number, parse_int=_integer, parse_constant=Decimal
        )

    def _object(self, items: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(items)
        self._twice |= len(content) < len(items)
        return content

    def places(self) -> dict[tuple[str | int, ...], Place]:
        """Return where everything stands, the first time that it is given."""
        found: dict[tuple[str | int, ...], Place] = {}
        for path, place, _ in self._walk():
            found.setdefault(path, place)
        return found

    def repeated(self) -> Iterator[tuple[tuple[str | int, ...], Place, Place]]:
        """Yield every field that is given again: its path, where it first stood, and where it stands again."""
        if self._twice:
            first: dict[tuple[str | int, ...], Place] = {}
            for path, place, named in self._walk():
                if named and first.setdefault(path, place) is not place:
                    yield path, first[path], place

    def _walk(self) -> Iterator[tuple[tuple[str | int, ...], Place, bool]]:
        """Yield path and place of every name of a field (True) and of every value (False)."""
        steps: list[str | int | None] = []
        line, start = 1, 0
        position = 0
        for token in _TOKEN.finditer(self._text):
            word = token[0]
            # Only the space between two tokens can hold a line break.
            breaks = self._text.count("\n", position, token.start())
            if breaks:
                line, start = line + breaks, self._text.rindex("\n", position, token.start()) + 1
            position = token.end()
            if word == ",":
                steps[-1] = steps[-1] + 1 if isinstance(steps[-1], int) else None
            elif word in "]}":
                steps.pop()
            elif word != ":":
                named = bool(steps) and steps[-1] is None
                if named:
                    steps[-1] = json.loads(word)
                if len(steps) <= MOST_DEPTH:
                    path = tuple(step for step in steps if step is not None)
                    yield path, Place(line, token.start() - start + 1), named
                if word in "[{":
                    steps.append(0 if word == "[" else None)


def _integer(text: str) -> int | Decimal:
    # An int of many digits takes long to make and longer to print.
    return int(text) if len(text) <= 40 else Decimal(text)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent of so many digits is beyond every range.
        return Decimal("Infinity")
