"""Upper bounds on what completions can settle: exact where that can be seen, generous elsewhere.

A case is settled for an answer's side if the side holds in every completion of what the case leaves open. What the
rules derive is settled. It is all that is settled if, for everything open, there is a completion that adds nothing that
the side asks for: the other answer of a fact, the least or greatest number, an option of a choice. Of a conjunction,
each part must be settled; of a disjunction whose parts share nothing open, one of them. What is left is bounded by
stating everything of this kind all ways at once: where not even that gives the side, it is not settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from bvn_asp.batch.kernel import AND, FALSE, NOT, OR, Nodes
from bvn_asp.decision.settlements import is_setting
from bvn_asp.policy.terms import FORMS, Term, arguments_of, name_of, subject_of

Way = tuple[Term, str, frozenset[Term]]
"""What a side asks for: a subject, the form of the statement, and its value, or the options that a choice is within."""


def topic(term: Term) -> Term:
    """Return what the input `term` is about; that a number was not measured is about the number."""
    subject = subject_of(term)
    return subject_of(subject) if name_of(subject) == "unmeasured" else subject


class Ways:
    """How all that a record can leave open is stated, by the inputs of a program; `given` makes their nodes."""

    def __init__(self, inputs: Iterable[Term], nodes: Nodes, given: Callable[[Term], int]) -> None:
        self.nodes, self.given = nodes, given
        self.of: dict[Term, dict[str, set[Term]]] = {}
        """By subject, the terms of each form that state it."""
        self._assumed: dict[Term, list[Term]] = {}
        for term in inputs:
            if self.states(term):
                self.of.setdefault(topic(term), {}).setdefault(name_of(term), set()).add(term)
            elif name_of(term) in ("assumed", "assumed_absent"):
                self._assumed.setdefault(subject_of(term), []).append(term)
        self._unknown: dict[Term, int] = {}

    def states(self, term: Term) -> bool:
        """Tell whether the input `term` states something that a record can leave open."""
        return name_of(term) in FORMS and not is_setting(term)

    def values(self, subject: Term, form: str) -> frozenset[Term]:
        """Return every value that the statements of one form name."""
        return frozenset(arguments_of(term)[1] for term in self.of[subject].get(form, ()))

    def unknown(self, subject: Term, within: frozenset[Term]) -> int:
        """Return the node that holds where `subject` is not stated exactly, and a choice to be `within` options."""
        return self.nodes.all(
            [self._open(subject)]
            + [self.given(("ruled_out", subject, value)) for value in self.values(subject, "ruled_out") - within]
        )

    def _open(self, subject: Term) -> int:
        if subject not in self._unknown:
            nodes, given = self.nodes, self.given
            terms = self.of[subject]
            settled = [given(term) for form in ("yes", "no") for term in terms.get(form, ())]
            values = self.values(subject, "from") & self.values(subject, "to")
            settled += [nodes.all((given(("from", subject, v)), given(("to", subject, v)))) for v in values]
            options = terms.get("ruled_out", set())
            settled += [nodes.all(given(term) for term in options if term != kept) for kept in options]
            if values or options:
                # A number or choice that is assumed absent, or as usual, has no value in any completion.
                settled += [given(term) for term in self._assumed.get(subject, ())]
            self._unknown[subject] = nodes.negate(nodes.any(settled))
        return self._unknown[subject]

    def covers(self, subject: Term, asked: dict[str, set[frozenset[Term]]]) -> bool:
        """Tell whether some statement of `subject` may leave only values that are `asked` for."""
        if {"yes", "no"} <= asked.keys() or {"from", "to"} <= asked.keys():
            return True
        options = sorted(asked.get("ruled_out", ()), key=len)
        if any(not one <= other for one, other in pairwise(options)):
            return True
        return any(
            form in asked and frozenset().union(*asked[form]) == self.values(subject, form) for form in ("from", "to")
        )


class Bounds:
    """Bounds on nodes."""

    def __init__(self, nodes: Nodes, ways: Ways) -> None:
        self.nodes, self.ways = nodes, ways
        self._asked: dict[int, frozenset[Way]] = {}
        self._loose: dict[int, frozenset[tuple[Term, int]]] = {}
        self._relaxed: dict[tuple[int, frozenset[tuple[Term, int]], bool], int] = {}

    def upper(self, node: int) -> int:
        """Return a node that holds wherever completions settle `node`; `node` itself if it is exact."""
        if not self.loose(node):
            return node
        kind, parts = self.nodes.made[node]
        if kind == AND:
            return self.nodes.all(map(self.upper, parts))
        return self._either(parts) if kind == OR else self._relax(node, self.loose(node), high=True)

    def loose(self, node: int) -> frozenset[tuple[Term, int]]:
        """Return what `node` asks for whichever way it is stated, and all of which it denies something.

        With each subject comes the node that holds where it is open in such a way.
        """
        if node not in self._loose:
            asked: dict[Term, dict[str, set[frozenset[Term]]]] = {}
            for subject, form, detail in self._asked_by(node):
                asked.setdefault(subject, {}).setdefault(form, set()).add(detail)
            denies = any(self.nodes.made[part][0] == NOT and self._asked_by(part) for part in self.nodes.below(node))
            self._loose[node] = frozenset(
                (subject, self.ways.unknown(subject, self._options(subject, forms, denies)))
                for subject, forms in asked.items()
                if denies or self.ways.covers(subject, forms)
            )
        return self._loose[node]

    def _options(self, subject: Term, forms: dict[str, set[frozenset[Term]]], denies: bool) -> frozenset[Term]:
        if denies or "ruled_out" not in forms:
            return self.ways.values(subject, "ruled_out")
        return frozenset().union(*forms["ruled_out"])

    def _asked_by(self, node: int) -> frozenset[Way]:
        """Return what `node` asks for of what can be open; options that are ruled out together are one thing."""
        if node not in self._asked:
            kind, parts = self.nodes.made[node]
            term = self.nodes.inputs.get(node)
            if term is not None:
                found = self._ways([term])
            elif kind == AND:
                inputs = [self.nodes.inputs[part] for part in parts if part in self.nodes.inputs]
                found = self._ways(inputs).union(*(self._asked_by(p) for p in parts if p not in self.nodes.inputs))
            else:
                found = frozenset().union(*map(self._asked_by, parts))
            self._asked[node] = found
        return self._asked[node]

    def _ways(self, terms: Sequence[Term]) -> frozenset[Way]:
        found: set[Way] = set()
        ruled_out: dict[Term, set[Term]] = {}
        for term in terms:
            if not self.ways.states(term):
                continue
            if name_of(term) == "ruled_out":
                ruled_out.setdefault(subject_of(term), set()).add(arguments_of(term)[1])
            else:
                found.add((topic(term), name_of(term), frozenset(arguments_of(term)[1:])))
        for choice, values in ruled_out.items():
            found.add((choice, "ruled_out", self.ways.values(choice, "ruled_out") - values))
        return frozenset(found)

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
            members, subjects = {part}, {subject for subject, _, _ in self._asked_by(part)}
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

    def _relax(self, node: int, relaxed: frozenset[tuple[Term, int]], *, high: bool) -> int:
        """Return an upper (or lower) bound of `node`: the subjects `relaxed`, where open, are stated all ways."""
        key = node, relaxed, high
        if key not in self._relaxed:
            kind, parts = self.nodes.made[node]
            term = self.nodes.inputs.get(node)
            found = node
            if term is not None and high and self.ways.states(term):
                found = self.nodes.any((node, dict(relaxed).get(topic(term), FALSE)))
            elif kind == NOT:
                found = self.nodes.negate(self._relax(parts[0], relaxed, high=not high))
            elif kind in (AND, OR):
                join = self.nodes.all if kind == AND else self.nodes.any
                found = join([self._relax(part, relaxed, high=high) for part in parts])
            self._relaxed[key] = found
        return self._relaxed[key]
