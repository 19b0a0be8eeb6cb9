"""The two roles beside the login role, and the script that makes them where the login may not.

The login role of the URL owns the tables. People's transactions run as `<database>_app`, search functions as
`<database>_search`; neither can log in. Names follow the database, since roles belong to the whole server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talkbase.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from psycopg import Connection

_MISSING = """
SELECT r.name FROM (VALUES (left(current_database(), 56) || '_app'),
                           (left(current_database(), 56) || '_search')) AS r(name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.name)
   OR NOT pg_has_role(current_user, r.name, 'MEMBER')
"""


def missing(connection: Connection) -> list[str]:
    """The roles that are not there, or of which the login is no member."""
    return [row[0] for row in connection.execute(_MISSING)]


def script(database: str, login: str) -> str:
    """What an administrator runs to make the roles and to let the login use them."""
    from psycopg import sql

    statements = []
    for suffix in ("_app", "_search"):
        role = sql.Identifier(database[:56] + suffix)
        statements += [
            sql.SQL("CREATE ROLE {} NOLOGIN;").format(role),
            sql.SQL("GRANT {} TO {};").format(role, sql.Identifier(login)),
        ]
    statements.append(sql.SQL("GRANT CREATE ON DATABASE {} TO {};").format(
        sql.Identifier(database), sql.Identifier(login)))  # fmt: skip
    return "\n".join(statement.as_string() for statement in statements) + "\n"


def ensure(connection: Connection) -> None:
    """Make the missing roles on an autocommit connection.

    Raises `DatabaseUnavailable` with the administrator's script where the login may not make roles.
    """
    import psycopg
    from psycopg import sql

    for name in missing(connection):
        role = sql.Identifier(name)
        try:
            with connection.transaction():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        except psycopg.errors.DuplicateObject:
            continue  # another process made it at the same moment
        except psycopg.errors.InsufficientPrivilege as error:
            info = connection.info
            raise DatabaseUnavailable(
                f"The login {info.user} may not make the role {name} that row security needs.",
                hint="Let an administrator run:\n" + script(info.dbname, info.user),
            ) from error
