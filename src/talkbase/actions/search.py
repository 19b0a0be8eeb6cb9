"""Search what was said: by words, by meaning, or both."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.domain.query import parse
from talkbase.domain.results import Results
from talkbase.errors import MissingExtra, UsageError
from talkbase.queries import conversations
from talkbase.queries import search as query
from talkbase.queries.search import Asked, Filters, Hit, Mode

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase


def search(
    tb: Talkbase,
    text: str,
    *,
    conversation: str | UUID | None = None,
    speaker: str | None = None,
    kind: str | None = None,
    source: str | None = None,
    language: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 10,
    mode: Mode | None = None,
) -> Results[Hit]:
    """The utterances that fit best, best first.

    `text` finds words in every form of the language ("exact phrases", begin*, or, -not, brackets), `semantic` finds by
    meaning, `hybrid` weighs both; by default hybrid where the text extra is installed. `speaker` is a name or label;
    `since` and `until` (exclusive) are about the start of the conversation. Raises `MissingExtra` where a mode needs
    it, and `UsageError` where there is nothing to search for.
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
    asked = _encoded(text) if mode != "text" else Asked(parse(text))
    with tb.database.reading(tb.user) as reading:
        key = conversations.find(reading, str(conversation)) if conversation else None
        filters = Filters(key, speaker, kind, source, language, since, until)
        return query.search(reading, asked, mode, filters, limit=limit)


def _encoded(text: str) -> Asked:
    from talkbase.stages.embed import as_halfvec, stage

    read = parse(text)
    question = stage.encoder.question(read.text)
    spans = tuple((token.start, token.end) for token in question.spans)
    return Asked(read, as_halfvec(question.sentence), question.tokens, spans)
