"""Synthetic cases in columnar form, made up by a seeded random generator: no patient stands behind any of them.

Each case starts as one that meets the policy and departs from it in a few fields; every field of the table is drawn.
`usual` makes files that look like requests do: most records are well documented, few things are wrong. `hard` makes
the cases that test a program best: many departures, much unknown, much stated by bounds, numbers on and beside the
limits of the policy, long lists, odd levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bvn_asp.batch.columns import NONE, UNKNOWN_FIELDS, column_name, entry_columns, schema
from bvn_asp.batch.draw import BLOCK, CORE, Cells, Draw, Habit, Usual, listed, lists
from bvn_asp.batch.table_writers import parquet_writer
from bvn_asp.batch.times import GRAIN
from bvn_asp.errors import TableError
from bvn_asp.output import whole_file
from bvn_asp.record.case import EITHER
from bvn_asp.record.field import Field
from bvn_asp.record.table import TABLE

if TYPE_CHECKING:
    from bvn_asp.batch.words import Flags, Whole
    from bvn_asp.policy.register import Policy

_GROUP = 4
"""Blocks to a row group."""
_FIRST_DAY = 18_993  # 1 January 2022
_SPANS = {"years": 365.25, "months": 30.4375, "weeks": 7.0}

HABITS = {
    "usual": Habit(0.008, 0.03, 0.4, 0.02, 0.35, 0.03, 0.9, (0.80, 0.16, 0.04), 0.05),
    "hard": Habit(0.03, 0.04, 0.8, 0.15, 0.3, 0.3, 0.6, (0.55, 0.27, 0.12, 0.04, 0.02), 0.5),
}


def generate(policy: Policy, count: int, seed: int, habit: str = "usual") -> Iterator[Any]:
    """Yield `count` synthetic cases as record batches; numbers gather around the limits of `policy`."""
    for block in range((count + BLOCK - 1) // BLOCK):
        batch = _Block(policy, HABITS[habit], np.random.default_rng([seed, block]), f"synthetic-{seed}-{block}").batch()
        yield batch.slice(0, min(BLOCK, count - block * BLOCK))


def write(policy: Policy, count: int, seed: int, habit: str, path: Path) -> None:
    """Write `count` synthetic cases to the Parquet file `path`; raise TableError or OutputError if that cannot be."""
    if path.suffix.lower() != ".parquet":
        raise TableError(f"{path}: expected a name that ends in .parquet")
    with whole_file(path) as unfinished, parquet_writer(unfinished, schema()) as writer:
        waiting: list[Any] = []
        for batch in generate(policy, count, seed, habit):
            waiting.append(batch)
            if len(waiting) == _GROUP:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP * BLOCK)
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP * BLOCK)


class _Block:
    """One block of cases: `made` holds its columns."""

    def __init__(self, policy: Policy, habit: Habit, random: np.random.Generator, name: str) -> None:
        self.draw, self.habit, self.random, self.name = Draw(policy, habit, random, BLOCK), habit, random, name
        self.everyone = np.arange(BLOCK)
        self.made: dict[str, Any] = {}

    def batch(self) -> Any:
        """Return the block."""
        self.made["id"] = pa.array([f"{self.name}-{place}" for place in range(BLOCK)])
        self.calendar()
        for row in TABLE.plain:
            if column_name(row.path) not in self.made and row.form != "units":
                self.keep(row, self.draw.cells(row, USUAL.get(row.path, Usual()), self.everyone))
        self.statuses()
        for path in TABLE.lists:
            self.entries(path)
        self.absent()
        self.request()
        self.unknown()
        wanted = schema()
        return pa.record_batch({f.name: self.column(f) for f in wanted}, wanted)

    def column(self, field: Any) -> Any:
        found = self.made.get(field.name)
        return pa.nulls(BLOCK, field.type) if found is None else found.cast(field.type)

    def keep(self, row: Field, cells: Cells) -> None:
        self.made.update({column_name(row.path, suffix): array for suffix, array in cells.items()})

    def calendar(self) -> None:
        """Draw the days of request and procedure, and the dates that go back from them instead of a number."""
        random, draw = self.random, self.draw
        self.asked = random.integers(_FIRST_DAY, _FIRST_DAY + 1400, BLOCK)
        self.dated = draw.chance(self.habit.dated, BLOCK)
        planned = self.dated & draw.chance(0.8, BLOCK)
        self.procedure = self.asked + random.integers(0, 90, BLOCK)
        self.keep(_row("request.date"), draw.day_cells(self.asked, self.dated | draw.chance(0.5, BLOCK)))
        self.keep(_row("request.planned_procedure_date"), draw.day_cells(self.procedure, planned))
        ended = self.asked - random.integers(0, 200, BLOCK)
        for one, other in EITHER:
            number, date = _row(one), _row(other)
            if date.entry or column_name(other) in self.made:
                continue
            end = {"patient.birth_date": self.procedure, "conservative_care.start": ended}.get(other, self.asked)
            if other == "conservative_care.end":
                end, values = ended, np.zeros(BLOCK, np.int64)
            else:
                values = draw.amounts(number, USUAL.get(one, Usual()), BLOCK)
            dated = self.dated if number.section != "conservative_care" else self.courses
            self.either(number, date, values, end, dated & draw.chance(0.8, BLOCK) if date.name != "start" else dated)

    @property
    def courses(self) -> Flags:
        """Where the course of care is stated by its dates."""
        return self.dated & (self.asked % 10 < 7)

    def either(self, number: Field, date: Field, values: Whole, end: Whole, dated: Flags) -> None:
        """Keep a time as a number, or, where it is `dated`, as the day on which it begins."""
        unknown = self.draw.unknown(self.everyone)
        if column_name(number.path) not in self.made:
            usual = USUAL.get(number.path, Usual())
            others = self.courses if number.section == "conservative_care" else dated
            cells = self.draw.number_cells(number, usual, self.everyone)
            off = pa.array(others)
            self.keep(number, {suffix: pc.if_else(off, pa.nulls(BLOCK, a.type), a) for suffix, a in cells.items()})
        begun = np.minimum(end - np.round(values / GRAIN * _SPANS[date.span]).astype(np.int64) + self._off(), end)
        self.keep(date, self.draw.day_cells(begun, dated & ~unknown))

    def _off(self) -> Whole:
        found: Whole = self.random.integers(-1, 2, BLOCK)
        return found

    def statuses(self) -> None:
        """Take away what a treatment's status says too."""
        for row in TABLE.plain:
            if row.path.endswith(".status"):
                status = self.made[column_name(row.path)]
                away = pc.and_(status.is_null(), pa.array(self.draw.chance(0.3, BLOCK)))
                for name in ("received", "begun", "contraindicated"):
                    column = column_name(f"{row.section}.{name}")
                    self.made[column] = pc.if_else(away, self.made[column], pa.nulls(BLOCK, pa.bool_()))
                # What was received was begun.
                received, begun = (self.made[column_name(f"{row.section}.{name}")] for name in ("received", "begun"))
                wrong = pc.fill_null(pc.and_(received, pc.invert(begun)), False)
                self.made[column_name(f"{row.section}.begun")] = pc.if_else(wrong, pa.scalar(True), begun)

    def entries(self, path: str) -> None:
        """Draw a list: its entries, that there are none, or nothing."""
        draw, modic = self.draw, path == "mri.modic_changes[]"
        null = draw.unknown(self.everyone)
        sizes = draw.sizes(~null & draw.chance(LISTED.get(path, 0.5), BLOCK))
        if modic:
            sizes = np.where(null, 0, sizes + 1 - draw.chance(self.habit.departs, BLOCK))
        rows = np.repeat(self.everyone, sizes)
        cells: dict[str, Any] = {}
        for row in TABLE.lists[path]:
            if row.name == "date" and row.span:
                continue
            for suffix, array in draw.cells(row, USUAL.get(row.path, Usual()), rows).items():
                cells[column_name(row.path, suffix)] = array
        self.fit(path, rows, cells)
        fields = entry_columns(path)
        arrays = [cells[c.name].cast(c.type) if c.name in cells else pa.nulls(len(rows), c.type) for c in fields]
        items = pa.StructArray.from_arrays(arrays, names=[column.name for column in fields])
        self.made[column_name(path)] = lists(np.concatenate([[0], np.cumsum(sizes)]), items, sizes == 0)
        none = (sizes == 0) & ~null
        self.made[column_name(path, NONE)] = pa.array(none, mask=~none)

    def fit(self, path: str, rows: Whole, cells: dict[str, Any]) -> None:
        """Make the fields of each entry fit together, and date some of those that can be."""
        draw = self.draw
        for one, other in EITHER:
            number, date = _row(one), _row(other)
            if date.entry == path:
                months = draw.amounts(number, USUAL.get(one, Usual()), len(rows), 0.1)
                dated = self.dated[rows] & draw.chance(0.5, len(rows))
                day = self.asked[rows] - np.round(months / GRAIN * _SPANS[date.span]).astype(np.int64)
                _only(~dated, number, cells)
                cells.update({column_name(date.path, s): a for s, a in draw.day_cells(day, dated).items()})
        if path == "findings.present[]":
            kinds = cells["kind"] = pa.DictionaryArray.from_arrays(
                pa.array(self.random.integers(len(_KIND.values), size=len(rows)).astype(np.int32)),
                pa.array(_KIND.values),
            )
            codes = kinds.indices.to_numpy()
            for row in TABLE.lists[path]:
                if row.kinds:
                    _only(np.isin(codes, [_KIND.values.index(kind) for kind in row.kinds]), row, cells)
            # What shows a finding is not also stated not to.
            silent = cells["shown_by"].is_null().to_numpy(zero_copy_only=False)
            _only(silent, _row("findings.present[].not_shown_by"), cells)
            self.kinds = rows, codes

    def absent(self) -> None:
        """State of most kinds of finding that there is none, or no other."""
        rows, kinds = self.kinds
        missing = self.draw.chance(self.habit.unknown * self.habit.careless, (BLOCK * len(_KIND.values)))
        missing = missing.reshape(BLOCK, len(_KIND.values))
        opened = self.draw.chance(1 - self.habit.closes, len(rows))
        missing[rows[opened], kinds[opened]] = True
        _, found = np.nonzero(~missing)
        self.made["findings_absent"] = listed(found.astype(np.int32), (~missing).sum(axis=1), _KIND.values)

    def request(self) -> None:
        """Draw the bodies that are requested, at times only units."""
        draw, random = self.draw, self.random
        asked, wide = ~draw.chance(0.03, BLOCK), draw.chance(self.habit.odd_levels / 3, BLOCK)
        sizes = np.where(asked, 1 + random.integers(0, 3, BLOCK) * draw.chance(0.8, BLOCK), 0)
        sizes = np.where(wide & asked, random.integers(1, 7, BLOCK), sizes)
        bodies = (*CORE, "L1", "L2", "L6", "T12") if self.habit.odd_levels < 0.1 else (*CORE, "L1", "L2", "L6", "T9")
        into = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        round_ = np.where(np.repeat(wide, sizes), len(bodies), len(CORE))
        found = ((np.repeat(random.integers(4, size=BLOCK), sizes) + into) % round_).astype(np.int32)
        self.made["request_bodies"] = listed(found, sizes, bodies)
        units = (asked | draw.chance(self.habit.vague, BLOCK)) & draw.chance(0.3, BLOCK)
        codes = pa.array(np.full(int(units.sum()), "64628"))
        counts = pa.array(np.ones(int(units.sum()), np.int8))
        starts = pa.array(np.concatenate([[0], np.cumsum(units)]).astype(np.int32))
        self.made["request_units"] = pa.MapArray.from_arrays(starts, codes, counts)

    def unknown(self) -> None:
        """Call a condition unknown in some of the records that say nothing of it."""
        rows = [row for row in TABLE.plain if row.closable and row.form in ("answer", "choice")]
        called = np.stack([
            self.made[column_name(row.path)].is_null().to_numpy(zero_copy_only=False) & self.draw.chance(0.2, BLOCK)
            for row in rows
        ], axis=1)  # fmt: skip
        _, found = np.nonzero(called)
        self.made[UNKNOWN_FIELDS] = listed(found.astype(np.int32), called.sum(axis=1), [row.path for row in rows])


