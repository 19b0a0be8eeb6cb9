"""Sound made for tests: real clips joined, silence, noise, tones and music, as files of the `Sound` layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from talkbase.media.sound import RATE, Sound

Samples = NDArray[np.float32]


def sound(folder: Path, *channels: Samples) -> Sound:
    """A Sound of these channels (equal lengths), in a raw file in the folder."""
    path = folder / f"{len(list(folder.iterdir()))}.raw"
    interleaved = np.stack(channels, axis=1)
    (np.clip(interleaved, -1, 1) * 32767).astype("<i2").tofile(path)
    return Sound(path, len(channels))


def clip(path: Path) -> Samples:
    """A real recording's samples."""
    from faster_whisper.audio import decode_audio

    samples: Samples = decode_audio(str(path))
    return samples


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float, level: float, seed: int = 1) -> Samples:
    """White noise of this root mean square."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * level).astype(np.float32)


def music(seconds: float, seed: int = 3) -> Samples:
    """A tune of plucked harmonic notes, two a second."""
    pick = np.random.default_rng(seed)
    note = np.arange(RATE // 2) / RATE
    notes = [
        sum(np.sin(2 * np.pi * pitch * h * note) / h for h in range(1, 6)) * np.exp(-4 * note)
        for pitch in pick.choice([261.6, 329.6, 392.0, 440.0, 523.3], round(seconds * 2))
    ]
    return (0.2 * np.concatenate(notes)).astype(np.float32)


def wail(seconds: float) -> Samples:
    """A gliding, voice-like tone with vibrato, on which Whisper is known to invent words."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 220 * (1 + 0.03 * np.sin(2 * np.pi * 5.5 * t)) * np.where((t // 2) % 2 == 0, 1, 1.25)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = sum(np.sin(phase * h) / h**1.2 for h in range(1, 12)) * (0.6 + 0.4 * np.sin(np.pi * t))
    return (0.3 * tone / np.abs(tone).max()).astype(np.float32)
