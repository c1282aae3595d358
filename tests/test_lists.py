"""A list without entries says nothing, in every form of a record; that there is nothing is said as `none`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import numpy as np
import pytest

from bvn_asp.decision.engine import Engine
from bvn_asp.errors import CaseError
from bvn_asp.record.case import Case
from bvn_asp.record.files import read_case
from bvn_asp.record.statements import Said
from tests.random_cases import approvable, random_readings, random_record
from tests.test_completions import better

Record = dict[str, Any]
EMPTY: tuple[Any, ...] = ([], None)
NOT_OF_THE_PATIENT = ("request", "expected")


def lists_of(record: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every list of a record, those inside lists included."""
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    for key, value in items:
        if isinstance(value, list) or (value == "none" and key in ("surgeries", "ablations", "modic_changes")):
            yield (*path, key)
        yield from lists_of(value, (*path, key))


def edited(record: Record, path: tuple[Any, ...], value: Any) -> Record:
    other = deepcopy(record)
    place: Any = other
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return other


def _full(random: Random) -> Record:
    """Return a record that states something in every list."""
    record = random_record(random)
    for finding in record["findings"].get("present", ()):
        finding.setdefault("levels", ["L4"])
    return record


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 9))])
def test_an_emptied_or_deleted_list_never_makes_the_answer_better(engine: Engine, seed: int) -> None:
    random, seen, compared = Random(seed), set[Any](), 0
    for _ in range(12):
        record, readings = _full(random), random_readings(random, engine.policy)
        complete = random.choice((False, False, True))
        before = engine.decide(Case.model_validate(record), readings, assume_absent=complete)
        for path in lists_of(record):
            if path[0] in NOT_OF_THE_PATIENT or path[-1] == "value":
                continue
            seen.add(path[-1])
            empty, deleted = (
                engine.decide(Case.model_validate(edited(record, path, value)), readings, assume_absent=complete)
                for value in EMPTY
            )
            assert [c.status for c in empty.criteria] == [c.status for c in deleted.criteria], path
            assert (empty.recommendation, empty.eligibility) == (deleted.recommendation, deleted.eligibility)
            # Where it is stated that there is nothing beyond what is listed, a shorter list says more, not less.
            section = record
            for step in path[:-1]:
                section = section[step]
            whole = any(name.startswith("other_") for name in section) if isinstance(section, dict) else False
            closed = whole or path[:2] == ("findings", "present")
            if not complete and not record.get("record_complete") and not closed:
                compared += 1
                assert better(before, deleted) == [], (path, record, readings)
    assert compared > 30
    assert {"levels", "surgeries", "absent", "modic_changes"} <= seen


def test_a_finding_that_nobody_is_said_to_have_seen_is_open(engine: Engine) -> None:
    record = approvable(Random(1))
    finding: Record = {
        "kind": "disc_herniation", "levels": "L4-L5", "shape": "extrusion", "size_mm": 8, "correlates": True,
        "likely_source": False, "complicates": False,
    }  # fmt: skip
    outcomes: dict[str, str | None] = {}
    for shown in (None, [], "unknown", ["imaging"], "none"):
        record["findings"]["present"] = [{**finding, "shown_by": shown}]
        outcomes[str(shown)] = engine.decide(Case.model_validate(record)).recommendation
    assert outcomes == {"None": "pend", "[]": "pend", "unknown": "pend", "['imaging']": "deny", "none": "approve"}


@pytest.mark.parametrize("name", ["surgeries", "ablations"])
def test_none_states_that_there_is_none_and_an_empty_list_nothing(engine: Engine, name: str) -> None:
    record = approvable(Random(1))
    outcomes: dict[str, str | None] = {}
    values: tuple[Any, ...] = ("none", [], None, "unknown")
    for value in values:
        outcomes[str(value)] = engine.decide(Case.model_validate({**record, name: value})).recommendation
    assert outcomes == {"none": "approve", "[]": "pend", "None": "pend", "unknown": "pend"}


