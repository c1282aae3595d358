"""What a form calls the fields of a record: groups as a chart has them, labels and values in the policy's words."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bvn_asp.decision.wording import plain_words
from bvn_asp.record.field import Field
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy

CASE_GROUP = "case"
"""What the group of the fields that stand in no section is called."""


@cache
def group_names() -> tuple[str, ...]:
    """Return the names of the groups in the order in which a chart is read."""
    return tuple(dict.fromkeys(group_of(row) for row in TABLE.fields))


def group_of(row: Field) -> str:
    """Return the group in which a field stands."""
    head, _, rest = row.path.partition(".")
    if row.closes and not rest:
        return group_of(TABLE.by_path[row.closes])
    return head.removesuffix("[]") if rest or row.is_list else CASE_GROUP


def decides_nothing(row: Field) -> bool:
    """Tell whether the policy asks for a field nowhere, and nothing else of the record either."""
    return "decide" in row.note and "nothing" in row.note


def title_of(path: str) -> str:
    """Return what a section or a list is called as a heading."""
    status = TABLE.by_path.get(f"{path}.status")
    if status is not None:
        return status.note.partition(";")[0].capitalize()
    name = path.rpartition(".")[2].removesuffix("[]").replace("_", " ")
    return name[:1].upper() + name[1:] if name != "mri" else name.upper()


def label_of(policy: Policy, row: Field) -> str:
    """Return what a field is called, with a capital."""
    text = name_of(policy, row)
    return text[:1].upper() + text[1:]


def name_of(policy: Policy, row: Field) -> str:
    """Return what a field is called within a sentence: in the policy's words, or else by its own name."""
    term = row.term.partition("(")[0]
    text = re.sub(r" at \{[0-9]\}|\{[0-9]\}[:,]? ?", "", policy.wording.get(term, "")).strip()
    if text and row.form not in ("date", "bodies") and not row.denies:
        return text
    # A list is called by what one of its entries is.
    name = (row.section or row.name).removesuffix("s") if row.is_list else row.name
    return name.replace("_", " ")


def word_of(policy: Policy, value: str) -> str:
    """Return a value of a choice in words."""
    text = policy.wording.get(value, "")
    return text if text and "{" not in text else plain_words(value)
