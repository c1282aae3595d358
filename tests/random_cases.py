"""Random records where criteria interact: near limits, with bounds and unknowns, with lists, and mostly approvable.

Each record starts as one that meets everything and departs from it in a few places, so that no single failure hides
all others. What a field can hold is read from the field table, so that a new field is drawn like every other.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from pydantic import ValidationError

from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Policy
from bvn_asp.policy.representatives import limits_of
from bvn_asp.record.case import EITHER, Case
from bvn_asp.record.field import Field
from bvn_asp.record.statements import GRAIN, NOT_MEASURED, UNKNOWN, plain
from bvn_asp.record.table import FINDING_KINDS, TABLE

Record = dict[str, Any]
LEVELS = ("L2", "L3", "L4", "L5", "S1", "L6", "L2-L3", "L3-L4", "L4-L5", "L5-S1", "L5-L6", "T8", "S1-S2")
SOMEWHERE = "somewhere from L3 to S1"
_ASKED = datetime.date(2024, 5, 17)


def approvable(random: Random) -> Record:
    """Return a record that meets every criterion, for some of L3 to S1."""
    return {
        "patient": {"age": 50, "body_mass_index": 28, "skeletal_maturity_documented": True},
        "pain": {
            "low_back": True, "months": 12, "clinician_severity": "moderate", "patient_severity": "severe",
            "functional_deficit": True, "significant_limitation": True,
        },
        "conservative_care": {
            "weeks": 20, "documentation_attached": True, "pain_improved": False, "disability_improved": False,
            "therapies": {
                "activity_avoidance": {"status": "received", "weeks": 8},
                "physical_therapy": {"status": "received", "weeks": 8},
                "chiropractic": "not_received",
                "cognitive_therapy": "not_received",
                "pharmacotherapy": {"status": "received", "weeks": 8, "drug_classes": ["anti_inflammatory"]},
                "epidural_injection": "not_received",
                "facet_injection": "not_received",
            },
        },
        "mri": {
            "radiologist_report": True,
            "modic_changes": [
                {"levels": "L4-L5", "type": "type_1", "stated_by_radiologist": True, "features": ["edema"]},
            ],
            "other_modic_changes": "absent",
        },
        "findings": {"absent": list(FINDING_KINDS)},
        "surgeries": "none",
        "ablations": "none",
        "behavioral_health": {
            "assessed": True, "formal": True, "recorded": True, "risk_factors_found": False, "resources_provided": True,
        },
        "conditions": {
            "cardiac_compromise": "none", "pulmonary_compromise": "none", "systemic_infection": False,
            "bleeding_diathesis": False, "anticoagulated": False, "pregnancy": False,
            "neurogenic_claudication": "absent", "radiculopathy": "absent", "radicular_pain": "absent",
            "nerve_compression": "absent", "t_score": "-1.0", "osteoporosis_diagnosed": False,
            "fragility_fracture": False, "spinal_cancer": "none", "systemic_disease": False,
            "substance_use_active": False, "pulse_generator": False, "other_electronic_implant": False,
        },
        "anaesthesia": {"planned": "mild"},
        "request": {"bodies": sorted(random.sample(["L3", "L4", "L5", "S1"], random.randint(1, 4)))},
    }  # fmt: skip


def random_record(random: Random, most: int = 6) -> Record:
    """Return an approvable record with one to `most` departures, each of which leaves it a case."""
    record = approvable(random)
    for _ in range(random.randint(1, most)):
        departed = copy.deepcopy(record)
        random.choice(DEPARTURES)(random, departed)
        try:
            Case.model_validate(departed)
        except ValidationError:
            continue
        record = departed
    return record


def random_case(random: Random) -> Case:
    """Return the case of a random record."""
    return Case.model_validate(random_record(random))


def random_readings(random: Random, policy: Policy) -> dict[str, str]:
    """Return up to three questions read at random."""
    asked = random.sample(sorted(policy.questions), random.choice((0, 0, 1, 2, 3)))
    return {question: random.choice(sorted(policy.questions[question].options)) for question in asked}


# --- one statement of each form ----------------------------------------------------------------------------------


def statement(random: Random, row: Field) -> Any:
    """Return something that a record may say of the field `row`: mostly a value, at times unknown, or None."""
    if random.random() < 0.08:
        return random.choice((None, UNKNOWN))
    value = _FORMS[row.form](random, row)
    documented = random.random()
    if row.form == "units" or documented > 0.06:
        return value
    document = {"value": value, "document": "note", "page": random.randint(1, 9)}
    return [document, {"value": _FORMS[row.form](random, row), "document": "letter"}] if documented < 0.03 else document


def _answer(random: Random, row: Field) -> Any:
    return random.choice((True, False))


def _choice(random: Random, row: Field) -> Any:
    if random.random() < 0.7 or len(row.values) < 3:
        return random.choice(row.values)
    if row.groups and random.random() < 0.5:
        return random.choice(row.groups)[0]
    if random.random() < 0.3:
        return f"not {random.choice(row.values)}"
    return " or ".join(random.sample(row.values, random.randint(2, len(row.values) - 1)))


@cache
def _limits() -> dict[str, list[int]]:
    return limits_of(shipped_policy().thresholds)


def _amount(random: Random, row: Field) -> Decimal:
    limits = _limits().get(row.quantity, [])
    if not limits or random.random() < 0.2:
        return Decimal(random.randint(row.low, min(row.high, row.low + 60)))
    found = Decimal(random.choice(limits)) * GRAIN + random.choice((-1, 0, 0, 1, 4_000)) * GRAIN
    return min(max(found, Decimal(row.low)), Decimal(row.high))


def _number(random: Random, row: Field) -> Any:
    if row.measured and random.random() < 0.15:
        return NOT_MEASURED
    one, other = sorted((_amount(random, row), _amount(random, row)))
    if random.random() < 0.55:
        return random.choice((one, plain(other)))
    return random.choice((
        f"at least {plain(one)}", f"at most {plain(other)}", f"more than {plain(one)}", f"less than {plain(other)}",
        f"{plain(one)} to {plain(other)}",
    ))  # fmt: skip


def _date(random: Random, row: Field) -> Any:
    if row.section == "request":
        day = _ASKED + datetime.timedelta(random.randint(0, 40))
    elif row.name == "birth_date":
        day = _ASKED - datetime.timedelta(random.choice((6570, 6574, 6575, 6576, random.randint(6000, 25_000))))
    else:
        day = _ASKED - datetime.timedelta(random.choice((42, 43, 182, 183, 184, 213, random.randint(0, 900))))
    return random.choice((day, day, f"{day:%Y}", f"{day:%Y-%m}", f"since {day}", f"until {day:%Y-%m}"))


def _levels(random: Random, row: Field) -> Any:
    if random.random() < 0.08:
        return SOMEWHERE
    return random.sample(LEVELS, random.randint(1, 2))


def _bodies(random: Random, row: Field) -> Any:
    if row.section == "request" and random.random() < 0.5:
        return random.sample(("L3", "L4", "L5", "S1"), random.randint(1, 4))
    return random.sample(("L1", "L2", "L3", "L4", "L5", "L6", "S1", "T12", "T9"), random.randint(1, 5))


def _names(random: Random, row: Field) -> Any:
    if not row.values:
        return random.choice(("M54.51", ["M54.51", "M47.816"]))
    if row.path != "findings.absent" and random.random() < 0.15:
        return "none"
    most = len(row.values) if row.path == "findings.absent" else 2
    return random.sample(row.values, random.randint(1, most))


def _units(random: Random, row: Field) -> Any:
    return {"64628": random.randint(0, 2), "64629": random.randint(0, 3)}


_FORMS: dict[str, Callable[[Random, Field], Any]] = {
    "answer": _answer, "choice": _choice, "number": _number, "date": _date, "levels": _levels, "bodies": _bodies,
    "names": _names, "units": _units, "text": lambda random, row: random.choice(("some text", "17", "\u00e9tat")),
}  # fmt: skip


# --- departures --------------------------------------------------------------------------------------------------


def _section(record: Record, path: str) -> Record:
    for name in path.split(".") if path else ():
        found = record.setdefault(name, {})
        if isinstance(found, str):
            # A bare word stands for the status of a treatment.
            found = record[name] = {"status": found}
        record = found
    return record


def _field(random: Random, record: Record, rows: tuple[Field, ...] = TABLE.plain) -> None:
    """State a field of the table at random, and not what would say the same in another way."""
    row = random.choice(rows)
    section = _section(record, row.section)
    for pair in EITHER:
        if row.path in pair:
            _section(record, row.section).pop(next(path for path in pair if path != row.path).rpartition(".")[2], None)
    if row.section.startswith("conservative_care.therapies.") and row.name in ("received", "begun", "contraindicated"):
        section.pop("status", None)
        if row.name != "contraindicated":
            # What was received was begun: one of the two says it.
            section.pop({"received": "begun", "begun": "received"}[row.name], None)
    section[row.name] = statement(random, row)


_DECIDING = tuple(row for row in TABLE.plain if row.decides)
_TREATMENTS = tuple(row for row in TABLE.plain if row.section.startswith("conservative_care.therapies."))
_DATES = tuple(row for row in TABLE.plain if row.form == "date" and (row.decides or row.section == "request"))
_REQUEST = tuple(row for row in TABLE.plain if row.path in ("request.bodies", "request.bodies", "request.units"))
_CLOSINGS = tuple(
    row for row in TABLE.plain if row.closes or row.name.endswith("in_full") or row.name == "record_complete"
)


def _of(rows: tuple[Field, ...]) -> Callable[[Random, Record], None]:
    return lambda random, record: _field(random, record, rows)


def entry(random: Random, path: str, kind: str = "") -> Record:
    """Return a random entry of the list at `path`; a finding is of `kind`."""
    found: Record = {"kind": kind} if kind else {}
    rows = [row for row in TABLE.lists[path] if row.name != "kind" or not kind]
    rows = [row for row in rows if not row.kinds or kind in row.kinds]
    for row in rows:
        if random.random() < (0.75 if row.decides and row.form != "date" else 0.15):
            found[row.name] = statement(random, row)
    for one, other in EITHER:
        if TABLE.by_path[one].entry == path and other.rpartition(".")[2] in found:
            found.pop(one.rpartition(".")[2], None)
    if found.get("certainty") and random.random() < 0.6:
        found["certainty"] = "certain"
    if isinstance(found.get("shown_by"), list) and isinstance(found.get("not_shown_by"), list):
        found["not_shown_by"] = [source for source in found["not_shown_by"] if source not in found["shown_by"]] or None
    return {name: value for name, value in found.items() if value is not None}


def _entry(path: str) -> Callable[[Random, Record], None]:
    section, _, name = path.removesuffix("[]").rpartition(".")

    def depart(random: Random, record: Record) -> None:
        place = _section(record, section)
        draw = random.random()
        if draw < 0.12:
            place[name] = random.choice((None, UNKNOWN, "none", []))
            return
        listed = place.get(name)
        kept = listed if isinstance(listed, list) and random.random() < 0.7 else []
        place[name] = [*kept, entry(random, path)]

    return depart


def _finding(random: Random, record: Record) -> None:
    findings = record.setdefault("findings", {})
    kind = random.choice(FINDING_KINDS)
    if isinstance(findings.get("absent"), list) and random.random() < 0.6:
        findings["absent"] = [other for other in findings["absent"] if other != kind] or None
    if random.random() < 0.75:
        present = findings.get("present")
        kept = present if isinstance(present, list) else []
        findings["present"] = [*kept, entry(random, "findings.present[]", kind)]


def _forget(random: Random, record: Record) -> None:
    sections = ("patient", "pain", "behavioral_health", "conditions", "anaesthesia", "mri", "request")
    section = record.get(random.choice(sections))
    if section:
        section.pop(random.choice(sorted(section)))


DEPARTURES: tuple[Callable[[Random, Record], None], ...] = (
    *[_of(_DECIDING)] * 24,
    *[_of(TABLE.plain)] * 4,
    *[_of(_TREATMENTS)] * 5,
    *[_of(_DATES)] * 4,
    *[_of(_REQUEST)] * 4,
    *[_of(_CLOSINGS)] * 4,
    *[_finding] * 9,
    *[_entry("surgeries[]")] * 6,
    *[_entry("ablations[]")] * 4,
    *[_entry("mri.modic_changes[]")] * 6,
    *[_forget] * 5,
)
