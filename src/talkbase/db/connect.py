"""From settings to a database that is ready: start or join the embedded server, or go to `DATABASE_URL`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from talkbase.db import migrate, roles
from talkbase.db.diagnose import check_server, explain
from talkbase.db.session import Database
from talkbase.db.url import DatabaseUrl, parse
from talkbase.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from talkbase.config import Settings
    from talkbase.db.server import Server

EMBEDDED_DATABASE = "talkbase"


def open_database(settings: Settings) -> Database:
    """The database that the settings name, at the schema that this talkbase works with.

    The embedded one is started, created and upgraded as needed; another one is only checked. Raises
    `DatabaseUnavailable` or `SchemaMismatch` with what to do about it.
    """
    database = unchecked_database(settings)
    try:
        with database.as_owner() as connection:
            found = migrate.state(connection)
            check_server(found.server_version, found.vector)
            if database.server and found.revision != migrate.head():
                migrate.upgrade(connection)
            else:
                migrate.require_current(found)
                if not found.next_year:
                    migrate.ensure_partitions(connection)
                if not database.server:
                    roles.require(connection)
            database.find_local_user(connection)
    except BaseException:
        database.close()
        raise
    return database


def unchecked_database(settings: Settings) -> Database:
    """The same, without a look at its schema: for the commands that bring the schema into order."""
    if settings.database_url is not None:
        return Database(parse(settings.database_url.get_secret_value()), settings)
    from talkbase.db.server import Server

    server = Server(settings.home, linger=settings.database_linger)
    server.join()
    try:
        _ensure_embedded_database(server)
        return Database(parse(server.conninfo(EMBEDDED_DATABASE)), settings, server)
    except BaseException:
        server.leave()
        raise


def _ensure_embedded_database(server: Server) -> None:
    # A file instead of a question: a connection costs more than all that `talkbase list` asks.
    data = server.status().data
    assert data is not None  # it has been joined
    mark = data / f"{EMBEDDED_DATABASE}.created"
    if not mark.exists():
        create_database(parse(server.conninfo("postgres")), EMBEDDED_DATABASE)
        mark.touch()


def create_database(maintenance: DatabaseUrl, name: str) -> None:
    """Create a database where it is missing, from a connection to another one on the same server.

    Raises `DatabaseUnavailable` where the login may not create databases.
    """
    from psycopg import sql

    try:
        with psycopg.connect(maintenance.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.errors.DuplicateDatabase:
        return
    except psycopg.errors.UniqueViolation:
        return  # another process created it at the same moment
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"The login {maintenance.user} may not create databases.",
            hint=f'Let an administrator run: CREATE DATABASE "{name}" OWNER "{maintenance.user}";',
        ) from error
    except psycopg.Error as error:
        raise explain(error, maintenance) from error
