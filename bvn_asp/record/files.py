"""Case files: YAML or JSON text to a `Case`, or a `CaseError` that lists every mistake with its line and field."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails, ValidationError

from bvn_asp.errors import CaseError, Problem, refused
from bvn_asp.record.bases import (
    SUFFIXES,
    Document,
    Places,
    Stated,
    dotted,
    records,
    some,
)
from bvn_asp.record.case import Case
from bvn_asp.record.yamltext import EMPTY, read_yaml

MOST_BYTES = 1_000_000

_STDIN = "<standard input>"


Translation = Callable[[Document], Document]
"""Makes the document of a case of one that states it in another form; raises CaseError."""
_translations: dict[str, Translation] = {}
"""By the `resourceType` that a document says it has."""


def translate(kind: str, translation: Translation) -> None:
    """Read documents whose `resourceType` is `kind` by `translation` from now on, wherever a case is read."""
    _translations[kind] = translation


class Given(NamedTuple):
    """A case, and the fields of the record as they were given, those of its bases written out."""

    case: Case
    content: Mapping[str, Any]


def load_case(path: str | Path) -> Case:
    """Read the one case of the file at `path`, or of several the one named as FILE#NAME.

    Raises CaseError if it cannot be read or holds a mistake.
    """
    return _only(load_cases(path), str(path))


def load_cases(path: str | Path) -> dict[str, Case]:
    """Read every case of the file at `path`: by FILE#NAME if it holds several, by FILE if it is one.

    Raises CaseError if it cannot be read or one of its cases holds a mistake.
    """
    return _cases(load_given(path))


def load_given(path: str | Path) -> dict[str, Given]:
    """Read every case of the file at `path` with what was given of it; see `load_cases`."""
    try:
        file, sign, name = str(path).rpartition("#")
        if sign and not Path(path).exists() and Path(file).is_file():
            return _given(_load(Path(file)), name)
    except (OSError, ValueError):
        # A name that no file can have: what is wrong with it is said when it is read.
        pass
    return _given(_load(Path(path)))


def read_case(data: bytes | str, name: str = "<case>", *, is_json: bool = False) -> Case:
    """Read a case from the text or bytes of a file called `name`; raise CaseError on any mistake.

    It can be based on a record of the package, and not on files.
    """
    return _only(read_cases(data, name, is_json=is_json), name)


def read_cases(data: bytes | str, name: str = "<cases>", *, is_json: bool = False) -> dict[str, Case]:
    """Read every case from the text or bytes of a file called `name`; see `load_cases` and `read_case`."""
    return _cases(_given(_translated(_document(data, name, is_json=is_json))))


def read_content(content: Mapping[str, Any]) -> Case:
    """Return the case that `content` states, plain values as in a case file; raise CaseError."""
    return read_case(json.dumps(content), "the case", is_json=True) if content else Case()


def json_document(path: Path, most: int = MOST_BYTES) -> Document:
    """Return what the JSON file at `path` says, or standard input if it is `-`, before any of it is checked.

    Raises CaseError if it is no JSON object, has more than `most` bytes, or gives a field twice.
    """
    data, name = (_standard_input(most), _STDIN) if str(path) == "-" else (_bytes(path, most), str(path))
    return json_of(data, name, most)


def json_of(data: bytes, name: str, most: int = MOST_BYTES) -> Document:
    """Return what JSON called `name` says; see `json_document`."""
    document = _document(data, name, is_json=True, most=most)
    if document.problems:
        raise CaseError(document.name, list(document.problems))
    return document


def case_of(document: Document) -> Case:
    """Return the one case that `document` states; raise CaseError with every mistake."""
    return _only(_cases(_given(document)), document.name)


def _load(path: Path) -> Document:
    """Return what the file at `path` says as the document of a case."""
    is_json = path.suffix.lower() == ".json"
    return _translated(_document(_bytes(path, MOST_BYTES), str(path), is_json=is_json, folder=path.parent))


def _bytes(path: Path, most: int) -> bytes:
    """Return what is in the file at `path`, at most one byte more than `most`."""
    name = str(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise CaseError(name, [Problem("", "not a regular file; write - for standard input")])
        with path.open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        # A name with a NUL character is a ValueError.
        reason = getattr(error, "strerror", None) or error
        raise CaseError(name, [Problem("", f"cannot be read: {reason}")]) from None


def _document(
    data: bytes | str, name: str, *, is_json: bool, folder: Path | None = None, most: int = MOST_BYTES
) -> Document:
    """Return what a file says, before any of it is checked as a case; raise CaseError if it has no fields."""
    text = _text(data, name, most)
    content, problems, places = _read_json(text, name) if is_json else read_yaml(text, name)
    if not isinstance(content, dict):
        raise CaseError(name, [Problem("", "expected fields with names, such as `patient:`", 1)])
    return Document(name, content, places, folder, tuple(problems))


def _translated(document: Document) -> Document:
    kind = document.content.get("resourceType")
    if not isinstance(kind, str):
        return document
    if kind not in _translations:
        known = " or ".join(_translations) or "none"
        raise document.wrong(
            ("resourceType",),
            f"resources that are read as a case: {known}{refused(kind)}; what reads others: bvn manual fhir",
        )
    return _translations[kind](document)


def _cases(given: Mapping[str, Given]) -> dict[str, Case]:
    return {id: found.case for id, found in given.items()}


def _given(document: Document, only: str | None = None) -> dict[str, Given]:
    """Return the cases of `document` by FILE#NAME, or by FILE if it is one; raise CaseError with every mistake."""
    cases: dict[str, Given] = {}
    wrong: list[tuple[ErrorDetails, Stated]] = []
    for name, stated in records(document, _load, only):
        try:
            case = Case.model_validate(stated.content)
            cases[f"{document.name}#{name}" if name else document.name] = Given(case, stated.content)
        except ValidationError as error:
            wrong += [(detail, stated) for detail in error.errors(include_url=False)]
    if document.problems or wrong:
        # A case without mistakes starts without it.
        from bvn_asp.record.mistakes import listed

        raise CaseError(document.name, listed(document, wrong))
    return cases


