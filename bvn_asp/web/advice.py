"""What the page says beside a case: the decision by its criteria, the spine, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.record.table import TABLE
from bvn_asp.report.groups import asked, settlements_by_outcome
from bvn_asp.report.text import FAILING, remarks
from bvn_asp.web.fields import anchor

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Body, Criterion, Decision
    from bvn_asp.decision.nodes import Node

_ORDER = {"measure": 0, "criterion": 1, "body": 1, "reason": 2, "fact": 3, "missing": 4, "reading": 5}
_FAILING = "Not satisfied"


@dataclass(frozen=True)
class Asked:
    """Facts that one document or person can settle: in words, and where the form has them."""

    whom: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Advice:
    """A decision as the page shows it."""

    decision: Decision
    remarks: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Criterion, ...]], ...]
    bodies: tuple[Body, ...]
    asked: tuple[Asked, ...]
    settlements: tuple[tuple[str, tuple[tuple[str, str], ...], int], ...]

    @property
    def failing(self) -> tuple[Criterion, ...]:
        """The criteria that are not satisfied, parts of others aside."""
        return next((criteria for title, criteria in self.groups if title == _FAILING), ())

    @property
    def word(self) -> str:
        """The recommendation in one word."""
        return self.decision.recommendation or "no request"


def advice_of(decision: Decision) -> Advice:
    """Return what the page says of `decision`."""
    return Advice(
        decision, tuple(remarks(decision)), tuple(_groups(decision)), tuple(_spine(decision)),
        tuple(_asked(decision)), tuple(_settlements(decision)),
    )  # fmt: skip


def ordered(steps: Iterable[Node]) -> list[Node]:
    """Return steps of an explanation, numbers first, readings last."""
    return sorted(steps, key=lambda step: _ORDER.get(step.kind, 0))


def place_of(field: str) -> str:
    """Return which element of the page holds the field at the path `field`; nothing if none does."""
    return anchor(field) if field and TABLE.row_at(field) is not None else ""


def _groups(decision: Decision) -> Iterator[tuple[str, tuple[Criterion, ...]]]:
    whole = [criterion for criterion in decision.criteria if criterion.clause.part_of is None]
    for title, statuses in (
        (_FAILING, FAILING), ("Undetermined", ("undetermined",)), ("Satisfied", ("met", "clear")),
    ):  # fmt: skip
        found = tuple(criterion for criterion in whole if criterion.status in statuses)
        if found:
            yield title, found


def _spine(decision: Decision) -> Iterator[Body]:
    """Yield the bodies from the head down, each once."""
    from bvn_asp.record.anatomy import BODIES

    yield from sorted(decision.bodies, key=lambda body: BODIES.index(body.name))


def _asked(decision: Decision) -> Iterator[Asked]:
    for whom, nodes in asked(decision.missing).items():
        yield Asked(whom, _facts(nodes))


def _settlements(decision: Decision) -> Iterator[tuple[str, tuple[tuple[str, str], ...], int]]:
    """Yield for each outcome the smallest set of facts that would settle it, and how many others there are."""
    for outcome, sets in settlements_by_outcome(decision).items():
        yield outcome, _facts(sets[0].facts), len(sets) - 1


def _facts(nodes: Iterable[Node]) -> tuple[tuple[str, str], ...]:
    """Return missing facts in words, and where the form has them."""
    return tuple((node.missing_words, place_of(node.field)) for node in nodes)
