"""Blocks of cases to blocks of answers: an Arrow table in, an Arrow table out, case by case what `decide` says.

Columns out: `row` and `id`, then `recommendation` (approve, partial, deny, pend; null without a request),
`eligibility`, for every criterion `met_ID` or `violated_ID` (null if undetermined), and for every body `body_NAME`
(permissible, refused, undetermined; null if the case is not about it).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from bvn_asp.batch.columns import ID, WORD
from bvn_asp.batch.compiled import BODY_SIDES, ELIGIBILITY, Compiled, answers_of, compile_policy, refuse
from bvn_asp.batch.entries import bodies_mask
from bvn_asp.batch.inputs import Inputs
from bvn_asp.batch.rows import Rows, Setting
from bvn_asp.batch.settling import Completions, Planes
from bvn_asp.batch.words import Whole, pack, unpack
from bvn_asp.decision.agreement import is_shipped
from bvn_asp.decision.engine import Engine
from bvn_asp.policy.outcomes import OUTCOMES, check_exclusive
from bvn_asp.policy.shape import CORE_BODIES, WIDE_BODIES, Shape
from bvn_asp.record.anatomy import BODIES

if TYPE_CHECKING:
    from bvn_asp.batch.kernel import Words
    from bvn_asp.policy.terms import Term

ROW = "row"
PEND, UNDETERMINED = "pend", "undetermined"
MOST_KERNELS = 16
"""Most kernels that a decider keeps."""
_BODY_SETS = (CORE_BODIES, WIDE_BODIES, (*WIDE_BODIES, *sorted(set(BODIES) - set(WIDE_BODIES))))
_FEW = 0.02
"""The share of a block whose cases may need more room than the rest, to be decided apart."""


class Decider:
    """Decides blocks of cases under one setting; `whole` asks for every answer, not the recommendation alone."""

    def __init__(self, setting: Setting, *, whole: bool = True, engine: Engine | None = None) -> None:
        refuse(setting.policy)
        self.setting, self.whole = setting, whole
        # Another policy may contradict itself in what is not asked for, and then decides nothing.
        self._asked = whole or not is_shipped(setting.policy)
        self.engine = engine or Engine(setting.policy)
        self.schema = output_schema(setting, whole=whole)
        self._compiled: OrderedDict[tuple[Shape, bool], Compiled] = OrderedDict()
        self.completions = Completions(setting, self.engine)

    @property
    def settled(self) -> int:
        """How many cases were settled by completions."""
        return self.completions.settled

    def decide(self, batch: Any, numbers: Any = None) -> Any:
        """Return the answers on the cases of `batch`, a record batch; its rows are numbered from 1 on by default."""
        numbers = np.arange(1, 1 + batch.num_rows) if numbers is None else numbers
        return self.answers(self.planes(Rows(batch, self.setting)), batch, numbers)

    def planes(self, rows: Rows) -> Planes:
        """Return every side of every answer, and what is reported, a bit for each case."""
        (main, _), *apart = self.shapes(rows)
        planes = self._run(rows, main)
        for shape, places in apart:
            # A few cases need more room than the rest: they are decided again, with it.
            others = self._run(Rows(rows.batch.take(pa.array(places)), self.setting), shape)
            for term, words in others.items():
                flags = unpack(planes.get(term, rows.nowhere), rows.count).copy()
                flags[places] = unpack(words, len(places))
                planes[term] = pack(flags)
        return planes

    def shapes(self, rows: Rows) -> list[tuple[Shape, Whole]]:
        """Return the least shape for all but a few of the cases, then for those few; each with its cases."""
        levels, *counts = rows.rooms()
        wider = [~bodies_mask(bodies) for bodies in _BODY_SETS]
        sets = sum(((levels & mask) != 0).astype(np.int64) for mask in wider[:2])
        needs: list[Whole] = [np.asarray(sets), *(_rooms(count) for count in counts)]
        usual = [_usual(need) for need in needs]
        apart = np.logical_or.reduce([need > most for need, most in zip(needs, usual, strict=True)])
        found = [(_shape(usual), np.flatnonzero(~apart))]
        if apart.any():
            found.append((_shape([int(need[apart].max()) for need in needs]), np.flatnonzero(apart)))
        return found

    def compiled(self, shape: Shape, *, closed: bool) -> Compiled:
        """Return the kernel for `shape`; `closed` if some record is run as complete."""
        key = shape, closed
        if key not in self._compiled:
            while len(self._compiled) >= MOST_KERNELS:
                self._compiled.popitem(last=False)
            self._compiled[key] = compile_policy(
                self.setting.policy, self.engine.program(shape), shape, self.setting.readings,
                closed=closed, whole=self._asked,
            )  # fmt: skip
        return self._compiled[key]

    def _run(self, rows: Rows, shape: Shape) -> Planes:
        compiled = self.compiled(shape, closed=bool(rows.closed.any()))
        inputs = Inputs(rows, compiled.quantities)
        planes = compiled.kernel.run(inputs.planes(compiled.kernel.inputs), len(rows.everywhere))
        planes["request"] = rows.requested

        def both(one: Term, other: Term) -> bool:
            return one in planes and other in planes and bool((planes[one] & planes[other]).any())

        check_exclusive(self.setting.policy, shape.bodies, both)
        self.completions.settle(rows, compiled, planes)
        return planes

    def answers(self, planes: Planes, batch: Any, numbers: Any) -> Any:
        """Return the answers that `planes` hold as a record batch; `numbers` are the numbers of its rows."""
        count = batch.num_rows
        arrays: dict[str, Any] = {ROW: pa.array(numbers, pa.int64())}
        arrays[ID] = batch.column(ID).cast(pa.string()) if ID in batch.schema.names else pa.nulls(count, pa.string())
        for column, sides in answers_of(self.setting.policy, _shape([2, 0, 0, 0]), whole=self.whole).items():
            held = [planes.get(side) for side in sides]
            if column == "recommendation":
                arrays[column] = _words(held, (*OUTCOMES, PEND), planes["request"], count)
            elif column == "eligibility":
                arrays[column] = _words(held, (*ELIGIBILITY, UNDETERMINED), None, count)
            elif column.startswith("body_"):
                reported = planes.get(("reported", column.removeprefix("body_")))
                if reported is None or not reported.any():
                    arrays[column] = pa.nulls(count, WORD)
                else:
                    arrays[column] = _words(held, (*BODY_SIDES, UNDETERMINED), reported, count)
            else:
                first, second = (words if words is not None else np.zeros_like(planes["request"]) for words in held)
                arrays[column] = pa.Array.from_buffers(
                    pa.bool_(), count, [pa.py_buffer(first | second), pa.py_buffer(first.copy())]
                )
        return pa.record_batch(arrays, self.schema)


def output_schema(setting: Setting, *, whole: bool) -> Any:
    """Return the Arrow schema of the answers."""
    fields = [pa.field(ROW, pa.int64()), pa.field(ID, pa.string())]
    for column in answers_of(setting.policy, _shape([2, 0, 0, 0]), whole=whole):
        words = column in ("recommendation", "eligibility") or column.startswith("body_")
        fields.append(pa.field(column, WORD if words else pa.bool_()))
    return pa.schema(fields)


def _words(held: Iterable[Words | None], names: tuple[str, ...], shown: Words | None, count: int) -> Any:
    """Return a column of `names`: the first that holds, the last where none does, null where nothing is shown."""
    codes = np.full(count, len(names) - 1, np.int32)
    for place, words in reversed(list(enumerate(held))):
        if words is not None and words.any():
            codes[unpack(words, count)] = place
    indices = pa.array(codes) if shown is None else pa.Array.from_buffers(
        pa.int32(), count, [pa.py_buffer(shown), pa.py_buffer(codes)]
    )  # fmt: skip
    return pa.DictionaryArray.from_arrays(indices, pa.array(names))


def _rooms(counts: Whole) -> Whole:
    """Return how often 1 is doubled to make room for each count."""
    doubled = np.zeros(len(counts), np.int64)
    for power in range(6):
        doubled += counts > 1 << power
    return doubled


def _usual(need: Whole) -> int:
    """Return the least room that is enough for all but a few."""
    sizes = np.bincount(need, minlength=1)
    beyond = len(need) - np.cumsum(sizes)
    few = int(_FEW * len(need)) if len(need) >= 4096 else 0
    return int(np.argmax(beyond <= few))


def _shape(need: list[int]) -> Shape:
    bodies, findings, surgeries, modic = need
    return Shape(_BODY_SETS[bodies], 1 << findings, 1 << surgeries, 1 << modic)


def answers_by_case(decision: Any) -> Mapping[str, Any]:
    """Return the row of answers that a `Decision` holds, without `row` and `id`."""
    row: dict[str, Any] = {"recommendation": decision.recommendation, "eligibility": decision.eligibility}
    for criterion in decision.criteria:
        sides = {"indication": ("met", "unmet")}.get(criterion.clause.kind, ("violated", "clear"))
        value = {sides[0]: True, sides[1]: False}.get(criterion.status)
        row[f"{sides[0]}_{criterion.clause.id}"] = value
    for body in decision.bodies:
        row[f"body_{body.name.lower()}"] = body.status
    return row
