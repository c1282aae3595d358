"""The policy as a book: the document's items with what belongs to each, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.record.statements import plain

if TYPE_CHECKING:
    from bvn_asp.policy.register import Clause, Policy, Question

_HEADING = re.compile(r"^%% (.+?) -{4,}$|^%% ={4,} .*$")


@dataclass(frozen=True)
class Article:
    """One item: its clause, the clauses of the list inside it, limits, questions, and what was left out or is wrong."""

    clause: Clause
    parts: tuple[Clause, ...]
    limits: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    unencoded: tuple[tuple[str, str], ...]
    defects: tuple[str, ...]


def articles(policy: Policy) -> dict[str, list[Article]]:
    """Return the articles by section of the document."""
    found: dict[str, list[Article]] = {}
    for clause in sorted(policy.clauses.values(), key=_place):
        if clause.part_of is None:
            found.setdefault(clause.section, []).append(_article(policy, clause))
    return found


_SECTIONS = ("Definitions", "Indications", "Non-Indications", "Procedure Codes")


def _place(clause: Clause) -> tuple[int, int]:
    number = re.match(r"[0-9]+", clause.item)
    section = _SECTIONS.index(clause.section) if clause.section in _SECTIONS else len(_SECTIONS)
    return section, int(number[0]) if number else 0


def _article(policy: Policy, clause: Clause) -> Article:
    parts = tuple(part for part in policy.clauses.values() if part.part_of == clause.id)
    mine = (clause, *parts)
    return Article(
        clause, parts, tuple(_limits(policy, mine)),
        tuple(question for question in policy.questions.values() if names(question.where, clause)),
        tuple((item, why) for section, item, why in policy.unencoded
              if section == clause.section and item.partition(",")[0] == clause.item),
        tuple(what for where, what in policy.text_defects if names(where, clause)),
    )  # fmt: skip


def names(where: str, clause: Clause) -> bool:
    """Tell whether `where`, such as `Indications 4 and 7, Non-Indications 8 to 13`, names the item of `clause`."""
    section = ""
    for words in re.split(r",\s*(?=[A-Z])", where):
        found = re.match(r"([A-Z][A-Za-z -]*?)\s*((?:[0-9]|lead-in).*)?$", words)
        if found is None:
            continue
        section = found[1].strip()
        if section == clause.section and clause.item in _items(found[2] or ""):
            return True
    return False


def _items(text: str) -> set[str]:
    """Return the items that `text` names, such as 8, 9 and 14, or 8 to 13."""
    found = set(re.findall(r"\b[0-9]+\b|lead-in", text))
    for first, last in re.findall(r"\b([0-9]+) to ([0-9]+)\b", text):
        found |= {str(number) for number in range(int(first), int(last) + 1)}
    return found


def _limits(policy: Policy, clauses: tuple[Clause, ...]) -> Iterator[tuple[str, str]]:
    for clause in clauses:
        for (id, quantity), limit in policy.thresholds.items():
            if id == clause.id:
                unit = policy.units.get(quantity, "")
                yield (
                    f"{clause.id}: {quantity.replace('_', ' ')}",
                    f"{plain(Decimal(limit) / policy.scale)} {unit}".strip(),
                )
        if clause.id in policy.tallies:
            yield f"{clause.id}: count", str(policy.tallies[clause.id])


def rules_of(policy: Policy, clause: Clause) -> str:
    """Return the text of the policy about the item of `clause`: from its heading to the next."""
    lines = policy.text.split("\n")
    at = next((number for number, line in enumerate(lines) if line.startswith(f"clause({clause.id},")), None)
    if at is None:
        return ""
    first = next((number for number in range(at, -1, -1) if _HEADING.match(lines[number])), at)
    last = next((number for number in range(at, len(lines)) if _HEADING.match(lines[number])), len(lines))
    return "\n".join(lines[first:last]).strip("\n")
