"""One statement of each form as facts of the policy, and what a record says of a field or list.

Facts are terms, never text: nothing that a record says is ever parsed as a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from bvn_asp.policy.terms import Term, fill, pattern
from bvn_asp.record.anatomy import discs_between
from bvn_asp.record.field import Field
from bvn_asp.record.statements import Range, Said, Unmeasured
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.record.case import Case

MOST = 2**31 - 1
"""The largest number of a program; a larger one compares alike with every limit that a program can hold."""
SCALE = 1_000_000
"""Numbers are facts in whole millionths."""


class Translation:
    """A case on its way into `facts`.

    `sites`: every place of the room, by name and as a term; `spanning_discs`: discs over a missing body are there.
    `closable`: what a complete record closes, with the field that keeps it open.
    """

    def __init__(self, case: Case, facts: Facts, *, spanning_discs: bool) -> None:
        self.case = case
        self.facts = facts
        self.fields, self.stated = facts.fields, facts.stated
        self.sites, self.spanning_discs = _sites(facts.shape.bodies), spanning_discs
        self.closable: list[tuple[Term, str]] = []

    def state(self, row: Field, path: str, entity: Term = "") -> None:
        """State what the record says at `path`, as `row` has it."""
        statement = self.case.said(path)
        shape = pattern(row.term)
        if row.form == "names":
            self.names(row, shape, statement, path, entity)
            return
        term = fill(shape, X=entity)
        if row.closable:
            self.closable.append((term, path))
        if row.form == "answer":
            self.answer(term, None if statement is None else statement.value, path, statement)
        elif row.form == "choice":
            self.choice(term, row.values, statement, path)
        else:
            self.measured(term, row, statement, path)

    def answer(self, term: Term, value: object, path: str, statement: Said | None = None) -> None:
        """State a yes or no; anything else of `value` leaves the fact open."""
        self.fields.setdefault(term, path)
        if isinstance(value, bool):
            self.fields[term] = path
            self.stated.append(("yes" if value else "no", term))
        if statement is not None:
            self.facts.said[term] = statement

    def choice(self, term: Term, values: tuple[str, ...], statement: Said | None, path: str) -> None:
        """State which of the `values` of a choice are ruled out."""
        self.fields[term] = path
        if statement is None:
            return
        self.facts.said[term] = statement
        if isinstance(statement.value, tuple):
            self.stated += [("ruled_out", term, value) for value in values if value not in statement.value]

    def measured(self, term: Term, row: Field, statement: Said | None, path: str) -> None:
        """State a number, or that it was not measured."""
        self.fields[term] = path
        if row.measured:
            self.fields[("unmeasured", term)] = path
        if statement is not None:
            self.facts.said[term] = statement
        value = None if statement is None else statement.value
        if row.measured and value is not None:
            self.answer(("unmeasured", term), isinstance(value, Unmeasured), path, statement)
        if isinstance(value, Range):
            self.number(term, value, path)

    def number(self, term: Term, value: Range, path: str) -> None:
        """State what is left possible of a number, in millionths of its unit."""
        self.fields[term] = path
        self.facts.numbers[term] = value
        if value.low is not None:
            self.stated.append(("from", term, min(int(value.low * SCALE), MOST)))
        if value.high is not None:
            self.stated.append(("to", term, min(int(value.high * SCALE), MOST)))

    def names(self, row: Field, shape: Term, statement: Said | None, path: str, entity: Term) -> None:
        """State of every name of a list whether it is so: those listed are or are not, the rest if it is whole."""
        found = statement.value if statement is not None and isinstance(statement.value, tuple) else ()
        closing = next((f for f in TABLE.fields if f.closes == row.path), None)
        parent = path.rpartition(".")[0]
        none = statement is not None and statement.value == ()
        # Of a list that is not stated there is no other that could be absent.
        whole = none or (bool(found) and closing is not None and self.said_absent(f"{parent}.{closing.name}"))
        for value in row.values:
            named = value in found
            so = not row.denies if named else False if whole and not row.denies else None
            self.answer(fill(shape, X=entity, V=value), so, path, statement if named else None)

    def said_absent(self, path: str) -> bool:
        """Tell whether the record says that there is no other of the list that `path` closes."""
        return bool(self.case.exact(path) == ("absent",))

    def read(self, path: str) -> bool:
        """Tell whether the source at `path` was read in full."""
        return self.case.exact(path) is True

    def called_unknown(self, path: str) -> bool:
        """Tell whether the record speaks of the field or list at `path` without saying anything of it."""
        statement = self.case.said(path)
        return statement is not None and statement.value is None

    def open_by(self, paths: Iterable[str]) -> str:
        """Return the first of `paths` that is called unknown, which keeps a complete record open; empty if none is."""
        return next((path for path in paths if self.called_unknown(path)), "")

    def mentioned(self, path: str) -> bool:
        """Tell whether the record speaks of what stands at `path`, or of a detail of it."""
        return self.case.at(path) is not None or any(
            self.case.at(detail.path) is not None for detail in TABLE.details.get(path, ())
        )


@cache
def _sites(bodies: tuple[str, ...]) -> list[tuple[str, Term]]:
    discs: list[tuple[str, Term]] = [
        (f"{upper}-{lower}", ("disc", upper.lower(), lower.lower())) for upper, lower in discs_between(bodies)
    ]
    return [*((body, body.lower()) for body in bodies), *discs]
