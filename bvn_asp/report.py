"""Decisions for people: on a terminal, as plain text, and as HTML for notebooks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from bvn_asp.decision import Criterion, Decision
from bvn_asp.facts import ANATOMY
from bvn_asp.nodes import Node

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

FAILING = ("unmet", "violated")
MOST_NAMED = 8
"""Most facts of a set that a report names."""
STYLES = {
    "approve": "bold green", "partial": "bold yellow", "deny": "bold red", "pend": "bold blue",
    "met": "green", "clear": "green", "permissible": "green", "eligible": "green", "passes": "green",
    "unmet": "red", "violated": "red", "refused": "red", "not_eligible": "red", "fails": "red",
    "undetermined": "blue",
}  # fmt: skip


def safe(text: str) -> str:
    """Return `text` with every character that could move a cursor, reorder or hide text written out."""
    return "".join(
        c if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029" else f"\\u{ord(c):04x}" for c in text
    )


def brief(decision: Decision, name: str) -> str:
    """Return `decision` in one line: file, recommendation, what fails, what is undetermined, bodies."""
    failing = [*decision.ids("unmet"), *decision.ids("violated")]
    parts = [
        f"{safe(name)}: {decision.recommendation or 'no request'} ({decision.eligibility.replace('_', ' ')})",
        f"fails {' '.join(failing)}" if failing else "",
        f"undetermined {' '.join(decision.ids('undetermined'))}" if decision.ids("undetermined") else "",
        ", ".join(f"{body.name} {body.status}" for body in decision.bodies if body.requested),
    ]
    return "; ".join(part for part in parts if part)


def show(decision: Decision, name: str, console: Console, *, full: bool = False) -> None:
    """Print `decision` on `console`; `full` unfolds the criteria that pass and the readings behind each step."""
    from rich.padding import Padding
    from rich.text import Text

    head = Text.assemble((safe(name), "bold"), "\n") if name else Text()
    word = decision.recommendation or "no recommendation: no bodies are requested"
    head.append("Recommendation: ").append(word.upper() if decision.recommendation else word, STYLES.get(word, ""))
    head.append("   Patient: ").append(decision.eligibility.replace("_", " "), STYLES.get(decision.eligibility, "blue"))
    head.append(f"\n{decision.notice}", "dim")
    console.print(head)
    for line in _remarks(decision):
        console.print(Text(line))
    for title, criteria in _groups(decision):
        console.print(Text(f"\n{title}", "bold"))
        for criterion in criteria:
            tree = _tree(
                criterion.explanation, full=full or criterion.status in (*FAILING, "undetermined"), readings=full
            )
            console.print(Padding(tree, (0, 0, 0, 2), expand=False))
    console.print(Text("\nVertebral bodies", "bold"))
    console.print(_bodies(decision))
    for body in decision.bodies if not full else ():
        for node in body.explanation.children:
            # The criteria above explain everything but this: it belongs to no list.
            if body.requested and node.clause is not None and node.clause.kind == "level":
                console.print(Padding(_tree(node, full=True, readings=False), (0, 0, 0, 2), expand=False))
    for body in decision.bodies if full else ():
        console.print(Padding(_tree(body.explanation, full=True, readings=True), (0, 0, 0, 2), expand=False))
    for line in _missing(decision):
        console.print(Text(line))
    policy = decision.policy
    console.print(
        Text(f"\n{policy.name}, version {policy.version} ({policy.revised}), sha256 {policy.sha256[:12]}\n", "dim")
    )


def text(decision: Decision) -> str:
    """Return everything that `show` prints in full, as plain text."""
    from rich.console import Console

    target = StringIO()
    show(decision, "", Console(file=target, width=120, color_system=None, force_terminal=False), full=True)
    return target.getvalue()


def html(decision: Decision) -> str:
    """Return `decision` as a fragment of HTML without scripts or outside references."""
    rows = "".join(
        f"<tr><td>{escape(body.name)}</td><td>{'yes' if body.requested else 'no'}</td>"
        f"<td>{escape(body.status)}</td></tr>"
        for body in decision.bodies
    )
    groups = "".join(
        f"<h4>{escape(title)}</h4>" + "".join(_details(criterion.explanation) for criterion in criteria)
        for title, criteria in _groups(decision)
    )
    remarks = "".join(f"<p>{escape(line)}</p>" for line in (*_remarks(decision), *_missing(decision)))
    return (
        f"<div><h3>Recommendation: {escape(decision.recommendation or 'none')}</h3><p>{escape(decision.notice)}</p>"
        f"<table><tr><th>Body</th><th>Requested</th><th>Status</th></tr>{rows}</table>{remarks}{groups}</div>"
    )


def _remarks(decision: Decision) -> Iterator[str]:
    if decision.choices:
        sets = "; ".join(" ".join(choice) for choice in decision.choices)
        more = decision.choices_count - len(decision.choices)
        yield f"Permissible: {', '.join(decision.grants)}, more than may be treated at once"
        yield f"May be treated: any one of these sets: {sets}{f' and {more} more' if more else ''}"
    elif decision.grants:
        yield f"May be treated: {', '.join(decision.grants)}"
    if decision.units:
        yield f"Units: {_units(decision.units.items())}"
    if decision.units_agree is not None:
        asked = _units(decision.units_asked.items())
        yield f"Units asked for: {asked}, {'as recommended' if decision.units_agree else 'not as recommended'}"
    for criterion in decision.flags:
        yield f"Flag: {decision.policy.wording.get('flag', criterion.clause.label)} ({criterion.clause.citation})"
    for question, option in decision.readings.items():
        read = decision.policy.questions[question]
        if option != read.default:
            yield f"Read otherwise than by default: {read.text} {read.options[option]} ({question}={option})"
    if decision.assume_absent:
        yield "What the record leaves unstated is taken as absent, for non-indications"


def _units(units: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{safe(code)} x {count}" for code, count in units)


def _groups(decision: Decision) -> Iterator[tuple[str, list[Criterion]]]:
    """Yield the criteria, parts left to their wholes, by what a reader wants first."""
    whole = [criterion for criterion in decision.criteria if criterion.clause.part_of is None]
    for title, statuses in (
        ("Not satisfied", FAILING),
        ("Undetermined", ("undetermined",)),
        ("Satisfied", ("met", "clear")),
    ):
        criteria = [criterion for criterion in whole if criterion.status in statuses]
        if criteria:
            yield f"{title} ({len(criteria)})", criteria


def _line(node: Node, within: Node | None = None) -> str:
    """Return the line of `node`; a step at one body inside its own criterion names only the body."""
    if node.kind == "body":
        return f"{safe(node.text)}: {node.status}"
    if node.kind != "criterion" or node.clause is None:
        return safe(node.text)
    place = f"at {str(node.fact).upper()}" if node.fact else ""
    if place and within is not None and within.clause == node.clause:
        return f"{place}: {node.status}"
    return f"{node.clause.id} {node.status}{f' {place}' if place else ''}: {safe(node.text)}  ({node.clause.citation})"


_ORDER = {"measure": 0, "criterion": 1, "body": 1, "reason": 2, "fact": 3, "missing": 4, "reading": 5}


def _visible(node: Node, *, readings: bool) -> list[Node]:
    """Return the children to show, numbers first, readings last; of default readings, unless asked, only anatomy."""
    shown = (
        child
        for child in node.children
        if readings or child.kind != "reading" or "not the default" in child.status or child.status.startswith(ANATOMY)
    )
    return sorted(shown, key=lambda child: _ORDER.get(child.kind, 0))


def _tree(node: Node, *, full: bool, readings: bool, within: Node | None = None) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    line = Text(_line(node, within), STYLES.get(node.status, "") if node.kind in ("criterion", "body") else "")
    tree = Tree(line, guide_style="dim")
    if full:
        for child in _visible(node, readings=readings):
            tree.children.append(_tree(child, full=True, readings=readings, within=node))
    else:
        measures = dict.fromkeys(item.text for item in node.walk() if item.kind == "measure")
        if measures:
            tree.label = line.append(f"  {'; '.join(map(safe, measures))}", "dim")
    return tree


def _bodies(decision: Decision) -> object:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, pad_edge=True)
    for column in ("Body", "Requested", "Status", "Refused by"):
        table.add_column(column)
    for body in decision.bodies:
        reasons = ", ".join(f"{clause.id} ({clause.citation})" for clause in body.refusals)
        table.add_row(
            body.name, "yes" if body.requested else "no", Text(body.status, STYLES[body.status]), Text(reasons or "-")
        )
    return table


def _missing(decision: Decision) -> Iterator[str]:
    if decision.missing:
        yield "\nNot stated in the record"
    for node in decision.missing:
        yield f"  {_fact(node)}  ({node.field})"
    if decision.recommendation == "pend":
        yield f"\nStill possible: {', '.join(decision.possible)}."
        yield "Smallest sets of facts that would settle it, suitably answered:"
    shown: set[str] = set()
    for settlement in sorted(decision.settlements, key=lambda item: len(item.facts)):
        facts = [f"{_fact(node)} ({node.field})" for node in settlement.facts[:MOST_NAMED]]
        if len(settlement.facts) > MOST_NAMED:
            # Long sets differ in little; one for each outcome tells how far away it is.
            if settlement.outcome in shown:
                continue
            facts.append(f"and {len(settlement.facts) - MOST_NAMED} more of those above")
        shown.add(settlement.outcome)
        yield f"  {settlement.outcome}: {'; '.join(facts)}"
    if not decision.settlements_complete:
        yield "  (there are more sets like these; --json lists some of them in full)"


def _fact(node: Node) -> str:
    return safe(node.text.removesuffix(": not stated"))


def _details(node: Node, within: Node | None = None) -> str:
    children = "".join(_details(child, node) for child in _visible(node, readings=True))
    line = escape(_line(node, within))
    return f"<details><summary>{line}</summary>{children}</details>" if children else f"<div>{line}</div>"
