"""The space of all records: ground programs side by side over open inputs, to be searched or proved empty.

A space has one side or more. Each side is a policy with inputs of its own, or with those of the first side. What
is true of a side is a literal; literals join to larger ones, so a question is one literal, and an answer is a world
in which it holds, or a proof that there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import clingo

from bvn_asp.errors import SolveError
from bvn_asp.ground import Statement
from bvn_asp.program import OPPOSITES, Definitions, Ground, Premise
from bvn_asp.shape import CORE_BODIES
from bvn_asp.solve import INPUTS
from bvn_asp.terms import Term, name_of

_OPTIONS = ["--warn=none", "--opt-strategy=usc", "--opt-mode=ignore"]
_INPUT_NAMES = frozenset(name for name, _ in INPUTS)
_OPEN = _INPUT_NAMES | {"described", "reread", "closed", "documented", "usual", "dated", "unremarkable"}
"""What one side can have from another."""
SETTINGS = ("closed", "complete", "dated", "unremarkable")
"""What no record of a search states, unless it begins with a case that does."""


class World(NamedTuple):
    """One answer: the inputs that hold on each side, the literals that hold, and the topics in which it departs."""

    inputs: tuple[frozenset[Term], ...]
    true: frozenset[int]
    departures: tuple[Term, ...]


class SearchTimeoutError(SolveError):
    """The time for a search is up; what was found until then stands, and nothing more is claimed."""


class Space:
    """Ground programs side by side, ready to be searched.

    `shared` tells of an input whether every side has the one of side 0; what it leaves out, a side has for itself.
    `deadline` is a moment of `time.monotonic` after which a search gives up, or None. `statements` is everything
    that a search is about, in numbered atoms: what a second engine is given.
    """

    def __init__(self, *sides: Ground, shared: Callable[[Term], bool] = lambda term: True) -> None:
        self.control = clingo.Control(_OPTIONS)
        self._solving: Any = self.control.configuration.solve
        self.statements: list[Statement] = []
        self.deadline: float | None = None
        self._atoms: list[dict[Term, int]] = []
        self._joined: dict[tuple[int, tuple[int, ...]], int] = {}
        self._guards: dict[Premise, int] = {}
        self._inactive: set[int] = set()
        self._conditional: dict[int, tuple[int, ...]] = {}
        self._followers: list[Space] = []
        self._heard: list[Statement] = []
        self._last = 0
        with self.control.backend() as backend:
            self.true = self._define(backend, 0, ())
            for side in sides:
                self._join(backend, side, shared)
            departs = self.terms("departs").items()
            self.departures = {literal: term[1] for term, literal in departs if isinstance(term, tuple)}
            self._minimize(backend)
        self._size = len(self.statements)
        facts = (
            {atoms[term] for term, literal in side.atoms.items() if literal in side.facts and term in atoms}
            for side, atoms in zip(sides, self._atoms, strict=True)
        )
        self._always = frozenset[int]().union(*facts)
        self._varying = [a for atoms in self._atoms for a in atoms.values() if a not in self._always]
        self.inputs = [
            {literal: term for term, literal in atoms.items() if name_of(term) in _INPUT_NAMES} for atoms in self._atoms
        ]

    def again(self, fixed: Iterable[int] = ()) -> Space:
        """Return a space like this one as it was built, without what was joined or added since.

        In it `fixed` holds for good, which makes searches quicker; a premise among it can no longer be set aside.
        """
        return self._copy(self.statements[: self._size], set(fixed))

    def follower(self, fixed: Iterable[int]) -> Space:
        """Return a space like `again`, that has all literals of this one, those that are joined later included."""
        other = self._copy(self.statements, set(fixed))
        other._joined = self._joined
        self._followers.append(other)
        return other

    def _copy(self, statements: list[Statement], fixed: set[int]) -> Space:
        other = object.__new__(Space)
        other.__dict__.update(self.__dict__)
        other.control = clingo.Control(_OPTIONS)
        other._solving = other.control.configuration.solve
        other.statements, other._joined, other._inactive, other._conditional = [], {}, set(), {}
        other._followers, other._heard, other._last = [], list(statements), 0
        other._guards = {premise: guard for premise, guard in self._guards.items() if -guard not in fixed}
        other._catch_up()
        with other.control.backend() as backend:
            other._minimize(backend)
            for literal in fixed:
                backend.add_rule([], [-literal])
        return other

    def _catch_up(self) -> None:
        """Add what the space that this one follows was told since."""
        if self._heard:
            heard, self._heard = self._heard, []
            last = max((abs(atom) for _, head, _, body in heard for part in (head, body) for atom in part), default=0)
            with self.control.backend() as backend:
                for _ in range(self._last, last):
                    self._last = backend.add_atom()
                for statement in heard:
                    self._add(backend, statement)

    def _minimize(self, backend: Any) -> None:
        """Prefer few departures, and of those findings at few places."""
        backend.add_minimize(1, [(literal, 1) for literal in self.departures])
        places = [place for side in range(len(self._atoms)) for place in self.terms("spread", side).items()]
        backend.add_minimize(0, [(literal, 1 if _bodies(term) <= _NEAR else 2) for term, literal in places])

    def _add(self, backend: Any, statement: Statement) -> None:
        self.statements.append(statement)
        for follower in self._followers:
            follower._heard.append(statement)
        choice, head, bound, body = statement
        if bound == len(body):
            backend.add_rule(head, body, choice)
        else:
            backend.add_weight_rule(head, bound, [(literal, 1) for literal in body], choice)

    def _define(self, backend: Any, bound: int, body: tuple[int, ...]) -> int:
        """Return a literal that holds if so many of `body` do."""
        atom: int = backend.add_atom()
        self._add(backend, Statement(False, (atom,), bound, body))
        return atom

    def _join(self, backend: Any, side: Ground, shared: Callable[[Term], bool]) -> None:
        known: dict[int, int] = {}
        given: set[int] = set()
        if self._atoms:
            for term, literal in side.atoms.items():
                first = self._atoms[0].get(term)
                if first is not None and name_of(term) in _OPEN and shared(term):
                    known[literal] = first
                    given.add(literal)

        def mapped(literal: int) -> int:
            atom = known.get(abs(literal))
            if atom is None:
                atom = known[abs(literal)] = backend.add_atom()
            return atom if literal > 0 else -atom

        definitions = Definitions(side)
        for choice, head, bound, body in side.statements:
            heads = tuple(mapped(atom) for atom in head if not (choice and atom in given))
            literals = tuple(map(mapped, body))
            if choice and not heads:
                continue
            premise = None if choice else definitions.premise(head, body)
            rule = Statement(choice, heads, bound, literals)
            self._add(backend, rule if premise is None else self._guarded(backend, premise, rule))
        atoms = {term: known[literal] for term, literal in side.atoms.items() if literal in known}
        for premise, terms in definitions.terms.items():
            guard = (self._guard(backend, premise),)
            self._add(backend, Statement(True, tuple(atoms[term] for term in terms), 1, guard))
            for term in terms:
                opposite = atoms.get((OPPOSITES[name_of(term)], *term[1:]))
                if opposite is not None and opposite > atoms[term]:
                    self._add(backend, Statement(False, (), 3, (*guard, atoms[term], opposite)))
        self._atoms.append(atoms)

    def _guarded(self, backend: Any, premise: Premise, rule: Statement) -> Statement:
        """Return a rule that holds unless `premise` is set aside."""
        body = rule.body if rule.bound == len(rule.body) else (self._define(backend, rule.bound, rule.body),)
        return Statement(rule.choice, rule.head, len(body) + 1, (*body, -self._guard(backend, premise)))

    def _guard(self, backend: Any, premise: Premise) -> int:
        """Return the literal that sets `premise` aside."""
        if premise not in self._guards:
            self._guards[premise] = backend.add_atom()
            self._add(backend, Statement(True, (self._guards[premise],), 0, ()))
        return self._guards[premise]

    def literal(self, term: Term, side: int = 0) -> int:
        """Return the literal of `term` on a side; one that never holds if nothing makes it true there."""
        return self._atoms[side].get(term, -self.true)

    @property
    def atoms(self) -> Mapping[Term, int]:
        """The atoms of side 0 with their literals."""
        return self._atoms[0]

    def terms(self, name: str, side: int = 0) -> dict[Term, int]:
        """Return the atoms of a predicate on a side, with their literals."""
        return self._named[side].get(name, {})

    @cached_property
    def _named(self) -> list[dict[str, dict[Term, int]]]:
        """The atoms of every side by predicate."""
        named: list[dict[str, dict[Term, int]]] = []
        for atoms in self._atoms:
            named.append({})
            for term, literal in atoms.items():
                named[-1].setdefault(name_of(term), {})[term] = literal
        return named

    def at_least(self, bound: int, literals: Iterable[int]) -> int:
        """Return a literal that holds if so many of `literals` do."""
        body = tuple(sorted(set(literals)))
        if bound <= 0:
            return self.true
        if bound > len(body):
            return -self.true
        if len(body) == 1:
            return body[0]
        if (bound, body) not in self._joined:
            with self.control.backend() as backend:
                self._joined[bound, body] = self._define(backend, bound, body)
        return self._joined[bound, body]

    def all_of(self, literals: Iterable[int]) -> int:
        """Return a literal that holds if all of `literals` do."""
        body = set(literals)
        return self.at_least(len(body), body)

    def any_of(self, literals: Iterable[int]) -> int:
        """Return a literal that holds if any of `literals` does."""
        return -self.all_of(-literal for literal in literals)

    def equal(self, first: int, second: int) -> int:
        """Return a literal that holds if both or neither of two do."""
        return self.any_of([self.all_of([first, second]), self.all_of([-first, -second])])

    def forbid(self, literals: Iterable[int]) -> None:
        """Exclude for good the worlds in which all of `literals` hold."""
        body = tuple(literals)
        with self.control.backend() as backend:
            self._add(backend, Statement(False, (), len(body), body))

    def held(self, premise: Premise) -> int:
        """Return the assumption that `premise` is not set aside."""
        return -self._guards[premise]

    @property
    def program(self) -> tuple[Statement, ...]:
        """The statements of the sides, without what was joined or added since."""
        return tuple(self.statements[: self._size])

    def fresh(self, count: int) -> list[int]:
        """Return so many new atoms."""
        with self.control.backend() as backend:
            return [backend.add_atom() for _ in range(count)]

    def add(self, statements: Iterable[Statement]) -> None:
        """Add rules about atoms of this space."""
        with self.control.backend() as backend:
            for statement in statements:
                self._add(backend, statement)

    def conditional(self, atoms: Iterable[int]) -> int:
        """Return a literal that is free, and false unless it is assumed; worlds tell of `atoms` where it holds."""
        active = self.free()
        self._conditional[active] = tuple(atoms)
        self._inactive.add(-active)
        return active

    def free(self) -> int:
        """Return a literal that nothing decides: it can be assumed either way."""
        with self.control.backend() as backend:
            atom: int = backend.add_atom()
            self._add(backend, Statement(True, (atom,), 0, ()))
        return atom

    @property
    def premises(self) -> tuple[Premise, ...]:
        """Everything that a proof may rest on and that can be set aside, but for the readings."""
        return tuple(self._guards)

    def run(self, readings: Mapping[str, str] | None = None, side: int = 0) -> list[int]:
        """Return the assumptions of a run of a side: `readings`, every other question by default."""
        chosen = readings or {}
        assumed = [-self.literal(name, side) for name in SETTINGS]
        for term, literal in self.terms("selected", side).items():
            assert isinstance(term, tuple)
            assumed.append(literal if chosen.get(str(term[1])) == term[2] else -literal)
        return assumed

    def usual(self, inputs: Iterable[Term]) -> list[int]:
        """Return the assumptions that make the record of `inputs` the one that departures are counted from."""
        usual = set(inputs)
        return [
            literal if isinstance(term, tuple) and term[1] in usual else -literal
            for term, literal in self.terms("usual").items()
        ]

    def find(
        self, assumptions: Iterable[int], *, fewest: bool = False, set_aside: Iterable[Premise] = ()
    ) -> World | None:
        """Return a world in which all of `assumptions` hold, or None if there is none.

        With `fewest`, it is one that departs least from the usual record. Every premise holds unless it is
        `set_aside`. Raises SearchTimeoutError when the deadline passes.
        """
        aside = set(set_aside)
        assumed = [*assumptions, *(self.held(premise) for premise in self._guards if premise not in aside)]
        self._solving.opt_mode = "opt" if fewest else "ignore"
        self._solving.models = 0 if fewest else 1
        found: World | None = None
        with self.control.solve(self._all(assumed), yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                self._wait(handle)
                model = handle.model()
                if model is None:
                    return found
                found = self._world(model)
                if not fewest:
                    return found

    def holding(self, assumptions: Iterable[int], asked: Iterable[int] = ()) -> frozenset[int] | None:
        """Return which of the literals `asked` hold in some world of `assumptions`, or None if there is no world.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        self._catch_up()
        assumed = self._all([*assumptions, *(self.held(premise) for premise in self._guards)])
        self._solving.opt_mode, self._solving.models = "ignore", 1
        # To wait for another thread takes as long as most of these searches.
        waits = self.deadline is not None
        with self.control.solve(assumed, yield_=True, async_=waits) as handle:
            if waits:
                handle.resume()
                self._wait(handle)
            model = handle.model()
            return None if model is None else frozenset(literal for literal in asked if model.is_true(literal))

    def patterns(self, assumptions: Iterable[int], literals: Iterable[int]) -> Iterator[World]:
        """Yield worlds in which all of `assumptions` hold, each pattern of `literals` once.

        Raises SearchTimeoutError when the deadline passes.
        """
        told = list(dict.fromkeys(map(abs, literals)))
        held = [self.held(premise) for premise in self._guards]
        self._solving.opt_mode, self._solving.models = "ignore", 0
        with self.control.solve(self._all([*assumptions, *held]), yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                self._wait(handle)
                model = handle.model()
                if model is None:
                    return
                yield self._world(model)
                is_true = model.is_true
                model.context.add_clause([-literal if is_true(literal) else literal for literal in told])

    def refutation(self, assumptions: Iterable[int]) -> frozenset[int] | None:
        """Return which of `assumptions` are enough to contradict each other, or None if they do not.

        No premise holds but what `assumptions` hold. Raises SearchTimeoutError when the deadline passes.
        """
        self._catch_up()
        self._solving.opt_mode, self._solving.models = "ignore", 1
        waits = self.deadline is not None
        with self.control.solve(self._all(list(assumptions)), yield_=True, async_=waits) as handle:
            if waits:
                handle.resume()
                self._wait(handle)
            return None if handle.model() is not None else frozenset(handle.core())

    def _all(self, assumptions: list[int]) -> list[int]:
        """Return `assumptions`, and that every version they do not speak of is not there."""
        return [*assumptions, *self._inactive.difference(-literal for literal in assumptions)]

    def _wait(self, handle: clingo.SolveHandle) -> None:
        # Short waits, so that an interrupt from the keyboard is seen between two of them.
        try:
            self.check_time()
            while not handle.wait(0.05):
                self.check_time()
        except SearchTimeoutError:
            handle.cancel()
            raise

    def check_time(self) -> None:
        """Raise SearchTimeoutError when the deadline has passed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise SearchTimeoutError("the time for the search is up")

    def _world(self, model: clingo.Model) -> World:
        is_true = model.is_true
        there = (atom for active, atoms in self._conditional.items() if is_true(active) for atom in atoms)
        true = self._always.union(filter(is_true, (*self._varying, *there)))
        return World(
            tuple(frozenset(term for literal, term in inputs.items() if literal in true) for inputs in self.inputs),
            true,
            tuple(term for literal, term in self.departures.items() if literal in true),
        )


_NEAR = frozenset(body.lower() for body in CORE_BODIES)


def _bodies(term: Term) -> set[str]:
    """Return the bodies that a `spread` names."""
    place = term[2] if isinstance(term, tuple) else term
    return set(map(str, place[1:])) if isinstance(place, tuple) else {str(place)}
