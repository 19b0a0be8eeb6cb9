"""Damaged recordings never crash the process, hang it, or let a foreign error out: random, with the seed printed."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "fuzz.py"


def run(cases: int, files: list[Path], *, plant: str = "none", limit: float, seed: int | None = None) -> str:
    """What went wrong in one run of the fuzz, or an empty string."""
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    command = [sys.executable, str(FUZZ), str(seed), str(cases), plant, *map(str, files)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        return f"hangs: {(error.stdout or b'').decode()[-100:]}"
    last = done.stdout.splitlines()[-1:] or ["nothing begun"]
    print(f"seed {seed}: {cases} cases, ended with {done.returncode}")
    return "" if done.returncode == 0 else f"{last[0]} ends with {done.returncode}: {done.stderr[-2000:]}"


def test_damaged_recordings_end_in_sound_or_in_a_clear_error(recordings: dict[str, Path]) -> None:
    assert run(400, list(recordings.values()), limit=120) == ""


@pytest.mark.slow
def test_damaged_real_recordings(shared_data: Path, recordings: dict[str, Path]) -> None:
    names = ["video/two_person_call.mp4", "video/face_noface.mov", "audio/misc/multilingual.mp3", "audio/jfk/jfk.wav"]
    assert run(5_000, [shared_data / name for name in names] + list(recordings.values()), limit=280) == ""


@pytest.mark.parametrize(
    ("plant", "found"), [("escape", "av.error"), ("crash", "ends with -6"), ("hang", "hangs: seed 7 case 0")]
)
def test_the_fuzz_finds_a_fault_that_is_planted(recordings: dict[str, Path], plant: str, found: str) -> None:
    limit = 5 if plant == "hang" else 120
    assert found in run(80, list(recordings.values()), plant=plant, limit=limit, seed=7)
