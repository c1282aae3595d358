"""What a query found, in words and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.casefile import case_text, checked, expectation
from bvn_asp.decision.decision import NOTICE, Decision
from bvn_asp.record.statements import plain
from bvn_asp.report.schemas import FindDocument, FoundAnswer, FoundProof, RoomDocument, VerdictDocument

if TYPE_CHECKING:
    from bvn_asp.analysis.departures import Departure
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.analysis.query.found import Answer, Found, Verdict
    from bvn_asp.decision.engine import Engine
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

_STOPS = {
    "limit": "there may be more, see --limit",
    "timeout": "the time was up before all was searched, see --timeout",
    "conflicts": "one search met as many conflicts as it may",
    "interrupted": "interrupted before all was searched",
    "misses": "records that the rules leave open, and all their completions settle, are too many to try",
}


_PLACE = re.compile(r" at [A-Z][0-9]+(?:-[A-Z][0-9]+)?(?=$|[:;,])")


def kinds(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """Return the answers by kind: by what departs from the unremarkable patient, wherever and in whatever detail."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(_kind(answer.departures), []).append(answer)
    return found


def _kind(departures: Iterable[Departure]) -> str:
    """Return what kind of record departs so, in words."""
    owners = {item.words for item in departures if item.usual != "not stated" or ": " not in item.words}
    named: dict[str, None] = {}
    for item in departures:
        if item.words in owners or item.words.partition(": ")[0] not in owners:
            word = "" if item.now == "yes" or any(sign.isdigit() for sign in item.now) else f": {item.now}"
            named[_PLACE.sub("", item.words.replace(": ", " ")) + word.replace("_", " ")] = None
    return " and ".join(named) or "the unremarkable patient itself"


