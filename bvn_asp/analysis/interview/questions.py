"""What can be asked about a case: the fields that are answered together, and the answers that there can be."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bvn_asp.decision.conventions import READ_IN_FULL
from bvn_asp.policy.register import Policy
from bvn_asp.policy.terms import pattern
from bvn_asp.record.case import EITHER
from bvn_asp.record.field import Field, general
from bvn_asp.record.statements import GRAIN, NONE, NOT_MEASURED, UNKNOWN, plain
from bvn_asp.record.table import FINDING_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.decision.nodes import Node

Content = dict[str, Any]
"""What a case states, written as in a case file."""

FINDINGS, MODIC = "findings.present[]", "mri.modic_changes[]"
_STATUS = ("status", "received", "begun", "contraindicated")
_WITH_LIST = {
    FINDINGS: ("findings.absent", *READ_IN_FULL.values(), "findings.additional_pathology"),
    MODIC: ("mri.other_modic_changes",),
    "surgeries[]": ("other_surgeries",),
    "ablations[]": ("other_ablations",),
}
"""What says of a list that it is whole, and so is asked with it."""

NAMING = ("kind", "levels", "bodies", "certainty", "shown_by", "not_shown_by")
"""What names an entry of a list, and so is told with it: a list says only what is there and where."""


@dataclass(frozen=True)
class Question:
    """One question: its place in a case, in words, who can answer it, and the fields that its answer states.

    `facts` are the missing facts that it is about; its `place` ends with `[]` if it asks for the entries of a list.
    """

    place: str
    words: str
    ask: str
    fields: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def field(self) -> str:
        """The field that a form leads to."""
        return self.fields[0]


def questions_of(
    nodes: Iterable[Node], content: Content, policy: Policy, skipped: Collection[str] = ()
) -> list[Question]:
    """Return the questions about the missing facts `nodes`, in the order of the table, without those `skipped`."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        place = place_of(node.field, content)
        if place:
            found.setdefault(place, []).append(node.missing_words)
    waiting = [place for place in found if _waits(place, found.keys() - skipped)]
    found = {place: facts for place, facts in found.items() if place not in (*skipped, *waiting)}
    rows = {row.path: number for number, row in enumerate(TABLE.fields)}

    def order(place: str) -> tuple[int, str]:
        return rows.get(general(fields_of(place)[0]), len(rows)), place

    return [
        Question(place, _words(place, found[place], policy), row_at(fields_of(place)[0]).ask, fields_of(place),
                 tuple(found[place]))
        for place in sorted(found, key=order)
    ]  # fmt: skip


def _waits(place: str, open_places: Iterable[str]) -> bool:
    """Tell whether a question comes after another: a detail after what it details.

    That a report was read in full says nothing before all is told that it shows, so Modic changes come before the rest.
    """
    row = TABLE.by_path.get(place)
    if place == FINDINGS:
        return MODIC in open_places
    return row is not None and bool(row.parents) and {*row.parents} <= {*open_places}


def row_at(path: str) -> Field:
    """Return the row of the field at `path`; raise KeyError if there is none."""
    name = general(path)
    return TABLE.by_path[name] if name in TABLE.by_path else TABLE.by_path[f"{name}[]"]


def place_of(field: str, content: Content) -> str:
    """Return the place of the question that is about `field`: that of a list for what has no entry yet."""
    name = general(field)
    if f"{name}[]" in TABLE.by_path:
        return f"{name}[]"
    if name not in TABLE.by_path:
        return ""
    entry = re.match(r"(.*)\[([0-9]+)\]", field)
    if entry and int(entry[2]) >= len(entries_at(content, entry[1])):
        return f"{entry[1]}[]"
    if name.rpartition(".")[2] in _STATUS and f"{TABLE.by_path[name].section}.status" in TABLE.by_path:
        return field.rpartition(".")[0]
    for first, second in EITHER:
        if name == second:
            return field.rpartition(".")[0] + "." + first.rpartition(".")[2]
    return field


def fields_of(place: str) -> tuple[str, ...]:
    """Return the fields that an answer at `place` can state, the usual one first."""
    if place in TABLE.by_path and TABLE.by_path[place].is_list:
        return (place.removesuffix("[]"), *_WITH_LIST.get(place, ()))
    if f"{place}.status" in TABLE.by_path:
        return tuple(f"{place}.{name}" for name in _STATUS)
    section = place.rpartition(".")[0]
    others = [second.rpartition(".")[2] for first, second in EITHER if first == general(place)]
    return (place, *(f"{section}.{other}" for other in others))


