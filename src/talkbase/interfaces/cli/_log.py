"""Where what no person wants to see goes: tracebacks and the words of libraries, into files below the home folder."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from talkbase import __version__


def keep_traceback(error: BaseException) -> Path | None:
    """Append the error's traceback to `<home>/logs/errors.log` and return that; None where it cannot be written.

    With the setting `debug` it is shown on standard error too.
    """
    text = "".join(traceback.format_exception(error))
    with suppress(Exception):
        from talkbase.config import settings

        if settings().debug:
            sys.stderr.write(text)
        file = log_file("errors.log")
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} talkbase {__version__}\n{text}\n")
        file.chmod(0o600)
        return file
    return None


def log_file(name: str) -> Path:
    """A file of this name in the folder of logs, which is made where missing."""
    from talkbase.config import settings

    folder = settings().home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
