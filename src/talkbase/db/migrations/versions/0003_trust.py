"""Text versions, stale evidence and the refusal of unfounded statements, kept by triggers."""

from talkbase.db.migrations.steps import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("0003_trust.up")


def downgrade() -> None:
    run_sql("0003_trust.down")
