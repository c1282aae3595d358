"""What a browser keeps of a session: the questions that are read otherwise than by default; nothing of a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from bvn_asp.errors import ReadingError
from bvn_asp.web.security import COOKIE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_READINGS = "bvn_readings"


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
