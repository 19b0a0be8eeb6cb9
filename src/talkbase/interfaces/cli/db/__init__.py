"""`talkbase db`: the database itself, its schema and how to reach it."""

from __future__ import annotations

from talkbase.interfaces.cli._group import KEEP, Command, group
from talkbase.interfaces.cli.db import _access, _schema, _server

app = group(help="The database: schema, access, server.", no_args_is_help=True)
_server.register(app)
_schema.register(app)
_access.register(app)

command = Command(app, KEEP)
