"""Yearly partitions by key, and the keys themselves."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.db import migrate
from talkbase.db.session import Database
from talkbase.domain import ids
from talkbase.domain.ids import made_at, uuid7

Connection = psycopg.Connection[Any]


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    with database.as_owner() as connection:
        yield connection


def key_of(moment: datetime) -> uuid.UUID:
    """A UUIDv7 as it would have been made at a moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | uuid7().int & (1 << 80) - 1)


def say(owner: Connection, conversation: uuid.UUID) -> tuple[str, str]:
    """Add a conversation with one utterance; returns the partitions where utterance and text went."""
    owner.execute(
        "INSERT INTO users (id, name) VALUES ('0197a000-0000-7000-8000-000000000001', 'u') ON CONFLICT DO NOTHING"
    )
    owner.execute("INSERT INTO conversations (id, owner_id, title) SELECT %s, id, 't' FROM users", [conversation])
    owner.execute("INSERT INTO utterances (conversation_id, id, position, text) VALUES (%s, %s, 0, 'hello')",
                  [conversation, uuid7()])  # fmt: skip
    row = owner.execute(
        "SELECT u.tableoid::regclass::text, t.tableoid::regclass::text FROM utterances u JOIN utterance_texts t"
        " ON t.conversation_id = u.conversation_id AND t.utterance_id = u.id WHERE u.conversation_id = %s",
        [conversation],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_keys_land_in_the_partition_of_their_year(owner: Connection) -> None:
    now = datetime.now(UTC)
    edge = datetime(now.year + 1, 1, 1, tzinfo=UTC)
    cases = {
        now: now.year,
        edge - timedelta(milliseconds=1): now.year,
        edge: now.year + 1,
        datetime(now.year + 2, 12, 31, 23, 59, 59, 999000, tzinfo=UTC): now.year + 2,
        datetime(now.year + 3, 1, 1, tzinfo=UTC): "default",
        datetime(2019, 5, 5, tzinfo=UTC): "default",
        datetime(1970, 1, 1, tzinfo=UTC): "default",
    }
    for moment, year in cases.items():
        assert say(owner, key_of(moment)) == (f"utterances_{year}", f"utterance_texts_{year}"), moment


def test_what_was_made_by_any_means_goes_to_some_partition(owner: Connection) -> None:
    assert say(owner, uuid.uuid4())[0].startswith("utterances_")
    assert say(owner, uuid.UUID(int=(1 << 128) - 1))[0] == "utterances_default"


def test_making_partitions_again_makes_none_and_all_have_every_index(owner: Connection) -> None:
    assert migrate.ensure_partitions(owner) == 0
    year = owner.execute("SELECT extract(year FROM now())::int + 3").fetchone()
    assert year is not None
    assert owner.execute("SELECT ensure_partitions(%s, %s)", [year[0], year[0] + 1]).fetchone() == (4,)
    missing = owner.execute(
        "SELECT p.inhrelid::regclass, i.indexrelid::regclass FROM pg_inherits p"
        " JOIN pg_index i ON i.indrelid = p.inhparent"
        " WHERE p.inhparent IN ('utterances'::regclass, 'utterance_texts'::regclass) AND NOT EXISTS ("
        "  SELECT FROM pg_index c JOIN pg_inherits q ON q.inhrelid = c.indexrelid"
        "  WHERE c.indrelid = p.inhrelid AND q.inhparent = i.indexrelid AND c.indisvalid)"
    ).fetchall()
    assert missing == []
    assert owner.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'utterances'::regclass").fetchone() == (6,)


def test_many_make_partitions_at_once(database: Database) -> None:
    def make(_: int) -> int:
        with database.as_owner() as owner:
            row = owner.execute("SELECT ensure_partitions(2050, 2053)").fetchone()
            assert row is not None
            return int(row[0])

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(make, range(6))) == [0, 0, 0, 0, 0, 8]


def test_a_year_whose_keys_are_in_the_default_partition_stays_there(owner: Connection) -> None:
    early = key_of(datetime(2060, 6, 1, tzinfo=UTC))  # a clock that ran ahead
    assert say(owner, early)[0] == "utterances_default"
    assert owner.execute("SELECT ensure_partitions(2059, 2061)").fetchone() == (4,)
    assert say(owner, key_of(datetime(2060, 7, 1, tzinfo=UTC)))[0] == "utterances_default"
    assert say(owner, key_of(datetime(2061, 7, 1, tzinfo=UTC)))[0] == "utterances_2061"
    owner.execute("DELETE FROM conversations")
    assert owner.execute("SELECT ensure_partitions(2060, 2060)").fetchone() == (2,)


@given(st.integers(1970, 9999))
def test_the_first_key_of_a_year_is_the_smallest(year: int) -> None:
    first = int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) << 80
    if year > 1970:
        assert made_at(uuid.UUID(int=first - (1 << 80))).year == year - 1
    assert made_at(uuid.UUID(int=first)).year == year


def test_the_database_and_python_agree_on_the_first_key_of_a_year(owner: Connection) -> None:
    for year in (1970, 2000, 2026, 2038, 2100):
        row = owner.execute("SELECT first_key_of_year(%s)", [year]).fetchone()
        assert row is not None
        assert row[0].int == int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) << 80


def test_keys_are_version_7_and_sort_by_age() -> None:
    before = time.time_ns() // 1_000_000
    keys = [uuid7() for _ in range(50_000)]
    after = time.time_ns() // 1_000_000
    assert {(key.version, key.variant) for key in keys} == {(7, uuid.RFC_4122)}
    assert keys == sorted(keys)
    assert len({key.int >> 64 for key in keys}) == len(keys)  # strictly rising by their first half
    assert before <= keys[0].int >> 80 <= keys[-1].int >> 80 <= after + 1
    assert abs((made_at(keys[0]) - datetime.now(UTC)).total_seconds()) < 60


def test_keys_of_many_threads_differ_and_rise_in_each() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def make(mine: list[uuid.UUID]) -> None:
        start.wait()
        mine.extend(uuid7() for _ in range(5_000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({key.int >> 64 for mine in made for key in mine}) == 40_000


def test_a_clock_that_jumps_back_does_not_turn_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    real = time.time_ns
    monkeypatch.setattr(ids.time, "time_ns", lambda: real() - 3_600 * 1_000_000_000)
    assert uuid7() > first
