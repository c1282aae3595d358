"""What stands between the network and the workbench: who may ask, how much may be sent, what a browser is told.

The workbench serves one address of this machine. A request for another name, from the page of another site, too large,
or without the token of an address that others can reach, ends here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response

from bvn_asp.web.problems import Problem, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_SENT = 2_500_000
"""Most bytes of one request."""
MOST_URL = 4_000
"""Most bytes of the address of a request."""
CSRF_COOKIE, CSRF_HEADER, CSRF_FIELD = "bvn_csrf", "x-csrf-token", "csrf"
ACCESS_COOKIE = "bvn_access"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
COOKIE = "; Path=/; HttpOnly; SameSite=Strict"
LOGIN = "/login"
_POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    # Not no-referrer, with which a browser would hide from which page a form comes.
    "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}  # fmt: skip


@dataclass(frozen=True)
class Access:
    """Who may use a server: `hosts` are the names with ports it answers to, `token` what others must know, if any."""

    hosts: frozenset[str]
    token: str = ""

    @property
    def mark(self) -> str:
        """What the cookie of a browser holds that has shown the token."""
        return hashlib.sha256(f"bvn {self.token}".encode()).hexdigest()

    def shown_by(self, headers: Headers, cookies: SimpleCookie) -> bool:
        """Tell whether a request may be answered."""
        if not self.token:
            return True
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        held = cookies[ACCESS_COOKIE].value if ACCESS_COOKIE in cookies else ""
        return _same(bearer, self.token) or _same(held, self.mark)

    def opened_by(self, token: str) -> bool:
        """Tell whether `token` is the one."""
        return bool(self.token) and _same(token, self.token)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def loopback_hosts(port: int, address: str = "127.0.0.1") -> frozenset[str]:
    """Return the names under which a server at `address` is asked."""
    name = f"[{address}]" if ":" in address else address
    names = {name, "127.0.0.1", "localhost", "[::1]"} if is_loopback(address) else {name}
    return frozenset({f"{name}:{port}" for name in names} | ({*names} if port == 80 else set()))


def is_loopback(address: str) -> bool:
    """Tell whether only programs of this machine reach `address`."""
    return address.startswith("127.") or address in ("localhost", "::1")


class Guard:
    """The outermost layer of the application; it refuses what must not get further, and adds the headers to all."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookies = _cookies(headers)
        token = cookies[CSRF_COOKIE].value if CSRF_COOKIE in cookies else ""
        fresh = "" if _is_token(token) else secrets.token_urlsafe(24)
        scope.setdefault("state", {})["csrf"] = fresh or token
        scope["state"]["access"] = self.access

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
                if fresh:
                    found.append("Set-Cookie", f"{CSRF_COOKIE}={fresh}{COOKIE}")
            await send(message)

        refusal = self._refusal(scope, headers, cookies)
        if refusal is not None:
            await refusal(scope, receive, sending)
            return
        await self.app(scope, _bounded(receive), sending)

    def _refusal(self, scope: Scope, headers: Headers, cookies: SimpleCookie) -> Response | None:  # noqa: PLR0911
        """Return the answer to a request that must not get further."""
        host = headers.get("host", "").lower()
        if host not in self.access.hosts:
            return problem_response(Problem(421, "This is not the name of the workbench", "Open the address that `bvn"
                                            " serve` printed."))  # fmt: skip
        if len(scope.get("query_string", b"")) + len(scope["path"]) > MOST_URL:
            return problem_response(Problem(414, "The address is too long"))
        if scope["method"] not in SAFE_METHODS:
            if not _from_here(headers, host):
                return problem_response(Problem(403, "The request comes from another page", "Nothing was done."))
            if _is_number(headers.get("content-length")) and int(headers["content-length"]) > MOST_SENT:
                return problem_response(_too_large())
        path = scope["path"]
        if not self.access.shown_by(headers, cookies) and path != LOGIN and not path.startswith("/static/"):
            if path.startswith("/api/") or scope["method"] not in SAFE_METHODS:
                return problem_response(Problem(401, "The token of this server is needed", "Send it as `Authorization:"
                                                " Bearer TOKEN`, or open the page and type it."))  # fmt: skip
            return RedirectResponse(f"{LOGIN}?to={quote(path)}", 303)
        return None


def _from_here(headers: Headers, host: str) -> bool:
    """Tell whether a request that changes something comes from a page of this server, or from no page at all."""
    origin = headers.get("origin")
    own = origin is None or origin.lower() in (f"http://{host}", f"https://{host}")
    return own and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


class TooLargeError(Exception):
    """More was sent than a request may have."""


def _bounded(receive: Receive) -> Receive:
    """Return `receive`, which fails once too much has come."""
    left = MOST_SENT

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLargeError
        return message

    return bounded


def _too_large() -> Problem:
    return Problem(413, "Too large", f"A request may have {MOST_SENT:,} bytes.")


def too_large_response() -> Response:
    """Return the answer to a request of which too much has come."""
    return problem_response(_too_large())


def csrf_fits(expected: str, sent: Iterable[str]) -> bool:
    """Tell whether one of the tokens that a form or a header `sent` is that of the browser's cookie."""
    return any(token and _same(token, expected) for token in sent)


def _is_token(text: str) -> bool:
    return 16 <= len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text)


def _is_number(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdecimal() and len(text) < 16


def _cookies(headers: Headers) -> SimpleCookie:
    found = SimpleCookie()
    for line in headers.getlist("cookie"):
        # One that no browser sends is as good as none.
        try:
            found.load(line)
        except CookieError:
            continue
    return found
