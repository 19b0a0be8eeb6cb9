"""The sound of a recording as 16 kHz samples in a file on disk, so that memory stays flat however long it is.

16 kHz is what every speech model here hears (Whisper, the segmentation and the voice models alike).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.errors import NoAudio, UnreadableInput
from talkbase.media.container import Window, demuxed, windows
from talkbase.media.files import opened, replacing, shown, storing
from talkbase.media.wav import stated_length

if TYPE_CHECKING:
    from av import AudioFrame, AudioLayout, AudioResampler, AudioStream
    from av.container import InputContainer

RATE: Final = 16_000
"""Samples a second of all decoded sound."""

_BYTES: Final = 2
_FULL_SCALE: Final = np.float32(32768.0)
# Telephony starts at 8 kHz and studios end at 768 kHz. A header that claims 1 Hz would make terabytes of a megabyte.
_RATES: Final = range(1_000, 768_001)
# Containers stamp times in milliseconds; a smaller gap than this is rounding.
_GAP: Final = 0.005
# FFmpeg's `aresample=async=1` corrects by dropping from 0.1 s on (min_hard_comp). Beyond 1 s the clock was set back.
_OVERLAP: Final = 0.1
_SET_BACK: Final = 1.0
# A longer silence than this is a damaged time stamp rather than a pause in a recording.
_LONGEST_GAP: Final = 6 * 3600.0
# Reading goes on after damage, but not for ever where a demuxer reports the same error again and again.
_PATIENCE: Final = 100
_REPORT_EVERY: Final = 5 * RATE
_PLACELESS: Final = re.compile(r"\d+ channels$|ambisonic")
# Encoders pad, and headers round; less missing than this, or than half a percent, is no damage.
_SHORT: Final = 0.5
# Formats that state their length; in the others FFmpeg estimates it from the bit rate.
_STATES_LENGTH: Final = {"mov", "matroska", "wav", "flac", "aiff", "caf", "asf", "avi", "w64"}


class Sound:
    """Decoded sound: interleaved 16-bit samples, 16,000 a second, in a raw file that lies on disk.

    `damaged` says in a clause what of the recording could not be decoded; None where all of it was.
    Reading is safe from several threads. Leaving the context closes the file; `unlink` removes it too.
    """

    rate = RATE

    def __init__(self, path: Path, channels: int, *, damaged: str | None = None) -> None:
        self.path = path
        self.channels = channels
        self.damaged = damaged
        self._file = path.open("rb", buffering=0)
        self.frames = os.fstat(self._file.fileno()).st_size // (_BYTES * channels)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / RATE

    def read(self, start: float, end: float, channel: int | None = None) -> NDArray[np.float32]:
        """Samples in [-1, 1] from `start` to `end` (seconds, clipped to the recording), shape (n,).

        `channel` None gives the mean of the channels. Only this range is read from disk.
        """
        first = min(max(round(start * RATE), 0), self.frames)
        last = min(max(round(end * RATE), first), self.frames)
        width = _BYTES * self.channels
        data = os.pread(self._file.fileno(), (last - first) * width, first * width)
        samples = np.frombuffer(data, np.int16).reshape(-1, self.channels)
        mono: NDArray[np.float32] = (
            samples.mean(axis=1, dtype=np.float32) if channel is None else samples[:, channel].astype(np.float32)
        )
        return mono / _FULL_SCALE

    def close(self) -> None:
        """Close the file, which stays on disk."""
        self._file.close()

    def unlink(self) -> None:
        """Close and remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def decode(source: Path, into: Path, *, progress: Progress = silent) -> Sound:
    """Decode the first track of sound of any recording that FFmpeg reads into the raw file `into`.

    One and two channels are kept, more are mixed down to one. Time 0 is the start of the recording: sound that begins
    after the picture is preceded by silence, and gaps in the time stamps become silence, so that times in the sound
    are times in the recording. Damaged places are left out and named in `Sound.damaged`; what comes after them keeps
    its time, but for formats without time stamps (MP3, FLAC), where it moves forward. Nothing is left of `into` when it
    fails, and memory does not grow with the length.

    Raises `NoAudio` where there is no track of sound, `UnreadableInput` where nothing of it can be decoded or the file
    changes meanwhile, `NotFound`, `StorageFull`, `StorageUnavailable`.
    """
    with replacing(into) as out:
        with opened(source) as file:
            timeline = _Timeline(out, into.parent, progress)
            parts = windows(file, source)
            _decode_part(parts[0], source, timeline)
            for part in parts[1:]:
                try:
                    _decode_part(part, source, timeline)
                except UnreadableInput:
                    timeline.faults.note(timeline.seconds)
            if timeline.frames == 0:
                raise UnreadableInput(
                    f"{shown(source)} has a track of sound, but nothing in it can be decoded.",
                    hint="It is empty or damaged: export or copy it again.",
                )
        timeline.finish()
    return Sound(into, timeline.channels, damaged=timeline.faults.summary(timeline.seconds))


