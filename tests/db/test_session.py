"""Transactions on behalf of a user: what they may do, what leaks between them, and what errors become."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.database import environment

from talkbase.db.session import Database
from talkbase.domain.ids import uuid7
from talkbase.errors import Conflict, DatabaseUnavailable, NotAllowed, UsageError

WHO = "SELECT current_setting('talkbase.user_id', true)"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def test_the_pool_has_the_size_that_the_settings_say(open_copy: Callable[..., Database]) -> None:
    database = open_copy(database_pool_min=2, database_pool_size=3, database_max_overflow=1, database_pool_recycle=1234,
                         database_pool_pre_ping=False)  # fmt: skip
    with database.reading():
        pool = database._pool
        assert pool is not None
        assert (pool.min_size, pool.max_size, pool.max_lifetime, pool._check) == (2, 4, 1234, None)
    inside, together = threading.Barrier(5, timeout=30), []

    def hold(number: int) -> None:
        with database.reading():
            together.append(number)
            if number < 4:
                inside.wait()

    with ThreadPoolExecutor(5) as threads:
        four = [threads.submit(hold, number) for number in range(4)]
        while len(together) < 4:
            time.sleep(0.01)
        fifth = threads.submit(hold, 4)
        time.sleep(0.3)
        assert not fifth.done()  # the pool is exhausted: it waits its turn
        inside.wait()
        for task in (*four, fifth):
            task.result(timeout=30)
    assert sorted(together) == [0, 1, 2, 3, 4]


def test_threads_that_come_first_at_once_share_one_pool(database: Database) -> None:
    assert database.local_user
    start = threading.Barrier(8)

    def read(_: int) -> object:
        start.wait()
        with database.reading():
            return database._pool

    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(read, range(8))))) == 1


def test_a_connection_that_died_is_replaced_before_it_is_used(database: Database) -> None:
    with database.reading() as reading:
        pid = reading.value("SELECT pg_backend_pid()")
    with database.as_owner() as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with database.reading() as reading:
        assert reading.value("SELECT pg_backend_pid()") != pid


def test_reading_cannot_write(database: Database) -> None:
    assert not hasattr(database.reading().__enter__(), "execute")
    for statement in ("DELETE FROM conversations", "CREATE TEMP TABLE t (id int)", "SELECT nextval('s')"):
        with pytest.raises((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.UndefinedTable)):
            _try_to_write(database, statement)
    with database.writing() as writing:
        writing.execute("DELETE FROM conversations")


def _try_to_write(database: Database, statement: str) -> None:
    with database.reading() as reading:
        reading._connection.execute(statement)  # type: ignore[arg-type]


def test_the_user_of_one_transaction_is_not_the_next_ones(open_copy: Callable[..., Database]) -> None:
    database = open_copy(database_pool_size=1, database_max_overflow=0)
    alice, bob = uuid7(), uuid7()
    with database.writing(alice) as writing:
        assert writing.value(WHO) == str(alice)
        pid = writing.value("SELECT pg_backend_pid()")
    with pytest.raises(ZeroDivisionError), database.writing(alice):
        raise ZeroDivisionError
    with pytest.raises(psycopg.errors.SyntaxError), database.writing(alice) as writing:
        writing.execute("SELEC")
    with database.reading(bob) as reading:
        assert reading.value(WHO) == str(bob)
    assert database._pool is not None
    with database._pool.connection() as connection:  # the same one, outside of any transaction of a user
        row = connection.execute(
            "SELECT pg_backend_pid(), current_setting('talkbase.user_id', true), current_user"
        ).fetchone()
        assert row is not None
        assert (row[0], row[1]) == (pid, "")
        assert row[2].endswith("_app")
    with database.reading() as reading:
        assert reading.value(WHO) == str(database.local_user)


def test_an_error_rolls_everything_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as writing:
        writing.insert("conversations", {"id": uuid7(), "owner_id": database.local_user, "title": "gone"})
        raise ZeroDivisionError
    with database.reading() as reading:
        assert reading.value("SELECT count(*) FROM conversations") == 0


def utterances(database: Database, rows: list[tuple[Any, ...]], *, by_copy: bool) -> list[dict[str, Any]]:
    """Write (text, words, metadata, confidence) as utterances, and read them back in order."""
    conversation = uuid7()
    columns = ("conversation_id", "id", "position", "text", "words", "platform_metadata", "confidence")
    values = [(conversation, uuid7(), number, *row) for number, row in enumerate(rows)]
    with database.writing() as writing:
        writing.insert("conversations", {"id": conversation, "owner_id": database.local_user, "title": "t"})
        if by_copy:
            assert writing.copy("utterances", columns, iter(values)) == len(rows)
        else:
            for value in values:
                writing.insert("utterances", dict(zip(columns, value, strict=True)))
        return writing.rows(
            "SELECT text, words, platform_metadata, confidence FROM utterances WHERE conversation_id = %(id)s"
            " ORDER BY position", id=conversation,
        )  # fmt: skip


AWKWARD = [
    ("plain", [], {}, None),
    ("", None, None, 0.0),
    ("\\N", ["\\N", "\\."], {"\\N": None}, 1.0),
    ("\\.", [{"text": "\\."}], {"a": [1, 2.5, True, None, {"b": []}]}, 0.1),
    ("tab\tnew\nline\rreturn\x0b\x0c\x1f", [{"text": "tab\tnew\nline"}], {"k\tey": "\n"}, 1e-300),
    ("quotes \" and ' and , ; {} () $$ %s %(x)s :name", [{"q": "\"'"}], {"'": '"'}, 0.3333333333333333),
    ("naïve 会議 🎙️ \u202eRTL\u202c e\u0301 \ufeff", [{"text": "🎙️"}], {"🎙️": "会議"}, 0.5),
    (" leading and trailing ", ["  "], {"": ""}, 0.5),
]


@pytest.mark.parametrize("by_copy", [True, False])
def test_awkward_values_come_back_as_they_went_in(database: Database, by_copy: bool) -> None:
    back = utterances(database, AWKWARD, by_copy=by_copy)
    assert [tuple(row.values()) for row in back] == AWKWARD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, st.lists(JSON, max_size=3), st.dictionaries(TEXT, JSON, max_size=3)), max_size=5))
def test_copy_adapts_any_text_and_json(module_database: Database, rows: list[tuple[Any, ...]]) -> None:
    back = utterances(module_database, [(*row, None) for row in rows], by_copy=True)
    assert [(row["text"], row["words"], row["platform_metadata"]) for row in back] == [
        (text, words, json.loads(json.dumps(metadata))) for text, words, metadata in rows
    ]


@pytest.mark.parametrize("by_copy", [True, False])
@pytest.mark.parametrize(
    "row",
    [
        ("with a \0 in it", None, None, None),
        ("x", [{"text": "nul \0"}], None, None),
        ("x", [float("nan")], None, None),
        ("x", None, {"n": float("inf")}, None),
        ("x", None, None, "much"),
        ("lone \ud800 surrogate", None, None, None),
    ],
)
def test_what_postgresql_cannot_keep_is_refused_in_a_sentence(
    database: Database, row: tuple[Any, ...], by_copy: bool
) -> None:
    with pytest.raises(UsageError, match="PostgreSQL cannot keep a value"):
        utterances(database, [row], by_copy=by_copy)
    assert utterances(database, [("after it", None, None, None)], by_copy=by_copy)[0]["text"] == "after it"


def test_a_copy_that_fails_in_the_middle_writes_nothing(database: Database) -> None:
    def rows() -> Any:
        yield ("fine", None, None, None)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        conversation = uuid7()
        with database.writing() as writing:
            writing.insert("conversations", {"id": conversation, "owner_id": database.local_user, "title": "t"})
            writing.copy("utterances", ("conversation_id", "id", "position", "text"),
                         ((conversation, uuid7(), 0, row[0]) for row in rows()))  # fmt: skip
    with database.reading() as reading:
        assert reading.value("SELECT count(*) FROM conversations") == 0


@dataclasses.dataclass(frozen=True, slots=True)
class Title:
    id: UUID
    title: str


def test_rows_come_as_dictionaries_objects_values_and_streams(database: Database) -> None:
    with database.writing() as writing:
        for number in range(5000):
            if number < 3:
                writing.insert("people", {"id": uuid7(), "owner_id": database.local_user, "name": f"P{number}"})
        assert writing.execute("UPDATE people SET notes = 'x'") == 3
        assert writing.execute("UPDATE people SET source_metadata = %(json)s", json={"a": [1]}) == 3
    with database.reading() as reading:
        assert [row["name"] for row in reading.rows("SELECT name FROM people ORDER BY name")] == ["P0", "P1", "P2"]
        people = reading.all(Title, "SELECT id, name AS title FROM people ORDER BY name")
        assert [person.title for person in people] == ["P0", "P1", "P2"]
        assert reading.first(Title, "SELECT id, name AS title FROM people ORDER BY name") == people[0]
        assert reading.first(Title, "SELECT id, name AS title FROM people WHERE false") is None
        assert reading.value("SELECT source_metadata FROM people LIMIT 1") == {"a": [1]}
        assert reading.value("SELECT 1 WHERE false") is None
        streamed = list(reading.stream("SELECT n FROM generate_series(1, 10000) n WHERE n <= %(last)s", last=9000))
        assert streamed == [(n,) for n in range(1, 9001)]


def test_errors_are_put_into_words(database: Database) -> None:
    key = uuid7()
    row = {"id": key, "owner_id": database.local_user, "name": "Ada"}
    with pytest.raises(Conflict, match="pk_people"), database.writing() as writing:
        writing.insert("people", row)
        writing.insert("people", row)
    with pytest.raises(Conflict, match="fk_topics"), database.as_owner() as owner:
        owner.execute("INSERT INTO topics (id, owner_id, name) VALUES (%s, %s, 'x')", [key, key])
    with pytest.raises(NotAllowed, match="somebody else"), database.writing() as writing:
        writing.insert("people", row | {"owner_id": uuid7()})
    with pytest.raises(DatabaseUnavailable, match="users"), database.writing() as writing:
        writing.execute("DELETE FROM users")
    with pytest.raises(DatabaseUnavailable, match=r"lost|shutting down"), database.writing() as writing:
        pid = writing.value("SELECT pg_backend_pid()")
        with database.as_owner() as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        writing.value("SELECT 1")


def test_a_deadlock_ends_for_one_and_the_other_goes_on(database: Database) -> None:
    keys = [uuid7(), uuid7()]
    with database.writing() as writing:
        for key in keys:
            writing.insert("people", {"id": key, "owner_id": database.local_user, "name": "p"})
    both = threading.Barrier(2, timeout=20)

    def lock(order: list[UUID]) -> str:
        try:
            with database.writing() as writing:
                writing.execute("UPDATE people SET notes = 'a' WHERE id = %(id)s", id=order[0])
                both.wait()
                writing.execute("UPDATE people SET notes = 'b' WHERE id = %(id)s", id=order[1])
        except DatabaseUnavailable as error:
            return error.message
        return "done"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(lock, (keys, keys[::-1])))
    assert [("deadlock" in result, result == "done") for result in results] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )


HOLD = """
import sys, time, talkbase
with talkbase.open() as tb, tb.database.exclusive("test lock") as mine:
    print(mine, flush=True)
    time.sleep(600)
