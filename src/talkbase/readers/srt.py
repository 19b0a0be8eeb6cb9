"""SubRip (.srt): numbered blocks of times and text; there is no standard, so what players accept is read.

Each block becomes one utterance, in the order of the file. Formatting tags are taken out of the text and kept in
`metadata["markup"]`; line breaks stay. "Name: text" names the speaker where the whole file is written so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkbase.domain.transcript import Transcript
from talkbase.readers._cues import looks_like_times, parse, split_labels, transcript, utterance
from talkbase.readers._files import Head, read_text

_TAG = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}\n]*\}", re.IGNORECASE)


def plain(markup: str) -> str:
    """The text of a block without formatting tags (`<i>`, `<font …>`, `{\\an8}`)."""
    return _TAG.sub("", markup).strip()


@dataclass(frozen=True, slots=True)
class SubRip:
    """Reads SubRip."""

    name: str = "srt"
    description: str = "SubRip subtitles"
    suffixes: tuple[str, ...] = (".srt",)

    def sniff(self, head: Head) -> float:
        """SubRip has no signature: a line of times near the beginning, the surer after a number."""
        lines = [line for line in head.text.splitlines()[:50] if line.strip()]
        at = next((at for at, line in enumerate(lines) if looks_like_times(line)), None)
        if at is None or lines[0].startswith("WEBVTT"):
            return 0.0
        return 0.9 if at == 1 and lines[0].strip().isdecimal() else 0.5

    def read(self, path: Path) -> Transcript:
        """Read every block. Malformed ones are named in `metadata["warnings"]`.

        Raises `UnreadableInput` where not one block can be read.
        """
        file = read_text(path)
        cues, rest = parse(file.text.split("\n"))
        timed = []
        for cue, (speaker, markup) in zip(cues, split_labels([cue.payload for cue in cues]), strict=True):
            extra: dict[str, Any] = {"markup": markup} if _TAG.search(markup) else {}
            timed.append(utterance(cue, plain(markup), speaker, extra))
        return transcript(path, timed, rest, file.warnings)


reader = SubRip()
