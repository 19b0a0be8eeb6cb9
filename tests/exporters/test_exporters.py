"""Transcript → exporter → reader gives the same, within what the format holds; and what each format looks like."""

from __future__ import annotations

import csv
import io
import re
import string
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talkbase import exporters, readers
from talkbase.domain.transcript import Speaker, Transcript, Utterance, Word
from talkbase.errors import NotFound, UsageError

FORMATS = Path(__file__).parent.parent / "data" / "formats"
SAMPLES = sorted(
    path
    for path in [*FORMATS.glob("one_meeting.*"), *(FORMATS / "subtitles").iterdir()]
    if "format" not in path.stem and path.stem != "no_captions"
)

quick = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def written(transcript: Transcript, form: str, **options: str) -> bytes:
    return b"".join(exporters.get(form).write(transcript, **options))


def reread(transcript: Transcript, form: str, folder: Path) -> Transcript:
    path = folder / f"export.{form}"
    path.write_bytes(written(transcript, form))
    return readers.read(path).transcript


def test_the_formats() -> None:
    registry = exporters.registry()
    assert {"txt", "md", "srt", "vtt", "json", "csv"} <= set(registry.names)
    for name, exporter in registry.items.items():
        assert (exporter.name, exporter.suffix) == (name, f".{name}")
        assert "/" in exporter.mime
    with pytest.raises(NotFound, match="no exporter “docx2”"):
        exporters.get("docx2")


