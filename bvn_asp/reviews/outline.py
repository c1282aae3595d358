"""What is read of a decision that was kept, by whichever version of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

_COMPARED = ("id", "body", "status", "label", "citation", "part_of")


class _Citation(TypedDict):
    section: str
    item: str
    references: list[int]


class _Criterion(TypedDict):
    id: str
    status: str
    label: str
    citation: _Citation
    part_of: str | None
    actual: str | None
    threshold: str | None
    explanation: dict[str, Any]


class _Body(TypedDict):
    body: str
    status: str
    explanation: dict[str, Any]


class _Decision(TypedDict):
    recommendation: str | None
    eligibility: str
    criteria: list[_Criterion]
    bodies: list[_Body]
    units: _Units
    missing: _Missing
    readings: list[_Reading]


class _Units(TypedDict):
    recommended: dict[str, int]


class _Fact(TypedDict):
    fact: str


class _Missing(TypedDict):
    facts: list[_Fact]


class _Reading(TypedDict):
    question: str
    option: str


_DECISION = TypeAdapter(_Decision)


def check_decision(content: Mapping[str, Any]) -> None:
    """Raise ValueError if what is read of a kept decision is not there."""
    _DECISION.validate_python(content)


def outline(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is compared of a document: of thousands of them, all the explanations would fill the memory."""
    kept = {name: decision[name] for name in ("recommendation", "eligibility", "units", "readings")}
    parts = {
        name: [{field: value for field, value in item.items() if field in _COMPARED} for item in decision[name]]
        for name in ("criteria", "bodies")
    }
    return {**kept, **parts}
