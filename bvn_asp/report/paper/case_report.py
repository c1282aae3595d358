"""The report on one case as a document: the answer first, then reasons, bodies, evidence, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bvn_asp.report.contents import PASSING, words
from bvn_asp.report.paper.blocks import (
    Block,
    Branch,
    Heading,
    Line,
    Listing,
    Paper,
    Paragraph,
    Run,
    Spine,
    Table,
    Tree,
    Vertebra,
    line,
    status_run,
    tone,
)

if TYPE_CHECKING:
    from bvn_asp.report.contents import Asked, Item, Report, Step, Way

TITLE = "Coverage review report"
_VERDICTS = {
    "approve": "Approve", "partial": "Approve in part", "deny": "Deny", "pend": "Pend: facts are missing",
    None: "No recommendation: nothing is requested",
}  # fmt: skip


def paper(report: Report) -> Paper:
    """Return `report` as a document."""
    return Paper(
        TITLE, tuple(_blocks(report)), f"{report.policy}, version {report.policy_version}. {report.notice}", report.made
    )


def _blocks(report: Report) -> Iterator[Block]:
    yield Heading(1, TITLE)
    verdict = status_run(report.recommendation or "", _VERDICTS[report.recommendation])
    eligible = status_run(report.eligibility, words(report.eligibility))
    yield Paragraph((verdict, Run(".  The patient: "), eligible), "verdict")
    yield Paragraph(line(report.notice), "notice")
    yield Table((), tuple(_header(report)))
    if report.remarks:
        yield _list(report.remarks)
    yield Heading(2, "Vertebral bodies")
    yield _spine(report)
    if report.recommendation == "deny" and any(body.status == "permissible" for body in report.bodies):
        # Nobody is to read a body that nothing speaks against as one that is granted.
        yield Paragraph(line("Each body by itself: what is permissible is not granted where the request is denied."))
    yield from _against(report)
    yield from _missing(report)
    yield from _change(report)
    if report.depends:
        yield Heading(2, "What depends on how the policy is read")
        yield _list(report.depends)
    yield from _evidence(report)
    passing = tuple(item for item in report.whole if item.status in PASSING)
    if passing:
        yield Heading(2, f"Satisfied criteria ({len(passing)})")
        yield Tree(tuple(_criterion(item) for item in passing))
    yield from _readings(report)


def _evidence(report: Report) -> Iterator[Block]:
    yield Heading(2, "Evidence")
    if report.evidence:
        yield Listing(tuple((line(Run(source, strong=True)), (_list(facts),)) for source, facts in report.evidence))
    else:
        yield Paragraph(line("The record names no document for what was decided on."))


def _readings(report: Report) -> Iterator[Block]:
    yield Heading(2, "How the policy is read")
    chosen = [reading for reading in report.readings if not reading.default]
    if chosen:
        yield _list(f"{each.question} Read: {each.option}, not the default ({each.id})." for each in chosen)
    count = len(report.readings) - len(chosen)
    yield Paragraph(line(f"{count} open questions of the document are read by default; the register lists them all."))


def _header(report: Report) -> Iterator[tuple[Line, ...]]:
    read = [f"{reading.id}: {reading.option}" for reading in report.readings if not reading.default]
    rows = [
        ("Case", report.case_id),
        *report.dates,
        ("Report made", report.made),
        ("Policy", f"{report.policy}, version {report.policy_version} of {report.policy_revised}"),
        ("Policy file", f"sha256 {report.policy_sha256}"),
        ("Readings", "; ".join(read) or "all by default"),
        ("Record", "taken as complete, for non-indications" if report.assume_absent else "what it leaves out is open"),
        ("Program", f"bvn {report.program}"),
    ]
    yield from ((line(Run(name, strong=True)), line(value)) for name, value in rows if value)


def _list(lines: Iterable[str]) -> Listing:
    return Listing(tuple((line(each), ()) for each in lines))


def _spine(report: Report) -> Spine:
    bodies: list[Vertebra] = []
    for body in report.bodies:
        against = ", ".join(rule.id for rule in body.refused_by)
        asked = "requested" if body.requested else "not requested"
        said = f"{words(body.status)}, {asked}{f': against it {against}' if against else ''}"
        bodies.append(Vertebra(body.name, said, tone(body.status), body.requested))
    told = "; ".join(f"{each.name} {each.words}" for each in bodies)
    return Spine(tuple(bodies), f"Vertebral bodies from the top down: {told}.")


def _against(report: Report) -> Iterator[Block]:
    for title, items in (("Criteria not satisfied", report.failing), ("Criteria left open", report.open)):
        if items:
            yield Heading(2, f"{title} ({len(items)})")
            yield Tree(tuple(_criterion(item) for item in items))
    refused = [body for body in report.bodies if body.requested and body.status != "permissible"]
    if refused:
        yield Heading(2, "Requested bodies that may not be treated, or are open")
        yield Tree(tuple(_branch(body.why, opened=True) for body in refused))


def _criterion(item: Item) -> Branch:
    below = [_branch(step) for step in item.why.steps]
    if item.open and item.missing:
        below.append(Branch(line(f"Not stated: {', '.join(item.missing)}")))
    if item.rule.needs:
        below.append(Branch(line(f"To be seen for it: {item.rule.needs}")))
    head = line(
        Run(f"{item.rule.id} ", strong=True), status_run(item.status, words(item.status)),
        f" {item.rule.label} ({item.rule.citation})",
    )  # fmt: skip
    return Branch(head, tuple(below), open=item.failing)


def _branch(step: Step, *, opened: bool = False) -> Branch:
    run = Run(step.text, emphasis=step.reading, tone=tone(step.status))
    return Branch((run,), tuple(_branch(below) for below in step.steps), opened)


def _missing(report: Report) -> Iterator[Block]:
    if not report.asked:
        return
    yield Heading(2, "What the record does not state, by whom to ask")
    yield _by_whom(report.asked)


def _by_whom(groups: Iterable[Asked]) -> Listing:
    return Listing(tuple(
        (line(Run(f"{group.whom[:1].upper()}{group.whom[1:]}", strong=True)), (_list(group.facts),))
        for group in groups
    ))  # fmt: skip


def _change(report: Report) -> Iterator[Block]:
    if not report.ways and not report.obstacles:
        return
    settles = report.recommendation == "pend"
    yield Heading(2, "What would settle it" if settles else "What would change it")
    for way in report.ways:
        yield from _way(way, settles)
    if report.obstacles:
        yield Paragraph(line("Nothing that can be changed or documented leads to an approval. In the way:"))
        yield _list(report.obstacles)


def _way(way: Way, settles: bool) -> Iterator[Block]:
    least = "" if way.complete else "at least "
    others = f" ({least}{way.others} other set{'s' if way.others > 1 else ''} would do too)" if way.others else ""
    head = "Enough, if suitably answered, to settle it as" if settles else "Enough, all together, for"
    yield Paragraph(line(f"{head} ", Run(way.outcome, strong=True), f"{others}:"))
    if way.bodies:
        yield _list([f"a request for {', '.join(way.bodies)} instead of this one, as the record is"])
        return
    yield _by_whom(way.asked) if way.asked else _list(map(str, way.changes))
