"""WebVTT (W3C Candidate Recommendation, 2019), with speakers as voice tags, `<v Name>`, which every text can follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeGuard

from talkbase.domain.text import normalise
from talkbase.domain.time import vtt_stamp
from talkbase.domain.transcript import Transcript, Utterance
from talkbase.exporters._common import names, require_times
from talkbase.readers.webvtt import plain, reads_labels, voice


@dataclass(frozen=True, slots=True)
class WebVTT:
    """Writes WebVTT (UTF-8)."""

    name: str = "vtt"
    description: str = "WebVTT subtitles with speakers"
    suffix: str = ".vtt"
    mime: str = "text/vtt; charset=utf-8"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """The header with title and language, notes and styles that a WebVTT file brought, one cue for each utterance.

        Everything that means something in WebVTT is written as an entity, so that reading gives the same text.
        Raises `UsageError` where an utterance has no start.
        """
        require_times(transcript, "WebVTT")
        return (piece.encode() for piece in chain([_header(transcript)], _remarks(transcript), _cues(transcript)))


def _header(transcript: Transcript) -> str:
    title = normalise(transcript.title or "").replace("-->", "->")
    lines = [f"WEBVTT - {title}" if title else "WEBVTT"]
    header = transcript.metadata.get("header")
    if _fits(header):
        lines += header.split("\n")
    if transcript.language and not any(line.startswith("Language:") for line in lines):
        lines.append(f"Language: {normalise(transcript.language).replace('-->', '->')}")
    return "\n".join(lines) + "\n\n"


def _remarks(transcript: Transcript) -> Iterator[str]:
    for word, key in (("REGION", "regions"), ("STYLE", "styles"), ("NOTE", "notes")):
        remarks = transcript.metadata.get(key)
        for remark in remarks if isinstance(remarks, list) else ():
            if _fits(remark):
                yield f"{word}\n{remark}\n\n"


def _cues(transcript: Transcript) -> Iterator[str]:
    shown = names(transcript)
    payloads = [_payload(utterance, shown[utterance.speaker]) for utterance in transcript.utterances]
    for utterance, payload in zip(transcript.utterances, _without_labels(payloads), strict=True):
        start = utterance.start or 0.0
        end = start if utterance.end is None else utterance.end
        id, settings = utterance.metadata.get("id"), utterance.metadata.get("settings")
        head = f"{id}\n" if _fits(id) and "\n" not in id else ""
        tail = f" {settings}" if _fits(settings) and "\n" not in settings else ""
        yield f"{head}{vtt_stamp(start)} --> {vtt_stamp(end)}{tail}\n{payload}\n\n"


def _payload(utterance: Utterance, name: str) -> str:
    """The text with the tags that it had, as long as nobody has changed text or speaker since, else escaped."""
    markup = utterance.metadata.get("markup")
    if _fits(markup) and plain(markup) == utterance.text and voice(markup) in (None, name):
        body = markup
    else:
        body = _breaks(_entities(utterance.text))
    return f"<v {_entities(name)}>{body}</v>" if name and not voice(body) else body


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _breaks(text: str) -> str:
    """Line breaks that would end the cue, as entities."""
    return re.sub(r"\n(?=\n)", "&#10;", text.replace("\r", "&#13;"))


def _without_labels(payloads: Sequence[str]) -> Sequence[str]:
    """Where no cue has a voice, keep readers from taking "Once: more" for a speaker, by writing the colon as entity."""
    if any(voice(payload) for payload in payloads) or not reads_labels(payloads):
        return payloads
    return [re.sub(r"^([^\n:]+):(?=\s)", r"\1&#58;", payload) for payload in payloads]


def _fits(text: object) -> TypeGuard[str]:
    """Whether this is a text that can stand in a block: with something in it, no empty line, no arrow."""
    return isinstance(text, str) and all(text.split("\n")) and "-->" not in text and "\r" not in text


exporter = WebVTT()
