"""The page of questions: queries and assertions over all records, with records and proofs for answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.record.table import TABLE
from bvn_asp.web.fields import values_of
from bvn_asp.web.incoming import form_of, one
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page, text
from bvn_asp.web.searches import searched
from bvn_asp.web.session import keep_readings, readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.analysis.query.text import QueryError
    from bvn_asp.policy.register import Policy

SECONDS, MOST_SECONDS = 20, 120
MOST_QUERY, MOST_ANSWERS, MOST_WORDS = 4_000, 20, 12
FIRST = (
    ("find", "only reason is n8"), ("find", "deny and exactly 1 criteria fail"), ("find", "pend and patient.age < 18"),
    ("find", "differs between modic_scope=same_body and modic_scope=motion_segment"),
    ("find", "partial and L4 refused"),
    ("find", "approve and body_mass_index >= 35"), ("prove", "approve => patient.age >= 18"),
    ("prove", "n8 violated => n14 violated"), ("prove", "i1 unmet => n1 violated"),
)  # fmt: skip
"""A few questions to start from."""
_PHRASES = (
    "approve", "partial", "deny", "pend", "eligible", "not eligible", "recommendation is", "eligibility is",
    "only reason is", "exactly", "at least", "at most", "criteria fail", "bodies permissible", "requested", "refused",
    "permissible", "prior ablation at", "reading", "under", "differs between", "is unknown", "includes", "and", "or",
    "not", "met", "unmet", "violated", "clear", "undetermined",
)  # fmt: skip


async def show(request: Request) -> Response:
    """Show the page, with a question to begin with if the address has one."""
    query = request.query_params.get("query", "")[:MOST_QUERY]
    return page(request, "ask.html", **_form(query, "find"), found=None)


def _form(query: str, kind: str, error: QueryError | None = None) -> dict[str, Any]:
    return {"query": query, "kind": kind, "error": error, "first": FIRST, "assertions": _assertions(), "name": ""}


@cache
def _assertions() -> list[tuple[str, str]]:
    """Return the assertions that come with the package, by name."""
    # The server starts without it.
    from bvn_asp.analysis.query.assertions import SHIPPED

    lines = [line.split("#")[0].strip() for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    return [(name, said.strip()) for name, sign, said in (line.partition(": ") for line in lines if line) if sign]


async def ask(request: Request) -> Response:
    """Answer a question."""
    form = await form_of(request)
    query, kind = one(form, "query").strip(), one(form, "kind")
    if kind not in ("find", "prove") or not query or len(query) > MOST_QUERY:
        raise ProblemError(Problem(400, "Ask something", f"A question has at most {MOST_QUERY:,} characters."))
    seconds = _number(one(form, "seconds"), SECONDS, MOST_SECONDS)
    arguments = {
        "query" if kind == "find" else "assertion": query, "readings": readings_of(request),
        "limit": _number(one(form, "limit"), 3, MOST_ANSWERS), "timeout": float(seconds),
        "confirm": bool(one(form, "confirm")),
    }  # fmt: skip
    from bvn_asp.analysis.query.text import QueryError

    try:
        found = await searched(request, kind, arguments, seconds)
    except QueryError as error:
        return _answered(request, {**_form(query, kind, error), "found": None})
    name = request.app.state.answers.put(found)
    return _answered(request, {**_form(query, kind), "found": found, "name": name})


def _answered(request: Request, values: dict[str, Any]) -> Response:
    if "hx-request" in request.headers:
        return HTMLResponse(text(request, "parts/answers.html", **values))
    return page(request, "ask.html", **values)


def _number(text: str, usual: int, most: int) -> int:
    return min(max(int(text[:6]), 1), most) if text.isascii() and text.isdecimal() else usual


async def words(request: Request) -> Response:
    """Return the words that can stand where the question ends."""
    form = await form_of(request)
    query = one(form, "query")[:MOST_QUERY]
    last = query.rsplit(None, 1)[-1] if query and not query[-1].isspace() else ""
    known = _words(request.app.state.policy)
    found = [word for word in known if last and word.lower().startswith(last.lower()) and word != last]
    found += [word for word in known if len(last) > 2 and last.lower() in word.lower() and word not in found]
    return HTMLResponse(text(request, "parts/words.html", words=found[:MOST_WORDS], last=last))


@cache
def _words_of(ids: tuple[str, ...], questions: tuple[str, ...]) -> tuple[str, ...]:
    fields = [row.path.replace("[]", "") for row in TABLE.fields if row.decides]
    return (*_PHRASES, *ids, *fields, *questions)


def _words(policy: Policy) -> tuple[str, ...]:
    criteria = tuple(c.id for c in policy.clauses.values() if c.kind in ("indication", "non_indication"))
    options = tuple(f"{id}={option}" for id, question in policy.questions.items() for option in question.options)
    return _words_of(criteria, options)


async def opened(request: Request) -> Response:
    """Open a record of an answer as a case, read as the answer reads the policy."""
    form = await form_of(request)
    found = request.app.state.answers.get(request.path_params["name"])
    number = one(form, "answer")
    answers = found["answers"] if found else []
    if not number.isdecimal() or int(number[:6]) >= len(answers):
        raise ProblemError(Problem(404, "That answer is not kept any more", "Ask again."))
    answer = answers[int(number)]
    draft = request.app.state.drafts.new(values_of(answer["record"]))
    response = RedirectResponse(f"/case/{draft.name}", 303)
    if any(answer["runs"]):
        keep_readings(response, request.app.state.policy.readings({**readings_of(request), **answer["runs"][0]}))
    return response


async def certificate(request: Request) -> Response:
    """Return what a proof refutes, as a file for any solver."""
    found = request.app.state.answers.get(request.path_params["name"])
    if not found or not found["certificate"]:
        raise ProblemError(Problem(404, "There is no such certificate any more", "Ask again."))
    headers = {"Content-Disposition": 'attachment; filename="refuted.cnf"'}
    return Response(found["certificate"], media_type="text/plain; charset=utf-8", headers=headers)


routes = [
    Route("/ask", show), Route("/ask", ask, methods=["POST"]), Route("/ask/words", words, methods=["POST"]),
    Route("/ask/{name}/open", opened, methods=["POST"]), Route("/ask/{name}/certificate", certificate),
]  # fmt: skip
