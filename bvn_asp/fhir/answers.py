"""Answers to the questionnaire as a case: a response is checked against what was asked, and every mistake has a place.

What is answered is written as in a case file and read like one, so that a response can state nothing that a case file
cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bvn_asp.errors import CaseError, Problem, refused
from bvn_asp.fhir.contained import KNOWN, NotDerivedError, questionnaire_of
from bvn_asp.fhir.evidence import documents_of, has_extension
from bvn_asp.fhir.items import HELP, WORDS, Item, by_link
from bvn_asp.fhir.questionnaire import version
from bvn_asp.fhir.urls import COVERAGE, INFORMATION_ORIGIN
from bvn_asp.fhir.values import documented, joined, value_of
from bvn_asp.record.bases import MOST_DEPTH, Document, Path_, Places, dotted
from bvn_asp.record.synonyms import suggestions

STATUSES = ("in-progress", "completed", "amended", "stopped")
"""Statuses of a response that is read; one that was entered in error states nothing."""


class Read(NamedTuple):
    """A response as the document of a case, and in a clause each what it lacks and does not need."""

    document: Document
    remarks: tuple[str, ...]


def read(document: Document) -> Read:
    """Return what the response in `document` states; raise CaseError with every mistake and its place."""
    reader = _Reader(document)
    content = reader.content()
    if reader.problems:
        found = [*document.problems, *reader.problems]
        raise CaseError(document.name, sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0)))
    # Where everything stands takes longer to find than all else, and is asked for by mistakes alone.
    places = reader.places

    def find_places() -> Places:
        return {path: document.place(place) for path, place in places.items()}

    return Read(replace(document, content=content, find_places=find_places), tuple(reader.remarks()))


class _Entry(NamedTuple):
    """Where answers go: into the content of the case, or of an entry of `list`, which stands at `path` of the case."""

    content: dict[str, Any]
    path: Path_ = ()
    list: str = ""


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []
        self.places: dict[Path_, Path_] = {(): ()}
        self._without_origin = 0
        self._items: Mapping[str, Item] = by_link(whole=True)
        self._asked: str | None = None
        self._answered: dict[Path_, Path_] = {}

    def content(self) -> dict[str, Any]:
        """Return the content of a case file."""
        resource = self._document.content
        self._check_questionnaire()
        if resource.get("status") not in STATUSES:
            self._wrong(("status",), f"expected {', '.join(STATUSES)}{refused(resource.get('status', 'nothing'))}")
        found: dict[str, Any] = {}
        self._read(resource, (), _Entry(found))
        self._units(found.get("request", {}))
        return found

    def remarks(self) -> Iterator[str]:
        """Yield what the response does not say."""
        resource = self._document.content
        if self._asked is None:
            yield "it names no questionnaire, and is read as answers to that of this program"
        elif "|" not in self._asked:
            yield f"it names no version of the questionnaire, and is read as answers to {version()}"
        if self._without_origin:
            yield f"{self._without_origin} of its answers do not say who or what gave them (information-origin)"
        if not has_extension(resource, COVERAGE):
            yield "it does not name the coverage that it is for (qr-coverage)"

    def _wrong(self, path: Path_, message: str) -> None:
        self.problems.append(Problem(dotted(path), message, *self._document.place(path)))

    def _check_questionnaire(self) -> None:
        """Find out what was asked, and say so if it is another questionnaire or another version of it."""
        try:
            place, canonical = questionnaire_of(self._document.content)
        except NotDerivedError as error:
            self._wrong(error.place, str(error))
            return
        if canonical is None:
            return
        url, sign, named = canonical.partition("|") if isinstance(canonical, str) else ("", "", "")
        if url not in KNOWN:
            self._wrong(place, f"expected answers to {' or '.join(KNOWN)}{refused(canonical)}")
            return
        self._asked = canonical
        self._items = by_link(whole=KNOWN[url])
        if sign and named != version():
            self._wrong(place, f"answers to version {named[:40]} of the questionnaire, and this program asks version "
                        f"{version()}; answer that of `bvn fhir questionnaire`")  # fmt: skip

    # --- items ---

    def _read(self, parent: Mapping[str, Any], path: Path_, entry: _Entry) -> None:
        """Read the items of `parent`, which stands at `path`."""
        if len(path) > MOST_DEPTH:
            self._wrong(path, "nested too deeply")
            return
        for place, item in self._elements(parent, path, "item"):
            link = item.get("linkId")
            found = self._items.get(link) if isinstance(link, str) else None
            if found is None and not (isinstance(link, str) and link.endswith(HELP)):
                self._wrong((*place, "linkId"), self._no_such(link))
            elif found is not None and _list_of(found) != entry.list:
                self._wrong(place, f"{link} belongs into {_list_of(found) or 'no entry of a list'}")
            elif found is not None and found.kind == "group":
                self._group(found, item, place, entry)
            elif found is not None:
                self._question(found, item, place, entry)

    def _elements(self, parent: Mapping[str, Any], path: Path_, name: str) -> Iterator[tuple[Path_, dict[str, Any]]]:
        """Yield the elements of a list of `parent` with their places."""
        value = parent.get(name, [])
        if not isinstance(value, list):
            self._wrong((*path, name), f"expected a list{refused(value)}")
            return
        for number, element in enumerate(value):
            if isinstance(element, dict):
                yield (*path, name, number), element
            else:
                self._wrong((*path, name, number), f"expected fields with names{refused(element)}")

    def _no_such(self, link: Any) -> str:
        if not isinstance(link, str):
            return f"expected the linkId of a question{refused('nothing' if link is None else link)}"
        meant = suggestions(link, self._items)
        return f"nothing is asked under this linkId{refused(link)}" + (f"; did you mean {meant[0]}?" if meant else "")

    def _group(self, found: Item, item: Mapping[str, Any], place: Path_, entry: _Entry) -> None:
        if item.get("answer"):
            self._wrong((*place, "answer"), f"{found.link} is a group, and takes no answer itself")
        if not found.repeats:
            self._read(item, place, entry)
            return
        names = found.link.removesuffix("[]").split(".")
        listed = _section(entry.content, names[:-1]).setdefault(names[-1], [])
        if not isinstance(listed, list):
            self._wrong(place, f"{'.'.join(names)} is answered by {listed}, and has an entry")
            return
        path: Path_ = (*names, len(listed))
        listed.append({})
        self.places.setdefault(tuple(names), place)
        self.places[path] = place
        self._read(item, place, _Entry(listed[-1], path, found.link))

    def _question(self, found: Item, item: Mapping[str, Any], place: Path_, entry: _Entry) -> None:
        answers = list(self._elements(item, place, "answer"))
        if item.get("item") or any(answer.get("item") for _, answer in answers):
            self._wrong(place, f"nothing is asked below {found.link}")
        # A number can be answered by its two bounds.
        if len(answers) > 1 and not found.repeats and found.kind not in ("quantity", "decimal"):
            self._wrong(answers[1][0], f"{found.link} takes one answer, not {len(answers)}")
            return
        values: list[Any] = []
        documents: list[dict[str, str]] = []
        for path, answer in answers:
            self._without_origin += not has_extension(answer, INFORMATION_ORIGIN)
            try:
                values.append(value_of(found, answer))
                documents += [one for one in documents_of(answer) if one not in documents]
            except ValueError as error:
                self._wrong(path, f"{found.link}: {error}")
        if not answers or len(values) < len(answers):
            return
        try:
            self._state(found, documented(joined(found, values), documents), place, entry)
        except ValueError as error:
            self._wrong(place, f"{found.link}: {error}")

    def _state(self, found: Item, value: Any, place: Path_, entry: _Entry) -> None:
        """Put what is answered where a case file has it."""
        names = found.link.removesuffix(WORDS).removeprefix(f"{entry.list}.").split(".")
        path = (*entry.path, *names)
        first = self._answered.setdefault(path, place)
        if first != place:
            raise ValueError(f"answered twice, first at {dotted(first)}")
        section = _section(entry.content, names[:-1])
        if names[-1] in section:
            raise ValueError(f"answered by {value}, and has an entry")
        section[names[-1]] = value
        self.places[path] = place

    def _units(self, request: dict[str, Any]) -> None:
        """Put the units, which are answered in entries, as a case file has them: by code."""
        listed = request.get("units")
        if not isinstance(listed, list):
            return
        units: dict[str, Any] = {}
        for number, entry in enumerate(listed):
            if {"code", "count"} - entry.keys():
                self._wrong_units(number, f"the {'code' if 'code' not in entry else 'count'} is missing")
            elif entry["code"] in units:
                self._wrong_units(number, f"{entry['code']} is given twice")
            else:
                units[entry["code"]] = entry["count"]
        request["units"] = units

    def _wrong_units(self, number: int, message: str) -> None:
        place = self._document.place(self.places["request", "units", number])
        self.problems.append(Problem("request.units[]", message, *place))


def _section(content: dict[str, Any], names: list[str]) -> dict[str, Any]:
    for name in names:
        content = content.setdefault(name, {})
    return content


def _list_of(item: Item) -> str:
    """Return the list in whose entries an item stands; nothing if it stands once."""
    return item.link[: item.link.rindex("[].") + 2] if "[]." in item.link else ""
