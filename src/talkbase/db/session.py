"""Talking to PostgreSQL: a pool, and transactions that say on whose behalf they run.

Reading and writing are different types, so that what only reads cannot write. Only actions open a writing session and
thereby commit; everything below them is handed one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from talkbase.db.diagnose import explain
from talkbase.errors import Conflict, NotAllowed, UsageError

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from talkbase.config import Settings
    from talkbase.db.server import Server
    from talkbase.db.url import DatabaseUrl

__all__ = ["Database", "Jsonb", "Reading", "Writing"]

T = TypeVar("T")


class Reading:
    """A read-only transaction on behalf of one user."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, query: LiteralString, /, **values: Any) -> list[dict[str, Any]]:
        """All rows, as dictionaries."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, values).fetchall()

    def binary_rows(self, query: LiteralString, /, **values: Any) -> list[dict[str, Any]]:
        """The same in the binary protocol, in which bytes are half as long; for types that have one in psycopg."""
        with self._connection.cursor(row_factory=dict_row, binary=True) as cursor:
            return cursor.execute(query, values).fetchall()

    def all(self, into: type[T], query: LiteralString, /, **values: Any) -> list[T]:
        """All rows, each as an object whose fields have the columns' names."""
        with self._connection.cursor(row_factory=class_row(into)) as cursor:
            return cursor.execute(query, values).fetchall()

    def first(self, into: type[T], query: LiteralString, /, **values: Any) -> T | None:
        """The first row, or None."""
        with self._connection.cursor(row_factory=class_row(into)) as cursor:
            return cursor.execute(query, values).fetchone()

    def value(self, query: LiteralString, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None

    def stream(self, query: LiteralString, /, **values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows one after the other from a server-side cursor, for what may be too large to hold."""
        with self._connection.cursor(name="stream") as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(query, values)


class Writing(Reading):
    """A transaction on behalf of one user that may change rows; it is committed where it was opened."""

    def execute(self, query: LiteralString, /, **values: Any) -> int:
        """Run a statement; returns how many rows it touched. Dictionaries go in as JSONB."""
        adapted = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in values.items()}
        return self._connection.execute(query, adapted).rowcount

    def insert(self, table: LiteralString, values: Mapping[str, Any]) -> None:
        """Insert one row; dictionaries and lists go in as JSONB."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        self._connection.execute(statement, {name: _adapted(value) for name, value in values.items()})

    def copy(self, table: LiteralString, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write many rows by COPY; dictionaries and lists go in as JSONB. Returns how many.

        PostgreSQL refuses COPY into a table with row security, so the rows go into a temporary one first, and from
        there past the policies in one statement.
        """
        staged, target = sql.Identifier("pg_temp", f"staged_{table}"), sql.Identifier(table)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        with self._connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                    sql.Identifier(f"staged_{table}"), names, target
                )
            )
            with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(staged, names)) as copy:
                for row in rows:
                    copy.write_row([_adapted(value) for value in row])
            cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, names, names, staged))
            count = cursor.rowcount
            cursor.execute(sql.SQL("DROP TABLE {}").format(staged))
        return count


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


class Database:
    """A database that is ready to use: reachable, of the right schema, with a pool of connections.

    `server` is the embedded server that this process uses, None with `DATABASE_URL`.
    """

    def __init__(self, url: DatabaseUrl, settings: Settings, server: Server | None = None) -> None:
        self.url = url
        self.server = server
        self._settings = settings
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._local_user: UUID | None = None
        self._opening = threading.Lock()

    @contextmanager
    def reading(self, user: UUID | None = None) -> Iterator[Reading]:
        """A read-only transaction on behalf of a user (by default the local one)."""
        with self._transaction(user, read_only=True) as connection:
            yield Reading(connection)

    @contextmanager
    def writing(self, user: UUID | None = None) -> Iterator[Writing]:
        """A transaction that may write, on behalf of a user; commits at the end, rolls back on an error."""
        with self._transaction(user, read_only=False) as connection:
            yield Writing(connection)

    @contextmanager
    def as_owner(self, *, application: str = "talkbase") -> Iterator[psycopg.Connection[Any]]:
        """An autocommit connection of the tables' owner: migrations, the queue, administration."""
        with self._explained(), self._connect(application) as connection:
            connection.execute("SET search_path = talkbase, public")
            yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        """Hold a named lock while inside; gives False where another process holds it. A killed process loses it."""
        with self.as_owner(application="talkbase lock") as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
            assert row is not None
            yield bool(row[0])

    @property
    def local_user(self) -> UUID:
        """The single user of a local installation, made when first asked for."""
        if self._local_user is None:
            with self.as_owner() as connection:
                return self.find_local_user(connection)
        return self._local_user

    def find_local_user(self, connection: psycopg.Connection[Any]) -> UUID:
        """The same over a connection of the owner that is open already."""
        self._local_user = _ensure_local_user(connection)
        return self._local_user

    def close(self) -> None:
        """Give back the connections and leave the embedded server."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self.server is not None:
            self.server.leave()
            self.server = None

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, user: UUID | None, *, read_only: bool) -> Iterator[psycopg.Connection[Any]]:
        who = user or self.local_user
        with self._explained(), self._connections().connection() as connection:
            connection.read_only = read_only
            with connection.transaction():
                connection.execute("SELECT set_config('talkbase.user_id', %s, true)", [str(who)])
                yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Put what the server refuses into words: it is away, a right is missing, others were faster, bad values."""
        try:
            yield
        except (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation) as error:
            raise Conflict(
                f"Somebody else changed or deleted this meanwhile ({error.diag.constraint_name}).", hint="Try again."
            ) from error
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
            if "row-level security" in str(error):
                raise NotAllowed("That belongs to somebody else.") from error
            raise explain(error, self.url) from error
        except psycopg.DataError as error:
            raise UsageError(f"PostgreSQL cannot keep a value: {error.diag.message_primary or error}.") from error
        except UnicodeEncodeError as error:
            raise UsageError("PostgreSQL cannot keep a value: it is no Unicode text.") from error

    def _connect(self, application: str) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(self.url.conninfo, autocommit=True, application_name=application)
        except psycopg.OperationalError:
            if self.server is None:
                raise
            self.server.join()  # it was killed: joining starts it again
            return psycopg.connect(self.url.conninfo, autocommit=True, application_name=application)

    def _check(self, connection: psycopg.Connection[Any]) -> None:
        """See that a pooled connection lives; the pool replaces one that does not, so its server must be up again."""
        from psycopg_pool import ConnectionPool

        try:
            ConnectionPool.check_connection(connection)
        except psycopg.OperationalError:
            if self.server is not None:
                self.server.join()
            raise

    def _connections(self) -> ConnectionPool[psycopg.Connection[Any]]:
        with self._opening:  # threads that come first at the same time share one pool
            if self._pool is None:
                self._pool = self._open_pool()
            return self._pool

    def _open_pool(self) -> ConnectionPool[psycopg.Connection[Any]]:
        from psycopg_pool import ConnectionPool

        settings = self._settings
        return ConnectionPool(
            self.url.conninfo,
            min_size=min(settings.database_pool_min, settings.database_pool_size),
            max_size=settings.database_pool_size + settings.database_max_overflow,
            max_lifetime=settings.database_pool_recycle,
            check=self._check if settings.database_pool_pre_ping else None,
            configure=_become_app,
            kwargs={"application_name": "talkbase"},
            open=True,
        )


def _become_app(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT set_config('role', talkbase.app_role(), false), set_config('search_path', 'talkbase, public', false)"
    )
    connection.commit()


def _ensure_local_user(connection: psycopg.Connection[Any]) -> UUID:
    from talkbase.domain.ids import uuid7

    find = "SELECT id FROM users WHERE is_local"
    row = connection.execute(find).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO users (id, name, role, is_local) VALUES (%s, 'local user', 'owner', true)"
            " ON CONFLICT (is_local) WHERE is_local DO NOTHING",
            [uuid7()],
        )
        row = connection.execute(find).fetchone()
    assert row is not None
    return UUID(str(row[0]))
