"""What the revisions share: running a file of `sql/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import context

SQL = Path(__file__).parent / "sql"


def run_sql(name: str) -> None:
    """Run `sql/<name>.sql` as it stands, or print it when Alembic only writes a script."""
    statements = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    if context.is_offline_mode():
        context.get_context().impl.static_output(statements)
    else:
        # The driver's own cursor: SQLAlchemy would take `%` and `:name` in the file for parameters.
        driver: Any = context.get_bind().connection.driver_connection
        driver.execute(statements)
