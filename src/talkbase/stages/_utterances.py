"""What transcription and diarization share: words into utterances, utterances into rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.align import Turn, align
from talkbase.domain.ids import uuid7
from talkbase.domain.text import search_config
from talkbase.domain.transcript import Utterance, Word

if TYPE_CHECKING:
    from talkbase.db.session import Reading, Writing

COLUMNS = (
    "conversation_id", "id", "position", "speaker_id", "start_time", "end_time", "said_at", "text", "machine_text",
    "language", "search_config", "confidence", "suspect", "words", "platform_metadata", "run_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that belong together by what is known of them: their language, their channel, why they are suspect."""

    words: tuple[Word, ...]
    language: str | None = None
    channel: int | None = None
    suspect: str | None = None

    @property
    def nature(self) -> tuple[str | None, int | None, str | None]:
        """What may not differ within an utterance."""
        return self.language, self.channel, self.suspect


def cut(pieces: Iterable[Piece], turns: Sequence[Turn]) -> list[Utterance]:
    """Utterances from recognised pieces in time order and speaker turns (none: no speaker is known yet)."""
    utterances: list[Utterance] = []
    for (language, channel, suspect), alike in groupby(pieces, key=lambda piece: piece.nature):
        words = [word for piece in alike for word in piece.words]
        metadata = {} if channel is None else {"channel": channel}
        utterances += [
            replace(utterance, language=language, suspect=suspect, metadata=metadata)
            for utterance in align(words, turns)
        ]
    return sorted(utterances, key=lambda utterance: (utterance.start is None, utterance.start or 0.0))


def write(
    writing: Writing,
    conversation: UUID,
    utterances: Iterable[Utterance],
    speakers: Mapping[str, UUID],
    *,
    run: UUID | None,
    fallback_language: str | None = None,
) -> int:
    """Write utterances by COPY, in order from position 0; `speakers` maps labels to keys. Returns how many."""
    return writing.copy(
        "utterances",
        COLUMNS,
        (
            (
                conversation, uuid7(), position, speakers.get(said.speaker or ""), said.start, said.end, said.said_at,
                said.text, said.text, said.language, search_config(said.language or fallback_language),
                said.confidence, said.suspect, [_word(word) for word in said.words] or None,
                dict(said.metadata) or None, run,
            )
            for position, said in enumerate(utterances)
        ),
    )  # fmt: skip


def touched(reading: Reading, conversation: UUID) -> bool:
    """Whether a person corrected an utterance, changed a speaker, or something rests on an utterance."""
    return bool(reading.value(
        "SELECT EXISTS (SELECT FROM utterances WHERE conversation_id = %(id)s AND version > 1)"
        " OR EXISTS (SELECT FROM edits WHERE conversation_id = %(id)s"
        "            AND target_type IN ('utterance', 'speaker'))"
        " OR EXISTS (SELECT FROM evidence WHERE conversation_id = %(id)s)",
        id=conversation,
    ))  # fmt: skip


def _word(word: Word) -> dict[str, Any]:
    return {"text": word.text, "start": word.start, "end": word.end, "confidence": word.confidence}
