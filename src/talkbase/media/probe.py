"""What a recording holds, read from its content: container, tracks, length, and when it was recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from talkbase.errors import UnreadableInput
from talkbase.media.container import Window, demuxed, windows
from talkbase.media.files import opened, shown

if TYPE_CHECKING:
    from av import AudioStream, VideoStream
    from av.container import InputContainer
    from av.stream import Stream as FFmpegStream

Kind = Literal["audio", "video", "picture", "subtitle", "data", "attachment"]

# FFmpeg's name of a demuxer → media types of a file with sound alone and of one with pictures (as browsers
# know them).
_MIME: Final[Mapping[str, tuple[str, str]]] = {
    "3gp": ("audio/3gpp", "video/3gpp"),
    "aac": ("audio/aac", "audio/aac"),
    "aiff": ("audio/aiff", "audio/aiff"),
    "amr": ("audio/amr", "audio/amr"),
    "asf": ("audio/x-ms-wma", "video/x-ms-wmv"),
    "au": ("audio/basic", "audio/basic"),
    "avi": ("video/x-msvideo", "video/x-msvideo"),
    "caf": ("audio/x-caf", "audio/x-caf"),
    "flac": ("audio/flac", "audio/flac"),
    "flv": ("video/x-flv", "video/x-flv"),
    "matroska": ("audio/x-matroska", "video/x-matroska"),
    "mov": ("video/quicktime", "video/quicktime"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "mp4": ("audio/mp4", "video/mp4"),
    "mpeg": ("video/mpeg", "video/mpeg"),
    "mpegts": ("video/mp2t", "video/mp2t"),
    "ogg": ("audio/ogg", "video/ogg"),
    "wav": ("audio/wav", "audio/wav"),
    "webm": ("audio/webm", "video/webm"),
}
# Cameras whose clock was never set say 1904 (QuickTime's epoch), 1970 or 1980.
_EARLIEST_YEAR: Final = 1990


@dataclass(frozen=True, slots=True)
class Stream:
    """One track. Durations in seconds, `rate` in Hz, sizes in pixels; None where it does not apply or is not said.

    `kind` "picture" is a cover or thumbnail rather than moving pictures. `codec` "unknown" cannot be decoded.
    """

    kind: Kind
    codec: str
    duration: float | None = None
    language: str | None = None
    channels: int | None = None
    rate: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields that are known, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Probe:
    """What `probe` found. `container` is FFmpeg's name of the format; `duration` in seconds, None where not stated."""

    mime: str
    container: str
    duration: float | None
    streams: tuple[Stream, ...]
    started_at: datetime | None

    @property
    def has_audio(self) -> bool:
        """Whether there is a track of sound."""
        return any(stream.kind == "audio" for stream in self.streams)

    @property
    def has_video(self) -> bool:
        """Whether there is a track of moving pictures."""
        return any(stream.kind == "video" for stream in self.streams)


def probe(path: Path) -> Probe:
    """Look into a recording, by its content: the name says nothing.

    Raises `UnreadableInput` where it is empty, of another kind, damaged beyond use, or has neither sound nor moving
    pictures; `NotFound` where there is no such file.
    """
    with opened(path) as file:
        parts = windows(file, path)
        with demuxed(parts[0], path) as container:
            streams = tuple(_stream(stream) for stream in container.streams)
            name = _container_name(container, parts[0])
            _must_be_a_recording(path, container, streams)
            started_at = _started_at(container)
            first = _seconds(container.duration)
        rest = [_duration(part, path) for part in parts[1:]]
    sound, moving = _MIME.get(name, (f"audio/x-{name}", f"video/x-{name}"))
    return Probe(
        mime=moving if any(stream.kind == "video" for stream in streams) else sound,
        container=name,
        duration=None if first is None else first + math.fsum(rest),
        streams=streams,
        started_at=started_at,
    )


def _must_be_a_recording(path: Path, container: InputContainer, streams: tuple[Stream, ...]) -> None:
    if container.format.name.endswith("_pipe"):
        raise UnreadableInput(f"{shown(path)} is a picture, not a recording.", hint="Give a video or sound file.")
    if not any(stream.kind in {"audio", "video"} for stream in streams):
        raise UnreadableInput(
            f"{shown(path)} has neither sound nor moving pictures.", hint="Export or copy the recording again."
        )


def _duration(part: Window, path: Path) -> float:
    try:
        with demuxed(part, path) as container:
            return _seconds(container.duration) or 0.0
    except UnreadableInput:
        return 0.0


def _seconds(microseconds: int | None) -> float | None:
    return microseconds / 1e6 if microseconds is not None and microseconds > 0 else None


def _container_name(container: InputContainer, window: Window) -> str:
    names = container.format.name.split(",")
    if names[0] == "mov":
        brand = container.metadata.get("major_brand", "qt").strip().lower()
        if brand.startswith("qt"):
            return "mov"
        return "3gp" if brand.startswith("3g") else "mp4"
    if names[0] == "matroska":
        # The document type is the header's first string (RFC 8794, section 11.2.7), which FFmpeg keeps to itself.
        window.seek(0)
        return "webm" if b"\x42\x82\x84webm" in window.read(64) else "matroska"
    return names[0]


def _stream(stream: FFmpegStream) -> Stream:
    from av import AudioStream, VideoStream

    duration = None
    if stream.duration is not None and stream.time_base is not None:
        duration = float(stream.duration * stream.time_base)
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    language = stream.language if stream.language != "und" else None
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        return _audio(stream, codec, duration, language)
    if isinstance(stream, VideoStream) and stream.codec_context is not None:
        return _video(stream, codec, duration, language)
    return Stream(
        kind="data" if stream.type == "unknown" else stream.type, codec=codec, duration=duration, language=language
    )


def _audio(stream: AudioStream, codec: str, duration: float | None, language: str | None) -> Stream:
    context = stream.codec_context
    return Stream("audio", codec, duration, language, channels=context.channels, rate=context.sample_rate)


def _video(stream: VideoStream, codec: str, duration: float | None, language: str | None) -> Stream:
    from av.stream import Disposition

    still = Disposition.attached_pic in stream.disposition or Disposition.timed_thumbnails in stream.disposition
    return Stream(
        "picture" if still else "video",
        codec,
        duration,
        language,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=None if still or not stream.average_rate else float(stream.average_rate),
    )


def _started_at(container: InputContainer) -> datetime | None:
    tags = container.metadata
    # QuickTime keeps the time with the recorder's zone under its own key: it says more than the one in UTC.
    stamp = tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time")
    if stamp is None:
        stamp = next((s.metadata["creation_time"] for s in container.streams if "creation_time" in s.metadata), "")
    try:
        time = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if time.year < _EARLIEST_YEAR:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
