"""talkbase's own transcript JSON: everything that a transcript holds, so that reading it gives an equal one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from talkbase.domain.transcript import Speaker, Transcript, Utterance, Word
from talkbase.readers.transcript_json import FORMAT, VERSION


@dataclass(frozen=True, slots=True)
class Json:
    """Writes the talkbase transcript format (docs/reference/transcript-json.md), UTF-8."""

    name: str = "json"
    description: str = "talkbase transcript JSON, with words, confidences and metadata"
    suffix: str = ".json"
    mime: str = "application/json"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """One JSON object; each utterance is on a line of its own. What is not known is left out."""
        head = _dump({"format": FORMAT, "version": VERSION, **_present(id=id), **_head(transcript)})
        yield f'{head[:-1]}, "utterances": ['.encode()
        for position, utterance in enumerate(transcript.utterances):
            yield f"{',' if position else ''}\n{_dump(_utterance(utterance))}".encode()
        yield b"\n]}\n"


def _head(transcript: Transcript) -> dict[str, Any]:
    return _present(
        title=transcript.title,
        kind=transcript.kind,
        language=transcript.language,
        started_at=transcript.started_at.isoformat() if transcript.started_at else None,
        duration=transcript.duration,
        speakers=[_speaker(speaker) for speaker in transcript.speakers] or None,
        metadata=dict(transcript.metadata) or None,
    )


def _speaker(speaker: Speaker) -> dict[str, Any]:
    return _present(label=speaker.label, name=speaker.name, role=speaker.role)


def _utterance(utterance: Utterance) -> dict[str, Any]:
    return _present(
        speaker=utterance.speaker,
        start=utterance.start,
        end=utterance.end,
        said_at=utterance.said_at.isoformat() if utterance.said_at else None,
        text=utterance.text,
        confidence=utterance.confidence,
        language=utterance.language,
        words=[_word(word) for word in utterance.words] or None,
        suspect=utterance.suspect,
        metadata=dict(utterance.metadata) or None,
    )


def _word(word: Word) -> dict[str, Any]:
    return _present(text=word.text, start=word.start, end=word.end, confidence=word.confidence)


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


exporter = Json()
