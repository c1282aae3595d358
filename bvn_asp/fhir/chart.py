"""A chart as a case: what the resources of a Bundle state about one patient, each statement with its resource.

Nothing is inferred. A statement that the resources make in several ways is made once, with each of them as its
document; where they disagree, the field is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from bvn_asp.errors import CaseError
from bvn_asp.fhir.joining import joined
from bvn_asp.fhir.resource import Element
from bvn_asp.fhir.stating import NO_CODE, NO_IMAGING, READERS, LeftOut, Report, Statement, source_of, stated
from bvn_asp.record.files import read_content

UUID = "urn:uuid:"


class Chart(NamedTuple):
    """The content of a case file, what it was made of, what was left out, and the imaging reports to be read."""

    content: dict[str, Any]
    used: tuple[Statement, ...]
    left_out: tuple[LeftOut, ...]
    reports: tuple[Report, ...]


class _Entry(NamedTuple):
    """A resource of a Bundle, and the address under which others refer to it."""

    url: str
    resource: Element


def gather(bundle: Element) -> Chart:
    """Return what `bundle` states; raise CaseError with its place for what is malformed, or for two patients."""
    if bundle.text("type") == "history":
        raise bundle.wrong("type", "expected the resources as they are now, not their history")
    entries = list(_entries(bundle))
    about = _Subject(bundle, entries)
    statements: list[Statement] = []
    left_out: list[LeftOut] = []
    reports: list[Report] = []
    for entry in entries:
        if entry.resource.type not in READERS:
            left_out.append(LeftOut(entry.resource.type[:64], "is no kind of resource that states a field"))
            continue
        stranger = about.stranger(entry.resource)
        if stranger:
            left_out.append(LeftOut(source_of(entry.resource), stranger))
            continue
        for found in stated(entry.resource):
            match found:
                case Statement():
                    statements.append(found)
                case LeftOut():
                    left_out.append(found)
                case Report():
                    reports.append(found)
    content, used, dropped = joined(statements)
    try:
        read_content(content)
    except CaseError as error:
        raise CaseError(bundle.document.name, error.problems) from None
    return Chart(content, tuple(used), (*left_out, *dropped), tuple(reports))


def listing(chart: Chart) -> Iterator[str]:
    """Yield in a line each what was used, what was left out and why, and what a person has to read."""
    yield f"Used ({len(chart.used)})"
    for statement in chart.used:
        details = "".join(f", {name} {_word(value)}" for name, value in statement.more)
        yield f"  {statement.field}: {_word(statement.value)}{details}  [{statement.document['document']}]"
    yield f"Left out ({len(chart.left_out)})"
    for line, count in Counter(_left(item) for item in chart.left_out).items():
        yield f"  {line}" if count == 1 else f"  {count} x {line}"
    if chart.reports:
        yield f"Imaging reports, which a person has to read ({len(chart.reports)})"
        for report in chart.reports:
            yield f"  {report.source}{f', {report.date}' if report.date else ''}"


def _left(item: LeftOut) -> str:
    """Return why a resource is left out; those that could not have stated anything are counted by their kind."""
    counted = item.why in (NO_CODE, NO_IMAGING)
    source = item.source.partition("/")[0].partition(" ")[0] if counted else item.source
    return f"{source}: {item.why}"


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _entries(bundle: Element) -> Iterator[_Entry]:
    """Yield the resources of `bundle`; raise CaseError for one without a type, or that is there twice."""
    seen: set[str] = set()
    for entry in bundle.many("entry"):
        resource = entry.one("resource")
        if resource is None:
            continue
        if not resource.type:
            raise resource.wrong("resourceType", "the type of the resource is missing")
        url, id = entry.text("fullUrl"), resource.text("id")
        names = {name for name in (url, f"{resource.type}/{id}" if id else "") if name}
        if names & seen:
            raise resource.wrong("", f"the same resource is there twice: {min(names & seen)[:80]}")
        seen |= names
        if not id and url.startswith(UUID):
            # What no server keeps yet has no id: its address in the Bundle stands for it.
            resource = replace(resource, content={**resource.content, "id": url.removeprefix(UUID)})
        yield _Entry(url, resource)


class _Subject:
    """The one patient whom the statements of a Bundle are about."""

    def __init__(self, bundle: Element, entries: Iterable[_Entry]) -> None:
        patients = [entry for entry in entries if entry.resource.type == "Patient"]
        if len(patients) > 1:
            raise patients[1].resource.wrong("", "expected a chart of one patient: this is another one")
        self.names: set[str] = set()
        if patients:
            url, patient = patients[0]
            id = patient.text("id")
            self.names = {name for name in (url, f"Patient/{id}" if id else "") if name}
        else:
            named = {_reference(entry.resource) for entry in entries if entry.resource.type in READERS} - {""}
            if len(named) > 1:
                raise bundle.wrong(
                    "entry", f"expected a chart of one patient: it speaks of {', '.join(sorted(named)[:3])[:200]}"
                )
            self.names = named

    def stranger(self, resource: Element) -> str:
        """Return why a resource is not about the patient; empty if it is."""
        if resource.type == "Patient":
            return ""
        named = _reference(resource)
        if not named:
            return "does not say whom it is about"
        local = "/".join(named.split("/_history/")[0].split("/")[-2:])
        return "" if named in self.names or local in self.names else "is about somebody else"


def _reference(resource: Element) -> str:
    """Return whom a resource is about, as it refers to them; empty if it does not say."""
    subject = resource.one("patient" if resource.type == "Device" else "subject")
    return subject.text("reference") if subject is not None else ""
