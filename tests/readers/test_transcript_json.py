"""The talkbase transcript format: what is valid, and that every fault is named by its path."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from talkbase import readers
from talkbase.domain.transcript import Speaker, Transcript, Utterance, Word
from talkbase.errors import UnreadableInput
from talkbase.readers.transcript_json import schema

WHOLE: dict[str, Any] = {
    "format": "talkbase-transcript",
    "version": 1,
    "title": "Café 🎙",
    "kind": "meeting",
    "language": "en",
    "started_at": "2026-07-16T14:00:00Z",
    "duration": 60,
    "speakers": [{"label": "S1", "name": "Ann", "role": "host"}],
    "metadata": {"x": [1, None, {"y": 2.5}]},
    "utterances": [
        {
            "speaker": "S1",
            "start": 0,
            "end": 1.5,
            "said_at": "2026-07-16T16:00:00+02:00",
            "text": " Hi\nyou ",
            "confidence": 0.9,
            "language": "de",
            "words": [{"text": " Hi", "start": 0, "end": 0.5, "confidence": 1}, {"text": " you"}],
            "suspect": "music",
            "metadata": {"k": "v"},
        },
        {"speaker": "S2", "text": ""},
    ],
}
EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "reference" / "transcript-json.md"


def read(folder: Path, content: Any) -> Transcript:
    path = folder / "t.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return readers.read(path).transcript


def minimal(**utterance: Any) -> dict[str, Any]:
    return {"format": "talkbase-transcript", "version": 1, "utterances": [{"text": "a"}, {"text": "b", **utterance}]}


def test_everything(tmp_path: Path) -> None:
    moment = datetime(2026, 7, 16, 14, tzinfo=UTC)
    assert read(tmp_path, WHOLE) == Transcript(
        title="Café 🎙",
        kind="meeting",
        language="en",
        started_at=moment,
        duration=60,
        speakers=(Speaker("S1", "Ann", "host"), Speaker("S2")),
        metadata={"x": [1, None, {"y": 2.5}]},
        utterances=(
            Utterance(
                " Hi\nyou ",
                "S1",
                0,
                1.5,
                moment,
                0.9,
                "de",
                (Word(" Hi", 0, 0.5, 1), Word(" you")),
                "music",
                {"k": "v"},
            ),
            Utterance("", "S2"),
        ),
    )


def test_all_but_format_version_utterances_and_text_is_optional(tmp_path: Path) -> None:
    assert read(tmp_path, minimal()) == Transcript(utterances=(Utterance("a"), Utterance("b")))
    assert read(tmp_path, {**minimal(), "title": None, "speakers": [], "kind": "call"}).kind == "call"


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"start": "1"}, r'utterances\[1\]\.start: must be a number of seconds, 0 or more, not "1"'),
    ({"start": True}, r"utterances\[1\]\.start: must be a number of seconds"),
    ({"start": -1}, r"utterances\[1\]\.start: must be a number of seconds, 0 or more, not -1"),
    ({"start": 2, "end": 1}, r"utterances\[1\]\.end: 1.0 is before start \(2.0\)"),
    ({"text": 3}, r"utterances\[1\]\.text: must be a text, not 3"),
    ({"said_at": "yesterday"}, r'utterances\[1\]\.said_at: must be a date and time such as .*, not "yesterday"'),
    ({"said_at": 5}, r"utterances\[1\]\.said_at: must be a date and time"),
    ({"confidence": 1.1}, r"utterances\[1\]\.confidence: must be a number from 0 to 1, not 1.1"),
    ({"words": [{"text": "x"}, "y"]}, r'utterances\[1\]\.words\[1\]: must be an object, not "y"'),
    ({"words": [{"start": 1}]}, r"utterances\[1\]\.words\[0\]\.text: is missing, a text"),
    ({"words": [{"text": "x", "start": 1, "end": 0}]}, r"utterances\[1\]\.words\[0\]\.end: 0.0 is before start"),
    ({"metadata": []}, r"utterances\[1\]\.metadata: must be an object, not \[\]"),
]


@pytest.mark.parametrize(("utterance", "message"), FAULTS)
def test_a_fault_is_named_by_its_path(tmp_path: Path, utterance: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableInput, match=message):
        read(tmp_path, minimal(**utterance))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"newer talkbase: its version is 2, this one reads 1\. Upgrade talkbase\."),
        ({"version": "1"}, r'version: must be 1, not "1"'),
        ({"version": True}, r"version: must be 1, not true"),
        ({"version": None}, r"version: must be 1, not null"),
        ({"format": "other"}, r'"format" must be "talkbase-transcript"'),
        ({"utterances": None}, r"utterances: must be a list, not null"),
        ({"utterances": [3]}, r"utterances\[0\]: must be an object, not 3"),
        ({"kind": "party"}, r'kind: must be one of video, .*, not "party"'),
        ({"title": 3, "kind": "party"}, r"title: must be a text, not 3 \(1 more faults follow\)"),
        ({"speakers": [{"name": "x"}]}, r"speakers\[0\]\.label: is missing, a text"),
        ({"speakers": [{"label": "x"}, {"label": "x"}]}, r'speakers\[1\]\.label: "x" occurs twice'),
    ],
)
def test_a_fault_of_the_whole_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableInput, match=message):
        read(tmp_path, {**minimal(), **change})


HEAD = '{"format": "talkbase-transcript", "version": '


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('1,\n "utterances": [}', r"not valid JSON: line 2, column 17"),
        ("9" * 5000 + "}", "not usable JSON"),
        ('1, "utterances": ' + "[" * 100_000, "nested too deeply"),
        ('1, "utterances": [{"text": "a", "start": NaN}]}', r'\.start: must be .*, not "nan"'),
        ('1, "utterances": [{"text": "a", "start": 1e999}]}', r'\.start: must be .*, not "inf"'),
    ],
)
def test_broken_json(tmp_path: Path, rest: str, message: str) -> None:
    with pytest.raises(UnreadableInput, match=message):
        read(tmp_path, HEAD + rest)


def test_what_postgresql_cannot_store_is_removed_and_kept_escaped_in_a_warning(tmp_path: Path) -> None:
    text = (
        '{"format": "talkbase-transcript", "version": 1, "metadata": {"score": -Infinity, "a\\u0000": 1}, '
        '"utterances": [{"text": "a\\u0000b \\ud800 \\ud83c\\udf99"}]}'
    )
    transcript = read(tmp_path, text)
    assert transcript.utterances[0].text == "ab � 🎙"
    assert transcript.metadata["score"] == "-inf"
    assert transcript.metadata["a"] == 1
    assert transcript.metadata["warnings"] == [
        "metadata.score: -inf is no number that can be stored; kept as text",
        'metadata (a key): characters that cannot be stored were removed from "a\\u0000"',
        'utterances[0].text: characters that cannot be stored were removed from "a\\u0000b \\ud800 \\ud83c\\udf99"',
    ]


def test_unknown_fields_are_named_and_earlier_warnings_kept(tmp_path: Path) -> None:
    content = {**minimal(strat=1), "metadata": {"warnings": ["before"]}, "extra": 1}
    assert read(tmp_path, content).metadata["warnings"] == [
        "before",
        "extra: unknown field, left out",
        "utterances[1].strat: unknown field, left out",
    ]


def test_the_schema_agrees_with_the_reader(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    validator.validate(WHOLE)
    validator.validate(minimal())
    for utterance, message in FAULTS:
        # JSON Schema cannot compare two values, nor does it check dates by default.
        if "before start" not in message and utterance.get("said_at") != "yesterday":
            assert not validator.is_valid(minimal(**utterance)), utterance


def test_the_documentation_holds_the_schema_and_a_valid_example(tmp_path: Path) -> None:
    example, documented = [block.split("```")[0] for block in EXAMPLE.read_text("utf-8").split("```json\n")[1:]]
    assert json.loads(documented) == schema()
    transcript = read(tmp_path, example)
    assert transcript.utterances
    assert "warnings" not in transcript.metadata


def test_long_files_take_linear_time(tmp_path: Path) -> None:
    words = [{"text": f" w{at}", "start": at, "end": at + 1, "confidence": 0.5} for at in range(10)]
    content = {
        **minimal(),
        "utterances": [{"text": "x", "speaker": f"S{at % 9}", "words": words} for at in range(10_000)],
    }
    assert len(read(tmp_path, content).utterances) == 10_000
