"""A case: one record with one request, checked and frozen, and the answers that a reader expects of it.

Knows nothing of the policy or of clingo. Fields are asked for by their path in the field table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bvn_asp.errors import refused
from bvn_asp.record.anatomy import SOMEWHERE, SPANNED, SPANNING_DISCS, bodies_of
from bvn_asp.record.models import Section, section_model
from bvn_asp.record.statements import UNKNOWN, Days, Said, text_of
from bvn_asp.record.table import TABLE

Recommendation = Literal["approve", "partial", "deny", "pend", "none"]
BodyStatus = Literal["permissible", "refused", "undetermined"]


def _count(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError(f"expected a whole number of units{refused(value)}")
    return value


Count = Annotated[int, Field(ge=0), BeforeValidator(_count)]
Ids = Annotated[tuple[str, ...] | None, BeforeValidator(lambda value: None if value == UNKNOWN else value)]


class Expectation(Section):
    """The answer that a reader of the policy expects; what is left out is not checked."""

    readings: dict[str, str] = Field(default={}, description="questions read otherwise than by default")
    assume_absent: bool | None = None
    recommendation: Recommendation | None = Field(default=None, description="none: nothing is requested")
    eligibility: Literal["eligible", "not_eligible", "undetermined"] | None = None
    unmet: Ids = Field(default=None, description="ids of indications, without parts")
    violated: Ids = Field(default=None, description="ids of non-indications, without parts")
    not_violated: Ids = Field(default=None, description="ids of non-indications among those that are clear or open")
    undetermined: Ids = None
    missing: Ids = Field(default=None, description="fields among those named as missing")
    bodies: dict[str, BodyStatus] | None = None
    units: dict[str, Count] | None = None
    statuses: dict[str, str] = Field(default={}, description="single clauses by id, parts included")
    flags: Ids = Field(default=None, description="ids of clauses that raise a flag")
    why: str = Field(default="", description="where the document says so")


if TYPE_CHECKING:
    _Record = Section
else:
    _Record = section_model("")


def _expectations(value: Any) -> Any:
    return () if value is None or value == UNKNOWN else value


class Case(_Record):
    """One record with one request; `bvn schema` lists every field."""

    expected: Annotated[tuple[Expectation, ...], BeforeValidator(_expectations)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Case:
        conflicts = list(dict.fromkeys(_conflicts(self)))
        if conflicts:
            raise ValueError("\n".join(conflicts))
        return self

    def said(self, path: str) -> Said | None:
        """Return what the record says of the field at `path`, such as `surgeries[0].kind`; None if nothing."""
        found = self.at(path)
        return found if isinstance(found, Said) else None

    def exact(self, path: str) -> Any:
        """Return the exact value at `path`: an answer, a number, a day, text or names; None if there is none."""
        statement = self.said(path)
        return None if statement is None else statement.exact

    def days(self, path: str) -> Days:
        """Return the days that the record leaves possible for the date at `path`; all if nothing is said."""
        statement = self.said(path)
        return statement.value if statement is not None and isinstance(statement.value, Days) else Days()

    def at(self, path: str) -> Any:
        """Return what stands at `path`: a statement, a section, entries, or None."""
        found: Any = self
        for name, index in _steps(path):
            found = getattr(found, name, None)
            if index is not None and isinstance(found, tuple):
                found = found[index] if index < len(found) else None
        return found

    def entries(self, path: str) -> tuple[Section, ...]:
        """Return the entries of the list at `path`; none if it is not stated, or open."""
        found = self.at(path.removesuffix("[]"))
        return found if isinstance(found, tuple) else ()

    def levels(self) -> Iterator[str]:
        """Yield the levels that are requested, or that something lies at; of somewhere nothing."""
        paths = ["mri.no_modic_change_at"]
        for path in TABLE.lists:
            if f"{path}.levels" in TABLE.by_path:
                paths += [f"{path.removesuffix('[]')}[{index}].levels" for index in range(len(self.entries(path)))]
        yield from self.bodies
        for path in paths:
            yield from (level for level in self.exact(path) or () if level != SOMEWHERE)

    @property
    def ablated(self) -> set[str]:
        """The bodies of earlier ablations."""
        entries = range(len(self.entries("ablations")))
        return {body for index in entries for body in self.exact(f"ablations[{index}].bodies") or ()}

    @property
    def bodies(self) -> tuple[str, ...]:
        """The bodies that the request names."""
        found = self.exact("request.bodies")
        return found if isinstance(found, tuple) else ()

    @property
    def units(self) -> dict[str, int]:
        """The units asked for, by procedure code."""
        found = self.exact("request.units")
        return {code: int(count) for code, count in (item.split(": ") for item in found or ())}

    @property
    def requested(self) -> bool:
        """Whether the case makes a request: bodies, or units of a code, or bodies that are not known."""
        return self.said("request.bodies") is not None or any(self.units.values())


_STEP = re.compile(r"([a-z_0-9]+)(?:\[([0-9]+)\])?")


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[tuple[str, int | None], ...]:
    """Return the names of a path, each with the index of an entry, if it has one."""
    return tuple((name, int(index) if index else None) for name, index in _STEP.findall(path))


EITHER = (
    ("patient.age", "patient.birth_date"),
    ("pain.months", "pain.onset"),
    ("conservative_care.weeks", "conservative_care.start"),
    ("conservative_care.weeks", "conservative_care.end"),
    ("surgeries[].months_before_procedure", "surgeries[].date"),
)
"""Fields of which a record gives one: they say the same in two ways."""
ORDER = (
    ("patient.birth_date", "pain.onset"),
    ("patient.birth_date", "request.date"),
    ("patient.birth_date", "request.planned_procedure_date"),
    ("pain.onset", "request.date"),
    ("pain.onset", "request.planned_procedure_date"),
    ("conservative_care.start", "conservative_care.end"),
    ("conservative_care.end", "request.planned_procedure_date"),
    ("request.date", "request.planned_procedure_date"),
    ("surgeries[].date", "request.planned_procedure_date"),
    ("ablations[].date", "request.planned_procedure_date"),
)
"""Days of which the first cannot lie after the second."""


def _conflicts(case: Case) -> Iterator[str]:
    for one, other in EITHER:
        for first, second in _placed(case, one, other):
            if all(said is not None and said != Said() for said in (case.said(first), case.said(second))):
                yield f"{first}: give this or {second.rpartition('.')[2]}, not both"
    for earlier, later in ORDER:
        for first, second in _placed(case, earlier, later):
            begin, end = case.days(first), case.days(second)
            if begin.first is not None and end.last is not None and begin.first > end.last:
                yield f"{first} ({text_of(begin)}) lies after {second} ({text_of(end)})"
    yield from _anatomy(case)
    yield from _treatments(case)
    yield from _findings(case)


def _placed(case: Case, one: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield both paths for every entry, if the first is one of a list."""
    if "[]" not in one:
        yield one, other
        return
    for index in range(len(case.entries(one[: one.index("[]")]))):
        yield one.replace("[]", f"[{index}]"), other.replace("[]", f"[{index}]")


