"""Searches that a request asks for: in a worker, with a limit, and no longer than somebody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.workers import BusyError, GoneError, LateError

if TYPE_CHECKING:
    from starlette.requests import Request


async def searched(request: Request, job: str, arguments: dict[str, Any], seconds: float) -> Any:
    """Return what the job finds; raise ProblemError if it does not in time, or who asked has gone."""
    try:
        return await request.app.state.workers.run(job, arguments, timeout=seconds, gone=request.is_disconnected)
    except BusyError as error:
        raise ProblemError(Problem(503, "Busy", str(error))) from None
    except LateError as error:
        raise ProblemError(Problem(504, "Not finished", f"{error}. Ask for less, or use the command line.")) from None
    except GoneError as error:
        raise ProblemError(Problem(499, "Gone", str(error))) from None
