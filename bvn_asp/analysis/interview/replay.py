"""Interviews about cases that are known: how many questions it takes to settle one, in one order or other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bvn_asp.analysis.interview.interview import Interview, Step
from bvn_asp.analysis.interview.questions import NAMING, Content, Question, entries_at, fields_of, stating, value_at
from bvn_asp.record.case import Case

GIVEN = ("request",)
"""What whoever asks for a review states by asking."""
Order = Callable[[Step], Question | None]
"""Which of the open questions of a step is asked."""


@dataclass(frozen=True)
class Replay:
    """One interview: the places asked in turn, how many fields the whole record states, and what came out."""

    asked: tuple[str, ...]
    stated: int
    recommendation: str | None
    eligibility: str


def best(step: Step) -> Question | None:
    """Return the question that the interview would ask."""
    return step.question


def in_chart_order(step: Step) -> Question | None:
    """Return the first open question in the order in which a chart is read."""
    return step.open[0] if step.open else None


def replay(interview: Interview, case: Case, order: Order = best) -> Replay:
    """Return the interview about `case`, whose record answers what it is asked as far as it knows."""
    full = case.model_dump(mode="json", exclude_unset=True, exclude={"expected"})
    content: Content = {name: full[name] for name in GIVEN if name in full}
    known = _Known(full)
    asked: list[str] = []
    while True:
        step = interview.next(Case.model_validate(content), skipped=frozenset(asked))
        question = order(step)
        if question is None:
            return Replay(
                tuple(asked), sum(1 for _ in leaves(full)) - sum(1 for _ in leaves(content_of(full))),
                step.decision.recommendation, step.decision.eligibility,
            )  # fmt: skip
        asked.append(question.place)
        content = stating(content, dict(known.answer(question)))


def content_of(full: Content) -> Content:
    """Return what is given before the first question."""
    return {name: full[name] for name in (*GIVEN, "case_id", "story") if name in full}


def leaves(content: Any) -> Iterator[Any]:
    """Yield every field that `content` states."""
    if isinstance(content, dict) and "value" not in content:
        for item in content.values():
            yield from leaves(item)
    elif (
        isinstance(content, list)
        and content
        and all(isinstance(item, dict) and "value" not in item for item in content)
    ):
        for item in content:
            yield from leaves(item)
    elif content not in ({}, []):
        yield content


class _Known:
    """A whole record as one who answers out of it; entries are told in the order in which they stand there."""

    def __init__(self, full: Content) -> None:
        self.full = full

    def answer(self, question: Question) -> Iterator[tuple[str, Any]]:
        """Yield what the record states to a question, by path."""
        if not question.place.endswith("[]"):
            yield from self._stated(fields_of(question.place))
            return
        name = question.place.removesuffix("[]")
        yield from self._stated(fields_of(question.place)[1:])
        whole = value_at(self.full, name)
        if isinstance(whole, str):
            yield name, whole
        for number, entry in enumerate(entries_at(self.full, name)):
            yield f"{name}[{number}]", {part: entry[part] for part in NAMING if part in entry}

    def _stated(self, paths: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for path in paths:
            value = value_at(self.full, path)
            if value is not None:
                yield path, value
