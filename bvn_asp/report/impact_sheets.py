"""The impact of a change as sheets: the moves with their totals, why, the first cases, and what each count is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bvn_asp.batch.impact import causes_of, moved
from bvn_asp.batch.version import NAMES, NO_REQUEST
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.paper.sheets import Cell, Column, Sheet, about

if TYPE_CHECKING:
    from bvn_asp.analysis.change.diff import Move
    from bvn_asp.batch.impact import Impact
    from bvn_asp.batch.version import Version
    from bvn_asp.policy.register import Policy


def sheets(
    found: Impact, policies: tuple[Policy, Policy], versions: tuple[Version, Version],
    possible: Collection[Move] | None, source: Path, made: str = "",
) -> Iterator[Sheet]:  # fmt: skip
    """Yield the impact on the cases of `source` as sheets; policies and versions are those before and after."""
    words = {id: c.label for policy in policies for id, c in policy.clauses.items()}
    cited = {id: c.citation for policy in policies for id, c in policy.clauses.items()}
    yield _moves(found)
    yield Sheet(
        "Changes",
        (Column("Before", 12), Column("After", 12), Column("Cases", 10), Column("First cases", 60)),
        [(*move, count, ", ".join(id or f"row {row}" for row, id in found.examples.get(move, [])))
         for move, count in moved(found)],
    )  # fmt: skip
    yield Sheet(
        "Criteria that moved",
        (Column("Before", 12), Column("After", 12), Column("Id", 7), Column("Status before", 14),
         Column("Status after", 14), Column("Cases", 10), Column("What it asks", 60), Column("Citation", 24)),
        [(*move, id, one, other, count, words.get(id, ""), cited.get(id, ""))
         for move, _ in moved(found) for id, one, other, count in causes_of(found, move)],
    )  # fmt: skip
    yield Sheet(
        "Reasons for denial",
        (Column("Id", 7), Column("Before", 10), Column("After", 10), Column("What it asks", 60),
         Column("Citation", 24)),
        [(id, found.before.denials[id], found.after.denials[id], words.get(id, ""), cited.get(id, ""))
         for id, _ in (found.before.denials | found.after.denials).most_common()],
    )  # fmt: skip
    yield _pairs("Exclusions together", "Exact set of exclusions", Counter(
        {", ".join(ids): n for ids, n in found.before.together.items()}), Counter(
        {", ".join(ids): n for ids, n in found.after.together.items()}))  # fmt: skip
    yield _pairs("Missing facts", "Missing where a criterion pends", found.before.missing, found.after.missing)
    yield about(_about(found, policies, versions, possible, source, made))


def _moves(found: Impact) -> Sheet:
    """Return how many cases go from each recommendation to each, with totals that add up."""
    names = [name for name in NAMES if any(name in move for move in found.moves) or name != NO_REQUEST]
    columns = (Column("Before, down; after, across", 26), *(Column(_named(name), 12) for name in (*names, "total")))
    rows: list[tuple[Cell, ...]] = []
    for one in names:
        counts = [found.moves[one, other] for other in names]
        rows.append((_named(one), *counts, sum(counts)))
    sums = [sum(found.moves[one, other] for one in names) for other in names]
    rows.append(("total", *sums, sum(sums)))
    return Sheet("Moves", columns, rows)


def _named(name: str) -> str:
    return "no request" if name == NO_REQUEST else name


def _pairs(name: str, what: str, before: Counter[str], after: Counter[str]) -> Sheet:
    columns = (Column(what, 70), Column("Cases before", 14), Column("Cases after", 14))
    return Sheet(name, columns, [(each, before[each], after[each]) for each, _ in (before | after).most_common()])


def _about(
    found: Impact, policies: tuple[Policy, Policy], versions: tuple[Version, Version],
    possible: Collection[Move] | None, source: Path, made: str,
) -> Iterator[tuple[str, Cell]]:  # fmt: skip
    yield "Notice", NOTICE
    yield "Input", str(source)
    if made:
        yield "Made", made
    yield "Cases decided", found.decided
    yield "Cases rejected", found.rejected
    yield "Recommendations that change", found.changed
    yield "Cannot be known: pends before or after", found.unknown
    for when, policy, version in zip(("before", "after"), policies, versions, strict=True):
        yield f"Version {when}", version.name
        yield f"Policy {when}", f"{policy.name}, version {policy.version} of {policy.revised}"
        yield f"Policy file {when}, sha256", policy.sha256
        for id, option in policy.readings(version.readings).items():
            question = policy.questions[id]
            yield f"Read otherwise {when}", f"{id}={option}: {question.text} {question.options[option]}"
    if possible is None:
        yield "Possible by the rules", "not found out in bounded time"
    else:
        unseen = [f"{one} to {other}" for one, other in sorted(possible) if not found.moves[one, other]]
        yield "Possible by the rules, not seen here", ", ".join(unseen) or "none"
