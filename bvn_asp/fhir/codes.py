"""What public codes state of a record, in one table: system and code, what it says, the field, the value, the source.

A code stands here only where it says exactly what a field says, or a bound of it. `*` at the end of a code stands for
all codes of its category. The words are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from bvn_asp.fhir.urls import CPT

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SYSTEMS = {ICD10CM: "ICD-10-CM", SNOMED: "SNOMED CT", LOINC: "LOINC", CPT: "CPT", RXNORM: "RxNorm"}

ICD_TABLE = "ICD-10-CM, tabular list of April 2026"
SNOMED_SOURCE = "SNOMED CT"
LOINC_SOURCE = "LOINC"
CPT_SOURCE = "CPT"
RXNORM_SOURCE = "RxNorm, ingredients"

Kind = Literal["Condition", "Procedure", "Device", "Medication"]


@dataclass(frozen=True)
class Code:
    """A code of a kind of resource, and what it states: `value` of the field `field`, written as in a case file.

    Of an entry of a list, `field` is its first field, and `more` has further ones. `past` is what it still states once
    it is over; None if nothing.
    """

    kind: Kind
    system: str
    code: str
    words: str
    field: str
    value: Any
    source: str
    more: tuple[tuple[str, Any], ...] = ()
    past: Any = None


@dataclass(frozen=True)
class Measure:
    """A code of an observation whose quantity states `field`, in one of `units`; `bound` if it is a bound of it.

    `newest`: the newest measurement states it, and no older one.
    """

    code: str
    words: str
    field: str
    units: tuple[str, ...]
    bound: str = ""
    newest: bool = False
    system: str = LOINC
    source: str = LOINC_SOURCE


def _icd(codes: str, words: str, field: str, value: Any, *, past: Any = None,
         more: tuple[tuple[str, Any], ...] = ()) -> Iterator[Code]:  # fmt: skip
    for code in codes.split():
        yield Code("Condition", ICD10CM, code, words, field, value, ICD_TABLE, more, past)


def _snomed(code: str, words: str, field: str, value: Any, kind: Kind = "Condition") -> Code:
    return Code(kind, SNOMED, code, words, field, value, SNOMED_SOURCE)


def _finding(codes: str, words: str, kind: str, *more: tuple[str, Any]) -> Iterator[Code]:
    yield from _icd(codes, words, "findings.present[].kind", kind, more=more)


def _surgery(codes: str, words: str, kind: str) -> Iterator[Code]:
    for code in codes.split():
        yield Code("Procedure", CPT, code, words, "surgeries[].kind", kind, CPT_SOURCE)


def _ablation(code: str, words: str) -> Code:
    return Code("Procedure", CPT, code, words, "ablations[].thermal", True, CPT_SOURCE)


def _anticoagulant(code: str, words: str) -> Code:
    return Code("Medication", RXNORM, code, words, "conditions.anticoagulated", True, RXNORM_SOURCE)


def _mass_index() -> Iterator[Code]:
    ranges = [("Z68.1", "at most 19.9"), *((f"Z68.{n}", f"{n}.0 to {n}.9") for n in range(20, 40))]
    ranges += [("Z68.41", "40.0 to 44.9"), ("Z68.42", "45.0 to 49.9"), ("Z68.43", "50.0 to 59.9"),
               ("Z68.44", "60.0 to 69.9"), ("Z68.45", "at least 70")]  # fmt: skip
    for code, value in ranges:
        yield from _icd(code, f"body mass index of an adult: {value}", "patient.body_mass_index", value)


def _wedged() -> Iterator[Code]:
    """Yield wedge compression fractures of a lumbar vertebra, but for what is left of one (seventh character S)."""
    for number, encounter in ((number, encounter) for number in range(1, 6) for encounter in "ABDGK"):
        code, words = f"S32.0{number}0{encounter}", f"wedge compression fracture of L{number}"
        yield from _finding(code, words, "compression_fracture", ("levels", f"L{number}"))


SUBSTANCES = tuple(f"F{number}" for number in (10, 11, 12, 13, 14, 15, 16, 18, 19))
"""Alcohol, opioids, cannabis, sedatives, cocaine, other stimulants, hallucinogens, inhalants, others."""

CODES: tuple[Code, ...] = (
    # Pain
    *_icd("M54.50 M54.51 M54.59", "low back pain", "pain.low_back", True),
    _snomed("279039007", "low back pain", "pain.low_back", True),
    # Pregnancy
    *_icd("Z33.1 Z33.3", "pregnant", "conditions.pregnancy", True),
    *_icd("Z34.* O09.*", "care during a pregnancy", "conditions.pregnancy", True),
    _snomed("77386006", "pregnancy", "conditions.pregnancy", True),
    _snomed("72892002", "normal pregnancy", "conditions.pregnancy", True),
    # Bones
    *_icd("M81.0 M81.8", "osteoporosis without a fracture now", "conditions.osteoporosis_diagnosed", True),
    *_icd("M80.*", "osteoporosis with a fracture now", "conditions.osteoporosis_diagnosed", True),
    _snomed("64859006", "osteoporosis", "conditions.osteoporosis_diagnosed", True),
    *_icd("M80.08* M80.88*", "fracture of a vertebra from osteoporosis", "conditions.fragility_fracture", True,
          past=True),
    *_wedged(),
    # Bleeding and infection
    *_icd("D66 D67 D68.0*", "bleeding disorder by a lack of a clotting factor", "conditions.bleeding_diathesis", True),
    *_icd("D69.9", "bleeding diathesis, kind not stated", "conditions.bleeding_diathesis", True),
    *_icd("Z79.01", "long-term use of anticoagulants at present", "conditions.anticoagulated", True),
    *_icd("A40.* A41.*", "sepsis", "conditions.systemic_infection", True),
    _snomed("91302008", "sepsis", "conditions.systemic_infection", True),
    *_finding("M46.2* M46.3*", "infection of a vertebra or a disc", "infection", ("active", True)),
    # Nerves and discs
    *_icd("M54.16 M54.17", "lumbar radiculopathy", "conditions.radiculopathy", "present"),
    *_icd("M51.16 M51.17", "lumbar disc disorder with radiculopathy", "conditions.radiculopathy", "present"),
    *_icd("M48.062", "lumbar stenosis with neurogenic claudication", "conditions.neurogenic_claudication", "present"),
    *_finding("M48.061 M48.062 M48.07", "lumbar or lumbosacral stenosis", "stenosis"),
    *_finding("M51.26 M51.27", "displaced lumbar disc", "disc_herniation"),
    *_finding("M43.16 M43.17", "lumbar spondylolisthesis", "spondylolisthesis"),
    *_finding("M43.06 M43.07", "lumbar spondylolysis", "spondylolysis"),
    # Cancer, substances, implants
    *_icd("C41.2", "cancer of the vertebral column", "conditions.spinal_cancer", "active", past="history"),
    *_icd("C72.0", "cancer of the spinal cord", "conditions.spinal_cancer", "active", past="history"),
    *_icd(" ".join(f"{code}.{use}" for code in SUBSTANCES for use in (10, 20)),
          "abuse of, or dependence on, a substance other than tobacco", "conditions.substance_use_active", True),
    *_icd("Z95.0", "cardiac pacemaker in place", "conditions.pulse_generator", True),
    *_icd("Z95.810", "cardiac defibrillator in place", "conditions.pulse_generator", True),
    *_icd("Z96.82", "neurostimulator in place", "conditions.pulse_generator", True),
    *_icd("Z96.21", "cochlear implant in place", "conditions.other_electronic_implant", True),
    _snomed("441509002", "cardiac pacemaker in place", "conditions.pulse_generator", True),
    _snomed("14106009", "cardiac pacemaker", "conditions.pulse_generator", True, "Device"),
    _snomed("72506001", "implantable defibrillator", "conditions.pulse_generator", True, "Device"),
    # Body mass index: a code is a range, not a number
    *_mass_index(),
    _snomed("162864005", "body mass index of 30 or more", "patient.body_mass_index", "at least 30"),
    _snomed("408512008", "body mass index of 40 or more", "patient.body_mass_index", "at least 40"),
    # Drugs
    _anticoagulant("11289", "warfarin"),
    _anticoagulant("1037042", "dabigatran"),
    _anticoagulant("1114195", "rivaroxaban"),
    _anticoagulant("1364430", "apixaban"),
    _anticoagulant("67108", "enoxaparin"),
    # Operations
    _ablation("64628", "thermal ablation of the basivertebral nerve, first bodies"),
    _ablation("64629", "thermal ablation of the basivertebral nerve, further body"),
    *_surgery("22533 22558 22612 22630 22633", "fusion of lumbar vertebrae", "fusion"),
    *_surgery("63005 63012 63017 63047", "lumbar laminectomy", "laminectomy"),
    *_surgery("63030 63042", "lumbar laminotomy, or removal of a disc, or both", "discectomy or laminotomy"),
    *_surgery("22857", "lumbar disc replacement", "disc_replacement"),
    *_surgery("22511 22514", "augmentation of a lumbar or sacral vertebra", "vertebral_augmentation"),
)  # fmt: skip

SCORE_UNITS = ("", "1", "{T-score}", "{T-Score}", "{score}")
"""How a T-score, which has no unit, is marked."""
_SITES = {
    "38267-1": "lumbar spine", "104938-6": "spine", "38264-8": "hip", "80946-7": "left hip", "80945-9": "right hip",
    "38263-0": "femur", "80948-3": "left femur", "80947-5": "right femur", "38265-5": "radius and ulna",
    "80944-2": "left radius and ulna", "80943-4": "right radius and ulna", "38266-3": "calcaneus",
    "80950-9": "left calcaneus", "80949-1": "right calcaneus", "85390-3": "humerus", "85389-5": "left humerus",
    "85388-7": "right humerus",
}  # fmt: skip
MEASURES: tuple[Measure, ...] = (
    Measure("39156-5", "body mass index", "patient.body_mass_index", ("kg/m2",), newest=True),
    # The lowest score of all sites is no higher than that of one.
    *(Measure(code, f"T-score, {site}", "conditions.t_score", SCORE_UNITS, "at most") for code, site in _SITES.items()),
)
RADIOLOGY = frozenset({("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD"), (LOINC, "LP29684-5")})
"""The categories of an imaging report."""


def stated_by(kind: Kind, codes: Iterable[tuple[str, str]]) -> list[Code]:
    """Return the rows of `codes`, as system and code, with the code itself for a category; each statement once."""
    found: dict[tuple[str, str], Code] = {}
    for system, code in codes:
        for row in _rows(kind, system, _plain(code)):
            found.setdefault((row.field, str(row.value)), replace(row, code=code))
    return list(found.values())


def measure_of(codes: Iterable[tuple[str, str]]) -> Measure | None:
    """Return what the quantity of an observation with these codes states; None if nothing."""
    named = set(codes)
    return next((row for row in MEASURES if (row.system, row.code) in named), None)


@cache
def _rows(kind: Kind, system: str, code: str) -> tuple[Code, ...]:
    return tuple(
        row
        for row in CODES
        if (row.kind, row.system) == (kind, system)
        and (code.startswith(_plain(row.code[:-1])) if row.code.endswith("*") else code == _plain(row.code))
    )


def _plain(code: str) -> str:
    """Return a code without the dots that some leave out."""
    return code.strip().upper().replace(".", "")
