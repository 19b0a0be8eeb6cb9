from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from talkbase.domain.transcript import Span
from talkbase.engines import vad
from talkbase.engines.vad import FRAME, WINDOW, Window

from .sounds import clip, noise, silence, sound

LEVELS = st.lists(st.tuples(st.integers(1, 1500), st.sampled_from([0.0, 0.05, 0.12, 0.2, 0.6, 0.98])), max_size=12)


def _probabilities(levels: list[tuple[int, float]]) -> np.ndarray:
    return np.concatenate([np.full(length, level, np.float32) for length, level in levels] or [np.zeros(0, np.float32)])


def _windows(speech: np.ndarray, block: int) -> list[Window]:
    blocks = [speech[i : i + block] for i in range(0, len(speech), block)]
    return list(vad._pack(vad._stretches(blocks, 0.0, len(speech) * FRAME)))


@given(LEVELS, st.integers(40, 2000))
@settings(deadline=None)
def test_windows_fit_are_in_order_and_lose_no_speech(levels: list[tuple[int, float]], block: int) -> None:
    speech = _probabilities(levels)
    found = _windows(speech, block)
    for window in found:
        assert 0 <= window.start < window.end <= len(speech) * FRAME + 1e-6
        assert window.end - window.start <= WINDOW + 2 * FRAME
        assert abs(len(window.speech) * FRAME - (window.end - window.start)) < 3 * FRAME
    assert all(left.end <= right.start + FRAME for left, right in pairwise(found))
    for at in np.flatnonzero(speech >= 0.15):
        assert any(w.start - FRAME <= at * FRAME < w.end + FRAME for w in found), f"frame {at} is in no window"


@given(LEVELS, st.integers(40, 500), st.integers(501, 5000))
@settings(deadline=None, max_examples=50)
def test_where_blocks_begin_changes_nothing(levels: list[tuple[int, float]], one: int, other: int) -> None:
    speech = _probabilities(levels)
    spans = [[(w.start, w.end) for w in _windows(speech, block)] for block in (one, other)]
    assert np.allclose(spans[0], spans[1]) if spans[0] else not spans[1]


def test_long_speech_is_cut_in_its_pause() -> None:
    speech = _probabilities([(700, 0.98), (15, 0.12), (700, 0.98)])
    first, second = _windows(speech, 9000)
    assert 700 * FRAME <= first.end <= 715 * FRAME and abs(second.start - first.end) < 1e-6


def test_real_speech_is_found_and_silence_is_not(samples: Path, tmp_path: Path) -> None:
    speech = clip(samples / "jfk.wav")
    recording = sound(tmp_path, np.concatenate([silence(400), speech, silence(400)]))
    (window,) = vad.windows(recording)
    assert 399 < window.start < 401 and 410 < window.end < 412
    assert not list(vad.windows(sound(tmp_path, noise(20, 0.002))))


def test_windows_after_a_start_are_those_of_the_whole(samples: Path, tmp_path: Path) -> None:
    speech = clip(samples / "jfk.wav")
    recording = sound(tmp_path, np.concatenate([speech, silence(30), speech]))
    first, second = vad.windows(recording)
    (resumed,) = vad.windows(recording, start=first.end)
    assert abs(resumed.start - second.start) < 0.1 and abs(resumed.end - second.end) < 0.1


def test_speech_without_words_is_passed_over() -> None:
    window = Window(10.0, 20.0, _probabilities([(100, 0.0), (100, 0.9), (112, 0.0)]))
    assert abs(vad.passed_over(window, []) - 3.2) < 0.05
    assert vad.passed_over(window, [Span(13.2, 16.4)]) == 0.0
    assert vad.seconds_of_speech(window.speech) > 3.0
