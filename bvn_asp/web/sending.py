"""What is sent of a case, in work or signed: its report, the fitting letter, and the worksheet, as files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from bvn_asp.record.writing import plain_content
from bvn_asp.web.decided import case_sent
from bvn_asp.web.incoming import form_of
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.reviews_page import store_of
from bvn_asp.web.searches import searched
from bvn_asp.web.sent import SENT, TYPES
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.policy.register import Policy
    from bvn_asp.reviews.store import Review

_SECONDS = 30.0


async def sent(request: Request) -> Response:
    """Return a file about the case that the form holds; its name says nothing of it."""
    case = await case_sent(request, "Not written")
    return await _file(request, {"content": plain_content(case), "readings": readings_of(request)})


async def sent_of_review(request: Request) -> Response:
    """Return a file about a decision that was kept, read as it was then; a letter only of what was signed."""
    await form_of(request)
    store, number = store_of(request), request.path_params["number"]
    found = await asyncio.to_thread(store.review, number)
    _check(found, request.app.state.policy, letter=request.path_params["what"] == "letter")
    content = plain_content(await asyncio.to_thread(store.case, found.kept))
    content.setdefault("case_id", found.kept.case.name)
    arguments = {
        "content": content, "readings": dict(found.kept.readings), "assume_absent": found.kept.assume_absent,
    }  # fmt: skip
    return await _file(request, arguments)


def _check(review: Review, policy: Policy, *, letter: bool) -> None:
    """Raise ProblemError if what would be written is not what was decided, or not what was signed."""
    kept, final = review.kept, review.final
    if kept.policy.sha256 != policy.sha256:
        raise ProblemError(
            Problem(409, "It was decided by another version of the policy", "Open its case in work, and decide again.")
        )
    if letter and final is None:
        raise ProblemError(Problem(409, "It is not signed", "A letter tells what was decided: sign it first."))
    if letter and final and not _as_recommended(review):
        said = f"The draft would say {kept.outcome.recommendation or 'nothing'}, and {final.decision} was signed."
        remedy = "Mend the case that it rests on, or write this letter by hand."
        raise ProblemError(Problem(409, "It was signed otherwise than recommended", f"{said} {remedy}"))


def _as_recommended(review: Review) -> bool:
    outcome, final = review.kept.outcome, review.final
    if final is None or final.decision != outcome.recommendation:
        return False
    return final.decision not in ("approve", "partial") or set(final.bodies) == set(outcome.granted)


async def _file(request: Request, arguments: dict[str, Any]) -> Response:
    what, form = request.path_params["what"], request.path_params["form"]
    if form not in SENT.get(what, {}):
        raise ProblemError(Problem(404, "There is no such file of a case"))
    written = await searched(request, "written", {**arguments, "what": what, "form": form}, _SECONDS)
    disposition = f'attachment; filename="{what}.{form}"'
    return Response(written, media_type=TYPES[form], headers={"Content-Disposition": disposition})


routes = [
    Route("/case/{draft}/send/{what}/{form}", sent, methods=["POST"]),
    Route("/reviews/{number:int}/send/{what}/{form}", sent_of_review, methods=["POST"]),
]
