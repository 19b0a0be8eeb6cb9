"""Audio and video are recognised by content and described by their container."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from talkbase import readers
from talkbase.errors import TalkbaseError, UnreadableInput, UnsupportedInput
from talkbase.readers._files import Head
from talkbase.readers.media import reader


@pytest.mark.parametrize("name", ["speech.wav", "speech.txt", "Sitzung – 3.vtt", "no end"])
def test_a_recording_by_any_name(samples: Path, tmp_path: Path, name: str) -> None:
    shutil.copyfile(samples / "jfk.wav", tmp_path / name)
    transcript, reader_name = readers.read(tmp_path / name)
    assert reader_name == "media"
    assert (transcript.kind, transcript.needs_speech, transcript.utterances) == ("audio", True, ())
    assert transcript.title == Path(name).stem
    assert transcript.duration == pytest.approx(11.0, abs=0.01)
    assert transcript.metadata["media"]["mime"] == "audio/wav"
    assert transcript.metadata["media"]["streams"][0]["rate"] == 16000


def test_a_name_that_is_not_utf8_can_still_be_stored(samples: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n1.wav"))
    shutil.copyfile(samples / "jfk.wav", path)
    title = readers.read(path).transcript.title
    assert title == "caf� 1"


def test_every_real_recording_is_media(shared_data: Path) -> None:
    folders = [shared_data / "audio", shared_data / "video"]
    ends = {".wav", ".mp3", ".mp4", ".mov", ".m4a", ".flac", ".ogg", ".webm", ".mkv", ".aac", ".opus"}
    seen = {}
    for path in [path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in ends]:
        assert reader.sniff(Head.of(path)) == 0.9, path
        try:
            seen[path.name] = readers.read(path).transcript
        except UnreadableInput as error:
            assert path.name in str(error)
    assert seen["two_person_call.mp4"].kind == "video"
    assert seen["multilingual.mp3"].kind == "audio"
    assert len(seen) >= 12


@pytest.mark.parametrize("start", [b"%PDF-1.7\n", b"PK\x03\x04", b"\x7fELF\0\0\0\0", b"\x1f\x8b\x08\0"])
def test_other_kinds_are_no_media(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(start + bytes(range(256)) * 10)
    with pytest.raises(UnsupportedInput, match="no reader knows"):
        readers.read(path)


@pytest.mark.parametrize(
    "content",
    [b"\0" * 5000, Random(7).randbytes(6400), b"\0\0\0\x18ftypmp42" + b"\0" * 400, b"RIFF\xff\xff\xff\xffWAVE"],
)
def test_what_only_looks_like_media_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(content)
    with pytest.raises(TalkbaseError) as caught:
        readers.read(path)
    assert isinstance(caught.value, UnreadableInput)


def test_play_lists_and_scripts_that_name_other_files_are_no_media(tmp_path: Path) -> None:
    for text in ("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n"):
        (tmp_path / "x.mp4").write_text(text)
        with pytest.raises(UnsupportedInput):
            readers.read(tmp_path / "x.mp4")


def test_truncated_recordings(samples: Path, tmp_path: Path) -> None:
    data = (samples / "jfk.wav").read_bytes()
    for size in (1, 11, 43, 44, 60, 5000):
        path = tmp_path / "cut.wav"
        path.write_bytes(data[:size])
        try:
            assert readers.read(path).transcript.kind == "audio"
        except UnreadableInput as error:
            assert "cut.wav" in str(error)
