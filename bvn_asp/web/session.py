"""What a browser keeps of a session: the questions that are read otherwise than by default, and which case was shown
last; nothing of a case but the name that the server made up for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from bvn_asp.errors import ReadingError
from bvn_asp.web.security import COOKIE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_READINGS, _LATEST = "bvn_readings", "bvn_case"


def readings_of(request: Request) -> dict[str, str]:
    """Return the readings of the session, less the defaults; those that the policy does not offer are passed over."""
    policy = request.app.state.policy
    chosen: dict[str, str] = {}
    for question, option in parse_qsl(request.cookies.get(_READINGS, "")):
        try:
            chosen |= policy.readings({question: option})
        except ReadingError:
            continue
    return chosen


def keep_readings(response: Response, readings: Mapping[str, str]) -> None:
    """Have the browser keep `readings` from here on."""
    age = "" if readings else "; Max-Age=0"
    response.headers.append("Set-Cookie", f"{_READINGS}={urlencode(readings)}{COOKIE}{age}")


def latest_of(request: Request) -> str:
    """Return the name of the case in work that the browser showed last; nothing if it knows none."""
    return request.cookies.get(_LATEST, "")


def keep_latest(response: Response, draft: str) -> None:
    """Have the browser keep which case in work it shows."""
    response.headers.append("Set-Cookie", f"{_LATEST}={draft}{COOKIE}")
