"""Reading and checking FHIR resources in tests: with the package's own reader, and with two libraries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bvn_asp.errors import CaseError
from bvn_asp.fhir.answers import Read, read
from bvn_asp.fhir.response import Context
from bvn_asp.fhir.text import json_text
from bvn_asp.record.bases import Document
from bvn_asp.record.case import Case
from bvn_asp.record.files import _given
from bvn_asp.record.jsontext import JsonText

MADE = Context("2026-01-01T12:00:00+00:00")


def problems_of(resource: Any) -> list[str]:
    """Return what two libraries find wrong with a resource: one knows R4 and every rule of it, one R4B."""
    native = pytest.importorskip("fhirkit")
    pytest.importorskip("fhir.resources")
    from fhir.resources.R4B import get_fhir_model_class

    text = json_text(resource)
    found = [f"{issue.path}: {issue.message}" for issue in native.validate(text)]
    get_fhir_model_class(resource["resourceType"]).model_validate_json(text)
    return found


def read_text(text: str) -> Read:
    found = JsonText(text)
    return read(Document("response.json", found.value, found.places))


def case_of(resource: Any) -> Case:
    """Return the case that a response states."""
    return next(iter(_given(read_text(json_text(resource)).document).values())).case


def mistakes(resource: Any) -> list[str]:
    """Return the mistakes of a response, without their lines and columns."""
    try:
        case_of(resource)
    except CaseError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def answers(resource: Any) -> dict[str, list[Any]]:
    """Return the values of all answers by linkId, those of every entry of a list together."""
    found: dict[str, list[Any]] = {}
    for item in items_of(resource):
        for answer in item.get("answer", ()):
            value = next(content for name, content in answer.items() if name.startswith("value"))
            found.setdefault(item["linkId"], []).append(value)
    return found


def items_of(resource: Any) -> list[Any]:
    """Return all items of a questionnaire or a response, each before those below it."""
    return [found for item in resource.get("item", ()) for found in (item, *items_of(item))]


def copy_of(resource: Any) -> Any:
    return json.loads(json.dumps(resource, default=float))
