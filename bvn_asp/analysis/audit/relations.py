"""What criteria have to do with each other: duplicates, one-way implications, failures that exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.finding import Finding

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study


def relations(study: Study) -> Iterator[Finding]:
    """Find criteria that fail alike, imply each other one way, or can never fail together."""
    ids = [id for id in study.ids if study.possible([study.fails[id]])]
    implied = {id: _implied(study, id, ids) for id in ids}
    classes: list[tuple[str, ...]] = []
    for id in ids:
        if not any(id in members for members in classes):
            classes.append((id, *(other for other in ids if other in implied[id] and id in implied[other])))
    for members in classes:
        if len(members) > 1:
            proofs = tuple(
                proof
                for one, other in zip(members, (*members[1:], members[0]), strict=True)
                for proof in study.proofs([study.fails[one], -study.fails[other]], f"{one} fails and {other} does not")
            )
            yield Finding(
                "duplicate", members,
                f"{study.names(members)} say the same: where one of them fails, all do.",
                members, _readings(proofs), proofs=proofs,
            )  # fmt: skip
    # Of each class one stands for all; parts follow their whole by definition.
    heads = [members[0] for members in classes]
    for one in heads:
        for other in heads:
            if other in implied[one] and one != other and not _trivial(study, one, other, implied, heads):
                proofs = study.proofs([study.fails[one], -study.fails[other]], f"{one} fails and {other} does not")
                yield Finding(
                    "implies", (one, other),
                    f"{study.name(one)} adds nothing to {study.name(other)}: where it fails, so does the other.",
                    (one, other), _readings(proofs), proofs=proofs,
                )  # fmt: skip
    for place, one in enumerate(heads):
        later = {other: study.fails[other] for other in heads[place + 1 :]}
        reached = study.reachable(later, [study.fails[one]])
        for other in (other for other in later if other not in reached):
            proofs = study.proofs([study.fails[one], study.fails[other]], f"{one} and {other} fail together")
            yield Finding(
                "exclude", (one, other),
                f"{study.name(one)} and {study.name(other)} never fail together.",
                (one, other), _readings(proofs), proofs=proofs,
            )  # fmt: skip


def _implied(study: Study, id: str, ids: list[str]) -> set[str]:
    """Return which criteria fail on every record on which `id` does."""
    passing = {other: -study.fails[other] for other in ids if other != id}
    return passing.keys() - study.reachable(passing, [study.fails[id]])


def _trivial(study: Study, one: str, other: str, implied: dict[str, set[str]], heads: list[str]) -> bool:
    """Tell whether the implication is one between a part and its whole, or follows from two others."""
    if study.whole(one) == study.whole(other):
        return True
    # What a part implies beyond its whole is said of the whole, if it holds there.
    whole = study.whole(one)
    if whole != one and (other in implied.get(whole, ()) or whole == other):
        return True
    between = (
        head for head in heads
        if head not in (one, other) and head in implied[one] and other in implied[head] and one not in implied[head]
        and head not in implied[other]
    )  # fmt: skip
    return any(between)


def _readings(proofs: tuple[object, ...]) -> dict[str, str]:
    readings: dict[str, str] = {}
    for proof in proofs:
        readings.update(getattr(proof, "readings", {}))
    return readings
