"""What all completions of a case agree on although no rule derives it: found case by case, where it can be at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from bvn_asp.batch.content import case_of
from bvn_asp.batch.inputs import Inputs
from bvn_asp.batch.kernel import Words
from bvn_asp.batch.rows import Rows, Setting
from bvn_asp.batch.words import Whole, pack, unpack
from bvn_asp.decision.conventions import RANGE
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.verdict import completed
from bvn_asp.policy.terms import Term, arguments_of, name_of, subject_of
from bvn_asp.record.anatomy import discs_between

if TYPE_CHECKING:
    from bvn_asp.batch.compiled import Compiled
    from bvn_asp.decision.engine import Engine
    from bvn_asp.policy.shape import Shape

MOST_SETTLED = 100_000
"""Most answers of completions that are remembered."""
_BITS = [np.uint64(1 << place) for place in range(64)]
Planes = dict[Term, Words]
Branches = tuple[frozenset[int], ...]
"""The literals of what a case states, in each way in which alternatives of it can be."""
_SITES: tuple[Term, ...] = (
    *(body.lower() for body in RANGE),
    *(("disc", upper.lower(), lower.lower()) for upper, lower in discs_between(RANGE)),
)
"""Where something lies that lies somewhere from L3 to S1."""


class Completions:
    """Settles cases under one setting; `settled` counts those that were looked at."""

    def __init__(self, setting: Setting, engine: Engine) -> None:
        self.setting, self.engine, self.settled = setting, engine, 0
        self._memory: dict[tuple[Shape, Branches, str], frozenset[Term]] = {}

    def settle(self, rows: Rows, compiled: Compiled, planes: Planes) -> None:
        """Settle in `planes` what the rules leave undetermined although completions might agree."""
        doubtful = np.zeros_like(rows.nowhere)
        for column, sides in compiled.answers.items():
            possible = _possible(compiled, planes, column)
            if possible is not None:
                doubtful |= possible & ~np.bitwise_or.reduce([planes[side] for side in sides]) & ~rows.coupled
        doubtful |= self._coupled(rows, compiled, planes)
        places = np.flatnonzero(unpack(doubtful & rows.everywhere, rows.count))
        self.settled += len(places)
        for place, stated in zip(places.tolist(), self._stated(rows, compiled.shape, places), strict=True):
            self._complete(compiled, planes, place, stated)

    def _coupled(self, rows: Rows, compiled: Compiled, planes: Planes) -> Words:
        """Return which cases may be settled that leave open what hangs together: some place of all, some body of all.

        What holds in all completions holds if such a thing lies at one place only, for each body alone, and for all.
        """
        places = np.flatnonzero(unpack(rows.coupled, rows.count))
        if not len(places):
            return rows.nowhere
        some = Rows(rows.batch.take(pa.array(places)), self.setting)
        inputs = Inputs(some, compiled.quantities)
        given = inputs.planes(compiled.kernel.inputs)
        bodies = [body.lower() for body in compiled.shape.bodies]
        turns: list[Collection[str]] = [*([body] for body in bodies), bodies]
        left = {side: some.everywhere for sides in compiled.answers.values() for side in sides}
        open_places = list(_open_places(compiled, inputs))
        for turn in range(max(len(turns), len(_SITES))):
            chosen = dict(given)
            here = {_SITES[turn % len(_SITES)], *(("requested", body) for body in turns[turn % len(turns)])}
            for term, where, open_ in open_places:
                if (where in here) == (name_of(term) == "yes"):
                    chosen[term] = chosen[term] | open_ if term in chosen else open_
            found = compiled.kernel.run(chosen, len(some.everywhere))
            for side, words in left.items():
                left[side] = words & (found[side] | found.get(("generous", side), found[side]))
        flags = np.zeros(rows.count, np.bool_)
        for column, sides in compiled.answers.items():
            settled = np.bitwise_or.reduce([planes[side] for side in sides])
            possible = np.bitwise_or.reduce([left[side] for side in sides])
            if column == "recommendation":
                possible = (possible if compiled.exhaustive else some.everywhere) & some.requested
            # How alternatives differ, the bounds do not tell.
            alternatives = some.alternatives & (some.requested if column == "recommendation" else some.everywhere)
            possible = possible | alternatives
            flags[places] |= unpack(possible, len(places)) & ~unpack(settled, rows.count)[places]
        return pack(flags)

    def _stated(self, rows: Rows, shape: Shape, places: Whole) -> Iterator[Branches]:
        """Yield, for each case of `places`, the literals of what it states, for each way of its alternatives."""
        if not len(places):
            return
        program = self.engine.program(shape)
        some = Rows(rows.batch.take(pa.array(places)), self.setting)
        planes = Inputs(some, program.quantities).planes(program.places)
        chosen = frozenset(
            program.places["selected", question, option] for question, option in self.setting.readings.items()
        )
        literals = np.array([program.places[term] for term in planes], np.int64)
        held = np.array([unpack(words, len(places)) for words in planes.values()]).reshape(len(literals), len(places))
        alternatives = unpack(some.alternatives, some.count)
        for each in range(len(places)):
            stated = chosen.union(literals[held[:, each]].tolist())
            if not alternatives[each]:
                yield (stated,)
                continue
            case = case_of(some.batch.slice(each, 1).to_pylist()[0])
            branches = facts_for(case, self.setting.policy, self.setting.readings, shape=shape).branches()
            yield tuple(stated.union(map(program.places.__getitem__, branch)) for branch in branches)

    def _complete(self, compiled: Compiled, planes: Planes, place: int, stated: Branches) -> None:
        """Settle one case by what holds in all completions of what it states, and, for a request, in some."""
        for column, sides in compiled.answers.items():
            if any(_bit(planes[side], place) for side in sides):
                continue
            if column != "recommendation":
                always = self._shown(compiled.shape, stated, "cautious")
                found = [side for side in sides if side in always]
            elif _bit(planes["request"], place):
                sometimes = self._shown(compiled.shape, stated, "brave")
                possible = [side for side in sides if side in sometimes]
                found = possible if len(possible) == 1 else []
            else:
                found = []
            for side in found[:1]:
                planes[side][place // 64] |= _BITS[place % 64]

    def _shown(self, shape: Shape, stated: Branches, mode: Literal["cautious", "brave"]) -> frozenset[Term]:
        key = shape, stated, mode
        if key not in self._memory:
            program = self.engine.program(shape)
            if len(self._memory) >= MOST_SETTLED:
                self._memory.clear()
            self._memory[key] = completed(program, map(set, stated), mode)
        return self._memory[key]


def _open_places(compiled: Compiled, inputs: Inputs) -> Iterator[tuple[Term, Term, Words]]:
    """Yield each input about a place or a body that is open in some case, what it is about, and in which cases."""
    for term in compiled.kernel.inputs:
        form, subject = name_of(term), subject_of(term)
        if form not in ("yes", "no") or name_of(subject) not in ("at", "requested"):
            continue
        if name_of(subject) == "requested":
            where, open_ = subject, inputs.rows.bodies_open
        else:
            entity, where = arguments_of(subject)
            open_ = inputs.somewhere(entity)
        if open_.any():
            yield term, where, open_


def _possible(compiled: Compiled, planes: Planes, column: str) -> Words | None:
    """Return where completions may settle an answer that no rule derives, as far as bounds tell; None if nowhere."""
    loose = [planes["generous", side] for side in compiled.answers[column] if side in compiled.generous]
    if column != "recommendation":
        return np.bitwise_or.reduce(loose) if loose else None
    if not compiled.exhaustive:
        return planes["request"]
    return np.bitwise_or.reduce(loose) & planes["request"] if loose else None


def _bit(words: Words, place: int) -> bool:
    return bool(words[place // 64] & _BITS[place % 64])
