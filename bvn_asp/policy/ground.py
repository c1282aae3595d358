"""Ground rules as the grounder gives them, and what follows from them for one case.

The rules of a policy are stratified: from the inputs on, each atom is true exactly if one of its rules derives it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

import clingo

from bvn_asp.errors import SolveError
from bvn_asp.policy.terms import Term, to_term

Rule = tuple[int, tuple[int, ...]]
"""A ground rule of one head: how many literals of its body must hold, and the body."""

Output = tuple[Term, tuple[int, ...]]
"""What an answer set shows, and the literals that must hold for it."""

MOST_REMEMBERED, MOST_BYTES = 50_000, 20_000_000
"""Most entries of each kind that are kept from one case to the next, and most bytes of their masks."""


class Recorder(clingo.Observer):
    """Keeps the ground rules by head: (bound, body), bound being how many literals of the body must hold.

    `outputs` holds what an answer set shows, each with the literals that must hold for it.
    """

    def __init__(self) -> None:
        self.rules: dict[int, list[Rule]] = {}
        self.facts: set[int] = set()
        self.outputs: list[Output] = []

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        """Keep a rule; a choice only says what the input may be. Raise SolveError if the rule has several heads."""
        if not choice and head:
            if body or len(head) > 1:
                self._keep(head, len(body), tuple(body))
            else:
                self.facts.update(head)

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        """Keep a rule whose body counts; raise SolveError if it weighs."""
        if not choice and head:
            if any(weight != 1 for _, weight in body):
                raise SolveError("the policy weighs literals differently, which nothing here can explain")
            self._keep(head, lower_bound, tuple(literal for literal, _ in body))

    def output_atom(self, symbol: clingo.Symbol, atom: int) -> None:
        """Keep what an answer set shows; a fact needs no literal."""
        self.outputs.append((to_term(symbol), (atom,) if atom else ()))

    def output_term(self, symbol: clingo.Symbol, condition: Sequence[int]) -> None:
        """Keep what an answer set shows, and when."""
        self.outputs.append((to_term(symbol), tuple(condition)))

    def _keep(self, head: Sequence[int], bound: int, body: tuple[int, ...]) -> None:
        if len(head) > 1:
            raise SolveError("the policy leaves open which of several conclusions holds")
        self.rules.setdefault(head[0], []).append((bound, body))


class Derivations:
    """The ground rules of one program, and what earlier cases found out about them.

    The inputs and the atoms that an answer set shows are landmarks: how any atom is derived hangs on the truth of the
    first landmarks below it, its border. `found` keeps, by the truth of its border, the bodies that derive an atom.
    Raises SolveError if the rules go in a circle.
    """

    def __init__(
        self,
        rules: Mapping[int, Sequence[Rule]],
        facts: Container[int],
        outputs: Sequence[Output],
        inputs: Iterable[int],
    ) -> None:
        self.rules, self.facts = rules, facts
        self.found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
        shown = dict.fromkeys(abs(part) for _, condition in outputs for part in condition)
        # The inputs come first, so that a mask of inputs is a mask of landmarks too.
        self._bits = {literal: 1 << place for place, literal in enumerate(dict.fromkeys([*inputs, *shown]))}
        self.most = min(MOST_REMEMBERED, MOST_BYTES * 8 // max(len(self._bits), 1))
        """Most entries of each kind that are kept for this program."""
        self.untrue = dict.fromkeys(self._bits, False)
        self._borders: dict[int, int | None] = {}
        self._below: dict[int, int] = {literal: self._bits[literal] for literal in inputs}
        self.landmarks: list[tuple[int, int, int]] = []
        """What is shown, each after all that it hangs on: literal, bit in a mask, border."""
        for literal in shown:
            if literal not in self._borders:
                self._visit(literal)
        self.always = frozenset(term for term, condition in outputs if not condition)
        self.shown_by = [(c[0], term) for term, c in outputs if len(c) == 1 and c[0] > 0]
        self.shown_if = [(c, term) for term, c in outputs if len(c) > 1 or (c and c[0] < 0)]

    def _visit(self, literal: int) -> None:
        borders, bits = self._borders, self._bits
        borders[literal] = None
        border, inputs = 0, self._below.get(literal, 0)
        for _, body in self.rules.get(literal, ()):
            for part in body:
                atom = abs(part)
                if atom not in borders:
                    self._visit(atom)
                below = borders[atom]
                if below is None:
                    raise SolveError("the rules of the policy go in a circle, which nothing here can explain")
                border |= bits.get(atom, below)
                inputs |= self._below[atom]
        borders[literal], self._below[literal] = border, inputs
        if literal in bits and (literal in self.rules or literal in self.facts):
            self.landmarks.append((literal, bits[literal], border))

    def border(self, literal: int) -> int:
        """Return the landmarks whose truth decides how `literal` is derived, as a bit mask."""
        if literal not in self._borders:
            self._visit(literal)
        return self._borders[literal] or 0

    def inputs_below(self, literal: int) -> int:
        """Return the inputs that the truth of `literal` hangs on, as a bit mask."""
        atom = abs(literal)
        if atom not in self._below:
            self._visit(atom)
        return self._below[atom]

    def mask(self, literals: Iterable[int]) -> int:
        """Return `literals`, which must be landmarks, as a bit mask."""
        bits = self._bits
        return sum([bits[literal] for literal in literals])


class Answer:
    """The one answer set in which exactly the inputs `stated` hold; `shown` is what it shows.

    `mask` holds the true landmarks.
    """

    def __init__(self, derivations: Derivations, stated: Iterable[int]) -> None:
        self._derivations = derivations
        self._deriving: dict[int, list[tuple[int, ...]]] = {}
        stated = list(stated)
        mask = derivations.mask(stated)
        self._truth = truth = derivations.untrue.copy()
        truth.update(dict.fromkeys(stated, True))
        found = derivations.found
        for literal, bit, border in derivations.landmarks:
            deriving = found.get((literal, mask & border))
            if deriving is None:
                self.mask = mask
                deriving = self.deriving(literal)
            if deriving:
                truth[literal] = True
                mask |= bit
        self.mask = mask
        self.shown = derivations.always.union(
            [term for literal, term in derivations.shown_by if truth[literal]],
            [term for condition, term in derivations.shown_if if all(map(self.true, condition))],
        )

    def true(self, literal: int) -> bool:
        """Tell whether `literal` holds."""
        known = self._truth.get(literal)
        if known is None:
            known = not self.true(-literal) if literal < 0 else bool(self.deriving(literal))
            self._truth[literal] = known
        return known

    def deriving(self, literal: int) -> list[tuple[int, ...]]:
        """Return the bodies that derive the atom `literal`; of a count, the part that is true."""
        known = self._deriving.get(literal)
        if known is None:
            derivations = self._derivations
            key = literal, self.mask & derivations.border(literal)
            known = derivations.found.get(key)
            if known is None:
                if len(derivations.found) >= derivations.most:
                    derivations.found.clear()
                known = derivations.found[key] = self._derive(literal)
            self._deriving[literal] = known
        return known

    def _derive(self, literal: int) -> list[tuple[int, ...]]:
        if literal in self._derivations.facts:
            return [()]
        truth, deriving = self._truth, list[tuple[int, ...]]()
        for bound, body in self._derivations.rules.get(literal, ()):
            if bound < len(body):
                part_of_it = tuple(part for part in body if self.true(part))
                if len(part_of_it) >= bound:
                    deriving.append(part_of_it)
                continue
            for part in body:
                known = truth.get(part)
                if not (self.true(part) if known is None else known):
                    break
            else:
                deriving.append(body)
        return deriving


class Statement(NamedTuple):
    """A ground rule as it stands: `head` empty for a constraint; so many literals of `body` must hold.

    `choice` tells that the head may hold, not that it must.
    """

    choice: bool
    head: tuple[int, ...]
    bound: int
    body: tuple[int, ...]


class Transcript(clingo.Observer):
    """Keeps every ground rule, choices and constraints included: what a search builds on.

    `shown` holds the predicates of which an answer set shows something.
    """

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.shown: set[str] = set()

    def output_atom(self, symbol: clingo.Symbol, atom: int) -> None:
        """Keep the predicate of what an answer set shows."""
        self.shown.add(symbol.name)

    def output_term(self, symbol: clingo.Symbol, condition: Sequence[int]) -> None:
        """Keep the predicate of what an answer set shows."""
        self.shown.add(symbol.name)

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        """Keep a rule."""
        self.statements.append(Statement(choice, tuple(head), len(body), tuple(body)))

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        """Keep a rule whose body counts; raise SolveError if it weighs."""
        if any(weight != 1 for _, weight in body):
            raise SolveError("the policy weighs literals differently, which no search here can follow")
        self.statements.append(Statement(choice, tuple(head), lower_bound, tuple(literal for literal, _ in body)))
