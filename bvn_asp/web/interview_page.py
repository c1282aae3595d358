"""The page of an interview: one question at a time, until nothing can change the answer any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.record.writing import plain_content
from bvn_asp.web.advice import advice_of
from bvn_asp.web.decided import decided, draft_at
from bvn_asp.web.drafts import Asked
from bvn_asp.web.edits import applied
from bvn_asp.web.fields import Values, words_for
from bvn_asp.web.formview import View
from bvn_asp.web.incoming import case_values, form_of, one, texts
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page
from bvn_asp.web.searches import searched
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.web.drafts import Draft

SECONDS = 20.0
FIRST = {
    "place": "request.bodies", "words": "what is requested", "ask": "ordering physician",
    "fields": ["request.bodies", "request.date"], "facts": [],
}  # fmt: skip
"""The question before all others: without a request there is nothing to recommend."""


async def begin(request: Request) -> Response:
    """Begin an interview about a new case."""
    return RedirectResponse(f"/interview/{request.app.state.drafts.new().name}", 303)


async def show(request: Request) -> Response:
    """Ask the next question."""
    draft = draft_at(request)
    return await _asked(request, draft, {})


async def _asked(request: Request, draft: Draft, errors: dict[str, str], typed: Values | None = None) -> Response:
    read, decision = await decided(request, draft.values)
    if read.case is None or decision is None:
        raise ProblemError(Problem(422, "The case cannot be read", "Mend it on its own page first."))
    step: dict[str, Any]
    if not read.case.requested and not any(asked.place == FIRST["place"] for asked in draft.asked):
        step = {"question": FIRST, "settled": False, "at_least": 1, "at_most": 0, "exact": False, "open": []}
    else:
        arguments = {
            "content": plain_content(read.case), "chosen": readings_of(request),
            "skipped": [asked.place for asked in draft.asked], "timeout": SECONDS,
        }  # fmt: skip
        step = await searched(request, "question", arguments, SECONDS)
    items: list[Any] = []
    if step["question"]:
        items = View(request.app.state.policy).items(step["question"]["fields"], typed or draft.values, errors)
    return page(
        request, "interview.html", step=step, items=items, draft=draft.name, hows=words_for, advice=advice_of(decision),
        asked=draft.asked,
    )  # fmt: skip


async def answer(request: Request) -> Response:
    """Keep the answer and go on; or pass the question over, or go back."""
    form = await form_of(request)
    draft, action = draft_at(request), one(form, "do")
    if action == "back":
        if draft.asked:
            draft.values = dict(draft.asked.pop().before)
        return RedirectResponse(f"/interview/{draft.name}", 303)
    place, words, fields = one(form, "place"), one(form, "words"), texts(form, "field")
    values = _merged(draft.values, case_values(form), fields)
    if action.startswith(("add:", "remove:")):
        draft.values, _ = applied(values, action)
        return RedirectResponse(f"/interview/{draft.name}", 303)
    if action == "skip":
        draft.asked.append(Asked(place, words, dict(draft.values), answered=False))
        return RedirectResponse(f"/interview/{draft.name}", 303)
    if values == draft.values and not _says(values, fields):
        return await _asked(request, draft, dict.fromkeys(fields[:1], "choose an answer, or pass the question over"))
    read, _ = await decided(request, values)
    if read.problems:
        return await _asked(request, draft, read.by_field, values)
    draft.asked.append(Asked(place, words, dict(draft.values), answered=True))
    draft.values = values
    return RedirectResponse(f"/interview/{draft.name}", 303)


def _merged(values: Values, sent: Values, fields: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return `values` with what was sent of the fields that were asked for, and only of them."""
    kept = {name: texts for name, texts in values.items() if not _belongs(name, fields)}
    return kept | {name: texts for name, texts in sent.items() if _belongs(name, fields)}


def _says(values: Values, fields: tuple[str, ...]) -> bool:
    return any(_belongs(name, fields) for name in values)


def _belongs(name: str, fields: tuple[str, ...]) -> bool:
    return any(name == field or name.startswith((f"{field}:", f"{field}[")) for field in fields)


routes = [
    Route("/interview", begin), Route("/interview/{draft}", show),
    Route("/interview/{draft}", answer, methods=["POST"]),
]  # fmt: skip
