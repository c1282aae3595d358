"""Decisions for people: on a terminal, as plain text, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from bvn_asp.decision import Criterion, Decision
from bvn_asp.facts import ANATOMY
from bvn_asp.layout import Branch, Line, Piece, plain, table, tree, wrapped
from bvn_asp.nodes import Node

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
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

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


def lines(
    decision: Decision, name: str = "", width: int = 120, *, full: bool = False, boxes: bool = True
) -> Iterator[Line]:
    """Yield the lines of the report on `decision`, of at most `width` columns; without `boxes`, drawn in ASCII.

    `full` unfolds the criteria that pass and the readings behind each step.
    """

    def trees(nodes: Iterable[Node], readings: bool = full) -> Iterator[Line]:
        for node in nodes:
            unfolded = full or node.kind != "criterion" or node.status in (*FAILING, "undetermined")
            yield from tree(_branch(node, full=unfolded, readings=readings), width, indent="  ", boxes=boxes)

    def paragraphs(texts: Iterable[str], style: str = "") -> Iterator[Line]:
        for text in texts:
            for line in text.split("\n"):
                yield from wrapped([(line, style)], width)

    if name:
        yield from paragraphs([safe(name)], "bold")
    word = decision.recommendation or "no recommendation: no bodies are requested"
    yield from wrapped(
        [
            ("Recommendation: ", ""),
            (word.upper() if decision.recommendation else word, STYLES.get(word, "")),
            ("   Patient: ", ""),
            (decision.eligibility.replace("_", " "), STYLES.get(decision.eligibility, "blue")),
        ],
        width,
    )
    yield from paragraphs([decision.notice], "dim")
    yield from paragraphs(_remarks(decision))
    for title, criteria in _groups(decision):
        yield from paragraphs([f"\n{title}"], "bold")
        yield from trees(criterion.explanation for criterion in criteria)
    yield from paragraphs(["\nVertebral bodies"], "bold")
    yield []
    yield from table(("Body", "Requested", "Status", "Refused by"), list(_bodies(decision)), width, boxes=boxes)
    yield []
    if full:
        yield from trees(body.explanation for body in decision.bodies)
    else:
        # The criteria above explain everything but this: it belongs to no list.
        reasons = [node for body in decision.bodies if body.requested for node in body.explanation.children]
        levels = [node for node in reasons if node.clause is not None and node.clause.kind == "level"]
        for node in levels:
            yield from tree(_branch(node, full=True, readings=False), width, indent="  ", boxes=boxes)
    yield from paragraphs(_missing(decision))
    policy = decision.policy
    yield from paragraphs(
        [f"\n{policy.name}, version {policy.version} ({policy.revised}), sha256 {policy.sha256[:12]}\n"], "dim"
    )


def text(decision: Decision) -> str:
    """Return the whole report as plain text."""
    return "".join(f"{plain(line)}\n" for line in lines(decision, full=True))


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


def _branch(node: Node, *, full: bool, readings: bool, within: Node | None = None) -> Branch:
    line = (_line(node, within), STYLES.get(node.status, "") if node.kind in ("criterion", "body") else "")
    if full:
        shown = _visible(node, readings=readings)
        return Branch([line], [_branch(child, full=True, readings=readings, within=node) for child in shown])
    measures = dict.fromkeys(item.text for item in node.walk() if item.kind == "measure")
    return Branch([line, (f"  {'; '.join(map(safe, measures))}", "dim")] if measures else [line])


def _bodies(decision: Decision) -> Iterator[tuple[Piece, ...]]:
    for body in decision.bodies:
        reasons = ", ".join(f"{clause.id} ({clause.citation})" for clause in body.refusals)
        asked = "yes" if body.requested else "no"
        yield (body.name, ""), (asked, ""), (body.status, STYLES[body.status]), (reasons or "-", "")


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
