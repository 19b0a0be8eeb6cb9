"""Word and speaker errors against counts worked out by hand, and RTTM read and written."""

from __future__ import annotations

import builtins
import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain import rttm
from talkbase.domain.metrics import SpeakerErrors, der, normalised, wer
from talkbase.domain.rttm import SpeakerTurn
from talkbase.errors import MissingExtra, UnreadableInput


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert wer("Ask not, what your COUNTRY can do.", "ask not what your country can do").rate == 0


def test_word_errors_are_counted_by_kind() -> None:
    found = wer("one two three four", "one too four five")
    assert (found.substituted, found.deleted, found.inserted, found.words) in {(1, 1, 1, 4), (3, 0, 0, 4)}
    assert found.rate == 0.75


def test_an_empty_reference_is_no_division_by_zero() -> None:
    assert wer("", "").rate == 0
    assert math.isinf(wer("", "invented words").rate)
    assert der([], []).rate == 0
    assert math.isinf(der([], [SpeakerTurn(0, 1, "a")]).rate)


def test_an_empty_hypothesis_misses_everything() -> None:
    assert wer("one two", "").rate == 1
    assert der([SpeakerTurn(0, 2, "a")], []).rate == 1


def test_apostrophes_hold_words_together() -> None:
    assert normalised("Don’t — “stop”!") == "don't stop"


def test_speakers_are_mapped_by_who_fits_best() -> None:
    truth = [SpeakerTurn(0, 4, "anna"), SpeakerTurn(4, 8, "bob")]
    assert der(truth, [SpeakerTurn(0, 4, "S2"), SpeakerTurn(4, 8, "S1")]).rate == 0


def test_speaker_errors_by_kind() -> None:
    truth = [SpeakerTurn(0, 4, "anna"), SpeakerTurn(4, 8, "bob")]
    found = der(truth, [SpeakerTurn(1, 5, "x"), SpeakerTurn(5, 9, "y")], scored=(0, 10))
    assert (found.missed, found.confusion, found.false_alarm, found.total) == (1, 1, 1, 8)
    assert found.rate == pytest.approx(3 / 8)


def test_overlapping_speech_counts_for_each_speaker() -> None:
    truth = [SpeakerTurn(0, 4, "anna"), SpeakerTurn(2, 4, "bob")]
    assert der(truth, [SpeakerTurn(0, 4, "x")]) == SpeakerErrors(2, 0, 0, 6)


def test_a_collar_forgives_on_each_side() -> None:
    truth = [SpeakerTurn(1, 4, "anna")]
    assert der(truth, [SpeakerTurn(1.25, 4.25, "x")], collar=0.25).rate == pytest.approx(0)
    assert der(truth, [SpeakerTurn(1.3, 4, "x")], collar=0.25).rate > 0


def test_only_what_is_scored_counts() -> None:
    assert der([SpeakerTurn(0, 4, "a")], [SpeakerTurn(0, 8, "x")], scored=(0, 4)).rate == 0


def test_errors_add_up_over_files() -> None:
    assert (SpeakerErrors(1, 0, 0, 4) + SpeakerErrors(0, 1, 2, 4)).rate == 0.5


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith(("jiwer", "pyannote")):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for module in [name for name in sys.modules if name.startswith(("jiwer", "pyannote"))]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"evaluate"):
        wer("a", "b")
    with pytest.raises(MissingExtra, match=r"evaluate"):
        der([SpeakerTurn(0, 1, "a")], [])


names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
milliseconds = st.integers(0, 10_000_000).map(lambda value: value / 1000)
turns = st.builds(lambda a, b, who: SpeakerTurn(min(a, b), max(a, b), who), milliseconds, milliseconds, names)


@given(file=names, spoken=st.lists(turns, min_size=1, max_size=6))
def test_what_is_written_is_read_back(file: str, spoken: list[SpeakerTurn]) -> None:
    back = rttm.parse(rttm.render(file, spoken))[file]
    assert [turn.speaker for turn in back] == [turn.speaker for turn in spoken]
    assert [turn.start for turn in back] == pytest.approx([turn.start for turn in spoken])
    assert [turn.end for turn in back] == pytest.approx([turn.end for turn in spoken])


def test_other_lines_are_passed_over() -> None:
    text = "\ufeff;; a comment\nSPKR-INFO x 1 <NA> <NA> <NA> unknown A <NA> <NA>\n\nSPEAKER x 1 1.5 2 <NA> <NA> A\n"
    assert rttm.parse(text) == {"x": (SpeakerTurn(1.5, 3.5, "A"),)}


@pytest.mark.parametrize(
    "line", ["SPEAKER", "SPEAKER x 1 one 2 a b c", "SPEAKER x 1 0 nan a b c", "SPEAKER x 1 -1 2 a b c"]
)
def test_a_damaged_line_is_named(line: str) -> None:
    with pytest.raises(UnreadableInput, match="Line 2"):
        rttm.parse(f"SPEAKER x 1 0 1 <NA> <NA> A <NA> <NA>\n{line}\n")


def test_names_with_spaces_stay_one_field() -> None:
    assert rttm.parse(rttm.render("my file", [SpeakerTurn(0, 1, "Anna B")])) == {
        "my_file": (SpeakerTurn(0, 1, "Anna_B"),)
    }
