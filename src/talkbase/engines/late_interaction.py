"""Token vectors, compressed: an utterance is compared with a question word by word, instead of by one vector each.

Late interaction (ColBERT, Khattab and Zaharia 2020, arXiv:2004.12832) over the tokens of the sentence model, whose one
forward pass gives both kinds of vectors. A token vector is normalised, centred, projected to 128 dimensions
(principal components, learned by `scripts/learn_projection.py`), normalised again and kept as signed bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.engines import weights
from talkbase.engines.embeddings import Embedder, Token

WIDTH = 128
"""Numbers in a compressed token vector."""

MODEL = "minilm-l6-v2-tokens"
"""The projection's card, and the model that `token_vectors` names."""

_SCALE = 127.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as vectors: `sentences` float32 [n, 384] of length 1, `tokens` int8 [tokens, 128] for each text."""

    sentences: NDArray[np.float32]
    tokens: list[NDArray[np.int8]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as vectors: `sentence` float32 [384] and `tokens` float32 [tokens, 128], of length 1 each.

    `spans` says where in the text each token stands.
    """

    sentence: NDArray[np.float32]
    tokens: NDArray[np.float32]
    spans: tuple[Token, ...]


class Encoder:
    """Encodes utterances and questions; loaded at the first use, for one thread at a time."""

    def __init__(self, *, threads: int = 0) -> None:
        """Prepare; `threads` as for `Embedder`."""
        self._embedder = Embedder(threads=threads)

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoded:
        """Encode texts, in their order; the same limits and errors as `Embedder.embed`."""
        sentences = np.zeros((len(texts), Embedder.dimensions), np.float32)
        tokens: list[NDArray[np.int8]] = [np.zeros((0, WIDTH), np.int8)] * len(texts)
        for batch in self._embedder.batches(texts, progress=progress):
            sentences[batch.positions] = batch.sentences
            for position, vectors in zip(batch.positions, batch.tokens, strict=True):
                tokens[position] = np.rint(self._project(vectors) * _SCALE).astype(np.int8)
        return Encoded(sentences, tokens)

    def question(self, text: str) -> Question:
        """Encode a question."""
        (batch,) = self._embedder.batches([text])
        return Question(batch.sentences[0], self._project(batch.tokens[0]), tuple(self._embedder.tokens(text)))

    def _project(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        mean, projection = self._projection
        centred: NDArray[np.float32] = _unit(vectors) - mean
        return _unit(centred @ projection)

    @cached_property
    def _projection(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with np.load(weights.locate(MODEL) / f"{MODEL}.npz") as arrays:
            return arrays["mean"], arrays["projection"].astype(np.float32)


def unpack(kept: bytes) -> NDArray[np.int8]:
    """Token vectors as they are kept in the database: int8 [tokens, 128], in 127ths."""
    return np.frombuffer(kept, np.int8).reshape(-1, WIDTH)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
