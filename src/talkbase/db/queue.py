"""The job queue: procrastinate, in the same database as what the jobs work on.

A job is deferred in the caller's transaction, so that it exists exactly when its rows do. Workers on any number of
machines take jobs; one that is killed loses its heartbeat, and another worker takes the job up again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from talkbase.db.session import Jsonb
from talkbase.errors import Conflict, Interrupted, NotFound

if TYPE_CHECKING:
    import procrastinate

    from talkbase.db.session import Database, Writing

QUEUE: LiteralString = "talkbase"
HEARTBEAT = 5.0
"""Seconds between two signs of life of a worker."""
STALLED = 20.0
"""Seconds without one after which a worker counts as dead: four missed heartbeats."""

_DEFER = """
SELECT (procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, %(priority)s, %(lock)s, %(queueing_lock)s, %(args)s,
        NULL)::procrastinate_job_to_defer_v1]))[1]
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a worker is given it; `cancelled` says whether somebody asked to stop it."""

    id: int
    task: str
    user: UUID
    arguments: Mapping[str, Any]
    cancelled: Callable[[], bool]


Handler = Callable[[Job], None]


def defer(writing: Writing, task: str, user: UUID, *, lock: str, priority: int = 0, **arguments: Any) -> int:
    """Put a job into the queue, in the caller's transaction; returns its number.

    Jobs of one `lock` run one after the other, and at most one of them waits: a second one is the first one's number.
    """
    waiting = _waiting(writing, lock)
    if waiting is not None:
        return waiting
    return int(writing.value(
        _DEFER, queue=QUEUE, task=task, priority=priority, lock=lock, queueing_lock=lock,
        args=Jsonb({"user_id": str(user), **arguments}),
    ))  # fmt: skip


def cancel(writing: Writing, job: int) -> None:
    """Take a waiting job out of the queue, or ask a running one to stop. Raises `NotFound` where it is neither."""
    if writing.value("SELECT procrastinate_cancel_job_v1(%(job)s, true, false)", job=job) is None:
        raise NotFound(f"There is no waiting or running job {job}.", hint="`talkbase jobs list` shows them.")


def retry(writing: Writing, job: int) -> None:
    """Put a failed or cancelled job back into the queue.

    Raises `NotFound` where it is neither, and `Conflict` where another job for the same waits already.
    """
    lock = writing.value(
        "SELECT queueing_lock FROM procrastinate_jobs"
        " WHERE id = %(job)s AND status IN ('failed', 'cancelled', 'aborted')",
        job=job,
    )
    if lock is not None:
        waiting = _waiting(writing, lock)
        if waiting is not None:
            raise Conflict(f"Job {waiting} waits for the same work already.", hint="Nothing needs to be done.")
    again = writing.execute(
        "UPDATE procrastinate_jobs SET status = 'todo', abort_requested = false, attempts = attempts + 1,"
        " scheduled_at = NULL WHERE id = %(job)s AND status IN ('failed', 'cancelled', 'aborted')",
        job=job,
    )
    if not again:
        raise NotFound(f"There is no failed or cancelled job {job}.", hint="`talkbase jobs list` shows them.")


def _waiting(writing: Writing, lock: str) -> int | None:
    """The job that waits for this work; whoever asks at the same time waits until this transaction has ended."""
    writing.value("SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 2))", lock=lock)
    found = writing.value(
        "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo'", lock=lock
    )
    return None if found is None else int(found)


def work(database: Database, handlers: Mapping[str, Handler], *, once: bool = False, name: str = "worker") -> None:
    """Take jobs and hand each to the handler of its task, until interrupted, or with `once` until none is left."""
    asyncio.run(_work(database, handlers, once=once, name=name))


async def _work(database: Database, handlers: Mapping[str, Handler], *, once: bool, name: str) -> None:
    import procrastinate

    async def configure(connection: Any) -> None:
        await connection.execute("SET search_path = talkbase, public")
        await connection.commit()

    connector = procrastinate.PsycopgConnector(
        conninfo=database.url.conninfo, configure=configure, kwargs={"application_name": f"talkbase {name}"}
    )
    app = procrastinate.App(connector=connector)
    for task, handler in handlers.items():
        _register(app, task, handler)
    async with app.open_async():
        await _rescue(app)
        rescuer = asyncio.create_task(_rescue_forever(app))
        try:
            await app.run_worker_async(
                queues=[QUEUE], name=name, wait=not once, concurrency=1, update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED, shutdown_graceful_timeout=5.0, fetch_job_polling_interval=2.0,
            )  # fmt: skip
        finally:
            rescuer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rescuer


def _register(app: procrastinate.App, task: str, handler: Handler) -> None:
    import procrastinate
    from procrastinate.exceptions import JobAborted
    from procrastinate.job_context import AbortReason

    # Whoever is paused may lose its job to another worker and still hold the conversation: then wait a little.
    patience = procrastinate.RetryStrategy(max_attempts=60, wait=10, retry_exceptions={Conflict, _WorkerStops})

    @app.task(name=task, pass_context=True, retry=patience)
    def run(context: procrastinate.JobContext, /, user_id: str, **arguments: Any) -> None:
        number = context.job.id or 0
        try:
            handler(Job(number, task, UUID(user_id), arguments, context.should_abort))
        except Interrupted as error:
            if context.abort_reason() is AbortReason.SHUTDOWN:
                raise _WorkerStops from error
            raise JobAborted from error


class _WorkerStops(Exception):
    """The worker is asked to end: another one goes on with the job."""


async def _rescue(app: procrastinate.App) -> None:
    """Put the jobs of dead workers back; procrastinate lists them but leaves that to its users."""
    from procrastinate.exceptions import ConnectorException, UniqueViolation
    from procrastinate.jobs import Status

    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        assert job.id is not None
        with contextlib.suppress(ConnectorException):  # another rescuer was faster, or the job ended after all
            try:
                await app.job_manager.retry_job(job)
            except UniqueViolation:
                # The same work was put into the queue once more meanwhile: that job does it.
                await app.job_manager.finish_job_by_id_async(job.id, Status.ABORTED, delete_job=False)


async def _rescue_forever(app: procrastinate.App) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        await _rescue(app)
