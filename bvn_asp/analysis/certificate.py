"""Proofs for those who do not trust this program: propositional formulas, and a second engine that decides them.

The ground rules are stratified, so their answer sets are the models of their completion: an atom holds if and only
if the body of one of its rules does. Leaving parts of a formula out can only make it easier to satisfy, so what is
refuted without them is refuted with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import ExtraError

if TYPE_CHECKING:
    from bvn_asp.policy.ground import Statement

Clauses = list[tuple[int, ...]]
"""A formula in conjunctive normal form: any literal of each clause, numbered as in DIMACS."""


def formula(statements: Sequence[Statement], assumptions: Iterable[int], *, whole: bool = False) -> Clauses:
    """Return the formula that says: `statements` hold, and so do `assumptions`.

    Only what the assumptions draw on is kept, unless the `whole` is asked for.
    """
    goal = list(assumptions)
    rules: dict[int, list[Statement]] = {}
    for statement in statements:
        for atom in statement.head:
            rules.setdefault(atom, []).append(statement)
    cone = _cone(rules, [*goal, *(a for s in statements if not s.head for a in s.body)] if whole else goal)
    writer = _Writer(max((abs(literal) for s in statements for literal in (*s.head, *s.body)), default=0))
    for literal in goal:
        writer.clauses.append((literal,))
    for atom in sorted(cone):
        bodies = [(s.choice, writer.body(s.bound, s.body)) for s in rules.get(atom, ())]
        writer.clauses.append((-atom, *(body for _, body in bodies)))
        writer.clauses += [(atom, -body) for choice, body in bodies if not choice]
    for statement in statements:
        if not statement.head and cone.issuperset(map(abs, statement.body)):
            writer.clauses.append((-writer.body(statement.bound, statement.body),))
    return writer.clauses


def dimacs(clauses: Clauses, remarks: Iterable[str] = ()) -> str:
    """Return a formula as a DIMACS file, which any solver of propositional formulas reads."""
    variables = max((abs(literal) for clause in clauses for literal in clause), default=0)
    lines = [f"c {' '.join(remark.split())}" for remark in remarks]
    lines.append(f"p cnf {variables} {len(clauses)}")
    lines += [f"{' '.join(map(str, clause))} 0" for clause in clauses]
    return "\n".join(lines) + "\n"


def refuted(statements: Sequence[Statement], assumptions: Iterable[int]) -> Clauses | None:
    """Return a formula of `statements` under `assumptions` that the second engine refutes; None if there is none.

    Raises ExtraError if the extra `proof` is not installed.
    """
    goal = list(assumptions)
    for whole in (False, True):
        clauses = formula(statements, goal, whole=whole)
        if not satisfiable(clauses):
            return clauses
    return None


def engine() -> str:
    """Return the name of the second engine; raise ExtraError if the extra `proof` is not installed."""
    return f"z3 {_z3().get_version_string()}"


def satisfiable(clauses: Clauses) -> bool:
    """Return what the second engine says of a formula."""
    solver = _z3().SolverFor("QF_FD")
    solver.from_string(dimacs(clauses))
    return bool(solver.check() != _z3().unsat)


def _z3() -> Any:
    try:
        import z3
    except ImportError:
        raise ExtraError(
            "a second engine confirms proofs, and it is not installed: pip install 'bvn-asp[proof]'"
        ) from None
    return z3


def _cone(rules: dict[int, list[Statement]], goal: Iterable[int]) -> set[int]:
    """Return the atoms that the truth of `goal` hangs on."""
    found: set[int] = set()
    waiting = [abs(literal) for literal in goal]
    while waiting:
        atom = waiting.pop()
        if atom not in found:
            found.add(atom)
            waiting += [abs(literal) for rule in rules.get(atom, ()) for literal in rule.body]
    return found


class _Writer:
    """Writes clauses, with further variables for the bodies of rules."""

    def __init__(self, variables: int) -> None:
        self.clauses: Clauses = []
        self._last = variables
        self._bodies: dict[tuple[int, tuple[int, ...]], int] = {}
        self._true = self._fresh()
        self.clauses.append((self._true,))

    def _fresh(self) -> int:
        self._last += 1
        return self._last

    def body(self, bound: int, literals: tuple[int, ...]) -> int:
        """Return a literal that holds if and only if so many of `literals` do."""
        key = bound, tuple(sorted(literals))
        if key not in self._bodies:
            self._bodies[key] = self._counted(bound, list(key[1]))
        return self._bodies[key]

    def _counted(self, bound: int, literals: list[int]) -> int:
        if bound <= 0:
            return self._true
        if bound > len(literals):
            return -self._true
        if len(literals) == 1:
            return literals[0]
        if bound in (1, len(literals)):
            return self._gate(literals, every=bound == len(literals))
        *rest, last = literals
        with_last = self._gate([last, self.body(bound - 1, tuple(rest))], every=True)
        return self._gate([with_last, self.body(bound, tuple(rest))], every=False)

    def _gate(self, literals: Sequence[int], *, every: bool) -> int:
        sign = 1 if every else -1
        gate = self._fresh()
        self.clauses += [(-sign * gate, sign * literal) for literal in literals]
        self.clauses.append((sign * gate, *(-sign * literal for literal in literals)))
        return gate
