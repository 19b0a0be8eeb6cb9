"""Times as people and files write them: clock times, the stamps of subtitle files, ISO 8601 dates.

Times in a recording are seconds as floats; only the millisecond is kept in stamps, since the formats hold no more.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_CLOCK = re.compile(r"(?:(?:([0-9]{1,9}):)?([0-9]{1,2}):)?([0-9]{1,9}(?:[.,][0-9]{1,9})?)")
_STAMP = re.compile(r"(-?)(?:([0-9]{1,9}):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]{1,9}))?")


def clock(seconds: float) -> str:
    """Write a time for people, to a tenth of a second: 63.42 → "1:03.4", 3723.4 → "1:02:03.4"."""
    tenths = round(abs(seconds) * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else str(minutes)
    sign = "-" if seconds < 0 and (hours or minutes or tenths) else ""
    return f"{sign}{head}:{tenths // 10:02d}.{tenths % 10}"


def parse_clock(text: str) -> float:
    """Read a time as people write it, in seconds: "1:02:03.4", "2:03", "83", "83.5" or with a comma.

    Raises ValueError where it is none.
    """
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise ValueError(f"“{text}” is not a time such as 1:02:03.4 or 83.5")
    hours, minutes, seconds = match.groups()
    value = float(seconds.replace(",", "."))
    if (minutes and value >= 60) or (hours and int(minutes) >= 60):
        raise ValueError(f"“{text}” is not a time: minutes and seconds go up to 59")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + value


def srt_stamp(seconds: float) -> str:
    """Write a SubRip time stamp: 3723.4 → "01:02:03,400". Negative times become zero, which is all it can hold."""
    return vtt_stamp(seconds).replace(".", ",")


def vtt_stamp(seconds: float) -> str:
    """Write a WebVTT time stamp (W3C WebVTT, 4.1): 3723.4 → "01:02:03.400". Negative times become zero."""
    minutes, milliseconds = divmod(max(0, round(seconds * 1000)), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def parse_stamp(text: str) -> float:
    """Read a SubRip or WebVTT time stamp in seconds; hours may be missing or many, and the sign may be minus.

    Raises ValueError where it is none.
    """
    match = _STAMP.fullmatch(text.strip())
    if not match:
        raise ValueError(f"“{text}” is not a time stamp such as 00:01:02.500")
    sign, hours, minutes, seconds, fraction = match.groups()
    if int(minutes) > 59 or int(seconds) > 59:
        raise ValueError(f"“{text}” is not a time stamp: minutes and seconds go up to 59")
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    # One division of integers gives the float nearest to the written time, so that stamps survive a round trip.
    digits = fraction or "0"
    value: float = int(f"{whole}{digits}") / 10 ** len(digits)
    return -value if sign else value


def parse_iso(text: str) -> datetime:
    """Read an ISO 8601 date and time; without a zone it is taken as UTC. Raises ValueError where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text}” is not a date and time such as 2026-07-16T14:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
