"""What the fields of a record mean together: the words for a treatment, sources read in full, lists, ablations."""

from __future__ import annotations

from functools import cache

from bvn_asp.record.field import Field
from bvn_asp.record.table import SOURCES, TABLE

RANGE = ("L3", "L4", "L5", "S1")
"""Where something lies that lies somewhere from L3 to S1."""
SHOWING = ("shown_by", "not_shown_by")
"""The fields that say what shows a finding."""
OPEN_LISTS: dict[str, tuple[str, ...]] = {
    "findings.present": ("findings.present", "findings.absent", "findings.additional_pathology"),
    "surgeries": ("surgeries", "other_surgeries"),
    "ablations": ("ablations", "other_ablations"),
}
"""The fields that, called unknown, leave open whether a list goes on, even of a complete record."""
READ_IN_FULL = dict(zip(SOURCES, ("mri.read_in_full", "findings.assessment_read_in_full"), strict=True))
"""The field that says that a source of findings shows no more than is stated, by source."""
HARMLESS = ("likely_source", "complicates")
"""What is not so of a finding or surgery that no assessment found."""
PARTS_READ = ("received", "begun", "contraindicated")
"""The facts of a treatment that a word for its status states."""
STATUSES: dict[str, dict[str, bool]] = {
    "received": {"received": True, "begun": True, "contraindicated": False},
    "begun": {"received": False, "begun": True, "contraindicated": False},
    "ordered": {"received": False, "begun": False, "contraindicated": False},
    "not_received": {"received": False, "begun": False, "contraindicated": False},
    "contraindicated": {"received": False, "begun": False, "contraindicated": True},
}
"""What a word for a treatment says of its parts."""
ENTAILED = (("begun", "received", True), ("received", "begun", False))
"""What one part of a treatment says of another: part, the other, and the answer of both."""


@cache
def ablation_terms() -> dict[str, tuple[Field, ...]]:
    """Return what is so of a body by one of its ablations, with the fields that must all say yes of that one."""
    found: dict[str, tuple[Field, ...]] = {}
    for row in TABLE.lists["ablations[]"]:
        for text in (row.term, row.together) if row.form == "answer" else ():
            found[text] = (*found.get(text, ()), row)
    return found


def in_range(level: str) -> bool:
    """Tell whether `level` may be where something lies that lies somewhere from L3 to S1, in some anatomy."""
    return all(body in RANGE for body in level.split("-"))