def _words(place: str, facts: list[str], policy: Policy) -> str:
    if place == FINDINGS:
        return "findings on imaging or examination"
    if place.endswith("[]"):
        return facts[0].partition(" at ")[0]
    if f"{place}.status" in TABLE.by_path:
        return policy.wording.get(place.rpartition(".")[2], facts[0].partition(":")[0])
    return facts[0].removesuffix(f": {NOT_MEASURED}")


def with_silences_open(content: Content, skipped: Collection[str], policy: Policy, *, every: bool) -> Content:
    """Return `content` with unknown for what it is silent about where silence would say something, unless it was asked.

    These are details of what is stated: without them a decision can turn around. With `every`, all others too.
    """
    found = content
    for row in TABLE.plain:
        place = place_of(row.path, content)
        if pattern(row.term) not in policy.assumable or place in skipped:
            continue
        if any(value_at(content, path) is not None for path in fields_of(place)):
            continue
        if every or any(value_at(content, parent) not in (None, False, "no") for parent in row.parents):
            found = stating(found, {fields_of(place)[0]: UNKNOWN})
    return found


# --- what an answer states -----------------------------------------------------------------------------------------


def value_at(content: Content, path: str) -> Any:
    """Return what `content` states at `path`; None if it states nothing there."""
    found: Any = content
    for step in re.findall(r"[^.\[\]]+", path):
        key: Any = int(step) if isinstance(found, list) and step.isdecimal() else step
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def entries_at(content: Content, name: str) -> list[Any]:
    """Return the entries of the list called `name`."""
    found = value_at(content, name)
    return found if isinstance(found, list) else []


def stating(content: Content, said: Mapping[str, Any]) -> Content:
    """Return `content` with what `said` states by path; an entry that is not there yet is added."""
    found = copy.deepcopy(content)
    for path, value in said.items():
        inner: Any = found
        *steps, last = re.findall(r"[^.\[\]]+", path)
        for step, following in pairwise([*steps, last]):
            empty: Any = [] if following.isdecimal() else {}
            key = _key(inner, step)
            held = inner[key] if isinstance(inner, list) else inner.get(key)
            if not isinstance(held, type(empty)):
                inner[key] = empty
            inner = inner[key]
        inner[_key(inner, last)] = value
    return found


def _key(inner: Any, step: str) -> Any:
    """Return the key of a step, with as many entries as it takes if it is one of a list."""
    if not isinstance(inner, list):
        return step
    inner += [{} for _ in range(int(step) + 1 - len(inner))]
    return int(step)


def answers(question: Question, content: Content, policy: Policy) -> Iterator[dict[str, Any]]:
    """Yield an answer of each kind that there is: every value of a field that the policy tells apart, by path."""
    place = question.place
    if place == FINDINGS:
        kinds = {entry.get("kind") for entry in entries_at(content, "findings.present")}
        absent = [kind for kind in FINDING_KINDS if kind not in kinds]
        yield {"findings.absent": absent}
        number = len(entries_at(content, "findings.present"))
        for kind in absent:
            others = [other for other in absent if other != kind]
            yield {"findings.absent": others, f"findings.present[{number}].kind": kind}
    elif place.endswith("[]"):
        name = place.removesuffix("[]")
        number = len(entries_at(content, name))
        closing = next((field for field in fields_of(place)[1:]), "")
        yield {closing: "absent"} if number and closing else {name: NONE}
        if not number:
            yield {f"{name}[0]": {}}
    elif f"{place}.status" in TABLE.by_path:
        yield from ({f"{place}.status": value} for value in row_at(f"{place}.status").values)
    else:
        yield from ({place: value} for value in _values(row_at(place), policy))


def _values(row: Field, policy: Policy) -> Iterator[Any]:
    match row.form:
        case "answer":
            yield from ("yes", "no")
        case "choice":
            yield from row.values
        case "number":
            limits = sorted({limit for (_, name), limit in policy.thresholds.items() if name == row.quantity})
            near = {Decimal(limit) / policy.scale + step for limit in limits for step in (-GRAIN, Decimal(0), GRAIN)}
            yield from (plain(number) for number in sorted(near) if row.low <= number <= row.high)
            if row.measured:
                yield NOT_MEASURED
        case "names":
            yield from ([value] for value in row.values)
        case "levels" | "bodies":
            yield from ([body] for body in policy.bodies_in_range)
        case _:
            return
