"""Search what was said: by words, by meaning, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from talkbase.domain.results import Results
from talkbase.errors import MissingExtra, UsageError
from talkbase.queries import conversations
from talkbase.queries import search as query
from talkbase.queries.search import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talkbase.actions.library import Talkbase

Mode = Literal["text", "semantic", "hybrid"]


def search(
    tb: Talkbase,
    text: str,
    *,
    conversation: str | UUID | None = None,
    limit: int = 10,
    mode: Mode | None = None,
) -> Results[Hit]:
    """The utterances that fit best, best first.

    `text` finds words in every form of the language ("exact phrases", or, -not), `semantic` finds by meaning, `hybrid`
    weighs both; by default hybrid where the text extra is installed. Raises `MissingExtra` where a mode needs it.
    """
    if not text.strip():
        raise UsageError("There is nothing to search for.", hint="Give one or more words.")
    if limit < 1:
        raise UsageError("The limit must be at least 1.")
    from talkbase.engines import embeddings

    can_embed = embeddings.available()
    mode = mode or ("hybrid" if can_embed else "text")
    if mode != "text" and not can_embed:
        raise MissingExtra("Searching by meaning needs the text extra.", hint="pip install 'talkbase[text]'")
    vector = _embed(text) if mode != "text" else None
    with tb.database.reading(tb.user) as reading:
        key = conversations.find(reading, str(conversation)) if conversation else None
        if mode == "semantic":
            assert vector is not None
            return query.by_meaning(reading, text, vector, conversation=key, limit=limit)
        if vector is None:
            return query.by_words(reading, text, conversation=key, limit=limit)
        return query.by_both(reading, text, vector, conversation=key, limit=limit)


def _embed(text: str) -> Sequence[float]:
    from talkbase.domain.ids import uuid7
    from talkbase.domain.progress import silent
    from talkbase.stages.embed import Line, stage

    vector: Sequence[float] = stage.vectors([Line(uuid7(), 1, None, text)], silent)[0].tolist()
    return vector
