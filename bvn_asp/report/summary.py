"""A decision on one screen: the answer first, then what it rests on, what is missing and whom to ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from bvn_asp.report.groups import asked, settlements_by_outcome, together
from bvn_asp.report.readings import ambiguous, changed
from bvn_asp.report.safe import safe
from bvn_asp.report.text import FAILING, STYLES, remarks

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Criterion, Decision
    from bvn_asp.decision.nodes import Node
    from bvn_asp.decision.readings import Comparison

MOST_LINES = 45
"""Most lines of a summary on a page of 100 columns or more."""
_LEAST = 2
"""Lines of a part that are never left out."""
_NARROWEST = 40


@dataclass
class _Part:
    """One part of a summary: lines under a title, in entries that stay whole as far as there is room."""

    title: str
    entries: list[list[str]]
    most: int

    def lines(self) -> list[str]:
        """Return the lines that there is room for, the last of them counting the entries left out."""
        every = [line for entry in self.entries for line in entry]
        if len(every) <= self.most:
            return every
        shown: list[str] = []
        for place, entry in enumerate(self.entries):
            if len(shown) + len(entry) > self.most - 1:
                left = len(self.entries) - place
                if not shown:
                    shown = [*entry[: self.most - 1]]
                    left -= 1
                return [*shown, f"  ... and {left} more: --full" if left else "  ...: --full"]
            shown += entry
        return shown


def summary(
    decision: Decision, name: str = "", depending: Iterable[Comparison] = (), *, width: int = 100
) -> Iterator[Text]:
    """Yield `decision` in at most `MOST_LINES` lines; `depending` are the questions on which its outcome depends."""
    width = max(width, _NARROWEST)
    head = [line for line in (safe(name),) if line]
    word = decision.recommendation or "no recommendation: nothing is requested"
    parts = [part for part in _parts(decision, list(depending), width) if part.entries]
    policy = decision.policy
    foot = f"{policy.name}, version {policy.version}, sha256 {policy.sha256[:12]}"
    outer = [*head, *_wrapped(decision.notice, width), *_wrapped(foot, width)]
    _fit(parts, MOST_LINES - len(outer) - 1)
    yield from (Text(line, "bold") for line in head)
    yield Text.assemble(
        (word.upper() if decision.recommendation else word, STYLES.get(decision.recommendation or "", "")),
        "   patient ",
        (decision.eligibility.replace("_", " "), STYLES.get(decision.eligibility, "blue")),
    )
    for line in _wrapped(decision.notice, width):
        yield Text(line, "dim")
    for part in parts:
        yield Text(part.title, "bold")
        yield from map(Text, part.lines())
    for line in _wrapped(foot, width):
        yield Text(line, "dim")


def _fit(parts: list[_Part], room: int) -> None:
    """Take lines from the longest parts until all have room together."""
    while sum(len(part.lines()) + 1 for part in parts) > room:
        longest = max(parts, key=lambda part: len(part.lines()))
        if len(longest.lines()) <= _LEAST:
            return
        longest.most = len(longest.lines()) - 1


def _parts(decision: Decision, depending: list[Comparison], width: int) -> Iterator[_Part]:
    whole = [criterion for criterion in decision.criteria if criterion.clause.part_of is None]
    failing = [criterion for criterion in whole if criterion.status in FAILING]
    open_ = [criterion for criterion in whole if criterion.status == "undetermined"]
    passing = [criterion for criterion in whole if criterion.status in ("met", "clear")]
    yield _Part("What applies", [_wrapped(line, width, 2) for line in remarks(decision)], 9)
    yield _Part(f"Not satisfied ({len(failing)})", [_criterion(each, width, 3) for each in failing], 18)
    yield _Part("Vertebral bodies", [_wrapped(line, width, 2) for line in _bodies(decision)], 6)
    if decision.missing:
        title = f"Not stated ({len(decision.missing)}), by whom to ask"
        yield _Part(title, [_wrapped(line, width, 2) for line in _asked(decision, width)], 18)
    yield _Part("Would settle it", [_wrapped(line, width, 2) for line in _settlements(decision)], 6)
    yield _Part(f"Undetermined ({len(open_)})", [_wrapped(line, width, 2) for line in _open(open_)], 12)
    granted = decision.recommendation in ("approve", "partial")
    if granted:
        lines = [_criterion(each, width, 1) for each in passing if each.clause.kind == "indication"]
        clear = [each.clause.id for each in passing if each.clause.kind != "indication"]
        lines += [_wrapped(f"clear: {' '.join(clear)}", width, 2)] if clear else []
        yield _Part(f"Satisfied ({len(passing)})", lines, 26)
    elif not failing and passing:
        named = " ".join(each.clause.id for each in passing)
        yield _Part(f"Satisfied ({len(passing)})", [_wrapped(named, width, 2)], 3)
    yield _Part(
        "Depends on how it is read", [_wrapped(line, width, 2) for line in dependencies(decision, depending)], 5
    )


def _wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    return wrap(
        text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2) if indent else "",
        break_on_hyphens=False,
    )  # fmt: skip


def _criterion(criterion: Criterion, width: int, lines: int) -> list[str]:
    """Return a criterion with the numbers and facts that its status rests on, in about so many lines."""
    clause = criterion.clause
    found = _wrapped(f"{clause.id} {criterion.status}: {safe(clause.label)}  ({clause.citation})", width, 2)
    texts = [safe(node.text) for node in grounds(criterion.explanation)]
    return found + _wrapped(_listed(texts, lines * (width - 8)), width, 5)


def _listed(texts: Iterable[str], room: int, mark: str = "; ") -> str:
    """Return `texts` one after another, as many as there is room for."""
    listed = together(texts)
    found = ""
    for place, text in enumerate(listed):
        if found and len(found) + len(text) > room:
            return f"{found} and {len(listed) - place} more"
        found += f"{mark if found else ''}{text}"
    return found


def grounds(node: Node) -> list[Node]:
    """Return the numbers and facts below `node`, numbers first."""
    leaves = [item for item in node.walk() if item.kind in ("measure", "fact") and item is not node]
    return sorted(leaves, key=lambda item: item.kind != "measure")


def _open(criteria: list[Criterion]) -> Iterator[str]:
    """Yield a few undetermined criteria with their words, and of many only those of which something is counted."""
    spelt = criteria if len(criteria) <= _FEW else [each for each in criteria if _so_far(each)]
    for each in spelt:
        yield f"{each.clause.id}: {safe(each.clause.label)}{_so_far(each)}"
    rest = [each.clause.id for each in criteria if each not in spelt]
    if rest:
        yield " ".join(rest)


_FEW = 6


def _so_far(criterion: Criterion) -> str:
    """Return how far the counts and numbers of an undetermined criterion have come."""
    measures = [item.text for item in criterion.explanation.walk() if item.kind == "measure"]
    return f" [{'; '.join(dict.fromkeys(map(safe, measures)))}]" if measures else ""


def _bodies(decision: Decision) -> Iterator[str]:
    """Yield the bodies that share a status, and what stands against them, in a line."""
    groups: dict[tuple[bool, str, tuple[str, ...]], list[str]] = {}
    for body in decision.bodies:
        refusals = tuple(f"{clause.id} ({clause.citation})" for clause in body.refusals)
        groups.setdefault((not body.requested, body.status, refusals), []).append(body.name)
    for (unasked, status, refusals), names in sorted(groups.items()):
        against = f": {', '.join(refusals)}" if refusals else ""
        yield f"{', '.join(names)} {status}{' (not requested)' if unasked else ''}{against}"


def _asked(decision: Decision, width: int) -> Iterator[str]:
    """Yield what is missing, by whom to ask for it."""
    for whom, nodes in asked(decision.missing).items():
        yield f"{whom}: {_listed(map(_fact, nodes), 2 * (width - 4))}"


def _settlements(decision: Decision) -> Iterator[str]:
    """Yield the smallest set for each outcome, and how many others there are."""
    if decision.recommendation != "pend":
        return
    by_outcome = settlements_by_outcome(decision)
    for outcome, found in by_outcome.items():
        facts = ", ".join(_fact(node) for node in found[0].facts[:_NAMED])
        left = len(found[0].facts) - _NAMED
        facts += f" and {left} more of those above" if left > 0 else ""
        yield f"{outcome}: {facts}{_others(len(found) - 1, decision.settlements_complete)}"
    rest = [outcome for outcome in decision.possible if outcome not in by_outcome]
    if rest:
        yield f"also possible: {', '.join(rest)}"


_NAMED = 4


def _others(count: int, complete: bool) -> str:
    if not count:
        return "" if complete else "; there may be other sets"
    return f"; {'' if complete else 'at least '}{count} other set{'s' if count > 1 else ''}"


def dependencies(decision: Decision, depending: Iterable[Comparison]) -> Iterator[str]:
    """Yield the questions on which the outcome depends, how each is read, and what other options decide.

    Options under which nothing is ever approved are no ambiguity of the case, and left out.
    """
    for comparison in depending:
        question = decision.policy.questions[comparison.question]
        read = decision.readings[question.id]
        usual = comparison.outcomes[read]
        others = {option: found for option, found in ambiguous(comparison, decision.policy).items() if found != usual}
        if not others:
            continue
        what = "; ".join(f"{option}: {changed(found, usual)}" for option, found in others.items())
        yield f"{question.id}: {safe(question.text)} Read: {read}. {what}"


def _fact(node: Node) -> str:
    return safe(node.missing_words)
