"""The ground program of a policy with its inputs open, and solving for one case; `space` searches over all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

import clingo

from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.policy.ground import Derivations, Recorder
from bvn_asp.policy.grounding import INPUTS, OPEN_INPUTS, grounded, solving
from bvn_asp.policy.terms import FORMS, Term, name_of, subject_of, to_symbol, to_term

Vocabulary = dict[str, list[tuple[Term, ...]]]
MOST_CONFLICTS = "20000,umax"
"""Where a search for smallest sets gives up; it then says that its answer is not complete."""
_FORMS = {"yes": "answer", "no": "answer", "selected": "reading"}
"""Inputs of which at most one of a form holds for a subject, by their form."""
_SETTING_GUARDS = {"selected": "reread", "assumed_absent": "closed"}
"""Inputs of the run, by what must hold for there to be any."""


def facts_of(
    policy: str, structure: tuple[Term, ...], signatures: Iterable[tuple[str, int]], *, keep: bool = False
) -> Vocabulary:
    """Return the arguments of the facts of `policy` with `structure`, by predicate name.

    With `keep`, the open program is ground for it and kept for the next call of `open_program` with the same.
    """
    if keep:
        try:
            program = OpenProgram(policy, structure)
        except PolicyError:
            pass  # Below it shows whether the policy is at fault by itself.
        else:
            _spare.clear()
            _spare[policy, structure] = program
            return _facts(program.control, signatures)
    return _facts(grounded([policy], structure), signatures)


def open_program(policy: str, structure: tuple[Term, ...]) -> OpenProgram:
    """Return a program of the caller's own."""
    return _spare.pop((policy, structure), None) or OpenProgram(policy, structure)


def _facts(control: clingo.Control, signatures: Iterable[tuple[str, int]]) -> Vocabulary:
    atoms = control.symbolic_atoms
    found: Vocabulary = {}
    for name, arity in signatures:
        rows = found.setdefault(name, [])
        rows += [tuple(map(to_term, atom.symbol.arguments)) for atom in atoms.by_signature(name, arity) if atom.is_fact]
    return found


