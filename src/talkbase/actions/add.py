"""Add recordings and transcripts: sniff, read, store once, write rows in one transaction, analyse."""

from __future__ import annotations

import glob
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.actions.analyze import StageProgress, analyze, quiet
from talkbase.actions.forget import drop_unused, hold_file
from talkbase.actions.work import defer_analysis
from talkbase.domain.ids import uuid7
from talkbase.domain.text import search_config
from talkbase.domain.transcript import Transcript
from talkbase.errors import Conflict, TalkbaseError, UnsupportedInput
from talkbase.stages import Options

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Writing
    from talkbase.media.store import Stored


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file: the conversation's id and status, or why there is none.

    `duplicate` says that the same bytes were added before. A status of `skipped` is a file in a folder that no reader
    knows.
    """

    path: str
    id: UUID | None
    status: str
    duplicate: bool
    error: str | None


def add(
    tb: Talkbase,
    path: str | Path,
    *,
    options: Options | None = None,
    title: str | None = None,
    again: bool = False,
    queue: bool = False,
    progress: StageProgress = quiet,
) -> Added:
    """Add one file and analyse it, or leave the analysis to the workers with `queue`.

    A file that was added before is recognised by its content and only finished where it was not; `again` makes a new
    conversation of it. Raises a `TalkbaseError` where the file cannot be read at all; what fails later leaves a
    conversation with the status `failed`, and `Added.error` says why.
    """
    options = options or Options.of(tb.settings)
    path = Path(path)
    conversation, duplicate = _take_in(tb, path, options, title=title, again=again, queue=queue)
    state = _state(tb, conversation)
    if queue or (duplicate and state["status"] == "completed"):
        return Added(str(path), conversation, state["status"], duplicate, None)
    try:
        analyze(tb, conversation, options, progress=progress)
    except Conflict:
        pass  # another process is at it: the status says how far it is
    except TalkbaseError as error:
        if error.code == "interrupted":
            raise
        return Added(str(path), conversation, "failed", duplicate, error.message)
    state = _state(tb, conversation)
    return Added(str(path), conversation, state["status"], duplicate, state["error"])


def add_all(
    tb: Talkbase, paths: Iterable[str | Path], *, report: Callable[[Added], None] | None = None, **how: Any
) -> list[Added]:
    """Add files, folders and glob patterns; one that fails does not keep the others from being added.

    `report` is called after each file; `how` are the arguments of `add`.
    """
    results = []
    _ = tb.database  # what keeps it from being opened is no fault of a file
    for found in expand(paths):
        try:
            result = add(tb, found.path, **how)
        except TalkbaseError as error:
            if error.code in ("interrupted", "database_unavailable", "schema_mismatch", "storage_full"):
                raise
            stray = isinstance(error, UnsupportedInput) and not found.named
            result = Added(str(found.path), None, "skipped" if stray else "failed", False, str(error))
        except Exception as error:  # a fault of talkbase's own, which must not cost the other files
            logging.getLogger("talkbase").exception("adding %s", found.path)
            result = Added(str(found.path), None, "failed", False, f"unexpected {type(error).__name__}: {error}")
        results.append(result)
        if report:
            report(result)
    return results


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to add; `named` says that a person named it, rather than a folder that it lies in."""

    path: Path
    named: bool


def expand(paths: Iterable[str | Path]) -> Iterator[Candidate]:
    """The files behind files, folders (walked in order, without hidden files) and glob patterns, each once.

    What leads to nothing comes out as it was given, so that adding it says what is wrong. Links to folders inside a
    folder are not followed, so that a loop of links ends.
    """
    seen: set[Path] = set()
    for given in paths:
        files = [file for path in _matches(str(given)) for file in _walk(path, named=True)]
        for file in files or [Candidate(Path(given), named=True)]:
            if file.path not in seen:
                seen.add(file.path)
                yield file


