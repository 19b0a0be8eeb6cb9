"""Full-text candidates: everything that is found is visible, and everything visible that fits is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.rows import Filled, Place, fill, fresh, insert

from talkbase.db.session import Database, Reading
from talkbase.domain.ids import uuid7


@pytest.fixture
def filled(database: Database) -> Filled:
    with database.as_owner() as connection:
        return fill(connection)


def found(reading: Reading, query: str, *, any_word: bool = False, conversation: UUID | None = None) -> set[UUID]:
    rows = reading.rows(
        "SELECT * FROM search_text(text_query(%(query)s, %(any)s), %(conversation)s::uuid, 100)",
        query=query, any=any_word, conversation=conversation,
    )  # fmt: skip
    return {row["conversation_id"] for row in rows}


def say(database: Database, user: UUID, text: str, config: str = "english", conversation: UUID | None = None) -> UUID:
    key = conversation or uuid7()
    with database.writing(user) as writing:
        if conversation is None:
            writing.insert("conversations", {"id": key, "owner_id": user, "title": text[:20]})
        position = writing.value("SELECT count(*) FROM utterances WHERE conversation_id = %(id)s", id=key)
        writing.insert("utterances", {"conversation_id": key, "id": uuid7(), "position": position, "text": text,
                                      "search_config": config})  # fmt: skip
    return key


def test_only_what_the_user_may_see_is_found(database: Database, filled: Filled) -> None:
    mine, theirs = filled.conversations(0), filled.conversations(1)
    with database.reading(filled.users[0]) as reading:
        assert found(reading, "budget march") == set(mine)
        assert found(reading, "budget", conversation=theirs[0]) == set()
    with database.writing(filled.users[1]) as bob:
        bob.execute("UPDATE conversations SET visibility = 'public' WHERE id = %(id)s", id=theirs[0])
        share = fresh("shares", Place(1, 1, 0), filled) | {"user_id": filled.users[0], "link_hash": None}
        insert(bob._connection, "shares", share)
    with database.reading(filled.users[0]) as reading:
        assert found(reading, "budget") == {*mine, *theirs}
    with database.writing(filled.users[1]) as bob:
        bob.execute("UPDATE shares SET expires_at = now() - interval '1 minute' WHERE id = %(id)s", id=share["id"])
        bob.execute("UPDATE conversations SET visibility = 'private'")
    with database.writing(filled.users[0]) as alice:
        alice.execute("UPDATE conversations SET deleted_at = now() WHERE id = %(id)s", id=mine[0])
        assert found(alice, "budget") == {mine[1]}
        alice.execute("SELECT set_config('talkbase.user_id', '', true)")
        assert found(alice, "budget") == set()


def test_a_visibility_that_is_not_applied_is_noticed(database: Database, filled: Filled) -> None:
    with database.as_owner() as owner:
        owner.execute(
            "CREATE OR REPLACE FUNCTION talkbase.may_read(conversation talkbase.conversations) RETURNS boolean"
            " LANGUAGE sql STABLE RETURN conversation.deleted_at IS NULL"
        )
    with database.reading(filled.users[0]) as reading:
        assert found(reading, "budget") - set(filled.conversations(0)) != set()


def test_the_query_says_nothing_of_what_others_said(database: Database, filled: Filled) -> None:
    say(database, filled.users[1], "Geheimprojekt Nordlicht wurde verschoben", "german")
    with database.reading(filled.users[0]) as reading:
        for typed in ("", "nordlicht", "the", "*", "' or 1=1 --", "!", '"', "a & b | !c", "\\", "geheim:*"):
            query = reading.value("SELECT text_query(%(query)s, true)::text", query=typed) or ""
            words = {word for word in ("nordlicht", "geheimprojekt", "budget", "workshop") if word in query}
            assert words <= {typed}, typed
            assert found(reading, typed, any_word=True) == set()


def test_each_language_is_searched_in_its_own_forms(database: Database, filled: Filled) -> None:
    user = filled.users[0]
    german = say(database, user, "Die Verträge wurden unterschrieben.", "german")
    say(database, user, "Он подписывал договоры.", "russian", conversation=german)  # two languages in one conversation
    simple = say(database, user, "Zażółć gęślą jaźń", "simple")
    with database.reading(user) as reading:
        assert found(reading, "vertrag") == {german}
        assert found(reading, "договор") == {german}
        assert found(reading, "gęślą") == {simple}
        assert found(reading, "budgets raising") == set(filled.conversations(0))
        assert found(reading, '"raise the budget"') == set(filled.conversations(0))
        assert found(reading, '"budget the raise"') == set()
        assert found(reading, "budget -march") == set()
        assert found(reading, "vertrag or gęślą") == {german, simple}
        assert found(reading, "vertrag gęślą", any_word=True) == {german, simple}


def test_an_empty_database_has_no_hits(database: Database) -> None:
    with database.reading() as reading:
        assert found(reading, "anything") == set()


def test_the_search_role_can_do_nothing_else(database: Database, filled: Filled) -> None:
    with database.as_owner() as owner:
        role = owner.execute("SELECT talkbase.search_role()").fetchone()
        assert role is not None
        rights = owner.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = %s", role
        ).fetchall()
        assert set(rights) == {(name, "SELECT") for name in ("conversations", "shares", "utterances", "speakers")}
        attributes = owner.execute(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s",
            role,
        ).fetchone()
        assert attributes == (False,) * 5
        assert owner.execute("SELECT has_schema_privilege(%s, 'talkbase', 'CREATE')", role).fetchone() == (False,)


@pytest.fixture
def attacker(database: Database, filled: Filled) -> Iterator[psycopg.Connection[Any]]:
    with database.writing(filled.users[0]) as writing:
        yield writing._connection


def test_the_functions_cannot_be_turned_against_others(attacker: psycopg.Connection[Any], filled: Filled) -> None:
    # Temporary objects of the same names, which an unqualified name would find first.
    attacker.execute("CREATE TEMP TABLE shares (conversation_id uuid, user_id uuid, expires_at timestamptz)")
    attacker.execute("INSERT INTO pg_temp.shares SELECT %s, %s", [filled.conversations(1)[0], filled.users[0]])
    attacker.execute("CREATE FUNCTION pg_temp.ts_rank_cd(tsvector, tsquery, int) RETURNS real LANGUAGE sql"
                     " AS 'SELECT 1::real FROM talkbase.utterances'")  # fmt: skip
    attacker.execute("SET LOCAL search_path = pg_temp, talkbase, public")
    rows = attacker.execute("SELECT conversation_id FROM talkbase.search_text('budget', NULL, 100)").fetchall()
    assert {row[0] for row in rows} == set(filled.conversations(0))


def test_bounds_hold(database: Database, filled: Filled, new_user: Callable[[str], UUID]) -> None:
    user = filled.users[0]
    conversation = uuid7()
    with database.writing(user) as writing:
        writing.insert("conversations", {"id": conversation, "owner_id": user, "title": "long"})
        writing.copy("utterances", ("conversation_id", "id", "position", "text", "search_config"),
                     ((conversation, uuid7(), n, "lighthouse keeper", "english") for n in range(300)))  # fmt: skip
        query = "SELECT count(*) FROM search_text('lighthous', NULL, %(best)s, %(bound)s)"
        assert writing.value(query, best=10, bound=20000) == 10
        assert writing.value(query, best=1000, bound=50) == 50
        assert writing.value(query, best=1000, bound=20000) == 300


def test_the_index_is_used(database: Database, filled: Filled) -> None:
    user, conversation = filled.users[0], uuid7()
    with database.writing(user) as writing:
        writing.insert("conversations", {"id": conversation, "owner_id": user, "title": "long"})
        writing.copy(
            "utterances",
            ("conversation_id", "id", "position", "text", "search_config"),
            ((conversation, uuid7(), n, f"word{n % 997} and word{n % 991}", "english") for n in range(20_000)),
        )
    with database.as_owner() as owner:
        owner.execute("ANALYZE utterances; ANALYZE conversations")
        owner.execute("SELECT set_config('role', talkbase.search_role(), false)")
        plan = "\n".join(row[0] for row in owner.execute(
            "EXPLAIN SELECT u.id FROM talkbase.utterances u JOIN talkbase.conversations c ON c.id = u.conversation_id"
            " WHERE u.tsv @@ 'word17'::tsquery AND talkbase.may_read(c) LIMIT 20000"))  # fmt: skip
    assert "tsv" in plan and "Bitmap Index Scan" in plan, plan
