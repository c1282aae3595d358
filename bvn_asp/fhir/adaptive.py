"""A questionnaire that grows as it is answered (`$next-question` of SDC): what a response says, and what is asked next.

The response contains the questionnaire with the questions so far. A question that stands there is not asked again,
whether it was answered or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bvn_asp.analysis.interview.questions import NAMING, place_of
from bvn_asp.decision.decision import NOTICE
from bvn_asp.fhir import urls
from bvn_asp.fhir.answers import read
from bvn_asp.fhir.contained import KNOWN, NotDerivedError, contained_in, questionnaire_of
from bvn_asp.fhir.items import HELP, WORDS, Item, asked, by_link
from bvn_asp.fhir.questionnaire import ADAPTIVE_NAME, ADAPTIVE_URL, contained_questionnaire, version
from bvn_asp.fhir.resource import check_numbers
from bvn_asp.fhir.text import Resource
from bvn_asp.record.bases import MOST_DEPTH, Document, Path_
from bvn_asp.record.case import Case
from bvn_asp.record.field import general
from bvn_asp.record.files import case_of
from bvn_asp.record.table import TABLE

END = f"end{HELP}"
"""The linkId of what is shown when nothing is asked any more."""


@dataclass(frozen=True)
class Asked:
    """Where a response stands: what it states, the linkIds of its questions in order, and what is not asked again.

    `skipped` has the places of an interview.
    """

    document: Document
    case: Case
    links: tuple[str, ...]
    skipped: frozenset[str]


def asked_so_far(document: Document) -> Asked:
    """Return where the response in `document` stands; raise CaseError with every mistake and its place."""
    resource = document.content
    try:
        number, inner = contained_in(resource)
    except NotDerivedError as error:
        raise document.wrong(error.place, str(error)) from None
    check_numbers(document, resource, ())
    case = case_of(read(document).document)
    known = by_link(whole=_whole(resource))
    links = dict.fromkeys(_links(document, inner, ("contained", number), known))
    links |= dict.fromkeys(link for link in _links(document, resource, (), known) if known[link].kind != "group")
    return Asked(document, case, tuple(links), frozenset(_places(links, known, case)))


def _whole(resource: Mapping[str, Any]) -> bool:
    return KNOWN[str(questionnaire_of(resource)[1]).partition("|")[0]]


def _links(document: Document, parent: Mapping[str, Any], path: Path_, known: Mapping[str, Item]) -> Iterator[str]:
    """Yield the linkIds of the items of `parent` and all below; raise CaseError for one that nothing is asked under."""
    if len(path) > MOST_DEPTH:
        raise document.wrong(path, "nested too deeply")
    items = parent.get("item", [])
    if not isinstance(items, list):
        raise document.wrong((*path, "item"), "expected a list")
    for number, item in enumerate(items):
        place: Path_ = (*path, "item", number)
        link = item.get("linkId") if isinstance(item, dict) else None
        if not isinstance(link, str) or not (link in known or link.endswith(HELP)):
            raise document.wrong((*place, "linkId"), "expected the linkId of a question, as it was handed out")
        if link in known:
            yield link
        yield from _links(document, item, place, known)


def _places(links: Iterable[str], known: Mapping[str, Item], case: Case) -> Iterator[str]:
    """Yield the places of an interview that the questions `links` are about, those of a list for each entry."""
    content = case.model_dump(mode="json", exclude_unset=True, exclude={"expected"})
    for link in links:
        row = known[link].row
        if row is None or known[link].kind == "group":
            continue
        name = row.entry.removesuffix("[]")
        paths = [f"{name}[{n}].{row.name}" for n in range(len(case.entries(name)))] if row.entry else [row.path]
        yield from filter(None, (place_of(path.removesuffix("[]"), content) for path in paths))


def next_step(so_far: Asked, step: Mapping[str, Any], base: str) -> Resource:
    """Return the response with the question of `step`, an interview's, added to what it contains; or as completed.

    `base` is where the next one is asked for, unless the response says so itself.
    """
    resource = so_far.document.content
    number, inner = contained_in(resource)
    canonical = str(questionnaire_of(resource)[1])
    question = step["question"]
    links = [*so_far.links, *(links_of(question["fields"]) if question else ())]
    items = grown(links, whole=_whole(resource))
    if not question:
        items = (*items, Item(END, "display", _end(step)))
    contained = contained_questionnaire(str(inner["id"]), _server(inner) or base, canonical, items)
    every = [*resource["contained"]]
    every[number] = contained
    return {**resource, "contained": every, "status": "in-progress" if question else "completed"}


def _end(step: Mapping[str, Any]) -> str:
    said = step["recommendation"] or f"patient {step['eligibility'].replace('_', ' ')}"
    why = (
        "What could still be answered changes nothing"
        if step["settled"]
        else "Nothing is left to ask, and what was not answered stays open"
    )
    return f"{why}. Recommendation: {said}. {NOTICE}"


def _server(inner: Mapping[str, Any]) -> str:
    """Return where a contained questionnaire says that the next question is asked for; empty if it does not."""
    listed = inner.get("extension")
    for extension in listed if isinstance(listed, list) else ():
        if isinstance(extension, dict) and extension.get("url") == urls.ADAPTIVE:
            url = extension.get("valueUrl")
            return url if isinstance(url, str) else ""
    return ""


def links_of(fields: Iterable[str]) -> Iterator[str]:
    """Yield the linkIds of the questions for `fields`; a list is asked for by what names its entries."""
    every = by_link(whole=True)
    for path in fields:
        link = general(path)
        yield link
        if f"{link}{WORDS}" in every:
            yield f"{link}{WORDS}"
        if f"{link}[]" in every:
            yield from (row.path for row in TABLE.fields if row.entry == f"{link}[]" and row.name in NAMING)


def grown(links: Iterable[str], *, whole: bool = False) -> tuple[Item, ...]:
    """Return the questions `links` in their groups, each level in the order of `links`."""
    places = {link: place for place, link in reversed([*enumerate(links)])}
    return _kept(asked(whole=whole), places)


def _kept(items: Iterable[Item], places: Mapping[str, int]) -> tuple[Item, ...]:
    found: list[tuple[int, Item]] = []
    for item in items:
        below = _kept(item.items, places)
        if item.kind == "group" and below:
            first = min(places[link] for link in _all(below) if link in places)
            kept = replace(item, items=below, conditions=_asked_with(item, places))
            found.append((places.get(item.link, first), kept))
        elif item.kind != "group" and item.link in places:
            found.append((places[item.link], replace(item, conditions=_asked_with(item, places))))
    return tuple(item for _, item in sorted(found, key=lambda pair: pair[0]))


def _all(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield item.link
        yield from _all(item.items)


def _asked_with(item: Item, places: Mapping[str, int]) -> Any:
    """Return the conditions of an item; none if one is about what is not asked, since what it details is known then."""
    return item.conditions if all(condition.link in places for condition in item.conditions) else ()


def begun(response: Resource, base: str) -> Resource:
    """Return a response to the standard questionnaire as one that grows from what it states already."""
    links = [item["linkId"] for item in _below(response) if "answer" in item]
    canonical = f"{ADAPTIVE_URL}|{version()}"
    contained = contained_questionnaire(ADAPTIVE_NAME, base, canonical, grown(_with_words(links)))
    head, rest = {"resourceType": response["resourceType"]}, {**response}
    del rest["resourceType"]
    rest["meta"] = {"profile": [urls.ADAPTIVE_RESPONSE]}
    return {**head, "meta": rest.pop("meta"), "contained": [contained], **rest, "questionnaire": f"#{ADAPTIVE_NAME}"}


def _with_words(links: Iterable[str]) -> Iterator[str]:
    """Yield linkIds, an answer in words after the question that it stands beside."""
    for link in links:
        if link.endswith(WORDS):
            yield link.removesuffix(WORDS)
        yield link


def _below(parent: Mapping[str, Any]) -> Iterator[Resource]:
    for item in parent.get("item", ()):
        yield item
        yield from _below(item)
