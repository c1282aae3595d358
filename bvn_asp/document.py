"""A decision as a JSON document of a fixed, versioned schema."""

from __future__ import annotations

from typing import Any

from typing_extensions import NotRequired, TypedDict  # noqa: UP035  pydantic needs these before Python 3.12

from bvn_asp.decision import Body, Criterion, Decision
from bvn_asp.nodes import Measure, Node, plain

SCHEMA = "bvn-decision/1"


class Citation(TypedDict):
    """Where the document says it; `references` are the numbers of its own list of references."""

    section: str
    item: str
    references: list[int]


class MeasureDocument(TypedDict):
    """A number of the record against a limit; numbers as decimal text, margin = actual - threshold."""

    name: str
    actual: str
    unit: str
    relation: str
    threshold: str
    margin: str


class NodeDocument(TypedDict):
    """A step of an explanation: kind is recommendation, criterion, body, reason, fact, measure, reading or missing."""

    kind: str
    text: str
    status: NotRequired[str]
    clause: NotRequired[str]
    citation: NotRequired[Citation]
    field: NotRequired[str]
    measure: NotRequired[MeasureDocument]
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
    explanation: NodeDocument
    policy: PolicyDocument


def document(decision: Decision, file: str = "") -> DecisionDocument:
    """Return `decision` on the case in `file` as a document that `json.dumps` accepts."""
    policy = decision.policy
    return {
        "schema": SCHEMA,
        "notice": decision.notice,
        "file": file,
        "recommendation": decision.recommendation,
        "eligibility": decision.eligibility,
        "criteria": [_criterion(criterion) for criterion in decision.criteria],
        "bodies": [_body(body) for body in decision.bodies],
        "grant": {
            "bodies": list(decision.grants),
            "choose_from": [list(choice) for choice in decision.choices],
            "count": decision.choices_count,
        },
        "units": {
            "recommended": dict(decision.units),
            "asked": dict(decision.units_asked),
            "agree": decision.units_agree,
        },
        "flags": [criterion.clause.id for criterion in decision.flags],
        "missing": {
            "facts": [_missing(node) for node in decision.missing],
            "possible_recommendations": list(decision.possible),
            "smallest_sets": [
                {"outcome": settlement.outcome, "facts": [_missing(node) for node in settlement.facts]}
                for settlement in decision.settlements
            ],
            "smallest_sets_complete": decision.settlements_complete,
        },
        "readings": [
            {"question": question, "option": option, "default": option == policy.questions[question].default}
            for question, option in decision.readings.items()
        ],
        "assume_absent": decision.assume_absent,
        "explanation": _node(decision.explanation),
        "policy": {
            "name": policy.name, "version": policy.version, "revised": policy.revised, "sha256": policy.sha256,
        },
    }  # fmt: skip


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a decision document."""
    from pydantic import TypeAdapter

    return TypeAdapter(DecisionDocument).json_schema() | {"$id": SCHEMA}


def _criterion(criterion: Criterion) -> CriterionDocument:
    measures = list(dict.fromkeys(node.measure for node in criterion.explanation.walk() if node.measure is not None))
    first = _measure(measures[0]) if measures else None
    return {
        "id": criterion.clause.id,
        "kind": criterion.clause.kind,
        "status": criterion.status,
        "label": criterion.clause.label,
        "citation": _citation(criterion.clause),
        "part_of": criterion.clause.part_of,
        "actual": f"{first['actual']} {first['unit']}".strip() if first else None,
        "threshold": f"{first['relation']} {first['threshold']}" if first else None,
        "margin": first["margin"] if first else None,
        "measures": [_measure(measure) for measure in measures],
        "missing": [node.field for node in criterion.missing],
        "explanation": _node(criterion.explanation),
    }


def _body(body: Body) -> BodyDocument:
    return {
        "body": body.name,
        "requested": body.requested,
        "status": body.status,
        "refused_by": [{"id": c.id, "label": c.label, "citation": _citation(c)} for c in body.refusals],
        "explanation": _node(body.explanation),
    }


def _node(node: Node) -> NodeDocument:
    content: NodeDocument = {"kind": node.kind, "text": node.text}
    if node.status:
        content["status"] = node.status
    if node.clause is not None:
        content["clause"] = node.clause.id
        content["citation"] = _citation(node.clause)
    if node.field:
        content["field"] = node.field
    if node.measure is not None:
        content["measure"] = _measure(node.measure)
    if node.children:
        content["children"] = [_node(child) for child in node.children]
    return content


def _measure(measure: Measure) -> MeasureDocument:
    return {
        "name": measure.name,
        "actual": plain(measure.actual),
        "unit": measure.unit,
        "relation": measure.relation,
        "threshold": plain(measure.threshold),
        "margin": plain(measure.margin),
    }


def _citation(clause: Any) -> Citation:
    return {"section": clause.section, "item": clause.item, "references": list(clause.references)}


def _missing(node: Node) -> MissingFact:
    return {"fact": node.text.removesuffix(": not stated"), "field": node.field}
