"""Silence never helps: deleting facts takes answers away, and one more violated exclusion never improves anything."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.decision.facts import facts_for
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from bvn_asp.record.statements import UNKNOWN
from tests.batch_cases import batch_of, differences
from tests.campaigns import examples
from tests.sample_cases import samples
from tests.shared import ENGINE, decider

CASES = Path(__file__).parent.parent / "cases"
RANK = {"deny": 0, "pend": 1, "partial": 2, "approve": 3}
RECORDS: list[tuple[str, dict[str, Any]]] = []
for _name, _case in samples().items():
    if _case.request.bodies and _case.record_complete is not True:
        RECORDS.append((_name, _case.model_dump(mode="json", exclude_unset=True, exclude={"story", "expected"})))
# Deleting every fact of every approved record would take minutes: those named for their approval are enough.
APPROVED = [
    (name, record)
    for name, record in RECORDS
    if name.startswith("approve")
    and ENGINE.decide(Case.model_validate(record), settlements=False).recommendation == "approve"
]

# A violated exclusion each, as one field of a record.
VIOLATIONS: tuple[tuple[str, Any], ...] = (
    ("conditions.cardiac_compromise", "severe"), ("conditions.pulmonary_compromise", "severe"),
    ("conditions.systemic_infection", True), ("conditions.bleeding_diathesis", True), ("conditions.pregnancy", True),
    ("conditions.radiculopathy", "primary"), ("conditions.nerve_compression", "primary"), ("conditions.t_score", "-3"),
    ("conditions.fragility_fracture", True), ("conditions.spinal_cancer", "active"),
    ("patient.body_mass_index", "41"), ("patient.age", 17),
)  # fmt: skip


def facts(record: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every single fact of `record`, and of every list that could be unknown as a whole."""
    if isinstance(record, dict):
        for name, value in record.items():
            if path == () and name == "request":
                continue
            yield from facts(value, (*path, name))
    elif isinstance(record, list) and record and isinstance(record[0], dict) and "value" in record[0]:
        # Of documents that disagree, what is left of them counts.
        yield path
    elif isinstance(record, list) and record and isinstance(record[0], dict):
        if path != ("findings", "present"):
            yield path
        for index, item in enumerate(record):
            yield from facts(item, (*path, index))
    elif path[-1] != "kind" or "findings" not in path:
        yield path


def without(record: dict[str, Any], paths: list[tuple[str | int, ...]]) -> Case:
    """Return the case of `record` with the facts at `paths` unknown."""
    changed = copy.deepcopy(record)
    for path in paths:
        *way, last = path
        section: Any = changed
        for step in way:
            section = section[step] if not isinstance(section, dict) or step in section else {}
        if section:
            section[last] = UNKNOWN
        if isinstance(section, dict):
            # That there is no other, or that all was read, closes a list that is stated; without the list it denies.
            section.pop(f"other_{last}", None)
            if last == "modic_changes":
                section.pop("read_in_full", None)
    return Case.model_validate(changed)


def sane(paths: list[tuple[str | int, ...]]) -> list[tuple[str | int, ...]]:
    """Drop facts inside a list that is unknown as a whole."""
    return [path for path in paths if not any(path[: len(other)] == other and path != other for other in paths)]


def test_there_are_records_to_delete_from() -> None:
    assert len(APPROVED) >= 20 and len(RECORDS) >= 100


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "approve_two_bodies" or place % 6 == 0 else [pytest.mark.slow])
        for place, (name, _) in enumerate(APPROVED)
    ],
)
def test_an_approved_record_less_any_one_fact_is_approved_or_pended(name: str) -> None:
    record = dict(APPROVED)[name]
    for path in facts(record):
        found = ENGINE.decide(without(record, [path]), settlements=False).recommendation
        assert found in ("approve", "pend"), path


def opened(record: dict[str, Any], path: tuple[str | int, ...]) -> bool:
    return ENGINE.decide(without(record, [path]), settlements=False).recommendation == "pend"


def test_the_facts_that_approval_rests_on_are_many(capsys: pytest.CaptureFixture[str]) -> None:
    record = dict(APPROVED)["approve_two_bodies"]
    decisive = [path for path in facts(record) if opened(record, path)]
    assert len(decisive) >= 35, decisive


