"""What browsers send: forms that carry the token of their page, and files of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, UploadFile

from bvn_asp.web.fields import known_names
from bvn_asp.web.problems import Problem, ProblemError
from bvn_asp.web.security import CSRF_FIELD, CSRF_HEADER, csrf_fits

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_FIELDS = 20_000
"""Most controls of one form; that of a case with all its lists full has fewer."""
MOST_FILE = 1_000_000
"""Most bytes of a file that is opened."""


async def form_of(request: Request) -> FormData:
    """Return the form that was sent; raise ProblemError if it is none, or does not come from a page of ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise ProblemError(Problem(415, "Expected a form"))
    if kind == "multipart/form-data":
        form = await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_FILE)
    else:
        form = _filled(await request.body())
    sent = [text for text in form.getlist(CSRF_FIELD) if isinstance(text, str)]
    if not csrf_fits(request.state.csrf, [*sent[:4], request.headers.get(CSRF_HEADER, "")]):
        raise ProblemError(
            Problem(403, "The page is too old", "Load it again and repeat what you did; nothing was done.")
        )
    return form


def _filled(body: bytes) -> FormData:
    """Return the controls that are filled in; nearly all those of a case are empty, and are passed over fast."""
    try:
        return FormData([*parse_qsl(body.decode("ascii"), max_num_fields=MOST_FIELDS)])
    except ValueError:
        raise ProblemError(Problem(400, "The form cannot be read")) from None


def texts(form: FormData, name: str) -> tuple[str, ...]:
    """Return the texts that a form holds under `name`."""
    return tuple(text for text in form.getlist(name) if isinstance(text, str))


def one(form: FormData, name: str) -> str:
    """Return the first text that a form holds under `name`; nothing if there is none."""
    return next(iter(texts(form, name)), "")


def case_values(form: FormData) -> dict[str, tuple[str, ...]]:
    """Return what the form of a case holds, controls left empty aside."""
    found: dict[str, list[str]] = {}
    for name, text in form.multi_items():
        if isinstance(text, str) and text.strip():
            found.setdefault(name, []).append(text)
    return {name: tuple(found[name]) for name in known_names(found)}


async def file_of(form: FormData, name: str) -> tuple[str, bytes]:
    """Return name and content of the file that was sent; raise ProblemError if there is none, or it is too large."""
    found = form.get(name)
    if not isinstance(found, UploadFile) or not found.filename:
        raise ProblemError(Problem(400, "No file was chosen"))
    data = await found.read(MOST_FILE + 1)
    if len(data) > MOST_FILE:
        raise ProblemError(Problem(413, "The file is too large", f"At most {MOST_FILE:,} bytes are read."))
    return found.filename, data