def _only(cases: dict[str, Case], file: str) -> Case:
    if len(cases) > 1:
        names = some(id.rpartition("#")[2] for id in cases)
        raise CaseError(file, [Problem("", f"holds several cases; name one as FILE#NAME: {names}")])
    return next(iter(cases.values()))


def _text(data: bytes | str, name: str, most: int) -> str:
    """Return the text of a file; raise CaseError if it is none, too long, or empty."""
    if len(data) > most:
        raise CaseError(name, [Problem("", f"larger than {most:,} bytes, the most that such a file may have")])
    if isinstance(data, str):
        text = data
    else:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise CaseError(name, [Problem("", "not UTF-8 text but UTF-16; save it as UTF-8")])
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            words = f"not UTF-8 text: byte {error.start} ({error.reason}); save it as UTF-8"
            raise CaseError(name, [Problem("", words, line)]) from None
    text = text.removeprefix("\ufeff")
    for found in re.finditer("[\0\ud800-\udfff]", text):
        what = "a NUL character" if found[0] == "\0" else "half of a character (a lone surrogate)"
        line = text.count("\n", 0, found.start()) + 1
        raise CaseError(name, [Problem("", f"holds {what}; save it as UTF-8 text", line)])
    if not text.strip():
        raise CaseError(name, [Problem("", EMPTY)])
    return text


def _read_json(text: str, name: str) -> tuple[Any, list[Problem], Callable[[], Places]]:
    # A case in YAML starts without it.
    import json

    from bvn_asp.record.jsontext import JsonText

    try:
        read = JsonText(text)
    except json.JSONDecodeError as error:
        raise CaseError(name, [Problem("", f"not JSON: {error.msg}", error.lineno, error.colno)]) from None
    except RecursionError:
        raise CaseError(name, [Problem("", "nested too deeply")]) from None
    problems = [
        Problem(dotted(path), f"the field is given twice, first on line {first.line}, column {first.column}", *place)
        for path, first, place in read.repeated()
    ]
    return read.value, problems, read.places


def is_folder(path: Path) -> bool:
    """Tell whether `path` is a folder; a name that no file can have is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def case_files(paths: list[Path]) -> Iterator[Path]:
    """Yield the files among `paths` and the case files in the folders among them, sorted; `-` is standard input.

    Hidden files and folders are passed over, unless they are named.
    """
    for path in paths:
        if is_folder(path):
            found = (item for item in path.rglob("*") if item.suffix.lower() in SUFFIXES and item.is_file())
            yield from sorted(i for i in found if not any(part.startswith(".") for part in i.relative_to(path).parts))
        else:
            yield path


def cases_at(path: Path) -> dict[str, Case]:
    """Read every case at `path`, or on standard input if it is `-`; see `load_cases`."""
    return _cases(given_at(path))


def given_at(path: Path) -> dict[str, Given]:
    """Read every case at `path`, or on standard input, with what was given of it; see `cases_at`."""
    if str(path) != "-":
        return load_given(path)
    cases = _given(_translated(_document(_standard_input(MOST_BYTES), _STDIN, is_json=False)))
    return {f"-{id.removeprefix(_STDIN)}": given for id, given in cases.items()}


def _standard_input(most: int) -> bytes:
    if sys.stdin is None:
        raise CaseError(_STDIN, [Problem("", "it is closed; name a file")])
    try:
        return sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise CaseError(_STDIN, [Problem("", f"cannot be read: {error.strerror or error}")]) from None


def case_at(path: Path) -> Case:
    """Read the one case at `path`, or on standard input if it is `-`; see `load_case`."""
    return _only(cases_at(path), str(path))
