"""From the answer of a search back to a case: the inverse of the adapter, so that every answer can be decided again."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from bvn_asp.bands import representative
from bvn_asp.case import Case
from bvn_asp.facts import ANSWERS, CHOICES, Facts, facts_for
from bvn_asp.files import load_case
from bvn_asp.policy import Policy
from bvn_asp.program import ROOM
from bvn_asp.shape import Shape
from bvn_asp.spine import BODIES, discs_between
from bvn_asp.terms import Term, name_of

Record = dict[str, Any]
"""A case file as plain data."""
Limits = Mapping[str, list[int]]
"""The ascending limits of each quantity, in millionths."""

_REQUEST, _PROCEDURE = datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)
"""Days of a case whose times must differ between the two moments."""
_DETAILS = {
    "disc_herniation": ("shape", "size"), "spondylolisthesis": ("slip",), "facet_arthropathy": ("facet_pain",),
    "infection": ("active",), "compression_fracture": ("healed",), "traumatic_fracture": ("healed",),
    "trauma": ("healed",),
}  # fmt: skip
_FIELDS = {"size": "size_mm", "slip": "slip_mm"}


@cache
def usual_case() -> Case:
    """Return the unremarkable patient that departures are counted from."""
    return load_case(Path(__file__).with_name("usual.yaml"))


def inputs_of(facts: Facts, quantities: Mapping[Term, str], limits: Limits) -> frozenset[Term]:
    """Return the inputs that `facts` states, numbers by their representatives."""
    found: set[Term] = set()
    for term in facts.stated:
        if isinstance(term, tuple) and term[0] == "value" and isinstance(term[2], int):
            quantity = quantities[term[1]]
            if quantity in limits:
                found.add(("value", term[1], representative(term[2], limits[quantity])))
        else:
            found.add(term)
    return frozenset(found)


def usual_inputs(policy: Policy, quantities: Mapping[Term, str], limits: Limits, room: Shape = ROOM) -> frozenset[Term]:
    """Return the inputs of the unremarkable patient in `room`."""
    return inputs_of(facts_for(usual_case(), policy, {}, shape=room), quantities, limits)


def readings_of(inputs: Iterable[Term]) -> dict[str, str]:
    """Return the readings among `inputs`."""
    return {str(term[1]): str(term[2]) for term in inputs if isinstance(term, tuple) and term[0] == "selected"}


class Writer:
    """Writes the record of a set of inputs, with the numbers of the unremarkable patient wherever they will do.

    The numbers `near` a limit are written as close to it as is readable; all of them are, if not `usual`.
    """

    def __init__(
        self, inputs: Iterable[Term], policy: Policy, quantities: Mapping[Term, str], limits: Limits,
        room: Shape = ROOM, near: Collection[Term] = (), *, usual: bool = True,
    ) -> None:  # fmt: skip
        self.room, self.limits, self.quantities, self.scale = room, limits, quantities, policy.scale
        self.answers: dict[Term, bool] = {}
        self.choices: dict[Term, str] = {}
        self.values: dict[Term, int] = {}
        for term in inputs:
            if not isinstance(term, tuple):
                continue
            if term[0] in ("yes", "no"):
                self.answers[term[1]] = term[0] == "yes"
            elif term[0] == "is":
                self.choices[term[1]] = str(term[2])
            elif term[0] == "value" and isinstance(term[2], int):
                self.values[term[1]] = term[2]
        numbers = facts_for(usual_case(), policy, {}, shape=room).numbers if usual else {}
        self.usual_numbers = {term: number for term, number in numbers.items() if term not in near}
        self.sites: list[tuple[str, Term]] = [
            *((body, body.lower()) for body in room.bodies),
            *(
                (f"{upper}-{lower}", ("disc", upper.lower(), lower.lower()))
                for upper, lower in discs_between(room.bodies)
            ),
        ]

    def record(self) -> Record:
        """Return the record as plain data."""
        record: Record = {}
        for path, term in (*ANSWERS, *CHOICES):
            if term in self.answers:
                _set(record, path, self.answers[term])
            elif term in self.choices:
                _set(record, path, self.choices[term])
        for path, term in (
            ("patient.body_mass_index", "body_mass_index"), ("conditions.t_score", "t_score"),
            ("conservative_care.weeks", "care_duration"),
        ):  # fmt: skip
            if term in self.values:
                _set(record, path, self.number(term))
        self._times(record)
        self._care(record)
        changes = self._entries("modic", self.room.modic, "modic_present")
        if changes is not None:
            _set(record, "mri.modic_changes", [self._modic(entity) for entity in changes])
        self._findings(record)
        surgeries = self._entries("surgery", self.room.surgeries, "present")
        if surgeries is not None:
            record["surgeries"] = [self._surgery(entity) for entity in surgeries]
        self._ablations(record)
        bodies = [body for body in self.room.bodies if self.answers.get(("requested", body.lower()))]
        if bodies:
            record.setdefault("request", {})["bodies"] = bodies
        return record

    def number(self, term: Term) -> str:
        """Return a number that compares like the representative: the usual one, or a short one near the limit."""
        value, limits = self.values[term], self.limits[self.quantities[term]]
        usual = self.usual_numbers.get(term)
        if usual is not None and representative(int(usual * self.scale), limits) == value:
            return _plain(usual)
        for grain in (self.scale // 10, self.scale // 100, self.scale // 1000, 1):
            for near in (value, value - 1, value + 1):
                if near in limits:
                    candidate = near + (value - near) * grain
                    if representative(candidate, limits) == value:
                        return _plain(Decimal(candidate) / self.scale)
        return _plain(Decimal(value) / self.scale)

    def _times(self, record: Record) -> None:
        dated = False
        for quantity, section, plain, start in (
            ("age", "patient", "age", "birth_date"), ("pain_duration", "pain", "months", "onset"),
        ):  # fmt: skip
            procedure, request = (quantity, "procedure"), (quantity, "request")
            if procedure not in self.values:
                continue
            if self.values[procedure] == self.values.get(request):
                _set(record, f"{section}.{plain}", self.number(procedure))
            else:
                _set(record, f"{section}.{start}", self._start(quantity).isoformat())
                dated = True
        if dated:
            request_section = record.setdefault("request", {})
            request_section.update(date=_REQUEST.isoformat(), planned_procedure_date=_PROCEDURE.isoformat())

    def _start(self, quantity: str) -> datetime.date:
        """Return the day from which the time is as wanted at the procedure, and shorter at the request."""
        later, earlier = self.values[quantity, "procedure"], self.values[quantity, "request"]
        limit = next(limit for limit in self.limits[quantity] if earlier <= limit <= later)
        months = limit // self.scale * (12 if quantity == "age" else 1)
        if earlier == limit:
            return _before(_REQUEST, months)
        return _before(_PROCEDURE, months) - datetime.timedelta(days=0 if later == limit else 10)

    def _care(self, record: Record) -> None:
        treatments = sorted(
            {str(t[1]) for t in (*self.answers, *self.values) if isinstance(t, tuple) and t[0] in _CARE}
        )
        for name in treatments:
            received = self.answers.get(("received", name))
            contraindicated = self.answers.get(("contraindicated", name))
            status = _STATUSES.get((received, contraindicated))
            treatment: Record = {"status": status} if status else {}
            if not status and received is not None:
                treatment["received"] = received
            if not status and contraindicated is not None:
                treatment["contraindicated"] = contraindicated
            if ("treatment_duration", name) in self.values:
                treatment["weeks"] = self.number(("treatment_duration", name))
            _set(record, f"conservative_care.therapies.{name}", treatment)
        self._listed(record, "conservative_care.therapies.pharmacotherapy.drug_classes", lambda t: t[0] == "drug_class")

    def _listed(self, record: Record, path: str, chosen: Any) -> None:
        known = {str(t[-1]): held for t, held in self.answers.items() if isinstance(t, tuple) and chosen(t)}
        if known:
            _set(record, path, sorted(name for name, held in known.items() if held))

    def _entries(self, name: str, room: int, present: str) -> list[Term] | None:
        """Return the entities of a list that are there; None if the list is not stated."""
        if (present, (name, 1)) not in self.answers:
            return None
        return [(name, place) for place in range(1, room + 1) if self.answers.get((present, (name, place)))]

    def _about(self, entity: Term, answers: Iterable[str], rest: Mapping[str, str]) -> Record:
        """Return the fields of an entity: its level, plain answers, and choices and numbers by field."""
        found: Record = {}
        places = {
            site: self.answers[("at", entity, term)]
            for site, term in self.sites
            if ("at", entity, term) in self.answers
        }
        if places:
            found["levels"] = [site for site, held in places.items() if held] or [self._outside()]
        for name in answers:
            if (name, entity) in self.answers:
                found[name] = self.answers[name, entity]
        for name, field in rest.items():
            if (name, entity) in self.choices:
                found[field] = self.choices[name, entity]
            elif (name, entity) in self.values:
                found[field] = self.number((name, entity))
            elif (name, entity) in self.answers:
                found[field] = self.answers[name, entity]
        return found

    def _outside(self) -> str:
        return next(body for body in reversed(BODIES[: BODIES.index("T12")]) if body not in self.room.bodies)

    def entry(self, entity: Term) -> Record:
        """Return the entry of a finding, surgery or Modic change that is there."""
        name = name_of(entity)
        write = {"modic": self._modic, "surgery": self._surgery}.get(name, self._finding)
        return write(entity)

    def _modic(self, entity: Term) -> Record:
        rest = {
            "modic_type": "type",
            "radiologist_states": "stated_by_radiologist",
            "clinician_states": "stated_by_clinician",
        }
        found = self._about(entity, (), rest)
        ends = [e for e in ("superior", "inferior") if self.answers.get(("endplate", entity, e))]
        if ends:
            found["endplate"] = "both" if len(ends) == 2 else ends[0]
        self._listed(found, "features", lambda t: t[0] == "feature" and t[1] == entity)
        return found

    def _findings(self, record: Record) -> None:
        present: list[Record] = []
        absent: list[str] = []
        for term, held in sorted(self.answers.items(), key=lambda item: str(item[0])):
            if not (isinstance(term, tuple) and term[0] == "present" and name_of(term[1]) == "finding"):
                continue
            entity = term[1]
            if held:
                present.append(self.entry(entity))
            elif isinstance(entity, tuple) and entity[2] == 1:
                absent.append(str(entity[1]))
        if present or absent:
            record["findings"] = {"present": present, "absent": absent}

    def _finding(self, entity: Term) -> Record:
        assert isinstance(entity, tuple)
        kind = str(entity[1])
        rest = {name: _FIELDS.get(name, name) for name in _DETAILS.get(kind, ())}
        found = self._about(entity, ("correlates", "likely_source", "complicates"), rest)
        shown = {name: self.answers.get((fact, entity)) for fact, name in _SHOWN}
        if None not in shown.values():
            found["shown_by"] = [name for name, held in shown.items() if held]
        return {"kind": kind, **found}

    def _surgery(self, entity: Term) -> Record:
        rest = {"surgery_kind": "kind", "time_since": "months_before_procedure", "radicular_outcome": "radicular_pain"}
        return self._about(entity, ("likely_source", "complicates"), rest)

    def _ablations(self, record: Record) -> None:
        stated = {body: self.answers.get(("ablated", body.lower())) for body in self.room.bodies}
        if all(held is None for held in stated.values()):
            return
        entries: list[Record] = []
        for body in (body for body, held in stated.items() if held):
            entry: Record = {"bodies": [body]}
            for fact, field in (("ablation_completed", "completed"), ("ablation_thermal", "thermal")):
                if (fact, body.lower()) in self.answers:
                    entry[field] = self.answers[fact, body.lower()]
            entries.append(entry)
        record["ablations"] = [*entries, *([{"bodies": None}] if None in stated.values() else [])]


_CARE = ("received", "contraindicated", "treatment_duration")
_STATUSES: dict[tuple[bool | None, bool | None], str] = {
    (True, False): "received",
    (False, False): "not_received",
    (False, True): "contraindicated",
}
_SHOWN = (("on_imaging", "imaging"), ("on_assessment", "clinical_assessment"))


def _set(record: Record, path: str, value: Any) -> None:
    *sections, name = path.split(".")
    for section in sections:
        record = record.setdefault(section, {})
    record[name] = value


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _before(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=years, month=month + 1)
