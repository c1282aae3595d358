"""The case in work that a request is about, as it is read and decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bvn_asp.web.incoming import case_values, form_of
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.reading import Read, read_form
from bvn_asp.web.session import readings_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from bvn_asp.decision.decision import Decision
    from bvn_asp.record.case import Case
    from bvn_asp.web.drafts import Draft
    from bvn_asp.web.fields import Values


def draft_at(request: Request) -> Draft:
    """Return the case in work that the address names; an empty one under its name if it is not kept any more."""
    drafts, name = request.app.state.drafts, request.path_params["draft"]
    found: Draft | None = drafts.find(name) or drafts.keep(name, {})
    if found is None:
        raise ProblemError(Problem(404, "There is no such case in work"))
    return found


async def current_values(request: Request) -> tuple[Values, Draft]:
    """Return what the form that was sent holds; nothing sent but its token, what is kept of it."""
    values = case_values(await form_of(request))
    draft = draft_at(request)
    return values or draft.values, draft


async def read_as_case(request: Request, values: Values) -> Read:
    """Return the case that `values` state."""
    found: Read = await request.app.state.decider.run(lambda: read_form(values))
    return found


async def case_sent(request: Request, refused: str) -> Case:
    """Keep what the form that was sent holds and return its case; raise ProblemError, `refused`, for any mistake."""
    values = case_values(await form_of(request))
    request.app.state.drafts.keep(request.path_params["draft"], values)
    return without_mistakes(await read_as_case(request, values), refused)


def without_mistakes(read: Read, refused: str) -> Case:
    """Return the case that was read; raise ProblemError, `refused`, if anything of it could not be read."""
    if read.problems or read.case is None:
        errors = tuple({"path": path, "message": message} for path, message in read.by_field.items())
        raise ProblemError(Problem(422, f"{refused}: some fields cannot be read", "Mend them first.", errors))
    return read.case


async def decided(request: Request, values: Values, *, settlements: bool = False) -> tuple[Read, Decision | None]:
    """Return the case that `values` state, and the decision on it under the readings of the session.

    What few facts would settle it is worked out only if asked for.
    """
    found = await decided_unless(request, values, lambda: False, settlements=settlements)
    assert found is not None
    return found


async def decided_unless(
    request: Request, values: Values, needless: Callable[[], bool], *, settlements: bool = False
) -> tuple[Read, Decision | None] | None:
    """Return what `decided` does, or None if it is `needless` by the time that its turn has come."""
    readings = readings_of(request)
    decider = request.app.state.decider

    def act() -> tuple[Read, Decision | None] | None:
        if needless():
            return None
        read = read_form(values)
        if read.case is None:
            return read, None
        return read, decider.engine.decide(read.case, readings, settlements=settlements)

    found: tuple[Read, Decision | None] | None = await decider.run(act)
    return found
