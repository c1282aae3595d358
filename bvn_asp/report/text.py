"""Decisions for people: on a terminal, as plain text, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from bvn_asp.report.page import WIDTH, Page, indented, table
from bvn_asp.report.pages import rendered
from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Criterion, Decision
    from bvn_asp.decision.nodes import Node

FAILING = ("unmet", "violated")
MOST_NAMED = 8
"""Most facts of a set that a report names."""
STYLES = {
    "approve": "bold green", "partial": "bold yellow", "deny": "bold red", "pend": "bold blue",
    "met": "green", "clear": "green", "permissible": "green", "eligible": "green", "passes": "green",
    "unmet": "red", "violated": "red", "refused": "red", "not_eligible": "red", "fails": "red",
    "undetermined": "blue",
}  # fmt: skip


def report(decision: Decision, name: str = "") -> Iterator[RenderableType]:
    """Yield the whole report on `decision`, part by part, with the readings behind each step."""
    if name:
        yield Text(safe(name), "bold")
    word = decision.recommendation or "no recommendation: no bodies are requested"
    yield Text.assemble(
        "Recommendation: ",
        (word.upper() if decision.recommendation else word, STYLES.get(word, "")),
        "   Patient: ",
        (decision.eligibility.replace("_", " "), STYLES.get(decision.eligibility, "blue")),
    )
    yield Text(decision.notice, "dim")
    yield from map(Text, remarks(decision))
    for title, criteria in _groups(decision):
        yield Text(f"\n{title}", "bold")
        yield from (_tree(criterion.explanation) for criterion in criteria)
    yield Text("\nVertebral bodies", "bold")
    yield _bodies(decision)
    yield from (_tree(body.explanation) for body in decision.bodies)
    yield from map(Text, _missing(decision))
    policy = decision.policy
    yield Text(f"\n{policy_words(policy)}\n", "dim")


def policy_words(policy: Any) -> str:
    """Return which policy it is, itself or what was kept of it: name, version, date and the start of its digest."""
    return f"{policy.name}, version {policy.version} ({policy.revised}), sha256 {policy.sha256[:12]}"


def text(decision: Decision) -> str:
    """Return the whole report as plain text."""
    return Page(WIDTH).text(report(decision))


def html(decision: Decision) -> str:
    """Return `decision` as a fragment of HTML without scripts or outside references."""
    return rendered(
        "decision.html.jinja", decision=decision, groups=list(_groups(decision)),
        remarks=[*remarks(decision), *_missing(decision)], line=line, visible=visible,
    )  # fmt: skip


def remarks(decision: Decision) -> Iterator[str]:
    """Yield in a line each what may be treated, units, flags, chosen readings and warnings."""
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
    for warning in decision.warnings:
        yield f"Warning: {safe(warning)}"
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


def line(node: Node, within: Node | None = None) -> str:
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


def visible(node: Node) -> list[Node]:
    """Return the children to show, numbers first, readings last."""
    return sorted(node.children, key=lambda child: _ORDER.get(child.kind, 0))


def _tree(node: Node) -> RenderableType:
    """Return `node` with the steps below it."""
    top = Tree(_label(node), guide_style="dim")
    _grow(top, node)
    return indented(top, 2)


def _grow(tree: Tree, node: Node) -> None:
    for child in visible(node):
        _grow(tree.add(_label(child, node)), child)


def _label(node: Node, within: Node | None = None) -> Text:
    return Text(line(node, within), STYLES.get(node.status, "") if node.kind in ("criterion", "body") else "")


def _bodies(decision: Decision) -> RenderableType:
    made = table("Body", "Requested", "Status", "Refused by")
    for body in decision.bodies:
        reasons = ", ".join(f"{clause.id} ({clause.citation})" for clause in body.refusals)
        asked = "yes" if body.requested else "no"
        made.add_row(Text(body.name), asked, Text(body.status, STYLES[body.status]), Text(reasons or "-"))
    return made


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
    return safe(node.missing_words)