def _anatomy(case: Case) -> Iterator[str]:
    """Yield the levels that no one anatomy has, if the record does not say which it is."""
    found = {*case.levels(), *case.ablated}
    spanning = sorted(found.intersection(SPANNING_DISCS))
    between = sorted(level for level in found if not SPANNED.isdisjoint(bodies_of(level)))
    if spanning and between and case.said("patient.lumbar_vertebrae") is None:
        yield (
            f"{spanning[0]} is a disc with four lumbar vertebrae only, and {between[0]} is there with more: list the"
            f" levels that {spanning[0]} stands for, or state patient.lumbar_vertebrae"
        )


def _treatments(case: Case) -> Iterator[str]:
    for row in TABLE.fields:
        if row.path.endswith(".status") and case.said(row.path) is not None:
            for other in ("received", "begun", "contraindicated"):
                if case.said(f"{row.section}.{other}") is not None:
                    yield f"{row.section}: give either status, or {other}"
        unbegun = row.path.endswith(".begun") and case.exact(row.path) is False
        if unbegun and case.exact(f"{row.section}.received") is True:
            yield f"{row.section}: received is yes and begun is no, but what was received was begun"


def _findings(case: Case) -> Iterator[str]:
    for index, entry in enumerate(case.entries("findings.present")):
        path = f"findings.present[{index}]"
        kinds = case.exact(f"{path}.kind")
        if not isinstance(kinds, tuple):
            yield f"{path}.kind: the field is missing: which finding it is"
            continue
        for row in TABLE.lists["findings.present[]"]:
            if row.kinds and getattr(entry, row.name) is not None and not set(kinds) & set(row.kinds):
                yield f"{path}.{row.name}: goes with {' or '.join(row.kinds)}, not with {' or '.join(kinds)}"
        shown, hidden = (set(case.exact(f"{path}.{name}") or ()) for name in ("shown_by", "not_shown_by"))
        if shown & hidden:
            yield f"{path}: stated both shown and not shown by {', '.join(sorted(shown & hidden))}"
