"""The space of all records: ground programs side by side over open inputs, to be searched or proved empty.

A space has one side or more. Each side is a policy with inputs of its own, or with those of the first side. What
is true of a side is a literal; literals join to larger ones, so a question is one literal, and an answer is a world
in which it holds, or a proof that there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import clingo

from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.ground import Statement, Transcript
from bvn_asp.shape import CORE_BODIES, WIDE_BODIES, Shape
from bvn_asp.solve import INPUTS, OPEN_INPUTS
from bvn_asp.terms import Term, name_of, to_symbol, to_term

RECORDS = (Path(__file__).parent / "lp" / "records.lp").read_text(encoding="utf-8")
ROOM = Shape(bodies=WIDE_BODIES, modic=2)
"""The room of a search, unless a case needs more: each kind of finding once, one surgery, two Modic changes."""
_COMPARISONS = ("at_least", "below", "above", "at_most")
_SIDES = (
    ("met", "unmet"), ("clear", "violated"), ("passes_at", "fails_at"), ("passes_for_patient", "fails_for_patient"),
    ("at_least", "below"), ("at_most", "above"),
)  # fmt: skip
_OPPOSITES = {one: other for pair in _SIDES for one, other in (pair, pair[::-1])}
"""What defines a clause or a limit, by its opposite."""
_INPUT_NAMES = frozenset(name for name, _ in INPUTS)
_OPEN = _INPUT_NAMES | {"described", "reread", "closed", "documented", "usual", "dated", "unremarkable"}
"""What one side can have from another."""
SETTINGS = ("closed", "complete", "dated", "unremarkable")
"""What no record of a search states, unless it begins with a case that does."""


class Premise(NamedTuple):
    """What a proof may rest on: how a `clause` is defined, or a `limit` of a quantity in it."""

    kind: str
    clause: str
    quantity: str = ""


@dataclass(frozen=True)
class Ground:
    """A policy ground over open inputs: its rules, its atoms by term, and which of them are facts."""

    statements: tuple[Statement, ...] = field(repr=False)
    atoms: Mapping[Term, int] = field(repr=False)
    facts: frozenset[int] = field(repr=False)


def ground(policy: str, room: Shape = ROOM, limits: Iterable[tuple[str, int]] = ()) -> Ground:
    """Ground the program text `policy` over the records for which there is `room`.

    `limits` are further limits (quantity, millionths) that a question compares numbers with. Raises PolicyError.
    """
    messages: list[str] = []
    control = clingo.Control(["--warn=all"], logger=lambda _, text: messages.append(text), message_limit=20)
    transcript = Transcript()
    control.register_observer(transcript)
    try:
        with control.backend() as backend:
            for term in (*room.terms(), *(("asked_limit", quantity, limit) for quantity, limit in limits)):
                backend.add_rule([backend.add_atom(to_symbol(term))])
        for text in (policy, OPEN_INPUTS, RECORDS):
            control.add("base", [], text)
        control.ground([("base", []), ("records", [])])
    except RuntimeError as error:
        raise PolicyError("\n".join(messages) or str(error)) from None
    if messages:
        raise PolicyError("\n".join(messages))
    atoms = {to_term(atom.symbol): atom.literal for atom in control.symbolic_atoms}
    facts = frozenset(atom.literal for atom in control.symbolic_atoms if atom.is_fact)
    return Ground(tuple(transcript.statements), atoms, facts)


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
        self.control = clingo.Control(["--warn=none", "--opt-strategy=usc", "--opt-mode=ignore"])
        self._solving: Any = self.control.configuration.solve
        self.statements: list[Statement] = []
        self.deadline: float | None = None
        self._atoms: list[dict[Term, int]] = []
        self._joined: dict[tuple[int, tuple[int, ...]], int] = {}
        self._guards: dict[Premise, int] = {}
        with self.control.backend() as backend:
            self.true = self._define(backend, 0, ())
            for side in sides:
                self._join(backend, side, shared)
            self.departures = {
                literal: term[1]
                for term, literal in self._atoms[0].items()
                if isinstance(term, tuple) and term[0] == "departs"
            }
            # First as few departures as can be; of those, findings at as few places as can be.
            backend.add_minimize(1, [(literal, 1) for literal in self.departures])
            places = self.terms("spread").items()
            backend.add_minimize(0, [(literal, 1 if _bodies(term) <= _NEAR else 2) for term, literal in places])
        self.inputs = [
            {literal: term for term, literal in atoms.items() if name_of(term) in _INPUT_NAMES} for atoms in self._atoms
        ]

    def _add(self, backend: Any, statement: Statement) -> None:
        self.statements.append(statement)
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

        definitions = _Definitions(side)
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
                opposite = atoms.get((_OPPOSITES[name_of(term)], *term[1:]))
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

    def terms(self, name: str, side: int = 0) -> dict[Term, int]:
        """Return the atoms of a predicate on a side, with their literals."""
        return {term: literal for term, literal in self._atoms[side].items() if name_of(term) == name}

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

    def switch(self) -> int:
        """Return a literal of its own, which a search may assume to hold or not."""
        with self.control.backend() as backend:
            atom: int = backend.add_atom()
            self._add(backend, Statement(True, (atom,), 0, ()))
        return atom

    def held(self, premise: Premise) -> int:
        """Return the assumption that `premise` is not set aside."""
        return -self._guards[premise]

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
        held = [self.held(premise) for premise in self._guards if premise not in aside]
        self._solving.opt_mode = "opt" if fewest else "ignore"
        self._solving.models = 0 if fewest else 1
        found: World | None = None
        with self.control.solve([*assumptions, *held], yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                self._wait(handle)
                model = handle.model()
                if model is None:
                    return found
                found = self._world(model)
                if not fewest:
                    return found

    def holding(self, assumptions: Iterable[int], literals: Iterable[int]) -> frozenset[int] | None:
        """Return which of `literals` hold in a world in which all of `assumptions` do; None if there is none.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        self._solving.opt_mode, self._solving.models = "ignore", 1
        held = [self.held(premise) for premise in self._guards]
        with self.control.solve([*assumptions, *held], yield_=True, async_=True) as handle:
            handle.resume()
            self._wait(handle)
            model = handle.model()
            return None if model is None else frozenset(filter(model.is_true, literals))

    def refutation(self, assumptions: Iterable[int]) -> frozenset[int] | None:
        """Return which of `assumptions` are enough to contradict each other, or None if they do not.

        No premise holds but what `assumptions` hold. Raises SearchTimeoutError when the deadline passes.
        """
        self._solving.opt_mode, self._solving.models = "ignore", 1
        with self.control.solve(list(assumptions), yield_=True, async_=True) as handle:
            handle.resume()
            self._wait(handle)
            return None if handle.model() is not None else frozenset(handle.core())

    def _wait(self, handle: clingo.SolveHandle) -> None:
        # Short waits, so that an interrupt from the keyboard is seen between two of them.
        while not handle.wait(0.05):
            try:
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
        return World(
            tuple(frozenset(term for literal, term in inputs.items() if is_true(literal)) for inputs in self.inputs),
            frozenset(literal for atoms in self._atoms for literal in atoms.values() if is_true(literal)),
            tuple(term for literal, term in self.departures.items() if is_true(literal)),
        )


