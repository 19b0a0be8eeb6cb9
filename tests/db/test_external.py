"""A PostgreSQL of one's own: another server over TCP, with logins that may more or less."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from talkbase.actions.library import Talkbase
from talkbase.config import Settings
from talkbase.db import migrate, roles
from talkbase.db.connect import create_database, open_database
from talkbase.db.create import Created, create
from talkbase.db.programs import Account, account_for, run_as
from talkbase.db.server import Server
from talkbase.db.url import parse
from talkbase.domain.ids import uuid7
from talkbase.errors import DatabaseUnavailable, SchemaMismatch

DEBIAN = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss/w:rd#?%"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class External:
    """A server on TCP and its administrator."""

    port: int
    admin: str

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run SQL as the administrator."""
        with psycopg.connect(self.admin, dbname=database, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def login(self, rights: str = "") -> str:
        """Make a login that is no superuser; returns its name."""
        name = f"login_{uuid4().hex[:8]}"
        self.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {rights}")
        return name

    def database(self, owner: str) -> str:
        """Make a database for a login; returns its name."""
        name = f"talks_{uuid4().hex[:8]}"
        self.run(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def url(self, login: str, database: str, password: str = "p%40ss%2Fw%3Ard%23%3F%25") -> str:
        return f"postgresql://{login}:{password}@127.0.0.1:{self.port}/{database}"

    def settings(self, url: str) -> Settings:
        return Settings(database_url=url, home=Path(tempfile.gettempdir()) / "unused")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def external() -> Iterator[External]:
    """A second embedded cluster, listening on TCP, as a server that somebody else runs."""
    home = Path(tempfile.mkdtemp(prefix="talkbase-external-"))
    home.chmod(0o755)
    server = Server(home, linger=0, options={"fsync": "off"})
    port = free_port()
    server.enable_tcp(port)
    server.join()
    url = server.tcp_url()
    assert url is not None
    yield External(port, url)
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


def upgrade(external: External, login: str, database: str) -> str:
    """Migrate as the login; pgvector is there already, as it has to be where the login is no superuser."""
    external.run("CREATE EXTENSION IF NOT EXISTS vector", unquote(database))
    return upgrade_bare(external, login, database)


def upgrade_bare(external: External, login: str, database: str) -> str:
    with psycopg.connect(parse(external.url(login, database)).conninfo, autocommit=True) as connection:
        return migrate.upgrade(connection)


def use(external: External, login: str, database: str) -> None:
    """Do what needs every right: write, read through views, search, delete; and migrate down and up."""
    settings = external.settings(external.url(login, database))
    with Talkbase(settings) as tb:
        key = uuid7()
        with tb.database.writing() as writing:
            writing.insert("conversations", {"id": key, "owner_id": tb.user, "title": "Budget"})
            writing.copy("utterances", ("conversation_id", "id", "position", "text", "search_config"),
                         [(key, uuid7(), 0, "We cannot raise the budget.", "english")])  # fmt: skip
        assert [hit.text for hit in tb.search("budgets", mode="text")] == ["We cannot raise the budget."]
        assert [row.title for row in tb.list()] == ["Budget"]
        tb.enqueue(key)
        with tb.database.reading() as reading:
            assert reading.value("SELECT count(*) FROM v_timeline") == 1
        other = uuid7()
        with tb.database.as_owner() as owner:
            owner.execute("INSERT INTO users (id, name) VALUES (%s, 'other')", [other])
        assert Talkbase(settings, user=other, database=tb.database).list() == []
        tb.delete(key)
        with tb.database.as_owner() as owner:
            assert owner.execute("SELECT count(*) FROM utterance_texts").fetchone() == (0,)
            assert migrate.differences(owner) == []
            migrate.downgrade(owner, "base")
            migrate.upgrade(owner)


def test_a_login_that_may_make_databases_and_roles_does_it_all_itself(external: External) -> None:
    login = external.login("CREATEDB CREATEROLE")
    database = f"talks_{uuid4().hex[:8]}"
    for _ in range(2):  # the second time it is there already
        create_database(parse(external.url(login, "postgres")), database)
    assert upgrade(external, login, database) == migrate.head()
    use(external, login, database)


def test_a_login_that_may_not_make_roles_gets_the_administrators_script(external: External) -> None:
    login = external.login()
    database = external.database(login)
    with pytest.raises(DatabaseUnavailable, match=f"{login} may not make or use the role {database}_app") as refused:
        upgrade(external, login, database)
    with pytest.raises(DatabaseUnavailable, match="may not make the extension vector") as refused_more:
        external.run("DROP EXTENSION vector", database)
        upgrade_bare(external, login, database)
    assert refused_more.value.hint == refused.value.hint
    script = (refused.value.hint or "").partition("\n")[2]
    assert script == roles.script(database, login)
    external.run(script, database)
    external.run(script, database)  # again does no harm
    assert upgrade_bare(external, login, database) == migrate.head()
    use(external, login, database)


@pytest.mark.slow
def test_a_login_in_somebody_elses_database_gets_it_too(external: External) -> None:
    owner, login = external.login(), external.login()
    database = external.database(owner)
    with pytest.raises(DatabaseUnavailable, match="may not make the extension") as refused:
        upgrade_bare(external, login, database)
    external.run((refused.value.hint or "").partition("\n")[2], database)
    assert upgrade_bare(external, login, database) == migrate.head()
    use(external, login, database)


def test_a_login_that_may_not_make_databases_is_told_what_to_ask_for(external: External) -> None:
    login = external.login()
    with pytest.raises(DatabaseUnavailable, match=f"{login} may not create databases") as refused:
        create_database(parse(external.url(login, "postgres")), "talks of mine")
    statement = (refused.value.hint or "").partition(": ")[2]
    external.run(statement)
    with psycopg.connect(parse(external.url(login, "talks%20of%20mine")).conninfo) as connection:
        assert connection.info.dbname == "talks of mine"


def test_a_role_that_was_taken_away_is_named_at_once(external: External) -> None:
    login = external.login("CREATEROLE")
    database = external.database(login)
    upgrade(external, login, database)
    external.run(f"REVOKE {database}_app FROM {login} CASCADE")
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=f"{database}_app") as refused:
        open_database(external.settings(external.url(login, database)))
    assert time.monotonic() - started < 10
    external.run((refused.value.hint or "").partition("\n")[2], database)
    open_database(external.settings(external.url(login, database))).close()


def test_a_login_without_rights_on_the_schema_is_told_the_grant(external: External) -> None:
    owner, stranger = external.login("CREATEROLE"), external.login()
    database = external.database(owner)
    upgrade(external, owner, database)
    with pytest.raises(DatabaseUnavailable, match="may not use the schema talkbase") as refused:
        open_database(external.settings(external.url(stranger, database)))
    assert refused.value.hint is not None
    assert f'GRANT USAGE, CREATE ON SCHEMA "talkbase" TO "{stranger}";' in refused.value.hint


@pytest.mark.slow
def test_two_databases_of_one_server_have_roles_of_their_own(external: External) -> None:
    login = external.login("CREATEROLE")
    first, second = external.database(login), external.database(login)
    for database in (first, second):
        upgrade(external, login, database)
    for database in (first, second):
        use(external, login, database)


def test_every_form_of_url_opens_it(external: External) -> None:
    login = external.login("CREATEROLE")
    database = external.database(login)
    upgrade(external, login, database)
    plain = external.url(login, database)
    rest = plain.removeprefix("postgresql://")
    forms = [
        plain,
        f"postgres://{rest}",
        f"postgresql+psycopg2://{rest}",
        f"postgresql+asyncpg://{rest}?ssl=disable",
        f"postgresql+psycopg://{rest}?application_name=somebody",
        f"jdbc:postgresql://{rest}",
        f"postgresql:///{database}?host=127.0.0.1&port={external.port}&user={login}&password=p%40ss%2Fw%3Ard%23%3F%25",
        f"host=127.0.0.1 port={external.port} user={login} password='{PASSWORD}' dbname={database} sslmode=prefer",
        f"postgresql://{login}:p%40ss%2Fw%3Ard%23%3F%25@127.0.0.1:1,127.0.0.1:{external.port}/{database}",
        f"postgresql://{rest}?options=-c%20statement_timeout%3D60s",
    ]
    for form in forms:
        with open_database(external.settings(form)) as opened, opened.reading() as reading:
            assert reading.value("SELECT current_database()") == database, form


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://{login}:wrong@127.0.0.1:{port}/{database}", "password for .* is missing or wrong"),
        ("postgresql://nobody:x@127.0.0.1:{port}/{database}", "password for .* is missing or wrong"),
        ("postgresql://{login}:{password}@127.0.0.1:{port}/elsewhere", "There is no database elsewhere"),
        ("postgresql://{login}:{password}@127.0.0.1:{closed}/{database}", "No PostgreSQL answers"),
        ("postgresql://{login}:{password}@nowhere.invalid:{port}/{database}", "There is no machine named"),
        ("postgresql://{login}:{password}@127.0.0.1:{port}/{database}?sslmode=require", "asks for SSL"),
        ("postgresql://{login}:{password}@127.0.0.1:{port}/{database}", "no talkbase schema yet"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_without_the_password(
    external: External, url: str, message: str
) -> None:
    login = external.login()
    given = url.format(login=login, password="p%40ss%2Fw%3Ard%23%3F%25", port=external.port, closed=free_port(),
                       database=external.database(login))  # fmt: skip
    with pytest.raises(DatabaseUnavailable, match=message) as refused:
        open_database(external.settings(given))
    assert refused.value.hint
    assert refused.value.exit_code == 4
    assert not any(secret in str(refused.value) for secret in (PASSWORD, "p%40ss", "wrong@"))


@pytest.fixture(scope="module")
def debian() -> Iterator[str]:
    """Debian's own PostgreSQL 15, which has no pgvector; gives a conninfo of its superuser."""
    if not DEBIAN.is_dir():
        pytest.skip(f"Debian's PostgreSQL 15 is not installed (no {DEBIAN}; apt-get install postgresql-15)")
    home = Path(tempfile.mkdtemp(prefix="talkbase-debian-"))
    who: Account | None = None
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        who = account_for(home)
        os.chown(home, who.uid, who.gid)
    port = free_port()

    def run(*command: str) -> None:
        run_as(who, *command).check_returncode()

    run(str(DEBIAN / "initdb"), "-D", str(home / "data"), "-A", "trust", "-U", "postgres", "-N")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off"
    run(str(DEBIAN / "pg_ctl"), "-D", str(home / "data"), "-w", "-l", str(home / "log"), "-o", options, "start")
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    run(str(DEBIAN / "pg_ctl"), "-D", str(home / "data"), "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


def test_a_server_without_pgvector_is_told_the_package(debian: str, external: External) -> None:
    with psycopg.connect(debian, autocommit=True) as connection:
        if migrate.state(connection).vector is not None:
            pytest.skip("this PostgreSQL 15 has pgvector")
        with pytest.raises(DatabaseUnavailable, match="does not have the extension pgvector") as refused:
            migrate.upgrade(connection)
        assert "postgresql-15-pgvector" in (refused.value.hint or "")
        assert connection.execute("SELECT to_regnamespace('talkbase')").fetchone() == (None,)
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%\\_app'").fetchone() == (0,)
    with pytest.raises(DatabaseUnavailable, match="pgvector"):
        open_database(external.settings(debian))


def test_the_server_is_looked_at_before_the_schema(debian: str, external: External) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        open_database(external.settings(debian))
    assert not isinstance(refused.value, SchemaMismatch)


@pytest.mark.slow
def test_the_command_makes_what_the_login_may_and_prints_the_rest(external: External) -> None:
    login, name = external.login("CREATEDB CREATEROLE"), f"talks_{uuid4().hex[:8]}"
    made = create(external.settings(external.url(login, name)))
    assert made.script is not None
    assert made.script.startswith("\\connect ")  # the database itself it may make
    external.run(made.script.partition("\n")[2], name)
    assert create(external.settings(external.url(login, name))) == Created(name)
    assert upgrade_bare(external, login, name) == migrate.head()


@pytest.mark.slow
def test_a_quoted_login_and_database_work(external: External) -> None:
    name = f'Strange "{uuid4().hex[:4]}" näme'
    login, database = sql.Identifier(name).as_string(), sql.Identifier(name).as_string()
    external.run(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
    external.run(f"CREATE DATABASE {database} OWNER {login}")
    assert upgrade(external, quote(name), quote(name)) == migrate.head()
    use(external, quote(name), quote(name))
