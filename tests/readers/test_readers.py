"""What holds for all readers: content decides, errors are one clear sentence, nothing else is ever raised."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from talkbase import readers
from talkbase.domain.transcript import Transcript
from talkbase.errors import NotFound, TalkbaseError, UnreadableInput, UnsupportedInput

FORMATS = Path(__file__).parent.parent / "data" / "formats"
GOOD = sorted(FORMATS.glob("one_meeting.*")) + sorted((FORMATS / "subtitles").glob("*.vtt"))
JSON = (
    b'{"format": "talkbase-transcript", "version": 1, "title": "T", "speakers": [{"label": "A", "name": "Ann"}],'
    b' "utterances": [{"speaker": "A", "start": 1.5, "end": 2, "text": "Hi there", "words": [{"text": "Hi"}]}]}'
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("sample", "reader"),
    [("one_meeting.zoom.vtt", "webvtt"), ("one_meeting.teams.vtt", "webvtt"), ("one_meeting.srt", "srt")],
)
@pytest.mark.parametrize("suffix", ["", ".mp4", ".srt", ".vtt", ".json"])
def test_content_decides_not_the_name(tmp_path: Path, sample: str, reader: str, suffix: str) -> None:
    path = write(tmp_path, f"file{suffix}", (FORMATS / sample).read_bytes())
    assert readers.read(path).reader == reader


def test_json_is_recognised_by_its_format_field(tmp_path: Path) -> None:
    assert readers.read(write(tmp_path, "x.txt", JSON)).reader == "transcript_json"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("sample", ["one_meeting.zoom.vtt", "one_meeting.srt"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_ending(tmp_path: Path, encoding: str, sample: str, newline: str) -> None:
    text = (FORMATS / sample).read_text("utf-8").replace("\n", newline)
    path = write(tmp_path, "x", text.encode(encoding))
    assert readers.read(path).transcript == readers.read(FORMATS / sample).transcript


def test_old_subtitles_in_windows_1252(tmp_path: Path) -> None:
    path = write(tmp_path, "x.srt", "1\n00:00:01,000 --> 00:00:02,000\nDu hörst’s nicht\n".encode("cp1252"))
    transcript = readers.read(path).transcript
    assert transcript.utterances[0].text == "Du hörst’s nicht"
    assert transcript.metadata["warnings"] == ["not UTF-8: read as Windows-1252"]


def test_one_damaged_byte_does_not_turn_the_rest_into_gibberish(tmp_path: Path) -> None:
    content = "WEBVTT\n\n00:01.000 --> 00:02.000\nDu hörst’s nicht, schön\n".encode().replace(b"nicht", b"n\xffcht")
    transcript = readers.read(write(tmp_path, "x.vtt", content)).transcript
    assert transcript.utterances[0].text == "Du hörst’s n�cht, schön"
    assert "damaged" in transcript.metadata["warnings"][0]


def test_nul_characters_are_removed_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, "x.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\na\0b\n")
    transcript = readers.read(path).transcript
    assert transcript.utterances[0].text == "ab"
    assert transcript.metadata["warnings"] == ['line 4: NUL characters removed, the line was "a\\u0000b"']


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", UnreadableInput, "is empty"),
        (b"just some text\n", UnsupportedInput, "no reader knows"),
        (b"\xef\xbb\xbf", UnsupportedInput, "no reader knows"),
        (b'{"a": 1}', UnsupportedInput, "no reader knows"),
        (b"WEBVTT", UnreadableInput, "no cue that can be read"),
        (b"WEBVTT\n\n00:01.000 --> 00:0x.000\nhello", UnreadableInput, "line 3: .*00:0x.000.* is not a time stamp"),
    ],
)
def test_what_cannot_be_read_gives_one_clear_sentence(
    tmp_path: Path, content: bytes, error: type[TalkbaseError], message: str
) -> None:
    with pytest.raises(TalkbaseError, match=message) as caught:
        readers.read(write(tmp_path, "file.mp4", content))
    assert caught.type is error
    assert "file.mp4" in str(caught.value)
    assert caught.value.hint


def test_what_is_not_a_readable_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        readers.read(tmp_path / "nothing.vtt")
    with pytest.raises(UnreadableInput, match="is a folder"):
        readers.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableInput, match="is a named pipe"):
        readers.read(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UnreadableInput, match="symbolic link"):
        readers.read(tmp_path / "loop")
    with pytest.raises(UnreadableInput, match="could not be read"):
        readers.read(Path("\0"))


def test_every_sample_gives_a_transcript_or_a_clear_error(shared_data: Path) -> None:
    folder = shared_data / "formats"
    read, refused = 0, 0
    for path in [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".vtt", ".srt", ".sbv")]:
        try:
            transcript = readers.read(path).transcript
        except UnreadableInput as error:
            refused += 1
            assert path.name in str(error)
        else:
            read += 1
            check(transcript)
    assert read >= 30
    assert refused >= 5


def check(transcript: Transcript) -> None:
    """What every consumer of a transcript relies on."""
    labels = [speaker.label for speaker in transcript.speakers]
    assert len(labels) == len(set(labels))
    assert transcript.utterances or transcript.kind in ("audio", "video")
    for utterance in transcript.utterances:
        assert "\0" not in utterance.text
        utterance.text.encode()
        assert utterance.speaker is None or utterance.speaker in labels
        if utterance.start is not None and utterance.end is not None:
            assert 0 <= utterance.start <= utterance.end < float("inf")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good sample with bytes flipped, pieces removed, doubled and swapped, and strange things put in."""
    data = bytearray(draw(st.sampled_from([*(path.read_bytes()[:3000] for path in GOOD), JSON])))
    for _ in range(draw(st.integers(1, 8))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        match draw(st.sampled_from(["flip", "cut", "double", "insert"])):
            case "flip" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + length]
            case "double":
                data[at:at] = data[at : at + length]
            case _:
                data[at:at] = draw(st.sampled_from(STRANGE))
    return bytes(data)


