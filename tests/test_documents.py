"""Documents: what a statement rests on is shown where it decides, in every output; and who disagrees is shown too."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from bvn_asp.cli.commands import bvn
from bvn_asp.cli.describe import DOCUMENTED
from bvn_asp.decision.decision import Decision
from bvn_asp.record.case import Case
from bvn_asp.report.document import document
from bvn_asp.report.schema import json_schema
from bvn_asp.report.schemas import DOCUMENTS, schema_of_document
from bvn_asp.report.text import text
from tests.calling import bvn as call
from tests.campaigns import sampled
from tests.random_cases import approvable
from tests.shared import ENGINE


def decided(**changes: Any) -> Decision:
    record = approvable(Random(1))
    for path, value in changes.items():
        section, _, name = path.partition("__")
        record[section] = {**record[section], name: value}
    return ENGINE.decide(Case.model_validate(record))


def texts(decision: Decision, id: str) -> list[str]:
    criterion = next(c for c in decision.criteria if c.clause.id == id)
    return [node.text for node in criterion.explanation.walk() if node.kind in ("fact", "measure", "missing")]


NOTE = {"document": "clinic note", "page": 3, "author": "surgeon", "date": "2024-05"}


@pytest.mark.parametrize(
    ("field", "value", "clause", "leaf"),
    [
        ("conditions__pregnancy", True, "n5", "pregnancy: yes [clinic note, surgeon, 2024-05, page 3]"),
        ("patient__body_mass_index", "41", "n16",
         "body mass index: 41 kg/m2, more than 40: 1 over [clinic note, surgeon, 2024-05, page 3]"),
        ("patient__body_mass_index", "more than 41", "n16",
         "body mass index: more than 41 kg/m2, more than 40: more than 1 over [clinic note, surgeon, 2024-05, page 3]"),
        ("conditions__spinal_cancer", "active", "n13",
         "spinal cancer: active [clinic note, surgeon, 2024-05, page 3]"),
    ],
)  # fmt: skip
def test_a_leaf_shows_document_author_date_and_page(field: str, value: Any, clause: str, leaf: str) -> None:
    assert leaf in texts(decided(**{field: {"value": value, **NOTE}}), clause)


def test_one_case_never_shows_the_documents_of_another() -> None:
    shown = decided(conditions__pregnancy={"value": True, **NOTE})
    for page in (4, 5):
        other = decided(conditions__pregnancy={"value": True, **NOTE, "page": page})
        assert any(f"page {page}]" in line for line in texts(other, "n5"))
    assert texts(decided(conditions__pregnancy=True), "n5") == ["pregnancy: yes"]
    assert "page 3]" in texts(shown, "n5")[0]


def test_documents_that_disagree_are_shown_side_by_side_until_one_counts() -> None:
    versions = [{"value": 39, "document": "clinic note"}, {"value": 41, "document": "letter", "page": 2}]
    apart = decided(patient__body_mass_index=versions)
    assert texts(apart, "n16") == ["body mass index: documents disagree (clinic note: 39; letter, page 2: 41)"]
    assert apart.recommendation == "pend"
    versions[0]["counts"] = True
    assert decided(patient__body_mass_index=versions).recommendation == "approve"
    versions[0].pop("counts")
    versions[1]["counts"] = "yes"
    settled = decided(patient__body_mass_index=versions)
    assert settled.recommendation == "deny"
    assert texts(settled, "n16") == ["body mass index: 41 kg/m2, more than 40: 1 over [letter, page 2]"]


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ("6", "6 months, needs at least 6: exactly the limit"),
        ("at least 6", "at least 6 months, needs at least 6: the limit or more"),
        ("more than 7", "more than 7 months, needs at least 6: more than 1 over"),
        ("at most 5", "at most 5 months, needs at least 6: at least 1 short"),
        ("7 to 8", "7 to 8 months, needs at least 6: at least 1 over"),
    ],
)
def test_how_far_a_bound_is_from_its_limit(months: str, words: str) -> None:
    record = approvable(Random(1))
    record["pain"]["months"] = months
    record["request"] |= {"date": "2024-01-01", "planned_procedure_date": "2024-01-01"}
    decision = ENGINE.decide(Case.model_validate(record))
    assert any(line.endswith(words) for line in texts(decision, "i2")), texts(decision, "i2")


def test_every_output_has_documents_and_warnings() -> None:
    decision = decided(conditions__pregnancy={"value": True, **NOTE}, conservative_care__weeks=4)
    found: Any = document(decision, "x.yaml")
    Draft202012Validator(json_schema()).validate(json.loads(json.dumps(found)))
    assert len(found["warnings"]) == 3 and found["warnings"][0] in text(decision).replace("\n", " ")
    leaf = next(c for c in found["criteria"] if c["id"] == "n5")["explanation"]["children"][0]
    assert leaf["documents"] == [{"title": "clinic note", "date": "2024-05", "page": "3", "author": "surgeon"}]
    assert "[clinic note, surgeon, 2024-05, page 3]" in text(decision)
    measure = next(c for c in found["criteria"] if c["id"] == "i1")["measures"][0]
    assert (measure["actual"], measure["stated"]) == ("50", "50")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["decide", "--full", "FILE"], "documents disagree (MRI report: 6; letter: 4)"),
        (["decide", "--full", "FILE"], "stated only as secondary or primary"),
        (["decide", "FILE"], "Warning: conservative_care.therapies.physical_therapy.weeks (20) is longer"),
        (["decide", "--json", "FILE"], '"stated": "more than 41"'),
        (["decide", "--brief", "FILE"], "deny (not eligible); fails n5 n16"),
        (["facts", "FILE"], "from(body_mass_index,41000001)."),
        (["facts", "FILE"], "ruled_out(symptom(radiculopathy),absent)."),
        (["readings", "FILE", "--json"], '"outcomes"'),
        (["test", "FILE"], "1 expected answers hold, 0 differ"),
        (["schema"], '"$id"'),
        (["schema", "--table"], "number from 0 to 150, or a bound"),
        (["schema", "--decision"], "SourceDocument"),
    ],
)
def test_commands_work_on_loose_statements(command: list[str], words: str, tmp_path: Any) -> None:
    path = tmp_path / "loose.yaml"
    path.write_text(LOOSE, encoding="utf-8")
    result = CliRunner().invoke(bvn, [str(path) if part == "FILE" else part for part in command])
    assert result.exit_code == 0, result.output
    assert words in " ".join(result.output.split()), result.output


LOOSE = """
conservative_care: {weeks: 4, therapies: {physical_therapy: {status: received, weeks: 20}}}
conditions: {radiculopathy: present, pregnancy: {value: yes, document: prenatal note, page: 2}}
patient: {age: 50 to 59, body_mass_index: {value: more than 41, document: clinic note, page: 3, author: surgeon}}
findings:
  present:
  - kind: disc_herniation
    shape: protrusion or extrusion
    levels: L4-L5
    shown_by: imaging
    size_mm: [{value: 6, document: MRI report}, {value: 4, document: letter}]