_NEAR = frozenset(body.lower() for body in CORE_BODIES)


def _bodies(term: Term) -> set[str]:
    """Return the bodies that a `spread` names."""
    place = term[2] if isinstance(term, tuple) else term
    return set(map(str, place[1:])) if isinstance(place, tuple) else {str(place)}


class _Definitions:
    """Which ground rules of a side define a clause or a limit, rather than say what follows from it."""

    def __init__(self, side: Ground) -> None:
        self.terms: dict[Premise, list[tuple[Term, ...]]] = {}
        quantities = {term[1]: term[2] for term in side.atoms if isinstance(term, tuple) and term[0] == "number"}
        self._premises: dict[int, Premise] = {}
        for term, literal in side.atoms.items():
            if not isinstance(term, tuple) or term[0] not in _OPPOSITES or literal in side.facts:
                continue
            if term[0] in _COMPARISONS:
                premise = Premise("limit", str(term[2]), str(quantities[term[1]]))
            else:
                premise = Premise("clause", str(term[1]))
            self._premises[literal] = premise
            self.terms.setdefault(premise, []).append(term)
        self._bodies: dict[int, list[tuple[int, ...]]] = {}
        for choice, head, _, body in side.statements:
            if not choice:
                for atom in head:
                    self._bodies.setdefault(atom, []).append(body)
        self._reached: dict[int, frozenset[Premise]] = {}
        self._entered: set[int] = set()

    def premise(self, head: Sequence[int], body: Sequence[int]) -> Premise | None:
        """Return the premise that a rule belongs to, or None if it only draws on what defines one."""
        premise = self._premises.get(head[0]) if len(head) == 1 else None
        if premise is None or any(premise in self._below(abs(literal)) for literal in body):
            return None
        return premise

    def _below(self, atom: int) -> frozenset[Premise]:
        """Return the premises that `atom` draws on; raise PolicyError if it draws on itself."""
        if atom in self._entered:
            raise PolicyError("not stratified: some conclusion of the policy depends on itself")
        if atom not in self._reached:
            self._entered.add(atom)
            found: set[Premise] = {self._premises[atom]} if atom in self._premises else set()
            for body in self._bodies.get(atom, ()):
                for literal in body:
                    found |= self._below(abs(literal))
            self._entered.remove(atom)
            self._reached[atom] = frozenset(found)
        return self._reached[atom]
