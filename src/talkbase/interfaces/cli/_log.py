"""Where what no person wants to see goes: tracebacks and the words of libraries, into a file below the home folder."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

NAME = "talkbase.log"
"""Name of the file, in `<home>/logs`."""

_MOST_BYTES = 5_000_000


def open_log(home: Path, *, debug: bool = False) -> Path:
    """Send warnings and errors of talkbase and of libraries into the log, which is made when there is something in it.

    With `debug` they go to standard error as well.
    """
    file = home / "logs" / NAME
    handlers: list[logging.Handler] = [_Log(file, encoding="utf-8", delay=True)]
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(
        handlers=handlers, level=logging.WARNING, force=True, format="%(asctime)s %(process)d %(name)s %(message)s"
    )
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written is no reason to stop, or to print tracebacks
    return file


def keep_traceback(error: BaseException) -> Path | None:
    """Write the error's traceback into the log and return that; None where it cannot be written."""
    with suppress(Exception):
        from talkbase.config import load

        settings = load()
        file = open_log(settings.home, debug=settings.debug)
        logging.getLogger("talkbase").error("unexpected error", exc_info=error)
        return file if file.exists() else None
    return None


class _Log(logging.FileHandler):
    def _open(self) -> TextIOWrapper:
        """Make the file, for its owner only, and put the old one aside when it has grown."""
        file = Path(self.baseFilename)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _MOST_BYTES:
            file.replace(file.with_suffix(".log.1"))
        file.touch(mode=0o600)
        return super()._open()
