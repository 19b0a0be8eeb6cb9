"""How wrong a transcript or a diarization is against a reference: word and diarization error rate.

Thin wrappers of jiwer (word error rate, by edit distance) and pyannote.metrics (diarization error rate as NIST's
Rich Transcription evaluations define it, with the best mapping of speakers). Both come with the evaluate extra.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from talkbase.domain.rttm import SpeakerTurn
from talkbase.errors import MissingExtra


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts of words; `rate` is errors by words of the reference (above 1 where much was invented)."""

    substituted: int
    deleted: int
    inserted: int
    words: int

    @property
    def rate(self) -> float:
        """Word error rate; with an empty reference 0 where nothing was said to be there, else infinite."""
        return _share(self.substituted + self.deleted + self.inserted, self.words)


@dataclass(frozen=True, slots=True)
class SpeakerErrors:
    """Seconds of speaker time: missed, false alarm, given to the wrong speaker, and in all in the reference."""

    missed: float
    false_alarm: float
    confusion: float
    total: float

    @property
    def rate(self) -> float:
        """Diarization error rate; with an empty reference 0 where nothing was found, else infinite."""
        return _share(self.missed + self.false_alarm + self.confusion, self.total)

    def __add__(self, other: SpeakerErrors) -> SpeakerErrors:
        return SpeakerErrors(
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
            self.total + other.total,
        )


def wer(reference: str, hypothesis: str) -> WordErrors:
    """Word errors, without regard to case and punctuation. MissingExtra without the evaluate extra."""
    words, heard = normalised(reference), normalised(hypothesis)
    if not words:
        return WordErrors(0, 0, len(heard.split()), 0)
    counts: Any = _library("jiwer").process_words(words, heard)
    return WordErrors(counts.substitutions, counts.deletions, counts.insertions, len(words.split()))


def der(
    reference: Iterable[SpeakerTurn],
    hypothesis: Iterable[SpeakerTurn],
    *,
    collar: float = 0.0,
    scored: tuple[float, float] | None = None,
) -> SpeakerErrors:
    """Diarization errors, overlapping speech included.

    `collar` seconds on each side of the reference's boundaries are not scored; `scored` is the part of the recording
    that the reference covers (UEM), by default from the first to the last turn of both. MissingExtra without the
    evaluate extra.
    """
    core, diarization = _library("pyannote.core"), _library("pyannote.metrics.diarization")
    truth, found = list(reference), list(hypothesis)
    begin, end = scored or (
        min((turn.start for turn in truth + found), default=0.0),
        max((turn.end for turn in truth + found), default=0.0),
    )
    # pyannote counts a collar's full width, both sides together.
    metric: Any = diarization.DiarizationErrorRate(collar=2 * collar)
    uem = core.Timeline([core.Segment(begin, end)])
    parts = metric.compute_components(_annotation(core, truth), _annotation(core, found), uem=uem)
    return SpeakerErrors(*(float(parts[name]) for name in ("missed detection", "false alarm", "confusion", "total")))


def normalised(text: str) -> str:
    """Text as words are compared: lower case, without punctuation except inner apostrophes, single spaces."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return " ".join(re.findall(r"\w+(?:'\w+)*", plain))


def _annotation(core: Any, turns: list[SpeakerTurn]) -> Any:
    annotation = core.Annotation()
    for number, turn in enumerate(turns):
        if turn.end > turn.start:
            annotation[core.Segment(turn.start, turn.end), number] = turn.speaker
    return annotation


def _share(errors: float, total: float) -> float:
    if total > 0:
        return errors / total
    return 0.0 if errors == 0 else float("inf")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra(
            f"{name.partition('.')[0]} is not installed.", hint="Run: pip install 'talkbase[evaluate]'"
        ) from error
