"""Steps of an explanation, and how numbers and counts stand against their limits in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.record.statements import Document, Range, plain, text_of

if TYPE_CHECKING:
    from bvn_asp.policy.register import Clause
    from bvn_asp.policy.terms import Term

COMPARISONS = {"at_least": "at least", "below": "less than", "above": "more than", "at_most": "not more than"}
COUNTS = {"reaches": "at least", "falls_short": "less than", "within": "not more than", "exceeds": "more than"}


class Measure(NamedTuple):
    """A number or count of the record against a limit: values in `unit`, margin = actual - threshold.

    `actual` is the bound that decides where the record states one, and `stated` is what it states in words.
    """

    name: str
    actual: Decimal
    unit: str
    relation: str
    threshold: Decimal
    margin: Decimal
    stated: str = ""


class Node(NamedTuple):
    """One step of an explanation.

    `kind` is recommendation, criterion, body, reason, fact, measure, reading or missing; `status` the status of a
    criterion or body; `field` the record's field behind a fact, and `documents` what says so; `children` the reasons.
    """

    kind: str
    text: str
    status: str = ""
    clause: Clause | None = None
    field: str = ""
    fact: Term = ""
    measure: Measure | None = None
    children: tuple[Node, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def missing_words(self) -> str:
        """A missing fact in words, without that it is not stated."""
        return self.text.removesuffix(": not stated")

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def cited(text: str, documents: tuple[Document, ...]) -> str:
    """Return `text` with the documents that say so."""
    return f"{text} [{'; '.join(map(str, documents))}]" if documents else text


def measured(name: str, actual: Decimal, unit: str, relation: str, threshold: Decimal, stated: str = "") -> Measure:
    """Return the measure of `actual` against `threshold`."""
    return Measure(name, actual, unit, relation, threshold, actual - threshold, stated or plain(actual))


def compared(measure: Measure, clause: Clause, needs: str) -> str:
    """Return a number against its limit in words: what an indication `needs`, or how a limit of exclusion stands."""
    unit = f" {measure.unit}" if measure.unit else ""
    head = f"{measure.name}: {measure.stated}{unit}"
    if clause.kind == "indication":
        return f"{head}, needs {needs} {plain(measure.threshold)}: {_margin(measure, 'short')}"
    return f"{head}, {measure.relation} {plain(measure.threshold)}: {_margin(measure, 'under')}"


def _margin(measure: Measure, below: str) -> str:
    """Return how far a number is from its limit; of a bound, how far it is at least."""
    bound = measure.stated != plain(measure.actual)
    if not measure.margin:
        if not bound:
            return "exactly the limit"
        lower = measure.relation in (COMPARISONS["at_least"], COMPARISONS["above"])
        return "the limit or more" if lower else "the limit or less"
    margin = abs(measure.margin)
    amount = text_of(Range(margin)) if bound else plain(margin)
    return f"{amount} {'over' if measure.margin > 0 else below}"


def counted(measure: Measure, needs: str) -> str:
    """Return a count against its limit in words."""
    unit = f" {measure.unit}" if measure.unit else ""
    margin = plain(abs(measure.margin))
    if needs == "at least":
        side = f": {margin} more needed" if measure.margin < 0 else ""
        return f"{measure.name}: {plain(measure.actual)}{unit}, needs at least {plain(measure.threshold)}{side}"
    side = f": {margin} too many" if measure.margin > 0 else ""
    return f"{measure.name}: {plain(measure.actual)}{unit}, at most {plain(measure.threshold)}{side}"
