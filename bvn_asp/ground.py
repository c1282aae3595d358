"""Ground rules as the grounder gives them: what an explanation walks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import clingo

from bvn_asp.errors import SolveError

Rule = tuple[int, tuple[int, ...]]
"""A ground rule of one head: how many literals of its body must hold, and the body."""


class Recorder(clingo.Observer):
    """Keeps the ground rules by head: (bound, body), bound being how many literals of the body must hold."""

    def __init__(self) -> None:
        self.rules: dict[int, list[Rule]] = {}
        self.facts: set[int] = set()

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        """Keep a rule; a choice only says what the input may be."""
        if not choice and head:
            if body:
                self._keep(head, len(body), tuple(body))
            else:
                self.facts.update(head)

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        """Keep a rule whose body counts; raise SolveError if it weighs."""
        if not choice and head:
            if any(weight != 1 for _, weight in body):
                raise SolveError("the policy weighs literals differently, which nothing here can explain")
            self._keep(head, lower_bound, tuple(literal for literal, _ in body))

    def _keep(self, head: Sequence[int], bound: int, body: tuple[int, ...]) -> None:
        for atom in head:
            self.rules.setdefault(atom, []).append((bound, body))


class Statement(NamedTuple):
    """A ground rule as it stands: `head` empty for a constraint; so many literals of `body` must hold.

    `choice` tells that the head may hold, not that it must.
    """

    choice: bool
    head: tuple[int, ...]
    bound: int
    body: tuple[int, ...]


class Transcript(clingo.Observer):
    """Keeps every ground rule, choices and constraints included: what a search builds on."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        """Keep a rule."""
        self.statements.append(Statement(choice, tuple(head), len(body), tuple(body)))

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        """Keep a rule whose body counts; raise SolveError if it weighs."""
        if any(weight != 1 for _, weight in body):
            raise SolveError("the policy weighs literals differently, which no search here can follow")
        self.statements.append(Statement(choice, tuple(head), lower_bound, tuple(literal for literal, _ in body)))
