"""What the page of a case shows: the groups of the form with the controls of each field, made from the field table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from bvn_asp.decision.facts import READ_IN_FULL
from bvn_asp.policy.register import Policy
from bvn_asp.record.statements import MOST_DOCUMENTS, NONE, UNKNOWN
from bvn_asp.record.table import SECTIONS, TABLE, Field
from bvn_asp.web.fields import (
    COUNTS,
    HOW,
    OTHER,
    SOURCE_PARTS,
    STATE,
    TO,
    Values,
    entries,
    offered_levels,
)
from bvn_asp.web.formparts import Control, Entries, Entry, Group, Part, Source

CASE_GROUP = "case"
"""What the group of the fields that stand in no section is called."""


@cache
def group_names() -> tuple[str, ...]:
    """Return the names of the groups in the order in which a chart is read."""
    return tuple(dict.fromkeys(group_of(row) for row in TABLE.fields))


def group_of(row: Field) -> str:
    """Return the group in which a field stands."""
    head, _, rest = row.path.partition(".")
    if row.closes and not rest:
        return group_of(TABLE.by_path[row.closes])
    return head.removesuffix("[]") if rest or row.is_list else CASE_GROUP


def closing_rows(group: str) -> tuple[Field, ...]:
    """Return the fields that together say that there is nothing in a group but what is stated."""
    rows = [row for row in TABLE.plain if group_of(row) == group]
    return tuple(
        row for row in rows if row.path in READ_IN_FULL.values() or (row.closes and row.section.count(".") < 1)
    )


def closing_value(row: Field) -> str:
    """Return the value with which a closing field says that there is nothing else."""
    return row.values[0] if row.form == "choice" else "yes"


def is_whole(group: str, values: Values) -> bool:
    """Tell whether a form says of a group that there is nothing else in it."""
    rows = closing_rows(group)
    return bool(rows) and all(values.get(row.path) == (closing_value(row),) for row in rows)


class View:
    """Makes groups of what a form holds, in the words of one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def groups(self, values: Values, errors: Mapping[str, str]) -> list[Group]:
        """Return every group of the form."""
        return [self.group(name, values, errors) for name in group_names()]

    def group(self, name: str, values: Values, errors: Mapping[str, str]) -> Group:
        """Return one group of the form."""
        rows = [row for row in TABLE.fields if group_of(row) == name and not row.entry]
        sections = dict.fromkeys(row.section for row in rows)
        parts = tuple(self._part(name, section, rows, values, errors) for section in sections)
        about = SECTIONS.get(name, "")
        if name not in SECTIONS and name != CASE_GROUP:
            about = next(row.note for row in rows if row.is_list)
        return Group(name, _title(name), about, parts, closing_rows(name), is_whole(name, values))

    def _part(
        self, group: str, section: str, rows: list[Field], values: Values, errors: Mapping[str, str]
    ) -> Part:  # fmt: skip
        mine = [row for row in rows if row.section == section]
        controls = [
            self._list(row, values, errors) if row.is_list else self.control(row, row.path, values, errors)
            for row in mine
        ]
        aside = [item for item in controls if isinstance(item, Control) and item.aside and group != CASE_GROUP]
        one_word = f"{section}.status" in TABLE.by_path
        finer = [i for i in controls if isinstance(i, Control) and one_word and i.row.form == "answer"]
        kept = tuple(item for item in controls if item not in aside and item not in finer)
        title = "" if section.count(".") == 0 else self._section_title(section)
        return Part(title, kept, tuple(finer), tuple(aside))

    def _section_title(self, section: str) -> str:
        status = TABLE.by_path.get(f"{section}.status")
        return status.note.partition(";")[0].capitalize() if status is not None else _title(section)

    def items(self, paths: Iterable[str], values: Values, errors: Mapping[str, str]) -> list[Control | Entries]:
        """Return the controls of the fields at `paths`, for a page that asks for them alone."""
        found: list[Control | Entries] = []
        for path in paths:
            row = TABLE.row_at(path)
            if row is not None:
                found.append(
                    self._list(row, values, errors) if row.is_list else self.control(row, path, values, errors)
                )
        return found

    def _list(self, row: Field, values: Values, errors: Mapping[str, str]) -> Entries:
        name = row.path.removesuffix("[]")
        found = tuple(
            self.entry(row, f"{name}[{place}]", number, values, errors)
            for number, place in enumerate(entries(values, row.path), 1)
        )
        state = next(iter(values.get(f"{name}:{STATE}", ())), "")
        return Entries(row, name, self._label(row), self._name(row), state, found)

    def entry(self, row: Field, path: str, number: int, values: Values, errors: Mapping[str, str]) -> Entry:
        """Return the entry at `path` of the list `row`, without the fields that do not go with its kind."""
        kinds = {*values.get(f"{path}.kind", ())}
        controls = []
        for field in TABLE.lists[row.path]:
            control = self.control(field, f"{path}.{field.name}", values, errors)
            if not field.kinds or kinds.intersection(field.kinds) or control.is_stated:
                controls.append(control)
        kind = " or ".join(self.word(word) for word in values.get(f"{path}.kind", ()))
        return Entry(path, f"{number}. {kind or self._label(row)}", tuple(controls))

    def control(self, row: Field, path: str, values: Values, errors: Mapping[str, str]) -> Control:
        """Return the control of one field."""

        def said(word: str) -> str:
            return next(iter(values.get(f"{path}:{word}", ())), "")

        return Control(
            row, path, self._label(row), row.note, tuple(values.get(path, ())), self._options(row), said(HOW), said(TO),
            said(OTHER), tuple(self._units(row, path, values)), tuple(_sources(path, values)), errors.get(path, ""),
        )  # fmt: skip

    def _units(self, row: Field, path: str, values: Values) -> Iterator[tuple[str, str, str]]:
        if row.form != "units":
            return
        codes = [clause.item for clause in self.policy.clauses.values() if clause.kind == "code"]
        stated = [name.partition("@")[2] for name in values if name.startswith(f"{path}:@")]
        for code in dict.fromkeys([*codes, *stated]):
            yield code, f"{path}:@{code}", next(iter(values.get(f"{path}:@{code}", ())), "")

    def _options(self, row: Field) -> tuple[tuple[str, str], ...]:
        if row.form == "answer":
            return (("yes", "yes"), ("no", "no"), (UNKNOWN, UNKNOWN))
        if row.form in ("levels", "bodies"):
            return tuple((level, level) for level in (*offered_levels(row), UNKNOWN))
        if row.form not in ("choice", "names") or not row.values:
            return ()
        last = (NONE, UNKNOWN) if row.form == "names" else (UNKNOWN,)
        words = tuple((value, self.word(value)) for value in row.values)
        return (*words, *((word, "none of these" if word == NONE else word) for word in last))

    def word(self, value: str) -> str:
        """Return a value of a choice in words."""
        text = self.policy.wording.get(value, "")
        # Numbers that stand together are a mixture.
        return text if text and "{" not in text else re.sub(r"(?<=[0-9])_(?=[0-9])", " and ", value).replace("_", " ")

    def _label(self, row: Field) -> str:
        text = self._name(row)
        return text[:1].upper() + text[1:]

    def _name(self, row: Field) -> str:
        """Return what a field is called within a sentence: in the policy's words, or else by its own name."""
        term = row.term.partition("(")[0]
        text = re.sub(r" at \{[0-9]\}|\{[0-9]\}[:,]? ?", "", self.policy.wording.get(term, "")).strip()
        if text and row.form not in ("date", "bodies") and not row.denies:
            return text
        # A list is called by what one of its entries is.
        name = (row.section or row.name).removesuffix("s") if row.is_list else row.name
        return name.replace("_", " ")


def _sources(path: str, values: Values) -> Iterator[Source]:
    """Yield the document behind the first statement, those of further ones, and one that is still empty."""
    for place in range(1, MOST_DOCUMENTS + 1):
        name = path if place == 1 else f"{path}:{place}"
        parts = tuple((part, next(iter(values.get(f"{name}:{part}", ())), "")) for part in SOURCE_PARTS)
        value = "" if place == 1 else next(iter(values.get(name, ())), "")
        yield Source(name, parts, value, bool(values.get(f"{name}:{COUNTS}")))
        if place > 1 and not value:
            return


def _title(path: str) -> str:
    name = path.rpartition(".")[2].removesuffix("[]").replace("_", " ")
    return name[:1].upper() + name[1:] if name != "mri" else name.upper()
