"""A file of FHIR as a case, whichever of the resources that state one it holds, and what is to be said of it."""

from __future__ import annotations

from typing import NamedTuple

from bvn_asp.fhir.answers import read
from bvn_asp.fhir.chart import gather, listing
from bvn_asp.fhir.resource import Element
from bvn_asp.record.case import Case
from bvn_asp.record.files import case_of, json_of, read_content


class Opened(NamedTuple):
    """A case, and in a line each what was made of the resource that states it."""

    case: Case
    said: tuple[str, ...]


def opened(data: bytes, name: str) -> Opened | None:
    """Return the case that a QuestionnaireResponse or the Bundle of a chart in JSON states; None if it is neither.

    Raises CaseError with every mistake and its place.
    """
    if b"resourceType" not in data:
        return None
    document = json_of(data, name)
    match document.content.get("resourceType"):
        case "Bundle":
            chart = gather(Element(document, dict(document.content)))
            return Opened(read_content(chart.content), tuple(listing(chart)))
        case "QuestionnaireResponse":
            found, remarks = read(document)
            return Opened(case_of(found), remarks)
    return None
