"""Who spoke when, on real recordings and on joined ones whose speakers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from talkbase.domain import rttm
from talkbase.domain.metrics import der
from talkbase.domain.rttm import SpeakerTurn
from talkbase.engines.channels import channel_turns, channels_are_speakers
from talkbase.engines.clustering import MOST, voices_of
from talkbase.engines.diarization import Diarization, Diarizer, Turn, turns_in
from talkbase.errors import Interrupted

from .sounds import Samples, clip, music, noise, silence, sound


@pytest.fixture(scope="module")
def diarizer() -> Diarizer:
    return Diarizer()


@pytest.fixture(scope="module")
def kennedy() -> Samples:
    return clip(Path(__file__).parent.parent / "data" / "jfk.wav")


@pytest.fixture(scope="module")
def meeting() -> Samples:
    return clip(Path(__file__).parents[2] / "examples" / "ami-meeting-excerpt.flac")


@pytest.fixture(scope="module")
def conversation(kennedy: Samples, meeting: Samples) -> Samples:
    """Kennedy, a person of a meeting, and Kennedy again."""
    person = meeting[32_000:128_000] / np.abs(meeting).max() * np.abs(kennedy).max()
    return np.concatenate([kennedy[:90_000], silence(0.5), person, silence(0.5), kennedy[90_000:]])


def check(found: Diarization, duration: float) -> None:
    """What holds for every diarization."""
    assert all(0 <= turn.start < turn.end <= duration + 0.001 for turn in found.turns)
    assert list(found.turns) == sorted(found.turns, key=lambda turn: (turn.start, turn.speaker))
    assert list(dict.fromkeys(turn.speaker for turn in found.turns)) == list(range(len(found.voices)))
    assert found.voices.shape[1] == 256
    assert np.isfinite(found.voices).all()
    assert np.linalg.norm(found.voices, axis=1) == pytest.approx(1, abs=1e-3)


def test_one_speaker_is_one(diarizer: Diarizer, kennedy: Samples, tmp_path: Path) -> None:
    found = diarizer.diarize(sound(tmp_path, kennedy))
    check(found, 11)
    assert len(found.voices) == 1
    assert sum(turn.end - turn.start for turn in found.turns) > 7


def test_two_speakers_are_told_apart(diarizer: Diarizer, conversation: Samples, tmp_path: Path) -> None:
    found = diarizer.diarize(sound(tmp_path, conversation))
    check(found, len(conversation) / 16_000)
    assert len(found.voices) == 2
    speakers = [speaker_at(found, second) for second in (2.5, 8.5, 16.5)]
    assert speakers == [0, 1, 0]


def speaker_at(found: Diarization, second: float) -> int:
    return max(found.turns, key=lambda turn: min(turn.end, second + 1) - max(turn.start, second - 1)).speaker


def test_a_meeting_across_the_room(diarizer: Diarizer, meeting: Samples, samples: Path, tmp_path: Path) -> None:
    truth = rttm.parse((samples / "diarization" / "ami-meeting-excerpt.rttm").read_text())["dev00"]
    found = diarizer.diarize(sound(tmp_path, meeting))
    check(found, 30)
    named = [SpeakerTurn(turn.start, turn.end, str(turn.speaker)) for turn in found.turns]
    assert len(found.voices) == 2
    assert der(truth, named).rate < 0.25
    assert der(truth, named, collar=0.25).rate < 0.15


def test_the_number_given_is_honoured(diarizer: Diarizer, conversation: Samples, tmp_path: Path) -> None:
    recording = sound(tmp_path, conversation)
    for speakers in (1, 2, 3):
        found = diarizer.diarize(recording, speakers=speakers)
        check(found, recording.duration)
        assert len(found.voices) == speakers


def test_overlap_gives_both_speakers(diarizer: Diarizer, samples: Path, tmp_path: Path) -> None:
    both = clip_channels(samples / "diarization" / "stereo_diarization.wav")
    apart = [np.concatenate([both[0], silence(5)]), np.concatenate([silence(5), both[1]])]
    together = np.concatenate([apart[0] + apart[1], both[0] + both[1]])
    found = diarizer.diarize(sound(tmp_path, together), speakers=2)
    assert len(found.voices) == 2
    grid = np.zeros((2, 1500), bool)
    for turn in found.turns:
        grid[turn.speaker, int(turn.start * 100) : int(turn.end * 100)] = True
    assert grid.all(axis=0).any() == overlaps(both)


def overlaps(both: tuple[Samples, Samples]) -> bool:
    level = [np.abs(side[: len(side) // 800 * 800]).reshape(-1, 800).max(axis=1) > 0.05 for side in both]
    return bool((level[0] & level[1]).sum() > 4)


def clip_channels(path: Path) -> tuple[Samples, Samples]:
    from faster_whisper.audio import decode_audio

    left, right = decode_audio(str(path), split_stereo=True)
    return left, right


@pytest.mark.parametrize("what", ["nothing", "an instant", "silence", "noise"])
def test_no_turns_where_nobody_speaks(diarizer: Diarizer, what: str, tmp_path: Path) -> None:
    made = {"nothing": silence(0), "an instant": silence(0.001), "silence": silence(25), "noise": noise(12, 0.02)}
    found = diarizer.diarize(sound(tmp_path, made[what]))
    assert found.turns == ()
    assert found.voices.shape == (0, 256)


def test_shorter_than_a_window(diarizer: Diarizer, kennedy: Samples, tmp_path: Path) -> None:
    found = diarizer.diarize(sound(tmp_path, kennedy[:32_000]))
    check(found, 2)
    assert len(found.voices) == 1


def test_progress_reaches_the_end_and_can_stop_the_work(diarizer: Diarizer, meeting: Samples, tmp_path: Path) -> None:
    recording = sound(tmp_path, meeting)
    reports: list[tuple[float, float]] = []
    diarizer.diarize(recording, progress=lambda done, total: reports.append((done, total)))
    assert reports == sorted(reports)
    assert len(reports) > 2
    assert reports[-1] == (recording.duration, recording.duration)

    def stop(done: float, total: float) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        diarizer.diarize(recording, progress=stop)


def test_the_same_again(diarizer: Diarizer, conversation: Samples, tmp_path: Path) -> None:
    recording = sound(tmp_path, conversation)
    assert diarizer.diarize(recording).turns == diarizer.diarize(recording).turns


def around(centres: NDArray[np.float32], each: int) -> NDArray[np.float32]:
    """Vectors near the centres, in turns, from a fixed seed."""
    pick = np.random.default_rng(1)
    vectors = np.tile(centres, (each, 1)) + pick.normal(0, 0.03, (each * len(centres), 256))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_clustering_finds_the_number_also_of_very_many_pieces() -> None:
    centres = np.eye(256, dtype=np.float32)[:7]
    for each in (1, 4, MOST):
        assert len(voices_of(around(centres, each))) == 7
    assert len(voices_of(around(centres, 4), speakers=3)) == 3
    assert len(voices_of(centres[:2], speakers=5)) == 2
    assert len(voices_of(centres[:1], speakers=5)) == 1


def test_turns_may_overlap() -> None:
    active = np.zeros((200, 2), bool)
    active[10:100, 0] = active[60:150, 1] = True
    first, second = turns_in(active, 10)
    assert first.start < second.start < first.end < second.end


def test_a_call_with_a_speaker_on_each_channel(samples: Path, tmp_path: Path) -> None:
    left, right = clip_channels(samples / "diarization" / "stereo_diarization.wav")
    recording = sound(tmp_path, left, right)
    assert channels_are_speakers(recording)
    found = channel_turns(recording)
    assert found is not None
    assert {turn.speaker for turn in found.turns} == {0, 1}
    assert found.voices.shape == (2, 256)
    # Both talk at once in places: a channel's speaker is found where that channel is much the louder one.
    for channel, (own, other) in enumerate(((left, right), (right, left))):
        leads = np.flatnonzero(level(own) > 10 * level(other))
        assert len(leads) > 5
        spoken = [
            any(turn.start <= (hop + 0.5) * 0.05 < turn.end for turn in turns_of(found, channel)) for hop in leads
        ]
        assert np.mean(spoken) > 0.7


def level(samples: Samples) -> Samples:
    """Mean square in every 50 ms, with a floor of −50 dBFS."""
    hops: Samples = (samples[: len(samples) // 800 * 800].reshape(-1, 800) ** 2).mean(axis=1) + 1e-5
    return hops


def turns_of(found: Diarization, speaker: int) -> list[Turn]:
    return [turn for turn in found.turns if turn.speaker == speaker]


def test_what_leaks_to_the_other_channel_is_not_a_turn(kennedy: Samples, tmp_path: Path) -> None:
    left, right = np.concatenate([kennedy, silence(11)]), np.concatenate([silence(11), kennedy])
    recording = sound(tmp_path, left + 0.05 * right, right + 0.05 * left)
    found = channel_turns(recording)
    assert found is not None
    assert all((turn.speaker == 0) == (turn.start < 11) for turn in found.turns)
    assert {turn.speaker for turn in found.turns} == {0, 1}


@pytest.mark.parametrize("what", ["mono", "mono in stereo", "quieter", "one side", "hiss", "music", "silence", "empty"])
def test_other_stereo_is_no_call(what: str, kennedy: Samples, meeting: Samples, tmp_path: Path) -> None:
    tune, counter = music(8), music(8, seed=4)
    made: dict[str, tuple[Samples, ...]] = {
        "mono": (kennedy,),
        "mono in stereo": (kennedy, kennedy),
        "quieter": (kennedy, 0.1 * kennedy + noise(11, 1e-4)),
        "one side": (kennedy, silence(11)),
        "hiss": (kennedy, noise(11, 0.003)),
        "music": (tune + 0.3 * counter, counter + 0.3 * tune),
        "silence": (silence(5), silence(5)),
        "empty": (silence(0), silence(0)),
    }
    assert channel_turns(sound(tmp_path, *made[what])) is None
