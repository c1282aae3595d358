"""Ground rules compiled to and, or and not over words of 64 cases: the same policy, many cases at once.

Every atom that an output needs becomes a node, a bit for each case. An atom is the or of its rules, a rule the and of
its body, a count a ladder of both. Inputs that the run leaves out are constants, and constants, duplicates and all
that no output needs are gone before the first case is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bvn_asp.errors import PolicyError
from bvn_asp.policy.terms import Term, name_of

if TYPE_CHECKING:
    from bvn_asp.policy.program import OpenProgram

Words = npt.NDArray[np.uint64]
"""A bit for each case, 64 to a word, the first case lowest."""

FALSE, TRUE = 0, 1
"""The nodes of what never and what always holds."""
AND, OR, NOT = "and", "or", "not"


class Nodes:
    """Nodes of and, or, not and inputs, each only once; a node's parts come before it."""

    def __init__(self) -> None:
        self.made: list[tuple[str, tuple[int, ...]]] = [("false", ()), ("true", ())]
        self.inputs: dict[int, Term] = {}
        self._known: dict[tuple[str, object], int] = {}

    def _node(self, kind: str, key: object, parts: tuple[int, ...]) -> int:
        if (kind, key) not in self._known:
            self._known[kind, key] = len(self.made)
            self.made.append((kind, parts))
        return self._known[kind, key]

    def input(self, term: Term) -> int:
        """Return the node of an input."""
        node = self._node("input", term, ())
        self.inputs[node] = term
        return node

    def negate(self, node: int) -> int:
        """Return the node that holds where `node` does not."""
        if node in (FALSE, TRUE):
            return TRUE - node
        kind, parts = self.made[node]
        return parts[0] if kind == NOT else self._node(NOT, node, (node,))

    def all(self, parts: Iterable[int]) -> int:
        """Return the node that holds where all of `parts` do."""
        return self._join(AND, parts, TRUE, FALSE)

    def any(self, parts: Iterable[int]) -> int:
        """Return the node that holds where any of `parts` does."""
        return self._join(OR, parts, FALSE, TRUE)

    def _join(self, kind: str, parts: Iterable[int], neutral: int, absorbing: int) -> int:
        kept = set(parts) - {neutral}
        if absorbing in kept or any(self.negate(part) in kept for part in kept if self.made[part][0] == NOT):
            return absorbing
        # A join of the other kind that holds one of its fellows adds nothing.
        other = OR if kind == AND else AND
        kept = {part for part in kept if self.made[part][0] != other or kept.isdisjoint(self.made[part][1])}
        if len(kept) <= 1:
            return kept.pop() if kept else neutral
        ordered = tuple(sorted(kept))
        return self._node(kind, ordered, ordered)

    def below(self, node: int) -> Iterator[int]:
        """Yield the nodes that `node` is made of, itself included, each once."""
        seen, waiting = set[int](), [node]
        while waiting:
            found = waiting.pop()
            if found not in seen:
                seen.add(found)
                yield found
                waiting += self.made[found][1]

    def count(self, bound: int, parts: Sequence[int]) -> int:
        """Return the node that holds where at least `bound` of `parts` do."""
        reached = [TRUE] + [FALSE] * bound
        for part in parts:
            for level in range(bound, 0, -1):
                reached[level] = self.any((reached[level], self.all((reached[level - 1], part))))
        return reached[bound]


