"""What is sent of a case: its report, the letter that fits the recommendation, and the worksheet, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from bvn_asp.record.writing import plain_content
from bvn_asp.web.decided import case_sent
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.searches import searched
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

SENT = {
    "report": {"html": "Report, to read and print", "docx": "Report for Word"},
    "letter": {"docx": "Draft of the letter, for Word", "html": "Draft of the letter, to read"},
    "worksheet": {"xlsx": "Worksheet for an auditor"},
}
"""What can be had of a case, in which formats, and what each is called."""
_TYPES = {
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SECONDS = 30.0


async def sent(request: Request) -> Response:
    """Return a file about the case that the form holds; its name says nothing of it."""
    what, form = request.path_params["what"], request.path_params["form"]
    if form not in SENT.get(what, {}):
        raise ProblemError(Problem(404, "There is no such file of a case"))
    case = await case_sent(request, "Not written")
    arguments = {"content": plain_content(case), "what": what, "form": form, "readings": readings_of(request)}
    written = await searched(request, "written", arguments, _SECONDS)
    disposition = f'attachment; filename="{what}.{form}"'
    return Response(written, media_type=_TYPES[form], headers={"Content-Disposition": disposition})


routes = [Route("/case/{draft}/send/{what}/{form}", sent, methods=["POST"])]
