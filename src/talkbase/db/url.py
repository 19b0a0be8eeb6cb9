"""Database URLs in all the forms that people paste: libpq's, SQLAlchemy's, asyncpg's, Cloud SQL's, Azure's, JDBC's.

`parse` is more forgiving than libpq: a password may hold `@`, `/`, `:`, `#`, `?` or `%` as they are, as long as it is
clear what is meant. No error and no `repr` ever shows a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import PurePath
from typing import NoReturn
from urllib.parse import quote, unquote_to_bytes

from talkbase.errors import UsageError

_SCHEME = re.compile(r"(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?:(//)?", re.IGNORECASE)
_HOST = r"(?:\[[0-9A-Fa-f:.%\w]*\]|[^\[\]:,@/?\s]*)(?::\d*)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
_EXAMPLE = "Write postgresql://user:password@host:5432/database."
_TAKE_OVER = {
    "sqlite": ("SQLite", "Take its data over with `talkbase import video-analyzer FILE`."),
    "duckdb": ("DuckDB", "Take its data over with `talkbase import conversation-assistant FILE`."),
    "mongodb": ("MongoDB", "Export the collections with `mongoexport`, then take them over with `talkbase import`."),
}
_FILES = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".duckdb": "duckdb"}
_ASYNCPG_SSL = {
    "true": "require",
    "1": "require",
    "on": "require",
    "false": "disable",
    "0": "disable",
    "off": "disable",
}
_OTHER_DRIVERS = frozenset(
    {"prepared_statement_cache_size", "statement_cache_size", "prepared_statement_name_func", "async_fallback"}
    | {"pgbouncer", "connection_limit", "pool_timeout", "schema"}  # Prisma
)
"""Parameters that mean something to another driver only and are left out without a word."""
_SECRET = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
_ADDRESS = frozenset({"user", "password", "host", "port", "dbname"})


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a PostgreSQL database is and how to log in; None leaves a part to libpq's default.

    `host` is a name, an address, or the folder of a Unix socket; `host` and `port` are comma lists for several hosts,
    as libpq takes them. `options` are libpq's other parameters. `password` and `conninfo` are secret.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: str | None = None
    dbname: str | None = None
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def conninfo(self) -> str:
        """What `psycopg.connect` takes. Secret."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(
            user=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            dbname=self.dbname,
            **dict(self.options),
        )

    @property
    def redacted(self) -> str:
        """The same URL for people: without its secrets."""
        user = f"{quote(self.user, safe='')}{':***' if self.password is not None else ''}@" if self.user else ""
        asked = [(name, "***" if name in _SECRET else text) for name, text in self.options]
        host = self.host or ""
        if _is_socket(host) or "," in host:
            asked[:0] = [("host", host), *([("port", self.port)] if self.port else [])]
            where = ""
        else:
            where = (f"[{host}]" if ":" in host else quote(host, safe="")) + (f":{self.port}" if self.port else "")
        query = "&".join(f"{name}={quote(text, safe='/:,*')}" for name, text in asked)
        return f"postgresql://{user}{where}/{quote(self.dbname or '', safe='')}{'?' if query else ''}{query}"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine: a socket or a loopback address."""
        return all(_is_loopback(host) for host in (self.host or "").split(","))

    @property
    def sslmode(self) -> str | None:
        """libpq's `sslmode`, where the URL gives one."""
        return dict(self.options).get("sslmode")


def parse(url: str) -> DatabaseUrl:
    """Read a database URL, or libpq's `key=value` form. Raises `UsageError` that says what is wrong with it.

    Examples: `postgresql://me:secret@db.example.org:5432/talks?sslmode=require`,
    `postgresql://me:secret@/talks?host=/cloudsql/project:region:instance`,
    `postgresql+asyncpg://me%40server:secret@server.postgres.database.azure.com/talks?ssl=require`.
    """
    text = url.strip()
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:  # as copied from an .env file
        text = text[1:-1].strip()
    if not text:
        raise UsageError("The database URL is empty.", hint=_EXAMPLE)
    if "\0" in text:
        raise UsageError("The database URL holds a NUL character.", hint=_EXAMPLE)
    scheme = _SCHEME.match(text)
    if scheme is None or not (scheme[2] or scheme[1].lower() in _TAKE_OVER):
        return _without_scheme(text)
    system = scheme[1].lower()
    if system not in ("postgres", "postgresql"):
        _refuse(system)
    return _checked(_split(text[scheme.end() :]))


def _refuse(system: str) -> NoReturn:
    if system not in _TAKE_OVER:
        raise UsageError(f"talkbase works with PostgreSQL, not with {system}:// databases.", hint=_EXAMPLE)
    name, hint = _TAKE_OVER[system]
    raise UsageError(f"talkbase works with PostgreSQL, not with {name}.", hint=hint)


