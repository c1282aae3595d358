"""Explanations: why a conclusion holds, from the ground rules that derive it down to the facts of the record.

Every rule that derives the conclusion is followed, so every reason is shown, not only the first. What is not
settled is explained by the facts that are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache, cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.decision.nodes import COMPARISONS, COUNTS, Node, counted, measured
from bvn_asp.decision.wording import NO_BODIES, Wording
from bvn_asp.errors import SolveError
from bvn_asp.policy.grounding import INPUTS
from bvn_asp.policy.program import OpenProgram
from bvn_asp.policy.terms import FORMS, Term, name_of, parts_of, pattern, subject_of, to_term
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.ground import Answer
    from bvn_asp.policy.register import Clause, Policy
    from bvn_asp.policy.shape import Shape
    from bvn_asp.record.statements import Document

STATUSES = ("met", "unmet", "violated", "clear", "undetermined")


class Plan(NamedTuple):
    """How to show an atom when it is true; `make` is None if it is not shown at all, nor what it rests on.

    `kept`: its node is remembered from one case to the next. `about`: the terms that occur in it.
    """

    make: Callable[[Explainer, str, tuple[Term, ...], int], Node] | None
    name: str
    arguments: tuple[Term, ...]
    kept: bool = False
    about: frozenset[Term] = frozenset()


MOST_NODES = 6_000
"""Most statuses with their reasons that are kept for one program: of some 5 kB each, those of fifty usual cases."""


class Memory:
    """What the explanations under one program share: how atoms are shown, and what earlier cases found out.

    `rooms` numbers the shapes that cases needed.
    `nodes` keeps statuses with their reasons, for cases that agree on everything that the status hangs on; `parts` the
    shown atoms that an atom rests on, by the truth of its border.
    """

    def __init__(self, program: OpenProgram, policy: Policy) -> None:
        self.nodes: dict[tuple[object, ...], Node] = {}
        self.parts: dict[tuple[int, int], tuple[int, ...]] = {}
        self._program, self._wording = program, policy.wording
        self._symbols = program.atoms({*_MAKERS, *policy.wording} - {name for name, _ in INPUTS})
        self._plans: dict[int, Plan | None] = {}
        self._counts: dict[int, tuple[str, ...]] = {}
        self.rooms: dict[Shape, int] = {}

    def counts(self, literal: int) -> tuple[str, ...]:
        """Return the clauses that the node of `literal` can show a count of, which its truth need not hang on."""
        known = self._counts.get(literal)
        if known is None:
            plan = self.plan(literal)
            found = {str(plan.arguments[0])} if plan is not None and plan.name in COUNTS else set[str]()
            for _, body in self._program.rules.get(literal, ()):
                found.update(*(self.counts(part) for part in body if part > 0))
            known = self._counts[literal] = tuple(sorted(found))
        return known

    def plan(self, literal: int) -> Plan | None:
        """Return how to show the atom of `literal`, or None if what it rests on is shown in its place."""
        if literal not in self._plans:
            self._plans[literal] = self._plan(literal)
        return self._plans[literal]

    def _plan(self, literal: int) -> Plan | None:
        term = self._program.inputs.get(literal)
        if term is None:
            symbol = self._symbols.get(literal)
            if symbol is None:
                return None
            term = to_term(symbol)
        name, arguments = name_of(term), term[1:] if isinstance(term, tuple) else ()
        about = frozenset(parts_of(arguments))
        if name in _MAKERS:
            hidden = name == "no" and name_of(arguments[0]) == "requested"
            return Plan(None if hidden else _MAKERS[name], name, arguments, name in _KEPT, about)
        return Plan(Explainer._reason, name, arguments, True, about) if name in self._wording else None


class Explainer:
    """Explains an answer of `program`: it walks the ground rules from a conclusion to the inputs.

    `memory` belongs to the program.
    """

    def __init__(
        self,
        program: OpenProgram,
        policy: Policy,
        facts: Facts,
        answer: Answer,
        memory: Memory,
    ) -> None:
        self._program, self._policy, self._facts, self._memory = program, policy, facts, memory
        self._answer, self._true = answer, answer.true
        self._parts: dict[int, tuple[int, ...]] = {}
        self._nodes: dict[int, Node] = {}
        self.wording = Wording(program, policy, facts)
        # What there is more room for than the case needs is nothing that it is decided by.
        self._spare = facts.shape.places - facts.needed.places if facts.shape != facts.needed else frozenset()
        self._room = memory.rooms.setdefault(facts.needed, len(memory.rooms))
        self._entries: dict[frozenset[Term], tuple[object, ...]] = {}
        self._gaps: dict[int, tuple[Node, ...]] = {}
        self._tallies: dict[str, tuple[int, str]] = {}
        self._possible: dict[int, bool] = {}

    @cached_property
    def _stated(self) -> set[Term]:
        return {subject_of(term) for term in self._facts.stated if name_of(term) != "assumed_absent"}

    @cached_property
    def _documented(self) -> frozenset[tuple[Term, tuple[Document, ...]]]:
        """What documents say, which a node of another case does not show."""
        return frozenset((term, said.documents) for term, said in self._facts.said.items() if said.documents)

    @cached_property
    def _apart(self) -> list[tuple[int, Term, str]]:
        """The facts that are stated by a field that they do not name: their inputs as bits, fact, and field."""
        found: list[tuple[int, Term, str]] = []
        entries, places = self._facts.entries, self._program.places
        for subject, path in self._facts.fields.items():
            parts = subject if isinstance(subject, tuple) else ()
            entity = next((part for part in parts if isinstance(part, tuple)), None)
            # Of what is not listed each fact is stated by one field, whatever the record.
            usual = _usual_fields().get(subject, "") if entity is None else entries.get(entity, "")
            if path != usual if entity is None else not path.startswith(usual):
                inputs = [places[form, subject] for form in ("yes", "no") if (form, subject) in places]
                found.append((self._program.derivations.mask(inputs), subject, path))
        return found

    @cached_property
    def _apart_bits(self) -> int:
        return reduce(or_, (bits for bits, _, _ in self._apart), 0)

    def holds(self, term: Term) -> bool:
        """Tell whether the atom `term` is true."""
        literal = self._program.literal(term)
        return literal is not None and (literal in self._program.facts or self._true(literal))

    def why(self, term: Term) -> tuple[Node, ...]:
        """Return the reasons for the true atom `term`."""
        literal = self._program.literal(term)
        return () if literal is None else self._reasons(literal)

    def missing(self, term: Term) -> tuple[Node, ...]:
        """Return the facts that are missing for the atom `term`, under the steps that lack them."""
        literal = self._program.literal(term)
        return () if literal is None else self._lacking(literal)

    def criterion(self, clause: Clause, status: str) -> Node:
        """Return the node of `clause` with its `status`, and its reasons or what is missing."""
        if status == "undetermined":
            goals = ("met", "unmet") if clause.kind == "indication" else ("clear", "violated")
            missing = next((found for goal in goals if (found := self.missing((goal, clause.id)))), (NO_BODIES,))
            return Node("criterion", clause.label, status, clause, children=(*self._so_far(clause), *missing))
        return self._status((status, clause.id))

    def body(self, name: str, status: str) -> Node:
        """Return the node of the body `name` with its `status`, and its reasons or what is missing."""
        if status == "undetermined":
            return Node("body", name, status, children=self.missing(("permissible", name.lower())))
        return self._status((status, name.lower()))

    def _status(self, term: tuple[Term, ...]) -> Node:
        literal = self._program.literal(term)
        if literal is None or literal in self._program.facts:
            # True whatever the record states.
            return Node("criterion", self.wording.words(term[1]), str(term[0]), self._policy.clauses.get(str(term[1])))
        node = self._node(literal)
        if node is None:
            raise SolveError(f"the status {term} is none that an explanation knows")
        return node

    def _reasons(self, literal: int) -> tuple[Node, ...]:
        """Return the nodes of what the true `literal` rests on, each once."""
        nodes = [self._node(part) for part in self._resting(literal)]
        return tuple({id(node): node for node in nodes if node is not None}.values())

    def _resting(self, literal: int) -> tuple[int, ...]:
        """Return the atoms to show that the true `literal` rests on, over all rules that derive it."""
        known = self._parts.get(literal)
        if known is None:
            memory = self._memory
            key = literal, self._answer.mask & self._program.derivations.border(literal)
            known = memory.parts.get(key)
            if known is None:
                if len(memory.parts) >= self._program.derivations.most:
                    memory.parts.clear()
                known = memory.parts[key] = tuple(self._derived(literal))
            self._parts[literal] = known
        return known

    def _derived(self, literal: int) -> dict[int, None]:
        found: dict[int, None] = {}
        for body in self._answer.deriving(literal):
            for part in body:
                if part < 0:
                    continue
                if self._memory.plan(part) is None:
                    found.update(dict.fromkeys(self._resting(part)))
                else:
                    found[part] = None
        return found

    def _node(self, literal: int) -> Node | None:
        """Return the node of the true atom `literal`, or None if it is not shown."""
        node = self._nodes.get(literal)
        if node is None:
            plan = self._memory.plan(literal)
            if plan is None or plan.make is None or not self._spare.isdisjoint(plan.about):
                return None
            if plan.kept:
                remembered, key = self._memory.nodes, self._key(literal)
                node = remembered.get(key)
                if node is None:
                    if len(remembered) >= MOST_NODES:
                        remembered.clear()
                    node = remembered[key] = plan.make(self, plan.name, plan.arguments, literal)
            else:
                node = plan.make(self, plan.name, plan.arguments, literal)
            self._nodes[literal] = node
        return node

    def _key(self, literal: int) -> tuple[object, ...]:
        """Return all that the node of `literal` shows: cases with the same key share the node."""
        mask, valued, entities = self._program.dependencies(literal)
        facts = self._facts
        tallies = [self._tally(id) for id in self._memory.counts(literal)]
        key: tuple[object, ...] = (literal, self._answer.mask & mask, self._room, *tallies)
        if valued:
            # Records that rule out the same options that matter here can still state different ones. Numbers as text:
            # equal ones can be written with more or fewer decimals.
            key += tuple([(str(facts.numbers.get(s)), facts.said.get(s), facts.fields.get(s)) for s in valued])
        if entities and facts.entries:
            entries = self._entries.get(entities)
            if entries is None:
                entries = tuple([(e, entry, facts.names.get(e)) for e, entry in facts.entries.items() if e in entities])
                self._entries[entities] = entries
            key += entries
        if self._apart_bits & mask:
            key += tuple([(subject, path) for bits, subject, path in self._apart if bits & mask])
        if self._documented:
            key += (self._documented,)
        return key

    def _reason(self, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
        return Node("reason", self.wording.words((name, *arguments)), children=self._reasons(literal))

    def _criterion(self, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
        clause = self._policy.clauses[str(arguments[0])]
        status, place = name.removesuffix("_at"), arguments[1] if len(arguments) > 1 else ""
        return Node("criterion", clause.label, status, clause, fact=place, children=self._reasons(literal))

    def _body(self, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
        return Node("body", self.wording.words(arguments[0]), name, children=self._reasons(literal))

    def _so_far(self, clause: Clause) -> tuple[Node, ...]:
        """Return how many of what an undetermined criterion asks at least are known by now."""
        limit = self._policy.tallies.get(clause.id)
        if limit is None or clause.kind != "indication" or self.holds(("body_limit", clause.id)):
            return ()
        count, _ = self._tally(clause.id)
        measure = measured(self.wording.words("reaches"), Decimal(count), "so far", COUNTS["reaches"], Decimal(limit))
        return (Node("measure", counted(measure, "at least"), clause=clause, measure=measure),)

    def _tally(self, id: str) -> tuple[int, str]:
        """Return how many there are of what a clause counts, and of how many, in words, if that is limited."""
        known = self._tallies.get(id)
        if known is None:
            members = (row for row in self._program.rows("counts_toward", 2) if row[0] == id)
            pools = (row for row in self._program.rows("candidates", 2) if row[0] == id)
            count = sum(self.holds(("counts_toward", *row)) for row in members)
            of = next((f"of {row[1]}" for row in pools if self.holds(("candidates", *row))), "")
            known = self._tallies[id] = count, of
        return known

    def _count(self, relation: str, arguments: tuple[Term, ...], literal: int) -> Node:
        id = str(arguments[0])
        clause = self._policy.clauses[id]
        count, of = self._tally(id)
        limit = Decimal(self._policy.tallies[id])
        measure = measured(self.wording.words(relation), Decimal(count), of, COUNTS[relation], limit)
        needs = "at most" if relation in ("within", "exceeds") else "at least"
        return Node("measure", counted(measure, needs), clause=clause, measure=measure, children=self._reasons(literal))

    def _lacking(self, literal: int) -> tuple[Node, ...]:
        """Return what is missing for `literal`, over the rules that could still derive it."""
        known = self._gaps.get(literal)
        if known is not None:
            return known
        found: dict[Node, None] = {}
        for bound, body in self._program.rules.get(literal, ()):
            if sum(map(self._can, body)) >= bound:
                for part in body:
                    if not self._true(part) and self._can(part):
                        found.update(dict.fromkeys(self._gap(part)))
        self._gaps[literal] = tuple(found)
        return self._gaps[literal]

    def _gap(self, literal: int) -> tuple[Node, ...]:
        if literal in self._program.inputs:
            return (self.wording.missing(subject_of(self._program.inputs[literal])),)
        below = self._lacking(literal)
        plan = self._memory.plan(literal)
        if below and plan is not None and plan.name in ("met", "clear", "passes_at"):
            clause = self._policy.clauses[str(plan.arguments[0])]
            place = plan.arguments[1] if len(plan.arguments) > 1 else ""
            return (Node("criterion", clause.label, "undetermined", clause, fact=place, children=below),)
        return below

    def _can(self, literal: int) -> bool:
        """Tell whether `literal` is true or could become so if more were stated."""
        known = self._possible.get(literal)
        if known is None:
            known = self._possible[literal] = self._could(literal)
        return known

    def _could(self, literal: int) -> bool:
        if literal < 0 or self._true(literal) or literal in self._program.facts:
            return literal in self._program.facts or self._true(literal)
        term = self._program.inputs.get(literal)
        if term is not None:
            return name_of(term) in FORMS and self._open(term)
        return any(sum(map(self._can, body)) >= bound for bound, body in self._program.rules.get(literal, ()))

    def _open(self, term: Term) -> bool:
        """Tell whether the record could still state the input `term`, which it does not state."""
        form, subject = name_of(term), subject_of(term)
        if form in ("yes", "no"):
            return subject not in self._stated
        if form == "ruled_out":
            said = self._facts.said.get(subject)
            left = said.value if said is not None and isinstance(said.value, tuple) else None
            return left is None or len(left) > 1
        stated = self._facts.numbers.get(subject)
        return stated is None or stated.exact is None


@cache
def _usual_fields() -> dict[Term, str]:
    """Return the fields of the facts that stand by themselves."""
    return {pattern(row.term): row.path for row in TABLE.plain if row.term}


def _fact(explainer: Explainer, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
    return explainer.wording.fact(name, arguments)


def _comparison(explainer: Explainer, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
    return explainer.wording.comparison(name, arguments)


def _reading(explainer: Explainer, name: str, arguments: tuple[Term, ...], literal: int) -> Node:
    return explainer.wording.reading(arguments)


_KEPT = {*STATUSES, "fails_at", "passes_at", "permissible", "refused"}
_MAKERS: dict[str, Callable[[Explainer, str, tuple[Term, ...], int], Node]] = {
    **dict.fromkeys(FORMS, _fact),
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(COUNTS, Explainer._count),
    **dict.fromkeys((*STATUSES, "fails_at", "passes_at"), Explainer._criterion),
    **dict.fromkeys(("permissible", "refused"), Explainer._body),
    "chosen": _reading,
}
"""How to show a true atom, by its name; other names are shown if the policy words them."""
