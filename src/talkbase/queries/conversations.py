"""Conversations: found by id, prefix or title; listed by page; read whole in a constant number of queries."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.results import Results
from talkbase.domain.transcript import Speaker, Transcript, Utterance, Word
from talkbase.errors import Ambiguous, NotFound, UsageError

if TYPE_CHECKING:
    from talkbase.db.session import Reading, Writing


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A line of the library."""

    id: UUID
    title: str
    kind: str
    status: str
    language: str | None
    duration: float | None
    started_at: datetime | None
    created_at: datetime
    speakers: list[str]
    utterances: int
    error: str | None


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """A speaker of a conversation."""

    id: UUID
    label: str
    name: str | None
    person_id: UUID | None


@dataclass(frozen=True, slots=True)
class UtteranceRow:
    """An utterance; `speaker` is the label, times are seconds, words are `{text, start, end, confidence}`."""

    id: UUID
    position: int
    speaker: str | None
    start: float | None
    end: float | None
    said_at: datetime | None
    text: str
    confidence: float | None
    language: str | None
    suspect: str | None
    version: int
    words: list[dict[str, Any]] | None
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation whole."""

    id: UUID
    title: str
    kind: str
    status: str
    language: str | None
    duration: float | None
    started_at: datetime | None
    created_at: datetime
    error: str | None
    metadata: dict[str, Any] | None
    speakers: list[SpeakerRow]
    utterances: list[UtteranceRow]

    def transcript(self) -> Transcript:
        """The plain value that exporters write."""
        return Transcript(
            title=self.title,
            kind=self.kind,  # type: ignore[arg-type]  # the column's CHECK allows the same words
            language=self.language,
            started_at=self.started_at,
            duration=self.duration,
            speakers=tuple(Speaker(s.label, s.name) for s in self.speakers),
            utterances=tuple(_utterance(u) for u in self.utterances),
            metadata=self.metadata or {},
        )


_PAGE = """
SELECT c.id, c.title, c.kind, c.status, c.language, c.duration, c.started_at, c.created_at, c.error,
       ARRAY(SELECT coalesce(s.name, s.label) FROM speakers s WHERE s.conversation_id = c.id ORDER BY s.label)
           AS speakers,
       (SELECT count(*) FROM utterances u WHERE u.conversation_id = c.id) AS utterances
FROM conversations c
WHERE c.deleted_at IS NULL
  AND (%(created)s::timestamptz IS NULL OR (c.created_at, c.id) < (%(created)s, %(id)s))
  AND (%(status)s::text IS NULL OR c.status = %(status)s)
  AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s
"""


def page(
    reading: Reading, *, limit: int = 50, after: str | None = None, status: str | None = None, kind: str | None = None
) -> Results[ConversationRow]:
    """The newest conversations first, `limit` of them from a cursor on; one query however many there are."""
    if limit < 1:
        raise UsageError("The limit must be at least 1.")
    created, key = _decode(after) if after else (None, None)
    rows = reading.all(ConversationRow, _PAGE, created=created, id=key, status=status, kind=kind, limit=limit + 1)
    more = rows[limit - 1] if len(rows) > limit else None
    return Results(rows[:limit], next=_encode(more.created_at, more.id) if more else None)


def find(reading: Reading, reference: str) -> UUID:
    """The id that an id, the beginning of one, or a title stands for.

    Raises `NotFound` where nothing fits and `Ambiguous` where several do.
    """
    reference = reference.strip()
    found = reading.rows(
        "SELECT id, title FROM conversations WHERE deleted_at IS NULL"
        " AND (id::text LIKE %(prefix)s OR lower(title) = lower(%(title)s)) ORDER BY created_at DESC LIMIT 6",
        prefix=_like(reference.lower()) + "%" if len(reference) >= 4 else "-",
        title=reference,
    )
    if not found and len(reference) >= 3:
        found = reading.rows(
            "SELECT id, title FROM conversations WHERE deleted_at IS NULL AND title ILIKE %(part)s"
            " ORDER BY created_at DESC LIMIT 6",
            part="%" + _like(reference) + "%",
        )
    if not found:
        raise NotFound(f"There is no conversation “{reference}”.", hint="`talkbase list` shows what there is.")
    if len(found) > 1:
        names = ", ".join(f"{row['id']} “{row['title']}”" for row in found[:5])
        raise Ambiguous(f"“{reference}” fits several conversations: {names}.", hint="Give more of the id.")
    return UUID(str(found[0]["id"]))


def hold(writing: Writing, conversation: UUID) -> None:
    """Keep others from changing the conversation until the transaction ends: what is derived fits what it rests on.

    Raises `NotFound` where it has been deleted meanwhile or is somebody else's.
    """
    held = writing.value(
        "SELECT 1 FROM conversations WHERE id = %(id)s AND deleted_at IS NULL FOR NO KEY UPDATE", id=conversation
    )
    if held is None:
        raise NotFound(f"There is no conversation {conversation} that is yours to change.")


def whole(reading: Reading, conversation: UUID) -> Conversation:
    """A conversation with its speakers and utterances, in three queries whatever its length."""
    head = reading.rows(
        "SELECT id, title, kind, status, language, duration, started_at, created_at, error,"
        " source_metadata AS metadata FROM conversations WHERE id = %(id)s AND deleted_at IS NULL",
        id=conversation,
    )
    if not head:
        raise NotFound(f"There is no conversation {conversation}.")
    speakers = reading.all(
        SpeakerRow,
        "SELECT id, label, name, person_id FROM speakers WHERE conversation_id = %(id)s ORDER BY label",
        id=conversation,
    )
    utterances = reading.all(
        UtteranceRow,
        "SELECT u.id, u.position, s.label AS speaker, u.start_time AS start, u.end_time AS end, u.said_at, u.text,"
        " u.confidence, u.language, u.suspect, u.version, u.words, u.platform_metadata AS metadata"
        " FROM utterances u LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id"
        " WHERE u.conversation_id = %(id)s ORDER BY u.position",
        id=conversation,
    )
    return Conversation(**head[0], speakers=speakers, utterances=utterances)


def _utterance(row: UtteranceRow) -> Utterance:
    return Utterance(
        text=row.text,
        speaker=row.speaker,
        start=row.start,
        end=row.end,
        said_at=row.said_at,
        confidence=row.confidence,
        language=row.language,
        words=tuple(Word(w["text"], w.get("start"), w.get("end"), w.get("confidence")) for w in row.words or ()),
        metadata=row.metadata or {},
    )


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _encode(created: datetime, key: UUID) -> str:
    return urlsafe_b64encode(json.dumps([created.isoformat(), str(key)]).encode()).decode()


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        created, key = json.loads(urlsafe_b64decode(cursor.encode()))
        return datetime.fromisoformat(created), UUID(key)
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError("That cursor is not one that talkbase gave.", hint="Start without it.") from error
