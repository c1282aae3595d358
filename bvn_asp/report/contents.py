"""What a report on one case holds: everything that is sent to a person, in plain words, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass

FAILING = ("unmet", "violated")
PASSING = ("met", "clear")
WORDS = {"unmet": "not met", "not_eligible": "not eligible", "no": ""}
"""Statuses whose own name is not what a person would say."""


def words(status: str) -> str:
    """Return a status as a person would say it."""
    return WORDS.get(status, status.replace("_", " "))


@dataclass(frozen=True)
class Step:
    """One step of the reasons: a line, the status of a criterion or body, and the steps below it.

    `reading` tells that it is a question of the document and how it is read.
    """

    text: str
    status: str = ""
    reading: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Value:
    """A number or count of the record beside the limit of a criterion, and how far it is from there."""

    name: str
    actual: str
    limit: str
    margin: str


@dataclass(frozen=True)
class Rule:
    """A clause of the policy: what it asks, in our words and in lay words, where it stands, and what to see for it."""

    id: str
    label: str
    lay: str
    citation: str
    needs: str


@dataclass(frozen=True)
class Item:
    """One criterion, or a part of one: how it stands, and what of the record it rests on.

    `counted` are facts that a number among `values` already counts.
    """

    rule: Rule
    kind: str
    status: str
    part_of: str | None
    values: tuple[Value, ...]
    facts: tuple[str, ...]
    counted: tuple[str, ...]
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    why: Step

    @property
    def failing(self) -> bool:
        """Whether it stands against the request."""
        return self.status in FAILING

    @property
    def open(self) -> bool:
        """Whether the record leaves it open."""
        return self.status == "undetermined"


@dataclass(frozen=True)
class BodyStatus:
    """One vertebral body: whether it is requested, how it stands, and the clauses against it."""

    name: str
    requested: bool
    status: str
    refused_by: tuple[Rule, ...]
    why: Step


@dataclass(frozen=True)
class Asked:
    """What to ask one person or document for."""

    whom: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One change of a record: what it is about, what the record says now, and what it would have to say."""

    about: str
    now: str
    needed: str

    def __str__(self) -> str:
        return f"{self.about}: now {self.now}; needed: {self.needed}"


@dataclass(frozen=True)
class Way:
    """A smallest set of facts, of changes, or other bodies to request, that leads to an outcome; `others` do so too."""

    outcome: str
    asked: tuple[Asked, ...] = ()
    changes: tuple[Change, ...] = ()
    bodies: tuple[str, ...] = ()
    others: int = 0
    complete: bool = True


@dataclass(frozen=True)
class Reading:
    """A question of the document, how it is read here, and whether that is the default."""

    id: str
    question: str
    option: str
    default: bool


@dataclass(frozen=True)
class Report:
    """All that a report on one case says. `made` is the day of the report, and `program` the version of this program.

    `remarks` are what may be treated, units, flags, readings and warnings in a line each; `evidence` are the documents
    that the record names, each with what it says; `ways` is what would settle a request that pends, or change one that
    is not approved, and `obstacles` why nothing does; `depends` are the questions on which the outcome depends.
    `settled` tells that the recommendation rests on no criterion that the record leaves open.
    """

    case_id: str
    made: str
    dates: tuple[tuple[str, str], ...]
    program: str
    policy: str
    policy_version: str
    policy_revised: str
    policy_sha256: str
    notice: str
    recommendation: str | None
    eligibility: str
    remarks: tuple[str, ...]
    flags: tuple[str, ...]
    warnings: tuple[str, ...]
    assume_absent: bool
    grants: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    units: tuple[tuple[str, int], ...]
    units_asked: tuple[tuple[str, int], ...]
    items: tuple[Item, ...]
    settled: bool
    bodies: tuple[BodyStatus, ...]
    evidence: tuple[tuple[str, tuple[str, ...]], ...]
    asked: tuple[Asked, ...]
    ways: tuple[Way, ...]
    obstacles: tuple[str, ...]
    readings: tuple[Reading, ...]
    depends: tuple[str, ...]

    @property
    def whole(self) -> tuple[Item, ...]:
        """The criteria, without the parts of others."""
        return tuple(item for item in self.items if item.part_of is None)

    @property
    def failing(self) -> tuple[Item, ...]:
        """The criteria that stand against the request."""
        return tuple(item for item in self.whole if item.failing)

    @property
    def open(self) -> tuple[Item, ...]:
        """The criteria that the record leaves open."""
        return tuple(item for item in self.whole if item.open)
