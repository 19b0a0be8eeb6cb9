"""Files as they come from people: opened only where they are regular files, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from talkbase.errors import NotFound, StorageFull, StorageUnavailable, UnreadableInput

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CAUSES = {
    errno.EACCES: ("may not be read by this user", "Give yourself permission to read it."),
    errno.EPERM: ("may not be read by this user", "Give yourself permission to read it."),
    errno.ELOOP: ("is a symbolic link that leads back to itself", "Replace the link by the file."),
    errno.ENAMETOOLONG: ("has a name that is too long for this system", "Give it a shorter name."),
    errno.EIO: ("could not be read: the disk reported an error", "Copy it from another place."),
}
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def shown(path: Path) -> str:
    """The path as a message can show it: quoted, with undecodable bytes and control characters made visible."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + '"'


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular, non-empty file for reading; on leaving, make sure that it is still what it was.

    Never waits on a named pipe: the kind is looked at first, and the file is opened without blocking.

    Raises `NotFound` where there is nothing, `UnreadableInput` where it is no regular file, empty, not permitted, or
    was changed while the body ran.
    """
    try:
        _must_be_regular(path, path.stat().st_mode)
        # Whoever swaps the file for a pipe between the two calls must not make us wait either.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        _must_be_regular(path, before.st_mode)
        if before.st_size == 0:
            raise UnreadableInput(f"{shown(path)} is empty.", hint="Copy or export it again.")
        yield file
        _must_be_unchanged(path, before, os.fstat(descriptor))


def unreadable(path: Path, error: OSError | ValueError) -> NotFound | UnreadableInput:
    """The error of the operating system as one that tells a person what is wrong with the file."""
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOENT, errno.ENOTDIR}:
        return NotFound(f"There is no file {shown(path)}.")
    cause, hint = _CAUSES.get(number or 0, (f"could not be read ({error})", "Check the file."))
    return UnreadableInput(f"{shown(path)} {cause}.", hint=hint)


def _must_be_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UnreadableInput(f"{shown(path)} is {kind}, not a recording.", hint="Give the path of a file.")


def _must_be_unchanged(path: Path, before: os.stat_result, after: os.stat_result) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnreadableInput(
            f"{shown(path)} was changed while it was read.", hint="Wait until it is written completely, then try again."
        )


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside `path` that takes its place when the body ends well; otherwise nothing is left.

    For what can be made again: it is not forced to the disk, so a power cut may empty it.
    The body writes within `storing`. Raises `StorageFull`, `StorageUnavailable`.
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with storing(path.parent):
            file = part.open("xb")
        with file:
            yield file
            with storing(path.parent):
                file.flush()
                part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def storing(place: Path | str) -> Iterator[None]:
    """Turn what the system says when it cannot write to `place` into `StorageFull` or `StorageUnavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(f"There is no space left in {place}.", hint="Free some space, then try again.") from error
        raise StorageUnavailable(
            f"{place} cannot be used as storage ({error.strerror or error}).",
            hint="Check that it exists and may be written.",
        ) from error