def answers_lines(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield the kinds of answer by name, then the answers, those of a kind together."""
    found = kinds(answers)
    what = f"{len(answers)} {'answer' if len(answers) == 1 else 'answers'}"
    if found:
        yield f"{what} of {len(found)} {'kind' if len(found) == 1 else 'kinds'}: {'; '.join(found)}"
    number = count(1)
    for of_kind in found.values():
        for answer in of_kind:
            yield from answer_lines(answer, next(number))


def answer_lines(answer: Answer, number: int) -> Iterator[str]:
    """Yield an edge case: what is decided, and how it departs from the unremarkable patient."""
    count = len(answer.departures)
    far = f"{count} {'departure' if count == 1 else 'departures'} from the unremarkable patient"
    yield f"{number}. {outcome_words(answer.decision)}  ({far})"
    for run, decision in zip(answer.runs, answer.decisions, strict=True):
        if len(answer.runs) > 1 or run:
            yield f"   {run_words(run)}: {outcome_words(decision)}"
    for line in departure_words(answer.departures):
        yield f"   - {line}"


def outcome_words(decision: Decision) -> str:
    """Return what is decided, with what fails, what is open and which bodies are refused."""
    parts = [decision.recommendation or f"no request, {decision.eligibility.replace('_', ' ')}"]
    failing = (*decision.ids("unmet"), *decision.ids("violated"))
    if failing:
        parts.append(f"fails {', '.join(failing)}")
    if decision.ids("undetermined"):
        parts.append(f"undetermined {', '.join(decision.ids('undetermined'))}")
    refused = [body.name for body in decision.bodies if body.requested and body.status == "refused"]
    if refused:
        parts.append(f"refused {', '.join(refused)}")
    return "; ".join(parts)


def run_words(run: Mapping[str, str]) -> str:
    """Return the readings of a run."""
    return ", ".join(f"{question}={option}" for question, option in run.items()) or "default readings"


def departure_words(departures: Iterable[Departure]) -> list[str]:
    """Return departures in words, the details of one finding in one line."""
    lines: dict[str, list[str]] = {}
    for item in departures:
        head, _, detail = item.words.partition(": ")
        if detail and item.usual == "not stated":
            lines.setdefault(head, []).append(f"{detail}: {item.now}")
        else:
            lines.setdefault(str(item), [])
    # What is there comes before its details.
    found: dict[str, list[str]] = {}
    for head, details in lines.items():
        owner = next((line for line in lines if not lines[line] and line.startswith(f"{head}: ")), head)
        found.setdefault(owner, []).extend(details)
    return [f"{head}: {'; '.join(details)}" if details else head for head, details in found.items()]


def proof_lines(proof: Proof, policy: Policy) -> Iterator[str]:
    """Yield what a proof rests on: clauses with citations, limits, readings."""
    limits: dict[str, list[str]] = {}
    for premise in proof.premises:
        if premise.kind == "limit":
            limit = plain(Decimal(policy.thresholds[premise.clause, premise.quantity]) / policy.scale)
            limits.setdefault(premise.clause, []).append(f"{limit} {policy.units[premise.quantity]}".strip())
    if not proof.premises:
        yield "  no single clause: it follows from what a record can state and how a recommendation is drawn"
    for id in proof.clauses:
        clause = policy.clauses[id]
        limit_words = f"; its limit: {', '.join(limits[id])}" if id in limits else ""
        yield f"  {id:5} {clause.citation}: {clause.label}{limit_words}"
    for question, option in proof.readings.items():
        asked = policy.questions[question]
        default = " (default)" if option == asked.default else ""
        yield f"  {question}={option}{default}: {asked.text} Read: {asked.options[option]}"
    yield f"Confirmed by {proof.engine}." if proof.engine else "Not confirmed by a second engine (--confirm)."


def room_words(room: Shape) -> str:
    """Return which records a search is over."""
    bodies = ", ".join(room.bodies)
    return (
        f"Searched: every record with at most {room.findings} finding of each kind, {room.surgeries} surgery and "
        f"{room.modic} Modic changes, over the bodies {bodies}, run as complete or not."
    )


def premise_words(proof: Proof) -> str:
    """Return what a proof rests on in one line."""
    clauses, readings = ", ".join(proof.clauses), run_words(proof.readings) if proof.readings else ""
    return "; ".join(filter(None, (clauses, readings))) or "no single clause"


def closing_lines(found: Found, *, asserted: bool = False) -> Iterator[str]:
    """Yield how far the answers, or the verdict on an assertion, go."""
    if asserted and found.answers:
        pass
    elif found.answers or found.count:
        more = f"Not complete: {_STOPS.get(found.stopped, found.stopped)}."
        yield "Complete: no other pattern of statuses fits." if found.complete else more
        if found.documented:
            yield "Only records that leave no fact open were searched; --open adds the others."
    elif not found.complete:
        yield f"Undecided: {_STOPS[found.stopped]}."
    elif not found.settled:
        yield "Not proved of records that leave facts open: all of their completions might agree on what no rule says."
    yield room_words(found.query.room)
    yield NOTICE


def found_lines(found: Found, policy: Policy, written: Iterable[Path], *, count: bool) -> Iterator[str]:
    """Yield what is to be said of all that was found, after the answers; `count` if patterns were counted."""
    if count:
        yield f"{found.count} {'pattern of statuses fits' if found.count == 1 else 'patterns of statuses fit'}."
    elif found.complete and not found.answers:
        yield "None: no record fits." if found.settled else "None found: no record that leaves nothing open fits."
    for proof in found.proofs:
        yield "It is excluded by these together, of which none can be spared:"
        yield from proof_lines(proof, policy)
    yield from closing_lines(found)
    yield from (f"wrote {path}" for path in written)


def verdict_lines(name: str, verdict: Verdict, policy: Policy, *, alone: bool) -> Iterator[str]:
    """Yield a verdict on the assertion called `name`; in full if it is asked for `alone`."""
    word = {True: "proved", False: "FALSE", None: "UNDECIDED"}[verdict.holds]
    yield f"{word}  {f'{name}: ' if name else ''}{verdict.found.query.text}"
    if verdict.found.answers:
        yield "Contradicted by"
        for number, answer in enumerate(verdict.found.answers, 1):
            yield from answer_lines(answer, number)
    if alone and verdict.proof is not None:
        scope = "" if verdict.holds else "Of every record that leaves nothing open it holds. "
        yield f"{scope}It follows from these together, of which none can be spared:"
        yield from proof_lines(verdict.proof, policy)
    elif verdict.proof is not None:
        yield f"        by {premise_words(verdict.proof)}"
    if alone:
        yield from closing_lines(verdict.found, asserted=True)


def files_of(found: Found, engine: Engine) -> list[tuple[str, str]]:
    """Return the answers as case files (name, text), each of them decided again as it expects."""
    files: list[tuple[str, str]] = []
    for number, answer in enumerate(chain.from_iterable(kinds(found.answers).values()), 1):
        departures = "; ".join(departure_words(answer.departures))
        story = (
            f"An invented record that fits the query `{found.query.text}`. It is the unremarkable patient of the "
            f"searches but for {len(answer.departures)} departures: {departures or 'none'}."
        )
        why = f"Decided so by the program when it answered the query `{found.query.text}`."
        expected = [expectation(d, run, why) for run, d in zip(answer.runs, answer.decisions, strict=True)]
        failing = (*answer.decision.ids("unmet"), *answer.decision.ids("violated"))
        name = "_".join((f"{number:02}", answer.decision.recommendation or "no_request", *failing[:6]))
        files.append((f"{name}.yaml", checked(case_text(answer.record, story, expected), engine)))
    return files


def found_document(found: Found, policy: Policy, files: Iterable[Path] = ()) -> FindDocument:
    """Return what was found, and the `files` that were written of it, as JSON can hold it."""
    return {
        "schema": "bvn-find/1", "notice": NOTICE, "policy": {"version": policy.version, "sha256": policy.sha256},
        "query": found.query.text, "runs": list(found.runs), "answers": list(map(_answer_document, found.answers)),
        "count": found.count or len(found.answers), "complete": found.complete, "stopped": found.stopped or None,
        "documented_only": found.documented, "none": found.holds is False,
        "proofs": [_proof_document(proof, policy) for proof in found.proofs], "room": _room_document(found.query.room),
        "files": list(map(str, files)),
    }  # fmt: skip


def _room_document(room: Shape) -> RoomDocument:
    return {
        "bodies": list(room.bodies), "findings": room.findings, "surgeries": room.surgeries, "modic": room.modic,
        "crowded": dict(room.crowded),
    }  # fmt: skip


def verdict_document(name: str, verdict: Verdict, policy: Policy) -> VerdictDocument:
    """Return a verdict on the assertion called `name` as JSON can hold it."""
    found = verdict.found
    return {
        "name": name or None, "assertion": found.query.text, "holds": verdict.holds, "stopped": found.stopped or None,
        "counterexamples": [_answer_document(answer) for answer in found.answers],
        "proof": _proof_document(verdict.proof, policy) if verdict.proof else None,
    }  # fmt: skip


def _answer_document(answer: Answer) -> FoundAnswer:
    return {
        "kind": _kind(answer.departures),
        "decisions": [
            {"readings": run, **{k: v for k, v in expectation(d, {}, "").items() if k != "why"}}
            for run, d in zip(answer.runs, answer.decisions, strict=True)
        ],
        "departures": [
            {"field": item.field, "words": item.words, "now": item.now, "usual": item.usual}
            for item in answer.departures
        ],
        "record": answer.record,
    }  # fmt: skip


def _proof_document(proof: Proof, policy: Policy) -> FoundProof:
    return {
        "premises": [
            {"kind": p.kind, **({"question": p.clause, "option": p.quantity} if p.kind == "reading" else
             {"clause": p.clause, "citation": policy.clauses[p.clause].citation, "quantity": p.quantity or None})}
            for p in proof.premises
        ],
        "confirmed_by": proof.engine or None,
    }  # fmt: skip
