"""Exporters: a `Transcript` in, the bytes of a file out, piece by piece.

An exporter is one module of this folder that offers `exporter`, an object as `Exporter` describes; foreign packages add
theirs by an entry point in the group `talkbase.exporters`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from talkbase.domain.transcript import Transcript
from talkbase.plugins import Registry, discover


class Exporter(Protocol):
    """What writes one format."""

    @property
    def name(self) -> str:
        """The name of the format and the module, such as "srt"."""

    @property
    def description(self) -> str:
        """What it writes, in a few words for a list of formats."""

    @property
    def suffix(self) -> str:
        """The end of such files' names, with the dot."""

    @property
    def mime(self) -> str:
        """The media type, such as "text/vtt; charset=utf-8"."""

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """The file in pieces; `id` is the conversation's, for formats that can hold it.

        Raises `UsageError`, before the first piece, where the format cannot hold this transcript.
        """


def registry() -> Registry[Exporter]:
    """All exporters, own and foreign."""
    return discover("exporters")


def get(name: str) -> Exporter:
    """The exporter of a format. Raises `NotFound`, naming the formats there are."""
    return registry().get(name)
