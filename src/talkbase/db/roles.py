"""What the schema stands on, three extensions and two roles, and the script for who may not make them.

The login role of the URL owns the tables. People's transactions run as `<database>_app`, search functions as
`<database>_search`; neither can log in. Names follow the database, since roles belong to the whole server; once the
schema is there it knows its roles' names itself, so that renaming or copying the database changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talkbase.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from psycopg import Connection

EXTENSIONS = ("vector", "pg_trgm", "btree_gist")
"""Vectors, words written alike, and facts that hold one at a time. pgvector often needs an administrator."""

_LONGEST_PREFIX = 56
"""Bytes of the database's name that a role's name keeps: PostgreSQL cuts names at 63, and `_search` takes 7."""

_SCHEMA_KNOWS = """
SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE n.nspname = 'talkbase' AND p.proname = 'search_role')
"""

_MISSING = """
SELECT r.name FROM unnest(%(names)s::text[]) AS r(name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.name)
   OR NOT pg_has_role(current_user, r.name, %(right)s)
"""


def names(connection: Connection[Any]) -> tuple[str, str]:
    """The names of the application's and of the search functions' role, as the schema or else the database gives."""
    row = connection.execute(_SCHEMA_KNOWS).fetchone()
    if row and row[0]:
        row = connection.execute("SELECT talkbase.app_role(), talkbase.search_role()").fetchone()
        assert row is not None
        return row[0], row[1]
    return _names(connection.info.dbname)


def missing(connection: Connection[Any]) -> list[str]:
    """The roles that are not there, or as which the login may not act."""
    # From 16 on, whoever makes a role is its member without being allowed to act as it.
    right = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    return [row[0] for row in connection.execute(_MISSING, {"names": list(names(connection)), "right": right})]


def require(connection: Connection[Any]) -> None:
    """Raise `DatabaseUnavailable` with the administrator's script unless the login may act as both roles."""
    if lacking := missing(connection):
        raise _cannot(connection, f"make or use the role {lacking[0]}, which row security needs")


def script(database: str, login: str) -> str:
    """What an administrator runs, in that database, to make extensions and roles and to let the login use them."""
    return _script(_names(database), database, login)


def ensure(connection: Connection[Any]) -> None:
    """Make the missing extensions and roles on an autocommit connection.

    Raises `DatabaseUnavailable` with the administrator's script where the login may not make them.
    """
    import psycopg
    from psycopg import sql

    _ensure_extensions(connection)
    for name in missing(connection):
        role = sql.Identifier(name)
        try:
            with connection.transaction():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            continue  # another process made it at the same moment
        except psycopg.errors.InsufficientPrivilege as error:
            raise _cannot(connection, f"make or use the role {name}, which row security needs") from error
    require(connection)


def _ensure_extensions(connection: Connection[Any]) -> None:
    import psycopg
    from psycopg import sql

    there = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    for name in EXTENSIONS:
        if name in there:
            continue
        create = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA public").format(sql.Identifier(name))
        try:
            connection.execute(create)
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            continue  # another process made it at the same moment
        except psycopg.errors.InsufficientPrivilege as error:
            raise _cannot(connection, f"make the extension {name}") from error


def _names(database: str) -> tuple[str, str]:
    # The rule of 0002_row_security.up.sql, which counts in characters: one of two bytes takes the place of two.
    prefix = database[: _LONGEST_PREFIX - len(database.encode()) + len(database)]
    return f"{prefix}_app", f"{prefix}_search"


def _cannot(connection: Connection[Any], what: str) -> DatabaseUnavailable:
    info = connection.info
    return DatabaseUnavailable(
        f"The login {info.user} may not {what}.",
        hint=f"Let an administrator run, in the database {info.dbname}:\n"
        + _script(names(connection), info.dbname, info.user),
    )


def _script(roles: tuple[str, str], database: str, login: str) -> str:
    from psycopg import sql

    who = sql.Identifier(login)
    statements = [f"CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA public;" for name in EXTENSIONS]
    for name in roles:
        create = sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)).as_string()
        statements += [
            # Where it is there already, only the right to use it is missing.
            f"DO $$ BEGIN {create}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
            sql.SQL("GRANT {} TO {};").format(sql.Identifier(name), who).as_string(),
        ]
    statements.append(sql.SQL("GRANT CREATE ON DATABASE {} TO {};").format(sql.Identifier(database), who).as_string())
    return "\n".join(statements) + "\n"
