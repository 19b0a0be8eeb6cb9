"""Test collections for search: conversations with questions and the utterances that answer them.

LoCoMo (Maharana et al. 2024, arXiv:2402.17753): long chats of two people over many sittings. QMSum (Zhong et al. 2021,
arXiv:2104.05938): meetings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from talkbase.domain.transcript import Speaker, Transcript, Utterance
from talkbase.errors import UnreadableInput

T = TypeVar("T")

LOCOMO_CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single-hop"}
"""LoCoMo's answerable kinds of questions, by its own numbers; 5 is adversarial: the answer is not there."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the positions of the utterances that answer it."""

    text: str
    category: str
    evidence: frozenset[int]


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation and what is asked of it; `unanswerable` questions name no utterance and cannot be scored."""

    transcript: Transcript
    questions: tuple[Question, ...]
    unanswerable: int


def read_locomo(path: Path) -> list[Case]:
    """The chats of a LoCoMo file with their questions of the categories 1 to 4. Raises `UnreadableInput`."""
    return _read(path, "LoCoMo", lambda found: [_locomo(sample) for sample in (found[0], *found[1:])])


def read_qmsum(path: Path) -> Case:
    """One meeting of QMSum with its specific queries. Raises `UnreadableInput`."""
    return _read(path, "QMSum", lambda found: _qmsum(path.stem, found))


def _read(path: Path, name: str, build: Callable[[Any], T]) -> T:
    try:
        return build(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnreadableInput(f"{path} is no {name} file.", hint="docs/quality.md says where to get one.") from error


def _qmsum(title: str, meeting: Mapping[str, Any]) -> Case:
    turns = meeting["meeting_transcripts"]
    questions = []
    for asked in meeting["specific_query_list"]:
        spans = [range(int(first), int(last) + 1) for first, last in asked["relevant_text_span"]]
        evidence = frozenset(at for span in spans for at in span if at < len(turns))
        questions.append(Question(asked["query"], "specific", evidence))
    transcript = Transcript(
        title=title, kind="meeting", language="en", speakers=_speakers(turn["speaker"] for turn in turns),
        utterances=tuple(Utterance(turn["content"], speaker=turn["speaker"]) for turn in turns),
    )  # fmt: skip
    return _case(transcript, questions)


def _locomo(sample: Mapping[str, Any]) -> Case:
    said = sample["conversation"]
    utterances: list[Utterance] = []
    places: dict[str, int] = {}
    for session in sorted(
        (key for key in said if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key.removeprefix("session_"))
    ):
        when = _moment(said.get(f"{session}_date_time"))
        for turn in said[session]:
            places[turn["dia_id"]] = len(utterances)
            utterances.append(Utterance(_with_picture(turn), speaker=turn["speaker"], said_at=when))
    questions = []
    for asked in sample["qa"]:
        if category := LOCOMO_CATEGORIES.get(asked["category"]):
            # Some entries name several turns at once ("D8:6; D9:17"), some name none that exists.
            named = (turn for entry in asked["evidence"] for turn in re.findall(r"D\d+:\d+", entry))
            evidence = frozenset(places[turn] for turn in named if turn in places)
            questions.append(Question(asked["question"], category, evidence))
    transcript = Transcript(
        title=str(sample.get("sample_id") or "chat"), kind="chat", language="en", utterances=tuple(utterances),
        speakers=_speakers(utterance.speaker or "" for utterance in utterances),
    )  # fmt: skip
    return _case(transcript, questions)


def _case(transcript: Transcript, questions: list[Question]) -> Case:
    answerable = tuple(question for question in questions if question.evidence)
    return Case(transcript, answerable, len(questions) - len(answerable))


def _with_picture(turn: Mapping[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [shares a picture: {caption}]" if caption else str(turn["text"])


def _moment(text: str | None) -> datetime | None:
    """LoCoMo's times: "1:56 pm on 8 May, 2023"."""
    try:
        return datetime.strptime(text or "", "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _speakers(names: Iterable[str]) -> tuple[Speaker, ...]:
    return tuple(Speaker(name, name=name) for name in dict.fromkeys(names))
