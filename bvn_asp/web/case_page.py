"""The page of a case: its form, the decision beside it, and what would change that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.analysis.change.changes import KINDS
from bvn_asp.record.writing import plain_content
from bvn_asp.report.labels import group_names
from bvn_asp.web.advice import advice_of
from bvn_asp.web.casefiles import routes as file_routes
from bvn_asp.web.decided import current_values, decided, decided_unless, draft_at, read_as_case
from bvn_asp.web.edits import applied
from bvn_asp.web.fields import values_of, words_for
from bvn_asp.web.formview import View
from bvn_asp.web.incoming import case_values, form_of, one
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.reading import Read
from bvn_asp.web.render import page, text
from bvn_asp.web.searches import searched
from bvn_asp.web.sent import SENT
from bvn_asp.web.session import keep_latest, latest_of, readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.decision.decision import Decision
    from bvn_asp.web.drafts import Draft

OUTCOMES = ("approve", "partial", "deny", "pend")
"""What can be asked for, in the order of the page."""
MOST_SHOWN = 4
"""Most facts of a set that settles the case, for it to be shown."""
MOST_SETS, SECONDS = 6, 20.0
"""Most sets of changes that the page shows, and seconds that it waits for them."""


async def newest(request: Request) -> Response:
    """Begin a new case."""
    return RedirectResponse(f"/case/{request.app.state.drafts.new().name}", 303)


async def latest(request: Request) -> Response:
    """Go on with the case that this browser showed last; with a new one if there is none."""
    found = request.app.state.drafts.find(latest_of(request))
    return RedirectResponse(f"/case/{found.name}", 303) if found is not None else await newest(request)


async def show(request: Request) -> Response:
    """Show the case in work; one that is not kept any more is an empty one."""
    draft = draft_at(request)
    read, decision = await decided(request, draft.values)
    return _shown(request, draft, read, decision)


def _shown(request: Request, draft: Draft, read: Read, decision: Decision | None, /, **more: Any) -> HTMLResponse:
    groups = View(request.app.state.policy).groups(draft.values, read.by_field)
    keeps = request.app.state.store is not None
    shown = _beside(draft, read, decision, keeps=keeps)
    response = page(request, "case.html", groups=groups, hows=words_for, **{**shown, **more})
    keep_latest(response, draft.name)
    return response


def _beside(draft: Draft, read: Read, decision: Decision | None, *, keeps: bool = False) -> dict[str, Any]:
    """Return what the part beside the form shows; `oob` are the marks of fields that are mended or newly wrong."""
    wrong = read.by_field
    oob = [(path, wrong.get(path, "")) for path in sorted({*wrong, *draft.marked}) if path]
    draft.marked = frozenset(wrong)
    stated = bool(draft.values)
    bodies = [body.name for body in decision.bodies] if decision is not None else []
    return {
        "draft": draft.name, "advice": advice_of(decision) if decision is not None and stated else None,
        "problems": list(wrong.items()), "oob": oob, "whatif": None,
        "wanted": [*OUTCOMES, *bodies], "chosen": OUTCOMES[0], "keeps": keeps, "sent": SENT,
    }  # fmt: skip


async def update(request: Request) -> Response:
    """Keep what was typed, do what the button says, and show the case again: how it works without scripts."""
    form = await form_of(request)
    draft = _kept(request, case_values(form))
    action = one(form, "do")
    if action == "copy":
        copied = request.app.state.drafts.new(draft.values, copied_from=draft.name)
        return RedirectResponse(f"/compare/cases/{draft.name}/{copied.name}", 303)
    values, group = applied(draft.values, action)
    draft.values = values
    return RedirectResponse(f"/case/{draft.name}" + (f"#section-{group}" if group else ""), 303)


async def live(request: Request) -> Response:
    """Return the part beside the form, for what was typed."""
    draft = _kept(request, case_values(await form_of(request)))
    draft.turn += 1
    mine, values = draft.turn, draft.values
    found = await decided_unless(request, values, lambda: draft.turn != mine)
    if found is None:
        # More was typed while this waited, and is decided instead.
        return Response(status_code=204)
    read, decision = found
    return HTMLResponse(text(request, "parts/advice.html", **_beside(draft, read, decision)))


async def part(request: Request) -> Response:
    """Return one group of the form, changed as the button says."""
    form = await form_of(request)
    values, group = applied(case_values(form), one(form, "do"))
    draft = _kept(request, values)
    read = await read_as_case(request, draft.values)
    shown = View(request.app.state.policy).group(group or group_names()[0], draft.values, read.by_field)
    found = text(request, "parts/group.html", group=shown, draft=draft.name, hows=words_for)
    return HTMLResponse(found, headers={"HX-Trigger-After-Settle": "refresh"})


async def depends(request: Request) -> Response:
    """Return the open questions on which the decision depends."""
    values, draft = await current_values(request)
    read = await read_as_case(request, values)
    policy, chosen = request.app.state.policy, readings_of(request)
    content = _content(read)
    found = await searched(request, "readings", {"content": content, "chosen": chosen}, SECONDS)
    depending = [(policy.questions[id], found["outcomes"][id]) for id in found["depends_on"]]
    # Options under which nothing is ever approved say nothing of this case, so they come last.
    depending.sort(key=lambda item: bool(item[0].barren))
    read_as = {id: chosen.get(id, question.default) for id, question in policy.questions.items()}
    return HTMLResponse(text(request, "parts/depends.html", depends=depending, read=read_as, draft=draft.name))


async def following(request: Request) -> Response:
    """Return what to ask next."""
    values, draft = await current_values(request)
    read = await read_as_case(request, values)
    arguments = {"content": _content(read), "chosen": readings_of(request), "skipped": [], "timeout": SECONDS}
    found = await searched(request, "question", arguments, SECONDS)
    # What is few enough to be read is worth the time only then.
    _, decision = await decided(request, values, settlements=True)
    settlements = advice_of(decision).settlements if decision is not None else ()
    few = [item for item in settlements if len(item[1]) <= MOST_SHOWN]
    shown = {"next": found, "draft": draft.name, "settlements": few}
    return HTMLResponse(text(request, "parts/next.html", **shown))


async def whatif(request: Request) -> Response:
    """Show the smallest changes that reach an outcome: beside the form, or on the whole page without scripts."""
    form = await form_of(request)
    draft = draft_at(request)
    if "hx-request" in request.headers:
        draft = _kept(request, case_values(form))
    read = await read_as_case(request, draft.values)
    wanted = one(form, "wanted") or OUTCOMES[0]
    arguments = {
        "content": _content(read), "wanted": wanted, "readings": readings_of(request), "limit": MOST_SETS,
        "timeout": SECONDS,
    }  # fmt: skip
    found = (await searched(request, "whatif", arguments, SECONDS))["document"]
    draft.proposals = [item["record"] for item in found["sets"]]
    shown = {"whatif": found, "kinds": KINDS, "draft": draft.name}
    if "hx-request" in request.headers:
        return HTMLResponse(text(request, "parts/whatif.html", **shown))
    read, decision = await decided(request, draft.values)
    return _shown(request, draft, read, decision, **shown, chosen=wanted)


async def apply(request: Request) -> Response:
    """Change the case as one of the sets of changes says that were shown last."""
    form = await form_of(request)
    draft = draft_at(request)
    number = one(form, "proposal")
    if not number.isdecimal() or int(number[:4]) >= len(draft.proposals):
        raise ProblemError(Problem(409, "The case has changed since", "Look for what would change it once more."))
    kept = {name: draft.values[name] for name in ("case_id", "story") if name in draft.values}
    draft.values = values_of(draft.proposals[int(number)]) | kept
    draft.proposals = []
    return RedirectResponse(f"/case/{draft.name}", 303)


def _kept(request: Request, values: dict[str, tuple[str, ...]]) -> Draft:
    found: Draft | None = request.app.state.drafts.keep(request.path_params["draft"], values)
    if found is None:
        raise ProblemError(Problem(404, "There is no such case in work"))
    return found


def _content(read: Read) -> dict[str, Any]:
    """Return the case that was read as it is written; raise ProblemError if its mistakes leave none."""
    if read.case is None:
        raise ProblemError(Problem(422, "The case cannot be read yet", "Mend the fields that are marked."))
    return plain_content(read.case)


routes = [
    Route("/case", latest), Route("/case/new", newest), *file_routes,
    Route("/case/{draft}", show), Route("/case/{draft}", update, methods=["POST"]),
    Route("/case/{draft}/live", live, methods=["POST"]), Route("/case/{draft}/part", part, methods=["POST"]),
    Route("/case/{draft}/depends", depends, methods=["POST"]), Route("/case/{draft}/next", following, methods=["POST"]),
    Route("/case/{draft}/whatif", whatif, methods=["POST"]), Route("/case/{draft}/apply", apply, methods=["POST"]),
]  # fmt: skip
