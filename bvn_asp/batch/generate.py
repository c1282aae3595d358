"""Synthetic cases in columnar form, made up by a seeded random generator: no patient stands behind any of them.

Each case starts as one that meets the policy and departs from it in a few fields. `usual` makes files that look like
requests do: most records are well documented, few things are wrong. `hard` makes the cases that test a program best:
many departures, much unknown, numbers on and beside the limits of the policy, long lists, odd levels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bvn_asp.batch.columns import domains, schema
from bvn_asp.batch.draw import BLOCK, MILLION, Draw, Habit, dates, decimals, lists
from bvn_asp.batch.table_writers import parquet_writer
from bvn_asp.errors import TableError
from bvn_asp.policy import Policy

_GROUP = 4
"""Blocks to a row group."""
_FIRST_DAY = 18_993  # 1 January 2022
_CORE = ("L3", "L4", "L5", "S1")


HABITS = {
    "usual": Habit(0.008, 0.03, 0.4, 0.35, 0.03, (0.80, 0.16, 0.04), 0.05),
    "hard": Habit(0.03, 0.04, 0.8, 0.3, 0.3, (0.55, 0.27, 0.12, 0.04, 0.02), 0.5),
}


def generate(policy: Policy, count: int, seed: int, habit: str = "usual") -> Any:
    """Yield `count` synthetic cases as record batches; numbers gather around the limits of `policy`."""
    for block in range((count + BLOCK - 1) // BLOCK):
        batch = _Block(policy, HABITS[habit], np.random.default_rng([seed, block]), f"synthetic-{seed}-{block}").batch()
        yield batch.slice(0, min(BLOCK, count - block * BLOCK))


def write(policy: Policy, count: int, seed: int, habit: str, path: Path) -> None:
    """Write `count` synthetic cases to the Parquet file `path`; raise TableError if that cannot be."""
    if path.suffix.lower() != ".parquet":
        raise TableError(f"{path}: expected a name that ends in .parquet")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with parquet_writer(unfinished, schema()) as writer:
            waiting: list[Any] = []
            for batch in generate(policy, count, seed, habit):
                waiting.append(batch)
                if len(waiting) == _GROUP:
                    writer.write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP * BLOCK)
                    waiting.clear()
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP * BLOCK)
        unfinished.replace(path)
    except OSError as error:
        raise TableError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


class _Block(Draw):
    def batch(self) -> Any:
        """Return the block."""
        made, wanted = self.made, schema()
        made["id"] = pa.array([f"{self.name}-{place}" for place in range(self.count)])
        made["record_complete"] = pa.array(self.chance(0.3), mask=self.chance(0.5))
        for name in (field.name for field in wanted if pa.types.is_boolean(field.type) and field.name not in made):
            made[name] = self.flags(name in _USUALLY_SO, departs=_OFTEN.get(name))
        for name, usual in _USUAL_WORDS.items():
            made[name] = self.column(name, usual)
        made["patient_lumbar_vertebrae"] = self.rare("patient_lumbar_vertebrae", 0.03)
        made["findings_additional_pathology"] = self.rare("findings_additional_pathology", 0.6)
        made["patient_body_mass_index"] = self.numbers(self.near("body_mass_index", self.amounts(19, 39.9)))
        made["conditions_t_score"] = self.numbers(self.near("t_score", self.amounts(-2.4, 2)))
        self.times()
        self.care()
        self.findings()
        self.surgeries()
        self.modic()
        self.request()
        return pa.record_batch({f.name: made.get(f.name, pa.nulls(self.count, f.type)) for f in wanted}, wanted)

    def times(self) -> None:
        """Age, pain and care, as numbers or as dates before the procedure."""
        random, made, n = self.random, self.made, self.count
        asked = random.integers(_FIRST_DAY, _FIRST_DAY + 1400, n)
        self.procedure = asked + random.integers(0, 90, n)
        self.dated = self.chance(self.habit.dated)
        planned = self.dated & self.chance(0.8)
        made["request_date"] = dates(asked, self.dated | self.chance(0.5))
        made["request_planned_procedure_date"] = dates(self.procedure, planned)
        # Dates end with the request where no procedure is planned, and must not lie after it.
        self.procedure = np.where(planned, self.procedure, asked)
        age = self.near("age", self.amounts(21, 80))
        months = self.near("pain_duration", self.amounts(6.5, 90))
        weeks = self.near("care_duration", self.amounts(6.5, 60))
        for name, begin, values, day in (
            ("patient_age", "patient_birth_date", age, 365.25),
            ("pain_months", "pain_onset", months, 30.4375),
        ):
            unknown, dated = self.unknown(), self.dated & self.chance(0.7)
            made[name] = decimals(values, ~unknown & ~dated)
            start = self.procedure - np.round(values / MILLION * day).astype(np.int64) + random.integers(-1, 2, n)
            made[begin] = dates(np.minimum(start, self.procedure), dated & ~unknown)
        unknown, dated = self.unknown(), self.dated & self.chance(0.7)
        made["conservative_care_weeks"] = decimals(values := weeks, ~unknown & ~dated)
        length = np.round(values / MILLION * 7).astype(np.int64)
        end = self.procedure - random.integers(0, 200, n)
        made["conservative_care_start"] = dates(end - length, dated & ~unknown)
        made["conservative_care_end"] = dates(end, dated & ~unknown & ~self.unknown())

    def care(self) -> None:
        for place, name in enumerate(_THERAPIES):
            prefix = f"conservative_care_therapies_{name}"
            usual = {"received": 0.75 if place < 3 else 0.3, "not_received": 0.25 if place < 3 else 0.65,
                     "contraindicated": 0.02 if place < 3 else 0.05}  # fmt: skip
            self.made[f"{prefix}_status"] = status = self.column(f"{prefix}_status", usual)
            for other in ("received", "contraindicated"):
                rows = status.is_null().to_numpy(zero_copy_only=False) & self.chance(0.3)
                self.made[f"{prefix}_{other}"] = pa.array(self.chance(0.5), mask=~rows)
            weeks = self.near("care_duration", self.amounts(6.5, 30))
            self.made[f"{prefix}_weeks"] = decimals(weeks, self.chance(0.5))
        name = "conservative_care_therapies_pharmacotherapy_drug_classes"
        self.made[name] = self.several(domains()[name].words, np.flatnonzero(self.chance(0.8)), self.count, 3)

    def findings(self) -> None:
        vocabulary = domains()["findings_present.kind"].words
        sizes, rows = self.sizes(np.ones(self.count, np.bool_))
        count = len(rows)
        kinds = self.random.integers(len(vocabulary), size=count).astype(np.int32)

        def only(flags: Any, *names: str) -> Any:
            fits = np.isin(kinds, [vocabulary.index(name) for name in names])
            return pa.compute.if_else(pa.array(fits), flags, pa.nulls(count, flags.type))

        shapes = domains()["findings_present.shape"].words
        means = domains()["findings_present.shown_by"].words
        known = np.flatnonzero(~self.unknown(rows))
        self.struct("findings_present", rows, sizes, np.zeros(self.count, np.bool_), {
            "kind": pa.DictionaryArray.from_arrays(pa.array(kinds), pa.array(vocabulary)),
            "levels": self.levels(rows),
            "shown_by": self.several(means, known, count, 2),
            "correlates": self.flags(False, rows, departs=0.15),
            "likely_source": self.flags(False, rows, departs=0.15),
            "complicates": self.flags(False, rows, departs=0.1),
            "shape": only(self.words(shapes, {"protrusion": 3, "extrusion": 1}, rows), "disc_herniation"),
            "size_mm": only(self.numbers(self.near("disc_displacement", self.amounts(2, 9, count), 0.2), rows=rows),
                            "disc_herniation"),
            "slip_mm": only(self.numbers(self.near("slip", self.amounts(1, 5, count), 0.2), rows=rows),
                            "spondylolisthesis"),
            "facet_pain": only(self.flags(False, rows, departs=0.3), "facet_arthropathy"),
            "healed": only(self.flags(True, rows, departs=0.4), "compression_fracture", "traumatic_fracture", "trauma"),
            "active": only(self.flags(False, rows, departs=0.4), "infection"),
        })  # fmt: skip
        missing = np.zeros((self.count, len(vocabulary)), np.bool_)
        missing[rows, kinds] = True
        gaps = np.flatnonzero(self.unknown())
        missing[gaps, self.random.integers(len(vocabulary), size=len(gaps))] = True
        _, found = np.nonzero(~missing)
        starts = np.concatenate([[0], np.cumsum(len(vocabulary) - missing.sum(axis=1))])
        words = pa.DictionaryArray.from_arrays(pa.array(found.astype(np.int32)), pa.array(vocabulary))
        self.made["findings_absent"] = lists(starts, words, np.zeros(self.count, np.bool_))

    def surgeries(self) -> None:
        null = self.unknown()
        sizes, rows = self.sizes(~null & self.chance(0.7))
        count = len(rows)
        months = self.near("time_since_surgery", self.amounts(6.5, 120, count), 0.1)
        dated, unknown = self.dated[rows] & self.chance(0.5, count), self.unknown(rows)
        day = self.procedure[rows] - np.round(months / MILLION * 30.4375).astype(np.int64)
        kinds = domains()["surgeries.kind"].words
        outcomes = domains()["surgeries.radicular_pain"].words
        self.struct("surgeries", rows, sizes, null, {
            "kind": self.words(kinds, {"discectomy": 4, "laminectomy": 4, "fusion": 1}, rows, 4),
            "levels": self.levels(rows),
            "months_before_procedure": decimals(months, ~dated & ~unknown),
            "date": dates(day, dated & ~unknown),
            "radicular_pain": self.words(outcomes, {"resolved": 6, "never_present": 1}, rows, 6),
            "likely_source": self.flags(False, rows, departs=0.05),
            "complicates": self.flags(False, rows, departs=0.05),
        })  # fmt: skip
        null = self.unknown()
        sizes, rows = self.sizes(~null & self.chance(0.3))
        count = len(rows)
        known = np.flatnonzero(~self.unknown(rows))
        bodies = self.several(_CORE if self.habit.odd_levels < 0.1 else (*_CORE, "L2", "L6"), known, count, 2)
        self.struct("ablations", rows, sizes, null, {
            "bodies": pa.compute.if_else(pa.compute.equal(pa.compute.list_value_length(bodies), 0),
                                         pa.nulls(count, bodies.type), bodies),
            "date": dates(self.procedure[rows] - self.random.integers(30, 2000, count), self.chance(0.5, count)),
            "completed": self.flags(True, rows, departs=0.1),
            "thermal": self.flags(True, rows, departs=0.1),
        })  # fmt: skip

    def modic(self) -> None:
        null = self.unknown()
        sizes, _ = self.sizes(~null)
        sizes = np.where(null, 0, sizes + 1 - self.chance(self.habit.departs))
        rows = np.repeat(np.arange(self.count), sizes)
        words, features = domains(), domains()["mri_modic_changes.features"].words
        known = np.flatnonzero(self.chance(0.6, len(rows)))
        self.struct("mri_modic_changes", rows, sizes, null, {
            "levels": self.levels(rows),
            "endplate": self.words(words["mri_modic_changes.endplate"].words, {"superior": 2, "inferior": 2}, rows, 20),
            "type": self.words(words["mri_modic_changes.type"].words, {"type_1": 5, "type_2": 4}, rows, 4),
            "stated_by_radiologist": self.flags(True, rows, departs=0.03),
            "stated_by_clinician": self.flags(True, rows, departs=0.2),
            "features": self.several(features, known, len(rows), 3),
        })  # fmt: skip

    def request(self) -> None:
        asked = ~self.chance(0.02)
        wide = self.chance(self.habit.odd_levels / 3)
        first = self.random.integers(4, size=self.count)
        sizes = np.where(asked, 1 + self.random.integers(0, 3, self.count) * self.chance(0.8), 0)
        sizes = np.where(wide & asked, self.random.integers(1, 7, self.count), sizes)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        into = np.arange(int(sizes.sum())) - np.repeat(starts[:-1], sizes)
        bodies = (*_CORE, "L1", "L2", "L6", "T12") if self.habit.odd_levels < 0.1 else (*_CORE, "L1", "L2", "L6", "T9")
        round_ = np.where(np.repeat(wide, sizes), len(bodies), 4)
        found = ((np.repeat(first, sizes) + into) % round_).astype(np.int32)
        words = pa.DictionaryArray.from_arrays(pa.array(found), pa.array(bodies))
        self.made["request_bodies"] = lists(starts, words, ~asked)


_THERAPIES = (
    "physical_therapy", "pharmacotherapy", "activity_avoidance", "chiropractic", "cognitive_therapy",
    "epidural_injection", "facet_injection",
)  # fmt: skip
_USUALLY_SO = {
    "patient_skeletal_maturity_documented", "pain_low_back", "pain_functional_deficit", "pain_significant_limitation",
    "conservative_care_documentation_attached", "mri_radiologist_report", "behavioral_health_assessed",
    "behavioral_health_formal", "behavioral_health_recorded", "behavioral_health_resources_provided",
    "conditions_objective_stated",
}  # fmt: skip
_OFTEN = {
    "conditions_anticoagulated": 0.1, "conditions_systemic_disease": 0.05, "conditions_other_electronic_implant": 0.03,
    "conditions_precautions_taken": 0.7, "conditions_substance_use_active": 0.03, "behavioral_health_formal": 0.4,
    "behavioral_health_risk_factors_found": 0.4, "conditions_substance_use_treated": 0.5,
}  # fmt: skip
_USUAL_WORDS: dict[str, dict[str, float]] = {
    "pain_clinician_severity": {"moderate": 5, "severe": 4},
    "pain_patient_severity": {"moderate": 4, "severe": 6},
    "conditions_cardiac_compromise": {"none": 8, "mild": 1},
    "conditions_pulmonary_compromise": {"none": 8, "mild": 1},
    "conditions_neurogenic_claudication": {"absent": 9, "secondary": 0.5},
    "conditions_radiculopathy": {"absent": 8, "secondary": 1},
    "conditions_radicular_pain": {"absent": 8, "secondary": 1},
    "conditions_nerve_compression": {"absent": 9, "secondary": 0.3},
    "conditions_spinal_cancer": {"none": 99, "history": 1},
    "anaesthesia_planned": {"local": 3, "mild": 5, "moderate": 1},
}
