"""Leave work to the workers: put analyses into the queue, and carry them out as a worker."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.errors import Interrupted, NotAllowed
from talkbase.stages import Options

if TYPE_CHECKING:
    from talkbase.actions.analyze import StageProgress
    from talkbase.actions.library import Talkbase
    from talkbase.db.queue import Job
    from talkbase.db.session import Writing

ANALYZE = "analyze"
"""Name of the task under which analyses stand in the queue."""


def enqueue(tb: Talkbase, conversation: str | UUID, options: Options | None = None) -> int:
    """Put the analysis of a conversation into the queue; returns the job's number."""
    from talkbase.queries import conversations

    options = options or Options.of(tb.settings)
    with tb.database.writing(tb.user) as writing:
        return defer_analysis(writing, tb.user, conversations.find(writing, str(conversation)), options)


def defer_analysis(writing: Writing, user: UUID, conversation: UUID, options: Options) -> int:
    """The same within a transaction that is open: the job exists exactly when its rows do.

    Raises `NotAllowed` where the conversation is somebody else's.
    """
    from talkbase.db import queue

    if writing.value("SELECT owner_id FROM conversations WHERE id = %(id)s", id=conversation) != user:
        raise NotAllowed("Only its owner can have this conversation analysed.")

    return queue.defer(
        writing, ANALYZE, user, lock=f"analysis:{conversation}", conversation_id=str(conversation),
        options=asdict(options),
    )  # fmt: skip


def cancel_job(tb: Talkbase, job: int) -> None:
    """Cancel a waiting or running job."""
    from talkbase.db import queue

    with tb.database.writing(tb.user) as writing:
        queue.cancel(writing, job)


def retry_job(tb: Talkbase, job: int) -> None:
    """Put a failed or cancelled job back into the queue."""
    from talkbase.db import queue

    with tb.database.writing(tb.user) as writing:
        queue.retry(writing, job)


def work(tb: Talkbase, *, once: bool = False, name: str = "worker", progress: StageProgress | None = None) -> None:
    """Be a worker: carry out jobs until interrupted, or with `once` until none is left.

    A job runs on behalf of the user who queued it. A job that fails is marked failed; the worker goes on.
    """
    from talkbase.db import queue

    queue.work(tb.database, {ANALYZE: lambda job: _analyze(tb, job, progress)}, once=once, name=name)


def _analyze(tb: Talkbase, job: Job, progress: StageProgress | None) -> None:
    from talkbase.actions.analyze import analyze
    from talkbase.actions.library import Talkbase

    def report(stage: str, done: float, total: float) -> None:
        if job.cancelled():
            raise Interrupted("The job was cancelled.")
        if progress:
            progress(stage, done, total)

    on_behalf = Talkbase(tb.settings, user=job.user, database=tb.database)
    analyze(on_behalf, UUID(job.arguments["conversation_id"]), _options(job.arguments["options"]), progress=report)


def _options(stored: dict[str, Any]) -> Options:
    known = {name: stored[name] for name in Options.__slots__ if name in stored}
    lists_as_tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return Options(**lists_as_tuples)
