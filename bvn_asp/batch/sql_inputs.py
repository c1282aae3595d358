"""What a row of a warehouse table states, as SQL: `inputs` by expressions instead of by bits, from the field table.

A condition never is null. Conditions about entries of lists are gathered: each becomes an aggregate over the entries.
Words, levels and bodies must be spelled as the columnar form spells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bvn_asp.batch.columns import NONE, NOT_MEASURED, UNKNOWN_FIELDS, column_name, parts
from bvn_asp.batch.inputs import PRESENCE, entity_of, plain_rows, rows_named, word_of
from bvn_asp.batch.rows import FINDINGS, LISTS, MODIC, Setting
from bvn_asp.batch.sql_times import Compared, SqlTimes, bounds, field
from bvn_asp.decision.conventions import (
    ENTAILED,
    HARMLESS,
    OPEN_LISTS,
    PARTS_READ,
    READ_IN_FULL,
    STATUSES,
    ablation_terms,
    in_range,
)
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term, arguments_of, name_of, pattern, subject_of
from bvn_asp.record.anatomy import LEVELS, OPTIONAL_BODIES, SOMEWHERE, SPANNING_DISCS, bodies_of
from bvn_asp.record.field import Field
from bvn_asp.record.table import LOCATED_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.batch.dialects import Dialect

NOTHING = "FALSE"
Pair = tuple[str, str]


class SqlInputs:
    """Conditions on a row `c` of the table of cases, with the gathered conditions `e_COLUMN` on its entries.

    `gathered` holds, by the path of a list, the conditions on its entries by name.
    """

    def __init__(self, setting: Setting, dialect: Dialect, quantities: Mapping[Term, str]) -> None:
        self.setting, self.dialect, self.quantities = setting, dialect, quantities
        self.gathered: dict[str, dict[str, str]] = {path: {} for path in TABLE.lists}
        self.times = SqlTimes(setting, dialect, quantities)

    def condition(self, term: Term) -> str:
        """Return the condition under which the input `term` holds."""
        subject, form = subject_of(term), name_of(term)
        if form in ("yes", "no"):
            return self.pair(subject)[form == "no"]
        if form in ("from", "to"):
            return self.band(subject, form, int(str(arguments_of(term)[1])))
        if form == "ruled_out":
            return self.ruled_out(subject, str(arguments_of(term)[1]))
        if form == "assumed_absent":
            return self.assumed(subject)
        return self.silent(subject) if form == "assumed" else NOTHING

    # --- pieces ---

    def holds(self, column: str, item: str) -> str:
        """Return whether a list of words holds `item`."""
        return f"COALESCE({self.dialect.holds.format(list=column, item=item)}, FALSE)"

    def gather(self, path: str, condition: str) -> str:
        """Return whether `condition` holds of any entry of the list at `path`."""
        names, column = self.gathered[path], column_name(path)
        if condition not in names:
            names[condition] = f"{column[0]}{len(names)}"
        return f"COALESCE(e_{column}.{names[condition]}, FALSE)"

    def entry(self, entity: Term, condition: str) -> str:
        """Return whether `condition` holds of the entry that is this finding, surgery or Modic change."""
        path, place = LISTS[name_of(entity)], int(str(arguments_of(entity)[-1]))
        kind = f"kind = '{arguments_of(entity)[0]}' AND " if path == FINDINGS else ""
        return self.gather(path, f"{kind}place = {place} AND ({condition})")

    def says(self, row: Field) -> str:
        """Return where there is a value for a field that stands once."""
        if row.form in ("names", "levels", "bodies"):
            return self.dialect.lists_any(f"c.{column_name(row.path)}")
        found = [
            f"COALESCE({field(row, s)}, FALSE)" if s == NOT_MEASURED else f"{field(row, s)} IS NOT NULL"
            for s, _ in parts(row)
        ]
        return f"({' OR '.join(found)})"

    def called_unknown(self, path: str) -> str:
        """Return where the field or list at `path` is called unknown."""
        return self.holds(f"c.{UNKNOWN_FIELDS}", path.removesuffix("[]"))

    def mentioned(self, path: str) -> str:
        """Return where the record speaks of the field at `path`, or of a detail of it."""
        rows = (TABLE.by_path[path], *TABLE.details.get(path, ()))
        return f"({' OR '.join(self.spoken(row.path) for row in rows)})"

    def spoken(self, path: str) -> str:
        """Return where the record speaks of the field at `path`, be it to call it unknown."""
        return f"({self.says(TABLE.by_path[path])} OR {self.called_unknown(path)})"

    def silent(self, subject: Term) -> str:
        """Return where the record does not speak of `subject`, if that says something; a treatment's fields are one."""
        row = plain_rows().get(subject)
        if subject == "lumbar_count" or row is None:
            return self.unspoken if row is not None else NOTHING
        treated = name_of(subject) == "received"
        paths = [other.path for other in TABLE.plain if other.section == row.section] if treated else [row.path]
        return f"NOT ({' OR '.join(map(self.spoken, paths))})"

    def closing(self, path: str) -> str:
        """Return where the list at `path` is said to be whole by a field of its own."""
        return self.says(next(row for row in TABLE.plain if row.closes == path))

    @property
    def closed(self) -> str:
        """Where records are run as complete."""
        assume = self.setting.assume_absent
        return "COALESCE(c.record_complete, FALSE)" if assume is None else str(assume).upper()

    @property
    def bodies_open(self) -> str:
        """Where bodies are requested without being named."""
        unknown = self.called_unknown("request.bodies")
        return f"(NOT {self.dialect.lists_any('c.request_bodies')} AND ({unknown} OR {self.dialect.units}))"

    @property
    def unspoken(self) -> str:
        """Where the number of lumbar vertebrae is not spoken of, nor a body or disc named that only some have."""
        return f"NOT ({self.spoken('patient.lumbar_vertebrae')} OR {self.names_optional} OR {self.names_spanning})"

    @property
    def names_optional(self) -> str:
        """Where a body is named that only some have."""
        levels = [level for level in LEVELS if not OPTIONAL_BODIES.isdisjoint(bodies_of(level))]
        found = [self.holds("c.request_bodies", body) for body in sorted(OPTIONAL_BODIES)]
        found += [self.gather("ablations[]", self.holds("bodies", body)) for body in sorted(OPTIONAL_BODIES)]
        return f"({' OR '.join((*found, *self._naming(levels)))})"

    @property
    def names_spanning(self) -> str:
        """Where a disc is named that is there only without the body between."""
        return f"({' OR '.join(self._naming(SPANNING_DISCS))})"

    def alternatives(self) -> Iterator[str]:
        """Yield where words for a treatment hang together; several kinds of a finding are no kind."""
        for row in (row for row in TABLE.plain if row.path.endswith(".status")):
            barred, *given = (self.left(field(row), row, word) for word in ("contraindicated", "received", "begun"))
            yield f"({barred} AND ({' OR '.join(given)}))"

    @property
    def four(self) -> str:
        """Where there are four lumbar vertebrae for certain."""
        row = TABLE.by_path["patient.lumbar_vertebrae"]
        others = " OR ".join(self.left(field(row), row, count) for count in row.values if count != "four")
        stated = f"({self.left(field(row), row, 'four')} AND NOT ({others}))"
        return f"({stated} OR ({self.names_spanning} AND NOT {self.spoken(row.path)}))"

    def _naming(self, levels: Iterable[str]) -> Iterator[str]:
        """Yield conditions under which something lies at one of `levels`, or it is said that nothing does."""
        paths = [path for path in LISTS.values() if _has(path, "levels")]
        for level in levels:
            yield self.holds("c.mri_no_modic_change_at", level)
            yield from (self.gather(path, self.holds("levels", level)) for path in paths)

    @property
    def somewhere(self) -> str:
        """Where anything lies somewhere, not known more closely."""
        found = [self.gather(p, self.holds("levels", SOMEWHERE)) for p in LISTS.values() if _has(p, "levels")]
        return f"({' OR '.join(found)})"

    # --- facts ---

    def pair(self, subject: Term) -> Pair:
        """Return where the fact `subject` is stated to be so and not to be."""
        return _FACTS.get(name_of(subject), SqlInputs._stated)(self, subject)

    def _stated(self, subject: Term) -> Pair:
        row, entity = plain_rows().get(subject), entity_of(subject)
        if row is not None:
            return self._plain(row)
        if entity is None:
            row = next(r for r in rows_named(name_of(subject)) if r.form == "names" and not r.entry)
            column = f"c.{column_name(row.path)}"
            so = self.holds(column, str(subject_of(subject)))
            closed = f"({self.closing(row.path)} AND {self.dialect.lists_any(column)})"
            return so, f"(({self.holds(column, NONE)} OR {closed}) AND NOT {so})"
        return self._described(subject, entity)

    def _plain(self, row: Field) -> Pair:
        so, otherwise = _answer(field(row))
        status = TABLE.by_path.get(f"{row.section}.status")
        if status is None or row.name not in PARTS_READ:
            return so, otherwise
        for part, of, value in ENTAILED:
            if part == row.name:
                entailed = _answer(f"c.{column_name(f'{row.section}.{of}')}")[not value]
                so, otherwise = (f"({so} OR {entailed})", otherwise) if value else (so, f"({otherwise} OR {entailed})")
        left = {
            word: f"({field(status)} IS NOT NULL AND {self.left(field(status), status, word)})" for word in STATUSES
        }
        yes = " OR ".join(left[word] for word, read in STATUSES.items() if read[row.name])
        no = " OR ".join(left[word] for word, read in STATUSES.items() if not read[row.name])
        return f"({so} OR (({yes}) AND NOT ({no})))", f"({otherwise} OR (({no}) AND NOT ({yes})))"

    def _unmeasured(self, subject: Term) -> Pair:
        row = plain_rows()[subject_of(subject)]
        so = f"COALESCE({field(row, NOT_MEASURED)}, FALSE)"
        low, high = bounds(row)
        return so, f"(({low} IS NOT NULL OR {high} IS NOT NULL) AND NOT {so})"

    def _there(self, entity: Term) -> tuple[str, str, str]:
        """Return where there is this entry, where there are exactly those before it, and where no more are."""
        *kind, rank = arguments_of(entity)
        there, path = self.entry(entity, "TRUE"), LISTS[name_of(entity)]
        before = "TRUE" if rank == 1 else self.entry((name_of(entity), *kind, int(str(rank)) - 1), "TRUE")
        return there, f"({before} AND NOT {there})", self._whole(path, str(kind[0]) if kind else "")

    def _whole(self, path: str, kind: str = "") -> str:
        """Return where the list at `path` lists all, of `kind` if it is one of findings; never if it is unknown."""
        stated = f"{self.closing(path)} AND {self.gather(path, 'TRUE')}" if path != FINDINGS else ""
        closed = stated or self.holds("c.findings_absent", kind)
        if path == MODIC:
            closed += " OR COALESCE(c.mri_read_in_full, FALSE)"
        none = f"COALESCE(c.{column_name(path, NONE)}, FALSE)"
        return f"({none} OR (({closed}) AND NOT {self.called_unknown(path)}))"

    def _present(self, subject: Term) -> Pair:
        entity = subject_of(subject)
        there, after, whole = self._there(entity)
        so = there
        if _has(LISTS[name_of(entity)], "certainty"):
            row = TABLE.by_path[f"{LISTS[name_of(entity)]}.certainty"]
            so = self.entry(entity, f"(certainty IS NULL OR NOT {self.left('certainty', row, 'suspected')})")
        return so, f"(NOT {there} AND NOT ({after} AND NOT {whole}))"

    def _described(self, subject: Term, entity: Term) -> Pair:
        path, name = LISTS[name_of(entity)], name_of(subject)
        yes, no = list[str](), list[str]()
        for row in (r for r in rows_named(name) if r.entry == path and r.form in ("answer", "names")):
            if row.form == "answer":
                so, otherwise = _answer(row.name)
            else:
                so, otherwise = self._named(row, word_of(row, subject))
            yes.append(self.entry(entity, so))
            no.append(self.entry(entity, otherwise))
        if name in HARMLESS:
            nothing_else = f"c.findings_additional_pathology IS NOT NULL AND NOT {self.called_unknown(path)}"
            no.append(f"({self._there(entity)[1]} AND {nothing_else})")
        so = f"({' OR '.join(yes)})"
        if name == "shown":
            read = column_name(READ_IN_FULL[str(arguments_of(subject)[0])])
            # Of what is not known to be shown by anything, no source is taken to list all it shows.
            sourced = " OR ".join(self.holds("shown_by", source) for source in READ_IN_FULL)
            unsourced = self.entry(entity, f"NOT ({sourced})")
            no.append(
                f"(COALESCE(c.{read}, FALSE) AND NOT {so} AND NOT {self.called_unknown(path)} AND NOT {unsourced})"
            )
        return so, f"({' OR '.join(no)})"

    def _named(self, row: Field, word: str) -> Pair:
        so = self.holds(row.name, word)
        if row.denies:
            return NOTHING, so
        closing = next((other for other in TABLE.lists[row.entry] if other.closes == row.path), None)
        whole = self.holds(row.name, NONE)
        if closing is not None:
            whole += f" OR ({closing.name} IS NOT NULL AND {self.dialect.lists_any(row.name)})"
        return so, f"(({whole}) AND NOT {so})"

    def _placed(self, subject: Term) -> Pair:
        return self.entry(subject_of(subject), self.dialect.lists_any("levels")), NOTHING

    def _at(self, subject: Term) -> Pair:
        entity, site = arguments_of(subject)
        level = "-".join(map(str, site[1:] if isinstance(site, tuple) else [site])).upper()
        path = LISTS[name_of(entity)]
        if path == FINDINGS and arguments_of(entity)[0] not in LOCATED_KINDS:
            return NOTHING, NOTHING
        so = self.holds("levels", level)
        otherwise = f"{self.dialect.lists_any('levels')} AND NOT {so}"
        spanning = level in SPANNING_DISCS
        if in_range(level) and not spanning:
            otherwise += f" AND NOT {self.holds('levels', SOMEWHERE)}"
        yes, no = self.entry(entity, so), self.entry(entity, otherwise)
        if spanning:
            # What lies somewhere lies there in a patient of whom it is certain that the disc is there, if at all.
            no = f"({no} AND NOT ({self.four} AND {self.entry(entity, self.holds('levels', SOMEWHERE))}))"
        if path == MODIC:
            no = f"({no} OR ({self.holds('c.mri_no_modic_change_at', level)} AND NOT {yes}))"
        return yes, no

    def _ablated(self, subject: Term) -> Pair:
        has, path = self.holds("bodies", str(subject_of(subject)).upper()), "ablations[]"
        nowhere = f"NOT {self.dialect.lists_any('bodies')}"
        here = self.gather(path, has)
        if name_of(subject) == "ablated":
            return here, f"({self._whole(path)} AND NOT {here} AND NOT {self.gather(path, nowhere)})"
        names = [row.name for row in _ABLATIONS[name_of(subject)]]
        may_be, open_ = f"({has} OR {nowhere})", " AND ".join(f"COALESCE({name}, TRUE)" for name in names)
        otherwise, some = self.gather(path, f"{may_be} AND {open_}"), self.gather(path, may_be)
        yes = self.gather(path, " AND ".join((has, *names)))
        return yes, f"({some} AND {self._whole(path)} AND NOT {otherwise})"

    def _requested(self, subject: Term) -> Pair:
        asked = f"({self.dialect.lists_any('c.request_bodies')} OR {self.bodies_open})"
        if subject == "request_made":
            return asked, f"NOT {asked}"
        so = self.holds("c.request_bodies", str(subject_of(subject)).upper())
        return so, f"(NOT {so} AND NOT {self.bodies_open})"

    # --- complete records, choices, numbers ---

    def assumed(self, subject: Term) -> str:
        """Return where a complete record does not speak of `subject`, so that it may be taken to lack it."""
        row = plain_rows().get(subject)
        if row is not None and row.closable:
            return f"({self.closed} AND NOT {self.mentioned(row.path)})"
        if row is not None and row.measured:
            found = [self.closed, f"NOT {self.spoken(row.path)}"]
            for parent in row.parents:
                found.append(f"(NOT {self.spoken(parent)} OR COALESCE(NOT {field(TABLE.by_path[parent])}, FALSE))")
            return f"({' AND '.join(found)})"
        if name_of(subject) == "ablated":
            has = self.holds("bodies", str(subject_of(subject)).upper())
            listed = self.gather("ablations[]", f"{has} OR NOT {self.dialect.lists_any('bodies')}")
            open_ = f"NOT {listed} AND NOT {self._whole('ablations[]')} AND NOT {self._open('ablations[]')}"
            return f"({self.closed} AND {open_})"
        if name_of(subject) == "present":
            _, after, whole = self._there(subject_of(subject))
            open_ = self._open(LISTS[name_of(subject_of(subject))])
            return f"({self.closed} AND {after} AND NOT {whole} AND NOT {open_})"
        return NOTHING

    def _open(self, path: str) -> str:
        """Return where it is called unknown whether the list at `path` goes on."""
        return f"({' OR '.join(map(self.called_unknown, OPEN_LISTS[path.removesuffix('[]')]))})"

    def left(self, column: str, row: Field, value: str) -> str:
        """Return whether the text of a choice leaves `value` possible; a text may name several options, or exclude."""
        padded = f"' ' || REPLACE({column}, ',', ' ') || ' '"
        words = [value, *(name for name, options in row.groups if value in options)]
        named = " OR ".join(f"STRPOS({padded}, ' {word} ') > 0" for word in words)
        return f"COALESCE(CASE WHEN {column} LIKE 'not %' THEN NOT ({named}) ELSE ({named}) END, FALSE)"

    def ruled_out(self, subject: Term, value: str) -> str:
        """Return where it is ruled out that the choice `subject` is `value`."""
        row, entity = plain_rows().get(subject), entity_of(subject)
        if row is None and entity is not None:
            path = LISTS[name_of(entity)]
            found = (r for r in rows_named(name_of(subject)) if r.entry == path and r.form == "choice")
            row = next(found, None)
        if row is None or value not in row.values:
            return NOTHING
        column = row.name if row.entry else field(row)
        condition = f"{column} IS NOT NULL AND NOT {self.left(column, row, value)}"
        if (subject, value) == ("lumbar_count", "four"):
            condition = f"({condition}) OR ({self.names_optional} AND NOT {self.spoken(row.path)})"
        elif subject == "lumbar_count":
            condition = f"({condition}) OR ({self.names_spanning} AND NOT {self.spoken(row.path)})"
        return f"({condition})" if entity is None else self.entry(entity, condition)

    def band(self, subject: Term, form: str, value: int) -> str:
        """Return where the number `subject` is at least (or at most) in the band that `value` represents."""
        limits = sorted(set(self.setting.limits.get(self.quantities.get(subject, ""), [])))
        compared: Compared = []
        for place, limit in enumerate(limits):
            if value == limit:
                compared = [("=", limit)]
                break
            if value == representative(limit - 1, limits):
                compared = [("<", limit), *([(">", limits[place - 1])] if place else [])]
                break
        else:
            if limits and value == representative(limits[-1] + 1, limits):
                compared = [(">", limits[-1])]
        if not compared:
            return NOTHING
        entity = entity_of(subject)
        condition = self.times.compared(subject, form, compared)
        return condition if entity is None else self.entry(entity, condition)


def _has(path: str, name: str) -> bool:
    return f"{path}.{name}" in TABLE.by_path


def _answer(column: str) -> Pair:
    return f"COALESCE({column}, FALSE)", f"COALESCE(NOT {column}, FALSE)"


_ABLATIONS = {name_of(pattern(text)): rows for text, rows in ablation_terms().items()}
_FACTS: dict[str, Callable[[SqlInputs, Any], Pair]] = {
    "unmeasured": SqlInputs._unmeasured,
    **dict.fromkeys(PRESENCE, SqlInputs._present),
    "placed": SqlInputs._placed,
    "at": SqlInputs._at,
    **{name_of(pattern(row.term)): SqlInputs._ablated for row in TABLE.lists["ablations[]"] if row.term},
    **dict.fromkeys(_ABLATIONS, SqlInputs._ablated),
    **dict.fromkeys(("requested", "request_made"), SqlInputs._requested),
}
