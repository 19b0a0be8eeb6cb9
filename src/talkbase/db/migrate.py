"""Which schema a database has, and how it gets another: Alembic under an advisory lock.

Alembic and SQLAlchemy are imported only when the schema has to change, so that reading commands start quickly.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talkbase.db import roles
from talkbase.db.diagnose import check_server
from talkbase.errors import Conflict, SchemaMismatch, UsageError

if TYPE_CHECKING:
    from alembic.config import Config
    from psycopg import Connection

VERSIONS = Path(__file__).parent / "migrations" / "versions"
LOCK_TIMEOUT = 10_000
"""Milliseconds that a step waits for a table that somebody uses."""
LOCK = 7_421_090_013
"""Key of the advisory lock that lets one process migrate at a time; any constant will do."""

_STATE = """
SELECT current_setting('server_version_num')::int,
       (SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'),
       to_regclass('talkbase.alembic_version') IS NOT NULL,
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')),
       to_regclass('talkbase.utterances_' || (extract(year FROM now())::int + 1)) IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class State:
    """What was found: server version (as 180006), pgvector that is installed or on offer, revision, tables of others.

    `other_tables` counts the tables in `public`; `next_year` says whether the next year's partition is there.
    """

    server_version: int
    vector: str | None
    revision: str | None
    other_tables: int
    next_year: bool


@cache
def head() -> str:
    """The newest revision that this talkbase knows."""
    return max(_revisions())


def _revisions() -> list[str]:
    return [path.name[:4] for path in VERSIONS.glob("[0-9]*.py")]


def state(connection: Connection[Any]) -> State:
    """Look at the database behind an open connection."""
    row = connection.execute(_STATE).fetchone()
    assert row is not None
    version, vector, has_version_table, others, next_year = row
    revision = None
    if has_version_table:
        found = connection.execute("SELECT version_num FROM talkbase.alembic_version").fetchone()
        revision = found[0] if found else None
    return State(version, vector, revision, others, next_year)


def require_current(found: State) -> None:
    """Raise `SchemaMismatch` unless the schema is the one that this talkbase works with."""
    if found.revision == head():
        return
    if found.revision is None:
        raise SchemaMismatch("The database has no talkbase schema yet.", hint="Run `talkbase db upgrade`.")
    _require_known(found)
    raise SchemaMismatch(
        f"The database's schema ({found.revision}) is older than this talkbase ({head()}).",
        hint="Run `talkbase db upgrade` (back up first: `talkbase backup`).",
    )


def _require_known(found: State) -> None:
    if found.revision is None or found.revision in _revisions():
        return
    if found.revision.isdigit() and found.revision > head():
        raise SchemaMismatch(
            f"The database's schema ({found.revision}) was made by a newer talkbase than this one ({head()}).",
            hint="Update talkbase, or take back the schema with the newer one: `talkbase db downgrade`.",
        )
    raise SchemaMismatch(
        f"The database's schema is at {found.revision}, which is no revision of talkbase.",
        hint="If you know which one it is, say so: `talkbase db stamp --purge REVISION`.",
    )


def upgrade(connection: Connection[Any], revision: str = "head", *, beside_others: bool = False) -> str:
    """Bring the schema to a revision (`head`, `+1`, a number) and return where it stands then.

    Takes an autocommit connection of the owner. Many processes may call it at once: one migrates, the others wait.
    Raises `SchemaMismatch` where other tables lie in the database (unless `beside_others`) or a newer talkbase's.
    """
    found = state(connection)
    check_server(found.server_version, found.vector)
    if found.revision is None and found.other_tables and not beside_others:
        raise SchemaMismatch(
            f"The database holds {found.other_tables} tables of another system.",
            hint="Take its data over with `talkbase import`, or put talkbase's schema beside them: "
            "`talkbase db upgrade --beside`.",
        )
    _require_known(found)
    with locked(connection):
        roles.ensure(connection)
        connection.execute("CREATE SCHEMA IF NOT EXISTS talkbase")
        _alembic("upgrade", connection, revision)
        if revision == "head":
            ensure_partitions(connection)
    return state(connection).revision or "base"


def downgrade(connection: Connection[Any], revision: str) -> str:
    """Take the schema back to a revision (`base`, `-1`, a number).

    Raises `SchemaMismatch` where a newer talkbase made it: only that one knows the way back.
    """
    _require_known(state(connection))
    with locked(connection):
        _alembic("downgrade", connection, revision)
    return state(connection).revision or "base"


def stamp(connection: Connection[Any], revision: str, *, purge: bool = False) -> str:
    """Say which revision the schema is at, without changing it; `purge` forgets an unknown one first."""
    with locked(connection):
        _alembic("stamp", connection, revision, purge=purge)
    return state(connection).revision or "base"


def differences(connection: Connection[Any]) -> list[Any]:
    """How the database differs from the models, as Alembic's autogenerate sees it; empty when it does not."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from talkbase.db.migrations.filters import OPTIONS
    from talkbase.db.tables import metadata

    with _sqlalchemy(connection) as bound, warnings.catch_warnings():
        # Alembic says of generated columns and operator classes that it cannot compare them.
        warnings.simplefilter("ignore", UserWarning)
        context = MigrationContext.configure(bound, opts=dict(OPTIONS))
        return list(compare_metadata(context, metadata))


def history() -> list[tuple[str, str]]:
    """Every revision with its message, newest first."""
    from alembic.script import ScriptDirectory

    return [(step.revision, step.doc) for step in ScriptDirectory.from_config(_config()).walk_revisions()]


def new_revision(connection: Connection[Any], message: str, *, autogenerate: bool) -> Path:
    """Write a new revision file, filled with what the models have beyond the database when asked."""
    from alembic import command

    with _sqlalchemy(connection) as bound, redirect_stdout(io.StringIO()):
        config = _config()
        config.attributes["connection"] = bound
        number = f"{int(head()) + 1:04d}"
        script = command.revision(config, message=message, autogenerate=autogenerate, rev_id=number)
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)


def sql_script(direction: str, revision: str) -> str:
    """The statements of an upgrade or downgrade (`from:to`), for an administrator to read and run.

    A script that starts at the beginning makes the schema and the roles too.
    """
    from alembic import command

    output = io.StringIO()
    if direction == "upgrade" and (":" not in revision or revision.startswith("base:")):
        output.write((VERSIONS.parent / "sql" / "before.sql").read_text(encoding="utf-8"))
    config = _config(output)
    if direction == "upgrade":
        command.upgrade(config, revision, sql=True)
    else:
        command.downgrade(config, revision, sql=True)
    return output.getvalue()


def ensure_partitions(connection: Connection[Any]) -> int:
    """Make the partitions of this year and the next two where they are missing; returns how many tables were made."""
    row = connection.execute(
        "SELECT talkbase.ensure_partitions(extract(year FROM now())::int, extract(year FROM now())::int + 2)"
    ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def locked(connection: Connection[Any]) -> Iterator[None]:
    """Hold the migration lock of this database."""
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _config(output: io.StringIO | None = None) -> Config:
    from alembic.config import Config

    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


@contextmanager
def _sqlalchemy(connection: Connection[Any]) -> Iterator[Any]:
    """A SQLAlchemy connection over a second connection to the same database."""
    import psycopg
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    parameters: dict[str, Any] = {**connection.info.get_parameters(), "password": connection.info.password}

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(**parameters), poolclass=NullPool)
    with engine.connect() as bound:
        # A step that waits for a busy table keeps everybody behind it waiting too: rather give up and say so.
        bound.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT}")
        bound.commit()
        yield bound
    engine.dispose()


def _alembic(name: str, connection: Connection[Any], revision: str, **more: Any) -> None:
    from alembic import command
    from alembic.util import CommandError
    from psycopg.errors import LockNotAvailable

    with _sqlalchemy(connection) as bound:
        config = _config()
        config.attributes["connection"] = bound
        try:
            getattr(command, name)(config, revision, **more)
        except CommandError as error:
            raise UsageError(f"The schema's history does not allow that: {error}.") from error
        except LockNotAvailable as error:
            raise Conflict(
                "A table that has to change is in use; the schema stays as it was.",
                hint="Stop the workers and long queries, then try again.",
            ) from error
