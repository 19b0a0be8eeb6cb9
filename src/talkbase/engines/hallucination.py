"""Signs that the recogniser invented words: silence, noise, music, loops, stock phrases. Pure functions.

Whisper is trained on subtitles and writes something wherever it is asked to. What looks invented is marked, never
dropped: a faint voice looks much the same, and a person can still decide. See Radford et al. 2022, section 4.5
(no-speech, log-probability and compression thresholds), Koenecke et al. 2024 ("Careless Whisper") and Barański et al.
2025 (what Whisper writes on sounds that are not speech).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_COMPRESSION = 2.4
_NO_SPEECH, _LOG_PROBABILITY = 0.6, -1.0
_HEARD = 0.3
_SURELY_HEARD = 0.7
_CONFIDENCE = 0.15
_QUIET = 10 ** (-60 / 20)
_TONAL = 0.01
_LONGEST_PHRASE, _REPEATS, _REPEATED_WORDS = 12, 4, 8

_STOCK = re.compile(
    r"(thank(s| you)( (so|very) much)? for (watching|listening|viewing)|please subscribe|(like and )?subscribe to"
    r"|see you (in the )?next (time|video)|subtitles? by|subtitled by|captions? by|amara\.org|transcri(bed|ption) by"
    r"|untertitel(ung)?( der| von| im| des)|sous-titr(es|age)|subt[ií]tulos|sottotitoli|www\.|\.com\b|©|♪)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against a segment.

    `speech` is the highest probability of speech that the voice activity detector gave in it; `confidence` the mean
    probability of its words; `no_speech` and `log_probability` are Whisper's own for the window; `looped` is the share
    of its words that belong to a loop.
    """

    text: str
    speech: float
    confidence: float
    no_speech: float
    log_probability: float
    looped: float


def why_invented(evidence: Evidence, samples: NDArray[np.float32]) -> str | None:
    """The reason to doubt a segment: repetition, silence, music, noise, stock phrase, improbable; None when fine."""
    if evidence.looped >= 0.5:
        return "repetition"
    if evidence.speech < _HEARD or _denied(evidence):
        return _kind_of_sound(samples)
    if evidence.speech < _SURELY_HEARD and _STOCK.search(evidence.text):
        return "stock phrase"
    if evidence.confidence < _CONFIDENCE:
        return "improbable"
    return None


def _denied(evidence: Evidence) -> bool:
    """Whether Whisper itself says that there is no speech (its own rule)."""
    return evidence.no_speech > _NO_SPEECH and evidence.log_probability < _LOG_PROBABILITY


def _kind_of_sound(samples: NDArray[np.float32]) -> str:
    """Silence (below −60 dBFS), music (few frequencies hold the power) or noise."""
    if len(samples) == 0 or float(np.sqrt(np.mean(np.square(samples)))) < _QUIET:
        return "silence"
    return "music" if _flatness(samples) < _TONAL else "noise"


def _flatness(samples: NDArray[np.float32], size: int = 2048) -> float:
    """Spectral flatness, 0 (one tone) to 1 (white noise): geometric over arithmetic mean of the mean power spectrum."""
    padded = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size) * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(padded)) ** 2, axis=0)[1:] + 1e-12
    return float(np.exp(np.mean(np.log(power))) / np.mean(power))


def looped(words: Sequence[str]) -> NDArray[np.bool_]:
    """For each word whether it belongs to a loop: a phrase of up to 12 words said 4 or more times on end.

    Four times "no" may be said; so a loop has 8 words at least. Where no such phrase is found, but the text compresses
    better than 2.4 times (Whisper's threshold), all of it is a loop.
    """
    plain = [re.sub(r"\W", "", word.lower()) or word for word in words]
    marks = np.zeros(len(plain), bool)
    for size in range(1, _LONGEST_PHRASE + 1):
        same = [plain[i] == plain[i + size] for i in range(len(plain) - size)]
        for first, run in _runs(same):
            length = run + size
            if length >= max(_REPEATS * size, _REPEATED_WORDS):
                marks[first : first + length] = True
    text = " ".join(plain).encode()
    if not marks.any() and len(text) / len(zlib.compress(text)) > _COMPRESSION:
        marks[:] = True
    return marks


def _runs(same: Sequence[bool]) -> list[tuple[int, int]]:
    """(first, length) of each run of True."""
    padded = np.concatenate([[0], np.asarray(same, np.int8), [0]])
    edges = np.flatnonzero(np.diff(padded))
    return [(int(first), int(last - first)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
