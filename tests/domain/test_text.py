from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.text import SEARCH_CONFIGS, ends_sentence, normalise, search_config, sentence_spans, sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mr. Smith paid 3.5 dollars. He left.", ["Mr. Smith paid 3.5 dollars.", "He left."]),
        ("He said: “Go!” Then we went.", ["He said: “Go!”", "Then we went."]),
        ("Use a list, e.g. this one. Or not.", ["Use a list, e.g. this one.", "Or not."]),
        ("See No. 5 there. No. That is it.", ["See No. 5 there.", "No.", "That is it."]),
        ("J. R. Tolkien wrote it. You and I. We read.", ["J. R. Tolkien wrote it.", "You and I.", "We read."]),
        ("well… maybe... not. Yes… No?", ["well… maybe... not.", "Yes…", "No?"]),
        ("你好。再见！好", ["你好。", "再见！", "好"]),
        ("Das ist z.B. gut. Ja.", ["Das ist z.B. gut.", "Ja."]),
        ("no end here", ["no end here"]),
        (" \n ", []),
        ("", []),
        ("One.\n\nTwo.", ["One.", "Two."]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert list(sentences(text)) == parts


@given(st.text(alphabet="ab C.!?…“” \n。3", max_size=60))
def test_sentences_lose_nothing_but_whitespace(text: str) -> None:
    spans = list(sentence_spans(text))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


def test_the_last_word_ends_a_sentence_only_by_its_mark() -> None:
    assert ends_sentence(" done.")
    assert not ends_sentence(" done")
    assert not ends_sentence(" done,")


@pytest.mark.parametrize(
    ("language", "config"),
    [
        ("en", "english"), ("en-US", "english"), ("EN_us", "english"), ("english", "english"), ("de", "german"),
        ("nb", "norwegian"), ("zh", "simple"), ("xx", "simple"), ("", "simple"), (None, "simple"),
        ("'; drop", "simple"),
    ],
)  # fmt: skip
def test_search_config(language: str | None, config: str) -> None:
    assert search_config(language) == config
    assert config in SEARCH_CONFIGS


def test_normalise() -> None:
    assert normalise(" a\n\tb  c ") == "a b c"
