"""What WebVTT and SubRip have in common: blocks between empty lines, each with a line of times and lines of text.

The libraries for these formats drop a malformed block without a word (webvtt-py) or glue it to the text before
(pysubs2), and neither knows line numbers. Here every line ends up in a cue or in what is left over, with its place, so
that a reader can name what it could not read. The tests hold both libraries against this one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkbase.domain.time import parse_stamp
from talkbase.domain.transcript import Speaker, Transcript, Utterance
from talkbase.errors import UnreadableInput
from talkbase.media.files import shown

_TIMES_LIKE = re.compile(r"\s*[-+]?[0-9][\w:.,]*\s*-->")
_TIMES = re.compile(r"\s*(\S+)\s*-->\s*(\S+)(?:\s+(.*?))?\s*")
_LABEL = re.compile(r"([^\s:<>\-–—♪\[{#*][^:<>\n]{0,63}):[ \t]+(?=\S)")
_SENTENCE_INSIDE = re.compile(r"\w{4,}[.!?…]\s|[!?…,;]\s*$|[!?…;]\s")

LABELLED_SHARE = 0.5
"""Where at least this share of the cues begins with what may be a name, "Name: text" is how the file names speakers."""

LABELLED_ENOUGH = 10
"""Where all of at least so many cues begin with what may be a name, every one of them is one."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One timed text: its line in the file, its identifier if any, times in seconds, settings, and text with markup."""

    line: int
    id: str | None
    times: str
    start: float
    end: float
    settings: str
    payload: str


@dataclass(frozen=True, slots=True)
class Leftover:
    """Lines that are no cue, from which line on, and what is wrong with them."""

    line: int
    lines: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        excerpt = " / ".join(self.lines)
        return f"line {self.line}: {self.reason}: {excerpt if len(excerpt) <= 120 else excerpt[:119] + '…'}"


def looks_like_times(line: str) -> bool:
    """Whether a line begins as the times of a cue do, well-formed or not."""
    return bool(_TIMES_LIKE.match(line))


def parse(lines: Sequence[str], first_line: int = 1) -> tuple[list[Cue], list[Leftover]]:
    """Take lines apart into cues and what is left over, both in the order of the file."""
    cues: list[Cue] = []
    rest: list[Leftover] = []
    for line, block in _blocks(lines, first_line):
        at = next((at for at, text in enumerate(block) if looks_like_times(text)), None)
        if at is None:
            rest.append(Leftover(line, tuple(block), "no times"))
            continue
        if any(text.strip() for text in block[: max(0, at - 1)]):
            rest.append(Leftover(line, tuple(block[: at - 1]), "no times"))
        payload = "\n".join(block[at + 1 :]).strip()
        try:
            start, end, settings = _times(block[at])
        except ValueError as error:
            rest.append(Leftover(line + at, tuple(block[at:]), str(error)))
            continue
        if not payload:
            rest.append(Leftover(line + at, tuple(block[at:]), "times without text"))
            continue
        cues.append(Cue(line + at, block[at - 1].strip() if at else None, block[at], start, end, settings, payload))
    return cues, rest


def _blocks(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Blocks as (number of the first line, lines): an empty line ends one, and so does a second line of times."""
    block: list[str] = []
    timed = False
    for number, line in enumerate(lines, first_line):
        times = looks_like_times(line)
        if not line or (times and timed):
            # Where the empty line is missing, a bare number before the times is the next cue's, not text.
            numbered = times and len(block) > 2 and block[-1].strip().isdecimal()
            carried = [block.pop()] if numbered else []
            if any(text.strip() for text in block):
                yield number - len(block) - len(carried), block
            block, timed = carried, False
        if line:
            block.append(line)
            timed = timed or times
    if any(text.strip() for text in block):
        yield first_line + len(lines) - len(block), block


def _times(line: str) -> tuple[float, float, str]:
    match = _TIMES.fullmatch(line)
    if not match:
        raise ValueError("not two times with --> between them")
    return parse_stamp(match.group(1)), parse_stamp(match.group(2)), match.group(3) or ""


def split_labels(payloads: Sequence[str]) -> list[tuple[str | None, str]]:
    """Take "Name: text" apart where the whole list is written so: (name or None, text) for each.

    Where fewer than `LABELLED_SHARE` of the texts begin with what may be a name, all are left untouched: a colon in
    subtitles is mostly just a colon. Where some texts have none, a label that occurs once must look like a
    name (capitalised words, or a single word), so that "So here is the thing: …" stays text.
    """
    matches = [_LABEL.match(payload) for payload in payloads]
    names = [" ".join(match.group(1).split()) if match and _may_name(match.group(1)) else None for match in matches]
    counts = Counter(name for name in names if name)
    labelled = sum(counts.values())
    if not labelled or labelled < LABELLED_SHARE * len(payloads):
        return [(None, payload) for payload in payloads]
    everywhere = labelled == len(payloads) >= LABELLED_ENOUGH
    return [
        (name, payload[match.end() :])
        if match and name and (everywhere or counts[name] > 1 or _looks_named(name))
        else (None, payload)
        for payload, match, name in zip(payloads, matches, names, strict=True)
    ]


def _may_name(label: str) -> bool:
    return any(c.isalpha() for c in label) and len(label.split()) <= 7 and not _SENTENCE_INSIDE.search(label)


def _looks_named(name: str) -> bool:
    words = [word for word in re.split(r"[\s|/(]+", name) if word[:1].isalpha()]
    return len(words) == 1 or all(not word[0].islower() for word in words if len(word) > 3)


def utterance(cue: Cue, text: str, speaker: str | None, extra: Mapping[str, Any]) -> tuple[Utterance, str | None]:
    """One utterance of one cue, and a warning where its times had to be put right.

    A negative time becomes zero, and an end before its start the start; the line of times is kept in the metadata then.
    """
    start, end = max(0.0, cue.start), max(0.0, cue.start, cue.end)
    warning = None
    metadata: dict[str, Any] = {"id": cue.id} if cue.id else {}
    if cue.settings:
        metadata["settings"] = cue.settings
    if (start, end) != (cue.start, cue.end):
        fault = "a time before zero" if min(cue.start, cue.end) < 0 else "the end is before the start"
        warning = f"line {cue.line}: {fault}: {cue.times.strip()}"
        metadata["times"] = cue.times.strip()
    return Utterance(text, speaker, start, end, metadata={**metadata, **extra}), warning


def transcript(
    path: Path,
    timed: Iterable[tuple[Utterance, str | None]],
    rest: Sequence[Leftover],
    warnings: Sequence[str],
    *,
    names: Iterable[str] = (),
    **values: Any,
) -> Transcript:
    """Put utterances, their warnings and what was left over together; speakers in the order in which they first speak.

    `names` are further speakers, `values` further fields of the transcript. Raises `UnreadableInput` where there is no
    utterance at all.
    """
    pairs = list(timed)
    utterances = tuple(utterance for utterance, _ in pairs)
    if not utterances:
        fault = f" ({rest[0]})" if rest else ""
        raise UnreadableInput(f"{shown(path)} has no cue that can be read{fault}.", hint="Is it the right file, whole?")
    found = [*warnings, *(warning for _, warning in pairs if warning), *map(str, rest)]
    metadata = {**values.pop("metadata", {}), **({"warnings": found} if found else {})}
    labels = dict.fromkeys([u.speaker for u in utterances if u.speaker is not None] + list(names))
    return Transcript(
        speakers=tuple(Speaker(label, label) for label in labels), utterances=utterances, metadata=metadata, **values
    )
