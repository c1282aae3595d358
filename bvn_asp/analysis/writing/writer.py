"""Writes the record of a set of inputs: it reads the field table as the adapter does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bvn_asp.analysis.writing.lists import Lists
from bvn_asp.analysis.writing.numbers import Numbers
from bvn_asp.analysis.writing.stated import Limits, Record, stated_by
from bvn_asp.analysis.writing.times import write_times
from bvn_asp.decision.conventions import READ_IN_FULL, STATUSES
from bvn_asp.policy.terms import Term, fill, name_of, pattern
from bvn_asp.record.anatomy import SOMEWHERE
from bvn_asp.record.field import Field
from bvn_asp.record.models import NONE
from bvn_asp.record.statements import NOT_MEASURED, UNKNOWN, text_of
from bvn_asp.record.table import FINDING_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

_LISTS = {"modic": "mri.modic_changes[]", "finding": "findings.present[]", "surgery": "surgeries[]"}


class Writer:
    """Writes the record of a set of inputs in `room`, with the `usual` numbers, in their units, wherever they will do.

    Other numbers are written as close to a limit as is readable. Times are left out, if the case is `dated` by itself.
    """

    def __init__(
        self, inputs: Iterable[Term], policy: Policy, quantities: Mapping[Term, str], limits: Limits, room: Shape,
        usual: Mapping[Term, Decimal], *, dated: bool = False,
    ) -> None:  # fmt: skip
        self.dated, self.assumable = dated, policy.assumable
        self.stated = stated_by(inputs)
        self.numbers = Numbers(self.stated, quantities, limits, policy.scale, usual)
        self.lists = Lists(self.stated, room)

    def record(self) -> Record:
        """Return the record as plain data."""
        record: Record = {}
        for row in TABLE.plain:
            if row.term and "X" not in row.term and "(W)" not in row.term:
                self._write(record, row, row.path, pattern(row.term))
        self._therapies(record)
        if not self.dated:
            write_times(record, self.numbers)
        if self.lists.unremarkable:
            _set(record, "findings.additional_pathology", "absent")
        for source in self.lists.read:
            _set(record, READ_IN_FULL[source], True)
        if self.lists.cleared:
            _set(record, "mri.no_modic_change_at", self.lists.cleared)
        self._modic(record)
        self._findings(record)
        self._surgeries(record)
        self._ablations(record)
        self._request(record)
        self._unknown(record)
        if self.stated.absent:
            self._complete(record)
        return record

    def _write(self, record: Record, row: Field, path: str, term: Term) -> None:
        """Write what is stated of the field `row` at `path`, if anything is."""
        value = self._value(row, term)
        if value is not None:
            _set(record, path, value)
        if row.form == "names" and value not in (None, NONE) and self._whole(row, term):
            closing = next(f for f in TABLE.fields if f.closes == row.path)
            _set(record, f"{path.rpartition('.')[0]}.{closing.name}".removeprefix("."), "absent")

    def _value(self, row: Field, term: Term) -> Any:
        if row.form == "answer":
            return self.stated.answers.get(term)
        if row.form == "choice" and term in self.stated.excluded:
            left = tuple(value for value in row.values if value not in self.stated.excluded[term])
            return next((word for word, values in row.groups if values == left), text_of(left))
        if row.form == "number":
            return NOT_MEASURED if self.stated.answers.get(("unmeasured", term)) else self.numbers.number(term)
        if row.form == "names":
            named = [v for v in row.values if self.stated.answers.get(fill(term, V=v)) is not row.denies]
            named = [v for v in named if fill(term, V=v) in self.stated.answers]
            if row.denies:
                named = [v for v in named if v not in self.lists.read or not self.lists.sourced(term)]
            return named or (NONE if self._whole(row, term) else None)
        return None

    def _whole(self, row: Field, term: Term) -> bool:
        """Tell whether a list of names says of others that they are not so, and a field for that is there."""
        closed = any(field.closes == row.path for field in TABLE.fields)
        return closed and any(self.stated.answers.get(fill(term, V=value)) is False for value in row.values)

    def _therapies(self, record: Record) -> None:
        """Write the status of a treatment as a word, where there is one for it."""
        for content in record.get("conservative_care", {}).get("therapies", {}).values():
            known = {part: content[part] for part in ("received", "begun", "contraindicated") if part in content}
            word = next((word for word, parts in STATUSES.items() if parts == known), None)
            if word is not None:
                rest = {name: value for name, value in content.items() if name not in known}
                content.clear()
                content.update(status="not_received" if word == "ordered" else word, **rest)

    def entry(self, entity: Term) -> Record:
        """Return the entry of a finding, surgery or Modic change."""
        path = _LISTS[name_of(entity)]
        kind = str(entity[1]) if path == "findings.present[]" and isinstance(entity, tuple) else ""
        found: Record = {"kind": kind} if kind else {}
        if self.stated.answers.get(("placed", entity)):
            here = [site for site, term in self.lists.sites.items() if self.stated.answers.get(("at", entity, term))]
            found["levels"] = here if self.lists.exact(entity) else SOMEWHERE
        if not self.lists.presence(entity):
            found["certainty"] = "suspected"
        for row in TABLE.lists[path]:
            if row.term and row.form != "levels" and (not row.kinds or kind in row.kinds):
                self._write(found, row, row.name, fill(pattern(row.term), X=entity))
        return found

    def _modic(self, record: Record) -> None:
        entries, whole = self.lists.listed("modic")
        if entries:
            _set(record, "mri.modic_changes", [self.entry(entity) for entity in entries])
        if whole and "imaging" not in self.lists.read:
            path, word = ("other_modic_changes", "absent") if entries else ("modic_changes", NONE)
            _set(record, f"mri.{path}", word)

    def _findings(self, record: Record) -> None:
        present: list[Record] = []
        absent: list[str] = []
        for kind in FINDING_KINDS:
            entries, whole = self.lists.listed("finding", kind)
            present += map(self.entry, entries)
            absent += [kind] if whole else []
        for name, found in (("present", present), ("absent", absent)):
            if found:
                _set(record, f"findings.{name}", found)

    def _surgeries(self, record: Record) -> None:
        entries, whole = self.lists.listed("surgery")
        open_ = bool(self.stated.absent) and ("present", ("surgery", len(entries) + 1)) not in self.stated.absent
        if entries:
            record["surgeries"] = [self.entry(entity) for entity in entries]
            if whole or open_:
                record["other_surgeries"] = "absent" if whole else UNKNOWN
        elif whole or open_:
            record["surgeries"] = NONE if whole else UNKNOWN

    def _ablations(self, record: Record) -> None:
        stated = {body: self.stated.answers.get(("ablated", body.lower())) for body in self.lists.room.bodies}
        details = {"ablation_completed": "completed", "ablation_thermal": "thermal"}
        entries: list[Record] = []
        for body in (body for body, held in stated.items() if held):
            known = {field: self.stated.answers.get((fact, body.lower())) for fact, field in details.items()}
            entries.append({"bodies": [body], **{field: held for field, held in known.items() if held is not None}})
        whole = None not in stated.values()
        denied = {
            field: False
            for fact, field in details.items()
            if any(self.stated.answers.get((fact, body.lower())) is False for body in self.lists.room.bodies)
        }
        # Elsewhere, another may have been; of a list that is whole it is known what that one was not.
        open_bodies = [("ablated", body.lower()) for body, held in stated.items() if held is None]
        elsewhere = bool(self.stated.absent) and not whole and not self.stated.absent.issuperset(open_bodies)
        if not whole and (denied or (elsewhere and entries)):
            entries.append({"bodies": UNKNOWN, **denied})
            elsewhere = False
        if entries:
            record["ablations"] = entries
            if whole or denied:
                record["other_ablations"] = "absent"
        elif whole:
            record["ablations"] = NONE
        elif elsewhere:
            record["ablations"] = UNKNOWN

    def _request(self, record: Record) -> None:
        bodies = [body for body in self.lists.room.bodies if self.stated.answers.get(("requested", body.lower()))]
        if bodies or self.stated.answers.get("request_made"):
            _set(record, "request.bodies", bodies or UNKNOWN)

    def _unknown(self, record: Record) -> None:
        """Write of what silence would say something that it is unknown, if nothing is stated of it."""
        for row in TABLE.plain:
            term = pattern(row.term)
            if term in self.assumable and term not in self.stated.assumed:
                treatment = name_of(term) == "received"
                if _get(record, row.section if treatment else row.path) is None:
                    _set(record, f"{row.section}.status" if treatment else row.path, UNKNOWN)

    def _complete(self, record: Record) -> None:
        """Run the record as complete; what it does not mention and does not leave out is written as unknown."""
        record["record_complete"] = True
        for row in TABLE.plain:
            if row.closable and pattern(row.term) not in self.stated.absent:
                paths = (row.path, *(detail.path for detail in TABLE.details.get(row.path, ())))
                if all(_get(record, path) is None for path in paths):
                    _set(record, self._beside(row, paths), UNKNOWN)
        for row in TABLE.plain:
            # A test that is not left out, although nothing is said of it, was made for a condition that may be there.
            if row.measured and _get(record, row.path) is None and pattern(row.term) not in self.stated.absent:
                for parent in row.parents:
                    if _get(record, parent) is None and pattern(TABLE.by_path[parent].term) not in self.stated.absent:
                        _set(record, parent, UNKNOWN)

    def _beside(self, row: Field, paths: tuple[str, ...]) -> str:
        """Return the field in which a condition is mentioned as unknown: a detail, if a test of it is left out."""
        tests = {path for path in paths if TABLE.by_path[path].measured}
        if any(pattern(TABLE.by_path[path].term) in self.stated.absent for path in tests):
            return next(path for path in paths[1:] if path not in tests)
        return row.path


def _set(record: Record, path: str, value: Any) -> None:
    *sections, name = path.split(".")
    for section in sections:
        record = record.setdefault(section, {})
    record[name] = value


def _get(record: Record, path: str) -> Any:
    found: Any = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
