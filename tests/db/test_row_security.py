"""Nobody sees, changes, deletes or adds what is not theirs: asked of every table, as the application's role."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.rows import BY_TRIGGER, TABLES, Filled, Place, fill, fresh, insert

from talkbase.db.session import Database

Connection = psycopg.Connection[Any]
Key = tuple[Any, ...]

NOT_WRITABLE = ("users", "tokens", BY_TRIGGER)
READ_WITH_THE_CONVERSATION = ("statements", "edits")
"""Tables with an owner whose rows are nevertheless shown to whoever sees the conversation."""


@pytest.fixture
def filled(database: Database) -> Filled:
    """Two users' rows in every table, for tests that change them."""
    with database.as_owner() as connection:
        return fill(connection)


@pytest.fixture(scope="module")
def kept(module_database: Database) -> Filled:
    """The same, for tests that leave no trace."""
    with module_database.as_owner() as connection:
        return fill(connection)


@pytest.fixture
def alice(module_database: Database, kept: Filled) -> Iterator[Connection]:
    """The connection of user 0's transaction; rolled back after the test."""
    with module_database.writing(kept.users[0]) as writing, writing._connection.transaction(force_rollback=True):
        yield writing._connection


def keys(table: str) -> list[str]:
    return [column.name for column in TABLES[table].primary_key]


def visible(connection: Connection, table: str) -> set[Key]:
    columns = sql.SQL(", ").join(map(sql.Identifier, keys(table)))
    return set(connection.execute(sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table))))


def expected(filled: Filled, table: str, user: int, shown: set[UUID] = frozenset()) -> set[Key]:  # type: ignore[assignment]
    """The keys that a user sees: their own rows, and those of conversations that are shown to them."""
    if table == BY_TRIGGER:
        versions = expected(filled, "utterances", user, shown)
        return {(conversation, utterance, 1) for conversation, utterance in versions}
    with_conversation = "owner_id" not in TABLES[table].c or table in READ_WITH_THE_CONVERSATION
    return {
        tuple(row[name] for name in keys(table))
        for place, row in filled.rows[table].items()
        if place.user == user
        or (table == "conversations" and row["id"] in shown)
        or (with_conversation and row.get("conversation_id") in shown)
    }


def breaches(connection: Connection, filled: Filled, table: str) -> list[str]:
    """What user 0 could do in a table that is user 1's business; `connection` acts for user 0."""
    found = []
    mine, theirs = expected(filled, table, 0), expected(filled, table, 1)
    seen = visible(connection, table)
    if seen != mine:
        found.append(f"sees {len(seen - mine)} rows of others and misses {len(mine - seen)} of their own")
    for verb, statement in (
        ("change", "UPDATE {t} SET updated_at = now() RETURNING {k}"),
        ("delete", "DELETE FROM {t} RETURNING {k}"),
    ):
        touched = set(_try(connection, statement, table))
        if touched - mine:
            found.append(f"can {verb} rows of others")
        if touched != mine and table not in (*NOT_WRITABLE, "receipts"):
            found.append(f"cannot {verb} their own rows")
    for place in (Place(1, 0, 0), Place(1, 1, 1)):
        if _can_insert(connection, table, fresh_or_none(table, place, filled)):
            found.append("can add rows for others")
    if table not in NOT_WRITABLE and not _can_insert(connection, table, fresh_or_none(table, Place(0, 0, 0), filled)):
        found.append("cannot add their own rows")
    if {"owner_id", "conversation_id"} <= set(TABLES[table].c.keys()):
        row = fresh(table, Place(0, 0, 0), filled) | {"conversation_id": filled.conversations(1)[0]}
        if _can_insert(connection, table, row):
            found.append("can add rows of their own to the conversations of others")
    assert theirs
    return found


def fresh_or_none(table: str, place: Place, filled: Filled) -> dict[str, Any]:
    if table == BY_TRIGGER:
        said = filled.rows["utterances"][place]
        return {"conversation_id": said["conversation_id"], "utterance_id": said["id"], "version": 9, "text": "no"}
    row = fresh(table, place, filled)
    return row | {"model": "another"} if {"model", "embedding"} <= row.keys() or table == "token_vectors" else row


def _try(connection: Connection, statement: str, table: str) -> list[Key]:
    columns = sql.SQL(", ").join(map(sql.Identifier, keys(table)))
    query = sql.SQL(statement).format(t=sql.Identifier(table), k=columns)
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(query).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return []


def _can_insert(connection: Connection, table: str, row: dict[str, Any]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, table, row)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def test_no_table_lets_anybody_at_what_is_not_theirs(alice: Connection, kept: Filled) -> None:
    assert {table: found for table in TABLES if (found := breaches(alice, kept, table))} == {}


