"""What a worker can be asked: each job takes plain values and returns plain data, and keeps what it has ground."""

from __future__ import annotations

import datetime
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import BvnError, ExtraError
from bvn_asp.policy.loading import load_policy, shipped_policy
from bvn_asp.policy.register import Policy
from bvn_asp.record.files import read_content

if TYPE_CHECKING:
    from bvn_asp.analysis.change.whatif import WhatIf
    from bvn_asp.analysis.interview import Interview
    from bvn_asp.analysis.query.finder import Finder
    from bvn_asp.decision.engine import Engine
    from bvn_asp.decision.readings import Outcome

Json = dict[str, Any]
Readings = Mapping[str, str]


@cache
def _engine() -> Engine:
    from bvn_asp.decision.engine import Engine

    return Engine(shipped_policy())


@cache
def _finder() -> Finder:
    from bvn_asp.analysis.query.finder import Finder

    return Finder()


@cache
def _whatif() -> WhatIf:
    from bvn_asp.analysis.change.whatif import WhatIf

    return WhatIf(shipped_policy())


@cache
def _interview() -> Interview:
    from bvn_asp.analysis.interview import Interview

    return Interview(shipped_policy())


def whatif(
    content: Json, wanted: str, readings: Readings, limit: int, timeout: float, everything: bool = False
) -> Json:
    """Return what would make the decision on a case the `wanted` one: the document, and the same in words."""
    from bvn_asp.report.whatif import answer_document, answer_text

    answer = _whatif().answer(
        read_content(content), wanted, readings, limit=limit, timeout=timeout, everything=everything
    )
    return {
        "document": answer_document(answer, ""),
        "words": answer_text(answer, "", everything=everything, every=True),
    }


def find(query: str, readings: Readings, limit: int, timeout: float, confirm: bool = False) -> Json:
    """Return the edge cases that fit a query, or a proof of none."""
    from bvn_asp.report.query import found_document

    found = _finder().find(query, readings=readings, limit=limit, timeout=timeout, confirm=confirm)
    return {
        "document": found_document(found, _finder().policy), **_evidence(found),
    }  # fmt: skip


def prove(assertion: str, readings: Readings, limit: int, timeout: float, confirm: bool = False) -> Json:
    """Return whether an assertion holds of every record."""
    from bvn_asp.report.query import verdict_document

    verdict = _finder().prove(assertion, readings=readings, limit=limit, timeout=timeout, confirm=confirm)
    return {
        "document": verdict_document("", verdict, _finder().policy),
        **_evidence(verdict.found),
    }  # fmt: skip


def _evidence(found: Any) -> Json:
    """Return what a page shows of answers and proofs."""
    from bvn_asp.report.query import departure_words, outcome_words, proof_lines, room_words

    return {
        "complete": found.complete, "settled": found.settled, "stopped": found.stopped, "documented": found.documented,
        "room": room_words(found.query.room),
        "answers": [
            {
                "outcomes": [outcome_words(decision) for decision in answer.decisions],
                "departures": departure_words(answer.departures), "record": answer.record,
                "runs": [dict(run) for run in answer.runs],
            }
            for answer in found.answers
        ],
        "proofs": [
            {"lines": list(proof_lines(proof, _finder().policy))[:-1], "engine": proof.engine} for proof in found.proofs
        ],
        "certificate": found.certify() if found.certify is not None else None,
    }  # fmt: skip


def readings(content: Json, chosen: Readings) -> Json:
    """Return what each option of every question would decide for a case."""
    from bvn_asp.decision.readings import compare_readings

    found = list(compare_readings(_engine(), read_content(content), chosen))
    outcomes = {
        item.question: {
            option: {"answer": outcome.answer, "bodies": dict(outcome.bodies)}
            for option, outcome in item.outcomes.items()
        }
        for item in found
    }
    return {"depends_on": [item.question for item in found if item.matters], "outcomes": outcomes}


def question(content: Json, chosen: Readings, skipped: list[str], timeout: float) -> Json:
    """Return what to ask next about a case, and how far it is from being settled."""
    return _interview().next(read_content(content), chosen, skipped=frozenset(skipped), timeout=timeout).document()