# -- what a transcript can be ------------------------------------------------------------------------------------------

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(storable, min_size=1, max_size=40) | st.sampled_from(
    ["a --> b", "<v Bob>x</v>", "&amp; &lt;b&gt;", "a\n\nb", "one\ntwo", "Once: more", "=1+1",
     "00:00:01.000 --> 00:00:02.000", "NOTE x", "<i>x</i>", "1", "a\r\nb", "x\u2028y", "&#10;",
     "STYLE", "{\\an8}", "- x", "WEBVTT"]
)  # fmt: skip
names = st.text(storable, min_size=1, max_size=12).map(lambda name: " ".join(name.split())).filter(bool)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=30))]))
seconds = st.floats(0, 1e6)
shares = st.none() | st.floats(0, 1)
plain_values = st.none() | st.booleans() | st.integers(-10, 10) | st.text(storable, max_size=9)
values = st.recursive(plain_values, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
metadata = st.dictionaries(st.text(storable, max_size=9).filter(lambda key: key != "warnings"), values, max_size=2)


@st.composite
def spans(draw: st.DrawFn) -> tuple[float | None, float | None]:
    start = draw(st.none() | seconds)
    return (start, None) if start is None or draw(st.booleans()) else (start, start + draw(st.floats(0, 100)))


words = st.builds(lambda text, span, sure: Word(text, *span, sure), texts, spans(), shares)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    speakers = tuple(
        Speaker(label, draw(st.none() | names), draw(st.none() | names))
        for label in draw(st.lists(names, unique=True, max_size=3))
    )
    who = st.sampled_from([None, *(speaker.label for speaker in speakers)])
    return Transcript(
        title=draw(st.none() | texts),
        kind=draw(st.sampled_from(["video", "meeting", "chat", "other"])),
        language=draw(st.none() | st.sampled_from(["en", "pt-BR"])),
        started_at=draw(st.none() | moments),
        duration=draw(st.none() | seconds),
        speakers=speakers,
        metadata=draw(metadata),
        utterances=tuple(
            Utterance(
                draw(texts), draw(who), *draw(spans()), draw(st.none() | moments), draw(shares),
                draw(st.none() | names), tuple(draw(st.lists(words, max_size=3))),
                draw(st.none() | names), draw(metadata),
            )
            for _ in range(draw(st.integers(1, 5)))
        ),
    )  # fmt: skip


@quick
@given(transcripts())
def test_json_keeps_everything(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    assert reread(transcript, "json", tmp_path_factory.getbasetemp()) == transcript


milliseconds = st.integers(0, 10**9).map(lambda value: value / 1000)


@st.composite
def subtitles(draw: st.DrawFn, text: st.SearchStrategy[str], name: st.SearchStrategy[str]) -> Transcript:
    """What a subtitle file can hold: times to the millisecond, a name for each speaker, text without bare ends."""
    people = draw(st.lists(name, unique=True, max_size=3))
    utterances = []
    for _ in range(draw(st.integers(1, 5))):
        start = draw(milliseconds)
        end = start + draw(milliseconds)
        who = draw(st.sampled_from([None, *people]))
        utterances.append(Utterance(draw(text), who, start, round(end, 3)))
    spoke = dict.fromkeys(u.speaker for u in utterances if u.speaker is not None)
    return Transcript(speakers=tuple(Speaker(who, who) for who in spoke), utterances=tuple(utterances))


stripped = texts.map(str.strip).filter(bool)


@quick
@given(subtitles(stripped, names))
def test_webvtt_keeps_times_speakers_and_every_text(
    tmp_path_factory: pytest.TempPathFactory, transcript: Transcript
) -> None:
    assert reread(transcript, "vtt", tmp_path_factory.getbasetemp()) == transcript


@quick
@given(subtitles(stripped, names))
def test_webvtt_is_valid_for_webvtt_py(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    captions = webvtt.from_string(written(transcript, "vtt").decode(), strict=True).captions
    assert len(captions) == len(transcript.utterances)


@st.composite
def labelled(draw: st.DrawFn) -> Transcript:
    """What SubRip can hold: everybody has a name that looks like one, and the text no tags, arrows or empty lines."""
    text = (
        st.text(string.ascii_letters + " .,!?'\nä你", min_size=1).map(str.strip).filter(lambda t: t and "\n\n" not in t)
    )
    name = st.from_regex(r"[A-Z][a-zé]{1,8}( [A-Z][a-z]{1,8})?( \([A-Z][a-z]+\))?", fullmatch=True)
    transcript = draw(subtitles(text, name))
    everybody = tuple(replace(u, speaker=u.speaker or "Ann") for u in transcript.utterances)
    spoke = dict.fromkeys(u.speaker or "" for u in everybody)
    return replace(transcript, utterances=everybody, speakers=tuple(Speaker(who, who) for who in spoke))


@quick
@given(labelled())
def test_subrip_keeps_times_names_and_text(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    again = reread(transcript, "srt", tmp_path_factory.getbasetemp())
    assert again.speakers == transcript.speakers
    for before, after in zip(transcript.utterances, again.utterances, strict=True):
        assert after == replace(before, metadata={"id": after.metadata["id"]})


@quick
@given(transcripts())
def test_subrip_never_loses_or_adds_a_block(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    timed = replace(
        transcript, utterances=tuple(replace(u, text=f"x{u.text}", start=1.0, end=2.0) for u in transcript.utterances)
    )
    assert len(reread(timed, "srt", tmp_path_factory.getbasetemp()).utterances) == len(timed.utterances)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("form", ["json", "vtt"])
def test_sample_transcript_export_transcript(path: Path, form: str, tmp_path: Path) -> None:
    transcript = readers.read(path).transcript
    if form == "vtt":  # which has no place for what reading another file warned of
        transcript = replace(transcript, metadata={k: v for k, v in transcript.metadata.items() if k != "warnings"})
    assert reread(transcript, form, tmp_path) == transcript


def test_real_calls_survive(shared_data: Path, tmp_path: Path) -> None:
    for path in (shared_data / "formats" / "zoom").rglob("transcript.vtt"):
        transcript = readers.read(path).transcript
        assert reread(transcript, "vtt", tmp_path) == transcript
        assert reread(transcript, "srt", tmp_path) == transcript


# -- what each format looks like ---------------------------------------------------------------------------------------

TALK = Transcript(
    title="A *talk*",
    language="en",
    started_at=datetime(2026, 7, 16, 14, tzinfo=UTC),
    duration=3725.04,
    speakers=(Speaker("S0", "Ann"), Speaker("S1", "Bob"), Speaker("S2", "Bob"), Speaker("S3")),
    utterances=(
        Utterance("Hi & <welcome>\n- all\n2. of you", "S0", 1.5, 2.25, confidence=0.5),
        Utterance("=cmd()", "S1", 3723.4, 3724.0),
        Utterance("No, me", "S2", 3725.0),
        Utterance("2 --> 3\n\nend", "S3", 3725.0, 3725.04),
        Utterance("nobody", None, 3726, 3727),
    ),
)


def test_txt() -> None:
    assert written(TALK, "txt").decode() == (
        "A *talk*\n\n"
        "[0:01.5] Ann: Hi & <welcome>\n    - all\n    2. of you\n"
        "[1:02:03.4] Bob (S1): =cmd()\n"
        "[1:02:05.0] Bob (S2): No, me\n"
        "[1:02:05.0] S3: 2 --> 3\n    \n    end\n"
        "[1:02:06.0] nobody\n"
    )


def test_md() -> None:
    assert written(TALK, "md", id="0198").decode() == (
        "# A \\*talk\\*\n\n"
        "- Started: 2026-07-16 14:00:00+00:00\n- Duration: 1:02:05.0\n- Language: en\n- Id: 0198\n\n"
        "**Ann** (0:01.5): Hi \\& \\<welcome\\>\\\n\\- all\\\n2\\. of you\n\n"
        "**Bob (S1)** (1:02:03.4): \\=cmd()\n\n"
        "**Bob (S2)** (1:02:05.0): No, me\n\n"
        "**S3** (1:02:05.0): 2 --\\> 3\\\nend\n\n"
        "(1:02:06.0): nobody\n\n"
    )


def test_srt() -> None:
    assert written(TALK, "srt").decode() == (
        "1\n00:00:01,500 --> 00:00:02,250\nAnn: Hi & <welcome>\n- all\n2. of you\n\n"
        "2\n01:02:03,400 --> 01:02:04,000\nBob (S1): =cmd()\n\n"
        "3\n01:02:05,000 --> 01:02:05,000\nBob (S2): No, me\n\n"
        "4\n01:02:05,000 --> 01:02:05,040\nS3: 2 -> 3\n \nend\n\n"
        "5\n01:02:06,000 --> 01:02:07,000\nnobody\n\n"
    )


def test_vtt() -> None:
    assert written(TALK, "vtt").decode() == (
        "WEBVTT - A *talk*\nLanguage: en\n\n"
        "00:00:01.500 --> 00:00:02.250\n<v Ann>Hi &amp; &lt;welcome&gt;\n- all\n2. of you</v>\n\n"
        "01:02:03.400 --> 01:02:04.000\n<v Bob (S1)>=cmd()</v>\n\n"
        "01:02:05.000 --> 01:02:05.000\n<v Bob (S2)>No, me</v>\n\n"
        "01:02:05.000 --> 01:02:05.040\n<v S3>2 --&gt; 3&#10;\nend</v>\n\n"
        "01:02:06.000 --> 01:02:07.000\nnobody\n\n"
    )


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(written(TALK, "csv").decode(), newline="")))
    assert [row["position"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[0]["text"] == "Hi & <welcome>\n- all\n2. of you"
    assert (rows[1]["text"], rows[1]["speaker"], rows[1]["name"]) == ("'=cmd()", "S1", "Bob (S1)")
    assert (rows[2]["start"], rows[2]["end"], rows[4]["speaker"]) == ("3725.0", "", "")


@quick
@given(transcripts())
def test_csv_has_a_row_for_each_utterance_and_no_formula(transcript: Transcript) -> None:
    rows = list(csv.reader(io.StringIO(written(transcript, "csv").decode(), newline="")))
    assert len(rows) == 1 + len(transcript.utterances)
    for row, utterance in zip(rows[1:], transcript.utterances, strict=True):
        assert row[6].removeprefix("'") == utterance.text.removeprefix("'")
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@quick
@given(transcripts())
def test_text_formats_write_anything(transcript: Transcript) -> None:
    assert written(transcript, "txt")
    assert written(transcript, "md").decode().startswith("# ")


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_formats_of_times_refuse_what_has_none_before_the_first_byte(form: str) -> None:
    transcript = Transcript(utterances=(Utterance("a", start=1.0), Utterance("b"), Utterance("c")))
    with pytest.raises(UsageError, match=r"2 of 3 utterances have no times.*Export as txt, md, csv or json"):
        exporters.get(form).write(transcript)


@pytest.mark.parametrize(
    ("change", "payload"),
    [
        (lambda u: u, "<v Ann><i>Hi</i> you</v>"),
        (lambda u: replace(u, text="Hi me"), "<v Ann>Hi me</v>"),
        (lambda u: replace(u, metadata={"markup": "<v Eve><i>Hi</i> you"}), "<v Ann>Hi you</v>"),
        (lambda u: replace(u, metadata={"markup": "<i>Hi</i> you\n\n00:01.000 --> 00:02.000\n"}), "<v Ann>Hi you</v>"),
        (lambda u: replace(u, metadata={"markup": 7, "id": "a\nb", "settings": ["x"]}), "<v Ann>Hi you</v>"),
    ],
)
def test_formatting_is_written_only_while_it_says_the_same(
    change: Callable[[Utterance], Utterance], payload: str
) -> None:
    said = change(Utterance("Hi you", "Ann", 1, 2, metadata={"markup": "<i>Hi</i> you"}))
    text = written(Transcript(utterances=(said,)), "vtt").decode()
    assert text == f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{payload}\n\n"


def test_pieces_are_small() -> None:
    many = replace(TALK, utterances=TALK.utterances * 1000)
    for form in exporters.registry().names:
        pieces = list(exporters.get(form).write(many))
        assert len(pieces) >= 5000
        assert max(map(len, pieces)) < 2000


def test_the_round_trip_test_finds_a_planted_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing text without entities is noticed by the same comparison."""
    from talkbase.exporters import vtt

    monkeypatch.setattr(vtt, "_entities", lambda text: text)
    transcript = Transcript(utterances=(Utterance("a <i>b</i> &amp;", None, 1.0, 2.0),))
    assert re.search("<i>", written(transcript, "vtt").decode())
    assert reread(transcript, "vtt", tmp_path) != transcript
