"""What went wrong, as problem details (RFC 9457) for programs and as a page for people; never with text of a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from bvn_asp.errors import BvnError, CaseError

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One answer that says no: its status, what is wrong in few words, what to do, and the fields to blame."""

    status: int
    title: str
    detail: str = ""
    errors: tuple[dict[str, Any], ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return it as problem details."""
        found: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status}
        if self.detail:
            found["detail"] = self.detail
        if self.errors:
            found["errors"] = list(self.errors)
        return found


class ProblemError(Exception):
    """Ends the handling of a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def problem_response(problem: Problem) -> Response:
    """Return `problem` as problem details."""
    return JSONResponse(problem.document(), problem.status, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return what to say of `error`; of one that is nobody's fault but ours, nothing of what it holds."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, CaseError):
        errors = tuple(
            {"path": problem.path, "message": problem.message, **({"line": problem.line} if problem.line else {})}
            for problem in error.problems
        )
        return Problem(422, "The case cannot be read", "Each of `errors` names a field and says what it takes.", errors)
    if isinstance(error, BvnError):
        return Problem(422, "That cannot be done", str(error))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return Problem(status, status.phrase, status.description if error.detail == status.phrase else error.detail)
    return Problem(500, "Something went wrong in the workbench", "What you did is still on the page. Try again; if it"
                   " happens again, please report it.")  # fmt: skip
