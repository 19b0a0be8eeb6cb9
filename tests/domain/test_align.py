from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.align import align, assign, smooth
from talkbase.domain.transcript import Word


@dataclass(frozen=True)
class Turn:
    start: float
    end: float
    speaker: int | str


def said(text: str, *, start: float = 0.0, each: float = 0.3, gap: float = 0.02) -> tuple[Word, ...]:
    """Words of equal length, written with a space in front as Whisper writes them."""
    return tuple(
        Word(f" {word}", start + at * each, start + (at + 1) * each - gap, 0.5 + at / 100)
        for at, word in enumerate(text.split())
    )


def texts(words: Sequence[Word], turns: Sequence[Turn], **options: float) -> list[tuple[str | None, str]]:
    return [(utterance.speaker, utterance.text) for utterance in align(words, turns, **options)]


def test_turns_become_utterances() -> None:
    words = said("Where were you? I was at home.")
    assert texts(words, [Turn(0, 0.9, 0), Turn(0.9, 3, 1)]) == [("0", "Where were you?"), ("1", "I was at home.")]


def test_a_change_that_is_a_word_late_is_put_right_by_the_sentence() -> None:
    words = said("Where were you yesterday? I was at home all day.")
    late = [Turn(0, 1.5, "A"), Turn(1.5, 4, "B")]
    assert assign(words, late)[4] == "A"
    assert texts(words, late) == [("A", "Where were you yesterday?"), ("B", "I was at home all day.")]


def test_a_real_interruption_stays() -> None:
    words = said("I would say that the whole no no no that is quite wrong")
    assert texts(words, [Turn(0, 2.1, "A"), Turn(2.1, 9, "B")]) == [
        ("A", "I would say that the whole no"),
        ("B", "no no that is quite wrong"),
    ]


def test_a_short_answer_of_its_own_stays() -> None:
    words = said("Do you agree? Yes. Then let us go on.")
    turns = [Turn(0, 0.9, "A"), Turn(0.9, 1.2, "B"), Turn(1.2, 9, "A")]
    assert texts(words, turns, min_length=0.5) == [
        ("A", "Do you agree?"),
        ("B", "Yes."),
        ("A", "Then let us go on."),
    ]


def test_overlapping_turns_give_the_word_to_the_larger_share_and_ties_to_who_was_talking() -> None:
    words = said("one two three four")
    assert assign(words, [Turn(0, 0.6, "A"), Turn(0.3, 1.2, "B")]) == ["A", "A", "B", "B"]
    assert assign(words, [Turn(0, 0.31, "B"), Turn(0.31, 5, "A"), Turn(0.31, 5, "B")]) == ["B", "B", "B", "B"]


def test_several_turns_of_one_speaker_count_together() -> None:
    word = (Word(" long", 0, 1.0),)
    assert assign(word, [Turn(0, 0.3, "A"), Turn(0.3, 0.7, "B"), Turn(0.7, 1.0, "A")]) == ["A"]


def test_uncovered_words() -> None:
    words = (Word(" near", 1.0, 1.2), Word(" far", 50.0, 50.2), Word(" untimed"), Word(" B", 90, 91))
    assert assign(words, [Turn(2, 3, "A"), Turn(90, 91, "B")]) == ["A", "A", "A", "B"]
    assert assign((Word(" early", 0, 1), Word(" B", 90, 91)), [Turn(90, 91, "B")]) == ["B", "B"]
    assert assign(words, []) == [None] * 4


def test_no_turns_no_words() -> None:
    assert align((), []) == ()
    assert texts(said("Just text."), []) == [(None, "Just text.")]


def test_cut_at_pauses() -> None:
    words = said("before the pause") + said("after it", start=5.0)
    assert texts(words, [Turn(0, 9, 0)]) == [("0", "before the pause"), ("0", "after it")]
    assert len(texts(words, [Turn(0, 9, 0)], max_pause=10)) == 1


def test_cut_at_sentence_ends_but_not_at_abbreviations_or_into_crumbs() -> None:
    words = said("I saw Dr. Smith pay 3.5 dollars for a coat. Yes. He then left for a walk.")
    assert texts(words, [Turn(0, 99, 0)]) == [
        ("0", "I saw Dr. Smith pay 3.5 dollars for a coat."),
        ("0", "Yes. He then left for a walk."),
    ]
    split = (*said("It costs 3."), Word("5", 0.9, 1.2), *said("dollars in all now.", start=1.2))
    assert texts(split, [], min_length=0.1) == [(None, "It costs 3.5 dollars in all now.")]


