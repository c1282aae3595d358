"""The application: every page and every part of one, behind the guard; nothing of it needs another machine."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bvn_asp.errors import BvnError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.web import (
    api,
    ask_page,
    audit_page,
    case_page,
    compare_page,
    fhir_api,
    interview_page,
    policy_page,
    reviews_page,
    sending,
)
from bvn_asp.web.access_page import routes as access_routes
from bvn_asp.web.audits import AuditRun
from bvn_asp.web.decider import Decider
from bvn_asp.web.drafts import Drafts
from bvn_asp.web.kept import Kept
from bvn_asp.web.problems import ProblemError, problem_of, problem_response
from bvn_asp.web.render import page, text
from bvn_asp.web.security import Access, Guard, TooLargeError, too_large_response
from bvn_asp.web.workers import Workers

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from bvn_asp.reviews.store import Store

_LOG = logging.getLogger("bvn_asp.web")


def application(access: Access, store: Store | None = None) -> ASGIApp:
    """Return the workbench for those whom `access` lets in; decisions are kept in `store`, if there is one."""
    pages = (case_page, interview_page, policy_page, ask_page, audit_page, compare_page, reviews_page, sending)
    routes = [
        Route("/", lambda request: RedirectResponse("/case", 303)),
        *access_routes, *api.routes, *fhir_api.routes, *(route for module in pages for route in module.routes),
        Mount("/static", StaticFiles(directory=str(files("bvn_asp.web").joinpath("static")))),
    ]  # fmt: skip
    app = Starlette(routes=routes, lifespan=_living, exception_handlers=dict.fromkeys(_HANDLED, _failed))
    app.state.policy = shipped_policy()
    app.state.drafts = Drafts()
    app.state.decider = Decider(app.state.policy)
    app.state.workers = Workers()
    app.state.audit = AuditRun()
    app.state.answers = Kept()
    app.state.store = store
    return Guard(_Failures(app), access)


@asynccontextmanager
async def _living(app: Starlette) -> AsyncIterator[None]:
    try:
        yield
    finally:
        app.state.workers.close()
        app.state.decider.close()


_HANDLED: tuple[type[Exception], ...] = (
    HTTPException, BvnError, ProblemError, TooLargeError, ClientDisconnect, Exception,
)  # fmt: skip


async def _failed(request: Request, error: Exception) -> Response:
    """Return what went wrong: to a program as problem details, to a person as a page, to a page as a part of it."""
    if isinstance(error, TooLargeError):
        return too_large_response()
    if isinstance(error, ClientDisconnect):
        # Nobody waits for it.
        return Response(status_code=204)
    problem = problem_of(error)
    if request.url.path.startswith("/api/"):
        return problem_response(problem)
    if "hx-request" in request.headers:
        # The status is what the part of the page holds, which a browser shows only of an answer that is one.
        return Response(text(request, "parts/problem.html", problem=problem), media_type="text/html")
    return page(request, "error.html", status=problem.status, problem=problem)


class _Failures:
    """Keeps what failed in us out of the log, but for its place: a message could hold something of a case."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            # What the browser gets has been sent by then.
            _note(scope.get("path", ""), error)


def _note(path: str, error: Exception) -> None:
    """Log where something failed; neither the message nor the rest of the address."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _LOG.error("%s in %s: %s", type(error).__name__, path.split("/")[1] if "/" in path else "", places)
