"""Correct: what people know better. Every change is kept as an edit, and what depends on it changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.ids import uuid7
from talkbase.errors import NotFound, UsageError
from talkbase.queries import conversations

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Writing


def rename(tb: Talkbase, conversation: str | UUID, title: str) -> UUID:
    """Give a conversation another title; returns its id."""
    title = _given(title, "title")
    with tb.database.writing(tb.user) as writing:
        key = conversations.find(writing, str(conversation))
        old = writing.value("SELECT title FROM conversations WHERE id = %(id)s", id=key)
        if not writing.execute("UPDATE conversations SET title = %(title)s WHERE id = %(id)s", title=title, id=key):
            raise NotFound("Only its owner can rename this conversation.")
        _record(writing, tb.user, key, "conversation", key, "title", old, title)
    return key


def rename_speaker(tb: Talkbase, conversation: str | UUID, speaker: str, name: str) -> UUID:
    """Give a speaker, found by label or name, a name; returns the speaker's id.

    The vectors of what that speaker said have the name in them, so they are made anew in the same transaction.
    """
    name = _given(name, "name")
    with tb.database.writing(tb.user) as writing:
        key = conversations.find(writing, str(conversation))
        conversations.hold(writing, key)
        found = writing.rows(
            "SELECT id, label, name FROM speakers WHERE conversation_id = %(id)s"
            " AND (lower(label) = lower(%(who)s) OR lower(name) = lower(%(who)s)) ORDER BY label",
            id=key, who=speaker,
        )  # fmt: skip
        if len(found) != 1:
            there = writing.rows(
                "SELECT coalesce(name || ' (' || label || ')', label) AS who FROM speakers"
                " WHERE conversation_id = %(id)s ORDER BY label", id=key,
            )  # fmt: skip
            known = ", ".join(row["who"] for row in there) or "none"
            problem = "There is no speaker" if not found else "There are several speakers"
            raise NotFound(f"{problem} “{speaker}” in this conversation.", hint=f"Its speakers are: {known}.")
        who = UUID(str(found[0]["id"]))
        writing.execute(
            "UPDATE speakers SET name = %(name)s WHERE conversation_id = %(conversation)s AND id = %(id)s",
            name=name, conversation=key, id=who,
        )  # fmt: skip
        _record(writing, tb.user, key, "speaker", who, "name", found[0]["name"], name)
        _embed_again(writing, key, who)
    return who


def _embed_again(writing: Writing, conversation: UUID, speaker: UUID) -> None:
    from talkbase.domain.progress import silent
    from talkbase.stages.embed import LINES, Line, replace_vectors, stage

    has_vectors = writing.value(
        "SELECT EXISTS (SELECT FROM utterance_vectors WHERE conversation_id = %(id)s)", id=conversation
    )
    lines = writing.all(Line, LINES, id=conversation, speaker=speaker) if has_vectors else []
    if lines:
        run = writing.value(
            "SELECT run_id FROM utterance_vectors WHERE conversation_id = %(id)s LIMIT 1", id=conversation
        )
        replace_vectors(writing, conversation, lines, stage.vectors(lines, silent), run=run)


def _record(
    writing: Writing, user: UUID, conversation: UUID, kind: str, target: UUID, field: str, old: Any, new: Any
) -> None:
    from talkbase.db.session import Jsonb

    writing.insert("edits", {
        "id": uuid7(), "owner_id": user, "conversation_id": conversation, "target_type": kind, "target_id": target,
        "field": field, "old_value": Jsonb(old), "new_value": Jsonb(new), "kind": "correction", "author_id": user,
    })  # fmt: skip


def _given(text: str, what: str) -> str:
    text = " ".join(text.replace("\0", " ").split())
    if not text:
        raise UsageError(f"The new {what} is empty.")
    return text
