"""What Alembic compares: the tables that the models describe, and nothing else in the database."""

from __future__ import annotations

from typing import Any

from talkbase.db.tables.base import SCHEMA


def _is_partition(name: str) -> bool:
    return name.rpartition("_")[2].isdigit() or name.endswith("_default")


def _ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what the models do not describe: the queue's tables, and partitions, which are made as years come."""
    if not reflected or name is None:
        return True
    if kind == "foreign_key_constraint":
        # PostgreSQL keeps a copy of a foreign key for each partition that it points to.
        return not _is_partition(item.referred_table.name)
    return kind != "table" or not (name.startswith("procrastinate_") or _is_partition(name))


def _schemas(name: str | None, kind: str, parents: Any) -> bool:
    return name == SCHEMA if kind == "schema" else True


OPTIONS: dict[str, Any] = {
    "version_table_schema": SCHEMA,
    "include_schemas": True,
    "include_name": _schemas,
    "include_object": _ours,
    "compare_type": True,
    "compare_server_default": True,
}
"""Options of Alembic's context, for migrations and for the comparison of models with the database."""