"""


def hold(database: Database) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], env=environment(database), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "True"
    return process


def test_a_named_lock_is_one_processs_until_it_ends_even_by_kill(database: Database) -> None:
    for end in (signal.SIGTERM, signal.SIGKILL):
        process = hold(database)
        with database.exclusive("test lock") as mine, database.exclusive("another lock") as other:
            assert (mine, other) == (False, True)
        os.kill(process.pid, end)
        process.wait()
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            with database.exclusive("test lock") as mine:
                if mine:
                    break
            time.sleep(0.02)
        assert mine
        assert process.stdout is not None
        process.stdout.close()
    with database.exclusive("test lock") as mine:
        assert mine


def test_the_local_user_is_one_however_many_ask_at_once(open_copy: Callable[..., Database]) -> None:
    first = open_copy()
    others = [open_copy(first.url.conninfo) for _ in range(6)]
    with ThreadPoolExecutor(7) as pool:
        users = set(pool.map(lambda database: database.local_user, [first, *others]))
    assert len(users) == 1
    with first.as_owner() as owner:
        assert owner.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.parametrize("way", ["reading", "as_owner"])
def test_a_killed_embedded_server_is_started_again(scratch: Path, way: str) -> None:
    from talkbase.config import Settings
    from talkbase.db.connect import open_database

    with open_database(Settings(home=scratch, database_linger=0)) as database:
        with database.writing() as writing:
            writing.insert("people", {"id": uuid7(), "owner_id": database.local_user, "name": "Ada"})
        assert database.server is not None
        pid = database.server.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)  # its backends end by themselves when they notice; until then one may still answer
        if way == "reading":
            with database.reading() as reading:
                assert reading.value("SELECT name FROM people") == "Ada"
        else:
            with database.as_owner() as connection:
                assert connection.execute("SELECT name FROM people").fetchone() == ("Ada",)
