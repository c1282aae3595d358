"""What a person decides on a kept decision, and whether it fits that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bvn_asp.errors import ReviewError
from bvn_asp.reviews.documents import writable

if TYPE_CHECKING:
    from bvn_asp.reviews.documents import Kept

ON_REQUEST = ("approve", "partial", "deny", "pend")
"""Final decisions on a request; to pend is to ask for what is missing."""
WITHOUT_REQUEST = ("eligible", "not_eligible", "undetermined")
"""Final decisions where nothing was requested."""
MOST_NAME = 200
MOST_TEXT = 20_000


@dataclass(frozen=True)
class Final:
    """What `reviewer` decides, for which `bodies`, with a comment on the whole and some by criterion or body.

    Without `bodies`, an approval is for all that were requested. A decision other than the recommended one needs a
    comment.
    """

    reviewer: str
    decision: str
    bodies: Sequence[str] = ()
    comment: str = ""
    comments: Mapping[str, str] = field(default_factory=dict)


class Form(BaseModel):
    """What a person decides as a JSON file says it, field by field as in a signature."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reviewer: str = ""
    decision: str = ""
    bodies: tuple[str, ...] = ()
    comment: str = ""
    comments: dict[str, str] = {}
    why: str = ""


def read_form(text: bytes) -> Form:
    """Return what a JSON file says that a person decides; raise ReviewError, naming the fields that are wrong."""
    try:
        return Form.model_validate_json(text)
    except ValidationError as error:
        wrong = {".".join(map(str, detail["loc"])) or "not JSON" for detail in error.errors(include_input=False)}
        raise ReviewError(
            f"the file that says what is decided is wrong at: {', '.join(sorted(wrong))}; "
            f"fields: {', '.join(Form.model_fields)}"
        ) from None


def checked(final: Final, kept: Kept, decided: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a signature that say `final`; raise ValueError if it does not fit what was decided."""
    reviewer, comment = writable(final.reviewer.strip()), writable(final.comment.strip())
    if not reviewer:
        raise ValueError("a reviewer signs by name")
    if len(reviewer) > MOST_NAME or not reviewer.isprintable():
        raise ValueError(f"the name of a reviewer is one line of at most {MOST_NAME} characters")
    words = WITHOUT_REQUEST if kept.outcome.recommendation is None else ON_REQUEST
    if final.decision not in words:
        what = "nothing was requested" if words is WITHOUT_REQUEST else "a final decision on a request"
        raise ValueError(f"{what}: expected one of {', '.join(words)}, not {final.decision!r}")
    bodies = _bodies(final, kept)
    comments = {id: writable(text.strip()) for id, text in final.comments.items()}
    known = [item["id"] for item in decided["criteria"]] + [item["body"] for item in decided["bodies"]]
    for id, text in {"": comment, **comments}.items():
        if id and id not in known:
            raise ValueError(f"there is no criterion or body {id!r} to comment on; there are {', '.join(known)}")
        if len(text) > MOST_TEXT:
            raise ValueError(f"a comment has at most {MOST_TEXT:,} characters")
        if id and not text:
            raise ValueError(f"the comment on {id} is empty")
    if _departs(final.decision, bodies, kept) and not (comment or comments):
        raise ValueError("a decision other than the recommended one needs a comment that says why")
    return {
        "reviewer": reviewer, "decision": final.decision, "bodies": bodies, "comment": comment,
        "comments": comments,
    }  # fmt: skip


def _bodies(final: Final, kept: Kept) -> list[str]:
    """Return the bodies that are granted; raise ValueError if they do not go with the decision."""
    requested, bodies = kept.outcome.requested, list(dict.fromkeys(final.bodies))
    if final.decision not in ("approve", "partial"):
        if bodies:
            raise ValueError(f"{final.decision} is for no bodies; {', '.join(bodies)} go with approve or partial")
        return []
    if final.decision == "approve" and not bodies:
        bodies = list(requested)
    if not bodies:
        raise ValueError(f"say for which bodies {final.decision} is")
    others = [body for body in bodies if requested and body not in requested]
    if others:
        raise ValueError(f"{', '.join(others)} was not requested, but {', '.join(requested)}")
    if requested and (set(bodies) == set(requested)) != (final.decision == "approve"):
        raise ValueError(f"to approve is for all that was requested, {', '.join(requested)}; partial is for some of it")
    return bodies


def _departs(decision: str, bodies: Sequence[str], kept: Kept) -> bool:
    outcome = kept.outcome
    recommended = outcome.recommendation or outcome.eligibility
    return decision != recommended or not set(bodies) <= set(outcome.granted)
