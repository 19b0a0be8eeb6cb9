"""What the database promises by itself: versions, stale evidence, no unfounded statement, deletion that is whole."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.rows import SAID, TABLES, Filled, Place, fill, fresh, insert

from talkbase.actions.library import Talkbase
from talkbase.db.session import Database, Writing
from talkbase.domain.ids import uuid7

Connection = psycopg.Connection[Any]


@pytest.fixture
def filled(database: Database) -> Filled:
    with database.as_owner() as connection:
        return fill(connection)


@pytest.fixture(scope="module")
def kept(module_database: Database) -> Filled:
    with module_database.as_owner() as connection:
        return fill(connection)


@pytest.fixture
def writing(module_database: Database, kept: Filled) -> Iterator[Writing]:
    """User 0 writes; rolled back after the test."""
    with module_database.writing(kept.users[0]) as writing, writing._connection.transaction(force_rollback=True):
        yield writing


def texts(writing: Writing, conversation: UUID) -> list[tuple[int, str]]:
    rows = writing.rows(
        "SELECT version, text FROM utterance_texts WHERE conversation_id = %(id)s ORDER BY version, text",
        id=conversation,
    )
    return [(row["version"], row["text"]) for row in rows]


def checked(writing: Writing) -> None:
    """Do now what a commit would check."""
    writing.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_every_version_of_a_text_is_kept_whatever_way_it_came(writing: Writing, kept: Filled) -> None:
    here = kept.conversations(0)[0]
    first = [(1, said) for said in sorted(SAID)]
    assert texts(writing, here) == first
    writing.copy("utterances", ("conversation_id", "id", "position", "text"),
                 [(here, uuid7(), 7, "By COPY."), (here, uuid7(), 8, "By COPY as well.")])  # fmt: skip
    first += [(1, "By COPY."), (1, "By COPY as well.")]
    assert texts(writing, here) == sorted(first)
    changed = writing.execute(
        "UPDATE utterances SET text = upper(text), version = version + 1 WHERE conversation_id = %(id)s", id=here
    )
    assert changed == 4
    assert texts(writing, here) == sorted(first) + sorted((2, text.upper()) for _, text in first)
    writing.execute(
        "INSERT INTO utterances (conversation_id, id, position, text)"
        " SELECT conversation_id, id, position, 'again' FROM utterances WHERE conversation_id = %(id)s"
        " ON CONFLICT (conversation_id, id) DO UPDATE SET text = excluded.text, version = utterances.version + 1",
        id=here,
    )  # fmt: skip
    assert texts(writing, here)[-4:] == [(3, "again")] * 4


@pytest.mark.parametrize(
    "change",
    [
        "text = 'changed'",
        "text = 'changed', version = version + 2",
        "text = 'changed', version = version - 1",
        "machine_text = 'changed'",
        "machine_text = NULL",
        "version = 0",
        "confidence = 1.5",
        "search_config = 'klingon'",
        "start_time = 9, end_time = 8",
    ],
)
def test_a_change_that_breaks_a_promise_is_refused(writing: Writing, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), writing._connection.transaction():
        writing.execute(f"UPDATE utterances SET {change}")  # type: ignore[arg-type]


def test_one_bad_row_among_many_is_enough(writing: Writing) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), writing._connection.transaction():
        writing.execute("UPDATE utterances SET text = 'x', version = version + CASE position WHEN 0 THEN 1 ELSE 0 END")


def test_evidence_and_statement_grow_stale_with_the_words_and_only_with_them(writing: Writing, kept: Filled) -> None:
    def stale() -> tuple[int, int]:
        count = "SELECT count(*) FROM {} WHERE stale"
        return tuple(writing.value(count.format(table)) for table in ("evidence", "statements"))  # type: ignore[arg-type,return-value]

    said = kept.rows["utterances"][Place(0, 1, 0)]
    writing.execute("UPDATE utterances SET confidence = 0.1, version = version + 1")
    assert stale() == (0, 0)
    writing.execute("UPDATE utterances SET text = 'other', version = version + 1 WHERE id = %(id)s", id=said["id"])
    assert stale() == (1, 1)
    row = writing.rows("SELECT s.id, s.stale_at FROM statements s WHERE s.stale")[0]
    assert row["id"] == kept.rows["statements"][Place(0, 1, 0)]["id"]
    assert row["stale_at"] is not None
    quote = writing.value("SELECT quote FROM v_evidence WHERE stale")
    assert quote == SAID[0][:9]  # what the statement was made from, not what stands there now


def test_a_statement_of_somebody_else_grows_stale_too(database: Database, filled: Filled) -> None:
    mine = filled.conversations(0)[0]
    theirs = filled.rows["statements"][Place(1, 0, 0)]["id"]
    said = filled.rows["utterances"][Place(0, 0, 1)]["id"]
    with database.as_owner() as owner:  # once somebody to whom it is shown could cite it
        owner.execute(
            "INSERT INTO evidence (conversation_id, id, statement_id, utterance_id, version)"
            " VALUES (%s, %s, %s, %s, 1)",
            [mine, uuid7(), theirs, said],
        )
    with database.writing(filled.users[0]) as alice:
        alice.execute("UPDATE utterances SET text = 'other', version = 2 WHERE id = %(id)s", id=said)
    with database.reading(filled.users[1]) as bob:
        assert bob.value("SELECT stale FROM statements WHERE id = %(id)s", id=theirs) is True


def new_statement(kept: Filled, **more: Any) -> dict[str, Any]:
    return fresh("statements", Place(0, 0, 0), kept) | more


def new_evidence(kept: Filled, statement: UUID) -> dict[str, Any]:
    return fresh("evidence", Place(0, 0, 0), kept) | {"statement_id": statement}


def test_a_machines_statement_without_evidence_is_refused_at_commit(writing: Writing, kept: Filled) -> None:
    connection = writing._connection
    row = new_statement(kept)
    with pytest.raises(psycopg.errors.CheckViolation, match="has no evidence"), connection.transaction():
        insert(connection, "statements", row)
        checked(writing)
    with connection.transaction():
        insert(connection, "statements", row)
        insert(connection, "evidence", new_evidence(kept, row["id"]))
        checked(writing)
    for author in ("person", "source"):
        with connection.transaction():
            other = new_statement(kept, author=author, run_id=None, support="imported")
            insert(connection, "statements", other)
            checked(writing)
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            writing.execute("UPDATE statements SET author = 'machine', run_id = %(run)s WHERE id = %(id)s",
                            id=other["id"], run=row["run_id"])  # fmt: skip
            checked(writing)


def test_the_refusal_comes_at_the_commit_of_a_real_transaction(database: Database, filled: Filled) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), database.writing(filled.users[0]) as writing:
        insert(writing._connection, "statements", new_statement(filled))


def test_a_statement_whose_last_evidence_goes_is_unsupported(writing: Writing, kept: Filled) -> None:
    connection = writing._connection
    row = new_statement(kept)
    insert(connection, "statements", row)
    pieces = [new_evidence(kept, row["id"]) for _ in range(3)]
    for piece in pieces:
        insert(connection, "evidence", piece)
    checked(writing)

    def support() -> Any:
        return writing.value("SELECT support FROM statements WHERE id = %(id)s", id=row["id"])

    writing.execute("DELETE FROM evidence WHERE id = %(id)s", id=pieces[0]["id"])
    assert support() == "evidence"
    other = kept.rows["statements"][Place(0, 0, 1)]["id"]
    writing.execute("UPDATE evidence SET statement_id = %(other)s WHERE id = %(id)s", other=other, id=pieces[1]["id"])
    assert support() == "evidence"
    writing.execute("UPDATE evidence SET statement_id = %(other)s WHERE id = %(id)s", other=other, id=pieces[2]["id"])
    assert support() == "unsupported"


def test_an_utterance_that_goes_takes_its_evidence_and_the_support(writing: Writing, kept: Filled) -> None:
    said = kept.rows["utterances"][Place(0, 0, 0)]["id"]
    writing.execute("DELETE FROM utterances WHERE id = %(id)s", id=said)
    statement = kept.rows["statements"][Place(0, 0, 0)]["id"]
    rows = writing.rows("SELECT support, support_reason FROM statements WHERE id = %(id)s", id=statement)
    assert rows == [{"support": "unsupported", "support_reason": "its last evidence is gone"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"utterance_id": None, "version": None, "start_char": None, "end_char": None},
        {"start_time": 1.0},
        {"version": None},
        {"version": 2},
        {"start_char": 5, "end_char": 5},
        {"start_char": -1},
    ],
)
def test_evidence_points_to_exactly_one_thing_that_exists(
    writing: Writing, kept: Filled, wrong: dict[str, Any]
) -> None:
    row = new_evidence(kept, kept.rows["statements"][Place(0, 0, 0)]["id"]) | wrong
    refused = (psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation)
    with pytest.raises(refused), writing._connection.transaction():
        insert(writing._connection, "evidence", row)
        checked(writing)


def test_positions_may_be_swapped_but_not_shared(writing: Writing, kept: Filled) -> None:
    here = kept.conversations(0)[0]
    swap = "UPDATE utterances SET position = 1 - position WHERE conversation_id = %(id)s"
    assert writing.execute(swap, id=here) == 2
    checked(writing)
    with pytest.raises(psycopg.errors.UniqueViolation), writing._connection.transaction():
        writing.execute("UPDATE utterances SET position = 0 WHERE conversation_id = %(id)s", id=here)
        checked(writing)


def test_a_fact_of_one_value_has_one_at_a_time(writing: Writing, kept: Filled) -> None:
    def know(since: str, until: str | None) -> None:
        row = fresh("facts", Place(0, 0, 0), kept)
        row |= {"single_valued": True, "key": "employer", "category": "work", "valid_from": since, "valid_to": until,
                "superseded_by": None}  # fmt: skip
        insert(writing._connection, "facts", row)

    know("2020-01-01", "2022-01-01")
    know("2022-01-01", None)
    with pytest.raises(psycopg.errors.ExclusionViolation), writing._connection.transaction():
        know("2021-06-01", "2021-07-01")


def left_of(owner: Connection, conversation: UUID) -> dict[str, int]:
    """How many rows of a conversation each table holds, in the queue as well."""
    tables = [name for name, table in TABLES.items() if "conversation_id" in table.c]
    counts = {
        table: owner.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE conversation_id = %s").format(sql.Identifier(table)), [conversation]
        ).fetchone()
        for table in tables
    }
    queries = {
        "conversations": "SELECT count(*) FROM conversations WHERE id = %s",
        "voice_matches of others": "SELECT count(*) FROM voice_matches WHERE other_conversation_id = %s",
        "procrastinate_jobs": "SELECT count(*) FROM procrastinate_jobs WHERE args->>'conversation_id' = %s::text",
    }
    counts |= {name: owner.execute(query, [conversation]).fetchone() for name, query in queries.items()}
    return {name: count[0] for name, count in counts.items() if count and count[0]}


def test_deleting_a_conversation_removes_every_row_of_it_and_no_other(
    tb: Talkbase, database: Database, filled: Filled
) -> None:
    gone, stays = filled.conversations(0)
    alice = Talkbase(tb.settings, user=filled.users[0], database=database)
    alice.enqueue(gone)
    alice.enqueue(stays)
    with database.as_owner() as owner:
        before, others = left_of(owner, gone), left_of(owner, stays)
        assert len(before) == len([table for table in TABLES.values() if "conversation_id" in table.c]) + 3
        forgotten = alice.delete(gone)
        assert left_of(owner, gone) == {}
        after = left_of(owner, stays)
        # What the other conversation loses is what pointed to the deleted one.
        assert {name for name in others if others[name] != after.get(name)} <= {
            "voice_matches",
            "voice_matches of others",
        }
        receipt = owner.execute(
            "SELECT owner_id, counts, media, to_jsonb(r)::text FROM receipts r WHERE target_id = %s", [gone]
        ).fetchone()
        assert receipt is not None
        assert receipt[0] == filled.users[0]
        assert receipt[1]["utterances"] == 2
        assert len(receipt[2]) == 2
        assert not any(said in receipt[3] for said in SAID)
        texts_left = owner.execute("SELECT count(*) FROM model_calls WHERE conversation_id IS NULL").fetchone()
        assert texts_left == (2,)  # what a call cost stays known, without the conversation
    assert forgotten.rows["utterance_texts"] == 2


def test_rows_may_be_deleted_in_any_order(database: Database, filled: Filled) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(5):
        with database.writing(filled.users[0]) as writing, writing._connection.transaction(force_rollback=True):
            tables = [table for table in TABLES if table not in ("users", "tokens", "utterance_texts", "receipts")]
            chance.shuffle(tables)
            for table in tables:
                writing._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            checked(writing)
            for table in (*tables, "utterance_texts"):
                assert writing.value(f"SELECT count(*) FROM {table}") == 0, (seed, table)  # type: ignore[arg-type]


def test_a_user_who_goes_takes_everything_along(database: Database, filled: Filled) -> None:
    with database.as_owner() as owner:
        owner.execute("DELETE FROM users WHERE id = %s", [filled.users[0]])
        for conversation in filled.conversations(0):
            assert left_of(owner, conversation) == {}
        assert len(left_of(owner, filled.conversations(1)[0])) > 30


def test_updated_at_is_kept(writing: Writing, kept: Filled) -> None:
    writing.execute("UPDATE people SET updated_at = '2000-01-01', name = 'Ada'")
    assert writing.value("SELECT min(updated_at) = now() FROM people") is True


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("ALTER TABLE talkbase.utterances DISABLE TRIGGER keep_new_texts", "version"),
        ("ALTER TABLE talkbase.statements DISABLE TRIGGER require_evidence", "evidence"),
    ],
)
def test_without_the_trigger_the_promise_is_broken(
    database: Database, filled: Filled, fault: str, test: str, new_user: Callable[[str], UUID]
) -> None:
    """The tests above see the triggers' work and not something else's."""
    with database.as_owner() as owner:
        owner.execute(fault)
    with database.writing(filled.users[0]) as writing:
        if test == "version":
            here = filled.conversations(0)[0]
            writing.copy("utterances", ("conversation_id", "id", "position", "text"), [(here, uuid7(), 7, "lost")])
            assert (1, "lost") not in texts(writing, here)
        else:
            insert(writing._connection, "statements", new_statement(filled))
            checked(writing)
