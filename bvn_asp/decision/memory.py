"""What the explanations of many cases share: how each atom is shown, and nodes that were made for an earlier case."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.decision.nodes import COMPARISONS, COUNTS, Node
from bvn_asp.policy.grounding import INPUTS
from bvn_asp.policy.terms import FORMS, Term, name_of, parts_of, pattern, to_term
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.ground import Answer
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape
    from bvn_asp.record.statements import Document

STATUSES = ("met", "unmet", "violated", "clear", "undetermined")
_SHOWN_AS = {
    **dict.fromkeys(FORMS, "fact"),
    **dict.fromkeys(COMPARISONS, "comparison"),
    **dict.fromkeys(COUNTS, "count"),
    **dict.fromkeys((*STATUSES, "fails_at", "passes_at"), "criterion"),
    **dict.fromkeys(("permissible", "refused"), "body"),
    "chosen": "reading",
}
"""How to show a true atom, by its name; other names are shown as reasons if the policy words them."""


class Plan(NamedTuple):
    """How to show an atom when it is true; as "nothing" it is not shown at all, nor what it rests on.

    `kept`: its node is remembered from one case to the next. `about`: the terms that occur in it.
    """

    shown_as: str
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
        self._symbols = program.atoms({*_SHOWN_AS, *policy.wording} - {name for name, _ in INPUTS})
        self._plans: dict[int, Plan | None] = {}
        self._counts: dict[int, tuple[str, ...]] = {}
        self.rooms: dict[Shape, int] = {}

    def keep(self, key: tuple[object, ...], node: Node) -> None:
        """Keep a node for later cases with the same key."""
        if len(self.nodes) >= MOST_NODES:
            self.nodes.clear()
        self.nodes[key] = node

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
        if name in _SHOWN_AS:
            hidden = name == "no" and name_of(arguments[0]) == "requested"
            shown_as = "nothing" if hidden else _SHOWN_AS[name]
            return Plan(shown_as, name, arguments, shown_as in ("criterion", "body"), about)
        return Plan("reason", name, arguments, True, about) if name in self._wording else None


class Keys:
    """What the nodes of one case show: cases with the same key for an atom share its node."""

    def __init__(self, program: OpenProgram, facts: Facts, answer: Answer, memory: Memory) -> None:
        self._program, self._facts, self._mask = program, facts, answer.mask
        self._room = memory.rooms.setdefault(facts.needed, len(memory.rooms))
        self._entries: dict[frozenset[Term], tuple[object, ...]] = {}

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

    def of(self, literal: int, tallies: Iterable[tuple[int, str]]) -> tuple[object, ...]:
        """Return all that the node of `literal` shows; `tallies` are the counts among that, as `Memory.counts`."""
        mask, valued, entities = self._program.dependencies(literal)
        facts = self._facts
        key: tuple[object, ...] = (literal, self._mask & mask, self._room, *tallies)
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


@cache
def _usual_fields() -> dict[Term, str]:
    """Return the fields of the facts that stand by themselves."""
    return {pattern(row.term): row.path for row in TABLE.plain if row.term}
