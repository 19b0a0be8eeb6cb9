"""Look: what is there, what is in it, and how far the work on it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.domain.results import Results
from talkbase.queries import conversations as query
from talkbase.queries import runs as work
from talkbase.queries.conversations import Conversation, ConversationRow
from talkbase.queries.runs import JobRow, RunRow, StatusRow

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase


def conversations(
    tb: Talkbase, *, limit: int = 50, after: str | None = None, status: str | None = None, kind: str | None = None
) -> Results[ConversationRow]:
    """The newest conversations first; `next` of the result is where the next page starts (`after`)."""
    with tb.database.reading(tb.user) as reading:
        return query.page(reading, limit=limit, after=after, status=status, kind=kind)


def show(tb: Talkbase, conversation: str | UUID) -> Conversation:
    """A conversation whole, by id, the beginning of its id, or its title.

    Raises `NotFound` where there is none and `Ambiguous` where there are several.
    """
    with tb.database.reading(tb.user) as reading:
        return query.whole(reading, query.find(reading, str(conversation)))


def status(tb: Talkbase, conversation: str | UUID | None = None) -> Results[StatusRow]:
    """Where the analysis of a conversation is, or of all that are not completed."""
    with tb.database.reading(tb.user) as reading:
        key = query.find(reading, str(conversation)) if conversation else None
        return work.status(reading, conversation=key)


def runs(tb: Talkbase, conversation: str | UUID) -> Results[RunRow]:
    """Every run of every stage on a conversation: what made its rows, and how long it took."""
    with tb.database.reading(tb.user) as reading:
        return work.runs(reading, query.find(reading, str(conversation)))


def jobs(tb: Talkbase, *, status: str | None = None, limit: int = 50) -> Results[JobRow]:
    """Jobs in the queue, newest first."""
    with tb.database.reading(tb.user) as reading:
        return work.jobs(reading, status=status, limit=limit)
