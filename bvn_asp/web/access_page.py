"""The page on which the token of a server is typed that others can reach, and the switch of readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.web.incoming import form_of, one
from bvn_asp.web.render import page
from bvn_asp.web.security import ACCESS_COOKIE, COOKIE, LOGIN
from bvn_asp.web.session import keep_readings, readings_of

if TYPE_CHECKING:
    from starlette.requests import Request


async def ask(request: Request) -> Response:
    """Ask for the token."""
    return page(request, "login.html", wrong=False, to=_inside(request.query_params.get("to", "")))


async def enter(request: Request) -> Response:
    """Let who knows the token in."""
    form = await form_of(request)
    access, to = request.state.access, _inside(one(form, "to"))
    if not access.opened_by(one(form, "token")):
        return page(request, "login.html", status=403, wrong=True, to=to)
    response = RedirectResponse(to, 303)
    response.headers.append("Set-Cookie", f"{ACCESS_COOKIE}={access.mark}{COOKIE}")
    return response


async def switch(request: Request) -> Response:
    """Read a question otherwise for the rest of the session, or all by default again; raise ReadingError."""
    form = await form_of(request)
    back = _inside(one(form, "back") or "/policy")
    readings = {} if one(form, "reset") else readings_of(request)
    question, equals, option = one(form, "reading").partition("=")
    if equals:
        readings = request.app.state.policy.readings({**readings, question: option})
    response = RedirectResponse(back, 303)
    keep_readings(response, readings)
    return response


def _inside(path: str) -> str:
    """Return `path` if it is one of this server, the first page otherwise."""
    plain = path.isascii() and path.isprintable() and path.startswith("/") and "//" not in path and "\\" not in path
    return path if plain else "/case"


routes = [
    Route(LOGIN, ask), Route(LOGIN, enter, methods=["POST"]), Route("/readings", switch, methods=["POST"]),
]  # fmt: skip
