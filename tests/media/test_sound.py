"""Decoding: any container, the right times, damage said, memory and disk bounded."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from talkbase.errors import Interrupted, NoAudio, StorageFull, UnreadableInput
from talkbase.media.sound import RATE, Sound, decode

from .conftest import encode, tone, write_wav


def loud(sound: Sound, start: float, end: float) -> bool:
    """Whether there is sound all the way, in steps of 20 ms."""
    steps = np.arange(start, end - 0.02, 0.02)
    return all(np.abs(sound.read(float(at), float(at) + 0.02)).max() > 0.05 for at in steps)


def quiet(sound: Sound, start: float, end: float) -> bool:
    return float(np.abs(sound.read(start, end)).max()) < 0.005


def pitch(samples: NDArray[np.float32]) -> float:
    """The strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


def test_speech_at_16_khz_comes_out_sample_by_sample(samples: Path, tmp_path: Path) -> None:
    with wave.open(str(samples / "jfk.wav")) as file:
        expected = np.frombuffer(file.readframes(-1), "<i2").astype(np.float32) / 32768
    with decode(samples / "jfk.wav", tmp_path / "s.raw") as sound:
        assert (sound.duration, sound.channels, sound.damaged) == (11.0, 1, None)
        np.testing.assert_array_equal(sound.read(0, 11), expected)
        np.testing.assert_array_equal(sound.read(2.5, 2.75), expected[40_000:44_000])
        np.testing.assert_array_equal(sound.read(-3, 0.5), expected[:8_000])
        np.testing.assert_array_equal(sound.read(10.5, 99), expected[168_000:])
        assert sound.read(12, 13).shape == sound.read(5, 4).shape == (0,)
        assert sound.read(0, 1).dtype == np.float32


@pytest.mark.parametrize(("name", "seconds"), [("chained.ogg", 5.0), ("tone.m4a", 1.0), ("tone.webm", 8.0)])
def test_containers_with_traps(samples: Path, tmp_path: Path, name: str, seconds: float) -> None:
    with decode(samples / "media" / f"decode-fixture-{name}", tmp_path / "s.raw") as sound:
        assert sound.duration == pytest.approx(seconds, abs=0.03)
        assert loud(sound, 0.0, seconds)
        assert sound.damaged is None


def test_two_channels_are_kept_apart(tmp_path: Path) -> None:
    left, right = tone(2, 44_100, 300), tone(2, 44_100, 900)
    source = write_wav(tmp_path / "a.wav", np.stack([left, right], axis=1), 44_100)
    with decode(source, tmp_path / "s.raw") as sound:
        assert sound.channels == 2
        assert pitch(sound.read(0, 2, 0)) == pytest.approx(300, abs=1)
        assert pitch(sound.read(0, 2, 1)) == pytest.approx(900, abs=1)
        mean = (sound.read(0, 2, 0) + sound.read(0, 2, 1)) / 2
        np.testing.assert_allclose(sound.read(0, 2), mean, atol=1e-6)


