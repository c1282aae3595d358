"""A recommendation as a ClaimResponse in the shape of Da Vinci PAS 2.2.1, for a person to review before it is sent.

What the record does not state, such as who the patient is, is marked as not known.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.errors import BvnError
from bvn_asp.fhir.answered import Answered, Line
from bvn_asp.fhir.notes import notes_on
from bvn_asp.fhir.pas import (
    ACTIONS,
    ADJUDICATION,
    CERTIFIED,
    CLAIM_TYPE,
    DETAIL,
    INCOMPLETE,
    MODIFIED,
    NOT_CERTIFIED,
    NOT_NECESSARY,
    PENDED,
    PROFILE,
    REASONS,
    REVIEW_ACTION,
    REVIEW_ACTION_CODE,
    REVIEWER,
    TO_REVIEW,
    UNITS_EXCEED,
    X12_306,
    X12_886,
)
from bvn_asp.fhir.text import Resource
from bvn_asp.fhir.urls import BASE, CPT, DATA_ABSENT
from bvn_asp.record.writing import plain_content
from bvn_asp.reviews.documents import canonical, sha256_of

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case
    from bvn_asp.report.contents import Report


class ClaimError(BvnError):
    """There is nothing to respond to, or what the response answers does not fit; the message says."""


@dataclass(frozen=True)
class Item:
    """A code that is asked for: units asked and granted, and what is recommended; `asked` is None if not stated."""

    code: str
    sequence: int
    asked: int | None
    granted: int
    action: str
    reason: str = ""
    traces: tuple[Resource, ...] = ()


def claim_response(report: Report, policy: Policy, case: Case, answered: Answered | None = None) -> Resource:
    """Return what `report` says of `case` as a ClaimResponse, dated as the report is.

    Raises ClaimError if nothing is requested, or the claim that is answered asks for something else than the case.
    """
    if report.recommendation is None:
        raise ClaimError("nothing is requested: state the bodies or units that are requested, under `request`")
    answered = answered or Answered()
    if answered.lines is not None:
        _compare(report, answered.lines)
    found = items(report, policy, answered.lines or {})
    notes = notes_on(report, units_stated=any(item.asked is not None for item in found))
    common = [number for number, note in enumerate(notes, 1) if not note.against]
    everything = list(range(1, len(notes) + 1))
    case_sha256 = sha256_of(canonical(plain_content(case)))
    response = {
        "resourceType": "ClaimResponse",
        "meta": {"profile": [PROFILE], "tag": list(_tags(report, case_sha256))},
        "language": "en",
        "extension": [{"url": REVIEWER, "extension": [{"url": "wasHumanReviewedFlag", "valueBoolean": False}]}],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": _identifier(report, case_sha256)}],
        "status": "active",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": "professional"}]},
        "use": "preauthorization",
        "patient": answered.patient or _absent(),
        "created": report.made,
        "insurer": answered.insurer or _absent(),
        "requestor": answered.requestor,
        "request": answered.request or _absent(),
        "outcome": "complete",
        "disposition": f"Recommendation: {report.recommendation}. {report.notice}",
        "item": [_item(item, common if item.action == CERTIFIED else everything) for item in found],
        "addItem": list(_added(report, found, common)),
        "processNote": [{"number": n, "type": "display", "text": text} for n, (text, _) in enumerate(notes, 1)],
    }
    return {name: value for name, value in response.items() if value}


def items(report: Report, policy: Policy, lines: Mapping[str, Line]) -> list[Item]:
    """Return each code asked for with what is recommended; without units asked for, the codes that are granted.

    Where nothing is granted either, the code that every request begins with stands for the request.
    """
    known = codes_of(policy)
    granted = dict(report.units)
    asked = {code: count for code, count in report.units_asked if count}
    codes = asked or granted or dict.fromkeys(known[:1], 0)
    ordered = sorted(codes, key=lambda code: (known.index(code) if code in known else len(known), code))
    found = []
    for place, code in enumerate(ordered, 1):
        units = (asked.get(code), granted.get(code, 0))
        line, review = (
            lines.get(code, Line(place)),
            recommended(str(report.recommendation), *units, known=code in known),
        )
        found.append(Item(code, line.sequence, *units, *review, line.traces))
    return found


def _compare(report: Report, lines: Mapping[str, Line]) -> None:
    """Raise ClaimError unless the case asks for what the claim asks for."""
    asked = {code: count for code, count in report.units_asked if count}
    differs = asked.keys() ^ lines.keys() or any(line.units not in (None, asked[code]) for code, line in lines.items())
    if differs:
        said = [f"{code}{f' x {line.units}' if line.units is not None else ''}" for code, line in lines.items()]
        case = ", ".join(f"{code} x {count}" for code, count in asked.items())
        raise ClaimError(
            f"the claim asks for {', '.join(said) or 'nothing'}, the case for {case or 'no units'}: state under "
            "request.units what the claim asks for"
        )


def codes_of(policy: Policy) -> list[str]:
    """Return the procedure codes of the policy, in its order."""
    return [clause.item for clause in policy.clauses.values() if clause.kind == "code"]


def recommended(recommendation: str, asked: int | None, granted: int, *, known: bool = True) -> tuple[str, str]:
    """Return the review action and the reason for a code; `asked` is None where no units are stated.

    Only an approval certifies. Of a partial approval every code is modified, since it holds for some bodies alone.
    """
    if not known:
        return PENDED, TO_REVIEW
    if recommendation == "pend":
        return PENDED, INCOMPLETE
    if recommendation == "deny":
        return NOT_CERTIFIED, NOT_NECESSARY
    if recommendation == "partial":
        return MODIFIED if granted else NOT_CERTIFIED, NOT_NECESSARY
    if asked is None or asked == granted:
        return CERTIFIED, ""
    return MODIFIED if granted else NOT_CERTIFIED, UNITS_EXCEED if asked > granted else ""


def _item(item: Item, notes: list[int]) -> Resource:
    """Return a code with what is recommended; the detail is what was asked for, as the guide has it."""
    units = item.granted if item.action == CERTIFIED else item.asked
    detail: list[Resource] = [{"url": "productOrServiceCode", "valueCodeableConcept": _code(CPT, item.code)}]
    if units:
        detail.append({"url": "quantity", "valueQuantity": {"value": units}})
    return {
        "extension": [*item.traces, {"url": DETAIL, "extension": detail}],
        "itemSequence": item.sequence,
        "noteNumber": notes,
        "adjudication": [_adjudication(item.action, item.reason)],
    }


def _added(report: Report, found: list[Item], notes: list[int]) -> Iterator[Resource]:
    """Yield what is granted otherwise than asked for: of a code that is modified, or of one not asked for."""
    named, following = {item.code: item for item in found}, max((item.sequence for item in found), default=0)
    for code, count in report.units:
        item = named.get(code)
        if item is not None and item.action == CERTIFIED:
            continue
        following += item is None
        yield {
            **({"extension": [*item.traces]} if item is not None and item.traces else {}),
            "itemSequence": [item.sequence if item is not None else following],
            "productOrService": _code(CPT, code),
            "quantity": {"value": count},
            "noteNumber": notes,
            "adjudication": [_adjudication(CERTIFIED)],
        }


def _adjudication(action: str, reason: str = "") -> Resource:
    coded: list[Resource] = [
        {"url": REVIEW_ACTION_CODE, "valueCodeableConcept": _code(X12_306, action, display=ACTIONS[action])}
    ]
    if reason:
        concept = {**_code(X12_886, reason), "text": REASONS[reason]}
        coded.append({"url": "reasonCode", "valueCodeableConcept": concept})
    submitted = _code(ADJUDICATION, "submitted")
    return {"extension": [{"url": REVIEW_ACTION, "extension": coded}], "category": submitted}


def _code(system: str, code: str, **more: str) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def _absent() -> Resource:
    """Return a reference to what the record does not name."""
    return {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def _tags(report: Report, case_sha256: str) -> Iterator[Resource]:
    """Yield what decided on what: version of the program, digests of policy and case, and readings."""
    yield {"system": f"{BASE}/program", "code": report.program}
    yield {"system": f"{BASE}/policy-sha256", "version": report.policy_version, "code": report.policy_sha256}
    yield {"system": f"{BASE}/case-sha256", "code": case_sha256}
    if report.assume_absent:
        yield {"system": f"{BASE}/record-complete", "code": "yes"}
    for reading in report.readings:
        if not reading.default:
            yield {"system": f"{BASE}/reading", "code": reading.id, "display": reading.option}


def _identifier(report: Report, case_sha256: str) -> str:
    """Return a name for the response that is the same whenever the same case is decided the same way."""
    parts = [report.program, report.policy_sha256, case_sha256, str(report.assume_absent)]
    parts += sorted(f"{reading.id}={reading.option}" for reading in report.readings)
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/claim-response:{canonical(parts)}").urn
