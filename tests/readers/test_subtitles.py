"""WebVTT and SubRip: what each layout means, and that the formats' own libraries agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pysubs2
import pytest
import webvtt

from talkbase import readers
from talkbase.domain.transcript import Speaker, Transcript
from talkbase.errors import UnreadableInput


def read(folder: Path, text: str, name: str = "x") -> Transcript:
    (folder / name).write_text(text, "utf-8")
    return readers.read(folder / name).transcript


def vtt(folder: Path, *payloads: str) -> Transcript:
    blocks = [f"00:00:0{at}.000 --> 00:00:0{at + 1}.000\n{payload}\n" for at, payload in enumerate(payloads)]
    return read(folder, "WEBVTT\n\n" + "\n".join(blocks))


def said(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(utterance.speaker, utterance.text) for utterance in transcript.utterances]


def bare(transcript: Transcript) -> Transcript:
    """Without what only one layout holds."""
    return replace(
        transcript,
        metadata={},
        utterances=tuple(replace(utterance, metadata={}) for utterance in transcript.utterances),
    )


def test_one_meeting_is_the_same_in_every_layout(samples: Path) -> None:
    zoom, teams, srt = (
        readers.read(samples / "formats" / f"one_meeting.{layout}").transcript
        for layout in ("zoom.vtt", "teams.vtt", "srt")
    )
    assert bare(zoom) == bare(teams) == bare(srt)
    assert zoom.speakers[2] == Speaker("Justin Florentine (Besu)", "Justin Florentine (Besu)")
    assert len(zoom.speakers) == 6
    assert len(zoom.utterances) == 60
    first = zoom.utterances[0]
    assert (first.text, first.speaker, first.start, first.end) == (
        "I think so. Hello, everyone.",
        "Pooja Ranjan",
        202.71,
        204.95,
    )
    assert "warnings" not in zoom.metadata
    assert teams.utterances[0].metadata == {"id": "9f2c1a40-6d0b-4a57-9a5e-0f1f3f2b7c11/1-0"}


def test_real_zoom_calls_name_every_speaker(shared_data: Path) -> None:
    for path in (shared_data / "formats" / "zoom").rglob("transcript*.vtt"):
        transcript = readers.read(path).transcript
        cues = path.read_text("utf-8").count("-->")
        assert len(transcript.utterances) == cues
        assert all(utterance.speaker for utterance in transcript.utterances)
        assert "warnings" not in transcript.metadata


@pytest.mark.parametrize("name", ["sample", "captions_with_bom", "comments", "cue_tags", "metadata_headers", "styles"])
def test_webvtt_py_agrees(samples: Path, name: str) -> None:
    path = samples / "formats" / "subtitles" / f"{name}.vtt"
    ours = readers.read(path).transcript.utterances
    theirs = webvtt.read(str(path)).captions
    assert [(u.text, u.start, u.end) for u in ours] == [
        (c.text.strip(), pytest.approx(c.start_in_seconds, abs=1), pytest.approx(c.end_in_seconds, abs=1))
        for c in theirs
    ]


def test_pysubs2_agrees(samples: Path) -> None:
    for path in (samples / "formats" / "one_meeting.srt", samples / "formats" / "subtitles" / "sample.srt"):
        ours = readers.read(path).transcript.utterances
        theirs = pysubs2.load(str(path)).events
        assert [(u.start, u.end) for u in ours] == [(event.start / 1000, event.end / 1000) for event in theirs]
        assert all(event.plaintext.endswith(u.text) for u, event in zip(ours, theirs, strict=True))


def test_voices(tmp_path: Path) -> None:
    transcript = vtt(
        tmp_path,
        "<v Ann>one</v>",
        "<v.loud.first  Bob  Dole >two",
        "<v Ann &amp; Co>three &lt;3 &amp;&nbsp;more",
        "none: here",
        "<v Ann>question?\n<v Bob Dole>answer",
        "- <v Eve>four",
    )
    assert said(transcript) == [
        ("Ann", "one"),
        ("Bob Dole", "two"),
        ("Ann & Co", "three <3 &\xa0more"),
        (None, "none: here"),
        ("Ann", "question?\nanswer"),
        ("Eve", "- four"),
    ]
    assert [speaker.label for speaker in transcript.speakers] == ["Ann", "Bob Dole", "Ann & Co", "Eve"]
    assert transcript.utterances[4].metadata["voices"] == [
        {"speaker": "Ann", "text": "question?"},
        {"speaker": "Bob Dole", "text": "answer"},
    ]


def test_tags_leave_the_text_and_stay_as_markup(tmp_path: Path) -> None:
    transcript = vtt(tmp_path, "<c.yellow>Hi</c> <i>you</i> <00:00:01.500>two\nlines", "1 < 2 and <b or c> 3 > 2")
    assert said(transcript) == [(None, "Hi you two\nlines"), (None, "1 < 2 and <b or c> 3 > 2")]
    assert transcript.utterances[0].metadata == {"markup": "<c.yellow>Hi</c> <i>you</i> <00:00:01.500>two\nlines"}
    assert transcript.utterances[1].metadata == {}


def test_header_notes_and_styles(samples: Path) -> None:
    folder = samples / "formats" / "subtitles"
    comments = readers.read(folder / "comments.vtt").transcript
    assert comments.title == "Translation of that film I like"
    assert len(comments.metadata["notes"]) == 2
    assert readers.read(folder / "metadata_headers.vtt").transcript.language == "en"
    assert len(readers.read(folder / "styles.vtt").transcript.metadata["styles"]) == 2


@pytest.mark.parametrize(
    ("sample", "texts", "warning"),
    [
        ("invalid_timeframe.vtt", 6, "line 6: “00:00:1d.890” is not a time stamp"),
        ("missing_timeframe.vtt", 6, "line 6: no times: Caption text #2"),
        ("missing_caption_text.vtt", 4, "line 6: times without text"),
        ("missing_timeframe.srt", 4, "line 5: no times: 2 / Caption text #2"),
        ("missing_caption_text.srt", 4, "line 6: times without text"),
    ],
)
def test_good_cues_are_read_and_the_rest_is_named(samples: Path, sample: str, texts: int, warning: str) -> None:
    transcript = readers.read(samples / "formats" / "subtitles" / sample).transcript
    assert len(transcript.utterances) == texts
    (found,) = transcript.metadata["warnings"]
    assert found.startswith(warning)


def test_strange_times_lose_nothing(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "1\n00:00:05,000 --> 00:00:04,000\nbackwards\n\n2\n-00:00:01,000 --> 00:00:02,000\nnegative\n\n"
        "3\n123:00:00,000 --> 123:00:01,000\nlong\n\n4\n00:00:01,000 --> 00:00:09,000\nearlier\n",
    )
    assert [(u.text, u.start, u.end) for u in transcript.utterances] == [
        ("backwards", 5, 5),
        ("negative", 0, 2),
        ("long", 442800, 442801),
        ("earlier", 1, 9),
    ]
    assert transcript.metadata["warnings"] == [
        "line 2: the end is before the start: 00:00:05,000 --> 00:00:04,000",
        "line 6: a time before zero: -00:00:01,000 --> 00:00:02,000",
    ]
    assert transcript.utterances[0].metadata["times"] == "00:00:05,000 --> 00:00:04,000"


def test_missing_empty_lines_and_arrows_in_text(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "1\n00:00:01,000 --> 00:00:02,000\nfirst --> text\n2\n00:00:02,000 --> 00:00:03,000\nsecond\n \nstill second\n",
    )
    assert said(transcript) == [(None, "first --> text"), (None, "second\n \nstill second")]
    assert [utterance.metadata["id"] for utterance in transcript.utterances] == ["1", "2"]


def test_srt_formatting(tmp_path: Path) -> None:
    transcript = read(
        tmp_path, '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>Hi</i> <font color="red">AT&amp;T</font>\n'
    )
    assert said(transcript) == [(None, "Hi AT&amp;T")]


LABELS: list[tuple[list[str], list[str | None]]] = [
    (["Ann: hi", "Bob: hello", "Ann: so: what"], ["Ann", "Bob", "Ann"]),
    (["Smith, John: hi", "Dr. Who: yes", "J. R. Tolkien: no"], ["Smith, John", "Dr. Who", "J. R. Tolkien"]),
    (["Akash | ECH: a", "jochem-br: b", "Barnabé + F. 🚗: c"], ["Akash | ECH", "jochem-br", "Barnabé + F. 🚗"]),
    (["Ann: hi", "Bob: hello", "So here is the thing: no"], ["Ann", "Bob", None]),
    (["Ann: hi", "no label", "more text", "and more"], [None, None, None, None]),
    (["Note: this", "is it", "and more"], [None, None, None]),
    (["It is 10: 30", "https://example.org", "[door]: slam"], [None, None, None]),
    (["Well, I said! And: no", "Really? Then: yes"], [None, None]),
    (["Ann: hi", "Bob:", "Bob: yes"], ["Ann", None, "Bob"]),
]  # fmt: skip


@pytest.mark.parametrize(("payloads", "speakers"), LABELS)
def test_names_before_the_text_count_where_the_file_is_written_so(
    tmp_path: Path, payloads: list[str], speakers: list[str | None]
) -> None:
    transcript = vtt(tmp_path, *payloads)
    assert [utterance.speaker for utterance in transcript.utterances] == speakers
    for utterance, payload in zip(transcript.utterances, payloads, strict=True):
        assert payload == (f"{utterance.speaker}: {utterance.text}" if utterance.speaker else utterance.text)


@pytest.mark.parametrize("sample", ["invalid_format4.srt", "no_captions.vtt"])
def test_nothing_readable_is_an_error(samples: Path, sample: str) -> None:
    with pytest.raises(UnreadableInput, match="no cue that can be read"):
        readers.read(samples / "formats" / "subtitles" / sample)


def test_long_files_take_linear_time(tmp_path: Path) -> None:
    # 100,000 cues: a day of talk. Quadratic work would take minutes.
    blocks: list[Any] = [f"{at}\n00:00:01.000 --> 00:00:02.000\nAnn: text <i>{at}</i>\n" for at in range(100_000)]
    assert len(read(tmp_path, "WEBVTT\n\n" + "\n".join(blocks)).utterances) == 100_000
