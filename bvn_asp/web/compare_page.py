"""The page of comparisons: two variants of a case, two versions or readings of the policy, and what a change does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.errors import ReadingError
from bvn_asp.record.files import read_cases
from bvn_asp.record.table import TABLE
from bvn_asp.record.writing import plain_content
from bvn_asp.web.advice import advice_of
from bvn_asp.web.decided import decided
from bvn_asp.web.fields import Values, anchor, values_of
from bvn_asp.web.incoming import file_of, form_of, one, texts
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page, text
from bvn_asp.web.searches import searched
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

SECONDS = 120.0
MOST_CASES = 500
"""Most cases of a file for which it is shown what a change does; more are for `bvn impact`."""


async def show(request: Request) -> Response:
    """Show what can be compared."""
    return page(request, "compare.html", questions=request.app.state.policy.questions.values(), found=None, moved=None)


async def policies(request: Request) -> Response:
    """Compare the policy as it is read here with another version, or with itself read otherwise."""
    form = await form_of(request)
    other, there = await _other(request, form)
    arguments = {"other": other, "here": readings_of(request), "there": there, "timeout": SECONDS - 10}
    found = await searched(request, "diff", arguments, SECONDS)
    name = request.app.state.answers.put(found)
    return _part(request, {"found": found["document"], "name": name, "moved": None})


async def impact(request: Request) -> Response:
    """Tell what another version or reading does to the cases of a file."""
    form = await form_of(request)
    name, data = await file_of(form, "cases")
    other, there = await _other(request, form)
    cases = read_cases(data, "the file", is_json=name.lower().endswith(".json"))
    if len(cases) > MOST_CASES:
        raise ProblemError(Problem(413, "Too many cases", f"At most {MOST_CASES} are compared here: use `bvn impact`."))
    contents = {id.partition("#")[2] or "the case": plain_content(case) for id, case in cases.items()}
    arguments = {"cases": contents, "other": other, "here": readings_of(request), "there": there, "timeout": SECONDS}
    moved = await searched(request, "impact", arguments, SECONDS)
    return _part(request, {"found": None, "name": "", "moved": moved})


async def _other(request: Request, form: FormData) -> tuple[str, dict[str, str]]:
    """Return the text of the policy to compare with, none for the same, and how it is read."""
    uploaded = form.get("policy")
    other = ""
    if isinstance(uploaded, UploadFile) and uploaded.filename:
        _, data = await file_of(form, "policy")
        try:
            other = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ProblemError(Problem(422, "The policy is not UTF-8 text")) from None
    there = dict(readings_of(request))
    for choice in texts(form, "reading"):
        question, equals, option = choice.partition("=")
        if equals:
            there[question] = option
    if not other and there == readings_of(request):
        raise ReadingError("nothing to compare with: choose a reading, or another policy")
    return other, there


def _part(request: Request, values: dict[str, Any]) -> Response:
    if "hx-request" in request.headers:
        return HTMLResponse(text(request, "parts/compared.html", **values))
    return page(request, "compare.html", questions=request.app.state.policy.questions.values(), **values)


async def opened(request: Request) -> Response:
    """Open the record that shows a difference as a case."""
    form = await form_of(request)
    found = request.app.state.answers.get(request.path_params["name"])
    wanted = (one(form, "of"), one(form, "direction"))
    compared = (
        [found["document"]["overall"], *found["document"]["clauses"], *found["document"]["bodies"]] if found else []
    )
    example = next((item["examples"].get(wanted[1]) for item in compared if item["id"] == wanted[0]), None)
    if example is None:
        raise ProblemError(Problem(404, "That comparison is not kept any more", "Compare again."))
    return RedirectResponse(f"/case/{request.app.state.drafts.new(values_of(example['record'])).name}", 303)


async def cases(request: Request) -> Response:
    """Show two variants of a case side by side, with what differs."""
    drafts = [request.app.state.drafts.find(request.path_params[name]) for name in ("one", "other")]
    if None in drafts:
        raise ProblemError(Problem(404, "One of the two cases is not kept any more", "Open it again."))
    sides = []
    for draft in drafts:
        _, decision = await decided(request, draft.values)
        sides.append({"draft": draft.name, "advice": advice_of(decision) if decision is not None else None})
    rows = differences(drafts[0].values, drafts[1].values)
    statuses = []
    if all(side["advice"] for side in sides):
        one_side, other_side = (side["advice"].decision for side in sides)
        pairs = zip(one_side.criteria, other_side.criteria, strict=True)
        statuses = [(one, other) for one, other in pairs if one.status != other.status]
    return page(request, "variants.html", sides=sides, rows=rows, statuses=statuses)


def differences(one: Values, other: Values) -> list[tuple[str, str, str, str]]:
    """Return the fields that two forms state otherwise: path, element, and what each states."""
    paths = dict.fromkeys(name.partition(":")[0] for name in (*one, *other))
    found = []
    for path in paths:
        if TABLE.row_at(path) is None:
            continue
        before, after = (_stated(path, values) for values in (one, other))
        if before != after:
            found.append((path, anchor(path), before, after))
    return found


def _stated(path: str, values: Values) -> str:
    """Return in words what a form states of a field."""
    parts = [" or ".join(values.get(path, ())).replace("_", " ")]
    for name, found in values.items():
        if name.startswith(f"{path}:"):
            word = name.partition(":")[2]
            parts.insert(0 if word == "how" else len(parts), f"{word.lstrip('@')}: {', '.join(found)}")
    return "; ".join(part for part in parts if part).removeprefix("how: ")


routes = [
    Route("/compare", show), Route("/compare/policies", policies, methods=["POST"]),
    Route("/compare/impact", impact, methods=["POST"]), Route("/compare/{name}/open", opened, methods=["POST"]),
    Route("/compare/cases/{one}/{other}", cases),
]  # fmt: skip
