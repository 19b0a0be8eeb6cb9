"""Views that make the database pleasant to read with psql."""

from talkbase.db.migrations.steps import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql("0005_views.up")


def downgrade() -> None:
    run_sql("0005_views.down")
