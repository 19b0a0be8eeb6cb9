"""Plain text for people: one paragraph for each utterance, with time and speaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from talkbase.domain.text import normalise
from talkbase.domain.time import clock
from talkbase.domain.transcript import Transcript, Utterance
from talkbase.exporters._common import names


@dataclass(frozen=True, slots=True)
class Text:
    """Writes plain text (UTF-8)."""

    name: str = "txt"
    description: str = "plain text"
    suffix: str = ".txt"
    mime: str = "text/plain; charset=utf-8"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """The title, then "[1:02:03.4] Name: text"; further lines of an utterance are indented."""
        if transcript.title:
            yield f"{normalise(transcript.title)}\n\n".encode()
        shown = names(transcript)
        for utterance in transcript.utterances:
            yield _paragraph(utterance, shown[utterance.speaker]).encode()


def _paragraph(utterance: Utterance, name: str) -> str:
    time = f"[{clock(utterance.start)}] " if utterance.start is not None else ""
    if not time and utterance.said_at:
        time = f"[{utterance.said_at:%Y-%m-%d %H:%M:%S}] "
    text = "\n    ".join(utterance.text.splitlines())
    return f"{time}{name}: {text}\n" if name else f"{time}{text}\n"


exporter = Text()
