"""`talkbase db status`, `logs`: the embedded server, or what is known of the one that `DATABASE_URL` names."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.errors import DatabaseUnavailable, NotFound, UsageError
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import Logs, ServerState

if TYPE_CHECKING:
    from talkbase.config import Settings
    from talkbase.db.server import Server


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command()(status)
    app.command()(logs)


def status(as_json: AsJson = False) -> int:
    """Show where the database is and whether it runs, without starting it."""
    with opened() as tb:
        found = _state(tb.settings)
    if as_json:
        _output.print_json(found)
    else:
        from dataclasses import asdict

        _output.print_table(["", ""], [(name, value) for name, value in asdict(found).items() if value is not None])
    return 0 if found.running or found.kind == "embedded" else 4


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the end of the embedded server's log."""
    with opened() as tb:
        log = embedded(tb.settings).log
    if not log.exists():
        raise NotFound("There is no log yet.", hint="The server has never been started.")
    with log.open(encoding="utf-8", errors="replace") as file:
        last = [line.rstrip("\n") for line in deque(file, lines)]
    if as_json:
        _output.print_json(Logs(log, last))
    else:
        sys.stdout.writelines(_output.clean(line) + "\n" for line in last)


def embedded(settings: Settings) -> Server:
    """The embedded server, not started. Raises `UsageError` where another one is used."""
    from talkbase.db.server import Server

    if settings.database_url is not None:
        raise UsageError(
            "DATABASE_URL names a server that is not talkbase's own.",
            hint="Ask whoever runs it, or unset DATABASE_URL.",
        )
    return Server(settings.home, linger=settings.database_linger)


def _state(settings: Settings) -> ServerState:
    if settings.database_url is None:
        found = embedded(settings).status()
        return ServerState(
            "embedded", found.running, found.version, None, found.data, found.socket, found.port, found.pid, found.log
        )
    from talkbase.db.connect import unchecked_database
    from talkbase.db.migrate import state

    with unchecked_database(settings) as database:
        try:
            with database.as_owner() as connection:
                version: str | None = str(state(connection).server_version // 10000)
        except DatabaseUnavailable as error:
            _output.say(str(error))
            version = None
    return ServerState("external", version is not None, version, database.url.redacted, None, None, None, None, None)
