"""Answers typed in a line: what a line can be for a question, and what it states."""

from __future__ import annotations

from typing import Any

from bvn_asp.analysis.interview.questions import FINDINGS, Content, Question, entries_at, row_at
from bvn_asp.record.schema import takes
from bvn_asp.record.statements import NONE
from bvn_asp.record.table import FINDING_KINDS, TABLE


def takes_words(question: Question) -> str:
    """Return in words what the line can be that answers `question`."""
    if question.place == FINDINGS:
        return f"none, or all that there are of {', '.join(FINDING_KINDS)}"
    if question.place.endswith("[]"):
        return "none, or how many there are; each is asked about then"
    return takes(row_at(_usual(question)))


def said(question: Question, line: str, content: Content) -> dict[str, Any]:
    """Return what `line` states in answer to `question`, by path; raise ValueError if it cannot be read."""
    if question.place == FINDINGS:
        return _findings(line, content)
    if question.place.endswith("[]"):
        return _entries(question.place.removesuffix("[]"), line, content)
    path = _usual(question)
    listed = row_at(path).form in ("levels", "bodies", "names")
    return {path: [part.strip() for part in line.split(",") if part.strip()] if listed and line != NONE else line}


def _usual(question: Question) -> str:
    """Return the field that a line states."""
    return f"{question.place}.status" if f"{question.place}.status" in TABLE.by_path else question.place


def _findings(line: str, content: Content) -> dict[str, Any]:
    kinds = [] if line == NONE else [part.strip().replace(" ", "_") for part in line.split(",") if part.strip()]
    for kind in kinds:
        if kind not in FINDING_KINDS:
            raise ValueError(f"there is no kind of finding {kind!r}; kinds: {', '.join(FINDING_KINDS)}")
    known = entries_at(content, "findings.present")
    fresh = [kind for kind in kinds if kind not in {entry.get("kind") for entry in known}]
    there = {*kinds, *(entry.get("kind") for entry in known)}
    found: dict[str, Any] = {"findings.absent": [kind for kind in FINDING_KINDS if kind not in there]}
    found |= {f"findings.present[{len(known) + number}].kind": kind for number, kind in enumerate(fresh)}
    return found


def _entries(name: str, line: str, content: Content) -> dict[str, Any]:
    known = len(entries_at(content, name))
    closing = next(row.path for row in TABLE.fields if row.closes == f"{name}[]")
    if line == NONE or (line == "0" and not known):
        return {closing: "absent"} if known else {name: NONE}
    if not line.isdecimal() or not 0 < int(line[:4]) <= 32:
        raise ValueError(f"expected none, or how many there are, not {line!r}")
    return {closing: "absent", **{f"{name}[{number}]": {} for number in range(known, int(line))}}