request: {bodies: [L4, L5], units: {'64628': 1}}
expected:
- {recommendation: deny, violated: [n5, n16], not_violated: [n6, n8], missing: ['findings.present[0].size_mm']}
"""


PRINTED = (
    ("find", ["find", "only reason is n5", "--json"]),
    ("find", ["find", "only reason is n8", "--json"]),
    ("find", ["find", "deny", "--count", "--limit", "3", "--json"]),
    ("prove", ["prove", "pregnancy => n5 violated", "--json"]),
    ("prove", ["prove", "pregnancy => n4 violated", "--json"]),
    ("whatif", ["whatif", "cases/indication_3_conservative_care.yaml#deny_care_exactly_six_weeks", "--json"]),
    ("whatif", ["whatif", "cases/exclusion_5_pregnancy.yaml#pend_pregnancy_unknown", "--json"]),
    ("diff", ["diff", "--reading", "course_moment=procedure", "--json"]),
    ("audit", ["audit", "--json", "--limit", "3"]),
    ("questions", ["readings", "--json"]),
    ("readings", ["readings", "cases/exclusion_5_pregnancy.yaml#pend_pregnancy_unknown", "--json"]),
    ("readings", ["readings", "cases/no_request.yaml#no_request_eligible_patient", "--json"]),
    ("test", ["test", "cases/units.yaml", "--json"]),
)


@pytest.mark.parametrize(("name", "words"), sampled(PRINTED, 0, 2, 3, 6, 7, 8, 9, 10, 12))
def test_what_a_search_prints_as_json_is_as_its_published_schema_says(
    name: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    printed = call(*words).stdout
    schema = json.loads(call("schema", "--document", name).stdout)
    assert schema == schema_of_document(name) and schema["$id"] == f"bvn-{name}/1"
    document = json.loads(printed)
    Draft202012Validator(schema).validate(document)
    more = [{**document[0], "more": 1}] if name == "questions" else {**document, "more": 1}
    assert not Draft202012Validator(schema).is_valid(more)


def test_every_document_that_has_a_schema_is_held_against_it() -> None:
    assert {name for name, _ in PRINTED} == set(DOCUMENTS) == set(DOCUMENTED)
