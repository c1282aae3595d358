"""Steps of an explanation, and how numbers and counts stand against their limits in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from bvn_asp.policy import Clause
from bvn_asp.terms import Term

COMPARISONS = {"at_least": "at least", "below": "less than", "above": "more than", "at_most": "not more than"}
COUNTS = {"reaches": "at least", "falls_short": "less than", "within": "not more than", "exceeds": "more than"}


class Measure(NamedTuple):
    """A number or count of the record against a limit: values in `unit`, margin = actual - threshold."""

    name: str
    actual: Decimal
    unit: str
    relation: str
    threshold: Decimal
    margin: Decimal


class Node(NamedTuple):
    """One step of an explanation.

    `kind` is recommendation, criterion, body, reason, fact, measure, reading or missing; `status` the status of a
    criterion or body; `field` the record's field behind a fact; `children` the reasons.
    """

    kind: str
    text: str
    status: str = ""
    clause: Clause | None = None
    field: str = ""
    fact: Term = ""
    measure: Measure | None = None
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def plain(value: Decimal) -> str:
    """Return a number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measured(name: str, actual: Decimal, unit: str, relation: str, threshold: Decimal) -> Measure:
    """Return the measure of `actual` against `threshold`."""
    return Measure(name, actual, unit, relation, threshold, actual - threshold)


def compared(measure: Measure, clause: Clause, needs: str) -> str:
    """Return a number against its limit in words: what an indication `needs`, or how a limit of exclusion stands."""
    unit = f" {measure.unit}" if measure.unit else ""
    head = f"{measure.name}: {plain(measure.actual)}{unit}"
    margin = plain(abs(measure.margin))
    if clause.kind == "indication":
        short = "over" if measure.margin > 0 else "short" if measure.margin < 0 else "exactly the limit"
        return f"{head}, needs {needs} {plain(measure.threshold)}: " + (
            f"{margin} {short}" if measure.margin else short
        )
    side = f"{margin} {'over' if measure.margin > 0 else 'under'}" if measure.margin else "exactly the limit"
    return f"{head}, {measure.relation} {plain(measure.threshold)}: {side}"


def counted(measure: Measure, needs: str) -> str:
    """Return a count against its limit in words."""
    unit = f" {measure.unit}" if measure.unit else ""
    margin = plain(abs(measure.margin))
    if needs == "at least":
        side = f": {margin} more needed" if measure.margin < 0 else ""
        return f"{measure.name}: {plain(measure.actual)}{unit}, needs at least {plain(measure.threshold)}{side}"
    side = f": {margin} too many" if measure.margin > 0 else ""
    return f"{measure.name}: {plain(measure.actual)}{unit}, at most {plain(measure.threshold)}{side}"
