"""First pass of the diarization: the local speakers of every window of a recording, and how many speak in each frame.

The recording is heard in windows of ten seconds, one a second. Frames are the segmentation's (16.875 ms), counted from
the recording's start; a window's frames are put at the nearest of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.engines.segmentation import FRAME, FRAMES, RATE, WINDOW, Segmenter, activity, decision
from talkbase.engines.voices import FRAME as VOICE_FRAME
from talkbase.engines.voices import VoiceEncoder, statistics

STEP: Final = 1
"""Seconds from one window to the next."""

PIECE: Final = 2.0
"""Seconds that a piece should have. A voice vector of less says little; more of it may hold two voices."""

_TILE: Final = WINDOW // RATE
_MARGIN: Final = 1.6

# Voice frames (80 ms) in a window, and the segmentation frame in which each begins.
_VOICE_FRAMES: Final = round(_TILE / VOICE_FRAME)
_BEGINS: Final = np.arange(_VOICE_FRAMES) * FRAMES // _VOICE_FRAMES
_SHORTEST_HEARD: Final = 4


class Audible(Protocol):
    """What can be heard: a `Sound`, or one channel of it."""

    @property
    def duration(self) -> float:
        """Length in seconds."""

    def read(self, start: float, end: float) -> NDArray[np.float32]:
        """Mono samples at 16 kHz from `start` to `end` (seconds, clipped to what there is)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch in which one local speaker speaks alone: frames of its window, and its voice vector."""

    first: int
    last: int
    voice: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Local:
    """A local speaker of the window at frame `at`: probability of speech in its frames, voice, pieces."""

    at: int
    activity: NDArray[np.float16]
    voice: NDArray[np.float32]
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class Heard:
    """What the first pass gives: local speakers, and for each frame the mean number of speakers over its windows."""

    count: NDArray[np.float32]
    windows: NDArray[np.int32]
    locals: list[Local] = field(default_factory=list)


class Listener:
    """Hears a recording through the segmentation and the voice model. One thread at a time."""

    def __init__(self, segmenter: Segmenter, encoder: VoiceEncoder) -> None:
        self._segmenter = segmenter
        self._encoder = encoder

    def hear(self, sound: Audible, *, progress: Progress = silent) -> Heard:
        """Hear all of a recording in one pass; memory grows by about 10 kB for each second of speech."""
        frames = frame_at(sound.duration + _TILE) + FRAMES
        heard = Heard(np.zeros(frames, np.float32), np.zeros(frames, np.int32))
        tiles = _Tiles(sound, self._encoder)
        for block in _blocks(sound.duration):
            heard.locals += self._hear_block(sound, block, tiles, heard)
            progress(min(block.stop, sound.duration), sound.duration)
        heard.count /= np.maximum(heard.windows, 1)
        progress(sound.duration, sound.duration)
        return heard

    def _hear_block(self, sound: Audible, block: range, tiles: _Tiles, heard: Heard) -> Iterator[Local]:
        probabilities = self._segmenter.probabilities(_windows(sound, block))
        levels, speaking = activity(probabilities), decision(probabilities)
        for start, level in zip(block, levels, strict=True):
            window = slice(frame_at(start), frame_at(start) + FRAMES)
            heard.count[window] += level.sum(axis=1)
            heard.windows[window] += 1
        drafts = [
            draft
            for start, level, spoken in zip(block, levels, speaking, strict=True)
            if spoken.any()
            for draft in _drafts(start, level, spoken, tiles.window(start))
        ]
        return self._finished(drafts)

    def _finished(self, drafts: list[_Draft]) -> Iterator[Local]:
        """The drafts with their voice vectors, all projected at once."""
        if not drafts:
            return
        voices = iter(self._encoder.project(np.concatenate([draft.pooled for draft in drafts])))
        for draft in drafts:
            whole = next(voices)
            pieces = tuple(Piece(first, last, next(voices)) for first, last in draft.spans)
            yield Local(draft.at, draft.activity, whole, pieces)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A local speaker with the pooled features of the whole and of each span that will be a piece."""

    at: int
    activity: NDArray[np.float16]
    spans: list[tuple[int, int]]
    pooled: NDArray[np.float32]


