"""Cases that are based on others: what they take over, where the other is found, and every way to get it wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bvn_asp import Case, CaseError, load_case, load_cases, read_case
from bvn_asp.batch.tables import cases_in
from bvn_asp.errors import TableError
from bvn_asp.record.bases import MOST_BASES, MOST_CASES
from bvn_asp.record.schema import json_schema
from tests.calling import bvn
from tests.sample_cases import FOLDER

BASE = """
story: Of the base
patient: {age: 52, body_mass_index: 27}
conservative_care: {weeks: 16, therapies: {chiropractic: {status: received, weeks: 4}, cognitive_therapy: received}}
findings: {present: [{kind: deformity, levels: L1}], absent: [stenosis, tumor, infection]}
surgeries: none
request: {bodies: [L4, L5], units: {"64628": 1}}
expected: [{recommendation: approve}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def on_base(folder: Path, text: str) -> Case:
    (folder / "x.yaml").write_text(f"based_on: base\n{text}")
    return load_case(folder / "x.yaml")


def stated(case: Case) -> dict[str, Any]:
    return case.model_dump(mode="json", exclude_unset=True)


def problems(path: Path) -> list[str]:
    with pytest.raises(CaseError) as caught:
        load_cases(path)
    return [f"{Path(caught.value.file).name}: {problem}" for problem in caught.value.problems]


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_case_takes_over_everything_but_the_story_and_the_expected_answers(folder: Path) -> None:
    whole = stated(load_case(folder / "base.yaml"))
    assert {**stated(on_base(folder, "")), "story": "Of the base", "expected": whole["expected"]} == whole
    assert on_base(folder, "").expected == () and on_base(folder, "").said("story") is None


@pytest.mark.parametrize(
    ("difference", "path", "found"),
    [
        ("patient: {body_mass_index: 41}", "patient", {"age": "52", "body_mass_index": "41"}),
        ("surgeries: [{kind: fusion}]", "surgeries", [{"kind": "fusion"}]),
        ("findings: {absent: [trauma]}", "findings.absent", ["trauma"]),
        ("findings: {absent: {remove: [tumor]}}", "findings.absent", ["stenosis", "infection"]),
        ("findings: {absent: {remove: [tumor], add: [trauma]}}",
         "findings.absent", ["stenosis", "infection", "trauma"]),
        ("findings: {present: {remove: [{kind: deformity}]}}", "findings.present", []),
        ("surgeries: {add: [{kind: fusion}]}", "surgeries", [{"kind": "fusion"}]),
        ("conservative_care: {therapies: {chiropractic: {weeks: 5}}}",
         "conservative_care.therapies.chiropractic", {"status": "received", "weeks": "5"}),
        ("conservative_care: {therapies: {chiropractic: not_received}}",
         "conservative_care.therapies.chiropractic", {"status": "not_received"}),
        ("conservative_care: {therapies: {cognitive_therapy: {weeks: 5}}}",
         "conservative_care.therapies.cognitive_therapy", {"weeks": "5"}),
        ("patient: {age: unknown}", "patient", {"age": "unknown", "body_mass_index": "27"}),
        ("patient: {age: }", "patient", {"age": "unknown", "body_mass_index": "27"}),
        ("patient: unknown", "patient", {}),
        ("request: {units: unknown}", "request", {"bodies": ["L4", "L5"], "units": []}),
        ("request: {units: {'64629': 1}}", "request.units", {"64628": 1, "64629": 1}),
        ("surgeries: unknown", "surgeries", "unknown"),
    ],
)  # fmt: skip
def test_what_differs_goes_into_the_base_field_by_field(folder: Path, difference: str, path: str, found: Any) -> None:
    content: Any = stated(on_base(folder, difference))
    for step in path.split("."):
        content = content[step]
    assert content == found


def test_the_cases_of_a_file_start_from_what_is_common_to_them_unless_they_are_based_on_another(folder: Path) -> None:
    path = written(folder, """
story: About the age
based_on: base
patient: {age: 60}
cases:
  as_it_is:
  younger: {patient: {age: 40}}
  younger_and_lighter: {based_on: younger, patient: {body_mass_index: 20}}
  of_the_package: {based_on: usual}
""")  # fmt: skip
    cases = load_cases(path)
    found: dict[str, Any] = {
        id.rpartition("#")[2]: (case.exact("patient.age"), case.exact("patient.body_mass_index"))
        for id, case in cases.items()
    }
    assert found == {
        "as_it_is": (60, 27), "younger": (40, 27), "younger_and_lighter": (40, 20), "of_the_package": (52, 27),
    }  # fmt: skip
    assert all(case.said("story") is None for case in cases.values())
    assert load_case(f"{path}#younger") == cases[f"{path}#younger"]
    assert cases[f"{path}#of_the_package"].exact("patient.skeletal_maturity_documented") is True


def test_a_base_is_found_in_the_file_beside_it_below_it_and_in_the_package(folder: Path) -> None:
    written(folder, "based_on: other#second", "below/first.yaml")
    written(folder, json.dumps({"cases": {"second": {"patient": {"age": 33}}}}), "below/other.json")
    for name, age in (("base", 52), ("base.yaml", 52), ("below/other#second", 33), ("below/other.json#second", 33),
                      ("below/first", 33), ("usual", 52)):  # fmt: skip
        assert load_case(written(folder, f"based_on: {name}")).exact("patient.age") == age, name
    assert read_case("based_on: usual").exact("patient.age") == 52
    # A case of the same file goes by its name, even if the file is called so too.
    path = written(folder, "cases: {a: {patient: {age: 20}}, b: {based_on: a}}", "a.yaml")
    assert load_case(f"{path}#b").exact("patient.age") == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("based_on: bsae",
         "x.yaml: line 1: based_on: there is no case bsae: there is no such file in FOLDER; the package has "
         "usual"),
        ("cases:\n  a: {based_on: bsae}",
         "x.yaml: line 2: cases.a.based_on: there is no case bsae: the cases of this file are a; there is no "
         "such file in FOLDER; the package has usual"),
        ("based_on: [base]",
         "x.yaml: line 1: based_on: expected the name of a case, or of a file with a case"),
        ("based_on: x",
         "x.yaml: line 1: based_on: goes round in a circle: FOLDER/x.yaml, FOLDER/x.yaml"),
        ("cases:\n  a: {based_on: b}\n  b: {based_on: a}",
         "x.yaml: line 3: cases.b.based_on: goes round in a circle: FOLDER/x.yaml#a, FOLDER/x.yaml#b, "
         "FOLDER/x.yaml#a"),
        ("based_on: x#a\ncases:\n  a: {}",
         "x.yaml: line 1: based_on: goes round in a circle: FOLDER/x.yaml#a, FOLDER/x.yaml#a"),
        ("based_on: twice",
         "x.yaml: line 1: based_on: twice is in FOLDER/twice.yaml and in FOLDER/twice.json: give one of them "
         "another name"),
        ("cases: {base: {}, b: {based_on: base}}",
         "x.yaml: line 1: cases.b.based_on: base is in FOLDER/x.yaml and in FOLDER/base.yaml: give one of them "
         "another name"),
        ("based_on: several",
         "x.yaml: line 1: based_on: FOLDER/several.yaml holds several cases; name one: several#a, several#b"),
        ("based_on: several#c",
         "x.yaml: line 1: based_on: FOLDER/several.yaml: there is no case c; cases here: a, b"),
        ("based_on: base#c",
         "x.yaml: line 1: based_on: FOLDER/base.yaml: the file is one case: there is no c in it"),
        ("based_on: /etc/hosts.yaml",
         "x.yaml: line 1: based_on: expected a file in the folder of this one or below it, without .."),
        ("based_on: below/../base",
         "x.yaml: line 1: based_on: expected a file in the folder of this one or below it, without .."),
        ("based_on: outside",
         "x.yaml: line 1: based_on: lies outside the folder of the case file"),
        ("based_on: broken",
         "broken.yaml: line 2: not YAML: did not find expected node content"),
        ("based_on: repeats",
         "repeats.yaml: line 2: patient: the field is given twice, first on line 1"),
        ("cases: []",
         "x.yaml: line 1: cases: expected cases by name, such as `first:` with the fields of a case below it"),
        ("cases: {}",
         "x.yaml: line 1: cases: expected cases by name, such as `first:` with the fields of a case below it"),
        ("cases:\n  a: 5",
         "x.yaml: line 2: cases.a: expected fields with names, one to a line"),
        ("cases: {a#b: {}}",
         "x.yaml: line 1: cases.a#b: expected a name of letters, digits, _, - and ., at most 100"),
        ("expected: []\ncases: {a: {}}",
         "x.yaml: line 1: expected: expected answers belong to one case: write them under its name"),
        ("cases:\n  a:\n    cases: {b: {}}",
         "x.yaml: line 3: cases.a.cases: a case under `cases` holds no further cases"),
        ("based_on: base\nfindings: {absent: {remove: [trauma]}}",
         "x.yaml: line 2: findings.absent.remove[0]: the list of the base has no such entry"),
        ("based_on: base\nfindings: {absent: {add: [tumor]}}",
         "x.yaml: line 2: findings.absent.add[0]: the list of the base has this entry already"),
        ("based_on: base\nablations: {add: [{}]}",
         "x.yaml: line 2: ablations: the base states no list here: write the whole list"),
        ("based_on: base\nfindings: {absent: {add: tumor}}",
         "x.yaml: line 2: findings.absent.add: expected a list of entries"),
        ("based_on: base\npatient: {birth_date: 1970-01-01}",
         "x.yaml: line 1: patient.age: give this or birth_date, not both (`unknown` takes a statement of the base "
         "away) (stated in FOLDER/base.yaml, line 3)"),
        ("based_on: base\nfindings: {present: [{kind: deformity, shown_by: [imaging], not_shown_by: [imaging]}]}",
         "x.yaml: line 2: findings.present[0]: stated both shown and not shown by imaging (`unknown` takes a "
         "statement of the base away)"),
        ("based_on: base\npatient: {agee: 5}",
         "x.yaml: line 2: patient.agee: there is no such field; did you mean age?"),
        ("based_on: wrong\npatient: {age: 5}",
         "x.yaml: line 1: conditions.pregnancy: expected yes, no or unknown, not 'maybe' (stated in "
         "FOLDER/wrong.yaml, line 2)"),
        ("patient: {age: old}\ncases: {a: {}, b: {}}",
         "x.yaml: line 1: patient.age: expected a plain decimal number, such as 12 or 12.5, or a bound: at least 12, "
         "more than 12, at most 12, less than 12, 10 to 12, not 'old'"),
    ],
)  # fmt: skip
def test_every_mistake_is_told_with_its_place(folder: Path, text: str, message: str) -> None:
    written(folder, "{}", "twice.yaml")
    written(folder, "{}", "twice.json")
    written(folder, "cases: {a: {}, b: {}}", "several.yaml")
    written(folder, "a: [", "broken.yaml")
    written(folder, "patient: {}\npatient: {}", "repeats.yaml")
    written(folder, "patient: {age: 7}\nconditions: {pregnancy: maybe}", "wrong.yaml")
    (folder / "below").mkdir()
    outside = folder.parent / f"{folder.name}-outside.yaml"
    outside.write_text("{}")
    (folder / "outside.yaml").symlink_to(outside)
    assert problems(written(folder, text)) == [message.replace("FOLDER", str(folder))]


