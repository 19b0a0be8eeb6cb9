"""Readers: a file in, a `Transcript` out. The file's content decides which one reads it, never its name.

A reader is one module of this folder that offers `reader`, an object as `Reader` describes; foreign packages add theirs
by an entry point in the group `talkbase.readers`. `read(path)` asks every reader how well the beginning of the file
fits, and lets the best one read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from talkbase.domain.transcript import Transcript
from talkbase.errors import UnsupportedInput
from talkbase.media.files import shown
from talkbase.plugins import Registry, discover
from talkbase.readers._files import Head


class Reader(Protocol):
    """What reads one format.

    `suffixes` (with the dot) document the format and break ties between equal scores; they never decide alone.
    """

    @property
    def name(self) -> str:
        """The name of the module, such as "webvtt"."""

    @property
    def description(self) -> str:
        """What it reads, in a few words for a list of formats."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The usual ends of such files' names, in small letters with the dot."""

    def sniff(self, head: Head) -> float:
        """How well the beginning of a file fits this format: 0 not at all, 1 beyond doubt. Never raises."""

    def read(self, path: Path) -> Transcript:
        """Read the whole file. Raises `UnreadableInput` with what is wrong, where, and what to do."""


class Read(NamedTuple):
    """A transcript and the name of the reader that read it."""

    transcript: Transcript
    reader: str


def registry() -> Registry[Reader]:
    """All readers, own and foreign."""
    return discover("readers")


def sniff(path: Path) -> Reader:
    """The reader that fits the file best.

    Raises `NotFound` where there is no file, `UnreadableInput` where it is empty or cannot be opened, and
    `UnsupportedInput` where no reader knows it.
    """
    head = Head.of(path)
    scores = [
        (reader.sniff(head), path.suffix.lower() in reader.suffixes, reader) for reader in registry().items.values()
    ]
    score, _, best = max(scores, key=lambda entry: entry[:2])
    if score <= 0:
        known = ", ".join(reader.description for _, _, reader in scores)
        raise UnsupportedInput(f"{shown(path)} is of a kind that no reader knows.", hint=f"These can be read: {known}.")
    return best


def read(path: Path) -> Read:
    """Read a file with the reader that fits it best.

    Raises what `sniff` raises, and `UnreadableInput` where the file is damaged.
    """
    reader = sniff(path)
    return Read(reader.read(path), reader.name)
