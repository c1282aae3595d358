"""Where an answer comes from: DTR's information origin and the document behind it, as the evidence of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bvn_asp.fhir import urls
from bvn_asp.fhir.text import Resource
from bvn_asp.record.statements import BY_HAND, BY_MACHINE, Document

AUTOMATIC, MANUAL = ("auto", "auto-client", "auto-server"), ("manual", "override")
"""Sources of information that no human entered, and that one did; plain `auto` is that of DTR before 2.2."""
PARTS = ("document", "date", "page", "author", "entered")
"""What can be said of a document, named as in a case file."""


def extensions_of(documents: tuple[Document, ...]) -> list[Resource]:
    """Return what an answer carries that rests on `documents`: its origin, and each document."""
    automatic = bool(documents) and all(document.entered == BY_MACHINE for document in documents)
    origin: list[Resource] = [{"url": "source", "valueCode": "auto-client" if automatic else "manual"}]
    if not automatic:
        # Who entered it, a case does not say; DTR asks for an author all the same.
        unknown = {"extension": [{"url": urls.DATA_ABSENT, "valueCode": "unknown"}]}
        origin.append({"url": "author", "extension": [{"url": "practitioner", "valueReference": unknown}]})
    return [{"url": urls.INFORMATION_ORIGIN, "extension": origin}, *map(_evidence, documents)]


def _evidence(document: Document) -> Resource:
    texts = (document.title, document.date, document.page, document.author, document.entered)
    return {
        "url": urls.EVIDENCE,
        "extension": [
            {"url": part, "valueString": text} for part, text in zip(PARTS, texts, strict=True) if text
        ],
    }  # fmt: skip


def has_extension(element: Mapping[str, Any], url: str) -> bool:
    """Tell whether an element carries an extension of this name."""
    return any(True for _ in _extensions(element, url))


def documents_of(answer: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the documents that an answer rests on, as a case file writes them.

    A document that a machine entered and a human overrode was entered by hand. Raises ValueError for an origin that
    DTR does not have.
    """
    found = [
        {name: text for part in _parts(extension) if (name := part.get("url")) in PARTS
         and isinstance(text := part.get("valueString"), str)}
        for extension in _extensions(answer, urls.EVIDENCE)
    ]  # fmt: skip
    source, author = _origin(answer)
    if not found and (source in AUTOMATIC or author):
        found = [{"author": author} if author else {}]
    if source in AUTOMATIC:
        found = [{**document, "entered": document.get("entered", BY_MACHINE)} for document in found]
    elif source in MANUAL and (author or all(document.get("entered") == BY_MACHINE for document in found)):
        found = [{**document, "entered": BY_HAND} for document in found]
    return [document for document in found if document]


def _origin(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return the source of an answer and who entered it, both empty if it does not say."""
    source = author = ""
    for extension in _extensions(answer, urls.INFORMATION_ORIGIN):
        for part in _parts(extension):
            if part.get("url") == "source":
                source = str(part.get("valueCode", ""))
            if part.get("url") == "author":
                author = next(filter(None, map(_who, _parts(part))), "")
    if source and source not in (*AUTOMATIC, *MANUAL):
        raise ValueError(f"the origin of an answer is one of {', '.join((*AUTOMATIC, *MANUAL))}, not {source[:40]!r}")
    return source, author


def _who(part: Mapping[str, Any]) -> str:
    """Return the name of the practitioner that an extension refers to, or the reference to them."""
    reference = part.get("valueReference")
    if part.get("url") != "practitioner" or not isinstance(reference, dict):
        return ""
    return str(reference.get("display") or reference.get("reference") or "")


def _extensions(element: Mapping[str, Any], url: str) -> Iterator[Mapping[str, Any]]:
    yield from (extension for extension in _parts(element) if extension.get("url") == url)


def _parts(element: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = element.get("extension")
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []
