"""talkbase's own transcript format, `{"format": "talkbase-transcript", "version": 1, …}`: what other programs write.

The models here are the format's definition: they validate, they give the JSON Schema (`schema()`), and
`docs/reference/transcript-json.md` shows it. Fields that they do not know are left out with a warning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from talkbase.domain.time import parse_iso
from talkbase.domain.transcript import Kind, Speaker, Transcript, Utterance, Word
from talkbase.errors import UnreadableInput
from talkbase.media.files import shown
from talkbase.readers._files import Head, TextFile, read_text

FORMAT = "talkbase-transcript"
VERSION = 1

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SECONDS = "a number of seconds, 0 or more"
_MOMENT = "a date and time such as 2026-07-16T14:00:00Z"
_WANTED = {
    "start": _SECONDS, "end": _SECONDS, "duration": _SECONDS, "started_at": _MOMENT, "said_at": _MOMENT,
    "confidence": "a number from 0 to 1", "text": "a text", "title": "a text", "language": "a language code such as en",
    "kind": "one of video, audio, meeting, call, chat, transcript, podcast, interview, talk, other",
    "id": "a text", "label": "a text", "name": "a text", "role": "a text", "suspect": "a text",
    "speaker": "the label of a speaker",
    "speakers": "a list", "utterances": "a list", "words": "a list", "metadata": "an object",
}  # fmt: skip


def _moment(value: object) -> object:
    return parse_iso(value) if isinstance(value, str) else value


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, description="Seconds from the start of the recording.")]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="Confidence from 0 to 1.")]
Moment = Annotated[
    datetime, BeforeValidator(_moment), Field(description="ISO 8601; without a time zone it is taken as UTC.")
]


class _Item(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class WordItem(_Item):
    """One spoken word, as the recogniser wrote it."""

    text: str = Field(description="The word with its punctuation and the spaces around it, if any.")
    start: Seconds | None = None
    end: Seconds | None = None
    confidence: Probability | None = None


class SpeakerItem(_Item):
    """A voice in this conversation."""

    label: str = Field(description="What utterances call it; unique in the file.")
    name: str | None = Field(default=None, description="Who it is, where known.")
    role: str | None = Field(default=None, description="Such as host or interviewee.")


class UtteranceItem(_Item):
    """Something that one speaker said."""

    text: str = Field(description="What was said.")
    speaker: str | None = Field(default=None, description="The label of a speaker; need not be listed in `speakers`.")
    start: Seconds | None = None
    end: Seconds | None = Field(default=None, description="Seconds; not before `start`.")
    said_at: Moment | None = None
    confidence: Probability | None = None
    language: str | None = Field(default=None, description="BCP 47 code, where it differs from the transcript's.")
    words: list[WordItem] = Field(default=[], description="The words with their times, in order.")
    suspect: str | None = Field(
        default=None,
        description="Why a machine may have invented the words: silence, music, repetition, low_confidence.",
    )
    metadata: dict[str, Any] = Field(default={}, description="Whatever else the source says.")


class TranscriptFile(_Item):
    """A conversation with its speakers and utterances, in order."""

    format: Literal["talkbase-transcript"]
    version: Literal[1]
    id: str | None = Field(default=None, description="talkbase's id of an exported conversation; not read back.")
    title: str | None = None
    kind: Kind = "transcript"
    language: str | None = Field(default=None, description="BCP 47 code, such as en or pt-BR.")
    started_at: Moment | None = None
    duration: Seconds | None = None
    speakers: list[SpeakerItem] = Field(default=[], description="The speakers; those of utterances are added.")
    utterances: list[UtteranceItem] = Field(description="What was said, in order.")
    metadata: dict[str, Any] = Field(default={}, description="Whatever else the source says.")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the format."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TranscriptFile.model_json_schema(),
        "title": FORMAT,
    }


@dataclass(frozen=True, slots=True)
class TranscriptJson:
    """Reads talkbase's own transcript JSON."""

    name: str = "transcript_json"
    description: str = "talkbase transcript JSON"
    suffixes: tuple[str, ...] = (".json",)

    def sniff(self, head: Head) -> float:
        """The format names itself; failing that, an object with utterances is probably meant to be one."""
        if not head.text.lstrip().startswith("{"):
            return 0.0
        if re.search(rf'"format"\s*:\s*"{FORMAT}"', head.text):
            return 1.0
        return 0.3 if re.search(r'"utterances"\s*:', head.text) else 0.0

    def read(self, path: Path) -> Transcript:
        """Read and validate. Raises `UnreadableInput` with the path of the first fault inside the file."""
        file = read_text(path)
        warnings = list(file.warnings)
        try:
            content = _storable(_parse(path, file), "", warnings)
            _check_version(path, content)
            return _transcript(path, TranscriptFile.model_validate(content), warnings)
        except ValidationError as error:
            _raise_first(path, error)
        except RecursionError:
            raise UnreadableInput(f"{shown(path)} is nested too deeply.", hint="Is it a transcript?") from None


def _parse(path: Path, file: TextFile) -> Any:
    try:
        # strict=False lets line breaks inside texts pass, which some programs write unescaped.
        return json.loads(file.text, strict=False)
    except json.JSONDecodeError as error:
        raise UnreadableInput(
            f"{shown(path)} is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            hint="Is the file whole?",
        ) from None
    except ValueError as error:
        raise UnreadableInput(f"{shown(path)} is not usable JSON: {error}.") from None


def _storable(value: Any, path: str, warnings: list[str]) -> Any:
    """Replace what JSON can write but PostgreSQL cannot store; the warnings keep the original, escaped."""
    if isinstance(value, str):
        if not _UNSTORABLE.search(value):
            return value
        warnings.append(f"{path}: characters that cannot be stored were removed from {json.dumps(value)}")
        return _UNSTORABLE.sub("\ufffd", value.replace("\0", ""))
    if isinstance(value, float) and not math.isfinite(value):
        warnings.append(f"{path}: {value} is no number that can be stored; kept as text")
        return str(value)
    if isinstance(value, list):
        return [_storable(item, f"{path}[{position}]", warnings) for position, item in enumerate(value)]
    if isinstance(value, dict):
        where = f"{path}." if path else ""
        return {
            _storable(key, f"{path} (a key)", warnings): _storable(item, f"{where}{key}", warnings)
            for key, item in value.items()
        }
    return value


def _check_version(path: Path, content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UnreadableInput(
            f'{shown(path)} is not a talkbase transcript: "format" must be "{FORMAT}".',
            hint="See docs/reference/transcript-json.md.",
        )
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UnreadableInput(
            f"{shown(path)} was written for a newer talkbase: its version is {version}, this one reads {VERSION}.",
            hint="Upgrade talkbase.",
        )
    if version is True or version != VERSION:
        raise _fault(path, f"version: must be {VERSION}, not {_quoted(version)}")


def _raise_first(path: Path, error: ValidationError) -> NoReturn:
    faults = error.errors(include_url=False)
    first = faults[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    field = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "")
    wanted = _WANTED.get(field, "an object")
    if first["loc"] and isinstance(first["loc"][-1], int):
        wanted = "an object"
    fault = (
        f"is missing, {wanted}" if first["type"] == "missing" else f"must be {wanted}, not {_quoted(first['input'])}"
    )
    more = f" ({len(faults) - 1} more faults follow)" if len(faults) > 1 else ""
    raise _fault(path, f"{where}: {fault}{more}") from None


def _fault(path: Path, fault: str) -> UnreadableInput:
    return UnreadableInput(f"{shown(path)}: {fault}.", hint="See docs/reference/transcript-json.md.")


def _quoted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:39] + "…"


def _transcript(path: Path, file: TranscriptFile, warnings: list[str]) -> Transcript:
    speakers: dict[str, Speaker] = {}
    for position, item in enumerate(file.speakers):
        if item.label in speakers:
            raise _fault(path, f"speakers[{position}].label: {_quoted(item.label)} occurs twice")
        speakers[item.label] = Speaker(item.label, item.name, item.role)
    for position, spoken in enumerate(file.utterances):
        _check_order(path, spoken, f"utterances[{position}]")
        if spoken.speaker is not None:
            speakers.setdefault(spoken.speaker, Speaker(spoken.speaker))
    warnings += [f"{where}: unknown field, left out" for where in _unknown(file)]
    return Transcript(
        title=file.title,
        kind=file.kind,
        language=file.language,
        started_at=file.started_at,
        duration=file.duration,
        speakers=tuple(speakers.values()),
        utterances=tuple(map(_utterance, file.utterances)),
        metadata=_with_warnings(file.metadata, warnings),
    )


def _with_warnings(metadata: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Metadata with the warnings of this reading after those that the file already carries."""
    if not warnings:
        return metadata
    earlier = metadata.get("warnings", [])
    return {**metadata, "warnings": [*(earlier if isinstance(earlier, list) else [earlier]), *warnings]}


def _check_order(path: Path, item: UtteranceItem, where: str) -> None:
    timed: list[tuple[str, UtteranceItem | WordItem]] = [(where, item)]
    timed += [(f"{where}.words[{position}]", word) for position, word in enumerate(item.words)]
    for place, value in timed:
        if value.start is not None and value.end is not None and value.end < value.start:
            raise _fault(path, f"{place}.end: {value.end} is before start ({value.start})")


def _utterance(item: UtteranceItem) -> Utterance:
    return Utterance(
        text=item.text,
        speaker=item.speaker,
        start=item.start,
        end=item.end,
        said_at=item.said_at,
        confidence=item.confidence,
        language=item.language,
        words=tuple(Word(word.text, word.start, word.end, word.confidence) for word in item.words),
        suspect=item.suspect,
        metadata=item.metadata,
    )


def _unknown(file: TranscriptFile) -> Iterator[str]:
    yield from file.model_extra or ()
    for position, speaker in enumerate(file.speakers):
        yield from (f"speakers[{position}].{field}" for field in speaker.model_extra or ())
    for position, item in enumerate(file.utterances):
        yield from (f"utterances[{position}].{field}" for field in item.model_extra or ())
        for number, word in enumerate(item.words):
            yield from (f"utterances[{position}].words[{number}].{field}" for field in word.model_extra or ())


reader = TranscriptJson()