class Compiler:
    """Turns the ground rules of a program into nodes; `given` makes the node of an input."""

    def __init__(self, program: OpenProgram, nodes: Nodes, given: Callable[[Term], int]) -> None:
        self.program, self.nodes, self.given = program, nodes, given
        self._done: dict[int, int] = {}
        self._open: set[int] = set()

    def atom(self, term: Term) -> int:
        """Return the node of the atom `term`; an atom that no input can make true is false."""
        literal = self.program.literal(term)
        return FALSE if literal is None else self.literal(literal)

    def literal(self, literal: int) -> int:
        """Return the node of a literal; raise PolicyError for rules that go in a circle."""
        atom = abs(literal)
        if atom not in self._done:
            if atom in self._open:
                raise PolicyError(f"rules in a circle through {self._name(atom)}: a batch cannot decide such a policy")
            self._open.add(atom)
            self._done[atom] = self._atom(atom)
            self._open.discard(atom)
        node = self._done[atom]
        return node if literal > 0 else self.nodes.negate(node)

    def _atom(self, atom: int) -> int:
        if atom in self.program.facts:
            return TRUE
        if atom in self.program.inputs:
            return self.given(self.program.inputs[atom])
        return self.nodes.any([self._rule(bound, body) for bound, body in self.program.rules.get(atom, ())])

    def _rule(self, bound: int, body: tuple[int, ...]) -> int:
        parts = [self.literal(literal) for literal in body]
        return self.nodes.all(parts) if bound == len(body) else self.nodes.count(bound, parts)

    def _name(self, atom: int) -> str:
        term = self.program.term(atom)
        return "an auxiliary atom" if term is None else name_of(term)


@dataclass(frozen=True)
class Kernel:
    """Steps over words, in an order in which everything is known before it is used.

    `inputs` are the inputs that the steps read, `steps` the operation, its target and its two sources, all by place
    in a working store of `size` places; `outputs` are places too.
    """

    inputs: Mapping[Term, int]
    steps: tuple[tuple[str, int, int, int], ...]
    outputs: Mapping[Term, int]
    size: int
    ones: int
    _store: dict[int, Words] = field(default_factory=dict, repr=False, compare=False)

    def run(self, given: Mapping[Term, Words], length: int) -> dict[Term, Words]:
        """Return the words of every output; `given` has `length` words for every input that may hold."""
        store = self._store.get(length)
        if store is None:
            self._store.clear()
            store = self._store[length] = np.zeros((self.size, length), np.uint64)
        for term, place in self.inputs.items():
            words = given.get(term)
            store[place] = 0 if words is None else words
        store[self.ones] = ~np.uint64(0)
        store[0] = 0
        rows = list(store)
        for kind, target, one, other in self.steps:
            if kind == AND:
                np.bitwise_and(rows[one], rows[other], rows[target])
            elif kind == OR:
                np.bitwise_or(rows[one], rows[other], rows[target])
            else:
                np.bitwise_not(rows[one], rows[target])
        return {name: rows[place].copy() for name, place in self.outputs.items()}


def kernel_of(nodes: Nodes, outputs: Mapping[Term, int]) -> Kernel:
    """Return the steps that give the nodes `outputs`, in a store whose places are used again when they are free."""
    needed = {part for node in outputs.values() for part in nodes.below(node)}
    kept = set(outputs.values()) | {FALSE, TRUE}
    order = [node for node in sorted(needed) if nodes.made[node][0] in (AND, OR, NOT)]
    last = {part: node for node in order for part in nodes.made[node][1]}
    places = {FALSE: 0, TRUE: 1}
    inputs = {nodes.inputs[node]: 2 + place for place, node in enumerate(sorted(needed & nodes.inputs.keys()))}
    places |= {node: inputs[nodes.inputs[node]] for node in needed & nodes.inputs.keys()}
    size, free, steps = 2 + len(inputs), list[int](), list[tuple[str, int, int, int]]()
    for node in order:
        kind, parts = nodes.made[node]
        ended = [places[part] for part in parts if last[part] == node and part not in kept]
        if free:
            target = free.pop()
        else:
            target, size = size, size + 1
        sources = [places[part] for part in parts]
        steps.append((kind, target, sources[0], sources[1] if len(sources) > 1 else sources[0]))
        steps += [(kind, target, target, source) for source in sources[2:]]
        free += ended
        places[node] = target
    return Kernel(inputs, tuple(steps), {name: places[node] for name, node in outputs.items()}, size, 1)
