"""From the answer of a search back to a case: the inverse of the adapter, so that every answer can be decided again.

It reads the field table as the adapter does; only times, lists and the request are written out.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import chain, combinations, product
from typing import TYPE_CHECKING, Any

from bvn_asp.analysis.records import ROOM
from bvn_asp.decision.conventions import STATUSES, in_range
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term, fill, name_of, pattern
from bvn_asp.record.anatomy import SOMEWHERE, SPANNING_DISCS, discs_between
from bvn_asp.record.bases import SHIPPED
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from bvn_asp.record.models import NONE
from bvn_asp.record.spans import MOMENTS, times
from bvn_asp.record.statements import GRAIN, NOT_MEASURED, UNKNOWN, Range, text_of
from bvn_asp.record.table import FINDING_KINDS, SOURCES, TABLE, Field

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape

Record = dict[str, Any]
"""A case file as plain data."""
Limits = Mapping[str, list[int]]
"""The ascending limits of each quantity, in millionths."""
Bounds = tuple[int | None, int | None]
"""The representatives of the least and of the greatest that a number can be; None is no bound."""

_REQUEST, _PROCEDURE = datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)
_DATES = (
    (), (_REQUEST, _PROCEDURE), (_REQUEST, _REQUEST), (_PROCEDURE - datetime.timedelta(days=1), _PROCEDURE),
)  # fmt: skip
"""Days of request and procedure that a record is written with, the most usual first."""
_TIMES = (
    ("age", "patient.age", "patient.birth_date", 12),
    ("pain_duration", "pain.months", "pain.onset", 1),
    ("care_duration", "conservative_care.weeks", "", 0),
)
"""The times of a record, with their fields: as a number, or as the day from which they count, in so many months."""
_LISTS = {"modic": "mri.modic_changes[]", "finding": "findings.present[]", "surgery": "surgeries[]"}
_AT_ONCE = ("likely_source", "complicates")
_READ = dict(zip(SOURCES, ("mri.read_in_full", "findings.assessment_read_in_full"), strict=True))


@cache
def usual_case() -> Case:
    """Return the unremarkable patient that departures are counted from."""
    return load_case(SHIPPED / "usual.yaml")


def inputs_of(facts: Facts, quantities: Mapping[Term, str], limits: Limits) -> frozenset[Term]:
    """Return the inputs that `facts` states, numbers by their representatives."""
    found: set[Term] = set()
    for term in facts.stated:
        if isinstance(term, tuple) and term[0] in ("from", "to") and isinstance(term[2], int):
            quantity = quantities.get(term[1], "")
            if quantity in limits:
                found.add((term[0], term[1], representative(term[2], limits[quantity])))
        else:
            found.add(term)
    return frozenset(found)


def usual_inputs(policy: Policy, quantities: Mapping[Term, str], limits: Limits, room: Shape = ROOM) -> frozenset[Term]:
    """Return the inputs of the unremarkable patient in `room`."""
    return inputs_of(facts_for(usual_case(), policy, {}, shape=room), quantities, limits)


def readings_of(inputs: Iterable[Term]) -> dict[str, str]:
    """Return the readings among `inputs`."""
    return {str(term[1]): str(term[2]) for term in inputs if isinstance(term, tuple) and term[0] == "selected"}


class Writer:
    """Writes the record of a set of inputs, with the numbers of the unremarkable patient wherever they will do.

    The numbers `near` a limit are written as close to it as is readable; all of them are, if not `usual`. Times are
    left out, if the case is `dated` by itself.
    """

    def __init__(
        self, inputs: Iterable[Term], policy: Policy, quantities: Mapping[Term, str], limits: Limits,
        room: Shape = ROOM, near: Collection[Term] = (), *, usual: bool = True, dated: bool = False,
    ) -> None:  # fmt: skip
        self.dated = dated
        self.room, self.limits, self.quantities, self.scale = room, limits, quantities, policy.scale
        self.assumable = policy.assumable
        self.answers: dict[Term, bool] = {}
        self.excluded: dict[Term, set[str]] = {}
        self.low: dict[Term, int] = {}
        self.high: dict[Term, int] = {}
        self.absent: set[Term] = set()
        self.assumed: set[Term] = set()
        for term in inputs:
            if not isinstance(term, tuple):
                continue
            if term[0] in ("yes", "no"):
                self.answers[term[1]] = term[0] == "yes"
            elif term[0] == "ruled_out":
                self.excluded.setdefault(term[1], set()).add(str(term[2]))
            elif term[0] in ("from", "to") and isinstance(term[2], int):
                (self.low if term[0] == "from" else self.high)[term[1]] = term[2]
            elif term[0] == "assumed_absent":
                self.absent.add(term[1])
            elif term[0] == "assumed":
                self.assumed.add(term[1])
        numbers = facts_for(usual_case(), policy, {}, shape=room).numbers if usual else {}
        self.usual_numbers = {term: n.low for term, n in numbers.items() if term not in near and n.low is not None}
        self.sites: dict[str, Term] = {body: body.lower() for body in room.bodies}
        self.sites |= {f"{a}-{b}": ("disc", a.lower(), b.lower()) for a, b in discs_between(room.bodies)}
        self._at_once()

    def record(self) -> Record:
        """Return the record as plain data."""
        record: Record = {}
        for row in TABLE.plain:
            if row.term and "X" not in row.term and "(W)" not in row.term:
                self._write(record, row, row.path, pattern(row.term))
        self._therapies(record)
        if not self.dated:
            self._times(record)
        if self.unremarkable:
            _set(record, "findings.additional_pathology", "absent")
        for source in self.read:
            _set(record, _READ[source], True)
        if self.cleared:
            _set(record, "mri.no_modic_change_at", self.cleared)
        self._modic(record)
        self._findings(record)
        self._surgeries(record)
        self._ablations(record)
        self._request(record)
        self._unknown(record)
        if self.absent:
            self._complete(record)
        return record

    # --- one statement of each form ---

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
            return self.answers.get(term)
        if row.form == "choice" and term in self.excluded:
            left = tuple(value for value in row.values if value not in self.excluded[term])
            return next((word for word, values in row.groups if values == left), text_of(left))
        if row.form == "number":
            return NOT_MEASURED if self.answers.get(("unmeasured", term)) else self.number(term)
        if row.form == "names":
            named = [v for v in row.values if self.answers.get(fill(term, V=v)) is not row.denies]
            named = [v for v in named if fill(term, V=v) in self.answers]
            if row.denies:
                named = [v for v in named if v not in self.read or not self._sourced(term)]
            return named or (NONE if self._whole(row, term) else None)
        return None

    def _whole(self, row: Field, term: Term) -> bool:
        """Tell whether a list of names says of others that they are not so, and a field for that is there."""
        closed = any(field.closes == row.path for field in TABLE.fields)
        return closed and any(self.answers.get(fill(term, V=value)) is False for value in row.values)

    def number(self, term: Term) -> Any:
        """Return a number or its bounds, written so that they compare like the representatives; None if unstated."""
        return next((_written(found) for found in self._ranges(term, self.bounds(term))), None)

    def bounds(self, term: Term) -> Bounds:
        """Return the representatives of the least and of the greatest that a number can be."""
        limits = self.limits[self.quantities[term]]
        # Between two limits lie two that compare alike: just above the one, and just below the other.
        low, high = (
            None if b is None else representative(b, limits) for b in (self.low.get(term), self.high.get(term))
        )
        return low, high

    def _ranges(self, term: Term, bounds: Bounds, *, far: bool = False) -> Iterator[Range]:
        """Yield ranges that compare like `bounds`: with the usual number, near the limit, and `far` from the lowest."""
        low, high = bounds
        if low is None and high is None:
            return
        limits = self.limits[self.quantities[term]]
        usual = self.usual_numbers.get(term)
        if low == high and low is not None:
            if usual is not None and representative(int(usual * self.scale), limits) == low:
                yield Range(usual, usual)
            for number in (self._near(low, limits), *(self._far(low, limits) if far else ())):
                yield Range(number, number)
            if far and low == representative(0, limits):
                for number in self._far(low, limits):
                    yield Range(Decimal(0), number)
            return
        # A strict bound is written as one, unless it is one end of a range.
        grain = Decimal(1) / self.scale
        strict = [
            None if value is None else Decimal(value) * grain if other is None and value - step in limits
            else self._near(value, limits)
            for value, other, step in ((low, high, 1), (high, low, -1))
        ]  # fmt: skip
        yield Range(*strict)
        if high is not None and far:
            for number in self._far(high, limits):
                yield Range(strict[0] if low != limits[0] - 1 else None if low is None else number, number)

    def _near(self, value: int, limits: list[int]) -> Decimal:
        """Return a short number near a limit that compares like `value`."""
        for grain in (self.scale // 10, self.scale // 100, self.scale // 1000, 1):
            for near in (value, value - 1, value + 1):
                if near in limits:
                    candidate = near + (value - near) * grain
                    if representative(candidate, limits) == value:
                        return Decimal(candidate) / self.scale
        return Decimal(value) / self.scale

    def _far(self, value: int, limits: list[int]) -> Iterator[Decimal]:
        # What lies between request and procedure can reach the lowest limit exactly.
        for number in (1, 0, limits[0] // self.scale - 2, limits[0] // self.scale - 4):
            if number >= 0 and representative(number * self.scale, limits) == value:
                yield Decimal(number)

    # --- what several fields state together ---

    def _therapies(self, record: Record) -> None:
        """Write the status of a treatment as a word, where there is one for it."""
        for content in record.get("conservative_care", {}).get("therapies", {}).values():
            known = {part: content[part] for part in ("received", "begun", "contraindicated") if part in content}
            word = next((word for word, parts in STATUSES.items() if parts == known), None)
            if word is not None:
                rest = {name: value for name, value in content.items() if name not in known}
                content.clear()
                content.update(status="not_received" if word == "ordered" else word, **rest)

    def _times(self, record: Record) -> None:
        """Write age, pain and care with the first days of request and procedure that say what is to be said."""
        wanted = {
            name: tuple(self.bounds((name, moment)) for moment in MOMENTS) for name, _, _, _ in _TIMES
        }  # fmt: skip
        best: list[Record] = []
        most = -1
        # A number near the limit is better than usual days, and usual days than a number far from it.
        # What is the same at both moments is most simply so on one day.
        alike = all(bounds[0] == bounds[1] for bounds in wanted.values())
        for far, dates in product((False, True), sorted(_DATES, key=lambda days: alike and len(set(days)) > 1)):
            request = dict(zip(("date", "planned_procedure_date"), (day.isoformat() for day in dates), strict=False))
            found = [self._time(record, request, time, wanted[time[0]], far=far) for time in _TIMES]
            written = [part for part in found if part is not None]
            if len(written) > most:
                best, most = [*written, {"request": request} if request else {}], len(written)
            if most == len(found):
                break
        for part in best:
            for section, fields in part.items():
                record.setdefault(section, {}).update(fields)

    def _time(
        self, record: Record, request: Record, time: tuple[str, str, str, int], wanted: Any, *, far: bool
    ) -> Record | None:
        """Return the section that states a time as wanted at both moments, with these days of the case; or None."""
        name, path, start, months = time
        section, field = path.split(".")
        ways: list[Record] = [{}]
        ways += ({field: _written(number)} for number in self._ranges((name, "request"), wanted[0], far=far))
        if request and start and all(low is not None for low, _ in wanted):
            ways += ({start.split(".")[1]: day.isoformat()} for day in self._starts(name, months, request))
        beside: Record = {}
        if section == "conservative_care":
            beside = {"therapies": record.get(section, {}).get("therapies", {})}
        if far and beside.get("therapies"):
            # A treatment is not longer than the course; where that is short, as short as it can be.
            ways = [{**way, "therapies": self._shortest(beside["therapies"])} for way in ways]
        for way in ways:
            content: Record = {section: beside | way, "request": request}
            said = {(found, moment): number for found, moment, _, number in times(Case.model_validate(content))}
            if wanted == tuple(self._represented((name, moment), said.get((name, moment))) for moment in MOMENTS):
                return {section: way} if way else {}
        return None

    def _shortest(self, therapies: Record) -> Record:
        """Return treatments with the least durations that compare alike."""
        found = {name: dict(content) for name, content in therapies.items()}
        for row in TABLE.plain:
            _, _, place = row.path.partition("therapies.")
            name, _, field = place.partition(".")
            if row.form == "number" and field in found.get(name, {}):
                low, high = self.bounds(pattern(row.term))
                limits = self.limits[self.quantities[pattern(row.term)]]
                if low is not None and high is not None and low < high and low == representative(0, limits):
                    found[name][field] = _written(Range(Decimal(0), self._near(high, limits)))
        return found

    def _represented(self, term: Term, number: Range | None) -> Bounds:
        limits = self.limits.get(self.quantities.get(term, ""))
        if number is None or not limits:
            return None, None
        low, high = (
            None if bound is None else representative(int(bound * self.scale), limits)
            for bound in (number.low, number.high)
        )
        return low, high

    def _starts(self, name: str, months: int, request: Record) -> Iterator[datetime.date]:
        """Yield days from which a time counts: some limit before or after request or procedure, and the usual one."""
        usual = self.usual_numbers.get((name, "request"))
        spans = [limit // self.scale * months for limit in self.limits.get(self.quantities[name, "request"], ())]
        days = [datetime.date.fromisoformat(text) for text in request.values()]
        spans += [] if usual is None else [int(usual) * months]
        for day in days:
            for begin in (*(_before(day, span) for span in spans), day):
                for shift in (0, 10, -10, 1, -1):
                    found = begin - datetime.timedelta(days=shift)
                    if found <= days[0]:
                        yield found

    # --- lists ---

    def _places(self, name: str, kind: str = "") -> list[Term]:
        """Return the places of a list in their order."""
        count = {"modic": self.room.modic, "surgery": self.room.surgeries}.get(name, self.room.room(kind))
        return [(name, kind, place) if kind else (name, place) for place in range(1, count + 1)]

    def presence(self, entity: Term) -> bool | None:
        """Return whether an entry is stated to be there or not."""
        return self.answers.get(("modic_present" if name_of(entity) == "modic" else "present", entity))

    def _at_once(self) -> None:
        """Find what is said of all places at once: nothing more that matters, sources read in full, levels clear."""
        findings = [self._places("finding", kind) for kind in FINDING_KINDS]
        lists = [*findings, self._places("surgery")]
        ahead = [next((e for e in places if not self.presence(e)), None) for places in lists]
        known = [e for e in ahead if e is not None]
        self.unremarkable = bool(known) and all(self.answers.get((f, e)) is False for e in known for f in _AT_ONCE)
        told = [s for s in SOURCES if any(self._unseen(s, e) and not self.presence(e) for e in chain(*findings))]
        self.read: tuple[str, ...] = ()
        for self.read in (read for count in range(len(told), -1, -1) for read in combinations(told, count)):
            if all(map(self._as_read, FINDING_KINDS)):
                break
        self.cleared = [
            site
            for site, term in self.sites.items()
            if any(
                self.answers.get(("at", change, term)) is False and not self._placing(change, site)
                for change in self._places("modic")
            )
        ]

    def _sourced(self, term: Term) -> bool:
        """Tell whether something is known to show the finding that `term` speaks of."""
        entity = term[-1] if isinstance(term, tuple) and term[0] == "shown" else term
        return any(self.answers.get(("shown", source, entity)) for source in SOURCES)

    def _unseen(self, source: str, entity: Term) -> bool:
        """Tell whether a source is stated not to show a finding."""
        return self.answers.get(("shown", source, entity)) is False

    def _as_read(self, kind: str) -> bool:
        """Tell whether the sources read in full say of findings of a kind what is stated of them, and nothing else."""
        entries, _ = self.listed("finding", kind)
        return all(
            ("shown", source, entity) in self.answers or not self._sourced(entity)
            if entity in entries
            else self._unseen(source, entity) == (source in self.read)
            for entity in self._places("finding", kind)
            for source in (self.read if entity in entries else SOURCES)
        )

    def _placing(self, entity: Term, site: str) -> bool:
        """Tell whether the levels of an entry say whether it lies at a site."""
        if not self.answers.get(("placed", entity)):
            return False
        spanning = site in SPANNING_DISCS and not self.excluded.get("lumbar_count", set()) >= {"five", "six"}
        return self._exact(entity) or spanning or not in_range(site)

    def _exact(self, entity: Term) -> bool:
        return all(("at", entity, term) in self.answers for term in self.sites.values())

    def _suspected(self, entity: Term) -> bool:
        """Tell whether anything is said of an entity that may be there by itself, or that it is not left out."""
        if name_of(entity) == "modic" and "imaging" in self.read:
            return True
        if ("present", entity) in self.absent:
            return False
        # What is no entry, a complete record leaves out, and a source read in full does not show.
        unshown = any(("shown", source, entity) not in self.answers for source in self.read)
        if name_of(entity) == "finding" and (self.absent or unshown):
            return True
        for subject in (*self.answers, *self.excluded, *self.low, *self.high):
            if isinstance(subject, tuple) and entity in subject[1:] and subject[0] not in ("present", "modic_present"):
                general = (
                    (self.unremarkable and subject[0] in _AT_ONCE)
                    or (subject[0] == "shown" and subject[1] in self.read)
                    or (subject[0] == "at" and name_of(entity) == "modic")
                )
                if not (general and self.answers.get(subject) is False):
                    return True
        return False

    def listed(self, name: str, kind: str = "") -> tuple[list[Term], bool]:
        """Return the entries of a list, and whether it is whole."""
        places = self._places(name, kind)
        last = max(
            (
                place
                for place, entity in enumerate(places, 1)
                if self.presence(entity)
                or (self.presence(entity) is None and self._suspected(entity))
                or (self.presence(entity) is None and place < len(places) and self.presence(places[place]) is not False)
            ),
            default=0,
        )
        return places[:last], last == len(places) or self.presence(places[last]) is False

    def entry(self, entity: Term) -> Record:
        """Return the entry of a finding, surgery or Modic change."""
        path = _LISTS[name_of(entity)]
        kind = str(entity[1]) if path == "findings.present[]" and isinstance(entity, tuple) else ""
        found: Record = {"kind": kind} if kind else {}
        if self.answers.get(("placed", entity)):
            here = [site for site, term in self.sites.items() if self.answers.get(("at", entity, term))]
            found["levels"] = here if self._exact(entity) else SOMEWHERE
        if not self.presence(entity):
            found["certainty"] = "suspected"
        for row in TABLE.lists[path]:
            if row.term and row.form != "levels" and (not row.kinds or kind in row.kinds):
                self._write(found, row, row.name, fill(pattern(row.term), X=entity))
        return found

    def _modic(self, record: Record) -> None:
        entries, whole = self.listed("modic")
        if entries:
            _set(record, "mri.modic_changes", [self.entry(entity) for entity in entries])
        if whole and "imaging" not in self.read:
            path, word = ("other_modic_changes", "absent") if entries else ("modic_changes", NONE)
            _set(record, f"mri.{path}", word)

    def _findings(self, record: Record) -> None:
        present: list[Record] = []
        absent: list[str] = []
        for kind in FINDING_KINDS:
            entries, whole = self.listed("finding", kind)
            present += map(self.entry, entries)
            absent += [kind] if whole else []
        for name, found in (("present", present), ("absent", absent)):
            if found:
                _set(record, f"findings.{name}", found)

    def _surgeries(self, record: Record) -> None:
        entries, whole = self.listed("surgery")
        open_ = bool(self.absent) and ("present", ("surgery", len(entries) + 1)) not in self.absent
        if entries:
            record["surgeries"] = [self.entry(entity) for entity in entries]
            if whole or open_:
                record["other_surgeries"] = "absent" if whole else UNKNOWN
        elif whole or open_:
            record["surgeries"] = NONE if whole else UNKNOWN

    def _ablations(self, record: Record) -> None:
        stated = {body: self.answers.get(("ablated", body.lower())) for body in self.room.bodies}
        details = {"ablation_completed": "completed", "ablation_thermal": "thermal"}
        entries: list[Record] = []
        for body in (body for body, held in stated.items() if held):
            known = {field: self.answers.get((fact, body.lower())) for fact, field in details.items()}
            entries.append({"bodies": [body], **{field: held for field, held in known.items() if held is not None}})
        whole = None not in stated.values()
        denied = {
            field: False
            for fact, field in details.items()
            if any(self.answers.get((fact, body.lower())) is False for body in self.room.bodies)
        }
        # Elsewhere, another may have been; of a list that is whole it is known what that one was not.
        open_bodies = [("ablated", body.lower()) for body, held in stated.items() if held is None]
        elsewhere = bool(self.absent) and not whole and not self.absent.issuperset(open_bodies)
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
        bodies = [body for body in self.room.bodies if self.answers.get(("requested", body.lower()))]
        if bodies or self.answers.get("request_made"):
            _set(record, "request.bodies", bodies or UNKNOWN)

    def _unknown(self, record: Record) -> None:
        """Write of what silence would say something that it is unknown, if nothing is stated of it."""
        for row in TABLE.plain:
            term = pattern(row.term)
            if term in self.assumable and term not in self.assumed:
                treatment = name_of(term) == "received"
                if _get(record, row.section if treatment else row.path) is None:
                    _set(record, f"{row.section}.status" if treatment else row.path, UNKNOWN)

    def _complete(self, record: Record) -> None:
        """Run the record as complete; what it does not mention and does not leave out is written as unknown."""
        record["record_complete"] = True
        for row in TABLE.plain:
            if row.closable and pattern(row.term) not in self.absent:
                paths = (row.path, *(detail.path for detail in TABLE.details.get(row.path, ())))
                if all(_get(record, path) is None for path in paths):
                    _set(record, self._beside(row, paths), UNKNOWN)
        for row in TABLE.plain:
            # A test that is not left out, although nothing is said of it, was made for a condition that may be there.
            if row.measured and _get(record, row.path) is None and pattern(row.term) not in self.absent:
                for parent in row.parents:
                    if _get(record, parent) is None and pattern(TABLE.by_path[parent].term) not in self.absent:
                        _set(record, parent, UNKNOWN)

    def _beside(self, row: Field, paths: tuple[str, ...]) -> str:
        """Return the field in which a condition is mentioned as unknown: a detail, if a test of it is left out."""
        tests = {path for path in paths if TABLE.by_path[path].measured}
        if any(pattern(TABLE.by_path[path].term) in self.absent for path in tests):
            return next(path for path in paths[1:] if path not in tests)
        return row.path


def _written(number: Range) -> Any:
    """Return a number, or its bounds, as a case file has them."""
    low, high = number.low, number.high
    if low is not None and high is not None and low != high:
        low, high = (bound.quantize(GRAIN) for bound in (low, high))
    return text_of(Range(low, high))


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


def _before(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=years, month=month + 1, day=min(day.day, 28))
