"""What the page of a case shows: the groups of the form with the controls of each field, made from the field table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bvn_asp.decision.conventions import READ_IN_FULL
from bvn_asp.policy.register import Policy
from bvn_asp.record.field import Field
from bvn_asp.record.statements import MOST_DOCUMENTS, NONE, UNKNOWN
from bvn_asp.record.table import SECTIONS, TABLE
from bvn_asp.report.labels import CASE_GROUP, group_names, group_of, label_of, name_of, title_of, word_of
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

_OF_FILES = ("a bare word stands for it",)
"""Notes that are about files alone."""


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
        return Group(name, title_of(name), about, parts, closing_rows(name), is_whole(name, values))

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
        title = "" if section.count(".") == 0 else title_of(section)
        return Part(title, kept, tuple(finer), tuple(aside))

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
        return Entries(row, name, label_of(self.policy, row), name_of(self.policy, row), state, found)

    def entry(self, row: Field, path: str, number: int, values: Values, errors: Mapping[str, str]) -> Entry:
        """Return the entry at `path` of the list `row`, without the fields that do not go with its kind."""
        kinds = {*values.get(f"{path}.kind", ())}
        controls = []
        for field in TABLE.lists[row.path]:
            control = self.control(field, f"{path}.{field.name}", values, errors)
            if not field.kinds or kinds.intersection(field.kinds) or control.is_stated:
                controls.append(control)
        kind = " or ".join(self.word(word) for word in values.get(f"{path}.kind", ()))
        return Entry(path, f"{number}. {kind or label_of(self.policy, row)}", tuple(controls))

    def control(self, row: Field, path: str, values: Values, errors: Mapping[str, str]) -> Control:
        """Return the control of one field."""

        def said(word: str) -> str:
            return next(iter(values.get(f"{path}:{word}", ())), "")

        return Control(
            row, path, label_of(self.policy, row), _note(row), tuple(values.get(path, ())), self._options(row),
            said(HOW), said(TO), said(OTHER), tuple(self._units(row, path, values)), tuple(_sources(path, values)),
            errors.get(path, ""),
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
        return word_of(self.policy, value)


def _note(row: Field) -> str:
    """Return the note of a field as a form says it: names of fields and values in words, less how a file says it."""
    parts = (part.strip() for part in row.note.split(";"))
    return "; ".join(part.replace("_", " ") for part in parts if part not in _OF_FILES)


def _sources(path: str, values: Values) -> Iterator[Source]:
    """Yield the document behind the first statement, those of further ones, and one that is still empty."""
    for place in range(1, MOST_DOCUMENTS + 1):
        name = path if place == 1 else f"{path}:{place}"
        parts = tuple((part, next(iter(values.get(f"{name}:{part}", ())), "")) for part in SOURCE_PARTS)
        value = "" if place == 1 else next(iter(values.get(name, ())), "")
        yield Source(name, parts, value, bool(values.get(f"{name}:{COUNTS}")))
        if place > 1 and not value:
            return