STRANGE = [
    b"\0", b"-->", b"\n\n", b"00:00:01.000 --> 00:00:00.500\n", b"<v >", b"<v A>x<v B>y", b"&#0;", b"&#xD800;", b"NaN",
    b"1e999", b"\\ud800", b"\\u0000", b"\xff\xfe", b"-Infinity", b"[" * 2000, b"\xe2\x80\xa8", b"WEBVTT", b"9" * 5000,
    b"{\\an8}", b": ", b"null", b"true", b'"', b"}", b"99999999:00:00,000 --> 999999999:00:00,000\n", b"\x85", b"\x1c",
]  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
@example(b"WEBVTT\n\n-00:01.000 --> -00:02.000\nx")
@example(JSON.replace(b"1.5", b"NaN"))
@example(JSON.replace(b"1.5", b"9" * 400))
@example(JSON.replace(b"1.5", b"true"))
@example(JSON.replace(b"1,", b"1e999,"))
@example(JSON.replace(b'"Ann"', b"[" * 100_000))
def test_damaged_files_never_raise_anything_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    outcome(path)


def outcome(path: Path) -> None:
    try:
        transcript = readers.read(path).transcript
    except TalkbaseError as error:
        assert re.search(r"\w", error.message)
        assert "\n" not in error.message
    else:
        check(transcript)


def test_the_fuzz_test_finds_a_planted_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that stumbles over a strange file is caught by the same check."""
    from talkbase.readers import webvtt

    monkeypatch.setattr(webvtt, "plain", lambda markup: markup.split("\n")[0].encode("ascii").decode())
    path = write(tmp_path, "x", "WEBVTT\n\n00:01.000 --> 00:02.000\nschön")
    with pytest.raises(UnicodeEncodeError):
        outcome(path)
