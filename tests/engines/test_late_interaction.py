"""Token vectors from the real model: shape, length, what compression costs, and that questions match their answers."""

from __future__ import annotations

import numpy as np
import pytest

from talkbase.domain.ranking import interaction
from talkbase.engines.embeddings import Embedder
from talkbase.engines.late_interaction import WIDTH, Encoder, unpack
from talkbase.errors import ModelUnavailable

TEXTS = ["Ann: We cannot raise the budget.", "", "Bob: My cat likes fish. " * 80, "你好"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    encoder = Encoder()
    try:
        encoder.encode(["warm up"])
    except ModelUnavailable as error:
        pytest.skip(str(error))
    return encoder


def test_one_pass_gives_the_same_sentences_and_a_vector_for_each_token(encoder: Encoder) -> None:
    encoded = encoder.encode(TEXTS)
    assert np.array_equal(encoded.sentences, Embedder().embed(TEXTS))
    assert [tokens.shape[1] for tokens in encoded.tokens] == [WIDTH] * 4
    assert [len(tokens) for tokens in encoded.tokens] == [len(encoder._embedder.tokens(text)) for text in TEXTS]
    for tokens in encoded.tokens:
        assert tokens.dtype == np.int8
        assert np.linalg.norm(unpack(tokens.tobytes()) / 127, axis=1) == pytest.approx(np.ones(len(tokens)), abs=0.03)


def test_compression_keeps_which_tokens_are_alike(encoder: Encoder) -> None:
    text = "The committee postponed the vote on the new library because the mayor was ill."
    (batch,) = encoder._embedder.batches([text])
    full = batch.tokens[0] / np.linalg.norm(batch.tokens[0], axis=1, keepdims=True)
    kept = unpack(encoder.encode([text]).tokens[0].tobytes()) / 127
    centred = full - encoder._projection[0]
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.corrcoef((centred @ centred.T).ravel(), (kept @ kept.T).ravel())[0, 1] > 0.95


def test_a_question_is_closest_to_what_answers_it(encoder: Encoder) -> None:
    question = encoder.question("When will the shop open?")
    passages = encoder.encode(["The store opens at nine.", "My cat likes fish.", "I was born in Rome."]).tokens
    weights = np.array([float(token.end > token.start) for token in question.spans])
    scores = interaction(question.tokens, weights, [unpack(tokens.tobytes()) for tokens in passages])
    assert scores.argmax() == 0
    assert scores[0] > scores[1:].max() + 0.1 * 127


def test_spans_say_where_tokens_stand(encoder: Encoder) -> None:
    question = encoder.question("Reykjavik, please")
    words = ["Reykjavik, please"[token.start : token.end] for token in question.spans if token.end > token.start]
    assert "".join(words) == "Reykjavik,please"
    assert len(question.tokens) == len(question.spans)
    assert encoder.question("\ud800 \0").tokens.shape[1] == WIDTH
