"""The only place where a clingo Control exists: grounding and solving, with every message of clingo an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import clingo

from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.terms import Term, to_symbol, to_term

OPEN_INPUTS = (files("bvn_asp") / "lp" / "open.lp").read_text(encoding="utf-8")


Rule = tuple[int, tuple[int, ...]]
"""A ground rule of one head: how many literals of its body must hold, and the body."""

SHOWN = (("met", 1), ("unmet", 1), ("violated", 1), ("clear", 1), ("recommend", 1))
"""Predicates that every answer set shows whole."""

MOST_CONFLICTS = "20000,umax"
"""Where a search for smallest sets gives up; it then says that its answer is not complete."""

INPUTS = (("yes", 1), ("no", 1), ("value", 2), ("is", 2), ("selected", 2), ("assumed_absent", 1), ("complete", 0))
"""The predicates left open."""
_SETTING_GUARDS = {"selected": "reread", "assumed_absent": "closed"}
"""Inputs of the run, by what must hold for there to be any."""


def _control(messages: list[str]) -> clingo.Control:
    # Raising inside the logger would abort the process: collect here, raise after grounding.
    return clingo.Control(["--warn=all", "--opt-mode=ignore", "--opt-strategy=usc"], logger=lambda _, text: messages.append(text), message_limit=20)


def _ground(control: clingo.Control, messages: list[str], texts: Iterable[str], facts: Iterable[Term]) -> None:
    try:
        # Facts come first: opening the backend checks the #show statements of what is loaded by then.
        with control.backend() as backend:
            for fact in facts:
                backend.add_rule([backend.add_atom(to_symbol(fact))])
        for text in texts:
            control.add("base", [], text)
        control.ground([("base", [])])
    except RuntimeError as error:
        raise PolicyError("\n".join(messages) or str(error)) from None
    if messages:
        raise PolicyError("\n".join(messages))


def answer_set(policy: str, facts: Iterable[Term]) -> frozenset[Term]:
    """Ground the program text `policy` anew with `facts` and return what its one answer set shows.

    Raises PolicyError on any message of clingo, SolveError unless there is exactly one answer set.
    """
    messages: list[str] = []
    control = _control(messages)
    _ground(control, messages, [policy], facts)
    control.configuration.solve.models = "2"
    with control.solve(yield_=True) as handle:
        shown = [frozenset(map(to_term, model.symbols(shown=True))) for model in handle]
    if len(shown) != 1:
        raise SolveError(f"expected exactly one answer set, found {'none' if not shown else 'more than one'}")
    return shown[0]


def facts_of(policy: str, structure: Iterable[Term]) -> dict[str, list[tuple[Term, ...]]]:
    """Ground `policy` with `structure` alone and return the arguments of its facts by predicate name."""
    messages: list[str] = []
    control = _control(messages)
    _ground(control, messages, [policy], structure)
    facts: dict[str, list[tuple[Term, ...]]] = {}
    for atom in control.symbolic_atoms:
        if atom.is_fact:
            facts.setdefault(atom.symbol.name, []).append(tuple(map(to_term, atom.symbol.arguments)))
    return facts


class _Recorder(clingo.Observer):
    """Keeps the ground rules by head: (bound, body), bound being how many literals of the body must hold."""

    def __init__(self) -> None:
        self.rules: dict[int, list[Rule]] = {}
        self.facts: set[int] = set()

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        if not choice and head:
            if body:
                self._keep(head, len(body), tuple(body))
            else:
                self.facts.update(head)

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        if not choice and head:
            if any(weight != 1 for _, weight in body):
                raise SolveError("the policy weighs literals differently, which nothing here can explain")
            self._keep(head, lower_bound, tuple(literal for literal, _ in body))

    def _keep(self, head: Sequence[int], bound: int, body: tuple[int, ...]) -> None:
        for atom in head:
            self.rules.setdefault(atom, []).append((bound, body))


class OpenProgram:
    """A policy ground once with its inputs open; a case, a reading or a search is a set of assumptions.

    `rules` maps the literal of an atom to its ground rules (bound, body): so many literals of the body suffice.
    `facts` holds the literals that are true whatever the input; `inputs` the inputs, by literal.
    """

    def __init__(self, policy: str, structure: Iterable[Term]) -> None:
        messages: list[str] = []
        self._control = _control(messages)
        self._messages = messages
        recorder = _Recorder()
        self._control.configuration.solve.models = "0"
        self._control.register_observer(recorder)
        _ground(self._control, messages, [policy, OPEN_INPUTS], structure)
        self.rules, self.facts = recorder.rules, recorder.facts
        self._literals: dict[Term, int | None] = {}
        self._symbols: dict[int, clingo.Symbol] = {}
        self._terms: dict[int, Term | None] = {}
        self._rows: dict[tuple[str, int], list[tuple[Term, ...]]] = {}
        self._topics: dict[Term, Term] = {}
        self._stated: list[int] = []
        self._dependencies: dict[int, tuple[int, tuple[Term, ...], frozenset[Term]]] = {}
        self.quantities = {number: str(quantity) for number, quantity in self.rows("number", 2)}
        self.inputs: dict[int, Term] = {}
        self.showable: dict[Term, int] = {}
        for name, arity in SHOWN:
            for atom in self._control.symbolic_atoms.by_signature(name, arity):
                if not atom.is_fact:
                    self.showable[to_term(atom.symbol)] = atom.literal
        for name, arity in INPUTS:
            for atom in self._control.symbolic_atoms.by_signature(name, arity):
                term = to_term(atom.symbol)
                self._literals[term] = atom.literal
                self.inputs[atom.literal] = term
        self._groups: dict[int, list[int]] = {}
        self._guards: dict[int, int] = {}
        guards = {row[0]: self._known(("described", row[1])) for row in self.rows("fact", 2)}
        for literal, term in self.inputs.items():
            name, subject = term[0] if isinstance(term, tuple) else term, term[1] if isinstance(term, tuple) else term
            guard = self._known(_SETTING_GUARDS[str(name)]) if name in _SETTING_GUARDS else guards.get(subject, 0)
            self._groups.setdefault(guard, []).append(literal)
            self._guards[literal] = guard
        self._untrue = dict.fromkeys([*self.inputs, *self.showable.values()], False)
        self._bits = {literal: 1 << place for place, literal in enumerate(self.inputs)}

    def literal(self, term: Term) -> int | None:
        """Return the literal of the atom `term`, or None if no input can ever make it true."""
        if term not in self._literals:
            atom = self._control.symbolic_atoms[to_symbol(term)]
            self._literals[term] = None if atom is None else atom.literal
        return self._literals[term]

    def _known(self, term: Term) -> int:
        literal = self.literal(term)
        if literal is None:
            raise PolicyError(f"the policy has no place for {term}")
        return literal

    def assume(self, stated: set[int]) -> list[int]:
        """Return the assumptions under which exactly the inputs `stated` hold."""
        described = {self._guards[literal] for literal in stated}
        assumptions = []
        for guard, members in self._groups.items():
            if guard == 0 or guard in described:
                assumptions += [literal if literal in stated else -literal for literal in members]
            if guard:
                assumptions.append(guard if guard in described else -guard)
        return assumptions

    def complete(self, stated: set[int], kept: Callable[[Term], bool]) -> list[int]:
        """Return the assumptions that hold in every completion: `stated`, and nothing more of the inputs `kept`."""
        assumptions = [self._known("complete"), *stated]
        assumptions += [-literal for literal, term in self.inputs.items() if literal not in stated and kept(term)]
        return assumptions

    def term(self, literal: int) -> Term | None:
        """Return the atom of `literal`, or None for an auxiliary of the grounder."""
        if literal not in self._terms:
            if not self._symbols:
                self._symbols = {atom.literal: atom.symbol for atom in self._control.symbolic_atoms if not atom.is_fact}
            symbol = self._symbols.get(literal)
            self._terms[literal] = None if symbol is None else to_term(symbol)
        return self._terms[literal]

    def dependencies(self, literal: int) -> tuple[int, tuple[Term, ...], frozenset[Term]]:
        """Return what the truth of `literal` hangs on: inputs as a bit mask, numbers, and entities of the record."""
        known = self._dependencies.get(literal)
        if known is None:
            reached, waiting = set[int](), [literal]
            while waiting:
                atom = abs(waiting.pop())
                if atom not in reached:
                    reached.add(atom)
                    waiting.extend(part for _, body in self.rules.get(atom, ()) for part in body)
            inputs = [self.inputs[atom] for atom in reached if atom in self.inputs]
            subjects = {term[1] for term in inputs if isinstance(term, tuple)}
            known = self._dependencies[literal] = (
                self.mask(reached),
                tuple(subject for subject in subjects if subject in self.quantities),
                frozenset(part for subject in subjects if isinstance(subject, tuple) for part in subject if isinstance(part, tuple)),
            )
        return known

    def truth(self, stated: Iterable[int], shown: Iterable[Term]) -> dict[int, bool]:
        """Return the truth of every input, and of every atom that the policy shows whole."""
        truth = self._untrue.copy()
        truth.update(dict.fromkeys(stated, True))
        for term in shown:
            literal = self.literal(term)
            if literal is not None:
                truth[literal] = True
        return truth

    def mask(self, literals: Iterable[int]) -> int:
        """Return the inputs among `literals` as a bit mask."""
        mask = 0
        for literal in literals:
            mask |= self._bits.get(literal, 0)
        return mask

    def rows(self, predicate: str, arity: int) -> list[tuple[Term, ...]]:
        """Return the arguments of the atoms of a predicate that can be true."""
        if (predicate, arity) not in self._rows:
            atoms = self._control.symbolic_atoms.by_signature(predicate, arity)
            self._rows[predicate, arity] = [tuple(map(to_term, atom.symbol.arguments)) for atom in atoms]
        return self._rows[predicate, arity]

    def topic(self, subject: Term) -> Term:
        """Return the topic of a fact: what a record states with it in one go."""
        if not self._topics:
            self._topics = {fact: together for fact, together in self.rows("together", 2)}
        return self._topics.get(subject, subject)

    def solve(self, assumptions: Sequence[int]) -> Iterator[clingo.Model]:
        """Yield the answer sets under `assumptions`; each is valid only until the next is asked for."""
        with self._control.solve(assumptions=assumptions, yield_=True) as handle:
            yield from handle

    def statuses(self, assumptions: Sequence[int]) -> frozenset[Term]:
        """Return what the answer set under `assumptions` shows; they must leave no input open."""
        for model in self.solve(assumptions):
            return frozenset(map(_term, model.symbols(shown=True)))
        raise SolveError("the record contradicts itself")

    def shown(self, assumptions: Sequence[int], mode: Literal["cautious", "brave"]) -> frozenset[Term]:
        """Return what all (cautious) or some (brave) answer sets under `assumptions` show."""
        configuration = self._control.configuration.solve
        configuration.enum_mode = mode
        try:
            last: Sequence[clingo.Symbol] | None = None
            for model in self.solve(assumptions):
                last = model.symbols(shown=True)
        finally:
            configuration.enum_mode = "auto"
        if last is None:
            raise SolveError("the assumptions contradict each other")
        return frozenset(map(_term, last))

    def smallest(self, assumptions: Sequence[int], most: int) -> tuple[list[frozenset[Term]], bool]:
        """Return up to `most` sets of inputs of the least number of topics under `assumptions`, and if that is all.

        Each set holds the inputs that an answer set states beyond the assumptions.
        """
        if not self._stated:
            self._control.ground([("search", [])])
            self._stated = [atom.literal for atom in self._control.symbolic_atoms.by_signature("stated", 1)]
        given = set(assumptions)
        configuration = self._control.configuration.solve
        configuration.opt_mode, configuration.solve_limit = "optN", MOST_CONFLICTS
        found: list[frozenset[Term]] = []
        try:
            for model in self.solve(assumptions):
                if not model.optimality_proven:
                    continue
                if len(found) == most:
                    return found, False
                found.append(frozenset(t for literal, t in self.inputs.items() if literal not in given and model.is_true(literal)))
                # The same topics with other values are the same set.
                model.context.add_clause([-literal for literal in self._stated if model.is_true(literal)])
            return found, bool(found)
        finally:
            configuration.opt_mode, configuration.solve_limit = "ignore", "umax"


_term = lru_cache(maxsize=4096)(to_term)
