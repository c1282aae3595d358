"""The policy as a questionnaire: what a record can state, as FHIR R4 and the guides SDC and DTR have it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from bvn_asp.decision.decision import NOTICE
from bvn_asp.fhir import urls
from bvn_asp.fhir.citing import citations
from bvn_asp.fhir.items import HELP, UCUM_CODES, Condition, Item, Option, asked, below
from bvn_asp.fhir.text import Resource, json_text
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.forms import MOST_ITEMS, MOST_UNITS
from bvn_asp.record.statements import DECIMALS

NAMES = {False: "bvn-ablation", True: "bvn-ablation-whole"}
"""What the questionnaire is called, and the one that asks what decides nothing, too."""

ADAPTIVE_NAME = f"{NAMES[False]}-adaptive"
ADAPTIVE_URL = f"{urls.BASE}/Questionnaire/{ADAPTIVE_NAME}"
"""The questionnaire without questions, which grows as it is answered."""


def url_of(*, whole: bool) -> str:
    """Return the canonical address of a questionnaire, without its version."""
    return f"{urls.BASE}/Questionnaire/{NAMES[whole]}"


@cache
def version() -> str:
    """Return the version: that of the policy, and a digest of what is asked and what can be answered.

    Other words for the same question leave it as it is.
    """
    parts = [
        [item.link, item.kind, item.repeats, [[option.word, option.system, option.code or option.text]
                                              for option in item.options]]
        for item in below(asked(whole=True))
    ]  # fmt: skip
    digest = hashlib.sha256(json_text(parts).encode()).hexdigest()
    return f"{shipped_policy().version}.0.0-{digest[:8]}"


def questionnaire(*, whole: bool = False) -> Resource:
    """Return the questionnaire; `whole` asks what decides nothing, too."""
    return {
        **_head(NAMES[whole], urls.STANDARD_QUESTIONNAIRE, []),
        "item": [written_item(item) for item in asked(whole=whole)],
    }


def adaptive_questionnaire(base: str) -> Resource:
    """Return the questionnaire without questions, of which each is asked for at the server `base`."""
    return _head(ADAPTIVE_NAME, urls.ADAPTIVE_START, [{"url": urls.ADAPTIVE, "valueUrl": base}])


def contained_questionnaire(id: str, base: str, canonical: str, items: Iterable[Item]) -> Resource:
    """Return the questionnaire with `items` that a response to `canonical` contains; it has no address of its own."""
    head = _head(id, urls.ADAPTIVE_QUESTIONNAIRE, [{"url": urls.ADAPTIVE, "valueUrl": base}])
    own = {name: value for name, value in head.items() if name not in ("url", "version", "name", "description")}
    found = {**own, "derivedFrom": [canonical], "item": [written_item(item) for item in items]}
    return {name: value for name, value in found.items() if value != []}


def _head(id: str, profile: str, extensions: list[Resource]) -> Resource:
    policy = shipped_policy()
    return {
        "resourceType": "Questionnaire",
        "id": id,
        "meta": {"profile": [profile]},
        "extension": [
            *extensions,
            {"url": urls.VERSION_ALGORITHM, "valueCoding": {"system": urls.VERSION_ALGORITHMS, "code": "semver"}},
            {"url": urls.AUDIENCE, "valueCode": "clinical"},
            {"url": urls.REQUEST_SPECIFIC, "valueBoolean": True},
        ],
        "url": f"{urls.BASE}/Questionnaire/{id}",
        "version": version(),
        "name": "".join(part.title() for part in id.split("-")),
        "title": f"{policy.name}: what the policy asks",
        "status": "draft",
        "experimental": True,
        "subjectType": ["Patient"],
        "date": policy.revised,
        "description": f"The facts that version {policy.version} of the policy, revised {policy.revised}, asks for."
        f" {NOTICE} What is left unanswered is unknown, and never taken for no.",
    }


def written_item(item: Item) -> Resource:
    """Return an item with its help and all below it."""
    found: Resource = {"extension": list(_extensions(item)), "linkId": item.link, "text": item.text, "type": item.kind}
    if item.conditions:
        found["enableWhen"] = [_condition(condition) for condition in item.conditions]
        if len(item.conditions) > 1:
            found["enableBehavior"] = "any"
    if item.required:
        found["required"] = True
    if item.repeats:
        found["repeats"] = True
    if item.kind in ("string", "text") and item.row is not None:
        found["maxLength"] = item.row.high
    if item.options:
        found["answerOption"] = [_option(option) for option in item.options]
    found["item"] = [*_help(item), *(written_item(child) for child in item.items)]
    return {name: value for name, value in found.items() if value != []}


def _option(option: Option) -> Resource:
    exclusive = [{"url": urls.OPTION_EXCLUSIVE, "valueBoolean": True}] if option.alone else []
    return {**({"extension": exclusive} if exclusive else {}), **answer_value(option)}


def answer_value(option: Option) -> Resource:
    """Return what an answer says that picks `option`: its code if a public one exists, and what is shown."""
    coded = {"system": option.system, "code": option.code} if option.code else {}
    return {"valueCoding": {**coded, "display": option.text}}


def _condition(condition: Condition) -> Resource:
    if condition.option is None:
        return {"question": condition.link, "operator": "exists", "answerBoolean": False}
    value = answer_value(condition.option)
    return {
        "question": condition.link, "operator": "=",
        **{name.replace("value", "answer"): content for name, content in value.items()},
    }  # fmt: skip


def _extensions(item: Item) -> Iterable[Resource]:
    """Yield the units and the limits of what can be answered."""
    if item.repeats and item.kind == "group":
        yield {"url": urls.MAX_OCCURS, "valueInteger": MOST_ITEMS}
    row = item.row
    if item.kind == "integer":
        yield {"url": urls.MIN_VALUE, "valueInteger": 0}
        yield {"url": urls.MAX_VALUE, "valueInteger": MOST_UNITS}
    if row is None or item.kind not in ("quantity", "decimal"):
        return
    if item.kind == "quantity":
        unit = {"system": urls.UCUM, "code": UCUM_CODES[row.unit], "display": row.unit}
        yield {"url": urls.UNIT_OPTION, "valueCoding": unit}
        for url, limit in ((urls.MIN_QUANTITY, row.low), (urls.MAX_QUANTITY, row.high)):
            yield {"url": url, "valueQuantity": quantity_of(item, limit)}
    else:
        yield {"url": urls.MIN_VALUE, "valueDecimal": row.low}
        yield {"url": urls.MAX_VALUE, "valueDecimal": row.high}
    yield {"url": urls.MAX_DECIMAL_PLACES, "valueInteger": DECIMALS}


def quantity_of(item: Item, value: Any) -> Resource:
    """Return a number in the unit of `item`."""
    assert item.row is not None
    unit = item.row.unit
    return {"value": value, "unit": unit, "system": urls.UCUM, "code": UCUM_CODES[unit]}


def _help(item: Item) -> Iterable[Resource]:
    """Yield the help beside a question: what it means, within which limits, and the clauses that ask for it."""
    cited = citations().get(item.row.path, "") if item.row is not None and item.kind != "group" else ""
    parts = [item.note, f"Asked for by {cited}" if cited and not item.link.endswith(":words") else ""]
    text = ". ".join(part[:1].upper() + part[1:] for part in parts if part)
    if text:
        control = {"coding": [{"system": urls.CONTROLS, "code": "help", "display": "Help-Button"}]}
        yield {
            "extension": [{"url": urls.ITEM_CONTROL, "valueCodeableConcept": control}],
            "linkId": f"{item.link}{HELP}", "text": text, "type": "display",
        }  # fmt: skip
