"""Odd recordings, built with FFmpeg as the tests need them."""

from __future__ import annotations

import os
import subprocess
import wave
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def tone(seconds: float, rate: int, hertz: float = 440.0) -> Samples:
    """A sine at a third of full scale."""
    return (np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * hertz / rate) * 10_000).astype(np.int16)


def write_wav(path: Path, samples: Samples, rate: int) -> Path:
    """16-bit PCM; `samples` of shape (n,) or (n, channels)."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def encode(
    path: Path,
    codec: str,
    pieces: Sequence[tuple[float, Samples]],
    rate: int,
    *,
    layout: str = "mono",
    video: float = 0.0,
    options: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """Encode pieces of sound, each from its second on, with `video` seconds of grey pictures (25 a second) beside it.

    `pieces` hold samples of shape (n,) or (n, channels). Without pieces, there is no track of sound unless a codec is
    named: then it is a track of length zero.
    """
    import av

    with av.open(str(path), "w", options=options or {}) as out:
        out.metadata.update(tags or {})
        pictures = out.add_stream("mpeg4", rate=25, width=64, height=48, pix_fmt="yuv420p") if video else None
        track = out.add_stream(codec, rate=rate, layout=layout) if codec else None
        for number in range(round(video * 25)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number % 200, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            out.mux(pictures.encode(picture))
        if pictures:
            out.mux(pictures.encode(None))
        if track is None:
            return path
        out.start_encoding()
        for start, samples in pieces:
            resampler = av.AudioResampler(track.format, layout, rate, frame_size=track.frame_size or 1024)
            sent = 0
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                part.pts, part.time_base = round(start * rate) + sent, Fraction(1, rate)
                sent += part.samples
                out.mux(track.encode(part))
        out.mux(track.encode(None))
    return path


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of one megabyte, where this user may mount one."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> dict[str, Path]:
    """A small recording of every kind of container, shipped or built."""
    folder = tmp_path_factory.mktemp("recordings")
    sound = tone(4.0, 44_100)
    return {
        "wav": write_wav(folder / "a.wav", tone(4.0, 16_000), 16_000),
        "mp3": encode(folder / "a.mp3", "libmp3lame", [(0.0, sound)], 44_100),
        "mp4": encode(folder / "a.mp4", "aac", [(0.0, sound)], 44_100, video=4.0, options={"movflags": "faststart"}),
        "flac": encode(folder / "a.flac", "flac", [(0.0, sound)], 44_100),
        "mkv": encode(folder / "a.mkv", "aac", [(0.0, sound)], 44_100, video=4.0),
        "ogg": samples / "media" / "decode-fixture-chained.ogg",
        "m4a": samples / "media" / "decode-fixture-tone.m4a",
        "webm": samples / "media" / "decode-fixture-tone.webm",
    }
