"""The impact of a change as one HTML page with charts, which loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from bvn_asp.batch.charts import bars, upset
from bvn_asp.batch.impact import Impact, causes_of, firsts, moved
from bvn_asp.batch.version import NAMES, NO_REQUEST, Version
from bvn_asp.change.diff import Move
from bvn_asp.decision import NOTICE
from bvn_asp.policy import Policy

MOST_BARS, MOST_SETS = 15, 24
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Impact</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; margin: 1rem 0 }} td, th {{ padding: .25rem .7rem; text-align: left }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums }} tr + tr {{ border-top: 1px solid #ddd }}
svg {{ max-width: 100%; height: auto }} .notice {{ background: #fff4d6; padding: .6rem 1rem }}
</style></head><body>
{body}
</body></html>
"""


def page(found: Impact, policy: Policy, before: Version, after: Version, possible: Collection[Move] | None) -> str:
    """Return the impact as one HTML page."""
    parts = [
        "<h1>Impact</h1>",
        f'<p class="notice">{escape(NOTICE)}</p>',
        f"<p>Before: {escape(before.name)}. After: {escape(after.name)}. {found.decided:,} cases decided, "
        f"{found.rejected:,} rejected. <b>{found.changed:,}</b> recommendations change; {found.unknown:,} cannot be "
        "known for lack of facts, since they pend before or after.</p>",
        "<h2>Outcomes</h2>", _outcomes(found),
        "<h2>Changes</h2>", _changes(found, policy, possible),
        "<h2>Reasons for denial</h2><p>Cases denied that fail a criterion; a case can fail several.</p>",
        _counted(found, policy),
        "<h2>Exclusions that occur together</h2><p>Denied cases by the exact set of non-indications, before.</p>",
        _together(found),
        "<h2>Missing facts behind what pends</h2>"
        "<p>Pending cases, before, that leave this open while a criterion that asks for it is undetermined.</p>",
        _missing(found),
    ]  # fmt: skip
    return _PAGE.format(body="\n".join(parts))


def _outcomes(found: Impact) -> str:
    names = [name for name in NAMES if name != NO_REQUEST or any(NO_REQUEST in move for move in found.moves)]
    counts = [[sum(n for move, n in found.moves.items() if move[at] == name) for name in names] for at in (0, 1)]
    labels = [name if name != NO_REQUEST else "no request" for name in names]
    return bars(labels, {"before": counts[0], "after": counts[1]})


def _changes(found: Impact, policy: Policy, possible: Collection[Move] | None) -> str:
    rows = ["<tr><th>Before</th><th>After</th><th>Cases</th><th>Criteria that moved with them</th><th>First</th></tr>"]
    for move, number in moved(found):
        causes = "<br>".join(
            f"{escape(id)} {one if one == other else f'{one} &rarr; {other}'} in {n:,}: "
            f"{escape(policy.clauses[id].label)}"
            for id, one, other, n in causes_of(found, move)[:4]
            if id in policy.clauses
        )
        rows.append(
            f'<tr><td>{move[0]}</td><td>{move[1]}</td><td class="n">{number:,}</td><td>{causes}</td>'
            f"<td>{escape(firsts(found, move).removeprefix('first: '))}</td></tr>"
        )
    for one, other in sorted(possible or ()):
        if not found.moves[one, other]:
            said = "possible by the rules, not seen in this file"
            rows.append(f'<tr><td>{one}</td><td>{other}</td><td class="n">0</td><td>{said}</td><td></td></tr>')
    return f"<table>{''.join(rows)}</table>"


def _counted(found: Impact, policy: Policy) -> str:
    most = (found.before.denials | found.after.denials).most_common(MOST_BARS)
    labels = [f"{id}  {policy.clauses[id].citation if id in policy.clauses else ''}" for id, _ in most]
    return bars(
        labels,
        {
            "before": [found.before.denials[id] for id, _ in most],
            "after": [found.after.denials[id] for id, _ in most],
        },
    )


def _together(found: Impact) -> str:
    most = dict(found.before.together.most_common(MOST_SETS))
    return upset(most) if most else "<p>None.</p>"


def _missing(found: Impact) -> str:
    most = found.before.missing.most_common(MOST_BARS)
    return bars([label for label, _ in most], {"before": [n for _, n in most]}) if most else "<p>None.</p>"
