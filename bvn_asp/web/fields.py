"""The form of a case: what the field table says of a field, as controls of a page and as what they send.

What a form sends is flat: a field is called by its path, and what belongs to it by the path, a colon and a word. The
same names carry a case into the form and out of it, so that nothing typed gets lost, read or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bvn_asp.record.field import Field
from bvn_asp.record.forms import MOST_ITEMS, MOST_UNITS
from bvn_asp.record.statements import BY_HAND, BY_MACHINE, MOST_DOCUMENTS, NONE, NOT_MEASURED, UNKNOWN
from bvn_asp.record.table import TABLE

Values = Mapping[str, tuple[str, ...]]
"""What a form holds: the texts of every control that has some, by its name."""

EXACTLY = ""
BETWEEN = "between"
NUMBER_WORDS = (EXACTLY, "at least", "more than", "at most", "less than", BETWEEN)
DATE_WORDS = (EXACTLY, "since", "after", "until", "before", BETWEEN)
"""How a number or a date can be stated; the readers of a case file know the same words."""
SOURCE_PARTS = ("document", "page", "date", "author", "entered")
"""What can be said of the document behind a statement."""
ENTERED = (BY_HAND, BY_MACHINE)
HERE, STATE, HOW, TO, OTHER, COUNTS = "here", "state", "how", "to", "other", "counts"
_MANY = ("choice", "names", "levels", "bodies")
_LISTED = ("names", "levels", "bodies")
_PLACES = {str(place): place for place in range(MOST_ITEMS)}


def anchor(path: str) -> str:
    """Return what the element of the field at `path` is called on the page."""
    return "f-" + re.sub(r"[^a-z0-9_]+", "-", path.lower()).strip("-")


def words_for(row: Field) -> tuple[str, ...]:
    """Return how a number or a date of `row` can be stated, last what leaves it open."""
    measured = (NOT_MEASURED,) if row.measured else ()
    return (*(NUMBER_WORDS if row.form == "number" else DATE_WORDS), *measured, UNKNOWN)


def entries(values: Values, path: str) -> list[int]:
    """Return the places of the entries that the list at `path` has in a form."""
    begin, end = f"{path.removesuffix('[]')}[", f"]:{HERE}"
    places = (name[len(begin) : -len(end)] for name in values if name.startswith(begin) and name.endswith(end))
    return sorted(place for place in map(_PLACES.get, places) if place is not None)


def known_names(values: Mapping[str, object]) -> Iterator[str]:
    """Yield the names among those that were sent that a form has."""
    for name in values:
        if TABLE.row_at(name.partition(":")[0]) is not None or name.partition(":")[2] == HERE:
            yield name


# --- from a form to a case -----------------------------------------------------------------------------------------


def content_of(values: Values) -> dict[str, Any]:
    """Return what a case file would say, in place of what `values` say."""
    content: dict[str, Any] = {}
    # Few of the fields are filled, and what is typed is read again with every key.
    filled = {name.partition(":")[0] for name in values}
    for row in TABLE.plain:
        if row.path in filled:
            _put(content, row.path, _stated(row, row.path, values))
    for list_path, rows in TABLE.lists.items():
        name = list_path.removesuffix("[]")
        found: list[dict[str, Any]] = []
        for place in entries(values, list_path):
            entry: dict[str, Any] = {}
            for row in rows:
                path = f"{name}[{place}].{row.name}"
                if path in filled:
                    _put(entry, row.name, _stated(row, path, values))
            found.append(entry)
        _put(content, name, found or _one(values, f"{name}:{STATE}"))
    return content


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    if value in (None, "", [], {}):
        return
    *sections, name = path.split(".")
    for section in sections:
        content = content.setdefault(section, {})
    content[name] = value


def _one(values: Values, name: str) -> str:
    texts = values.get(name)
    return next((text.strip() for text in texts if text.strip()), "") if texts else ""


def _stated(row: Field, path: str, values: Values) -> Any:
    """Return what is stated of a field: a value, one with its document, or what several documents say."""
    first = _value(row, path, values)
    statements = [(first, path)]
    for place in range(2, MOST_DOCUMENTS + 1):
        text = _one(values, f"{path}:{place}")
        if text:
            statements.append((_split(text) if row.form in _LISTED else text, f"{path}:{place}"))
    documented = [_documented(value, name, values, several=len(statements) > 1) for value, name in statements]
    return documented[0] if len(documented) == 1 else [item for item in documented if item not in (None, "", [])]


def _documented(value: Any, name: str, values: Values, *, several: bool) -> Any:
    if value in (None, "", []):
        return None
    source = {part: text for part in SOURCE_PARTS if (text := _one(values, f"{name}:{part}"))}
    counts = {COUNTS: True} if several and _one(values, f"{name}:{COUNTS}") else {}
    return {"value": value, **source, **counts} if source or several else value


def _value(row: Field, path: str, values: Values) -> Any:  # noqa: PLR0911  one for each form
    chosen = [text for text in values.get(path, ()) if text.strip()]
    if UNKNOWN in chosen:
        return UNKNOWN
    match row.form:
        case "choice":
            return " or ".join(chosen)
        case "names" if row.values:
            return NONE if NONE in chosen else chosen
        case "names" | "levels" | "bodies":
            return [*chosen, *_split(_one(values, f"{path}:{OTHER}"))]
        case "number" | "date":
            return _bounded(_one(values, f"{path}:{HOW}"), _one(values, path), _one(values, f"{path}:{TO}"))
        case "units":
            codes = [name.partition("@")[2] for name in values if name.startswith(f"{path}:@")]
            return {code: _count(text) for code in codes if (text := _one(values, f"{path}:@{code}"))}
        case _:
            # The text of a story keeps its lines.
            return "\n".join(chosen) if row.form == "text" else _one(values, path)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _bounded(how: str, text: str, upper: str) -> str:
    if how in (UNKNOWN, NOT_MEASURED):
        return how
    if how == BETWEEN:
        return f"{text} to {upper}" if text and upper else text or upper
    return f"{how} {text}".strip() if text else ""


def _count(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and int(text[:9]) <= MOST_UNITS else text


# --- from a case to a form -----------------------------------------------------------------------------------------


def values_of(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return what a form holds for a case whose `content` is written as a case file writes it."""
    values: dict[str, tuple[str, ...]] = {}
    for row in TABLE.plain:
        _fill(values, row, row.path, _at(content, row.path))
    for path, rows in TABLE.lists.items():
        name = path.removesuffix("[]")
        found = _at(content, name)
        if isinstance(found, str):
            values[f"{name}:{STATE}"] = (found,)
        for place, entry in enumerate(found if isinstance(found, list) else ()):
            values[f"{name}[{place}]:{HERE}"] = ("1",)
            for row in rows:
                _fill(values, row, f"{name}[{place}].{row.name}", entry.get(row.name))
    return values


