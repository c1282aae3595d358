"""Readings: options that leave nothing to approve, that silence criteria, or that change nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.audit.study import DECIDED, Study
from bvn_asp.analysis.proofs import proof_of

if TYPE_CHECKING:
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.register import Question


def readings(study: Study) -> Iterator[Finding]:
    """Find what each option of each question does to the policy, the other questions read by default."""
    decides = study.reachable(study.alone)
    usually = [id for id in study.criteria if id in decides]
    spaces = study.variants.spaces([*study.plain, *study.run])
    for question, space in zip(study.policy.questions.values(), spaces, strict=False):
        yield from _question(study, space, question, usually)


def _question(study: Study, space: Space, question: Question, usually: list[str]) -> Iterator[Finding]:
    """Find what the options of one question do: the default in `space`, an option in a variant of it."""
    options = {term: literal for term, literal in space.terms("selected").items() if term[1] == question.id}  # type: ignore[index]
    variant = study.variants.of(space, options.values())
    touched = [id for id in study.ids if variant.literal(study.fails[id]) != study.fails[id]]
    decided = [literal for name in DECIDED for literal in space.terms(name).values() if literal in variant.version]
    differ = space.any_of(-space.equal(literal, variant.literal(literal)) for literal in decided)
    stricter = space.any_of(space.all_of([-study.fails[id], variant.literal(study.fails[id])]) for id in touched)
    for option in question.options:
        if option == question.default:
            continue
        chosen = {question.id: option}
        subject = f"{question.id}={option}"
        meaning = f"{question.text} Read as: {question.options[option]}."
        run = [variant.active]
        run += [variant.literal(literal if term[2] == option else -literal) for term, literal in options.items()]  # type: ignore[index]
        changes = space.reached(run, [differ, stricter])
        study.claims += 2
        if differ not in changes:
            words, room = f"{subject} changes a decision", study.search.room
            goal = [*study.plain, *study.run, *run, differ]
            yield Finding(
                "reading-idle", (subject,), f"{subject} changes no decision at all. {meaning}", (), chosen,
                proofs=(study.certified(proof_of(space, words, goal, (), {}, room)),),
            )  # fmt: skip
        # A criterion that the option does not touch is silenced only by one that it makes fail more often.
        candidates = [id for id in usually if stricter in changes or id in touched]
        approve = study.outcomes["approve"]
        goals = [approve, *(study.alone[id] for id in candidates)]
        reached = study.as_read.reached(study.space.run(chosen), goals)
        study.claims += len(goals)
        if approve not in reached:
            proofs = study.proofs([approve], f"approved under {subject}", chosen, most=6)
            clauses = tuple(dict.fromkeys(id for proof in proofs for id in proof.clauses))
            yield Finding(
                "reading-unsatisfiable", (subject,), f"Under {subject} nothing can be approved. {meaning}",
                clauses, chosen, proofs=proofs,
            )  # fmt: skip
        else:
            silenced = [id for id in candidates if study.alone[id] not in reached]
            yield from _silenced(study, subject, meaning, chosen, silenced)


def _silenced(
    study: Study, subject: str, meaning: str, chosen: dict[str, str], silenced: list[str]
) -> Iterator[Finding]:
    """Find criteria that decide alone by default, and never under the option: `silenced`, if there are any."""
    if not silenced:
        return
    proofs = tuple(
        study.proofs([study.alone[id]], f"{id} is the only reason under {subject}", chosen)[0] for id in silenced
    )
    covers = sorted({study.whole(id) for proof in proofs for id in proof.clauses} - set(silenced))
    yield Finding(
        "reading-silences", (subject, *silenced),
        f"Under {subject} {', '.join(silenced)} never {'decide' if silenced[1:] else 'decides'} anything by "
        f"{'themselves' if silenced[1:] else 'itself'}, because of "
        f"{', '.join(covers)}. {meaning}",
        (*silenced, *covers), chosen, proofs=proofs,
    )  # fmt: skip
