"""RTTM, NIST's text format for who spoke when (Rich Transcription 2009 evaluation plan, appendix A): read and written.

A line is `SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>`; times are in seconds. Other types of line
are passed over. The format has no quoting, so that a name with white space is written with underscores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from talkbase.errors import UnreadableInput


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A named speaker speaks from `start` to `end` (seconds)."""

    start: float
    end: float
    speaker: str


def parse(text: str) -> dict[str, tuple[SpeakerTurn, ...]]:
    """The turns of each file named in RTTM text, in its order. UnreadableInput names a line that is not RTTM."""
    files: dict[str, list[SpeakerTurn]] = {}
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            files.setdefault(fields[1] if len(fields) > 1 else "", []).append(_turn(fields, number))
    return {name: tuple(turns) for name, turns in files.items()}


def render(file: str, turns: Iterable[SpeakerTurn]) -> str:
    """RTTM text of a file's turns, one a line, with milliseconds."""
    return "".join(
        f"SPEAKER {_word(file)} 1 {turn.start:.3f} {turn.end - turn.start:.3f}"
        f" <NA> <NA> {_word(turn.speaker)} <NA> <NA>\n"
        for turn in turns
    )


def _turn(fields: list[str], number: int) -> SpeakerTurn:
    try:
        start, duration, speaker = float(fields[3]), float(fields[4]), fields[7]
    except (IndexError, ValueError):
        start, duration, speaker = math.nan, math.nan, ""
    if not (math.isfinite(start) and math.isfinite(duration) and start >= 0 and duration >= 0):
        raise UnreadableInput(f"Line {number} is not RTTM: it needs a start, a duration and a speaker.")
    return SpeakerTurn(start, start + duration, speaker)


def _word(text: str) -> str:
    return "_".join(text.split()) or "_"
