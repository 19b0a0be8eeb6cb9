"""Who spoke when: turns of speakers that may overlap, and each speaker's voice vector.

After Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline": a segmentation network finds the local speakers of
overlapping windows (`listening`), their voice vectors are clustered over the whole recording (`clustering`), and the
windows are added up. Other than there, the speech of a local speaker is cut into pieces of about two seconds, since a
local speaker may be two persons where their voices are alike to the network. The pieces are clustered, and each votes
for the voices that it resembles, together with its local speaker as a whole.

Time is linear in the length; the clustering is bounded. docs/decisions/0004-diarization.md has what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.engines.clustering import voices_of
from talkbase.engines.listening import Heard, Listener, Local
from talkbase.engines.segmentation import FRAME, FRAMES, LEAD, Segmenter
from talkbase.engines.voices import DIMENSIONS, VoiceEncoder

if TYPE_CHECKING:
    from talkbase.media.sound import Sound

# Chosen on the AMI excerpts and built conversations; neighbouring values do nearly as well.
_SHORTEST_CLEAR: Final = 1.0
_WHOLE_WEIGHT: Final = 1.0
_SOFTNESS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker speaks from `start` to `end` (seconds); `speaker` is the row in `Diarization.voices`."""

    start: float
    end: float
    speaker: int


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns by their start (those of different speakers may overlap), and voices [speakers, 256] of length 1.

    Speakers are numbered in the order in which they first speak.
    """

    turns: tuple[Turn, ...]
    voices: NDArray[np.float32]


class Diarizer:
    """Finds who spoke when. Models are loaded at the first use and may be used by one thread at a time."""

    def __init__(self, *, threads: int = 0) -> None:
        """Prepare; `threads` is the number of CPU threads, 0 for one for each core."""
        self._listener = Listener(Segmenter(threads=threads), VoiceEncoder(threads=threads))

    def diarize(self, sound: Sound, *, speakers: int | None = None, progress: Progress = silent) -> Diarization:
        """Find the turns; `speakers` is their number where it is known, else it is found out.

        With too little speech there are fewer than asked for. `progress` counts seconds of sound. Raises `MissingExtra`
        without the speech extra, `ModelUnavailable` where the weights are damaged.
        """
        heard = self._listener.hear(sound, progress=progress)
        if not heard.locals:
            return Diarization((), np.zeros((0, DIMENSIONS), np.float32))
        voices = voices_of(_clear_voices(heard.locals), speakers)
        active = _foremost(_votes(heard, voices), heard.count)
        return _diarization(active, voices, sound.duration)


def _clear_voices(local_speakers: list[Local]) -> NDArray[np.float32]:
    """Voices of the pieces that are long enough to tell; where none is, those of the local speakers."""
    clear = [
        piece.voice
        for local in local_speakers
        for piece in local.pieces
        if (piece.last - piece.first) * FRAME >= _SHORTEST_CLEAR
    ]
    return np.stack(clear or [local.voice for local in local_speakers])


def _votes(heard: Heard, voices: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of each frame belongs to each voice: [frames, speakers]."""
    votes = np.zeros((len(heard.count), len(voices)), np.float32)
    for local in heard.locals:
        whole = voices @ local.voice
        likeness: NDArray[np.float32] = np.repeat(whole[None], FRAMES, axis=0)
        for piece in local.pieces:
            weight = (piece.last - piece.first) * FRAME
            own = voices @ piece.voice
            likeness[piece.first : piece.last] = (weight * own + _WHOLE_WEIGHT * whole) / (weight + _WHOLE_WEIGHT)
        votes[local.at : local.at + FRAMES] += local.activity[:, None] * _softmax(likeness / np.float32(_SOFTNESS))
    return votes


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _foremost(votes: NDArray[np.float32], count: NDArray[np.float32]) -> NDArray[np.bool_]:
    """In each frame the voices with the most votes, as many as speak there on average: [frames, speakers]."""
    active = np.zeros(votes.shape, bool)
    left = votes.copy()
    for rank in range(min(votes.shape[1], int(np.round(count.max())))):
        best = left.argmax(axis=1)
        frames = np.flatnonzero((np.round(count) > rank) & (left.max(axis=1) > 0))
        active[frames, best[frames]] = True
        left[np.arange(len(left)), best] = 0
    return active


def _diarization(active: NDArray[np.bool_], voices: NDArray[np.float32], duration: float) -> Diarization:
    """Turns of the frames; speakers who never came foremost are left out, the rest numbered by first appearance."""
    turns = sorted(turns_in(active, duration), key=lambda turn: (turn.start, turn.speaker))
    number = {speaker: place for place, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
    return Diarization(tuple(Turn(turn.start, turn.end, number[turn.speaker]) for turn in turns), voices[list(number)])


def turns_in(active: NDArray[np.bool_], duration: float) -> Iterator[Turn]:
    """Turns of the speakers active in each frame ([frames, speakers]), one speaker after the other."""
    padded = np.pad(active.astype(np.int8), ((1, 1), (0, 0)))
    for speaker, changes in enumerate(np.diff(padded, axis=0).T):
        for first, last in np.flatnonzero(changes).reshape(-1, 2).tolist():
            start, end = first * FRAME + LEAD, min(last * FRAME + LEAD, duration)
            if end > start:
                yield Turn(round(start, 3), round(end, 3), speaker)
