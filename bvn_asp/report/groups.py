"""What is said together: texts of one ending, missing facts by whom to ask, what settles a case by outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision, Settlement
    from bvn_asp.decision.nodes import Node


def together(texts: Iterable[str]) -> list[str]:
    """Return `texts` with those of the same ending as one."""
    groups: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        head, _, tail = text.rpartition(": ")
        groups.setdefault(tail if head else text, []).append(head)
    return [f"{', '.join(heads)}: {tail}" if heads[0] else tail for tail, heads in groups.items()]


def asked(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """Return missing facts by whom to ask for them."""
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(TABLE.whom(node.field), []).append(node)
    return groups


def settlements_by_outcome(decision: Decision) -> dict[str, list[Settlement]]:
    """Return what would settle a decision that pends, by outcome, the outcome and the sets that ask least first."""
    by_outcome: dict[str, list[Settlement]] = {}
    for settlement in sorted(decision.settlements, key=lambda item: len(item.facts)):
        by_outcome.setdefault(settlement.outcome, []).append(settlement)
    return dict(sorted(by_outcome.items(), key=lambda item: len(item[1][0].facts)))
