"""A database beside another one for as long as something is tried out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from talkbase.db import connect, migrate, roles
from talkbase.db.session import Database

if TYPE_CHECKING:
    from talkbase.config import Settings


@contextmanager
def scratch_database(beside: Database, settings: Settings) -> Iterator[Database]:
    """A new, empty database with talkbase's schema on the same server; it is dropped at the end, with its roles.

    Raises `DatabaseUnavailable` where the login may not create databases or roles.
    """
    name = f"talkbase_scratch_{os.getpid()}"
    connect.create_database(beside.url, name)
    scratch = Database(replace(beside.url, dbname=name), settings)
    made: tuple[str, ...] = ()
    try:
        with scratch.as_owner() as connection:
            migrate.upgrade(connection)
            made = roles.names(connection)
        yield scratch
    finally:
        scratch.close()
        with beside.as_owner() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            for role in made:
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
