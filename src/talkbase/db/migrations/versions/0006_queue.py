"""The job queue, in the same database as what the jobs work on."""

from talkbase.db.migrations.steps import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql("0006_queue.up")


def downgrade() -> None:
    run_sql("0006_queue.down")
