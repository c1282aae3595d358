"""Drafts of letters: one template a kind, filled with what a report holds, for a person to finish and sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import BvnError
from bvn_asp.report import pages
from bvn_asp.report.contents import words
from bvn_asp.report.paper.markdown import escaped

if TYPE_CHECKING:
    from bvn_asp.report.contents import Item, Report, Rule, Way
    from bvn_asp.report.paper.blocks import Paper

KINDS = {
    "approval": "approve", "partial": "partial", "denial": "deny", "request-for-information": "pend",
}  # fmt: skip
"""The recommendation that each kind of letter tells of."""
MOST_SAID = 8
"""Most facts of the record that a letter lists for one reason."""
DRAFT = "DRAFT, not sent: a person checks, finishes and signs it"


class LetterError(BvnError):
    """A letter cannot be drafted: it would say more than is known, or its template does not fit; the message says."""


@dataclass(frozen=True)
class Reason:
    """Why something is not covered: in lay words, the rules that say so, what the record says, and for which bodies."""

    lay: tuple[str, ...]
    rules: tuple[Rule, ...]
    said: tuple[str, ...]
    bodies: tuple[str, ...]


def fitting(report: Report) -> str | None:
    """Return the kind of letter that tells what is recommended; None without a recommendation."""
    return next((kind for kind, outcome in KINDS.items() if outcome == report.recommendation), None)


def letter(report: Report, kind: str, template: Path | None = None) -> str:
    """Return the draft of a letter of this kind as Markdown; `template` is a file to use instead of ours.

    Raises LetterError if the draft would say more than is known, or the template cannot be filled.
    """
    from jinja2 import TemplateError

    check(report, kind)
    values = {
        "report": report, "kind": kind, "notes": list(_notes(report)), "reasons": reasons(report),
        "granted": report.grants, "choices": report.choices, "words": words,
        "refused": tuple(body for body in report.bodies if body.requested and body.status == "refused"),
        "units": tuple(f"{code} x {count}" for code, count in report.units),
        "enough": _enough(report),
        "changes": next((way.changes for way in report.ways if way.changes), ()),
        "others": next((way.bodies for way in report.ways if way.bodies), ()),
    }  # fmt: skip
    name = str(template) if template is not None else f"letter_{kind.replace('-', '_')}.md.jinja"
    try:
        environment = pages.environment(_printed)
        made = environment.from_string(_text(template)) if template is not None else environment.get_template(name)
        return _tidy(made.render(values))
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line_of(error)
        raise LetterError(
            f"{name}{f', line {line}' if line else ''}: {error.message or type(error).__name__}"
        ) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise LetterError(f"{name}, line {_line_of(error)}: {error}") from None


def letter_paper(text: str, report: Report, kind: str) -> Paper:
    """Return the draft `text`, as `letter` returns it, as a document; its title names no patient."""
    from bvn_asp.report.paper.parsed import parsed

    return parsed(text, f"Draft letter: {kind.replace('-', ' ')}", made=report.made, draft=DRAFT)


def check(report: Report, kind: str) -> None:
    """Raise LetterError unless a letter of this kind says what is recommended, and rests on nothing left open."""
    if kind not in KINDS:
        raise LetterError(f"there is no letter of kind {kind!r}; kinds: {', '.join(KINDS)}")
    open_ = [f"{item.rule.id} ({item.rule.citation})" for item in report.open]
    open_ += [f"body {body.name}" for body in report.bodies if body.requested and body.status == "undetermined"]
    named = f"{', '.join(open_[:_NAMED])}{f' and {len(open_) - _NAMED} more' if len(open_) > _NAMED else ''}"
    ask = "ask for what is missing first, with --kind request-for-information"
    found = report.recommendation
    if kind in ("approval", "partial") and open_ and found in ("pend", KINDS[kind]):
        raise LetterError(f"no {kind} can be drafted while this is undetermined: {named}; {ask}")
    if kind == "denial" and found == "pend":
        raise LetterError(f"no denial can be drafted: it would rest on what is undetermined: {named}; {ask}")
    if kind == "request-for-information" and open_ and (found == "partial" or (found == "deny" and not report.settled)):
        return
    if found != KINDS[kind]:
        fits = fitting(report)
        other = f"the letter for it: --kind {fits}" if fits else "state the bodies or units that are requested"
        raise LetterError(f"a letter of kind {kind} would not say what is recommended, {found or 'nothing'}; {other}")
    if kind == "denial" and not (report.settled and reasons(report)):
        raise LetterError(
            "no denial can be drafted: whatever is missing it comes to a denial, but it would rest on what is "
            f"undetermined: {named}; {ask}"
        )


_NAMED = 8


def reasons(report: Report) -> tuple[Reason, ...]:
    """Return why something is not covered, what says the same in lay words as one reason."""
    found: dict[tuple[str, ...], Reason] = {}
    items = {item.rule.id: item for item in report.items}
    failing = list(report.failing)
    lays = {item.rule.lay for item in failing}
    for item in failing:
        parts = [part for part in report.items if part.part_of == item.rule.id and part.failing]
        _add(found, _lay(item, parts, lays), item.rule, _said(item), _against(report, item.rule.id, items))
    for body in report.bodies:
        for rule in body.refused_by if body.requested else ():
            if _whole(rule, items) not in {item.rule.id for item in failing}:
                _add(found, (rule.lay,), rule, (f"{body.name} is requested",), (body.name,))
    return tuple(found.values())


def _lay(item: Item, parts: Iterable[Item], lays: set[str]) -> tuple[str, ...]:
    """Return a criterion in lay words: with the parts that fail where each of them is enough, or says it better."""
    words = tuple(part.rule.lay for part in parts)
    if words and set(words) <= lays:
        return words
    return (item.rule.lay, *words) if item.kind == "non_indication" else (item.rule.lay,)


def _add(
    found: dict[tuple[str, ...], Reason], lay: tuple[str, ...], rule: Rule, said: Iterable[str],
    bodies: Iterable[str],
) -> None:  # fmt: skip
    old = found.get(lay, Reason(lay, (), (), ()))
    found[lay] = Reason(
        lay, (*old.rules, rule), tuple(dict.fromkeys([*old.said, *said])), tuple(dict.fromkeys([*old.bodies, *bodies]))
    )


def _said(item: Item) -> Iterator[str]:
    """Yield what the record says against a request, numbers beside their limits first."""
    said = [f"{value.name}: {value.actual} ({value.limit})" for value in item.values]
    said += item.facts
    yield from said[:MOST_SAID]
    if len(said) > MOST_SAID:
        yield f"and {len(said) - MOST_SAID} more"
    if item.sources:
        yield f"stated in: {'; '.join(item.sources)}"


def _against(report: Report, id: str, items: dict[str, Item]) -> Iterator[str]:
    for body in report.bodies:
        if body.requested and id in {_whole(rule, items) for rule in body.refused_by}:
            yield body.name


def _whole(rule: Rule, items: dict[str, Item]) -> str:
    """Return the id of the criterion that a rule is, or is a part of."""
    item = items.get(rule.id)
    return item.part_of or rule.id if item is not None else rule.id


def _notes(report: Report) -> Iterator[str]:
    """Yield what the reviewer has to know before the letter goes out."""
    yield from report.remarks
    for line in report.depends:
        yield f"Depends on how the policy is read: {line}"


def _enough(report: Report) -> Way | None:
    """Return what would be enough for an approval, or at least for a part of one; None if nothing would."""
    ways = {way.outcome: way for way in reversed(report.ways)}
    return ways.get("approve", ways.get("partial"))


def _text(template: Path) -> str:
    try:
        return template.read_text(encoding="utf-8")
    except OSError as error:
        raise LetterError(f"{template}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise LetterError(f"{template}: not UTF-8 text") from None


def _printed(value: Any) -> Any:
    """Return what is printed of a value: nothing of it means anything in Markdown."""
    from jinja2 import Undefined
    from markupsafe import Markup

    if isinstance(value, Undefined) or hasattr(value, "__html__"):
        return value
    return Markup(escaped(str(value)))


def _line_of(error: BaseException) -> int | None:
    """Return the line of a template at which it failed."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(("<template>", ".jinja")):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _tidy(text: str) -> str:
    """Return `text` with no more than one blank line between two parts, and none at either end."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