@examples(60, 1000)
@given(st.data())
def test_any_record_less_any_facts_keeps_its_answer_or_pends(data: st.DataObject) -> None:
    name, record = data.draw(st.sampled_from(RECORDS))
    paths = sane(data.draw(st.lists(st.sampled_from(list(facts(record))), min_size=1, max_size=8, unique=True)))
    before = ENGINE.decide(Case.model_validate(record), settlements=False)
    after = ENGINE.decide(without(record, paths), settlements=False)
    assert after.recommendation in (before.recommendation, "pend"), (name, paths)
    assert set(after.ids("met")) <= set(before.ids("met"))
    assert set(after.ids("clear")) <= set(before.ids("clear"))


IMAGED = {
    name: sources
    for name, record in RECORDS
    if (record.get("mri") or {}).get("read_in_full")
    and (sources := [path for path in facts(record) if path[-1] == "shown_by"])
}
"""The records with imaging read in full that say of a finding who saw it, and where they say it."""


def test_many_records_with_imaging_read_in_full_say_who_saw_a_finding() -> None:
    assert len(IMAGED) >= 20


@pytest.mark.parametrize("name", IMAGED)
def test_imaging_read_in_full_does_not_hide_a_finding_whose_sources_are_unknown(name: str) -> None:
    record = dict(RECORDS)[name]
    before = ENGINE.decide(Case.model_validate(record), settlements=False)
    for path in IMAGED[name]:
        left_out = copy.deepcopy(record)
        *_, index, field = path
        del left_out["findings"]["present"][index][field]
        for case in (without(record, [path]), Case.model_validate(left_out)):
            after = ENGINE.decide(case, settlements=False)
            assert after.recommendation in (before.recommendation, "pend"), path
            assert set(after.ids("clear")) <= set(before.ids("clear")), path


@examples(50, 600)
@given(st.sampled_from(RECORDS), st.sampled_from(VIOLATIONS))
def test_one_more_violated_exclusion_never_helps(named: tuple[str, dict[str, Any]], violation: tuple[str, Any]) -> None:
    _, record = named
    section, name = violation[0].split(".")
    changed = copy.deepcopy(record)
    changed.setdefault(section, {})[name] = violation[1]
    if name == "age":
        changed[section].pop("birth_date", None)
    before, after = (ENGINE.decide(Case.model_validate(each), settlements=False) for each in (record, changed))
    assert RANK[after.recommendation or ""] <= RANK[before.recommendation or ""]
    assert after.recommendation == "deny"


def test_yaml_round_trip_of_the_records_is_the_same_case() -> None:
    for _, record in RECORDS[:20]:
        assert Case.model_validate(yaml.safe_load(yaml.safe_dump(record))) == Case.model_validate(record)


# Lists that count against a request or for it, and the field that closes each.
CLOSED_LISTS = {
    "surgeries": "other_surgeries",
    "ablations": "other_ablations",
    "mri.modic_changes": "mri.other_modic_changes",
    "conservative_care.therapies.pharmacotherapy.drug_classes":
        "conservative_care.therapies.pharmacotherapy.other_drug_classes",
    "mri.modic_changes[0].features": "mri.modic_changes[0].other_features",
}  # fmt: skip


@pytest.mark.parametrize("path", CLOSED_LISTS)
def test_what_closes_a_list_closes_nothing_once_the_list_is_left_out(path: str) -> None:
    approved = load_case(CASES / "approve_two_bodies.yaml").model_dump(mode="json", exclude_unset=True)
    approved["mri"].pop("read_in_full")
    listed, closing = place_of(path), place_of(CLOSED_LISTS[path])
    alone, neither = copy.deepcopy(approved), copy.deepcopy(approved)
    put(alone, listed, None)
    put(alone, closing, "absent")
    put(neither, listed, None)
    put(neither, closing, None)
    cases = [Case.model_validate(alone), Case.model_validate(neither)]
    # Left out, the list is as open as if nothing closed it, for every reader of cases.
    stated = [set(facts_for(case, ENGINE.policy, {}).stated) for case in cases]
    assert stated[0] == stated[1]
    decisions = [ENGINE.decide(case) for case in cases]
    expected = "approve" if "drug" in path or "features" in path else "pend"
    assert [decision.recommendation for decision in decisions] == [expected, expected]
    warned = [w for w in decisions[0].warnings if w.startswith(f"{path} is not stated and stays open")]
    assert len(warned) == ("[" not in path)
    assert not differences(ENGINE, cases, decider().decide(batch_of(cases)), {}, None)


def place_of(path: str) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in re.split(r"[.\[\]]+", path)]


def put(record: dict[str, Any], place: list[Any], value: Any) -> None:
    """Write `value` at `place` of `record`; None takes out what stands there."""
    inner: Any = record
    for part in place[:-1]:
        inner = inner[part]
    if value is None:
        inner.pop(place[-1], None)
    else:
        inner[place[-1]] = value
