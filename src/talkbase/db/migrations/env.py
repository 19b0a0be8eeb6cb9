"""Alembic's entry: runs the revisions on the connection that db/migrate.py hands over, or writes a script."""

from __future__ import annotations

from alembic import context

from talkbase.db.migrations.filters import OPTIONS
from talkbase.db.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(
        dialect_name="postgresql",
        literal_binds=True,
        target_metadata=metadata,
        transaction_per_migration=True,
        output_buffer=context.config.output_buffer,
        **OPTIONS,
    )
else:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True, **OPTIONS)
with context.begin_transaction():
    context.run_migrations()
