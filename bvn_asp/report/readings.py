"""On which open questions the outcome of a case depends, and what another reading would decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.decision.readings import Comparison, Outcome
    from bvn_asp.policy.register import Policy, Question
    from bvn_asp.report.schemas import QuestionDocument


def question_document(question: Question) -> QuestionDocument:
    """Return an open question of the policy as JSON can hold it."""
    return {
        "id": question.id, "where": question.where, "text": question.text, "options": dict(question.options),
        "default": question.default, "why": question.why, "barren": sorted(question.barren),
    }  # fmt: skip


def reading_lines(
    comparisons: Sequence[Comparison], policy: Policy, chosen: Mapping[str, str], *, every: bool = False
) -> Iterator[str]:
    """Yield the questions that change the outcome and how, the `chosen` readings kept; with `every`, all options."""
    read = {c.question: chosen.get(c.question, policy.questions[c.question].default) for c in comparisons}
    if not comparisons:
        return
    usual = comparisons[0].outcomes[read[comparisons[0].question]]
    deciding = [c for c in comparisons if len(set(ambiguous(c, policy).values())) > 1]
    count = f"{len(deciding)} of {len(comparisons)} open questions"
    verb = "changes" if len(deciding) == 1 else "change"
    what = f"{_words(usual)} as read. {count} {verb} that{':' if deciding else '.'}"
    yield f"{what[0].upper()}{what[1:]}"
    for comparison in comparisons if every else deciding:
        question = policy.questions[comparison.question]
        yield f"  {question.id} ({safe(question.where)}): {safe(question.text)}"
        yield f"    read {read[question.id]}: {safe(question.options[read[question.id]])}"
        for option, found in (comparison.outcomes if every else ambiguous(comparison, policy)).items():
            if option != read[question.id] and (every or found != usual):
                change = "nothing changes" if found == usual else changed(found, usual)
                yield f"    {change} if {option}: {safe(question.options[option])}"
    barren = [f"{c.question}={option}" for c in comparisons for option in sorted(policy.questions[c.question].barren)]
    if barren:
        yield f"No ambiguity of this case: whatever the record, nothing is ever approved under {' or '.join(barren)}."
    if not every and len(deciding) < len(comparisons):
        yield "The other questions change nothing here; --all shows every option of each."


def changed(found: Outcome, usual: Outcome) -> str:
    """Return what another reading decides: the recommendation, or the bodies if it is the same."""
    if found.answer != usual.answer:
        return found.answer.replace("_", " ")
    known = dict(usual.bodies)
    bodies = [f"{body} {status}" for body, status in found.bodies if known.get(body) != status]
    return f"{found.answer.replace('_', ' ')}, but {', '.join(bodies) or 'other bodies'}"


def _words(found: Outcome) -> str:
    """Return an outcome in words: the recommendation, and how each body is judged."""
    bodies = ", ".join(f"{body} {status}" for body, status in found.bodies)
    return f"{found.answer.replace('_', ' ')}{f' ({bodies})' if bodies else ''}"


def ambiguous(comparison: Comparison, policy: Policy) -> Mapping[str, Outcome]:
    """Return the outcomes of a question without those of readings under which nothing is ever approved."""
    barren = policy.questions[comparison.question].barren
    return {option: found for option, found in comparison.outcomes.items() if option not in barren}
