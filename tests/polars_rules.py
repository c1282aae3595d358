"""The recommendation as one hand-written Polars expression, under default readings: what an analyst would write.

Only the benchmark uses it, to have something to be compared with. Null is unknown, and & | ~ keep it so.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import Any

import polars as pl

Expr = pl.Expr
BODIES = ("L3", "L4", "L5", "S1")
INNER = ("L3", "L4", "L5", "S1", "L3-L4", "L4-L5", "L5-S1")
INNER_SIX = (*INNER, "L6", "L5-L6", "L6-S1")
LUMBAR = ("L1", "L2", "L3", "L4", "L5", "L6", "T12-L1", "L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1", "L5-L6", "L6-S1")
TOUCHING = {
    "L3": ("L3", "L2-L3", "L3-L4"), "L4": ("L4", "L3-L4", "L4-L5"), "L5": ("L5", "L4-L5", "L5-S1", "L5-L6"),
    "S1": ("S1", "L5-S1", "L6-S1", "S1-S2"),
}  # fmt: skip
KINDS = 15
c = pl.col
CARE = "conservative_care_therapies_"


def reached(begin: Expr, months: int) -> Expr:
    moved = begin.dt.offset_by(f"{months}mo")
    return pl.when(moved.dt.day() < begin.dt.day()).then(moved.dt.offset_by("1d")).otherwise(moved)


def lasting(
    given: Expr, begin: Expr, limit: int, months: int, end: Expr, planned: Expr, *, above: bool = False
) -> Expr:
    due = reached(begin, months)
    dated = end > due if above else end >= due
    dated = pl.when(planned | (end > due)).then(dated)
    return pl.coalesce(given > limit if above else given >= limit, dated)


def closed(name: str, absent: Any) -> Expr:
    return pl.when(c("record_complete")).then(c(name).fill_null(absent)).otherwise(c(name))


def some(column: str, condition: Expr) -> Expr:
    """Whether any entry of a list meets `condition`: unknown if only unknown ones could.

    Of findings, what is not listed is known by other columns.
    """
    entries = c(column).fill_null([]) if column == "findings_present" else c(column)
    found = entries.list.eval(condition)
    sure = found.list.eval(pl.element().fill_null(False)).list.any()
    maybe = found.list.eval(pl.element().is_null()).list.any()
    return pl.when(sure).then(True).when(maybe).then(None).otherwise(pl.when(entries.is_not_null()).then(False))


def f(name: str) -> Expr:
    return pl.element().struct.field(name)


def lies(levels: tuple[str, ...]) -> Expr:
    return reduce(or_, (f("levels").list.contains(level) for level in levels))


def kind(*names: str) -> Expr:
    return f("kind").is_in(names)


def absent(*names: str) -> Expr:
    """Whether kinds that no finding shows are known to be absent; false, if so, joins an `or`."""
    listed = c("findings_absent").fill_null([])
    shown = c("findings_present").list.eval(f("kind")).fill_null([])
    known = reduce(and_, (listed.list.contains(name) | shown.list.contains(name) for name in names))
    return pl.when(known | c("record_complete").fill_null(False)).then(False)


def found(*names: str, condition: Expr) -> Expr:
    return some("findings_present", kind(*names) & condition).fill_null(pl.lit(None)) | absent(*names)


def recommendation() -> Expr:
    day = pl.coalesce("request_planned_procedure_date", "request_date")
    planned = c("request_planned_procedure_date").is_not_null()
    severity = c("pain_clinician_severity")
    adult = lasting(c("patient_age"), c("patient_birth_date"), 18, 216, day, planned)
    months = lasting(c("pain_months"), c("pain_onset"), 6, 6, day, planned)
    days = (c("conservative_care_end") - c("conservative_care_start")).dt.total_days()
    i2 = c("pain_low_back") & months & severity.is_in(["moderate", "severe"]) & c("pain_functional_deficit")
    weeks = pl.coalesce(c("conservative_care_weeks") > 6, days > 42)
    i3 = (
        weeks
        & therapies()
        & (c("conservative_care_pain_improved") != "yes")
        & (c("conservative_care_disability_improved") != "yes")
    )
    six = (c("patient_lumbar_vertebrae") == "six").fill_null(False)
    typed = f("type") != "type_3"
    stated = f("stated_by_radiologist")
    i4 = c("mri_radiologist_report") & pl.when(six).then(
        some("mri_modic_changes", stated & typed & lies(INNER_SIX))
    ).otherwise(some("mri_modic_changes", stated & typed & lies(INNER)))
    nothing_else = pl.when(c("findings_additional_pathology").is_not_null()).then(False)
    kinds_known = pl.when(
        (
            c("findings_absent").list.n_unique().fill_null(0)
            + c("findings_present").list.eval(f("kind")).list.n_unique().fill_null(0)
        )
        == KINDS
    ).then(False)
    trouble = f("likely_source") | f("complicates")
    months_since = lasting(
        f("months_before_procedure"), f("date"), 6, 6, pl.lit(None, pl.Date), pl.lit(True), above=True
    )
    eased = f("radicular_pain").is_in(["resolved", "never_present"])
    decompressed = f("kind").is_in(["discectomy", "laminectomy"])
    excepted = decompressed & months_since & eased
    surgical = some("surgeries", trouble & ~excepted)
    i5 = ~(
        some("findings_present", trouble).fill_null(pl.lit(None))
        | pl.coalesce(kinds_known, nothing_else)
        | pl.coalesce(surgical, pl.when(c("surgeries").is_null()).then(nothing_else))
    )
    i6 = c("behavioral_health_assessed") & c("behavioral_health_recorded") & c("behavioral_health_resources_provided")
    indications = (adult, i2, i3, i4, i5, i6)
    exclusions = tuple(patient_exclusions())
    fits = reduce(and_, [*indications, *(~each for each in exclusions)])
    refusals = {body: refused(body, excepted) for body in BODIES}
    asked = c("request_bodies")
    sixth = asked.list.contains("L6") & ~six
    outside = (asked.list.set_difference([*BODIES, "L6"]).list.len() > 0) | sixth
    request = {body: asked.list.contains(body) for body in BODIES}
    may = reduce(or_, (request[body] & ~refusals[body] for body in BODIES))
    may_not = reduce(or_, (request[body] & refusals[body] for body in BODIES)) | outside
    all_refused = reduce(and_, (~request[body] | refusals[body] for body in BODIES)) & ~(
        asked.list.contains("L6") & six
    )
    many = asked.list.len() > 4
    return (
        pl.when(asked.is_null()).then(None)
        .when(~fits.fill_null(True) | all_refused.fill_null(False)).then(pl.lit("deny"))
        .when((fits & may & (may_not | many)).fill_null(False)).then(pl.lit("partial"))
        .when((fits & ~may_not & ~many).fill_null(False)).then(pl.lit("approve"))
        .otherwise(pl.lit("pend"))
        .alias("recommendation")
    )  # fmt: skip


def therapies() -> Expr:
    def received(name: str) -> Expr:
        return pl.coalesce(c(f"{CARE}{name}_status") == "received", f"{CARE}{name}_received")

    def barred(name: str) -> Expr:
        return pl.coalesce(c(f"{CARE}{name}_status") == "contraindicated", f"{CARE}{name}_contraindicated")

    names = ("activity_avoidance", "physical_therapy", "chiropractic", "cognitive_therapy", "pharmacotherapy")
    given = [*map(received, names), received("epidural_injection") | received("facet_injection")]
    out = [*map(barred, names), barred("epidural_injection") & barred("facet_injection")]
    enough = (pl.sum_horizontal(each.fill_null(False) for each in given) >= 3) | reduce(
        and_, (one | other for one, other in zip(given, out, strict=True))
    ).fill_null(False)
    few = (pl.sum_horizontal((~each).fill_null(False) for each in given) >= 4) & reduce(
        or_, (~one & ~other for one, other in zip(given, out, strict=True))
    ).fill_null(False)
    return pl.when(enough).then(True).when(few).then(False)


def patient_exclusions() -> Any:
    shown = f("shown_by").list.contains("imaging")
    seen = f("shown_by").list.len() > 0
    correlated = shown & f("correlates")
    yield (closed("conditions_cardiac_compromise", "none") == "severe") | (
        closed("conditions_pulmonary_compromise", "none") == "severe"
    )
    for name in ("systemic_infection", "bleeding_diathesis", "pregnancy", "fragility_fracture"):
        yield closed(f"conditions_{name}", False)
    for name in ("neurogenic_claudication", "radiculopathy", "radicular_pain", "nerve_compression"):
        yield closed(f"conditions_{name}", "absent") == "primary"
    claudication = closed("conditions_neurogenic_claudication", "absent") != "absent"
    yield found("disc_herniation", condition=correlated & (f("size_mm") > 5) & lies(INNER_SIX))
    yield found("spondylolisthesis", condition=correlated & (f("slip_mm") >= 2) & lies(LUMBAR))
    yield found("spondylolysis", condition=correlated & lies(INNER_SIX))
    yield found("facet_arthropathy", condition=correlated & (f("facet_pain") == "yes") & lies(INNER_SIX))
    yield found("stenosis", condition=shown & lies(LUMBAR)) & claudication
    yield (
        pl.when(c("record_complete") & c("conditions_t_score").is_null())
        .then(False)
        .otherwise(c("conditions_t_score") <= -2.5)
    )
    yield closed("conditions_spinal_cancer", "none") == "active"
    yield some("findings_present", f("likely_source") & seen).fill_null(pl.lit(None)) | pl.coalesce(
        pl.when(c("findings_additional_pathology").is_not_null() | c("record_complete")).then(False),
        pl.when(
            (
                c("findings_absent").list.n_unique()
                + c("findings_present").list.eval(f("kind")).list.n_unique().fill_null(0)
            )
            == KINDS
        ).then(False),
    )
    yield c("patient_body_mass_index") > 40
    yield (
        closed("conditions_systemic_disease", False)
        & c("conditions_limits_quality_of_life")
        & ~c("conditions_objective_stated")
    )
    yield closed("conditions_substance_use_active", False) & ~c("conditions_substance_use_treated")
    implant = closed("conditions_pulse_generator", False) | closed("conditions_other_electronic_implant", False)
    yield implant & ~c("conditions_precautions_taken")


def refused(body: str, excepted: Expr) -> Expr:
    here = lies(TOUCHING[body])
    infection = found("infection", condition=f("active") & here)
    injury = found("compression_fracture", "traumatic_fracture", "trauma", condition=here)
    surgery = some("surgeries", here & ~excepted)
    closed_surgery = pl.when(c("record_complete") & c("surgeries").is_null()).then(False).otherwise(surgery)
    ablated = some("ablations", f("bodies").list.contains(body))
    return infection | injury | closed_surgery | ablated


def recommend(path: Path, out: Path) -> None:
    """Decide the Parquet file at `path` into another."""
    cases = pl.scan_parquet(path)
    cases = cases.with_columns(c(name).cast(plain(kind)) for name, kind in cases.collect_schema().items())
    names = cases.collect_schema().names()
    # That a list is empty has a column of its own.
    lists = [name.removesuffix("_none") for name in names if name.endswith("_none")]
    cases = cases.with_columns(pl.when(c(f"{name}_none")).then([]).otherwise(c(name)).alias(name) for name in lists)
    cases.select("id", recommendation()).sink_parquet(out)


def plain(kind: Any) -> Any:
    """Return the type with text for words."""
    if isinstance(kind, pl.List):
        return pl.List(plain(kind.inner))
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: plain(field.dtype) for field in kind.fields})
    return pl.String if isinstance(kind, pl.Categorical | pl.Enum) else kind
