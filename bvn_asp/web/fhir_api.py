"""The workbench for FHIR clients, under /api/fhir: the next question of an adaptive questionnaire, as SDC has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from bvn_asp.errors import BvnError, CaseError, refused
from bvn_asp.record.files import json_of
from bvn_asp.record.writing import plain_content
from bvn_asp.web.interview_page import FIRST, SECONDS
from bvn_asp.web.openapi import FHIR, FHIR_TAKEN, FHIR_TYPE, NEXT_QUESTION
from bvn_asp.web.problems import Problem, ProblemError, problem_of
from bvn_asp.web.searches import searched

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.fhir.adaptive import Asked
    from bvn_asp.fhir.text import Resource
    from bvn_asp.record.bases import Document, Path_

ASKED, ANSWERED = "questionnaire-response", "return"
"""What the operation calls what it takes and what it returns, where these are Parameters."""
NAME = "what was sent"
_CODES = {400: "structure", 413: "too-long", 415: "not-supported", 503: "throttled", 504: "timeout"}


async def next_question(request: Request) -> Response:
    """Return the response that was sent, with the next question in what it contains; or why not."""
    from bvn_asp.fhir.adaptive import asked_so_far, next_step

    if request.headers.get("content-type", "").partition(";")[0].strip() not in FHIR_TAKEN:
        return _outcome(Problem(415, f"Expected {' or '.join(FHIR_TAKEN)}"))
    try:
        sent = json_of(await request.body(), NAME)
    except CaseError as error:
        return _outcome(problem_of(error), status=400)
    try:
        path = _response_in(sent)
        so_far = asked_so_far(_part(sent, path))
        step = await _step(request, so_far)
    except CaseError as error:
        return _outcome(problem_of(error), _expressions(sent, error))
    except (BvnError, ProblemError) as error:
        return _outcome(problem_of(error))
    found = next_step(so_far, step, str(request.base_url).rstrip("/") + FHIR)
    if path:
        found = {"resourceType": "Parameters", "parameter": [{"name": ANSWERED, "resource": found}]}
    return _sent(found)


def _sent(resource: Resource, status: int = 200) -> Response:
    from bvn_asp.fhir.text import json_text

    return Response(json_text(resource), status, media_type=FHIR_TYPE)


def _response_in(sent: Document) -> Path_:
    """Return where the response is: what was sent itself, or a parameter of it; raise CaseError."""
    kind = sent.content.get("resourceType")
    if kind == "QuestionnaireResponse":
        return ()
    if kind != "Parameters":
        raise sent.wrong(("resourceType",), f"expected Parameters or QuestionnaireResponse{refused(kind or 'nothing')}")
    listed = sent.content.get("parameter")
    named = [
        number
        for number, parameter in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(parameter, dict) and parameter.get("name") == ASKED
    ]
    if len(named) != 1:
        raise sent.wrong(("parameter",), f"expected one parameter called {ASKED}, and there are {len(named)}")
    resource = sent.content["parameter"][named[0]].get("resource")
    place: Path_ = ("parameter", named[0], "resource")
    if not isinstance(resource, dict) or resource.get("resourceType") != "QuestionnaireResponse":
        raise sent.wrong(place, "expected a QuestionnaireResponse")
    return place


def _part(sent: Document, path: Path_) -> Document:
    """Return what is at `path` of what was sent as a document of its own; its places are those of the whole."""
    content: Any = sent.content
    for step in path:
        content = content[step]
    places = {place[len(path) :]: found for place, found in sent.places.items() if place[: len(path)] == path}
    return replace(sent, content=content, find_places=lambda: places)


async def _step(request: Request, so_far: Asked) -> Any:
    """Return the step of the interview that follows."""
    if not so_far.case.requested and FIRST["place"] not in so_far.skipped:
        return {"question": FIRST}
    arguments = {
        "content": plain_content(so_far.case), "chosen": {}, "skipped": sorted(so_far.skipped), "timeout": SECONDS,
    }  # fmt: skip
    return await searched(request, "question", arguments, SECONDS)


def _expressions(sent: Document, error: CaseError) -> list[str]:
    """Return for each mistake where it is, in FHIRPath: the innermost element that begins where it stands."""
    at: dict[tuple[int | None, ...], Path_] = {
        tuple(found): path for path, found in sorted(sent.places.items(), key=lambda item: len(item[0]))
    }
    paths = [at.get((problem.line, problem.column), ()) for problem in error.problems]
    return [
        str(sent.content.get("resourceType", "Resource"))
        + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
        for path in paths
    ]


def _outcome(problem: Problem, expressions: list[str] | None = None, *, status: int = 0) -> Response:
    """Return what went wrong as an OperationOutcome, an issue for each mistake."""
    status = status or problem.status
    code = _CODES.get(status, "exception" if status >= 500 else "invalid")
    texts = [_words(error) for error in problem.errors] or [". ".join(filter(None, (problem.title, problem.detail)))]
    issues: list[Resource] = [{"severity": "error", "code": code, "details": {"text": text}} for text in texts]
    for issue, expression in zip(issues, expressions or (), strict=False):
        issue["expression"] = [expression]
    return _sent({"resourceType": "OperationOutcome", "issue": issues}, status)


def _words(error: dict[str, Any]) -> str:
    line = f"line {error['line']}: " if "line" in error else ""
    path = f"{error['path']}: " if error["path"] else ""
    return f"{line}{path}{error['message']}"


routes = [Route(NEXT_QUESTION, next_question, methods=["POST"])]
