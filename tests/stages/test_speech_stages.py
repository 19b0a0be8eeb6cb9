"""The stages over a real recording: what they write, what they skip, and what of a person's work they leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from talkbase.actions.library import Talkbase
from talkbase.engines import weights
from talkbase.errors import UsageError
from talkbase.stages import Options

pytestmark = pytest.mark.slow
FAST = Options(profile="fast", language="en", without=("embed",))
SPOKEN = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."


@pytest.fixture(autouse=True)
def models() -> None:
    if not weights.is_installed("whisper-base"):
        pytest.skip("the model whisper-base is not here (talkbase models fetch)")


def words(text: str) -> list[str]:
    return [word.strip(".,").lower() for word in text.split()]


def test_a_recording_becomes_rows_that_name_their_run(tb: Talkbase, samples: Path) -> None:
    added = tb.add(samples / "jfk.wav", options=FAST)
    assert added.status == "completed", added.error
    found = tb.show(added.id or "")
    assert words(" ".join(u.text for u in found.utterances)) == words(SPOKEN)
    assert (found.language, [s.label for s in found.speakers]) == ("en", ["S1"])
    assert found.duration == pytest.approx(11.0, abs=0.01)
    for utterance in found.utterances:
        assert utterance.speaker == "S1"
        assert utterance.confidence is not None and 0 < utterance.confidence <= 1
        assert utterance.words
        assert all(0 <= word["start"] <= word["end"] <= 11.01 for word in utterance.words)
        assert "".join(word["text"] for word in utterance.words).split() == utterance.text.split()
    runs = {run.stage: run for run in tb.runs(added.id or "")}
    assert runs["transcribe"].model == "whisper-base"
    with tb.database.reading() as reading:
        assert reading.value("SELECT array_agg(DISTINCT run_id) FROM utterances") == [runs["diarize"].id]
        turns = reading.rows("SELECT t.*, s.label FROM speaker_turns t JOIN speakers s ON s.id = t.speaker_id")
        assert turns
        assert {turn["label"] for turn in turns} == {"S1"}
        assert reading.value("SELECT count(*) FROM speakers WHERE voice IS NOT NULL") == 0  # nobody asked for voices
    again = tb.analyze(added.id or "", FAST)
    assert dict(again.ran) == {}


def test_corrections_are_not_written_over(tb: Talkbase, samples: Path) -> None:
    added = tb.add(samples / "jfk.wav", options=FAST)
    with tb.database.writing() as writing:
        writing.execute("UPDATE utterances SET text = text || ' (applause)', version = version + 1")
    tb.rename_speaker(added.id or "", "S1", "John F. Kennedy")
    before = tb.show(added.id or "")
    with pytest.raises(UsageError, match="People have corrected this transcript"):
        tb.analyze(added.id or "", Options(profile="accurate", speech_model="whisper-tiny.en", without=("embed",)))
    after = tb.show(added.id or "")
    assert (after.utterances, after.speakers) == (before.utterances, before.speakers)
    # Another number of speakers concerns only who spoke: texts, names and versions stay.
    tb.analyze(added.id or "", Options(profile="fast", language="en", speakers=2, without=("embed", "transcribe")))
    kept = tb.show(added.id or "")
    assert [(u.id, u.text, u.version) for u in kept.utterances] == [
        (u.id, u.text, u.version) for u in before.utterances
    ]
    assert "John F. Kennedy" in {s.name for s in kept.speakers}


def test_a_voice_is_proposed_only_when_asked_for_and_joined_only_by_a_person(tb: Talkbase, samples: Path) -> None:
    voices = Options(profile="fast", language="en", voice_identity=True, without=("embed",))
    first = tb.add(samples / "jfk.wav", options=voices, title="first")
    second = tb.add(samples / "jfk.wav", options=voices, title="second", again=True)
    assert (first.status, second.status) == ("completed", "completed")
    proposals = tb.proposals()
    assert [(p.conversation, p.other_conversation, p.status) for p in proposals] == [("second", "first", "proposed")]
    assert proposals[0].distance < 0.01
    assert tb.people() == []
    person = tb.resolve_proposal(proposals[0].id, accept=True, name="John F. Kennedy")
    assert [(found.id, found.name, found.conversations) for found in tb.people()] == [(person, "John F. Kennedy", 2)]
    assert tb.proposals() == []
    with tb.database.writing() as writing:
        writing.execute("UPDATE people SET consent = 'withdrawn'")
    third = tb.add(samples / "jfk.wav", options=voices, title="third", again=True)
    assert third.status == "completed"
    assert tb.proposals() == []  # who withdrew consent is not compared with
