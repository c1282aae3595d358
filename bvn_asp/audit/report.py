"""Audits for people and programs: terminal, Markdown, JSON, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import yaml

from bvn_asp.audit.finding import SEVERITIES, Audit, Finding
from bvn_asp.decision import NOTICE
from bvn_asp.document import document
from bvn_asp.layout import Line, wrapped
from bvn_asp.policy import Policy
from bvn_asp.proofs import Proof
from bvn_asp.report import brief, safe
from bvn_asp.search import Witness

SCHEMA = "bvn-audit/1"
_STYLES = {"defect": "bold red", "redundant": "yellow", "notice": "cyan", "domain": "blue", "text": "magenta"}


def premises(proof: Proof, policy: Policy) -> list[str]:
    """Return what a proof rests on, in words: clauses with citations and labels, limits, readings."""
    found = []
    for premise in proof.premises:
        if premise.kind == "reading":
            question = policy.questions[premise.clause]
            meaning = question.options.get(premise.quantity, premise.quantity)
            found.append(f"reading {premise.clause}={premise.quantity}: {question.text} {meaning}")
            continue
        clause = policy.clauses[premise.clause]
        if premise.kind == "limit":
            limit = policy.thresholds[premise.clause, premise.quantity] / policy.scale
            unit = policy.units.get(premise.quantity, "")
            words = premise.quantity.replace("_", " ")
            found.append(f"limit of {clause.id} ({clause.citation}): {words} {limit:g} {unit}".strip())
        else:
            found.append(f"{clause.id} ({clause.citation}): {clause.label}")
    return found


def room(proof: Proof) -> str:
    """Return in words which records a proof speaks of."""
    shape = proof.room
    return (
        f"all records on {', '.join(shape.bodies)} with at most {shape.findings} finding of each kind, "
        f"{shape.surgeries} spine surgery and {shape.modic} Modic changes, any fact unknown"
    )


def lines(audit: Audit, width: int) -> Iterator[Line]:
    """Yield the lines of an audit: the findings by severity, each with what it rests on."""
    yield from wrapped([("Audit of ", ""), (safe(audit.policy.name), "bold")], width)
    yield [(f"version {audit.policy.version}, sha256 {audit.policy.sha256[:12]}", "dim")]
    yield from wrapped([(NOTICE, "dim")], width)
    new = {finding.key for finding in audit.new}
    for severity, meaning in SEVERITIES.items():
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            yield []
            yield from wrapped([(f"{severity.upper()} ({len(findings)}): {meaning}", _STYLES[severity])], width)
        for finding in findings:
            mark = ("NEW ", "bold red") if finding.key in new else ("", "")
            yield from _indented([mark, (safe(finding.key), "bold"), (f"  {safe(finding.sentence)}", "")], width, 2)
            for line in _certificate(finding, audit.policy):
                yield from _indented([(safe(line), "dim")], width, 6)
            if finding.key in audit.accepted:
                yield from _indented([(f"accepted: {safe(audit.accepted[finding.key])}", "dim")], width, 6)
    yield []
    for text in summary(audit):
        yield from wrapped([(text, "")], width)


def _indented(line: Line, width: int, indent: int) -> Iterator[Line]:
    for part in wrapped(line, width - indent):
        yield [(" " * indent, ""), *part]


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
    for severity, meaning in SEVERITIES.items():
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            lines += [f"## {severity.capitalize()}: {meaning}", ""]
        for finding in findings:
            lines.append(
                f"- **{_plain(finding.key)}**{' (new)' if finding.key in new else ''}: {_plain(finding.sentence)}"
            )
            lines += [f"  - {_plain(line)}" for line in _certificate(finding, audit.policy)]
            if finding.key in audit.accepted:
                lines.append(f"  - accepted: {_plain(audit.accepted[finding.key])}")
        lines += [""] if findings else []
    return "\n".join([*lines, *(f"{_plain(line)}  " for line in summary(audit))]) + "\n"


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "*_`<>[]|" else c for c in safe(text))


def data(audit: Audit) -> dict[str, Any]:
    """Return an audit as JSON data: its schema's name, the policy, and every finding with its whole certificate."""
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "policy": {"name": audit.policy.name, "version": audit.policy.version, "sha256": audit.policy.sha256},
        "checked": dict(audit.checked),
        "unfinished": list(audit.unfinished),
        "vanished": list(audit.vanished),
        "findings": [_finding(finding, audit) for finding in audit.findings],
    }


def _finding(finding: Finding, audit: Audit) -> dict[str, Any]:
    clauses = (audit.policy.clauses[id] for id in finding.clauses)
    return {
        "key": finding.key,
        "check": finding.check,
        "subjects": list(finding.subjects),
        "severity": finding.severity,
        "sentence": finding.sentence,
        "clauses": [{"id": c.id, "citation": c.citation, "label": c.label} for c in clauses],
        "readings": dict(finding.readings),
        "accepted": audit.accepted.get(finding.key),
        "witnesses": [_witness(caption, witness) for caption, witness in finding.witnesses],
        "proofs": [
            {
                "goal": proof.goal,
                "premises": [premise._asdict() for premise in proof.premises],
                "words": premises(proof, audit.policy),
                "records": room(proof),
                "engine": proof.engine,
            }
            for proof in finding.proofs
        ],
    }


