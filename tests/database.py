"""Fixtures for whatever needs a database: one embedded server a test run, one migrated template, a copy for each test.

With pytest-xdist all workers share the server. `tests/conftest.py` loads this module for every test folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from talkbase.actions.library import Talkbase
from talkbase.config import Settings
from talkbase.db import migrate
from talkbase.db.server import Server
from talkbase.db.session import Database
from talkbase.db.url import parse
from talkbase.domain.ids import uuid7
from talkbase.errors import UsageError

TEMPLATE = "talkbase_template"
# Tests may lose the database with the machine; the kill tests of the server have one of their own.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}
_TRACKED = {"pg_stat_statements.track": "all"}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The embedded server of this test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    home = Path(tempfile.gettempdir()) / f"talkbase-tests-{run[:12]}"
    home.mkdir(mode=0o755, exist_ok=True)
    server = Server(home, linger=0, options=_FAST | _TRACKED)
    server.join()
    with _one_at_a_time(home):
        _make_template(server)
    yield server
    server.leave()
    try:
        server.stop()
    except UsageError:
        return  # another worker still uses it, and will clear up
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def databases(server: Server) -> Iterator[Callable[..., str]]:
    """Gives what makes databases, by default copies of the migrated template, and returns their conninfo.

    They are dropped at the end.
    """
    made: list[str] = []

    def make(template: str | None = TEMPLATE, name: str | None = None) -> str:
        made.append(name or f"test_{uuid4().hex[:16]}")
        copy = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            psycopg.sql.Identifier(made[-1]), psycopg.sql.Identifier(template or "template1")
        )
        with _maintenance(server) as connection:
            connection.execute(copy)
        return server.conninfo(made[-1])

    yield make
    with _maintenance(server) as connection:
        for name in made:
            connection.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                psycopg.sql.Identifier(name)))  # fmt: skip


@pytest.fixture
def new_database(server: Server) -> Iterator[Callable[..., str]]:
    """Makes databases, by default copies of the migrated template, and returns their conninfo."""
    with databases(server) as make:
        yield make


@pytest.fixture(scope="module")
def module_database(server: Server) -> Iterator[Database]:
    """A migrated database that the tests of a module share; each leaves it as it was."""
    with databases(server) as make, Database(parse(make()), Settings()) as database:
        yield database


@pytest.fixture
def open_copy(new_database: Callable[..., str], scratch: Path) -> Iterator[Callable[..., Database]]:
    """Opens a new copy of the template as a `Database`; keyword arguments are settings."""
    opened: list[Database] = []

    def make(conninfo: str | None = None, **settings: object) -> Database:
        database = Database(parse(conninfo or new_database()), Settings(home=scratch / "home", **settings))  # type: ignore[arg-type]
        opened.append(database)
        return database

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def database(open_copy: Callable[..., Database]) -> Database:
    """A migrated, empty database."""
    return open_copy()


@pytest.fixture
def tb(database: Database, scratch: Path) -> Talkbase:
    """talkbase over an empty database, its media in a scratch folder."""
    return Talkbase(database._settings, database=database)


@pytest.fixture
def new_user(database: Database) -> Callable[[str], UUID]:
    """Makes further users."""

    def make(name: str) -> UUID:
        key = uuid7()
        with database.as_owner() as connection:
            connection.execute("INSERT INTO users (id, name) VALUES (%s, %s)", [key, name])
        return key

    return make


def environment(database: Database) -> dict[str, str]:
    """Environment variables with which another process opens the same talkbase."""
    return {
        **os.environ,
        "TALKBASE_HOME": str(database._settings.home),
        "DATABASE_URL": database.url.conninfo,
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _maintenance(server: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    with (home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_template(server: Server) -> None:
    with _maintenance(server) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [TEMPLATE]).fetchone():
            return
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
        with psycopg.connect(server.conninfo(TEMPLATE), autocommit=True) as inside:
            migrate.upgrade(inside)
            inside.execute("CREATE EXTENSION pg_stat_statements")
        # Nobody may be connected to what is copied.
        connection.execute(f"ALTER DATABASE {TEMPLATE} WITH is_template true allow_connections false")
