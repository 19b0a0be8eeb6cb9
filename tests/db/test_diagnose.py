"""Real refusals of real servers, and what talkbase says about each."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from talkbase.db.diagnose import check_server, explain
from talkbase.db.server import Server
from talkbase.db.url import DatabaseUrl, parse
from talkbase.errors import DatabaseUnavailable, StorageFull, TalkbaseError

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="talkbase-"))
    home.chmod(0o755)
    server = Server(home, linger=0.5, options={"max_connections": "8"})
    server.enable_tcp(_free_port())
    with server:
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("CREATE ROLE mallory LOGIN PASSWORD 'tell-nobody'")
            admin.execute("CREATE ROLE idle NOLOGIN; CREATE SCHEMA talkbase; CREATE TABLE talkbase.utterances (id int)")
            admin.execute("REVOKE CONNECT ON DATABASE template1 FROM PUBLIC; CREATE SEQUENCE talkbase.s")
        yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def url(server: Server) -> DatabaseUrl:
    return parse(server.tcp_url() or "")


@pytest.fixture
def guest(url: DatabaseUrl) -> DatabaseUrl:
    return replace(url, user="mallory", password="tell-nobody")


def _failure(url: DatabaseUrl, *statements: str) -> TalkbaseError:
    with pytest.raises(psycopg.Error) as raised, psycopg.connect(url.conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
    explained = explain(raised.value, url)
    assert url.password is None or url.password not in str(explained)
    assert "\n" not in str(explained)
    return explained


def _expect(error: TalkbaseError, *parts: str) -> None:
    assert isinstance(error, DatabaseUnavailable)
    for part in parts:
        assert part in str(error)


def test_wrong_or_missing_password(url: DatabaseUrl) -> None:
    _expect(_failure(replace(url, password="Geheim")), "password", '"postgres"', "missing or wrong", "DATABASE_URL")
    _expect(_failure(replace(url, password=None)), "missing or wrong")


def test_unknown_user_is_refused_like_a_wrong_password(url: DatabaseUrl) -> None:
    # With scram, PostgreSQL does not tell a stranger which users there are.
    _expect(_failure(replace(url, user="nobody_here")), '"nobody_here"', "missing or wrong")


def test_user_that_may_not_log_in_or_does_not_exist(url: DatabaseUrl) -> None:
    for name in ("idle", "ghost"):
        error = psycopg.OperationalError(f'FATAL:  role "{name}" does not exist')  # peer and trust say so
        _expect(explain(error, url), f'no user "{name}"', f'CREATE ROLE "{name}" LOGIN')


def test_missing_database(url: DatabaseUrl) -> None:
    _expect(_failure(replace(url, dbname="nowhere")), "no database nowhere", "talkbase db create")


def test_connection_refused(url: DatabaseUrl) -> None:
    port = str(_free_port())
    _expect(_failure(replace(url, port=port)), "No PostgreSQL answers at 127.0.0.1, port " + port)


def test_no_socket(url: DatabaseUrl, tmp_path: Path) -> None:
    _expect(_failure(replace(url, host=str(tmp_path))), f"No PostgreSQL answers at {tmp_path}")


def test_unknown_host(url: DatabaseUrl) -> None:
    _expect(_failure(replace(url, host="no-such-machine.invalid")), "no machine named no-such-machine.invalid")


def test_silent_host(url: DatabaseUrl) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        silent = replace(url, port=str(deaf.getsockname()[1]), options=(("connect_timeout", "2"),))
        _expect(_failure(silent), "did not answer in time")


def test_something_else_than_postgresql(url: DatabaseUrl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web:

        def answer() -> None:
            connection, _ = web.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        plain = (("sslmode", "disable"), ("gssencmode", "disable"))
        _expect(_failure(replace(url, port=str(web.getsockname()[1]), options=plain)), "is not PostgreSQL")
        thread.join()


def test_ssl_that_the_server_lacks(url: DatabaseUrl) -> None:
    _expect(_failure(replace(url, options=(("sslmode", "require"),))), "asks for SSL", "sslmode=disable")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "me", database "d", no encryption',
            ("without SSL", "sslmode=require"),
        ),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "me", database "d", SSL encryption', ("pg_hba.conf",)),
        ('FATAL:  Peer authentication failed for user "me"', ("does not let", "pg_hba.conf")),
        ("FATAL:  connection is insecure (try using `sslmode=require`)", ("SSL connections only",)),
        ("SSL error: certificate verify failed", ("cannot be verified", "sslrootcert")),
        ("FATAL:  the database system is starting up", ("starting up", "try again")),
        ("FATAL:  the database system is shutting down", ("shutting down",)),
        ("no route to host", ("cannot be reached",)),
        ("server closed the connection unexpectedly", ("was lost",)),
        ("couldn't get a connection after 30.00 sec", ("could be had in time", "DATABASE_POOL_SIZE")),
        ("FATAL:  etwas ganz anderes", ("refused: connection failed: FATAL:  etwas ganz anderes",)),
    ],
)
def test_words_of_servers_that_are_not_at_hand(text: str, parts: tuple[str, ...]) -> None:
    url = parse("postgresql://me:secret@db.example.org/talks")
    _expect(explain(psycopg.OperationalError(f"connection failed: {text}"), url), *parts)
    assert "db.example.org" in str(explain(psycopg.OperationalError(text), url))
    assert explain(psycopg.OperationalError(text), None)


def test_the_password_is_hidden_in_the_servers_own_words() -> None:
    url = parse("postgresql://me:correct-horse@h/db?sslpassword=staple")
    text = str(explain(psycopg.OperationalError("strange: correct-horse staple"), url))
    assert "correct-horse" not in text
    assert "staple" not in text


def test_permission_denied_names_the_grant(guest: DatabaseUrl, server: Server) -> None:
    _expect(
        _failure(guest, "SELECT * FROM talkbase.utterances"),
        "may not use the schema talkbase",
        'GRANT USAGE, CREATE ON SCHEMA "talkbase" TO "mallory";',
    )
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute("GRANT USAGE ON SCHEMA talkbase TO mallory")
    _expect(
        _failure(guest, "SELECT * FROM talkbase.utterances"),
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA talkbase TO "mallory";',
    )
    _expect(_failure(guest, "SELECT nextval('talkbase.s')"), "ON ALL SEQUENCES IN SCHEMA talkbase")
    _expect(_failure(guest, "DROP TABLE talkbase.utterances"), "does not own the table utterances")
    _expect(
        _failure(replace(guest, dbname="template1")),
        'GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "template1" TO "mallory";',
    )


def test_the_grant_that_is_named_works(guest: DatabaseUrl, server: Server) -> None:
    hint = _failure(replace(guest, dbname="postgres"), "CREATE SCHEMA mine").hint or ""
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(hint.removeprefix("Let an administrator run: "))
    with psycopg.connect(guest.conninfo) as connection:
        connection.execute("CREATE SCHEMA mine")


def test_what_only_administrators_create(guest: DatabaseUrl) -> None:
    _expect(_failure(guest, "CREATE EXTENSION vector"), "may not create an extension", "CREATE EXTENSION vector;")
    _expect(_failure(guest, "CREATE ROLE x"), "may not create a role", "talkbase db create")
    _expect(_failure(guest, "CREATE DATABASE x"), "may not create a database", 'ALTER ROLE "mallory" CREATEDB;')


def test_read_only_server(url: DatabaseUrl) -> None:
    _expect(_failure(url, "SET default_transaction_read_only = on", "CREATE TABLE t ()"), "read-only", "primary server")


def test_too_many_connections(url: DatabaseUrl, guest: DatabaseUrl) -> None:
    crowd: list[psycopg.Connection[Any]] = []
    try:
        with pytest.raises(psycopg.OperationalError) as raised:
            crowd.extend(psycopg.connect(guest.conninfo) for _ in range(20))
    finally:
        for connection in crowd:
            connection.close()
    _expect(explain(raised.value, guest), "no connection left", "DATABASE_POOL_SIZE", "max_connections")


def test_terminated_connection(url: DatabaseUrl) -> None:
    _expect(_failure(url, "SELECT pg_terminate_backend(pg_backend_pid())"), "shutting down")


def test_full_disk(url: DatabaseUrl) -> None:
    error = _failure(url, "DO $$ BEGIN RAISE disk_full; END $$")
    assert isinstance(error, StorageFull)
    assert "is full" in str(error)


def test_a_server_that_speaks_another_language_is_understood_by_its_code(url: DatabaseUrl) -> None:
    error = _failure(url, "DO $$ BEGIN RAISE 'Zugriff verweigert' USING ERRCODE = '42501'; END $$")
    _expect(error, "lacks a right", "talkbase db create")


def test_versions() -> None:
    check_server(180006, "0.8.6")
    check_server(140000, "0.7.0")
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 13\.11, but talkbase needs 14"):
        check_server(130011, "0.8.0")
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 9\.6, but"):
        check_server(90624, "0.8.0")
    with pytest.raises(DatabaseUnavailable, match=r"pgvector is 0\.6\.2.*ALTER EXTENSION vector UPDATE"):
        check_server(160000, "0.6.2")
    with pytest.raises(DatabaseUnavailable, match="postgresql-15-pgvector"):
        check_server(150012, None)


@pytest.mark.skipif(not (DEBIAN_15 / "postgres").exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_debians_postgresql_15_without_pgvector(scratch: Path) -> None:
    server = Server(scratch, linger=0.2, binaries=DEBIAN_15)
    with server:
        url = parse(server.conninfo())
        with psycopg.connect(url.conninfo) as connection:
            query = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
            offered = connection.execute(query).fetchone()
            with pytest.raises(DatabaseUnavailable, match="pgvector"):
                check_server(connection.info.server_version, offered[0] if offered else None)
        _expect(_failure(url, "CREATE EXTENSION vector"), "does not have the extension pgvector", "pgvector on the")
    server.stop()
