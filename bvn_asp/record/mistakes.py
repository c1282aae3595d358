"""Mistakes of a case file in plain words: what pydantic found, with its place, its field and what may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic_core import ErrorDetails

from bvn_asp.errors import Problem, refused
from bvn_asp.record.bases import BASED_ON, Document, Path_, Stated, dotted
from bvn_asp.record.case import Case
from bvn_asp.record.models import Section
from bvn_asp.record.table import TABLE

MOST_PROBLEMS = 25
"""Most mistakes of one file that are listed."""


def listed(document: Document, wrong: list[tuple[ErrorDetails, Stated]]) -> list[Problem]:
    """Return all mistakes in the order of the file; of very many the first, and how many there are more."""
    # To put a mistake in words takes a while, so only those are that may be listed.
    first = sorted(wrong, key=lambda item: _place(item[0]["loc"], item[1], document)[1])[:MOST_PROBLEMS]
    found = dict.fromkeys(
        [
            *document.problems,
            *(problem for detail, stated in first for problem in _problems_of(detail, stated, document)),
        ]
    )
    ordered = sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))
    more = len(ordered) + len(wrong) - len(first) - MOST_PROBLEMS
    return ordered[:MOST_PROBLEMS] + ([Problem("", f"{more} more mistakes")] if more > 0 else [])


def _problems_of(detail: ErrorDetails, stated: Stated, document: Document) -> Iterator[Problem]:
    """Yield one mistake, or every contradiction between the fields of one section, where it is stated."""
    loc: Path_ = detail["loc"]
    conflicts = _conflicts_of(detail)
    if not conflicts:
        problem = problem_of(detail)
        prefix, place, remark = _place(loc, stated, document)
        yield Problem(dotted((*prefix, *loc)), problem.message + remark, *place)
        return
    hint = " (`unknown` takes a statement of the base away)" if len(stated.layers) > 1 else ""
    for message in conflicts:
        # A conflict begins with the first of its fields.
        found = re.match(r"[a-z_]+(\[[0-9]+\]|\.[a-z_]+)*", message)
        below = re.findall(r"[a-z_]+|[0-9]+", found[0]) if found else []
        where = (*loc, *(int(step) if step.isdecimal() else step for step in below))
        prefix, place, remark = _place(where, stated, document)
        yield Problem(dotted((*prefix, *loc)), message + hint + remark, *place)


def _conflicts_of(detail: ErrorDetails) -> list[str]:
    """Return the contradictions between fields that a mistake of a whole case lists; none if it is of another kind."""
    if detail["loc"] or detail["type"] != "value_error":
        return []
    return detail["msg"].removeprefix("Value error, ").split("\n")


def _place(path: Path_, stated: Stated, document: Document) -> tuple[Path_, tuple[int, ...], str]:
    """Return where what is at `path` of a case is stated: in which part of `document`, its place, and in what else."""
    layer, where = stated.place(path)
    if layer.document is document:
        return layer.path, document.place(where), ""
    own, line = stated.layers[0].path, layer.document.place(where)[:1]
    remark = f" (stated in {layer.document.name}{f', line {line[0]}' if line else ''})"
    return own, document.place((*own, BASED_ON)), remark


def problem_of(detail: ErrorDetails) -> Problem:
    """Return one mistake of a case in plain words, without its place."""
    path: Path_ = detail["loc"]
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "there is no such field" + _suggestion(str(path[-1]), _names_at(path[:-1]))
    elif detail["type"] == "literal_error":
        choices = [part.strip("' ") for part in re.split(r", | or ", detail["ctx"]["expected"])]
        message = f"expected {', '.join(choices)} or unknown{refused(detail['input'])}"
    elif detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        message = f"expected fields with names, one to a line{refused(detail['input'])}"
    elif detail["type"] == "missing":
        message = "the field is missing"
    elif detail["type"] == "too_long":
        message = f"expected at most {detail['ctx']['max_length']} entries"
    elif detail["type"] in ("string_type", "string_unicode"):
        message = f"expected text{refused(detail['input'])}"
    return Problem(dotted(path), message)


def _names_at(path: Path_) -> list[str]:
    """Return the field names that the case allows at `path`."""
    model: Any = Case
    for step in path:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step) if isinstance(model, type) and issubclass(model, Section) else None
        if field is None:
            return []
        model = next(_models(field.annotation), None)
    return list(model.model_fields) if model is not None else []


def _models(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _suggestion(name: str, names: list[str]) -> str:
    # A record without mistakes is read without it.
    from bvn_asp.record.synonyms import suggestions

    meant = suggestions(name, names)
    # A field can be known that stands elsewhere.
    elsewhere = [] if meant else suggestions(name, dict.fromkeys(row.name for row in TABLE.fields))[:1]
    meant += [row.path.replace("[]", "[0]") for row in TABLE.fields if row.name in elsewhere][:3]
    if meant:
        return f"; did you mean {' or '.join(meant)}?"
    return f"; fields here: {', '.join(names)}" if names else ""
