"""The state of the database, for `talkbase doctor`: asked of the catalogues, on the owner's connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talkbase.db.session import Reading


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogues say.

    `unguarded` are tables without forced row security, `homeless` counts utterances in the default partition,
    `encrypted` says whether the connection asked with is.
    """

    version: str
    login: str
    superuser: bool
    encrypted: bool
    vector: str | None
    extensions: list[str]
    unguarded: list[str]
    partitions: list[str]
    homeless: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs and analyses: how many wait, run and failed, and those that nobody carries on.

    `stalled` jobs belong to a worker without a sign of life; `abandoned` conversations are marked as being analysed,
    but no process holds their lock; `oldest_waiting` is seconds.
    """

    waiting: int
    oldest_waiting: float
    running: int
    failed_jobs: int
    stalled: list[int]
    workers: int
    abandoned: list[str]
    failed: int


_FACTS = """
SELECT current_setting('server_version') AS version, current_user::text AS login,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector,
       ARRAY(SELECT extname::text FROM pg_extension ORDER BY extname) AS extensions,
       ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'talkbase'::regnamespace
             AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY c.relname) AS unguarded,
       ARRAY(SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'talkbase.utterances'::regclass ORDER BY c.relname) AS partitions,
       (SELECT count(*) FROM talkbase.utterances_default) AS homeless,
       pg_database_size(current_database()) AS bytes
"""

# A conversation's lock is taken with pg_try_advisory_lock(bigint), which pg_locks shows as two halves.
_WORK = """
WITH keys AS (
    SELECT id, title, hashtextextended('analysis:' || id, 0) AS key FROM talkbase.conversations
    WHERE status = 'processing' AND deleted_at IS NULL
)
SELECT (SELECT count(*) FROM talkbase.procrastinate_jobs WHERE status = 'todo') AS waiting,
       coalesce((SELECT extract(epoch FROM now() - min(e.at)) FROM talkbase.procrastinate_jobs j
                 JOIN talkbase.procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
                 WHERE j.status = 'todo'), 0)::float8 AS oldest_waiting,
       (SELECT count(*) FROM talkbase.procrastinate_jobs WHERE status = 'doing') AS running,
       (SELECT count(*) FROM talkbase.procrastinate_jobs WHERE status = 'failed') AS failed_jobs,
       ARRAY(SELECT j.id FROM talkbase.procrastinate_jobs j
             LEFT JOIN talkbase.procrastinate_workers w ON w.id = j.worker_id
             WHERE j.status = 'doing'
             AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %(stalled)s))
             ORDER BY j.id) AS stalled,
       (SELECT count(*) FROM talkbase.procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %(stalled)s)) AS workers,
       ARRAY(SELECT k.id || ' ' || k.title FROM keys k WHERE NOT EXISTS (
             SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (l.classid::bigint << 32 | l.objid::bigint) = k.key)) AS abandoned,
       (SELECT count(*) FROM talkbase.conversations WHERE status = 'failed' AND deleted_at IS NULL) AS failed
"""


def facts(reading: Reading) -> Facts:
    """What the catalogues say of server, login, extensions, row security and partitions."""
    found = reading.first(Facts, _FACTS)
    assert found is not None
    return found


def work(reading: Reading, *, stalled: float) -> Work:
    """Jobs and analyses of everybody; a worker without a sign of life for `stalled` seconds counts as dead."""
    found = reading.first(Work, _WORK, stalled=stalled)
    assert found is not None
    return found


def media(reading: Reading) -> set[str]:
    """The digests of all files that rows of anybody name."""
    return {row["sha256"] for row in reading.rows("SELECT DISTINCT sha256 FROM talkbase.media")}
