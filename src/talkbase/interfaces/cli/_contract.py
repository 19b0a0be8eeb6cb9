"""What `--json` prints, where no action's own result says it: the types from which the schemas are generated.

`CONTRACTS` names the type of each command's value. `docs/reference/json.md` and `docs/reference/schemas` are
generated from it, and the tests hold real output against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Analysis:
    """What became of one conversation: the stages that ran, those that had their result already, or the job."""

    reference: str
    id: UUID | None
    status: str
    ran: list[str]
    skipped: list[str]
    job: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """What has another name now: a conversation or a speaker."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with a conversation: rows by table, and files that nothing else used."""

    id: UUID
    title: str
    rows: dict[str, int]
    files: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Exported:
    """An export: the file that was written, or the content itself."""

    format: str
    path: Path | None
    content: str | None


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job and its status now."""

    id: int
    status: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person said to a proposal, and the person that both voices belong to now."""

    proposal: str
    status: str
    person: UUID | None


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model that transcribes from now on, and whether it is here."""

    name: str
    here: bool


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What a worker did until it ended."""

    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the schema stands, and where this talkbase wants it; `current` is null where there is no schema."""

    current: str | None
    newest: str


@dataclass(frozen=True, slots=True)
class Script:
    """Statements for an administrator to read and run."""

    sql: str


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of the schema."""

    revision: str
    message: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How the database differs from what this talkbase expects; empty when it does not."""

    differences: list[str]


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was written."""

    path: Path


@dataclass(frozen=True, slots=True)
class ServerState:
    """The server: `embedded` or `external`, whether it runs, and where it is. `url` shows no password."""

    kind: str
    running: bool
    version: str | None
    url: str | None
    data: Path | None
    socket: Path | None
    port: int | None
    pid: int | None
    log: Path | None


@dataclass(frozen=True, slots=True)
class Url:
    """A database URL with its password: keep it secret."""

    url: str


@dataclass(frozen=True, slots=True)
class Logs:
    """The last lines of the embedded server's log."""

    path: Path
    lines: list[str]
