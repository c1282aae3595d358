"""The space of all records: ground programs side by side over open inputs, to be searched or proved empty.

A space has one side or more. Each side is a policy with inputs of its own, or with those of the first side. What
is true of a side is a literal; literals join to larger ones, so a question is one literal, and an answer is a world
in which it holds, or a proof that there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count, islice
from typing import Any, NamedTuple

import clingo

from bvn_asp.errors import SolveError
from bvn_asp.ground import Statement
from bvn_asp.program import OPPOSITES, Definitions, Ground, Premise
from bvn_asp.shape import CORE_BODIES
from bvn_asp.solve import INPUTS
from bvn_asp.terms import Term, name_of

_OPTIONS = ["--warn=none", "--opt-strategy=usc", "--opt-mode=ignore", "--enum-mode=record"]
_QUICK = ["--heuristic=Berkmin"]
"""What makes most searches for any world quicker, but some for the one that departs least far slower."""
_INPUT_NAMES = frozenset(name for name, _ in INPUTS)
_OPEN = _INPUT_NAMES | {"described", "reread", "closed", "documented", "usual", "dated", "unremarkable"}
"""What one side can have from another."""
SETTINGS = ("closed", "complete", "dated", "unremarkable")
"""What no record of a search states, unless it begins with a case that does."""


class World(NamedTuple):
    """One answer: the inputs that hold on each side, what holds of what is shown, and the topics of departures.

    `true` has the literals of inputs, of departures and of the predicates that an answer set shows.
    """

    inputs: tuple[frozenset[Term], ...]
    true: frozenset[int]
    departures: tuple[Term, ...]


class Attempt(NamedTuple):
    """What a search for a world found: what `held` in it of what was asked, or a `core` of the assumptions.

    The one is None where the other is not. The assumptions of a core are enough to contradict each other.
    """

    held: frozenset[int] | None
    core: frozenset[int] | None


class SearchTimeoutError(SolveError):
    """The time for a search is up; what was found until then stands, and nothing more is claimed."""


class Space:
    """Ground programs side by side, ready to be searched.

    `shared` tells of an input whether every side has the one of side 0; what it leaves out, a side has for itself.
    `deadline` is a moment of `time.monotonic` after which a search gives up, or None. `statements` is everything
    that a search is about, in numbered atoms: what a second engine is given.
    """

    def __init__(self, *sides: Ground, shared: Callable[[Term], bool] = lambda term: True) -> None:
        self.statements: list[Statement] = []
        self.deadline: float | None = None
        self._atoms: list[dict[Term, int]] = []
        self._joined: dict[tuple[int, tuple[int, ...]], int] = {}
        self._guards: dict[Premise, int] = {}
        self._inactive: set[int] = set()
        self._conditional: dict[int, tuple[int, ...]] = {}
        # Nothing is grounded in the control, so atoms are numbered here.
        self._fresh = count(1)
        self.true = self._define(0, ())
        for side in sides:
            self._join(side, shared)
        departs = self.terms("departs").items()
        self.departures = {literal: term[1] for term, literal in departs if isinstance(term, tuple)}
        self.program = tuple(self.statements)
        self._size = next(self._fresh)
        facts = (
            {atoms[term] for term, literal in side.atoms.items() if literal in side.facts and term in atoms}
            for side, atoms in zip(sides, self._atoms, strict=True)
        )
        self._always = frozenset[int]().union(*facts)
        told = _INPUT_NAMES | {"departs"} | frozenset[str]().union(*(side.shown for side in sides))
        named = (atom for atoms in self._atoms for term, atom in atoms.items() if name_of(term) in told)
        self._varying = list(dict.fromkeys(atom for atom in named if atom not in self._always))
        self.inputs = [
            {literal: term for term, literal in atoms.items() if name_of(term) in _INPUT_NAMES} for atoms in self._atoms
        ]
        self._start(())

    def _start(self, fixed: Collection[int]) -> None:
        """Begin to search, with `fixed` for good; what departs little, and lies at few places, is preferred."""
        self.control = clingo.Control([*_OPTIONS, *_QUICK] if fixed else _OPTIONS)
        self._solving: Any = self.control.configuration.solve
        self._told = 0
        places = self.places.items()
        with self.control.backend() as backend:
            backend.add_minimize(1, [(literal, 1) for literal in self.departures])
            backend.add_minimize(0, [(literal, 1 if _bodies(term) <= _NEAR else 2) for literal, term in places])
            for literal in fixed:
                backend.add_rule([], [-literal])

    def _tell(self) -> None:
        """Tell the control what was stated since it was told last."""
        if self._told < len(self.statements):
            with self.control.backend() as backend:
                for choice, head, bound, body in islice(self.statements, self._told, None):
                    if bound == len(body):
                        backend.add_rule(head, body, choice)
                    else:
                        backend.add_weight_rule(head, bound, [(literal, 1) for literal in body], choice)
            self._told = len(self.statements)

    def again(self, fixed: Iterable[int] = (), program: Sequence[Statement] | None = None) -> Space:
        """Return a space like this one as it was built, without what was joined or added since.

        In it `fixed` holds for good, which makes searches quicker; a premise among it can no longer be set aside.
        With `program`, only these of its statements are in it.
        """
        other, held = self._copy(), set(fixed)
        other.statements, other._joined, other._fresh = list(program or self.program), {}, count(self._size)
        if program is not None:
            atoms = {abs(atom) for _, head, _, body in program for part in (head, body) for atom in part}
            held = {literal for literal in held if literal > 0 or -literal in atoms}
            other.departures = {literal: topic for literal, topic in self.departures.items() if literal in atoms}
            other._varying = [atom for atom in self._varying if atom in atoms]
        other._guards = {premise: guard for premise, guard in self._guards.items() if -guard not in held}
        other._start(held)
        return other

    def drawn_on(self, literals: Iterable[int]) -> list[Statement]:
        """Return what decides `literals` and what no record may be, without what was joined or added since."""
        forbidden = [atom for _, head, _, body in self.program if not head for atom in body]
        atoms = self.below([self.true, *literals, *forbidden])
        return [rule for rule in self.program if not rule.head or not atoms.isdisjoint(rule.head)]

    def below(self, literals: Iterable[int]) -> set[int]:
        """Return the atoms that `literals` draw on, their own included, without what was joined or added since."""
        waiting, found = list(map(abs, literals)), set[int]()
        while waiting:
            atom = waiting.pop()
            if atom not in found:
                found.add(atom)
                waiting += (
                    abs(literal) for place in self._concluding.get(atom, ()) for literal in self.program[place].body
                )
        return found

    def concluding(self, atoms: Iterable[int]) -> list[Statement]:
        """Return the rules that conclude `atoms`, without what was joined or added since."""
        places = {place for atom in atoms for place in self._concluding.get(atom, ())}
        return [self.program[place] for place in sorted(places)]

    @cached_property
    def _concluding(self) -> dict[int, list[int]]:
        """The places of the rules that conclude an atom."""
        found: dict[int, list[int]] = {}
        for place, rule in enumerate(self.program):
            for atom in rule.head:
                found.setdefault(atom, []).append(place)
        return found

    def follower(self, fixed: Iterable[int]) -> Space:
        """Return a space like `again`, that has all literals of this one, those that are joined later included."""
        other, held = self._copy(), set(fixed)
        other._guards = {premise: guard for premise, guard in self._guards.items() if -guard not in held}
        other._start(held)
        return other

    def _copy(self) -> Space:
        other = object.__new__(Space)
        other.__dict__.update(self.__dict__)
        other._inactive, other._conditional = set(), {}
        return other

    def prefer(self, priority: int, literals: Iterable[int]) -> None:
        """Prefer worlds in which few of `literals` hold; what departs has priority 1, and where things lie has 0."""
        with self.control.backend() as backend:
            backend.add_minimize(priority, [(literal, 1) for literal in literals])

    @property
    def places(self) -> dict[int, Term]:
        """The places at which findings lie, on any side, by their literals."""
        sides = range(len(self._atoms))
        return {literal: place for side in sides for place, literal in self.terms("spread", side).items()}

    def _define(self, bound: int, body: tuple[int, ...]) -> int:
        """Return a literal that holds if so many of `body` do."""
        atom = next(self._fresh)
        self.statements.append(Statement(False, (atom,), bound, body))
        return atom

    def _join(self, side: Ground, shared: Callable[[Term], bool]) -> None:
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
                atom = known[abs(literal)] = next(self._fresh)
            return atom if literal > 0 else -atom

        definitions = Definitions(side)
        for choice, head, bound, body in side.statements:
            heads = tuple(mapped(atom) for atom in head if not (choice and atom in given))
            literals = tuple(map(mapped, body))
            if choice and not heads:
                continue
            premise = None if choice else definitions.premise(head, body)
            rule = Statement(choice, heads, bound, literals)
            self.statements.append(rule if premise is None else self._guarded(premise, rule))
        atoms = {term: known[literal] for term, literal in side.atoms.items() if literal in known}
        for premise, terms in definitions.terms.items():
            guard = (self._guard(premise),)
            self.statements.append(Statement(True, tuple(atoms[term] for term in terms), 1, guard))
            for term in terms:
                opposite = atoms.get((OPPOSITES[name_of(term)], *term[1:]))
                if opposite is not None and opposite > atoms[term]:
                    self.statements.append(Statement(False, (), 3, (*guard, atoms[term], opposite)))
        self._atoms.append(atoms)

    def _guarded(self, premise: Premise, rule: Statement) -> Statement:
        """Return a rule that holds unless `premise` is set aside."""
        body = rule.body if rule.bound == len(rule.body) else (self._define(rule.bound, rule.body),)
        return Statement(rule.choice, rule.head, len(body) + 1, (*body, -self._guard(premise)))

    def _guard(self, premise: Premise) -> int:
        """Return the literal that sets `premise` aside."""
        if premise not in self._guards:
            self._guards[premise] = self.free()
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
            self._joined[bound, body] = self._define(bound, body)
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
        self.statements.append(Statement(False, (), len(body), body))

    def held(self, premise: Premise) -> int:
        """Return the assumption that `premise` is not set aside."""
        return -self._guards[premise]

    def fresh(self, number: int) -> list[int]:
        """Return so many new atoms."""
        return list(islice(self._fresh, number))

    def add(self, statements: Iterable[Statement]) -> None:
        """Add rules about atoms of this space."""
        self.statements += statements

    def conditional(self, atoms: Iterable[int]) -> int:
        """Return a literal that is free, and false unless it is assumed; worlds tell of `atoms` where it holds."""
        active = self.free()
        self._conditional[active] = tuple(atoms)
        self._inactive.add(-active)
        return active

    def free(self) -> int:
        """Return a literal that nothing decides: it can be assumed either way."""
        atom = next(self._fresh)
        self.statements.append(Statement(True, (atom,), 0, ()))
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

    def find(self, assumptions: Iterable[int], *, fewest: bool = False) -> World | None:
        """Return a world in which all of `assumptions` hold, or None if there is none.

        With `fewest`, it is one that departs least from the usual record. Every premise holds. Raises
        SearchTimeoutError when the deadline passes.
        """
        with self._search(self._all_held(assumptions), "opt" if fewest else "ignore", 0 if fewest else 1) as handle:
            found: World | None = None
            while model := self._next(handle):
                found = self._world(model)
                if not fewest:
                    break
            return found

    def holding(self, assumptions: Iterable[int], asked: Iterable[int] = ()) -> frozenset[int] | None:
        """Return which of the literals `asked` hold in some world of `assumptions`, or None if there is no world.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        return self.attempt(self._all_held(assumptions), asked).held

    def attempt(self, assumptions: Iterable[int], asked: Iterable[int] = ()) -> Attempt:
        """Look for a world in which all of `assumptions` hold, and tell which of the literals `asked` hold in it.

        No premise holds but what `assumptions` hold. Raises SearchTimeoutError when the deadline passes.
        """
        with self._search(assumptions, "ignore", 1, short=True) as handle:
            model = self._next(handle)
            if model is None:
                return Attempt(None, frozenset(handle.core()))
            return Attempt(frozenset(literal for literal in asked if model.is_true(literal)), None)

    def reached(self, assumptions: Iterable[int], goals: Iterable[int]) -> set[int]:
        """Return which of the literals `goals`, each by itself, hold in some world of `assumptions`.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        found, left = set[int](), set(goals)
        with self._search(self._all_held(assumptions), "ignore", 0, short=True) as handle:
            while left and (model := self._next(handle)):
                found |= {literal for literal in left if model.is_true(literal)}
                left -= found
                model.context.add_clause(list(left))
        return found

    def patterns(self, assumptions: Iterable[int], literals: Iterable[int]) -> Iterator[World]:
        """Yield worlds in which all of `assumptions` hold, each pattern of `literals` once.

        Raises SearchTimeoutError when the deadline passes.
        """
        told = list(dict.fromkeys(map(abs, literals)))
        with self._search(self._all_held(assumptions), "ignore", 0) as handle:
            while model := self._next(handle):
                yield self._world(model)
                is_true = model.is_true
                model.context.add_clause([-literal if is_true(literal) else literal for literal in told])

    def _all_held(self, assumptions: Iterable[int]) -> list[int]:
        return [*assumptions, *(-guard for guard in self._guards.values())]

    def _search(self, assumptions: Iterable[int], mode: str, models: int, *, short: bool = False) -> clingo.SolveHandle:
        """Begin a search for so many models, in which every version that `assumptions` do not speak of is not there.

        One that is `short` is waited for in this thread, unless it can run out of time: that is quicker.
        """
        self._tell()
        self._solving.opt_mode, self._solving.models = mode, models
        assumed = list(assumptions)
        absent = self._inactive.difference(-literal for literal in assumed)
        self._waits = self.deadline is not None or not short
        return self.control.solve([*assumed, *absent], yield_=True, async_=self._waits)

    def _next(self, handle: clingo.SolveHandle) -> clingo.Model | None:
        handle.resume()
        # Short waits, so that an interrupt from the keyboard is seen between two of them.
        try:
            self.check_time()
            while self._waits and not handle.wait(0.05):
                self.check_time()
        except SearchTimeoutError:
            handle.cancel()
            raise
        return handle.model()

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