def _drafts(
    start: int, levels: NDArray[np.float32], spoken: NDArray[np.bool_], features: NDArray[np.float32]
) -> Iterator[_Draft]:
    """The local speakers of a window that speak long enough to be heard, alone where that is enough."""
    begins = _BEGINS[: features.shape[1]]
    for speaker in np.flatnonzero(spoken.any(axis=0)):
        own = spoken[:, speaker]
        alone = own & (spoken.sum(axis=1) == 1)
        whole = next((mask for mask in (alone[begins], own[begins]) if mask.sum() >= _SHORTEST_HEARD), None)
        if whole is not None:
            cuts = [(first, last, (begins >= first) & (begins < last)) for first, last in _cut(alone)]
            cuts = [cut for cut in cuts if cut[2].sum() >= _SHORTEST_HEARD]
            pooled = statistics(features, np.stack([whole, *(mask for _, _, mask in cuts)]))
            spans = [(first, last) for first, last, _ in cuts]
            yield _Draft(frame_at(start), levels[:, speaker].astype(np.float16), spans, pooled)


class _Tiles:
    """Voice features of a recording, computed ten seconds at a time, once, and only where somebody speaks."""

    def __init__(self, sound: Audible, encoder: VoiceEncoder) -> None:
        self._sound = sound
        self._encoder = encoder
        self._kept: dict[int, NDArray[np.float32]] = {}

    def window(self, start: int) -> NDArray[np.float32]:
        """Features of the window that begins at `start` seconds: [2560, frames], fewer frames at the end."""
        tile, offset = divmod(start, _TILE)
        begin = round(offset / VOICE_FRAME)
        joined = np.concatenate([self._tile(tile), self._tile(tile + 1)], axis=1) if begin else self._tile(tile)
        return joined[:, begin : begin + _VOICE_FRAMES]

    def _tile(self, tile: int) -> NDArray[np.float32]:
        if tile not in self._kept:
            self._kept = {kept: value for kept, value in self._kept.items() if kept >= tile - 1}
            self._kept[tile] = self._features(tile * _TILE)
        return self._kept[tile]

    def _features(self, start: int) -> NDArray[np.float32]:
        # Some sound before and after, cut off again, spares the tile's edges the zeros that convolutions pad with.
        before = min(_MARGIN, start)
        skipped = round(before / VOICE_FRAME)
        wanted = round(min(_TILE, max(0.0, self._sound.duration - start)) / VOICE_FRAME)
        if not wanted:
            return np.zeros((self._encoder.rows, 0), np.float32)
        features = self._encoder.features(self._sound.read(start - before, start + _TILE + _MARGIN))
        return features[:, skipped : skipped + wanted]


def frame_at(seconds: float) -> int:
    """The frame of the recording that begins nearest to a time."""
    return round(seconds / FRAME)


def _blocks(duration: float) -> Iterator[range]:
    """Starts of the windows in whole seconds, ten at a time; the last window reaches the end."""
    if duration <= 0:
        return
    last = max(0, int(np.ceil(duration - _TILE)))
    for first in range(0, last + 1, _TILE):
        yield range(first, min(first + _TILE, last + 1), STEP)


def _windows(sound: Audible, block: range) -> NDArray[np.float32]:
    """The samples of a block's windows, [windows, 160000], zero after the recording's end."""
    samples = sound.read(block.start, block[-1] + _TILE)
    samples = np.pad(samples, (0, (block[-1] - block.start + _TILE) * RATE - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[:: STEP * RATE]


def _cut(alone: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Runs of frames, cut into equal pieces of about PIECE seconds: (first, after the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alone, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2):
        parts = max(1, round((last - first) * FRAME / PIECE))
        bounds = np.linspace(first, last, parts + 1).round().astype(int).tolist()
        yield from pairwise(bounds)
