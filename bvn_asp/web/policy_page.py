"""The page of the policy: the document's items as articles, the open questions and their switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bvn_asp.web.articles import articles, rules_of
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page, text
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request


async def show(request: Request) -> Response:
    """Show the whole policy."""
    policy = request.app.state.policy
    chosen = readings_of(request)
    read = {id: chosen.get(id, question.default) for id, question in policy.questions.items()}
    audit = request.app.state.audit
    return page(
        request, "policy.html", sections=articles(policy), questions=policy.questions.values(), read=read,
        findings=audit.by_clause(), defects=policy.text_defects, unencoded=policy.unencoded,
    )  # fmt: skip


async def rules(request: Request) -> Response:
    """Show the rules of one item."""
    policy = request.app.state.policy
    clause = policy.clauses.get(request.path_params["id"])
    found = rules_of(policy, clause) if clause is not None else ""
    if not found:
        raise ProblemError(Problem(404, "The policy has no such item"))
    if "hx-request" in request.headers:
        return HTMLResponse(text(request, "parts/rules.html", rules=found))
    return page(request, "rules.html", rules=found, clause=clause)


routes = [Route("/policy", show), Route("/policy/rules/{id}", rules)]