def _row(path: str) -> Field:
    return TABLE.by_path[path]


def _only(where: Flags, row: Field, cells: dict[str, Any]) -> None:
    """Take the field `row` away from the entries to which it does not apply."""
    for name in list(cells):
        if name == row.name or name.startswith(f"{row.name}_"):
            cells[name] = pc.if_else(pa.array(where), cells[name], pa.nulls(len(where), cells[name].type))


_KIND = TABLE.by_path["findings.present[].kind"]
LISTED = {"findings.present[]": 1.0, "surgeries[]": 0.7, "ablations[]": 0.3, "mri.modic_changes[]": 1.0}
"""How many cases may have entries of a list."""
_SEVERE, _ABSENT = Usual(words={"moderate": 5, "severe": 4}), Usual(words={"absent": 9, "secondary": 0.5})
_TRIED = Usual(words={"received": 0.75, "not_received": 0.25, "contraindicated": 0.02})
_UNTRIED = Usual(words={"received": 0.3, "not_received": 0.65, "contraindicated": 0.05})
_THERAPIES = [row for row in TABLE.plain if row.section.startswith("conservative_care.therapies.")]
_PATHS = ("physical_therapy", "pharmacotherapy", "activity_avoidance")
USUAL: dict[str, Usual] = {
    **{row.path: _TRIED if row.section.endswith(_PATHS) else _UNTRIED for row in _THERAPIES if row.name == "status"},
    **{row.path: Usual(low=6.5, high=30) for row in _THERAPIES if row.name == "weeks"},
    **{row.path: Usual(departs=0.5) for row in _THERAPIES if row.name in ("received", "begun", "contraindicated")},
    **dict.fromkeys(
        (
            "patient.skeletal_maturity_documented",
            "pain.low_back",
            "pain.functional_deficit",
            "pain.significant_limitation",
            "conservative_care.documentation_attached",
            "mri.radiologist_report",
            "behavioral_health.assessed",
            "behavioral_health.recorded",
            "behavioral_health.resources_provided",
            "conditions.objective_stated",
        ),
        Usual(so=True),
    ),
    "record_complete": Usual(departs=0.15),
    "patient.age": Usual(low=21, high=80),
    "patient.body_mass_index": Usual(low=19, high=39.9),
    "patient.lumbar_vertebrae": Usual(words={"five": 1}),
    "pain.months": Usual(low=6.5, high=90),
    "pain.clinician_severity": _SEVERE,
    "pain.patient_severity": _SEVERE,
    "conservative_care.weeks": Usual(low=6.5, high=60),
    "mri.read_in_full": Usual(departs=0.3),
    "mri.modic_changes[].stated_by_radiologist": Usual(so=True),
    "mri.modic_changes[].stated_by_clinician": Usual(so=True, departs=0.2),
    "mri.modic_changes[].type": Usual(words={"type_1": 5, "type_2": 4}),
    "findings.present[].correlates": Usual(departs=0.15),
    "findings.present[].likely_source": Usual(departs=0.15),
    "findings.present[].complicates": Usual(departs=0.1),
    "findings.present[].shape": Usual(words={"protrusion": 3, "extrusion": 1}),
    "findings.present[].size_mm": Usual(low=2, high=9),
    "findings.present[].slip_mm": Usual(low=1, high=5),
    "findings.present[].facet_pain": Usual(words={"no": 3, "suspected": 1, "yes": 1}),
    "findings.present[].healed": Usual(so=True, departs=0.4),
    "findings.present[].active": Usual(departs=0.4),
    "findings.assessment_read_in_full": Usual(departs=0.3),
    "surgeries[].kind": Usual(words={"discectomy": 4, "laminectomy": 4, "fusion": 1}),
    "surgeries[].months_before_procedure": Usual(low=6.5, high=120),
    "surgeries[].radicular_pain": Usual(words={"resolved": 6, "never_present": 1}),
    "ablations[].completed": Usual(so=True),
    "ablations[].thermal": Usual(so=True),
    "behavioral_health.formal": Usual(so=True, departs=0.4),
    "behavioral_health.risk_factors_found": Usual(departs=0.4),
    "conditions.cardiac_compromise": Usual(words={"none": 8, "mild": 1}),
    "conditions.pulmonary_compromise": Usual(words={"none": 8, "mild": 1}),
    "conditions.neurogenic_claudication": _ABSENT,
    "conditions.radiculopathy": _ABSENT,
    "conditions.radicular_pain": _ABSENT,
    "conditions.nerve_compression": _ABSENT,
    "conditions.spinal_cancer": Usual(words={"none": 99, "history": 1}),
    "conditions.t_score": Usual(low=-2.4, high=2),
    "conditions.anticoagulated": Usual(departs=0.1),
    "conditions.systemic_disease": Usual(departs=0.05),
    "conditions.precautions_taken": Usual(departs=0.7),
    "conditions.substance_use_treated": Usual(departs=0.5),
    "anaesthesia.planned": Usual(words={"local": 3, "mild": 5, "moderate": 1}),
}
"""What makes a case that meets the policy; any other field is usually not so, or its first word."""
