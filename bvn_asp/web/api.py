"""The workbench for programs: the same answers as JSON under /api, described in OpenAPI, errors as problem details."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bvn_asp.decision.decision import NOTICE
from bvn_asp.errors import BvnError
from bvn_asp.record.files import read_content
from bvn_asp.report.document import document
from bvn_asp.report.readings import question_document
from bvn_asp.report.schema import DecisionDocument
from bvn_asp.report.schemas import FindDocument, VerdictDocument, WhatIfDocument
from bvn_asp.web import api_models as models
from bvn_asp.web.openapi import ASKS_NEXT, NEXT_QUESTION, description
from bvn_asp.web.problems import Problem, ProblemError, problem_of
from bvn_asp.web.render import page
from bvn_asp.web.searches import searched

if TYPE_CHECKING:
    from starlette.requests import Request

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One thing that programs can ask: its name in the address, what is sent and what comes back."""

    name: str
    summary: str
    sent: type[BaseModel]
    returned: Any
    act: Callable[[Request, Any], Awaitable[Any]]


async def _decide(request: Request, asked: models.DecideRequest) -> Any:
    case, decider = read_content(_plain(asked.case)), request.app.state.decider
    return await decider.run(
        lambda: document(decider.engine.decide(case, asked.readings, assume_absent=asked.assume_absent))
    )


async def _batch(request: Request, asked: models.BatchRequest) -> Any:
    decider, counts = request.app.state.decider, Counter[str]()
    items: list[Json] = []
    for content in asked.cases:
        try:
            decision = await decider.decide(read_content(_plain(content)), asked.readings)
        except BvnError as error:
            items.append({"problem": problem_of(error).document()})
            counts["not decided"] += 1
        else:
            items.append({"decision": dict(document(decision))})
            counts[decision.recommendation or "no request"] += 1
    return {"notice": NOTICE, "counts": dict(counts), "items": items}


async def _readings(request: Request, asked: models.ReadingsRequest) -> Any:
    arguments = {"content": _checked(asked.case), "chosen": asked.readings}
    return await searched(request, "readings", arguments, models.MOST_SECONDS)


async def _next(request: Request, asked: models.NextQuestionRequest) -> Any:
    arguments = {
        "content": _checked(asked.case), "chosen": asked.readings, "skipped": asked.skipped, "timeout": asked.timeout,
    }  # fmt: skip
    return await searched(request, "question", arguments, asked.timeout)


async def _whatif(request: Request, asked: models.WhatIfRequest) -> Any:
    arguments = {**asked.model_dump(exclude={"case"}), "content": _checked(asked.case)}
    return (await searched(request, "whatif", arguments, asked.timeout))["document"]


async def _find(request: Request, asked: models.FindRequest) -> Any:
    found = await searched(request, "find", asked.model_dump(), asked.timeout)
    return {**found["document"], "certificate": found["certificate"]}


async def _prove(request: Request, asked: models.ProveRequest) -> Any:
    found = await searched(request, "prove", asked.model_dump(), asked.timeout)
    return {**found["document"], "certificate": found["certificate"]}


OPERATIONS = (
    Operation("decide", "Decide a case and say why", models.DecideRequest, DecisionDocument, _decide),
    Operation("batch", "Decide a few cases", models.BatchRequest, models.BatchAnswer, _batch),
    Operation(
        "readings", "On which open questions a case depends", models.ReadingsRequest, models.Depending, _readings
    ),
    Operation("next-question", "What to ask next", models.NextQuestionRequest, models.NextQuestion, _next),
    Operation("whatif", "The smallest changes that reach an outcome", models.WhatIfRequest, WhatIfDocument, _whatif),
    Operation("find", "Records that fit a query, or a proof of none", models.FindRequest, FindDocument, _find),
    Operation("prove", "Whether an assertion holds of every record", models.ProveRequest, VerdictDocument, _prove),
)


def _route(operation: Operation) -> Route:
    async def answer(request: Request) -> Response:
        asked = operation.sent.model_validate(await _content(request))
        return JSONResponse(await operation.act(request, asked))

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except ValidationError as error:
            raise ProblemError(_invalid(error)) from None

    return Route(f"/api/{operation.name}", guarded, methods=["POST"])


async def _content(request: Request) -> Any:
    """Return the JSON that was sent, its numbers exact; raise ProblemError if it is none."""
    # A page of another site can send no such content without being asked first whether it may.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ProblemError(Problem(415, "Expected JSON", "Send it as application/json."))
    try:
        return json.loads(
            (await request.body()).decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise ProblemError(Problem(400, "Not JSON", str(error) if isinstance(error, _RepeatedError) else "")) from None


class _RepeatedError(ValueError):
    """A field is given twice."""


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedError("a field is given twice in one object")
    return found


def _no_number(_: str) -> Any:
    raise ValueError


def _plain(content: Json) -> Json:
    """Return `content` with its decimal numbers as text, which a case reads exactly."""
    found: Json = json.loads(json.dumps(content, default=str))
    return found


def _checked(content: Json) -> Json:
    """Return the case that `content` states as a worker gets it; raise CaseError."""
    return read_content(_plain(content)).model_dump(mode="json", exclude_unset=True)


def _invalid(error: ValidationError) -> Problem:
    errors = tuple(
        {"path": ".".join(map(str, detail["loc"])), "message": detail["msg"]}
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return Problem(422, "Not what is expected here", "Each of `errors` names a field and says what it takes.", errors)


async def _questions(request: Request) -> Response:
    questions = [question_document(question) for question in request.app.state.policy.questions.values()]
    return JSONResponse(models.ReadingsList(questions=questions).model_dump())


async def _openapi(request: Request) -> Response:
    return JSONResponse(description(OPERATIONS))


async def _page(request: Request) -> Response:
    """Show what programs can ask."""
    return page(
        request, "api.html", operations=OPERATIONS, request_host=request.headers["host"], next_question=NEXT_QUESTION,
        asks_next=ASKS_NEXT,
    )  # fmt: skip


routes = [
    Route("/api", _page), Route("/api/openapi.json", _openapi), Route("/api/readings", _questions),
    *map(_route, OPERATIONS),
]  # fmt: skip
