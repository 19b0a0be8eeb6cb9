"""The schema's history: every step up, down and up on a database with rows in every table; together; as a script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from tests.database import environment
from tests.rows import TABLES, fill

from talkbase.db import migrate
from talkbase.db.connect import open_database
from talkbase.db.programs import binaries
from talkbase.db.server import Server
from talkbase.db.session import Database
from talkbase.errors import Conflict, DatabaseUnavailable, SchemaMismatch, UsageError

Connection = psycopg.Connection[Any]

REVISIONS = [revision for revision, _ in reversed(migrate.history())]

SHAPE = r"""
SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'talkbase'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'talkbase'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'talkbase'
UNION ALL SELECT 'policy', tablename || '.' || policyname, coalesce(qual, '') || coalesce(with_check, '') || cmd
FROM pg_policies WHERE schemaname = 'talkbase'
UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger
WHERE NOT tgisinternal
UNION ALL SELECT 'function', oid::regprocedure::text, prosrc || prosecdef FROM pg_proc
WHERE pronamespace = 'talkbase'::regnamespace AND proname NOT IN ('app_role', 'search_role')
UNION ALL SELECT 'comment', attrelid::regclass || '.' || attname, col_description(attrelid, attnum) FROM pg_attribute
WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'talkbase'::regnamespace) AND attnum > 0
UNION ALL SELECT 'security', relname, relrowsecurity::text || relforcerowsecurity::text
FROM pg_class WHERE relnamespace = 'talkbase'::regnamespace AND relkind IN ('r', 'p')
ORDER BY 1, 2, 3
"""


def shape(connection: Connection) -> list[Any]:
    """All of the schema that can be compared."""
    return connection.execute(SHAPE).fetchall()


def contents(connection: Connection) -> dict[str, Any]:
    """A hash over the rows of each table."""
    return {
        table: connection.execute(
            f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM talkbase.{table} t"  # type: ignore[arg-type]
        ).fetchone()
        for table in TABLES
    }


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    with database.as_owner() as connection:
        yield connection


@pytest.fixture
def empty(new_database: Callable[..., str]) -> str:
    """The conninfo of a database without talkbase's schema."""
    return new_database(template=None)


def test_each_step_goes_up_down_and_up_on_a_filled_database_and_keeps_the_rows(owner: Connection) -> None:
    fill(owner)
    whole, rows = shape(owner), contents(owner)
    assert all(count for count, _ in rows.values())
    for target in reversed(REVISIONS[:-1]):
        assert migrate.downgrade(owner, "-1") == target
        assert contents(owner) == rows, f"after going back to {target}"
    for target in REVISIONS[1:]:
        assert migrate.upgrade(owner, "+1") == target
        assert contents(owner) == rows, f"after going up to {target}"
    assert shape(owner) == whole
    assert migrate.differences(owner) == []


def test_the_first_step_takes_everything_back_and_leaves_nothing(owner: Connection) -> None:
    fill(owner)
    whole = shape(owner)
    assert migrate.downgrade(owner, "base") == "base"
    left = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'talkbase'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'talkbase'::regnamespace"
        " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'talkbase'::regnamespace AND typtype = 'e'"
    ).fetchall()
    assert left == [("alembic_version",)]
    assert migrate.upgrade(owner) == migrate.head()
    assert shape(owner) == whole


