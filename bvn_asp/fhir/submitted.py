"""The Claim that a response answers: who it is about, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bvn_asp.errors import refused
from bvn_asp.fhir.answered import Answered, Line
from bvn_asp.fhir.bundle import Carried, carried
from bvn_asp.fhir.pas import TRACE
from bvn_asp.fhir.resource import Element, check_numbers, codes_of, resource_at, resources_of
from bvn_asp.fhir.text import Resource
from bvn_asp.fhir.urls import CPT


def answered_at(path: Path) -> Answered:
    """Return what is answered in the file at `path`: a Claim, or a Bundle that begins with one.

    Raises CaseError if it cannot be read, or is no request for prior authorization.
    """
    resource = resource_at(path, "Claim", "Bundle")
    sent = tuple(_sent(resource)) if resource.type == "Bundle" else ()
    if resource.type == "Bundle":
        first = next(resources_of(resource), None)
        if first is None or first.type != "Claim":
            raise resource.wrong("entry", "expected a Claim as the first entry of the Bundle")
        resource = first
    if resource.text("use") != "preauthorization":
        raise resource.wrong("use", f"expected preauthorization{refused(resource.text('use'))}")
    id, identifier = resource.text("id"), next(resource.many("identifier"), None)
    request = {"reference": f"Claim/{id}"} if id else {"identifier": _texts(identifier, "system", "value")}
    return Answered(
        patient=_reference(resource, "patient"),
        insurer=_reference(resource, "insurer"),
        requestor=_reference(resource, "provider"),
        request=request if any(request.values()) else {},
        lines=_lines(resource),
        sent=sent,
    )


def _sent(bundle: Element) -> Iterator[Carried]:
    """Yield what came with a Claim, to be handed back."""
    for entry in bundle.many("entry"):
        resource = entry.one("resource")
        if resource is not None:
            check_numbers(resource.document, resource.content, resource.path)
            yield carried(entry.text("fullUrl"), resource.content)


def _reference(claim: Element, name: str) -> Resource:
    """Return who is referred to: by reference, or by an identifier."""
    found = claim.one(name)
    if found is None:
        return {}
    identifier = _texts(found.one("identifier"), "system", "value")
    return _texts(found, "reference", "type", "display") | ({"identifier": identifier} if identifier else {})


def _texts(element: Element | None, *names: str) -> Resource:
    texts = {name: element.text(name) for name in names} if element is not None else {}
    return {name: text for name, text in texts.items() if text}


def _lines(claim: Element) -> dict[str, Line]:
    """Return the items by procedure code; raise CaseError for one without a code, or if two have the same one."""
    found: dict[str, Line] = {}
    for item in claim.many("item"):
        sequence = item.number("sequence")
        if sequence is None or sequence < 1 or sequence != int(sequence):
            raise item.wrong("sequence", "expected the number of the item, from 1")
        quantity = item.one("quantity")
        line = Line(int(sequence), quantity.number("value") if quantity is not None else None, tuple(_traces(item)))
        codes = [code for system, code in codes_of(item.one("productOrService")) if system == CPT]
        if len(codes) != 1:
            raise item.wrong("productOrService", f"expected one CPT code, with the system {CPT}")
        if codes[0] in found:
            raise item.wrong("productOrService", f"{codes[0]} is asked for by two items; expected one for each code")
        found[codes[0]] = line
    return found


def _traces(item: Element) -> Iterator[Resource]:
    """Yield the trace numbers of an item, by which who sent it knows it again."""
    for extension in item.many("extension"):
        if extension.text("url") == TRACE:
            yield {"url": TRACE, "valueIdentifier": _texts(extension.one("valueIdentifier"), "system", "value")}
