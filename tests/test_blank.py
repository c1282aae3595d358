"""The empty case to fill in: every field of the table, and nothing stated."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.record.blank import blank
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from bvn_asp.record.table import TABLE


def test_the_empty_case_states_nothing_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    assert CliRunner().invoke(bvn, ["new", str(path)]).exit_code == 0
    assert load_case(path) == Case.model_validate({})


def test_with_every_comment_taken_away_it_has_every_field_where_the_table_has_it() -> None:
    fields = "\n".join(re.sub("^# ", "", line) for line in blank().split("\n\n", 1)[1].splitlines())
    content = yaml.safe_load(fields)
    for row in TABLE.fields:
        found = content
        for step in re.sub(r"\[\]$", "", row.path).replace("[].", ".[].").split("."):
            found = found[0] if step == "[]" else found[step]
    assert Case.model_validate({"patient": dict.fromkeys(content["patient"])})


def test_an_existing_file_is_kept_and_a_section_that_there_is_not_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("pain: {low_back: yes}\n")
    assert CliRunner().invoke(bvn, ["new", str(path)]).exit_code != 0
    assert path.read_text() == "pain: {low_back: yes}\n"
    found = CliRunner().invoke(bvn, ["schema", "--table", "oddity"])
    assert found.exit_code == 2 and "there is no section 'oddity'; sections: patient, pain" in found.stderr


def test_the_fields_of_one_section_are_a_table_of_their_own() -> None:
    found = CliRunner().invoke(bvn, ["schema", "--table", "pain"])
    assert found.exit_code == 0 and "pain.clinician_severity" in found.output and "patient.age" not in found.output
