"""One version of a policy at work: what it recommends block by block, why it denies, and what pending cases lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bvn_asp.batch.compiled import compile_nodes
from bvn_asp.batch.decider import PEND, Decider
from bvn_asp.batch.inputs import PRESENCE, Inputs
from bvn_asp.batch.rows import LISTS, Rows, Setting
from bvn_asp.batch.words import unpack
from bvn_asp.decision.conventions import ablation_terms
from bvn_asp.decision.facts import Facts
from bvn_asp.decision.verdict import SIDES
from bvn_asp.decision.wording import Wording
from bvn_asp.policy.loading import read_policy
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.terms import FORMS, Term, arguments_of, name_of, pattern, subject_of

if TYPE_CHECKING:
    from bvn_asp.batch.kernel import Words
    from bvn_asp.batch.settling import Planes
    from bvn_asp.policy.shape import Shape

_OF_BODIES = ("ablated", *(name_of(pattern(text)) for text in ablation_terms()))
NO_REQUEST = "none"
NAMES = (*OUTCOMES, PEND, NO_REQUEST)


@dataclass(frozen=True)
class Version:
    """A policy with the readings that a run chooses."""

    name: str
    policy: str = field(repr=False)
    readings: Mapping[str, str] = field(default_factory=dict)

    def setting(self, assume_absent: bool | None) -> Setting:
        """Return the setting of a run under this version."""
        policy = read_policy(self.policy, self.name)
        return Setting(policy, policy.readings(self.readings), assume_absent)


@dataclass
class Side:
    """What one version says: denials by failing criterion, exclusions that occur together, and what pends lack."""

    denials: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, ...]] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, other: Side) -> None:
        """Count what `other` counted."""
        self.denials.update(other.denials)
        self.together.update(other.together)
        self.missing.update(other.missing)


class Watch:
    """One version at work: its decider, and for every criterion what its status hangs on."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.decider = setting, Decider(setting)
        self.criteria = {c.id: SIDES[c.kind] for c in setting.policy.clauses.values() if c.kind in SIDES}
        self.whole = [c.id for c in setting.policy.clauses.values() if c.kind in SIDES and c.part_of is None]
        self.exclusions = [id for id in self.whole if self.criteria[id] == SIDES["non_indication"]]
        self._asks: dict[Shape, dict[str, dict[Term, frozenset[str]]]] = {}

    def outcome(self, planes: Planes, count: int) -> Any:
        """Return the recommendation of every case as its place in `NAMES`."""
        found = np.full(count, NAMES.index(NO_REQUEST), np.int8)
        found[unpack(planes["request"], count)] = NAMES.index(PEND)
        for place, outcome in reversed(list(enumerate(OUTCOMES))):
            found[unpack(planes["recommend", outcome], count)] = place
        return found

    def statuses(self, planes: Planes, id: str, count: int) -> Any:
        """Return the status of a criterion for every case: the place among its two sides, or 2 if undetermined."""
        first, second = (unpack(planes[side, id], count) for side in self.criteria[id])
        return np.where(first, 0, np.where(second, 1, 2)).astype(np.int8)

    def asks(self, shape: Shape) -> dict[str, dict[Term, frozenset[str]]]:
        """Return, by the words for what could be missing, the subjects and the criteria that hang on each."""
        if shape not in self._asks:
            policy, program = self.setting.policy, self.decider.engine.program(shape)
            nodes, outputs, _ = compile_nodes(policy, program, shape, self.setting.readings, closed=True, whole=True)
            wording, found = Wording(program, policy, Facts(shape, shape)), dict[Term, set[str]]()
            for id in self.whole:
                for side in self.criteria[id]:
                    for part in nodes.below(outputs[side, id]):
                        if part in nodes.inputs and name_of(nodes.inputs[part]) in FORMS:
                            found.setdefault(subject_of(nodes.inputs[part]), set()).add(id)
            labels: dict[str, dict[Term, frozenset[str]]] = {}
            for subject, ids in found.items():
                labels.setdefault(wording.words(subject), {})[subject] = frozenset(ids)
            self._asks[shape] = labels
        return self._asks[shape]

    def side(self, rows: Rows, planes: Planes, shape: Shape) -> Side:
        """Count why cases are denied, and what cases that pend lack."""
        found, count = Side(), rows.count
        denied, pends = (
            planes["recommend", "deny"],
            planes["request"] & ~np.bitwise_or.reduce([planes["recommend", outcome] for outcome in OUTCOMES]),
        )
        for id in self.whole:
            failing = planes["unmet", id] if ("unmet", id) in planes else planes["violated", id]
            number = int(np.bitwise_count(failing & denied).sum())
            if number:
                found.denials[id] = number
        flags = [unpack(planes["violated", id] & denied, count) for id in self.exclusions]
        masks = sum((flag.astype(np.int64) << place for place, flag in enumerate(flags)), np.zeros(count, np.int64))
        for mask, number in zip(*np.unique(masks[masks > 0], return_counts=True), strict=True):
            ids = tuple(id for place, id in enumerate(self.exclusions) if mask >> place & 1)
            found.together[ids] = int(number)
        if pends.any():
            self._missing(rows, planes, shape, pends, found)
        return found

    def _missing(self, rows: Rows, planes: Planes, shape: Shape, pends: Words, found: Side) -> None:
        inputs = Inputs(rows, self.decider.engine.program(shape).quantities)
        open_: dict[str, Words] = {}
        for id in self.whole:
            first, second = self.criteria[id]
            open_[id] = pends & ~planes[first, id] & ~planes[second, id]
        for label, subjects in self.asks(shape).items():
            lacking = np.zeros_like(pends)
            for subject, ids in subjects.items():
                stated = inputs.settled(subject)
                if stated is not None:
                    gap = np.bitwise_or.reduce([open_[id] for id in ids]) & ~stated
                    assumed = inputs.assumed(subject)
                    gap = gap if assumed is None else gap & ~assumed
                    lacking |= self._there(inputs, subject, gap)
            number = int(np.bitwise_count(lacking & rows.everywhere).sum())
            if number:
                found.missing[label] += number

    def _there(self, inputs: Inputs, subject: Term, gap: Words) -> Words:
        """Leave out what is asked of bodies not requested, and of findings and the like that are not stated."""
        entity = arguments_of(subject)[0] if arguments_of(subject) else None
        if name_of(subject) in _OF_BODIES:
            asked = inputs.pair(("requested", entity)) if entity is not None else None
            return gap if asked is None else gap & asked[0]
        if not isinstance(entity, tuple) or name_of(entity) not in LISTS or name_of(subject) in PRESENCE:
            return gap
        name = "modic_present" if name_of(entity) == "modic" else "present"
        present = inputs.pair((name, entity))
        return gap if present is None else gap & present[0]
