"""Ground programs side by side over open inputs, as one set of rules: what is true of a side is a literal.

Literals join to larger ones, so that a question is one literal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import count, islice

from bvn_asp.analysis.records import OPPOSITES, Definitions, Ground, Premise
from bvn_asp.policy.ground import Statement
from bvn_asp.policy.grounding import INPUTS
from bvn_asp.policy.terms import Term, name_of

INPUT_NAMES = frozenset(name for name, _ in INPUTS)
_OPEN = frozenset(INPUTS) | {
    ("described", 1), ("reread", 0), ("closed", 0), ("documented", 0), ("usual", 1), ("dated", 0), ("short_course", 0),
    ("ablated_twice", 0), ("unremarkable", 0), ("listed", 1), ("read", 1), ("cleared", 1), ("somewhere", 1),
    ("elsewhere", 0), ("denied_elsewhere", 1), ("one_day", 0), ("two_days", 0), ("by_days", 1),
}  # fmt: skip
"""What one side can have from another: inputs, and how a case file says them; what a policy concludes never is."""
SETTINGS = ("complete", "dated", "short_course", "ablated_twice")
"""What no record of a search is, unless it begins with a case that is."""


def _signature(term: Term) -> tuple[str, int]:
    return name_of(term), len(term) - 1 if isinstance(term, tuple) else 0


class Sides:
    """Ground programs side by side.

    `shared` tells of an input whether every side has the one of side 0; what it leaves out, a side has for itself.
    `statements` is everything that is said, in numbered atoms, and `program` what was said at first. Premises, what a
    proof may rest on, can be set aside.
    """

    def __init__(self, *sides: Ground, shared: Callable[[Term], bool] = lambda term: True) -> None:
        self.statements: list[Statement] = []
        self._atoms: list[dict[Term, int]] = []
        self._joined: dict[tuple[int, tuple[int, ...]], int] = {}
        self._guards: dict[Premise, int] = {}
        self._inactive: set[int] = set()
        self._conditional: dict[int, tuple[int, ...]] = {}
        # Nothing is grounded in a search, so atoms are numbered here.
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
        told = INPUT_NAMES | {"departs"} | frozenset[str]().union(*(side.shown for side in sides))
        named = (atom for atoms in self._atoms for term, atom in atoms.items() if name_of(term) in told)
        self._varying = list(dict.fromkeys(atom for atom in named if atom not in self._always))
        self.inputs = [
            {literal: term for term, literal in atoms.items() if name_of(term) in INPUT_NAMES} for atoms in self._atoms
        ]

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
                if first is not None and _signature(term) in _OPEN and shared(term):
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

    def add(self, statements: Iterable[Statement]) -> None:
        """Add rules about atoms of this space."""
        self.statements += statements

    def fresh(self, number: int) -> list[int]:
        """Return so many new atoms."""
        return list(islice(self._fresh, number))

    def free(self) -> int:
        """Return a literal that nothing decides: it can be assumed either way."""
        atom = next(self._fresh)
        self.statements.append(Statement(True, (atom,), 0, ()))
        return atom

    def conditional(self, atoms: Iterable[int]) -> int:
        """Return a literal that is free, and false unless it is assumed; worlds tell of `atoms` where it holds."""
        active = self.free()
        self._conditional[active] = tuple(atoms)
        self._inactive.add(-active)
        return active

    def held(self, premise: Premise) -> int:
        """Return the assumption that `premise` is not set aside."""
        return -self._guards[premise]

    @property
    def premises(self) -> tuple[Premise, ...]:
        """Everything that a proof may rest on and that can be set aside, but for the readings."""
        return tuple(self._guards)

    def unsaid(self, side: int = 0) -> list[int]:
        """Return the assumptions that hold of every record of a search on a side, however it is read."""
        return [-self.literal(name, side) for name in SETTINGS]

    def run(self, readings: Mapping[str, str] | None = None, side: int = 0) -> list[int]:
        """Return the assumptions of a run of a side: `readings`, every other question by default."""
        chosen = readings or {}
        assumed = self.unsaid(side)
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

    @property
    def places(self) -> dict[int, Term]:
        """The places at which findings lie, on any side, by their literals."""
        sides = range(len(self._atoms))
        return {literal: place for side in sides for place, literal in self.terms("spread", side).items()}

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
