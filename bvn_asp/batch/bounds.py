"""Upper bounds on what completions can settle: exact where that can be seen, generous elsewhere.

A case is settled for an answer's side if the side holds in every completion of what the case leaves unknown. What the
rules derive is settled. It is all that is settled if the side does not hang on every way in which something unknown
could be stated: otherwise the way that it does not hang on is a completion in which nothing more holds. Of a
conjunction, each part must be settled; of a disjunction whose parts share nothing unknown, one of them. What is left
is bounded by stating everything of this kind all ways at once: where not even that gives the side, it is not settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bvn_asp.batch.kernel import AND, NOT, OR, Nodes
from bvn_asp.terms import Term, subject_of


class Bounds:
    """Bounds on nodes; `ways` are the inputs that state each subject, `unknown` makes the node of not stating it."""

    def __init__(self, nodes: Nodes, ways: Mapping[Term, frozenset[Term]], unknown: Callable[[Term], int]) -> None:
        self.nodes, self.ways, self.unknown = nodes, ways, unknown
        self._inputs: dict[int, frozenset[Term]] = {}
        self._loose: dict[int, frozenset[Term]] = {}
        self._relaxed: dict[tuple[int, frozenset[Term], bool], int] = {}

    def upper(self, node: int) -> int:
        """Return a node that holds wherever completions settle `node`; `node` itself if it is exact."""
        if not self.loose(node):
            return node
        kind, parts = self.nodes.made[node]
        if kind == AND:
            return self.nodes.all(map(self.upper, parts))
        return self._either(parts) if kind == OR else self._relax(node, self.loose(node), high=True)

    def loose(self, node: int) -> frozenset[Term]:
        """Return the subjects that `node` hangs on whichever way they are stated; all that it denies something of."""
        if node not in self._loose:
            inputs = self._inputs_of(node)
            subjects = {subject_of(term) for term in inputs}
            denies = any(self.nodes.made[part][0] == NOT and self._inputs_of(part) for part in self.nodes.below(node))
            self._loose[node] = frozenset(s for s in subjects if denies or self.ways[s] <= inputs)
        return self._loose[node]

    def _inputs_of(self, node: int) -> frozenset[Term]:
        """Return the inputs that a completion may add below `node`."""
        if node not in self._inputs:
            found = (self.nodes.inputs[part] for part in self.nodes.below(node) if part in self.nodes.inputs)
            self._inputs[node] = frozenset(term for term in found if term in self.ways.get(subject_of(term), ()))
        return self._inputs[node]

    def _either(self, parts: tuple[int, ...]) -> int:
        conjunctions = [set(self.nodes.made[part][1]) if self.nodes.made[part][0] == AND else {part} for part in parts]
        common = set.intersection(*conjunctions)
        if common:
            rest = self.nodes.any(self.nodes.all(each - common) for each in conjunctions)
            return self.nodes.all(map(self.upper, (*common, rest)))
        return self.nodes.any(map(self._together, self._groups(parts)))

    def _groups(self, parts: Iterable[int]) -> list[tuple[set[int], set[Term]]]:
        """Return the parts in groups that share nothing unknown, each with what it hangs on."""
        groups: list[tuple[set[int], set[Term]]] = []
        for part in parts:
            members, subjects = {part}, {subject_of(term) for term in self._inputs_of(part)}
            apart = [group for group in groups if group[1].isdisjoint(subjects)]
            for group in groups:
                if group not in apart:
                    members |= group[0]
                    subjects |= group[1]
            groups = [*apart, (members, subjects)]
        return groups

    def _together(self, group: tuple[set[int], set[Term]]) -> int:
        members, _ = group
        if len(members) == 1:
            return self.upper(next(iter(members)))
        node = self.nodes.any(members)
        return self._relax(node, self.loose(node), high=True)

    def _relax(self, node: int, relaxed: frozenset[Term], *, high: bool) -> int:
        """Return an upper (or lower) bound of `node`: the subjects `relaxed`, where unknown, are stated all ways."""
        key = node, relaxed, high
        if key not in self._relaxed:
            kind, parts = self.nodes.made[node]
            term = self.nodes.inputs.get(node)
            found = node
            if term is not None and high and subject_of(term) in relaxed and term in self._inputs_of(node):
                found = self.nodes.any((node, self.unknown(subject_of(term))))
            elif kind == NOT:
                found = self.nodes.negate(self._relax(parts[0], relaxed, high=not high))
            elif kind in (AND, OR):
                join = self.nodes.all if kind == AND else self.nodes.any
                found = join([self._relax(part, relaxed, high=high) for part in parts])
            self._relaxed[key] = found
        return self._relaxed[key]
