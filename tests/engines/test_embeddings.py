"""The real model: meaning, shape, order, length; skipped only where its weights cannot be had."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from talkbase.engines.embeddings import MAX_TOKENS, Embedder, _batches, available, for_utterance
from talkbase.errors import ModelUnavailable


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    embedder = Embedder()
    try:
        embedder.embed(["warm up"])
    except ModelUnavailable as error:
        pytest.skip(str(error))
    return embedder


def test_near_in_meaning_is_near_in_angle(embedder: Embedder) -> None:
    question, *answers = embedder.embed(
        ["When do we ship the release?", "We will publish the new version on Friday.", "My cat likes fish."]
    )
    near, far = (float(question @ answer) for answer in answers)
    assert near > far + 0.2


def test_the_vectors_are_those_of_the_model_card(embedder: Embedder) -> None:
    """The similarities of sentence-transformers' own example, within what int8 costs."""
    vectors = embedder.embed(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    assert vectors[0] @ vectors[1:].T == pytest.approx([0.695, 0.943, 0.257], abs=0.05)


def test_shape_length_and_order(embedder: Embedder) -> None:
    texts = ["a", "a much longer text about the weather in spring", "", "b " * 90, "你好", "a"]
    vectors = embedder.embed(texts)
    assert vectors.shape == (6, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert np.array_equal(vectors[0], vectors[5])
    for position, text in enumerate(texts):
        assert float(embedder.embed([text])[0] @ vectors[position]) > 0.999


def test_nothing_in_nothing_out(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_long_texts_are_cut_off(embedder: Embedder) -> None:
    kept = "word " * (MAX_TOKENS - 2)
    vectors = embedder.embed([kept, kept + "elephants in the jungle " * 2000])
    assert np.allclose(vectors[0], vectors[1], atol=1e-6)


def test_strange_texts(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed(["\0", "\ud800 lone", "🚗" * 500, "\u200b", " \n"])).all()


def test_progress_counts_texts(embedder: Embedder) -> None:
    seen: list[tuple[float, float]] = []
    embedder.embed(
        [f"text {at} " * (at % 9 + 1) for at in range(100)], progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (100, 100)
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_batches_are_bounded_by_tokens() -> None:
    lengths = [256] * 9 + [3] * 700 + [40, 1]
    batches = list(_batches(lengths))
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[position] for position in batch) <= 1024 for batch in batches)


def test_the_text_extra_is_here() -> None:
    assert available()


def test_the_name_goes_in_front() -> None:
    assert for_utterance("Ann", "Hello.") == "Ann: Hello."
    assert for_utterance(None, "Hello.") == "Hello."


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_package_is_named_with_its_extra(embedder: Embedder, package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from talkbase.engines.embeddings import Embedder, available\nfrom talkbase.errors import MissingExtra\n"
        "print(available())\ntry: Embedder().embed(['x'])\nexcept MissingExtra as error: print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("False")
    assert package in shown
    assert "talkbase[text]" in shown
