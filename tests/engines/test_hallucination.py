from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.engines.hallucination import Evidence, looped, why_invented

from .sounds import music, noise, silence

FINE = Evidence("Good morning.", speech=0.99, confidence=0.9, no_speech=0.1, log_probability=-0.2, looped=0.0)
SPEECH = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"


def test_clear_speech_is_not_doubted() -> None:
    assert why_invented(FINE, noise(1, 0.1)) is None


@pytest.mark.parametrize(
    ("evidence", "samples", "reason"),
    [
        (replace(FINE, speech=0.05), silence(1), "silence"),
        (replace(FINE, speech=0.05), noise(1, 0.0005), "silence"),
        (replace(FINE, speech=0.05), noise(1, 0.1), "noise"),
        (replace(FINE, speech=0.05), music(2), "music"),
        (replace(FINE, no_speech=0.9, log_probability=-1.4), noise(1, 0.1), "noise"),
        (replace(FINE, text="Thanks for watching!", speech=0.5), noise(1, 0.1), "stock phrase"),
        (replace(FINE, text="Untertitel der Amara.org-Community", speech=0.5), noise(1, 0.1), "stock phrase"),
        (replace(FINE, confidence=0.05), noise(1, 0.1), "improbable"),
        (replace(FINE, looped=1.0), noise(1, 0.1), "repetition"),
    ],
)
def test_each_sign_has_its_reason(evidence: Evidence, samples: object, reason: str) -> None:
    assert why_invented(evidence, samples) == reason  # type: ignore[arg-type]


def test_a_stock_phrase_that_was_surely_said_is_fine() -> None:
    assert why_invented(replace(FINE, text="Thanks for watching!"), noise(1, 0.1)) is None


def test_no_sound_at_all_is_silence() -> None:
    assert why_invented(replace(FINE, speech=0.0), silence(0)) == "silence"


@pytest.mark.parametrize("phrase", ["no", "Watch your gun,", "I am going to be doing this."])
def test_a_planted_loop_is_found_where_it_is(phrase: str) -> None:
    loop = phrase.split() * max(4, -(-8 // len(phrase.split())))
    marks = looped([*SPEECH.split(), *loop])
    assert marks[-len(loop) :].all()
    assert not marks[: -len(loop)].any()


@pytest.mark.parametrize("said", ["no no no no", "had had had", SPEECH, "we had a we had a long problem", ""])
def test_what_people_say_is_no_loop(said: str) -> None:
    assert not looped(said.split()).any()


def test_text_that_compresses_too_well_is_a_loop() -> None:
    assert looped([*"ababbabaabbabbaababaababbaba"] * 6).all()


@given(st.lists(st.text(max_size=6), max_size=40))
def test_any_words_get_one_mark_each(words: list[str]) -> None:
    assert len(looped(words)) == len(words)
