"""The claim that a response answers: who it is about, and what each of its items asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bvn_asp.fhir.bundle import Carried
from bvn_asp.fhir.text import Resource


@dataclass(frozen=True)
class Line:
    """An item of a claim: its number, the units that it asks for, None if it does not say, and its trace numbers."""

    sequence: int
    units: Decimal | None = None
    traces: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class Answered:
    """The claim that a response answers: who it is about, and its items by code; None if no claim is given.

    `sent` are the resources of the Bundle that it came in.
    """

    patient: Resource = field(default_factory=dict)
    insurer: Resource = field(default_factory=dict)
    requestor: Resource = field(default_factory=dict)
    request: Resource = field(default_factory=dict)
    lines: Mapping[str, Line] | None = None
    sent: tuple[Carried, ...] = ()
