"""Kept cases decided again: what would now come out otherwise, with the clauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bvn_asp.errors import BvnError
from bvn_asp.report.document import document as decision_document
from bvn_asp.reviews.documents import ChangeDocument, CitationOf, ReplayDocument
from bvn_asp.reviews.outline import outline

if TYPE_CHECKING:
    from bvn_asp.decision.engine import Engine
    from bvn_asp.reviews.documents import Kept, Review
    from bvn_asp.reviews.store import Store

OUTCOME = ("recommendation", "eligibility", "body", "units")
"""Kinds of change that change the answer; a criterion can change without."""


@dataclass(frozen=True)
class Replayed:
    """A kept case decided again: what is recommended now, and what came out otherwise; `problem` if it cannot be."""

    review: Review
    recommendation: str | None = None
    changes: tuple[ChangeDocument, ...] = ()
    problem: str = ""

    @property
    def outcome_changed(self) -> bool:
        """Whether the answer is another one, and not only what it rests on."""
        return any(change.kind in OUTCOME for change in self.changes)

    @property
    def statuses_changed(self) -> bool:
        """Whether a criterion has another status."""
        return any(change.kind == "criterion" for change in self.changes)

    @property
    def criteria(self) -> tuple[ChangeDocument, ...]:
        """The criteria that came out otherwise, without the parts of others that did."""
        found = [change for change in self.changes if change.kind == "criterion"]
        ids = {change.id for change in found}
        return tuple(change for change in found if change.part_of not in ids)


def replay(
    store: Store, engine: Engine, readings: Mapping[str, str] | None = None, numbers: Iterable[int] | None = None
) -> Iterator[Replayed]:
    """Decide the kept cases again, or those of the entries `numbers`, and yield each compared with what came out then.

    A case is read as it was asked for then, but for `readings`; what was read by default then is read by today's
    default. Raises ReviewError if an entry is not there.
    """
    reviews = store.reviews() if numbers is None else [store.review(number) for number in dict.fromkeys(numbers)]
    known: dict[tuple[Any, ...], Mapping[str, Any] | str] = {}
    for review in reviews:
        kept = review.kept
        chosen = {**kept.readings, **(readings or {})}
        question = (kept.case.sha256, tuple(sorted(chosen.items())), kept.assume_absent)
        if question not in known:
            known[question] = _decided(store, engine, kept, chosen)
        now = known[question]
        if isinstance(now, str):
            yield Replayed(review, problem=now)
        else:
            yield Replayed(review, now["recommendation"], tuple(compared(outline(store.decision(kept)), now)))


def _decided(store: Store, engine: Engine, kept: Kept, chosen: Mapping[str, str]) -> Mapping[str, Any] | str:
    """Return what comes out now as a document, or why nothing does."""
    try:
        case = store.case(kept)
    except ValueError:
        return "its record cannot be read by this version of the program"
    try:
        return outline(decision_document(engine.decide(case, chosen, assume_absent=kept.assume_absent)))
    except BvnError as error:
        return str(error)


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangeDocument]:
    """Yield what two documents of decisions on one case say otherwise, the answer first."""
    for kind in ("recommendation", "eligibility"):
        if before[kind] != after[kind]:
            yield ChangeDocument(kind=kind, id=kind, before=before[kind], after=after[kind])
    yield from _changed("body", _statuses(before["bodies"], "body"), _statuses(after["bodies"], "body"))
    units = [{code: str(count) for code, count in side["units"]["recommended"].items()} for side in (before, after)]
    yield from _changed("units", units[0], units[1])
    yield from _criteria(before["criteria"], after["criteria"])
    read = [{item["question"]: item["option"] for item in side["readings"]} for side in (before, after)]
    yield from _changed("reading", read[0], read[1])


def document(replayed: Replayed, policy: Any, readings: Mapping[str, str]) -> ReplayDocument:
    """Return what came of a case under `policy` with `readings` as it is printed as JSON."""
    kept = replayed.review.kept
    return ReplayDocument(
        number=kept.number,
        case=kept.case,
        policy=type(kept.policy)(
            name=policy.name, version=policy.version, revised=policy.revised, sha256=policy.sha256
        ),
        readings={**kept.readings, **readings},
        recommendation=replayed.recommendation,
        outcome_changed=replayed.outcome_changed,
        changes=replayed.changes,
        final=replayed.review.final,
        problem=replayed.problem,
    )


def _statuses(items: Iterable[Mapping[str, Any]], name: str) -> dict[str, str]:
    return {item[name]: item["status"] for item in items}


def _changed(
    kind: Literal["body", "units", "reading"], before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[ChangeDocument]:
    for id in dict.fromkeys((*before, *after)):
        if before.get(id) != after.get(id):
            yield ChangeDocument(kind=kind, id=id, before=before.get(id), after=after.get(id))


def _criteria(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterator[ChangeDocument]:
    then, now = ({item["id"]: item for item in items} for items in (before, after))
    for id in dict.fromkeys((*then, *now)):
        was, is_now = then.get(id), now.get(id)
        sides = [None if side is None else side["status"] for side in (was, is_now)]
        # Where both know it, the clause is that of the policy it is decided under now.
        clause = is_now or was
        if sides[0] != sides[1] and clause is not None:
            citation = clause["citation"]
            yield ChangeDocument(
                kind="criterion", id=id, before=sides[0], after=sides[1], label=clause["label"],
                part_of=clause["part_of"],
                citation=CitationOf(
                    section=citation["section"], item=citation["item"], references=tuple(citation["references"])
                ),
            )  # fmt: skip
