"""Where there is speech: Silero's voice activity detector over a recording, and windows for the recogniser from it.

The detector (Silero VAD v6, MIT, inside faster-whisper) gives a probability of speech for every 32 ms. It is run on
blocks, so that memory stays flat in the recording's length. The windows aim at never losing speech: low thresholds
and generous edges; what is not speech is told apart later, with the recogniser's own evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.transcript import Span
from talkbase.engines.runtime import require

if TYPE_CHECKING:
    from talkbase.media.sound import Sound

FRAME = 0.032
"""Seconds of one detector frame (512 samples at 16 kHz)."""

WINDOW = 29.5
"""Longest window in seconds: Whisper hears 30 s at once; the rest is room for rounding."""

_SAMPLES = 512
_BLOCK = 1875 * FRAME  # 60 s: the detector takes about half a megabyte for each second that it is given at once
_LEAD_IN = 63 * FRAME
_SILENCE = 1e-4  # −80 dBFS: below the noise of any microphone, so only digital silence

_ENTER, _LEAVE = 0.15, 0.09
_LIKELY = 0.5
_NEAR = 0.15
_PAUSE = 0.6
_EDGE = 0.3
_EARLIEST_CUT = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of at most WINDOW seconds to be recognised at once, with the speech probability of its frames."""

    start: float
    end: float
    speech: NDArray[np.float32]

    def speech_in(self, start: float, end: float) -> NDArray[np.float32]:
        """The frames' probabilities between two times (of the recording); at least one frame."""
        first = min(max(0, int((start - self.start) / FRAME)), len(self.speech) - 1)
        return self.speech[first : max(first + 1, int(np.ceil((end - self.start) / FRAME)))]

    def halves(self) -> tuple[Window, Window]:
        """Two windows, cut where speech is least likely in the middle half."""
        quarter = len(self.speech) // 4
        cut = quarter + _quietest(self.speech[quarter : len(self.speech) - quarter])
        at = self.start + cut * FRAME
        return Window(self.start, at, self.speech[:cut]), Window(at, self.end, self.speech[cut:])


def windows(sound: Sound, *, channel: int | None = None, start: float = 0.0) -> Iterator[Window]:
    """Windows that together hold all that may be speech after `start`, in order, cut in pauses where there are any."""
    return _pack(_stretches(_blocks(sound, channel, start), start, sound.duration))


def _blocks(sound: Sound, channel: int | None, start: float) -> Iterator[NDArray[np.float32]]:
    """Probabilities of speech, block by block; each block is led in by the end of the one before."""
    at = start
    while at < sound.duration:
        lead = min(_LEAD_IN, at - start)
        samples = sound.read(at - lead, min(at + _BLOCK, sound.duration), channel)
        yield probabilities(samples)[round(lead / FRAME) :]
        at += _BLOCK


def _stretches(blocks: Iterable[NDArray[np.float32]], start: float, duration: float) -> Iterator[Window]:
    """Stretches of speech with their edges, which may be longer than a window; hysteresis as in Silero's own loop."""
    kept = np.zeros(0, np.float32)
    first = 0  # the frame at which `kept` starts
    edge, pause = round(_EDGE / FRAME), round(_PAUSE / FRAME)

    def cut(begin: int, end: int) -> Window:
        begin, end = max(begin - edge, first), min(end + edge, first + len(kept))
        return Window(
            start + begin * FRAME, min(start + end * FRAME, duration), kept[begin - first : end - first].copy()
        )

    begin = last = -1
    at = 0
    for block in blocks:
        kept = np.concatenate([kept, block])
        for probability in block.tolist():
            if probability >= (_ENTER if begin < 0 else _LEAVE):
                begin, last = (at if begin < 0 else begin), at
            elif begin >= 0 and at - last > pause:
                yield cut(begin, last + 1)
                begin = -1
            at += 1
        needed = (at if begin < 0 else begin) - edge - pause
        if needed > first:
            kept, first = kept[needed - first :], needed
    if begin >= 0:
        yield cut(begin, last + 1)


def _pack(stretches: Iterable[Window]) -> Iterator[Window]:
    """Join neighbouring stretches while they fit into one window, and cut what does not at its quietest point."""
    held: Window | None = None
    for stretch in stretches:
        joined = _joined(held, stretch) if held else stretch
        if held and joined.end - joined.start > WINDOW:
            yield held
            joined = stretch
        while joined.end - joined.start > WINDOW:
            head, joined = _cut(joined)
            yield head
        held = joined
    if held:
        yield held


def _joined(left: Window, right: Window) -> Window:
    gap = max(0, round((right.start - left.end) / FRAME))
    between = np.zeros(min(gap, round(WINDOW / FRAME)), np.float32)
    return Window(left.start, right.end, np.concatenate([left.speech, between, right.speech]))


def _cut(window: Window) -> tuple[Window, Window]:
    longest = int(WINDOW / FRAME)
    earliest = int(longest * _EARLIEST_CUT)
    cut = earliest + _quietest(window.speech[earliest:longest])
    at = window.start + cut * FRAME
    return Window(window.start, at, window.speech[:cut]), Window(at, window.end, window.speech[cut:])


def _quietest(speech: NDArray[np.float32], frames: int = 9) -> int:
    """The middle of the `frames` (0.3 s) in which speech is least likely."""
    if len(speech) < frames:
        return len(speech) // 2
    return int(np.convolve(speech, np.ones(frames) / frames, "valid").argmin()) + frames // 2


def probabilities(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probability of speech of each frame of 16 kHz samples; digital silence is not even looked at."""
    frames = -(-len(samples) // _SAMPLES)
    if frames == 0 or np.abs(samples).max() < _SILENCE:
        return np.zeros(frames, np.float32)
    detect = require("faster_whisper.vad", "speech").get_vad_model()
    found: NDArray[np.float32] = detect(np.pad(samples, (0, frames * _SAMPLES - len(samples)))).ravel()
    return found


def seconds_of_speech(speech: NDArray[np.float32]) -> float:
    """Seconds that are rather speech than not."""
    return float((speech >= _LIKELY).sum()) * FRAME


def passed_over(window: Window, words: Iterable[Span]) -> float:
    """Seconds of likely speech in the window that no word is near to."""
    likely = window.speech >= _LIKELY
    for word in words:
        first = max(0, int((word.start - _NEAR - window.start) / FRAME))
        likely[first : max(0, int((word.end + _NEAR - window.start) / FRAME) + 1)] = False
    return float(likely.sum()) * FRAME
