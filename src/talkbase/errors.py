"""Every error that a person can meet: one clear sentence, what to do about it, and how each interface reports it.

The docstring of a class is its default message. Interfaces render these errors in one place; nothing else turns an
error into text, an exit code or an HTTP status.
"""

from __future__ import annotations

from typing import ClassVar


class TalkbaseError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class UsageError(TalkbaseError):
    """The command or call was given something that it cannot use."""

    code = "usage"
    status = 422
    exit_code = 2


class NotFound(TalkbaseError):
    """There is nothing under that name or id."""

    code = "not_found"
    status = 404
    exit_code = 3


class Ambiguous(UsageError):
    """That name or id prefix fits more than one thing."""

    code = "ambiguous"
    status = 409


class UnreadableInput(TalkbaseError):
    """The file cannot be read as a recording or transcript."""

    code = "unreadable_input"
    status = 422


class UnsupportedInput(UnreadableInput):
    """The file is of a kind that no reader knows."""

    code = "unsupported_input"
    status = 415


class NoAudio(UnreadableInput):
    """The file has no sound."""

    code = "no_audio"


class MissingExtra(TalkbaseError):
    """A part of talkbase that this needs is not installed."""

    code = "missing_extra"
    status = 501


class ModelUnavailable(TalkbaseError):
    """The model's weights are not here and could not be fetched."""

    code = "model_unavailable"
    status = 503


class StorageFull(TalkbaseError):
    """There is no space left where talkbase keeps its data."""

    code = "storage_full"
    status = 507


class StorageUnavailable(TalkbaseError):
    """The place where talkbase keeps its data cannot be read or written."""

    code = "storage_unavailable"
    status = 503


class DatabaseUnavailable(TalkbaseError):
    """The database cannot be reached."""

    code = "database_unavailable"
    status = 503
    exit_code = 4


class SchemaMismatch(DatabaseUnavailable):
    """The database's schema is not the one that this talkbase works with."""

    code = "schema_mismatch"


class Interrupted(TalkbaseError):
    """Interrupted."""

    code = "interrupted"
    status = 499
    exit_code = 130


class NotAllowed(TalkbaseError):
    """That is not yours to do."""

    code = "not_allowed"
    status = 403


class Conflict(TalkbaseError):
    """Somebody else is at it, or was faster."""

    code = "conflict"
    status = 409
