"""Case files: every mistake is refused with its line, its field and what was expected."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from bvn_asp.case import Case
from bvn_asp.errors import CaseError
from bvn_asp.files import case_files, load_case, read_case
from bvn_asp.schema import field_table, json_schema


def problems(text: str | bytes, *, is_json: bool = False) -> list[str]:
    with pytest.raises(CaseError) as caught:
        read_case(text, "x.yaml", is_json=is_json)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("pain:\n  mnths: 7\n", 2, "pain.mnths: there is no such field; did you mean months?"),
        ("pian: {}\n", 1, "pian: there is no such field; did you mean pain?"),
        ("patient:\n  zebra: 1\n", 2, "fields here: age, birth_date"),
        ("conditions:\n  pregnancy: maybe\n", 2, "conditions.pregnancy: expected yes, no or unknown"),
        ("conditions:\n  pregnancy: 1\n", 2, "expected yes, no or unknown"),
        ('conditions:\n  pregnancy: "yes"\n', 2, "expected yes, no or unknown"),
        ("pain:\n  months: -1\n", 2, "pain.months: expected a number from 0"),
        ("pain:\n  months: .nan\n", 2, "expected a plain decimal number"),
        ("pain:\n  months: .inf\n", 2, "expected a plain decimal number"),
        ("pain:\n  months: 1e2\n", 2, "expected a plain decimal number"),
        ("pain:\n  months: yes\n", 2, "expected a number"),
        ("pain:\n  months: [1]\n", 2, "expected a number"),
        (f"pain:\n  months: {'1' * 5000}\n", 2, "too many digits"),
        ("patient:\n  body_mass_index: 40.0000001\n", 2, "too many digits: at most 6 decimal places"),
        ("patient:\n  body_mass_index: 4000\n", 2, "expected a number from 5 to 300"),
        ("pain:\n  clinician_severity: awful\n", 2, "expected none, mild, moderate, severe or unknown"),
        ("request:\n  bodies: [L9]\n", 2, "expected a vertebral body"),
        ("request:\n  bodies: [L4, l4]\n", 2, "named twice"),
        ("request:\n  bodies: []\n", 2, "expected at least one"),
        ("request:\n  bodies: [L4-L5]\n", 2, "expected a vertebral body"),
        ("request:\n  units: {'64628': 1.5}\n", 2, "expected a whole number of units"),
        ("surgeries:\n  - levels: L3-L5\n", 2, "two neighbouring bodies"),
        ("surgeries:\n  - levels: T13\n", 2, "expected a body, such as L4, or a disc"),
        ("surgeries: fusion\n", 1, "expected a list"),
        ("surgeries: none\n", 1, "expected a list; an empty list, [], states that there is none"),
        ("patient: 52\n", 1, "expected fields with names"),
        ("patient: {birth_date: 2001-02-29}\n", 1, "no such day"),
        ("patient: {birth_date: 01/02/2001}\n", 1, "expected a date as YYYY-MM-DD"),
        ("patient: {age: 50, birth_date: 1970-01-01}\n", None, "age or birth_date, not both"),
        ("pain: {months: 8, onset: 2020-01-01}\n", None, "months or onset, not both"),
        ("conservative_care: {start: 2025-02-01, end: 2025-01-01}\n", None, "lies after"),
        ("patient: {birth_date: 2030-01-01}\nrequest: {date: 2025-01-01}\n", None, "lies after"),
        ("findings: {present: [{kind: tumor}], absent: [tumor]}\n", 1, "both present and absent"),
        ("findings: {present: [{kind: tumor, size_mm: 3}]}\n", 1, "size_mm goes with disc_herniation"),
        ("findings: {present: [{levels: L4}]}\n", 1, "findings.present[0].kind: the field is missing"),
        ("conservative_care:\n  therapies:\n    chiropractic: recieved\n", 3, "expected received, not_received"),
        ("patient: {age: 5}\npatient: {age: 6}\n", 2, "given twice, first on line 1"),
        ("patient: {age: 5, age: 6}\n", 1, "given twice"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("patient: !!python/object:os.system {}\n", 1, "tags (!) are not allowed"),
        ("patient: {}\n---\npatient: {}\n", 2, "one case for each file"),
        ("patient: {age: 5\n", 2, "not YAML"),
        ("patient:\n\tage: 5\n", 2, "not YAML"),
        ("[" * 200, 1, "nested too deeply"),
        ("- 1\n", 1, "expected fields with names"),
        ("just text\n", 1, "expected fields with names"),
        ("? [a]\n: 1\n", 1, "expected a plain field name"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_what_was_expected(text: str, line: int | None, words: str) -> None:
    found = problems(text)
    assert any(words in problem for problem in found), found
    if line is not None:
        assert any(problem.startswith(f"line {line}: ") for problem in found), found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"), (b" \n\n", "empty"), (b"\xff\xfe\x00", "not UTF-8"), (b"story: \x00\n", "not YAML"),
        (b"# " + b"x" * 1_000_001, "larger than"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_is_refused(data: bytes, words: str) -> None:
    assert any(words in problem for problem in problems(data))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"patient": {"age": NaN}}', "NaN is not a number"),
        ('{"patient": {"age": 1}, "patient": {}}', "given twice"),
        ('{"patient": ', "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"patient": {"age": ' + "1" * 5000 + "}}", "too many digits"),
        ('{"patient": {"agee": 1}}', "did you mean age?"),
    ],
)
def test_mistakes_in_json_are_named_too(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text, is_json=True))


def test_three_mistakes_give_three_errors() -> None:
    text = "patient: {agee: 50}\npain: {months: soon}\nrequest: {bodies: [L7]}\n"
    assert [problem.partition(": ")[0] for problem in problems(text)] == ["line 1", "line 2", "line 3"]


def test_the_same_content_as_yaml_and_as_json_is_the_same_case(tmp_path: Path) -> None:
    content = {"patient": {"age": 50.5, "body_mass_index": 40.004}, "conditions": {"pregnancy": False, "t_score": -2.5}}
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content))
    as_yaml = "patient: {age: 50.5, body_mass_index: 40.004}\nconditions: {pregnancy: no, t_score: -2.5}\n"
    assert load_case(path) == read_case(as_yaml)


@pytest.mark.parametrize("text", ["pain: {months: unknown}", "pain: {months: }", "pain: unknown", "pain:", "story: x"])
def test_left_out_empty_and_unknown_all_mean_unknown(text: str) -> None:
    assert read_case(text).pain == Case().pain


def test_levels_are_read_in_the_usual_spellings() -> None:
    case = read_case("surgeries:\n- levels: [l4/5, L5-S1, l3]\n")
    assert case.surgeries is not None and case.surgeries[0].levels == ("L4-L5", "L5-S1", "L3")


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CaseError, match="cannot be read"):
            load_case(path)


CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


def test_the_json_schema_accepts_every_sample_case_and_names_every_section() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(Case.model_fields)
    assert schema["additionalProperties"] is False
    validator = Draft202012Validator(schema)
    for path in CASES:
        # The sample cases hold no dates as text, which YAML would read as dates: JSON has them as text.
        content = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
        assert [error.message for error in validator.iter_errors(content)] == [], path.stem


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("pain: unknown", True), ("pain:", True), ("pain: {clinician_severity: unknown}", True),
        ("surgeries: unknown", True), ("findings: {absent: unknown}", True), ("patient: {age: unknown}", True),
        ("conservative_care: {therapies: {chiropractic: received}}", True), ("request: {bodies: L4}", True),
        ("request: {bodies: [Q9]}", False), ("patient: {age: forty}", False), ("pain: {months: -1}", False),
        ("conservative_care: {therapies: {chiropractic: often}}", False), ("patient: {agee: 5}", False),
        ("surgeries: [" + "{}, " * 33 + "]", False), ("pain: 5", False),
    ],
)  # fmt: skip
def test_the_json_schema_and_the_reader_agree(text: str, valid: bool) -> None:
    assert Draft202012Validator(json_schema()).is_valid(yaml.safe_load(text)) is valid
    try:
        read_case(text)
    except CaseError:
        assert not valid
    else:
        assert valid


def test_a_case_is_frozen_compares_by_content_and_survives_pickling() -> None:
    case = read_case("patient: {age: 47}\nrequest: {units: {'64628': 1}}")
    assert case == read_case("patient: {age: 47}\nrequest: {units: {'64628': 1}}") != read_case("patient: {age: 48}")
    assert pickle.loads(pickle.dumps(case)) == copy.deepcopy(case) == case
    with pytest.raises(AttributeError, match="frozen"):
        case.patient.age = None
    assert case.model_dump(mode="json", exclude_unset=True) == {
        "patient": {"age": "47"}, "request": {"units": {"64628": 1}},
    }  # fmt: skip


def test_hidden_files_of_a_folder_are_passed_over_unless_named(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.json", ".draft.yaml", ".git/d.yaml", "a/.e.yml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in case_files([tmp_path])] == ["a/c.json", "b.yaml"]
    assert list(case_files([tmp_path / ".draft.yaml"])) == [tmp_path / ".draft.yaml"]
    assert [path.name for path in case_files([tmp_path / ".git"])] == ["d.yaml"]


def test_the_table_of_fields_names_choices_units_lists_and_repeated_sections_once() -> None:
    rows = {path: (choices, meaning) for path, choices, meaning in field_table()}
    assert rows["patient"] == ("fields below", "Who the patient is")
    assert rows["patient.age"] == ("number from 0 to 150", "years; or give birth_date")
    assert rows["pain.clinician_severity"] == ("none, mild, moderate, severe", "")
    assert rows["surgeries[].levels"] == ("such as L4 or L4-L5; one or a list", "")
    assert rows["findings.present[].shown_by[]"] == ("imaging, clinical_assessment", "")
    assert rows["request.units"] == ("by name: whole number from 0 to 99", "units asked for, by procedure code")
    therapies = "conservative_care.therapies"
    assert rows[f"{therapies}.activity_avoidance"][0] == "fields below, or received, not_received, contraindicated"
    assert rows[f"{therapies}.chiropractic"] == ("as activity_avoidance", "")
    assert rows["request.planned_procedure_date"] == ("date", "")


def test_the_table_of_fields_has_every_field_of_every_section() -> None:
    named = {path.replace("[]", "").split(".")[-1] for path, _, _ in field_table()}
    sections = [json_schema(), *json_schema()["$defs"].values()]
    assert named == {name for section in sections for name in section["properties"]}
