"""`talkbase db`: the schema, the server, and the ways in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.interfaces.conftest import Cli

from talkbase.db import migrate
from talkbase.db.programs import binaries
from talkbase.db.server import Server
from talkbase.db.url import parse

Fits = Callable[[str, Any], None]


@pytest.fixture
def apart(new_cli: Callable[..., Cli], new_database: Callable[..., str], scratch: Path) -> Cli:
    """A command line with a database of its own, reached by URL."""
    return new_cli(TALKBASE_HOME=str(scratch), DATABASE_URL=new_database())


def test_the_schema_goes_down_and_up(apart: Cli, fits: Fits) -> None:
    head = migrate.head()
    before = f"{int(head) - 1:04d}"
    current = apart("db", "current", "--json").json
    fits("db current", current)
    assert current == {"current": head, "newest": head}
    down = apart("db", "downgrade", "-1", "--json").json
    fits("db downgrade", down)
    assert down["current"] == before
    refused = apart("list", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (4, "schema_mismatch")
    assert "talkbase db upgrade" in refused.json["error"]["hint"]
    assert apart("db", "upgrade", "+1", "--json").json["current"] == head
    fits("db upgrade", apart("db", "upgrade", "--json").json)
    assert apart("list").code == 0
    assert apart("db", "downgrade", "base", "--json").json["current"] is None
    assert "There is no schema" in apart("db", "current").err
    assert apart("db", "upgrade").code == 0


def test_check_finds_a_difference(apart: Cli, fits: Fits) -> None:
    same = apart("db", "check", "--json")
    fits("db check", same.json)
    assert (same.code, same.json) == (0, {"differences": []})
    with psycopg.connect(apart.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ALTER TABLE talkbase.people DROP COLUMN notes")
    other = apart("db", "check", "--json")
    assert other.code == 1
    assert "notes" in other.json["differences"][0]


def test_history_and_scripts(apart: Cli, fits: Fits) -> None:
    history = apart("db", "history", "--json").json
    fits("db history", history)
    assert history["items"][0]["revision"] == migrate.head()
    up = apart("db", "upgrade", "--sql", "--json").json
    fits("db upgrade", up)
    assert "CREATE TABLE talkbase.conversations" in up["sql"]
    down = apart("db", "downgrade", "base", "--sql")
    assert down.code == 0
    assert "DROP" in down.out
    assert apart("db", "current", "--json").json["current"] == migrate.head()


def test_a_script_makes_the_schema(apart: Cli, new_database: Callable[..., str]) -> None:
    script = apart("db", "upgrade", "--sql").out
    empty = new_database(None)
    subprocess.run(
        [binaries() / "psql", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", empty], input=script, text=True, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    other = Cli({**apart.environment, "DATABASE_URL": empty})
    assert other("db", "current", "--json").json["current"] == migrate.head()
    assert other("list").code == 0


def test_stamp(apart: Cli, fits: Fits) -> None:
    with psycopg.connect(apart.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("UPDATE talkbase.alembic_version SET version_num = 'nonsense'")
    assert apart("list").code == 4
    stamped = apart("db", "stamp", "--purge", migrate.head(), "--json").json
    fits("db stamp", stamped)
    assert apart("list").code == 0


def test_another_system_s_tables(new_cli: Callable[..., Cli], new_database: Callable[..., str], scratch: Path) -> None:
    conninfo = new_database(None)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.videos (id int)")
    cli = new_cli(TALKBASE_HOME=str(scratch), DATABASE_URL=conninfo)
    refused = cli("db", "upgrade", "--json")
    assert refused.code == 4
    assert "--beside" in refused.json["error"]["hint"]
    assert cli("db", "upgrade", "--beside").code == 0
    assert cli("list").code == 0


def test_create_where_the_login_may(new_cli: Callable[..., Cli], server: Server, scratch: Path, fits: Fits) -> None:
    name = f"made_{uuid4().hex[:12]}"
    cli = new_cli(TALKBASE_HOME=str(scratch), DATABASE_URL=server.conninfo(name))
    try:
        made = cli("db", "create", "--json")
        fits("db create", made.json)
        assert (made.code, made.json["script"]) == (0, None)
        assert cli("db", "create").code == 0
        assert cli("db", "upgrade").code == 0
        assert cli("list").code == 0
    finally:
        _drop(server, name)


def test_create_prints_what_an_administrator_runs(
    new_cli: Callable[..., Cli], server: Server, scratch: Path, fits: Fits
) -> None:
    name = login = f"poor_{uuid4().hex[:12]}"
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{server.password}'")
    url = replace(parse(server.conninfo(name)), user=login)
    cli = new_cli(TALKBASE_HOME=str(scratch), DATABASE_URL=url.conninfo)
    try:
        refused = cli("db", "create", "--json")
        fits("db create", refused.json)
        assert refused.code == 1
        assert refused.json["reason"]
        script = cli("db", "create").out
        assert script == refused.json["script"]
        subprocess.run(
            [binaries() / "psql", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", server.conninfo("postgres")],
            input=script, text=True, check=True,
        )  # fmt: skip
        assert cli("db", "create").code == 0
        upgraded = cli("db", "upgrade")
        assert upgraded.code == 0, upgraded.err
        assert cli("list").code == 0
    finally:
        _drop(server, name)
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as administrator:
            administrator.execute(f"DROP ROLE {login}")


def test_psql_shows_what_is_mine(cli: Cli, meeting: str) -> None:
    query = "SELECT title FROM v_conversations WHERE title = 'All core devs'"
    ran = cli.process("db", "psql", "-At", "-c", query)
    assert (ran.code, ran.out) == (0, "All core devs\n")
    who = cli.process("db", "psql", "-At", "-c", "SELECT current_user, current_setting('talkbase.user_id') <> ''")
    assert who.out == "talkbase_app|t\n"
    assert cli.process("db", "psql", input="SELECT count(*) FROM v_timeline;\n").code == 0
    assert cli.process("db", "psql", "-c", "nonsense").code == 1


def test_url(cli: Cli, meeting: str, fits: Fits) -> None:
    url = cli("db", "url", "--json").json
    fits("db url", url)
    assert cli("db", "url").out == url["url"] + "\n"
    with psycopg.connect(url["url"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM talkbase.conversations").fetchone() == (True,)


def test_url_over_tcp(new_cli: Callable[..., Cli]) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cli = new_cli(TALKBASE_DATABASE_LINGER="0")
    url = cli("db", "url", "--tcp", "--port", port).out.strip()
    assert f"127.0.0.1:{port}" in url
    with Server(Path(cli.environment["TALKBASE_HOME"])), psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert f":{port}" not in cli("db", "url", "--no-tcp").out


def test_status_and_logs(new_cli: Callable[..., Cli], cli: Cli, meeting: str, scratch: Path, fits: Fits) -> None:
    running = cli("db", "status", "--json")
    fits("db status", running.json)
    assert (running.code, running.json["kind"], running.json["running"]) == (0, "embedded", True)
    fresh = new_cli(TALKBASE_HOME=str(scratch))
    assert fresh("db", "status", "--json").json["running"] is False
    assert fresh("db", "logs").code == 3
    logs = cli("db", "logs", "--lines", "5", "--json").json
    fits("db logs", logs)
    assert 0 < len(logs["lines"]) <= 5
    assert len(cli("db", "logs", "-n", "2").out.splitlines()) == 2
    assert not (scratch / "postgres").exists()


def test_status_of_another_server(apart: Cli, fits: Fits) -> None:
    status = apart("db", "status", "--json")
    fits("db status", status.json)
    assert (status.json["kind"], status.json["running"]) == ("external", True)
    password = parse(apart.environment["DATABASE_URL"]).password
    assert password
    assert password not in status.out
    assert apart("db", "logs").code == 2


def _drop(server: Server, name: str) -> None:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for role in ("app", "search"):
            connection.execute(f"DROP ROLE IF EXISTS {name}_{role}")
