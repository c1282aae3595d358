"""The description of the interface for programs (OpenAPI 3.1), made from the models of what is sent and returned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from bvn_asp import __version__
from bvn_asp.web.api_models import ProblemDetails, ReadingsList
from bvn_asp.web.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from bvn_asp.web.api import Operation

Json = dict[str, Any]
FHIR = "/api/fhir"
NEXT_QUESTION = f"{FHIR}/Questionnaire/$next-question"
ASKS_NEXT = "The next question of an adaptive questionnaire, as FHIR has it"
FHIR_TYPE = "application/fhir+json"
FHIR_TAKEN = (FHIR_TYPE, "application/json")
"""Where the interface for FHIR clients is, and what it takes."""
_REFERENCE = "#/components/schemas/{model}"


def description(operations: Iterable[Operation]) -> Json:
    """Return the description of all operations."""
    every = list(operations)
    sent: list[type[BaseModel]] = [ProblemDetails, ReadingsList, *(operation.sent for operation in every)]
    _, definitions = models_json_schema([(model, "validation") for model in sent], ref_template=_REFERENCE)
    schemas: Json = dict(definitions["$defs"])
    paths: Json = {
        "/api/readings": {"get": _operation("listReadings", "The open questions of the policy", None, _schema(
            ReadingsList, schemas))},
    }  # fmt: skip
    for operation in every:
        path = paths.setdefault(f"/api/{operation.name}", {})
        reference = _REFERENCE.format(model=operation.sent.__name__)
        path["post"] = _operation(
            operation.name.replace("-", "_"),
            operation.summary,
            {"$ref": reference},
            _schema(operation.returned, schemas),
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "bvn workbench", "version": __version__, "description": (
            "Recommendations on cases under one coverage policy, for a human reviewer, who decides.")},
        "paths": paths | _fhir(), "components": {"schemas": schemas},
    }  # fmt: skip


def _schema(returned: Any, schemas: Json) -> Json:
    """Return the schema of what comes back, its parts put among `schemas`."""
    found = TypeAdapter(returned).json_schema(ref_template=_REFERENCE)
    schemas.update(found.pop("$defs", {}))
    return found


def _operation(name: str, summary: str, sent: Json | None, returned: Json) -> Json:
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model=ProblemDetails.__name__)}}}
    found: Json = {
        "operationId": name, "summary": summary,
        "responses": {
            "200": {"description": "the answer", "content": {"application/json": {"schema": returned}}},
            "default": {"description": "what went wrong", "content": problem},
        },
    }  # fmt: skip
    if sent is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
    return found


def _fhir() -> Json:
    """Return the description of what is there for FHIR: of a resource its type, and FHIR has the rest."""
    both = _resource("Parameters", "QuestionnaireResponse")
    outcome = {"content": {FHIR_TYPE: {"schema": _resource("OperationOutcome")}}}
    operation = {
        "operationId": "fhir_next_question",
        "summary": ASKS_NEXT,
        "requestBody": {"required": True, "content": {kind: {"schema": both} for kind in FHIR_TAKEN}},
        "responses": {
            "200": {"description": "the response, its next question added", "content": {FHIR_TYPE: {"schema": both}}},
            "default": {"description": "what went wrong", **outcome},
        },
    }
    return {NEXT_QUESTION: {"post": operation}}


def _resource(*types: str) -> Json:
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"enum": [*types]}}}
