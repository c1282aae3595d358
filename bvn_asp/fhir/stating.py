"""What each resource of a chart states of a record, and why one that could state something does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bvn_asp.errors import refused
from bvn_asp.fhir.codes import RADIOLOGY, SYSTEMS, Code, measure_of, stated_by
from bvn_asp.fhir.quantities import amount_of
from bvn_asp.fhir.resource import Element, codes_of, date_of, period_of
from bvn_asp.fhir.sites import NO_LEVEL, levels_of, words_of
from bvn_asp.record.statements import BY_MACHINE, UNKNOWN

Document = dict[str, str]
"""The document of a statement, as a case file writes it."""


class Statement(NamedTuple):
    """What a resource states: `value` of `field`, as a case file writes it, and of an entry of a list `more` fields.

    `date`: when it was so, empty if not said. `newest`: an older statement of the same kind counts no more.
    """

    source: str
    field: str
    value: Any
    document: Document
    more: tuple[tuple[str, Any], ...] = ()
    date: str = ""
    newest: bool = False


class LeftOut(NamedTuple):
    """A resource, or a part of it, that states nothing, and why."""

    source: str
    why: str


class Report(NamedTuple):
    """An imaging report, which a person has to read."""

    source: str
    date: str


Found = Statement | LeftOut | Report

NO_CODE = "has no code that says exactly what a field says"
NO_IMAGING = "no imaging report"
ACTIVE = ("active", "recurrence", "relapse")
OVER = ("inactive", "remission", "resolved")
DOUBTED = ("unconfirmed", "provisional", "differential")
VERIFICATIONS = (*DOUBTED, "confirmed", "refuted", "entered-in-error")
FINAL = ("final", "amended", "corrected", "appended")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def stated(resource: Element) -> Iterator[Found]:
    """Yield what `resource` states, and what of it is left out; raise CaseError for what is malformed.

    Nothing is yielded for a resource of a kind that states no field.
    """
    read = READERS.get(resource.type)
    if read is not None:
        yield from read(resource)


def source_of(resource: Element) -> str:
    """Return what a resource is called: its type and id, or the place where it stands."""
    id = resource.text("id")
    kind = resource.type[:64]
    return f"{kind}/{id}" if _ID.fullmatch(id) else f"{kind} {'.'.join(map(str, resource.path))}"


def _document(resource: Element, date: str, code: str = "") -> Document:
    title = f"FHIR {source_of(resource)}{f', {code}' if code else ''}"
    return {"document": title, **({"date": date} if date else {}), "entered": BY_MACHINE}


def _coded(resource: Element, row: Code, value: Any, date: str, *more: tuple[str, Any]) -> Statement:
    document = _document(resource, date, f"{SYSTEMS[row.system]} {row.code}: {row.words}")
    return Statement(source_of(resource), row.field, value, document, more, date)


# --- who it is ---------------------------------------------------------------------------------------------------


def _patient(resource: Element) -> Iterator[Found]:
    document = _document(resource, "")
    birth = date_of(resource, "birthDate")
    if birth:
        yield Statement(source_of(resource), "patient.birth_date", birth, document)
    sex = resource.text("gender")
    if sex in ("female", "male", "other"):
        yield Statement(source_of(resource), "patient.sex", sex, document)


# --- conditions --------------------------------------------------------------------------------------------------


def _condition(resource: Element) -> Iterator[Found]:
    rows = stated_by("Condition", codes_of(resource.one("code")))
    if not rows:
        yield LeftOut(source_of(resource), NO_CODE)
        return
    verification = _status(resource, "verificationStatus")
    if verification and verification not in VERIFICATIONS:
        raise resource.wrong("verificationStatus", f"expected one of {', '.join(VERIFICATIONS)}{refused(verification)}")
    if verification in ("refuted", "entered-in-error"):
        yield LeftOut(source_of(resource), verification.replace("-", " "))
        return
    date = date_of(resource, "onsetDateTime") or date_of(resource, "recordedDate")
    course = _course(resource)
    for row in rows:
        if verification in DOUBTED:
            yield _opened(resource, row, date)
        elif course == "active" or row.past == row.value:
            yield _coded(resource, row, row.value, date, *row.more)
        elif course == "over" and row.past is not None:
            yield _coded(resource, row, row.past, date)
        elif course == "over":
            yield LeftOut(source_of(resource), f"over: {row.words}")
        else:
            yield _opened(resource, row, date)


def _opened(resource: Element, row: Code, date: str) -> Statement:
    """Return that it is not known whether something is so: a finding is suspected, anything else unknown."""
    if row.field.startswith("findings."):
        placed = tuple(part for part in row.more if part[0] == "levels")
        return _coded(resource, row, row.value, date, *placed, ("certainty", "suspected"))
    return _coded(resource, row, UNKNOWN, date)


def _course(resource: Element) -> str:
    """Return whether a condition is active or over; empty if that is not said, or said both ways."""
    status = _status(resource, "clinicalStatus")
    if status and status not in (*ACTIVE, *OVER):
        raise resource.wrong("clinicalStatus", f"expected one of {', '.join((*ACTIVE, *OVER))}{refused(status)}")
    ended = any(name.startswith("abatement") for name in resource.content)
    if status in ACTIVE:
        return "" if ended else "active"
    return "over" if status in OVER or ended else ""


def _status(resource: Element, name: str) -> str:
    return next((code for _, code in codes_of(resource.one(name))), "")


# --- measurements ------------------------------------------------------------------------------------------------


def _observation(resource: Element) -> Iterator[Found]:
    source = source_of(resource)
    row = measure_of(codes_of(resource.one("code")))
    status = resource.text("status")
    quantity = resource.one("valueQuantity")
    if row is None:
        yield LeftOut(source, NO_CODE)
    elif status not in FINAL:
        yield LeftOut(source, f"status: {status or 'not stated'}")
    elif quantity is None or quantity.number("value") is None:
        yield LeftOut(source, f"{row.words}: no number")
    elif (unit := quantity.text("code") or quantity.text("unit")) not in row.units:
        yield LeftOut(source, f"{row.words}: in {unit or 'no unit'}, not in {row.units[0] or row.units[-1]}")
    else:
        value = amount_of(quantity, row.bound)
        date = date_of(resource, "effectiveDateTime") or period_of(resource, "effectivePeriod")
        if value is None:
            yield LeftOut(source, f"{row.words}: the number cannot be used as it is written")
            return
        document = _document(resource, date, f"{SYSTEMS[row.system]} {row.code}: {row.words}")
        yield Statement(source, row.field, value, document, (), date, row.newest)


# --- procedures, devices, drugs, reports -------------------------------------------------------------------------


def _procedure(resource: Element) -> Iterator[Found]:
    rows = stated_by("Procedure", codes_of(resource.one("code")))
    status = resource.text("status")
    if not rows:
        yield LeftOut(source_of(resource), NO_CODE)
    elif status not in ("completed", "stopped"):
        yield LeftOut(source_of(resource), f"status: {status or 'not stated'}")
    else:
        date = date_of(resource, "performedDateTime") or period_of(resource, "performedPeriod")
        words = words_of(resource)
        for row in rows:
            ablated = row.field.startswith("ablations")
            more: list[tuple[str, Any]] = [("date", date)] if date else []
            if ablated and status == "completed":
                more.append(("completed", True))
            levels = levels_of(resource, bodies=ablated)
            if levels:
                more.append(("bodies" if ablated else "levels", levels))
            elif words:
                yield LeftOut(source_of(resource), f"bodySite: {NO_LEVEL}")
            statement = _coded(resource, row, row.value, date, *more)
            title = f"{statement.document['document']}{f', at {words}' if words else ''}"
            yield statement._replace(document={**statement.document, "document": title})


def _device(resource: Element) -> Iterator[Found]:
    rows = stated_by("Device", codes_of(resource.one("type")))
    status = resource.text("status")
    if not rows:
        yield LeftOut(source_of(resource), NO_CODE)
    elif status not in ("", "active"):
        yield LeftOut(source_of(resource), f"status: {status}")
    else:
        for row in rows:
            yield _coded(resource, row, row.value, "")


def _medication(resource: Element) -> Iterator[Found]:
    rows = stated_by("Medication", codes_of(resource.one("medicationCodeableConcept")))
    status = resource.text("status")
    if not rows:
        yield LeftOut(source_of(resource), NO_CODE)
    elif resource.type == "MedicationRequest":
        yield LeftOut(source_of(resource), "an order: it does not say that the drug is taken")
    elif status != "active":
        yield LeftOut(source_of(resource), f"status: {status or 'not stated'}")
    else:
        date = date_of(resource, "effectiveDateTime") or period_of(resource, "effectivePeriod")
        for row in rows:
            yield _coded(resource, row, row.value, date)


def _report(resource: Element) -> Iterator[Found]:
    categories = {code for category in resource.many("category") for code in codes_of(category)}
    status = resource.text("status")
    if not categories & RADIOLOGY:
        yield LeftOut(source_of(resource), NO_IMAGING)
    elif status not in FINAL:
        yield LeftOut(source_of(resource), f"status: {status or 'not stated'}")
    else:
        date = date_of(resource, "effectiveDateTime") or period_of(resource, "effectivePeriod")
        yield Report(source_of(resource), date)


READERS: dict[str, Callable[[Element], Iterator[Found]]] = {
    "Patient": _patient, "Condition": _condition, "Observation": _observation, "Procedure": _procedure,
    "Device": _device, "MedicationStatement": _medication, "MedicationRequest": _medication,
    "DiagnosticReport": _report,
}  # fmt: skip
