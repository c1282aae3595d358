"""The fixed, versioned schema of a decision as a JSON document."""

from __future__ import annotations

from typing import Any

from typing_extensions import NotRequired, TypedDict  # noqa: UP035  pydantic needs these before Python 3.12

SCHEMA = "bvn-decision/1"


class Citation(TypedDict):
    """Where the document says it; `references` are the numbers of its own list of references."""

    section: str
    item: str
    references: list[int]


class MeasureDocument(TypedDict):
    """A number of the record against a limit: decimal text, margin = actual - threshold, `stated` in words."""

    name: str
    actual: str
    stated: str
    unit: str
    relation: str
    threshold: str
    margin: str


class SourceDocument(TypedDict):
    """A document that a statement of the record rests on; what is not said of it is left out."""

    title: NotRequired[str]
    date: NotRequired[str]
    page: NotRequired[str]
    author: NotRequired[str]
    entered: NotRequired[str]


class NodeDocument(TypedDict):
    """A step of an explanation: kind is recommendation, criterion, body, reason, fact, measure, reading or missing."""

    kind: str
    text: str
    status: NotRequired[str]
    clause: NotRequired[str]
    citation: NotRequired[Citation]
    field: NotRequired[str]
    measure: NotRequired[MeasureDocument]
    documents: NotRequired[list[SourceDocument]]
    children: NotRequired[list[NodeDocument]]


class CriterionDocument(TypedDict):
    """Status of one clause; actual, threshold and margin are those of its first number, null if it has none."""

    id: str
    kind: str
    status: str
    label: str
    citation: Citation
    part_of: str | None
    actual: str | None
    threshold: str | None
    margin: str | None
    measures: list[MeasureDocument]
    missing: list[str]
    explanation: NodeDocument


class RefusalDocument(TypedDict):
    """A clause that refuses a body."""

    id: str
    label: str
    citation: Citation


class BodyDocument(TypedDict):
    """Status of one vertebral body: permissible, refused or undetermined."""

    body: str
    requested: bool
    status: str
    refused_by: list[RefusalDocument]
    explanation: NodeDocument


class UnitsDocument(TypedDict):
    """Units by procedure code; agree is null if the record asks for none or none are granted."""

    recommended: dict[str, int]
    asked: dict[str, int]
    agree: bool | None


class GrantDocument(TypedDict):
    """Bodies that may be treated; if they exceed the limit, sets to choose from (`count` in all)."""

    bodies: list[str]
    choose_from: list[list[str]]
    count: int


class MissingFact(TypedDict):
    """A fact that the record does not state, and the field that would state it."""

    fact: str
    field: str


class SettlementDocument(TypedDict):
    """A smallest set of facts that, suitably stated, would settle the recommendation as `outcome`."""

    outcome: str
    facts: list[MissingFact]


class MissingDocument(TypedDict):
    """Everything that is missing, and the smallest sets that would settle a pended request."""

    facts: list[MissingFact]
    possible_recommendations: list[str]
    smallest_sets: list[SettlementDocument]
    smallest_sets_complete: bool


class ReadingDocument(TypedDict):
    """How one question was read."""

    question: str
    option: str
    default: bool


class PolicyDocument(TypedDict):
    """The policy that decided."""

    name: str
    version: str
    revised: str
    sha256: str


class DecisionDocument(TypedDict):
    """The whole decision; `recommendation` is null without requested bodies."""

    schema: str
    notice: str
    file: str
    recommendation: str | None
    eligibility: str
    criteria: list[CriterionDocument]
    bodies: list[BodyDocument]
    grant: GrantDocument
    units: UnitsDocument
    flags: list[str]
    missing: MissingDocument
    readings: list[ReadingDocument]
    assume_absent: bool
    warnings: list[str]
    explanation: NodeDocument
    policy: PolicyDocument


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a decision document."""
    return closed(DecisionDocument, SCHEMA)


def closed(document: Any, name: str) -> dict[str, Any]:
    """Return the JSON Schema, called `name`, of a document, which has no other fields than those."""
    from pydantic import TypeAdapter

    found = TypeAdapter(document).json_schema()
    for part in (found, *found.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return found | {"$id": name}
