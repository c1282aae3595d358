"""Readings: options that leave nothing to approve, that silence criteria, or that change nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

from bvn_asp.audit.finding import Finding
from bvn_asp.audit.study import Study
from bvn_asp.space import Space
from bvn_asp.terms import name_of


def readings(study: Study) -> Iterator[Finding]:
    """Find what each option of each question does to the policy, the other questions read by default."""
    usually = [id for id in study.criteria if study.possible([study.alone[id]])]
    both = Space(study.search.ground, study.search.ground, shared=lambda term: name_of(term) not in _OWN)
    both.deadline = study.deadline
    differ = both.any_of(
        both.all_of([both.literal(term), -both.literal(term, 1)])
        for name in ("recommend", "permissible", "refused", "eligible", "not_eligible")
        for term in {**both.terms(name), **both.terms(name, 1)}
    )
    backwards = both.any_of(
        both.all_of([-both.literal(term), both.literal(term, 1)])
        for name in ("recommend", "permissible", "refused", "eligible", "not_eligible")
        for term in {**both.terms(name), **both.terms(name, 1)}
    )
    default = both.run()
    for question in study.policy.questions.values():
        for option in question.options:
            if option == question.default:
                continue
            chosen = {question.id: option}
            subject = (f"{question.id}={option}",)
            meaning = f"{question.text} Read as: {question.options[option]}."
            other_run = both.run(chosen, 1)
            study.claims += 1
            if both.holding([*default, *other_run, both.any_of([differ, backwards])]) is None:
                yield Finding(
                    "reading-idle", subject, "notice", f"This option changes no decision at all. {meaning}",
                    (), chosen, proofs=(),
                )  # fmt: skip
                continue
            approve = study.outcomes["approve"]
            if not study.possible([approve], chosen):
                proofs = study.proofs([approve], f"approved under {subject[0]}", chosen, most=6)
                clauses = tuple(dict.fromkeys(id for proof in proofs for id in proof.clauses))
                yield Finding(
                    "reading-unsatisfiable", subject, "defect",
                    f"Under this option nothing can be approved. {meaning}", clauses, chosen, proofs=proofs,
                )  # fmt: skip
                continue
            silenced = [id for id in usually if not study.possible([study.alone[id]], chosen)]
            if silenced:
                proofs = tuple(
                    study.proofs([study.alone[id]], f"{id} is the only reason under {subject[0]}", chosen)[0]
                    for id in silenced
                )
                covers = sorted({study.whole(id) for proof in proofs for id in proof.clauses} - set(silenced))
                yield Finding(
                    "reading-silences", (*subject, *silenced), "redundant",
                    f"Under this option {', '.join(silenced)} never decides anything by itself, because of "
                    f"{', '.join(covers)}. {meaning}",
                    (*silenced, *covers), chosen, proofs=proofs,
                )  # fmt: skip


_OWN = ("selected", "reread")
"""What each side has for itself."""