@dataclass(slots=True)
class _Faults:
    """What went wrong while decoding, for one sentence to the person."""

    count: int = 0
    first: float = 0.0
    claimed: float | None = None

    def note(self, seconds: float) -> None:
        if self.count == 0:
            self.first = seconds
        self.count += 1

    def summary(self, seconds: float) -> str | None:
        clauses = []
        if self.claimed is not None:
            clauses.append(f"{seconds:.1f} s of {self.claimed:.1f} s could be decoded, the rest is missing or damaged")
        # Damage where the sound stops is what stopped it.
        if self.count and (self.claimed is None or self.first < seconds - 1.0):
            places = "one damaged place" if self.count == 1 else f"{self.count} damaged places, the first"
            clauses.append(f"{places} at {self.first:.1f} s left out")
        return "; ".join(clauses) or None


class _Timeline:
    """The raw file as it grows: sound and silence, appended in the order of time."""

    def __init__(self, out: BinaryIO, place: Path, progress: Progress) -> None:
        self._out = out
        self._place = place
        self._progress = progress
        self._reported = 0
        self.frames = 0
        self.channels = 0
        self.total = 0.0
        self.faults = _Faults()

    @property
    def seconds(self) -> float:
        return self.frames / RATE

    def append(self, samples: NDArray[np.int16]) -> None:
        """Append samples of shape (frames, channels)."""
        with storing(self._place):
            # Silence is a hole in the file: ten hours of it take no space.
            if samples.any():
                self._out.write(samples.tobytes())
            else:
                self._out.seek(samples.nbytes, os.SEEK_CUR)
        self.frames += len(samples)
        if self.frames - self._reported >= _REPORT_EVERY:
            self.report()

    def silence(self, until: int) -> None:
        if until > self.frames:
            self._out.seek((until - self.frames) * self.channels * _BYTES, os.SEEK_CUR)
            self.frames = until

    def report(self) -> None:
        self._reported = self.frames
        self._progress(self.seconds, max(self.total, self.seconds))

    def finish(self) -> None:
        with storing(self._place):
            self._out.truncate(self.frames * self.channels * _BYTES)
        self.total = self.seconds
        self.report()


def _decode_part(window: Window, source: Path, timeline: _Timeline) -> None:
    """Append the first track of a window that gives any sound."""
    with demuxed(window, source) as container:
        candidates = [stream.index for stream in container.streams.audio if stream.codec_context is not None]
        if not candidates:
            raise _no_sound(container, source)
    before, stated = timeline.frames, stated_length(window)
    for index in candidates:
        with demuxed(window, source) as container:
            _Track(container, index, timeline, stated).decode()
        if timeline.frames > before:
            return


def _no_sound(container: InputContainer, source: Path) -> UnreadableInput:
    if container.streams.audio:
        return UnreadableInput(
            f"The sound of {shown(source)} is in a codec that is not known here.",
            hint="Convert it to AAC, Opus or WAV.",
        )
    if container.streams.video:
        return NoAudio(f"{shown(source)} has pictures but no sound.", hint="Nothing can be transcribed in it.")
    return NoAudio(f"{shown(source)} has neither sound nor pictures.", hint="Export or copy it again.")


