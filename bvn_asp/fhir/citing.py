"""Which clauses of the policy ask for a field: what is cited beside a question."""

from __future__ import annotations

from functools import cache

from bvn_asp.decision.agreement import terms_of
from bvn_asp.decision.conventions import READ_IN_FULL
from bvn_asp.policy.asking import subjects_of
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.program import open_program
from bvn_asp.policy.register import Policy
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term
from bvn_asp.record.field import Field
from bvn_asp.record.table import TABLE
from bvn_asp.report.labels import decides_nothing

_MEANT = {
    **dict.fromkeys(
        (*READ_IN_FULL.values(), "findings.absent", "findings.additional_pathology"), ("findings.present[]",)
    ),
    "mri.no_modic_change_at": ("mri.modic_changes[]",),
    # An ablation is known by the bodies that it used up.
    **dict.fromkeys(("ablations[]", "other_ablations"), ("ablations[].bodies",)),
}  # fmt: skip
"""Fields that state no fact by themselves, and the fields of whose facts they say something."""


@cache
def citations() -> dict[str, str]:
    """Return for each field the clauses that ask for it, in words; nothing for a field that none asks for."""
    policy = shipped_policy()
    program = open_program(policy.text, tuple(Shape().terms()))
    terms = {row.path: terms_of(row, program) for row in TABLE.fields}
    by_default, ever = subjects_of(policy, program), subjects_of(policy, program, every=True)
    found: dict[str, str] = {}
    for row in (row for row in TABLE.fields if not decides_nothing(row)):
        subjects = frozenset[Term]().union(*(terms[path] for path in (row.path, *_meaning(row))))
        found[row.path] = _words(policy, _asking(by_default, subjects)) or _words(
            policy, _asking(ever, subjects), ", under another reading"
        )
    return found


def _meaning(row: Field) -> tuple[str, ...]:
    """Return the fields of whose facts `row` says something beside its own."""
    received = f"{row.section}.received"
    if row.path in _MEANT or row.closes:
        return _MEANT.get(row.path, (row.closes,))
    if row.name in ("status", "weeks", "begun") and received in TABLE.by_path:
        return (received,)
    if row.form == "date" and row.section == "request":
        # The moments to which ages and durations are counted.
        return tuple(other.path for other in TABLE.fields if other.span)
    return (row.entry,) if row.entry and not row.term else ()


def _asking(asked: dict[str, frozenset[Term]], subjects: frozenset[Term]) -> list[str]:
    return [id for id, found in asked.items() if found & subjects]


def _words(policy: Policy, ids: list[str], remark: str = "") -> str:
    """Return the citations of clauses: of the parts of a list those that ask, or the whole if all do."""
    clauses = [policy.clauses[id] for id in ids]
    wholes = {clause.part_of for clause in clauses if clause.part_of}
    complete = {whole for whole in wholes if all(c.id in ids for c in policy.clauses.values() if c.part_of == whole)}
    kept = [c for c in clauses if c.part_of not in complete and (c.id not in wholes or c.id in complete)]
    return "; ".join(f"{clause.citation}{remark}" for clause in kept)
