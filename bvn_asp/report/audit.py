"""Audits for people and programs: terminal, Markdown, JSON, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from bvn_asp.analysis.audit.finding import SEVERITIES, Audit, Finding
from bvn_asp.analysis.audit.kinds import CONTRADICTING, IDLE, KINDS, REPEATING, Kind
from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.brief import brief
from bvn_asp.report.certificates import certificate_name, premises, room, witness_record
from bvn_asp.report.page import indented
from bvn_asp.report.pages import rendered
from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.policy.register import Policy

_STYLES = {"defect": "bold red", "redundant": "yellow", "notice": "cyan", "domain": "blue", "text": "magenta"}


def report(audit: Audit, *, full: bool = False, width: int = 100) -> Iterator[RenderableType]:
    """Yield an audit: the answer in three sentences, then a line a finding by severity; `full` adds certificates."""
    yield Text.assemble("Audit of ", (safe(audit.policy.name), "bold"))
    yield Text(f"version {audit.policy.version}, sha256 {audit.policy.sha256[:12]}", "dim")
    yield Text(f"{NOTICE}\n", "dim")
    yield from map(Text, answer(audit))
    new = {finding.key for finding in audit.new}
    for severity, meaning, findings in by_severity(audit):
        yield Text(f"\n{severity.upper()} ({len(findings)}): {meaning}", _STYLES[severity])
        for finding in findings:
            mark = ("NEW ", "bold red") if finding.key in new else ""
            if not full:
                line = Text.assemble("  ", mark, (finding.check, "bold"), f"  {safe(finding.sentence)}")
                line.truncate(width, overflow="ellipsis")
                yield line
                continue
            said = Text.assemble(mark, (safe(finding.key), "bold"), f"  {safe(finding.sentence)}")
            yield indented(said, 2)
            lines = [*_certificate(finding, audit.policy)]
            if finding.key in audit.accepted:
                lines.append(f"accepted: {audit.accepted[finding.key]}")
            yield from (indented(Text(safe(line), "dim"), 6) for line in lines)
    yield Text("")
    yield from map(Text, summary(audit))
    if not full:
        yield Text("--full shows what each finding rests on, --explain KIND what a kind means and what to do")


def answer(audit: Audit) -> Iterator[str]:
    """Yield three sentences: whether criteria contradict each other, what is said twice, and what never decides."""
    found = {kind: [f for f in audit.findings if f.check == kind] for kind in KINDS}
    always = [f.sentence for kind in CONTRADICTING[:-1] for f in found[kind]]
    read = [" ".join(f.subjects) for f in found["reading-unsatisfiable"]]
    under = f"; read otherwise they do, so that nothing can be approved: {', '.join(read)}" if read else ""
    if audit.unfinished:
        yield f"The audit is not finished ({', '.join(audit.unfinished)}), so this is not all."
    if always:
        yield f"The criteria contradict each other: {' '.join(map(safe, always))}"
    else:
        yield f"As it is read by default, the criteria do not contradict each other{under}."
    whole = {f.subjects for f in found[REPEATING]}
    # Of what is said twice as a whole the parts are not named.
    told = [f.subjects for f in found[REPEATING] if _wholes(f.subjects, audit.policy) not in whole - {f.subjects}]
    twice = [" = ".join(_place(id, audit.policy) for id in subjects) for subjects in told]
    yield f"Said more than once: {'; '.join(twice)}." if twice else "Nothing is said twice."
    idle = dict.fromkeys(_place(f.subjects[0], audit.policy) for kind in IDLE for f in found[kind])
    yield f"Never decides by itself: {'; '.join(idle)}." if idle else "Every criterion can decide."


def _wholes(subjects: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    clauses = [policy.clauses.get(id) for id in subjects]
    return tuple(dict.fromkeys((c and c.part_of) or id for id, c in zip(subjects, clauses, strict=True)))


def _place(id: str, policy: Policy) -> str:
    clause = policy.clauses.get(id)
    return id if clause is None else f"{clause.section} {clause.item}"


def explained(kind: Kind) -> str:
    """Return what a kind of finding means, and what to do about it."""
    return (
        f"{kind.name} ({kind.severity}: {SEVERITIES[kind.severity]})\n  What it means: {kind.meaning}\n"
        f"  What to do: {kind.remedy}\n  For example: {kind.example}"
    )


def by_severity(audit: Audit) -> Iterator[tuple[str, str, list[Finding]]]:
    """Yield each severity that has findings, what it means, and them."""
    for severity, meaning in SEVERITIES.items():
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            yield severity, meaning, findings


def summary(audit: Audit) -> Iterator[str]:
    """Yield what an audit comes to: how much was checked, and what is new, gone or unfinished."""
    total = sum(audit.checked.values())
    counts = ", ".join(f"{name} {count}" for name, count in audit.checked.items())
    yield f"{len(audit.findings)} findings; {total} claims decided ({counts})"
    for finding in audit.new:
        yield f"new: {safe(finding.key)} (to accept it, give its reason in the file of accepted findings)"
    for key in audit.vanished:
        yield f"vanished: {safe(key)} is on record, and nothing shows it any more"
    if audit.unfinished:
        yield f"not finished: {', '.join(audit.unfinished)}; what is above was found before, nothing else is claimed"


def _certificate(finding: Finding, policy: Policy) -> Iterator[str]:
    for caption, witness in finding.witnesses:
        changed = "; ".join(map(str, witness.departures)) or "the usual record"
        yield f"witness, {caption}: {brief(witness.decision, changed)}"
    for proof in finding.proofs[:3]:
        confirmed = f" ({proof.engine} agrees)" if proof.engine else ""
        yield f"no record: {proof.goal}; by {'; '.join(_short(proof)) or 'the rules alone'}{confirmed}"
    if len(finding.proofs) > 3:
        yield f"and {len(finding.proofs) - 3} more proofs, see --json or --html"


def _short(proof: Proof) -> list[str]:
    return [
        f"{p.clause}={p.quantity}" if p.kind == "reading" else f"limit of {p.clause}" if p.kind == "limit" else p.clause
        for p in proof.premises
    ]


def markdown(audit: Audit) -> str:
    """Return an audit as Markdown."""
    lines = [f"# Audit of {audit.policy.name}", "", f"Version {audit.policy.version}, sha256 `{audit.policy.sha256}`."]
    lines += [NOTICE, ""]
    new = {finding.key for finding in audit.new}
    for severity, meaning, findings in by_severity(audit):
        lines += [f"## {severity.capitalize()}: {meaning}", ""]
        for finding in findings:
            mark = " (new)" if finding.key in new else ""
            lines.append(f"- **{_plain(finding.key)}**{mark}: {_plain(finding.sentence)}")
            lines += [f"  - {_plain(line)}" for line in _certificate(finding, audit.policy)]
            if finding.key in audit.accepted:
                lines.append(f"  - accepted: {_plain(audit.accepted[finding.key])}")
        lines.append("")
    return "\n".join([*lines, *(f"{_plain(line)}  " for line in summary(audit))]) + "\n"


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "*_`<>[]|" else c for c in safe(text))


def html(audit: Audit) -> str:
    """Return an audit as one page without scripts or outside references, every certificate unfolded on demand."""
    return rendered(
        "audit.html.jinja", audit=audit, notice=NOTICE, new={finding.key for finding in audit.new},
        summary=list(summary(audit)), groups=list(by_severity(audit)), brief=brief, premises=premises, room=room,
        record=witness_record, name=certificate_name,
    )  # fmt: skip


def kinds_table() -> str:
    """Return every kind of finding with its meaning, its remedy and an example, as a table in Markdown."""
    rows = (
        f"| `{kind.name}` | {kind.severity} | {kind.meaning} | {kind.remedy} | {kind.example} |"
        for kind in KINDS.values()
    )
    return "\n".join(["| kind | severity | what it means | what to do | example |", "|---|---|---|---|---|", *rows])
