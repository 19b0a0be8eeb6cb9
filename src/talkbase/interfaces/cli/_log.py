"""Where what no person wants to see goes: tracebacks and the words of libraries, into a file below the home folder."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

NAME = "talkbase.log"
"""Name of the file, in `<home>/logs`."""

_MOST_BYTES = 5_000_000


def open_log(home: Path, *, debug: bool = False) -> Path | None:
    """Send warnings and errors of talkbase and of libraries into the log; returns the file, None where it cannot be.

    With `debug` they go to standard error as well.
    """
    import logging

    handlers: list[logging.Handler] = [logging.NullHandler()]
    file: Path | None = home / "logs" / NAME
    try:
        _prepare(home / "logs" / NAME)
        handlers.append(logging.FileHandler(home / "logs" / NAME, encoding="utf-8", delay=True))
    except OSError:
        file = None
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(
        handlers=handlers, level=logging.WARNING, force=True, format="%(asctime)s %(process)d %(name)s %(message)s"
    )
    logging.captureWarnings(True)
    return file


def keep_traceback(error: BaseException) -> Path | None:
    """Write the error's traceback into the log and return that; None where it cannot be written."""
    with suppress(Exception):
        import logging

        from talkbase.config import settings

        file = open_log(settings().home, debug=settings().debug)
        logging.getLogger("talkbase").error("unexpected error", exc_info=error)
        return file
    return None


def _prepare(file: Path) -> None:
    """Make the file, for its owner only, and put what is in it aside when it has grown."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > _MOST_BYTES:
        file.replace(file.with_suffix(".log.1"))
    file.touch(mode=0o600)
