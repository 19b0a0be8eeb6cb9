"""The plain values that flow through talkbase: what readers give, engines fill and exporters write.

Times are seconds from the start of the recording, as floats; `None` where nothing timed them. Confidences are
probabilities from 0 to 1, `None` where nothing measured them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["video", "audio", "meeting", "call", "chat", "transcript", "podcast", "interview", "talk", "other"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds; `end` is never before `start`."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.end >= self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def overlap(self, other: Span) -> float:
        """Seconds that both spans share (0.0 where they are apart)."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word as the recogniser wrote it (with its punctuation), where it was heard and how sure it was."""

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice in one conversation: a label that is unique there, and a name once somebody knows it."""

    label: str
    name: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something one speaker said: the unit of text, search and evidence.

    `speaker` is the label of a speaker of the same transcript, or None. `said_at` is wall-clock time (chats).
    `suspect` says why a machine may have invented the words (silence, music, repetition, …). `metadata`
    holds what the source said beyond this, as JSON values.
    """

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None
    said_at: datetime | None = None
    confidence: float | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()
    suspect: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a reader found in a file: a conversation with its speakers and utterances in order.

    Audio and video give no utterances (they are still to be transcribed): `needs_speech` is True then.
    """

    title: str | None = None
    kind: Kind = "transcript"
    language: str | None = None
    started_at: datetime | None = None
    duration: float | None = None
    speakers: tuple[Speaker, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    needs_speech: bool = False

    def speaker(self, label: str) -> Speaker | None:
        """The speaker with this label, or None."""
        return next((s for s in self.speakers if s.label == label), None)
