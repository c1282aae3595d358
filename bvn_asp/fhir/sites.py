"""Where a procedure was done: vertebrae and discs by their codes, and anything else in words alone."""

from __future__ import annotations

from bvn_asp.fhir.codes import SNOMED
from bvn_asp.fhir.resource import Element, codes_of

VERTEBRAE = {
    "23215003": "T12", "66794005": "L1", "14293000": "L2", "36470004": "L3", "11994002": "L4", "49668003": "L5",
}  # fmt: skip
"""SNOMED CT codes of vertebrae, as DICOM has them (PS3.16, CID 7603).

It has none of S1, which is read in words alone.
"""
DISC_LEVELS = {
    "243926009": "T12-L1", "243920003": "L1-L2", "243921004": "L2-L3", "243922006": "L3-L4", "243923001": "L4-L5",
    "243927000": "L5-S1",
}  # fmt: skip
"""SNOMED CT codes of the levels of discs, as DICOM has them (PS3.16, CID 1003)."""
NO_LEVEL = "no code that is one vertebra, or of an operation one disc; kept in words beside the statement"
MOST_WORDS = 80
"""Most characters of the place of a procedure that are kept."""


def levels_of(resource: Element, *, bodies: bool) -> tuple[str, ...]:
    """Return the levels of a procedure, or its vertebral bodies alone; none unless every site has a known code."""
    known = VERTEBRAE if bodies else {**VERTEBRAE, **DISC_LEVELS}
    found: list[str] = []
    for site in resource.many("bodySite"):
        levels = {known[code] for system, code in codes_of(site) if system == SNOMED and code in known}
        if len(levels) != 1:
            return ()
        found += levels
    return tuple(dict.fromkeys(found))


def words_of(resource: Element) -> str:
    """Return in words where a procedure was done, as evidence for who reads it."""
    words = []
    for site in resource.many("bodySite"):
        shown = [coding.text("display") or coding.text("code") for coding in site.many("coding")]
        words.append(site.text("text") or next(filter(None, shown), ""))
    return " and ".join(filter(None, words))[:MOST_WORDS]
