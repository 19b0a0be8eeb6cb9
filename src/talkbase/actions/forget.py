"""Forget: all of a conversation goes, and a receipt without its content stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.domain.ids import uuid7
from talkbase.errors import NotFound
from talkbase.queries import conversations

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Writing

_COUNTS = """
SELECT json_build_object(
    'utterances', (SELECT count(*) FROM utterances WHERE conversation_id = %(id)s),
    'utterance_texts', (SELECT count(*) FROM utterance_texts WHERE conversation_id = %(id)s),
    'utterance_vectors', (SELECT count(*) FROM utterance_vectors WHERE conversation_id = %(id)s),
    'speakers', (SELECT count(*) FROM speakers WHERE conversation_id = %(id)s),
    'media', (SELECT count(*) FROM media WHERE conversation_id = %(id)s),
    'runs', (SELECT count(*) FROM runs WHERE conversation_id = %(id)s))
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went: rows by table, and the number of files that nothing else used."""

    id: UUID
    rows: Mapping[str, int]
    files: int


def delete(tb: Talkbase, conversation: str | UUID) -> Forgotten:
    """Delete a conversation: rows, vectors, every version of its texts, jobs, and media that nothing else uses.

    Raises `NotFound` where there is none, or where it belongs to somebody else.
    """
    with tb.database.writing(tb.user) as writing:
        key = conversations.find(writing, str(conversation))
        counts = writing.value(_COUNTS, id=key)
        hashes = [
            row["sha256"]
            for row in writing.rows("SELECT DISTINCT sha256 FROM media WHERE conversation_id = %(id)s", id=key)
        ]
        writing.execute("DELETE FROM procrastinate_jobs WHERE args->>'conversation_id' = %(id)s", id=str(key))
        if not writing.execute("DELETE FROM conversations WHERE id = %(id)s", id=key):
            raise NotFound("Only its owner can delete this conversation.")
        writing.insert("receipts", {
            "id": uuid7(), "owner_id": tb.user, "kind": "conversation", "target_id": key, "counts": dict(counts),
            "media": hashes, "author_id": tb.user,
        })  # fmt: skip
    return Forgotten(key, counts, sum(drop_unused(tb, sha256) for sha256 in hashes))


def hold_file(writing: Writing, sha256: str) -> None:
    """Keep others from adding or dropping this content until the transaction ends."""
    writing.value("SELECT pg_advisory_xact_lock(hashtextextended(%(sha256)s, 1))", sha256=sha256)


def drop_unused(tb: Talkbase, sha256: str) -> bool:
    """Delete a stored file unless a conversation, whoever owns it, needs it; returns whether it went."""
    with tb.database.as_owner() as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [sha256])  # the lock of `hold_file`
        if connection.execute("SELECT 1 FROM media WHERE sha256 = %s LIMIT 1", [sha256]).fetchone():
            return False
        return bool(tb.store.delete(sha256))
