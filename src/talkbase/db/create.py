"""Make the database and its roles where the login may, and otherwise write the script for an administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talkbase.db import connect, roles
from talkbase.db.session import Database
from talkbase.db.url import DatabaseUrl, parse
from talkbase.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from talkbase.config import Settings

MAINTENANCE = "postgres"
"""The database that every server has, from which others are made."""


@dataclass(frozen=True, slots=True)
class Created:
    """The database; where the login lacks a right, `reason` and the `script` that an administrator runs."""

    database: str
    reason: str | None = None
    script: str | None = None


def create(settings: Settings) -> Created:
    """Make the database that the settings name, and its roles, where they are missing.

    Raises `DatabaseUnavailable` where the server cannot be reached.
    """
    if settings.database_url is None:
        with connect.unchecked_database(settings) as database, database.as_owner() as connection:
            roles.ensure(connection)
        return Created(connect.EMBEDDED_DATABASE)
    url = parse(settings.database_url.get_secret_value())
    name = url.dbname or url.user or MAINTENANCE
    exists = _exists(url, name, settings)
    try:
        if not exists:
            connect.create_database(replace(url, dbname=MAINTENANCE), name)
            exists = True
        with Database(url, settings).as_owner() as connection:
            roles.ensure(connection)
    except DatabaseUnavailable as error:  # it was reached above: so what is missing is a right
        return Created(name, error.message, script(name, url.user or "talkbase", create_it=not exists))
    return Created(name)


def script(database: str, login: str, *, create_it: bool) -> str:
    """What an administrator runs with psql: the database, the extensions, the roles."""
    from psycopg import sql

    name, owner = sql.Identifier(database).as_string(), sql.Identifier(login).as_string()
    lines = [f"CREATE DATABASE {name} OWNER {owner};"] if create_it else []
    lines += [f"\\connect {name}"]
    return "\n".join(lines) + "\n" + roles.script(database, login)


def _exists(url: DatabaseUrl, name: str, settings: Settings) -> bool:
    """Whether the server has the database; asked of the maintenance database, or where that is closed, by going in."""
    try:
        with Database(replace(url, dbname=MAINTENANCE), settings).as_owner() as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
    except DatabaseUnavailable:
        with Database(url, settings).as_owner():
            return True
