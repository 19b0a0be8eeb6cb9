"""The rules of the schema, asked of a migrated database; each query is shown to notice a violation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import CheckConstraint
from tests.rows import TABLES

from talkbase.db import migrate
from talkbase.db.session import Database

Connection = psycopg.Connection[Any]

OURS = """
SELECT c.oid, c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured FROM pg_class c
WHERE c.relnamespace = 'talkbase'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND c.relname <> 'alembic_version'
"""
OWN = OURS + r" AND c.relname NOT LIKE 'procrastinate\_%'"

FOREIGN_KEYS_WITHOUT_INDEX = f"""
SELECT t.relname, k.conname FROM ({OURS}) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
WHERE k.conparentid = 0 AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisvalid
      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ 'IS NOT NULL')
      AND (SELECT array_agg(a ORDER BY a) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) a)
        = (SELECT array_agg(a ORDER BY a) FROM unnest(k.conkey) a))
"""
NO_PRIMARY_KEY = f"""
SELECT relname FROM ({OURS}) t WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
"""
NO_TIMESTAMPS = f"""
SELECT relname FROM ({OWN}) t WHERE (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnotnull
    AND a.atthasdef AND a.atttypid = 'timestamptz'::regtype AND a.attname IN ('created_at', 'updated_at')) <> 2
   OR NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = 'touch' AND g.tgenabled = 'O')
"""
NO_COMMENT = f"""
SELECT relname, '' FROM ({OWN}) t WHERE coalesce(obj_description(t.oid), '') = ''
UNION ALL
SELECT relname, attname FROM ({OWN}) t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE coalesce(col_description(t.oid, a.attnum), '') = ''
UNION ALL
SELECT relname, '' FROM pg_class v WHERE v.relnamespace = 'talkbase'::regnamespace AND v.relkind = 'v'
  AND coalesce(obj_description(v.oid), '') = ''
"""
NO_ROW_SECURITY = f"""
SELECT relname FROM ({OURS}) t
WHERE NOT secured OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)
"""
UNCHECKED_SCORES = f"""
SELECT relname, attname FROM ({OWN}) t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.atttypid = 'float8'::regtype AND NOT a.attisdropped
WHERE (col_description(t.oid, a.attnum) ~ '0 to 1' OR attname IN ('confidence', 'strength', 'relevance', 'score'))
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c'
                  AND a.attnum = ANY (k.conkey) AND pg_get_constraintdef(k.oid) ~ '>= \\(0' AND k.convalidated
                  AND pg_get_constraintdef(k.oid) ~ '<= \\(1')
"""
UNCHECKED_WORDS = f"""
SELECT relname, attname FROM ({OWN}) t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.atttypid = 'text'::regtype AND NOT a.attisdropped
WHERE (attname IN ('status', 'visibility', 'support', 'role', 'permission', 'consent', 'search_config', 'author',
                   'modality')
       OR attname IN ('kind', 'mode') OR attname = 'type' AND relname NOT IN ('nodes', 'relationships', 'exports'))
  AND NOT (relname = 'speakers' AND attname = 'role')  -- free words of people: host, guest, Moderator
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.convalidated
                  AND a.attnum = ANY (k.conkey) AND pg_get_constraintdef(k.oid) ~ 'ANY \\(')
"""

RULES = {
    "every foreign key has an index that leads with its columns": (
        FOREIGN_KEYS_WITHOUT_INDEX, "DROP INDEX talkbase.ix_evidence_utterance"),
    "every table has a primary key": (
        NO_PRIMARY_KEY, "ALTER TABLE talkbase.exports DROP CONSTRAINT pk_exports"),
    "every table has its timestamps, kept by a trigger": (
        NO_TIMESTAMPS, "DROP TRIGGER touch ON talkbase.gestures"),
    "every table, view and column has a comment": (
        NO_COMMENT, "COMMENT ON COLUMN talkbase.scenes.text IS NULL"),
    "every table has forced row security and policies": (
        NO_ROW_SECURITY, "ALTER TABLE talkbase.facts NO FORCE ROW LEVEL SECURITY"),
    "every score from 0 to 1 has a check": (
        UNCHECKED_SCORES, "ALTER TABLE talkbase.faces DROP CONSTRAINT ck_faces_confidence"),
    "every column of a few words has a check": (
        UNCHECKED_WORDS, "ALTER TABLE talkbase.runs DROP CONSTRAINT ck_runs_status"),
}  # fmt: skip


@pytest.fixture
def owner(module_database: Database) -> Iterator[Connection]:
    with module_database.as_owner() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.mark.parametrize("rule", RULES)
def test_the_schema_keeps_the_rule_and_the_query_notices_a_violation(owner: Connection, rule: str) -> None:
    query, violation = RULES[rule]
    assert owner.execute(query).fetchall() == []
    owner.execute(violation)
    assert owner.execute(query).fetchall() != []


def test_every_list_of_words_in_the_models_is_enforced_by_the_database(owner: Connection) -> None:
    listed = [
        (table.name, found[1])
        for table in TABLES.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and (found := re.match(r"(\w+) IN \(", str(constraint.sqltext)))
    ]
    assert len(listed) > 30
    for table, column in listed:
        defined = owner.execute(
            "SELECT count(*) FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid"
            " AND a.attnum = ANY (k.conkey) WHERE k.conrelid = %s::regclass AND k.contype = 'c' AND a.attname = %s",
            [f"talkbase.{table}", column],
        ).fetchone()
        assert defined and defined[0] >= 1, (table, column)


@pytest.mark.parametrize("score", ["NaN", "1.0000001", "-0.1", "Infinity"])
def test_a_score_outside_0_to_1_is_refused(owner: Connection, score: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            "INSERT INTO gestures (conversation_id, id, start_time, type, confidence)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), 0, 'pointing', %s)",
            [score],
        )


def test_models_equal_migrations(owner: Connection) -> None:
    assert migrate.differences(owner) == []


@pytest.mark.parametrize("score", ["0", "1", None])
def test_a_score_from_0_to_1_passes(owner: Connection, score: str | None) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):  # what comes after the checks
        owner.execute(
            "INSERT INTO gestures (conversation_id, id, start_time, type, confidence)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), 0, 'pointing', %s)",
            [score],
        )


def test_a_difference_between_models_and_database_is_noticed(database: Database) -> None:
    changes = (
        "ALTER TABLE talkbase.users ADD COLUMN planted text",
        "ALTER TABLE talkbase.users DROP COLUMN last_seen_at",
        "ALTER TABLE talkbase.media ALTER COLUMN size TYPE numeric",
        "ALTER TABLE talkbase.media ALTER COLUMN name DROP NOT NULL",
        "DROP INDEX talkbase.ix_media_sha256",
        "CREATE TABLE talkbase.planted (id int)",
        "COMMENT ON COLUMN talkbase.users.name IS 'planted'",
        "ALTER TABLE talkbase.utterances ALTER COLUMN version SET DEFAULT 2",
    )
    with database.as_owner() as connection:
        for change in changes:
            connection.execute(change)
        assert len(migrate.differences(connection)) == len(changes)


def test_nobody_but_the_owner_may_execute_what_runs_with_the_owners_rights(owner: Connection) -> None:
    definers = owner.execute(
        "SELECT p.oid::regprocedure::text, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE')"
        " FROM pg_proc p WHERE p.pronamespace = 'talkbase'::regnamespace AND p.prosecdef"
    ).fetchall()
    assert len(definers) >= 6
    for name, config, by_public in definers:
        assert config in (["search_path=pg_catalog, pg_temp"], ["search_path=talkbase, pg_temp"]), name
        assert not by_public, name