class OpenProgram:
    """A policy ground once with its inputs open; a case, a reading or a search is a set of assumptions.

    `rules` maps the literal of an atom to its ground rules (bound, body): so many literals of the body suffice.
    `facts` holds the literals that are true whatever the input; `inputs` the inputs, by literal, and
    `places` their literals.
    """

    def __init__(self, policy: str, structure: Iterable[Term]) -> None:
        structure = tuple(structure)
        self._structure = frozenset(structure)
        self._recorder = Recorder()
        self.control = grounded([policy, OPEN_INPUTS], structure, self._recorder)
        self._solving = solving(self.control)
        self._solving.models = "0"
        self.rules, self.facts = self._recorder.rules, self._recorder.facts
        self._symbols: dict[int, clingo.Symbol] = {}
        self._terms: dict[int, Term | None] = {}
        self._rows: dict[tuple[str, int], list[tuple[Term, ...]]] = {}
        self._topics: dict[Term, Term] = {}
        self._stated: dict[int, list[int]] = {}
        self._dependencies: dict[int, tuple[int, tuple[Term, ...], frozenset[Term]]] = {}
        self.inputs = {
            atom.literal: to_term(atom.symbol)
            for name, arity in INPUTS
            for atom in self.control.symbolic_atoms.by_signature(name, arity)
        }
        self.places = {term: literal for literal, term in self.inputs.items()}
        self._literals: dict[Term, int | None] = dict(self.places)

    @cached_property
    def quantities(self) -> dict[Term, str]:
        """The quantity of every number."""
        return {number: str(quantity) for number, quantity in self.rows("number", 2)}

    @cached_property
    def derivations(self) -> Derivations:
        """The ground rules, to derive answers from without a search."""
        # The backend outputs its own facts, whatever the policy shows.
        outputs = [(term, condition) for term, condition in self._recorder.outputs if term not in self._structure]
        return Derivations(self.rules, self.facts, outputs, self.inputs)

    @cached_property
    def _guards(self) -> dict[int, int]:
        """The literal without which an input cannot hold, or 0."""
        guards = {row[0]: self._known(("described", row[1])) for row in self.rows("fact", 2)}
        found: dict[int, int] = {}
        for literal, term in self.inputs.items():
            name, subject = name_of(term), subject_of(term)
            found[literal] = self._known(_SETTING_GUARDS[name]) if name in _SETTING_GUARDS else guards.get(subject, 0)
        return found

    @cached_property
    def _denials(self) -> dict[int, frozenset[int]]:
        """What denies every input behind a guard, by guard."""
        found: dict[int, set[int]] = {}
        for literal, guard in self._guards.items():
            found.setdefault(guard, set()).add(-literal)
        return {guard: frozenset(denials) for guard, denials in found.items()}

    @cached_property
    def slots(self) -> dict[int, tuple[str, Term]]:
        """What an input is an answer to, as form and subject: a record gives at most one answer to each."""
        return {
            literal: (form, subject_of(term)) if form else (name_of(term), term)
            for literal, term in self.inputs.items()
            for form in [_FORMS.get(name_of(term), "")]
        }

    @cached_property
    def _settled(self) -> dict[int, frozenset[int]]:
        """What need not be denied once an input holds: itself, and the other answers."""
        answers: dict[tuple[str, Term], set[int]] = {}
        for literal, slot in self.slots.items():
            answers.setdefault(slot, set()).add(-literal)
        return {literal: frozenset(answers[slot]) for literal, slot in self.slots.items()}

    def literal(self, term: Term) -> int | None:
        """Return the literal of the atom `term`, or None if no input can ever make it true."""
        if term not in self._literals:
            atom = self.control.symbolic_atoms[to_symbol(term)]
            self._literals[term] = None if atom is None else atom.literal
        return self._literals[term]

    def _known(self, term: Term) -> int:
        literal = self.literal(term)
        if literal is None:
            raise PolicyError(f"the policy has no place for {term}")
        return literal

    def assume(self, stated: set[int]) -> list[int]:
        """Return the assumptions under which exactly the inputs `stated` hold."""
        settled = self._settled
        kept = [settled[literal] for literal in stated]
        described = {self._guards[literal] for literal in stated}
        assumptions = list(stated)
        for guard, denials in self._denials.items():
            if guard == 0 or guard in described:
                assumptions += denials.difference(*kept)
            if guard:
                assumptions.append(guard if guard in described else -guard)
        return assumptions

    def complete(self, stated: set[int], kept: Callable[[Term], bool]) -> list[int]:
        """Return the assumptions that hold in every completion: `stated`, and nothing more of the inputs `kept`."""
        assumptions = [self._known("complete"), *stated]
        assumptions += [-literal for literal, term in self.inputs.items() if literal not in stated and kept(term)]
        return assumptions

    def atoms(self, names: Collection[str]) -> dict[int, clingo.Symbol]:
        """Return the atoms of the predicates `names` that the input decides, by literal."""
        atoms = self.control.symbolic_atoms
        signatures = [(name, arity) for name, arity, positive in atoms.signatures if positive and name in names]
        return {
            atom.literal: atom.symbol
            for name, arity in signatures
            for atom in atoms.by_signature(name, arity)
            if not atom.is_fact
        }

    def term(self, literal: int) -> Term | None:
        """Return the atom of `literal`, or None for an auxiliary of the grounder."""
        if literal not in self._terms:
            if not self._symbols:
                self._symbols = {atom.literal: atom.symbol for atom in self.control.symbolic_atoms if not atom.is_fact}
            symbol = self._symbols.get(literal)
            self._terms[literal] = None if symbol is None else to_term(symbol)
        return self._terms[literal]

    def dependencies(self, literal: int) -> tuple[int, tuple[Term, ...], frozenset[Term]]:
        """Return what the truth of `literal` hangs on: inputs as a bit mask, numbers and choices, and entities."""
        known = self._dependencies.get(literal)
        if known is None:
            mask = self.derivations.inputs_below(literal)
            valued = tuple(subject for subject, inputs in self._valued.items() if inputs & mask)
            entities = frozenset(entity for entity, inputs in self._entities.items() if inputs & mask)
            known = self._dependencies[literal] = mask, valued, entities
        return known

    @cached_property
    def _valued(self) -> dict[Term, int]:
        """The inputs that bound a number or narrow a choice, as a bit mask, by number or choice."""
        found: dict[Term, int] = {}
        for literal, term in self.inputs.items():
            subject = subject_of(term)
            if subject in self.quantities or name_of(term) == "ruled_out":
                found[subject] = found.get(subject, 0) | self.derivations.mask([literal])
        return found

    @cached_property
    def _entities(self) -> dict[Term, int]:
        """The inputs about an entity of the record, as a bit mask, by entity."""
        found: dict[Term, int] = {}
        for literal, term in self.inputs.items():
            subject = subject_of(term)
            for part in subject if isinstance(subject, tuple) else ():
                if isinstance(part, tuple):
                    found[part] = found.get(part, 0) | self.derivations.mask([literal])
        return found

    def shown_atoms(self) -> Iterator[tuple[Term, int]]:
        """Yield what an answer set shows if one atom holds, and the literal of that."""
        yield from ((term, condition[0]) for term, condition in self._recorder.outputs if len(condition) == 1)

    def rows(self, predicate: str, arity: int) -> list[tuple[Term, ...]]:
        """Return the arguments of the atoms of a predicate that can be true."""
        if (predicate, arity) not in self._rows:
            atoms = self.control.symbolic_atoms.by_signature(predicate, arity)
            self._rows[predicate, arity] = [tuple(map(to_term, atom.symbol.arguments)) for atom in atoms]
        return self._rows[predicate, arity]

    def topic(self, subject: Term) -> Term:
        """Return the topic of a fact: what a record states with it in one go."""
        if not self._topics:
            self._topics = {row[0]: row[1] for row in self.rows("together", 2)}
        return self._topics.get(subject, subject)

    def solve(self, assumptions: Sequence[int]) -> Iterator[clingo.Model]:
        """Yield the answer sets under `assumptions`; each is valid only until the next is asked for."""
        with self.control.solve(assumptions=assumptions, yield_=True) as handle:
            yield from handle

    def statuses(self, assumptions: Sequence[int]) -> frozenset[Term]:
        """Return what the answer set under `assumptions` shows; they must leave no input open.

        It is what `ground.Answer` derives without a search, found independently of it.
        """
        for model in self.solve(assumptions):
            return frozenset(map(to_term, model.symbols(shown=True)))
        raise SolveError("the record contradicts itself")

    def satisfiable(self, assumptions: Sequence[int]) -> bool:
        """Tell whether there is any answer set under `assumptions`."""
        return any(True for _ in self.solve(assumptions))

    def shown(self, assumptions: Sequence[int], mode: Literal["cautious", "brave"]) -> frozenset[Term]:
        """Return what all (cautious) or some (brave) answer sets under `assumptions` show."""
        found: list[Sequence[clingo.Symbol]] = []
        self._solving.enum_mode = mode
        try:
            self.control.solve(assumptions, on_last=lambda model: found.append(model.symbols(shown=True)))
        finally:
            self._solving.enum_mode = "auto"
        if not found:
            raise SolveError("the assumptions contradict each other")
        return frozenset(map(to_term, found[0]))

    def smallest(self, assumptions: Sequence[int], most: int) -> tuple[list[tuple[Term, ...]], bool]:
        """Return up to `most` sets of inputs of the least number of topics under `assumptions`, and if that is all.

        Each set holds the inputs that an answer set states beyond the assumptions.
        """
        if not self._stated:
            self._search()
        given = set(assumptions)
        unstated = [
            topic
            for topic, inputs in self._stated.items()
            if not all(literal in given or -literal in given for literal in inputs)
        ]
        self._solving.opt_mode, self._solving.solve_limit = "optN", MOST_CONFLICTS
        found: list[tuple[Term, ...]] = []
        try:
            for model in self.solve(assumptions):
                if not model.optimality_proven:
                    continue
                if len(found) == most:
                    return found, False
                topics = [topic for topic in unstated if model.is_true(topic)]
                inputs = sorted(literal for topic in topics for literal in self._stated[topic] if literal not in given)
                found.append(tuple(self.inputs[literal] for literal in inputs if model.is_true(literal)))
                # The same topics with other values are the same set.
                model.context.add_clause([-topic for topic in topics])
            return found, bool(found)
        finally:
            self._solving.opt_mode, self._solving.solve_limit = "ignore", "umax"

    def _search(self) -> None:
        """Ground what a search counts, and keep the inputs that state each topic."""
        self.control.ground([("search", [])])
        inputs: dict[Term, list[int]] = {}
        for literal, term in self.inputs.items():
            if name_of(term) in (*FORMS, "selected"):
                inputs.setdefault(self.topic(subject_of(term)), []).append(literal)
        for atom in self.control.symbolic_atoms.by_signature("stated", 1):
            self._stated[atom.literal] = inputs.get(to_term(atom.symbol.arguments[0]), [])


_spare: dict[tuple[str, tuple[Term, ...]], OpenProgram] = {}
"""At most one program that nobody has asked for yet."""