def _without_scheme(text: str) -> DatabaseUrl:
    suffix = PurePath(text).suffix.lower()
    if suffix in _FILES and "=" not in text:
        _refuse(_FILES[suffix])
    if "=" not in text:
        raise UsageError("The database URL does not begin with postgresql://.", hint=_EXAMPLE)
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = conninfo_to_dict(text)
    except ProgrammingError:
        # libpq's own message may quote the part that it does not understand, which may be the password
        raise UsageError("The database URL is neither a URL nor a list of key=value.", hint=_EXAMPLE) from None
    return _checked(_merge(DatabaseUrl(), {key: str(value) for key, value in given.items()}))


def _split(rest: str) -> DatabaseUrl:
    login, rest = _login(rest)
    head, _, query = rest.partition("?")
    where, _, database = head.partition("/")
    if not _HOSTS.fullmatch(where):
        raise UsageError(f"{_what_is_wrong(where)} in the database URL.", hint=_EXAMPLE)
    user, colon, password = (login or "").partition(":")
    hosts = [_host_and_port(part) for part in where.split(",")]
    ports = ",".join(port for _, port in hosts)
    named = DatabaseUrl(
        user=_decoded(user, "user name") or None,
        password=_decoded(password, "password") if colon else None,
        host=",".join(host for host, _ in hosts).strip(",") or None,
        port=ports if ports.strip(",") else None,
        dbname=_decoded(database, "database name") or None,
    )
    return _merge(named, dict(_parameter(part) for part in query.split("&") if part))


def _login(rest: str) -> tuple[str | None, str]:
    """Split off `user:password`, whose end is the last `@` that can be meant."""
    head = rest.partition("?")[0]
    if "@" not in head and "@" in rest and not _HOSTS.fullmatch(head.partition("/")[0]):
        head = rest  # "user:pass?word@host": what stands before the "?" is no host, so the "?" is part of the password
    login, at, _ = head.rpartition("@")
    return (login, rest[len(login) + 1 :]) if at else (None, rest)


def _what_is_wrong(where: str) -> str:
    port = where.rpartition(":")[2]
    if ":" in where and not where.endswith("]") and not port.isdigit():
        # What looks like a port may be a password whose "@" was forgotten: so it is not shown.
        return "The port is not a number"
    return "The host name is not one"


def _host_and_port(part: str) -> tuple[str, str]:
    if part.startswith("["):
        host, _, port = part[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = part.partition(":")
    return _decoded(host, "host name"), port


def _parameter(part: str) -> tuple[str, str]:
    name, equals, text = part.partition("=")
    if not equals:
        raise UsageError("A parameter in the database URL has no value.", hint="Write ?name=value&name=value.")
    name = _decoded(name, "parameter").strip()
    if name == "ssl":
        return "sslmode", _ASYNCPG_SSL.get(text.lower(), text)
    return {"database": "dbname", "username": "user"}.get(name, name), _decoded(text, "parameter")


def _merge(url: DatabaseUrl, parameters: dict[str, str]) -> DatabaseUrl:
    kept = {name: text for name, text in parameters.items() if name not in _OTHER_DRIVERS}
    address = {name: kept.pop(name) for name in list(kept) if name in _ADDRESS}
    return DatabaseUrl(
        user=address.get("user", url.user),
        password=address.get("password", url.password),
        host=address.get("host", url.host),
        port=address.get("port", url.port),
        dbname=address.get("dbname", url.dbname),
        options=tuple(kept.items()),
    )


def _checked(url: DatabaseUrl) -> DatabaseUrl:
    for port in filter(None, (url.port or "").split(",")):
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise UsageError("The port in the database URL is not a number from 1 to 65535.", hint=_EXAMPLE)
    known = _known_parameters()
    for name, _ in url.options:
        if name not in known:
            shown = name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "of that name"
            raise UsageError(f"PostgreSQL knows no connection parameter {shown}.", hint="Remove it from the URL.")
    return url


def _known_parameters() -> frozenset[str]:
    from psycopg.pq import Conninfo

    return frozenset(option.keyword.decode() for option in Conninfo.get_defaults())


def _decoded(text: str, part: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise UsageError(f"The {part} in the database URL is not UTF-8 where it is percent-encoded.") from None
    if "\0" in decoded:
        raise UsageError(f"The {part} in the database URL holds a NUL character.")
    return decoded


def _is_socket(host: str) -> bool:
    return host.startswith(("/", "@"))


def _is_loopback(host: str) -> bool:
    if not host or _is_socket(host) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
