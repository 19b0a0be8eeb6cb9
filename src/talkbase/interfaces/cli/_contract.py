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