@pytest.mark.parametrize(
    ("table", "fault", "noticed"),
    [
        ("utterances", "CREATE POLICY planted ON talkbase.utterances FOR SELECT USING (true)", "sees 4 rows of others"),
        ("people", "ALTER TABLE talkbase.people DISABLE ROW LEVEL SECURITY", "can change rows of others"),
        ("gestures", "DROP POLICY reads ON talkbase.gestures", "misses 4 of their own"),
        ("shares", "CREATE POLICY planted ON talkbase.shares FOR INSERT WITH CHECK"
                   " (owner_id = talkbase.current_user_id())", "to the conversations of others"),
        ("utterance_texts", "GRANT INSERT ON talkbase.utterance_texts TO PUBLIC; CREATE POLICY planted"
                            " ON talkbase.utterance_texts FOR INSERT WITH CHECK (true)", "can add rows for others"),
    ],
)  # fmt: skip
def test_a_fault_in_a_policy_is_noticed(
    database: Database, filled: Filled, table: str, fault: str, noticed: str
) -> None:
    with database.as_owner() as owner:
        owner.execute(fault)
    with database.writing(filled.users[0]) as writing:
        assert noticed in "; ".join(breaches(writing._connection, filled, table))


def test_without_a_user_nothing_is_seen(alice: Connection) -> None:
    alice.execute("SELECT set_config('talkbase.user_id', '', true)")
    assert {table for table in TABLES if visible(alice, table)} == set()
    assert alice.execute("SELECT count(*) FROM v_timeline").fetchone() == (0,)


def test_a_share_gives_reading_until_it_expires(database: Database, filled: Filled) -> None:
    theirs = filled.conversations(1)[0]
    row = fresh("shares", Place(1, 0, 0), filled) | {"user_id": filled.users[0], "link_hash": None}
    with database.writing(filled.users[1]) as bob:
        insert(bob._connection, "shares", row)
    _reads_but_cannot_write(database, filled, {theirs}, also={"shares": {(row["id"],)}})
    with database.writing(filled.users[1]) as bob:
        bob.execute("UPDATE shares SET expires_at = now() WHERE id = %(id)s", id=row["id"])
    _reads_but_cannot_write(database, filled, set(), also={"shares": {(row["id"],)}})


def test_what_is_public_is_read_by_all_and_written_by_none(database: Database, filled: Filled) -> None:
    theirs = filled.conversations(1)[1]
    with database.writing(filled.users[1]) as bob:
        bob.execute("UPDATE conversations SET visibility = 'public' WHERE id = %(id)s", id=theirs)
    _reads_but_cannot_write(database, filled, {theirs}, also={})


def _reads_but_cannot_write(database: Database, filled: Filled, shown: set[UUID], also: dict[str, set[Key]]) -> None:
    with database.writing(filled.users[0]) as alice:
        connection = alice._connection
        for table in TABLES:
            assert visible(connection, table) == expected(filled, table, 0, shown) | also.get(table, set()), table
            for statement in ("UPDATE {t} SET updated_at = now() RETURNING {k}", "DELETE FROM {t} RETURNING {k}"):
                assert set(_try(connection, statement, table)) <= expected(filled, table, 0), table
            assert not _can_insert(connection, table, fresh_or_none(table, Place(1, 0, 1), filled)), table


def test_a_conversation_cannot_be_given_to_or_taken_from_somebody(alice: Connection, kept: Filled) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), alice.transaction():
        alice.execute("UPDATE conversations SET owner_id = %s", [kept.users[1]])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), alice.transaction():
        alice.execute("UPDATE utterances SET conversation_id = %s", [kept.conversations(1)[0]])


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE talkbase.utterances DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE talkbase.utterances NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY reads ON talkbase.utterances",
        "CREATE POLICY mine ON talkbase.utterances USING (true)",
        "CREATE TABLE talkbase.mine (id int)",
        "CREATE FUNCTION talkbase.mine() RETURNS int LANGUAGE sql RETURN 1",
        "SET LOCAL row_security = off; SELECT text FROM utterances",
        "SELECT text FROM talkbase.utterances_default",
        "SELECT text FROM talkbase.utterance_texts_default",
        "DELETE FROM talkbase.utterances_default",
        "TRUNCATE utterances CASCADE",
        "UPDATE utterance_texts SET text = 'rewritten'",
        "DELETE FROM utterance_texts",
        "UPDATE users SET role = 'owner'",
        "UPDATE users SET password_hash = 'mine'",
        "DELETE FROM users",
        "UPDATE receipts SET reason = 'none'",
        "DELETE FROM receipts",
        "CREATE TEMP TABLE mine (conversation_id uuid, id uuid, version int, text text);"
        " CREATE TRIGGER planted AFTER INSERT ON mine REFERENCING NEW TABLE AS added"
        " EXECUTE FUNCTION talkbase.keep_new_texts()",
        "SELECT * FROM procrastinate_workers",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_the_application_may_not(alice: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), alice.transaction():
        alice.execute(statement)