def audit(timeout: float) -> Json:
    """Return the audit of the policy, with its certificates as files."""
    from bvn_asp.analysis.audit import audit as run
    from bvn_asp.analysis.audit import load_accepted, shipped_accepted
    from bvn_asp.report import audit as report
    from bvn_asp.report.certificates import audit_document, certificate_name, certificates

    found = run(shipped_policy(), accepted=load_accepted(shipped_accepted()), timeout=timeout)
    return {
        "document": audit_document(found), "sentences": list(report.answer(found)),
        "summary": list(report.summary(found)),
        "certificates": dict(certificates(found)),
        "files": [
            [certificate_name(finding, number, "proof", place) for place in range(1, len(finding.proofs) + 1)]
            for number, finding in enumerate(found.findings, 1)
        ],
    }  # fmt: skip


def diff(other: str, here: Readings, there: Readings, timeout: float) -> Json:
    """Return how a policy with the readings `there` compares with the shipped one with the readings `here`."""
    from bvn_asp.analysis.change.comparison import Side
    from bvn_asp.analysis.change.diff import diff as compared
    from bvn_asp.report.diff import diff_document, diff_text

    policy = _policy(other, timeout)
    found = compared(
        Side(_named("the policy", here), shipped_policy(), shipped_policy().readings(here)),
        Side(_named("the other" if other else "the policy", there), policy, policy.readings(there)), timeout=timeout,
    )  # fmt: skip
    return {"document": diff_document(found), "words": diff_text(found)}


def impact(cases: Mapping[str, Json], other: str, here: Readings, there: Readings, timeout: float) -> Json:
    """Return which of `cases` another policy, or the same with the readings `there`, decides otherwise."""
    from bvn_asp.decision.engine import Engine
    from bvn_asp.decision.readings import outcome

    sides = ((_engine(), here), (Engine(_policy(other, timeout)) if other else _engine(), there))
    counts, moved, failed = Counter[tuple[str, str]](), [], 0
    for id, content in cases.items():
        try:
            case = read_content(content)
            found = [outcome(engine.decide(case, readings)) for engine, readings in sides]
        except BvnError:
            failed += 1
            continue
        counts[found[0].answer, found[1].answer] += 1
        if found[0] != found[1]:
            moved.append((id, *map(_outcome_words, found)))
    return {
        "total": len(cases), "counts": [(*pair, count) for pair, count in counts.most_common()], "moved": moved,
        "failed": failed,
    }  # fmt: skip


def _outcome_words(found: Outcome) -> str:
    refused = [body for body, status in found.bodies if status == "refused"]
    return f"{found.answer}, refused {', '.join(refused)}" if refused else found.answer


def _policy(text: str, timeout: float) -> Policy:
    """Return the policy whose program is `text`, the shipped one without any; raise PolicyError."""
    if not text:
        return shipped_policy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "other.lp"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        return load_policy(path, timeout=timeout)


def _named(name: str, readings: Readings) -> str:
    return ", ".join([name, *(f"{question}={option}" for question, option in readings.items())])


def written(
    content: Json, what: str, form: str, readings: Readings, assume_absent: bool | None = None
) -> bytes:  # fmt: skip
    """Return the report, the fitting letter or the worksheet on a case as a file; raise LetterError if none fits."""
    from bvn_asp.report.gathering import report_on
    from bvn_asp.report.letters import LetterError, fitting, letter, letter_paper
    from bvn_asp.report.paper import case_report, worksheet
    from bvn_asp.report.paper.files import write_paper
    from bvn_asp.report.paper.sheets import write_sheets

    made = datetime.date.today().isoformat()
    case = read_content(content)
    name = str(case.exact("case_id") or "")
    report = report_on(
        _engine(), case, name, readings, made=made, assume_absent=assume_absent, changes=what != "worksheet"
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{what}.{form}"
        try:
            if what == "worksheet":
                write_sheets(worksheet.sheets(report), path)
            elif what == "report":
                write_paper(case_report.paper(report), path)
            else:
                kind = fitting(report)
                if kind is None:
                    raise LetterError("nothing is requested yet: state the bodies or units that are requested")
                write_paper(letter_paper(letter(report, kind), report, kind), path)
        except ModuleNotFoundError as error:
            raise ExtraError(
                f"this needs {error.name}, which is not installed: pip install 'bvn-asp[reports]'"
            ) from None
        return path.read_bytes()


JOBS: Mapping[str, Callable[..., Any]] = {
    "whatif": whatif, "find": find, "prove": prove, "readings": readings, "question": question, "audit": audit,
    "diff": diff, "impact": impact, "written": written,
}  # fmt: skip
"""Every job by its name."""
