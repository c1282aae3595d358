"""Case files: every mistake is refused with its line, its field and what was expected."""

from __future__ import annotations

import copy
import json
import pickle
import time
from pathlib import Path
from random import Random

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from bvn_asp.errors import CaseError
from bvn_asp.record.case import Case
from bvn_asp.record.files import case_files, load_case, read_case
from bvn_asp.record.schema import json_schema
from bvn_asp.record.spans import times
from bvn_asp.record.statements import Said
from tests.random_cases import random_case


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
        ("conditions:\n  pregnancy: 'maybe'\n", 2, "expected yes, no or unknown, not 'maybe'"),
        ("patient:\n  bmi: 31\n", 2, "patient.bmi: there is no such field; did you mean body_mass_index?"),
        ("conditions:\n  bmi: 31\n", 2, "did you mean patient.body_mass_index?"),
        ("surgeries: [{kind: microdiscectomy}]\n", 1, "not 'microdiscectomy'; did you mean discectomy?"),
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
        ("request:\n  bodies: [L9]\n", 2, "expected a body, such as L4, or a disc"),
        ("request:\n  bodies: [L4, l4]\n", 2, "named twice"),
        ("request:\n  bodies: [L3-L5]\n", 2, "two neighbouring bodies"),
        ("request:\n  bodies: maybe\n", 2, "not 'maybe'"),
        ("request:\n  units: {'64628': 1.5}\n", 2, "expected a whole number of units"),
        ("surgeries:\n  - levels: L3-L5\n", 2, "two neighbouring bodies"),
        ("surgeries:\n  - levels: T13\n", 2, "expected a body, such as L4, or a disc"),
        ("surgeries: fusion\n", 1, "expected a list"),
        ("surgeries: many\n", 1, "expected a list of entries, or none, not 'many'"),
        ("patient: 52\n", 1, "expected fields with names"),
        ("patient: {birth_date: 2001-02-29}\n", 1, "no such day"),
        ("patient: {birth_date: 01/02/2001}\n", 1, "expected a date as YYYY-MM-DD"),
        ("patient: {age: 50, birth_date: 1970-01-01}\n", None, "patient.age: give this or birth_date, not both"),
        ("pain: {months: 8, onset: 2020-01-01}\n", None, "pain.months: give this or onset, not both"),
        ("conservative_care: {start: 2025-02-01, end: 2025-01-01}\n", None, "lies after"),
        ("patient: {birth_date: 2030-01-01}\nrequest: {date: 2025-01-01}\n", None, "lies after"),
        ("findings: {present: [{kind: tumor, shown_by: imaging, not_shown_by: imaging}]}\n", 1, "both shown and not"),
        ("findings: {present: [{kind: tumor, size_mm: 3}]}\n", 1, "size_mm: goes with disc_herniation, not with tumor"),
        ("conservative_care: {therapies: {chiropractic: {status: begun, received: no}}}\n", 1, "either status, or"),
        ("findings: {present: [{levels: L4}]}\n", 1, "findings.present[0].kind: the field is missing"),
        ("conservative_care:\n  therapies:\n    chiropractic: recieved\n", 3, "not 'recieved'; did you mean received?"),
        ("patient: {age: 5}\npatient: {age: 6}\n", 2, "given twice, first on line 1"),
        ("patient: {age: 5, age: 6}\n", 1, "given twice"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("patient: !!python/object:os.system {}\n", 1, "tags (!) are not allowed"),
        ("patient: {}\n---\npatient: {}\n", 2, "several cases go under `cases:`"),
        ("patient: {age: 5\n", 2, "not YAML"),
        ("patient:\n\tage: 5\n", 2, "begins with a tab: indent with spaces"),
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
        (b"", "empty"), (b" \n\n", "empty"), (b"\xff\xfe\x00", "not UTF-8"),
        (b"story: \x00\n", "line 1: holds a NUL character"),
        (b"# " + b"x" * 1_000_001, "larger than"), (b"# nothing here yet\n", "empty"),
        ("pain: {months: 7}".encode("utf-16"), "UTF-16; save it as UTF-8"),
        (b"story: a\nx: \xff\n", "line 2: not UTF-8"),
        ("story: \ud800", "lone surrogate"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_is_refused(data: bytes | str, words: str) -> None:
    assert any(words in problem for problem in problems(data))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"patient": {"age": NaN}}', "line 1, column 14: patient.age: expected a plain decimal number"),
        ('{"patient": {"age": -Infinity}}', "patient.age: expected a plain decimal number"),
        ('{"patient": {"age": 1e999999999999999999999}}', "patient.age: expected a plain decimal number"),
        ('{"story": 1e2}', "line 1, column 2: story: expected text"),
        (
            '{"patient": {"age": 1}, "patient": {}}',
            "line 1, column 25: patient: the field is given twice, first on line 1",
        ),
        ('{"patient": ', "line 1, column 13: not JSON"),
        ('{\n "surgeries": [{},\n  {"kind": "x"}]}', "line 3, column 4: surgeries[1].kind: expected discectomy"),
        ('{\n "a\\u0062\\"]": {}}', 'line 2, column 2: ab"]: there is no such field'),
        (json.dumps({"request": {"units": {str(n): 1 for n in range(201)}}}), "expected at most 32 entries, not 201"),
        ('{"story": "\\ud800"}', "line 1, column 2: story: expected text, but it holds half"),
        ("[" * 100_000, "nested too deeply"),
        ('{"patient": {"age": ' + "1" * 5000 + "}}", "too many digits"),
        ('{"patient": {"agee": 1}}', "did you mean age?"),
    ],
)
def test_mistakes_in_json_are_named_too(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text, is_json=True))


