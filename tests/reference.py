"""The ground rules read one by one, a byte for each case: slow, and without a step of the compiler."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bvn_asp.policy.program import OpenProgram
from bvn_asp.policy.terms import Term

Column = npt.NDArray[np.bool_]


def evaluate(program: OpenProgram, given: Mapping[int, Column], count: int) -> dict[int, Column]:
    """Return the truth of every atom for each of `count` cases; `given` are the inputs that hold somewhere."""
    truth: dict[int, Column] = dict(given)
    nothing, everything = np.zeros(count, np.bool_), np.ones(count, np.bool_)

    def literal(wanted: int) -> Column:
        atom = abs(wanted)
        if atom not in truth:
            if atom in program.facts:
                truth[atom] = everything
            elif atom in program.inputs:
                truth[atom] = nothing
            else:
                found = np.zeros(count, np.bool_)
                for bound, body in program.rules.get(atom, ()):
                    if bound == len(body):
                        holds = literal(body[0]).copy()
                        for part in body[1:]:
                            holds &= literal(part)
                    else:
                        held = np.zeros(count, np.int8)
                        for part in body:
                            held += literal(part)
                        holds = held >= bound
                    found |= holds
                truth[atom] = found
        return truth[atom] if wanted > 0 else ~truth[atom]

    for atom in program.rules:
        literal(atom)
    return truth


def holds(program: OpenProgram, truth: Mapping[int, Column], term: Term, count: int) -> Column:
    """Return where the atom `term` holds."""
    literal = program.literal(term)
    if literal is None:
        return np.zeros(count, np.bool_)
    return np.ones(count, np.bool_) if literal in program.facts else truth.get(literal, np.zeros(count, np.bool_))
