"""The order of candidates: against figures worked out by hand, and properties that hold for all."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.ranking import (
    WEIGHTS,
    Candidate,
    Weights,
    idf,
    interaction,
    names_in,
    scores,
    telling,
    token_weights,
)

ONLY_WORDS = Weights(words=1, meaning=0, tokens=0, neighbours=0, named=0, session=0, dated=0)


DAY, LATER = date(2023, 5, 7), date(2023, 8, 1)


def candidate(position: int, words: float = 0.0, **more: object) -> Candidate:
    values = {"conversation": "c", "position": position, "day": None, "speaker": None, "words": words,
              "meaning": None, "tokens": None} | more  # fmt: skip
    return Candidate(**values)  # type: ignore[arg-type]


def test_idf_is_that_of_bm25() -> None:
    assert idf(1, 10) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert idf(10, 10) == pytest.approx(math.log(1 + 0.5 / 10.5))
    assert idf(20, 10) > 0  # counts of one's own and hits of others need not agree


def test_words_of_asking_tell_nothing_and_unheard_ones_less_than_rare_ones() -> None:
    assert telling("discuss", 3, 1000) == 0
    assert telling("budget", 3, 1000) == idf(3, 1000)
    assert 0 < telling("spreadsheet", 0, 1000) < telling("budget", 1, 1000)


def test_a_token_tells_what_its_word_tells_and_a_name_less() -> None:
    text = "What did Ann's kitten, Pixel, eat?"
    tells = {"kitten": 2.0, "pixel": 3.0, "ann's": 4.0}
    places = [(0, 0), (0, 4), (9, 12), (12, 13), (15, 18), (18, 21), (23, 28), (28, 29)]
    weights = token_weights(text, places, tells, ["Ann", "Bob"])
    assert list(weights) == [0, 0, 2, 2, 2, 2, 3, 3]
    assert list(token_weights(text, places[2:4], tells, [])) == [4, 4]


def test_interaction_takes_the_closest_token_of_the_passage_for_each_of_the_question() -> None:
    question = np.eye(2, dtype=np.float32)
    passages = [
        np.array([[0.6, 0.8], [1, 0]], np.float32),
        np.array([[0, 1]], np.float32),
        np.zeros((0, 2), np.float32),
    ]
    assert interaction(question, np.array([1.0, 1.0]), passages) == pytest.approx([0.9, 0.5, 0])
    assert interaction(question, np.array([3.0, 1.0]), passages) == pytest.approx([0.95, 0.25, 0])
    assert interaction(question, np.zeros(2), passages) == pytest.approx([0.9, 0.5, 0])
    assert interaction(question, np.ones(2), [passages[2]]) == pytest.approx([0])


def test_scores_are_standardised() -> None:
    values = scores([candidate(0, 1.0), candidate(5, 2.0), candidate(9, 3.0)], "x", ONLY_WORDS)
    assert values == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])


def test_what_stands_beside_a_good_hit_rises() -> None:
    heap = [candidate(at, 9.0 if at == 10 else 0.0) for at in range(0, 21)]
    values = scores(heap, "x", replace(ONLY_WORDS, neighbours=0.3))
    assert values[10] > values[9] > values[8] > values[7]
    assert values[11] == pytest.approx(values[9])
    assert values[12] == pytest.approx(values[8])
    other = [replace(item, conversation="d") if item.position != 10 else item for item in heap]
    apart = scores(other, "x", replace(ONLY_WORDS, neighbours=0.3))
    assert apart[9] - apart[5] < values[9] - values[5]


def test_the_best_session_lifts_its_utterances() -> None:
    found = [candidate(at, float(at in (0, 2)), day=DAY if at < 5 else LATER) for at in range(10)]
    values = scores(found, "x", replace(ONLY_WORDS, session=1.0))
    assert values[4] > values[9]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("What did Caroline say?", {"Caroline Smith"}),
        ("what did caroline smith say", {"Caroline Smith"}),
        ("What did C think about the PDA?", {"Grad C"}),
        ("What did the Project Manager say?", {"Project Manager"}),
        ("how is the project going", set()),
        ("A question", set()),
        ("", set()),
    ],
)
def test_named(text: str, named: set[str]) -> None:
    assert names_in(text, ["Caroline Smith", "Grad C", "Project Manager", "Professor A"]) == named


def test_what_was_said_when_the_question_asks_is_preferred() -> None:
    values = scores([candidate(0, day=DAY), candidate(5, day=LATER), candidate(9)], "What happened in May 2023?")
    assert values[0] > values[1] == pytest.approx(values[2], abs=1)


def test_the_named_person_is_preferred() -> None:
    values = scores([candidate(0, speaker="Ann"), candidate(5, speaker="Bob")], "What did Bob say?")
    assert values[1] > values[0]


FLOATS = st.floats(-5, 30)
CANDIDATES = st.lists(
    st.builds(Candidate, conversation=st.sampled_from("xy"), position=st.integers(0, 30),
              day=st.sampled_from([None, DAY, LATER]), speaker=st.sampled_from([None, "Ann", "Bob C"]),
              words=FLOATS, meaning=st.none() | FLOATS,
              tokens=st.none() | FLOATS),
    max_size=30, unique_by=lambda one: (one.conversation, one.position),
)  # fmt: skip


@given(CANDIDATES, st.text(max_size=20))
def test_scores_are_finite_and_do_not_hang_on_the_order(found: list[Candidate], text: str) -> None:
    values = scores(found, text, WEIGHTS)
    assert values.shape == (len(found),)
    assert np.isfinite(values).all()
    assert scores(found[::-1], text, WEIGHTS) == pytest.approx(values[::-1], abs=1e-6)
