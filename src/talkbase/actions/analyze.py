"""Analyse a conversation: its stages in order of need, each one run and one transaction, equal ones skipped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase import stages
from talkbase.domain.ids import uuid7
from talkbase.errors import Conflict, Interrupted, NotAllowed, TalkbaseError, UnreadableInput
from talkbase.queries import conversations, runs
from talkbase.stages import Options, Recipe, Stage, Subject

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.media.sound import Sound

StageProgress = Callable[[str, float, float], None]
"""Called with (stage, done, total), in seconds of the recording or in items; it may raise `Interrupted`."""

KILLED = "the process was ended"
"""The error of a run or analysis that was found open although nobody works on it."""
MOST_KILLS = 5
"""Kills in a row after which a worker does not try again by itself."""

HEAR = "decode"
"""The name under which decoding is reported: it is no stage, but long recordings make one wait for it."""


def quiet(stage: str, done: float, total: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What an analysis did: the stages that ran, with their counts, and those whose result was there already."""

    conversation: UUID
    status: str
    ran: Mapping[str, Mapping[str, Any]]
    skipped: tuple[str, ...]


def analyze(
    tb: Talkbase,
    conversation: str | UUID,
    options: Options | None = None,
    *,
    progress: StageProgress = quiet,
) -> Analysed:
    """Bring a conversation's analysis up to date with the options; what an equal run gave is not done again.

    Raises a `TalkbaseError` where a stage fails (the conversation has the status `failed` then, and what earlier
    stages gave stays), and `Conflict` where another process analyses the same conversation.
    """
    options = options or Options.of(tb.settings)
    key = conversation if isinstance(conversation, UUID) else _find(tb, conversation)
    chosen = stages.plan(options)
    with tb.database.exclusive(f"analysis:{key}") as mine:
        if not mine:
            raise Conflict("Another process is analysing this conversation.", hint="See `talkbase status`.")
        analysis = _begin(tb, key, options)
        try:
            with _recording(tb, key, progress) as sound:
                return _run_all(tb, key, analysis, chosen, options, sound, progress)
        except BaseException as error:
            _fail(tb, key, analysis, error)
            raise


def refuse_after_kills(tb: Talkbase, key: UUID, options: Options) -> None:
    """Mark an analysis failed whose process was killed every time lately, and raise a `TalkbaseError` that says so.

    A recording that brings down its worker, by memory or a fault in a decoder, would else go from worker to worker.
    """
    with tb.database.reading(tb.user) as reading:
        kills = reading.value(
            "SELECT count(*) FROM analyses WHERE conversation_id = %(id)s"
            " AND (status = 'processing' OR error = %(killed)s) AND created_at > coalesce((SELECT max(created_at)"
            " FROM analyses WHERE conversation_id = %(id)s AND status IN ('completed', 'failed')), '-infinity')",
            id=key, killed=KILLED,
        )  # fmt: skip
    if kills < MOST_KILLS:
        return
    error = TalkbaseError(
        f"The process that analysed this was killed {kills} times in a row.",
        hint="Look at the recording and at the memory of the workers, then try again: `talkbase jobs retry`.",
    )
    _fail(tb, key, _begin(tb, key, options), error)
    raise error


def _run_all(
    tb: Talkbase,
    key: UUID,
    analysis: UUID,
    chosen: list[Stage],
    options: Options,
    sound: Callable[[], Sound],
    progress: StageProgress,
) -> Analysed:
    ran: dict[str, Mapping[str, Any]] = {}
    skipped: list[str] = []
    for number, stage in enumerate(chosen):
        report = _Reporter(tb, analysis, stage.name, number, len(chosen), progress)
        subject = _subject(tb, key, options, sound)
        counts = _run(tb, stage, subject, analysis, report)
        if counts is None:
            skipped.append(stage.name)
        else:
            ran[stage.name] = counts
    with tb.database.writing(tb.user) as writing:
        writing.execute(
            "UPDATE analyses SET status = 'completed', stage = NULL, progress = 100, completed_at = now()"
            " WHERE id = %(id)s", id=analysis,
        )  # fmt: skip
        writing.execute("UPDATE conversations SET status = 'completed', error = NULL WHERE id = %(id)s", id=key)
    return Analysed(key, "completed", ran, tuple(skipped))


