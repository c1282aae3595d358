"""Cases that are based on others: a case states only what differs from the record that it names.

A file holds one case, or several under `cases`, each by its name; what stands beside `cases` is common to them: each
starts from it, unless it says `based_on` itself. All of this is worked out on what a file says, field by field,
before anything is checked as a case:

- fields with names go into the fields of the base, and everything else, a list too, takes the place of what was there;
- `{add: [...], remove: [...]}` in the place of a list changes the list of the base; a description of an entry, such as
  `{kind: stenosis}`, removes every entry that it fits;
- `unknown`, or nothing, takes a statement of the base away: the field is then unknown, and no complete record closes
  it;
- `story` and `expected` belong to one case, and are not taken over.

`based_on` names a case of the same file, a file in the same folder or below it (`other`, `other.yaml`,
`other#name` for one of several), or a record that comes with the package (`usual`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from bvn_asp.errors import CaseError, Problem
from bvn_asp.record.statements import NONE, UNKNOWN

BASED_ON = "based_on"
CASES = "cases"
OWN = ("story", "expected")
"""What a case does not take over from its base."""
MOST_CASES = 1000
"""Most cases of one file."""
MOST_BASES = 10
"""Most steps from a case to the record that states everything itself."""
MOST_DEPTH = 20
"""Most fields within fields."""
MOST_SHOWN = 60
"""Most characters of a name that a message repeats."""
SUFFIXES = (".yaml", ".yml", ".json")
SHIPPED = Path(__file__).with_name("shipped")
"""Where the records lie that come with the package."""

CASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


Path_ = tuple[str | int, ...]
Places = Mapping[Path_, tuple[int, ...]]
"""Where everything of a file stands: its line, and in JSON its column too."""


@dataclass(frozen=True)
class Document:
    """What a case file says: its fields, where each stands, and the folder in which it may name other files.

    `problems` are mistakes of the file that do not keep it from being read, such as a field given twice.
    """

    name: str
    content: Mapping[str, Any]
    find_places: Callable[[], Places]
    folder: Path | None = None
    problems: tuple[Problem, ...] = ()

    @cached_property
    def places(self) -> Places:
        """Where everything stands."""
        return self.find_places()

    def place(self, path: Path_) -> tuple[int, ...]:
        """Return the place of what is at `path`, or of the nearest that it lies in."""
        places = self.places
        return next((places[path[:end]] for end in range(len(path), -1, -1) if path[:end] in places), ())

    def wrong(self, path: Path_, message: str) -> CaseError:
        """Return the error that something at `path` is wrong."""
        return CaseError(self.name, [Problem(dotted(path), message, *self.place(path))])


class Layer(NamedTuple):
    """What one case states itself: the fields at `path` of a document."""

    document: Document
    path: Path_


class Stated(NamedTuple):
    """A whole record: its fields, and the layers that state them, the last word first."""

    content: dict[str, Any]
    layers: tuple[Layer, ...]

    def place(self, path: Path_) -> tuple[Layer, Path_]:
        """Return the layer that states what is at `path`, or else the nearest that it lies in, and its place there."""
        for end in range(len(path), 0, -1):
            for layer in self.layers:
                if (*layer.path, *path[:end]) in layer.document.places:
                    return layer, (*layer.path, *path[:end])
        return self.layers[0], self.layers[0].path


def records(
    document: Document, read: Callable[[Path], Document], only: str | None = None
) -> Iterator[tuple[str, Stated]]:
    """Yield the cases of `document`, whole, by name: "" if it is one case; `only` one of them if asked for.

    `read` reads another file. Raises CaseError for a name that does not exist, a circle, or a change that does not fit.
    """
    names = case_names(document)
    if only is not None and only not in names:
        raise CaseError(document.name, [Problem("", _no_such_case(only, names))])
    bases = _Bases(document.folder, read)
    for name in names if only is None else [only]:
        yield name, bases.record(document, name, ())


def case_names(document: Document) -> list[str]:
    """Return the names of the cases of `document`: only "" if it is itself one case."""
    if CASES not in document.content:
        return [""]
    cases = document.content[CASES]
    if not isinstance(cases, dict) or not cases:
        raise document.wrong((CASES,), "expected cases by name, such as `first:` with the fields of a case below it")
    if len(cases) > MOST_CASES:
        raise document.wrong((CASES,), f"expected at most {MOST_CASES} cases in one file")
    for name, content in cases.items():
        if CASE_NAME.fullmatch(name) is None:
            raise document.wrong((CASES, name), "expected a name of letters, digits, _, - and ., at most 100")
        if not isinstance(content, dict | None):
            raise document.wrong((CASES, name), "expected fields with names, one to a line")
    if "expected" in document.content:
        raise document.wrong(("expected",), "expected answers belong to one case: write them under its name")
    return list(cases)


class _Bases:
    """Finds the record that a case is based on; `root` is the folder that no name leads out of."""

    def __init__(self, root: Path | None, read: Callable[[Path], Document]) -> None:
        self._root = root.resolve() if root is not None else None
        self._read = read
        self._documents: dict[Path, Document] = {}
        self._records: dict[tuple[str, str], Stated] = {}

    def record(self, document: Document, name: str, above: tuple[tuple[str, str], ...]) -> Stated:
        """Return the whole record of a case; `above` are the cases that are based on it, by file and name."""
        known = self._records.get((document.name, name))
        if known is None:
            known = self._records[document.name, name] = self._record(document, name, above)
        return known

    def _record(self, document: Document, name: str, above: tuple[tuple[str, str], ...]) -> Stated:
        path: Path_ = (CASES, name) if name else ()
        own = dict((document.content[CASES][name] or {}) if name else document.content)
        base = own.pop(BASED_ON, None)
        here = (document.name, name)
        if CASES in own:
            raise document.wrong((*path, CASES), "a case under `cases` holds no further cases")
        if base is not None:
            return self._on(Layer(document, path), own, self._named(document, (*path, BASED_ON), base, (*above, here)))
        if not name:
            return Stated(own, (Layer(document, path),))
        common = {field: value for field, value in document.content.items() if field not in (CASES, BASED_ON)}
        shared = Stated(common, (Layer(document, ()),))
        if document.content.get(BASED_ON) is not None:
            named = self._named(document, (BASED_ON,), document.content[BASED_ON], (*above, here))
            shared = self._on(Layer(document, ()), common, named)
        return self._on(Layer(document, path), own, shared)

    def _on(self, layer: Layer, own: dict[str, Any], base: Stated) -> Stated:
        inherited = {field: value for field, value in base.content.items() if field not in OWN}
        return Stated(_changed(inherited, own, layer, layer.path), (layer, *base.layers))

    def _named(self, document: Document, path: Path_, base: Any, above: tuple[tuple[str, str], ...]) -> Stated:
        """Return the record that `base`, at `path` of `document`, names."""
        if not isinstance(base, str) or not base:
            raise document.wrong(path, "expected the name of a case, or of a file with a case")
        found = list(self._candidates(document, path, base))
        if not found:
            raise document.wrong(path, _no_such_base(document, base))
        if len(found) > 1:
            places = " and in ".join(where.name for where, _ in found)
            raise document.wrong(path, f"{base} is in {places}: give one of them another name")
        target, name = found[0]
        if (target.name, name) in above:
            circle = [_shown(item) for item in above[above.index((target.name, name)) :]]
            raise document.wrong(path, f"goes round in a circle: {', '.join(circle)}, {circle[0]}")
        if len(above) > MOST_BASES:
            raise document.wrong(path, f"more than {MOST_BASES} records lie below this case")
        return self.record(target, name, above)

    def _candidates(self, document: Document, path: Path_, base: str) -> Iterator[tuple[Document, str]]:
        beside = base in (document.content.get(CASES) or ())
        if beside:
            yield document, base
        file, sign, name = base.partition("#")
        for place in self._files(document, path, file):
            target = self._document(place)
            names = case_names(target)
            if sign and (names == [""] or name not in names):
                raise document.wrong(path, f"{target.name}: {_no_such_case(name, names)}")
            if not sign and names != [""] and beside:
                # A file of several cases is never meant by its name alone.
                continue
            if not sign and names != [""]:
                raise document.wrong(
                    path, f"{target.name} holds several cases; name one: {some(f'{file}#{n}' for n in names)}"
                )
            yield target, name
        if base in shipped():
            yield self._document(SHIPPED / f"{base}.yaml"), ""

    def _files(self, document: Document, path: Path_, file: str) -> Iterator[Path]:
        """Yield the files that `file` can mean, seen from the folder of `document`."""
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or re.search(r"[\\:\0]", file):
            raise document.wrong(path, "expected a file in the folder of this one or below it, without ..")
        if document.folder is None or self._root is None or not file:
            return
        endings = ("",) if file.lower().endswith(SUFFIXES) else SUFFIXES
        for place in (document.folder / f"{file}{ending}" for ending in endings):
            if place.is_file():
                if not place.resolve().is_relative_to(self._root):
                    raise document.wrong(path, "lies outside the folder of the case file")
                yield place

    def _document(self, place: Path) -> Document:
        key = place.resolve()
        if key not in self._documents:
            document = self._read(place)
            if document.problems:
                raise CaseError(document.name, list(document.problems))
            self._documents[key] = document
        return self._documents[key]


def _changed(base: Any, own: Any, layer: Layer, path: Path_) -> Any:
    """Return what a base states, with what a case states itself at `path`."""
    if len(path) > MOST_DEPTH:
        raise layer.document.wrong(path[:MOST_DEPTH], "nested too deeply")
    if isinstance(own, dict) and own and own.keys() <= {"add", "remove"} and not isinstance(base, dict):
        return _edited(base, own, layer, path)
    if not isinstance(base, dict):
        return own
    if own is None or own == UNKNOWN:
        return {}
    if not isinstance(own, dict):
        return own
    changed = {field: _changed(base.get(field), value, layer, (*path, field)) for field, value in own.items()}
    return base | changed


def _edited(base: Any, own: Mapping[str, Any], layer: Layer, path: Path_) -> list[Any]:
    """Return the list of a base without the entries to remove, and with those to add."""
    wrong = layer.document.wrong
    if not isinstance(base, list) and base != NONE:
        raise wrong(path, "the base states no list here: write the whole list")
    kept = list(base) if isinstance(base, list) else []
    for step in ("remove", "add"):
        if not isinstance(own.get(step, []), list):
            raise wrong((*path, step), "expected a list of entries")
    for place, entry in enumerate(own.get("remove", [])):
        rest = [item for item in kept if not _fits(item, entry)]
        if len(rest) == len(kept):
            raise wrong((*path, "remove", place), "the list of the base has no such entry")
        kept = rest
    for place, entry in enumerate(own.get("add", [])):
        if entry in kept:
            raise wrong((*path, "add", place), "the list of the base has this entry already")
        kept.append(entry)
    return kept


def _fits(item: Any, entry: Any) -> bool:
    if isinstance(item, dict) and isinstance(entry, dict):
        return bool(entry) and all(field in item and item[field] == value for field, value in entry.items())
    return bool(item == entry) and isinstance(item, bool) == isinstance(entry, bool)


def shipped() -> list[str]:
    """Return the names of the records that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def dotted(path: Path_) -> str:
    """Return `path` as people write it: `surgeries[0].levels`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{_short(step)}" for step in path).removeprefix(".")


def _short(name: str) -> str:
    """Return the name of a field so that it stays in its line, however long it is."""
    shown = name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}..."
    return shown if shown.isprintable() else ascii(shown)


def _shown(case: tuple[str, str]) -> str:
    return f"{case[0]}#{case[1]}" if case[1] else case[0]


def some(names: Iterable[str]) -> str:
    """Return the first of `names` in words, and how many more there are."""
    found = list(names)
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")


def _no_such_case(name: str, names: list[str]) -> str:
    if names == [""]:
        return f"the file is one case: there is no {name} in it"
    return f"there is no case {name}; cases here: {some(names)}"


def _no_such_base(document: Document, base: str) -> str:
    cases = document.content.get(CASES) or {}
    places = [
        *([f"the cases of this file are {some(cases)}"] if cases else []),
        *([f"there is no such file in {document.folder}"] if document.folder is not None else []),
        f"the package has {some(shipped())}",
    ]
    return f"there is no case {base}: {'; '.join(places)}"
