"""Who speaks when within ten seconds: up to three local speakers, two of them at once.

The model is the segmentation network of pyannote's speaker-diarization-community-1 (Plaquet & Bredin 2023, "Powerset
multi-class cross entropy loss for neural speaker diarization"). The exported file ends in a hard decision; here its
last but four layer is read instead, the log-probability of each set of speakers, since averaging probabilities over
overlapping windows is better than averaging decisions.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from talkbase.engines import weights
from talkbase.engines.ort_files import session, with_output

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE: Final = 16_000
"""Samples a second that the model hears."""

WINDOW: Final = 160_000
"""Samples in a window: ten seconds."""

FRAMES: Final = 589
"""Frames that a window gives."""

FRAME: Final = 270 / RATE
"""Seconds from one frame to the next."""

LEAD: Final = (991 - 270) / 2 / RATE
"""Seconds by which a frame's own 270 samples begin after the start of the 991 samples that it sees."""

SETS: Final = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], np.float32)
"""The seven sets of local speakers that the model tells apart, one a row: nobody, one of three, two of three."""

# Where community1-segmentation.ort (sha256 9715e399…) keeps the offset of its output's name, and the value to read.
_OUTPUT_SLOT = 1_593_632
_OUTPUT = "/inner/activation/LogSoftmax_output_0"


class Segmenter:
    """Says who speaks in windows of ten seconds. Loaded at first use; one thread at a time."""

    def __init__(self, *, threads: int = 0) -> None:
        """Prepare; `threads` is the number of CPU threads, 0 for one for each core."""
        self._threads = threads

    def probabilities(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each of the seven SETS in each frame: [windows, 160000] samples → [windows, 589, 7].

        Raises MissingExtra without the speech extra, ModelUnavailable where the weights are damaged.
        """
        scores = self._session.run(None, {"waveforms": windows[:, None, :]})[0]
        probabilities: NDArray[np.float32] = np.exp(scores)
        return probabilities

    @cached_property
    def _session(self) -> InferenceSession:
        model = (weights.locate("community1-segmentation") / "community1-segmentation.ort").read_bytes()
        return session(with_output(model, _OUTPUT_SLOT, _OUTPUT), threads=self._threads)


def activity(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability that each local speaker is active: [..., 7] → [..., 3] (sums over the sets that hold them)."""
    marginals: NDArray[np.float32] = probabilities @ SETS
    return marginals


def decision(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The likeliest set of speakers in each frame: [..., 7] → [..., 3]."""
    likeliest: NDArray[np.bool_] = SETS[probabilities.argmax(axis=-1)] > 0
    return likeliest
