"""What would change a decision: for people, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.analysis.change.changes import KINDS, Answer, ChangeSet, Obstacle
from bvn_asp.analysis.search import RECOMMENDATIONS
from bvn_asp.decision.decision import NOTICE
from bvn_asp.record.statements import plain
from bvn_asp.record.table import TABLE
from bvn_asp.report.safe import number_of
from bvn_asp.report.schemas import ChangesDocument, WhatIfDocument

if TYPE_CHECKING:
    from bvn_asp.analysis.records import Premise
    from bvn_asp.policy.register import Policy

_STOPPED = {
    "": "",
    "limit": "stopped at the limit of sets: there may be more",
    "timeout": "stopped at the time limit: there may be more",
    "conflicts": "one search met as many conflicts as it may: there may be more",
    "interrupted": "interrupted: there may be more",
    "open": "some sets of changes were decided otherwise than the search found, and are left out",
}


def answer_text(answer: Answer, name: str, *, everything: bool = False, every: bool = False) -> str:
    """Return an answer in words; `name` is what the case is called. With `every`, all sets are shown, not the first."""
    return "\n".join(_answer_lines(answer, name, everything, every))


def _answer_lines(answer: Answer, name: str, everything: bool, every: bool) -> Iterator[str]:
    policy, now = answer.now.policy, answer.now.recommendation
    wanted = answer.wanted.upper() + ("" if answer.wanted in RECOMMENDATIONS else " permissible")
    now = now or f"none, patient {answer.now.eligibility.replace('_', ' ')}"
    yield f"{name}\nNow: {now.upper()}   Wanted: {wanted}\n{NOTICE}\n"
    if answer.reached:
        yield "It is so already: nothing needs to change."
    yield from _sets(answer.sets, every=every, numbered=True)
    if answer.sets:
        yield "These are all: nothing smaller or other does." if answer.complete else _stopped(answer)
    elif answer.unreachable:
        free = "" if everything else " by what can be changed, documented or is not stated so far (--any: by anything)"
        yield f"Unreachable{free}. Each of these alone stands in the way:"
        for obstacle in answer.obstacles:
            yield from _obstacle(obstacle, policy)
    elif not answer.reached:
        yield f"Nothing found. {_stopped(answer)}"
    if answer.requests:
        yield f"\nLargest requests that would be approved as the record is ({len(answer.requests)}):"
        yield from (f"  - {', '.join(bodies)}" for bodies in answer.requests)
    for outcome, sets in answer.settlements.items():
        if not every and answer.sets and outcome == answer.wanted:
            continue
        yield f"\nSmallest sets of missing facts that would settle it as {outcome.upper()} ({len(sets)}):"
        yield from _sets(sets, every=every)
    if answer.stopped in ("timeout", "conflicts", "interrupted") and (
        answer.reached or answer.unreachable or answer.complete
    ):
        yield f"\nNot finished. {_stopped(answer)}"


def _stopped(answer: Answer) -> str:
    """Return as a sentence why the search ended early."""
    words = _STOPPED[answer.stopped]
    return f"{words[:1].upper()}{words[1:]}."


def _changes(found: ChangeSet) -> Iterator[str]:
    for place, change in enumerate(found.changes):
        yield f"  {'- ' if not place else '  '}{change}  ({KINDS[change.kind]}; {change.field})"


_FEW = 4
"""Most changes that are listed one by one; of more, those of one document that become the same share a line."""


def _grouped(found: ChangeSet) -> Iterator[str]:
    """Yield what has to be stated, by whom to ask for it, and then what has to become otherwise."""
    asked: dict[str, dict[str, list[str]]] = {}
    for change in found.changes:
        if change.before in ("not stated", "not known"):
            groups = asked.setdefault(TABLE.whom(change.field), {})
            groups.setdefault(change.after, []).append(change.words)
        else:
            yield f"  - {change}  ({KINDS[change.kind]}; {change.field})"
    for whom, groups in asked.items():
        yield f"  {whom}:"
        yield from (f"    - {', '.join(words)}: {after}" for after, words in groups.items())


def _sets(sets: Sequence[ChangeSet], *, every: bool, numbered: bool = False) -> Iterator[str]:
    """Yield all sets of changes, or the first and how many others there are."""
    for place, found in enumerate(sets if every else sets[:1], 1):
        if numbered:
            yield f"{place}. {number_of(found.cost, 'change')}"
        yield from _changes(found) if every or found.cost <= _FEW else _grouped(found)
    if not every:
        yield from _others(sets[1:])


def _others(sets: Sequence[ChangeSet]) -> Iterator[str]:
    """Yield how many sets are not shown, by size."""
    sizes = Counter(found.cost for found in sets)
    if sizes:
        counts = ", ".join(f"{count} of {number_of(cost, 'change')}" for cost, count in sorted(sizes.items()))
        yield f"  Others found: {counts} (--all shows them)"


def _obstacle(obstacle: Obstacle, policy: Policy) -> Iterator[str]:
    yield f"  - {'; '.join(obstacle.facts) or 'no fact at all: the policy itself'}"
    for premise in obstacle.premises:
        yield f"      {_premise(premise, policy)}"


def _premise(premise: Premise, policy: Policy) -> str:
    if premise.kind == "reading":
        return f"read: {premise.clause}={premise.quantity}"
    clause = policy.clauses[premise.clause]
    if premise.kind == "limit":
        limit = plain(Decimal(policy.thresholds[premise.clause, premise.quantity]) / policy.scale)
        return f"limit in {clause.id}: {premise.quantity} {limit} {policy.units[premise.quantity]}".rstrip()
    return f"{clause.id}: {clause.label}  ({clause.citation})"


def answer_document(answer: Answer, name: str) -> WhatIfDocument:
    """Return an answer as plain data."""
    policy = answer.now.policy
    return {
        "file": name,
        "notice": NOTICE,
        "now": answer.now.recommendation,
        "wanted": answer.wanted,
        "reached": answer.reached,
        "complete": answer.complete,
        "stopped": answer.stopped,
        "unreachable": answer.unreachable,
        "sets": [_set(found) for found in answer.sets],
        "obstacles": [
            {
                "facts": list(obstacle.facts),
                "premises": [
                    {"kind": p.kind, "clause": p.clause, "quantity": p.quantity, "words": _premise(p, policy)}
                    for p in obstacle.premises
                ],
            }
            for obstacle in answer.obstacles
        ],
        "settlements": {outcome: [_set(found) for found in sets] for outcome, sets in answer.settlements.items()},
        "requests": [list(bodies) for bodies in answer.requests],
    }


def _set(found: ChangeSet) -> ChangesDocument:
    return {
        "cost": found.cost,
        "changes": [
            {
                "field": change.field,
                "words": change.words,
                "before": change.before,
                "after": change.after,
                "distance": change.distance,
                "kind": change.kind,
            }
            for change in found.changes
        ],
        "decided": found.decision.recommendation,
        "record": found.case.model_dump(mode="json", exclude_none=True, exclude={"story", "expected"}),
    }
