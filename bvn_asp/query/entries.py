"""The fields of a record and the entries of its lists, as the models of a record have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from bvn_asp.case import Case
from bvn_asp.record import FindingKind
from bvn_asp.section import Section

Path = tuple[str | int, ...]
SAMPLE_BODY, SAMPLE = "L4", Decimal(5)
"""A body and a number that every record can state."""


@dataclass(frozen=True)
class Entry:
    """An entry of a list of the record: its word, and the least record that holds one."""

    word: str
    path: Path
    base: Mapping[str, Any]
    by_body: bool = False


@dataclass(frozen=True)
class Field:
    """One field: where it stands in a case file, what it can hold, and the entry it belongs to, if any."""

    name: str
    path: Path
    words: tuple[str, ...] = ()
    listed: bool = False
    entry: Entry | None = None

    @property
    def is_number(self) -> bool:
        """Whether it holds a number."""
        return not self.words


def entries() -> Iterator[Entry]:
    """Yield the kinds of entry that the lists of a record have."""
    for kind in get_args(FindingKind):
        yield Entry(kind, ("findings", "present"), {"findings": {"present": [{"kind": kind}]}})
    for section, model in (("", Case), *((name, _part(Case, name)) for name in Case.model_fields)):
        for name in model.model_fields if model is not None else ():
            items = _items(model, name) if model is not None else None
            if items is None or name in ("present", "expected"):
                continue
            path: Path = (section, name) if section else (name,)
            by_body = "bodies" in items.model_fields
            entry = {"bodies": [SAMPLE_BODY]} if by_body else {}
            yield Entry(_word(items), path, put({}, (*path, 0), entry), by_body)


def _first(entry: Entry) -> Mapping[str, Any]:
    """Return what the least record states of the entry itself."""
    found: Any = entry.base
    for step in (*entry.path, 0):
        found = found[step]
    assert isinstance(found, Mapping)
    return found


def _word(items: type[Section]) -> str:
    return items.__name__.removesuffix("Finding").lower()


def _part(model: type[Section], name: str) -> type[Section] | None:
    kind = model.model_fields[name].annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _items(model: type[Section], name: str) -> type[Section] | None:
    """Return the model of a list's items, if the field is such a list."""
    for kind in _kinds(model.model_fields[name].annotation):
        if get_origin(kind) is tuple and isinstance(get_args(kind)[0], type):
            item = get_args(kind)[0]
            return item if issubclass(item, Section) else None
    return None


def model_of(path: Path) -> type[Section]:
    """Return the model of the entries of the list at `path`."""
    model: type[Section] = Case
    *sections, name = map(str, path)
    for section in sections:
        model = _part(model, section) or model
    found = _items(model, name)
    assert found is not None
    return found


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) not in (None, tuple, Literal) else (annotation,)


def fields(model: type[Section], path: Path, entry: Entry | None = None) -> Iterator[Field]:
    """Yield the fields of a section at `path` that hold answers, words, lists of words or numbers."""
    for name, info in model.model_fields.items():
        part = _part(model, name)
        here = (*path, name)
        if entry is not None and name in _first(entry):
            continue
        if part is not None:
            yield from fields(part, here, entry)
            continue
        for kind in _kinds(info.annotation):
            listed = get_origin(kind) is tuple
            inner = get_args(kind)[0] if listed else kind
            words = ("yes", "no") if inner is bool else get_args(inner) if get_origin(inner) is Literal else ()
            if words or inner is Decimal:
                label = ".".join((*([entry.word] if entry else []), *map(str, here)))
                yield Field(label, here, tuple(map(str, words)), listed, entry)


def put(base: Any, path: Path, value: Any) -> Any:
    """Return a copy of `base` with `value` at `path`."""
    if not path:
        return value
    head, *rest = path
    if isinstance(head, int):
        copy = list(base or [])
        copy += [{}] * (head + 1 - len(copy))
        copy[head] = put(copy[head], tuple(rest), value)
        return copy
    return {**(base or {}), head: put((base or {}).get(head), tuple(rest), value)}
