"""A chart as a case: what resources state, and nothing that they do not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from carebundle import PROFILES, generate_bundle, to_json
from click.testing import CliRunner

from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import CaseError
from bvn_asp.fhir.chart import Chart, gather, listing
from bvn_asp.fhir.codes import CODES, MEASURES, SYSTEMS, stated_by
from bvn_asp.fhir.resource import MOST_BYTES, resource_at
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.files import read_case, read_content
from bvn_asp.record.forms import reader
from bvn_asp.record.statements import Document, Range, Said, plain
from bvn_asp.record.table import TABLE
from bvn_asp.record.writing import yaml_text

ENGINE = Engine(shipped_policy())
Json = dict[str, Any]
ICD, SCT, CPT = "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", "http://www.ama-assn.org/go/cpt"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
P1 = {"reference": "Patient/p1"}


def coded(*codings: tuple[str, str]) -> Json:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", "id": "p1", "birthDate": "1970-05-04", "gender": "female", **more}


def condition(code: str, clinical: str = "active", verification: str = "confirmed", system: str = ICD,
              **more: Any) -> Json:  # fmt: skip
    kinds = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition", "id": f"c-{code}", "code": coded((system, code)), "subject": P1,
        "clinicalStatus": coded((f"{kinds}clinical", clinical)),
        "verificationStatus": coded((f"{kinds}ver-status", verification)), "recordedDate": "2025-02-03", **more,
    }  # fmt: skip


def observation(code: str, value: Any, unit: str, date: str = "2025-03-01T10:00:00Z", **more: Any) -> Json:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation", "id": f"o-{code}", "status": "final", "subject": P1,
        "code": coded(("http://loinc.org", code)), "effectiveDateTime": date, "valueQuantity": quantity, **more,
    }  # fmt: skip


def mass_index(value: Any, date: str = "2025-03-01", **more: Any) -> Json:
    return observation("39156-5", value, "kg/m2", date, **more)


def t_score(code: str, value: Any, unit: str = "{T-score}", **more: Any) -> Json:
    return observation(code, value, unit, **more)


def procedure(code: str, **more: Any) -> Json:
    return {
        "resourceType": "Procedure", "id": f"p-{code}", "status": "completed", "code": coded((CPT, code)),
        "subject": P1, **more,
    }  # fmt: skip


def device(code: str, **more: Any) -> Json:
    return {"resourceType": "Device", "id": f"d-{code}", "type": coded((SCT, code)), "patient": P1, **more}


def drug(kind: str, code: str, status: str = "active", **more: Any) -> Json:
    return {
        "resourceType": kind, "id": f"m-{code}", "status": status, "subject": P1,
        "medicationCodeableConcept": coded((RXNORM, code)), **more,
    }  # fmt: skip


def imaging(**more: Any) -> Json:
    return {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": P1,
        "category": [coded(("http://loinc.org", "LP29684-5"))], "effectiveDateTime": "2025-01-05", **more,
    }  # fmt: skip


def bundle(*resources: Json, **more: Any) -> str:
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources], **more}
    )


@pytest.fixture
def chart(tmp_path: Path) -> Any:
    def of(*resources: Json | str, **more: Any) -> Chart:
        path = tmp_path / "bundle.json"
        first = resources[0] if resources else ""
        text = first if isinstance(first, str) and first else bundle(*resources, **more)  # type: ignore[arg-type]
        path.write_text(text, encoding="utf-8")
        return gather(resource_at(path, "Bundle"))

    return of


def said(found: Chart, path: str) -> Any:
    """Return what the case says at `path`, as people write it; None if nothing."""
    statement = read_content(found.content).said(path)
    return None if statement is None else str(statement)


def why(found: Chart, source: str) -> list[str]:
    return [item.why for item in found.left_out if item.source == source]


# --- the table of codes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", CODES, ids=lambda row: f"{row.kind}-{row.code}-{row.field}")
def test_a_code_states_something_that_its_field_takes(row: Any) -> None:
    assert row.system in SYSTEMS and row.words and row.source and row.field in TABLE.by_path
    entry = row.field.rpartition(".")[0]
    for path, value in ((row.field, row.value), *((f"{entry}.{name}", value) for name, value in row.more)):
        reader(TABLE.by_path[path])(value)
    if row.past is not None:
        reader(TABLE.by_path[row.field])(row.past)


def test_no_code_states_a_field_twice_and_differently() -> None:
    for row in CODES:
        code = row.code.replace("*", "9")
        fields = [found.field for found in stated_by(row.kind, [(row.system, code)])]
        assert len(fields) == len(set(fields)), row.code


def test_codes_state_what_speaks_against_a_request_but_for_age_mass_and_pain() -> None:
    """That something is not so, no code says: silence of a chart can never be taken for an absence."""
    for row in CODES:
        assert row.value not in (False, "absent", "none", "no"), row.code
    favourable = {row.field for row in CODES} | {row.field for row in MEASURES}
    assert {f for f in favourable if f.startswith(("patient.", "pain."))} == {
        "patient.body_mass_index",
        "pain.low_back",
    }


@pytest.mark.parametrize("code", ["Z68.41", "Z6841", "z68.41 "])
def test_a_code_is_known_without_its_dot(code: str) -> None:
    assert [row.value for row in stated_by("Condition", [(ICD, code)])] == ["40.0 to 44.9"]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("Z33.1", ["conditions.pregnancy"]), ("Z34.93", ["conditions.pregnancy"]),
        ("O09.523", ["conditions.pregnancy"]),
        ("M81.0", ["conditions.osteoporosis_diagnosed"]),
        ("M80.08XA", ["conditions.osteoporosis_diagnosed", "conditions.fragility_fracture"]),
        ("M80.051A", ["conditions.osteoporosis_diagnosed"]),
        ("M48.062", ["conditions.neurogenic_claudication", "findings.present[].kind"]),
        ("M48.061", ["findings.present[].kind"]), ("D66", ["conditions.bleeding_diathesis"]), ("D68.59", []),
        ("D68.01", ["conditions.bleeding_diathesis"]), ("F11.20", ["conditions.substance_use_active"]),
        ("F11.21", []), ("F17.210", []), ("Z95.0", ["conditions.pulse_generator"]), ("Z95.1", []),
        ("C79.51", []), ("C41.2", ["conditions.spinal_cancer"]), ("S32.030A", ["findings.present[].kind"]),
        ("S32.030S", []), ("M54.50", ["pain.low_back"]), ("M54.2", []), ("E66.01", []), ("Z68.54", []),
    ],
)  # fmt: skip
def test_what_a_diagnosis_states(code: str, fields: list[str]) -> None:
    assert [row.field for row in stated_by("Condition", [(ICD, code)])] == fields


def test_a_code_of_another_system_or_kind_of_resource_states_nothing() -> None:
    assert not stated_by("Condition", [(SCT, "Z33.1")]) and not stated_by("Procedure", [(ICD, "Z33.1")])
    assert not stated_by("Condition", [("", "Z33.1")])


# --- who it is ---------------------------------------------------------------------------------------------------


def test_a_patient_states_birth_date_and_sex_with_the_resource_as_document(chart: Any) -> None:
    found = chart(patient())
    born = read_content(found.content).said("patient.birth_date")
    assert born is not None and born.documents == (Document("FHIR Patient/p1", entered="by machine"),)
    assert (said(found, "patient.birth_date"), said(found, "patient.sex")) == ("1970-05-04", "female")


@pytest.mark.parametrize(("birth", "stated"), [("1970", "1970"), ("1970-05", "1970-05"), (None, None)])
def test_a_birth_date_is_as_exact_as_it_is_given(birth: str | None, stated: str | None, chart: Any) -> None:
    assert said(chart(patient(birthDate=birth)), "patient.birth_date") == stated


def test_a_sex_that_is_not_known_is_not_stated(chart: Any) -> None:
    assert said(chart(patient(gender="unknown")), "patient.sex") is None


def test_resources_of_somebody_else_are_left_out(chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", subject={"reference": "Patient/p2"}), condition("D66", subject=None))
    assert "conditions" not in found.content
    assert why(found, "Condition/c-Z33.1") == ["is about somebody else"]
    assert why(found, "Condition/c-D66") == ["does not say whom it is about"]


@pytest.mark.parametrize("reference", ["urn:uuid:7", "Patient/p1", "https://x.example/fhir/Patient/p1",
                                       "Patient/p1/_history/2"])  # fmt: skip
def test_a_resource_is_about_the_patient_however_it_refers_to_them(reference: str, chart: Any) -> None:
    entries = [
        {"fullUrl": "urn:uuid:7", "resource": patient()},
        {"resource": condition("Z33.1", subject={"reference": reference})},
    ]
    found = chart(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert said(found, "conditions.pregnancy") == "yes"


def test_a_resource_without_an_id_is_called_by_its_address(chart: Any) -> None:
    content = {name: value for name, value in condition("Z33.1").items() if name != "id"}
    entries = [{"resource": patient()}, {"fullUrl": "urn:uuid:20fd4d99", "resource": content}]
    found = chart(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    assert [statement.source for statement in found.used][-1] == "Condition/20fd4d99"


def test_a_chart_of_two_patients_is_refused(chart: Any) -> None:
    with pytest.raises(CaseError, match=r"entry\[1\].resource: expected a chart of one patient"):
        chart(patient(), patient(id="p2"))
    with pytest.raises(CaseError, match=r"expected a chart of one patient: it speaks of Patient/p1, Patient/p2"):
        chart(condition("Z33.1"), condition("D66", subject={"reference": "Patient/p2"}))


# --- measurements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("40.0", "40"), ("40.004", "40.004"), ("40", "40"), ("4.00E1", "40"), ("39.9999999", "39.999999 to 40"),
        ("40.0000001", "40 to 40.000001"),
    ],
)  # fmt: skip
def test_a_number_is_exact_as_it_is_written(written: str, stated: str, chart: Any) -> None:
    """Binary floats would make 40.004 another number, and rounding 39.9999999 the limit (Non-Indications 16)."""
    text = bundle(patient(), mass_index(0)).replace('"value": 0', f'"value": {written}')
    found = chart(text)
    assert said(found, "patient.body_mass_index") == stated
    assert said(found, "patient.body_mass_index_date") == "2025-03-01"


@pytest.mark.parametrize(
    ("comparator", "stated"),
    [("<", "less than 41"), ("<=", "at most 41"), (">=", "at least 41"), (">", "more than 41")],
)
def test_a_comparator_makes_a_bound(comparator: str, stated: str, chart: Any) -> None:
    found = chart(patient(), mass_index(41, valueQuantity={"value": 41, "code": "kg/m2", "comparator": comparator}))
    assert said(found, "patient.body_mass_index") == stated


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (mass_index(41, status="entered-in-error"), "status: entered-in-error"),
        (mass_index(41, status="preliminary"), "status: preliminary"),
        (mass_index(41, status=None), "status: not stated"),
        (observation("39156-5", 41, "lb"), "body mass index: in lb, not in kg/m2"),
        (observation("39156-5", 41, ""), "body mass index: in no unit, not in kg/m2"),
        (mass_index(41, valueQuantity=None), "body mass index: no number"),
        (mass_index(41, valueQuantity={"code": "kg/m2"}), "body mass index: no number"),
        (mass_index(2), "patient.body_mass_index: expected a number from 5 to 300, not 2"),
        (mass_index(10**35), "body mass index: the number cannot be used as it is written"),
        (observation("59574-4", 97, "%"), "has no code that says exactly what a field says"),
    ],
)
def test_an_observation_that_states_nothing_is_listed_with_its_reason(resource: Json, reason: str, chart: Any) -> None:
    found = chart(patient(), resource)
    assert "body_mass_index" not in found.content["patient"]
    assert why(found, f"Observation/{resource['id']}") == [reason]


def test_the_newest_body_mass_index_counts(chart: Any) -> None:
    found = chart(
        patient(), mass_index(41.2, "2020-01-01", id="old"), mass_index(38.5, "2025-03-01", id="new"),
        mass_index(43, "2025-02-28T23:59:59-05:00", id="older"),
    )  # fmt: skip
    assert said(found, "patient.body_mass_index") == "38.5"
    assert said(found, "patient.body_mass_index_date") == "2025-03-01"
    assert why(found, "Observation/old") == ["patient.body_mass_index: 41.2 is older than another measurement"]
    assert why(found, "Observation/older") == ["patient.body_mass_index: 43 is older than another measurement"]


@pytest.mark.parametrize("other", ["2025-03-01", "2025-03", "2025", None])
def test_measurements_of_which_none_is_the_newest_leave_the_field_open(other: str | None, chart: Any) -> None:
    found = chart(patient(), mass_index(41.2, "2025-03-01", id="a"),
                  mass_index(38, id="b", effectiveDateTime=other))  # fmt: skip
    assert said(found, "patient.body_mass_index") == "unknown"
    assert said(found, "patient.body_mass_index_date") == (other if other == "2025-03-01" else None)


@pytest.mark.parametrize(
    ("code", "system", "stated"),
    [
        ("Z68.41", ICD, "40 to 44.9"), ("Z68.39", ICD, "39 to 39.9"), ("Z68.1", ICD, "at most 19.9"),
        ("Z68.45", ICD, "at least 70"), ("408512008", SCT, "at least 40"), ("162864005", SCT, "at least 30"),
    ],
)  # fmt: skip
def test_a_code_of_a_body_mass_index_is_a_range_and_not_a_number(
    code: str, system: str, stated: str, chart: Any
) -> None:
    found = chart(patient(), condition(code, system=system))
    assert said(found, "patient.body_mass_index") == stated
    statement = read_content(found.content).said("patient.body_mass_index")
    assert statement is not None and isinstance(statement.value, Range) and statement.value.exact is None
    # 40 itself does not exceed 40 (Non-Indications 16), so that such a code never settles it.
    status = decided(found).ids("undetermined")
    assert ("n16" in status) == (stated in ("40 to 44.9", "at least 40", "at least 30"))


def decided(found: Chart) -> Decision:
    return ENGINE.decide(read_content(found.content), settlements=False)


def test_a_bound_beside_a_measurement_says_no_more(chart: Any) -> None:
    found = chart(patient(), mass_index(41.5), condition("408512008", system=SCT), condition("162864005", system=SCT))
    assert said(found, "patient.body_mass_index") == "41.5"
    reason = "patient.body_mass_index: another statement says more than at least"
    assert why(found, "Condition/c-408512008") == [f"{reason} 40"]
    assert why(found, "Condition/c-162864005") == [f"{reason} 30"]


def test_a_bound_that_a_measurement_contradicts_leaves_the_field_open(chart: Any) -> None:
    found = chart(patient(), mass_index(38), condition("Z68.41"))
    assert said(found, "patient.body_mass_index") == "unknown"
    statement = read_content(found.content).said("patient.body_mass_index")
    assert statement is not None and [str(version) for version in statement.versions] == ["38", "40 to 44.9"]


def test_a_score_of_one_site_is_a_bound_of_the_lowest(chart: Any) -> None:
    """The lowest T-score of all sites is what counts (Non-Indications 10), and a chart need not hold all."""
    found = chart(patient(), t_score("38267-1", -1.2))
    assert said(found, "conditions.t_score") == "at most -1.2" and "n10" in decided(found).ids("undetermined")
    found = chart(patient(), t_score("38267-1", -1.2), t_score("80946-7", -2.5, "1"))
    assert said(found, "conditions.t_score") == "at most -2.5" and "n10" in decided(found).ids("violated")
    assert why(found, "Observation/o-38267-1") == ["conditions.t_score: another statement says more than at most -1.2"]
    found = chart(patient(), t_score("38267-1", -2.49))
    assert "n10" in decided(found).ids("undetermined")


def test_a_score_above_something_says_nothing_of_the_lowest(chart: Any) -> None:
    found = chart(patient(), t_score("38267-1", -1, valueQuantity={"value": -1, "comparator": ">"}))
    assert "conditions" not in found.content


# --- conditions --------------------------------------------------------------------------------------------------


def test_an_active_condition_states_its_field_with_date_and_code(chart: Any) -> None:
    found = chart(patient(), condition("M81.0", onsetDateTime="2021-06"))
    document = Document(
        "FHIR Condition/c-M81.0, ICD-10-CM M81.0: osteoporosis without a fracture now", "2021-06", "", "", "by machine"
    )
    assert read_content(found.content).said("conditions.osteoporosis_diagnosed") == Said(True, (document,))


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_what_is_refuted_or_entered_in_error_is_left_out_and_listed(verification: str, chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", verification=verification))
    assert "conditions" not in found.content
    assert why(found, "Condition/c-Z33.1") == [verification.replace("-", " ")]
    assert any(line.strip() == f"Condition/c-Z33.1: {verification.replace('-', ' ')}" for line in listing(found))


@pytest.mark.parametrize("verification", ["unconfirmed", "provisional", "differential"])
def test_what_is_not_confirmed_is_left_open(verification: str, chart: Any) -> None:
    """An explicit unknown, which a complete record does not close."""
    found = chart(
        patient(), condition("Z33.1", verification=verification), condition("M43.16", verification=verification)
    )
    assert said(found, "conditions.pregnancy") == "unknown"
    assert said(found, "findings.present[0].certainty") == "suspected"
    complete = ENGINE.decide(read_content(found.content), assume_absent=True, settlements=False)
    assert "n5" in complete.ids("undetermined")


def test_a_confirmed_condition_counts_beside_one_that_is_not(chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", verification="provisional"), condition("77386006", system=SCT))
    assert said(found, "conditions.pregnancy") == "yes"


@pytest.mark.parametrize("clinical", ["resolved", "inactive", "remission"])
def test_a_condition_that_is_over_states_nothing_of_today(clinical: str, chart: Any) -> None:
    found = chart(patient(), condition("A41.9", clinical), condition("M43.16", clinical))
    assert "conditions" not in found.content and "findings" not in found.content
    assert why(found, "Condition/c-A41.9") == ["over: sepsis"]


def test_a_fragility_fracture_counts_at_any_time_and_a_cancer_as_history(chart: Any) -> None:
    """Non-Indications 11 speaks of a history; what is over of an osteoporosis is not a fracture."""
    found = chart(patient(), condition("M80.08XD", "resolved"), condition("C41.2", "remission"))
    assert said(found, "conditions.fragility_fracture") == "yes"
    assert said(found, "conditions.osteoporosis_diagnosed") is None
    assert said(found, "conditions.spinal_cancer") == "history"


@pytest.mark.parametrize("more", [{"clinicalStatus": None}, {"abatementDateTime": "2024-01-01"}])
def test_a_condition_that_does_not_say_whether_it_is_active_is_left_open(more: Json, chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", **more), condition("M43.16", **more))
    assert said(found, "conditions.pregnancy") == "unknown"
    assert said(found, "findings.present[0].certainty") == "suspected"


def test_a_condition_that_has_ended_without_a_status_is_over(chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", clinicalStatus=None, abatementString="last year"))
    assert why(found, "Condition/c-Z33.1") == ["over: pregnant"]


def test_findings_have_the_levels_that_their_code_states_and_no_others(chart: Any) -> None:
    found = chart(patient(), condition("S32.030A"), condition("M48.061"), condition("M46.36"))
    assert [said(found, f"findings.present[{n}].kind") for n in range(3)] == [
        "compression_fracture", "stenosis", "infection",
    ]  # fmt: skip
    assert [said(found, f"findings.present[{n}].levels") for n in range(3)] == ["L3", None, None]
    assert said(found, "findings.present[2].active") == "yes" and said(found, "findings.absent") is None


def test_codes_of_two_systems_for_one_condition_are_one_statement(chart: Any) -> None:
    found = chart(patient(), {**condition("x"), "code": coded((ICD, "M81.0"), (SCT, "64859006"), (ICD, "E11.9"))})
    assert len(found.used) == 3 and said(found, "conditions.osteoporosis_diagnosed") == "yes"


def test_several_resources_that_say_the_same_are_documents_of_one_statement(chart: Any) -> None:
    found = chart(patient(), *(condition("Z33.1", id=f"c{n}") for n in range(20)), condition("M43.16", id="a"),
                  condition("M43.17", id="b"))  # fmt: skip
    statement = read_content(found.content).said("conditions.pregnancy")
    assert statement is not None and len(statement.documents) == 16 and statement.value is True
    assert why(found, "Condition/c19") == ["conditions.pregnancy: 16 others say so already"]
    assert len(found.content["findings"]["present"]) == 1


# --- procedures, devices, drugs, reports -------------------------------------------------------------------------


def test_an_earlier_ablation_is_stated_with_its_day_and_without_bodies(chart: Any) -> None:
    period = {"start": "2022-01-01T10:00:00Z", "end": "2022-01-01T11:00:00Z"}
    found = chart(patient(), procedure("64628", performedPeriod=period))
    assert {name: said(found, f"ablations[0].{name}") for name in ("thermal", "completed", "date", "bodies")} == {
        "thermal": "yes", "completed": "yes", "date": "2022-01-01", "bodies": None,
    }  # fmt: skip
    # Which bodies is open, and whether there were others.
    assert {"i9", "n20"} <= set(decided(found).ids("undetermined")) and said(found, "other_ablations") is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [("22612", "fusion"), ("63047", "laminectomy"), ("63030", "discectomy or laminotomy"),
     ("22857", "disc_replacement"), ("22514", "vertebral_augmentation")],
)  # fmt: skip
def test_an_operation_of_the_spine_states_its_kind_and_date(code: str, kind: str, chart: Any) -> None:
    found = chart(patient(), procedure(code, performedDateTime="2019-05"))
    assert (said(found, "surgeries[0].kind"), said(found, "surgeries[0].date")) == (kind, "2019-05")
    assert said(found, "surgeries[0].levels") is None


@pytest.mark.parametrize(
    ("period", "stated"),
    [({"start": "2019-05-01", "end": "2019-05-03"}, "2019-05-01 to 2019-05-03"),
     ({"start": "2019"}, "since 2019-01-01"), ({"end": "2019"}, "until 2019-12-31"), ({}, None)],
)  # fmt: skip
def test_a_period_is_a_bound_of_a_date(period: Json, stated: str | None, chart: Any) -> None:
    assert said(chart(patient(), procedure("22612", performedPeriod=period)), "surgeries[0].date") == stated


@pytest.mark.parametrize("status", ["preparation", "in-progress", "not-done", "on-hold", "unknown", "entered-in-error"])
def test_a_procedure_that_was_not_carried_out_is_left_out(status: str, chart: Any) -> None:
    found = chart(patient(), procedure("64628", status=status), procedure("22612", status=status))
    assert "ablations" not in found.content and "surgeries" not in found.content
    assert why(found, "Procedure/p-64628") == [f"status: {status}"]


def test_a_procedure_that_was_stopped_was_begun_and_it_is_open_what_was_completed(chart: Any) -> None:
    found = chart(patient(), procedure("64628", status="stopped"))
    assert said(found, "ablations[0].thermal") == "yes" and said(found, "ablations[0].completed") is None


def site(*codes: str, **more: Any) -> Json:
    return {**coded(*((SCT, code) for code in codes)), **more}


@pytest.mark.parametrize(
    ("code", "field", "sites", "stated"),
    [
        # As DICOM has them: vertebrae in CID 7603, levels of discs in CID 1003.
        ("64628", "ablations[0].bodies", [site("11994002"), site("49668003")], ["L4", "L5"]),
        ("64628", "ablations[0].bodies", [site("36470004"), site("36470004")], ["L3"]),
        ("22612", "surgeries[0].levels", [site("243923001")], ["L4-L5"]),
        ("63047", "surgeries[0].levels", [site("243927000"), site("11994002")], ["L5-S1", "L4"]),
        # The level of a disc is no body, and words are no code; a site that is not known leaves all open.
        ("64628", "ablations[0].bodies", [site("243923001")], None),
        ("64628", "ablations[0].bodies", [site("11994002"), {"text": "L5"}], None),
        ("64628", "ablations[0].bodies", [site("11994002", "49668003")], None),
        ("64628", "ablations[0].bodies", [coded(("http://example.org", "11994002"))], None),
        ("22612", "surgeries[0].levels", [{"text": "L4-L5"}], None),
        ("22612", "surgeries[0].levels", [site("51282000")], None),
    ],
)
def test_the_site_of_a_procedure_is_a_level_where_a_code_says_so(
    code: str, field: str, sites: list[Json], stated: Any, chart: Any
) -> None:
    found = chart(patient(), procedure(code, bodySite=sites))
    value = read_content(found.content).said(field)
    assert (list(value.value) if value is not None and isinstance(value.value, tuple) else None) == stated
    left = [line for line in why(found, f"Procedure/p-{code}") if line.startswith("bodySite")]
    assert len(left) == (stated is None)


def test_a_site_in_words_is_kept_as_evidence(chart: Any) -> None:
    found = chart(patient(), procedure("64628", bodySite=[{"text": "L4 and " + "x" * 200}]))
    (statement,) = (one for one in found.used if one.field == "ablations[].thermal")
    assert statement.document["document"].endswith("at L4 and " + "x" * 73)


def test_devices_state_an_implant_unless_they_are_no_longer_active(chart: Any) -> None:
    assert said(chart(patient(), device("14106009", status="active")), "conditions.pulse_generator") == "yes"
    for status in ("inactive", "entered-in-error", "unknown"):
        found = chart(patient(), device("14106009", status=status))
        assert "conditions" not in found.content and why(found, "Device/d-14106009") == [f"status: {status}"]


def test_a_drug_that_is_taken_states_anticoagulation_and_an_order_does_not(chart: Any) -> None:
    found = chart(patient(), drug("MedicationStatement", "11289"), drug("MedicationRequest", "1364430"))
    assert said(found, "conditions.anticoagulated") == "yes"
    assert why(found, "MedicationRequest/m-1364430") == ["an order: it does not say that the drug is taken"]
    assert said(chart(patient(), drug("MedicationRequest", "1364430")), "conditions.anticoagulated") is None
    found = chart(patient(), drug("MedicationStatement", "11289", "stopped"))
    assert why(found, "MedicationStatement/m-11289") == ["status: stopped"]


def test_imaging_reports_are_named_to_be_read_and_state_nothing(chart: Any) -> None:
    found = chart(patient(), imaging(), imaging(id="r2", category=[coded(("http://loinc.org", "LP29708-2"))]),
                  imaging(id="r3", status="entered-in-error"))  # fmt: skip
    assert list(found.content) == ["patient"] and [report.source for report in found.reports] == ["DiagnosticReport/r1"]
    assert "  DiagnosticReport/r1, 2025-01-05" in list(listing(found))
    assert why(found, "DiagnosticReport/r3") == ["status: entered-in-error"]


# --- what may be dropped -----------------------------------------------------------------------------------------

POOL = [
    patient(), mass_index(38.25), condition("M54.50"), t_score("38267-1", -1.2), t_score("80946-7", -2.7),
    condition("Z33.1"), condition("M81.0"), condition("M80.08XA"), condition("D66"), condition("A41.9"),
    condition("C41.2", "resolved"), condition("F11.20"), condition("Z95.0"), condition("Z96.21"), condition("M54.16"),
    condition("M48.062"), condition("M43.16"), condition("S32.030A"), condition("M46.36"),
    condition("408512008", system=SCT),
    condition("Z34.90", verification="provisional", id="c-doubt"), procedure("64628", performedDateTime="2020"),
    procedure("22612", performedDateTime="2024-12"), procedure("63047"), device("14106009"),
    drug("MedicationStatement", "11289"),
]  # fmt: skip
OPEN: Json = {
    "patient": {"age": "unknown", "body_mass_index": "unknown"}, "pain": {"low_back": "unknown"},
    "findings": {"absent": {"remove": ["stenosis", "spondylolisthesis", "compression_fracture", "infection"]}},
    "conditions": dict.fromkeys(
        ("t_score", "pregnancy", "osteoporosis_diagnosed", "fragility_fracture", "bleeding_diathesis", "anticoagulated",
         "systemic_infection", "spinal_cancer", "substance_use_active", "pulse_generator", "other_electronic_implant",
         "radiculopathy", "neurogenic_claudication"), "unknown",
    ),
    "surgeries": "unknown", "ablations": "unknown",
}  # fmt: skip
"""What a chart can state, taken away from a record that is approved."""
REQUEST = {"bodies": ["L4", "L5"], "date": "2025-06-02", "planned_procedure_date": "2025-06-20"}


def merged(one: Json, other: Json) -> Json:
    both = {k: merged(one[k], other[k]) for k in one.keys() & other.keys()
            if isinstance(one[k], dict) and isinstance(other[k], dict) and k != "absent"}  # fmt: skip
    return one | other | both


def completed_by(found: Chart, taken: Json) -> Decision:
    """Decide what a chart states within a record that is approved, `taken` of which is taken away."""
    content = merged({"based_on": "usual", "request": REQUEST, **taken}, found.content)
    return ENGINE.decide(read_content(content), settlements=False)


def test_what_is_dropped_from_a_chart_is_open_and_never_approved(chart: Any) -> None:
    """All that is not in the chart is in order, and still nothing is approved, since silence is no absence."""
    random = Random(14)
    for _ in range(60):
        whole = random.sample(POOL, random.randint(1, len(POOL)))
        part = random.sample(whole, random.randint(0, len(whole) - 1))
        full, less = completed_by(chart(*whole), OPEN), completed_by(chart(*part), OPEN)
        assert full.recommendation in ("deny", "pend") and less.recommendation in ("deny", "pend")
        # Less is known, so nothing that was possible is excluded.
        assert set(full.possible) <= set(less.possible)


def test_dropping_resources_never_turns_another_answer_into_an_approval(chart: Any) -> None:
    """The record lacks only what this chart states: with favourable resources alone it is approved as a whole."""
    random = Random(15)
    approved = 0
    # The scores of two sites are where the one that is left could pass for the lowest.
    drawn = [(POOL[:5], POOL[:4]), (POOL[:5], [*POOL[:3], POOL[4]])]
    for _ in range(80):
        whole = POOL[:3] + (random.sample(POOL[3:], random.randint(1, 3)) if random.random() < 0.8 else [])
        drawn.append((whole, random.sample(whole, random.randint(0, len(whole) - 1))))
    for whole, part in drawn:
        taken = without(chart(*whole))
        full, less = completed_by(chart(*whole), taken), completed_by(chart(*part), taken)
        approved += full.recommendation == "approve"
        assert less.recommendation not in ("approve", "partial") or full.recommendation == "approve"
        assert set(full.possible) <= set(less.possible)
    assert approved


def without(found: Chart) -> Json:
    """Return what takes from a record all that a chart states."""
    taken: Json = {"patient": {"age": "unknown"}}
    for statement in found.used:
        if statement.field.startswith("findings."):
            remove = taken.setdefault("findings", {"absent": {"remove": []}})["absent"]["remove"]
            remove.append(statement.value) if statement.value not in remove else None
        elif "[]" in statement.field:
            taken[statement.field.partition("[]")[0]] = "unknown"
        else:
            section, name = statement.field.split(".")
            taken.setdefault(section, {})[name] = "unknown"
    return taken


# --- generated patients ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("seed", range(4))
def test_of_a_generated_patient_birth_date_sex_and_body_mass_index_are_stated(
    profile: str, seed: int, chart: Any
) -> None:
    """Charts made by a package as US Core has them."""
    text = to_json(generate_bundle(profile=profile, seed=seed, sex="F" if seed % 2 else "M"))
    resources = [entry["resource"] for entry in json.loads(text, parse_float=Decimal)["entry"]]
    found = chart(text)
    born = next(r["birthDate"] for r in resources if r["resourceType"] == "Patient")
    assert said(found, "patient.birth_date") == born
    assert said(found, "patient.sex") == ("female" if seed % 2 else "male")
    measured = {
        r["effectiveDateTime"][:10]: r["valueQuantity"]["value"] for r in resources
        if r["resourceType"] == "Observation" and r["code"]["coding"][0]["code"] == "39156-5"
    }  # fmt: skip
    assert len(measured) == 1
    assert said(found, "patient.body_mass_index") == plain(Decimal(measured[max(measured)]))
    assert said(found, "patient.body_mass_index_date") == max(measured)
    # Nothing else in them is about the spine, and every resource is used or listed.
    assert {statement.field for statement in found.used} <= {
        "patient.birth_date", "patient.sex", "patient.body_mass_index",
    }  # fmt: skip
    assert len({s.source for s in found.used}) + len(found.left_out) + len(found.reports) == len(resources)


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1, column 2: not JSON"),
        ("[]", "expected fields with names"),
        ('{"resourceType": "Patient"}', "resourceType: expected Bundle, not 'Patient'"),
        ("{}", "resourceType: expected Bundle, but there is none"),
        (bundle(type="history"), "type: expected the resources as they are now, not their history"),
        (bundle(entry={}), "entry: expected a list, not fields"),
        (bundle(entry=[7]), "entry[0]: expected an object with fields, not 7"),
        (bundle(entry=[{"resource": {"id": "x"}}]), "entry[0].resource.resourceType: the type of the"),
        (bundle(patient(birthDate="4/5/1970")), "entry[0].resource.birthDate: expected a date such as 2025-03-14"),
        (bundle(patient(birthDate=1970)), "entry[0].resource.birthDate: expected text, not 1970"),
        (bundle(patient(), {**condition("Z33.1"), "code": []}), "entry[1].resource.code: expected an object with"),
        (bundle(patient(), {**condition("Z33.1"), "code": {"coding": {}}}), "code.coding: expected a list, not fields"),
        (bundle(patient(), condition("Z33.1", "soso")), "entry[1].resource.clinicalStatus: expected one of active"),
        (bundle(patient(), condition("Z33.1", verification="maybe")), "verificationStatus: expected one of unconf"),
        (bundle(patient(), mass_index("38")), "entry[1].resource.valueQuantity.value: expected a number, not '38'"),
        (bundle(patient(), mass_index(1, valueQuantity={"value": 41, "code": "kg/m2", "comparator": "~"})),
         "entry[1].resource.valueQuantity.comparator: expected one of <, <=, >=, >, not '~'"),
        (bundle(patient(), mass_index(0)).replace('"value": 0', '"value": NaN'), "value: expected a number, not NaN"),
        (bundle(patient(), condition("Z33.1"), condition("Z33.1")),
         "entry[2].resource: the same resource is there twice: Condition/c-Z33.1"),
        ('{"resourceType": "Bundle", "type": "collection", "type": "batch"}', "type: the field is given twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_bundle_is_told_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(bvn, ["fhir", "gather", str(path), "-o", str(tmp_path / "case.yaml")])
    assert isinstance(result.exception, CaseError) and message in str(result.exception)
    assert str(result.exception).startswith(f"{path}: ") and not (tmp_path / "case.yaml").exists()


def test_a_bundle_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(CaseError, match=r"larger than 50,000,000 bytes"):
        resource_at(path, "Bundle")


def test_the_case_reads_back_from_its_file_as_what_was_gathered(tmp_path: Path) -> None:
    path, case = tmp_path / "bundle.json", tmp_path / "case.yaml"
    path.write_text(bundle(*POOL, imaging(), {"resourceType": "Encounter", "id": "e"}), encoding="utf-8")
    result = CliRunner().invoke(bvn, ["fhir", "gather", str(path), "-o", str(case)])
    found = gather(resource_at(path, "Bundle"))
    assert read_case(case.read_bytes()) == read_content(found.content)
    lines = result.output.splitlines()
    assert lines[0] == f"{case}: what the chart states, to be completed and reviewed"
    assert f"Used ({len(found.used)})" in lines and "  Encounter: is no kind of resource that states a field" in lines
    printed = CliRunner().invoke(bvn, ["fhir", "gather", str(path)])
    assert printed.stdout == yaml_text(found.content) and printed.stderr.splitlines() == list(listing(found))


def test_every_used_statement_has_its_resource_as_a_document_entered_by_machine(chart: Any) -> None:
    found = chart(*POOL)
    case = read_content(found.content)
    for statement in found.used:
        assert statement.document["document"].startswith(f"FHIR {statement.source}")
        assert statement.document["entered"] == "by machine"
        stated = None if "[]" in statement.field else case.said(statement.field)
        assert stated is None or stated.documents or stated.versions


def test_a_hostile_id_or_code_reaches_no_terminal_and_no_statement(chart: Any) -> None:
    found = chart(patient(), condition("Z33.1", id="x\x1b[2J\n{{7*7}}"))
    assert said(found, "conditions.pregnancy") == "yes"
    assert "\x1b" not in "\n".join(listing(found)) + yaml_text(found.content)