def _matches(given: str) -> list[Path]:
    path = Path(given).expanduser()
    if path.exists() or path.is_symlink():
        return [path]
    return [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207  # absolute or not


def _walk(path: Path, *, named: bool) -> Iterator[Candidate]:
    if not path.is_dir():
        yield Candidate(path, named)
        return
    for child in sorted(path.iterdir()):
        if not child.name.startswith(".") and not (child.is_symlink() and child.is_dir()):
            yield from _walk(child, named=False)


def _take_in(
    tb: Talkbase, path: Path, options: Options, *, title: str | None, again: bool, queue: bool
) -> tuple[UUID, bool]:
    """Store the file and write its rows; gives the conversation and whether it was there before."""
    from talkbase import readers

    transcript, reader = readers.read(path)
    stored = tb.store.put(path)
    try:
        with tb.database.writing(tb.user) as writing:
            # Whoever adds or deletes the same content at the same time waits here, and then sees what this one did.
            hold_file(writing, stored.sha256)
            if stored.sha256 not in tb.store:
                tb.store.put(path)
            known = None if again else _known(writing, tb.user, stored.sha256)
            conversation = known or _write(writing, tb.user, path, transcript, reader, stored, title)
            if queue and not _is_completed(writing, conversation):
                defer_analysis(writing, tb.user, conversation, options)
    except BaseException:
        if stored.new:
            drop_unused(tb, stored.sha256)
        raise
    return conversation, known is not None


def _known(writing: Writing, user: UUID, sha256: str) -> UUID | None:
    found = writing.value(
        "SELECT c.id FROM media m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE m.sha256 = %(sha256)s AND c.owner_id = %(user)s AND c.deleted_at IS NULL"
        " ORDER BY c.created_at LIMIT 1",
        sha256=sha256, user=user,
    )  # fmt: skip
    return found if found is None else UUID(str(found))


def _is_completed(writing: Writing, conversation: UUID) -> bool:
    return bool(writing.value("SELECT status = 'completed' FROM conversations WHERE id = %(id)s", id=conversation))


def _write(
    writing: Writing, user: UUID, path: Path, transcript: Transcript, reader: str, stored: Stored, title: str | None
) -> UUID:
    from talkbase.stages import _utterances

    conversation = uuid7()
    metadata = dict(transcript.metadata)
    probe = metadata.pop("probe", None) or {}
    writing.insert("conversations", {
        "id": conversation, "owner_id": user, "title": title or transcript.title or _text(path.stem or path.name),
        "kind": transcript.kind, "source": "file", "source_metadata": {"reader": reader, **metadata},
        "language": transcript.language, "search_config": search_config(transcript.language),
        "started_at": transcript.started_at, "duration": _duration(transcript),
    })  # fmt: skip
    writing.insert("media", {
        "conversation_id": conversation, "id": uuid7(),
        "kind": _media_kind(transcript, reader), "name": _text(path.name), "sha256": stored.sha256,
        "size": stored.size, "mime": probe.get("mime"), "duration": transcript.duration,
        "streams": probe.get("streams"),
    })  # fmt: skip
    speakers = {}
    for speaker in transcript.speakers:
        speakers[speaker.label] = uuid7()
        writing.insert("speakers", {
            "conversation_id": conversation, "id": speakers[speaker.label], "label": speaker.label,
            "name": speaker.name, "role": speaker.role,
        })  # fmt: skip
    _utterances.write(
        writing, conversation, transcript.utterances, speakers, run=None, fallback_language=transcript.language
    )
    return conversation


def _text(name: str) -> str:
    """A file's name as text: what is not UTF-8 in it becomes a question mark."""
    return name.encode("utf-8", "replace").decode()


def _duration(transcript: Transcript) -> float | None:
    """The length that the file states, or where its last timed utterance ends."""
    ends = [utterance.end for utterance in transcript.utterances if utterance.end is not None]
    return transcript.duration if transcript.duration is not None else max(ends, default=None)


def _media_kind(transcript: Transcript, reader: str) -> str:
    if reader != "media":
        return "transcript"
    return "video" if transcript.kind == "video" else "audio"


def _state(tb: Talkbase, conversation: UUID) -> dict[str, Any]:
    with tb.database.reading(tb.user) as reading:
        return reading.rows("SELECT status, error FROM conversations WHERE id = %(id)s", id=conversation)[0]
