from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from talkbase.engines.speech import Choice, Recogniser, Segment, choose
from talkbase.errors import Interrupted, MissingExtra, NotFound, UsageError
from talkbase.media.sound import RATE, Sound

from .sounds import clip, music, noise, silence, sound, wail

SAID = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


@pytest.fixture
def speech(samples: Path) -> np.ndarray:
    return clip(samples / "jfk.wav")


def _plain(segments: list[Segment]) -> str:
    return " ".join(re.sub(r"[^\w ]", "", segment.text).lower().strip() for segment in segments)


def test_a_speech_becomes_its_words_with_times(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    segments = list(recogniser.transcribe(sound(tmp_path, speech)))
    assert _plain(segments) == SAID
    words = [word for segment in segments for word in segment.words]
    assert "".join(word.text for word in words).split() == " ".join(segment.text for segment in segments).split()
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= 11.0
    assert all(0 < word.confidence <= 1 for word in words)
    assert {(segment.language, segment.suspect) for segment in segments} == {("en", None)}
    assert all(0.7 < segment.confidence <= 1 for segment in segments)


@pytest.mark.slow
def test_order_and_times_hold_over_many_windows(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    gap = silence(20)
    recording = sound(tmp_path, np.concatenate([speech, gap, speech, gap, speech, gap, speech]))
    reports: list[tuple[float, float]] = []
    segments = list(
        recogniser.transcribe(recording, language="en", progress=lambda done, total: reports.append((done, total)))
    )
    assert _plain(segments) == " ".join([SAID] * 4)
    starts = [segment.start for segment in segments]
    assert starts == sorted(starts) and 92 <= starts[-1] <= 104
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert reports[-1] == (recording.duration, recording.duration)


def test_a_stopped_run_goes_on_where_it_was(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    recording = sound(tmp_path, np.concatenate([speech, silence(20), speech]))
    segments = list(recogniser.transcribe(recording, language="en", start=15.0))
    assert _plain(segments) == SAID and segments[0].start > 30


def test_progress_may_interrupt(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        list(recogniser.transcribe(sound(tmp_path, speech), language="en", progress=stop))


def test_each_channel_is_heard_alone(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    recording = sound(tmp_path, speech, silence(len(speech) / RATE))
    assert _plain(list(recogniser.transcribe(recording, channel=0))) == SAID
    assert list(recogniser.transcribe(recording, channel=1)) == []


def test_ten_hours_of_silence_have_no_words(recogniser: Recogniser, tmp_path: Path) -> None:
    path = tmp_path / "silence.raw"
    path.touch()
    os.truncate(path, 10 * 3600 * RATE * 2)
    recording = Sound(path, 1)
    assert recording.duration == 36_000
    assert list(recogniser.transcribe(recording)) == []
    assert recogniser.detect_language(recording) is None


def test_an_empty_sound_has_no_words(recogniser: Recogniser, tmp_path: Path) -> None:
    for seconds in (0.0, 0.0001, 0.01, 0.2):
        assert list(recogniser.transcribe(sound(tmp_path, silence(seconds)))) == []


def test_a_scrap_of_speech_is_no_error(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    for length in (60, 800, 8000):
        list(recogniser.transcribe(sound(tmp_path, speech[6000 : 6000 + length])))


@pytest.mark.parametrize("made", [noise(30, 0.05), music(30), wail(30)], ids=["noise", "music", "wail"])
@pytest.mark.slow
def test_what_is_heard_in_noise_and_music_is_doubted(recogniser: Recogniser, made: np.ndarray, tmp_path: Path) -> None:
    segments = list(recogniser.transcribe(sound(tmp_path, made)))
    assert [segment.text for segment in segments if segment.suspect is None] == []


@pytest.mark.slow
def test_a_loop_is_doubted(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    looping = np.tile(speech[int(5.3 * RATE) : int(6.1 * RATE)], 12)
    segments = list(recogniser.transcribe(sound(tmp_path, looping), language="en"))
    assert segments and {segment.suspect for segment in segments} == {"repetition"}


@pytest.mark.slow
def test_two_languages_are_each_written_as_spoken(recogniser: Recogniser, shared_data: Path, tmp_path: Path) -> None:
    recording = sound(tmp_path, clip(shared_data / "audio" / "misc" / "multilingual.mp3"))
    segments = list(recogniser.transcribe(recording))
    english = [segment for segment in segments if segment.end < 29]
    german = [segment for segment in segments if segment.start > 31]
    assert english and {segment.language for segment in english} == {"en"}
    assert german and {segment.language for segment in german} == {"de"}
    assert "Permission is hereby granted" in _text(english) and "Software" in _text(german)
    assert recogniser.detect_language(recording)[0] in {"en", "de"}


def _text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def test_a_language_is_taken_as_given(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    segments = list(recogniser.transcribe(sound(tmp_path, speech), language="de-AT"))
    assert {segment.language for segment in segments} == {"de"}
    with pytest.raises(UsageError, match="klingon"):
        list(recogniser.transcribe(sound(tmp_path, speech), language="klingon"))


@pytest.mark.slow
def test_names_can_be_given(recogniser: Recogniser, speech: np.ndarray, tmp_path: Path) -> None:
    hotwords = ["Kennedy", "Washington"] * 200
    assert "country" in _plain(list(recogniser.transcribe(sound(tmp_path, speech), hotwords=hotwords)))


def test_models_that_do_not_recognise_speech_are_refused() -> None:
    with pytest.raises(UsageError, match="minilm-l6-v2"):
        Recogniser("minilm-l6-v2")
    with pytest.raises(NotFound):
        Recogniser("whisper-gigantic")


def test_a_missing_extra_names_the_command(speech: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "faster_whisper"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", None)
    with pytest.raises(MissingExtra, match=r"pip install 'talkbase\[speech\]'"):
        list(Recogniser().transcribe(sound(tmp_path, speech)))


def test_profiles_choose_what_is_here(models_folder: Path) -> None:
    assert choose("fast") == Choice("whisper-base", 1)
    assert choose("balanced") == Choice("whisper-base", 5)
    assert choose("accurate") == Choice("whisper-base", 5), "nothing better has been fetched"
