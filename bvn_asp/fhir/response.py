"""A case as answers to the questionnaire, and what of it no answer states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bvn_asp.fhir import urls
from bvn_asp.fhir.evidence import extensions_of
from bvn_asp.fhir.items import NO_WORDS, NOT_KNOWN, UCUM_CODES, WORDS, Item, asked, by_link, deniers
from bvn_asp.fhir.questionnaire import answer_value, quantity_of, url_of, version
from bvn_asp.fhir.text import Resource
from bvn_asp.record.case import Case
from bvn_asp.record.field import Field
from bvn_asp.record.statements import NONE, Days, Range, Said, Unmeasured, text_of
from bvn_asp.record.table import TABLE


@dataclass(frozen=True)
class Context:
    """What a response refers to and no case knows: references to the patient, the coverage and the order.

    `authored` is when it is made, as a date and time with its zone; `draft` tells that it is to be gone on with.
    """

    authored: str
    patient: str = ""
    coverage: str = ""
    order: str = ""
    draft: bool = False


@dataclass(frozen=True)
class Filled:
    """A response, and in a line each what the case states that it does not."""

    resource: Resource
    left: tuple[str, ...]


def response(case: Case, context: Context, *, whole: bool = False) -> Filled:
    """Return the response that states what `case` does; `whole` answers what decides nothing, too."""
    writer = _Writer(case)
    items = writer.items(asked(whole=whole), "")
    use = {"coding": [{"system": urls.DOCUMENT_REASONS, "code": "withpa"}]}
    extensions = [{"url": urls.COVERAGE, "valueReference": _reference(context.coverage)}]
    if context.order:
        extensions.append({"url": urls.CONTEXT, "valueReference": _reference(context.order)})
    resource = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [urls.RESPONSE]},
        "extension": [*extensions, {"url": urls.INTENDED_USE, "valueCodeableConcept": use}],
        "questionnaire": f"{url_of(whole=whole)}|{version()}",
        "status": "in-progress" if context.draft else "completed",
        "subject": _reference(context.patient),
        "authored": context.authored,
        "item": items,
    }
    left = (*writer.left, *_unasked(case, whole=whole))
    return Filled({name: value for name, value in resource.items() if value != []}, left)


def _reference(text: str) -> Resource:
    return {"reference": text} if text else {"extension": [{"url": urls.DATA_ABSENT, "valueCode": "unknown"}]}


def _unasked(case: Case, *, whole: bool) -> Iterator[str]:
    """Yield what is stated and not asked."""
    for row in TABLE.fields:
        if not whole and row.path not in _asked_paths():
            for path in _places(case, row):
                if case.at(path) is not None:
                    yield f"{path}: decides nothing, and is asked only with --all"


def _asked_paths() -> frozenset[str]:
    return frozenset(item.row.path for item in by_link(whole=False).values() if item.row is not None)


def _places(case: Case, row: Field) -> Iterator[str]:
    """Yield where `row` can stand in `case`: once, or in each entry of its list."""
    if not row.entry:
        yield row.path.removesuffix("[]")
        return
    name = row.entry.removesuffix("[]")
    yield from (f"{name}[{place}].{row.name}" for place in range(len(case.entries(name))))


class _Writer:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.left: list[str] = []

    def items(self, items: Iterable[Item], entry: str) -> list[Resource]:
        """Return the answered among `items`, those of a list being of its `entry`."""
        return [found for item in items for found in self.item(item, entry)]

    def item(self, item: Item, entry: str) -> Iterator[Resource]:
        row = item.row
        head = {"linkId": item.link, "text": item.text}
        if item.kind == "group" and row is None:
            below = self.items(item.items, entry)
            if below:
                yield {**head, "item": below}
        elif item.kind == "group" and row is not None and row.form == "units":
            for code, count in self.case.units.items():
                yield {**head, "item": list(_units(item, code, count))}
        elif item.kind == "group" and row is not None:
            name = item.link.removesuffix("[]")
            for place in range(len(self.case.entries(name))):
                below = self.items(item.items, f"{name}[{place}]")
                yield {**head, **({"item": below} if below else {})}
        elif row is not None:
            answers = self.answers(item, row, f"{entry}.{row.name}" if entry else row.path.removesuffix("[]"))
            if answers:
                yield {**head, "answer": answers}

    def answers(self, item: Item, row: Field, path: str) -> list[Resource]:
        found = self.case.at(path)
        if row.is_list:
            return [_with(answer_value(option), ()) for option in item.options if option.word == _listed(found)]
        if not isinstance(found, Said):
            return []
        if not item.link.endswith(WORDS) and not self.statable(row, path, found):
            return []
        return [_with(value, found.documents) for value in _values(item, found)]

    def statable(self, row: Field, path: str, said: Said) -> bool:
        """Tell whether a statement is asked for, and note what of it is not."""
        if said.versions:
            self.left.append(f"{path}: documents disagree; the answer is what counts, or that it is not known")
        parents = deniers(row)
        if parents and all(_denied(self.case.said(parent.path)) for parent in parents):
            names = " and ".join(parent.path for parent in parents)
            self.left.append(f"{path}: not asked, since {names} is denied")
            return False
        if row.form == "text" and said.value in (None, ""):
            self.left.append(f"{path}: an answer of text is a text, and cannot be not known")
            return False
        return True


def _listed(found: Any) -> str:
    """Return the word for a list that has no entries: none, or unknown; empty if it has some, or nothing is said."""
    return NOT_KNOWN.word if isinstance(found, Said) else NONE if found == () else ""


def _denied(said: Said | None) -> bool:
    if said is None or said.value is None:
        return False
    return said.value is False or (isinstance(said.value, tuple) and set(said.value) <= set(NO_WORDS))


def _with(value: Resource, documents: Any) -> Resource:
    return {"extension": extensions_of(documents), **value}


def _units(item: Item, code: str, count: int) -> Iterator[Resource]:
    asked_code, asked_count = item.items
    for asked_item, value in ((asked_code, _picked(asked_code, code)), (asked_count, {"valueInteger": count})):
        yield {"linkId": asked_item.link, "text": asked_item.text, "answer": [_with(value, ())]}


def _values(item: Item, said: Said) -> Iterator[Resource]:
    """Yield what the answers to `item` say of a statement; none if another item says it."""
    value = said.value
    if item.kind in ("quantity", "decimal", "date") or item.link.endswith(WORDS):
        exact = _exact(item, value)
        if item.link.endswith(WORDS):
            yield from () if exact else (_in_words(item, value),)
        elif exact:
            yield exact
        return
    if value is None:
        yield answer_value(NOT_KNOWN)
    elif item.row is not None and item.row.form == "units":
        # Each code is an entry of the group beside.
        return
    elif item.kind in ("string", "text"):
        yield {"valueString": value}
    else:
        yield from (_picked(item, word) for word in _words(value))


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value or (NONE,)
    return ("yes" if value else "no",)


def _picked(item: Item, word: str) -> Resource:
    """Return the answer that picks the option `word`, or types it where it is none."""
    option = next((option for option in item.options if option.word == word), None)
    return answer_value(option) if option is not None else {"valueString": word}


def _exact(item: Item, value: Any) -> Resource:
    """Return a number or a date as the answer of its own type, empty if it has none."""
    assert item.row is not None
    if isinstance(value, Range) and value.exact is not None:
        number = value.exact
        return {"valueQuantity": quantity_of(item, number)} if _has_unit(item) else {"valueDecimal": number}
    if isinstance(value, Days) and value.exact is not None:
        # A form makes the first day of a month or of a year, so that these are words.
        return {"valueDate": value.exact.isoformat()}
    return {}


def _has_unit(item: Item) -> bool:
    return item.row is not None and item.row.unit in UCUM_CODES


def _in_words(item: Item, value: Any) -> Resource:
    if value is None or isinstance(value, Unmeasured):
        return _picked(item, text_of(value))
    return {"valueString": text_of(value)}
