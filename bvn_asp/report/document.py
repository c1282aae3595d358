"""A decision as a JSON document of a fixed, versioned schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bvn_asp.record.statements import Document, plain
from bvn_asp.report.schema import (
    SCHEMA,
    BodyDocument,
    Citation,
    CriterionDocument,
    DecisionDocument,
    MeasureDocument,
    MissingFact,
    NodeDocument,
    SourceDocument,
)

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Body, Criterion, Decision
    from bvn_asp.decision.nodes import Measure, Node


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
        "warnings": list(decision.warnings),
        "explanation": _node(decision.explanation),
        "policy": {
            "name": policy.name, "version": policy.version, "revised": policy.revised, "sha256": policy.sha256,
        },
    }  # fmt: skip


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
    if node.documents:
        content["documents"] = [_source(source) for source in node.documents]
    if node.children:
        content["children"] = [_node(child) for child in node.children]
    return content


def _measure(measure: Measure) -> MeasureDocument:
    return {
        "name": measure.name,
        "actual": plain(measure.actual),
        "stated": measure.stated,
        "unit": measure.unit,
        "relation": measure.relation,
        "threshold": plain(measure.threshold),
        "margin": plain(measure.margin),
    }


def _source(source: Document) -> SourceDocument:
    content: SourceDocument = {}
    if source.title:
        content["title"] = source.title
    if source.date:
        content["date"] = source.date
    if source.page:
        content["page"] = source.page
    if source.author:
        content["author"] = source.author
    if source.entered:
        content["entered"] = source.entered
    return content


def _citation(clause: Any) -> Citation:
    return {"section": clause.section, "item": clause.item, "references": list(clause.references)}


def _missing(node: Node) -> MissingFact:
    return {"fact": node.missing_words, "field": node.field}
