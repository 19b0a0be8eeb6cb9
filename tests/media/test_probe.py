"""Probing: what a recording holds, whatever it is called."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from talkbase.errors import UnreadableInput
from talkbase.media.probe import probe

from .conftest import encode, tone


@pytest.mark.parametrize(
    ("name", "mime", "seconds", "codec", "video"),
    [
        ("wav", "audio/wav", 4.0, "pcm_s16le", False),
        ("mp3", "audio/mpeg", 4.0, "mp3float", False),
        ("mp4", "video/mp4", 4.0, "aac", True),
        ("mkv", "video/x-matroska", 4.0, "aac", True),
        ("flac", "audio/flac", 4.0, "flac", False),
        ("m4a", "audio/mp4", 1.0, "aac", False),
        ("webm", "audio/webm", 8.0, "opus", False),
        ("ogg", "audio/ogg", 5.0, "vorbis", False),
    ],
)
def test_every_container_is_known_by_its_content(
    recordings: dict[str, Path], tmp_path: Path, name: str, mime: str, seconds: float, codec: str, video: bool
) -> None:
    misnamed = shutil.copy(recordings[name], tmp_path / "transcript.txt")
    found = probe(misnamed)
    assert found.mime == mime
    assert found.duration == pytest.approx(seconds, abs=0.06)
    assert (found.has_audio, found.has_video) == (True, video)
    sound = next(stream for stream in found.streams if stream.kind == "audio")
    assert (sound.codec, sound.channels) == (codec, 1)
    assert json.loads(json.dumps(sound.to_json()))["rate"] == sound.rate


def test_pictures_are_described(recordings: dict[str, Path]) -> None:
    [picture] = [stream for stream in probe(recordings["mp4"]).streams if stream.kind == "video"]
    assert (picture.width, picture.height, picture.fps) == (64, 48, 25.0)
    assert "channels" not in picture.to_json()


def test_video_without_sound_is_a_recording_too(tmp_path: Path) -> None:
    found = probe(encode(tmp_path / "a.mp4", "", [], 0, video=1.0))
    assert (found.has_audio, found.has_video, found.mime) == (False, True, "video/mp4")


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00+05:30", datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("2026-03-01 09:30:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("1904-01-01T00:00:00Z", None),
        ("last Tuesday", None),
    ],
)
def test_when_it_was_recorded(tmp_path: Path, stamp: str, expected: datetime | None) -> None:
    path = encode(tmp_path / "a.mkv", "flac", [(0.0, tone(1, 16_000))], 16_000, tags={"creation_time": stamp})
    assert probe(path).started_at == expected


def test_a_real_phone_video(shared_data: Path) -> None:
    found = probe(shared_data / "video" / "face_noface.mov")
    assert (found.mime, found.container) == ("video/quicktime", "mov")
    assert found.started_at == datetime(2023, 2, 3, 21, 48, 14, tzinfo=UTC)
    assert {stream.codec for stream in found.streams} == {"aac", "hevc"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"These are the minutes of our meeting.\n" * 99, "no audio or video"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nhello\n\n", "neither sound nor moving pictures"),
        (bytes(100_000), "no audio or video"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "no audio or video"),
        (
            b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x01\x00\x00mdat" + bytes(500),
            "no audio or video",
        ),
    ],
)
def test_what_is_no_recording_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "meeting.mp4").write_bytes(content)
    with pytest.raises(UnreadableInput, match=message) as raised:
        probe(tmp_path / "meeting.mp4")
    assert "meeting.mp4" in str(raised.value)
    assert raised.value.hint


def test_a_photo_is_no_recording(tmp_path: Path) -> None:
    import av
    import numpy as np

    with av.open(str(tmp_path / "a.png"), "w", format="image2") as out:
        stream = out.add_stream("png", rate=1, width=8, height=8, pix_fmt="rgb24")
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(UnreadableInput, match="is a picture"):
        probe(tmp_path / "a.png")