def test_every_conflict_of_a_case_is_listed_with_its_place() -> None:
    text = "patient: {age: 50, birth_date: 1970-01-01}\npain: {months: 8, onset: 2020-01-01}\n"
    assert problems(text) == [
        "line 1: patient.age: give this or birth_date, not both", "line 2: pain.months: give this or onset, not both",
    ]  # fmt: skip
    dates = (
        '{"surgeries": [{"date": "2030-01-01"}],\n "pain": {"onset": "2031-01-01"},\n'
        ' "request": {"planned_procedure_date": "2025-01-01"}}'
    )
    assert [problem.partition(": ")[0] for problem in problems(dates, is_json=True)] == [
        "line 1, column 17", "line 2, column 11",
    ]  # fmt: skip
    finding = "findings:\n  present:\n  - kind: tumor\n    size_mm: 3\n    slip_mm: 2\n"
    assert [problem.partition(": ")[0] for problem in problems(finding)] == ["line 4", "line 5"]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    for text in ("pain: {months: 7}", '{"pain": {"months": 7}}'):
        for data in (text.encode("utf-8-sig"), f"\ufeff{text}"):
            assert read_case(data, is_json=text.startswith("{")).exact("pain.months") == 7


@pytest.mark.parametrize(
    ("text", "is_json"),
    [
        ("{" + ", ".join(f'"k{n}": 1' for n in range(40_000)) + "}", True),
        ("{" + ", ".join('"a": 1' for _ in range(40_000)) + "}", True),
        ('{"a": ' + "[" * 900 + "1, " * 200_000 + "1" + "]" * 900 + "}", True),
        ('{"' + "k" * 900_000 + '": 1}', True),
        ('{"patient": {"age": ' + "9" * 900_000 + "}}", True),
        ("\n".join(f"k{n}: 1" for n in range(40_000)), False),
        ("a: 1\n" * 40_000, False),
    ],
    ids=["fields", "one field", "depth", "a name", "a number", "fields in YAML", "one field in YAML"],
)
def test_the_time_to_refuse_a_file_grows_with_its_size_and_not_faster(text: str, is_json: bool) -> None:
    started = time.process_time()
    found = problems(text, is_json=is_json)
    # Comparing each field with each other took minutes.
    assert time.process_time() - started < 15
    assert sum(map(len, found)) < 10_000 and len(found) <= 26


def test_three_mistakes_give_three_errors() -> None:
    text = "patient: {agee: 50}\npain: {months: soon}\nrequest: {bodies: [L7]}\n"
    assert [problem.partition(": ")[0] for problem in problems(text)] == ["line 1", "line 2", "line 3"]


def test_the_same_content_as_yaml_and_as_json_is_the_same_case(tmp_path: Path) -> None:
    content = {"patient": {"age": 50.5, "body_mass_index": 40.004}, "conditions": {"pregnancy": False, "t_score": -2.5}}
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content))
    as_yaml = "patient: {age: 50.5, body_mass_index: 40.004}\nconditions: {pregnancy: no, t_score: -2.5}\n"
    assert load_case(path) == read_case(as_yaml)


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("pain: {months: unknown}", True), ("pain: {months: }", True), ("pain: unknown", True), ("pain:", True),
        ("story: x", False), ("pain: {}", False),
    ],
)  # fmt: skip
def test_empty_and_unknown_leave_a_field_open_and_left_out_does_not_mention_it(text: str, mentioned: bool) -> None:
    case = read_case(text)
    assert case.said("pain.months") == (Said() if mentioned else None)
    assert case.exact("pain.months") is None
    assert (case.said("pain.onset") is not None) is (mentioned and "{" not in text)


def test_a_field_that_is_open_goes_with_one_that_says_the_same() -> None:
    case = read_case("patient: {age: unknown, birth_date: 1970-01-01}")
    assert case.said("patient.age") == Said()
    assert [(name, moment) for name, moment, *_ in times(case)] == [("age", "request"), ("age", "procedure")]


def test_levels_are_read_in_the_usual_spellings() -> None:
    case = read_case("surgeries:\n- levels: [l4/5, L5-S1, l3]\n")
    assert case.exact("surgeries[0].levels") == ("L4-L5", "L5-S1", "L3")


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CaseError, match="cannot be read"):
            load_case(path)


CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


def test_the_json_schema_accepts_every_sample_case_and_names_every_section() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == {*Case.model_fields, "based_on", "cases"}
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
    with pytest.raises(ValidationError, match="frozen"):
        case.patient.age = None
    assert case.model_dump(mode="json", exclude_unset=True) == {
        "patient": {"age": "47"}, "request": {"units": {"64628": 1}},
    }  # fmt: skip


def test_what_a_case_dumps_is_read_as_the_same_case() -> None:
    schema = Draft202012Validator(json_schema())
    for seed in range(60):
        case = random_case(Random(seed))
        dumped = case.model_dump(mode="json", exclude_unset=True)
        assert Case.model_validate(dumped) == case, seed
        assert read_case(json.dumps(dumped), is_json=True) == case, seed
        assert schema.is_valid(dumped), seed


def test_hidden_files_of_a_folder_are_passed_over_unless_named(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.json", ".draft.yaml", ".git/d.yaml", "a/.e.yml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in case_files([tmp_path])] == ["a/c.json", "b.yaml"]
    assert list(case_files([tmp_path / ".draft.yaml"])) == [tmp_path / ".draft.yaml"]
    assert [path.name for path in case_files([tmp_path / ".git"])] == ["d.yaml"]
