"""What every command prints with `--json`, as types: the source of `docs/reference/json.md` and its JSON Schemas.

Imported only by the generator of the reference and by tests, which hold real output against the schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from talkbase.actions.add import Added
from talkbase.actions.evaluate import RetrievalReport
from talkbase.actions.identity import Person, Proposal
from talkbase.actions.maintain import Check
from talkbase.actions.models import Model
from talkbase.db.create import Created
from talkbase.engines.weights import FileCheck
from talkbase.interfaces.cli import _contract as contract
from talkbase.queries.conversations import ConversationRow
from talkbase.queries.runs import JobRow, RunRow, StatusRow
from talkbase.queries.search import Hit


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the library, newest first."""

    items: list[ConversationRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class ShownSpeaker:
    """A speaker of the conversation."""

    id: UUID
    label: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word as it was heard, or as the source timed it."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class ShownUtterance:
    """Something one speaker said."""

    id: UUID
    position: int
    speaker: str | None
    start: float | None
    end: float | None
    said_at: datetime | None
    text: str
    confidence: float | None
    language: str | None
    suspect: str | None
    words: list[ShownWord]


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation whole."""

    id: UUID
    title: str
    kind: str
    status: str
    language: str | None
    duration: float | None
    started_at: datetime | None
    error: str | None
    speakers: list[ShownSpeaker]
    utterances: list[ShownUtterance]


@dataclass(frozen=True, slots=True)
class Status:
    """How far analyses are; `runs` of the one conversation that was asked for."""

    items: list[StatusRow]
    runs: list[RunRow]


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, best first."""

    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs, newest first."""

    items: list[JobRow]


@dataclass(frozen=True, slots=True)
class People:
    """People, by name."""

    items: list[Person]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Pairs of voices, closest first."""

    items: list[Proposal]


@dataclass(frozen=True, slots=True)
class Models:
    """What talkbase knows of each model, and whether it is here."""

    items: list[Model]


@dataclass(frozen=True, slots=True)
class FileChecks:
    """Files of models, hashed afresh."""

    items: list[FileCheck]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Whether everything is well, and all that was looked at."""

    well: bool
    checks: list[Check]


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of the schema, newest first."""

    items: list[contract.Step]


CONTRACTS: dict[str, Any] = {
    "add": list[Added],
    "analyze": list[contract.Analysis],
    "worker": contract.WorkDone,
    "list": Page,
    "show": Shown,
    "status": Status,
    "search": Hits,
    "export": contract.Exported,
    "rename": contract.Renamed,
    "delete": list[contract.Deleted],
    "people list": People,
    "people proposals": Proposals,
    "people accept": contract.Answered,
    "people reject": contract.Answered,
    "jobs list": Jobs,
    "jobs cancel": contract.JobChanged,
    "jobs retry": contract.JobChanged,
    "models list": Models,
    "models fetch": Models,
    "models verify": FileChecks,
    "models use": contract.ModelInUse,
    "doctor": Diagnosis,
    "evaluate retrieval": RetrievalReport,
    "db status": contract.ServerState,
    "db logs": contract.Logs,
    "db upgrade": contract.Revision | contract.Script,
    "db downgrade": contract.Revision | contract.Script,
    "db current": contract.Revision,
    "db history": History,
    "db check": contract.Differences,
    "db stamp": contract.Revision,
    "db revision": contract.NewFile,
    "db create": Created,
    "db url": contract.Url,
}
"""The type of each command's value. `db psql` prints what psql prints."""

MEANINGS = {
    "analysis_id": "id of the latest analysis",
    "attempts": "how often it was tried",
    "attribution": "whose work it is",
    "citation": "names this version of the utterance for ever, with the characters that are meant",
    "category": "kind of question; `all` is every one",
    "checks": "everything that was looked at",
    "confidence": "how sure the recogniser was, 0 to 1; null where nothing measured it",
    "consent": "what the person agreed to: unknown, given or withdrawn",
    "content": "the exported file's text, where none was written",
    "conversation": "title of the conversation",
    "conversation_id": "id of the conversation",
    "conversations": "in how many conversations they speak; of an evaluation, how many there were",
    "corpus": "name of the test collection",
    "counts": "what the run wrote, by kind",
    "created_at": "when it was added",
    "current": "the revision that the schema is at; null where there is no schema",
    "data": "folder of the database's files",
    "database": "name of the database",
    "differences": "what differs, one sentence each",
    "distance": "cosine distance of the two voices, 0 to 2",
    "done": "how many jobs completed",
    "duplicate": "whether the same bytes were added before",
    "duration": "length in seconds; null where nothing measured it",
    "email": "e-mail address",
    "end": "end in seconds from the start of the recording; null where nothing timed it",
    "ended_at": "when it ended",
    "error": "what went wrong, in one sentence; null where nothing did",
    "failed": "how many jobs failed",
    "figures": "one row a method and kind of question",
    "file": "name of the file",
    "files": "how many stored files went, those that nothing else used",
    "folder": "where its files are, or would be",
    "format": "the format's name",
    "found": "what was found",
    "here": "whether its files are on this machine",
    "hint": "what to do about it; null where nothing needs doing",
    "high": "upper end of the 95 % interval",
    "hit_at_5": "share of the questions with evidence among the first five hits, 0 to 1",
    "hits": "the utterances found, best first",
    "id": "its id; a job's is a number",
    "in_use": "whether an analysis with the present settings uses it",
    "input_hash": "sha256 over all that went in: equal hashes give equal results",
    "items": "the rows",
    "job": "number of the job that will do it; null where it was done at once",
    "kind": "what kind it is",
    "label": "label, unique in the conversation",
    "language": "ISO 639 code of the language; null where unknown",
    "licence": "its licence",
    "lines": "the last lines, oldest first",
    "log": "file of the server's log",
    "low": "lower end of the 95 % interval, of R@10 (LoCoMo) or hit@5 (QMSum), by a bootstrap over the questions",
    "margin": "how much farther the next best voice is; null where there is none",
    "measured": "what was measured of it",
    "message": "what it does",
    "method": "what was measured: talkbase, or a baseline",
    "model": "the model; null where none was used",
    "name": "its name; null where nobody knows it",
    "newest": "the newest revision that this talkbase knows",
    "next": "cursor of the next page, for --after; null on the last one",
    "origin": "where its files come from",
    "other_conversation": "title of the other conversation",
    "other_speaker": "the speaker there",
    "path": "path of the file; null where none was written",
    "person": "the person; null where nobody knows",
    "pid": "number of the server's process; null where it does not run",
    "port": "TCP port; null where TCP is off",
    "position": "place in the conversation, from 0",
    "progress": "per cent done, 0 to 100",
    "proposal": "the proposal, as it was given",
    "questions": "how many questions were asked",
    "ran": "the stages that ran",
    "reason": "why the login could not make it; null where it could",
    "recall_at_10": "share of the evidence among the first ten hits, 0 to 1",
    "recall_at_20": "share of the evidence among the first twenty hits, 0 to 1",
    "recall_at_5": "share of the evidence among the first five hits, 0 to 1",
    "reference": "the conversation, as it was given",
    "revision": "number of the revision",
    "rows": "how many rows went, by table",
    "running": "whether it runs",
    "runs": "every run of every stage, oldest first; empty unless one conversation was asked for",
    "said_at": "wall-clock time, in chats; else null",
    "scheduled_at": "not before this moment; null: at once",
    "score": "how well it fits; comparable within one search only",
    "script": "what an administrator runs with psql; null where nothing is left to do",
    "settings": "the settings that shaped the result",
    "size": "bytes",
    "skipped": "the stages whose result was there already",
    "snippet": "the text around the words that matched, which stand between « and »",
    "socket": "folder of the server's socket",
    "speaker": "the speaker: the label in `show`, else the name or label; null where unknown",
    "speakers": "the speakers: names or labels in `list`, objects in `show`",
    "sql": "the statements",
    "stage": "name of the stage; null where none runs",
    "stage_version": "version of the stage's code",
    "start": "start in seconds from the start of the recording; null where nothing timed it",
    "started_at": "when it began; null where unknown",
    "state": "ok, missing or damaged",
    "status": "how far it is, or how it ended",
    "suspect": "why the words may be invented: silence, music, repetition …; null where nothing hints at that",
    "task": "what it is for",
    "text": "the text, without blanks around it",
    "title": "title of the conversation",
    "took": "seconds; null while it runs",
    "unscorable": "questions whose reference names no utterance",
    "updated_at": "when that changed last",
    "url": "the database's URL",
    "utterance_id": "id of the utterance",
    "utterances": "the utterances in order; their number in `list` and of an evaluation",
    "verdict": "ok, warning or problem",
    "version": "version of the server",
    "well": "whether every check is ok",
    "words": "the words with their times; empty where nothing timed them",
}
"""What each key means, wherever it occurs."""


def schema(command: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what a command prints with `--json`."""
    from pydantic import TypeAdapter

    made = TypeAdapter(CONTRACTS[command]).json_schema(mode="serialization")
    _close(made)
    title = f"talkbase {command} --json"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": title}


def _close(part: Any) -> None:
    """Every object has exactly the keys that its type has, each with its meaning."""
    if isinstance(part, list):
        for item in part:
            _close(item)
    elif isinstance(part, dict):
        properties = part.get("properties")
        if part.get("type") == "object" and isinstance(properties, dict):
            part |= {"required": list(properties), "additionalProperties": False}
            for name, inner in properties.items():
                inner.pop("title", None)
                inner.pop("default", None)
                inner["description"] = MEANINGS[name]
        for inner in part.values():
            _close(inner)
