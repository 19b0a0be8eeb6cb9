"""Voice vectors: the same as the model as it was exported gives, alike for one speaker, apart for two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from talkbase.engines import voices, weights
from talkbase.engines.ort_files import session
from talkbase.engines.segmentation import SETS, WINDOW, Segmenter, activity, decision
from talkbase.engines.voices import MARGIN, OTHER, SAME, VoiceEncoder, compare

from .sounds import clip, noise, silence


@pytest.fixture(scope="module")
def encoder() -> VoiceEncoder:
    return VoiceEncoder()


def vector(encoder: VoiceEncoder, samples: voices.NDArray[np.float32]) -> voices.NDArray[np.float32]:
    features = encoder.features(samples)
    whole: voices.NDArray[np.float32] = encoder.vectors(features, np.ones((1, features.shape[1]), bool))[0]
    return whole


def test_pooling_here_equals_the_exported_model(encoder: VoiceEncoder, samples: Path) -> None:
    speech = clip(samples / "jfk.wav")[:80_000]
    path = weights.locate("community1-embedding") / "community1-embedding.ort"
    mel = voices._log_mel(np.pad(speech, (0, 240)))
    features = encoder.features(speech)
    mask = np.arange(features.shape[1]) % 3 > 0
    # Every 80 ms frame stands for eight of 10 ms; the model takes the first of each.
    fine = np.zeros((1, len(mel)), np.float32)
    fine[0] = mask[np.minimum(np.arange(len(mel)) * len(mask) // len(mel), len(mask) - 1)]
    first = np.floor(np.arange(len(mask)) * len(mel) / len(mask)).astype(int)
    expected = session(path.read_bytes()).run(
        None, {"fbank": (mel - mel.mean(axis=0))[None].astype(np.float32), "weights": fine}
    )[0][0]
    found = encoder.vectors(features, fine[:, first] > 0)[0]
    assert compare(found, expected) < 1e-3


def test_the_decision_is_the_exported_models(samples: Path) -> None:
    window = clip(samples / "jfk.wav")[None, :WINDOW]
    path = weights.locate("community1-segmentation") / "community1-segmentation.ort"
    expected = session(path.read_bytes()).run(None, {"waveforms": window[:, None]})[0]
    probabilities = Segmenter().probabilities(window)
    assert probabilities.shape == (1, 589, len(SETS))
    assert np.allclose(probabilities.sum(axis=-1), 1, atol=1e-4)
    assert (decision(probabilities) == (expected > 0)).mean() > 0.99
    assert activity(probabilities).max() <= 1.0001


def test_one_speaker_is_alike_and_two_are_apart(encoder: VoiceEncoder, samples: Path) -> None:
    kennedy = clip(samples / "jfk.wav")
    first, second = vector(encoder, kennedy[:80_000]), vector(encoder, kennedy[80_000:])
    assert compare(first, second) < SAME
    assert compare(first, first) == pytest.approx(0, abs=1e-5)
    meeting = clip(samples.parent.parent / "examples" / "ami-meeting-excerpt.flac")
    assert compare(first, vector(encoder, meeting[32_000:200_000])) > OTHER


def test_the_bounds_leave_room_between() -> None:
    assert 0 < SAME < OTHER < 1
    assert MARGIN > 0


def test_any_sound_has_a_vector_of_length_one(encoder: VoiceEncoder) -> None:
    for sound in (silence(3), noise(3, 0.1), silence(0.01), np.ones(16_000, np.float32)):
        found = vector(encoder, sound)
        assert np.isfinite(found).all()
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-3)


def test_a_frame_for_every_80_ms(encoder: VoiceEncoder) -> None:
    assert encoder.features(noise(10, 0.1)).shape == (encoder.rows, 125)
