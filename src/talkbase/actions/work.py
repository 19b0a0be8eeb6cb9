"""Leave work to the workers: put analyses into the queue, and carry them out as a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, after `took` seconds; `error` is one sentence for people where it did not complete."""

    job: int
    conversation: UUID
    status: Literal["completed", "failed", "interrupted"]
    took: float
    error: str | None


def work(
    tb: Talkbase,
    *,
    once: bool = False,
    name: str = "worker",
    progress: StageProgress | None = None,
    report: Callable[[Outcome], None] | None = None,
) -> None:
    """Be a worker: carry out jobs until interrupted, or with `once` until none is left.

    A job runs on behalf of the user who queued it. A job that fails is marked failed; the worker goes on. `report` is
    called after each job.
    """
    from talkbase.db import queue

    def handle(job: Job) -> None:
        begun = time.monotonic()
        try:
            _analyze(tb, job, progress)
        except Exception as error:
            _tell(report, job, begun, error)
            raise
        _tell(report, job, begun, None)

    queue.work(tb.database, {ANALYZE: handle}, once=once, name=name)


def _tell(report: Callable[[Outcome], None] | None, job: Job, begun: float, error: Exception | None) -> None:
    if report is None:
        return
    status: Literal["completed", "failed", "interrupted"] = "failed" if error else "completed"
    if isinstance(error, Interrupted):
        status = "interrupted"
    sentence = None if error is None else str(error) or type(error).__name__
    report(Outcome(job.id, UUID(job.arguments["conversation_id"]), status, time.monotonic() - begun, sentence))


def _analyze(tb: Talkbase, job: Job, progress: StageProgress | None) -> None:
    from talkbase.actions.analyze import analyze, refuse_after_kills
    from talkbase.actions.library import Talkbase

    def report(stage: str, done: float, total: float) -> None:
        if job.cancelled():
            raise Interrupted("The job was cancelled.")
        if progress:
            progress(stage, done, total)

    on_behalf = Talkbase(tb.settings, user=job.user, database=tb.database)
    conversation, options = UUID(job.arguments["conversation_id"]), _options(job.arguments["options"])
    refuse_after_kills(on_behalf, conversation, options)
    analyze(on_behalf, conversation, options, progress=report)


def _options(stored: dict[str, Any]) -> Options:
    known = {name: stored[name] for name in Options.__slots__ if name in stored}
    lists_as_tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return Options(**lists_as_tuples)
