"""Voice vectors: what a voice sounds like as 256 numbers, and how alike two voices are.

The model is WeSpeaker's ResNet34 (Wang et al. 2023, arXiv:2210.17016) as pyannote's speaker-diarization-community-1
ships it. It computes features for each 80 ms, pools their mean and standard deviation over the frames of one speaker
and projects them to 256 numbers. Nearly all of its time goes into the features, which do not depend on the speaker.
So they are computed once for each stretch of sound, and pooling and projection are done here, for as many speakers
and pieces as wanted; the exported graph would compute the features anew for every speaker of every window.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from talkbase.engines import weights
from talkbase.engines.ort_files import session, with_output
from talkbase.engines.runtime import require

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE: Final = 16_000
"""Samples a second that the model hears."""

FRAME: Final = 0.08
"""Seconds from one feature frame to the next."""

DIMENSIONS: Final = 256
"""Numbers in a voice vector."""

SAME: Final = 0.55
"""Cosine distance up to which two speakers' mean voice vectors may be proposed as one person.

Measured on 12 known speakers with oracle turns: one person's speech in two excerpts of a meeting 0.50 apart, different
persons at least 0.73 (66 pairs). No person in two independent recordings was at hand, so this is a proposal's bound,
never a reason to merge.
"""

OTHER: Final = 0.7
"""Cosine distance from which on two speakers are different persons; between SAME and this it cannot be told."""

MARGIN: Final = 0.15
"""How much farther away the next best person must be for a proposal."""

_FEATURES = 2560
_SHORTEST = 1_600
_EPSILON = 1e-8

# Where community1-embedding.ort (sha256 6e4af7d4…) keeps the offset of its output's name, the value to read, and the
# parts of its last layer: int8 weights [256, 5120] with scale and zero point, and the bias.
_OUTPUT_SLOT = 6_975_464
_OUTPUT = "/resnet/layer4/layer4.2/Relu_1_output_0"
_PROJECTION, _SCALE, _ZERO, _BIAS = 2_278_396, 4_997_776, 4_996_744, 6_973_836


class VoiceEncoder:
    """Makes voice vectors of sound. Loaded at first use; one thread at a time."""

    rows = _FEATURES

    def __init__(self, *, threads: int = 0) -> None:
        """Prepare; `threads` is the number of CPU threads, 0 for one for each core."""
        self._threads = threads

    def features(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of a mono stretch at 16 kHz, one column for each begun 80 ms: [n] → [2560, frames].

        The stretch's own mean is taken off its log-mel spectrum (against the colour of microphone and room), so give
        seconds rather than minutes or milliseconds.
        """
        # Kaldi gives no frame for a last incomplete 25 ms; the padding makes 80 ms of sound one feature frame.
        padded = np.pad(samples, (0, max(240, _SHORTEST - len(samples))))
        mel = _log_mel(padded)
        ones = np.ones((1, len(mel)), np.float32)
        maps = self._session.run(None, {"fbank": (mel - mel.mean(axis=0))[None], "weights": ones})[0]
        columns: NDArray[np.float32] = maps.reshape(_FEATURES, -1)
        return columns

    def vectors(self, features: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Voice vectors, of length 1, of what each mask selects: [2560, n] features, [m, n] masks → [m, 256].

        Each mask must select at least one frame; below about a second the vector says little.
        """
        return self.project(statistics(features, masks))

    def project(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Voice vectors of `statistics`: [m, 5120] → [m, 256]. Cheaper for many at once."""
        return unit(pooled @ self._head[0].T + self._head[1])

    @cached_property
    def _model(self) -> bytes:
        return (weights.locate("community1-embedding") / "community1-embedding.ort").read_bytes()

    @cached_property
    def _session(self) -> InferenceSession:
        return session(with_output(self._model, _OUTPUT_SLOT, _OUTPUT), threads=self._threads)

    @cached_property
    def _head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        model, inputs = self._model, 2 * _FEATURES
        quantised = np.frombuffer(model, np.int8, DIMENSIONS * inputs, _PROJECTION).reshape(DIMENSIONS, inputs)
        scale, zero = (np.frombuffer(model, np.float32, 1, at)[0] for at in (_SCALE, _ZERO))
        return quantised * scale + zero, np.frombuffer(model, np.float32, DIMENSIONS, _BIAS)


def compare(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine distance of two voice vectors, 0 (alike) to 2; see SAME, OTHER and MARGIN for what it tells."""
    return 1.0 - float(unit(one) @ unit(other))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors (last axis) scaled to length 1; a zero vector stays zero."""
    scaled: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled


def statistics(features: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean and unbiased standard deviation of each feature over the frames of each mask, as the model's own pooling
    layer has them: [2560, n] features, [m, n] masks → [m, 5120]."""
    return np.stack([_pooled(features[:, mask]) for mask in masks])


def _pooled(features: NDArray[np.float32]) -> NDArray[np.float32]:
    count = features.shape[1]
    mean = features.mean(axis=1)
    spread = ((features - mean[:, None]) ** 2).sum(axis=1) / (count - 1 + _EPSILON)
    return np.concatenate([mean, np.sqrt(spread)])


def _log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kaldi's log-mel filter bank: 80 bands, 25 ms Hamming windows every 10 ms, of samples in 16-bit scale."""
    knf: Any = require("kaldi_native_fbank", "speech")
    options = knf.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = 80
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(RATE, (samples * 32768.0).tolist())
    bank.input_finished()
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])
