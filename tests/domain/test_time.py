from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.time import clock, parse_clock, parse_iso, parse_stamp, srt_stamp, vtt_stamp


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (63.42, "1:03.4"),
        (3723.4, "1:02:03.4"),
        (59.96, "1:00.0"),
        (360000, "100:00:00.0"),
        (-1.5, "-0:01.5"),
        (-0.01, "0:00.0"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:02:03.4", 3723.4), ("2:03", 123), ("83", 83), ("83,5", 83.5), (" 0:00 ", 0), ("100:00:00", 360000)],
)
def test_parse_clock(text: str, seconds: float) -> None:
    assert parse_clock(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "abc", "1:60:00", "1:60", "1:2:3:4", "-1", "1e5", "٣", "nan"])
def test_what_is_no_clock_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_clock(text)


@given(st.floats(0, 1e6))
def test_clock_round_trip(seconds: float) -> None:
    assert parse_clock(clock(seconds)) == pytest.approx(seconds, abs=0.051)


@given(st.integers(0, 10**12))
def test_stamps_keep_every_millisecond(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_stamp(srt_stamp(seconds)) == seconds
    assert parse_stamp(vtt_stamp(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:01.5", 1.5),
        ("0:0:13.540", 13.54),
        ("-00:00:01,000", -1),
        ("123:00:00,000", 442800),
        ("00:00:04.3001", 4.3001),
        ("00:00:07", 7),
    ],
)
def test_parse_stamp(text: str, seconds: float) -> None:
    assert parse_stamp(text) == seconds


@pytest.mark.parametrize("text", ["", "00:00:1d.890", "1", "00:61:00.000", "00:00:61.000", "9" * 5000 + ":00:00.000"])
def test_what_is_no_stamp(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time stamp"):
        parse_stamp(text)


def test_negative_stamps_become_zero() -> None:
    assert srt_stamp(-5) == "00:00:00,000"


def test_dates() -> None:
    assert parse_iso("2026-07-16T14:00:00Z") == datetime(2026, 7, 16, 14, tzinfo=UTC)
    assert parse_iso("2026-07-16 14:00") == datetime(2026, 7, 16, 14, tzinfo=UTC)
    assert parse_iso("2026-07-16T14:00:00.5+02:00").tzinfo == timezone(timedelta(hours=2))
    with pytest.raises(ValueError, match="is not a date"):
        parse_iso("yesterday")
