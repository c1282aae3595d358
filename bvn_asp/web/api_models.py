"""What programs send to the interface and get back, as pydantic models: the description of it is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bvn_asp.report.schema import DecisionDocument
from bvn_asp.report.schemas import QuestionDocument

MOST_SECONDS = 60.0
MOST_BATCH = 200
"""Most cases of one batch; more are for `bvn batch`."""

CaseContent = Annotated[dict[str, Any], Field(description="a case as in a case file; see `bvn schema`")]
Readings = Annotated[
    dict[str, str], Field(default={}, description="questions read otherwise than by default: question to option")
]
Seconds = Annotated[float, Field(default=20.0, gt=0, le=MOST_SECONDS, description="longest time to search")]


class Model(BaseModel):
    """Strict about its fields, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DecideRequest(Model):
    """One case to decide."""

    case: CaseContent
    readings: Readings
    assume_absent: bool | None = Field(default=None, description="run as a complete record, or not, whatever it says")


class ReadingsRequest(Model):
    """One case of which to say on which open questions it depends."""

    case: CaseContent
    readings: Readings


class WhatIfRequest(Model):
    """One case, and the outcome that is wanted for it."""

    case: CaseContent
    wanted: str = Field(default="approve", max_length=20, description="a recommendation, or a body to be permissible")
    readings: Readings
    limit: int = Field(default=6, ge=1, le=100, description="most sets of changes to look for")
    everything: bool = Field(default=False, description="let facts change that nobody can change, too")
    timeout: Seconds


class FindRequest(Model):
    """A query for records."""

    query: str = Field(max_length=4_000)
    readings: Readings
    limit: int = Field(default=3, ge=1, le=100)
    confirm: bool = Field(default=False, description="let a second engine check a proof (extra `proof`)")
    timeout: Seconds


class ProveRequest(Model):
    """An assertion of every record."""

    assertion: str = Field(max_length=4_000)
    readings: Readings
    limit: int = Field(default=1, ge=1, le=100, description="most counterexamples to look for")
    confirm: bool = Field(default=False, description="let a second engine check the proof (extra `proof`)")
    timeout: Seconds


class NextQuestionRequest(Model):
    """One case of which to say what to ask next."""

    case: CaseContent
    readings: Readings
    skipped: list[str] = Field(default=[], max_length=500, description="places of questions that nobody can answer")
    timeout: Seconds


class BatchRequest(Model):
    """A few cases to decide."""

    cases: list[CaseContent] = Field(max_length=MOST_BATCH)
    readings: Readings


class QuestionPlace(Model):
    """One question: its place in a case, in words, who can answer it, and the fields that its answer states."""

    place: str
    words: str
    ask: str
    field: str
    fields: list[str]
    facts: list[str]


class NextQuestion(Model):
    """Where an interview stands; `question` is null if the case is settled, or nothing is left to ask."""

    recommendation: str | None
    eligibility: str
    settled: bool
    question: QuestionPlace | None
    open: list[QuestionPlace]
    at_least: int
    at_most: int
    exact: bool
    average: float | None


class Outcome(Model):
    """What one option decides."""

    answer: str
    bodies: dict[str, str]


class Depending(Model):
    """The questions on which a case depends, and what every option of each decides."""

    depends_on: list[str]
    outcomes: dict[str, dict[str, Outcome]]


class ReadingsList(Model):
    """The open questions of the policy."""

    questions: list[QuestionDocument]


class FieldError(Model):
    """A field that is to blame."""

    path: str
    message: str
    line: int | None = None


class ProblemDetails(Model):
    """What went wrong (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str = ""
    errors: list[FieldError] = []


class BatchItem(Model):
    """The decision on one case of a batch, or what is wrong with it."""

    decision: DecisionDocument | None = None
    problem: ProblemDetails | None = None


class BatchAnswer(Model):
    """The answers on a batch, in its order, and how many there are of each recommendation."""

    notice: str
    counts: dict[str, int]
    items: list[BatchItem]
