"""Long recordings for the benchmarks, joined from the short ones of the test data with silences between them."""

from __future__ import annotations

import itertools
import os
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

RATE = 16_000
PAUSE = 1.5
"""Seconds of silence between two clips, where a benchmark does not say otherwise."""

CLIPS = (
    "audio/jfk/jfk.wav",
    "audio/ami/dev00.wav",
    "audio/misc/LDC93S1.wav",
    "audio/ami/trn03.wav",
    "formats/praat/mary.wav",
    "audio/misc/endgame_nagg_nell.wav",
    "audio/ami/trn01.wav",
    "video/two_person_call.mp4",
)


def data() -> Path:
    """The folder of test recordings."""
    folder = Path(os.environ.get("TALKBASE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        raise SystemExit(f"There is no test data at {folder}: set TALKBASE_TEST_DATA.")
    return folder


def samples(path: Path) -> np.ndarray:
    """A clip as int16 mono at 16 kHz."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        frames = itertools.chain(container.decode(audio=0), [None])
        return np.concatenate([out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)])


def parts(minutes: float, pause: float) -> Iterator[np.ndarray]:
    """Clips and silences (seconds) in turn until there are that many minutes."""
    clips = [samples(data() / name) for name in CLIPS]
    silence = np.zeros(int(pause * RATE), np.int16)
    left = int(minutes * 60 * RATE)
    for part in itertools.chain.from_iterable((clip, silence) for clip in itertools.cycle(clips)):
        if left <= 0:
            return
        yield part[:left]
        left -= len(part)


def write(path: Path, minutes: float, pause: float = PAUSE) -> Path:
    """Write a WAV file of that many minutes, a clip at a time."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for part in parts(minutes, pause):
            file.writeframes(part.tobytes())
    return path