def test_nothing_longer_than_the_limit() -> None:
    words = said(" ".join(["word"] * 40 + ["comma,"] + ["word"] * 159))
    utterances = align(words, [Turn(0, 99, 0)], max_length=20)
    assert all(u.end - u.start <= 20 for u in utterances if u.start is not None and u.end is not None)
    assert sum(len(u.words) for u in utterances) == 200


def test_confidence_is_the_mean_and_text_is_as_written() -> None:
    words = (Word(" Hel", 0, 0.2, 0.2), Word("lo", 0.2, 0.4, 0.6), Word(" you", 0.4, 0.6))
    (utterance,) = align(words, [Turn(0, 1, 3)])
    assert utterance.text == "Hello you"
    assert utterance.confidence == pytest.approx(0.4)
    assert (utterance.start, utterance.end, utterance.speaker, utterance.words) == (0, 0.6, "3", words)


def test_smoothing_moves_only_what_is_shorter_than_its_neighbours() -> None:
    words = said("one two three four")
    assert smooth(words, ["A", "A", "B", "A"]) == ["A"] * 4
    assert smooth(words, [None] * 4) == [None] * 4


spans = st.tuples(st.floats(0, 60), st.floats(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))
turns_ = st.lists(st.builds(lambda span, who: Turn(*span, who), spans, st.integers(0, 3)), max_size=12)
tokens = st.sampled_from([" yes", " no.", " Dr.", " what?", " so,", "3.", "5", " …", " I", "。", " mm"])


@st.composite
def word_lists(draw: st.DrawFn) -> tuple[Word, ...]:
    words, time = [], 0.0
    for token in draw(st.lists(tokens, max_size=40)):
        if draw(st.integers(0, 9)) == 0:
            words.append(Word(token))
            continue
        time += draw(st.sampled_from([0.0, 0.05, 0.3, 1.5]))
        length = draw(st.sampled_from([0.0, 0.1, 0.3, 2.0]))
        words.append(Word(token, time, time + length, draw(st.none() | st.floats(0, 1))))
        time += length
    return tuple(words)


@given(word_lists(), turns_)
def test_what_always_holds(words: tuple[Word, ...], turns: list[Turn]) -> None:
    utterances = align(words, turns)
    assert tuple(word for utterance in utterances for word in utterance.words) == words
    nobody = all(utterance.speaker is None for utterance in utterances)
    known = {None} if nobody else {str(turn.speaker) for turn in turns}
    for utterance in utterances:
        assert utterance.words
        assert utterance.speaker in known
        assert utterance.text == "".join(word.text for word in utterance.words).strip()
        assert (utterance.start is None) == (utterance.end is None)
        assert utterance.confidence is None or 0 <= utterance.confidence <= 1
        if utterance.start is not None and utterance.end is not None:
            assert utterance.start <= utterance.end
    starts = [utterance.start for utterance in utterances if utterance.start is not None]
    assert starts == sorted(starts)
    assert all(len(u.words) == 1 or (u.end or 0) - (u.start or 0) <= 20 for u in utterances)


@given(word_lists(), turns_)
def test_alignment_does_not_depend_on_the_order_of_turns(words: tuple[Word, ...], turns: list[Turn]) -> None:
    assert align(words, turns) == align(words, turns[::-1])


@given(word_lists(), turns_)
def test_pauses_are_cut(words: tuple[Word, ...], turns: list[Turn]) -> None:
    for utterance in align(words, turns, max_pause=1.0):
        for before, after in pairwise(utterance.words):
            if before.end is not None and after.start is not None:
                assert after.start - before.end <= 1.0 + 1e-9


def test_long_recordings_take_linear_time() -> None:
    # Ten hours of talk: quadratic work would take minutes.
    words = tuple(Word(f" w{at % 17}{'.' if at % 20 == 0 else ''}", at * 0.3, at * 0.3 + 0.28) for at in range(100_000))
    turns = [Turn(at * 6.0, at * 6.0 + 5.5, at % 4) for at in range(5_000)]
    assert sum(len(utterance.words) for utterance in align(words, turns)) == 100_000
