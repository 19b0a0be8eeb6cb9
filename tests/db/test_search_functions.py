"""Full-text candidates: everything that is found is visible, and everything visible that fits is found."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.rows import Filled, Place, fill, fresh, insert

from talkbase.db.session import Database, Reading
from talkbase.domain.ids import uuid7
from talkbase.domain.query import parse


@pytest.fixture
def filled(database: Database) -> Filled:
    with database.as_owner() as connection:
        return fill(connection)


def found(reading: Reading, query: str, *, any_word: bool = False, conversation: UUID | None = None) -> set[UUID]:
    read = parse(query)
    program = [] if any_word else list(read.whole)
    lexemes = [row["lexeme"] for row in terms(reading, list(read.words))]
    rows = reading.rows(
        "SELECT * FROM search_text(compile_query(%(program)s::text[]), %(lexemes)s::text[], %(idf)s::float8[], %(n)s,"
        " '{}', %(conversation)s::uuid, 100)",
        program=program, lexemes=lexemes, idf=[1.0] * len(lexemes), n=len(lexemes), conversation=conversation,
    )  # fmt: skip
    return {row["conversation_id"] for row in rows}


def terms(reading: Reading, words: list[str]) -> list[dict[str, Any]]:
    rows = reading.rows("SELECT * FROM query_terms(%(words)s::text[])", words=words)
    return [row for row in rows if row["word"]]


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
            query = reading.value("SELECT compile_query(%(program)s::text[])::text", program=list(parse(typed).whole))
            told = f"{query} {terms(reading, list(parse(typed).words))}"
            words = {word for word in ("nordlicht", "geheimprojekt", "budget", "workshop") if word in told}
            assert words <= {typed}, typed
            assert found(reading, typed, any_word=True) == set()
        for like in ("geheim*", "nordlich", "geheimprojekte", "%*", "____*", "nordlichd"):
            assert [row for row in terms(reading, [like]) if row["documents"]] == [], like
        assert reading.value("SELECT count(*) FROM lexemes WHERE owner_id <> %(me)s", me=filled.users[0]) == 0


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
        assert set(rights) == {
            (name, "SELECT") for name in ("conversations", "shares", "utterances", "speakers", "lexemes")
        }
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
    attacker.execute("CREATE FUNCTION pg_temp.length(tsvector) RETURNS int LANGUAGE sql"
                     " AS 'SELECT 1 FROM talkbase.utterances'")  # fmt: skip
    attacker.execute("SET LOCAL search_path = pg_temp, talkbase, public")
    rows = attacker.execute("SELECT conversation_id FROM talkbase.search_text('budget', '{}', '{}', 0, '{}', NULL, 100)"
                            ).fetchall()  # fmt: skip
    assert {row[0] for row in rows} == set(filled.conversations(0))


def test_bounds_hold(database: Database, filled: Filled, new_user: Callable[[str], UUID]) -> None:
    user = filled.users[0]
    conversation = uuid7()
    with database.writing(user) as writing:
        writing.insert("conversations", {"id": conversation, "owner_id": user, "title": "long"})
        writing.copy("utterances", ("conversation_id", "id", "position", "text", "search_config"),
                     ((conversation, uuid7(), n, "lighthouse keeper", "english") for n in range(300)))  # fmt: skip
        query = "SELECT count(*) FROM search_text('lighthous', '{}', '{}', 0, '{}', NULL, %(best)s, %(bound)s)"
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


def counted(reading: Reading) -> dict[str, int]:
    """The counts of lexemes as they are kept."""
    rows = reading.rows("SELECT lexeme, sum(documents)::int AS n FROM lexemes WHERE lexeme <> '' GROUP BY 1")
    return {row["lexeme"]: row["n"] for row in rows if row["n"]}


def recounted(reading: Reading, user: UUID) -> dict[str, int]:
    """The same, from the utterances themselves."""
    rows = reading.rows(
        "SELECT l AS lexeme, count(*)::int AS n FROM utterances u JOIN conversations c ON c.id = u.conversation_id,"
        " unnest(tsvector_to_array(u.tsv)) l WHERE c.owner_id = %(user)s GROUP BY 1", user=user,
    )  # fmt: skip
    return {row["lexeme"]: row["n"] for row in rows}


def test_counts_of_lexemes_stay_true_under_a_random_history(database: Database, filled: Filled) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance = random.Random(seed)
    words = ["harbour", "lighthouse", "keeper", "storm", "boats", "sailing", "the"]
    said: list[UUID] = []
    for _ in range(40):
        user = chance.choice(filled.users)
        mine = [key for key in said if key in own(database, user)]
        with database.writing(user) as writing:
            match chance.choice(["say", "say", "say more", "correct", "take back", "delete"]):
                case "correct":
                    text = " ".join(chance.choices(words, k=4))
                    writing.execute("UPDATE utterances SET text = %(text)s, version = version + 1"
                                    " WHERE position = 0", text=text)  # fmt: skip
                case "take back":
                    writing.execute("DELETE FROM utterances WHERE position = 1 AND conversation_id = ANY(%(mine)s)",
                                    mine=mine)  # fmt: skip
                case "delete" if mine:
                    writing.execute("DELETE FROM conversations WHERE id = %(id)s", id=mine[0])
                case "say more" if mine:
                    writing.execute("UPDATE utterances SET speaker_id = speaker_id")
                case _:
                    said.append(uuid7())
                    writing.insert("conversations", {"id": said[-1], "owner_id": user, "title": "said"})
                    for position in range(3):
                        text = " ".join(chance.choices(words, k=5))
                        writing.insert("utterances", {"conversation_id": said[-1], "id": uuid7(), "text": text,
                                                      "position": position, "search_config": "english"})  # fmt: skip
        for one in filled.users:
            with database.reading(one) as reading:
                assert counted(reading) == recounted(reading, one)


def own(database: Database, user: UUID) -> set[UUID]:
    with database.reading(user) as reading:
        return {row["id"] for row in reading.rows("SELECT id FROM conversations")}


def test_a_count_that_is_not_kept_is_noticed(database: Database, filled: Filled) -> None:
    with database.as_owner() as owner:
        owner.execute("DROP TRIGGER count_changed_lexemes ON talkbase.utterances")
    with database.writing(filled.users[0]) as writing:
        writing.execute("UPDATE utterances SET text = 'zebra', version = version + 1")
        assert counted(writing) != recounted(writing, filled.users[0])


def test_what_is_forgotten_leaves_no_lexeme(database: Database, filled: Filled) -> None:
    key = say(database, filled.users[0], "Zanzibar quokka")
    with database.writing(filled.users[0]) as writing:
        assert writing.value("SELECT count(*) FROM lexemes WHERE lexeme LIKE 'zanz%%'") == 1
        writing.execute("DELETE FROM conversations WHERE id = %(id)s", id=key)
    with database.as_owner() as owner:
        assert owner.execute("SELECT count(*) FROM lexemes WHERE lexeme ~ 'zanz|quok'").fetchone() == (0,)
        owner.execute("DELETE FROM users WHERE id = %s", [filled.users[1]])
        assert owner.execute("SELECT count(*) FROM lexemes WHERE owner_id = %s", [filled.users[1]]).fetchone() == (0,)


def test_counts_do_not_make_writers_wait(database: Database, filled: Filled) -> None:
    with database.writing(filled.users[0]) as first:
        first.execute("UPDATE utterances SET text = 'anchor', version = version + 1 WHERE position = 0")
        with database.writing(filled.users[1]) as second:
            second.execute("SET LOCAL lock_timeout = '2s'")
            second.execute("UPDATE utterances SET text = 'anchor', version = version + 1 WHERE position = 0")
    for user in filled.users:
        with database.reading(user) as reading:
            assert counted(reading) == recounted(reading, user)


def test_nobody_writes_counts(database: Database, filled: Filled) -> None:
    for statement in ("DELETE FROM lexemes", "UPDATE lexemes SET documents = 0", "SELECT sum_up_lexemes('{a}', 0)"):
        with database.writing(filled.users[0]) as writing, pytest.raises(psycopg.errors.InsufficientPrivilege):
            writing._connection.execute(statement)  # type: ignore[arg-type]


def test_a_misspelt_word_finds_what_is_written_like_it(database: Database, filled: Filled) -> None:
    key = say(database, filled.users[0], "We visited Reykjavik in winter")
    with database.reading(filled.users[0]) as reading:
        assert found(reading, "Reykjavick", any_word=True) == {key}
        assert found(reading, "reyk*") == {key}
        assert found(reading, "xqzptlk", any_word=True) == set()
