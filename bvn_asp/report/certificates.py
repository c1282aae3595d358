"""What an audit rests on: its proofs in words, its witnesses as case files, and all of it as JSON data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import yaml

from bvn_asp.analysis.query.casefile import case_text
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.document import document
from bvn_asp.report.schemas import AuditDocument, FindingDocument, WitnessDocument

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.finding import Audit, Finding
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.analysis.search import Witness
    from bvn_asp.policy.register import Policy

SCHEMA = "bvn-audit/1"


def premises(proof: Proof, policy: Policy) -> list[str]:
    """Return what a proof rests on, in words: clauses with citations and labels, limits, readings."""
    found = []
    for premise in proof.premises:
        if premise.kind == "reading":
            question = policy.questions[premise.clause]
            meaning = question.options.get(premise.quantity, premise.quantity)
            found.append(f"reading {premise.clause}={premise.quantity}: {question.text} {meaning}")
            continue
        clause = policy.clauses[premise.clause]
        if premise.kind == "limit":
            limit = policy.thresholds[premise.clause, premise.quantity] / policy.scale
            unit = policy.units.get(premise.quantity, "")
            words = premise.quantity.replace("_", " ")
            found.append(f"limit of {clause.id} ({clause.citation}): {words} {limit:g} {unit}".strip())
        else:
            found.append(f"{clause.id} ({clause.citation}): {clause.label}")
    return found


def room(proof: Proof) -> str:
    """Return in words which records a proof speaks of."""
    shape = proof.room
    return (
        f"all records on {', '.join(shape.bodies)} with at most {shape.findings} finding of each kind, "
        f"{shape.surgeries} spine surgery and {shape.modic} Modic changes, any fact unknown"
    )


def audit_document(audit: Audit) -> AuditDocument:
    """Return an audit as JSON data: its schema's name, the policy, and every finding with its whole certificate."""
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "policy": {"name": audit.policy.name, "version": audit.policy.version, "sha256": audit.policy.sha256},
        "checked": dict(audit.checked),
        "unfinished": list(audit.unfinished),
        "vanished": list(audit.vanished),
        "findings": [_finding(finding, audit) for finding in audit.findings],
    }


def _finding(finding: Finding, audit: Audit) -> FindingDocument:
    clauses = (audit.policy.clauses[id] for id in finding.clauses)
    return {
        "key": finding.key,
        "check": finding.check,
        "subjects": list(finding.subjects),
        "severity": finding.severity,
        "sentence": finding.sentence,
        "clauses": [{"id": c.id, "citation": c.citation, "label": c.label} for c in clauses],
        "readings": dict(finding.readings),
        "accepted": audit.accepted.get(finding.key),
        "witnesses": [_witness(caption, witness) for caption, witness in finding.witnesses],
        "proofs": [
            {
                "goal": proof.goal,
                "premises": [
                    {"kind": premise.kind, "clause": premise.clause, "quantity": premise.quantity}
                    for premise in proof.premises
                ],
                "words": premises(proof, audit.policy),
                "records": room(proof),
                "engine": proof.engine,
            }
            for proof in finding.proofs
        ],
    }


def _witness(caption: str, witness: Witness) -> WitnessDocument:
    return {
        "shows": caption,
        "case": witness.record,
        "readings": dict(witness.readings),
        "departures": [str(departure) for departure in witness.departures],
        "decision": document(witness.decision, caption),
    }


def certificates(audit: Audit) -> Iterator[tuple[str, str]]:
    """Yield every certificate as a file (name, text): witnesses as case files, proofs as formulas."""
    for number, finding in enumerate(audit.findings, 1):
        for place, (caption, witness) in enumerate(finding.witnesses, 1):
            expected = {"readings": dict(witness.readings), "recommendation": witness.decision.recommendation}
            text = case_text(witness.record, f"{finding.key}: {caption}.", [expected])
            yield certificate_name(finding, number, "witness", place), text
        for place, proof in enumerate(finding.proofs, 1):
            yield certificate_name(finding, number, "proof", place), proof.dimacs()


def certificate_name(finding: Finding, number: int, kind: str, place: int) -> str:
    """Return the name of the file that holds a certificate: a `witness` or a `proof` of the finding with this number.

    Both numbers count from 1, findings in the order of the audit.
    """
    return f"{number:03}_{finding.check}_{kind}_{place}.{'yaml' if kind == 'witness' else 'cnf'}"


def witness_record(witness: Witness) -> str:
    """Return the record of a witness as YAML, with the readings under which it is decided."""
    readings = "".join(f"# decide with --reading {q}={o}\n" for q, o in witness.readings.items())
    return readings + str(yaml.safe_dump(witness.record, sort_keys=False, allow_unicode=True))
