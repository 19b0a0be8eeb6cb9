"""The length that a WAV file states in its header, which FFmpeg quietly corrects where the file was cut off.

Layout: RIFF chunks of a four-character name and a 32-bit little-endian length (Multimedia Programming Interface and
Data Specifications 1.0, IBM and Microsoft, 1991).
"""

from __future__ import annotations

import struct
from typing import Final

from talkbase.media.container import Window

# Recorders that do not know the length yet write 0 or the highest number; RF64 keeps it elsewhere.
_UNKNOWN: Final = {0, 0xFFFFFFFF}
_MOST_CHUNKS: Final = 64


def stated_length(window: Window) -> float | None:
    """Seconds of sound that the header of a WAV file promises; None where it promises nothing or is no WAV file."""
    window.seek(0)
    header = window.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        return None
    bytes_a_second = 0
    for _ in range(_MOST_CHUNKS):
        chunk = window.read(8)
        if len(chunk) < 8:
            return None
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            return length / bytes_a_second if bytes_a_second and length not in _UNKNOWN else None
        body = window.tell()
        if name == b"fmt ":
            fields = window.read(12)
            bytes_a_second = int.from_bytes(fields[8:12], "little")
        window.seek(body + length + length % 2)
    return None
