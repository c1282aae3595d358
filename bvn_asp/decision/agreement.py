"""The field table against a policy: each fact that the policy asks for has its row, and each row its fact.

A fact without a row can never be stated, and a row without a fact is never read, so that either is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

from bvn_asp.errors import PolicyError
from bvn_asp.policy.terms import Term, fill, name_of, pattern, to_text
from bvn_asp.record.anatomy import policy_path
from bvn_asp.record.field import Field, Table
from bvn_asp.record.spans import MOMENTS
from bvn_asp.record.table import FINDING_KINDS, LOCATED_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy

_PRESENCE = {"modic(X)": ("modic_present(X)",), "surgery(X)": ("present(X)",), "finding(K,X)": ("present(X)",)}
"""What says that an entry of a list is there; that of an ablation is said body by body."""


@dataclass(frozen=True)
class Declared:
    """What can be stated of a term: a fact, a number of a quantity, or a choice with its options."""

    form: str
    detail: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"a {self.form}{' of ' + ', '.join(sorted(self.detail)) if self.detail else ''}"


def check_table(policy: Policy, program: OpenProgram, table: Table = TABLE) -> None:
    """Raise PolicyError that names each fact of `policy` without a row of `table`, and each row without its fact."""
    found = list(disagreements(policy, program, table))
    if found:
        raise PolicyError("the policy and the field table do not agree:\n" + "\n".join(f"  {line}" for line in found))


def is_shipped(policy: Policy) -> bool:
    """Tell whether `policy` is the one of the package; another may leave out what it does not ask for."""
    return policy.text == policy_path().read_text(encoding="utf-8-sig")


def disagreements(policy: Policy, program: OpenProgram, table: Table = TABLE) -> Iterator[str]:
    """Yield in a sentence each how `table` and `policy`, ground as `program`, do not agree."""
    theirs, ours = declared(program), _stated(table, program)
    named: set[str] = set()
    for term in sorted(theirs.keys() - ours.keys(), key=to_text):
        # Of a fact about many places, one is enough.
        if name_of(term) not in named:
            yield f"{to_text(term)} is {theirs[term]} of the policy, and no row of the field table states it"
            named.add(name_of(term))
    rows: set[str] = set()
    for term in sorted(ours, key=to_text):
        row, form = ours[term]
        if row.path in rows:
            continue
        if term not in theirs:
            yield f"{row.path} states {to_text(term)}, and the policy has no such {form.form}"
        elif theirs[term] != form:
            yield f"{row.path} states {to_text(term)} as {form}, and for the policy it is {theirs[term]}"
        else:
            continue
        rows.add(row.path)
    yield from _kinds(program)
    yield from _numbers(policy, table, ours)
    closable = {row[0] for row in program.rows("closable", 1)}
    for term, (row, _) in sorted(ours.items(), key=lambda item: to_text(item[0])):
        if row.closable and term not in closable:
            text = to_text(term)
            yield f"a complete record that leaves {row.path} out has none, and the policy has no closable({text})"


def declared(program: OpenProgram) -> dict[Term, Declared]:
    """Return what the policy says that a record can state."""
    found: dict[Term, Declared] = {row[0]: Declared("fact") for row in program.rows("fact", 1)}
    found |= {row[0]: Declared("fact") for row in program.rows("request", 1)}
    found |= {number: Declared("number", frozenset({str(q)})) for number, q in program.rows("number", 2)}
    options: dict[Term, set[str]] = {}
    for choice, option in program.rows("choice", 2):
        options.setdefault(choice, set()).add(str(option))
    return found | {choice: Declared("choice", frozenset(values)) for choice, values in options.items()}


def _stated(table: Table, program: OpenProgram) -> dict[Term, tuple[Field, Declared]]:
    """Return what the rows of `table` state, in the room of `program`."""
    found: dict[Term, tuple[Field, Declared]] = {}
    for row in table.fields:
        for term, form in _terms(row, table, program):
            found.setdefault(term, (row, form))
    return found


def terms_of(row: Field, program: OpenProgram, table: Table = TABLE) -> frozenset[Term]:
    """Return the facts, numbers and choices that `row` states, in the room of `program`."""
    return frozenset(term for term, _ in _terms(row, table, program))


def _terms(row: Field, table: Table, program: OpenProgram) -> Iterator[tuple[Term, Declared]]:
    for text, form in _forms(row, table):
        yield from ((term, form) for term in _filled(row, text, program))


def _forms(row: Field, table: Table) -> Iterator[tuple[str, Declared]]:
    """Yield the terms that a row states, with places for what they are about."""
    fact = Declared("fact")
    if not row.term:
        return
    if row.form == "list":
        yield from ((text, fact) for text in _PRESENCE.get(row.term, ()))
    elif row.form == "choice":
        yield row.term, Declared("choice", frozenset(row.values))
    elif row.form == "number":
        yield row.term, Declared("number", frozenset({row.quantity}))
        if row.measured:
            yield f"unmeasured {row.term}", fact
    elif row.form == "date":
        quantities = {other.quantity for other in table.fields if other.term == row.term and other.quantity}
        yield row.term, Declared("number", frozenset(quantities))
    else:
        yield row.term, fact
        if row.together:
            yield row.together, fact
        if row.form == "levels":
            yield "placed(X)", fact
        if row.term == "requested(V)":
            yield "request_made", fact


def _filled(row: Field, text: str, program: OpenProgram) -> Iterator[Term]:
    """Yield `text` for every entity, value and moment that the row can speak of."""
    wrapped = text.startswith("unmeasured ")
    shape = pattern(text.removeprefix("unmeasured "))
    parts = shape if isinstance(shape, tuple) else (shape,)
    values: Mapping[str, list[Term]] = {
        "X": _entities(row, program) if "X" in parts else [""],
        "V": _values(row, program) if "V" in parts else [""],
        "W": list(MOMENTS) if "W" in parts else [""],
    }
    for one, value, moment in product(values["X"], values["V"], values["W"]):
        term = fill(shape, X=one, V=value, W=moment)
        yield ("unmeasured", term) if wrapped else term


def _entities(row: Field, program: OpenProgram) -> list[Term]:
    path = row.path if row.is_list else row.entry
    if path == "mri.modic_changes[]":
        return [entity for (entity,) in program.rows("modic", 1)]
    if path == "surgeries[]":
        return [entity for (entity,) in program.rows("surgery", 1)]
    kinds = row.kinds or (LOCATED_KINDS if row.form == "levels" else FINDING_KINDS)
    return [entity for entity, kind in program.rows("finding", 2) if kind in kinds]


def _values(row: Field, program: OpenProgram) -> list[Term]:
    if row.form == "levels":
        return [site for (site,) in program.rows("site", 1)]
    return list(row.values) if row.values else [body for (body,) in program.rows("considered", 1)]


def _kinds(program: OpenProgram) -> Iterator[str]:
    theirs = {str(kind) for (kind,) in program.rows("finding_kind", 1)}
    for kind in sorted(theirs ^ set(FINDING_KINDS)):
        one, other = ("policy", "field table") if kind in theirs else ("field table", "policy")
        yield f"{kind} is a kind of finding of the {one}, and not of the {other}"


def _numbers(policy: Policy, table: Table, ours: Mapping[Term, tuple[Field, Declared]]) -> Iterator[str]:
    """Yield where the unit or the range of a number does not fit the policy."""
    quantities = {row.path: next(iter(form.detail), "") for row, form in ours.values() if form.form == "number"}
    for row in table.fields:
        if row.form not in ("number", "date") or not row.term:
            continue
        quantity = row.quantity or quantities.get(row.path) or _quantity_of_date(row, table)
        unit = row.unit if row.form == "number" else row.span
        if quantity in policy.units and policy.units[quantity] != unit:
            yield f"{row.path} is given in {unit or 'no unit'}, and {quantity} is measured in {policy.units[quantity]}"
        for (clause, limited), limit in policy.thresholds.items():
            value = Decimal(limit) / policy.scale
            if row.form == "number" and limited == quantity and not row.low <= value <= row.high:
                yield f"{row.path} goes from {row.low} to {row.high}, and the limit of {clause} is {value:f}"


def _quantity_of_date(row: Field, table: Table) -> str:
    return next((other.quantity for other in table.fields if other.term == row.term and other.quantity), "")
