"""Search on a real database with the real model: words, meaning, both, filters, citations, nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talkbase.actions.library import Talkbase
from talkbase.errors import UsageError
from talkbase.queries.search import Hit

SAID = {
    "planning": [
        ("Ann", "We cannot raise the budget before March."),
        ("Bob", "Then the workshop in Reykjavik has to wait."),
        ("Ann", "Let us ask the board about more money next week."),
        ("Bob", "The budget of the kitchen is fine."),
    ],
    "holiday": [
        ("Cem", "My dog loves swimming in the lake."),
        ("Ann", "We went hiking in the mountains and saw an eagle."),
        ("Cem", "Artificial intelligence in education is the topic of my talk."),
        ("Cem", "The weather was awful, it rained for days."),
    ],
}


def transcript(turns: list[tuple[str, str]]) -> str:
    lines = ["WEBVTT", "Language: en", ""]
    for at, (speaker, text) in enumerate(turns):
        lines += [f"00:00:{at * 3:02}.000 --> 00:00:{at * 3 + 2:02}.000", f"<v {speaker}>{text}", ""]
    return "\n".join(lines)


@pytest.fixture
def filled(tb: Talkbase, tmp_path: Path) -> Iterator[Talkbase]:
    for title, turns in SAID.items():
        file = tmp_path / f"{title}.vtt"
        file.write_text(transcript(turns), "utf-8")
        tb.add(file)
    yield tb


def texts(hits: list[Hit]) -> list[str]:
    return [hit.text for hit in hits]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("budget", ["planning 0", "planning 3"]),
        ("budgets raising", ["planning 0"]),
        ('"raise the budget"', ["planning 0"]),
        ('"budget the raise"', []),
        ("budget -kitchen", ["planning 0"]),
        ("kitchen or eagle", ["planning 3", "holiday 1"]),
        ("(kitchen or march) & budget", ["planning 0", "planning 3"]),
        ("'intelligence & education'", ["holiday 2"]),
        ("hik*", ["holiday 1"]),
        ("reykjavick", ["planning 1"]),
        ("budgte -kitchen", []),
        ("-budget -the", ["holiday 1"]),
        ("zzzzz", []),
    ],
)  # fmt: skip
def test_words_are_found_as_they_were_asked_for(filled: Talkbase, query: str, found: list[str]) -> None:
    expected = {SAID[where.split()[0]][int(where.split()[1])][1] for where in found}
    if query == "-budget -the":
        assert expected <= set(texts(filled.search(query, mode="text")))
    elif query == "budgte -kitchen":  # the exclusion holds, and the misspelt word is still understood
        assert SAID["planning"][3][1] not in texts(filled.search(query, mode="text"))
    else:
        assert set(texts(filled.search(query, mode="text"))) == expected


def test_rare_words_weigh_more_than_common_ones(filled: Talkbase) -> None:
    assert texts(filled.search("budget kitchen the workshop eagle", mode="text"))[0] != SAID["planning"][0][1]
    first = filled.search("the eagle", mode="text")[0]
    assert first.text == SAID["holiday"][1][1]


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_meaning_is_found_without_the_words(filled: Talkbase, mode: str) -> None:
    assert texts(filled.search("pets and animals bathing", mode=mode))[0] == SAID["holiday"][0][1]  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["text", "semantic", "hybrid"])
def test_what_is_excluded_or_quoted_is_obeyed_in_every_mode(filled: Talkbase, mode: str) -> None:
    for hit in filled.search("money budget -kitchen", mode=mode):  # type: ignore[arg-type]
        assert "kitchen" not in hit.text
    assert texts(filled.search('"has to wait" workshop', mode=mode)) == [SAID["planning"][1][1]]  # type: ignore[arg-type]


def test_the_person_whom_the_question_names_comes_first(filled: Talkbase) -> None:
    assert filled.search("What did Cem tell about his journey?")[0].speaker == "Cem"
    assert filled.search("What did Ann tell about her journey?")[0].speaker == "Ann"


def test_filters(filled: Talkbase) -> None:
    everything = filled.search("budget weather eagle dog", limit=50)
    assert {hit.speaker for hit in everything} == {"Ann", "Bob", "Cem"}
    for mode in ("text", "semantic", "hybrid"):
        hits = filled.search("budget weather eagle dog", mode=mode, speaker="ann", limit=50)  # type: ignore[arg-type]
        assert {hit.speaker for hit in hits} == {"Ann"}
        assert filled.search("budget", mode=mode, kind="podcast") == []  # type: ignore[arg-type]
        assert filled.search("budget", mode=mode, source="zoom") == []  # type: ignore[arg-type]
        assert filled.search("budget", mode=mode, since=datetime.now(UTC) + timedelta(days=1)) == []  # type: ignore[arg-type]
        assert filled.search("budget", mode=mode, until=datetime.now(UTC) + timedelta(days=1)) != []  # type: ignore[arg-type]
        assert filled.search("budget", mode=mode, language="xx") == []  # type: ignore[arg-type]
        inside = filled.search("budget", mode=mode, conversation="holiday", limit=50)  # type: ignore[arg-type]
        assert {hit.title for hit in inside} <= {"holiday"}


def test_a_citation_names_the_version_and_its_characters(filled: Talkbase) -> None:
    hit = filled.search("eagle", mode="text")[0]
    assert hit.citation == f"talkbase:{hit.conversation_id}/{hit.utterance_id}@1#0-{len(hit.text)}"
    assert "«eagle»" in hit.snippet


def test_vectors_of_both_kinds_follow_a_new_name(filled: Talkbase) -> None:
    conversation = filled.search("eagle", mode="text")[0].conversation_id
    before, tokens = kept(filled, conversation)
    filled.rename_speaker(conversation, "Cem", "Bartholomew")
    after, renamed = kept(filled, conversation)
    changed = [key for key in before if before[key] != after[key]]
    assert len(changed) == 3  # what Cem said
    assert [key for key in tokens if tokens[key] != renamed[key]] == changed
    assert filled.search("What does Bartholomew talk about?", conversation=conversation)[0].speaker == "Bartholomew"


def kept(tb: Talkbase, conversation: UUID) -> tuple[dict[UUID, str], dict[UUID, bytes]]:
    with tb.database.reading(tb.user) as reading:
        vectors = reading.rows(
            "SELECT utterance_id, embedding::text AS v FROM utterance_vectors WHERE conversation_id = %(id)s"
            " ORDER BY 1", id=conversation)  # fmt: skip
        tokens = reading.rows(
            "SELECT utterance_id, vectors AS v, tokens FROM token_vectors WHERE conversation_id = %(id)s ORDER BY 1",
            id=conversation)  # fmt: skip
    assert all(len(row["v"]) == 128 * row["tokens"] for row in tokens)
    return {row["utterance_id"]: row["v"] for row in vectors}, {row["utterance_id"]: row["v"] for row in tokens}


def test_what_belongs_to_another_user_is_not_found(filled: Talkbase, new_user: object) -> None:
    stranger = Talkbase(filled.settings, user=new_user("stranger"), database=filled.database)  # type: ignore[operator]
    for mode in ("text", "semantic", "hybrid"):
        assert stranger.search("budget", mode=mode) == []  # type: ignore[arg-type]


def test_an_empty_database_finds_nothing(tb: Talkbase) -> None:
    for mode in ("text", "semantic", "hybrid"):
        assert tb.search("anything at all", mode=mode) == []  # type: ignore[arg-type]


def test_only_nothing_and_no_limit_are_refused(filled: Talkbase) -> None:
    for text, limit in (("  ", 10), ("budget", 0)):
        with pytest.raises(UsageError):
            filled.search(text, limit=limit)


SIGNS = st.sampled_from(
    ['"', "(", ")", "-", "!", "&", "|", " or ", " NOT ", "*", ":*", "?", "'", "\\", "%", "_", "\0", "budget", " "]
)


def test_nonsense_never_fails(filled: Talkbase) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.one_of(SIGNS, st.text(max_size=5)), min_size=1, max_size=15).map("".join))
    def check(query: str) -> None:
        if query.strip():
            for mode in ("text", "hybrid"):
                filled.search(query, mode=mode)  # type: ignore[arg-type]

    check()
