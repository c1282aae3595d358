"""Entries, replays and verifications as lines of text, in which nothing of a record can be markup or obeyed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bvn_asp.decision.decision import NOTICE
from bvn_asp.report.safe import safe
from bvn_asp.report.text import FAILING, policy_words

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.reviews.documents import ChangeDocument, Kept, Review, Signature, VerificationDocument
    from bvn_asp.reviews.replay import Replayed

_TOLD = (*FAILING, "undetermined")


def listed(reviews: Sequence[Review], *, full: bool = False, width: int = 120) -> Iterator[str]:
    """Yield a line of `width` for each decision, and what a person made of it; with `full`, each signature, too."""
    for review in reviews:
        kept = review.kept
        line = f"{kept.number:>5}  {_time(kept.at)}  {_answer(kept):12}  {_final(review.final)}  "
        yield f"{line}{_end(safe(kept.case.name), width - len(line))}"
        for signature in review.signatures if full else ():
            yield f"{signature.number:>9}  {_time(signature.at)}  {_signed(signature)}"
    signed = sum(review.final is not None for review in reviews)
    yield f"{_count(len(reviews), 'decision')}, {signed} signed, {len(reviews) - signed} open"


def shown(review: Review, decision: Mapping[str, Any], *, full: bool = False) -> Iterator[str]:
    """Yield what was asked, what came out and what a person decided; with `full`, every criterion and reason."""
    kept = review.kept
    yield f"entry {kept.number}: {safe(kept.case.name)}"
    yield f"{_answer(kept).upper()}   patient {kept.outcome.eligibility.replace('_', ' ')}"
    for item in decision["criteria"]:
        if item["status"] in _TOLD and item["part_of"] is None:
            yield f"  {_criterion(item)}"
            if item["actual"] is not None and item["status"] in FAILING:
                yield f"    stated {safe(item['actual'])}, needed {safe(item['threshold'])}"
    for missing in decision["missing"]["facts"]:
        yield f"  missing: {safe(missing['fact'])}"
    bodies = ", ".join(f"{safe(item['body'])} {safe(item['status'])}" for item in decision["bodies"])
    yield f"Bodies: {bodies or 'none'}"
    yield from _signatures(review)
    yield from _asked(kept)
    if full:
        yield "Every criterion with its reasons"
        for item in decision["criteria"]:
            if item["part_of"] is None:
                yield f"  {_criterion(item)}"
                yield from _reasons(item["explanation"], 2)
        yield "Every body with its reasons"
        for item in decision["bodies"]:
            yield f"  {safe(item['body'])} {safe(item['status'])}"
            yield from _reasons(item["explanation"], 2)
    yield NOTICE


def replayed(
    found: Iterable[Replayed], policy: Policy, readings: Mapping[str, str], *, full: bool = False
) -> Iterator[str]:
    """Yield what comes out otherwise under `policy` and `readings`; with `full`, also where the answer is the same."""
    read = ", ".join(f"{question}={option}" for question, option in readings.items())
    yield f"Decided again under {safe(policy_words(policy))}{f', reading {read}' if read else ''}"
    counts: Counter[str] = Counter()
    clauses: Counter[str] = Counter()
    for item in found:
        same = "same" if item.statuses_changed else ""
        kind = "problem" if item.problem else "otherwise" if item.outcome_changed else same
        counts[kind] += 1
        clauses.update(change.id for change in item.criteria if item.outcome_changed)
        if item.problem:
            yield f"{_head(item)}: cannot be decided: {safe(item.problem)}"
        elif item.outcome_changed or (full and item.statuses_changed):
            yield from _changes(item, readings)
    yield (
        f"{_count(counts.total(), 'decision')}: {counts['']} as before, {counts['otherwise']} with another answer, "
        f"{counts['same']} with the same answer and other statuses, {counts['problem']} not decided"
    )
    if clauses:
        yield f"Clauses: {', '.join(f'{safe(id)} in {count}' for id, count in clauses.most_common())}"
    yield NOTICE


def verified(found: VerificationDocument) -> Iterator[str]:
    """Yield whether a store is intact, or what is wrong with it."""
    entries = "1 entry" if found.entries == 1 else f"{found.entries} entries"
    counts = f"{entries}: {_count(found.decisions, 'decision')}, {_count(found.signatures, 'signature')}"
    yield f"{'intact' if found.intact else 'NOT INTACT'}, {counts}"
    yield f"last hash: {found.head}"
    for item in found.problems:
        yield f"  {f'entry {item.number}: ' if item.number is not None else ''}{safe(item.problem)}"


def _end(name: str, width: int) -> str:
    """Return the end of a name, which tells more than its folder, if there is no room for all."""
    room = max(width, 20)
    return name if len(name) <= room else f"...{name[3 - room :]}"


def _signatures(review: Review) -> Iterator[str]:
    if review.final is None:
        yield "Open: nobody has signed it"
    for signature in review.signatures:
        yield f"Entry {signature.number}, {_time(signature.at)}: {_signed(signature)}"
        for id, text in signature.comments.items():
            yield f"  {safe(id)}: {safe(text)}"


def _asked(kept: Kept) -> Iterator[str]:
    yield f"Kept {_time(kept.at)} UTC by {safe(kept.program)}"
    yield f"Policy: {safe(policy_words(kept.policy))}"
    chosen = ", ".join(f"{safe(question)}={safe(option)}" for question, option in kept.readings.items())
    yield f"Readings chosen: {chosen or 'none, all by default'}"
    if kept.assume_absent is not None:
        yield f"Run as {'a complete' if kept.assume_absent else 'an incomplete'} record, whatever it says"
    yield f"Hashes: case {kept.case.sha256}, decision {kept.outcome.sha256}, entry {kept.sha256}"


def _changes(item: Replayed, readings: Mapping[str, str]) -> Iterator[str]:
    kept, now = item.review.kept, item.recommendation or "no request"
    before = kept.outcome.recommendation or "no request"
    yield f"{_head(item)}: {safe(before)}{f' -> {safe(now)}' if now != before else ', as before'}"
    if item.review.final is not None:
        yield f"    a person decided: {_signed(item.review.final, comment=False)}"
    for change in item.criteria:
        cited = change.citation
        place = (
            f"{cited.section} {cited.item}{f' {list(cited.references)}' if cited.references else ''}" if cited else ""
        )
        yield f"    {_otherwise(change)}: {safe(change.label)}  ({safe(place)})"
    for change in item.changes:
        overridden = change.kind == "reading" and change.id in readings
        if change.kind not in ("recommendation", "criterion") and not overridden:
            yield f"    {_WORDS.get(change.kind, '')}{_otherwise(change)}"


_WORDS = {"units": "units of ", "reading": "read otherwise: "}


def _otherwise(change: ChangeDocument) -> str:
    before, after = (safe((side or "none").replace("_", " ")) for side in (change.before, change.after))
    return f"{safe(change.id)} {before} -> {after}"


def _head(item: Replayed) -> str:
    return f"  {item.review.kept.number}  {safe(item.review.kept.case.name)}"


def _criterion(item: Mapping[str, Any]) -> str:
    return f"{safe(item['id'])} {safe(item['status'])}: {safe(item['label'])}  ({_cited(item['citation'])})"


def _cited(citation: Mapping[str, Any]) -> str:
    references = f" {list(citation['references'])}" if citation["references"] else ""
    return safe(f"{citation['section']} {citation['item']}{references}")


def _reasons(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    for child in node.get("children", ()):
        status = f" [{safe(str(child['status']))}]" if child.get("status") else ""
        yield f"{'  ' * depth}{safe(str(child.get('text')))}{status}"
        yield from _reasons(child, depth + 1)


def _answer(kept: Kept) -> str:
    return safe((kept.outcome.recommendation or kept.outcome.eligibility).replace("_", " "))


def _final(signature: Signature | None) -> str:
    if signature is None:
        return "open"
    return f"{safe(signature.decision.replace('_', ' '))} by {safe(signature.reviewer)}"


def _signed(signature: Signature, *, comment: bool = True) -> str:
    bodies = f" for {', '.join(map(safe, signature.bodies))}" if signature.bodies else ""
    amends = f", amends entry {signature.amends} ({safe(signature.why)})" if signature.amends is not None else ""
    said = f": {safe(signature.comment)}" if comment and signature.comment else ""
    return f"{_final(signature)}{bodies}{amends}{said}"


def _time(at: str) -> str:
    return safe(at[:16].replace("T", " "))


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
