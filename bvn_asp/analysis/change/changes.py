"""Changes of a record: what can change at all, what counts as one change, how a change reads, and what they reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from bvn_asp.analysis.departures import stated_words
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import FORMS, Term, fill, name_of, pattern, subject_of
from bvn_asp.record.field import general
from bvn_asp.record.statements import Range, plain
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.analysis.records import Premise
    from bvn_asp.analysis.search import Search
    from bvn_asp.decision.decision import Decision
    from bvn_asp.decision.facts import Facts
    from bvn_asp.record.case import Case

CHANGEABLE = "change"
UNKNOWN = "unknown"
TIME = "time"
FIXED = "fixed"
KINDS = {
    CHANGEABLE: "can be changed or documented",
    UNKNOWN: "not stated so far",
    TIME: "only time changes it",
    FIXED: "nobody can change it",
}
"""Kinds of change, in words; the first two are open to whoever makes the request."""

_YES, _MORE, _ANY = "yes", "more", "any"
_MOVERS = {"clinician": CHANGEABLE, "requester": CHANGEABLE, "records": CHANGEABLE, "time": TIME}
"""Kinds of change by who can make it; what nobody moves, or a reviewer judges, is fixed."""
_WAYS = {"answer": _YES, "names": _YES, "number": _MORE, "date": _MORE, "choice": _ANY}
"""In which direction a field changes that can: an answer to yes, a number to more, a choice to any."""
_JOINED = {
    "received": "therapy", "begun": "therapy", "contraindicated": "therapy", "shown": "shown_by",
    "ablated": "ablations", "ablation_completed": "ablations", "ablation_thermal": "ablations",
    "thermal_ablation_completed": "ablations",
}  # fmt: skip
"""Facts that a record states in one field."""


@dataclass(frozen=True)
class Change:
    """One change: the field, what it is about, what is stated before and after, and how far a number is from there.

    `kind` is a key of KINDS. Changes of one `item` are made in one field of the record, and count as one.
    """

    item: Term
    field: str
    words: str
    before: str
    after: str
    kind: str
    distance: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.before} -> {self.after}" + (f": {self.distance}" if self.distance else "")


@dataclass(frozen=True)
class ChangeSet:
    """Changes that reach the outcome together and not without any of them, the changed case, and its decision."""

    changes: tuple[Change, ...]
    case: Case
    decision: Decision

    @property
    def cost(self) -> int:
        """How many fields of the record change."""
        return len({change.item for change in self.changes})


@dataclass(frozen=True)
class Obstacle:
    """A minimal reason why nothing reaches the outcome: facts that cannot change, and the clauses that need others."""

    facts: tuple[str, ...]
    premises: tuple[Premise, ...]


@dataclass(frozen=True)
class Answer:
    """What would change one decision.

    `wanted` is a recommendation or a body to be permissible; `reached` tells that it is so already. `complete` tells
    that `sets` are all there are; otherwise `stopped` is limit, timeout, conflicts, interrupted, or open (what the
    rules leave open was settled otherwise by completions). `obstacles` are given when nothing reaches it. `settlements`
    are, for a pend, the smallest sets of unknown facts that settle it, by outcome. `requests` are the largest requests
    that would be approved as the record is, for a request that is not.
    """

    now: Decision
    wanted: str
    reached: bool
    sets: tuple[ChangeSet, ...] = ()
    complete: bool = False
    stopped: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    settlements: Mapping[str, tuple[ChangeSet, ...]] = field(default_factory=dict)
    requests: tuple[tuple[str, ...], ...] = ()

    @property
    def unreachable(self) -> bool:
        """Whether no change that was allowed reaches the outcome."""
        return self.complete and not self.sets and not self.reached


def kind_of(subject: Term, facts: Facts, stated: bool) -> tuple[str, str]:
    """Return the kind of a change of `subject`, and the direction in which it can change: yes, more or any."""
    if name_of(subject) in ("requested", "request_made"):
        return CHANGEABLE, _ANY
    if not stated:
        return UNKNOWN, _ANY
    path, name = facts.fields.get(subject, ""), name_of(subject)
    if _JOINED.get(name) == "therapy":
        path = f"{path.removesuffix('.status').removesuffix(f'.{name}')}.{name}"
    row = TABLE.by_path.get(general(path))
    kind = _MOVERS.get(row.mover, FIXED) if row is not None else FIXED
    return (kind, _WAYS.get(row.form, "")) if row is not None and kind != FIXED and row.form in _WAYS else (FIXED, "")


def item_of(subject: Term, topic: Term) -> Term:
    """Return what a change of `subject` counts as: facts of one field are one item, and so is each requested body."""
    name = name_of(subject)
    if name == "requested":
        return subject
    joined = _JOINED.get(name)
    if joined is None or not isinstance(subject, tuple):
        return topic
    return joined if joined == "ablations" else (joined, subject[-1])


def ahead(way: str, base: Collection[Term], options: Iterable[Term]) -> list[Term]:
    """Return which of the inputs `options` the stated inputs `base` can become, themselves included."""
    if way == _ANY:
        return list(options)
    if way == _YES:
        return [o for o in options if o in base or name_of(o) == "yes"]
    least = {name_of(term): _value(term) for term in base}
    return [o for o in options if _value(o) >= least.get(name_of(o), _value(o))]


def _value(term: Term) -> int:
    value = term[2] if isinstance(term, tuple) else 0
    assert isinstance(value, int)
    return value


def changes_of(
    search: Search, before: frozenset[Term], after: frozenset[Term], facts: Facts, amended: Facts,
    options: Mapping[Term, Collection[Term]],
) -> list[Change]:  # fmt: skip
    """Return in words what differs between two sets of inputs, as `facts` and `amended` state them.

    `options` are all values that would do for a choice or a number, by subject. Details of what is gone are left out.
    """
    found: list[Change] = []
    said = [_by_topic(search, inputs) for inputs in (before, after)]
    for topic, subjects in search.topics.items():
        one, other = (by_topic.get(topic, set()) for by_topic in said)
        if one == other or _vanished(subjects[0], after) or _follows(subjects[0], before, after):
            continue
        # What was stated before tells best what changes; how long a time lasts until the procedure seldom is.
        changed = sorted((s for s in subjects if _about(one, s) != _about(other, s)),
                         key=lambda subject: (not _about(one, subject), str(subject)))  # fmt: skip
        if topic == "requested":
            changed = [subject for subject in changed if subject != "request_made"]
        for subject in changed if topic == "requested" else changed[:1]:
            mine = [subject] if topic == "requested" else subjects
            known = facts if _about(one, subject) else amended
            kind, _ = kind_of(subject, facts, bool(_about(one, subject)))
            words = words_of(search.policy, subject if topic == "requested" else topic, known.names)
            was, now = (
                stated_words(search, {t for t in inputs if isinstance(t, tuple) and t[1] in mine}, mine, source)
                for inputs, source in ((one, facts), (other, amended))
            )
            distance = ""
            if subject in search.quantities:
                stated = facts.said[subject].value if subject in facts.said else None
                number = stated if isinstance(stated, Range) else facts.numbers.get(subject)
                actual = None if number is None else number.exact
                now, distance = _number(search, subject, actual, options.get(subject, ()), now)
            elif len(options.get(subject, ())) > 1:
                now = " or ".join(sorted(words_of(search.policy, value, {}) for value in options[subject]))
            path = facts.fields.get(subject) or amended.fields.get(subject, "")
            found.append(Change(item_of(subject, topic), path, words, was, now, kind, distance))
    return found


def _by_topic(search: Search, inputs: frozenset[Term]) -> dict[Term, set[tuple[Term, ...]]]:
    found: dict[Term, set[tuple[Term, ...]]] = {}
    for term in inputs:
        if isinstance(term, tuple) and term[0] in FORMS and term[1] in search.about:
            found.setdefault(search.about[term[1]], set()).add(term)
    return found


def parts_of(subject: Term) -> list[Term]:
    """Return the facts that the fact `subject` puts together; none if it stands by itself."""
    return [fill(part, V=subject_of(subject)) for part in _parts().get(name_of(subject), ())]


@cache
def _parts() -> dict[str, list[Term]]:
    """Return the patterns of the facts that a fact puts together, by its name."""
    found: dict[str, list[Term]] = {}
    for row in TABLE.fields:
        if row.together:
            found.setdefault(name_of(pattern(row.together)), []).append(pattern(row.term))
    return found


def _follows(subject: Term, before: frozenset[Term], after: frozenset[Term]) -> bool:
    """Tell whether a change of `subject` is that of its parts."""
    # A question can have the name of a fact; what is chosen of it is no change.
    changed = {term[1] for term in before ^ after if isinstance(term, tuple) and term[0] in FORMS}
    return not changed.isdisjoint(parts_of(subject))


def _about(inputs: set[tuple[Term, ...]], subject: Term) -> set[tuple[Term, ...]]:
    return {term for term in inputs if term[1] == subject}


def _vanished(subject: Term, after: frozenset[Term]) -> bool:
    """Tell whether `subject` is a detail of something that is not there any more."""
    entity = subject[1] if isinstance(subject, tuple) and len(subject) > 1 else ""
    if name_of(subject) in ("present", "modic_present") or not isinstance(entity, tuple):
        return False
    return ("no", ("present", entity)) in after or ("no", ("modic_present", entity)) in after


def _number(
    search: Search, subject: Term, actual: Decimal | None, options: Collection[Term], one: str
) -> tuple[str, str]:
    """Return the threshold to reach, and the distance to it of the `actual` number, if it is known."""
    quantity = search.quantities[subject]
    limits, scale = search.limits[quantity], search.policy.scale
    bands = [limits[0] - 1, *(value for limit in limits for value in (limit, limit + 1))]
    reached = sorted({bands.index(representative(int(str(value)), limits)) for value in options})
    if not reached or reached != list(range(reached[0], reached[-1] + 1)):
        return one, ""
    texts: list[str] = []
    nearest: list[Decimal] = []
    unit = search.policy.units.get(quantity, "")
    if reached[0] > 0:
        limit = Decimal(limits[(reached[0] - 1) // 2]) / scale
        texts.append(f"{'at least' if reached[0] % 2 else 'more than'} {plain(limit)}")
        nearest.append(limit)
    if reached[-1] < len(bands) - 1:
        limit = Decimal(limits[reached[-1] // 2]) / scale
        texts.append(f"{'at most' if reached[-1] % 2 else 'less than'} {plain(limit)}")
        nearest.append(limit)
    if not texts:
        return "any", ""
    return f"{' and '.join(texts)} {unit}".strip(), _distance(actual, nearest)


def _distance(actual: Decimal | None, limits: Sequence[Decimal]) -> str:
    if actual is None:
        return ""
    gap = min((limit - actual for limit in limits), key=abs)
    return "exactly the limit" if not gap else f"{plain(abs(gap))} {'short' if gap > 0 else 'over'}"
