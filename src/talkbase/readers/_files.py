"""Opening files: the beginning that readers sniff at, and text in whatever encoding it was written."""

from __future__ import annotations

import codecs
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from talkbase.errors import UnreadableInput
from talkbase.media.files import opened, shown, unreadable

HEAD_SIZE = 64 * 1024
"""Bytes at the beginning of a file that readers see when they sniff."""

MAX_TEXT_SIZE = 256 * 1024 * 1024
"""Bytes of the longest text file that is read: some hundred times a day of talk, and what memory bears."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file: its first 64 KiB as bytes and, where they can be text, as text (else "")."""

    path: Path
    size: int
    data: bytes
    text: str

    @classmethod
    def of(cls, path: Path) -> Head:
        """Open a file and read its beginning.

        Raises `NotFound` where there is none and `UnreadableInput` where it is empty, no regular file, or closed to us.
        """
        with opened(path) as file:
            data = _read(path, file, HEAD_SIZE)
            size = os.fstat(file.fileno()).st_size
        return cls(path, size, data, "" if _cannot_be_text(data) else decode(data, final=False)[0])


@dataclass(frozen=True, slots=True)
class TextFile:
    """A whole text file with line breaks as "\\n", and what had to be done to read it."""

    text: str
    warnings: tuple[str, ...]


def read_text(path: Path) -> TextFile:
    """Read a whole text file: UTF-8, UTF-16 or UTF-32 (by its mark or look), else Windows-1252.

    NUL characters, which PostgreSQL cannot store, are removed; the warnings say where, and what the line was.
    Raises `NotFound` and `UnreadableInput` as `Head.of`, and where the file is too large to be a transcript.
    """
    with opened(path) as file:
        data = _read(path, file, MAX_TEXT_SIZE + 1)
    if len(data) > MAX_TEXT_SIZE:
        raise UnreadableInput(
            f"{shown(path)} is larger than {MAX_TEXT_SIZE >> 20} MiB, too large for a transcript.",
            hint="Split it into one file for each conversation.",
        )
    text, encoding = decode(data)
    warnings = [] if encoding.startswith("utf") else [f"not UTF-8: read as {encoding}"]
    if "\ufffd" in text:
        warnings.append("some characters are damaged (�): the file is not wholly valid in its encoding")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        for number, line in enumerate(text.split("\n"), start=1):
            if "\0" in line:
                warnings.append(f"line {number}: NUL characters removed, the line was {json.dumps(line)}")
        text = text.replace("\0", "")
    return TextFile(text, tuple(warnings))


def looks_binary(data: bytes) -> bool:
    """Whether bytes are no text: many of them control characters that text does not have, and not UTF-16 or UTF-32."""
    controls = sum(data.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return _encoding(data) == "utf-8" and controls > max(4, len(data) // 50)


def _cannot_be_text(data: bytes) -> bool:
    return _encoding(data) == "utf-8" and data.count(0) > max(4, len(data) // 50)


def decode(data: bytes, *, final: bool = True) -> tuple[str, str]:
    """Text and the name of its encoding. With `final=False` a character that the end cuts in two is left out.

    Bytes that are not valid in the encoding become U+FFFD where most of the text is; where it is not UTF-8 at all, it
    is read as Windows-1252: old subtitle files are written in it, and (nearly) every byte means something in it.
    """
    encoding = _encoding(data)
    body = data[next((len(mark) for mark, _ in _MARKS if data.startswith(mark)), 0) :]
    text = codecs.getincrementaldecoder(encoding)("replace").decode(body, final)
    damaged = text.count("\ufffd")
    if encoding == "utf-8" and damaged and damaged > sum(character > "\x7f" for character in text) - damaged:
        return body.decode("cp1252", "replace"), "Windows-1252"
    return text, encoding


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    # In UTF-16 without a mark, every other byte of a Western text is zero.
    even, odd = data[:1024:2], data[1:1024:2]
    if len(odd) >= 4 and odd.count(0) > len(odd) * 0.7 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    if len(odd) >= 4 and even.count(0) > len(even) * 0.7 and odd.count(0) < len(odd) * 0.1:
        return "utf-16-be"
    return "utf-8"


def _read(path: Path, file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise unreadable(path, error) from error
