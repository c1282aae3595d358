"""The answer that a client of Da Vinci PAS gets: a Bundle of the ClaimResponse and what it refers to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bvn_asp.fhir.pas import RESPONSE_BUNDLE
from bvn_asp.fhir.text import Resource, json_text

REFERRED = ("patient", "insurer", "requestor")
"""Where a ClaimResponse refers to a resource that comes with it; the Claim has been sent by the client itself."""


class Carried(NamedTuple):
    """A resource of the request, and its address in the Bundle of it."""

    url: str
    resource: Mapping[str, Any]

    @property
    def names(self) -> set[str]:
        """How others refer to it."""
        return {self.url, f"{self.resource.get('resourceType')}/{self.resource.get('id')}"}


def carried(url: str, resource: Mapping[str, Any]) -> Carried:
    """Return a resource with its address, made up of its content if it has none."""
    return Carried(url or uuid.uuid5(uuid.NAMESPACE_URL, json_text(resource)).urn, resource)


def response_bundle(response: Resource, request: tuple[Carried, ...], timestamp: str) -> Resource:
    """Return the Bundle of `response`, with what it refers to as it stands in the `request` that it answers.

    `timestamp` is a date and time with its zone. What the request does not contain is referred to as the request does.
    """
    identifier = response["identifier"][0]["value"]
    address = _made("entry", identifier)
    # Clients show the id as the name of the answer, which is why it has one before it is stored anywhere.
    answer = {"resourceType": response["resourceType"], "id": address.removeprefix("urn:uuid:")} | response
    for name in REFERRED:
        found = _named(answer.get(name, {}), request)
        if found is not None:
            # A relative reference says nothing to who reads it from within a Bundle.
            answer[name] = {**answer[name], "reference": found.url}
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [RESPONSE_BUNDLE]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": _made("bundle", identifier)},
        "type": "collection",
        "timestamp": timestamp,
        "entry": [
            {"fullUrl": address, "resource": answer},
            *({"fullUrl": one.url, "resource": one.resource} for one in _referred(answer, request)),
        ],
    }


def missing(bundle: Resource) -> list[str]:
    """Return what a ClaimResponse of a Bundle refers to and the Bundle does not have, but for the Claim."""
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    answer = bundle["entry"][0]["resource"]
    named = [answer.get(name, {}).get("reference", "") for name in REFERRED]
    return [name for name in dict.fromkeys(named) if name and name not in urls]


def _made(what: str, name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{what}:{name}").urn


def _referred(answer: Resource, request: tuple[Carried, ...]) -> list[Carried]:
    """Return what `answer` refers to, and what that refers to in turn, each once and no Claim."""
    found: list[Carried] = []
    waiting = [reference for name in REFERRED for reference in _references(answer.get(name, {}))]
    while waiting:
        one = _named({"reference": waiting.pop(0)}, request)
        if one is not None and one not in found and one.resource.get("resourceType") != "Claim":
            found.append(one)
            waiting += _references(one.resource)
    return found


def _named(reference: Any, request: tuple[Carried, ...]) -> Carried | None:
    name = reference.get("reference") if isinstance(reference, dict) else None
    return next((one for one in request if name in one.names), None) if isinstance(name, str) else None


def _references(value: Any) -> Iterator[str]:
    """Yield what `value` and its parts refer to."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
