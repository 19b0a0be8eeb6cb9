"""File locks that the kernel drops with their process, a probe of a server's socket, file errors put into words."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from talkbase.errors import DatabaseUnavailable, StorageFull, TalkbaseError, UsageError

if sys.platform != "win32":
    import fcntl

    SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX

_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
_PROBE_TIMEOUT = 5.0
_PROTOCOL_3 = 196608
_CANNOT_CONNECT_NOW = b"C57P03\0"
_READABLE_ERRORS = {
    errno.EACCES: "may not be used by this user",
    errno.EPERM: "may not be used by this user",
    errno.EROFS: "is on a read-only file system",
    errno.ENOTDIR: "is not a folder",
    errno.EEXIST: "is not a folder",
    errno.ENOLCK: "is on a file system without file locks",
    errno.ENOTSUP: "is on a file system without file locks",
    errno.ENAMETOOLONG: "has too long a name",
}


def try_lock(path: Path, mode: int) -> int | None:
    """Lock the file (made where missing) and return its descriptor, or None where somebody else has it locked."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise OSError(error.errno, error.strerror, str(path)) from error
    return descriptor


def lock(path: Path, mode: int, timeout: float) -> int:
    """Wait at most `timeout` seconds for the lock; return its descriptor. Raises `DatabaseUnavailable` after that."""
    give_up, pause = time.monotonic() + timeout, _FIRST_PAUSE
    while (descriptor := try_lock(path, mode)) is None:
        if time.monotonic() > give_up:
            raise DatabaseUnavailable(
                f"Another process has been starting or stopping the database for {timeout:.0f} seconds ({path}).",
                hint="Look into the server's log, end that process and try again.",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return descriptor


@contextlib.contextmanager
def locked(path: Path, timeout: float) -> Iterator[int]:
    """Hold the lock exclusively; yields its descriptor."""
    descriptor = lock(path, EXCLUSIVE, timeout)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def held(path: Path) -> bool:
    """Whether somebody holds the lock exclusively; leaves no file where there was none."""
    if not path.exists():
        return False
    descriptor = try_lock(path, SHARED)  # shared, so that two who ask at once do not take each other for the holder
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def accepts(path: str) -> bool:
    """Whether the server behind the Unix socket lets people in: pg_isready's question, without the process.

    PostgreSQL's protocol 3.0: a start-up message is answered by a request to authenticate, or by an error whose code
    is 57P03 while the server is starting or stopping.
    """
    body = struct.pack("!I", _PROTOCOL_3) + b"user\0postgres\0database\0postgres\0\0"
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_PROBE_TIMEOUT)
            probe.connect(path)
            probe.sendall(struct.pack("!I", len(body) + 4) + body)
            answer = probe.recv(1024)
    except OSError:
        return False
    return answer[:1] in (b"R", b"E") and _CANNOT_CONNECT_NOW not in answer


def check_port_free(port: int) -> None:
    """Raise `UsageError` when another program listens on that TCP port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"Port {port} of this machine is in use already.", hint="Choose another one.") from error


@contextlib.contextmanager
def explained(home: Path) -> Iterator[None]:
    """Turn the file system's errors into `StorageFull` and `DatabaseUnavailable` that say what to do."""
    try:
        yield
    except TalkbaseError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"There is no space left for the database in {home}.",
                hint="Free some space, or set TALKBASE_HOME to a folder on a larger disk.",
            ) from error
        path = error.filename or home
        what = _READABLE_ERRORS.get(error.errno or 0, f"cannot be used ({error.strerror or error})")
        raise DatabaseUnavailable(
            f"The database cannot be kept in {home}: {path} {what}.",
            hint="Set TALKBASE_HOME to a folder of your own, or correct the access to this one.",
        ) from error
