"""WebVTT (W3C Candidate Recommendation, 2019), with the speakers as Teams (`<v Name>`) and Zoom (`Name: `) write them.

Each cue becomes one utterance, in the order of the file; tags are taken out of the text and entities resolved, line
breaks stay. Where a cue had tags, its text with them is in `metadata["markup"]`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from talkbase.domain.transcript import Transcript
from talkbase.readers._cues import Cue, Leftover, looks_like_times, parse, split_labels, transcript, utterance
from talkbase.readers._files import Head, read_text

# Only the tags that WebVTT knows, as it writes them: "a <b or c> d" by hand keeps what a strict parser would swallow.
_TAG = re.compile(r"</?(?:(?:c|i|b|u|ruby|rt)(?:\.[^\s<>]*)?|(?:v|lang|font)(?:[.\s][^<>]*)?)[ \t]*>|<[0-9][0-9:.]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t\n]+([^<>]*)>")
_WHOLE_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t\n]+([^<>]*)>(.*?)(?:</v>)?\s*", re.DOTALL)


def plain(markup: str) -> str:
    """The text of a cue without its tags, with entities resolved."""
    return html.unescape(_TAG.sub("", markup)).strip()


def voice(markup: str) -> str | None:
    """The speaker whom the first voice tag of a cue names, if any."""
    match = _VOICE.search(markup)
    return _name(match.group(1)) if match else None


def reads_labels(payloads: Sequence[str]) -> bool:
    """Whether this reader would take the beginnings of these cue texts for names ("Name: text")."""
    return any(name for name, _ in split_labels(payloads))


@dataclass(frozen=True, slots=True)
class WebVTT:
    """Reads WebVTT."""

    name: str = "webvtt"
    description: str = "WebVTT subtitles and transcripts (Zoom, Teams, YouTube)"
    suffixes: tuple[str, ...] = (".vtt",)

    def sniff(self, head: Head) -> float:
        """A WebVTT file begins with the word WEBVTT."""
        return 1.0 if re.match(r"WEBVTT(?:[ \t\n\r]|$)", head.text) else 0.0

    def read(self, path: Path) -> Transcript:
        """Read every cue. Malformed ones are named in `metadata["warnings"]`.

        Raises `UnreadableInput` where not one cue can be read.
        """
        file = read_text(path)
        lines = file.text.split("\n")
        header = list(takewhile(lambda line: line and not looks_like_times(line), lines))
        cues, rest = parse(lines[len(header) :], len(header) + 1)
        remarks, faults = _sort_out(rest)
        voices = _voices(cues)
        values = _header(header)
        values["metadata"].update(remarks)
        return transcript(
            path,
            (utterance(cue, plain(v.markup), v.speaker, v.extra) for cue, v in zip(cues, voices, strict=True)),
            faults,
            file.warnings,
            names=[name for voice in voices for name in voice.others],
            **values,
        )


@dataclass(frozen=True, slots=True)
class _Voiced:
    """A cue's text with markup, its (first) speaker, and what else it tells."""

    speaker: str | None
    markup: str
    extra: dict[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def _voices(cues: list[Cue]) -> list[_Voiced]:
    payloads = [cue.payload for cue in cues]
    if any(_VOICE.search(payload) for payload in payloads):
        return [_by_tag(payload) for payload in payloads]
    return [_Voiced(name, text, _markup(text)) for name, text in split_labels(payloads)]


def _by_tag(payload: str) -> _Voiced:
    names = [_name(name) for name in _VOICE.findall(payload)]
    whole = _WHOLE_VOICE.fullmatch(payload)
    if whole and len(names) == 1:
        return _Voiced(names[0] or None, whole.group(2), _markup(whole.group(2)))
    if len(names) < 2:
        return _Voiced(names[0] or None if names else None, payload, _markup(payload))
    parts = _VOICE.split(payload)
    voices = [{"speaker": None, "text": plain(parts[0])}] if plain(parts[0]) else []
    voices += [{"speaker": name, "text": plain(part)} for name, part in zip(names, parts[2::2], strict=True)]
    return _Voiced(names[0] or None, payload, {**_markup(payload), "voices": voices}, tuple(filter(None, names)))


def _name(annotation: str) -> str:
    return " ".join(html.unescape(annotation).split())


def _markup(text: str) -> dict[str, Any]:
    return {"markup": text} if _TAG.search(text) else {}


def _sort_out(rest: list[Leftover]) -> tuple[dict[str, Any], list[Leftover]]:
    """Separate notes, styles and regions, which belong into a file, from what is malformed."""
    remarks: dict[str, Any] = {}
    faults = []
    for block in rest:
        word = re.match(r"(NOTE|STYLE|REGION)(?=\s|$)", block.lines[0])
        if word:
            body = "\n".join((block.lines[0][word.end() :].strip(), *block.lines[1:])).strip()
            remarks.setdefault({"NOTE": "notes", "STYLE": "styles", "REGION": "regions"}[word.group()], []).append(body)
        else:
            faults.append(block)
    return remarks, faults


def _header(lines: list[str]) -> dict[str, Any]:
    """The transcript's fields from the header: "WEBVTT - Title", then lines such as "Language: en"."""
    title = re.match(r"WEBVTT\s+-\s+(\S.*)", lines[0])
    fields = dict(re.findall(r"^([\w-]+): *(\S.*)$", "\n".join(lines[1:]), re.MULTILINE))
    rest = lines[0][len("WEBVTT") :].strip() if not title else ""
    metadata: dict[str, Any] = {"header": "\n".join(filter(None, [rest, *lines[1:]]))}
    return {
        "title": title.group(1).strip() if title else None,
        "language": fields.get("Language"),
        "metadata": {key: value for key, value in metadata.items() if value},
    }


reader = WebVTT()