def _run(tb: Talkbase, stage: Stage, subject: Subject, analysis: UUID, report: _Reporter) -> Mapping[str, Any] | None:
    """Run one stage; None where there is nothing to do or an equal run gave the result."""
    with tb.database.reading(tb.user) as reading:
        recipe = stage.recipe(reading, subject)
        latest = runs.current_runs(reading, subject.conversation).get(stage.name)
        if recipe is None or (latest and latest.input_hash == recipe.hash(stage)):
            return None
        rows = stage.load(reading, subject)
    run = _open_run(tb, stage, recipe, subject, analysis)
    try:
        result = stage.compute(rows, subject, report)
        with tb.database.writing(tb.user) as writing:
            conversations.hold(writing, subject.conversation)
            counts = stage.write(writing, subject, run, result)
            writing.execute(
                "UPDATE runs SET status = 'completed', completed_at = now(), counts = %(counts)s WHERE id = %(id)s",
                counts=dict(counts), id=run,
            )  # fmt: skip
    except BaseException as error:
        with tb.database.writing(tb.user) as writing:
            writing.execute(
                "UPDATE runs SET status = %(status)s, error = %(error)s, completed_at = now() WHERE id = %(id)s",
                status=_outcome(error), error=_sentence(error), id=run,
            )  # fmt: skip
        raise
    return counts


def _open_run(tb: Talkbase, stage: Stage, recipe: Recipe, subject: Subject, analysis: UUID) -> UUID:
    run = uuid7()
    with tb.database.writing(tb.user) as writing:
        # A run that was killed is known by still being open while we hold the lock of its conversation.
        writing.execute(
            "UPDATE runs SET status = 'cancelled', error = %(killed)s, completed_at = now()"
            " WHERE conversation_id = %(id)s AND stage = %(stage)s AND status = 'processing'",
            id=subject.conversation, stage=stage.name, killed=KILLED,
        )  # fmt: skip
        writing.insert("runs", {
            "id": run, "conversation_id": subject.conversation, "analysis_id": analysis, "stage": stage.name,
            "stage_version": stage.version, "model": recipe.model, "model_sha256": recipe.model_sha256,
            "settings": dict(recipe.settings), "input_hash": recipe.hash(stage),
        })  # fmt: skip
        writing.execute("UPDATE analyses SET stage = %(stage)s WHERE id = %(id)s", stage=stage.name, id=analysis)
    return run


def _begin(tb: Talkbase, key: UUID, options: Options) -> UUID:
    analysis = uuid7()
    with tb.database.writing(tb.user) as writing:
        writing.execute(
            "UPDATE analyses SET status = 'cancelled', error = %(killed)s, completed_at = now()"
            " WHERE conversation_id = %(id)s AND status IN ('pending', 'processing')", id=key, killed=KILLED,
        )  # fmt: skip
        touched = writing.execute(
            "UPDATE conversations SET status = 'processing', error = NULL WHERE id = %(id)s AND deleted_at IS NULL",
            id=key,
        )
        if not touched:
            conversations.whole(writing, key)  # raises NotFound, or it is somebody else's
            raise NotAllowed("Only its owner can have this conversation analysed.")
        writing.insert("analyses", {
            "id": analysis, "conversation_id": key, "options": asdict(options), "status": "processing",
        })  # fmt: skip
        writing.execute("UPDATE analyses SET started_at = now() WHERE id = %(id)s", id=analysis)
    return analysis


def _fail(tb: Talkbase, key: UUID, analysis: UUID, error: BaseException) -> None:
    outcome = _outcome(error)
    with tb.database.writing(tb.user) as writing:
        writing.execute(
            "UPDATE analyses SET status = %(status)s, error = %(error)s, completed_at = now() WHERE id = %(id)s",
            status=outcome, error=_sentence(error), id=analysis,
        )  # fmt: skip
        writing.execute(
            "UPDATE conversations SET status = %(status)s, error = %(error)s WHERE id = %(id)s",
            status="pending" if outcome == "cancelled" else "failed", error=_sentence(error), id=key,
        )  # fmt: skip


