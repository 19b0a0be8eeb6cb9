"""Correcting: kept as edits, and what depends on a name changes with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.actions.test_add import WITHOUT_MODELS, meeting

from talkbase.actions.library import Talkbase
from talkbase.db.session import Database
from talkbase.domain.progress import silent
from talkbase.engines import embeddings, weights
from talkbase.errors import NotFound, TalkbaseError, UsageError
from talkbase.stages import Options, Subject
from talkbase.stages.embed import LINES, Line, stage

needs_embeddings = pytest.mark.skipif(
    not embeddings.available() or not weights.is_installed("minilm-l6-v2"), reason="the embedding model is not here"
)


def edits(tb: Talkbase) -> list[tuple[Any, ...]]:
    with tb.database.reading() as reading:
        return [tuple(row.values()) for row in reading.rows(
            "SELECT target_type, field, old_value, new_value, author_id FROM edits ORDER BY id")]  # fmt: skip


def test_renaming_a_conversation_is_kept_as_an_edit(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    assert tb.rename("meeting", "  Budget\n 2026  ") == added.id
    assert tb.show(added.id or "").title == "Budget 2026"
    assert edits(tb) == [("conversation", "title", "meeting", "Budget 2026", tb.user)]
    for empty in ("", " \n\t ", "\0"):
        with pytest.raises(UsageError, match="empty"):
            tb.rename(added.id or "", empty)


def test_a_speaker_is_renamed_by_label_or_name(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    who = tb.rename_speaker(added.id or "", "ada", "Ada Lovelace")
    assert tb.rename_speaker(added.id or "", "Ada Lovelace", "Countess") == who
    assert {s.name for s in tb.show(added.id or "").speakers if s.id == who} == {"Countess"}
    assert [edit[3] for edit in edits(tb)] == ["Ada Lovelace", "Countess"]
    with pytest.raises(NotFound, match="no speaker “Babbage”") as refused:
        tb.rename_speaker(added.id or "", "Babbage", "x")
    assert "Countess" in (refused.value.hint or "")


def test_others_cannot_correct_what_is_only_shown_to_them(
    tb: Talkbase, database: Database, new_user: Callable[[str], UUID], tmp_path: Path
) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    with database.writing() as writing:
        writing.execute("UPDATE conversations SET visibility = 'public'")
    other = Talkbase(tb.settings, user=new_user("other"), database=database)
    for use in (lambda: other.rename(added.id or "", "mine"), lambda: other.rename_speaker(added.id or "", "Ada", "x")):
        with pytest.raises(TalkbaseError):
            use()
    assert tb.show(added.id or "").title == "meeting"
    assert edits(tb) == []


def vectors(tb: Talkbase, conversation: UUID) -> dict[UUID, Sequence[float]]:
    import json

    with tb.database.reading() as reading:
        rows = reading.rows("SELECT utterance_id, version, embedding::text AS vector FROM utterance_vectors"
                            " WHERE conversation_id = %(id)s", id=conversation)  # fmt: skip
    return {row["utterance_id"]: json.loads(row["vector"]) for row in rows}


def drift(tb: Talkbase, conversation: UUID) -> float:
    """The largest cosine distance between a stored vector and one made now; 2 where one is missing or too many."""
    import numpy as np

    with tb.database.reading() as reading:
        lines = reading.all(Line, LINES, id=conversation, speaker=None)
    kept = vectors(tb, conversation)
    if kept.keys() != {line.id for line in lines}:
        return 2.0
    fresh = [getattr(made, "sentence", made) for made in stage.vectors(lines, silent)]
    return max(1.0 - float(np.dot(kept[line.id], vector)) for line, vector in zip(lines, fresh, strict=True))


HALF = 1e-3
"""What half precision loses of a cosine, with room to spare; a name in front changes it by far more."""


@needs_embeddings
def test_vectors_follow_a_name(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=Options(only=("embed",)))
    assert added.id
    before = vectors(tb, added.id)
    assert drift(tb, added.id) < HALF
    tb.rename_speaker(added.id, "Ada", "The minister of finance")
    after = vectors(tb, added.id)
    assert drift(tb, added.id) < HALF
    assert sum(before[key] != after[key] for key in before) == 1  # only what that speaker said
    with tb.database.writing() as writing:  # a name that changed past the action is noticed
        writing.execute("UPDATE speakers SET name = 'Somebody else' WHERE label = 'Ada'")
    assert drift(tb, added.id) > 10 * HALF


@needs_embeddings
def test_vectors_follow_a_name_that_changes_while_the_model_works(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    assert added.id
    subject = Subject(added.id, tb.user, Options(), None, {}, lambda: pytest.fail("no sound is needed"))
    with tb.database.reading() as reading:
        lines = stage.load(reading, subject)
    result = stage.compute(lines, subject, silent)
    tb.rename_speaker(added.id, "Grace", "Admiral Hopper")
    with tb.database.writing() as writing:
        stage.write(writing, subject, None, result)  # type: ignore[arg-type]
    assert drift(tb, added.id) < HALF


@needs_embeddings
def test_a_name_and_its_vectors_change_together_or_not_at_all(tb: Talkbase, database: Database, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=Options(only=("embed",)))
    assert added.id
    with database.as_owner() as owner:
        owner.execute("CREATE FUNCTION talkbase.fail() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN RAISE 'planted' USING ERRCODE = 'disk_full'; END $$")  # fmt: skip
        owner.execute("CREATE TRIGGER fail AFTER INSERT ON talkbase.utterance_vectors EXECUTE FUNCTION talkbase.fail()")
    with pytest.raises(TalkbaseError):
        tb.rename_speaker(added.id, "Ada", "Lost")
    assert {s.name or s.label for s in tb.show(added.id).speakers} == {"Ada", "Grace"}
    assert edits(tb) == []
    assert drift(tb, added.id) < HALF
