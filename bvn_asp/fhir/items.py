"""The questions of the questionnaire: what is asked for each field of the table, with what can be answered.

A field is asked by an item whose linkId is its path. What its own type of answer cannot say is said beside it: of a
number or a day in words (`PATH:words`: a bound, a month, or that it is not known), of a list by its name without the
mark (`surgeries`: none, or not known), its entries being a repeating group (`surgeries[]`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from bvn_asp.fhir.urls import ABSENT_REASON, CPT, GENDER, YES_NO
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Policy
from bvn_asp.record.anatomy import OPTIONAL_BODIES, SOMEWHERE, discs_between
from bvn_asp.record.field import Field
from bvn_asp.record.statements import NONE, NOT_MEASURED, UNKNOWN
from bvn_asp.record.table import SECTIONS, TABLE
from bvn_asp.report.labels import decides_nothing, group_names, group_of, label_of, title_of, word_of

WORDS, HELP, SECTION = ":words", ":help", "section:"
UCUM_CODES = {"years": "a", "months": "mo", "weeks": "wk", "mm": "mm", "kg/m2": "kg/m2"}
"""UCUM codes of the units of the table; what has none is a plain decimal."""
NO_WORDS = ("no", "none", "absent")
"""Values of a choice that deny what it is about."""


@dataclass(frozen=True)
class Option:
    """One answer that can be picked: its word in a case file, what is shown, and its code if a public one exists.

    Who picks one that is `alone` picks no other with it.
    """

    word: str
    text: str
    system: str = ""
    code: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Condition:
    """What must be so for an item to be asked: `link` is answered with `option`, or not answered if that is None."""

    link: str
    option: Option | None = None


@dataclass(frozen=True)
class Item:
    """One question, or a group of them, for the field `row`; asked if any of `conditions` is so, or there is none."""

    link: str
    kind: str
    text: str
    row: Field | None = None
    options: tuple[Option, ...] = ()
    repeats: bool = False
    required: bool = False
    conditions: tuple[Condition, ...] = ()
    note: str = ""
    items: tuple[Item, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it takes text beside its options."""
        return self.kind == "open-choice"


NOT_KNOWN = Option(UNKNOWN, "not known", ABSENT_REASON, "unknown", alone=True)
_NOT_MEASURED = Option(NOT_MEASURED, NOT_MEASURED, ABSENT_REASON, "not-performed", alone=True)
_YES, _NO = Option("yes", "yes", YES_NO, "Y"), Option("no", "no", YES_NO, "N")
_GENDERS = {word: Option(word, word, GENDER, word) for word in ("female", "male", "other")}


@cache
def asked(*, whole: bool) -> tuple[Item, ...]:
    """Return the groups of the questionnaire in the order of a chart; `whole` asks what decides nothing, too."""
    return tuple(_Maker(shipped_policy(), whole=whole).groups())


def below(items: Iterable[Item]) -> Iterator[Item]:
    """Yield every item of `items` and all below them."""
    for item in items:
        yield item
        yield from below(item.items)


@cache
def by_link(*, whole: bool) -> dict[str, Item]:
    """Return every item by its linkId."""
    return {item.link: item for item in below(asked(whole=whole))}


def denials(row: Field) -> tuple[str, ...]:
    """Return the words that deny the condition `row`."""
    return ("no",) if row.form == "answer" else tuple(word for word in row.values if word in NO_WORDS)


def deniers(row: Field) -> tuple[Field, ...]:
    """Return the conditions without any of which the detail `row` is not asked; none if a test can show one too."""
    parents = tuple(TABLE.by_path[path] for path in row.parents)
    shown = any(detail.measured for parent in parents for detail in TABLE.details[parent.path])
    return () if shown else parents