def test_the_mistakes_of_all_cases_of_a_file_are_listed_at_once(folder: Path) -> None:
    path = written(folder, "cases:\n  a: {patient: {agee: 1}}\n  b: {}\n  c: {pain: {months: soon}}\n")
    assert problems(path) == [
        "x.yaml: line 2: cases.a.patient.agee: there is no such field; did you mean age?",
        "x.yaml: line 4: cases.c.pain.months: expected a plain decimal number, such as 12 or 12.5, or a bound: "
        "at least 12, more than 12, at most 12, less than 12, 10 to 12, not 'soon'",
    ]


def test_chains_and_files_are_bounded(folder: Path) -> None:
    def chain(steps: int) -> str:
        return "cases: {" + ", ".join([f"c{n}: {{based_on: c{n + 1}}}" for n in range(steps)]) + f", c{steps}: {{}}}}"

    assert len(load_cases(written(folder, chain(MOST_BASES)))) == MOST_BASES + 1
    assert "more than 10 records lie below this case" in problems(written(folder, chain(MOST_BASES + 1)))[0]
    many = ", ".join(f"c{n}: {{}}" for n in range(MOST_CASES + 1))
    assert f"at most {MOST_CASES} cases" in problems(written(folder, f"cases: {{{many}}}"))[0]
    deep = '{"patient": ' * 300 + "{}" + "}" * 300
    written(folder, deep, "deep.json")
    path = written(folder, f'{{"based_on": "deep", {deep[1:]}', "x.json")
    assert "nested too deeply" in problems(path)[0]


