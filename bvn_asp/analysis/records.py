"""A policy program ground over all records: its rules, and which of them define a clause or a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from bvn_asp.errors import CircleError
from bvn_asp.policy.ground import Statement, Transcript
from bvn_asp.policy.grounding import OPEN_INPUTS, grounded
from bvn_asp.policy.shape import WIDE_BODIES, Shape
from bvn_asp.policy.terms import FORMS, Term, pattern, to_term, to_text
from bvn_asp.record.anatomy import OPTIONAL_BODIES
from bvn_asp.record.table import TABLE

RECORDS = (Path(__file__).parent / "records.lp").read_text(encoding="utf-8")
ROOM = Shape(bodies=(*WIDE_BODIES, "S2"), modic=2)
"""The room of a search, unless a case needs more: each kind of finding once, one surgery, two Modic changes.

A list that fills its room is whole: that a record states one finding of a kind and leaves others open is outside of it.
"""
STATED = (*FORMS, "assumed")
"""What a record states, or is assumed to."""
_COMPARISONS = ("at_least", "below", "above", "at_most")
_SIDES = (
    ("met", "unmet"), ("clear", "violated"), ("passes_at", "fails_at"), ("passes_for_patient", "fails_for_patient"),
    ("at_least", "below"), ("at_most", "above"), ("within", "exceeds"),
)  # fmt: skip
OPPOSITES = {one: other for pair in _SIDES for one, other in (pair, pair[::-1])}
"""What defines a clause or a limit, by its opposite."""


def table_rules() -> str:
    """Return what the field table says of statements, as rules: see records.lp."""
    rules = [f"optional_body({body.lower()})." for body in sorted(OPTIONAL_BODIES)]
    closing = {row.closes for row in TABLE.fields if row.closes}
    terms = {row.term for row in TABLE.fields}
    for row in TABLE.fields:
        if not row.term:
            continue
        listed, whole = to_text(_without(row.term, "V")), row.path in closing
        if row.form == "levels" or (row.form == "names" and whole):
            rules.append(f"tells({row.term},{listed}) :- fact({row.term}).")
        if row.form == "names" and whole:
            rules.append(f"whole_if_denied({listed}) :- fact({row.term}).")
        if row.path == "request.bodies":
            rules.append(f"tells({row.term},{listed}) :- request({row.term}).")
        if row.form == "number" and "(W)" in row.term:
            rules.append(f"timed({row.term},{to_text(_without(row.term, 'W'))},W) :- number({row.term},_).")
        if row.form in ("number", "choice") and "(X)" in row.term:
            rules.append(f"of_entry({row.term},X) :- {row.form}({row.term},_).")
        if row.form in ("answer", "number", "choice", "names"):
            kind = {"number": "number({},_)", "choice": "choice({},_)"}.get(row.form, "fact({})")
            section = f"received({row.section.rpartition('.')[2]})"
            silent = section if section in terms else row.term
            if "X" not in row.term:
                rules.append(f"told_with({row.term},{silent}) :- {kind.format(row.term)}, assumable({silent}).")
        if row.measured:
            rules.append(f"told_with(unmeasured({row.term}),{row.term}) :- assumable({row.term}).")
        rules += [f"closing({row.term})."] if row.closable else []
        for term in (row.term, f"unmeasured({row.term})") if row.measured else (row.term,):
            rules += [f"detail_of({term},{TABLE.by_path[parent].term})." for parent in row.parents]
    return "\n".join(dict.fromkeys(rules))


def _without(text: str, variable: str) -> Term:
    """Return the term that `text` writes, without an argument."""
    shape = pattern(text)
    kept = tuple(part for part in shape if part != variable) if isinstance(shape, tuple) else (shape,)
    return kept if len(kept) > 1 else kept[0]


class Premise(NamedTuple):
    """What a proof may rest on: how a `clause` is defined, or a `limit` of a quantity in it."""

    kind: str
    clause: str
    quantity: str = ""


@dataclass(frozen=True)
class Ground:
    """A policy ground over open inputs: its rules, its atoms by term, which of them are facts, and what it shows."""

    statements: tuple[Statement, ...] = field(repr=False)
    atoms: Mapping[Term, int] = field(repr=False)
    facts: frozenset[int] = field(repr=False)
    shown: frozenset[str] = field(repr=False)


def ground(
    policy: str, room: Shape = ROOM, limits: Iterable[tuple[str, int]] = (), deadline: float | None = None
) -> Ground:
    """Ground the program text `policy` over the records for which there is `room`.

    `limits` are further limits (quantity, millionths) that a question compares numbers with. Raises PolicyError,
    of which GroundingTimeError for a foreign policy that cannot be ground until `deadline`.
    """
    transcript = Transcript()
    facts = [*room.terms(), *(("asked_limit", quantity, limit) for quantity, limit in limits)]
    texts = [policy, OPEN_INPUTS, f"{RECORDS}\n{table_rules()}\n"]
    control = grounded(texts, facts, transcript, ("base", "records"), deadline)
    atoms, always = dict[Term, int](), set[int]()
    for atom in control.symbolic_atoms:
        atoms[to_term(atom.symbol)] = atom.literal
        if atom.is_fact:
            always.add(atom.literal)
    _check_order(transcript.statements, atoms)
    return Ground(tuple(transcript.statements), atoms, frozenset(always), frozenset(transcript.shown))


def _check_order(statements: Iterable[Statement], atoms: Mapping[Term, int]) -> None:
    """Raise CircleError if some conclusion draws on itself: then a record need not have exactly one answer set."""
    order: TopologicalSorter[int] = TopologicalSorter()
    for _, head, _, body in statements:
        for atom in head:
            order.add(atom, *map(abs, body))
    try:
        order.prepare()
    except CycleError as error:
        names = {literal: to_text(term) for term, literal in atoms.items()}
        raise CircleError(tuple(dict.fromkeys(names[atom] for atom in error.args[1] if atom in names))) from None


class Definitions:
    """Which ground rules of a side define a clause or a limit, rather than say what follows from it."""

    def __init__(self, side: Ground) -> None:
        self.terms: dict[Premise, list[tuple[Term, ...]]] = {}
        quantities = {term[1]: term[2] for term in side.atoms if isinstance(term, tuple) and term[0] == "number"}
        self._premises: dict[int, Premise] = {}
        for term, literal in side.atoms.items():
            if not isinstance(term, tuple) or term[0] not in OPPOSITES or literal in side.facts:
                continue
            if term[0] in _COMPARISONS:
                premise = Premise("limit", str(term[2]), str(quantities[term[1]]))
            else:
                premise = Premise("clause", str(term[1]))
            self._premises[literal] = premise
            self.terms.setdefault(premise, []).append(term)
        self._bodies: dict[int, list[tuple[int, ...]]] = {}
        for choice, head, _, body in side.statements:
            if not choice:
                for atom in head:
                    self._bodies.setdefault(atom, []).append(body)
        self._reached: dict[int, frozenset[Premise]] = {}

    def premise(self, head: Sequence[int], body: Sequence[int]) -> Premise | None:
        """Return the premise that a rule belongs to, or None if it only draws on what defines one."""
        premise = self._premises.get(head[0]) if len(head) == 1 else None
        if premise is None or any(premise in self._below(abs(literal)) for literal in body):
            return None
        return premise

    def _below(self, atom: int) -> frozenset[Premise]:
        """Return the premises that `atom` draws on; no rule goes in a circle, so this ends."""
        if atom not in self._reached:
            found: set[Premise] = {self._premises[atom]} if atom in self._premises else set()
            for body in self._bodies.get(atom, ()):
                for literal in body:
                    found |= self._below(abs(literal))
            self._reached[atom] = frozenset(found)
        return self._reached[atom]
