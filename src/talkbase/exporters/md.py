"""Markdown (CommonMark): a heading, what is known of the conversation, a paragraph for each utterance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from talkbase.domain.text import normalise
from talkbase.domain.time import clock
from talkbase.domain.transcript import Transcript, Utterance
from talkbase.exporters._common import names

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")
_LEADING = re.compile(r"^(\s*)([-+=]|[0-9]+(?=[.)]))")


@dataclass(frozen=True, slots=True)
class Markdown:
    """Writes Markdown (UTF-8)."""

    name: str = "md"
    description: str = "Markdown"
    suffix: str = ".md"
    mime: str = "text/markdown; charset=utf-8"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """A heading, facts, and "**Name** (1:02:03.4): text"; what Markdown would take for formatting is escaped."""
        shown = names(transcript)
        yield f"# {escape(normalise(transcript.title or 'Transcript'))}\n\n".encode()
        facts = _facts(transcript, id)
        if facts:
            yield "".join(f"- {fact}\n" for fact in facts).encode() + b"\n"
        for utterance in transcript.utterances:
            yield _paragraph(utterance, shown[utterance.speaker]).encode()


def escape(text: str) -> str:
    """Text that Markdown shows as it is; line breaks stay line breaks."""
    lines = [_LEADING.sub(_escape_leading, _SPECIAL.sub(r"\\\1", line)).strip() for line in text.splitlines()]
    return "\\\n".join(line for line in lines if line)


def _escape_leading(match: re.Match[str]) -> str:
    mark = match.group(2)
    # "1." begins a list; in CommonMark the full stop can be escaped, a digit cannot.
    return f"{match.group(1)}{mark}\\" if mark[0].isdigit() else f"{match.group(1)}\\{mark}"


def _facts(transcript: Transcript, id: str | None) -> list[str]:
    values = {
        "Started": transcript.started_at.isoformat(sep=" ") if transcript.started_at else None,
        "Duration": clock(transcript.duration) if transcript.duration is not None else None,
        "Language": transcript.language,
        "Id": id,
    }
    return [f"{name}: {escape(value)}" for name, value in values.items() if value]


def _paragraph(utterance: Utterance, name: str) -> str:
    time = clock(utterance.start) if utterance.start is not None else ""
    if not time and utterance.said_at:
        time = f"{utterance.said_at:%Y-%m-%d %H:%M:%S}"
    head = " ".join(filter(None, (f"**{escape(name)}**" if name else "", f"({time})" if time else "")))
    return f"{head}: {escape(utterance.text)}\n\n" if head else f"{escape(utterance.text)}\n\n"


exporter = Markdown()
