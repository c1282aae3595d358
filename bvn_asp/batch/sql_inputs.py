"""What a row of a warehouse table states, as SQL: `inputs` by expressions instead of by bits.

A condition never is null. Conditions about entries of lists are gathered: each becomes an aggregate over the entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bvn_asp.bands import representative
from bvn_asp.batch.dialects import Dialect
from bvn_asp.batch.inputs import ENTRY_ANSWERS, ENTRY_CHOICES, JUDGED, LISTS, SHOWN_BY
from bvn_asp.batch.rows import ENTRY_NUMBERS, NUMBERS, TIMES, Setting
from bvn_asp.errors import PolicyError
from bvn_asp.facts import ANATOMY, ANSWERS, CHOICES
from bvn_asp.terms import Term, arguments_of, name_of, subject_of

_ANSWERS = {term: path.replace(".", "_") for path, term in ANSWERS}
_CHOICES = {term: path.replace(".", "_") for path, term in CHOICES}
_DRUGS = "conservative_care_therapies_pharmacotherapy_drug_classes"
_PROCEDURE = "COALESCE(c.request_planned_procedure_date, c.request_date)"
_PLANNED, _REQUEST = "c.request_planned_procedure_date IS NOT NULL", "c.request_date"
_UNITS = {"age": 12, "pain_duration": 1, "time_since_surgery": 1}
NOTHING = "FALSE"
Pair = tuple[str, str]


class SqlInputs:
    """Conditions on a row `c` of the table of cases, with the gathered conditions `e.COLUMN` on its entries.

    `gathered` holds, by list column, the conditions on its entries by name; `e.COLUMN` is null without entries.
    """

    def __init__(self, setting: Setting, dialect: Dialect, quantities: Mapping[Term, str]) -> None:
        self.setting, self.dialect, self.quantities = setting, dialect, quantities
        self.gathered: dict[str, dict[str, str]] = {column: {} for column in (*LISTS.values(), "ablations")}

    def condition(self, term: Term) -> str:
        """Return the condition under which the input `term` holds."""
        subject, form = subject_of(term), name_of(term)
        if form in ("yes", "no"):
            return self.pair(subject)[form == "no"]
        if form == "assumed_absent":
            return self.assumed(subject)
        if form == "selected":
            return self._anatomy(str(arguments_of(term)[1])) if subject == ANATOMY else NOTHING
        value = arguments_of(term)[1]
        return self.choice(subject, str(value)) if form == "is" else self.band(subject, int(str(value)))

    def assumed(self, subject: Term) -> str:
        """Return where a complete record leaves `subject` unstated and may be taken to lack it."""
        if name_of(subject) not in self.setting.policy.closable:
            return NOTHING
        return f"({self.closed}) AND NOT ({self.stated(subject)})"

    @property
    def closed(self) -> str:
        """Where records are run as complete."""
        assume = self.setting.assume_absent
        return "COALESCE(c.record_complete, FALSE)" if assume is None else str(assume).upper()

    def stated(self, subject: Term) -> str:
        """Return where `subject` is stated one way or another."""
        if subject in _CHOICES:
            return f"c.{_CHOICES[subject]} IS NOT NULL"
        if subject in self.quantities:
            return self._known(subject)
        yes, no = self.pair(subject)
        return f"({yes}) OR ({no})"

    def pair(self, subject: Term) -> Pair:
        """Return where the fact `subject` is stated to be so and not to be."""
        return _FACTS.get(name_of(subject), SqlInputs._answered)(self, subject)

    def entry(self, entity: Term, condition: str) -> str:
        """Return whether `condition` holds of the entry that is this finding, surgery or Modic change."""
        column, place = LISTS[name_of(entity)], int(str(arguments_of(entity)[-1]))
        kind = f"kind = '{arguments_of(entity)[0]}' AND " if name_of(entity) == "finding" else ""
        return self.gather(column, f"{kind}place = {place} AND ({condition})")

    def gather(self, column: str, condition: str) -> str:
        """Return whether `condition` holds of any entry of a list column."""
        names = self.gathered[column]
        if condition not in names:
            names[condition] = f"{column[0]}{len(names)}"
        return f"COALESCE(e_{column}.{names[condition]}, FALSE)"

    def choice(self, subject: Term, value: str) -> str:
        """Return where the choice `subject` is `value`."""
        if subject in _CHOICES:
            return f"COALESCE(c.{_CHOICES[subject]} = '{value}', FALSE)"
        name = ENTRY_CHOICES.get(name_of(subject))
        return NOTHING if name is None else self.entry(subject_of(subject), f"{name} = '{value}'")

    def band(self, subject: Term, value: int) -> str:
        """Return where the number `subject` lies in the band that `value` represents."""
        limits = sorted(set(self.setting.limits.get(self.quantities.get(subject, ""), [])))
        conditions: list[tuple[str, int]] = []
        for place, limit in enumerate(limits):
            if value == limit:
                conditions = [("=", limit)]
                break
            if value == representative(limit - 1, limits):
                conditions = [("<", limit), *([(">", limits[place - 1])] if place else [])]
                break
        else:
            if limits and value == representative(limits[-1] + 1, limits):
                conditions = [(">", limits[-1])]
        return self._compared(subject, conditions) if conditions else NOTHING

    def _compared(self, subject: Term, conditions: list[tuple[str, int]]) -> str:
        """Return where the number `subject` compares so with all these limits."""
        given, dated, until, quantity = self._sources(subject)
        scale = self.setting.policy.scale
        ways = [" AND ".join(f"{given} {sign} {_decimal(limit, scale)}" for sign, limit in conditions)]
        if dated is not None:
            day, unit = until, "DAY" if quantity == "care_duration" else "MONTH"
            spans = " AND ".join(
                f"{day} {sign} {self.dialect.later(dated, self._steps(quantity, limit), unit)}"
                for sign, limit in conditions
            )
            ways.append(f"{self._sure(subject, dated, day, quantity)} AND {spans}")
        condition = " OR ".join(f"({way})" for way in ways)
        if name_of(subject) in (*ENTRY_NUMBERS, "time_since"):
            return self.entry(subject_of(subject), condition)
        return f"COALESCE({condition}, FALSE)"

    def _known(self, subject: Term) -> str:
        given, dated, until, quantity = self._sources(subject)
        condition = f"{given} IS NOT NULL"
        if dated is not None:
            condition = f"{condition} OR ({self._sure(subject, dated, until, quantity)})"
        if name_of(subject) in (*ENTRY_NUMBERS, "time_since"):
            return self.entry(subject_of(subject), condition)
        return f"COALESCE({condition}, FALSE)"

    def _sources(self, subject: Term) -> tuple[str, str | None, str, str]:
        """Return a number as given, the day it begins if it can be dated, the day it ends, and its quantity."""
        name, about = name_of(subject), subject_of(subject)
        quantity = self.quantities.get(subject, "")
        if name in TIMES:
            given, begin = TIMES[name]
            return f"c.{given}", f"c.{begin}", _PROCEDURE if about == "procedure" else _REQUEST, quantity
        if name == "care_duration":
            return "c.conservative_care_weeks", "c.conservative_care_start", "c.conservative_care_end", quantity
        if name == "time_since":
            return "months_before_procedure", "date_", "procedure_day", quantity
        if name == "treatment_duration":
            return f"c.conservative_care_therapies_{about}_weeks", None, "", quantity
        column = f"c.{NUMBERS[name]}" if name in NUMBERS else ENTRY_NUMBERS[name]
        return column, None, "", quantity

    def _sure(self, subject: Term, begin: str, end: str, quantity: str) -> str:
        """Return where a dated time is known: a procedure is planned, or no later day could matter."""
        both = f"{begin} IS NOT NULL AND {end} IS NOT NULL"
        if name_of(subject) == "care_duration" or subject_of(subject) == "request":
            return both
        planned = "planned" if name_of(subject) == "time_since" else _PLANNED
        most = max(self.setting.limits.get(quantity, [0]))
        return f"{both} AND ({planned} OR {end} > {self.dialect.later(begin, self._steps(quantity, most), 'MONTH')})"

    def _steps(self, quantity: str, limit: int) -> int:
        """Return a limit in days of care or months of anything else."""
        whole, rest = divmod(limit, self.setting.policy.scale)
        if rest:
            raise PolicyError(f"a limit of {quantity} that is no whole number: SQL cannot count calendar months so")
        return whole * (7 if quantity == "care_duration" else _UNITS[quantity])

    def _anatomy(self, option: str) -> str:
        stated = f"c.patient_lumbar_vertebrae = '{option}'"
        if self.setting.readings.get(ANATOMY) == option:
            return f"COALESCE({stated}, TRUE)"
        return f"COALESCE({stated}, FALSE)"

    def _answered(self, subject: Term) -> Pair:
        name = _ANSWERS.get(subject)
        return (NOTHING, NOTHING) if name is None else _answer(f"c.{name}")

    def _treated(self, subject: Term) -> Pair:
        prefix, wanted = f"c.conservative_care_therapies_{subject_of(subject)}", name_of(subject)
        yes, no = _answer(f"{prefix}_{wanted}")
        status = f"{prefix}_status"
        return (
            f"(COALESCE({status} = '{wanted}', FALSE) OR {yes})",
            f"(COALESCE({status} <> '{wanted}', FALSE) OR {no})",
        )

    def _drug(self, subject: Term) -> Pair:
        has = self._holds(f"c.{_DRUGS}", str(subject_of(subject)))
        return f"COALESCE({has}, FALSE)", f"COALESCE(NOT {has}, FALSE)"

    def _holds(self, column: str, item: str) -> str:
        return self.dialect.holds.format(list=column, item=item)

    def _present(self, subject: Term) -> Pair:
        entity = subject_of(subject)
        yes = self.entry(entity, "TRUE")
        if arguments_of(entity)[-1] != 1:
            return yes, f"NOT {yes}"
        if name_of(entity) == "finding":
            known = f"COALESCE({self._holds('c.findings_absent', str(arguments_of(entity)[0]))}, FALSE)"
        else:
            known = f"c.{LISTS[name_of(entity)]} IS NOT NULL"
        return yes, f"({known} AND NOT {yes})"

    def _described(self, subject: Term) -> Pair:
        entity, name = subject_of(subject), ENTRY_ANSWERS[name_of(subject)]
        yes, no = self.entry(entity, name), self.entry(entity, f"NOT {name}")
        if name in JUDGED and arguments_of(entity)[-1] == 1:
            there, away = self._present(("present", entity))
            no = f"({no} OR (c.findings_additional_pathology IS NOT NULL AND NOT {there} AND NOT {away}))"
        return yes, no

    def _listed(self, entity: Term, name: str, item: str) -> Pair:
        has = self._holds(name, item)
        return self.entry(entity, has), self.entry(entity, f"NOT {has}")

    def _at(self, subject: Term) -> Pair:
        entity, site = arguments_of(subject)
        if name_of(entity) == "finding" and str(arguments_of(entity)[0]) not in self.setting.policy.located_kinds:
            return NOTHING, NOTHING
        level = "-".join(map(str, site[1:])) if isinstance(site, tuple) else str(site)
        return self._listed(entity, "levels", level.upper())

    def _endplate(self, subject: Term) -> Pair:
        entity, side = arguments_of(subject)
        return self.entry(entity, f"endplate IN ('{side}', 'both')"), self.entry(
            entity, f"endplate NOT IN ('{side}', 'both')"
        )

    def _ablated(self, subject: Term) -> Pair:
        has = self._holds("bodies", str(subject_of(subject)).upper())
        here = self.gather("ablations", has)
        if name_of(subject) == "ablated":
            elsewhere = self.gather("ablations", "bodies IS NULL")
            return here, f"(c.ablations IS NOT NULL AND NOT {here} AND NOT {elsewhere})"
        name = name_of(subject).removeprefix("ablation_")
        yes = self.gather("ablations", f"{has} AND {name}")
        return yes, f"({here} AND NOT {self.gather('ablations', f'{has} AND COALESCE({name}, TRUE)')})"

    def _requested(self, subject: Term) -> Pair:
        yes = f"COALESCE({self._holds('c.request_bodies', str(subject_of(subject)).upper())}, FALSE)"
        return yes, f"NOT {yes}"


def _answer(column: str) -> Pair:
    return f"COALESCE({column}, FALSE)", f"COALESCE(NOT {column}, FALSE)"


def _decimal(limit: int, scale: int) -> str:
    whole, rest = divmod(abs(limit), scale)
    return f"{'-' if limit < 0 else ''}{whole}.{rest:06}"


_FACTS: dict[str, Callable[[SqlInputs, Any], Pair]] = {
    **dict.fromkeys(("received", "contraindicated"), SqlInputs._treated),
    "drug_class": SqlInputs._drug,
    **dict.fromkeys(("present", "modic_present"), SqlInputs._present),
    **dict.fromkeys(ENTRY_ANSWERS, SqlInputs._described),
    **dict.fromkeys(SHOWN_BY, lambda self, s: self._listed(subject_of(s), "shown_by", SHOWN_BY[name_of(s)])),
    "at": SqlInputs._at,
    "feature": lambda self, s: self._listed(subject_of(s), "features", str(arguments_of(s)[1])),
    "endplate": SqlInputs._endplate,
    **dict.fromkeys(("ablated", "ablation_completed", "ablation_thermal"), SqlInputs._ablated),
    "requested": SqlInputs._requested,
}
