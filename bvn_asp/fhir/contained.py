"""The questionnaire that a response answers: named by its address, or contained in it where it grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bvn_asp.errors import refused
from bvn_asp.fhir.questionnaire import ADAPTIVE_URL, url_of, version
from bvn_asp.record.bases import Path_

KNOWN = {url_of(whole=False): False, url_of(whole=True): True, ADAPTIVE_URL: False}
"""The addresses of the questionnaires of this program, and whether each asks what decides nothing, too."""


class NotDerivedError(ValueError):
    """A response names a contained questionnaire that is not there, or not one of ours; `place` is what is wrong."""

    def __init__(self, place: Path_, message: str) -> None:
        super().__init__(message)
        self.place = place


def contained_in(resource: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return place and content of the questionnaire that a response contains and names; raise NotDerivedError."""
    name, contained = resource.get("questionnaire"), resource.get("contained")
    found = [
        (number, inner)
        for number, inner in enumerate(contained if isinstance(contained, list) else ())
        if isinstance(inner, dict) and inner.get("resourceType") == "Questionnaire" and f"#{inner.get('id')}" == name
    ]
    if len(found) != 1:
        raise NotDerivedError(
            ("questionnaire",), f"expected # and the id of the Questionnaire that it contains{refused(name)}"
        )
    return found[0]


def questionnaire_of(resource: Mapping[str, Any]) -> tuple[Path_, Any]:
    """Return where a response says what it answers, and what it says there; raise NotDerivedError.

    Of a contained questionnaire, that is what it is derived from.
    """
    name = resource.get("questionnaire")
    if not (isinstance(name, str) and name.startswith("#")):
        return ("questionnaire",), name
    number, inner = contained_in(resource)
    derived = inner.get("derivedFrom")
    place: Path_ = ("contained", number, "derivedFrom")
    if not isinstance(derived, list) or len(derived) != 1 or not isinstance(derived[0], str):
        raise NotDerivedError(place, f"expected one questionnaire, such as {ADAPTIVE_URL}|{version()}")
    return (*place, 0), derived[0]
