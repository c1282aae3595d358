"""What a decision holds: statuses, bodies, units, what is missing, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from bvn_asp.decision.nodes import Measure, Node
    from bvn_asp.policy.register import Clause, Policy

NOTICE = "A recommendation for a human reviewer, who decides. Not a determination, and not clinical advice."


class Criterion(NamedTuple):
    """Status of one clause: met, unmet or undetermined for an indication, violated, clear or undetermined otherwise."""

    clause: Clause
    status: str
    explanation: Node

    @property
    def measure(self) -> Measure | None:
        """The first number or count of the record that bears on the status, if any."""
        return next((node.measure for node in self.explanation.walk() if node.measure is not None), None)

    @property
    def missing(self) -> tuple[Node, ...]:
        """The facts that are missing, if undetermined."""
        return missing_facts([self.explanation])


class Body(NamedTuple):
    """Status of one vertebral body: permissible, refused or undetermined; `refusals` are the clauses against it."""

    name: str
    requested: bool
    status: str
    refusals: tuple[Clause, ...]
    explanation: Node


class Settlement(NamedTuple):
    """A smallest set of facts that, if stated suitably, would settle the recommendation as `outcome`."""

    outcome: str
    facts: tuple[Node, ...]


@dataclass(frozen=True, repr=False)
class Decision:
    """The answer on one case.

    `recommendation` is None without requested bodies. `possible` holds every recommendation that the missing facts
    still allow. `units` are by procedure code; `units_agree` is None if the record asks for none. `grants` are the
    bodies that may be treated; where they exceed the limit, `choices` are the sets to choose from.
    """

    recommendation: str | None
    eligibility: str
    criteria: tuple[Criterion, ...]
    bodies: tuple[Body, ...]
    units: Mapping[str, int]
    units_asked: Mapping[str, int]
    units_agree: bool | None
    grants: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    choices_count: int
    flags: tuple[Criterion, ...]
    possible: tuple[str, ...]
    missing: tuple[Node, ...]
    settlements: tuple[Settlement, ...]
    settlements_complete: bool
    readings: Mapping[str, str]
    assume_absent: bool
    explanation: Node
    policy: Policy = field(repr=False)
    warnings: tuple[str, ...] = ()
    notice: str = NOTICE
    page: ClassVar[Callable[[Decision], str]] = repr
    """What a notebook shows of a decision; the package sets it, since this room knows no reports."""

    def ids(self, status: str, *, parts: bool = False) -> tuple[str, ...]:
        """Return the ids of the criteria of this status, without the parts of others unless asked for."""
        return tuple(c.clause.id for c in self.criteria if c.status == status and (parts or c.clause.part_of is None))

    def __repr__(self) -> str:
        failing = ", ".join([*self.ids("unmet"), *self.ids("violated")])
        fails = f", fails {failing}" if failing else ""
        return f"<Decision {self.recommendation or 'no request'}, {self.eligibility}{fails}>"

    def _repr_html_(self) -> str:
        return type(self).page(self)


def missing_facts(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return the missing facts below `nodes`, each once."""
    found = {item.fact: item for node in nodes for item in node.walk() if item.kind == "missing"}
    return tuple(found.values())
