"""The evaluation of search: made collections whose figures are known, and files that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from talkbase.actions.evaluate import METHODS, recall
from talkbase.actions.library import Talkbase
from talkbase.errors import MissingExtra, UnreadableInput, UsageError
from talkbase.readers import _corpora

TURNS = [
    ("Ann", "Hi Bob, long time no see!"), ("Bob", "Hey Ann, how are you?"),
    ("Ann", "I adopted a kitten named Pixel."), ("Bob", "Nice! I started to learn the cello."),
    ("Ann", "Next week I fly to Lisbon."), ("Bob", "Enjoy the custard tarts there."),
]  # fmt: skip


def chat(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said: dict[str, Any] = {"speaker_a": "Ann", "speaker_b": "Bob"}
    for number, part in enumerate((TURNS[:4], TURNS[4:]), 1):
        said[f"session_{number}_date_time"] = f"1:56 pm on {number} May, 2023"
        said[f"session_{number}"] = [
            {"speaker": speaker, "dia_id": f"D{number}:{at}", "text": text}
            for at, (speaker, text) in enumerate(part, 1)
        ]
    said["session_2"][0]["blip_caption"] = "a plane ticket"
    return [{"sample_id": "made", "conversation": said, "qa": questions}]


QUESTIONS = [
    {"question": "What did Ann adopt?", "evidence": ["D1:3"], "category": 4},
    {"question": "Which instrument does Bob play?", "evidence": ["D1:4"], "category": 4},
    {"question": "Where will Ann go, and what is eaten there?", "evidence": ["D2:1; D2:2"], "category": 1},
    {"question": "When did Ann fly?", "evidence": ["D2:1", "D9:9"], "category": 2},
    {"question": "Is Ann rich?", "evidence": [], "category": 3},
    {"question": "Which horse does Ann own?", "evidence": ["D1:3"], "category": 5},
]
MEETING = {
    "meeting_transcripts": [{"speaker": "Grad A", "content": "OK , we 're on ."},
                            {"speaker": "Professor", "content": "Let us talk about the microphones ."},
                            {"speaker": "Grad A", "content": "They hum , we need new ones ."},
                            {"speaker": "Grad B", "content": "Lunch is at noon ."}],
    "specific_query_list": [{"query": "What was said about the microphones?", "relevant_text_span": [["1", "2"]]},
                            {"query": "When is lunch?", "relevant_text_span": [["3", "3"]]}],
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    locomo, qmsum = tmp_path / "locomo.json", tmp_path / "qmsum"
    locomo.write_text(json.dumps(chat(QUESTIONS)), "utf-8")
    qmsum.mkdir()
    (qmsum / "meeting.json").write_text(json.dumps(MEETING), "utf-8")
    return locomo, qmsum


def databases(tb: Talkbase) -> set[str]:
    """The scratch databases of this process: other processes of the tests use the same server."""
    with tb.database.as_owner() as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"%scratch_{os.getpid()}"])
        return {row[0] for row in names.fetchall()}


def test_every_question_is_asked_and_nothing_is_left_behind(tb: Talkbase, files: tuple[Path, Path]) -> None:
    before = databases(tb)
    seen: list[tuple[float, float]] = []
    report = tb.evaluate_retrieval(
        locomo=[files[0]], qmsum=[files[1]], progress=lambda done, total: seen.append((done, total))
    )
    assert (report.conversations, report.utterances, report.questions, report.unscorable) == (2, 10, 6, 1)
    assert seen == [(1, 2), (2, 2)]
    figures = {(row.corpus, row.category, row.method): row for row in report.figures}
    assert {key[2] for key in figures} == set(METHODS)
    assert {(key[0], key[1]): row.questions for key, row in figures.items()} == {
        ("LoCoMo", "all"): 4, ("LoCoMo", "multi-hop"): 1, ("LoCoMo", "single-hop"): 2, ("LoCoMo", "temporal"): 1,
        ("QMSum", "all"): 2,
    }  # fmt: skip
    for row in report.figures:  # six utterances: ten hits are all of them
        assert row.recall_at_10 == row.recall_at_20 == 1.0 or row.method == "talkbase"
        assert 0 <= row.recall_at_5 <= row.recall_at_10 <= row.recall_at_20 <= 1
        assert row.low <= (row.hit_at_5 if row.corpus == "QMSum" else row.recall_at_10) <= row.high
    assert figures["LoCoMo", "all", "talkbase"].recall_at_10 == 1.0
    assert figures["QMSum", "all", "talkbase"].hit_at_5 == 1.0
    assert databases(tb) == before
    assert tb.list() == []


def test_the_scratch_database_goes_when_something_fails(
    tb: Talkbase, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = databases(tb)

    def stop(done: float, total: float) -> None:
        assert databases(tb) != before
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tb.evaluate_retrieval(locomo=[files[0]], progress=stop)
    assert databases(tb) == before


def test_locomo_is_read_whole(files: tuple[Path, Path]) -> None:
    (case,) = _corpora.read_locomo(files[0])
    assert [utterance.speaker for utterance in case.transcript.utterances] == [speaker for speaker, _ in TURNS]
    assert case.transcript.utterances[4].text == "Next week I fly to Lisbon. [shares a picture: a plane ticket]"
    assert [question.evidence for question in case.questions] == [{2}, {3}, {4, 5}, {4}]
    assert case.unanswerable == 1
    first, last = case.transcript.utterances[0].said_at, case.transcript.utterances[5].said_at
    assert first and last and (last - first).days == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", "[1]", '[{"conversation": 3}]', "null", '{"a": [}'])
def test_other_files_are_refused_in_words(tb: Talkbase, tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content, "utf-8")
    for how in ({"locomo": [file]}, {"qmsum": [file]}):
        with pytest.raises(UnreadableInput, match=r"other\.json is no"):
            tb.evaluate_retrieval(**how)  # type: ignore[arg-type]


def test_missing_files_and_no_files_are_refused(tb: Talkbase, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="cannot be read"):
        tb.evaluate_retrieval(locomo=[tmp_path / "none.json"])
    with pytest.raises(UsageError):
        tb.evaluate_retrieval()
    with pytest.raises(UsageError):
        tb.evaluate_retrieval(qmsum=[tmp_path])


def test_without_the_model_it_says_what_to_install(
    tb: Talkbase, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("talkbase.engines.embeddings.available", lambda: False)
    with pytest.raises(MissingExtra):
        tb.evaluate_retrieval(locomo=[files[0]])


def test_recall_counts_the_share_of_the_evidence() -> None:
    assert recall([5, 1, 7], frozenset({1, 2})) == 0.5
    assert recall([], frozenset({1})) == 0
