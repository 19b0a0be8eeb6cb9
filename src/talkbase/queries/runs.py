"""What was computed: runs, analyses and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.results import Results

if TYPE_CHECKING:
    from talkbase.db.session import Reading


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of one stage; `took` is seconds."""

    id: UUID
    stage: str
    stage_version: str
    model: str | None
    status: str
    error: str | None
    settings: dict[str, Any]
    counts: dict[str, Any]
    input_hash: str
    started_at: datetime
    took: float | None


@dataclass(frozen=True, slots=True)
class StatusRow:
    """Where the latest analysis of a conversation is."""

    conversation_id: UUID
    title: str
    status: str
    analysis_id: UUID | None
    stage: str | None
    progress: float | None
    error: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in the queue."""

    id: int
    task: str
    status: str
    conversation_id: UUID | None
    title: str | None
    attempts: int
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


def runs(reading: Reading, conversation: UUID) -> Results[RunRow]:
    """The runs of a conversation, oldest first."""
    return Results(reading.all(
        RunRow,
        "SELECT id, stage, stage_version, model, status, error, settings, counts, input_hash, started_at,"
        " extract(epoch FROM completed_at - started_at)::float8 AS took"
        " FROM runs WHERE conversation_id = %(id)s ORDER BY started_at, id",
        id=conversation,
    ))  # fmt: skip


def current_runs(reading: Reading, conversation: UUID) -> dict[str, RunRow]:
    """The latest completed run of each stage, by stage."""
    return {run.stage: run for run in runs(reading, conversation) if run.status == "completed"}


def status(reading: Reading, *, conversation: UUID | None = None, limit: int = 50) -> Results[StatusRow]:
    """Where analyses are: of one conversation, or of all that are not finished or failed lately."""
    return Results(reading.all(
        StatusRow,
        "SELECT c.id AS conversation_id, c.title, c.status, a.id AS analysis_id, a.stage, a.progress,"
        " coalesce(a.error, c.error) AS error, greatest(c.updated_at, a.updated_at) AS updated_at"
        " FROM conversations c LEFT JOIN LATERAL (SELECT * FROM analyses a WHERE a.conversation_id = c.id"
        " ORDER BY a.created_at DESC LIMIT 1) a ON true"
        " WHERE c.deleted_at IS NULL AND CASE WHEN %(id)s::uuid IS NULL THEN c.status <> 'completed'"
        " ELSE c.id = %(id)s END ORDER BY c.created_at DESC LIMIT %(limit)s",
        id=conversation, limit=limit,
    ))  # fmt: skip


def jobs(reading: Reading, *, status: str | None = None, limit: int = 50) -> Results[JobRow]:
    """Jobs of the current user, newest first."""
    return Results(reading.all(
        JobRow,
        "SELECT j.id, j.task_name AS task, j.status::text, c.id AS conversation_id, c.title, j.attempts,"
        " j.scheduled_at,"
        " (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'started') AS started_at,"
        " (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id"
        "  AND e.type IN ('failed', 'succeeded', 'cancelled', 'aborted')) AS ended_at"
        " FROM procrastinate_jobs j LEFT JOIN conversations c ON c.id = (j.args->>'conversation_id')::uuid"
        " WHERE %(status)s::text IS NULL OR j.status::text = %(status)s ORDER BY j.id DESC LIMIT %(limit)s",
        status=status, limit=limit,
    ))  # fmt: skip