def _at(content: Mapping[str, Any], path: str) -> Any:
    found: Any = content
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _fill(values: dict[str, tuple[str, ...]], row: Field, path: str, stated: Any) -> None:
    if stated is None or stated == []:
        return
    several = isinstance(stated, list) and all(isinstance(item, Mapping) for item in stated)
    for place, item in enumerate(stated if several else [stated], 1):
        name = path if place == 1 else f"{path}:{place}"
        value = item
        if isinstance(item, Mapping) and row.form != "units":
            value = item.get("value")
            for part in (*SOURCE_PARTS, COUNTS):
                if item.get(part):
                    values[f"{name}:{part}"] = (_word(item[part]),)
        if place == 1:
            values |= dict(_controls(row, path, value))
        else:
            texts = value if isinstance(value, list) else [value]
            values[name] = (", ".join(map(_word, texts)),)


def _word(value: Any) -> str:
    return "yes" if value is True else "no" if value is False else str(value)


def _controls(row: Field, path: str, value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if row.form == "units" and isinstance(value, Mapping):
        yield from ((f"{path}:@{code}", (str(count),)) for code, count in value.items())
        return
    text = ", ".join(map(_word, value)) if isinstance(value, list) else _word(value)
    if row.form in ("number", "date"):
        yield from _shown_bound(row, path, text)
    elif row.form == "choice":
        yield path, tuple(text.split(" or "))
    elif row.form in ("levels", "bodies") or (row.form == "names" and not row.values):
        offered = {*offered_levels(row), UNKNOWN}
        words = [_word(item) for item in value] if isinstance(value, list) else [text]
        yield path, tuple(word for word in words if word in offered)
        others = [word for word in words if word not in offered]
        if others:
            yield f"{path}:{OTHER}", (", ".join(others),)
    else:
        yield path, tuple(map(_word, value)) if isinstance(value, list) else (text,)


def _shown_bound(row: Field, path: str, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if text in (UNKNOWN, NOT_MEASURED):
        yield f"{path}:{HOW}", (text,)
        return
    low, to, high = text.partition(" to ")
    if to:
        yield from ((path, (low,)), (f"{path}:{TO}", (high,)), (f"{path}:{HOW}", (BETWEEN,)))
        return
    how = next((word for word in words_for(row) if word and text.startswith(f"{word} ")), EXACTLY)
    yield path, (text.removeprefix(how).strip(),)
    if how:
        yield f"{path}:{HOW}", (how,)


def offered_levels(row: Field) -> tuple[str, ...]:
    """Return the places that the form offers for a field, others are typed: bodies of the policy's range, their discs.

    A field that is not of places offers nothing.
    """
    from bvn_asp.policy.loading import shipped_policy
    from bvn_asp.record.anatomy import OPTIONAL_BODIES, SOMEWHERE, discs_between

    if row.form not in ("levels", "bodies"):
        return ()
    bodies = tuple(body for body in shipped_policy().bodies_in_range if body not in OPTIONAL_BODIES)
    discs = [f"{upper}-{lower}" for upper, lower in discs_between(bodies)]
    return bodies if row.form == "bodies" else (*bodies, *discs, SOMEWHERE)