def test_one_case_of_several_must_be_named(folder: Path) -> None:
    path = written(folder, "cases: {a: {}, b: {}}")
    for name, message in (
        ("", "holds several cases; name one as FILE#NAME: a, b"),
        ("#c", "no case c; cases here: a, b"),
    ):
        with pytest.raises(CaseError, match=message):
            load_case(f"{path}{name}")
    with pytest.raises(CaseError, match="holds several cases"):
        read_case("cases: {a: {}, b: {}}")
    with pytest.raises(CaseError, match="there is no case base: the package has usual"):
        read_case("based_on: base")


def test_rows_of_json_lines_state_everything_themselves(tmp_path: Path) -> None:
    for field, row in (("based_on", '{"based_on": "usual"}'), ("cases", '{"cases": {"a": {}}}')):
        with pytest.raises(TableError, match=f"{field}: there is no such field"):
            list(cases_in(written(tmp_path, row, "rows.jsonl")))


def test_the_schema_takes_every_file_of_cases_and_refuses_a_wrong_name_and_a_wrong_change() -> None:
    validator = Draft202012Validator(json_schema())
    for path in sorted(FOLDER.glob("*.yaml")):
        content = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
        assert [error.message for error in validator.iter_errors(content)] == [], path.name
    several: list[Any] = [{"a b": {}}, {}, {"a": {"cases": {}}}, {"a": {"surgeries": {"remove": 5}}}]
    assert [validator.is_valid({"cases": cases}) for cases in several] == [False] * 4


def test_commands_go_through_the_cases_of_a_file_and_name_each(folder: Path) -> None:
    path = written(folder, "based_on: usual\ncases: {heavy: {patient: {body_mass_index: 41}}, as_it_is: {}}")
    assert bvn("decide", "--brief", str(path)).stdout.splitlines()[:2] == [
        f"{path}#heavy: deny (not eligible); fails n16; L4 permissible, L5 permissible",
        f"{path}#as_it_is: approve (eligible); L4 permissible, L5 permissible",
    ]
    assert "\nfrom(body_mass_index,41000000).\nto(body_mass_index,41000000).\n" in bvn("facts", f"{path}#heavy").stdout
    assert bvn("export", str(path), "-o", str(folder / "out")).returncode == 0
    assert sorted(item.name for item in (folder / "out").iterdir()) == ["x-as_it_is.json", "x-heavy.json"]
    assert load_case(folder / "out" / "x-heavy.json") == load_case(f"{path}#heavy")
    found = bvn("whatif", str(path))
    assert found.returncode == 2 and "name one as FILE#NAME: heavy, as_it_is" in found.stderr
