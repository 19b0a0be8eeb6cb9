"""Why the database cannot be used, in a sentence, and what to do about it: for each way a connection can fail.

PostgreSQL gives an error code (SQLSTATE, its manual's appendix A) with every refused statement. For a refused
connection libpq passes on only text, so those are recognised by their English wording; a server that speaks another
language gets its own words shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from talkbase.errors import DatabaseUnavailable, StorageFull, TalkbaseError

if TYPE_CHECKING:
    import psycopg

    from talkbase.db.url import DatabaseUrl

OLDEST_SERVER = 140000
"""PostgreSQL 14, as `server_version_num` gives it."""
OLDEST_VECTOR = (0, 7)
"""The first pgvector with `halfvec`."""

_Explanation = Callable[["re.Match[str]", "_Situation"], TalkbaseError]


class _Situation:
    """What is known of the connection, in words for people."""

    def __init__(self, url: DatabaseUrl | None) -> None:
        self.server = _server(url)
        self.database = url.dbname or url.user or "postgres" if url else "the database"
        self.user = url.user if url and url.user else None
        self.login = f'"{self.user}"' if self.user else "your user"

    def grant(self, text: str) -> str:
        who = _identifier(self.user) if self.user else "<your user>"
        return f"Let an administrator run: GRANT {text} TO {who};"


def explain(error: psycopg.Error, url: DatabaseUrl | None) -> TalkbaseError:
    """The talkbase error for what psycopg raised; `url` is the database that was meant (None: unknown).

    Never shows a password, not even where the server's own words hold it.
    """
    situation = _Situation(url)
    text = _said(error, url)
    code = error.sqlstate or ""
    for wording in (text, _WORDING.get(code) or _WORDING.get(code[:2], "")):
        for pattern, explanation in _MESSAGES:
            if found := pattern.search(wording):
                return explanation(found, situation)
    first = text.splitlines()[0] if text else type(error).__name__
    return DatabaseUnavailable(f"The database {situation.database} on {situation.server} refused: {first}")


def check_server(version: int, vector_available: str | None) -> None:
    """Raise `DatabaseUnavailable` unless the server can hold talkbase's schema.

    `version` is its `server_version_num` (150012); `vector_available` is the pgvector version that it has installed or
    offers to install (`pg_available_extensions`), None where it has none.
    """
    if version < OLDEST_SERVER:
        raise DatabaseUnavailable(
            f"The server is PostgreSQL {_dotted(version)}, but talkbase needs 14 or newer.",
            hint="Upgrade it, or leave DATABASE_URL unset to use talkbase's own.",
        )
    if vector_available is None:
        raise missing_vector(version // 10000)
    numbers = tuple(int(part) for part in re.findall(r"\d+", vector_available)[:2])
    if numbers < OLDEST_VECTOR:
        raise DatabaseUnavailable(
            f"The server's pgvector is {vector_available}, but talkbase needs 0.7 or newer.",
            hint="Install a newer pgvector on the server, then run: ALTER EXTENSION vector UPDATE;",
        )


def missing_vector(major: int | None = None) -> DatabaseUnavailable:
    """The error for a server without pgvector; `major` is its version, for the package's name."""
    package = f"postgresql-{major or '<version>'}-pgvector"
    return DatabaseUnavailable(
        "The server does not have the extension pgvector (named vector).",
        hint=f"Install the package {package} on the server (Debian and Ubuntu: from apt.postgresql.org where your "
        "release lacks it; macOS: brew install pgvector), or turn it on at your provider; then run talkbase again.",
    )


def _said(error: psycopg.Error, url: DatabaseUrl | None) -> str:
    text = error.diag.message_primary or str(error).strip()
    secrets = [url.password, *(value for name, value in url.options if "password" in name)] if url else []
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text


def _server(url: DatabaseUrl | None) -> str:
    if url is None:
        return "the server"
    host = url.host or "this machine"
    return f"{host}, port {url.port}" if url.port and not host.startswith("/") else host


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _dotted(version: int) -> str:
    major, minor = divmod(version, 10000)
    return f"{major}.{minor}" if major >= 10 else f"{major}.{minor // 100}"


def _unavailable(message: str, hint: str) -> _Explanation:
    """An explanation whose text may name {server}, {database}, {login} and the pattern's named groups."""

    def explanation(found: re.Match[str], at: _Situation) -> TalkbaseError:
        names = {"server": at.server, "database": at.database, "login": at.login, **found.groupdict()}
        return DatabaseUnavailable(_capital(message.format(**names)), hint=hint.format(**names))

    return explanation


def _disk_full(_: re.Match[str], at: _Situation) -> TalkbaseError:
    return StorageFull(f"The disk of the database on {at.server} is full.", hint="Free some space there, then go on.")


def _no_vector(_: re.Match[str], __: _Situation) -> TalkbaseError:
    return missing_vector()


def _denied_schema(found: re.Match[str], at: _Situation) -> TalkbaseError:
    schema = found["name"]
    hint = at.grant(f"USAGE, CREATE ON SCHEMA {_identifier(schema)}")
    return DatabaseUnavailable(f"{_capital(at.login)} may not use the schema {schema} of {at.database}.", hint=hint)


def _denied_database(found: re.Match[str], at: _Situation) -> TalkbaseError:
    hint = at.grant(f"CONNECT, CREATE, TEMPORARY ON DATABASE {_identifier(found['name'])}")
    return DatabaseUnavailable(f"{_capital(at.login)} may not use the database {found['name']}.", hint=hint)


def _denied_table(found: re.Match[str], at: _Situation) -> TalkbaseError:
    rights = {"sequence": "USAGE, SELECT", "function": "EXECUTE"}.get(found["kind"], "SELECT, INSERT, UPDATE, DELETE")
    kind = found["kind"].upper() if found["kind"] in ("sequence", "function") else "TABLE"
    hint = at.grant(f"{rights} ON ALL {kind}S IN SCHEMA talkbase")
    return DatabaseUnavailable(
        f"{_capital(at.login)} may not use the {found['kind']} {found['name']} of {at.database}.", hint=hint
    )


def _denied_create(found: re.Match[str], at: _Situation) -> TalkbaseError:
    what = found["what"]
    article = "an" if what == "extension" else "a"
    remedy = {
        "extension": f"Let an administrator run, in {at.database}: CREATE EXTENSION {found['name'] or 'vector'};",
        "role": "Let an administrator run the script that `talkbase db create` prints.",
    }.get(what, f"Let an administrator run: ALTER ROLE {_identifier(at.user or 'user')} CREATEDB;")
    return DatabaseUnavailable(f"{_capital(at.login)} may not create {article} {what} on {at.server}.", hint=remedy)


def _capital(text: str) -> str:
    own_words = text.startswith(("the ", "this ", "your "))  # a host name or login stays as it is written
    return text[:1].upper() + text[1:] if own_words else text


_TRY_AGAIN = "Wait a moment and try again."
_CHECK_ADDRESS = "Check that it runs, that host and port in DATABASE_URL are right, and that no firewall is between."