def test_a_step_that_fails_leaves_the_schema_where_it_was(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        migrate.upgrade(connection, "0003")
        before = shape(connection)
        connection.execute("CREATE VIEW talkbase.v_runs AS SELECT 1 AS planted")  # step 5 makes one of that name
        with pytest.raises(psycopg.errors.DuplicateTable):
            migrate.upgrade(connection)
        assert migrate.state(connection).revision == "0004"
        migrate.downgrade(connection, "-1")
        connection.execute("DROP VIEW talkbase.v_runs")
        assert shape(connection) == before
        assert migrate.upgrade(connection) == migrate.head()


def test_a_step_gives_up_where_a_table_is_in_use(owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 200)
    with psycopg.connect(owner.info.dsn, password=owner.info.password) as busy:
        busy.execute("SELECT count(*) FROM talkbase.utterances")  # the lock lasts as long as the transaction
        with pytest.raises(Conflict, match="in use"):
            migrate.downgrade(owner, "base")
    migrate.upgrade(owner)
    assert migrate.state(owner).revision == migrate.head()


def test_many_processes_that_start_at_once_migrate_once(empty: str, database: Database) -> None:
    script = (
        "import sys, psycopg; from talkbase.db import migrate\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as c: print(migrate.upgrade(c))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, output.decode().strip()) == (0, migrate.head()), errors.decode()
    with psycopg.connect(empty, autocommit=True) as connection, database.as_owner() as owner:
        owner.execute("SET search_path = public")
        connection.execute("SET search_path = public")
        assert shape(connection) == shape(owner)


def test_the_script_makes_the_same_schema(empty: str, database: Database) -> None:
    _psql(empty, migrate.sql_script("upgrade", "head"))
    with psycopg.connect(empty, autocommit=True) as connection, database.as_owner() as owner:
        owner.execute("SET search_path = public")
        assert shape(connection) == shape(owner)
        assert migrate.state(connection).revision == migrate.head()
        _psql(empty, migrate.sql_script("downgrade", f"{migrate.head()}:0002"))
        assert migrate.state(connection).revision == "0002"
        _psql(empty, migrate.sql_script("upgrade", "0002:head"))
        assert shape(connection) == shape(owner)


def _psql(conninfo: str, script: str) -> None:
    done = subprocess.run(
        [binaries() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", conninfo],
        input=script, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_the_tables_of_another_system_are_not_touched_by_accident(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.interviews (id int); CREATE TABLE public.answers (id int)")
        with pytest.raises(SchemaMismatch, match="2 tables of another system") as refused:
            migrate.upgrade(connection)
        assert "talkbase import" in (refused.value.hint or "")
        assert "--beside" in (refused.value.hint or "")
        found = connection.execute("SELECT to_regnamespace('talkbase')").fetchone()
        assert found == (None,)
        assert migrate.upgrade(connection, beside_others=True) == migrate.head()
        assert connection.execute("SELECT count(*) FROM public.interviews").fetchone() == (0,)


def test_the_tables_of_an_extension_are_nobodys(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        assert migrate.state(connection).other_tables == 0


def test_a_newer_talkbases_schema_is_left_alone(owner: Connection) -> None:
    before = shape(owner)
    owner.execute("UPDATE alembic_version SET version_num = '9001'")
    for use in (
        lambda: migrate.require_current(migrate.state(owner)),
        lambda: migrate.upgrade(owner),
        lambda: migrate.downgrade(owner, "base"),
    ):
        with pytest.raises(SchemaMismatch, match=r"9001.* newer talkbase"):
            use()
    assert shape(owner) == before


def test_an_unknown_revision_is_named_and_purged(owner: Connection) -> None:
    owner.execute("UPDATE alembic_version SET version_num = 'f00dfeed'")
    for use in (lambda: migrate.require_current(migrate.state(owner)), lambda: migrate.upgrade(owner)):
        with pytest.raises(SchemaMismatch, match=r"f00dfeed, which is no revision of talkbase") as refused:
            use()
        assert "stamp --purge" in (refused.value.hint or "")
    with pytest.raises(UsageError):
        migrate.stamp(owner, "head")
    assert migrate.stamp(owner, "head", purge=True) == migrate.head()
    migrate.require_current(migrate.state(owner))


def test_an_old_and_a_missing_schema_are_named(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        with pytest.raises(SchemaMismatch, match="no talkbase schema yet"):
            migrate.require_current(migrate.state(connection))
        migrate.upgrade(connection, "0002")
        with pytest.raises(SchemaMismatch, match=r"0002.* is older"):
            migrate.require_current(migrate.state(connection))


@pytest.mark.parametrize("revision", ["nonsense", "+9", "0042"])
def test_a_revision_that_does_not_exist_is_refused_in_a_sentence(owner: Connection, revision: str) -> None:
    with pytest.raises(UsageError, match="history does not allow that"):
        migrate.upgrade(owner, revision)
    assert migrate.state(owner).revision == migrate.head()


def test_an_installed_pgvector_that_is_too_old_is_named_although_a_newer_one_is_on_offer(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("UPDATE pg_extension SET extversion = '0.5.1' WHERE extname = 'vector'")
        with pytest.raises(DatabaseUnavailable, match=r"pgvector is 0\.5\.1"):
            migrate.upgrade(connection)


def test_a_renamed_database_keeps_its_roles(server: Server, new_database: Callable[..., str], open_copy: Any) -> None:
    from talkbase.db.url import parse

    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        old = parse(new_database(name="before_its_renaming")).dbname
        connection.execute("DROP DATABASE IF EXISTS after_its_renaming WITH (FORCE)")
        connection.execute(f"ALTER DATABASE {old} RENAME TO after_its_renaming")  # type: ignore[arg-type]
        try:
            database = open_copy(server.conninfo("after_its_renaming"))
            with database.writing() as writing:
                assert writing.value("SELECT count(*) FROM conversations") == 0
            database.close()
        finally:
            connection.execute("DROP DATABASE after_its_renaming WITH (FORCE)")


@pytest.mark.slow
def test_names_of_roles_fit_whatever_the_database_is_called(new_database: Callable[..., str]) -> None:
    for name in ("ä" * 31, "n" * 63, 'quoted "name" with $ and %', "会議" * 10):
        with psycopg.connect(new_database(template=None, name=name), autocommit=True) as connection:
            migrate.upgrade(connection)
            roles = connection.execute("SELECT talkbase.app_role(), talkbase.search_role()").fetchone()
            assert roles is not None
            assert len(set(roles)) == 2, name
            known = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s)", [list(roles)])
            assert known.fetchone() == (2,), name


def test_opening_makes_next_years_partition(database: Database) -> None:
    with database.as_owner() as owner:
        year = migrate_year(owner)
        owner.execute(f"DROP TABLE utterance_texts_{year + 1}, utterances_{year + 1} CASCADE")  # type: ignore[arg-type]
        assert not migrate.state(owner).next_year
    settings = database._settings.model_copy(update={"database_url": _secret(database.url.conninfo)})
    with open_database(settings) as opened, opened.as_owner() as owner:
        assert migrate.state(owner).next_year


def migrate_year(connection: Connection) -> int:
    row = connection.execute("SELECT extract(year FROM now())::int").fetchone()
    assert row is not None
    return int(row[0])


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


def test_a_fresh_process_opens_the_database(database: Database) -> None:
    script = "import talkbase\nwith talkbase.open() as tb: print(len(tb.list()))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(database), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