def test_eight_bit_telephone_sound(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes((tone(3, 8_000) // 256 + 128).astype(np.uint8).tobytes())
    with decode(tmp_path / "a.wav", tmp_path / "s.raw") as sound:
        assert sound.duration == pytest.approx(3.0, abs=0.001)
        assert pitch(sound.read(0, 3)) == pytest.approx(440, abs=1)


def test_surround_at_96_khz_is_mixed_to_one_channel(tmp_path: Path) -> None:
    surround = np.zeros((96_000 * 2, 8), np.int16)
    surround[:, 2] = tone(2, 96_000)  # the front centre, where speech is
    source = encode(tmp_path / "a.flac", "flac", [(0.0, surround)], 96_000, layout="7.1")
    with decode(source, tmp_path / "s.raw") as sound:
        assert (sound.channels, sound.duration) == (1, 2.0)
        assert pitch(sound.read(0, 2)) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("microphone", [0, 3, 5])
def test_no_microphone_of_a_table_is_left_out(tmp_path: Path, microphone: int) -> None:
    table = np.zeros((48_000, 6), np.int16)
    table[:, microphone] = tone(1, 48_000)
    with decode(write_wav(tmp_path / "a.wav", table, 48_000), tmp_path / "s.raw") as sound:
        assert float(np.abs(sound.read(0.1, 0.9)).max()) == pytest.approx(10_000 / 32_768 / 6, rel=0.02)
        assert pitch(sound.read(0, 1)) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libopus"), ("a.mp4", "aac"), ("a.mkv", "flac")])
def test_a_gap_in_the_time_stamps_becomes_silence(tmp_path: Path, name: str, codec: str) -> None:
    source = encode(tmp_path / name, codec, [(0.0, tone(2, 48_000)), (5.0, tone(2, 48_000))], 48_000)
    with decode(source, tmp_path / "s.raw") as sound:
        assert sound.duration == pytest.approx(7.0, abs=0.05)
        assert loud(sound, 0.0, 1.95)
        assert quiet(sound, 2.1, 4.95)
        assert loud(sound, 5.05, 6.95)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sound_that_begins_after_the_picture_keeps_its_time(tmp_path: Path, name: str) -> None:
    source = encode(tmp_path / name, "aac", [(1.5, tone(3, 48_000))], 48_000, video=5.0)
    with decode(source, tmp_path / "s.raw") as sound:
        assert quiet(sound, 0.0, 1.44)
        assert loud(sound, 1.53, 4.45)


def test_a_real_recording_whose_sound_begins_late(shared_data: Path, tmp_path: Path) -> None:
    with decode(shared_data / "video" / "face_noface.mov", tmp_path / "s.raw") as sound:
        assert quiet(sound, 0.0, 2.4)
        assert not quiet(sound, 2.43, 2.6)


def test_pictures_without_sound(tmp_path: Path) -> None:
    source = encode(tmp_path / "a.mp4", "", [], 0, video=1.0)
    with pytest.raises(NoAudio, match="pictures but no sound"):
        decode(source, tmp_path / "s.raw")


def test_a_track_of_length_zero(tmp_path: Path) -> None:
    empty = write_wav(tmp_path / "a.wav", np.zeros(0, np.int16), 16_000)
    for source in (encode(tmp_path / "a.flac", "flac", [], 44_100), empty):
        with pytest.raises(UnreadableInput, match="nothing in it can be decoded"):
            decode(source, tmp_path / "s.raw")
    assert not (tmp_path / "s.raw").exists()


def test_what_is_left_of_a_cut_off_recording_is_decoded_and_said(
    recordings: dict[str, Path], samples: Path, tmp_path: Path
) -> None:
    for source, total in ((recordings["mp4"], "4.0"), (samples / "jfk.wav", "11.0"), (recordings["flac"], "4.0")):
        data = source.read_bytes()
        (tmp_path / "cut").write_bytes(data[: len(data) // 2])
        with decode(tmp_path / "cut", tmp_path / "s.raw") as sound:
            assert 1.0 < sound.duration < float(total) * 0.6
            assert sound.damaged == (
                f"{sound.duration:.1f} s of {total} s could be decoded, the rest is missing or damaged"
            )


def test_what_lies_around_a_damaged_place_keeps_its_time(recordings: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(recordings["mp4"].read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4_000] = b"\xff" * 4_000
    (tmp_path / "a").write_bytes(data)
    with decode(tmp_path / "a", tmp_path / "s.raw") as sound:
        assert sound.duration == pytest.approx(4.0, abs=0.05)
        assert sound.damaged is not None
        assert re.fullmatch(r"\d+ damaged places, the first at [12]\.\d s left out", sound.damaged)
        assert loud(sound, 0.0, 1.0)
        assert loud(sound, 3.0, 4.0)


def test_a_damaged_link_does_not_cost_the_others(samples: Path, tmp_path: Path) -> None:
    data = bytearray((samples / "media" / "decode-fixture-chained.ogg").read_bytes())
    data[8_670 + 100 :] = bytes(len(data) - 8_770)
    (tmp_path / "a.ogg").write_bytes(data)
    with decode(tmp_path / "a.ogg", tmp_path / "s.raw") as sound:
        assert sound.duration == pytest.approx(3.0, abs=0.01)
        assert sound.damaged == "one damaged place at 3.0 s left out"


@pytest.mark.parametrize("claimed", [0, 1, 2_000_000, 2**31 - 1])
def test_an_absurd_sample_rate_is_refused(samples: Path, tmp_path: Path, claimed: int) -> None:
    data = (samples / "jfk.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[:24] + struct.pack("<I", claimed) + data[28:])
    with pytest.raises(UnreadableInput):
        decode(tmp_path / "a.wav", tmp_path / "s.raw")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:11\n#EXTINF:11,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "hello, this is the text of a meeting\n" * 50,
    ],
)
def test_a_text_is_no_recording_and_opens_no_other_file(samples: Path, tmp_path: Path, text: str) -> None:
    # With FFmpeg's defaults, the first two would give the sound of a file that is already on this machine.
    (tmp_path / "secret.wav").write_bytes((samples / "jfk.wav").read_bytes())
    (tmp_path / "a.mp4").write_text(text.format("secret.wav"))
    with pytest.raises(UnreadableInput, match="no audio or video"):
        decode(tmp_path / "a.mp4", tmp_path / "s.raw")


def test_silence_takes_no_space_on_disk(tmp_path: Path) -> None:
    source = encode(tmp_path / "a.flac", "flac", [(0.0, np.zeros(600 * 8_000, np.int16))], 8_000)
    with decode(source, tmp_path / "s.raw") as sound:
        assert sound.duration == 600.0
        assert not sound.read(299, 301).any()
        assert (tmp_path / "s.raw").stat().st_blocks * 512 < 100_000


def test_progress_is_in_seconds_and_ends_complete(samples: Path, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    decode(samples / "jfk.wav", tmp_path / "s.raw", progress=lambda done, total: seen.append((done, total))).close()
    assert seen == sorted(seen)
    assert len(seen) >= 3
    assert {total for _, total in seen} == {11.0}
    assert seen[-1] == (11.0, 11.0)


def test_stopping_leaves_nothing(samples: Path, tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        decode(samples / "jfk.wav", tmp_path / "s.raw", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["append", "shrink"])
def test_a_file_that_changes_while_it_is_decoded(samples: Path, tmp_path: Path, change: str) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes((samples / "jfk.wav").read_bytes())

    def meddle(done: float, total: float) -> None:
        os.truncate(source, source.stat().st_size + (2 if change == "append" else -50_000))

    with pytest.raises(UnreadableInput, match="changed while it was read"):
        decode(source, tmp_path / "s.raw", progress=meddle)
    assert list(tmp_path.iterdir()) == [source]


def test_nothing_is_printed(recordings: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(recordings["mp3"].read_bytes())
    data[10_000:12_000] = b"\xaa" * 2_000
    (tmp_path / "a").write_bytes(data)
    decode(tmp_path / "a", tmp_path / "s.raw").close()
    assert capfd.readouterr() == ("", "")


def test_unlink_removes_the_file_and_closing_does_not(samples: Path, tmp_path: Path) -> None:
    with decode(samples / "jfk.wav", tmp_path / "s.raw") as sound:
        pass
    assert sound.path.exists()
    sound.unlink()
    assert not sound.path.exists()


def test_a_disk_without_space_is_said_and_nothing_stays(small_disk: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-9_000, 9_000, 60 * RATE).astype(np.int16)
    source = write_wav(tmp_path / "a.wav", noise, RATE)
    with pytest.raises(StorageFull):
        decode(source, small_disk / "s.raw")
    assert list(small_disk.iterdir()) == []


def test_a_limit_on_file_sizes_is_said_and_nothing_stays(samples: Path, tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from talkbase.errors import StorageFull\n"
        "from talkbase.media.sound import decode\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: decode(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except StorageFull: sys.exit(7)\n"
    )
    command = [sys.executable, "-c", program, str(samples / "jfk.wav"), str(tmp_path / "s.raw")]
    assert subprocess.run(command, check=False, timeout=60).returncode == 7
    assert list(tmp_path.iterdir()) == []


MEMORY = (
    "import sys; from pathlib import Path; from talkbase.media.sound import decode\n"
    "sound = decode(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    "for at in range(0, int(sound.duration), 30): sound.read(at, at + 30)\n"
    "print(next(l for l in Path('/proc/self/status').read_text().splitlines() if 'VmHWM' in l).split()[1])\n"
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_memory_is_flat_in_length(tmp_path: Path) -> None:
    peaks = []
    minute = np.random.default_rng(0).integers(-9_000, 9_000, (60 * 24_000, 2)).astype(np.int16)
    for minutes in (5, 60):
        with wave.open(str(tmp_path / "a.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(24_000)
            for _ in range(minutes):
                file.writeframesraw(minute.tobytes())
        command = [sys.executable, "-c", MEMORY, str(tmp_path / "a.wav"), str(tmp_path / "s.raw")]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, timeout=200).stdout))
    print("peak KiB at 5 and 60 minutes:", peaks)
    assert peaks[1] - peaks[0] < 4_096
