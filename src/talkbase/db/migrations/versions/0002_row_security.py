"""Row security on every table, from the start: it cannot be added by remembering it later."""

from talkbase.db.migrations.steps import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("0002_row_security.up")


def downgrade() -> None:
    run_sql("0002_row_security.down")
