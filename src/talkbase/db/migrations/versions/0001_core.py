"""The core schema: all families of tables, partitioned utterances."""

from talkbase.db.migrations.steps import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql("0001_core.up")
    run_sql("0001_partitions.up")


def downgrade() -> None:
    run_sql("0001_core.down")
