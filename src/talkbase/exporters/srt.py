"""SubRip (.srt). It knows no speakers and no escapes: names go in front of the text, and text stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from talkbase.domain.time import srt_stamp
from talkbase.domain.transcript import Transcript, Utterance
from talkbase.exporters._common import names, require_times
from talkbase.readers.srt import plain


@dataclass(frozen=True, slots=True)
class SubRip:
    """Writes SubRip (UTF-8)."""

    name: str = "srt"
    description: str = "SubRip subtitles"
    suffix: str = ".srt"
    mime: str = "application/x-subrip; charset=utf-8"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """One numbered block for each utterance, "Name: text".

        An empty line inside a text, which would end its block, becomes a line with a space, and "-->" becomes "->".
        Raises `UsageError` where an utterance has no start.
        """
        require_times(transcript, "SubRip")
        return _blocks(transcript)


def _blocks(transcript: Transcript) -> Iterator[bytes]:
    shown = names(transcript)
    for number, utterance in enumerate(transcript.utterances, start=1):
        start = utterance.start or 0.0
        end = start if utterance.end is None else utterance.end
        name = shown[utterance.speaker]
        payload = f"{name}: {_text(utterance)}" if name else _text(utterance)
        yield f"{number}\n{srt_stamp(start)} --> {srt_stamp(end)}\n{payload}\n\n".encode()


def _text(utterance: Utterance) -> str:
    """The text with the formatting that it had, as long as nobody has changed the text since."""
    markup = utterance.metadata.get("markup")
    text = markup if isinstance(markup, str) and plain(markup) == utterance.text else utterance.text
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return re.sub(r"\n(?=\n)", "\n ", text).replace("-->", "->")


exporter = SubRip()
