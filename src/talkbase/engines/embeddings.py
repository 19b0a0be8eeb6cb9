"""Sentence vectors: texts in, unit vectors out, so that a dot product is the cosine of the angle between meanings.

The model is all-MiniLM-L6-v2 (Sentence-BERT, Reimers and Gurevych 2019, arXiv:1908.10084; MiniLM, Wang et al. 2020,
arXiv:2002.10957) as int8 ONNX. Its token vectors are averaged over the tokens of the text and normalised, as its
authors' `1_Pooling` and `2_Normalize` modules do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.engines import weights
from talkbase.errors import MissingExtra

MAX_TOKENS = 256
"""Tokens after which a text is cut off: the model was trained on no more (its `sentence_bert_config.json`)."""

_BATCH_TOKENS = 1024
"""Tokens in one batch, padding included. A batch of 32 × 256 tokens took 2.1 GB of memory, so batches are bounded by
tokens: many short texts or few long ones."""


def available() -> bool:
    """Whether the text extra is installed, without loading it."""
    return all(find_spec(module) for module in ("onnxruntime", "tokenizers"))


def for_utterance(speaker_name: str | None, text: str) -> str:
    """What to embed for an utterance: the speaker's name in front of the text.

    Without the name, recall at 5 on LoCoMo falls from 36 to 16: questions name persons, utterances do not.
    """
    return f"{speaker_name}: {text}" if speaker_name else text


@dataclass(frozen=True, slots=True)
class Token:
    """Where a token stands in its text, in characters; the model's own marks have no width."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one forward pass gave for the texts at `positions`.

    `sentences` [n, 384] are L2-normalised; `tokens` holds for each text the vectors of its tokens [tokens, 384] as the
    model's last layer gives them, its marks of begin and end included.
    """

    positions: list[int]
    sentences: NDArray[np.float32]
    tokens: list[NDArray[np.float32]]


class Embedder:
    """Makes vectors of texts. The model is loaded at the first use and may be used by one thread at a time."""

    name = "minilm-l6-v2"
    dimensions = 384

    def __init__(self, *, threads: int = 0) -> None:
        """Prepare; `threads` is the number of CPU threads, 0 for one for each core."""
        self._threads = threads

    def embed(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Embed texts: float32 [n, 384], each row of length 1, in the order of the texts.

        Texts longer than 256 tokens are cut off. `progress` counts texts. Raises `MissingExtra` where the text extra is
        not installed, and `ModelUnavailable` where the weights are missing and cannot be fetched.
        """
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for batch in self.batches(texts, progress=progress):
            vectors[batch.positions] = batch.sentences
        return vectors

    def batches(self, texts: Sequence[str], *, progress: Progress = silent) -> Iterator[Batch]:
        """The same forward passes with the vectors of their tokens, batch by batch, so that memory stays bounded."""
        if not texts:
            return
        encodings = self._tokenizer.encode_batch_fast([_encodable(text) for text in texts])
        done = 0
        for positions in _batches([len(encoding.ids) for encoding in encodings]):
            yield self._run(positions, [encodings[position].ids for position in positions])
            done += len(positions)
            progress(done, len(texts))

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text as `batches` sees it, the marks of begin and end included."""
        encoding = self._tokenizer.encode(_encodable(text))
        return [Token(*span) for span in encoding.offsets]

    def _run(self, positions: list[int], ids: Sequence[Sequence[int]]) -> Batch:
        longest = max(map(len, ids))
        tokens = np.array([[*row, *[0] * (longest - len(row))] for row in ids], np.int64)
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ids], np.int64)
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        known = {entry.name for entry in self._session.get_inputs()}
        hidden = self._session.run(None, {key: value for key, value in inputs.items() if key in known})[0]
        weight = mask[:, :, None].astype(np.float32)
        mean = (hidden * weight).sum(axis=1) / weight.sum(axis=1)
        unit: NDArray[np.float32] = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return Batch(positions, unit, [vectors[: len(row)] for vectors, row in zip(hidden, ids, strict=True)])

    @cached_property
    def _folder(self) -> Path:
        return weights.locate(self.name)

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError:
            raise _missing("onnxruntime") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Spinning threads burn a core while they wait, which the speech models beside us need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps the largest batch's memory for ever.
        options.enable_cpu_mem_arena = False
        return onnxruntime.InferenceSession(
            str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise _missing("tokenizers") from None
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer


def _encodable(text: str) -> str:
    # The tokenizer wants UTF-8, in which a lone surrogate cannot be written.
    return text.encode("utf-8", "replace").decode()


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of about equal length, in batches of at most `_BATCH_TOKENS` tokens with padding."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[position] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _missing(package: str) -> MissingExtra:
    return MissingExtra(
        f"Searching by meaning needs the package {package}, which is not installed.",
        hint="Install talkbase[text].",
    )
