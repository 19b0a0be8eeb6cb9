"""Chained Ogg: several recordings one after the other in one file, as radio streams and joined voice notes are.

Each link has its own headers, sample rate and time line, which starts again at 0 (RFC 3533, section 4). FFmpeg reads
only the first link where parameters change, so the links are found here and opened one by one.
"""

from __future__ import annotations

import os
from typing import Final

_HEADER: Final = 27
_BEGINS: Final = 0x02
_CHUNK: Final = 1 << 16


def links(descriptor: int, size: int) -> list[tuple[int, int]]:
    """The byte ranges [start, end) of the links of an open Ogg file; one range, the whole file, for other formats."""
    if os.pread(descriptor, 4, 0) != b"OggS":
        return [(0, size)]
    starts = [0]
    position, in_headers = 0, True
    while (position := _next_page(descriptor, position, size)) < size:
        header = os.pread(descriptor, _HEADER + 255, position)
        if len(header) < _HEADER:
            break
        begins = bool(header[5] & _BEGINS)
        # The streams of one link all begin before any of them goes on: a beginning after that is a new link's.
        if begins and not in_headers:
            starts.append(position)
        in_headers = begins
        segments = header[26]
        position += _HEADER + segments + sum(header[_HEADER : _HEADER + segments])
    return list(zip(starts, [*starts[1:], size], strict=True))


def _next_page(descriptor: int, position: int, size: int) -> int:
    if os.pread(descriptor, 4, position) == b"OggS":
        return position
    # Only in a damaged file does the page not begin right here.
    while position < size:
        found = os.pread(descriptor, _CHUNK, position).find(b"OggS")
        if found >= 0:
            return position + found
        position += _CHUNK - 3
    return size
