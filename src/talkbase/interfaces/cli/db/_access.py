"""`talkbase db create`, `psql`, `url`: ways into the database."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.errors import DatabaseUnavailable, NotFound
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import Url
from talkbase.interfaces.cli.db._server import embedded

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase

DEFAULT_PORT = 54329
"""Port for `db url --tcp`: free on most machines, and reminds of PostgreSQL's 5432."""


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command()(create)
    app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(psql)
    app.command()(url)


def create(as_json: AsJson = False) -> int:
    """Make the database and its roles, or print what an administrator has to run."""
    from talkbase.db.create import create as create_database

    with opened() as tb:
        made = create_database(tb.settings)
    if as_json:
        _output.print_json(made)
    elif made.script is None:
        _output.say(f"✓ The database {_output.clean(made.database)} and its roles are there. Next: talkbase db upgrade")
    else:
        _output.say(f"{made.reason} An administrator has to run, with psql, what stands on standard output:")
        sys.stdout.write(made.script)
    return 0 if made.script is None else 1


def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGS…]", help="What psql takes, such as -c SQL.")
    ] = None,
) -> int:
    """Open psql on the database as you: row security shows what is yours."""
    from talkbase.config import environment

    with opened() as tb:
        program = _psql()
        sys.stdout.flush()
        done = subprocess.run(
            [program, "--quiet", *_where(tb), *(arguments or [])], env=environment(**_as_user(tb)), check=False
        )
    return done.returncode


def url(
    tcp: Annotated[
        bool | None,
        typer.Option("--tcp/--no-tcp", help="Let programs such as pgAdmin connect on 127.0.0.1, or stop it."),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="The port for --tcp.")] = DEFAULT_PORT,
    as_json: AsJson = False,
) -> None:
    """Print the database's URL with its password: keep it to yourself."""
    with opened() as tb:
        if tb.settings.database_url is not None and tcp is None:
            address = tb.settings.database_url.get_secret_value()
        else:
            address = _embedded_url(tb, tcp, port)
    if as_json:
        _output.print_json(Url(address))
    else:
        sys.stdout.write(address + "\n")


def _embedded_url(tb: Talkbase, tcp: bool | None, port: int) -> str:
    server = embedded(tb.settings)
    if tcp:
        server.enable_tcp(port)
    elif tcp is not None:
        server.disable_tcp()
    with server:
        name = tb.database.url.dbname or ""
        return (server.tcp_url(name) if tcp else None) or server.conninfo(name)


def _psql() -> str:
    from talkbase.db.programs import binaries

    try:
        return str(binaries() / "psql")
    except DatabaseUnavailable:  # the embedded server is not installed
        found = shutil.which("psql")
    if found is None:
        raise NotFound("psql is not installed.", hint="Install the package postgresql-client.")
    return found


def _where(tb: Talkbase) -> list[str]:
    from dataclasses import replace

    # The password goes by the environment: arguments can be seen by everybody on this machine.
    return ["--dbname", replace(tb.database.url, password=None).conninfo]


def _as_user(tb: Talkbase) -> dict[str, str]:
    from talkbase.db import roles

    with tb.database.as_owner() as connection:
        role = roles.names(connection)[0]
    options = {"role": role, "talkbase.user_id": str(tb.user), "search_path": "talkbase,public"}
    settings = " ".join(f"-c {name}={_escaped(value)}" for name, value in options.items())
    password = tb.database.url.password
    return {"PGOPTIONS": settings, **({"PGPASSWORD": password} if password else {})}


def _escaped(value: str) -> str:
    """Blanks and backslashes as PGOPTIONS wants them."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
