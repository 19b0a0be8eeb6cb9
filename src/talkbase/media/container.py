"""Containers opened with FFmpeg (PyAV), from an open file and nothing else.

FFmpeg gets neither the name of the file nor leave to open another one: so a play list, a concat script or a
reference movie cannot make it read other files or call a server, and no name misleads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from talkbase.errors import UnreadableInput
from talkbase.media.files import shown, unreadable
from talkbase.media.ogg import links

if TYPE_CHECKING:
    from av.container import InputContainer

_BUFFER: Final = 1 << 18
# No protocol is called "none". 100 streams are more than any recorder writes, 256 million pixels (16k × 16k) more than
# any camera: what claims more would only fill the memory.
_LIMITS: Final = {"protocol_whitelist": "none", "max_streams": "100", "max_pixels": str(1 << 28)}


class Window:
    """A part of an open file, with the few methods that FFmpeg needs, and without a name."""

    def __init__(self, file: BinaryIO, path: Path, start: int, end: int) -> None:
        self._descriptor = file.fileno()
        self._path = path
        self._start = start
        self._size = end - start
        self._position = 0

    def read(self, count: int) -> bytes:
        """At most `count` bytes from here on."""
        count = max(0, min(count, self._size - self._position))
        try:
            data = os.pread(self._descriptor, count, self._start + self._position)
        except OSError as error:
            raise unreadable(self._path, error) from error
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place counted from the start, from here or from the end of the window."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The place in the window, in bytes."""
        return self._position


def windows(file: BinaryIO, path: Path) -> list[Window]:
    """The parts of a file that are recordings of their own, in order: the links of a chained Ogg, else the whole."""
    descriptor = file.fileno()
    return [Window(file, path, start, end) for start, end in links(descriptor, os.fstat(descriptor).st_size)]


@contextmanager
def demuxed(window: Window, path: Path) -> Iterator[InputContainer]:
    """Open the container in a window; `path` is only for messages.

    Raises `UnreadableInput` where FFmpeg recognises nothing, or what it recognises is damaged beyond use.
    """
    import av

    window.seek(0)
    try:
        container = av.open(
            window, "r", buffer_size=_BUFFER, metadata_errors="replace", options=_LIMITS, container_options=_LIMITS
        )
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableInput(
            f"{shown(path)} is no audio or video that can be read: its content is of another kind, or damaged.",
            hint="Play it in a media player; if that fails too, export or copy it again.",
        ) from error
    with container:
        yield container