class _Track:
    """One track of sound on its way from the container to the time line."""

    def __init__(self, container: InputContainer, index: int, timeline: _Timeline, stated_length: float | None) -> None:
        from av.stream import Discard

        self._container = container
        self._stream: AudioStream = container.streams[index]  # type: ignore[assignment]
        for other in container.streams:
            if other.index != index:
                other.discard = Discard.all
        self._timeline = timeline
        self._stated_length = stated_length or self._container_length()
        self._resampler: AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None
        self._duration = None if container.duration is None else container.duration / 1e6
        # In 16 kHz frames: where this part begins in the time line, and where the samples since the last break began.
        self._base = timeline.frames
        self._began = timeline.frames
        self._pushed = 0.0
        # Seconds from the container's clock to ours.
        self._shift = -(container.start_time or 0) / 1e6

    def decode(self) -> None:
        """Append all that can be decoded, and note what cannot."""
        timeline = self._timeline
        timeline.total = timeline.seconds + (self._duration or 0.0)
        for frame in self._frames():
            with self._noting():
                self._push(frame)
        self._break()
        claimed = self._stated_length
        decoded = (timeline.frames - self._base) / RATE
        if claimed is not None and decoded < claimed - max(_SHORT, 0.005 * claimed):
            timeline.faults.claimed = claimed + self._base / RATE

    def _frames(self) -> Iterator[AudioFrame]:
        import av

        patience = _PATIENCE
        while patience:
            try:
                for packet in self._container.demux(self._stream):
                    with self._noting():
                        yield from packet.decode()
                return
            except av.FFmpegError:
                self._note_fault()
                patience -= 1
        with self._noting():
            yield from self._stream.codec_context.decode(None)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        import av

        try:
            yield
        except av.FFmpegError:
            self._note_fault()

    def _note_fault(self) -> None:
        # What the resampler holds back is counted too.
        self._timeline.faults.note((self._began + self._pushed) / RATE)

    def _push(self, frame: AudioFrame) -> None:
        if frame.sample_rate not in _RATES or not frame.samples:
            self._note_fault()
            return
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if shape != self._shape:
            self._break()
            self._shape = shape
        if self._timeline.channels == 0:
            self._timeline.channels = 2 if frame.layout.nb_channels == 2 else 1
        if not self._in_time(frame):
            return
        if self._resampler is None:
            self._resampler = self._new_resampler(frame.layout)
        self._pushed += frame.samples * RATE / frame.sample_rate
        frame.pts = None
        self._append(self._resampler.resample(frame))

    def _new_resampler(self, layout: AudioLayout) -> AudioResampler:
        from av import AudioResampler

        # Channels without places (the microphones of a table, ambisonics) cannot be mixed as loudspeakers are: FFmpeg
        # would leave out the one that it takes for the subwoofer. They come as they are, and their mean is taken.
        placeless = layout.nb_channels > 2 and bool(_PLACELESS.match(layout.name))
        known = "stereo" if self._timeline.channels == 2 else "mono"
        return AudioResampler("s16", layout if placeless else known, RATE, frame_size=RATE)

    def _append(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            samples = np.asarray(frame.to_ndarray(), np.int16).reshape(frame.samples, -1)
            if samples.shape[1] != self._timeline.channels:
                mean = samples.mean(axis=1, keepdims=True, dtype=np.float32).astype(np.int16)
                samples = np.repeat(mean, self._timeline.channels, axis=1)
            self._timeline.append(samples)

    def _break(self) -> None:
        """End the run of samples: what the resampler holds back is appended, and the next run begins after it."""
        if self._resampler is not None:
            with self._noting():
                self._append(self._resampler.resample(None))
            self._resampler = None
        self._began, self._pushed = self._timeline.frames, 0.0

    def _in_time(self, frame: AudioFrame) -> bool:
        """Put the frame where its time stamp says: fill a gap before it with silence, or refuse it as an overlap."""
        if frame.time is None:
            return True
        place = self._base + (frame.time + self._shift) * RATE
        ahead = (place - self._began - self._pushed) / RATE
        if ahead > _GAP and self._believable(ahead, frame.time + self._shift):
            self._break()
            self._timeline.silence(round(place))
            self._began = self._timeline.frames
        elif ahead > _GAP or ahead < -_SET_BACK:
            self._shift -= ahead
        return not -_SET_BACK <= ahead < -_OVERLAP

    def _believable(self, gap: float, until: float) -> bool:
        return gap <= _LONGEST_GAP and (self._duration is None or until <= self._duration + 1.0)

    def _container_length(self) -> float | None:
        name = self._container.format.name.split(",")[0]
        stream = self._stream
        if name not in _STATES_LENGTH:
            return None
        if stream.duration is not None and stream.time_base is not None:
            start = (self._container.start_time or 0) / 1e6
            return float((stream.duration + (stream.start_time or 0)) * stream.time_base) - start
        if self._container.streams.video or self._container.duration is None:
            return None
        return self._container.duration / 1e6
