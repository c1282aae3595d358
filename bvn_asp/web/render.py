"""Pages and parts of pages, filled by Jinja: everything is escaped, and a name that is not there is an error."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.responses import HTMLResponse

from bvn_asp import __version__
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.safe import safe_lines
from bvn_asp.web.advice import ordered, place_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request

    from bvn_asp.decision.nodes import Node

MOST_STEPS = 512
"""Most explanations of a criterion or body that are kept as they were shown: those of a few cases in work."""
PAGES = (
    ("/case", "Case"), ("/interview", "Interview"), ("/policy", "Policy"), ("/ask", "Ask"), ("/audit", "Audit"),
    ("/compare", "Compare"), ("/reviews", "Reviews"),
)  # fmt: skip
"""The pages by address, in the order of the navigation."""


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return the page that `template` makes of `values`."""
    return HTMLResponse(text(request, template, **values), status)


def text(request: Request, template: str, **values: Any) -> str:
    """Return the text that `template` makes of `values`."""
    from bvn_asp.web.session import readings_of

    state = request.scope.get("state", {})
    shared = {
        "csrf": state.get("csrf", ""), "readings": readings_of(request), "pages": PAGES, "notice": NOTICE,
        "here": request.url.path, "version": __version__, "policy": request.app.state.policy,
    }  # fmt: skip
    return _environment().get_template(template).render({**shared, **values})


@lru_cache(maxsize=MOST_STEPS)
def why(steps: tuple[Node, ...]) -> Markup:
    """Return steps of an explanation as nested lists; while somebody types, most of them stay as they are."""
    return Markup(_environment().get_template("parts/why.html").render(steps=steps))


@lru_cache(maxsize=MOST_STEPS)
def checked(id: str, label: str, citation: str, status: str, steps: tuple[Node, ...]) -> Markup:
    """Return one criterion of the checklist, with why it is so unfolding below it; kept as `why` is."""
    values = {"id": id, "label": label, "citation": citation, "status": status, "steps": steps}
    return Markup(_environment().get_template("parts/criterion.html").render(values))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from bvn_asp.web.fields import anchor

    made = Environment(
        loader=PackageLoader("bvn_asp.web", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_printed,
    )  # fmt: skip
    made.filters["anchor"] = anchor
    made.filters["words"] = lambda value: str(value).replace("_", " ")
    made.globals |= {"mark": MARKS.get, "why": why, "checked": checked, "ordered": ordered, "place": place_of}
    return made


MARKS = {
    "met": "✓", "clear": "✓", "permissible": "✓", "eligible": "✓", "approve": "✓", "proved": "✓", "true": "✓",
    "unmet": "✕", "violated": "✕", "refused": "✕", "not_eligible": "✕", "deny": "✕", "false": "✕",
    "undetermined": "?", "pend": "?", "partial": "◐", "undecided": "?",
}  # fmt: skip
"""The sign of a status, which says without colour what a colour says."""


def _printed(value: Any) -> Any:
    """Return what is printed of a value: nothing that would reorder or hide what stands around it."""
    return value if hasattr(value, "__html__") else safe_lines(str(value))
