"""What each clause asks of a record: the facts, numbers and choices that its answer hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.policy.terms import Term, name_of, subject_of

if TYPE_CHECKING:
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy

_ANSWERS = ("met", "unmet", "violated", "clear", "refusal", "flag")
"""What an answer set shows of a clause, its id being the last argument."""


def subjects_of(policy: Policy, program: OpenProgram, *, every: bool = False) -> dict[str, frozenset[Term]]:
    """Return what each clause asks for, by its id, as it is read by default, or with `every` under any reading.

    `program` is `policy` ground.
    """
    reader = _Reader(program, every=every)
    found: dict[str, set[Term]] = {id: set() for id in policy.clauses}
    for term, literal in program.shown_atoms():
        if isinstance(term, tuple) and term[0] in _ANSWERS and term[-1] in found:
            found[str(term[-1])] |= reader.below(abs(literal))
    return {id: frozenset(subjects) for id, subjects in found.items()}


class _Reader:
    """Walks the ground rules from an atom down to what a record states; by default those of the default readings."""

    def __init__(self, program: OpenProgram, *, every: bool) -> None:
        self._program, self._every = program, every
        self._possible: dict[int, bool] = {}
        self._below: dict[int, frozenset[Term]] = {}

    def possible(self, literal: int) -> bool:
        """Tell whether a literal can hold while no question is read otherwise than by default."""
        if literal < 0 or literal in self._program.facts:
            return True
        if literal not in self._possible:
            stated = self._program.inputs.get(literal)
            self._possible[literal] = (
                self._every or name_of(stated) != "selected"
                if stated is not None
                else any(sum(map(self.possible, body)) >= bound for bound, body in self._bodies(literal))
            )
        return self._possible[literal]

    def _bodies(self, literal: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        yield from self._program.rules.get(literal, ())

    def below(self, atom: int) -> frozenset[Term]:
        """Return the facts, numbers and choices that the truth of `atom` hangs on."""
        if atom not in self._below:
            stated = self._program.inputs.get(atom)
            found: set[Term] = set() if stated is None else {subject_of(stated)}
            for bound, body in self._bodies(atom):
                if sum(map(self.possible, body)) >= bound:
                    found = found.union(*(self.below(abs(part)) for part in body if self.possible(part)))
            self._below[atom] = frozenset(found)
        return self._below[atom]