def _outcome(error: BaseException) -> str:
    return "cancelled" if isinstance(error, KeyboardInterrupt | SystemExit | Interrupted) else "failed"


def _sentence(error: BaseException) -> str:
    if isinstance(error, TalkbaseError):
        return error.message
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"unexpected {type(error).__name__}: {error}"


def _subject(tb: Talkbase, key: UUID, options: Options, sound: Callable[[], Sound]) -> Subject:
    with tb.database.reading(tb.user) as reading:
        completed = {stage: run.id for stage, run in runs.current_runs(reading, key).items()}
        sha256 = reading.value(
            "SELECT sha256 FROM media WHERE conversation_id = %(id)s AND kind IN ('audio', 'video')"
            " ORDER BY stored_at LIMIT 1",
            id=key,
        )
    return Subject(key, tb.user, options, sha256, completed, sound)


@contextmanager
def _recording(tb: Talkbase, key: UUID, progress: StageProgress) -> Iterator[Callable[[], Sound]]:
    """Decodes the recording when a stage first wants to hear it, into a folder that goes with the analysis."""
    folder = tb.settings.home / "work" / str(key)
    # Only the process that holds the conversation's lock comes here, so what lies there is a killed one's.
    shutil.rmtree(folder, ignore_errors=True)

    @cache
    def sound() -> Sound:
        from talkbase.media.sound import decode

        folder.mkdir(parents=True, exist_ok=True)
        sha256, name = _first_recording(tb, key)
        with tb.store.local(sha256) as source:
            try:
                heard = decode(source, folder / "sound", progress=lambda done, total: progress(HEAR, done, total))
            except UnreadableInput as error:
                # The person knows the file by its own name, not by its place in the store.
                raise type(error)(error.message.replace(str(source), name), hint=error.hint) from error
        if heard.damaged:
            with tb.database.writing(tb.user) as writing:
                writing.execute(
                    "UPDATE media SET damaged = %(damaged)s WHERE conversation_id = %(id)s",
                    damaged=heard.damaged, id=key,
                )  # fmt: skip
        return heard

    try:
        yield sound
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first_recording(tb: Talkbase, key: UUID) -> tuple[str, str]:
    """sha256 and name of the recording that is heard."""
    with tb.database.reading(tb.user) as reading:
        row = reading.rows(
            "SELECT sha256, name FROM media WHERE conversation_id = %(id)s AND kind IN ('audio', 'video')"
            " ORDER BY stored_at LIMIT 1", id=key,
        )[0]  # fmt: skip
    return row["sha256"], row["name"]


def _find(tb: Talkbase, reference: str) -> UUID:
    with tb.database.reading(tb.user) as reading:
        return conversations.find(reading, reference)


class _Reporter:
    """Passes progress on, and writes it to the analysis at most once a second, with a notification for listeners."""

    def __init__(
        self, tb: Talkbase, analysis: UUID, stage: str, number: int, stages: int, progress: StageProgress
    ) -> None:
        self._tb, self._analysis, self._stage = tb, analysis, stage
        self._number, self._stages, self._progress = number, stages, progress
        self._written = time.monotonic()

    def __call__(self, done: float, total: float) -> None:
        self._progress(self._stage, done, total)
        if time.monotonic() - self._written < 1.0:
            return
        self._written = time.monotonic()
        share = min(done / total, 1.0) if total else 0.0
        percent = round(100 * (self._number + share) / self._stages, 1)
        with self._tb.database.writing(self._tb.user) as writing:
            writing.execute(
                "UPDATE analyses SET progress = %(percent)s WHERE id = %(id)s", percent=percent, id=self._analysis
            )
            writing.execute(
                "SELECT pg_notify('talkbase_progress', json_build_object('analysis', %(id)s::text, 'stage',"
                " %(stage)s::text, 'progress', %(percent)s::float8)::text)",
                id=str(self._analysis), stage=self._stage, percent=percent,
            )  # fmt: skip
