"""The rights of the search role, and the visibility that its functions apply themselves."""

from talkbase.db.migrations.steps import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql("0004_search.up")


def downgrade() -> None:
    run_sql("0004_search.down")
