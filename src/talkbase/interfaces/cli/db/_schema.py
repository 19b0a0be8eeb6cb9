"""`talkbase db upgrade`, `downgrade`, `current`, `history`, `check`, `stamp`, `revision`: which schema there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import Differences, NewFile, Revision, Script, Step

if TYPE_CHECKING:
    from psycopg import Connection

_RELATIVE = {"ignore_unknown_options": True}  # so that -1 is a revision, not an option
_AsScript = Annotated[bool, typer.Option("--sql", help="Print the statements instead of running them.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command(context_settings=_RELATIVE)(upgrade)
    app.command(context_settings=_RELATIVE)(downgrade)
    for function in (current, history, check, stamp, revision):
        app.command()(function)


def upgrade(
    to: Annotated[str, typer.Argument(metavar="[REVISION]", help="A number, +1, or head, the newest.")] = "head",
    sql: _AsScript = False,
    beside: Annotated[bool, typer.Option("--beside", help="Also where another system's tables are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the schema up to date; many processes may do so at once."""
    from talkbase.db import migrate

    if sql:
        _script(migrate.sql_script("upgrade", to), as_json=as_json)
        return
    with _owner() as connection:
        now = migrate.upgrade(connection, to, beside_others=beside)
    _stands(now, as_json=as_json)


def downgrade(
    to: Annotated[str, typer.Argument(metavar="[REVISION]", help="A number, -1, or base: no schema at all.")] = "-1",
    sql: _AsScript = False,
    as_json: AsJson = False,
) -> None:
    """Take the schema back. What newer revisions hold is lost."""
    from talkbase.db import migrate

    if sql:
        _script(migrate.sql_script("downgrade", to if ":" in to else f"{migrate.head()}:{to}"), as_json=as_json)
        return
    with _owner() as connection:
        now = migrate.downgrade(connection, to)
    _stands(now, as_json=as_json)


def current(as_json: AsJson = False) -> None:
    """Show which revision the schema is at."""
    from talkbase.db import migrate

    with _owner() as connection:
        now = migrate.state(connection).revision
    _stands(now, as_json=as_json)


def history(as_json: AsJson = False) -> None:
    """List the revisions, newest first."""
    from talkbase.db import migrate

    steps = [Step(*step) for step in migrate.history()]
    if as_json:
        _output.print_json({"items": steps})
    else:
        _output.print_table(
            ["revision", "what it does"], [(s.revision, s.message) for s in steps], wide=("what it does",)
        )


def check(as_json: AsJson = False) -> int:
    """Compare the database with what this talkbase expects; exit code 1 where it differs."""
    from talkbase.db import migrate

    with _owner() as connection:
        migrate.require_current(migrate.state(connection))
        found = [str(difference) for difference in migrate.differences(connection)]
    if as_json:
        _output.print_json(Differences(found))
    else:
        _output.say("\n".join(map(_output.clean, found)) or "✓ The schema is as it should be.")
    return 1 if found else 0


def stamp(
    to: Annotated[str, typer.Argument(metavar="REVISION", help="The revision that the schema has in truth.")],
    purge: Annotated[bool, typer.Option("--purge", help="Forget an unknown revision first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which revision the schema is at, without changing it."""
    from talkbase.db import migrate

    with _owner() as connection:
        now = migrate.stamp(connection, to, purge=purge)
    _stands(now, as_json=as_json)


def revision(
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="What the revision does.")],
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate", help="Fill it with what the models have more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a new, empty revision, for developers of talkbase."""
    from talkbase.db import migrate

    with _owner() as connection:
        path = migrate.new_revision(connection, message, autogenerate=autogenerate)
    if as_json:
        _output.print_json(NewFile(path))
    else:
        _output.say(f"✓ {path}")


@contextmanager
def _owner() -> Iterator[Connection[Any]]:
    from talkbase.db.connect import unchecked_database

    with opened() as tb, unchecked_database(tb.settings) as database, database.as_owner() as connection:
        yield connection


def _stands(now: str | None, *, as_json: bool) -> None:
    from talkbase.db import migrate

    found = Revision(None if now in (None, "base") else now, migrate.head())
    if as_json:
        _output.print_json(found)
    elif found.current is None:
        _output.say(f"There is no schema; the newest is {found.newest}.")
    else:
        newest = ", the newest" if found.current == found.newest else f"; the newest is {found.newest}"
        _output.say(f"The schema is at {found.current}{newest}.")


def _script(sql: str, *, as_json: bool) -> None:
    if as_json:
        _output.print_json(Script(sql))
    else:
        sys.stdout.write(sql)
