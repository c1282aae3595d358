"""Cases from files and into files: opened, begun from a record of the package, saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.record.bases import SHIPPED
from bvn_asp.record.files import load_case, read_cases
from bvn_asp.record.writing import json_text, plain_content, yaml_text
from bvn_asp.web.decided import case_sent
from bvn_asp.web.fields import values_of
from bvn_asp.web.incoming import file_of, form_of, one
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.record.case import Case

_UPLOAD = "the file"
"""What an opened file is called in messages: its own name may say who the patient is."""


def samples() -> list[str]:
    """Return the names of the records of the package to begin with."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


async def choose(request: Request) -> Response:
    """Show what a case can be begun with."""
    return page(request, "open.html", said=(), choices=[], samples=samples())


async def opened(request: Request) -> Response:
    """Open a file; of several cases each is a case in work of its own."""
    from bvn_asp.fhir.opening import opened as resource

    name, data = await file_of(await form_of(request), "file")
    stated = resource(data, _UPLOAD) if name.lower().endswith(".json") else None
    if stated is not None:
        draft = _begun(request, stated.case)
        if not stated.said:
            return RedirectResponse(f"/case/{draft}", 303)
        return page(request, "open.html", said=stated.said, draft=draft, choices=[], samples=samples())
    cases = read_cases(data, _UPLOAD, is_json=name.lower().endswith(".json"))
    drafts = [(_begun(request, case), id.partition("#")[2]) for id, case in list(cases.items())[:MOST_OPENED]]
    if len(drafts) == 1:
        return RedirectResponse(f"/case/{drafts[0][0]}", 303)
    return page(request, "open.html", said=(), choices=drafts, samples=samples())


MOST_OPENED = 100
"""Most cases of one file that are opened."""


async def begun(request: Request) -> Response:
    """Begin with a record of the package."""
    name = one(await form_of(request), "name")
    if name not in samples():
        raise ProblemError(Problem(404, "There is no such record"))
    return RedirectResponse(f"/case/{_begun(request, load_case(SHIPPED / f'{name}.yaml'))}", 303)


def _begun(request: Request, case: Case) -> str:
    return str(request.app.state.drafts.new(values_of(plain_content(case))).name)


async def saved(request: Request) -> Response:
    """Return the case that the form holds as a file; its name says nothing of it."""
    case = await case_sent(request, "Not saved")
    form = request.path_params["form"]
    if form not in ("yaml", "json"):
        raise ProblemError(Problem(404, "A case is saved as yaml or json"))
    content = plain_content(case)
    text = yaml_text(content) if form == "yaml" else json_text(content)
    kind = "application/yaml" if form == "yaml" else "application/json"
    return Response(text, media_type=kind, headers={"Content-Disposition": f'attachment; filename="case.{form}"'})


routes = [
    Route("/case/open", choose), Route("/case/open", opened, methods=["POST"]),
    Route("/case/sample", begun, methods=["POST"]),
    Route("/case/{draft}/save/{form}", saved, methods=["POST"]),
]  # fmt: skip
