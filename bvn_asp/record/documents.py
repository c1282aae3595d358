"""What a field of a case file says, alone or with the documents that say so; and the way back to what is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bvn_asp.errors import refused
from bvn_asp.record.readers import Reader, answer, free_text
from bvn_asp.record.statements import (
    BY_HAND,
    BY_MACHINE,
    MOST_DOCUMENTS,
    NONE,
    UNKNOWN,
    Document,
    Possible,
    Range,
    Said,
    text_of,
)

MOST_TEXT = 500
"""Most characters of what is said of a document."""
_PARTS = ("value", "document", "date", "page", "author", "entered", "counts")


def said(read: Reader, value: Any, *, units: bool = False) -> Said | None:
    """Return what the content `value` of a case file says, read by `read`; None if nothing is said.

    A value can stand alone, with its document, or as a list of what several documents say; only alone, if it is itself
    a mapping of `units`. Raises ValueError.
    """
    if value is None or isinstance(value, Said):
        return value
    if _is_open(value):
        return Said()
    if isinstance(value, dict) and not units:
        return _documented(read, value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _joined(read, value)
    return Said(read(value))


def _is_open(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == UNKNOWN


def _documented(read: Reader, content: dict[str, Any]) -> Said:
    unknown = [str(name) for name in content if name not in _PARTS]
    if unknown or "value" not in content:
        raise ValueError(
            f"expected a value, or `value` with any of {', '.join(_PARTS[1:])}"
            + (f"; there is no {', '.join(unknown)}" if unknown else "; `value` is missing")
        )
    texts = {name: _text(content[name], name) for name in _PARTS[1:-1] if content.get(name) is not None}
    entered = texts.get("entered", BY_HAND)
    if entered not in (BY_HAND, BY_MACHINE):
        raise ValueError(f"entered: expected {BY_HAND} or {BY_MACHINE}{refused(entered)}")
    if content.get("counts") is not None:
        answer(content["counts"], "counts")
    document = Document(
        texts.get("document", ""), texts.get("date", ""), texts.get("page", ""), texts.get("author", ""),
        texts.get("entered", ""),
    )  # fmt: skip
    documents = (document,) if document != Document() else ()
    value = content["value"]
    # A list without entries says nothing.
    return Said(None if value is None or value == [] or _is_open(value) else read(value), documents)


def _text(value: Any, name: str) -> str:
    try:
        text = free_text(MOST_TEXT)(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return str(text).strip()


def _joined(read: Reader, items: Sequence[dict[str, Any]]) -> Said:
    if len(items) > MOST_DOCUMENTS:
        raise ValueError(f"expected at most {MOST_DOCUMENTS} documents, not {len(items)}")
    versions = tuple(_documented(read, item) for item in items)
    counting = [v for v, item in zip(versions, items, strict=True) if answer(item.get("counts", False), "counts")]
    if len(counting) > 1:
        raise ValueError(f"only one document can be marked as the one that counts, not {len(counting)}")
    if counting and counting[0].value is None:
        raise ValueError("the document that counts says unknown; mark one that states a value, or none")
    if counting:
        return Said(counting[0].value, counting[0].documents, versions)
    known = [version for version in versions if version.value is not None]
    if len({version.value for version in known}) == 1:
        return Said(known[0].value, tuple(document for version in known for document in version.documents))
    return Said(None, (), versions)


def plain_of(statement: Said, *, listed: bool = False) -> Any:
    """Return what a case file writes for `statement`; `listed` if its words are names of a list."""
    if statement.versions:
        marked = next(
            (
                place
                for place, version in enumerate(statement.versions)
                if statement.value is not None
                and (version.value, version.documents) == (statement.value, statement.documents)
            ),
            None,
        )
        return [
            {**_with_document(version, listed), **({"counts": True} if place == marked else {})}
            for place, version in enumerate(statement.versions)
        ]
    if not statement.documents:
        return _written(statement.value, listed)
    if len(statement.documents) == 1:
        return _with_document(statement, listed)
    return [_with_document(Said(statement.value, (document,)), listed) for document in statement.documents]


def _with_document(statement: Said, listed: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"value": _written(statement.value, listed)}
    for document in statement.documents[:1]:
        parts = {
            "document": document.title, "date": document.date, "page": document.page, "author": document.author,
            "entered": document.entered,
        }  # fmt: skip
        found |= {name: text for name, text in parts.items() if text}
    return found


def _written(value: Possible | None, listed: bool) -> Any:
    if listed and isinstance(value, tuple):
        return list(value) or NONE
    if isinstance(value, bool):
        return value
    if isinstance(value, Range) and value.exact is not None:
        return value.exact
    return text_of(value)
