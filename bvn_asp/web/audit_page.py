"""The page of the audit: three sentences, the findings, and the certificate of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bvn_asp.web.fields import values_of
from bvn_asp.web.incoming import form_of, one
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.render import page, text
from bvn_asp.web.session import keep_readings

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.policy.register import Policy


async def show(request: Request) -> Response:
    """Show the audit, or how far it is."""
    return page(request, "audit.html", **_content(request))


def _content(request: Request) -> dict[str, Any]:
    # The server starts without it.
    from bvn_asp.analysis.audit.finding import SEVERITIES
    from bvn_asp.analysis.audit.kinds import KINDS

    audit = request.app.state.audit
    findings = list(enumerate(audit.result["document"]["findings"], 1)) if audit.result else []
    groups = [
        (severity, meaning, [(number, item) for number, item in findings if item["severity"] == severity])
        for severity, meaning in SEVERITIES.items()
    ]
    policy = request.app.state.policy
    return {
        "audit": audit, "groups": [group for group in groups if group[2]], "kinds": KINDS,
        "plain": lambda text: in_words(policy, text),
    }  # fmt: skip


def in_words(policy: Policy, text: str) -> str:
    """Return `text` with readings in words, where it names them as question=option."""

    def said(found: re.Match[str]) -> str:
        question = policy.questions.get(found[1])
        meaning = question.options.get(found[2]) if question is not None else None
        return f"\u201c{meaning}\u201d" if meaning else found[0]

    return re.sub(r"\b([a-z_0-9]+)=([a-z_0-9]+)\b", said, text)


async def act(request: Request) -> Response:
    """Begin or stop the audit."""
    form = await form_of(request)
    audit = request.app.state.audit
    if one(form, "do") == "stop":
        audit.stop()
    else:
        audit.begin(request.app.state.workers)
    return RedirectResponse("/audit", 303)


async def progress(request: Request) -> Response:
    """Return how far the audit is; once it is over, have the page loaded anew."""
    audit = request.app.state.audit
    headers = {} if audit.running else {"HX-Refresh": "true"}
    return HTMLResponse(text(request, "parts/progress.html", audit=audit), headers=headers)


async def certificate(request: Request) -> Response:
    """Return a certificate as a file."""
    audit, name = request.app.state.audit, request.path_params["name"]
    found = audit.result["certificates"].get(name) if audit.result else None
    if found is None:
        raise ProblemError(Problem(404, "There is no such certificate", "Run the audit first."))
    return Response(
        found, media_type="text/plain; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def opened(request: Request) -> Response:
    """Open a record that shows a finding as a case, read as the finding reads the policy."""
    form = await form_of(request)
    audit = request.app.state.audit
    try:
        findings = audit.result["document"]["findings"] if audit.result else []
        witness = findings[int(one(form, "finding")) - 1]["witnesses"][int(one(form, "witness"))]
    except (ValueError, IndexError):
        raise ProblemError(Problem(404, "There is no such record", "Run the audit first.")) from None
    draft = request.app.state.drafts.new(values_of(witness["case"]))
    response = RedirectResponse(f"/case/{draft.name}", 303)
    keep_readings(response, request.app.state.policy.readings(witness["readings"]))
    return response


routes = [
    Route("/audit", show), Route("/audit", act, methods=["POST"]), Route("/audit/progress", progress),
    Route("/audit/open", opened, methods=["POST"]), Route("/audit/certificates/{name}", certificate),
]  # fmt: skip
