"""A case: one patient record with one request, checked and frozen, and the answers that a reader expects of it.

Knows nothing of the policy or of clingo.
"""

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from bvn_asp.fields import Answer, Listed, OpenList, Story
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
    Surgery,
)  # fmt: skip
from bvn_asp.section import Section, described

Recommendation = Literal["approve", "partial", "deny", "pend"]
BodyStatus = Literal["permissible", "refused", "undetermined"]


class Expectation(Section):
    """The answer that a reader of the policy expects; what is left out is not checked."""

    readings: dict[str, str] = described("questions read otherwise than by default", {})
    assume_absent: bool | None = None
    recommendation: Recommendation | None = None
    eligibility: Literal["eligible", "not_eligible", "undetermined"] | None = None
    unmet: Annotated[tuple[str, ...] | None, Listed] = described("ids of indications, without parts")
    violated: Annotated[tuple[str, ...] | None, Listed] = described("ids of non-indications")
    undetermined: Annotated[tuple[str, ...] | None, Listed] = None
    bodies: dict[str, BodyStatus] | None = None
    units: dict[str, int] | None = None
    statuses: dict[str, str] = described("single clauses by id, parts included", {})
    flags: Annotated[tuple[str, ...] | None, Listed] = described("ids of clauses that raise a flag")
    why: str = described("where the document says so", "")


class Case(Section):
    """One record with one request; see `bvn schema` for every field."""

    story: Story = described("free text for readers; decides nothing", "")
    record_complete: Answer = described("reviewed; what it leaves unstated is absent (non-indications)")
    patient: Patient = Patient.blank()
    pain: Pain = Pain.blank()
    conservative_care: ConservativeCare = ConservativeCare.blank()
    mri: Mri = Mri.blank()
    findings: Findings = Findings.blank()
    surgeries: Annotated[tuple[Surgery, ...] | None, Listed] = None
    ablations: Annotated[tuple[Ablation, ...] | None, Listed] = None
    behavioral_health: BehavioralHealth = BehavioralHealth.blank()
    conditions: Conditions = Conditions.blank()
    anaesthesia: Anaesthesia = Anaesthesia.blank()
    request: Request = Request.blank()
    expected: Annotated[tuple[Expectation, ...], OpenList] = ()

    def conflicts(self) -> Iterator[str]:
        """Yield what is wrong between fields of different sections."""
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