def _witness(caption: str, witness: Witness) -> dict[str, Any]:
    return {
        "shows": caption,
        "case": witness.record,
        "readings": dict(witness.readings),
        "departures": [str(departure) for departure in witness.departures],
        "decision": document(witness.decision, caption),
    }


def html(audit: Audit) -> str:
    """Return an audit as one page without scripts or outside references, every certificate unfolded on demand."""
    new = {finding.key for finding in audit.new}
    body = [f"<h1>Audit of {escape(audit.policy.name)}</h1>"]
    body.append(f"<p>Version {escape(audit.policy.version)}, sha256 <code>{audit.policy.sha256}</code>. {NOTICE}</p>")
    body.append(
        "<p>Check it yourself: <code>bvn audit --export DIR</code> writes every certificate into the file named with "
        "it. <code>bvn decide FILE</code> decides a record again, and so does the solver by itself: "
        "<code>bvn facts FILE &gt; facts.lp</code>, then <code>python -m clingo policy.lp facts.lp</code>. "
        "Where the record begins with a reading, give it to <code>bvn decide</code> and <code>bvn facts</code>. "
        "A proof is a formula that any solver of propositional formulas must find unsatisfiable, such as "
        "<code>python -m clingo --mode=clasp FILE</code>.</p>"
    )
    body += [f"<p>{escape(line)}</p>" for line in summary(audit)]
    for severity, meaning in SEVERITIES.items():
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            body.append(f"<h2 class={severity}>{severity.capitalize()} ({len(findings)}): {escape(meaning)}</h2>")
        body += [_section(finding, audit, is_new=finding.key in new) for finding in findings]
    title = f"<title>Audit of {escape(audit.policy.name)}</title>"
    head = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    return f"{head}{title}<style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "article{border-left:4px solid #ccc;padding:.2rem 1rem;margin:1rem 0}code,pre{font-size:14px}"
    "pre{background:#f6f6f6;padding:.7rem;overflow:auto}.defect{border-color:#b00}.redundant{border-color:#c80}"
    ".notice{border-color:#08a}.domain{border-color:#46c}.text{border-color:#a4a}.new{color:#b00;font-weight:bold}"
    "summary{cursor:pointer}"
)


def _section(finding: Finding, audit: Audit, *, is_new: bool) -> str:
    parts = [f"<p><code>{escape(finding.key)}</code>{' <span class=new>new</span>' if is_new else ''}<br>"]
    parts.append(f"{escape(finding.sentence)}</p>")
    clauses = [audit.policy.clauses[id] for id in finding.clauses]
    if clauses:
        parts.append(_fold("Clauses", [f"{c.id} ({c.citation}): {c.label}" for c in clauses]))
    for question, option in finding.readings.items():
        read = audit.policy.questions.get(question)
        if read is not None:
            parts.append(f"<p>Rests on the reading {escape(question)}={escape(option)}: {escape(read.text)}</p>")
    number = audit.findings.index(finding) + 1
    for place, (caption, witness) in enumerate(finding.witnesses, 1):
        readings = "".join(f"# decide with --reading {q}={o}\n" for q, o in witness.readings.items())
        record = readings + yaml.safe_dump(witness.record, sort_keys=False, allow_unicode=True)
        departures = [str(departure) for departure in witness.departures] or ["nothing: the usual record"]
        parts.append(
            f"<details><summary>Witness: {escape(caption)}. {escape(brief(witness.decision, 'decided'))}</summary>"
            f"<p>File <code>{certificate_name(finding, number, 'witness', place)}</code></p>"
            f"{_list(departures)}<pre>{escape(record)}</pre></details>"
        )
    for place, proof in enumerate(finding.proofs, 1):
        confirmed = f" Confirmed by {proof.engine}." if proof.engine else ""
        lines = premises(proof, audit.policy) or ["the rules as they stand, under the default readings"]
        parts.append(
            f"<details><summary>Proof: no record with this: {escape(proof.goal)}.{escape(confirmed)}</summary>"
            f"<p>File <code>{certificate_name(finding, number, 'proof', place)}</code>. For {escape(room(proof))}. "
            f"Enough for it, and none can be spared:</p>{_list(lines)}</details>"
        )
    if finding.key in audit.accepted:
        parts.append(f"<p>Accepted: {escape(audit.accepted[finding.key])}</p>")
    return f"<article class={finding.severity}>{''.join(parts)}</article>"


def certificate_name(finding: Finding, number: int, kind: str, place: int) -> str:
    """Return the name of the file that holds a certificate: a `witness` or a `proof` of the finding with this number.

    Both numbers count from 1, findings in the order of the audit.
    """
    return f"{number:03}_{finding.check}_{kind}_{place}.{'yaml' if kind == 'witness' else 'cnf'}"


def _fold(title: str, lines: Sequence[str]) -> str:
    return f"<details><summary>{escape(title)}</summary>{_list(lines)}</details>"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
