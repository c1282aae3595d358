"""A recommendation as a ClaimResponse in the shape of Da Vinci PAS 2.2.1, for a person to review before it is sent.

Every profile, extension and code system here is one of that guide, and every code one of its value sets: review actions
are X12 306, reasons X12 886. What the record does not state, such as who the patient is, is marked as not known.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import BvnError
from bvn_asp.record.writing import plain_content
from bvn_asp.report.contents import words
from bvn_asp.report.letters import reasons
from bvn_asp.reviews.documents import canonical, sha256_of

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case
    from bvn_asp.report.contents import Report

Json = dict[str, Any]

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
PROFILE = f"{PAS}/profile-claimresponse"
REVIEWER = f"{PAS}/extension-claimResponseReviewer"
REVIEW_ACTION = f"{PAS}/extension-reviewAction"
REVIEW_ACTION_CODE = f"{PAS}/extension-reviewActionCode"
DETAIL = f"{PAS}/extension-itemAuthorizedDetail"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
X12_306 = "https://codesystem.x12.org/005010/306"
X12_886 = "https://codesystem.x12.org/external/886"
CPT = "http://www.ama-assn.org/go/cpt"
OWN = "urn:bvn-asp"
"""What the names of our own identifiers and tags begin with."""

CERTIFIED, NOT_CERTIFIED, PENDED, MODIFIED = "A1", "A3", "A4", "A6"
ACTIONS = {CERTIFIED: "Certified in total", NOT_CERTIFIED: "Not Certified", PENDED: "Pending", MODIFIED: "Modified"}
"""The review actions in use, X12 306, called as the guide calls them."""
UNITS_EXCEED, NOT_NECESSARY, INCOMPLETE, TO_REVIEW = "04", "0F", "0U", "0V"
REASONS = {
    UNITS_EXCEED: "more units than the bodies come to",
    NOT_NECESSARY: "the criteria of the policy are not met",
    INCOMPLETE: "facts about the patient are missing",
    TO_REVIEW: "the policy does not speak of this code: a person has to look at it",
}
"""The reasons in use, X12 886, in words of our own."""


class ClaimError(BvnError):
    """There is nothing to respond to, or what the response answers does not fit; the message says."""


@dataclass(frozen=True)
class Line:
    """An item of a claim: its number, and the units that it asks for, None if it does not say."""

    sequence: int
    units: Decimal | None = None


@dataclass(frozen=True)
class Answered:
    """The claim that a response answers: who it is about, and its items by code; None if no claim is given."""

    patient: Json = field(default_factory=dict)
    insurer: Json = field(default_factory=dict)
    requestor: Json = field(default_factory=dict)
    request: Json = field(default_factory=dict)
    lines: Mapping[str, Line] | None = None


@dataclass(frozen=True)
class Item:
    """A code that is asked for: units asked and granted, and what is recommended; `asked` is None if not stated."""

    code: str
    sequence: int
    asked: int | None
    granted: int
    action: str
    reason: str = ""


def claim_response(report: Report, policy: Policy, case: Case, answered: Answered | None = None) -> Json:
    """Return what `report` says of `case` as a ClaimResponse, dated as the report is.

    Raises ClaimError if nothing is requested, or the claim that is answered asks for something else than the case.
    """
    if report.recommendation is None:
        raise ClaimError("nothing is requested: state the bodies or units that are requested, under `request`")
    answered = answered or Answered()
    if answered.lines is not None:
        _compare(report, answered.lines)
    found = items(report, policy, answered.lines or {})
    notes = list(_notes(report, found))
    common = [number for number, (_, against) in enumerate(notes, 1) if not against]
    against = [number for number, (_, against) in enumerate(notes, 1) if against]
    case_sha256 = sha256_of(canonical(plain_content(case)))
    response = {
        "resourceType": "ClaimResponse",
        "meta": {"profile": [PROFILE], "tag": list(_tags(report, case_sha256))},
        "language": "en",
        "extension": [{"url": REVIEWER, "extension": [{"url": "wasHumanReviewedFlag", "valueBoolean": False}]}],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": _identifier(report, case_sha256)}],
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "use": "preauthorization",
        "patient": answered.patient or _absent(),
        "created": report.made,
        "insurer": answered.insurer or _absent(),
        "requestor": answered.requestor,
        "request": answered.request or _absent(),
        "outcome": "complete",
        "disposition": f"Recommendation: {report.recommendation}. {report.notice}",
        "item": [_item(item, sorted([*common, *(against if item.action != CERTIFIED else ())])) for item in found],
        "addItem": list(_added(report, found, policy, common)),
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
        action, reason = recommended(str(report.recommendation), *units, known=code in known)
        found.append(Item(code, lines[code].sequence if code in lines else place, *units, action, reason))
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


def _item(item: Item, notes: list[int]) -> Json:
    """Return a code with what is recommended; the detail is what was asked for, as the guide has it."""
    units = item.granted if item.action == CERTIFIED else item.asked
    detail: list[Json] = [{"url": "productOrServiceCode", "valueCodeableConcept": _code(CPT, item.code)}]
    if units:
        detail.append({"url": "quantity", "valueQuantity": {"value": units}})
    return {
        "extension": [{"url": DETAIL, "extension": detail}],
        "itemSequence": item.sequence,
        "noteNumber": notes,
        "adjudication": [_adjudication(item.action, item.reason)],
    }


def _added(report: Report, found: list[Item], policy: Policy, notes: list[int]) -> Iterator[Json]:
    """Yield what is granted otherwise than asked for: of a code that is modified, or of one not asked for."""
    named = {item.code: item for item in found}
    following = max((item.sequence for item in found), default=0)
    for code, count in report.units:
        item = named.get(code)
        if item is not None and item.action == CERTIFIED:
            continue
        following += item is None
        yield {
            "itemSequence": [item.sequence if item is not None else following],
            "productOrService": _code(CPT, code),
            "quantity": {"value": count},
            "noteNumber": notes,
            "adjudication": [_adjudication(CERTIFIED)],
        }


def _adjudication(action: str, reason: str = "") -> Json:
    coded: list[Json] = [
        {"url": REVIEW_ACTION_CODE, "valueCodeableConcept": _code(X12_306, action, display=ACTIONS[action])}
    ]
    if reason:
        concept = {**_code(X12_886, reason), "text": REASONS[reason]}
        coded.append({"url": "reasonCode", "valueCodeableConcept": concept})
    submitted = _code("http://terminology.hl7.org/CodeSystem/adjudication", "submitted")
    return {"extension": [{"url": REVIEW_ACTION, "extension": coded}], "category": submitted}


def _code(system: str, code: str, **more: str) -> Json:
    return {"coding": [{"system": system, "code": code, **more}]}


def _absent() -> Json:
    """Return a reference to what the record does not name."""
    return {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}


def _tags(report: Report, case_sha256: str) -> Iterator[Json]:
    """Yield what decided on what: version of the program, digests of policy and case, and readings."""
    yield {"system": f"{OWN}:program", "code": report.program}
    yield {"system": f"{OWN}:policy-sha256", "version": report.policy_version, "code": report.policy_sha256}
    yield {"system": f"{OWN}:case-sha256", "code": case_sha256}
    if report.assume_absent:
        yield {"system": f"{OWN}:record-complete", "code": "yes"}
    for reading in report.readings:
        if not reading.default:
            yield {"system": f"{OWN}:reading", "code": reading.id, "display": reading.option}


def _identifier(report: Report, case_sha256: str) -> str:
    """Return a name for the response that is the same whenever the same case is decided the same way."""
    read = sorted(f"{reading.id}={reading.option}" for reading in report.readings)
    parts = [report.program, report.policy_sha256, case_sha256, str(report.assume_absent), *read]
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{OWN}:{canonical(parts)}").urn


def _notes(report: Report, found: Iterable[Item]) -> Iterator[tuple[str, bool]]:
    """Yield each note, and whether it tells why something is not granted as asked for."""
    yield f"{report.notice} No human has reviewed this yet.", False
    policy = f"{report.policy}, version {report.policy_version}, revised {report.policy_revised}"
    yield f"Policy: {policy}, sha256 {report.policy_sha256}. Case: {report.case_id or 'without a name'}.", False
    for remark in report.remarks:
        yield remark, False
    if all(item.asked is None for item in found):
        yield "The request states no units: its codes are taken from its bodies, as far as these tell.", False
    for reason in reasons(report) if report.recommendation in ("deny", "partial") else ():
        rules = "; ".join(f"{rule.id}: {rule.label} ({rule.citation})" for rule in reason.rules)
        bodies = f" At {', '.join(reason.bodies)}." if reason.bodies else ""
        said = f" Stated: {'; '.join(reason.said)}." if reason.said else ""
        yield f"Not met or excluding: {rules}.{bodies}{said}", True
    yield from ((note, True) for note in (*_refused(report), *_missing(report)))


def _refused(report: Report) -> Iterator[str]:
    """Yield the bodies that may not be treated, those not requested too where no bodies are named."""
    named = any(body.requested for body in report.bodies)
    for body in report.bodies:
        if body.status == "refused" and (body.requested or not named):
            rules = ", ".join(f"{rule.id} ({rule.citation})" for rule in body.refused_by)
            yield f"{body.name}: refused{f' by {rules}' if rules else ''}"


def _missing(report: Report) -> Iterator[str]:
    """Yield what is open, what is missing and whom to ask for it, and what would be enough."""
    resting = report.recommendation == "pend" or not report.settled
    for item in report.open if resting else ():
        needs = f" To be seen: {item.rule.needs}." if item.rule.needs else ""
        yield f"Open: {item.rule.id}: {item.rule.label} ({item.rule.citation}).{needs}"
    for body in report.bodies:
        if body.requested and body.status == "undetermined":
            yield f"{body.name}: {words(body.status)}"
    for group in report.asked if resting else ():
        yield f"Missing, to ask for: {group.whom}: {'; '.join(group.facts)}"
    for way in report.ways:
        if way.asked:
            facts = "; ".join(f"{group.whom}: {', '.join(group.facts)}" for group in way.asked)
            yield f"Would settle it as {way.outcome}, suitably stated: {facts}"
