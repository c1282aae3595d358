"""A resource held to the StructureDefinitions of its profiles, element by element, as their publishers have them.

BVN_PROFILES names the folders of unpacked packages (hl7.fhir.us.davinci-pas, hl7.fhir.us.davinci-dtr, hl7.fhir.uv.sdc
and what they build on), with the separator of PATH between them. Each definition needs its snapshot.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
FOLDERS = tuple(Path(name) for name in os.environ.get("BVN_PROFILES", "").split(os.pathsep) if name)
BASE = "http://hl7.org/fhir/StructureDefinition/"
"""Where FHIR itself has its definitions; its own rules are held by another library."""


@cache
def definitions() -> dict[str, Json]:
    """Return every StructureDefinition by its address."""
    found = (json.loads(path.read_text()) for folder in FOLDERS for path in folder.glob("StructureDefinition-*.json"))
    return {definition["url"]: definition for definition in found if "snapshot" in definition}


def definition_of(url: str) -> Json:
    """Return the definition at an address; skip the test if it is not at hand."""
    found = definitions().get(url.partition("|")[0])
    if found is None:
        pytest.skip(f"BVN_PROFILES names no folder with {url}")
    return found


def broken_rules(resource: Json, url: str = "") -> list[str]:
    """Return what breaks a rule of the profile at `url`, by default of each that the resource says it is of."""
    profiles = [url] if url else resource["meta"]["profile"]
    return [rule for profile in profiles for rule in _Checked(definition_of(profile)).broken(resource)]


@dataclass(frozen=True)
class _Checked:
    """A StructureDefinition whose elements are looked up by their id."""

    definition: Json

    def broken(self, content: Json) -> Iterator[str]:
        root = self.definition["snapshot"]["element"][0]
        yield from self._element(root, content, root["path"])

    def _below(self, element: Json) -> Iterator[Json]:
        """Yield what is directly below an element, slices after what they are slices of."""
        start = f"{element['id']}."
        for one in self.definition["snapshot"]["element"]:
            if one["id"].startswith(start) and "." not in one["id"][len(start) :]:
                yield one

    def _element(self, element: Json, value: Any, place: str) -> Iterator[str]:
        """Yield what is wrong with one value of an element, and all below it."""
        if "contentReference" in element:
            same = element["contentReference"].rpartition("#")[2]
            element = next(one for one in self.definition["snapshot"]["element"] if one["id"] == same)
        for name, expected in element.items():
            if name.startswith("fixed") and value != expected:
                yield f"{place}: expected {expected}"
            if name.startswith("pattern") and not _fits(value, expected):
                yield f"{place}: expected what fits {expected}"
        yield from _invariants(element, value, place)
        yield from _typed(element, value, place)
        if not isinstance(value, dict):
            return
        sliced: dict[str, list[Any]] = {}
        left: dict[str, list[Any]] = {}
        for one in self._below(element):
            name = one["path"].rpartition(".")[2]
            if "sliceName" in one:
                found = [item for item in sliced[name] if self._is_slice(one, item)]
                left[name] = [item for item in left.get(name, ()) if item not in found]
            else:
                found = sliced[name] = [*_values(value, name)]
                if one.get("slicing", {}).get("rules") == "closed":
                    left[name] = found
            where = f"{place}.{one['id'].rpartition('.')[2]}"
            if not one["min"] <= len(found) <= (len(found) if one["max"] == "*" else int(one["max"])):
                yield f"{where}: {len(found)} values, expected {one['min']} to {one['max']}"
            for item in found:
                yield from self._element(one, item, where)
        yield from (f"{place}.{name}: {len(items)} of no kind that is allowed" for name, items in left.items() if items)

    def _is_slice(self, element: Json, value: Any) -> bool:
        """Whether a value belongs to a slice: an extension by its address, and anything else by type or pattern."""
        types = [kind["code"].rpartition("/")[2] for kind in element.get("type", ())]
        profiles = [name.partition("|")[0] for kind in element.get("type", ()) for name in kind.get("profile", ())]
        if types == ["Extension"] and profiles:
            return bool(value.get("url") in profiles)
        below = {one["path"].rpartition(".")[2]: one for one in self._below(element)}
        if "resource" in below and isinstance(value, dict) and not any("name" in key for key in below):
            return bool(value.get("resource", {}).get("resourceType") in _kinds(below["resource"]))
        told = [(name, content) for name in ("url", "name") if name in below for content in _told(below[name])]
        if told:
            return all(value.get(name) == content for name, content in told)
        return all(_fits(value, content) for name, content in element.items() if name.startswith("pattern"))


def _kinds(element: Json) -> set[str]:
    """Return the types that the resource of a slice can have, a profile's being that of its definition."""
    found = set()
    for kind in element["type"]:
        known = [definitions().get(name.partition("|")[0]) for name in kind.get("profile", ())]
        found |= {definition["type"] for definition in known if definition} or {kind["code"]}
    return found


def _told(element: Json) -> Iterator[Any]:
    yield from (content for name, content in element.items() if name.startswith(("fixed", "pattern")))


def _values(parent: Json, name: str) -> Iterator[Any]:
    """Yield the values of an element; one of several types (value[x]) has the type in its name."""
    start = name.removesuffix("[x]")
    for key, value in parent.items():
        if key == name or (name != start and key.startswith(start) and key[len(start) : len(start) + 1].isupper()):
            yield from value if isinstance(value, list) else [value]


def _fits(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(name in value and _fits(value[name], pattern[name]) for name in pattern)
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(_fits(item, part) for item in value) for part in pattern)
    return bool(value == pattern)


def _typed(element: Json, value: Any, place: str) -> Iterator[str]:
    """Yield what breaks the profile that a value has to be of: an extension's, or that of a resource within."""
    profiles = [name.partition("|")[0] for kind in element.get("type", ()) for name in kind.get("profile", ())]
    known = [definitions()[name] for name in profiles if name in definitions()]
    if known and isinstance(value, dict):
        attempts = [[*_Checked(definition).broken(value)] for definition in known]
        yield from (f"{place}: {rule}" for rule in min(attempts, key=len))


def _invariants(element: Json, value: Any, place: str) -> Iterator[str]:
    for rule in element.get("constraint", ()):
        if not rule.get("source", BASE).startswith(BASE) and not _holds(rule["expression"], value, element["path"]):
            yield f"{place}: {rule['key']}: {rule['human']}"


def _holds(expression: str, value: Any, path: str) -> bool:
    """Whether a FHIRPath expression holds for a value that stands at `path` of its type."""
    engine = pytest.importorskip("fhirpathpy")
    from fhirpathpy.models import models

    node = pytest.importorskip("fhirpathpy.engine.nodes").ResourceNode.create_node(value, path)
    return engine.apply_parsed_path(node, _parsed(expression), {"resource": value}, models["r4"]) in ([True], [])


@cache
def _parsed(expression: str) -> Any:
    return pytest.importorskip("fhirpathpy.parser").parse(expression)
