"""Statements: every form is read as people write it, reads the same when written back, and is refused by its value."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_asp.record import dates, readers
from bvn_asp.record.anatomy import SOMEWHERE
from bvn_asp.record.documents import plain_of, said
from bvn_asp.record.field import Field
from bvn_asp.record.forms import reader
from bvn_asp.record.statements import GRAIN, Days, Document, Range, Said, Unmeasured, text_of
from bvn_asp.record.synonyms import SYNONYMS, suggestions
from bvn_asp.record.table import TABLE

D = Decimal
DAY = datetime.date


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("12", 12, 12), ("12.50", "12.5", "12.5"), ("-0", 0, 0), ("+7", 7, 7),
        ("at least 6", 6, None), ("At Least  6", 6, None), (">= 6", 6, None), (">=6", 6, None), ("6 or more", 6, None),
        ("\u2265 6", 6, None), ("6 or higher", 6, None),
        ("more than 5", "5.000001", None), ("over 5", "5.000001", None), ("> 5", "5.000001", None),
        ("greater than 5", "5.000001", None), ("above 5.5", "5.500001", None),
        ("at most 8", None, 8), ("up to 8", None, 8), ("<= 8", None, 8), ("8 or less", None, 8),
        ("8 or fewer", None, 8), ("less than 8", None, "7.999999"), ("under 8", None, "7.999999"),
        ("< 8", None, "7.999999"), ("fewer than 8", None, "7.999999"), ("below 8", None, "7.999999"),
        ("50 to 59", 50, 59), ("between 50 and 59", 50, 59), ("5 to 5", 5, 5),
    ],
)  # fmt: skip
def test_a_number_is_read_exactly_or_as_a_bound(text: str, low: Any, high: Any) -> None:
    expected = Range(None if low is None else D(str(low)), None if high is None else D(str(high)))
    assert readers.number(0, 100)(text) == expected


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-29", DAY(2024, 2, 29), DAY(2024, 2, 29)),
        ("2023-03", DAY(2023, 3, 1), DAY(2023, 3, 31)),
        ("2023-12", DAY(2023, 12, 1), DAY(2023, 12, 31)),
        ("2023", DAY(2023, 1, 1), DAY(2023, 12, 31)),
        (2023, DAY(2023, 1, 1), DAY(2023, 12, 31)),
        ("March 2023", DAY(2023, 3, 1), DAY(2023, 3, 31)),
        ("sept. 2023", DAY(2023, 9, 1), DAY(2023, 9, 30)),
        (DAY(2023, 3, 4), DAY(2023, 3, 4), DAY(2023, 3, 4)),
        ("since 2023", DAY(2023, 1, 1), None),
        ("2023-03 or later", DAY(2023, 3, 1), None),
        ("after 2023", DAY(2024, 1, 1), None),
        ("after 2024-02-28", DAY(2024, 2, 29), None),
        ("until 2023-02", None, DAY(2023, 2, 28)),
        ("by 2023", None, DAY(2023, 12, 31)),
        ("before 2023", None, DAY(2022, 12, 31)),
        ("2022 to 2023-04", DAY(2022, 1, 1), DAY(2023, 4, 30)),
    ],
)
def test_a_date_is_read_as_a_day_a_month_a_year_or_a_bound(
    text: Any, first: datetime.date | None, last: datetime.date | None
) -> None:
    assert dates.days(text) == Days(first, last)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("severe", ("severe",)), ("moderate or severe", ("moderate", "severe")),
        ("severe or moderate", ("moderate", "severe")), ("mild, moderate or severe", ("mild", "moderate", "severe")),
        ("not severe", ("none", "mild", "moderate")), ("not severe or moderate", ("none", "mild")),
        ("none, mild, moderate or severe", ("none", "mild", "moderate", "severe")),
    ],
)  # fmt: skip
def test_a_choice_is_read_as_the_options_that_are_left(text: str, left: tuple[str, ...]) -> None:
    assert reader(TABLE.by_path["pain.clinician_severity"])(text) == left


@pytest.mark.parametrize(
    ("path", "value", "left"),
    [
        ("conditions.radiculopathy", "present", ("secondary", "primary")),
        ("conditions.radiculopathy", True, ("secondary", "primary")),
        ("conditions.radiculopathy", False, ("absent",)),
        ("conditions.radiculopathy", "not present", ("absent",)),
        ("conservative_care.pain_improved", False, ("no",)),
        ("conditions.t_score", "not measured", Unmeasured()),
        ("conditions.t_score", "not_measured", Unmeasured()),
        ("conditions.pregnancy", "Yes", True),
        ("conditions.pregnancy", "false", False),
        ("mri.no_modic_change_at", ["l4", "L4/5"], ("L4", "L4-L5")),
        ("surgeries[].levels", "from L3 to S1", (SOMEWHERE,)),
        ("request.bodies", ["L4-L5", "S1"], ("L4", "L5", "S1")),
        ("findings.absent", "tumor", ("tumor",)),
        ("findings.present[].shown_by", "none", ()),
        ("request.diagnosis_codes", ["m54.51", "M5416"], ("M54.51", "M5416")),
        ("request.units", {"64628": 1, "64629": "unknown"}, ("64628: 1",)),
        ("case_id", 17, "17"),
    ],
)
def test_every_form_of_field_is_read(path: str, value: Any, left: Any) -> None:
    assert reader(TABLE.by_path[path])(value) == left


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("patient.age", "soon", "not 'soon'"), ("patient.age", True, "not yes"), ("patient.age", 1.5, "not 1.5"),
        ("patient.age", "200", "from 0 to 150, not 200"), ("patient.age", "1" * 60, f"not '{'1' * 40}...'"),
        ("patient.age", "1.1234567", "not '1.1234567'"), ("patient.age", "9 to 8", "nothing lies from 9 to 8"),
        ("patient.age", "more than 150", "leaves no number from 0 to 150 possible, not 'more than 150'"),
        ("patient.age", "less than 0", "leaves no number from 0 to 150 possible, not 'less than 0'"),
        ("patient.age", "not measured", "not 'not measured'"), ("patient.age", {"a": 1}, "not fields"),
        ("patient.birth_date", "2001-02-29", "no such day in the calendar: 2001-02-29"),
        ("patient.birth_date", "1/2/2001", "not '1/2/2001'"), ("patient.birth_date", "9999-12-31", "not 9999"),
        ("patient.birth_date", "2024 to 2023", "no day lies from"),
        ("conditions.pregnancy", "maybe", "expected yes, no or unknown, not 'maybe'"),
        ("conditions.pregnancy", 1, "not 1"),
        ("pain.clinician_severity", "awful", "not 'awful'"), ("pain.clinician_severity", True, "not yes"),
        (
            "pain.clinician_severity", "not none, mild, moderate, severe",
            "leaves none of none, mild, moderate, severe possible",
        ),
        ("findings.additional_pathology", "present", "not 'present'"),
        ("surgeries[].levels", "L3-L5", "two neighbouring bodies"),
        ("surgeries[].levels", ["L4", "l4"], "named twice: L4"), ("surgeries[].levels", [], "the list is empty"),
        ("findings.absent", "tumour", "not 'tumour'; did you mean tumor?"),
        ("request.units", {"64628": -1}, "64628: expected a whole number of units from 0 to 99, not -1"),
        ("request.units", {"a: b": 1}, "not 'a: b'"), ("request.units", 3, "not 3"),
        ("request.diagnosis_codes", "back pain", "not 'back pain'"),
        ("case_id", ["x"], "not ['x']"), ("case_id", "x" * 201, "at most 200 characters, not 201"),
        ("story", "\ud800", "half of a character"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_repeated_in_the_message(path: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        reader(TABLE.by_path[path])(value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("bmi", [row.name for row in TABLE.fields], ["body_mass_index"]),
        ("BMI", ["body_mass_index"], ["body_mass_index"]),
        ("recieved", ["received", "ordered"], ["received"]),
        ("Microdiscectomy", ["discectomy", "laminectomy"], ["discectomy"]),
        ("spinal stenosis", ["stenosis"], ["stenosis"]),
        ("pacemaker", ["pulse_generator", "other_electronic_implant"], ["pulse_generator", "other_electronic_implant"]),
        ("bmi", ["received"], []),
        ("zebra", ["age", "sex"], []),
    ],
)
def test_what_may_be_meant_is_suggested(word: str, names: list[str], meant: list[str]) -> None:
    assert suggestions(word, names) == meant


def test_a_synonym_stands_for_words_of_the_format() -> None:
    fields = {part.removesuffix("[]") for row in TABLE.fields for part in row.path.split(".")}
    values = {value for row in TABLE.fields for value in row.values}
    for word, meant in SYNONYMS.items():
        assert word == word.lower() and word not in meant, word
        assert set(meant) <= fields | values, word


def values_of(row: Field) -> st.SearchStrategy[Any]:
    """Return the values that a statement of the field can leave possible."""
    amounts = st.integers(row.low * 10**6, row.high * 10**6).map(lambda n: Decimal(n) * GRAIN)
    spans = st.lists(st.dates(DAY(1800, 1, 1), DAY(2199, 12, 31)), min_size=2, max_size=2).map(sorted)
    several = st.lists(st.sampled_from(row.values or ("M54.51", "M54.16")), unique=True, min_size=1, max_size=8)
    places = st.lists(st.sampled_from(("L3", "L4-L5", "C1-C2", "S1")), unique=True, min_size=1).map(tuple)
    forms: dict[str, st.SearchStrategy[Any]] = {
        "answer": st.booleans(),
        "number": st.one_of(
            amounts.map(lambda n: Range(n, n)), amounts.map(lambda n: Range(n, None)),
            amounts.map(lambda n: Range(None, n)),
            st.lists(amounts, min_size=2, max_size=2).map(sorted).map(lambda two: Range(*two)),
            *([st.just(Unmeasured())] if row.measured else []),
        ),
        "date": st.one_of(
            spans.map(lambda two: Days(*two)), spans.map(lambda two: Days(two[0], two[0])),
            spans.map(lambda two: Days(two[0], None)), spans.map(lambda two: Days(None, two[0])),
            st.integers(1800, 2200).map(lambda y: Days(DAY(y, 1, 1), DAY(y, 12, 31))),
        ),
        "choice": several.map(lambda found: tuple(v for v in row.values if v in found)),
        "names": several.map(tuple) if not row.values else st.one_of(several.map(tuple), st.just(())),
        "levels": st.one_of(places, st.just((SOMEWHERE,))),
        "bodies": st.lists(st.sampled_from(("L3", "L5", "S1", "T12")), unique=True, min_size=1).map(tuple),
        "text": st.text(max_size=20).filter(lambda text: text.strip().lower() != "unknown"),
    }  # fmt: skip
    return forms[row.form]


ROWS = [row for row in TABLE.fields if row.form not in ("list", "units")]
LISTED = ("names", "levels", "bodies")


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_as_the_same(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(ROWS))
    read, listed = reader(row), row.form in LISTED
    value = data.draw(values_of(row))
    if row.form not in LISTED:
        assert read(text_of(value)) == value, (row.path, text_of(value))
    documents = st.builds(
        Document, title=st.sampled_from(("", "MRI report")), page=st.sampled_from(("", "3")),
        entered=st.sampled_from(("", "by hand", "by machine")), date=st.sampled_from(("", "2024-01")),
        author=st.sampled_from(("", "radiologist")),
    )  # fmt: skip
    one: dict[str, Any] = {"document": "note", "value": plain_of(Said(value), listed=listed)}
    versions = [
        plain_of(Said(data.draw(st.one_of(st.none(), values_of(row))), (data.draw(documents),)), listed=listed)
        for _ in range(data.draw(st.integers(0, 2)))
    ]
    dicts = [version if isinstance(version, dict) else {"value": version} for version in (one, *versions)]
    counting = data.draw(st.integers(-1, len(dicts) - 1))
    if counting >= 0 and dicts[counting]["value"] != "unknown":
        dicts[counting] = {**dicts[counting], "counts": True}
    statement = said(read, dicts)
    assert statement is not None
    assert said(read, plain_of(statement, listed=listed)) == statement, (row.path, dicts)


def test_documents_that_agree_are_kept_together_and_those_that_do_not_leave_the_field_open() -> None:
    read = reader(TABLE.by_path["findings.present[].size_mm"])
    mri, note = Document("MRI report", page="2"), Document("clinic note", author="surgeon")
    items: list[dict[str, Any]] = [
        {"value": 6, "document": "MRI report", "page": 2}, {"value": 6, "document": "clinic note", "author": "surgeon"},
    ]  # fmt: skip
    six, seven = Range(D(6), D(6)), Range(D(7), D(7))
    assert said(read, items) == Said(six, (mri, note))
    apart = [items[0], {**items[1], "value": 7}]
    versions = (Said(six, (mri,)), Said(seven, (note,)))
    assert said(read, apart) == Said(None, (), versions)
    assert said(read, [apart[0], {**apart[1], "counts": "yes"}]) == Said(seven, (note,), versions)
    assert said(read, [items[0], {"value": "unknown", "document": "letter"}]) == Said(six, (mri,))
    assert str(mri) == "MRI report, page 2" and str(note) == "clinic note, surgeon"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"document": "x"}, "`value` is missing"), ({"value": 6, "pge": 3}, "there is no pge"),
        ({"value": 6, "entered": "robot"}, "expected by hand or by machine, not 'robot'"),
        ({"value": 6, "document": ["x"]}, "document: expected text, not ['x']"),
        ({"value": 6, "page": "x" * 501}, "page: expected at most 500 characters"),
        ({"value": 6, "counts": "often"}, "counts: expected yes, no or unknown, not 'often'"),
        ([{"value": 6, "counts": True}, {"value": 7, "counts": True}], "only one document can be marked"),
        ([{"value": 6}, {"value": "unknown", "counts": True}], "the document that counts says unknown"),
        ([{"value": 6}] * 17, "at most 16 documents, not 17"),
        ({"value": "six"}, "not 'six'"),
    ],
)  # fmt: skip
def test_a_mistake_about_a_document_is_named(value: Any, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        said(reader(TABLE.by_path["findings.present[].size_mm"]), value)
    assert words in str(caught.value)


def test_nothing_said_and_open_are_two_things() -> None:
    read = reader(TABLE.by_path["patient.age"])
    assert said(read, None) is None
    assert said(read, " Unknown ") == Said() != None  # noqa: E711