def test_every_partition_is_closed_to_the_application(alice: Connection) -> None:
    partitions = alice.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
        " AND relnamespace = 'talkbase'::regnamespace"
        " AND (has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE')"
        "      OR has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE'))"
    ).fetchall()
    assert partitions == []
    assert alice.execute("SELECT count(*) FROM pg_class WHERE relispartition").fetchone() >= (8,)


def test_secrets_of_others_are_out_of_reach(alice: Connection, kept: Filled) -> None:
    hashes = alice.execute("SELECT password_hash FROM users").fetchall()
    assert hashes == [("scrypt$secret-of-0",)]
    assert alice.execute("SELECT count(*), count(DISTINCT owner_id) FROM tokens").fetchone() == (2, 1)


@pytest.mark.parametrize("view", ["v_timeline", "v_talk_time", "v_conversations", "v_runs", "v_evidence"])
def test_views_show_what_their_reader_may_see(module_database: Database, kept: Filled, view: str) -> None:
    column = "id" if view == "v_conversations" else "conversation_id"
    shown = []
    for user in range(2):
        with module_database.reading(kept.users[user]) as reading:
            shown.append({row[column] for row in reading.rows(f"SELECT * FROM {view}")})  # type: ignore[arg-type]
        assert shown[-1] == set(kept.conversations(user)), view


def test_jobs_of_others_are_invisible(database: Database, filled: Filled) -> None:
    from talkbase.db import queue

    for number, user in enumerate(filled.users):
        with database.writing(user) as writing:
            queue.defer(writing, "analyze", user, lock=f"test:{number}")
    with database.writing(filled.users[0]) as writing:
        connection = writing._connection
        jobs = connection.execute("SELECT args->>'user_id' FROM procrastinate_jobs").fetchall()
        assert jobs == [(str(filled.users[0]),)]
        assert connection.execute("SELECT count(*) FROM procrastinate_events").fetchone() == (1,)
        assert connection.execute("DELETE FROM procrastinate_jobs").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            queue.defer(writing, "analyze", filled.users[1], lock="test:for-another")
    with database.as_owner() as owner:
        assert owner.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (1,)


def test_a_random_history_of_sharing_and_meddling_shows_each_user_exactly_theirs(
    database: Database, filled: Filled
) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance = random.Random(seed)
    tables = [table for table in TABLES if table != "shares"]
    shown: list[set[UUID]] = [set(), set()]
    for _ in range(60):
        owner = chance.randrange(2)
        reader, theirs = 1 - owner, chance.choice(filled.conversations(owner))
        with database.writing(filled.users[owner]) as writing:
            match chance.choice(["share", "expire", "unshare", "publish", "hide"]):
                case "share":
                    row = fresh("shares", Place(owner, 0, 0), filled)
                    writing.execute(
                        "DELETE FROM shares WHERE conversation_id = %(id)s AND user_id IS NOT NULL", id=theirs
                    )
                    row |= {"conversation_id": theirs, "user_id": filled.users[reader], "link_hash": None}
                    insert(writing._connection, "shares", row)
                case "expire":
                    writing.execute("UPDATE shares SET expires_at = now() - interval '1 second'"
                                    " WHERE conversation_id = %(id)s", id=theirs)  # fmt: skip
                case "unshare":
                    writing.execute(
                        "DELETE FROM shares WHERE conversation_id = %(id)s AND user_id IS NOT NULL", id=theirs
                    )
                case state:
                    writing.execute("UPDATE conversations SET visibility = %(state)s WHERE id = %(id)s",
                                    state="public" if state == "publish" else "private", id=theirs)  # fmt: skip
        with database.as_owner() as all_seeing:
            shown[reader] = {row[0] for row in all_seeing.execute(
                "SELECT id FROM conversations c WHERE owner_id = %s AND (visibility = 'public' OR EXISTS (SELECT FROM"
                " shares s WHERE s.conversation_id = c.id AND s.user_id = %s AND coalesce(expires_at > now(), true)))",
                [filled.users[owner], filled.users[reader]])}  # fmt: skip
        table = chance.choice(tables)
        with database.writing(filled.users[reader]) as writing:
            assert visible(writing._connection, table) == expected(filled, table, reader, shown[reader]), (seed, table)
            for statement in ("UPDATE {t} SET updated_at = now() RETURNING {k}", "DELETE FROM {t} RETURNING {k}"):
                touched = set(_try(writing._connection, statement, table))
                assert touched <= expected(filled, table, reader), (seed, table)
