"""Dates in questions, and on which days what happened then may have been told."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.dates import Period, periods_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What did she do in May 2023?", [(2023, 5, None)]),
        ("What did she do on 7 May, 2023?", [(2023, 5, 7)]),
        ("What did she do on the 7th of May?", [(None, 5, 7)]),
        ("What happened on March 3rd, 2022 and in April?", [(2022, 3, 3), (None, 4, None)]),
        ("since 2022-03 until 2022-04-05", [(2022, 3, None), (2022, 4, 5)]),
        ("Where did they march in spring? May I ask?", []),
        ("What happened on 31 December 9999 or 2022-13-01?", []),
        ("In 2022", []),
    ],
)
def test_dates_are_found(text: str, found: list[tuple[int | None, int, int | None]]) -> None:
    assert list(periods_in(text)) == [Period(*one) for one in found]


@pytest.mark.parametrize(
    ("period", "day", "told"),
    [
        (Period(2023, 5, None), date(2023, 5, 1), True),
        (Period(2023, 5, None), date(2023, 6, 10), True),
        (Period(2023, 5, None), date(2023, 6, 11), False),
        (Period(2023, 5, None), date(2023, 4, 30), False),
        (Period(2023, 5, 7), date(2023, 5, 8), True),
        (Period(2023, 5, 7), date(2023, 5, 6), False),
        (Period(None, 12, 31), date(2024, 1, 2), True),
        (Period(None, 12, 31), date(2024, 12, 30), False),
        (Period(2023, 2, 30), date(2023, 3, 1), False),
    ],
)
def test_what_happened_is_told_then_or_shortly_after(period: Period, day: date, told: bool) -> None:
    assert period.is_told_on(day) is told


@given(st.text(alphabet="0123456789- ,thMayJune", max_size=40), st.dates())
def test_no_text_and_no_day_fails(text: str, day: date) -> None:
    for period in periods_in(text):
        period.is_told_on(day)
