"""Calls that were recorded with one speaker on each channel: recognise them, and take the channels as speakers.

Two channels are two speakers where they take turns: whenever there is sound, one channel is much louder than the
other, and each of them is the louder one for a fair share of the time. Mono in stereo has no difference, music and
rooms have sound on both sides, a channel that was never plugged in is never the louder one.
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
_FAIR_SECONDS: Final = 0.5

# What is below −60 dBFS, or 30 dB below the loud parts, is taken as background.
_FLOOR_DB: Final = -60.0
_BELOW_LOUD_DB: Final = 30.0

_HOP: Final = 0.05
_CHUNK: Final = 60
_FIRST_SECONDS: Final = 10


def channels_are_speakers(sound: Sound) -> bool:
    """Whether a stereo recording has one speaker on each channel. Judged by loudness only: no model is run."""
    if sound.channels != 2 or sound.duration <= 0:
        return False
    levels = _levels(sound)
    loudest = levels.max(axis=1)
    sounding = levels[loudest > max(_FLOOR_DB, float(np.quantile(loudest, 0.95)) - _BELOW_LOUD_DB)]
    if not len(sounding):
        return False
    lead = sounding[:, 0] - sounding[:, 1]
    fair = max(_FAIR_SHARE * len(lead), _FAIR_SECONDS / _HOP)
    apart = [(lead > _APART_DB).sum(), (lead < -_APART_DB).sum()]
    return bool(min(apart) >= fair and sum(apart) >= _EXCLUSIVE * len(lead))


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
