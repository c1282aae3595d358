"""A case: one patient record with one request, checked and frozen, and the answers that a reader expects of it.

Knows nothing of the policy or of clingo.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bvn_asp.fields import MOST_ITEMS, UNKNOWN, Answer, Listed, OpenList
from bvn_asp.record import (
    Ablation,
    Anaesthesia,
    BehavioralHealth,
    Conditions,
    ConservativeCare,
    Findings,
    Mri,
    Pain,
    Patient,
    Request,
    Section,
    Surgery,
)  # fmt: skip

Recommendation = Literal["approve", "partial", "deny", "pend"]
BodyStatus = Literal["permissible", "refused", "undetermined"]


class Expectation(Section):
    """The answer that a reader of the policy expects; what is left out is not checked."""

    readings: dict[str, str] = Field(default_factory=dict, description="questions read otherwise than by default")
    assume_absent: bool | None = None
    recommendation: Recommendation | None = None
    eligibility: Literal["eligible", "not_eligible", "undetermined"] | None = None
    unmet: Annotated[tuple[str, ...] | None, Listed] = Field(None, description="ids of indications, without parts")
    violated: Annotated[tuple[str, ...] | None, Listed] = Field(None, description="ids of non-indications")
    undetermined: Annotated[tuple[str, ...] | None, Listed] = None
    bodies: dict[str, BodyStatus] | None = None
    units: dict[str, int] | None = None
    statuses: dict[str, str] = Field(default_factory=dict, description="single clauses by id, parts included")
    flags: Annotated[tuple[str, ...] | None, Listed] = Field(None, description="ids of clauses that raise a flag")
    why: str = Field("", description="where the document says so")


class Case(Section):
    """One record with one request; see `bvn schema` for every field."""

    story: str = Field("", max_length=20_000, description="free text for readers; decides nothing")
    record_complete: Answer = Field(None, description="reviewed; what it leaves unstated is absent (non-indications)")
    patient: Patient = Patient.model_construct()
    pain: Pain = Pain.model_construct()
    conservative_care: ConservativeCare = ConservativeCare.model_construct()
    mri: Mri = Mri.model_construct()
    findings: Findings = Findings.model_construct()
    surgeries: Annotated[tuple[Surgery, ...] | None, Listed] = None
    ablations: Annotated[tuple[Ablation, ...] | None, Listed] = None
    behavioral_health: BehavioralHealth = BehavioralHealth.model_construct()
    conditions: Conditions = Conditions.model_construct()
    anaesthesia: Anaesthesia = Anaesthesia.model_construct()
    request: Request = Request.model_construct()
    expected: Annotated[tuple[Expectation, ...], OpenList] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Case:
        for problem in self._conflicts():
            raise ValueError(problem)
        return self

    def _conflicts(self) -> Iterator[str]:
        care, surgeries = self.conservative_care, self.surgeries or ()
        if self.patient.age is not None and self.patient.birth_date is not None:
            yield "patient: give age or birth_date, not both"
        if self.pain.months is not None and self.pain.onset is not None:
            yield "pain: give months or onset, not both"
        if care.weeks is not None and (care.start is not None or care.end is not None):
            yield "conservative_care: give weeks, or start and end, not both"
        for place, surgery in enumerate(surgeries):
            if surgery.date is not None and surgery.months_before_procedure is not None:
                yield f"surgeries[{place}]: give date or months_before_procedure, not both"
        procedure = self.procedure_date
        earlier: list[tuple[str, datetime.date | None, str, datetime.date | None]] = [
            ("patient.birth_date", self.patient.birth_date, "pain.onset", self.pain.onset),
            ("patient.birth_date", self.patient.birth_date, "the procedure", procedure),
            ("pain.onset", self.pain.onset, "the procedure", procedure),
            ("conservative_care.start", care.start, "conservative_care.end", care.end),
            ("conservative_care.end", care.end, "the procedure", procedure),
            ("request.date", self.request.date, "request.planned_procedure_date", self.request.planned_procedure_date),
            *(
                (f"surgeries[{i}].date", surgery.date, "the procedure", procedure)
                for i, surgery in enumerate(surgeries)
            ),
            *(
                (f"ablations[{i}].date", item.date, "the procedure", procedure)
                for i, item in enumerate(self.ablations or ())
            ),
        ]
        for first, one, second, other in earlier:
            if one is not None and other is not None and one > other:
                yield f"{first} ({one}) lies after {second} ({other})"

    @property
    def procedure_date(self) -> datetime.date | None:
        """The planned procedure, or the request if no procedure is planned yet."""
        return self.request.planned_procedure_date or self.request.date


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a case file, with `unknown` allowed wherever a case file allows it."""
    schema = Case.model_json_schema()
    statuses = schema["$defs"]["Treatment"]["properties"]["status"]["anyOf"][0]
    for section in (schema, *schema["$defs"].values()):
        for name, field in section.get("properties", {}).items():
            section["properties"][name] = _with_unknown(field, statuses)
    return schema


def _with_unknown(field: dict[str, Any], statuses: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field that can also be unknown; a treatment can also be its bare status."""
    inner = {key: value for key, value in field.items() if key not in ("title", "description", "default")}
    rest = {key: value for key, value in field.items() if key in ("title", "description")}
    choices: list[dict[str, Any]] = inner["anyOf"] if set(inner) == {"anyOf"} else [inner]
    choices = [{**choice, "maxItems": MOST_ITEMS} if choice.get("type") == "array" else choice for choice in choices]
    if inner.get("$ref", "").endswith(("Treatment", "Pharmacotherapy")):
        choices.append(statuses)
    known = inner.get("type") in ("string", "object") or "const" in inner
    extra = [] if known else [choice for choice in ({"const": UNKNOWN}, {"type": "null"}) if choice not in choices]
    return {**rest, "anyOf": [*choices, *extra]}
