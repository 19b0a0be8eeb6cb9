"""Calls that were recorded with one speaker on each channel: recognise them, and take the channels as speakers.

Two channels are two speakers where each is much louder than the other for a fair share of the time, and either they
take turns, or they share no sound when both are heard. Mono in stereo has no difference, music and rooms have sound in
common on both sides, and a channel that was never plugged in is never the louder one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.engines.diarization import Diarization, Turn, turns_in
from talkbase.engines.listening import Heard, Listener
from talkbase.engines.segmentation import FRAME, RATE, Segmenter
from talkbase.engines.voices import VoiceEncoder, unit

if TYPE_CHECKING:
    from talkbase.media.sound import Sound

# A headset hears the other side 20 to 40 dB below its own speaker; a room's microphones, or music, far less apart.
_APART_DB: Final = 10.0
_EXCLUSIVE: Final = 0.8
_FAIR_SHARE: Final = 0.03
_FAIR_SECONDS: Final = 0.3

# Highest correlation within ±10 ms, in seconds in which both channels sound. Measured: two persons talking at once
# ≤ 0.11, stereo microphones in a room ≥ 0.27, two instruments on separate channels 0.5.
_INDEPENDENT: Final = 0.2
_LAG: Final = RATE // 100

# What is below −60 dBFS, or 20 dB below the loud parts, is taken as background.
_FLOOR_DB: Final = -60.0
_BELOW_LOUD_DB: Final = 20.0

_HOP: Final = 0.05
_CHUNK: Final = 60
_FIRST_SECONDS: Final = 10


def channels_are_speakers(sound: Sound) -> bool:
    """Whether a stereo recording has one speaker on each channel. Judged by the sound alone: no model is run."""
    if sound.channels != 2 or sound.duration <= 0:
        return False
    levels = _levels(sound)
    loudest = levels.max(axis=1)
    threshold = max(_FLOOR_DB, float(np.quantile(loudest, 0.95)) - _BELOW_LOUD_DB)
    lead = (levels[:, 0] - levels[:, 1])[loudest > threshold]
    apart = [int((lead > _APART_DB).sum()), int((lead < -_APART_DB).sum())]
    if min(apart) < max(_FAIR_SHARE * len(lead), _FAIR_SECONDS / _HOP):
        return False
    return sum(apart) >= _EXCLUSIVE * len(lead) or _independent(sound, threshold)


def channel_turns(sound: Sound, *, progress: Progress = silent) -> Diarization | None:
    """Turns with the channel as the speaker's number (0, 1), voices [2, 256]; None where channels are not speakers.

    A channel's speaker speaks where the segmentation network hears speech on it that is not the other's, heard across.
    A channel without any speech has no turns, and the vector of whatever sounds in its first seconds.
    `progress` counts seconds of both channels. Raises what `Diarizer.diarize` raises.
    """
    if not channels_are_speakers(sound):
        return None
    encoder = VoiceEncoder()
    listener = Listener(Segmenter(), encoder)
    sides = [_Channel(sound, 0), _Channel(sound, 1)]
    heard = [listener.hear(side, progress=_half(progress, side.channel)) for side in sides]
    levels = _levels(sound)
    active = np.stack([_own(part, levels, channel) for channel, part in enumerate(heard)], axis=1)
    turns: list[Turn] = sorted(turns_in(active, sound.duration), key=lambda turn: (turn.start, turn.speaker))
    voices = [_voice(side, part, encoder) for side, part in zip(sides, heard, strict=True)]
    return Diarization(tuple(turns), np.stack(voices))


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel of a recording, to be heard like a recording."""

    sound: Sound
    channel: int

    @property
    def duration(self) -> float:
        return self.sound.duration

    def read(self, start: float, end: float) -> NDArray[np.float32]:
        return self.sound.read(start, end, self.channel)


def _half(progress: Progress, channel: int) -> Progress:
    def report(done: float, total: float) -> None:
        progress(channel * total + done, 2 * total)

    return report


def _levels(sound: Sound) -> NDArray[np.float32]:
    """Loudness of both channels in dBFS every 50 ms: [n, 2]. Read a minute at a time."""
    hop = round(_HOP * RATE)
    parts = []
    for start in range(0, int(np.ceil(sound.duration)), _CHUNK):
        pair = np.stack([sound.read(start, start + _CHUNK, channel) for channel in (0, 1)], axis=1)
        pair = np.pad(pair, ((0, -len(pair) % hop), (0, 0)))
        parts.append((pair.reshape(-1, hop, 2) ** 2).mean(axis=1))
    levels: NDArray[np.float32] = 10 * np.log10(np.concatenate(parts) + 1e-12)
    return levels


def _independent(sound: Sound, threshold: float) -> bool:
    """Whether the channels share no sound in the seconds in which both are louder than a threshold (dBFS)."""
    alike = []
    for start in range(int(sound.duration)):
        pair = np.stack([sound.read(start, start + 1, channel) for channel in (0, 1)])
        power = (pair**2).mean(axis=1)
        if 10 * np.log10(power.min() + 1e-12) > threshold:
            spectra = np.fft.rfft(pair, 2 * RATE)
            product = np.abs(np.fft.irfft(spectra[0] * spectra[1].conj()))
            shared = max(product[: _LAG + 1].max(), product[-_LAG:].max())
            alike.append(shared / (RATE * np.sqrt(power.prod())))
    return bool(alike) and float(np.median(alike)) < _INDEPENDENT


def _own(heard: Heard, levels: NDArray[np.float32], channel: int) -> NDArray[np.bool_]:
    """The frames in which a channel's own speaker speaks, the other side's echo left out."""
    hops = np.minimum((np.arange(len(heard.count)) * FRAME / _HOP).astype(int), len(levels) - 1)
    across = levels[hops, channel] < levels[hops, 1 - channel] - _APART_DB
    own: NDArray[np.bool_] = (heard.count >= 0.5) & ~across
    return own


def _voice(side: _Channel, heard: Heard, encoder: VoiceEncoder) -> NDArray[np.float32]:
    if heard.locals:
        return unit(np.mean([local.voice for local in heard.locals], axis=0))
    features = encoder.features(side.read(0, _FIRST_SECONDS))
    whole: NDArray[np.float32] = encoder.vectors(features, np.ones((1, features.shape[1]), bool))[0]
    return whole
