"""What a ClaimResponse says in words: what it is, what is granted, and why something is not, or what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.report.contents import words
from bvn_asp.report.letters import reasons

if TYPE_CHECKING:
    from bvn_asp.report.contents import Report


class Note(NamedTuple):
    """A note, and whether it tells why something is not granted as it is asked for."""

    text: str
    against: bool


def notes_on(report: Report, *, units_stated: bool) -> list[Note]:
    """Return the notes on what `report` recommends; `units_stated` if the request says how many units."""
    about = (*_about(report), *report.remarks)
    without = () if units_stated else ("The request states no units: its codes are taken from its bodies.",)
    against = (*_failing(report), *_refused(report), *_missing(report))
    return [Note(text, False) for text in (*about, *without)] + [Note(text, True) for text in against]


def _about(report: Report) -> Iterator[str]:
    yield f"{report.notice} No human has reviewed this yet."
    policy = f"{report.policy}, version {report.policy_version}, revised {report.policy_revised}"
    yield f"Policy: {policy}, sha256 {report.policy_sha256}. Case: {report.case_id or 'without a name'}."


def _failing(report: Report) -> Iterator[str]:
    """Yield each reason for what is not granted: the criteria with their citations, and what the record states."""
    for reason in reasons(report) if report.recommendation in ("deny", "partial") else ():
        rules = "; ".join(f"{rule.id}: {rule.label} ({rule.citation})" for rule in reason.rules)
        bodies = f" At {', '.join(reason.bodies)}." if reason.bodies else ""
        said = f" Stated: {'; '.join(reason.said)}." if reason.said else ""
        yield f"Not met, or excluding: {rules}.{bodies}{said}"


def _refused(report: Report) -> Iterator[str]:
    """Yield the bodies that may not be treated, those not requested too where no bodies are named."""
    named = any(body.requested for body in report.bodies)
    for body in report.bodies:
        if body.status == "refused" and (body.requested or not named):
            rules = ", ".join(f"{rule.id} ({rule.citation})" for rule in body.refused_by)
            yield f"{body.name}: refused{f' by {rules}' if rules else ''}"


def _missing(report: Report) -> Iterator[str]:
    """Yield what is open, what is missing and whom to ask for it, and what would be enough."""
    resting = report.recommendation == "pend" or (report.recommendation == "deny" and not report.settled)
    if resting and report.recommendation == "deny":
        yield "Some of what follows is open, and however it is stated the request comes to a denial."
    for item in report.open if resting else ():
        needs = f" To be seen: {item.rule.needs}." if item.rule.needs else ""
        yield f"Open: {item.rule.id}: {item.rule.label} ({item.rule.citation}).{needs}"
    for body in report.bodies:
        if body.requested and body.status == "undetermined":
            yield f"{body.name}: {words(body.status)}"
    for group in report.asked if resting else ():
        yield f"Missing, to ask for: {group.whom}: {'; '.join(group.facts)}"
    for way in report.ways:
        if way.asked:
            facts = "; ".join(f"{group.whom}: {', '.join(group.facts)}" for group in way.asked)
            yield f"Would settle it as {way.outcome}, suitably stated: {facts}"
