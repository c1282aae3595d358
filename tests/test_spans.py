"""Times of a record, worked out by hand: what dates, months, years and bounds leave possible of age, pain and care."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bvn_asp.record.files import read_case
from bvn_asp.record.spans import since, times, warnings
from bvn_asp.record.statements import text_of

REQUEST = "request: {date: 2024-06-01, planned_procedure_date: 2024-09-01}\n"


def spans(text: str) -> dict[str, str]:
    """Return the times of a case in words, by name and moment."""
    return {f"{name} {moment}": text_of(value) for name, moment, _, value in times(read_case(text))}


def fields(text: str) -> dict[str, str]:
    return {f"{name} {moment}": field for name, moment, field, _ in times(read_case(text))}


@pytest.mark.parametrize(
    ("patient", "request_", "procedure"),
    [
        # Born on 1 June 2006: eighteen on the day of the request.
        ("{birth_date: 2006-06-01}", "18", "18.252054"),
        # Some day of June 2006, at the latest the 30th: 337 of the 366 days of a year, 63 of 365 at the procedure.
        ("{birth_date: 2006-06}", "17.920765 to 18", "18.172602 to 18.252054"),
        ("{birth_date: before 2006}", "at least 18.418032", "at least 18.669398"),
        ("{birth_date: since 2006-06-01}", "0 to 18", "0 to 18.252054"),
        # An age in years is not said to be that of a day.
        ("{age: 50}", "50", "50"), ("{age: 50 to 59}", "50 to 59", "50 to 59"),
    ],
)  # fmt: skip
def test_age(patient: str, request_: str, procedure: str) -> None:
    assert spans(f"patient: {patient}\n{REQUEST}") == {"age request": request_, "age procedure": procedure}


def test_what_is_left_open_rules_out_no_time() -> None:
    for patient in ("{birth_date: unknown}", "{age: unknown}", "{}"):
        assert spans(f"patient: {patient}\n{REQUEST}") == {}


@pytest.mark.parametrize(
    ("pain", "request_", "procedure"),
    [
        ("{onset: 2024-01-01}", "5", "8"),
        ("{onset: 2024-01}", "4.032258 to 5", "7.032258 to 8"),
        ("{onset: until 2024-01-01}", "at least 5", "at least 8"),
        # Three months more at the procedure, and the month that is begun.
        ("{months: 5}", "5", "5 to 9"), ("{months: at least 5}", "at least 5", "at least 5"),
        ("{months: less than 6}", "less than 6", "less than 10"),
    ],
)  # fmt: skip
def test_pain(pain: str, request_: str, procedure: str) -> None:
    found = spans(f"pain: {pain}\n{REQUEST}")
    assert (found["pain_duration request"], found["pain_duration procedure"]) == (request_, procedure)


@pytest.mark.parametrize(
    ("care", "request_", "field"),
    [
        ("{weeks: 7}", "7", "weeks"), ("{weeks: more than 6}", "more than 6", "weeks"),
        # 42 days: six weeks, which ended before the request.
        ("{start: 2024-03-01, end: 2024-04-12}", "6", "start"),
        # It goes on after the request: only the 42 days until then count.
        ("{start: 2024-04-20, end: 2024-08-31}", "6", "start"),
        # Its end is not known: it may have ended at once.
        ("{start: 2024-04-20}", "0 to 6", "end"), ("{end: 2024-04-12}", "at least 0", "conservative_care.start"),
        ("{start: 2024-06-02, end: 2024-08-30}", "0", "start"),
        # April alone: from one day to thirty.
        ("{start: 2024-04, end: 2024-04}", "0 to 4.142857", "start"),
        ("{weeks: unknown, start: 2024-03-01, end: 2024-04-12}", "6", "start"),
        ("{therapies: {chiropractic: {status: received, weeks: 8}}}", "at least 8", "therapies.chiropractic.weeks"),
        ("{therapies: {chiropractic: {status: begun, weeks: at least 8}}}", "at least 8", "chiropractic.weeks"),
        ("{weeks: 7 to 9, therapies: {chiropractic: {status: received, weeks: 8}}}", "8 to 9", "chiropractic.weeks"),
        ("{weeks: 9, therapies: {chiropractic: {status: received, weeks: 8}}}", "9", "conservative_care.weeks"),
        ("{weeks: 4, therapies: {chiropractic: {status: received, weeks: 8}}}", "unknown", "conservative_care.weeks"),
        ("{start: 2024-06-02, therapies: {chiropractic: {status: received, weeks: 8}}}", "0", "end"),
    ],
)  # fmt: skip
def test_care_until_the_request(care: str, request_: str, field: str) -> None:
    text = f"conservative_care: {care}\n{REQUEST}"
    assert spans(text)["care_duration request"] == request_
    assert fields(text)["care_duration request"].endswith(field)


def test_care_until_a_request_of_unknown_day() -> None:
    text = "conservative_care: {start: 2024-03-01, end: 2024-04-26}\nrequest: "
    # A request made on 1 March would leave no care at all; a later one at most the 56 days until the end.
    for request in ("{}", "{date: unknown}", "{planned_procedure_date: 2024-08-01}", "{date: before 2024-06}"):
        assert spans(f"{text}{request}")["care_duration request"] == "0 to 8"
        assert fields(f"{text}{request}")["care_duration request"] == "request.date"
    assert spans(f"{text}{{date: 2024-03-15}}")["care_duration request"] == "2"
    assert spans(f"{text}{{date: since 2024-05}}")["care_duration request"] == "8"


def test_a_therapy_that_was_only_ordered_shows_no_care() -> None:
    assert spans("conservative_care: {therapies: {chiropractic: {status: ordered, weeks: 8}}}") == {}
    assert spans("conservative_care: {therapies: {chiropractic: {status: ordered or received, weeks: 8}}}") == {}


def test_a_date_that_is_missing_is_named() -> None:
    assert fields("patient: {birth_date: 2006-06-01}") == {
        "age request": "request.date", "age procedure": "request.planned_procedure_date",
    }  # fmt: skip
    assert fields("patient: {birth_date: 2006-06-01}\nrequest: {date: 2024-06-01}")["age procedure"] == (
        "patient.birth_date"
    )


@pytest.mark.parametrize(
    ("surgery", "months"),
    [
        # Three days of the 31 of the month that runs, where it is more than six.
        ("{date: 2024-03-01}", "6"), ("{date: 2024-02-29}", "6.096774"), ("{date: 2023}", "8.032258 to 20"),
        ("{months_before_procedure: more than 6}", "more than 6"), ("{date: before 2024-03-01}", "at least 6.096774"),
        ("{date: unknown, months_before_procedure: 7}", "7"),
    ],
)  # fmt: skip
def test_the_time_since_a_surgery_counts_to_the_procedure(surgery: str, months: str) -> None:
    found = since(read_case(f"surgeries: [{surgery}]\n{REQUEST}"), 0)
    assert found is not None and text_of(found[1]) == months


def test_nothing_is_said_of_a_surgery_without_a_date() -> None:
    assert since(read_case("surgeries: [{kind: fusion}]"), 0) is None


def test_an_exact_time_has_no_more_decimals_than_a_statement() -> None:
    found = [value for *_, value in times(read_case(f"patient: {{birth_date: 1970-02-03}}\n{REQUEST}"))]
    assert all(v.low is not None and v.low == round(v.low, 6) and v.exact == v.low for v in found)
    assert found[0].exact == Decimal("54.325136")


@pytest.mark.parametrize(
    ("care", "words"),
    [
        ("{weeks: 4, therapies: {chiropractic: {status: received, weeks: 20}}}", ["chiropractic.weeks (20) is longer"]),
        ("{weeks: at most 4, therapies: {chiropractic: {status: begun, weeks: more than 5}}}",
         ["weeks (more than 5) is longer than the whole course, conservative_care.weeks (at most 4 weeks)"]),
        ("{start: 2024-03-01, end: 2024-04-12, therapies: {chiropractic: {status: received, weeks: 20}}}",
         ["longer than the whole course, conservative_care.start (6 weeks)"]),
        ("{weeks: 20, therapies: {chiropractic: {status: received, weeks: 20}}}", []),
        ("{weeks: 4, therapies: {chiropractic: {status: ordered, weeks: 20}}}", []),
        ("{start: 2024-06-02}", ["conservative_care.start lies after the request"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_pointed_out(care: str, words: list[str]) -> None:
    found = list(warnings(read_case(f"conservative_care: {care}\n{REQUEST}")))
    assert len(found) == len(words) and all(word in line for word, line in zip(words, found, strict=True)), found