class _Maker:
    def __init__(self, policy: Policy, *, whole: bool) -> None:
        self.policy = policy
        self.rows = tuple(row for row in TABLE.fields if whole or not decides_nothing(row))

    def groups(self) -> Iterator[Item]:
        for name in group_names():
            rows = [row for row in self.rows if group_of(row) == name and not row.entry]
            if not rows:
                continue
            parts: list[Item] = []
            for section in dict.fromkeys(row.section for row in rows):
                items = tuple(item for row in rows if row.section == section for item in (self.items(row)))
                inner = section.count(".") > 0
                parts += [Item(SECTION + section, "group", title_of(section), items=items)] if inner else items
            yield Item(SECTION + name, "group", title_of(name), note=SECTIONS.get(name, ""), items=tuple(parts))

    def items(self, row: Field) -> Iterator[Item]:
        """Yield the items that ask for one field."""
        if row.is_list:
            yield from self.entries(row)
            return
        if row.form == "units":
            yield from self.units(row)
            return
        item = self.question(row)
        yield item
        if row.form in ("number", "date"):
            measured = (_NOT_MEASURED,) if row.measured else ()
            example = "at least 6, less than 40, 3 to 4" if row.form == "number" else "2023, March 2023, before 2024"
            # What is not asked exactly is not asked in words either; both at once are refused when they are read.
            conditions = item.conditions or (Condition(row.path),)
            yield Item(
                row.path + WORDS, "open-choice", f"{item.text}, if not known exactly", row, (*measured, NOT_KNOWN),
                conditions=conditions, note=f"In words: {example}",
            )  # fmt: skip

    def entries(self, row: Field) -> Iterator[Item]:
        name, text = row.path.removesuffix("[]"), label_of(self.policy, row)
        options = (Option(NONE, "there is none", alone=True), NOT_KNOWN)
        yield Item(
            name, "choice", f"{text}: none, or not known", row, options, note="Otherwise each is described below"
        )
        children = tuple(item for field in self.rows if field.entry == row.path for item in self.items(field))
        yield Item(row.path, "group", text, row, repeats=True, conditions=(Condition(name),), items=children)

    def units(self, row: Field) -> Iterator[Item]:
        text = label_of(self.policy, row)
        yield Item(row.path, "choice", f"{text}: not known", row, (NOT_KNOWN,))
        codes = [clause.item for clause in self.policy.clauses.values() if clause.kind == "code"]
        options = tuple(Option(code, code, CPT, code) for code in codes)
        link = f"{row.path}[]"
        yield Item(
            link, "group", text, row, repeats=True, conditions=(Condition(row.path),),
            items=(Item(f"{link}.code", "open-choice", "Procedure code", row, options, required=True),
                   Item(f"{link}.count", "integer", "Units", row, required=True)),
        )  # fmt: skip

    def question(self, row: Field) -> Item:
        """Return the item that asks for a field in its own type of answer."""
        text = label_of(self.policy, row)
        conditions = tuple(self.conditions(row))
        options = self.options(row)
        many = row.form in ("names", "levels", "bodies") or (row.form == "choice" and len(row.values) > 1)
        kind = {
            "answer": "choice", "choice": "choice", "date": "date", "levels": "open-choice", "bodies": "open-choice",
            "names": "choice" if row.values else "open-choice", "text": "text" if row.high > 1_000 else "string",
            "number": "quantity" if row.unit in UCUM_CODES else "decimal",
        }[row.form]  # fmt: skip
        required = row.path == "findings.present[].kind"
        note = row.note.replace("; decides nothing", "").replace("decides nothing", "")
        if row.form == "choice" and many:
            note = f"{note}{'. ' if note else ''}Several if it is one of them and not known which"
        return Item(row.path, kind, text, row, options, many, required, conditions, note)

    def options(self, row: Field) -> tuple[Option, ...]:
        if row.form == "answer":
            return (_YES, _NO, NOT_KNOWN)
        if row.form in ("levels", "bodies"):
            bodies = tuple(body for body in self.policy.bodies_in_range if body not in OPTIONAL_BODIES)
            discs = [f"{upper}-{lower}" for upper, lower in discs_between(bodies)]
            levels = bodies if row.form == "bodies" else (*bodies, *discs, SOMEWHERE)
            return (*(Option(level, level, alone=level == SOMEWHERE) for level in levels), NOT_KNOWN)
        if row.form == "names":
            named = tuple(self.option(row, value) for value in row.values)
            return (*named, Option(NONE, "none of these", alone=True), NOT_KNOWN) if named else (NOT_KNOWN,)
        if row.form == "choice":
            last = () if row.path == "findings.present[].kind" else (NOT_KNOWN,)
            return (*(self.option(row, value) for value in row.values), *last)
        return ()

    def option(self, row: Field, value: str) -> Option:
        if row.path == "patient.sex":
            return _GENDERS[value]
        return {"yes": _YES, "no": _NO}.get(value) or Option(value, word_of(self.policy, value))

    def conditions(self, row: Field) -> Iterator[Condition]:
        """Yield of what one must be so, for the field to be asked."""
        parents = deniers(row)
        for parent in parents:
            yield Condition(parent.path)
            for option in self.options(parent):
                if option.word not in denials(parent):
                    yield Condition(parent.path, option)
        if row.kinds:
            kind = TABLE.by_path[f"{row.entry}.kind"]
            yield from (Condition(kind.path, self.option(kind, value)) for value in row.kinds)
        status = f"{row.section}.status"
        if row.form == "answer" and status in TABLE.by_path:
            yield Condition(status)