_MESSAGES: tuple[tuple[re.Pattern[str], _Explanation], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), explanation)
    for pattern, explanation in (
        (
            r"(password|SASL|SCRAM|LDAP|PAM|RADIUS|GSSAPI|certificate) authentication failed|no password supplied"
            r"|password was required",
            _unavailable(
                "The password for {login} on {server} is missing or wrong.",
                "Correct it in DATABASE_URL; characters such as @ and / are written %40 and %2F there.",
            ),
        ),
        (
            r'role "(?P<name>[^"]*)" (does not exist|is not permitted to log in)',
            _unavailable(
                'There is no user "{name}" that may log in on {server}.',
                "Correct the user in DATABASE_URL, or let an administrator run: "
                "CREATE ROLE \"{name}\" LOGIN PASSWORD '…';",
            ),
        ),
        (
            r'database "(?P<name>[^"]*)" does not exist',
            _unavailable(
                "There is no database {name} on {server}.",
                "Run `talkbase db create`, or correct the database in DATABASE_URL.",
            ),
        ),
        (
            r"server does not support SSL|SSL support is not compiled|sslmode value .* invalid when SSL support",
            _unavailable(
                "The connection asks for SSL, but {server} or this client does not offer it.",
                "Turn SSL on at the server, or, on a network that you trust, use sslmode=disable in DATABASE_URL.",
            ),
        ),
        (
            r"certificate verify failed|root certificate file|does not match host name",
            _unavailable(
                "The SSL certificate of {server} cannot be verified.",
                "Give its authority's certificate by sslrootcert=FILE in DATABASE_URL, and the host name it is for.",
            ),
        ),
        (
            r"connection is insecure|SSL (connection )?is required|requires? SSL|SSL\/TLS required",
            _unavailable("{server} accepts SSL connections only.", "Add sslmode=require to DATABASE_URL."),
        ),
        (
            r"no pg_hba\.conf entry .*no encryption|pg_hba\.conf rejects .*no encryption",
            _unavailable(
                "{server} does not let {login} in from here without SSL.",
                "Add sslmode=require to DATABASE_URL, or let an administrator allow this machine in pg_hba.conf.",
            ),
        ),
        (
            r"no pg_hba\.conf entry|pg_hba\.conf rejects|(peer|ident) authentication failed",
            _unavailable(
                "{server} does not let {login} in from here.",
                "Let an administrator add a line for this machine, user and database to pg_hba.conf and reload.",
            ),
        ),
        (
            r"too many clients|too many connections|remaining connection slots",
            _unavailable(
                "{server} has no connection left.",
                "Close other programs, lower DATABASE_POOL_SIZE and DATABASE_MAX_OVERFLOW, or raise the server's "
                "max_connections.",
            ),
        ),
        (
            r"is (starting up|not yet accepting connections)|in recovery mode",
            _unavailable("The database on {server} is starting up.", _TRY_AGAIN),
        ),
        (
            r"is shutting down|terminating connection due to administrator",
            _unavailable("The database on {server} is shutting down.", "Start it again, then try again."),
        ),
        (
            r"could not translate host name|name or service not known|nodename nor servname|failed to resolve host",
            _unavailable("There is no machine named {server}.", "Correct the host in DATABASE_URL."),
        ),
        (
            r"timeout expired|timed out|could not receive data .* timeout",
            _unavailable("{server} did not answer in time.", _CHECK_ADDRESS),
        ),
        (
            r"couldn't get a connection after",  # the pool's words, whatever the reason was
            _unavailable(
                "No connection to {server} could be had in time.",
                "Check that it runs; where it is only busy, raise DATABASE_POOL_SIZE or DATABASE_MAX_OVERFLOW.",
            ),
        ),
        (
            r"connection refused|no such file or directory|not a socket|is the server running",
            _unavailable("No PostgreSQL answers at {server}.", _CHECK_ADDRESS),
        ),
        (
            r"no route to host|network is unreachable|host is down",
            _unavailable("{server} cannot be reached over the network.", _CHECK_ADDRESS),
        ),
        (
            r"closed the connection unexpectedly|connection reset|consuming input failed|connection is (closed|lost)",
            _unavailable("The connection to {server} was lost.", _TRY_AGAIN),
        ),
        (
            r"received invalid response|expected authentication request|unsupported frontend protocol"
            r"|invalid length of startup",
            _unavailable("What answers at {server} is not PostgreSQL.", "Correct the port in DATABASE_URL."),
        ),
        (r"no space left on device|could not extend file|disk quota exceeded", _disk_full),
        (r'extension "vector" is not available|extension control file .*vector', _no_vector),
        (r"permission denied for schema (?P<name>\S+)", _denied_schema),
        (r'permission denied for database "?(?P<name>[^"\s]+)', _denied_database),
        (r"permission denied for (?P<kind>table|relation|view|sequence|function) (?P<name>\S+)", _denied_table),
        (r'permission denied to create (?P<what>extension|role|database)(?: "(?P<name>[^"]*)")?', _denied_create),
        (
            r"must be owner of (?P<what>\w+) (?P<name>\S+)",
            _unavailable(
                "{login} does not own the {what} {name} of {database}.",
                "Log in as its owner, whom `\\d` in psql shows, or let an administrator give it to {login}.",
            ),
        ),
        (
            r"permission denied",
            _unavailable(
                "{login} lacks a right in {database}.",
                "Let the owner of the database run `talkbase db create`, which sets up roles and rights.",
            ),
        ),
        (
            r"read-only transaction|is read-only|session is not read-write|server is in hot standby",
            _unavailable(
                "The database on {server} is read-only (a replica, or set so).",
                "Point DATABASE_URL at the primary server.",
            ),
        ),
    )
)


_WORDING = {
    "08": "connection is lost",
    "25006": "read-only transaction",
    "28P01": "password authentication failed",
    "42501": "permission denied",
    "53100": "no space left on device",
    "53300": "too many clients",
    "57P01": "is shutting down",
    "57P02": "connection is lost",
    "57P03": "is starting up",
}
"""The English wording of a SQLSTATE, or of its class, for servers that speak another language."""