def test_yaml_and_json_read_lists_alike() -> None:
    for written, stated in (("[]", None), ("none", ()), ("unknown", Said()), ("", Said())):
        assert read_case(f"surgeries: {written}\n").at("surgeries") == stated
        case = read_case(f"mri: {{modic_changes: [{{features: {written or 'null'}}}]}}")
        assert case.said("mri.modic_changes[0].features") == (Said(()) if stated == () else stated)
    read: tuple[tuple[Any, Any], ...] = (([], None), ("none", ()), (None, Said()))
    for value, stated in read:
        assert read_case(json.dumps({"ablations": value}), "case.json").at("ablations") == stated
    assert read_case("request: {bodies: []}").said("request.bodies") is None
    with pytest.raises(CaseError, match="expected fields with names"):
        read_case("surgeries: [none, {kind: fusion}]")


def test_columns_keep_none_and_an_empty_list_apart() -> None:
    from bvn_asp.batch.content import case_of, row_of, table_of

    record = {**approvable(Random(1)), "surgeries": "none", "ablations": [{"bodies": "L3"}]}
    record["findings"]["present"] = [{"kind": "tumor", "shown_by": "none"}]
    record["findings"]["absent"].remove("tumor")
    case = Case.model_validate(record)
    row = row_of(case)
    assert (row["surgeries"], row["surgeries_none"], row["ablations_none"]) == (None, True, None)
    assert row["findings_present"][0]["shown_by"] == ["none"]
    [read] = table_of([(None, case)]).to_pylist()
    assert case_of(read) == case
    assert case_of({**read, "surgeries": [], "surgeries_none": False}).surgeries is None


def test_a_batch_reads_empty_lists_as_decide_does_and_refuses_none_beside_entries(engine: Engine) -> None:
    from bvn_asp.batch.checks import suspects
    from bvn_asp.batch.columns import EVIDENCE, EXPECTED, schema
    from bvn_asp.batch.content import case_of, row_of, table_of_rows
    from bvn_asp.batch.decider import Decider
    from bvn_asp.batch.rows import Rows, Setting
    from tests.batch_cases import differences

    random = Random(3)
    rows: list[Record] = []
    for _ in range(40):
        row = row_of(Case.model_validate(random_record(random)))
        for field in schema():
            if field.name not in (EVIDENCE, EXPECTED) and str(field.type).startswith("list") and random.random() < 0.3:
                row[field.name] = []
                # What is called unknown of an entry, or is documented, needs the entry.
                listed = field.name.replace("mri_", "mri.").replace("findings_", "findings.")
                row["unknown"] = [path for path in row["unknown"] or () if not path.startswith(f"{listed}[")]
                row[EVIDENCE] = None if f"{listed}[" in (row[EVIDENCE] or "") else row[EVIDENCE]
            if field.name.endswith("_none") and row[field.name.removesuffix("_none")]:
                row[field.name] = random.choice((None, False))
        for name in ("findings_present", "mri_modic_changes", "surgeries", "ablations"):
            for entry in row[name] or ():
                for key in ("shown_by", "levels", "features", "bodies"):
                    if key in entry and random.random() < 0.3:
                        entry[key] = []
        rows.append(row)
    batch = table_of_rows(rows).to_batches()[0]
    setting = Setting(engine.policy)
    # Rows with evidence, or with a field called unknown, may be read as cases one by one; an empty list is no cause.
    apart = [bool(row[EVIDENCE]) or bool(row["unknown"]) for row in batch.to_pylist()]
    assert not (suspects(Rows(batch, setting)) & ~np.array(apart)).any() and apart.count(False) >= 8
    cases = [case_of(row) for row in batch.to_pylist()]
    assert differences(engine, cases, Decider(setting, engine=engine).decide(batch), {}, None) == []

    wrong: list[Record] = [{"surgeries": [{"kind": "fusion"}], "surgeries_none": True},
             {"findings_present": [{"kind": "tumor", "shown_by": ["none", "imaging"]}]}]  # fmt: skip
    assert suspects(Rows(table_of_rows(wrong).to_batches()[0], setting)).all()
