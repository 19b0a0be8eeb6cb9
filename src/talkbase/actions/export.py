"""Export: a conversation as a file of another format."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase import exporters
from talkbase.actions.browse import show
from talkbase.errors import StorageFull, UsageError

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase


def export(tb: Talkbase, conversation: str | UUID, as_: str, to: str | Path | None = None) -> bytes | Path:
    """A conversation as `txt`, `md`, `srt`, `vtt`, `json`, `csv`: its bytes, or the file `to` that was written.

    A folder as `to` gets a file named after the title. The file appears whole or not at all. Raises `NotFound` for an
    unknown format and `UsageError` where the format cannot hold the conversation.
    """
    exporter = exporters.registry().get(as_)
    found = show(tb, conversation)
    chunks = exporter.write(found.transcript(), id=str(found.id))
    if to is None:
        return b"".join(chunks)
    target = Path(to).expanduser()
    try:
        if target.is_dir():
            target /= _file_name(found.title) + exporter.suffix
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".talkbase-", delete=False) as file:
            try:
                file.writelines(chunks)
                file.flush()
                _publish(Path(file.name), target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise StorageFull(f"There is no space left to write {target}.") from error
        raise UsageError(f"The file {target} cannot be written: {error.strerror}.") from error
    return target


def _publish(written: Path, target: Path) -> None:
    # Temporary files are private; an export gets the rights that any new file of this person gets.
    mask = os.umask(0)
    os.umask(mask)
    written.chmod(0o666 & ~mask)
    written.replace(target)


def _file_name(title: str) -> str:
    kept = "".join(c if c.isalnum() or c in " ._-" else "_" for c in title).strip(" .")
    return kept.encode()[:200].decode(errors="ignore") or "conversation"
