"""From settings to a database that is ready: start or join the embedded server, or go to `DATABASE_URL`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from talkbase.db.diagnose import check_server, explain
from talkbase.db.url import DatabaseUrl, parse

from talkbase.db import migrate
from talkbase.db.session import Database
from talkbase.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from talkbase.config import Settings

EMBEDDED_DATABASE = "talkbase"


def open_database(settings: Settings) -> Database:
    """The database that the settings name, at the schema that this talkbase works with.

    The embedded one is started, created and upgraded as needed; another one is only checked. Raises
    `DatabaseUnavailable` or `SchemaMismatch` with what to do about it.
    """
    if settings.database_url is not None:
        database = Database(parse(settings.database_url.get_secret_value()), settings)
        with database.as_owner() as connection:
            found = migrate.state(connection)
            check_server(found.server_version, found.vector)
            migrate.require_current(found)
        return database
    database = _embedded(settings)
    try:
        with database.as_owner() as connection:
            found = migrate.state(connection)
            if found.revision != migrate.head():
                migrate.upgrade(connection)
    except BaseException:
        database.close()
        raise
    return database


def unchecked_database(settings: Settings) -> Database:
    """The same, without a look at its schema: for the commands that bring the schema into order."""
    if settings.database_url is not None:
        return Database(parse(settings.database_url.get_secret_value()), settings)
    return _embedded(settings)


def _embedded(settings: Settings) -> Database:
    from talkbase.db.server import Server

    server = Server(settings.home, linger=settings.database_linger)
    server.join()
    try:
        return Database(_embedded_url(server), settings, server)
    except BaseException:
        server.leave()
        raise


def _embedded_url(server: Any) -> DatabaseUrl:
    url = parse(server.conninfo(EMBEDDED_DATABASE))
    try:
        psycopg.connect(url.conninfo).close()
    except psycopg.OperationalError as error:
        if f'database "{EMBEDDED_DATABASE}" does not exist' not in str(error):
            raise explain(error, url) from error
        create_database(parse(server.conninfo("postgres")), EMBEDDED_DATABASE)
    return url


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
