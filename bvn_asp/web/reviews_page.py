"""The pages of reviews: decisions that were kept, signed, looked for and decided again, in one file on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.record.writing import plain_content
from bvn_asp.web.decided import decided, draft_at, without_mistakes
from bvn_asp.web.fields import values_of
from bvn_asp.web.incoming import case_values, form_of, one, texts
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page
from bvn_asp.web.sent import SENT
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.reviews.signing import Final
    from bvn_asp.reviews.store import Review, Store

MOST_LISTED = 500
"""Most reviews that the page lists, the latest first."""


def store_of(request: Request) -> Store:
    """Return the file of reviews; raise ProblemError if there is none."""
    found: Store | None = request.app.state.store
    if found is None:
        raise ProblemError(
            Problem(409, "No file of reviews", "Start the workbench with `bvn serve --keep FILE` to keep decisions.")
        )
    return found


async def show(request: Request) -> Response:
    """List what was kept."""
    return await _listed(request, "", "")


async def search(request: Request) -> Response:
    """List what was kept and fits: what is looked for is in no address."""
    form = await form_of(request)
    return await _listed(request, one(form, "text").strip(), one(form, "state"))


async def _listed(request: Request, text: str, state: str) -> Response:
    store = request.app.state.store
    every: list[Review] = [] if store is None else await asyncio.to_thread(store.reviews)
    found = [review for review in reversed(every) if _fits(review, text.lower(), state)]
    return page(
        request, "reviews.html", store=store, found=found[:MOST_LISTED], total=len(every),
        left=len(found) - MOST_LISTED,
        text=text, state=state, checked=None, replayed=None,
    )  # fmt: skip


def _fits(review: Review, text: str, state: str) -> bool:
    kept = review.kept
    if (state == "open" and review.final) or (state == "signed" and not review.final):
        return False
    said = [kept.case.name, kept.outcome.recommendation or "", kept.at, *(s.reviewer for s in review.signatures)]
    said += [s.decision for s in review.signatures]
    return not text or any(text in part.lower() for part in said)


async def keep(request: Request) -> Response:
    """Keep the decision on the case that the form holds."""
    form = await form_of(request)
    draft, store = draft_at(request), store_of(request)
    values = case_values(form)
    request.app.state.drafts.keep(draft.name, values)
    read, decision = await decided(request, values, settlements=True)
    case, readings = without_mistakes(read, "Not kept"), readings_of(request)
    assert decision is not None
    name = str(case.exact("case_id") or "")
    kept = await asyncio.to_thread(lambda: store.keep(case, decision, name, chosen=readings, given=plain_content(case)))
    return RedirectResponse(f"/reviews/{kept.number}", 303)


async def review(request: Request) -> Response:
    """Show one decision, and what a person made of it."""
    return await _shown(request)


async def _shown(request: Request, problem: str = "", sent: dict[str, Any] | None = None) -> Response:
    from bvn_asp.reviews.signing import ON_REQUEST, WITHOUT_REQUEST

    store, number = store_of(request), request.path_params["number"]
    found: Review = await asyncio.to_thread(store.review, number)
    decision = await asyncio.to_thread(store.decision, found.kept)
    criteria = [item for item in decision["criteria"] if item["part_of"] is None]
    words = WITHOUT_REQUEST if found.kept.outcome.recommendation is None else ON_REQUEST
    return page(
        request, "review.html", status=422 if problem else 200, review=found, decision=decision, criteria=criteria,
        words=words, problem=problem, sent=sent or {}, files=SENT,
    )  # fmt: skip


async def sign(request: Request) -> Response:
    """Sign a decision, or amend its signature."""
    from bvn_asp.errors import ReviewError
    from bvn_asp.reviews.signing import Final

    form = await form_of(request)
    store, number = store_of(request), request.path_params["number"]
    comments = {
        id: one(form, f"on:{id}") for id in (name.partition(":")[2] for name in form if name.startswith("on:"))
        if one(form, f"on:{id}").strip()
    }  # fmt: skip
    final = Final(one(form, "reviewer"), one(form, "decision"), texts(form, "bodies"), one(form, "comment"), comments)
    try:
        await asyncio.to_thread(_signed, store, number, final, one(form, "why"))
    except ReviewError as error:
        message = str(error).removeprefix(f"{store.database.path}: ").removeprefix(f"entry {number}: ")
        return await _shown(request, message, {"reviewer": final.reviewer, "decision": final.decision,
                                               "comment": final.comment, "why": one(form, "why")})  # fmt: skip
    return RedirectResponse(f"/reviews/{number}", 303)


def _signed(store: Store, number: int, final: Final, why: str) -> None:
    found = store.review(number)
    if found.final is None:
        store.sign(found.kept.number, final)
    else:
        store.amend(found.final.number, final, why)


async def opened(request: Request) -> Response:
    """Open the case of a review as a case in work of its own."""
    await form_of(request)
    store, number = store_of(request), request.path_params["number"]
    found = await asyncio.to_thread(store.review, number)
    content = plain_content(await asyncio.to_thread(store.case, found.kept))
    return RedirectResponse(f"/case/{request.app.state.drafts.new(values_of(content)).name}", 303)


async def check(request: Request) -> Response:
    """Look whether everything is as it was written, or decide all of it again as the policy is read now."""
    form = await form_of(request)
    store = store_of(request)
    every = list(reversed(await asyncio.to_thread(store.reviews)))
    checked = replayed = None
    if one(form, "do") == "replay":
        readings = readings_of(request)
        replayed = await request.app.state.decider.run(lambda: _again(request, store, readings))
    else:
        from bvn_asp.reviews.verification import verify

        checked = await asyncio.to_thread(verify, store)
    return page(
        request, "reviews.html", store=store, found=every[:MOST_LISTED], total=len(every),
        left=len(every) - MOST_LISTED,
        text="", state="", checked=checked, replayed=replayed,
    )  # fmt: skip


def _again(request: Request, store: Store, readings: dict[str, str]) -> list[Any]:
    from bvn_asp.reviews.replay import replay

    return list(replay(store, request.app.state.decider.engine, readings))


routes = [
    Route("/reviews", show), Route("/reviews", search, methods=["POST"]),
    Route("/reviews/check", check, methods=["POST"]), Route("/case/{draft}/keep", keep, methods=["POST"]),
    Route("/reviews/{number:int}", review), Route("/reviews/{number:int}", sign, methods=["POST"]),
    Route("/reviews/{number:int}/open", opened, methods=["POST"]),
]  # fmt: skip
