"""Counts of lexemes for ranking, and the candidates of a search by BM25."""

from talkbase.db.migrations.steps import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql("0007_ranking.up")


def downgrade() -> None:
    run_sql("0007_ranking.down")
