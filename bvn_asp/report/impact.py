"""The impact of a change in sentences, and as one HTML page with charts, which loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bvn_asp.batch.impact import Impact, causes_of, moved
from bvn_asp.batch.version import NAMES, NO_REQUEST
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.charts import bars, combinations
from bvn_asp.report.pages import rendered
from bvn_asp.report.safe import safe
from bvn_asp.report.text import policy_words

if TYPE_CHECKING:
    from markupsafe import Markup

    from bvn_asp.analysis.change.diff import Move
    from bvn_asp.policy.register import Policy

MOST_BARS, MOST_SETS, MOST_CAUSES = 15, 24, 4


@dataclass(frozen=True)
class Chart:
    """A drawing with its title and what it shows; `left_out` is how many bars are not drawn."""

    title: str
    words: str
    drawn: Markup | None
    left_out: int = 0


def heading(path: Path, day: date, before: Policy, after: Policy, readings: Mapping[str, str]) -> list[str]:
    """Return what was compared: the file of cases, the day, both policies, and the `readings` of the changed one."""
    same = after.sha256 == before.sha256
    lines = [
        f"Impact on the cases of {path}, {day.isoformat()}",
        f"Before: {policy_words(before)}, read by default",
        f"After: {'the same policy' if same else policy_words(after)}{', read so:' if readings else ''}",
    ]
    for id, option in readings.items():
        question = after.questions[id]
        lines.append(f"  {id}={option}: {question.text} {question.options[option]} (before: {question.default})")
    return list(map(safe, lines))


def totals(found: Impact) -> str:
    """Return the counts, which add up to the rows read."""
    rejected = f"; {found.rejected:,} more rejected" if found.rejected else ""
    kept = found.decided - found.changed - found.unknown
    return (
        f"{found.decided:,} cases decided: {found.changed:,} change, {kept:,} stay, {found.unknown:,} cannot be known "
        f"for lack of facts, since they pend before or after{rejected}"
    )


def sentences(found: Impact, possible: Collection[Move] | None) -> Iterator[str]:
    """Yield the impact line by line."""
    yield totals(found)
    for move, number in moved(found):
        yield f"  {move[0]} -> {move[1]}: {number:,}   {_firsts(found, move)}"
        for id, one, other, count in causes_of(found, move)[:MOST_CAUSES]:
            yield f"      {id} {one if one == other else f'{one} -> {other}'} in {count:,}"
    if possible is None:
        yield "not found out in bounded time which other moves are possible by the rules"
        return
    unseen = [f"{one} -> {other}" for one, other in sorted(possible) if not found.moves[one, other]]
    yield f"possible by the rules, but not seen here: {', '.join(unseen) or 'none'}"


def page(found: Impact, policy: Policy, heading: Sequence[str], possible: Collection[Move] | None) -> str:
    """Return the impact as one HTML page under `heading`."""
    changes = [
        (move, number, _causes(found, policy, move), _firsts(found, move).removeprefix("first: "))
        for move, number in moved(found)
    ]
    unseen = [move for move in sorted(possible or ()) if not found.moves[move]]
    return rendered(
        "impact.html.jinja", found=found, heading=heading, totals=totals(found), notice=NOTICE, changes=changes,
        unseen=unseen, outcomes=_outcomes(found), charts=[_denials(found, policy), _together(found), _missing(found)],
    )  # fmt: skip


def _firsts(found: Impact, move: Move) -> str:
    """Return the first cases of `move` by name."""
    return "first: " + ", ".join(id or f"row {row}" for row, id in found.examples.get(move, []))


def _causes(found: Impact, policy: Policy, move: Move) -> list[str]:
    return [
        f"{id} {one if one == other else f'{one} → {other}'} in {count:,}: {policy.clauses[id].label}"
        for id, one, other, count in causes_of(found, move)[:MOST_CAUSES]
        if id in policy.clauses
    ]


def _outcomes(found: Impact) -> Chart:
    names = [name for name in NAMES if name != NO_REQUEST or any(NO_REQUEST in move for move in found.moves)]
    counts = [[sum(n for move, n in found.moves.items() if move[at] == name) for name in names] for at in (0, 1)]
    labels = [name if name != NO_REQUEST else "no request" for name in names]
    return _bars("Outcomes", "Cases by recommendation.", labels, {"before": counts[0], "after": counts[1]})


def _denials(found: Impact, policy: Policy) -> Chart:
    denials = found.before.denials | found.after.denials
    most = [id for id, _ in denials.most_common(MOST_BARS)]
    labels = [f"{id}  {policy.clauses[id].citation if id in policy.clauses else ''}" for id in most]
    series = {
        name: [side.denials[id] for id in most] for name, side in (("before", found.before), ("after", found.after))
    }
    words = "Cases denied that fail a criterion; a case can fail several."
    return _bars("Reasons for denial", words, labels, series, len(denials))


def _together(found: Impact) -> Chart:
    title, words = "Exclusions that occur together", "Denied cases by the exact set of non-indications, before."
    most = dict(found.before.together.most_common(MOST_SETS))
    drawn = combinations(title, most) if most else None
    return Chart(title, words, drawn, len(found.before.together) - len(most))


def _missing(found: Impact) -> Chart:
    most = found.before.missing.most_common(MOST_BARS)
    words = "Pending cases, before, that leave this open while a criterion that asks for it is undetermined."
    return _bars(
        "Missing facts behind what pends", words, [label for label, _ in most], {"before": [n for _, n in most]},
        len(found.before.missing),
    )  # fmt: skip


def _bars(
    title: str, words: str, labels: Sequence[str], series: dict[str, list[int]], count: int | None = None
) -> Chart:
    drawn = bars(title, labels, series) if labels else None
    return Chart(title, words, drawn, (len(labels) if count is None else count) - len(labels))
