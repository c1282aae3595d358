"""A FHIR resource in JSON, read part by part: what is of another shape is an error that says where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvn_asp.errors import CaseError, refused
from bvn_asp.record.files import json_document

if TYPE_CHECKING:
    from bvn_asp.record.bases import Document, Path_

MOST_BYTES = 50_000_000
"""Most bytes of a file: a whole chart with its notes stays far below."""
MOST_PLACES = 40
"""Most digits of a number, before its point and behind it, that is handed back."""
MOST_DEPTH = 80
"""Most fields within fields of what is handed back."""

_DATE = re.compile(r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?:T.*)?")


@dataclass(frozen=True)
class Element:
    """A JSON object of a resource, and where it stands in its file."""

    document: Document
    content: dict[str, Any]
    path: Path_ = ()

    def wrong(self, name: str, message: str) -> CaseError:
        """Return the error that the field `name`, or the object itself if it is empty, is wrong."""
        return self.document.wrong((*self.path, name) if name else self.path, message)

    def text(self, name: str) -> str:
        """Return the text of a field, empty if it is not there."""
        value = self.content.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, f"expected text{refused(value)}")
        return value

    def number(self, name: str) -> Decimal | None:
        """Return the number of a field as it is written; None if it is not there."""
        value = self.content.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.wrong(name, f"expected a number{refused(value)}")
        number = Decimal(value)
        if not number.is_finite():
            raise self.wrong(name, f"expected a number{refused(value)}")
        return number

    def one(self, name: str) -> Element | None:
        """Return the object in a field; None if it is not there."""
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, f"expected an object with fields{refused(value)}")
        return Element(self.document, value, (*self.path, name))

    def many(self, name: str) -> Iterator[Element]:
        """Yield the objects of the list in a field; none if it is not there."""
        value = self.content.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, f"expected a list{refused(value)}")
        for place, item in enumerate(value):
            path: Path_ = (*self.path, name, place)
            if not isinstance(item, dict):
                raise self.document.wrong(path, f"expected an object with fields{refused(item)}")
            yield Element(self.document, item, path)

    @property
    def type(self) -> str:
        """The type of a resource."""
        return self.text("resourceType")


def check_numbers(document: Document, value: Any, path: Path_) -> None:
    """Raise CaseError for a number that is none in JSON, or so long that nobody meant it, before it is handed back."""
    if len(path) > MOST_DEPTH:
        raise document.wrong(path, "nested too deeply")
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) <= MOST_PLACES):
        raise document.wrong(path, "expected a number of a size that occurs")
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        check_numbers(document, part, (*path, name))


def resource_at(path: Path, *types: str) -> Element:
    """Return the resource in the file at `path`, or on standard input if it is `-`.

    Raises CaseError if it is none of these types, or cannot be read.
    """
    document = json_document(path, MOST_BYTES)
    resource = Element(document, dict(document.content))
    if resource.type not in types:
        found = refused(resource.type) if resource.type else ", but there is none"
        raise resource.wrong("resourceType", f"expected {' or '.join(types)}{found}")
    return resource


def resources_of(bundle: Element) -> Iterator[Element]:
    """Yield the resources of a Bundle; raise CaseError for an entry that is none."""
    for entry in bundle.many("entry"):
        resource = entry.one("resource")
        if resource is None:
            continue
        if not resource.type:
            raise resource.wrong("resourceType", "the type of the resource is missing")
        yield resource


def codes_of(concept: Element | None) -> Iterator[tuple[str, str]]:
    """Yield system and code of every coding of a CodeableConcept."""
    for coding in concept.many("coding") if concept is not None else ():
        if coding.text("code"):
            yield coding.text("system"), coding.text("code")


def date_of(element: Element, name: str) -> str:
    """Return the day, month or year of a date, without the time of the day; empty if it is not there."""
    text = element.text(name)
    match = _DATE.fullmatch(text)
    if text and match is None:
        raise element.wrong(name, f"expected a date such as 2025-03-14, 2025-03 or 2025{refused(text)}")
    return match[1] if match is not None else ""


def period_of(element: Element, name: str) -> str:
    """Return a period as a case file writes bounds of a date; empty if it is not there."""
    period = element.one(name)
    if period is None:
        return ""
    start, end = date_of(period, "start"), date_of(period, "end")
    if start and end:
        return start if start == end else f"{start} to {end}"
    return f"since {start}" if start else f"until {end}" if end else ""
