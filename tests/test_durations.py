"""Calendar rules at month ends and leap days, and bands at their limits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.policy.representatives import representative
from bvn_asp.record.calendar import months_between, weeks_between, years_between

DAYS = st.dates(date(1920, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2025, 1, 15), date(2025, 7, 15), 6),
        (date(2025, 1, 31), date(2025, 2, 28), 0),
        (date(2025, 1, 31), date(2025, 3, 1), 1),
        (date(2025, 8, 31), date(2026, 2, 28), 5),
        (date(2025, 8, 31), date(2026, 3, 1), 6),
        (date(2023, 8, 29), date(2024, 2, 29), 6),
        (date(2024, 2, 29), date(2024, 8, 29), 6),
        (date(2024, 2, 29), date(2024, 8, 28), 5),
        (date(2025, 6, 1), date(2025, 6, 1), 0),
        (date(9999, 12, 1), date(9999, 12, 31), 0),
        (date(2024, 2, 29), date(9999, 12, 31), 95_710),
        (date(1, 1, 1), date(9999, 12, 31), 119_987),
    ],
)
def test_complete_months(start: date, end: date, months: int) -> None:
    assert int(months_between(start, end)) == months


def test_a_day_past_six_months_is_more_than_six_and_the_day_itself_is_not() -> None:
    assert months_between(date(2025, 1, 15), date(2025, 7, 15)) == 6
    assert months_between(date(2025, 1, 15), date(2025, 7, 16)) > 6
    assert months_between(date(2025, 1, 15), date(2025, 7, 14)) < 6


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(2007, 6, 1), date(2025, 6, 1), 18),
        (date(2007, 6, 1), date(2025, 5, 31), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_complete_years(birth: date, day: date, years: int) -> None:
    assert int(years_between(birth, day)) == years


def test_six_weeks_are_42_days() -> None:
    assert weeks_between(date(2025, 3, 3), date(2025, 4, 14)) == 6
    assert weeks_between(date(2025, 3, 3), date(2025, 4, 15)) > 6


@given(DAYS, DAYS, DAYS)
def test_a_later_end_never_shortens_and_a_later_start_never_lengthens(one: date, two: date, three: date) -> None:
    first, second, third = sorted((one, two, three))
    for between in (weeks_between, months_between, years_between):
        assert Decimal(0) <= between(first, second) <= between(first, third)
        assert between(second, third) <= between(first, third)


@given(DAYS, DAYS)
def test_years_are_complete_when_twelve_times_as_many_months_are(one: date, two: date) -> None:
    start, end = sorted((one, two))
    assert int(years_between(start, end)) == int(months_between(start, end)) // 12


LIMITS = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5, unique=True).map(sorted)


@given(st.integers(-(10**9), 10**9), LIMITS)
def test_a_number_and_its_representative_compare_alike_with_every_limit(value: int, limits: list[int]) -> None:
    found = representative(value, limits)
    assert found in {limit + step for limit in limits for step in (-1, 0, 1)}
    assert [(found > limit, found < limit) for limit in limits] == [(value > limit, value < limit) for limit in limits]


@given(DAYS, DAYS)
def test_the_calendar_is_the_same_400_years_later(one: date, other: date) -> None:
    start, end = sorted((one, other))
    later = (day.replace(year=day.year + 7_600) for day in (start, end))
    assert months_between(start, end) == months_between(*later)
